//! The embedded broker: the package `demo-broker`, built by us and started as a child.

use std::fs;
use std::path::PathBuf;
use std::process::Stdio;

use crate::process::Server;
use crate::project;
use crate::setup;
use crate::stamp::{Inputs, Stamp};
use crate::step::{self, Done, Failure, Step};

pub const MANIFEST: &str = "demo-broker/Cargo.toml";

pub fn folder() -> PathBuf {
    project::target().join("demo-broker")
}

pub fn binary() -> PathBuf {
    folder().join("debug/webmqtt-demo-broker")
}

/// The version of the broker inside, from the manifest's pin.
pub fn version() -> Result<String, String> {
    let manifest = fs::read_to_string(project::root().join(MANIFEST))
        .map_err(|_| "demo-broker/Cargo.toml is absent".to_owned())?;
    let pinned = manifest
        .split("mqtt5 = { version = \"=")
        .nth(1)
        .and_then(|rest| rest.split('"').next());
    Ok(pinned.unwrap_or("mqtt5").to_owned())
}

fn stamp() -> Stamp {
    Inputs::default()
        .paths(&["demo-broker/src", MANIFEST, "demo-broker/Cargo.lock"])
        .stamp("demo-broker")
        .kept_in(folder().join(".xtask-stamp"))
}

/// A step that builds it.
pub fn build(step: &Step) -> Result<Done, Failure> {
    let stamp = stamp();
    if stamp.is_current(&[binary()]) {
        return Ok(Done::UpToDate);
    }
    step.run(
        project::command("cargo")
            .args(["build", "--locked", "--manifest-path", MANIFEST])
            .arg("--target-dir")
            .arg(folder()),
    )?;
    stamp.set();
    Ok(Done::Worked)
}

/// Builds it if need be, outside any plan.
pub fn provide() -> Result<(), Failure> {
    if stamp().is_current(&[binary()]) {
        return Ok(());
    }
    let _lock = setup::lock_file(&project::notes().join("broker.lock"), "another build")?;
    step::one("embedded broker", build).map(|_| ())
}

pub fn start(port: u16, sensors: bool, log: PathBuf) -> Result<Server, Failure> {
    let mut command = project::command(binary());
    // Its standard input is a pipe from us: when we end, however we end, so does it.
    command
        .args(["--watch-stdin", "--port", &port.to_string()])
        .stdin(Stdio::piped());
    if sensors {
        command.arg("--sensors");
    }
    Server::start(&mut command, log, false)
}
