//! RabbitMQ's configuration: its plugin for MQTT over WebSocket, guest (guest), anonymous users count as guest; in the
//! virtual host `plant`, which has topics of its own, alice (secret).

use std::fs;
use std::os::unix::fs::PermissionsExt as _;
use std::process::Command;

use super::Launch;
use crate::ports;
use crate::step::Failure;

/// Accounts; what is imported takes the place of what RabbitMQ makes by itself. A hash is a salt and the SHA-256 of it with
/// the password.
const DEFINITIONS: &str = r#"{
  "users": [
    {
      "name": "guest",
      "password_hash": "Z3Vlc8bB/ktmyEEjbSTWFw6b25k2lges9DNCmKSrk7HQMUOo",
      "hashing_algorithm": "rabbit_password_hashing_sha256",
      "tags": "administrator"
    },
    {
      "name": "alice",
      "password_hash": "YWxpY2hFjtDqtNMvSOAS2x5Tu4960Vvb8QWCQ7aUbT/Zcief",
      "hashing_algorithm": "rabbit_password_hashing_sha256",
      "tags": ""
    }
  ],
  "vhosts": [{ "name": "/" }, { "name": "plant" }],
  "permissions": [
    { "user": "guest", "vhost": "/", "configure": ".*", "write": ".*", "read": ".*" },
    { "user": "alice", "vhost": "plant", "configure": ".*", "write": ".*", "read": ".*" }
  ]
}
"#;

/// What it is among others.
pub struct Membership {
    pub name: String,
    /// The port of the name server, which a node starts where there is none.
    pub names: u16,
    /// What the nodes of a cluster know each other by.
    pub cookie: Option<String>,
    /// More lines of its configuration.
    pub settings: String,
}

/// One alone, with a name server of its own: two of them side by side never meet. The node's name stays the same, for
/// the data carries it.
pub fn command(launch: &Launch<'_>) -> Result<Command, Failure> {
    let alone = Membership {
        name: "webmqtt@localhost".to_owned(),
        names: ports::port_or_free(0)?,
        cookie: None,
        settings: format!("load_definitions = {}/definitions.json\n", launch.seen()),
    };
    node(launch, &alone)
}

pub fn node(launch: &Launch<'_>, membership: &Membership) -> Result<Command, Failure> {
    let folder = launch.folder;
    let (amqp, mqtt) = (ports::port_or_free(0)?, launch.plain);
    let seen = launch.seen();
    let tls = launch.tls.map_or_else(String::new, |port| {
        format!(
            "web_mqtt.ssl.ip = 127.0.0.1\n\
             web_mqtt.ssl.port = {port}\n\
             web_mqtt.ssl.cacertfile = {seen}/ca.crt\n\
             web_mqtt.ssl.certfile = {seen}/server.crt\n\
             web_mqtt.ssl.keyfile = {seen}/server.key\n"
        )
    });
    let configuration = format!(
        "listeners.tcp.1 = 127.0.0.1:{amqp}\n\
         mqtt.listeners.tcp.1 = 127.0.0.1:{mqtt}\n\
         mqtt.allow_anonymous = true\n\
         web_mqtt.tcp.ip = 127.0.0.1\n\
         web_mqtt.tcp.port = {}\n\
         web_mqtt.ws_path = /ws\n\
         {tls}\
         log.console = true\n\
         log.console.level = warning\n\
         {}",
        launch.port, membership.settings
    );
    let write = || -> std::io::Result<()> {
        fs::create_dir_all(folder.join("data"))?;
        fs::create_dir_all(folder.join("log"))?;
        fs::write(folder.join("rabbitmq.conf"), configuration)?;
        if let Some(cookie) = &membership.cookie {
            let file = folder.join(".erlang.cookie");
            // It may be there from before, and nobody may write to it.
            let _ = fs::remove_file(&file);
            fs::write(&file, cookie)?;
            fs::set_permissions(&file, fs::Permissions::from_mode(0o400))?;
        }
        fs::write(folder.join("definitions.json"), DEFINITIONS)?;
        fs::write(
            folder.join("enabled_plugins"),
            "[rabbitmq_mqtt,rabbitmq_web_mqtt].\n",
        )
    };
    write().map_err(|error| Failure::io("writing RabbitMQ's configuration", &error))?;

    let mut command = launch.script(
        "export PATH=$PATH:/usr/sbin:/sbin\n\
         ulimit -n 65536 2>/dev/null || true\n\
         exec /usr/lib/rabbitmq/bin/rabbitmq-server",
    );
    command
        .env("HOME", &seen)
        .env("ERL_EPMD_ADDRESS", "127.0.0.1")
        .env("ERL_EPMD_PORT", membership.names.to_string())
        .env("RABBITMQ_DIST_PORT", ports::port_or_free(0)?.to_string())
        .env("RABBITMQ_NODENAME", &membership.name)
        .env("RABBITMQ_CONF_ENV_FILE", "/dev/null")
        .env("RABBITMQ_CONFIG_FILE", format!("{seen}/rabbitmq.conf"))
        .env(
            "RABBITMQ_ENABLED_PLUGINS_FILE",
            format!("{seen}/enabled_plugins"),
        )
        .env("RABBITMQ_PID_FILE", format!("{seen}/pid"))
        .env("RABBITMQ_MNESIA_BASE", format!("{seen}/data"))
        .env("RABBITMQ_LOG_BASE", format!("{seen}/log"))
        .env(
            "RABBITMQ_SERVER_ADDITIONAL_ERL_ARGS",
            "-kernel inet_dist_use_interface {127,0,0,1}",
        );
    Ok(command)
}
