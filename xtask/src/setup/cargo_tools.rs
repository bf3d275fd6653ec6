//! Tools that come from crates, each built once into a folder of the tool cache; rustfmt with clippy; and the oldest Rust
//! that the crate promises to compile with.

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

pub const CARGO_DENY: CargoTool = CargoTool {
    package: "cargo-deny",
    version: project::CARGO_DENY,
    binaries: &["cargo-deny"],
    folder: project::cargo_deny_folder,
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

/// As `Cargo.toml` names it.
fn oldest_rust() -> Option<String> {
    let manifest = std::fs::read_to_string(project::root().join("Cargo.toml")).ok()?;
    let line = manifest
        .lines()
        .find_map(|line| line.strip_prefix("rust-version = "))?;
    Some(line.trim_matches('"').to_owned())
}

pub fn find_oldest_rust() -> Result<Found, String> {
    let name = oldest_rust().ok_or("Cargo.toml names no rust-version")?;
    project::output_of(project::command("rustup").args(["run", &name, "rustc", "--version"]))
        .and_then(|text| first_version(&text))
        .map(|version| Found {
            version,
            place: format!("rustup's toolchain {name}"),
        })
        .ok_or_else(|| format!("no Rust {name}"))
}

pub fn provide_oldest_rust(step: &Step) -> Result<(), Failure> {
    let name = oldest_rust().unwrap_or_default();
    step.tell(&format!(
        "adding Rust {name}, the oldest that the crate compiles with"
    ));
    let mut rustup = project::command("rustup");
    rustup.args(["toolchain", "install", &name, "--profile", "minimal"]);
    step.run(&mut rustup).map_err(|failure| Failure {
        sentence: format!(
            "Rust {name} cannot be had: run `rustup toolchain install {name}` by hand to see why."
        ),
        ..failure
    })
}
