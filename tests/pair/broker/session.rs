//! What the broker remembers of a client between connections.

use std::collections::{BTreeSet, VecDeque};

use webmqtt::codec::{PacketId, PropertyId, QoS, SubscribeOptions};
use webmqtt::topic::FilterTrie;

use super::{ConnectionId, Stored};

/// A will and how long it waits.
#[derive(Clone, Debug)]
pub struct Will {
    pub message: Stored,
    pub delay: u32,
}

impl Will {
    pub fn new(will: &webmqtt::codec::Will<'_>) -> Self {
        Self {
            message: Stored {
                topic: will.topic.as_str().into(),
                payload: will.payload.into(),
                qos: will.qos,
                retain: will.retain,
                properties: Default::default(),
            },
            delay: will
                .properties
                .four_byte(PropertyId::WillDelayInterval)
                .unwrap_or(0),
        }
    }
}

pub struct Subscription {
    pub filter: String,
    pub options: SubscribeOptions,
    pub identifier: Option<u32>,
}

/// A message on its way to the client.
pub struct Sending {
    pub id: PacketId,
    pub message: Stored,
    /// PUBREC has come, PUBREL is out.
    pub released: bool,
}

pub struct ServerSession {
    /// Every session of a client identifier has another one.
    pub generation: u32,
    pub connection: Option<ConnectionId>,
    /// Seconds it outlives its connection; `u32::MAX` is for ever.
    pub expiry: u32,
    pub subscriptions: Vec<Option<Subscription>>,
    pub trie: FilterTrie,
    /// QoS 2 identifiers between PUBLISH and PUBREL.
    pub received: BTreeSet<PacketId>,
    /// In the order of sending.
    pub sending: Vec<Sending>,
    pub waiting: VecDeque<Stored>,
    ended_at: Option<u64>,
    last_id: u16,
}

impl ServerSession {
    pub fn new(generation: u32) -> Self {
        Self {
            generation,
            connection: None,
            expiry: 0,
            subscriptions: Vec::new(),
            trie: FilterTrie::new(),
            received: BTreeSet::new(),
            sending: Vec::new(),
            waiting: VecDeque::new(),
            ended_at: None,
            last_id: 0,
        }
    }

    pub fn connected(&mut self, at: ConnectionId, expiry: u32) {
        self.connection = Some(at);
        self.expiry = expiry;
        self.ended_at = None;
    }

    pub fn disconnected(&mut self, now: u64) {
        self.connection = None;
        self.ended_at = Some(now);
        // QoS 0 messages are not stored.
        self.waiting
            .retain(|message| message.qos != QoS::AtMostOnce);
    }

    pub fn expires_at(&self) -> Option<u64> {
        let ended_at = self.ended_at.filter(|_| self.expiry != u32::MAX)?;
        Some(ended_at + u64::from(self.expiry) * 1000)
    }

    pub fn next_id(&mut self) -> PacketId {
        loop {
            self.last_id = self.last_id.wrapping_add(1);
            let id = PacketId::new(self.last_id);
            let used = |id| self.sending.iter().any(|sending| sending.id == id);
            if let Some(id) = id.filter(|&id| !used(id)) {
                return id;
            }
        }
    }

    pub fn subscription(&self, filter: &str) -> Option<usize> {
        self.subscriptions.iter().position(|known| {
            known
                .as_ref()
                .is_some_and(|subscription| subscription.filter == filter)
        })
    }

    /// The filters that the client is subscribed to, in the order of the subscriptions.
    pub fn filters(&self) -> Vec<&str> {
        self.subscriptions
            .iter()
            .flatten()
            .map(|subscription| subscription.filter.as_str())
            .collect()
    }
}
