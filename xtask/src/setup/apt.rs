//! Debian packages: the only thing that setup installs outside the project's folder and the tool caches,
//! so it says so before it does.

use std::path::Path;
use std::process::Command;
use std::sync::Mutex;

use crate::project;
use crate::step::{Failure, Step, locked};

/// apt has a lock of its own, but answers a second caller with an error.
static ONE_AT_A_TIME: Mutex<()> = Mutex::new(());

/// A server may fail, and the machine itself may be installing something.
pub const PATIENT: [&str; 4] = ["-o", "Acquire::Retries=5", "-o", "DPkg::Lock::Timeout=300"];

/// The installed version of a package, on this machine or in a folder with a Debian in it; without what Debian adds.
pub fn version(package: &str, inside: Option<&Path>) -> Option<String> {
    let mut query = project::command("dpkg-query");
    if let Some(root) = inside {
        query.arg(format!("--admindir={}/var/lib/dpkg", root.display()));
    }
    let text = project::output_of(query.args([
        "--show",
        "--showformat=${db:Status-Status} ${Version}",
        package,
    ]))?;
    let full = text.strip_prefix("installed ")?;
    let upstream = full.split_once(':').map_or(full, |(_, rest)| rest);
    Some(upstream.split(['-', '+']).next()?.to_owned())
}

/// Installs those packages that are missing.
pub fn install(step: &Step, packages: &[&str]) -> Result<(), Failure> {
    let _guard = locked(&ONE_AT_A_TIME);
    let missing: Vec<&str> = packages
        .iter()
        .copied()
        .filter(|package| version(package, None).is_none())
        .collect();
    if missing.is_empty() {
        return Ok(());
    }
    let list = missing.join(" ");
    if project::program("apt-get").is_none() {
        return Err(Failure::new(format!(
            "this machine has no apt-get: install {list} with its own package manager and try again."
        )));
    }
    if !project::is_root() {
        return Err(Failure::new(format!(
            "Debian packages are missing: run `sudo apt-get install --no-install-recommends {list}` and try again."
        )));
    }
    step.tell(&format!("installing Debian packages: {list}"));
    if step.attempt(&mut install_command(&missing))?.0 {
        return Ok(());
    }
    // Most often the package lists are old or absent.
    step.fetch(apt_get().arg("update"))?;
    step.fetch(&mut install_command(&missing)).map_err(|failure| Failure {
        sentence: format!(
            "Debian's packages {list} cannot be installed here; run `apt-get install {list}` by hand to see why."
        ),
        ..failure
    })
}

/// As [`install`], for a package that Debian also enables as a system service.
pub fn install_daemon(step: &Step, package: &str) -> Result<(), Failure> {
    if Path::new("/run/systemd/system").is_dir() {
        step.tell(&format!(
            "Debian starts {package} as a service of this machine too; the tests do not need that: `systemctl disable --now {package}` ends it"
        ));
    }
    install(step, &[package])
}

fn install_command(packages: &[&str]) -> Command {
    let mut command = apt_get();
    command
        .args(["install", "--yes", "--no-install-recommends"])
        .args(packages);
    command
}

fn apt_get() -> Command {
    let mut command = project::command("apt-get");
    command
        .env("DEBIAN_FRONTEND", "noninteractive")
        .args(PATIENT);
    command
}
