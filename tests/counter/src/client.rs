//! rumqttc's two clients, one for each version of MQTT, as one.

use std::fmt::Display;
use std::time::Duration;

use rumqttc::v5::mqttbytes as five;
use rumqttc::{Event, Outgoing, Packet, QoS, Transport};
use tokio::sync::mpsc::{self, UnboundedReceiver, UnboundedSender};

/// Requests that rumqttc takes before it has sent them.
const QUEUE: usize = 100_000;
/// In seconds; the tests end before.
const SESSION_EXPIRY: u32 = 3_600;
const BETWEEN_ATTEMPTS: Duration = Duration::from_millis(100);

/// What the application has to know of.
pub enum Happening {
    Connected {
        present: bool,
        maximum: u8,
    },
    Subscribed,
    Message {
        qos: u8,
        dup: bool,
        topic: String,
        text: String,
    },
    Sent(u16),
    Acknowledged(u16),
    Lost(String),
    Other,
}

pub enum Client {
    Four(rumqttc::AsyncClient),
    Five(rumqttc::v5::AsyncClient),
}

/// Host and port of `mqtt://host:port`, or the URL itself and no port for `ws:`, as rumqttc wants it.
fn place(url: &str) -> Result<(String, u16, Transport), String> {
    if url.starts_with("ws:") {
        return Ok((url.to_owned(), 0, Transport::Ws));
    }
    let parts = url
        .strip_prefix("mqtt://")
        .and_then(|rest| rest.trim_end_matches('/').rsplit_once(':'));
    let (host, port) = parts.ok_or_else(|| format!("no URL of a broker: {url}"))?;
    let port = port
        .parse()
        .map_err(|_| format!("no port of a broker: {port}"))?;
    Ok((host.to_owned(), port, Transport::Tcp))
}

impl Client {
    /// Connects, and tells the receiver what happens.
    pub fn start(
        url: &str,
        version: &str,
        id: &str,
    ) -> Result<(Self, UnboundedReceiver<Happening>), String> {
        let (host, port, transport) = place(url)?;
        let keep_alive = Duration::from_secs(30);
        let (sender, receiver) = mpsc::unbounded_channel();
        // Tasks of their own: a call of poll() is never given up half-way.
        let client = match version {
            "4" => {
                let mut options = rumqttc::MqttOptions::new(id, host, port);
                options
                    .set_transport(transport)
                    .set_keep_alive(keep_alive)
                    .set_clean_session(false)
                    .set_inflight(20);
                let (client, mut events) = rumqttc::AsyncClient::new(options, QUEUE);
                tokio::spawn(async move {
                    while tell(&sender, events.poll().await.map(of_four)).await {}
                });
                Self::Four(client)
            }
            "5" => {
                let mut options = rumqttc::v5::MqttOptions::new(id, host, port);
                options
                    .set_transport(transport)
                    .set_keep_alive(keep_alive)
                    .set_clean_start(false)
                    .set_session_expiry_interval(Some(SESSION_EXPIRY));
                let (client, mut events) = rumqttc::v5::AsyncClient::new(options, QUEUE);
                tokio::spawn(async move {
                    while tell(&sender, events.poll().await.map(of_five)).await {}
                });
                Self::Five(client)
            }
            other => return Err(format!("no version of MQTT: {other}")),
        };
        Ok((client, receiver))
    }

    pub fn subscribe(&self, filter: &str) {
        // The queue is longer than any test.
        let _ = match self {
            Self::Four(client) => client
                .try_subscribe(filter, QoS::ExactlyOnce)
                .map_err(|_| ()),
            Self::Five(client) => client
                .try_subscribe(filter, five::QoS::ExactlyOnce)
                .map_err(|_| ()),
        };
    }

    pub fn publish(&self, topic: String, qos: u8, text: String) {
        let _ = match self {
            Self::Four(client) => {
                let qos = rumqttc::qos(qos).unwrap_or(QoS::AtMostOnce);
                client.try_publish(topic, qos, false, text).map_err(|_| ())
            }
            Self::Five(client) => {
                let qos = five::qos(qos).unwrap_or(five::QoS::AtMostOnce);
                client.try_publish(topic, qos, false, text).map_err(|_| ())
            }
        };
    }

    pub fn disconnect(&self) {
        let _ = match self {
            Self::Four(client) => client.try_disconnect().map_err(|_| ()),
            Self::Five(client) => client.try_disconnect().map_err(|_| ()),
        };
    }
}

/// Passes on what poll() says, and whether anybody still listens.
async fn tell<E: Display>(
    sender: &UnboundedSender<Happening>,
    polled: Result<Happening, E>,
) -> bool {
    let lost = polled.is_err();
    let happening = polled.unwrap_or_else(|error| Happening::Lost(error.to_string()));
    if lost {
        tokio::time::sleep(BETWEEN_ATTEMPTS).await;
    }
    sender.send(happening).is_ok()
}

fn of_four(event: Event) -> Happening {
    match event {
        Event::Incoming(Packet::ConnAck(answer)) => Happening::Connected {
            present: answer.session_present,
            maximum: 2,
        },
        Event::Incoming(Packet::SubAck(_)) => Happening::Subscribed,
        Event::Incoming(Packet::Publish(message)) => Happening::Message {
            qos: message.qos as u8,
            dup: message.dup,
            topic: message.topic,
            text: String::from_utf8_lossy(&message.payload).into_owned(),
        },
        Event::Incoming(Packet::PubAck(answer)) => Happening::Acknowledged(answer.pkid),
        Event::Incoming(Packet::PubComp(answer)) => Happening::Acknowledged(answer.pkid),
        Event::Outgoing(Outgoing::Publish(id)) => Happening::Sent(id),
        _ => Happening::Other,
    }
}

fn of_five(event: rumqttc::v5::Event) -> Happening {
    use five::v5::Packet;
    use rumqttc::v5::Event;
    match event {
        Event::Incoming(Packet::ConnAck(answer)) => Happening::Connected {
            present: answer.session_present,
            maximum: answer
                .properties
                .and_then(|properties| properties.max_qos)
                .unwrap_or(2),
        },
        Event::Incoming(Packet::SubAck(_)) => Happening::Subscribed,
        Event::Incoming(Packet::Publish(message)) => Happening::Message {
            qos: message.qos as u8,
            dup: message.dup,
            topic: String::from_utf8_lossy(&message.topic).into_owned(),
            text: String::from_utf8_lossy(&message.payload).into_owned(),
        },
        Event::Incoming(Packet::PubAck(answer)) => Happening::Acknowledged(answer.pkid),
        Event::Incoming(Packet::PubComp(answer)) => Happening::Acknowledged(answer.pkid),
        Event::Outgoing(Outgoing::Publish(id)) => Happening::Sent(id),
        _ => Happening::Other,
    }
}
