//! `cargo xtask docs`: the reference of the npm package, and that of the crate as docs.rs builds it. A warning is an error
//! in both.

use std::path::PathBuf;
use std::process::Command;

use crate::build::{self, Extent};
use crate::node_packages;
use crate::project::{self, WASM_TARGET};
use crate::setup::wasm_target::{self, Toolchain};
use crate::setup::{self, Need};
use crate::step::{self, Done, Failure, Plan};
use crate::test;

/// `cargo xtask docs`.
pub fn run() -> Result<(), Failure> {
    setup::provide(&Need::FOR_BUILD)?;
    {
        // TypeDoc reads the engine's types as well.
        let _lock = build::lock()?;
        let mut plan = Plan::default();
        build::add_to(&mut plan, Extent::CodeAndTypes);
        plan.run()?;
    }
    step::one("reference of the crate", |step| {
        step.run(&mut of_crate()).map(|()| Done::Worked)
    })?;
    step::say(&format!("{}/webmqtt/index.html", crate_folder().display()));
    if let Some(why) = node_packages::provide(test::PACKAGING_TESTS)? {
        return Err(Failure::new(format!(
            "the reference of the package needs TypeDoc: {why}"
        )));
    }
    step::one("reference of the package", |step| {
        step.run(&mut of_package()).map(|()| Done::Worked)
    })?;
    step::say(&format!("{}/index.html", package_folder().display()));
    Ok(())
}

fn package_folder() -> PathBuf {
    project::root().join("target/api")
}

fn of_package() -> Command {
    let mut typedoc = project::command("node");
    typedoc
        .arg("tests/packaging/node_modules/typedoc/bin/typedoc")
        .args(["--options", "pkg/typedoc.json", "--out"])
        .arg(package_folder());
    typedoc
}

/// Apart from everything else: with nightly's features allowed, the dependencies would be compiled anew here and there.
fn target_folder() -> PathBuf {
    project::target().join("docs-rs")
}

/// Debian's toolchain need not have rustdoc; then the reference is that of a host, which lacks the browser's part.
fn for_host() -> bool {
    match wasm_target::current() {
        Some(Toolchain::Debian(folder)) => !folder.join("bin/rustdoc").is_file(),
        found => found.is_none(),
    }
}

fn crate_folder() -> PathBuf {
    if for_host() {
        target_folder().join("doc")
    } else {
        target_folder().join(WASM_TARGET).join("doc")
    }
}

/// As `[package.metadata.docs.rs]` says.
pub fn of_crate() -> Command {
    let mut cargo = if for_host() {
        project::command("cargo")
    } else {
        let mut cargo = wasm_target::wasm_command("cargo");
        cargo.args(["--config", "build.target='wasm32-unknown-unknown'"]);
        cargo
    };
    cargo
        .args(["doc", "--package", "webmqtt", "--lib", "--no-deps"])
        .args(["--features", "scram", "--target-dir"])
        .arg(target_folder())
        // docs.rs has a nightly compiler.
        .env("RUSTC_BOOTSTRAP", "1")
        .env("RUSTDOCFLAGS", "--cfg docsrs -D warnings");
    cargo
}
