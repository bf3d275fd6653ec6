//! The suite `examples`: the front ends in `examples`, each a package of its own, are compiled, and one of them is driven
//! in Chromium. Nothing is optimised: their frameworks are large, and nobody measures here.

use std::fs;
use std::path::PathBuf;
use std::process::Command;

use crate::project::{self, WASM_TARGET};
use crate::setup::wasm_target;
use crate::stamp::files_below;
use crate::step::{Done, Failure, Step};
use crate::summary::Tally;
use crate::test;

/// The one that is driven, and its program.
const DRIVEN: (&str, &str) = ("yew", "dashboard");

/// Every package in `examples`.
fn packages() -> Vec<String> {
    let entries = fs::read_dir(project::root().join("examples"));
    let mut names: Vec<String> = entries
        .into_iter()
        .flatten()
        .flatten()
        .filter(|entry| entry.path().join("Cargo.toml").is_file())
        .filter_map(|entry| entry.file_name().into_string().ok())
        .collect();
    names.sort();
    names
}

fn manifest(package: &str) -> PathBuf {
    project::root().join(format!("examples/{package}/Cargo.toml"))
}

/// The programs of all packages.
pub fn programs() -> Vec<PathBuf> {
    let mut files = Vec::new();
    for package in packages() {
        files.extend(files_below(
            &project::root().join("examples").join(package).join("src"),
        ));
    }
    files
}

/// One for all of them: what they have in common is compiled once.
fn target_folder() -> PathBuf {
    project::target().join("examples")
}

pub fn suite() -> Tally {
    let mut tally = Tally::default();
    for package in packages() {
        tally += test::counted(&format!("example {package}"), |step| {
            compile(step, &package)
        });
    }
    if tally.failed > 0 {
        return tally;
    }
    tally += test::counted("the example's page", lay_out);
    tally += test::in_chromium("examples", test::BROWSER_TESTS, is_one_of);
    tally
}

/// Whether a file of `tests/browser` belongs to this suite.
pub fn is_one_of(file: &str) -> bool {
    file.starts_with("example_")
}

fn compile(step: &Step, package: &str) -> Result<Done, Failure> {
    let verb = if package == DRIVEN.0 {
        "build"
    } else {
        "check"
    };
    step.run(&mut cargo(verb, package))?;
    Ok(Done::Worked)
}

fn cargo(verb: &str, package: &str) -> Command {
    let mut cargo = wasm_target::wasm_command("cargo");
    cargo
        .args([verb, "--locked", "--bins", "--target", WASM_TARGET])
        .arg("--manifest-path")
        .arg(manifest(package))
        .arg("--target-dir")
        .arg(target_folder())
        .env("CARGO_PROFILE_DEV_DEBUG", "0");
    cargo
}

/// Makes of the compiled program what a page can load.
fn lay_out(step: &Step) -> Result<Done, Failure> {
    let (package, program) = DRIVEN;
    let compiled = target_folder()
        .join(WASM_TARGET)
        .join(format!("debug/{program}.wasm"));
    let mut bindgen = wasm_target::wasm_command("wasm-bindgen");
    bindgen
        .arg(compiled)
        .args(["--target", "web", "--no-typescript", "--out-dir"])
        .arg(project::notes().join("examples").join(package));
    step.run(&mut bindgen)?;
    Ok(Done::Worked)
}
