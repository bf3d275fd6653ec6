//! Publishes what the house reports, as a client of the broker like any other.

use std::net::SocketAddr;
use std::time::Duration;

use mqtt5::{ConnectOptions, MqttClient, PublishOptions};
use tokio::time::{Instant, sleep_until};

use crate::house::House;

/// Any number will do; a fixed one makes every demo begin alike.
const SEED: u64 = 0x5EED;

/// Publishes until the connection fails.
pub async fn publish_readings(broker: SocketAddr) -> mqtt5::Result<()> {
    let options = ConnectOptions::new("demo-sensors")
        .with_clean_start(true)
        .with_keep_alive(Duration::from_secs(30));
    let client = MqttClient::with_options(options);
    client.connect(&format!("mqtt://{broker}")).await?;

    let mut house = House::new(SEED);
    let start = Instant::now();
    loop {
        for reading in house.report(start.elapsed()) {
            // Retained, so that a new subscriber sees every sensor's last value at once.
            let options = PublishOptions {
                retain: true,
                ..PublishOptions::default()
            };
            client
                .publish_with_options(reading.topic, reading.payload, options)
                .await?;
        }
        sleep_until(start + house.next_report()).await;
    }
}
