//! rumqttd, as the program in `tests/brokers/rumqttd` configures it. It forgets everything when it ends.

use std::process::Command;

use super::Launch;
use crate::setup::rumqttd;

pub fn command(launch: &Launch<'_>) -> Command {
    // It does not listen for SIGTERM, which the first process of a namespace has to.
    let mut command = launch.script(
        "trap 'exit 0' TERM\n\
         \"$WEBMQTT_RUMQTTD\" \"$WEBMQTT_PORT\" \"$WEBMQTT_PLAIN_PORT\" \
         ${WEBMQTT_TLS_PORT:+\"$WEBMQTT_TLS_PORT\" \"$1/server.crt\" \"$1/server.key\"} &\n\
         wait $!",
    );
    launch.tell_ports(&mut command);
    command.env("WEBMQTT_RUMQTTD", rumqttd::binary());
    command
}
