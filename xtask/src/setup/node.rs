//! Node.js and the packages in `node_modules`.

use std::fs;
use std::path::PathBuf;

use super::{Found, apt, first_version};
use crate::project;
use crate::stamp::{Inputs, Stamp};
use crate::step::{Failure, Step};

/// What esbuild and the test runner ask for.
const OLDEST_MAJOR: u32 = 18;

pub fn find() -> Result<Found, String> {
    let file = project::program("node").ok_or("no node on PATH")?;
    let text = project::output_of(project::command(&file).arg("--version")).unwrap_or_default();
    let version = first_version(&text).unwrap_or_default();
    let major = version.split('.').next().and_then(|word| word.parse().ok());
    if major.is_none_or(|major: u32| major < OLDEST_MAJOR) {
        return Err(format!(
            "node {version} is too old, {OLDEST_MAJOR} or newer is needed"
        ));
    }
    project::program("npm").ok_or("no npm on PATH")?;
    Ok(Found {
        version,
        place: file.display().to_string(),
    })
}

pub fn provide(step: &Step) -> Result<(), Failure> {
    match (project::program("node"), project::program("npm")) {
        (Some(_), Some(_)) => Err(Failure::new(format!(
            "the node on PATH is older than {OLDEST_MAJOR}: put a newer one first on PATH and try again."
        ))),
        (Some(_), None) => apt::install(step, &["npm"]),
        _ => apt::install(step, &["nodejs", "npm"]),
    }
}

pub fn find_modules() -> Result<Found, String> {
    let count = fs::read_dir(modules()).map_or(0, Iterator::count);
    if stamp().is_current(&[modules()]) {
        return Ok(Found {
            version: format!("{count} entries"),
            place: modules().display().to_string(),
        });
    }
    Err(if count == 0 {
        "node_modules is absent".to_owned()
    } else {
        "node_modules is older than package-lock.json".to_owned()
    })
}

pub fn provide_modules(step: &Step) -> Result<(), Failure> {
    step.fetch(project::command("npm").args([
        "ci",
        "--no-audit",
        "--no-fund",
        "--ignore-scripts",
        "--loglevel=error",
    ]))?;
    stamp().set();
    Ok(())
}

fn modules() -> PathBuf {
    project::root().join("node_modules")
}

/// Kept inside `node_modules`, so that it goes when that goes.
fn stamp() -> Stamp {
    Inputs::default()
        .paths(&["package-lock.json"])
        .stamp("node-modules")
        .kept_in(modules().join(".xtask-stamp"))
}
