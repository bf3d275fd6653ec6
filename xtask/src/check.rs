//! `cargo xtask check` and `fix`: format, lint and types, in every language here.

use std::process::Command;

use crate::bench::native;
use crate::brokers::embedded;
use crate::build;
use crate::counter;
use crate::docs;
use crate::examples;
use crate::fuzz;
use crate::project::{self, WASM_TARGET};
use crate::setup::wasm_target::{self, Toolchain};
use crate::setup::{self, Need, rumqttd};
use crate::step::{self, Done, Failure, Plan, Step};
use crate::summary::Tally;

/// One check: its name, what it needs, its command.
struct Check {
    name: &'static str,
    needs: &'static [Need],
    command: Command,
}

/// `cargo xtask check`.
pub fn run() -> Result<(), Failure> {
    let needs = [&Need::FOR_BUILD[..], &[Need::RustComponents]].concat();
    setup::provide(&needs)?;
    {
        // The page's types are checked against the package's.
        let _lock = build::lock()?;
        let mut plan = Plan::default();
        build::add_to(&mut plan, build::Extent::CodeAndTypes);
        plan.run()?;
    }
    let tally = all();
    println!("{tally}");
    if tally.failed > 0 {
        return Err(Failure::new(
            "a check failed: `cargo xtask fix` mends format and simple lint, the rest is named above.",
        ));
    }
    Ok(())
}

/// `cargo xtask fix`.
pub fn fix() -> Result<(), Failure> {
    setup::provide(&[Need::Node, Need::NodeModules, Need::RustComponents])?;
    step::one("fix", |step| {
        step.run(&mut cargo(&["fmt", "--all"]))?;
        step.run(&mut of_demo_broker(&["fmt"]))?;
        step.run(&mut counter::cargo(&["fmt"]))?;
        step.run(cargo(&["fmt"]).args(["--manifest-path", fuzz::MANIFEST]))?;
        step.run(cargo(&["fmt"]).args(["--manifest-path", native::MANIFEST]))?;
        step.run(cargo(&["fmt"]).args(["--manifest-path", rumqttd::MANIFEST]))?;
        step.run(
            project::command("rustfmt")
                .args(["--edition", "2024"])
                .args(examples::programs()),
        )?;
        step.run(project::command(project::node_tool("biome")).args([
            "check",
            "--write",
            "--error-on-warnings",
        ]))?;
        step.run(project::command("node").arg("docs/check/errors.mjs"))?;
        Ok(Done::Worked)
    })
    .map(|_| ())
}

/// Every check, each counted as one test.
pub fn all() -> Tally {
    let mut tally = Tally::default();
    for mut check in checks() {
        if let Some(why) = check.needs.iter().find_map(|need| setup::reason(*need)) {
            tally.skip(check.name, &why);
            continue;
        }
        let result = step::one(check.name, |step: &Step| {
            step.run(&mut check.command).map(|()| Done::Worked)
        });
        match result {
            Ok(_) => tally.passed += 1,
            Err(failure) => {
                eprintln!("{}", failure.output);
                tally.failed += 1;
            }
        }
    }
    tally
}

fn checks() -> Vec<Check> {
    const RUST: &[Need] = &[Need::RustComponents];
    const NODE: &[Need] = &[Need::NodeModules];
    let check = |name, needs, command| Check {
        name,
        needs,
        command,
    };
    let mut checks = vec![
        check("rustfmt", RUST, cargo(&["fmt", "--all", "--check"])),
        check(
            "rustfmt demo-broker",
            RUST,
            of_demo_broker(&["fmt", "--check"]),
        ),
        check(
            "clippy",
            RUST,
            cargo(&[
                "clippy",
                "--workspace",
                "--all-targets",
                "--features",
                "webmqtt/scram",
                "--",
                "-D",
                "warnings",
            ]),
        ),
        check("clippy demo-broker", RUST, clippy_of_demo_broker()),
        check("rustfmt rumqttd", RUST, {
            let mut rustfmt = cargo(&["fmt", "--check"]);
            rustfmt.args(["--manifest-path", rumqttd::MANIFEST]);
            rustfmt
        }),
        check("rustfmt counter", RUST, counter::cargo(&["fmt", "--check"])),
        check("clippy counter", RUST, counter::clippy()),
        check("rustfmt of the codecs' benchmark", RUST, native::rustfmt()),
        check("clippy of the codecs' benchmark", RUST, native::clippy()),
        check("rustfmt fuzz", RUST, {
            let mut rustfmt = cargo(&["fmt", "--check"]);
            rustfmt.args(["--manifest-path", fuzz::MANIFEST]);
            rustfmt
        }),
        check("rustfmt examples", RUST, {
            let mut rustfmt = project::command("rustfmt");
            rustfmt.args(["--edition", "2024", "--check"]);
            rustfmt.args(examples::programs());
            rustfmt
        }),
        check("clippy fuzz", RUST, fuzz::clippy()),
        check(
            "clippy wasm32",
            RUST,
            clippy_for_wasm(&["--features", "js"]),
        ),
        // What a Rust application gets is not in there.
        check("clippy wasm32 client", RUST, clippy_for_wasm(&[])),
        check("reference of the crate", &[], docs::of_crate()),
        check("biome", NODE, {
            let mut biome = project::command(project::node_tool("biome"));
            biome.args(["ci", "--error-on-warnings", "--colors=off"]);
            biome
        }),
    ];
    for (name, project_file) in [
        ("types of the package", "pkg/tsconfig.json"),
        ("types of the page", "www/tsconfig.json"),
        ("types of the browser tests", "tests/browser/tsconfig.json"),
        ("types of the benchmark", "bench/tsconfig.json"),
    ] {
        if project::root().join(project_file).is_file() {
            let mut tsc = project::command(project::node_tool("tsc"));
            tsc.args(["--project", project_file, "--noEmit"]);
            // A project that only makes declarations says so in its file.
            if project_file.starts_with("pkg") {
                tsc.args(["--emitDeclarationOnly", "false", "--declaration", "false"]);
            }
            checks.push(check(name, NODE, tsc));
        }
    }
    for (name, arguments) in [
        ("types of the guide", &["docs/check/examples.mjs"][..]),
        ("errors in the guide", &["docs/check/errors.mjs", "--check"]),
        ("links of the guide", &["docs/check/links.mjs"]),
    ] {
        let mut node = project::command("node");
        node.args(arguments);
        checks.push(check(name, NODE, node));
    }
    checks
}

fn cargo(arguments: &[&str]) -> Command {
    let mut command = project::command("cargo");
    command.args(arguments);
    command
}

fn of_demo_broker(arguments: &[&str]) -> Command {
    let mut command = cargo(&arguments[..1]);
    command
        .args(["--manifest-path", embedded::MANIFEST])
        .args(&arguments[1..]);
    command
}

fn clippy_of_demo_broker() -> Command {
    let mut command = of_demo_broker(&["clippy"]);
    command
        .arg("--all-targets")
        .arg("--target-dir")
        .arg(embedded::folder())
        .args(["--", "-D", "warnings"]);
    command
}

/// Debian's toolchain has no clippy, so there the compiler's own warnings have to do.
fn clippy_for_wasm(features: &[&str]) -> Command {
    let debian = matches!(wasm_target::current(), Some(Toolchain::Debian(_)));
    let mut command = wasm_target::wasm_command("cargo");
    command
        .arg(if debian { "check" } else { "clippy" })
        .args(["--package", "webmqtt", "--lib", "--target", WASM_TARGET])
        .args(features);
    if debian {
        command.env("RUSTFLAGS", "-D warnings");
    } else {
        command.args(["--", "-D", "warnings"]);
    }
    command
}
