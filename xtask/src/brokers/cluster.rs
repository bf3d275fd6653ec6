//! `cargo xtask broker rabbitmq-cluster`: several RabbitMQ 4 on this machine that are one cluster. They can be killed and
//! started again one by one, by lines on standard input.
//!
//! Two nodes keep sessions as everybody's default does, in classic queues, which live on one node each. Three and more
//! keep them in quorum queues, which are on all nodes and need most of them.

use std::fs::{self, File};
use std::io::{self, BufRead as _, Read as _};
use std::path::PathBuf;
use std::process::Stdio;
use std::sync::mpsc::{self, RecvTimeoutError};
use std::thread;
use std::time::Duration;

use super::{Home, Kind, LETTING_GO, Launch, START, rabbitmq};
use crate::ports;
use crate::process::{Server, TemporaryFolder, Watch};
use crate::step::Failure;

const POLL: Duration = Duration::from_millis(50);

/// One RabbitMQ and where it is.
struct Node {
    folder: PathBuf,
    port: u16,
    plain: u16,
    membership: rabbitmq::Membership,
    server: Option<Server>,
}

impl Node {
    /// Starts it and waits until it takes connections; `Ok(false)` when somebody asked us to stop meanwhile.
    fn start(&mut self, watch: &mut Watch) -> Result<bool, Failure> {
        let launch = Launch {
            home: Home::Debian13,
            port: self.port,
            plain: self.plain,
            folder: &self.folder,
            persist: true,
            log_packets: false,
            no_acl: false,
            settings: &[],
            tls: None,
        };
        // The one that was killed may still be letting go of them.
        for port in [self.port, self.plain] {
            ports::becomes_free(port, LETTING_GO);
        }
        let mut command = rabbitmq::node(&launch, &self.membership)?;
        command.stdin(Stdio::null());
        let mut server = Server::start(&mut command, self.folder.join("broker.log"), true)?;
        let ready = server.until_ready(watch, self.port, "/ws", &[], START)?;
        self.server = Some(server);
        Ok(ready)
    }
}

/// `cargo xtask broker rabbitmq-cluster`.
pub fn run(nodes: u8) -> Result<(), Failure> {
    let kind = Kind::RabbitMq(Home::Debian13);
    if let Err(why) = kind.availability() {
        return Err(Failure::new(format!("no cluster can be started: {why}")));
    }
    let temporary = TemporaryFolder::new("rabbitmq-cluster")?;
    let mut watch = Watch::new()?;
    // Their name server: a process of its own, so that it survives whichever node is killed.
    let names = ports::port_or_free(0)?;
    let mut epmd = start_names(temporary.path().join("names"), names)?;
    // A node that finds none starts one of its own, which is killed with it.
    if !epmd.listens_within(names, START) {
        return Err(Failure {
            sentence: format!("the name server of the cluster does not listen at {names}."),
            output: epmd.last_words(),
        });
    }
    let cookie = cookie()?;
    let mut all = Vec::new();
    for number in 1..=nodes {
        let folder = temporary.path().join(format!("node-{number}"));
        fs::create_dir_all(&folder).map_err(|error| Failure::io("making a folder", &error))?;
        all.push(Node {
            folder,
            port: ports::port_or_free(0)?,
            plain: ports::port_or_free(0)?,
            membership: rabbitmq::Membership {
                name: name_of(number),
                names,
                cookie: Some(cookie.clone()),
                settings: settings(number, nodes),
            },
            server: None,
        });
    }
    // One after the other: the first is the cluster that the others join.
    for node in &mut all {
        if !node.start(&mut watch)? {
            return Ok(());
        }
    }
    let urls: Vec<String> = all
        .iter()
        .map(|node| format!("ws://127.0.0.1:{}/ws", node.port))
        .chain(
            all.iter()
                .map(|node| format!("mqtt://127.0.0.1:{}", node.plain)),
        )
        .collect();
    println!("READY {}", urls.join(" "));
    let lines = lines();
    while !watch.was_asked_to_stop() {
        let line = match lines.recv_timeout(POLL) {
            Ok(line) => line,
            Err(RecvTimeoutError::Timeout) => continue,
            Err(RecvTimeoutError::Disconnected) => {
                thread::sleep(POLL);
                continue;
            }
        };
        let (what, number) = line.split_once(' ').unwrap_or((&line, ""));
        let chosen = number
            .parse::<usize>()
            .ok()
            .and_then(|number| all.get_mut(number.checked_sub(1)?));
        match (what, chosen) {
            ("kill", Some(node)) => {
                if let Some(mut server) = node.server.take() {
                    server.kill();
                }
                println!("KILLED {number}");
            }
            ("start", Some(node)) => {
                if node.server.is_none() && !node.start(&mut watch)? {
                    break;
                }
                println!("STARTED {number}");
            }
            _ => println!("`kill N` or `start N`, with N from 1 to {nodes}"),
        }
    }
    // Killed, all at once: nobody needs their data any more, and the last of a cluster takes its time to stop.
    for node in &mut all {
        if let Some(mut server) = node.server.take() {
            server.kill();
        }
    }
    epmd.kill();
    Ok(())
}

/// Another one each time: whoever knows it can run programs on the nodes.
fn cookie() -> Result<String, Failure> {
    let mut bytes = [0; 16];
    File::open("/dev/urandom")
        .and_then(|mut file| file.read_exact(&mut bytes))
        .map_err(|error| Failure::io("reading /dev/urandom", &error))?;
    Ok(format!("{:032X}", u128::from_ne_bytes(bytes)))
}

fn name_of(number: u8) -> String {
    format!("webmqtt{number}@localhost")
}

/// Each finds those before it, which are up.
fn settings(number: u8, nodes: u8) -> String {
    let mut text = String::new();
    if number > 1 {
        text.push_str("cluster_formation.peer_discovery_backend = classic_config\n");
        for peer in 1..=number {
            let name = name_of(peer);
            text.push_str(&format!(
                "cluster_formation.classic_config.nodes.{peer} = {name}\n"
            ));
        }
    }
    if nodes > 2 {
        text.push_str("mqtt.durable_queue_type = quorum\n");
    }
    text
}

fn start_names(folder: PathBuf, port: u16) -> Result<Server, Failure> {
    fs::create_dir_all(&folder).map_err(|error| Failure::io("making a folder", &error))?;
    let launch = Launch {
        home: Home::Debian13,
        port,
        plain: 0,
        folder: &folder,
        persist: false,
        log_packets: false,
        no_acl: false,
        settings: &[],
        tls: None,
    };
    let mut command = launch.script("exec epmd");
    command
        .env("ERL_EPMD_ADDRESS", "127.0.0.1")
        .env("ERL_EPMD_PORT", port.to_string())
        .stdin(Stdio::null());
    Server::start(&mut command, folder.join("names.log"), true)
}

/// The lines of standard input.
fn lines() -> mpsc::Receiver<String> {
    let (sender, receiver) = mpsc::channel();
    thread::spawn(move || {
        for line in io::stdin().lock().lines() {
            let Ok(line) = line else { return };
            if sender.send(line.trim().to_owned()).is_err() {
                return;
            }
        }
    });
    receiver
}
