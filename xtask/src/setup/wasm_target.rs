//! The Rust toolchain that compiles to WebAssembly: the usual one with its target, else Debian's.

use std::env;
use std::path::{Path, PathBuf};
use std::process::Command;
use std::sync::Mutex;

use super::{Found, debian_rust, first_version};
use crate::project::{self, WASM_TARGET};
use crate::step::{Failure, Step, locked};

/// Which toolchain compiles to WebAssembly.
#[derive(Debug, Clone, PartialEq, Eq)]
pub enum Toolchain {
    /// The one that cargo uses for everything else.
    Usual,
    /// Debian's compiler in a folder of the tool cache, with the standard library built there.
    Debian(PathBuf),
}

/// `WEBMQTT_WASM_TOOLCHAIN=debian` asks for Debian's toolchain where the usual one would do.
fn debian_is_asked_for() -> bool {
    env::var("WEBMQTT_WASM_TOOLCHAIN").is_ok_and(|value| value == "debian")
}

/// The toolchain that is ready to use.
pub fn current() -> Option<Toolchain> {
    static KNOWN: Mutex<Option<Toolchain>> = Mutex::new(None);
    let mut known = locked(&KNOWN);
    if known.is_none() {
        let usual = !debian_is_asked_for() && usual_sysroot().is_some();
        *known = if usual {
            Some(Toolchain::Usual)
        } else {
            debian_rust::ready().map(Toolchain::Debian)
        };
    }
    known.clone()
}

/// The usual compiler's folder, if it has the target's standard library.
fn usual_sysroot() -> Option<PathBuf> {
    let sysroot = project::output_of(project::command("rustc").args(["--print", "sysroot"]))?;
    let library = Path::new(&sysroot)
        .join("lib/rustlib")
        .join(WASM_TARGET)
        .join("lib");
    library.is_dir().then(|| PathBuf::from(sysroot))
}

pub fn find() -> Result<Found, String> {
    match current() {
        Some(Toolchain::Usual) => Ok(Found {
            version: first_version(&rustc_version()).unwrap_or_default(),
            place: usual_sysroot().unwrap_or_default().display().to_string(),
        }),
        Some(Toolchain::Debian(folder)) => Ok(Found {
            version: first_version(&rustc_version()).unwrap_or_default(),
            place: folder.display().to_string(),
        }),
        None => Err(format!("no standard library for {WASM_TARGET}")),
    }
}

/// The version of the compiler that [`wasm_command`] uses.
pub fn rustc_version() -> String {
    project::output_of(wasm_command("rustc").arg("--version")).unwrap_or_default()
}

pub fn provide(step: &Step) -> Result<(), Failure> {
    if !debian_is_asked_for() && project::program("rustup").is_some() {
        step.tell(&format!(
            "adding the target {WASM_TARGET} to the Rust toolchain with rustup"
        ));
        let (added, _) =
            step.attempt(project::command("rustup").args(["target", "add", WASM_TARGET]))?;
        if added && usual_sysroot().is_some() {
            return Ok(());
        }
        step.tell("rustup cannot download it; taking Debian's toolchain instead");
    }
    debian_rust::provide(step)
}

/// A command for the WebAssembly side: `cargo`, `rustc` and the pinned tools are found first.
pub fn wasm_command(program: &str) -> Command {
    let mut folders = vec![
        project::wasm_bindgen_folder().join("bin"),
        project::wasm_pack_folder().join("bin"),
        project::root().join("node_modules/.bin"),
    ];
    let debian = match current() {
        Some(Toolchain::Debian(folder)) => Some(folder.join("bin")),
        _ => None,
    };
    folders.extend(debian.clone());
    let own = folders
        .iter()
        .map(|folder| folder.join(program))
        .find(|file| file.is_file());
    let mut command = match own {
        Some(file) => project::command(file),
        None => project::command(program),
    };
    command.env("PATH", project::path_with(&folders));
    if debian.is_some() {
        command.env_remove("RUSTUP_TOOLCHAIN");
    }
    command
}
