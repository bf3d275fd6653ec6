//! `cargo xtask interop`: which broker does what, as a table that a run writes; and the suite that runs the quick part of it
//! against what the table says.

use std::env;

use crate::brokers;
use crate::build::{self, Extent};
use crate::demo;
use crate::project;
use crate::setup::{self, Need, browsers};
use crate::step::{Failure, Plan};
use crate::summary::Tally;
use crate::test;

/// Whose brokers are examined.
pub enum Whose {
    /// Those that can be started here; all, or these.
    Ours(Vec<brokers::Kind>),
    /// Those of the compose file, at their ports.
    Running,
    /// One somewhere else.
    At(Address),
}

pub struct Address {
    pub url: String,
    pub name: String,
    /// If the broker does not tell it itself.
    pub version: Option<String>,
    pub username: Option<String>,
    /// The environment variable that has it.
    pub password_env: Option<String>,
}

/// What examining takes; the brokers besides.
const NEEDS: [Need; 1] = [Need::Chromium];

pub fn needs() -> Vec<Need> {
    let mut needs = NEEDS.to_vec();
    needs.extend([Need::Debian13, Need::HiveMq, Need::Rumqttd]);
    needs
}

/// Examines them, prints what was found and writes it into the documents.
pub fn run(whose: &Whose) -> Result<(), Failure> {
    let mut all = NEEDS.to_vec();
    all.extend(Need::FOR_BUILD);
    if let Whose::Ours(kinds) = whose {
        let kinds = if kinds.is_empty() {
            &brokers::Kind::ALL[..]
        } else {
            kinds
        };
        all.extend(kinds.iter().filter_map(|kind| kind.need()));
    }
    setup::provide(&all)?;
    if let Some(why) = setup::reason(Need::Chromium) {
        return Err(Failure::new(format!("no browser to run in: {why}")));
    }
    {
        let _lock = build::lock()?;
        let mut plan = Plan::default();
        build::add_to(&mut plan, Extent::Code);
        demo::add_to(&mut plan);
        plan.run()?;
    }
    let mut node = project::command("node");
    node.arg("tests/browser/interop/run.mjs")
        .env("WEBMQTT_ROOT", project::root())
        .env("WEBMQTT_XTASK", env::current_exe().unwrap_or_default())
        .env("WEBMQTT_CHROMIUM", browsers::chromium().unwrap_or_default())
        .env("WEBMQTT_BROKERS", brokers::list_json());
    match whose {
        Whose::Ours(kinds) => {
            for kind in kinds {
                node.args(["--only", kind.name()]);
            }
        }
        Whose::Running => {
            node.arg("--running");
        }
        Whose::At(address) => {
            node.args(["--url", &address.url, "--name", &address.name]);
            for (option, value) in [
                ("--broker-version", &address.version),
                ("--username", &address.username),
                ("--password-env", &address.password_env),
            ] {
                if let Some(value) = value {
                    node.args([option, value]);
                }
            }
        }
    }
    let status = node
        .status()
        .map_err(|error| Failure::io("starting node", &error))?;
    if status.success() {
        return Ok(());
    }
    Err(Failure::new(
        "the brokers could not be examined; see above.",
    ))
}

/// Whether a file of browser tests belongs to the suite.
pub fn is_one_of(file: &str) -> bool {
    file.starts_with("interop")
}

pub fn suite() -> Tally {
    test::in_chromium("interop", test::BROWSER_TESTS, is_one_of)
}
