//! `cargo xtask build`: the npm package. WebAssembly with its glue into `pkg/wasm`, and from there, with the TypeScript
//! facade, into `pkg/dist`, which is what users get.
//!
//! The flags of the build are here and nowhere else.

use std::fs;
use std::path::PathBuf;

use crate::glue;
use crate::order;
use crate::project::{self, WASM_TARGET};
use crate::setup::{self, Need, wasm_target};
use crate::snip;
use crate::stamp::{Inputs, Stamp};
use crate::step::{self, Done, Failure, Plan, Step};

/// One of the package's engines.
#[derive(Debug, Clone, Copy)]
struct Engine {
    name: &'static str,
    features: &'static str,
}

impl Engine {
    /// Clients load the second one instead of the first if they keep their session in a store.
    const ALL: [Self; 2] = [
        Self {
            name: "webmqtt",
            features: "js",
        },
        Self {
            name: "webmqtt_store",
            features: "js,store",
        },
    ];

    fn script(self) -> PathBuf {
        folder().join(format!("{}.js", self.name))
    }

    fn types(self) -> PathBuf {
        folder().join(format!("{}.d.ts", self.name))
    }

    fn module(self) -> PathBuf {
        folder().join(format!("{}_bg.wasm", self.name))
    }

    /// The module beside the script that looks for it.
    fn published(self) -> PathBuf {
        project::root().join(format!("pkg/dist/{}_bg.wasm", self.name))
    }

    fn cargo_arguments(self) -> [&'static str; 3] {
        ["--no-default-features", "--features", self.features]
    }
}

/// What every supported browser has (Chrome 96, Firefox 100, Safari 16.4) and rustc uses.
const WASM_FEATURES: [&str; 6] = [
    "--enable-bulk-memory",
    "--enable-multivalue",
    "--enable-mutable-globals",
    "--enable-nontrapping-float-to-int",
    "--enable-reference-types",
    "--enable-sign-ext",
];

/// What LLVM does not do: its results are longer, or less alike, so that they compress to more.
const COMPILED: &str = "-Cllvm-args=-disable-lsr -Cllvm-args=-enable-pre=false \
                        -Cllvm-args=-simplifycfg-hoist-common=false -Cllvm-args=-disable-machine-cse";

/// Where Cargo looks for them.
const FLAGS: &str = "CARGO_TARGET_WASM32_UNKNOWN_UNKNOWN_RUSTFLAGS";

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
            for engine in Engine::ALL {
                optimise(step, engine)?;
            }
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
    for engine in Engine::ALL {
        step.run(&mut cargo_build(engine))?;
    }
    Ok(Done::Worked)
}

fn folder() -> PathBuf {
    project::root().join("pkg/wasm")
}

/// The package's entries, each of which is one file. `index` imports `slim`, so that a page that uses both has one
/// client.
const ENTRIES: [&str; 8] = [
    "index",
    "slim",
    "inspect",
    "payload",
    "scram",
    "sigv4",
    "held",
    "store_module",
];

/// Those that are imported only when a client asks for them.
const ON_DEMAND: [&str; 2] = ["held", "store_module"];

/// The entry that has the module inside.
const WHOLE: &str = "base64";

fn facade_files() -> Vec<PathBuf> {
    ENTRIES
        .into_iter()
        .chain([WHOLE])
        .map(|name| project::root().join(format!("pkg/dist/{name}.js")))
        .chain(Engine::ALL.map(Engine::published))
        .collect()
}

fn wasm_files() -> Vec<PathBuf> {
    Engine::ALL
        .into_iter()
        .flat_map(|engine| [engine.script(), engine.types(), engine.module()])
        .collect()
}

fn wasm_stamp() -> Stamp {
    Inputs::default()
        .paths(&["Cargo.toml", "Cargo.lock", "src", "package-lock.json"])
        .paths(&["xtask/src/glue.rs", "xtask/src/order.rs"])
        .paths(&["xtask/src/sections.rs", "xtask/src/snip.rs"])
        .word(&Engine::ALL.map(|engine| engine.features).join(" "))
        .word(&WASM_FEATURES.join(" "))
        .word(COMPILED)
        .word(&OPTIMISED.join(" "))
        .word(&STRIPPED.join(" "))
        .word(project::WASM_BINDGEN)
        .word(&wasm_target::rustc_version())
        .stamp("wasm")
}

fn cargo_build(engine: Engine) -> std::process::Command {
    let mut cargo = wasm_target::wasm_command("cargo");
    cargo
        .env(FLAGS, COMPILED)
        .args(["build", "--package", "webmqtt", "--lib", "--release"])
        .args(["--target", WASM_TARGET])
        .args(engine.cargo_arguments());
    cargo
}

/// Through wasm-pack where it is; else the two commands that it runs, which give the same files.
fn compile(step: &Step) -> Result<(), Failure> {
    let folder = folder();
    if folder.exists() {
        fs::remove_dir_all(&folder).map_err(|error| Failure::io("emptying pkg/wasm", &error))?;
    }
    for engine in Engine::ALL {
        compile_one(step, engine)?;
    }
    // It hides the folder from npm, too.
    let _ = fs::remove_file(folder.join(".gitignore"));
    Ok(())
}

fn compile_one(step: &Step, engine: Engine) -> Result<(), Failure> {
    if Need::WasmPack.find().is_ok() {
        let mut pack = wasm_target::wasm_command("wasm-pack");
        pack.env(FLAGS, COMPILED)
            .args(["build", "--target", "web", "--no-pack", "--no-opt"])
            .args(["--mode", "no-install", "--out-dir", "pkg/wasm", "--release"])
            .args(["--out-name", engine.name])
            .arg("--")
            .args(engine.cargo_arguments());
        return step.run(&mut pack);
    }
    step.run(&mut cargo_build(engine))?;
    let compiled = project::target()
        .join(WASM_TARGET)
        .join("release/webmqtt.wasm");
    let mut bindgen = wasm_target::wasm_command("wasm-bindgen");
    bindgen
        .arg(compiled)
        .arg("--out-dir")
        .arg(folder())
        .args(["--out-name", engine.name])
        .args(["--target", "web", "--typescript"]);
    step.run(&mut bindgen)
}

fn optimise(step: &Step, engine: Engine) -> Result<(), Failure> {
    let file = engine.module();
    let smaller = project::notes().join(format!("{}_bg.opt.wasm", engine.name));
    let failed = |error| Failure::io("writing pkg/wasm", &error);
    let compiled = fs::read(&file).map_err(failed)?;
    let snipped = snip::snip(&compiled, snip::is_for_panics)
        .and_then(|module| snip::hush(&module))
        .ok_or_else(|| {
            Failure::new("the module has changed its shape: mend xtask/src/snip.rs.".to_owned())
        })?;
    fs::write(&file, snipped).map_err(failed)?;
    let wasm_opt = || project::command(project::node_tool("wasm-opt"));
    let mut command = wasm_opt();
    command.args(OPTIMISED).args(STRIPPED).args(WASM_FEATURES);
    step.run(command.arg(&file).arg("-o").arg(&smaller))?;

    // Apart from the rest, which runs more than once to converge.
    let changed =
        || Failure::new("the module has changed its shape: mend xtask/src/order.rs.".to_owned());
    let small = fs::read(&smaller).map_err(failed)?;
    let named = order::name_in_order(&small).ok_or_else(changed)?;
    fs::write(&smaller, named).map_err(failed)?;
    let mut command = wasm_opt();
    command
        .arg("--reorder-functions-by-name")
        .arg("--minify-imports-and-exports-and-modules")
        .args(WASM_FEATURES);
    let printed = step.output(command.arg(&smaller).arg("-o").arg(&file))?;
    let script = engine.script();
    let long = fs::read_to_string(&script).map_err(failed)?;
    let short = glue::rename(&long, &printed)
        .and_then(|glue| glue::without_address(&glue))
        .and_then(|glue| glue::spare(&glue))
        .map(|glue| glue::shorten(&glue))
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
        .paths(&[
            "pkg/src",
            "pkg/wasm",
            "pkg/tsconfig.json",
            "package-lock.json",
        ])
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
    let external = |name| format!("--external:./{name}.js");
    step.run(
        esbuild()
            .args(ENTRIES.map(source))
            .args(["slim"].iter().chain(&ON_DEMAND).map(external)),
    )?;
    step.run(
        esbuild()
            .arg(source(WHOLE))
            .args(ON_DEMAND.iter().map(external))
            .arg("--loader:.wasm=base64"),
    )?;
    let copy = |from: PathBuf, to: PathBuf| {
        fs::copy(&from, to)
            .map_err(|error| Failure::io(&format!("copying {}", from.display()), &error))
    };
    for engine in Engine::ALL {
        copy(engine.module(), engine.published())?;
    }
    // npm takes nothing from outside of the package's folder.
    for license in ["LICENSE-APACHE", "LICENSE-MIT"] {
        let root = project::root();
        copy(root.join(license), root.join("pkg").join(license))?;
    }
    stamp.set();
    Ok(Done::Worked)
}

fn declare(step: &Step) -> Result<Done, Failure> {
    let output = project::root().join("pkg/dist/index.d.ts");
    let stamp = Inputs::default()
        .paths(&["pkg/src", "pkg/tsconfig.json", "package-lock.json"])
        .path(&Engine::ALL[0].types())
        .path(&Engine::ALL[1].types())
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
