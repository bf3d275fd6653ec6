//! `cargo xtask faults` and `cargo xtask soak`: real brokers, under faults, for as long as one likes. What is played is in `tests/browser`.

use std::process::Command;

use crate::brokers::Kind;
use crate::counter;
use crate::project;
use crate::setup::{self, Need};
use crate::step::Failure;
use crate::test;

/// What the command line asks for.
pub struct Faults {
    pub broker: Kind,
    pub runs: u32,
    /// Of the first run; each that follows has the next number.
    pub seed: u32,
    /// Whether the documents get the result.
    pub write: bool,
}

/// `cargo xtask faults`.
pub fn faults(options: &Faults) -> Result<(), Failure> {
    let mut needs = vec![Need::Chromium];
    needs.extend(options.broker.need());
    provide(&needs)?;
    let version = available(options.broker)?;
    let mut node = node("tests/browser/fault_runs.mjs");
    node.args([options.broker.name(), &version])
        .args([options.runs.to_string(), options.seed.to_string()]);
    if options.write {
        node.env("WEBMQTT_FAULT_RESULTS", project::root().join("docs"));
    }
    in_the_foreground(
        &mut node,
        "a run failed; its line says which seed to play again.",
    )
}

/// What the command line asks for.
pub struct Soak {
    pub broker: Kind,
    pub minutes: u32,
    pub seed: u32,
    /// Whether the documents get the plot and the numbers.
    pub write: bool,
}

/// `cargo xtask soak`.
pub fn soak(options: &Soak) -> Result<(), Failure> {
    let mut needs = vec![Need::Chromium];
    needs.extend(options.broker.need());
    provide(&needs)?;
    let version = available(options.broker)?;
    let folder = if options.write {
        project::root().join("docs")
    } else {
        project::notes().join("soak")
    };
    let mut node = node("tests/browser/soak_run.mjs");
    node.args([options.broker.name(), &version])
        .args([options.minutes.to_string(), options.seed.to_string()])
        .arg(folder);
    in_the_foreground(&mut node, "the soak failed; its last line says why.")
}

/// The package, the client that counts, and what else is needed.
fn provide(needs: &[Need]) -> Result<(), Failure> {
    setup::provide(needs)?;
    setup::provide(&Need::FOR_BUILD)?;
    test::prepare()?;
    counter::provide()
}

/// The broker's version.
fn available(kind: Kind) -> Result<String, Failure> {
    kind.availability().map_err(|why| {
        Failure::new(format!(
            "the broker {} is not available: {why}",
            kind.name()
        ))
    })
}

fn node(script: &str) -> Command {
    let mut node = project::command("node");
    node.arg(script);
    test::name_tools(&mut node);
    node
}

fn in_the_foreground(command: &mut Command, otherwise: &str) -> Result<(), Failure> {
    let status = command
        .status()
        .map_err(|error| Failure::io("starting Node.js", &error))?;
    if status.success() {
        return Ok(());
    }
    Err(Failure::new(otherwise))
}
