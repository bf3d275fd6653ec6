//! The peer mqtt5-wasm, which is had only as a crate: built once per machine into the tool cache.

use std::fs;
use std::path::PathBuf;

use crate::project::{self, WASM_BINDGEN, WASM_TARGET};
use crate::setup::wasm_target;
use crate::step::{self, Done, Failure, Step};

/// A package of its own that takes the crate in, with its version and a lock file.
const PACKAGE: &str = "bench/mqtt5-wasm";
const VERSION: &str = "2.1.9";
const NAME: &str = "mqtt5_wasm";

/// Where the script and the module are.
pub fn folder() -> PathBuf {
    project::cache().join(format!("mqtt5-wasm-{VERSION}-bindgen-{WASM_BINDGEN}"))
}

fn is_there() -> bool {
    [format!("{NAME}.js"), format!("{NAME}_bg.wasm")]
        .iter()
        .all(|file| folder().join(file).is_file())
}

/// Builds it if need be; gives the reason if it cannot be built here.
pub fn provide() -> Option<String> {
    let built = step::one("mqtt5-wasm", |step| {
        if is_there() {
            return Ok(Done::UpToDate);
        }
        step.tell(&format!(
            "building mqtt5-wasm {VERSION} from its crate; this takes some minutes, once per machine"
        ));
        build(step)?;
        Ok(Done::Worked)
    });
    built.err().map(|failure| failure.sentence)
}

/// Into another folder first: half of it must not look like the whole.
fn build(step: &Step) -> Result<(), Failure> {
    let part = folder().with_extension("part");
    let target = part.join("target");
    let mut cargo = wasm_target::wasm_command("cargo");
    cargo
        .args(["build", "--release", "--locked", "--target", WASM_TARGET])
        .arg("--manifest-path")
        .arg(project::root().join(PACKAGE).join("Cargo.toml"))
        .arg("--target-dir")
        .arg(&target);
    step.run(&mut cargo)?;
    let mut bindgen = wasm_target::wasm_command("wasm-bindgen");
    bindgen
        .arg(
            target
                .join(WASM_TARGET)
                .join("release/bench_mqtt5_wasm.wasm"),
        )
        .args(["--target", "web", "--no-typescript", "--out-name", NAME])
        .arg("--out-dir")
        .arg(&part);
    step.run(&mut bindgen)?;
    let module = part.join(format!("{NAME}_bg.wasm"));
    let mut optimise = project::command(project::node_tool("wasm-opt"));
    optimise.arg("-Oz").arg(&module).arg("-o").arg(&module);
    step.run(&mut optimise)?;
    let finish = || {
        fs::remove_dir_all(&target)?;
        fs::rename(&part, folder())
    };
    finish().map_err(|error| Failure::io("keeping mqtt5-wasm in the tool cache", &error))
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn the_package_has_the_versions_of_the_crate_and_of_the_tool() {
        let manifest = project::root().join(PACKAGE).join("Cargo.toml");
        let text = fs::read_to_string(manifest).expect("the package");
        assert!(text.contains(&format!("mqtt5-wasm = \"={VERSION}\"")));
        assert!(text.contains(&format!("wasm-bindgen = \"={WASM_BINDGEN}\"")));
    }
}
