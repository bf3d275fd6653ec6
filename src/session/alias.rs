//! Topic aliases: numbers that stand for topic names. Each direction has its own, and both end with the connection
//! [MQTT-3.3.2-7].

use alloc::string::String;
use alloc::vec::Vec;

use super::options::PROTOCOL_PACKET_LIMIT;
use crate::codec::{PropertyId, Publish, ReasonCode, Version, encode_with_alias, scan};

/// With a shorter topic an alias gains nothing: it takes three bytes itself, four where a length gets longer.
const SHORTEST_TOPIC: usize = 5;
/// By how much setting an alias can lengthen a packet: the property, and two lengths that get longer.
const GROWTH: usize = 5;
/// A large table is many small ones, so that looking up stays quick.
const SET: usize = 16;

/// What the aliases of the server stand for. The Topic Alias Maximum that we announce bounds the table.
#[derive(Default)]
pub(super) struct ServerAliases {
    /// At alias - 1; empty where there is none.
    topics: Vec<String>,
}

impl ServerAliases {
    /// Learns from a message what its alias stands for, or checks that it is known. `Err` if the server must not send
    /// it.
    pub(super) fn learn(&mut self, publish: &Publish<'_>, maximum: u16) -> Result<(), ReasonCode> {
        let Some(at) = place(publish) else {
            return Ok(());
        };
        if at >= usize::from(maximum) {
            return Err(ReasonCode::TopicAliasInvalid);
        }
        let Some(name) = publish.topic else {
            let known = self.topics.get(at).is_some_and(|topic| !topic.is_empty());
            return known.then_some(()).ok_or(ReasonCode::ProtocolError);
        };
        while self.topics.len() <= at {
            self.topics.push(String::new());
        }
        if let Some(topic) = self.topics.get_mut(at) {
            topic.clear();
            topic.push_str(name.as_str());
        }
        Ok(())
    }

    /// The topic of a message that has been learned from.
    pub(super) fn topic<'a>(&'a self, publish: &Publish<'a>) -> &'a str {
        if let Some(name) = publish.topic {
            return name.as_str();
        }
        place(publish)
            .and_then(|at| self.topics.get(at))
            .map_or("", String::as_str)
    }

    pub(super) fn clear(&mut self) {
        self.topics.clear();
    }
}

fn place(publish: &Publish<'_>) -> Option<usize> {
    // Decoding has refused alias 0.
    let alias = publish.properties.two_byte(PropertyId::TopicAlias)?;
    usize::from(alias).checked_sub(1)
}

/// Which topics our aliases stand for at the server.
#[derive(Default)]
pub(super) struct OwnAliases {
    /// At alias - 1; as many as we may and want to use.
    entries: Vec<Entry>,
    uses: u32,
}

#[derive(Default)]
struct Entry {
    topic: Vec<u8>,
    hash: u32,
    used: u32,
    /// It was used since it was last considered for another topic.
    spared: bool,
}

impl OwnAliases {
    /// For a connection that allows aliases up to `maximum`.
    pub(super) fn new(maximum: u16) -> Self {
        let mut entries = Vec::new();
        for _ in 0..maximum {
            entries.push(Entry::default());
        }
        Self { entries, uses: 0 }
    }

    /// Appends an encoded PUBLISH of at most `limit` bytes, with an alias if that pays.
    pub(super) fn write(&mut self, packet: &[u8], topic_end: usize, limit: u32, out: &mut Vec<u8>) {
        let written = self
            .alias(packet, topic_end, limit)
            .and_then(|(alias, known)| encode_with_alias(packet, alias, known, out));
        if written.is_none() {
            out.extend_from_slice(packet);
        }
    }

    /// An alias for the topic of a packet, and whether the server knows it already.
    fn alias(&mut self, packet: &[u8], topic_end: usize, limit: u32) -> Option<(u16, bool)> {
        if self.entries.is_empty() {
            return None;
        }
        let header = scan(packet, usize::MAX, Version::V5).ok()??;
        let topic = packet.get(header.header_len + 2..topic_end)?;
        if topic.len() < SHORTEST_TOPIC {
            return None;
        }
        let hash = hash(topic);
        self.uses = self.uses.wrapping_add(1);
        let (first, size) = match self.entries.len() / SET {
            0 | 1 => (0, self.entries.len()),
            sets => ((hash >> 16) as usize % sets * SET, SET),
        };
        let set = self.entries.get_mut(first..first + size)?;
        let (mut at, mut longest) = (0, 0);
        for (place, entry) in set.iter_mut().enumerate() {
            if entry.hash == hash && entry.topic == topic {
                entry.used = self.uses;
                entry.spared = true;
                return Some(((first + place + 1) as u16, true));
            }
            // Counted back from now, so that it may wrap around.
            let unused = self.uses.wrapping_sub(entry.used);
            if unused > longest {
                (at, longest) = (place, unused);
            }
        }
        let entry = set.get_mut(at)?;
        // The least recently used one gives way at the second try: topics that take turns in greater number than
        // there are aliases would otherwise only drive each other out.
        let fits = packet.len() + GROWTH <= limit.min(PROTOCOL_PACKET_LIMIT) as usize;
        if core::mem::take(&mut entry.spared) || !fits {
            return None;
        }
        entry.topic.clear();
        entry.topic.extend_from_slice(topic);
        entry.hash = hash;
        entry.used = self.uses;
        entry.spared = true;
        Some(((first + at + 1) as u16, false))
    }
}

/// Quick rather than good: it only has to tell a few topics apart. The upper half is the better one.
fn hash(topic: &[u8]) -> u32 {
    let (words, rest) = topic.as_chunks();
    let mut hash = 0_u32;
    let mut add = |word: u32| hash = (hash.rotate_left(5) ^ word).wrapping_mul(0x9E37_79B9);
    for word in words {
        add(u32::from_le_bytes(*word));
    }
    for &byte in rest {
        add(byte.into());
    }
    hash
}
