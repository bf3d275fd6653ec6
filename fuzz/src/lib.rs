//! Hostile input: what each fuzz target does with bytes, in one place.
//!
//! libFuzzer's programs (`fuzz_targets/`), the replay of the corpus (`tests/corpus.rs`) and the bounded run of the
//! project's tests all call the functions in [`TARGETS`]. A target panics if the code under test panics, breaks one
//! of its promises, or asks for more memory or work than the input justifies ([`meter`]).

pub mod frame;
pub mod meter;
pub mod packet;
pub mod properties;
pub mod session;
pub mod stored;
pub mod structured;
pub mod topic;

use webmqtt::codec::{Sender, Version};

/// What a target does with an input.
pub type Run = fn(&[u8]);

/// Every target by its name, which is also that of its program and of its corpus.
pub const TARGETS: [(&str, Run); 7] = [
    ("frame", frame::run),
    ("properties", properties::run),
    ("packet", packet::run),
    ("structured", structured::run),
    ("topic", topic::run),
    ("session", session::run),
    ("stored", stored::run),
];

const VERSIONS: [Version; 3] = [Version::V3, Version::V4, Version::V5];
const SENDERS: [Sender; 2] = [Sender::Client, Sender::Server];
