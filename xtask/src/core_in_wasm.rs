//! The native tests of the codec and the session once more, compiled to WebAssembly: 32-bit sizes, the compiler's other
//! back end, the engine that applications run in.
//!
//! WASI stands in for the browser here: it has the standard library's test runner and files, and it changes nothing
//! for the core, which has neither.

use std::path::Path;

use crate::project;
use crate::setup::wasm_target::{self, Toolchain};
use crate::stamp::files_below;
use crate::step::{self, Done};
use crate::summary::{self, Tally};
use crate::test::{runner, target_is_there};

const WASI_TARGET: &str = "wasm32-wasip1";
const NAME: &str = "core in WebAssembly";

pub fn suite() -> Tally {
    if let Some(why) = cannot() {
        return Tally::skipped(NAME, &why);
    }
    let mut cargo = project::command("cargo");
    cargo
        .args(["test", "--package=webmqtt", "--no-default-features"])
        .arg("--features=store")
        .args(["--no-fail-fast", "--target", WASI_TARGET, "--lib"])
        // Debug code is slow in an engine that first has to compile it.
        .env("CARGO_PROFILE_TEST_OPT_LEVEL", "1")
        // Cargo starts it in the package's folder.
        .env(
            "CARGO_TARGET_WASM32_WASIP1_RUNNER",
            "node --no-warnings tests/wasi/run.mjs",
        );
    for test in tests() {
        cargo.args(["--test", &test]);
    }
    runner(NAME, &mut cargo, summary::of_libtest)
}

/// The files that test nothing but the core.
fn tests() -> Vec<String> {
    let of_the_core = |name: &&str| {
        name.starts_with("codec_") || name.starts_with("session_") || *name == "findings"
    };
    files_below(&project::root().join("tests"))
        .iter()
        .filter(|file| {
            file.parent()
                .is_some_and(|folder| folder.ends_with("tests"))
        })
        .filter(|file| file.extension().is_some_and(|extension| extension == "rs"))
        .filter_map(|file| Path::file_stem(file)?.to_str())
        .filter(of_the_core)
        .map(str::to_owned)
        .collect()
}

fn cannot() -> Option<String> {
    if matches!(wasm_target::current(), Some(Toolchain::Debian(_))) {
        return Some(format!(
            "no standard library for {WASI_TARGET}: Debian's C library for WASI is too old to build it"
        ));
    }
    let mut there = false;
    let asked = step::one(WASI_TARGET, |step| {
        there = target_is_there(step, WASI_TARGET)?;
        Ok(Done::UpToDate)
    });
    if asked.is_ok() && there {
        return None;
    }
    Some(format!(
        "no standard library for {WASI_TARGET}: rustup cannot download it"
    ))
}
