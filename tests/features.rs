//! What a Rust application gets of this crate with the features that it can want: none of the npm package's engine.

use std::process::Command;

/// The packages and features that a page gets.
fn tree(features: &str) -> String {
    let output = Command::new(env!("CARGO"))
        .args(["tree", "--locked", "--package", "webmqtt"])
        .args(["--target", "wasm32-unknown-unknown"])
        .args(["--edges", "normal,features", "--format", "{p} {f}"])
        .args(["--features", features])
        .current_dir(env!("CARGO_MANIFEST_DIR"))
        .output()
        .unwrap();
    assert!(
        output.status.success(),
        "{}",
        String::from_utf8_lossy(&output.stderr)
    );
    String::from_utf8(output.stdout).unwrap()
}

/// `js` replaces the allocator and exports the engine's functions. Without it there is no such code: `src/js` is the
/// feature's.
#[test]
fn no_other_feature_brings_the_engine_of_the_npm_package() {
    let without = tree("client,store,scram");
    assert!(without.contains("futures-core"), "{without}");
    assert!(!without.contains("talc"), "{without}");
    let own = without.lines().next().unwrap();
    let features: Vec<_> = own.rsplit(' ').next().unwrap().split(',').collect();
    assert_eq!(features, ["client", "default", "scram", "store"], "{own}");
    assert!(
        tree("js").contains("talc"),
        "the engine's allocator has another name"
    );
}
