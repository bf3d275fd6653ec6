//! The native client that counts in the tests with faults: the package `tests/counter`, built by us.

use std::path::PathBuf;
use std::process::Command;

use crate::project;
use crate::setup;
use crate::stamp::{Inputs, Stamp};
use crate::step::{self, Done, Failure, Step};

const MANIFEST: &str = "tests/counter/Cargo.toml";

fn folder() -> PathBuf {
    project::target().join("counter")
}

pub fn binary() -> PathBuf {
    folder().join("debug/webmqtt-counter")
}

/// Cargo for this package.
pub fn cargo(arguments: &[&str]) -> Command {
    let mut command = project::command("cargo");
    command
        .args(&arguments[..1])
        .args(["--manifest-path", MANIFEST])
        .args(&arguments[1..]);
    command
}

pub fn clippy() -> Command {
    let mut command = cargo(&["clippy", "--locked", "--target-dir"]);
    command.arg(folder()).args(["--", "-D", "warnings"]);
    command
}

fn stamp() -> Stamp {
    Inputs::default()
        .paths(&["tests/counter/src", MANIFEST, "tests/counter/Cargo.lock"])
        .stamp("counter")
        .kept_in(folder().join(".xtask-stamp"))
}

fn build(step: &Step) -> Result<Done, Failure> {
    let stamp = stamp();
    if stamp.is_current(&[binary()]) {
        return Ok(Done::UpToDate);
    }
    let mut cargo = cargo(&["build", "--locked", "--target-dir"]);
    step.run(cargo.arg(folder()))?;
    stamp.set();
    Ok(Done::Worked)
}

/// Builds it if need be.
pub fn provide() -> Result<(), Failure> {
    let _lock = setup::lock_file(&project::notes().join("counter.lock"), "another build")?;
    step::one("native client that counts", build).map(|_| ())
}
