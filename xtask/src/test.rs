//! `cargo xtask test`: every suite, one after the other, and one last line that counts.

use std::env;
use std::fs;
use std::path::{Path, PathBuf};
use std::process::Command;

use crate::build::{self, Extent};
use crate::project::{self, WASM_TARGET};
use crate::record::{self, Record, Tests};
use crate::setup::wasm_target::{self, Toolchain};
use crate::setup::{self, Need, browsers};
use crate::stamp::files_below;
use crate::step::{self, Done, Failure, Plan, STARTED_AGAIN, Step, TRIES, tail};
use crate::summary::{self, Tally};
use crate::{
    bench, brokers, check, conformance, core_in_wasm, counter, coverage, demo, engines, examples,
    fuzz, interop, node_packages, size,
};

/// A target without an operating system, hence without `std`.
const BARE_TARGET: &str = "thumbv7em-none-eabi";

pub const BROWSER_TESTS: &str = "tests/browser";

/// Bundlers and what reads the package as others do, with a manifest and a lock file of their own.
pub const PACKAGING_TESTS: &str = "tests/packaging";

/// A part of the whole that can be run alone.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Suite {
    Check,
    Native,
    Fuzz,
    NoStd,
    CoreInWasm,
    Wasm,
    Size,
    Page,
    Browser,
    Faults,
    Engines,
    Interop,
    Examples,
    Demo,
    Packaging,
    Bench,
    Coverage,
    Conformance,
}

impl Suite {
    /// In this order: the last one reads what the others have kept of their runs.
    pub const ALL: [Self; 18] = [
        Self::Check,
        Self::Native,
        Self::Fuzz,
        Self::NoStd,
        Self::CoreInWasm,
        Self::Wasm,
        Self::Size,
        Self::Page,
        Self::Browser,
        Self::Faults,
        Self::Engines,
        Self::Interop,
        Self::Examples,
        Self::Demo,
        Self::Packaging,
        Self::Bench,
        Self::Coverage,
        Self::Conformance,
    ];

    pub fn name(self) -> &'static str {
        match self {
            Self::Check => "check",
            Self::Native => "native",
            Self::Fuzz => "fuzz",
            Self::NoStd => "no_std",
            Self::CoreInWasm => "core-in-wasm",
            Self::Wasm => "wasm",
            Self::Size => "size",
            Self::Page => "page",
            Self::Browser => "browser",
            Self::Faults => "faults",
            Self::Engines => "engines",
            Self::Interop => "interop",
            Self::Examples => "examples",
            Self::Demo => "demo",
            Self::Packaging => "packaging",
            Self::Bench => "bench",
            Self::Coverage => "coverage",
            Self::Conformance => "conformance",
        }
    }

    pub fn named(name: &str) -> Option<Self> {
        Self::ALL.into_iter().find(|suite| suite.name() == name)
    }

    fn needs(self) -> Vec<Need> {
        let mut needs = match self {
            Self::Native | Self::Fuzz | Self::NoStd | Self::Coverage | Self::Conformance => {
                return Vec::new();
            }
            Self::CoreInWasm => return vec![Need::Node],
            Self::Check => vec![Need::RustComponents],
            Self::Wasm | Self::Examples | Self::Demo => vec![Need::Chromium],
            Self::Packaging => vec![Need::Chromium, Need::OldestRust, Need::CargoDeny],
            Self::Size | Self::Page => Vec::new(),
            Self::Faults => vec![Need::Chromium, Need::Debian13],
            Self::Bench => vec![Need::Chromium, Need::Debian13, Need::Valgrind],
            Self::Browser => vec![
                Need::Chromium,
                Need::Mosquitto,
                Need::RabbitMq,
                Need::Debian13,
            ],
            Self::Engines => engines::NEEDS.to_vec(),
            Self::Interop => interop::needs(),
        };
        needs.extend(Need::FOR_BUILD);
        needs
    }

    /// Whether it tests the built package.
    fn uses_the_package(self) -> bool {
        matches!(
            self,
            Self::Check
                | Self::Size
                | Self::Page
                | Self::Browser
                | Self::Faults
                | Self::Engines
                | Self::Interop
                | Self::Demo
                | Self::Packaging
                | Self::Bench
        )
    }

    fn run(self) -> Tally {
        match self {
            Self::Check => check::all(),
            Self::Native => native(),
            Self::Fuzz => fuzz::all(),
            Self::NoStd => no_std(),
            Self::CoreInWasm => core_in_wasm::suite(),
            Self::Wasm => wasm(),
            Self::Size => counted("size", size::weigh),
            Self::Page => page(),
            Self::Browser => in_chromium("browser", BROWSER_TESTS, |name| {
                !name.starts_with("demo")
                    && !is_rough(name)
                    && !engines::is_one_of(name)
                    && !interop::is_one_of(name)
                    && !examples::is_one_of(name)
            }),
            Self::Engines => engines::suite(),
            Self::Interop => interop::suite(),
            Self::Examples => examples::suite(),
            Self::Faults => faults(),
            Self::Demo => in_chromium("demo", BROWSER_TESTS, |name| name.starts_with("demo")),
            Self::Packaging => packaging(),
            Self::Bench => bench::suite(),
            Self::Coverage => counted("coverage", coverage::measure),
            Self::Conformance => conformance::suite(),
        }
    }
}

/// Whether a file of browser tests is about faults or long runs.
fn is_rough(name: &str) -> bool {
    name.starts_with("faults") || name.starts_with("soak")
}

/// `cargo xtask test [--only SUITE]...`.
pub fn run(suites: &[Suite]) -> Result<(), Failure> {
    let needs: Vec<Need> = suites.iter().flat_map(|suite| suite.needs()).collect();
    setup::provide(&needs)?;
    let mut total = Tally::default();
    let packaged = suites.iter().any(|suite| suite.uses_the_package());
    let built = if packaged { prepare() } else { Ok(()) };
    if let Err(failure) = &built {
        eprintln!("{}\n{}", failure.output, failure.sentence);
    }
    for suite in suites {
        let tally = if suite.uses_the_package() && built.is_err() {
            step::say(&format!("{}: FAILED, nothing was built", suite.name()));
            Tally::failed()
        } else {
            suite.run()
        };
        step::say(&format!("suite {}: {tally}", suite.name()));
        total += tally;
    }
    for reason in &total.reasons {
        println!("skipped: {reason}");
    }
    println!("{total}");
    if total.failed > 0 {
        return Err(Failure::new(""));
    }
    Ok(())
}

/// Builds what the suites test, side by side.
pub fn prepare() -> Result<(), Failure> {
    let _lock = build::lock()?;
    let mut plan = Plan::default();
    build::add_to(&mut plan, Extent::CodeAndTypes);
    demo::add_to(&mut plan);
    plan.run()
}

/// A step that counts as one test.
pub fn counted(name: &str, work: impl FnOnce(&Step) -> Result<Done, Failure>) -> Tally {
    match step::one(name, work) {
        Ok(Done::Without(why)) => Tally::skipped(name, &why),
        Ok(_) => Tally {
            passed: 1,
            ..Tally::default()
        },
        Err(failure) => {
            eprintln!("{}\n{}", failure.output, failure.sentence);
            Tally::failed()
        }
    }
}

/// Runs a test runner and reads its summary. One that ends badly without counting a failure is a failure.
pub fn runner(
    name: &str,
    command: &mut Command,
    read: impl FnOnce(&str) -> Option<Tally>,
) -> Tally {
    runner_behind(name, command, |_| true, read)
}

/// As [`runner`], for one that starts a program of others first: where that did not come up no test has begun, and it is
/// run again.
fn runner_behind(
    name: &str,
    command: &mut Command,
    has_begun: impl Fn(&str) -> bool,
    read: impl FnOnce(&str) -> Option<Tally>,
) -> Tally {
    let mut tally = None;
    let result = step::one(name, |step| {
        let (mut ok, mut output) = step.attempt(command)?;
        for _ in 1..TRIES {
            if ok || has_begun(&output) {
                break;
            }
            step.tell(&format!("{STARTED_AGAIN}{}", tail(&output, 1)));
            (ok, output) = step.attempt(command)?;
        }
        for line in output.lines() {
            if let Some((_, what)) = line.split_once(STARTED_AGAIN) {
                step.tell(&format!("{STARTED_AGAIN}{what}"));
            }
        }
        let mut read = read(&output).unwrap_or_else(Tally::failed);
        if !ok && read.failed == 0 {
            read.failed = 1;
        }
        let bad = read.failed > 0;
        tally = Some(read);
        if bad {
            return Err(Failure {
                sentence: format!("{name} has failures."),
                output: tail(&output, 120),
            });
        }
        Ok(Done::Worked)
    });
    if let Err(failure) = result {
        eprintln!("{}\n{}", failure.output, failure.sentence);
    }
    tally.unwrap_or_else(Tally::failed)
}

fn native() -> Tally {
    let mut cargo = project::command("cargo");
    cargo
        .args(["test", "--workspace", "--no-fail-fast"])
        .args(["--features", "webmqtt/scram"])
        .env("CARGO_TERM_COLOR", "never");
    let record = Record::of("native");
    let mut tally = runner("native tests", &mut cargo, |output| {
        record.keep(&record::of_libtest(output));
        summary::of_libtest(output)
    });
    let mut broker = project::command("cargo");
    broker
        .args(["test", "--no-fail-fast", "--manifest-path"])
        .arg(brokers::embedded::MANIFEST)
        .arg("--target-dir")
        .arg(brokers::embedded::folder());
    tally += runner(
        "native tests of the demo's broker",
        &mut broker,
        summary::of_libtest,
    );
    tally
}

/// The native tests for whoever needs to know how each of them ends; one that fails is no failure here.
pub fn run_native(step: &Step, record: &Record) -> Result<Tests, Failure> {
    let mut cargo = project::command("cargo");
    cargo
        .args(["test", "--package=webmqtt", "--tests", "--no-fail-fast"])
        .env("CARGO_TERM_COLOR", "never");
    let (_, output) = step.attempt(&mut cargo)?;
    let tests = record::of_libtest(&output);
    if tests.is_empty() {
        return Err(Failure {
            sentence: "the native tests could not be built; the compiler says why.".to_owned(),
            output: tail(&output, 60),
        });
    }
    record.keep(&tests);
    Ok(tests)
}

/// Codec and session build where there is no `std` at all.
fn no_std() -> Tally {
    counted("no_std", |step| {
        let arguments = [
            "build",
            "--package=webmqtt",
            "--lib",
            "--no-default-features",
            "--features=store",
            "--target",
            BARE_TARGET,
        ];
        if target_is_there(step, BARE_TARGET)? {
            step.run(project::command("cargo").args(arguments))?;
            return Ok(Done::Worked);
        }
        if matches!(wasm_target::current(), Some(Toolchain::Debian(_))) {
            step.tell(
                "no prebuilt core for the target: building core and alloc from Debian's sources",
            );
            let mut cargo = wasm_target::wasm_command("cargo");
            cargo
                .args(arguments)
                .arg("-Zbuild-std=core,alloc")
                .env("RUSTC_BOOTSTRAP", "1");
            step.run(&mut cargo)?;
            return Ok(Done::Worked);
        }
        Ok(Done::Without(format!(
            "no core for {BARE_TARGET}: rustup cannot download it, and `WEBMQTT_WASM_TOOLCHAIN=debian cargo xtask setup` was not run"
        )))
    })
}

/// Whether the usual toolchain has the target's standard library, which rustup is asked for if need be.
pub fn target_is_there(step: &Step, target: &str) -> Result<bool, Failure> {
    let sysroot = project::output_of(project::command("rustc").args(["--print", "sysroot"]));
    let library = Path::new(&sysroot.unwrap_or_default())
        .join("lib/rustlib")
        .join(target);
    if library.is_dir() {
        return Ok(true);
    }
    if project::program("rustup").is_none() {
        return Ok(false);
    }
    step.tell(&format!(
        "adding the target {target} to the Rust toolchain with rustup"
    ));
    let (added, _) = step.attempt(project::command("rustup").args(["target", "add", target]))?;
    Ok(added)
}

/// `tests/web_*.rs` in headless Chromium.
fn wasm() -> Tally {
    if let Some(why) = setup::reason(Need::Chromium) {
        return Tally::skipped("wasm tests in the browser", &why);
    }
    let tests = files_below(&project::root().join("tests"));
    let names: Vec<&str> = tests
        .iter()
        .filter(|file| file.extension().is_some_and(|extension| extension == "rs"))
        .filter_map(|file| file.file_stem()?.to_str())
        .filter(|name| name.starts_with("web_"))
        .collect();
    if names.is_empty() {
        step::say("wasm tests: FAILED, there is no tests/web_*.rs");
        return Tally::failed();
    }
    let record = Record::of("wasm");
    let (mut tests, mut tally) = (Tests::new(), Tally::default());
    for name in names {
        tally += runner_behind(
            &format!("wasm tests {name}"),
            &mut in_a_page(name),
            has_begun_in_a_page,
            |output| {
                tests.append(&mut record::of_libtest(output));
                summary::of_libtest(output)
            },
        );
    }
    record.keep(&tests);
    tally
}

/// The tests of a file in headless Chromium. wasm-pack would also build those that are native only; it runs this same
/// command after that.
fn in_a_page(name: &str) -> Command {
    let mut cargo = wasm_target::wasm_command("cargo");
    cargo
        .args(["test", "--package", "webmqtt", "--target", WASM_TARGET])
        .args(["--test", name])
        .env(
            "CARGO_TARGET_WASM32_UNKNOWN_UNKNOWN_RUNNER",
            "wasm-bindgen-test-runner",
        )
        .env("WASM_BINDGEN_TEST_ONLY_WEB", "1")
        // Seconds, where 20 for all tests together and 5 for the driver's start are usual: too few for a busy machine.
        .env("WASM_BINDGEN_TEST_TIMEOUT", "300")
        .env("WASM_BINDGEN_TEST_DRIVER_TIMEOUT", "120")
        .env("CHROMEDRIVER", browsers::chromedriver().unwrap_or_default())
        .env("CARGO_TERM_COLOR", "never");
    cargo
}

/// Whether a run of wasm-bindgen's runner came to the tests, or failed before it started a browser for them.
fn has_begun_in_a_page(output: &str) -> bool {
    let starts = ["Running headless tests in", "driver failed to"];
    let tests = ["running ", "test result: "];
    let any_line = |beginnings: &[&str]| {
        let mut lines = output.lines();
        lines.any(|line| beginnings.iter().any(|text| line.starts_with(text)))
    };
    any_line(&tests) || !(any_line(&starts) || output.contains(starts[1]))
}

/// The parts of the page that need no document.
fn page() -> Tally {
    let mut node = project::command("node");
    node.args(["www/test.mjs", "--reporter", "tap"]);
    runner("tests of the page's parts", &mut node, summary::of_tap)
}

/// The package as others see it.
fn packaging() -> Tally {
    match node_packages::provide(PACKAGING_TESTS) {
        Ok(None) => in_chromium("packaging", PACKAGING_TESTS, |_| true),
        Ok(Some(why)) => Tally::skipped("packaging tests", &why),
        Err(failure) => {
            eprintln!("{}\n{}", failure.output, failure.sentence);
            Tally::failed()
        }
    }
}

/// Faults and long runs, counted by a client that is not ours.
fn faults() -> Tally {
    if let Err(failure) = counter::provide() {
        eprintln!("{}\n{}", failure.output, failure.sentence);
        return Tally::failed();
    }
    in_chromium("faults", BROWSER_TESTS, is_rough)
}

/// The tests in a folder that drive Chromium from Node.
pub fn in_chromium(name: &'static str, folder: &str, wanted: impl Fn(&str) -> bool) -> Tally {
    if let Some(why) = setup::reason(Need::Chromium) {
        return Tally::skipped(&format!("{name} tests"), &why);
    }
    node_tests(name, &test_files(folder, wanted), 2)
}

/// The files in a folder that `node --test` runs.
pub fn test_files(folder: &str, wanted: impl Fn(&str) -> bool) -> Vec<PathBuf> {
    files_below(&project::root().join(folder))
        .into_iter()
        .filter(|file| {
            let name = file.file_name().and_then(|name| name.to_str());
            name.is_some_and(|name| name.ends_with(".test.mjs") && wanted(name))
        })
        .collect()
}

/// The tests that drive browsers from Node, so many files at once.
pub fn node_tests(name: &'static str, files: &[PathBuf], at_once: u8) -> Tally {
    if files.is_empty() {
        step::say(&format!("{name} tests: FAILED, there is none"));
        return Tally::failed();
    }
    let tap = project::notes().join(format!("{name}.tap"));
    let _ = fs::remove_file(&tap);
    let mut node = project::command("node");
    node.arg("--test")
        .arg(format!("--test-concurrency={at_once}"))
        .args(["--test-reporter=spec", "--test-reporter-destination=stdout"])
        .arg("--test-reporter=tap")
        .arg(format!("--test-reporter-destination={}", tap.display()))
        .args(files);
    name_tools(&mut node);
    let record = Record::of(name);
    runner(&format!("{name} tests"), &mut node, |_| {
        let tap = fs::read_to_string(&tap).unwrap_or_default();
        record.keep(&record::of_tap(&tap));
        summary::of_tap(&tap)
    })
}

/// Tells a Node program where the browsers are, and this program, which starts brokers.
pub fn name_tools(node: &mut Command) {
    node.env("WEBMQTT_ROOT", project::root())
        .env("WEBMQTT_XTASK", env::current_exe().unwrap_or_default())
        .env("WEBMQTT_CHROMIUM", browsers::chromium().unwrap_or_default())
        .env("WEBMQTT_FIREFOX", browsers::firefox().unwrap_or_default())
        .env("WEBMQTT_WEBKIT", browsers::webkit().unwrap_or_default())
        .env(
            "WEBMQTT_WEBKIT_DRIVER",
            browsers::webkit_driver().unwrap_or_default(),
        )
        .env(
            "WEBMQTT_CARGO_DENY",
            project::cargo_deny_folder().join("bin/cargo-deny"),
        )
        .env("WEBMQTT_COUNTER", counter::binary())
        .env("WEBMQTT_BROKERS", brokers::list_json());
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn tests_in_a_page_have_begun_unless_the_browser_did_not_come_up() {
        let compiled = "     Running tests/web_driver.rs (target/deps/web_driver-1.wasm)\n";
        let started =
            format!("{compiled}Running headless tests in Chrome on `http://127.0.0.1:1/`\n");
        let refused = format!("{started}Error: http://127.0.0.1:1/session: session not created\n");
        assert!(!has_begun_in_a_page(&refused));
        let late = format!("{compiled}Error: driver failed to bind port during startup\n");
        assert!(!has_begun_in_a_page(&late));
        assert!(has_begun_in_a_page("error[E0425]: cannot find value\n"));
        let half = format!("{started}running 14 tests\ntest a ... ok\n");
        assert!(has_begun_in_a_page(&half));
    }
}
