//! rumqttd: a small program of ours with that broker's crate, built once into a folder of the tool cache.

use std::fs;
use std::path::PathBuf;

use super::Found;
use crate::project;
use crate::stamp::{Inputs, Stamp};
use crate::step::{Failure, Step};

pub const MANIFEST: &str = "tests/brokers/rumqttd/Cargo.toml";
const BINARY: &str = "webmqtt-rumqttd";

pub fn binary() -> PathBuf {
    project::rumqttd_folder().join(BINARY)
}

fn stamp() -> Stamp {
    Inputs::default()
        .paths(&[
            "tests/brokers/rumqttd/src",
            MANIFEST,
            "tests/brokers/rumqttd/Cargo.lock",
        ])
        .stamp("rumqttd")
        .kept_in(project::rumqttd_folder().join("stamp"))
}

pub fn find() -> Result<Found, String> {
    if stamp().is_current(&[binary()]) {
        return Ok(Found {
            version: project::RUMQTTD.to_owned(),
            place: binary().display().to_string(),
        });
    }
    Err(format!("no rumqttd {} in the tool cache", project::RUMQTTD))
}

pub fn provide(step: &Step) -> Result<(), Failure> {
    step.tell("building rumqttd from its crate; this takes some minutes, once per machine");
    let folder = project::rumqttd_folder();
    let build = folder.join("build");
    step.run(
        project::command("cargo")
            .args([
                "build",
                "--locked",
                "--manifest-path",
                MANIFEST,
                "--target-dir",
            ])
            .arg(&build),
    )?;
    // A copy and a new name: one that runs cannot be written to.
    let part = folder.join("part");
    fs::copy(build.join("debug").join(BINARY), &part)
        .and_then(|_| fs::rename(&part, binary()))
        .map_err(|error| Failure::io("keeping rumqttd", &error))?;
    stamp().set();
    let _ = fs::remove_dir_all(build);
    Ok(())
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn the_manifest_has_the_version_that_is_told() {
        let text = fs::read_to_string(project::root().join(MANIFEST)).expect("the manifest");
        assert!(text.contains(&format!("rumqttd = \"={}\"", project::RUMQTTD)));
    }
}
