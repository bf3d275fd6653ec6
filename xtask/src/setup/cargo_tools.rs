//! Tools that come from crates, each built once into a folder of the tool cache; and rustfmt with clippy.

use std::path::PathBuf;

use super::{Found, first_version};
use crate::project;
use crate::step::{Failure, Step};

/// A crate with binaries.
pub struct CargoTool {
    package: &'static str,
    version: &'static str,
    binaries: &'static [&'static str],
    folder: fn() -> PathBuf,
}

pub const WASM_BINDGEN: CargoTool = CargoTool {
    package: "wasm-bindgen-cli",
    version: project::WASM_BINDGEN,
    binaries: &["wasm-bindgen", "wasm-bindgen-test-runner"],
    folder: project::wasm_bindgen_folder,
};

pub const WASM_PACK: CargoTool = CargoTool {
    package: "wasm-pack",
    version: project::WASM_PACK,
    binaries: &["wasm-pack"],
    folder: project::wasm_pack_folder,
};

impl CargoTool {
    pub fn find(&self) -> Result<Found, String> {
        let bin = (self.folder)().join("bin");
        match self.binaries.iter().find(|name| !bin.join(name).is_file()) {
            Some(name) => Err(format!("no {name} {} in the tool cache", self.version)),
            None => Ok(Found {
                version: self.version.to_owned(),
                place: bin.display().to_string(),
            }),
        }
    }

    pub fn provide(&self, step: &Step) -> Result<(), Failure> {
        step.tell(&format!(
            "building {} {} from its crate; this takes some minutes, once per machine",
            self.package, self.version
        ));
        let mut install = project::command("cargo");
        install
            .args(["install", self.package, "--version", self.version])
            .arg("--root")
            .arg((self.folder)())
            // Its own folder, so that it neither waits for nor fills the project's.
            .env("CARGO_TARGET_DIR", (self.folder)().join("build"));
        for binary in self.binaries {
            install.args(["--bin", binary]);
        }
        step.run(&mut install)?;
        let _ = std::fs::remove_dir_all((self.folder)().join("build"));
        Ok(())
    }
}

pub fn find_components() -> Result<Found, String> {
    let version = |tool: &str| {
        project::output_of(project::command("cargo").args([tool, "--version"]))
            .and_then(|text| first_version(&text))
            .ok_or_else(|| format!("no cargo {tool}"))
    };
    let rustfmt = version("fmt")?;
    let clippy = version("clippy")?;
    Ok(Found {
        version: clippy,
        place: format!("with the toolchain, rustfmt {rustfmt}"),
    })
}

pub fn provide_components(step: &Step) -> Result<(), Failure> {
    step.tell("adding rustfmt and clippy to the Rust toolchain");
    step.run(project::command("rustup").args(["component", "add", "rustfmt", "clippy"]))
        .map_err(|failure| Failure {
            sentence: "rustfmt and clippy cannot be had: run `rustup component add rustfmt clippy` by hand to see why."
                .to_owned(),
            ..failure
        })
}
