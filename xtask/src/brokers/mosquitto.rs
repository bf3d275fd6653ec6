//! Mosquitto's configuration: anonymous users may do everything, alice (secret) too, bob (hunter2) reads `ro/#`.

use std::fs;
use std::process::Command;

use super::Launch;
use crate::step::Failure;

const ACL: &str = "\
topic readwrite #
topic read $SYS/#
user alice
topic readwrite #
topic read $SYS/#
user bob
topic read ro/#
";

pub fn command(launch: &Launch<'_>) -> Result<Command, Failure> {
    let (port, plain) = (launch.port, launch.plain);
    let seen = launch.seen();
    let persistence = if launch.persist {
        // Saved after every change: a test that kills the broker must find in it what it acknowledged.
        format!(
            "persistence true\npersistence_location {seen}/\nautosave_on_changes true\nautosave_interval 1\n"
        )
    } else {
        "persistence false\n".to_owned()
    };
    // With the file, what comes for a session between the broker's restart and its client's return is lost.
    let acl = if launch.no_acl {
        String::new()
    } else {
        format!("acl_file {seen}/acl\n")
    };
    let log_type = if launch.log_packets {
        "log_type all\n"
    } else {
        ""
    };
    let tls = launch.tls.map_or_else(String::new, |port| {
        format!(
            "listener {port} 127.0.0.1\n\
             socket_domain ipv4\n\
             protocol websockets\n\
             certfile {seen}/server.crt\n\
             keyfile {seen}/server.key\n"
        )
    });
    let more: String = launch
        .settings
        .iter()
        .flat_map(|line| [line, "\n"])
        .collect();
    // The plain listener: Debian 12's build exits when every listener is a websockets one.
    // socket_domain: without it that build binds websockets to every interface.
    // No per_listener_settings: 2.0.21 then loses messages for offline sessions.
    // user root: it must read and write the folder, and a change of user would outlive our own end.
    let configuration = format!(
        "user root\n\
         log_dest stderr\n\
         {log_type}\
         sys_interval 1\n\
         {persistence}\
         allow_anonymous true\n\
         password_file {seen}/passwd\n\
         {acl}\
         max_queued_messages 100000\n\
         {more}\
         listener {plain} 127.0.0.1\n\
         listener {port} 127.0.0.1\n\
         socket_domain ipv4\n\
         protocol websockets\n\
         {tls}"
    );
    for (name, text) in [
        ("mosquitto.conf", configuration.as_str()),
        ("acl", ACL),
        ("passwd", ""),
    ] {
        fs::write(launch.folder.join(name), text)
            .map_err(|error| Failure::io("writing Mosquitto's configuration", &error))?;
    }
    Ok(launch.script(
        "PATH=$PATH:/usr/sbin:/sbin\n\
         chmod 700 \"$1/passwd\" \"$1/acl\"\n\
         mosquitto_passwd -b \"$1/passwd\" alice secret\n\
         mosquitto_passwd -b \"$1/passwd\" bob hunter2\n\
         exec mosquitto -c \"$1/mosquitto.conf\"",
    ))
}
