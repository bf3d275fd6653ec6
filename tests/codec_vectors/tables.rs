//! The tables of packets, read.

use webmqtt::codec::{Sender, Version};

use super::notation::{packet, rows, who};

const TABLES: [(&str, &str); 9] = [
    ("frame", include_str!("frame.tsv")),
    ("connect", include_str!("connect.tsv")),
    ("connack", include_str!("connack.tsv")),
    ("publish", include_str!("publish.tsv")),
    ("acknowledgements", include_str!("acknowledgements.tsv")),
    ("subscribe", include_str!("subscribe.tsv")),
    ("unsubscribe", include_str!("unsubscribe.tsv")),
    ("disconnect", include_str!("disconnect.tsv")),
    ("auth", include_str!("auth.tsv")),
];

/// One row of a table for one version and sender.
pub struct Case {
    pub name: String,
    pub version: Version,
    pub sender: Sender,
    pub bytes: Vec<u8>,
    pub verdict: &'static str,
}

impl Case {
    /// The bytes the packet is encoded to, if it is valid.
    pub fn encoded(&self) -> Option<Vec<u8>> {
        match self.verdict.strip_prefix("ok") {
            Some("") => Some(self.bytes.clone()),
            Some(other) => Some(packet(other.strip_prefix(" = ").expect("ok = packet"))),
            None => None,
        }
    }
}

/// Every row of every table.
pub fn cases() -> Vec<Case> {
    let mut cases = Vec::new();
    for (table, text) in TABLES {
        for row in rows(text) {
            let [name, senders, bytes, verdict] = row[..] else {
                panic!("{table}: {row:?}")
            };
            for (version, sender) in who(senders) {
                cases.push(Case {
                    name: format!("{table}: {name} ({version:?} {sender:?})"),
                    version,
                    sender,
                    bytes: packet(bytes),
                    verdict,
                });
            }
        }
    }
    assert!(cases.len() >= 600, "only {} cases", cases.len());
    cases
}
