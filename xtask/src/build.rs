//! `cargo xtask build`: the npm package. WebAssembly with its glue into `pkg/wasm`, and from there, with the TypeScript
//! facade, into `pkg/dist`, which is what users get.
//!
//! The flags of the build are here and nowhere else.

use std::fs;
use std::path::PathBuf;

use crate::glue;
use crate::project::{self, WASM_TARGET};
use crate::setup::{self, Need, wasm_target};
use crate::stamp::{Inputs, Stamp};
use crate::step::{self, Done, Failure, Plan, Step};

/// The features of the package's engine.
const FEATURES: [&str; 3] = ["--no-default-features", "--features", "js"];

/// What every supported browser has (Chrome 96, Firefox 100, Safari 16.4) and rustc uses.
const WASM_FEATURES: [&str; 6] = [
    "--enable-bulk-memory",
    "--enable-multivalue",
    "--enable-mutable-globals",
    "--enable-nontrapping-float-to-int",
    "--enable-reference-types",
    "--enable-sign-ext",
];

/// For size after compression: that is smaller where functions with one caller stay functions, alike in their locals.
const OPTIMISED: [&str; 9] = [
    "-Oz",
    "--converge",
    "--one-caller-inline-max-function-size",
    "0",
    "--always-inline-max-function-size",
    "5",
    // The first KiB is the far end of the stack.
    "--low-memory-unused",
    "--skip-pass=local-cse",
    // Hints that processors of today do not need.
    "--dealign",
];

/// What no browser reads.
const STRIPPED: [&str; 3] = [
    "--strip-debug",
    "--strip-producers",
    "--strip-target-features",
];

/// The same floor, for esbuild.
pub const BROWSERS: &str = "--target=chrome96,firefox100,safari16.4";

/// How much of the package is wanted.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Extent {
    /// What a page loads.
    Code,
    /// And the declarations that TypeScript users read.
    CodeAndTypes,
}

/// `cargo xtask build`.
pub fn run() -> Result<(), Failure> {
    setup::provide(&Need::FOR_BUILD)?;
    let _lock = lock()?;
    let mut plan = Plan::default();
    add_to(&mut plan, Extent::CodeAndTypes);
    plan.run()?;
    say_what_was_built();
    Ok(())
}

/// Two builds at once would write the same files.
pub fn lock() -> Result<fs::File, Failure> {
    setup::lock_file(&project::notes().join("build.lock"), "another build")
}

/// Adds the package's build to a plan, after those needs that are in the plan too.
pub fn add_to(plan: &mut Plan<'_>, extent: Extent) {
    plan.add(
        "package: compile",
        &["wasm-target", "wasm-bindgen", "wasm-pack"],
        |step| {
            let stamp = wasm_stamp();
            if stamp.is_current(&wasm_files()) {
                return Ok(Done::UpToDate);
            }
            stamp.clear();
            compile(step)?;
            Ok(Done::Worked)
        },
    );
    plan.add(
        "package: wasm-opt",
        &["package: compile", "node-modules"],
        |step| {
            let stamp = wasm_stamp();
            if stamp.is_current(&wasm_files()) {
                return Ok(Done::UpToDate);
            }
            optimise(step)?;
            stamp.set();
            Ok(Done::Worked)
        },
    );
    plan.add(
        "package: facade",
        &["package: wasm-opt", "node-modules"],
        bundle,
    );
    if extent == Extent::CodeAndTypes {
        plan.add(
            "package: types",
            &["package: compile", "node-modules"],
            declare,
        );
    }
}

/// Compiles ahead, without the tools that come later: what takes longest on a bare machine starts first.
pub fn compile_ahead(step: &Step) -> Result<Done, Failure> {
    if wasm_stamp().is_current(&wasm_files()) {
        return Ok(Done::UpToDate);
    }
    step.run(&mut cargo_build())?;
    Ok(Done::Worked)
}

fn folder() -> PathBuf {
    project::root().join("pkg/wasm")
}

/// The package's entries, each of which is one file. `index` imports `slim`, so that a page that uses both has one
/// client.
const ENTRIES: [&str; 5] = ["index", "slim", "payload", "scram", "sigv4"];

/// The entry that has everything inside, the module too.
const WHOLE: &str = "base64";

/// The module, beside the script that looks for it.
const MODULE: &str = "pkg/dist/webmqtt_bg.wasm";

fn facade_files() -> Vec<PathBuf> {
    ENTRIES
        .into_iter()
        .chain([WHOLE])
        .map(|name| project::root().join(format!("pkg/dist/{name}.js")))
        .chain([project::root().join(MODULE)])
        .collect()
}

fn wasm_files() -> Vec<PathBuf> {
    ["webmqtt.js", "webmqtt.d.ts", "webmqtt_bg.wasm"]
        .iter()
        .map(|name| folder().join(name))
        .collect()
}

fn wasm_stamp() -> Stamp {
    Inputs::default()
        .paths(&["Cargo.toml", "Cargo.lock", "src", "package-lock.json"])
        .paths(&["xtask/src/glue.rs"])
        .word(&FEATURES.join(" "))
        .word(&WASM_FEATURES.join(" "))
        .word(&OPTIMISED.join(" "))
        .word(&STRIPPED.join(" "))
        .word(project::WASM_BINDGEN)
        .word(&wasm_target::rustc_version())
        .stamp("wasm")
}

fn cargo_build() -> std::process::Command {
    let mut cargo = wasm_target::wasm_command("cargo");
    cargo
        .args(["build", "--package", "webmqtt", "--lib", "--release"])
        .args(["--target", WASM_TARGET])
        .args(FEATURES);
    cargo
}

/// Through wasm-pack where it is; else the two commands that it runs, which give the same files.
fn compile(step: &Step) -> Result<(), Failure> {
    let folder = folder();
    if folder.exists() {
        fs::remove_dir_all(&folder).map_err(|error| Failure::io("emptying pkg/wasm", &error))?;
    }
    if Need::WasmPack.find().is_ok() {
        let mut pack = wasm_target::wasm_command("wasm-pack");
        pack.args(["build", "--target", "web", "--no-pack", "--no-opt"])
            .args(["--mode", "no-install", "--out-dir", "pkg/wasm", "--release"])
            .arg("--")
            .args(FEATURES);
        step.run(&mut pack)?;
        // It hides the folder from npm, too.
        let _ = fs::remove_file(folder.join(".gitignore"));
        return Ok(());
    }
    step.run(&mut cargo_build())?;
    let compiled = project::target()
        .join(WASM_TARGET)
        .join("release/webmqtt.wasm");
    let mut bindgen = wasm_target::wasm_command("wasm-bindgen");
    bindgen
        .arg(compiled)
        .arg("--out-dir")
        .arg(&folder)
        .args(["--target", "web", "--typescript"]);
    step.run(&mut bindgen)
}

fn optimise(step: &Step) -> Result<(), Failure> {
    let file = folder().join("webmqtt_bg.wasm");
    let smaller = project::notes().join("webmqtt_bg.opt.wasm");
    let wasm_opt = || project::command(project::node_tool("wasm-opt"));
    let mut command = wasm_opt();
    command.args(OPTIMISED).args(STRIPPED).args(WASM_FEATURES);
    step.run(command.arg(&file).arg("-o").arg(&smaller))?;

    // Apart from the rest, which runs more than once to converge.
    let mut command = wasm_opt();
    command
        .arg("--minify-imports-and-exports-and-modules")
        .args(WASM_FEATURES);
    let printed = step.output(command.arg(&smaller).arg("-o").arg(&file))?;
    let script = folder().join("webmqtt.js");
    let failed = |error| Failure::io("writing pkg/wasm", &error);
    let long = fs::read_to_string(&script).map_err(failed)?;
    let short = glue::rename(&long, &printed)
        .and_then(|glue| glue::without_address(&glue))
        .map_err(|what| {
            Failure::new(format!(
                "wasm-bindgen's glue has changed its shape, {what} is not in it: mend xtask/src/glue.rs."
            ))
        })?;
    fs::write(&script, short).map_err(failed)
}

fn bundle(step: &Step) -> Result<Done, Failure> {
    let output = facade_files();
    let stamp = Inputs::default()
        .paths(&["pkg/src", "pkg/wasm", "package-lock.json"])
        .paths(&["xtask/src/build.rs"])
        .word(BROWSERS)
        .stamp("facade");
    if stamp.is_current(&output) {
        return Ok(Done::UpToDate);
    }
    stamp.clear();
    let esbuild = || {
        let mut esbuild = project::command(project::node_tool("esbuild"));
        esbuild
            .args(["--bundle", "--format=esm", "--platform=browser"])
            .arg(BROWSERS)
            .args(["--sourcemap", "--log-level=warning"])
            .arg("--outdir=pkg/dist");
        esbuild
    };
    let source = |name| format!("pkg/src/{name}.ts");
    step.run(
        esbuild()
            .args(ENTRIES.map(source))
            .arg("--external:./slim.js"),
    )?;
    step.run(esbuild().arg(source(WHOLE)).arg("--loader:.wasm=base64"))?;
    for (from, to) in [
        ("pkg/wasm/webmqtt_bg.wasm", MODULE),
        // npm takes nothing from outside of the package's folder.
        ("LICENSE-APACHE", "pkg/LICENSE-APACHE"),
        ("LICENSE-MIT", "pkg/LICENSE-MIT"),
    ] {
        fs::copy(project::root().join(from), project::root().join(to))
            .map_err(|error| Failure::io(&format!("copying {from}"), &error))?;
    }
    stamp.set();
    Ok(Done::Worked)
}

fn declare(step: &Step) -> Result<Done, Failure> {
    let output = project::root().join("pkg/dist/index.d.ts");
    let stamp = Inputs::default()
        .paths(&["pkg/src", "pkg/tsconfig.json", "package-lock.json"])
        .path(&folder().join("webmqtt.d.ts"))
        .stamp("types");
    if stamp.is_current(std::slice::from_ref(&output)) {
        return Ok(Done::UpToDate);
    }
    stamp.clear();
    let mut tsc = project::command(project::node_tool("tsc"));
    tsc.args(["--project", "pkg/tsconfig.json", "--noEmit", "false"])
        .args(["--declaration", "--emitDeclarationOnly"])
        .args(["--outDir", "pkg/dist"]);
    step.run(&mut tsc)?;
    stamp.set();
    Ok(Done::Worked)
}

/// Says what the build made, and how large it is.
fn say_what_was_built() {
    for file in wasm_files().into_iter().chain(facade_files()) {
        let bytes = fs::metadata(&file).map_or(0, |meta| meta.len());
        let name = file.strip_prefix(project::root()).unwrap_or(&file);
        step::say(&format!("{bytes:>9} bytes  {}", name.display()));
    }
}
