//! Node packages that only one command needs: in a folder with a manifest and a lock file of its own, apart from the
//! project's.

use std::time::Duration;

use crate::project;
use crate::stamp::Inputs;
use crate::step::{self, Done, Failure};

/// Before a registry that failed is asked again.
const PAUSE: Duration = Duration::from_secs(3);

/// Installs the packages of a folder if need be; gives the reason if they cannot be had.
pub fn provide(folder: &str) -> Result<Option<String>, Failure> {
    let done = step::one(&format!("packages in {folder}"), |step| {
        let modules = project::root().join(folder).join("node_modules");
        // Kept inside `node_modules`, so that it goes when that goes.
        let stamp = Inputs::default()
            .paths(&[&format!("{folder}/package-lock.json")])
            .stamp("node-packages")
            .kept_in(modules.join(".xtask-stamp"));
        if stamp.is_current(&[modules]) {
            return Ok(Done::UpToDate);
        }
        let mut npm = project::command("npm");
        npm.args(["ci", "--no-audit", "--no-fund", "--ignore-scripts"])
            .arg("--loglevel=error")
            .current_dir(project::root().join(folder));
        let mut unfit = None;
        let installed = step.patiently(PAUSE, || {
            let (installed, output) = step.attempt(&mut npm)?;
            // Two files that do not fit together are no fault of the machine.
            if output.contains("EUSAGE") {
                unfit = Some(output);
                return Ok(());
            }
            if installed {
                return Ok(());
            }
            let why = output.lines().find(|line| line.contains("error"));
            Err(Failure::new(format!(
                "`npm ci` in {folder} failed: {}",
                why.unwrap_or("it does not say why").trim()
            )))
        });
        if let Some(output) = unfit {
            return Err(Failure {
                sentence: format!("package-lock.json in {folder} does not fit package.json."),
                output,
            });
        }
        if let Err(failure) = installed {
            return Ok(Done::Without(failure.sentence));
        }
        stamp.set();
        Ok(Done::Worked)
    })?;
    Ok(match done {
        Done::Without(why) => Some(why),
        _ => None,
    })
}
