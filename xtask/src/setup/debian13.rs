//! A Debian 13 in a folder of the tool cache, for its brokers: Debian 12's are old, and its Mosquitto crawls with
//! packets above 4 KB.

use std::fs;
use std::os::unix::fs::PermissionsExt as _;
use std::path::{Path, PathBuf};
use std::process::Command;
use std::time::Duration;

use super::{Found, apt};
use crate::process;
use crate::project;
use crate::step::{Failure, Step};

const PACKAGES: [&str; 2] = ["mosquitto", "rabbitmq-server"];
/// Before a server that failed is asked again.
const PAUSE: Duration = Duration::from_secs(3);

/// The folder.
pub fn folder() -> PathBuf {
    project::cache().join("debian-13")
}

pub fn find() -> Result<Found, String> {
    let folder = folder();
    let versions: Vec<String> = PACKAGES
        .iter()
        .filter_map(|package| {
            apt::version(package, Some(&folder)).map(|version| format!("{package} {version}"))
        })
        .collect();
    if versions.len() < PACKAGES.len() {
        return Err("no Debian 13 with its brokers in the tool cache".to_owned());
    }
    Ok(Found {
        version: versions.join(", "),
        place: folder.display().to_string(),
    })
}

pub fn provide(step: &Step) -> Result<(), Failure> {
    if !project::is_root() {
        return Err(Failure::new(
            "a Debian 13 folder can only be made by root: run `sudo -E cargo xtask setup --only debian-13`.",
        ));
    }
    apt::install(step, &["debootstrap"])?;
    let folder = folder();
    let part = folder.with_extension("part");
    empty(&folder)?;
    step.tell(&format!(
        "making a Debian 13 with Mosquitto and RabbitMQ in {} (0.5 GB)",
        folder.display()
    ));
    step.patiently(PAUSE, || {
        // What a failed one leaves behind is in the way of the next.
        empty(&part)?;
        step.run(
            project::command("debootstrap")
                .args(["--variant=minbase", "trixie"])
                .arg(&part),
        )
    })?;
    keep_services_down(&part).map_err(|error| Failure::io("writing policy-rc.d", &error))?;
    let patient = apt::PATIENT.join(" ");
    step.fetch(&mut inside(
        &part,
        &format!(
            "apt-get {patient} update\napt-get {patient} install --yes --no-install-recommends {}\napt-get clean",
            PACKAGES.join(" ")
        ),
    ))?;
    fs::rename(&part, &folder).map_err(|error| Failure::io("naming the finished folder", &error))
}

fn empty(folder: &Path) -> Result<(), Failure> {
    match fs::remove_dir_all(folder) {
        Err(error) if folder.exists() => Err(Failure::io(
            &format!("removing {}", folder.display()),
            &error,
        )),
        _ => Ok(()),
    }
}

/// A command inside, in a process namespace of its own: whatever a package starts ends with it.
fn inside(root: &Path, line: &str) -> Command {
    let mut command = process::contained(
        "mount -t proc proc \"$1/proc\"\nexec chroot \"$1\" sh -euc \"$2\"",
        &[&root.display().to_string(), line],
    );
    command.env("DEBIAN_FRONTEND", "noninteractive");
    command
}

/// Packages must not start their daemons when they are installed.
fn keep_services_down(root: &Path) -> std::io::Result<()> {
    let policy = root.join("usr/sbin/policy-rc.d");
    fs::write(&policy, "#!/bin/sh\nexit 101\n")?;
    fs::set_permissions(&policy, fs::Permissions::from_mode(0o755))
}
