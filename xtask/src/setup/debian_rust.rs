//! Debian's Rust compiler as the toolchain for WebAssembly, for machines where rustup cannot download the target.
//!
//! Debian has no standard library for it, so that is built once from Debian's sources. Nothing in `/usr` and no setting
//! of rustup changes: a folder in the tool cache has a compiler whose sysroot is links to Debian's plus that library.

use std::fs;
use std::io;
use std::os::unix::fs::{PermissionsExt as _, symlink};
use std::path::{Path, PathBuf};

use super::{apt, first_version};
use crate::project::{self, WASM_TARGET};
use crate::step::{Failure, Step};

const PACKAGES: [&str; 5] = [
    "rustc-web",
    "cargo-web",
    "rust-web-src",
    "rust-web-llvm",
    "lld-22",
];
const RUSTC: &str = "/usr/bin/rustc";
const CARGO: &str = "/usr/bin/cargo";
const RUSTLIB: &str = "/usr/lib/rustlib";

/// The toolchain's folder, when it is complete.
pub fn ready() -> Option<PathBuf> {
    let folder = folder()?;
    folder.join("complete").is_file().then_some(folder)
}

fn folder() -> Option<PathBuf> {
    let text = project::output_of(project::command(RUSTC).arg("--version"))?;
    Some(project::cache().join(format!("debian-rust-{}", first_version(&text)?)))
}

pub fn provide(step: &Step) -> Result<(), Failure> {
    apt::install(step, &PACKAGES)?;
    let folder = folder().ok_or_else(|| {
        Failure::new(
            "Debian's /usr/bin/rustc does not run; reinstall the package rustc-web and try again.",
        )
    })?;
    let library = lay_out(&folder)
        .map_err(|error| Failure::io(&format!("making {}", folder.display()), &error))?;

    step.tell("building the standard library for WebAssembly from Debian's sources, once");
    let build = folder.join("build");
    // The library is built by a compiler that is allowed what only nightly ones are, and only here.
    let mut cargo = project::command(folder.join("bin/cargo"));
    cargo
        .current_dir(folder.join("empty"))
        .args(["build", "--release", "--target", WASM_TARGET])
        .arg("-Zbuild-std=std,panic_abort,panic_unwind,test")
        .arg("--target-dir")
        .arg(&build)
        .env("RUSTC_BOOTSTRAP", "1")
        .env_remove("RUSTUP_TOOLCHAIN");
    step.run(&mut cargo)?;
    keep_libraries(&build, &library)
        .and_then(|()| fs::remove_dir_all(&build))
        .and_then(|()| fs::write(folder.join("complete"), ""))
        .map_err(|error| Failure::io("keeping the standard library", &error))
}

/// Makes the folder's `bin` and `sysroot`; returns where the target's libraries go.
fn lay_out(folder: &Path) -> io::Result<PathBuf> {
    if folder.exists() {
        fs::remove_dir_all(folder)?;
    }
    let rustlib = folder.join("sysroot/lib/rustlib");
    let library = rustlib.join(WASM_TARGET).join("lib");
    fs::create_dir_all(&library)?;
    for entry in fs::read_dir(RUSTLIB)?.flatten() {
        if entry.file_name() != WASM_TARGET {
            symlink(entry.path(), rustlib.join(entry.file_name()))?;
        }
    }
    let bin = folder.join("bin");
    fs::create_dir_all(&bin)?;
    let at = folder.display();
    script(
        &bin.join("rustc"),
        &format!("exec {RUSTC} --sysroot '{at}/sysroot' \"$@\""),
    )?;
    script(
        &bin.join("cargo"),
        &format!("RUSTC='{at}/bin/rustc' exec {CARGO} \"$@\""),
    )?;
    let empty = folder.join("empty");
    fs::create_dir_all(empty.join("src"))?;
    fs::write(empty.join("src/lib.rs"), "")?;
    fs::write(
        empty.join("Cargo.toml"),
        "[package]\nname = \"empty\"\nversion = \"0.0.0\"\nedition = \"2024\"\n\n[workspace]\n",
    )?;
    Ok(library)
}

fn script(path: &Path, line: &str) -> io::Result<()> {
    fs::write(path, format!("#!/bin/sh\n{line}\n"))?;
    fs::set_permissions(path, fs::Permissions::from_mode(0o755))
}

fn keep_libraries(build: &Path, library: &Path) -> io::Result<()> {
    for entry in fs::read_dir(build.join(WASM_TARGET).join("release/deps"))? {
        let path = entry?.path();
        let name = path.file_name().unwrap_or_default().to_string_lossy();
        if name.ends_with(".rlib") && !name.starts_with("libempty") {
            fs::copy(&path, library.join(&*name))?;
        }
    }
    Ok(())
}
