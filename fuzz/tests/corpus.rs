//! Every file of the corpus, once more: what was found stays found.

use std::fs;
use std::panic;
use std::path::Path;
use std::sync::Mutex;

use webmqtt_fuzz::TARGETS;

/// Work is counted for the whole process.
static ALONE: Mutex<()> = Mutex::new(());

fn replay(target: &str, at_least: usize) {
    let _alone = ALONE.lock();
    let (name, run) = TARGETS
        .into_iter()
        .find(|(name, _)| *name == target)
        .expect("a target of this name");
    let folder = Path::new(env!("CARGO_MANIFEST_DIR"))
        .join("corpus")
        .join(name);
    let mut files: Vec<_> = fs::read_dir(&folder)
        .expect("a corpus")
        .map(|entry| entry.expect("a file").path())
        .collect();
    files.sort();
    assert!(files.len() >= at_least, "only {} files", files.len());
    for file in files {
        let data = fs::read(&file).expect("a readable file");
        if panic::catch_unwind(|| run(&data)).is_err() {
            panic!("{} fails", file.display());
        }
    }
}

#[test]
fn frames_of_the_corpus() {
    replay("frame", 200);
}

#[test]
fn property_lists_of_the_corpus() {
    replay("properties", 40);
}

#[test]
fn packets_of_the_corpus() {
    replay("packet", 200);
}

#[test]
fn structured_packets_of_the_corpus() {
    replay("structured", 150);
}

#[test]
fn topics_of_the_corpus() {
    replay("topic", 10);
}

#[test]
fn sessions_of_the_corpus() {
    replay("session", 150);
}

#[test]
fn stored_sessions_of_the_corpus() {
    replay("stored", 100);
}

#[test]
fn every_target_has_a_program() {
    for (name, _) in TARGETS {
        let program = format!("fuzz_targets/{name}.rs");
        let file = Path::new(env!("CARGO_MANIFEST_DIR")).join(program);
        assert!(file.is_file(), "{}", file.display());
    }
}
