//! The Node packages of the suite `packaging`: bundlers and what reads a package as others do. They are apart from the
//! project's own, so that only this suite installs them.

use std::path::PathBuf;

use crate::project;
use crate::stamp::{Inputs, Stamp};
use crate::step::{self, Done, Failure};

/// Where the suite is, with a manifest and a lock file of its own.
pub const FOLDER: &str = "tests/packaging";

/// Installs the packages if need be; gives the reason if they cannot be had.
pub fn provide() -> Result<Option<String>, Failure> {
    let done = step::one("packages for packaging", |step| {
        let stamp = stamp();
        if stamp.is_current(&[modules()]) {
            return Ok(Done::UpToDate);
        }
        let mut npm = project::command("npm");
        npm.args(["ci", "--no-audit", "--no-fund", "--ignore-scripts"])
            .arg("--loglevel=error")
            .current_dir(project::root().join(FOLDER));
        let (installed, output) = step.attempt(&mut npm)?;
        // Two files that do not fit together are no fault of the machine.
        if output.contains("EUSAGE") {
            return Err(Failure {
                sentence: format!("package-lock.json in {FOLDER} does not fit package.json."),
                output,
            });
        }
        if !installed {
            let why = output.lines().find(|line| line.contains("error"));
            return Ok(Done::Without(format!(
                "`npm ci` in {FOLDER} failed: {}",
                why.unwrap_or("it does not say why").trim()
            )));
        }
        stamp.set();
        Ok(Done::Worked)
    })?;
    Ok(match done {
        Done::Without(why) => Some(why),
        _ => None,
    })
}

fn modules() -> PathBuf {
    project::root().join(FOLDER).join("node_modules")
}

/// Kept inside `node_modules`, so that it goes when that goes.
fn stamp() -> Stamp {
    Inputs::default()
        .paths(&["tests/packaging/package-lock.json"])
        .stamp("packaging")
        .kept_in(modules().join(".xtask-stamp"))
}
