//! A server that runs as our child: ends when we end, however we end, and can be asked whether it is up.
//!
//! Knows nothing of brokers' configurations.

use std::fs;
use std::io::{self, Read as _, Write as _};
use std::net::{Ipv4Addr, SocketAddr, TcpStream};
use std::os::unix::process::CommandExt as _;
use std::path::{Path, PathBuf};
use std::process::{Child, Command, ExitStatus};
use std::time::{Duration, Instant};
use std::{env, thread};

use rustix::process::{Pid, Signal};
use signal_hook::consts::{SIGCHLD, SIGHUP, SIGINT, SIGTERM};
use signal_hook::iterator::Signals;

use crate::project;
use crate::step::Failure;

/// An orderly end may take this long (RabbitMQ takes six seconds), then it is killed.
const PATIENCE: Duration = Duration::from_secs(20);
const POLL: Duration = Duration::from_millis(20);

/// Why the wait for a server ended.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Ended {
    /// Somebody asked us to stop.
    Asked,
    /// The server stopped by itself.
    ByItself,
}

/// Listens for what ends a command that runs servers. Made before the first server is started.
pub struct Watch(Signals);

impl Watch {
    pub fn new() -> Result<Self, Failure> {
        // When the parent goes without a word, its children must not stay.
        let _ = rustix::process::set_parent_process_death_signal(Some(Signal::TERM));
        Signals::new([SIGTERM, SIGINT, SIGHUP, SIGCHLD])
            .map(Self)
            .map_err(|error| Failure::io("listening for signals", &error))
    }

    /// Waits until somebody asks for the end, or the server ends.
    pub fn wait(&mut self, server: &mut Server) -> Ended {
        for signal in self.0.forever() {
            if signal != SIGCHLD {
                return Ended::Asked;
            }
            if server.has_ended() {
                break;
            }
        }
        Ended::ByItself
    }

    pub fn was_asked_to_stop(&mut self) -> bool {
        self.0.pending().any(|signal| signal != SIGCHLD)
    }
}

/// A command line in a process namespace of its own, which is emptied when this process ends, even by SIGKILL.
/// The script sees its arguments as `$1` and on, and has its own mounts.
pub fn contained(script: &str, arguments: &[&str]) -> Command {
    let mut command = project::command("setpriv");
    command.args(["--pdeathsig", "KILL", "--", "unshare"]);
    if !project::is_root() {
        command.args(["--user", "--map-root-user"]);
    }
    command
        .args(["--mount", "--propagation", "private"])
        .args(["--pid", "--fork", "--kill-child=KILL"])
        .args(["sh", "-euc", script, "sh"])
        .args(arguments);
    command
}

/// A server and the file its output goes to.
pub struct Server {
    child: Child,
    status: Option<ExitStatus>,
    log: PathBuf,
    contained: bool,
}

impl Server {
    /// Starts it, in a process group of its own so that the terminal's Ctrl-C reaches only us.
    pub fn start(command: &mut Command, log: PathBuf, contained: bool) -> Result<Self, Failure> {
        let program = command.get_program().to_string_lossy().into_owned();
        let mut spawn = || {
            let file = fs::File::create(&log)?;
            let errors = file.try_clone()?;
            command.stdout(file).stderr(errors).process_group(0).spawn()
        };
        match spawn() {
            Ok(child) => Ok(Self {
                child,
                status: None,
                log,
                contained,
            }),
            Err(error) => Err(Failure::new(format!(
                "`{program}` cannot be started ({error}); run `cargo xtask doctor` to see what is missing."
            ))),
        }
    }

    pub fn has_ended(&mut self) -> bool {
        if self.status.is_none() {
            self.status = self.child.try_wait().ok().flatten();
        }
        self.status.is_some()
    }

    /// The end of what it printed.
    pub fn last_words(&self) -> String {
        crate::step::tail(&fs::read_to_string(&self.log).unwrap_or_default(), 30)
    }

    /// Waits until it accepts MQTT over WebSocket, and connections at its other ports. `Ok(false)` when somebody asked us
    /// to stop meanwhile.
    pub fn until_ready(
        &mut self,
        watch: &mut Watch,
        port: u16,
        path: &str,
        others: &[u16],
        patience: Duration,
    ) -> Result<bool, Failure> {
        let started = Instant::now();
        loop {
            if watch.was_asked_to_stop() {
                return Ok(false);
            }
            // Asked before the port is: a stranger may be listening where our server could not.
            if self.has_ended() || started.elapsed() > patience {
                return Err(Failure {
                    sentence: format!(
                        "the broker for port {port} did not come up; read its last words above and, if the port is taken, choose another with --port or --broker-port."
                    ),
                    output: self.last_words(),
                });
            }
            let up = accepts_mqtt(port, path) && others.iter().all(|port| listens(*port));
            if up && !self.has_ended() {
                return Ok(true);
            }
            thread::sleep(POLL);
        }
    }

    /// Waits until it takes connections there, which it may not come to.
    pub fn listens_within(&mut self, port: u16, patience: Duration) -> bool {
        let started = Instant::now();
        while !self.has_ended() && started.elapsed() < patience {
            if listens(port) {
                return true;
            }
            thread::sleep(POLL);
        }
        false
    }

    /// Ends it without a chance to save anything.
    pub fn kill(&mut self) {
        let _ = self.child.kill();
        self.status = self.child.wait().ok();
    }

    /// Asks it to end, and kills it when it does not.
    pub fn stop(&mut self) {
        if !self.has_ended() {
            let _ = rustix::process::kill_process(self.target(), Signal::TERM);
        }
        let started = Instant::now();
        while !self.has_ended() {
            if started.elapsed() > PATIENCE {
                let _ = self.child.kill();
                let _ = self.child.wait();
                return;
            }
            thread::sleep(POLL);
        }
    }

    /// The process that understands SIGTERM: in a namespace of its own, the first one there.
    fn target(&self) -> Pid {
        let own = Pid::from_child(&self.child);
        if !self.contained {
            return own;
        }
        let children = format!("/proc/{0}/task/{0}/children", own.as_raw_nonzero());
        fs::read_to_string(children)
            .ok()
            .and_then(|text| text.split_whitespace().next()?.parse().ok())
            .and_then(Pid::from_raw)
            .unwrap_or(own)
    }
}

impl Drop for Server {
    fn drop(&mut self) {
        self.stop();
    }
}

/// A CONNECT of MQTT 3.1.1 with a clean session and the client id `xtask`, as one WebSocket message.
const CONNECT: &[u8] = b"\x82\x93\0\0\0\0\x10\x11\0\x04MQTT\x04\x02\0\x3c\0\x05xtask";
/// The first bytes of a CONNACK.
const CONNACK: [u8; 2] = [0x20, 0x02];

/// Whether a WebSocket upgrade to the subprotocol `mqtt` is accepted, and a client without a name behind it: some brokers
/// listen before they know their accounts.
fn accepts_mqtt(port: u16, path: &str) -> bool {
    let ask = || -> io::Result<bool> {
        let address = SocketAddr::from((Ipv4Addr::LOCALHOST, port));
        let mut stream = TcpStream::connect_timeout(&address, Duration::from_millis(500))?;
        stream.set_read_timeout(Some(Duration::from_secs(5)))?;
        write!(
            stream,
            "GET {path} HTTP/1.1\r\nHost: 127.0.0.1:{port}\r\nUpgrade: websocket\r\nConnection: Upgrade\r\n\
             Sec-WebSocket-Key: d2VibXF0dCBpcyB1cCA/Pw==\r\nSec-WebSocket-Version: 13\r\n\
             Sec-WebSocket-Protocol: mqtt\r\n\r\n"
        )?;
        let mut head = Vec::new();
        while !head.ends_with(b"\r\n\r\n") {
            head.push(byte_of(&mut stream)?);
        }
        if !head.starts_with(b"HTTP/1.1 101") {
            return Ok(false);
        }
        stream.write_all(CONNECT)?;
        // Some brokers cut a packet into several messages.
        let mut packet = Vec::new();
        while packet.len() < 4 {
            byte_of(&mut stream)?;
            let length = byte_of(&mut stream)?;
            for _ in 0..length {
                packet.push(byte_of(&mut stream)?);
            }
        }
        Ok(packet.starts_with(&CONNACK) && packet.get(3) == Some(&0))
    };
    ask().unwrap_or(false)
}

fn byte_of(stream: &mut TcpStream) -> io::Result<u8> {
    let mut byte = [0];
    stream.read_exact(&mut byte)?;
    Ok(byte[0])
}

/// Whether somebody takes connections there.
fn listens(port: u16) -> bool {
    TcpStream::connect((Ipv4Addr::LOCALHOST, port)).is_ok()
}

/// A folder that goes when it is dropped.
pub struct TemporaryFolder(PathBuf);

impl TemporaryFolder {
    pub fn new(name: &str) -> Result<Self, Failure> {
        let mut number = 0;
        loop {
            let id = std::process::id();
            let folder = env::temp_dir().join(format!("webmqtt-{name}-{id}-{number}"));
            match fs::create_dir(&folder) {
                Ok(()) => return Ok(Self(folder)),
                // What somebody with our number left behind who was killed is not ours.
                Err(error) if error.kind() == io::ErrorKind::AlreadyExists => number += 1,
                Err(error) => return Err(Failure::io("making a temporary folder", &error)),
            }
        }
    }

    pub fn path(&self) -> &Path {
        &self.0
    }
}

impl Drop for TemporaryFolder {
    fn drop(&mut self) {
        let _ = fs::remove_dir_all(&self.0);
    }
}
