//! The same bytes into three codecs: this one, and those of the crates `mqtt-protocol-core` and `mqtt5-protocol`.
//!
//! They must say the same, or the difference is in the table of `differential/explained.rs`: which statement of the
//! specification decides, and who is wrong. A difference without explanation fails, and so does an explanation that
//! nothing needs any more.

#[path = "codec_vectors/arbitrary.rs"]
mod arbitrary;
#[path = "differential/explained.rs"]
mod explained;
#[path = "differential/found.rs"]
mod found;
#[path = "differential/mqtt5_protocol.rs"]
mod mqtt5_protocol_peer;
#[path = "codec_vectors/notation.rs"]
#[allow(dead_code, reason = "each test takes what it needs")]
mod notation;
#[path = "differential/protocol_core.rs"]
mod protocol_core_peer;
#[path = "codec_vectors/tables.rs"]
#[allow(dead_code, reason = "each test takes what it needs")]
mod tables;

use std::cell::Cell;
use std::collections::{BTreeMap, HashSet};
use std::panic::catch_unwind;
use std::path::PathBuf;
use std::sync::{LazyLock, Once};

use explained::{Case, DIFFERENCES, Peer};
use found::{Verdict, body_of, type_of};
use proptest::collection::vec;
use proptest::strategy::{Strategy, ValueTree};
use proptest::test_runner::{Config, RngAlgorithm, TestRng, TestRunner};
use serde_json::Value;
use webmqtt::codec::Version;

const PEERS: [Peer; 2] = [Peer::ProtocolCore, Peer::Mqtt5Protocol];

const GENERATED: usize = 4_000;
const MUTATED: usize = 30_000;

/// The bytes that all codecs get, each with the version that the connection speaks. No frame occurs twice.
struct Inputs {
    seen: HashSet<(Version, Vec<u8>)>,
    frames: Vec<(Version, Vec<u8>)>,
}

impl Inputs {
    /// Only bytes that are one frame: who cuts the stream into frames is not the codec.
    fn add(&mut self, version: Version, bytes: Vec<u8>) -> bool {
        // MQTT 3.1 is ours alone; its packets are tried as those of 3.1.1.
        let version = version.max(Version::V4);
        let new = body_of(&bytes).is_some() && self.seen.insert((version, bytes.clone()));
        if new {
            self.frames.push((version, bytes));
        }
        new
    }
}

/// Always the same randomness.
fn runner() -> TestRunner {
    let rng = TestRng::deterministic_rng(RngAlgorithm::ChaCha);
    TestRunner::new_with_rng(Config::default(), rng)
}

static INPUTS: LazyLock<Inputs> = LazyLock::new(inputs);

fn inputs() -> Inputs {
    let mut inputs = Inputs {
        seen: HashSet::new(),
        frames: Vec::new(),
    };
    let mut count = |what: &str, frames: Vec<(Version, Vec<u8>)>| {
        let added = frames
            .into_iter()
            .filter(|(version, bytes)| inputs.add(*version, bytes.clone()))
            .count();
        println!("{what}: {added} frames");
    };
    let of_tables: Vec<_> = tables::cases()
        .into_iter()
        .map(|case| (case.version, case.bytes))
        .collect();
    count("tables", of_tables.clone());
    let public = public_vectors();
    count("public vectors", public.clone());

    let mut runner = runner();
    let strategy = arbitrary::ingredients();
    let generated: Vec<_> = (0..GENERATED)
        .map(|_| {
            let packet = strategy.new_tree(&mut runner).expect("a packet").current();
            (packet.version, packet.encoded())
        })
        .collect();
    count("generated", generated.clone());

    let originals: Vec<_> = of_tables.into_iter().chain(generated).collect();
    let changes = vec(arbitrary::change(), 1..4);
    let mutated = (0..MUTATED).map(|nth| {
        let (version, mut bytes) = originals[nth % originals.len()].clone();
        let changes = changes.new_tree(&mut runner).expect("changes").current();
        for change in &changes {
            arbitrary::apply(&mut bytes, change);
        }
        arbitrary::apply(&mut bytes, &arbitrary::Change::FixLength);
        (version, bytes)
    });
    count("mutated", mutated.collect());
    inputs
}

/// Packets of other projects' tests, if they are at hand.
fn public_vectors() -> Vec<(Version, Vec<u8>)> {
    let folder = std::env::var_os("WEBMQTT_VECTORS").map_or_else(
        || PathBuf::from(env!("CARGO_MANIFEST_DIR")).join("../shared/vectors"),
        PathBuf::from,
    );
    let Ok(folder) = std::fs::read_dir(folder) else {
        return Vec::new();
    };
    let mut paths: Vec<_> = folder.flatten().map(|entry| entry.path()).collect();
    paths.sort();
    let mut frames = Vec::new();
    for path in paths {
        if path.extension().is_none_or(|extension| extension != "json") {
            continue;
        }
        let text = std::fs::read_to_string(path).expect("a readable file");
        let cases: Vec<Value> = serde_json::from_str(&text).expect("a list of cases");
        for case in cases {
            let version = if case["version"] == 5 {
                Version::V5
            } else {
                Version::V4
            };
            let hex = case["hex"].as_str().expect("hex");
            frames.push((version, notation::packet(hex)));
        }
    }
    frames
}

thread_local! {
    /// Panics of other people's code are verdicts, and need no backtrace.
    static QUIET: Cell<bool> = const { Cell::new(false) };
}

fn caught(verdict: impl FnOnce() -> Verdict + std::panic::UnwindSafe) -> Verdict {
    static HOOK: Once = Once::new();
    HOOK.call_once(|| {
        let loud = std::panic::take_hook();
        std::panic::set_hook(Box::new(move |info| {
            if !QUIET.get() {
                loud(info);
            }
        }));
    });
    QUIET.set(true);
    let verdict = catch_unwind(verdict).unwrap_or(Verdict::Panicked);
    QUIET.set(false);
    verdict
}

fn peer_verdict(peer: Peer, bytes: &[u8], version: Version) -> Verdict {
    caught(|| match peer {
        Peer::ProtocolCore => protocol_core_peer::verdict(bytes, version),
        Peer::Mqtt5Protocol => mqtt5_protocol_peer::verdict(bytes, version),
    })
}

/// What kind of difference it is, to show one example of each.
fn kind(ours: &Verdict, theirs: &Verdict) -> String {
    let (Some(mine), Some(other)) = (ours.found(), theirs.found()) else {
        return match (ours, theirs) {
            (Verdict::Refused(why), _) => format!("refused: {why}"),
            (_, Verdict::Refused(why)) => format!("not refused: {why}"),
            other => format!("{other:?}"),
        };
    };
    let names = mine.fields.keys().chain(other.fields.keys());
    let mut names: Vec<&str> = names
        .filter(|name| mine.fields.get(*name) != other.fields.get(*name))
        .copied()
        .collect();
    names.dedup();
    format!("other fields: {names:?}")
}

#[test]
fn three_codecs_say_the_same_or_the_difference_is_explained() {
    let mut needed = vec![[0_usize; PEERS.len()]; DIFFERENCES.len()];
    let mut unexplained = BTreeMap::new();
    for (peer_at, peer) in PEERS.into_iter().enumerate() {
        let (mut same, mut differ) = (0, 0);
        for (version, bytes) in &INPUTS.frames {
            let ours = found::ours(bytes, *version);
            let theirs = peer_verdict(peer, bytes, *version);
            let agree = match (&ours, &theirs) {
                (Verdict::Packet(ours, _), Verdict::Packet(theirs, _)) => ours == theirs,
                (Verdict::Refused(_), Verdict::Refused(_)) => true,
                _ => false,
            };
            if agree {
                same += 1;
                continue;
            }
            differ += 1;
            let packet_type = type_of(bytes).expect("the tables have no type 0");
            let case = Case {
                version: *version,
                packet_type,
                bytes,
                ours: &ours,
                theirs: &theirs,
            };
            let mut any = false;
            for (nth, difference) in DIFFERENCES.iter().enumerate() {
                if difference.peers.contains(&peer) && (difference.recognises)(&case) {
                    needed[nth][peer_at] += 1;
                    any = true;
                }
            }
            if !any {
                let kind = format!(
                    "{peer:?} {version:?} {packet_type:?} {}",
                    kind(&ours, &theirs)
                );
                let (times, _) = unexplained.entry(kind).or_insert_with(|| {
                    (
                        0,
                        format!("{bytes:02X?}\n    ours   {ours:?}\n    theirs {theirs:?}"),
                    )
                });
                *times += 1;
            }
        }
        println!("differential: {peer:?}: {same} same, {differ} explained differences");
    }
    for (kind, (times, example)) in &unexplained {
        println!("without explanation, {times} times: {kind}\n    {example}");
    }
    let mut superfluous = Vec::new();
    for (difference, times) in DIFFERENCES.iter().zip(&needed) {
        for (peer, times) in PEERS.iter().zip(times) {
            if !difference.peers.contains(peer) {
                continue;
            }
            println!(
                "{times:6} {peer:?} {} [{}]",
                difference.why, difference.statement
            );
            if *times == 0 {
                superfluous.push((peer, difference.why));
            }
        }
    }
    assert!(
        unexplained.is_empty(),
        "{} kinds of differences have no explanation",
        unexplained.len()
    );
    assert!(superfluous.is_empty(), "no longer occurs: {superfluous:?}");
}

/// The packets of the tables and the generated ones, as the other codecs write them back.
#[test]
fn three_encoders_write_the_same_bytes() {
    let (mut same, mut reordered, mut longer) = (0, 0, 0);
    for (version, bytes) in &INPUTS.frames {
        // Some frames are not in their shortest form, which is what encoders are asked for.
        let Verdict::Packet(found, Some(shortest)) = found::ours(bytes, *version) else {
            continue;
        };
        for peer in PEERS {
            let Verdict::Packet(_, Some(written)) = peer_verdict(peer, &shortest, *version) else {
                continue;
            };
            if written == shortest {
                same += 1;
                continue;
            }
            // `mqtt5-protocol` keeps properties in a hash table.
            let again = found::ours(&written, *version);
            let means_the_same = again.found() == Some(&found);
            assert!(
                means_the_same,
                "{peer:?} {version:?} {shortest:02X?}: {again:?}"
            );
            if written.len() == shortest.len() {
                reordered += 1;
                continue;
            }
            // It also writes reason code and property length where they may be left out (section 3.4.2.2.1).
            let spare = written.len() - shortest.len();
            let packet_type = type_of(bytes);
            let optional = explained::may_be_short(packet_type) && (1..=2).contains(&spare);
            assert!(
                optional && version.is_v5(),
                "{peer:?} {shortest:02X?}: {written:02X?}"
            );
            longer += 1;
        }
    }
    println!(
        "differential: encoders: {same} same, {reordered} in another order of properties, {longer} longer than need be"
    );
    assert!(same > 10_000, "only {same}");
}
