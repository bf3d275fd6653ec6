//! `cargo xtask demo`: the page and the embedded broker, from nothing to a printed address.

use std::fs;
use std::path::PathBuf;
use std::process::Stdio;
use std::time::Duration;

use crate::brokers::embedded;
use crate::build::{self, Extent};
use crate::ports;
use crate::process::{Ended, TemporaryFolder, Watch};
use crate::project;
use crate::serve::{self, Site};
use crate::setup::{self, Need};
use crate::stamp::Inputs;
use crate::step::{self, Done, Failure, Plan, Step};

const BROKER_START: Duration = Duration::from_secs(120);

/// What the command line asks for.
pub struct Options {
    pub port: u16,
    pub broker_port: u16,
    pub open: bool,
}

/// `cargo xtask demo`.
pub fn run(options: &Options) -> Result<(), Failure> {
    // Known before ten minutes of building, not after.
    for (port, flag) in [
        (options.port, "--port"),
        (options.broker_port, "--broker-port"),
    ] {
        if port != 0 && ports::is_taken(port) {
            return Err(Failure::new(format!(
                "port {port} is in use: choose another with {flag}, or 0 for any free one."
            )));
        }
    }
    prepare()?;

    let mut watch = Watch::new()?;
    let broker_port = ports::port_or_free(options.broker_port)?;
    let folder = TemporaryFolder::new("demo")?;
    let mut broker = embedded::start(broker_port, true, folder.path().join("broker.log"))?;
    if !broker.until_ready(&mut watch, broker_port, "/mqtt", &[], BROKER_START)? {
        return Ok(());
    }
    let broker_url = format!("ws://127.0.0.1:{broker_port}/mqtt");
    let port = serve::start(
        Site {
            folder: page_folder(),
            security_policy: security_policy(),
            demo: format!("{{\"url\":\"{broker_url}\"}}"),
        },
        options.port,
    )?;
    let address = format!("http://127.0.0.1:{port}/");
    step::say(&format!(
        "the broker with simulated sensors is at {broker_url}"
    ));
    step::say(&format!("the page is at {address} (Ctrl-C stops both)"));
    println!("READY {address}");
    if options.open {
        open_browser(&address);
    }
    match watch.wait(&mut broker) {
        Ended::Asked => {
            broker.stop();
            step::say("stopped");
            Ok(())
        }
        Ended::ByItself => Err(Failure {
            sentence: "the embedded broker ended by itself; its last words are above, run `cargo xtask demo` to start again."
                .to_owned(),
            output: broker.last_words(),
        }),
    }
}

/// Sets up and builds what the demo needs, side by side.
fn prepare() -> Result<(), Failure> {
    let _setup = setup::lock()?;
    let _build = build::lock()?;
    let mut plan = Plan::default();
    setup::add_to(&mut plan, &Need::FOR_DEMO);
    add_to(&mut plan);
    // While wasm-bindgen itself is still being built.
    if Need::WasmBindgen.find().is_err() {
        plan.add(
            "package: compile ahead",
            &["wasm-target"],
            build::compile_ahead,
        );
    }
    build::add_to(&mut plan, Extent::Code);
    plan.run()
}

/// Adds the broker and the page to a plan that builds the package.
pub fn add_to(plan: &mut Plan<'_>) {
    plan.add("embedded broker", &[], embedded::build);
    plan.add("page", &["package: wasm-opt", "package: facade"], page);
}

/// The built page.
pub fn page_folder() -> PathBuf {
    project::root().join("target/www")
}

fn page(step: &Step) -> Result<Done, Failure> {
    let stamp = Inputs::default()
        .paths(&["www", "pkg/dist/index.js", "pkg/dist/slim.js"])
        .paths(&[
            "pkg/dist/scram.js",
            "pkg/dist/held.js",
            "pkg/dist/inspect.js",
        ])
        .paths(&["pkg/dist/store_module.js", "pkg/dist/webmqtt_bg.wasm"])
        .paths(&["pkg/dist/webmqtt_store_bg.wasm", "package-lock.json"])
        .stamp("page");
    if stamp.is_current(&[page_folder().join("index.html")]) {
        return Ok(Done::UpToDate);
    }
    stamp.clear();
    let mut node = project::command("node");
    node.args(["www/build.mjs", "--out"]).arg(page_folder());
    step.run(&mut node)?;
    stamp.set();
    Ok(Done::Worked)
}

/// The header says what the page's meta element says, and what only a header can say.
pub fn security_policy() -> Option<String> {
    let text = fs::read_to_string(project::root().join("www/csp.txt")).ok()?;
    let line = text.split_whitespace().collect::<Vec<_>>().join(" ");
    (!line.is_empty()).then_some(line)
}

fn open_browser(address: &str) {
    let browser = project::program("xdg-open").or_else(setup::browsers::chromium);
    let opened = browser.map(|browser| {
        project::command(browser)
            .arg(address)
            .stdin(Stdio::null())
            .stdout(Stdio::null())
            .stderr(Stdio::null())
            .spawn()
    });
    if !matches!(opened, Some(Ok(_))) {
        step::say("no browser to open it with was found");
    }
}
