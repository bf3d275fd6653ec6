//! Where things are: the project's folder, the tool cache, the pinned versions; and how a child process is started.
//!
//! Knows nothing of what the commands do.

use std::env;
use std::ffi::{OsStr, OsString};
use std::path::{Path, PathBuf};
use std::process::Command;
use std::sync::LazyLock;

/// The version in the lock files; the command-line tool has to be the same.
pub const WASM_BINDGEN: &str = "0.2.130";
pub const WASM_PACK: &str = "0.15.1";
pub const CARGO_DENY: &str = "0.20.2";
pub const HIVEMQ: &str = "2025.5";
pub const RUMQTTD: &str = "0.20.0";
pub const WASM_TARGET: &str = "wasm32-unknown-unknown";

/// The project's folder.
pub fn root() -> &'static Path {
    static ROOT: LazyLock<PathBuf> = LazyLock::new(|| {
        let compiled = Path::new(env!("CARGO_MANIFEST_DIR")).parent();
        compiled.map_or_else(|| PathBuf::from("."), Path::to_path_buf)
    });
    &ROOT
}

/// Tools that every clone on this machine shares, each in a folder with its version in the name.
pub fn cache() -> &'static Path {
    static CACHE: LazyLock<PathBuf> = LazyLock::new(|| {
        let base = env::var_os("XDG_CACHE_HOME")
            .filter(|value| Path::new(value).is_absolute())
            .map(PathBuf::from)
            .or_else(|| env::var_os("HOME").map(|home| Path::new(&home).join(".cache")));
        base.unwrap_or_else(|| root().join("target/cache"))
            .join("webmqtt")
    });
    &CACHE
}

/// Cargo's target folder.
pub fn target() -> &'static Path {
    static TARGET: LazyLock<PathBuf> = LazyLock::new(|| {
        env::var_os("CARGO_TARGET_DIR")
            .map_or_else(|| root().join("target"), |folder| root().join(folder))
    });
    &TARGET
}

/// What the commands here remember: stamps, logs, the size report's files.
pub fn notes() -> PathBuf {
    root().join("target/xtask")
}

/// A tool from `node_modules`.
pub fn node_tool(name: &str) -> PathBuf {
    root().join("node_modules/.bin").join(name)
}

pub fn wasm_bindgen_folder() -> PathBuf {
    cache().join(format!("wasm-bindgen-{WASM_BINDGEN}"))
}

pub fn wasm_pack_folder() -> PathBuf {
    cache().join(format!("wasm-pack-{WASM_PACK}"))
}

pub fn cargo_deny_folder() -> PathBuf {
    cache().join(format!("cargo-deny-{CARGO_DENY}"))
}

pub fn hivemq_folder() -> PathBuf {
    cache().join(format!("hivemq-{HIVEMQ}"))
}

pub fn rumqttd_folder() -> PathBuf {
    cache().join(format!("rumqttd-{RUMQTTD}"))
}

/// Registries fail now and then: whoever asks one asks again, unless the environment says how often.
const WHEN_A_REGISTRY_FAILS: [(&str, &str); 3] = [
    ("CARGO_NET_RETRY", "10"),
    ("npm_config_fetch_retries", "5"),
    // Nobody reads what it would say, and it asks for that, too.
    ("npm_config_update_notifier", "false"),
];

/// A command that runs in the project's folder, free of what `cargo run` adds to the environment:
/// `CARGO_PKG_*` would make build scripts run again, the library path would reach other programs.
pub fn command(program: impl AsRef<OsStr>) -> Command {
    let mut command = Command::new(program);
    command.current_dir(root());
    for (name, value) in WHEN_A_REGISTRY_FAILS {
        if env::var_os(name).is_none() {
            command.env(name, value);
        }
    }
    for (name, value) in env::vars_os() {
        let Some(text) = name.to_str() else { continue };
        let by_cargo_run = text.starts_with("CARGO_PKG_")
            || text.starts_with("CARGO_MANIFEST_")
            || matches!(text, "CARGO" | "CARGO_CRATE_NAME" | "CARGO_BIN_NAME");
        if by_cargo_run || text == "RUST_BACKTRACE" || text == "RUST_RECURSION_COUNT" {
            command.env_remove(&name);
        } else if text == "LD_LIBRARY_PATH" {
            command.env(&name, library_path_of_the_user(&value));
        }
    }
    command
}

fn library_path_of_the_user(value: &OsStr) -> OsString {
    let kept = env::split_paths(value)
        .filter(|path| !path.starts_with(target()))
        .filter(|path| {
            !path
                .components()
                .any(|part| part.as_os_str() == "toolchains")
        });
    env::join_paths(kept).unwrap_or_default()
}

/// `PATH` with these folders in front.
pub fn path_with(folders: &[PathBuf]) -> OsString {
    let old = env::var_os("PATH").unwrap_or_default();
    let all = folders.iter().cloned().chain(env::split_paths(&old));
    env::join_paths(all).unwrap_or(old)
}

/// The full path of a program on `PATH` or in the folders where Debian keeps daemons.
pub fn program(name: &str) -> Option<PathBuf> {
    let path = env::var_os("PATH").unwrap_or_default();
    env::split_paths(&path)
        .chain(["/usr/sbin", "/usr/local/sbin", "/sbin"].map(PathBuf::from))
        .map(|folder| folder.join(name))
        .find(|file| file.is_file())
}

/// What a command prints, trimmed; nothing when it cannot be started or fails.
pub fn output_of(command: &mut Command) -> Option<String> {
    let output = command.output().ok()?;
    let text = String::from_utf8_lossy(&output.stdout).trim().to_owned();
    (output.status.success() && !text.is_empty()).then_some(text)
}

pub fn is_root() -> bool {
    rustix::process::geteuid().is_root()
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn the_lock_files_have_the_version_of_the_command_line_tool() {
        let package = format!("name = \"wasm-bindgen\"\nversion = \"{WASM_BINDGEN}\"\n");
        for lock in ["Cargo.lock", "examples/yew/Cargo.lock"] {
            let text = std::fs::read_to_string(root().join(lock)).expect("a lock file");
            assert!(text.contains(&package), "{lock}");
        }
    }
}
