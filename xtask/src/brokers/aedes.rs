//! aedes, which is a Node package: `tests/brokers/aedes/broker.mjs` starts it. It forgets everything when it ends.

use std::fs;
use std::process::Command;

use super::Launch;
use crate::project;

const PACKAGE: &str = "node_modules/aedes/package.json";

pub fn version() -> Result<String, String> {
    let text = fs::read_to_string(project::root().join(PACKAGE))
        .map_err(|_| "node_modules has no aedes".to_owned())?;
    let version = text
        .split("\"version\":")
        .nth(1)
        .and_then(|rest| rest.split('"').nth(1));
    Ok(version.unwrap_or("aedes").to_owned())
}

pub fn command(launch: &Launch<'_>) -> Command {
    let mut command = launch.script(
        "exec node tests/brokers/aedes/broker.mjs --port \"$WEBMQTT_PORT\" --plain-port \"$WEBMQTT_PLAIN_PORT\" \
         ${WEBMQTT_TLS_PORT:+--tls-port \"$WEBMQTT_TLS_PORT\" --certificate \"$1/server.crt\" --key \"$1/server.key\"}",
    );
    launch.tell_ports(&mut command);
    command
}
