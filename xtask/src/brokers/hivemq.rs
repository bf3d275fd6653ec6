//! HiveMQ CE, embedded in `tests/brokers/hivemq/Launch.java`: its configuration. Anonymous users may do everything,
//! alice (secret) too; others are refused.

use std::fs;
use std::process::Command;

use super::{Launch, certificates};
use crate::project;
use crate::step::Failure;

/// A WebSocket listener at a port, with this inside.
fn listener(element: &str, port: u16, more: &str) -> String {
    format!(
        "<{element}><port>{port}</port><bind-address>127.0.0.1</bind-address><path>/mqtt</path>\
         <subprotocols><subprotocol>mqtt</subprotocol><subprotocol>mqttv3.1</subprotocol></subprotocols>\
         {more}</{element}>\n"
    )
}

pub fn command(launch: &Launch<'_>) -> Result<Command, Failure> {
    let (plain, seen) = (launch.plain, launch.seen());
    let password = certificates::P12_PASSWORD;
    let tls = launch.tls.map_or_else(String::new, |port| {
        let keys = format!(
            "<tls><keystore><path>{seen}/server.p12</path><password>{password}</password>\
             <private-key-password>{password}</private-key-password></keystore></tls>"
        );
        listener("tls-websocket-listener", port, &keys)
    });
    let mode = if launch.persist { "file" } else { "in-memory" };
    let configuration = format!(
        "<?xml version=\"1.0\"?>\n<hivemq>\n<listeners>\n\
         <tcp-listener><port>{plain}</port><bind-address>127.0.0.1</bind-address></tcp-listener>\n\
         {}{tls}</listeners>\n\
         <mqtt><queued-messages><max-queue-size>100000</max-queue-size></queued-messages></mqtt>\n\
         <persistence><mode>{mode}</mode></persistence>\n\
         <anonymous-usage-statistics><enabled>false</enabled></anonymous-usage-statistics>\n</hivemq>\n",
        listener("websocket-listener", launch.port, "")
    );
    let conf = launch.folder.join("conf");
    fs::create_dir_all(&conf)
        .and_then(|()| fs::write(conf.join("config.xml"), configuration))
        .map_err(|error| Failure::io("writing HiveMQ's configuration", &error))?;
    // The options with which HiveMQ's own script starts it.
    let mut command = launch.script(
        "exec java -Djava.net.preferIPv4Stack=true -Xmx512m \
         --add-opens java.base/java.lang=ALL-UNNAMED \
         --add-opens java.base/java.nio=ALL-UNNAMED \
         --add-opens java.base/sun.nio.ch=ALL-UNNAMED \
         --add-opens jdk.management/com.sun.management.internal=ALL-UNNAMED \
         --add-exports java.base/jdk.internal.misc=ALL-UNNAMED \
         -cp \"$WEBMQTT_HIVEMQ/*\" tests/brokers/hivemq/Launch.java \"$1\"",
    );
    command.env("WEBMQTT_HIVEMQ", project::hivemq_folder());
    Ok(command)
}
