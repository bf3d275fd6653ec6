//! `cargo xtask fuzz`: hostile input for the codec and the session, from a coverage-guided fuzzer on a stable compiler.
//!
//! libFuzzer comes with its crate and is compiled here; the compiler's own coverage pass does the rest. What the
//! targets do is in `fuzz/src`; here are the flags, the limits and how much a bounded run does.

use std::fs;
use std::path::PathBuf;
use std::process::Command;

use crate::project;
use crate::step::{self, Done, Failure, Step, tail};
use crate::summary::{self, Tally};
use crate::test::{counted, runner};

pub const MANIFEST: &str = "fuzz/Cargo.toml";

/// Each target, and how many inputs a bounded run gives it: about two seconds' worth, the same on every machine.
const TARGETS: [(&str, u32); 7] = [
    ("frame", 200_000),
    ("properties", 150_000),
    ("packet", 150_000),
    ("structured", 100_000),
    ("topic", 60_000),
    ("session", 8_000),
    ("stored", 30_000),
];

/// Longer inputs find nothing that these do not, and fill the corpus.
const LONGEST: u32 = 600;
/// An input that takes longer hangs. Seconds, in which the machine may do something else.
const PATIENCE: u32 = 120;

/// The compiler's coverage pass as libFuzzer wants it.
const GUIDED: &str = "--cfg fuzzing -Ccodegen-units=1 -Cpasses=sancov-module \
    -Cllvm-args=-sanitizer-coverage-level=4 \
    -Cllvm-args=-sanitizer-coverage-inline-8bit-counters \
    -Cllvm-args=-sanitizer-coverage-pc-table \
    -Cllvm-args=-sanitizer-coverage-trace-compares \
    -Cllvm-args=-simplifycfg-branch-fold-threshold=0";

/// The same pass with a call at every branch, and copies sent through `fuzz/src/meter.rs`.
const METERED: &str = "--cfg webmqtt_work -Ccodegen-units=1 -Cpasses=sancov-module \
    -Cllvm-args=-sanitizer-coverage-level=3 \
    -Cllvm-args=-sanitizer-coverage-trace-pc-guard \
    -Clink-arg=-Wl,--wrap=memcpy -Clink-arg=-Wl,--wrap=memmove";

#[derive(Debug, PartialEq, Eq)]
pub struct Options {
    /// One target, or all.
    pub target: Option<&'static str>,
    /// How long each is run; without it a bounded number of inputs.
    pub seconds: Option<u32>,
}

/// The target of this name.
pub fn named(name: &str) -> Option<&'static str> {
    TARGETS
        .into_iter()
        .find_map(|(target, _)| (target == name).then_some(target))
}

/// `cargo xtask fuzz [TARGET] [--seconds N]`. What it finds stays in `target/xtask/fuzz`, a failure in
/// `fuzz/artifacts`.
pub fn run(options: &Options) -> Result<(), Failure> {
    step::one("fuzz targets", build)?;
    let wanted = |name: &str| options.target.is_none_or(|target| target == name);
    for (name, inputs) in TARGETS.into_iter().filter(|(name, _)| wanted(name)) {
        let limit = match options.seconds {
            Some(seconds) => format!("-max_total_time={seconds}"),
            None => format!("-runs={inputs}"),
        };
        step::one(&format!("fuzz {name}"), |step| {
            let found = project::notes().join("fuzz").join(name);
            fs::create_dir_all(&found)
                .map_err(|error| Failure::io("making target/xtask/fuzz", &error))?;
            let mut fuzzer = fuzzer(name, &limit)?;
            fuzzer.arg(&found).arg(corpus(name));
            fuzz(step, name, &mut fuzzer)
        })?;
    }
    Ok(())
}

/// The suite of the tests: the corpus once more, what floods cost, and a bounded run of each target.
pub fn all() -> Tally {
    if let Some(why) = cannot() {
        return Tally::skipped("fuzz targets", &why);
    }
    let mut cargo = cargo("test", METERED);
    cargo
        .args(["--no-default-features", "--no-fail-fast"])
        .arg("--target-dir")
        .arg(folder().join("metered"));
    let mut tally = runner("replay of the fuzz corpus", &mut cargo, summary::of_libtest);
    let built = step::one("fuzz targets", build);
    if let Err(failure) = built {
        eprintln!("{}\n{}", failure.output, failure.sentence);
        tally += Tally::failed();
        return tally;
    }
    for (name, inputs) in TARGETS {
        tally += counted(&format!("fuzz {name}"), |step| {
            // The same inputs every time: the seed is fixed, and what libFuzzer keeps in the first folder goes.
            let kept = project::notes().join("fuzz-bounded").join(name);
            let _ = fs::remove_dir_all(&kept);
            fs::create_dir_all(&kept)
                .map_err(|error| Failure::io("making target/xtask/fuzz-bounded", &error))?;
            let mut fuzzer = fuzzer(name, &format!("-runs={inputs}"))?;
            fuzzer.arg("-seed=1").arg(kept).arg(corpus(name));
            fuzz(step, name, &mut fuzzer)
        });
    }
    tally
}

/// The lint of everything but libFuzzer's programs, which are one line each.
pub fn clippy() -> Command {
    let mut clippy = project::command("cargo");
    clippy
        .args(["clippy", "--locked", "--manifest-path", MANIFEST])
        .args(["--no-default-features", "--all-targets", "--target-dir"])
        .arg(folder().join("checked"))
        .args(["--", "-D", "warnings"]);
    clippy
}

/// Why there can be no fuzzing here.
fn cannot() -> Option<String> {
    if !cfg!(all(target_arch = "x86_64", target_os = "linux")) {
        return Some("the hooks that count work are for Linux on x86-64".to_owned());
    }
    if project::program("c++").is_none() {
        return Some("libFuzzer is C++, and there is no c++ on PATH".to_owned());
    }
    None
}

fn build(step: &Step) -> Result<Done, Failure> {
    if let Some(why) = cannot() {
        return Err(Failure::new(format!(
            "fuzzing is not possible here: {why}."
        )));
    }
    step.run(
        cargo("build", GUIDED)
            .arg("--bins")
            .arg("--target-dir")
            .arg(folder().join("guided")),
    )?;
    Ok(Done::Worked)
}

fn fuzz(step: &Step, name: &str, fuzzer: &mut Command) -> Result<Done, Failure> {
    let (ok, output) = step.attempt(fuzzer)?;
    if ok {
        return Ok(Done::Worked);
    }
    Err(Failure {
        sentence: format!(
            "{name} found something: its input is in fuzz/artifacts; keep it as a file of fuzz/corpus/{name} with the fix."
        ),
        output: tail(&output, 60),
    })
}

fn fuzzer(name: &str, limit: &str) -> Result<Command, Failure> {
    let artifacts = project::root().join("fuzz/artifacts");
    fs::create_dir_all(&artifacts).map_err(|error| Failure::io("making fuzz/artifacts", &error))?;
    let program = folder()
        .join("guided")
        .join(HOST)
        .join("release")
        .join(name);
    let mut fuzzer = project::command(program);
    fuzzer
        .arg(limit)
        .arg(format!("-max_len={LONGEST}"))
        .arg(format!("-timeout={PATIENCE}"))
        .arg(format!("-artifact_prefix={}/{name}-", artifacts.display()))
        .arg("-print_final_stats=1");
    Ok(fuzzer)
}

/// With an explicit target the flags are not for build scripts.
const HOST: &str = "x86_64-unknown-linux-gnu";

fn cargo(what: &str, flags: &str) -> Command {
    let mut cargo = project::command("cargo");
    cargo
        .arg(what)
        .args(["--locked", "--release", "--manifest-path", MANIFEST])
        .args(["--target", HOST])
        .env("RUSTFLAGS", flags);
    cargo
}

fn folder() -> PathBuf {
    project::target().join("fuzz")
}

fn corpus(name: &str) -> PathBuf {
    project::root().join("fuzz/corpus").join(name)
}
