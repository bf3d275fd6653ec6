//! `cargo xtask bench`: the package, other MQTT clients and bare WebSocket code side by side in a browser, against a real
//! broker; and the suite that shows that it works. What is measured, and how, is in `bench`.

mod mqtt5_wasm;
pub mod native;

use std::path::{Path, PathBuf};

use crate::build::{self, Extent};
use crate::node_packages;
use crate::project;
use crate::setup::{self, Need};
use crate::step::{self, Failure, Plan};
use crate::summary::Tally;
use crate::test;

/// The driver, the pages, and a manifest and a lock file with the peers.
const FOLDER: &str = "bench";

/// What the command line asks for.
#[derive(Default)]
pub struct Options {
    /// The codec next to others, without a browser.
    pub native: bool,
    /// With `native`, the counts become those that the tests compare with; else the documents get the result.
    pub write: bool,
    pub quick: bool,
    /// The clients run in dedicated workers.
    pub worker: bool,
    pub browser: Option<String>,
    pub rounds: Option<u32>,
    /// Beginnings of the rows' names.
    pub rows: Vec<String>,
    /// Who takes part besides the floor.
    pub peers: Vec<String>,
    pub out: Option<PathBuf>,
}

impl Options {
    /// Whether nothing is left out or changed.
    fn is_whole(&self) -> bool {
        !self.quick
            && !self.worker
            && self.browser.is_none()
            && self.rounds.is_none()
            && self.rows.is_empty()
            && self.peers.is_empty()
    }
}

/// `cargo xtask bench`.
pub fn run(options: &Options) -> Result<(), Failure> {
    if options.native {
        return native::run(options.write);
    }
    if options.write && !options.is_whole() {
        return Err(Failure::new(
            "the documents get the whole benchmark in Chromium: leave out the other flags.",
        ));
    }
    let browser = match options.browser.as_deref() {
        None | Some("chromium") => Need::Chromium,
        Some("firefox") => Need::Firefox,
        Some(other) => {
            return Err(Failure::new(format!(
                "the benchmark runs in chromium or firefox, not in `{other}`."
            )));
        }
    };
    setup::provide(&[&Need::FOR_BUILD[..], &[browser, Need::Debian13]].concat())?;
    if let Some(why) = setup::reason(browser) {
        return Err(Failure::new(why));
    }
    {
        let _lock = build::lock()?;
        let mut plan = Plan::default();
        build::add_to(&mut plan, Extent::Code);
        plan.run()?;
    }
    if let Some(why) = node_packages::provide(FOLDER)? {
        return Err(Failure::new(why));
    }
    let wanted = |name: &str| options.peers.is_empty() || options.peers.iter().any(|p| p == name);
    let without = if wanted("mqtt5_wasm") {
        mqtt5_wasm::provide()
    } else {
        Some("not asked for".to_owned())
    };
    let mut node = project::command("node");
    node.arg(Path::new(FOLDER).join("run.mjs"));
    let flags = [
        ("--quick", options.quick),
        ("--worker", options.worker),
        ("--write", options.write),
    ];
    for (flag, is_set) in flags {
        if is_set {
            node.arg(flag);
        }
    }
    let named = [
        ("--browser", options.browser.clone()),
        ("--rounds", options.rounds.map(|rounds| rounds.to_string())),
    ];
    for (flag, value) in named {
        node.args(value.map(|value| format!("{flag}={value}")));
    }
    node.args(options.rows.iter().map(|row| format!("--only={row}")));
    node.args(options.peers.iter().map(|peer| format!("--peer={peer}")));
    let out = options
        .out
        .clone()
        .unwrap_or_else(|| project::root().join("target/bench.json"));
    node.arg("--out")
        .arg(std::path::absolute(&out).unwrap_or(out));
    test::name_tools(&mut node);
    match without {
        Some(why) => node.env("WEBMQTT_BENCH_NO_MQTT5_WASM", why),
        None => node.env("WEBMQTT_BENCH_MQTT5_WASM", mqtt5_wasm::folder()),
    };
    step::say("bench");
    let status = node
        .status()
        .map_err(|error| Failure::io("starting Node.js", &error))?;
    if status.success() {
        return Ok(());
    }
    Err(Failure::new("the benchmark did not come to its end."))
}

/// A very small run, of which only what does not depend on the machine is tested; and the codec's instructions.
pub fn suite() -> Tally {
    let mut tally = native::suite();
    tally += in_browser();
    tally
}

fn in_browser() -> Tally {
    if let Some(why) = setup::reason(Need::Debian13) {
        return Tally::skipped("bench tests", &why);
    }
    match node_packages::provide(FOLDER) {
        Ok(None) => test::in_chromium("bench", FOLDER, |_| true),
        Ok(Some(why)) => Tally::skipped("bench tests", &why),
        Err(failure) => {
            eprintln!("{}\n{}", failure.output, failure.sentence);
            Tally::failed()
        }
    }
}
