//! `cargo xtask www` and `cargo xtask screenshots`: the page as files for any server, and as pictures for the documents.

use std::path::{Path, PathBuf};
use std::time::Duration;

use crate::brokers::embedded;
use crate::build::{self, Extent};
use crate::demo;
use crate::ports;
use crate::process::{TemporaryFolder, Watch};
use crate::project;
use crate::serve::{self, Site};
use crate::setup::{self, Need};
use crate::step::{self, Done, Failure, Plan};

const BROKER_START: Duration = Duration::from_secs(120);

/// `cargo xtask www --out DIR`. What is in the folder besides stays.
pub fn write(out: &Path) -> Result<(), Failure> {
    setup::provide(&Need::FOR_BUILD)?;
    {
        let _lock = build::lock()?;
        let mut plan = Plan::default();
        build::add_to(&mut plan, Extent::Code);
        plan.run()?;
    }
    // A relative folder is meant from where the command was called, and node runs in the project's.
    let out = std::path::absolute(out).map_err(|error| Failure::io("finding --out", &error))?;
    step::one("page", |step| {
        let mut node = project::command("node");
        node.args(["www/build.mjs", "--out"]).arg(&out);
        step.run(&mut node).map(|()| Done::Worked)
    })?;
    step::say(&format!("the page is in {}", out.display()));
    Ok(())
}

/// `cargo xtask screenshots`: the main views, into `docs`.
pub fn screenshots() -> Result<(), Failure> {
    setup::provide(&[&Need::FOR_DEMO[..], &[Need::Chromium]].concat())?;
    {
        let _lock = build::lock()?;
        let mut plan = Plan::default();
        build::add_to(&mut plan, Extent::Code);
        demo::add_to(&mut plan);
        plan.run()?;
    }
    let mut watch = Watch::new()?;
    let broker_port = ports::port_or_free(0)?;
    let folder = TemporaryFolder::new("screenshots")?;
    let mut broker = embedded::start(broker_port, true, folder.path().join("broker.log"))?;
    if !broker.until_ready(&mut watch, broker_port, "/mqtt", &[], BROKER_START)? {
        return Ok(());
    }
    let port = serve::start(
        Site {
            folder: demo::page_folder(),
            security_policy: demo::security_policy(),
            demo: format!("{{\"url\":\"ws://127.0.0.1:{broker_port}/mqtt\"}}"),
        },
        0,
    )?;
    let taken = step::one("screenshots", |step| {
        let mut node = project::command("node");
        node.args(["www/screenshots.mjs", "--page"])
            .arg(format!("http://127.0.0.1:{port}/"))
            .arg("--out")
            .arg(pictures())
            .env(
                "WEBMQTT_CHROMIUM",
                setup::browsers::chromium().unwrap_or_default(),
            );
        step.run(&mut node).map(|()| Done::Worked)
    });
    broker.stop();
    taken.map(|_| ())
}

fn pictures() -> PathBuf {
    project::root().join("docs")
}
