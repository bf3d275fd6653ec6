//! `cargo xtask broker`: real brokers with MQTT over WebSocket on loopback, one at a time in the foreground,
//! for the browser tests and for people.

mod aedes;
mod certificates;
pub mod cluster;
pub mod embedded;
mod hivemq;
mod mosquitto;
mod rabbitmq;
mod rumqttd;

use std::fmt::Write as _;
use std::fs;
use std::path::{Path, PathBuf};
use std::process::Command;
use std::time::Duration;

use crate::ports;
use crate::process::{self, Ended, Server, TemporaryFolder, Watch};
use crate::project;
use crate::setup::{self, Need, apt, debian13};
use crate::step::{self, Failure};

/// RabbitMQ's first start takes a tenth of that on a busy machine.
const START: Duration = Duration::from_secs(150);
/// RabbitMQ's processes take a while to be gone.
const LETTING_GO: Duration = Duration::from_secs(30);

/// Which broker.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Kind {
    Embedded,
    Mosquitto(Home),
    RabbitMq(Home),
    HiveMq,
    Aedes,
    Rumqttd,
}

/// Where a broker's program is.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Home {
    /// Installed on this machine.
    Machine,
    /// In the Debian 13 folder of the tool cache.
    Debian13,
}

impl Kind {
    pub const ALL: [Self; 8] = [
        Self::Embedded,
        Self::Mosquitto(Home::Debian13),
        Self::Mosquitto(Home::Machine),
        Self::RabbitMq(Home::Debian13),
        Self::RabbitMq(Home::Machine),
        Self::HiveMq,
        Self::Aedes,
        Self::Rumqttd,
    ];

    pub fn name(self) -> &'static str {
        match self {
            Self::Embedded => "embedded",
            Self::Mosquitto(Home::Debian13) => "mosquitto",
            Self::Mosquitto(Home::Machine) => "mosquitto-deb12",
            Self::RabbitMq(Home::Debian13) => "rabbitmq",
            Self::RabbitMq(Home::Machine) => "rabbitmq-deb12",
            Self::HiveMq => "hivemq",
            Self::Aedes => "aedes",
            Self::Rumqttd => "rumqttd",
        }
    }

    pub fn named(name: &str) -> Option<Self> {
        Self::ALL.into_iter().find(|kind| kind.name() == name)
    }

    fn default_port(self) -> u16 {
        match self {
            Self::Embedded | Self::Mosquitto(_) | Self::Aedes | Self::Rumqttd => 9001,
            Self::RabbitMq(_) => 15675,
            Self::HiveMq => 8000,
        }
    }

    fn path(self) -> &'static str {
        match self {
            Self::Embedded | Self::HiveMq | Self::Aedes => "/mqtt",
            Self::Mosquitto(_) | Self::Rumqttd => "/",
            Self::RabbitMq(_) => "/ws",
        }
    }

    /// What has to be set up before it can be started.
    pub fn need(self) -> Option<Need> {
        match self {
            Self::Embedded => None,
            Self::Mosquitto(Home::Machine) => Some(Need::Mosquitto),
            Self::RabbitMq(Home::Machine) => Some(Need::RabbitMq),
            Self::Mosquitto(Home::Debian13) | Self::RabbitMq(Home::Debian13) => {
                Some(Need::Debian13)
            }
            Self::HiveMq => Some(Need::HiveMq),
            Self::Aedes => Some(Need::NodeModules),
            Self::Rumqttd => Some(Need::Rumqttd),
        }
    }

    /// Its version, or why it cannot be started here.
    pub fn availability(self) -> Result<String, String> {
        let inside = debian13::folder();
        if let Some(why) = self.need().and_then(setup::reason) {
            return Err(why);
        }
        let package = match self {
            Self::Embedded => return embedded::version(),
            Self::Mosquitto(_) => "mosquitto",
            Self::RabbitMq(_) => "rabbitmq-server",
            Self::HiveMq => return Ok(project::HIVEMQ.to_owned()),
            Self::Aedes => return aedes::version(),
            Self::Rumqttd => return Ok(project::RUMQTTD.to_owned()),
        };
        match self {
            Self::Mosquitto(Home::Debian13) | Self::RabbitMq(Home::Debian13) => {
                if !project::is_root() {
                    return Err("only root can enter the Debian 13 folder".to_owned());
                }
                apt::version(package, Some(&inside))
            }
            _ => apt::version(package, None),
        }
        .ok_or_else(|| format!("the package {package} is not installed"))
    }
}

/// What the command line asks for.
pub struct Options {
    pub kind: Kind,
    /// 0 takes any free one.
    pub port: Option<u16>,
    /// Of the plain MQTT listener; 0 takes any free one.
    pub plain_port: u16,
    /// Also listens there for WebSockets with TLS; 0 takes any free one.
    pub tls_port: Option<u16>,
    /// Keeps sessions and retained messages there.
    pub persist: Option<PathBuf>,
    /// Mosquitto writes every packet into `broker.log` in its folder.
    pub log_packets: bool,
    /// Mosquitto without access rights.
    pub no_acl: bool,
    /// More lines of Mosquitto's configuration.
    pub settings: Vec<String>,
    pub sensors: bool,
}

/// What each broker is started with.
struct Launch<'a> {
    home: Home,
    port: u16,
    plain: u16,
    /// With the files of [`certificates`].
    tls: Option<u16>,
    /// Configuration and data; the broker sees it as [`Launch::seen`].
    folder: &'a Path,
    persist: bool,
    log_packets: bool,
    no_acl: bool,
    settings: &'a [String],
}

impl Launch<'_> {
    /// The folder's path as the broker sees it.
    fn seen(&self) -> String {
        match self.home {
            Home::Machine => self.folder.display().to_string(),
            Home::Debian13 => "/run/webmqtt".to_owned(),
        }
    }

    /// For a program that has no configuration file.
    fn tell_ports(&self, command: &mut Command) {
        command
            .env("WEBMQTT_PORT", self.port.to_string())
            .env("WEBMQTT_PLAIN_PORT", self.plain.to_string())
            .env_remove("WEBMQTT_TLS_PORT");
        if let Some(tls) = self.tls {
            command.env("WEBMQTT_TLS_PORT", tls.to_string());
        }
    }

    /// A command that runs a script where the broker is, in a process namespace of its own, with `$1` the folder.
    fn script(&self, script: &str) -> Command {
        let seen = self.seen();
        match self.home {
            Home::Machine => {
                process::contained(&format!("mount -t proc proc /proc\n{script}"), &[&seen])
            }
            Home::Debian13 => process::contained(
                "mount -t proc proc \"$1/proc\"\n\
                 mkdir -p \"$1$3\"\n\
                 mount --bind \"$2\" \"$1$3\"\n\
                 exec chroot \"$1\" sh -euc \"$4\" sh \"$3\"",
                &[
                    &debian13::folder().display().to_string(),
                    &self.folder.display().to_string(),
                    &seen,
                    script,
                ],
            ),
        }
    }
}

/// `cargo xtask broker NAME`.
pub fn run(options: &Options) -> Result<(), Failure> {
    let kind = options.kind;
    if kind != Kind::Embedded
        && let Err(why) = kind.availability()
    {
        return Err(Failure::new(format!(
            "the broker {} is not available: {why}",
            kind.name()
        )));
    }
    if kind == Kind::Embedded {
        embedded::provide()?;
    }
    let mut temporary = None;
    let folder = match &options.persist {
        Some(folder) => {
            let made = fs::create_dir_all(folder).and_then(|()| fs::canonicalize(folder));
            made.map_err(|error| Failure::io(&format!("making {}", folder.display()), &error))?
        }
        None => temporary
            .insert(TemporaryFolder::new(kind.name())?)
            .path()
            .to_path_buf(),
    };
    let mut watch = Watch::new()?;
    let mut attempts = 1;
    let started = loop {
        match start(options, &folder, &mut watch) {
            // Between our choice and its start a port of ours can become somebody's. The embedded one has no other reason
            // that is not ours.
            Err(failure)
                if attempts < step::TRIES
                    && (kind != Kind::Embedded || says_in_use(&failure.output)) =>
            {
                eprintln!("{}", failure.output);
                step::say(&format!(
                    "{}the broker {}: {}",
                    step::STARTED_AGAIN,
                    kind.name(),
                    failure.sentence
                ));
                attempts += 1;
            }
            ended => break ended?,
        }
    };
    let Some((mut server, urls)) = started else {
        return Ok(());
    };
    println!("READY {urls}");
    match watch.wait(&mut server) {
        Ended::Asked => {
            server.stop();
            Ok(())
        }
        Ended::ByItself => Err(Failure {
            sentence: format!(
                "the broker {} ended by itself; its last words are above.",
                kind.name()
            ),
            output: server.last_words(),
        }),
    }
}

/// Starts it and waits until it is up, at these URLs; nothing when somebody asked us to stop meanwhile.
fn start(
    options: &Options,
    folder: &Path,
    watch: &mut Watch,
) -> Result<Option<(Server, String)>, Failure> {
    let kind = options.kind;
    let port = ports::port_or_free(options.port.unwrap_or(kind.default_port()))?;
    // One that was killed a moment ago may still be letting go of it.
    if !ports::becomes_free(port, LETTING_GO) {
        return Err(Failure::new(format!(
            "port {port} is in use: choose another with --port, or 0 for any free one."
        )));
    }
    // The plain MQTT listener that these brokers have beside the one for browsers.
    let plain = ports::port_or_free(options.plain_port)?;
    if !ports::becomes_free(plain, LETTING_GO) {
        return Err(Failure::new(format!(
            "port {plain} is in use: choose another with --plain-port, or 0 for any free one."
        )));
    }
    let tls = match options.tls_port {
        None => None,
        Some(_) if kind == Kind::Embedded => {
            return Err(Failure::new("the embedded broker has no TLS"));
        }
        Some(asked) => {
            certificates::make(folder)?;
            Some(ports::port_or_free(asked)?)
        }
    };
    let launch = |home| Launch {
        home,
        port,
        plain,
        tls,
        folder,
        persist: options.persist.is_some(),
        log_packets: options.log_packets,
        no_acl: options.no_acl,
        settings: &options.settings,
    };
    let log = folder.join("broker.log");
    let mut server = match kind {
        Kind::Embedded => embedded::start(port, options.sensors, log)?,
        Kind::Mosquitto(home) => Server::start(&mut mosquitto::command(&launch(home))?, log, true)?,
        Kind::RabbitMq(home) => Server::start(&mut rabbitmq::command(&launch(home))?, log, true)?,
        Kind::HiveMq => Server::start(&mut hivemq::command(&launch(Home::Machine))?, log, true)?,
        Kind::Aedes => Server::start(&mut aedes::command(&launch(Home::Machine)), log, true)?,
        Kind::Rumqttd => Server::start(&mut rumqttd::command(&launch(Home::Machine)), log, true)?,
    };
    let mut others = Vec::from(tls.as_slice());
    if kind != Kind::Embedded {
        others.push(plain);
    }
    if !server.until_ready(watch, port, kind.path(), &others, START)? {
        return Ok(None);
    }
    let path = kind.path();
    let mut urls = format!("ws://127.0.0.1:{port}{path}");
    if kind != Kind::Embedded {
        let _ = write!(urls, " mqtt://127.0.0.1:{plain}");
    }
    if let Some(tls) = tls {
        let _ = write!(urls, " wss://127.0.0.1:{tls}{path}");
    }
    Ok(Some((server, urls)))
}

/// Whether a broker that did not come up found somebody at a port, by its last words.
fn says_in_use(last_words: &str) -> bool {
    let words = last_words.to_ascii_lowercase();
    [
        "eaddrinuse",
        "in use",
        "unable to create websockets listener",
        "is taken",
    ]
    .iter()
    .any(|known| words.contains(known))
}

/// `cargo xtask broker list`.
pub fn list() -> String {
    let mut text = String::new();
    for kind in Kind::ALL {
        let said = match kind.availability() {
            Ok(version) => version,
            Err(why) => format!("not available: {why}"),
        };
        let _ = writeln!(text, "{:<16} {said}", kind.name());
    }
    let _ = writeln!(text, "rabbitmq-cluster several of rabbitmq, with --nodes N");
    text
}

/// `cargo xtask broker list --json`.
pub fn list_json() -> String {
    let rows: Vec<String> = Kind::ALL
        .into_iter()
        .map(|kind| {
            let (version, why) = match kind.availability() {
                Ok(version) => (json_string(&version), "null".to_owned()),
                Err(why) => ("null".to_owned(), json_string(&why)),
            };
            format!(
                "{{\"name\":{},\"available\":{},\"version\":{version},\"reason\":{why}}}",
                json_string(kind.name()),
                why == "null"
            )
        })
        .collect();
    format!("[{}]", rows.join(","))
}

fn json_string(text: &str) -> String {
    let mut out = String::from('"');
    for c in text.chars() {
        match c {
            '"' | '\\' => out.extend(['\\', c]),
            c if c.is_control() => {
                let _ = write!(out, "\\u{:04x}", u32::from(c));
            }
            c => out.push(c),
        }
    }
    out.push('"');
    out
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn json_strings_are_escaped() {
        assert_eq!(json_string("a \"b\"\\\n"), r#""a \"b\"\\\u000a""#);
    }

    #[test]
    fn a_broker_that_found_its_port_taken_is_understood() {
        for words in [
            "{listen_error,{acceptor,{127,0,0,1},29134},eaddrinuse}",
            "1763921739: Error: Address already in use",
            "1763921739: Error: Unable to create websockets listener on port 29134.",
            "webmqtt-demo-broker: port 29134 on 127.0.0.1 is taken by another program",
            "Could not start Websocket Listener on port 29134 and address 127.0.0.1. Is it already in use?",
            "Error: listen EADDRINUSE: address already in use 127.0.0.1:29134",
        ] {
            assert!(says_in_use(words), "{words}");
        }
        assert!(!says_in_use("Error: Unable to open log file"));
    }

    #[test]
    fn every_broker_is_found_by_its_name() {
        for kind in Kind::ALL {
            assert_eq!(Kind::named(kind.name()), Some(kind));
        }
    }
}
