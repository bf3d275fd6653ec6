//! The receiving side: what each packet from the server means, which messages are duplicates, what is acknowledged.
//!
//! It moves no state of the connection itself; a packet that must not come is reported as an error to the caller.

use alloc::collections::VecDeque;
use alloc::string::String;
use alloc::vec::Vec;

use super::event::{Message, SubscriptionKey};
use crate::codec::{PacketId, Properties, PropertiesBuf, Publish, QoS};

/// How much of a resumed session may wait for a subscription to claim it.
const UNCLAIMED_MESSAGES: usize = 1_000;
const UNCLAIMED_BYTES: usize = 1024 * 1024;

/// A message that outlives the receive buffer.
pub(super) struct OwnedMessage {
    topic: String,
    payload: Vec<u8>,
    qos: QoS,
    retain: bool,
    dup: bool,
    properties: PropertiesBuf,
}

impl OwnedMessage {
    fn new(publish: &Publish<'_>) -> Self {
        Self {
            topic: publish.topic.into(),
            payload: publish.payload.into(),
            qos: publish.qos,
            retain: publish.retain,
            dup: publish.dup,
            properties: publish.properties.into(),
        }
    }

    fn size(&self) -> usize {
        self.topic.len() + self.payload.len()
    }

    pub(super) fn topic(&self) -> &str {
        &self.topic
    }

    pub(super) fn properties(&self) -> Properties<'_> {
        self.properties.as_properties()
    }

    pub(super) fn lend<'a>(&'a self, subscriptions: &'a [SubscriptionKey]) -> Message<'a> {
        Message {
            topic: &self.topic,
            payload: &self.payload,
            qos: self.qos,
            retain: self.retain,
            dup: self.dup,
            properties: self.properties.as_properties(),
            subscriptions,
        }
    }
}

pub(super) fn lend<'a>(publish: &Publish<'a>, subscriptions: &'a [SubscriptionKey]) -> Message<'a> {
    let Publish {
        topic,
        payload,
        qos,
        retain,
        dup,
        properties,
        ..
    } = *publish;
    Message {
        topic,
        payload,
        qos,
        retain,
        dup,
        properties,
        subscriptions,
    }
}

/// What a QoS 2 identifier was before it came (again).
#[derive(Clone, Copy, PartialEq, Eq)]
pub(super) enum Seen {
    New,
    Before,
    /// More unfinished messages than our Receive Maximum allows.
    TooMany,
}

/// A QoS 2 message between PUBLISH and PUBREL.
struct Received {
    id: PacketId,
    /// It came on this connection and counts against our Receive Maximum, which starts anew with each.
    counted: bool,
}

#[derive(Default)]
pub(super) struct Inbound {
    /// Sorted by identifier [MQTT-4.3.3-10].
    received: Vec<Received>,
    /// What counts against our Receive Maximum: those of them that are counted, and the QoS 1 messages whose PUBACK
    /// has not left.
    unfinished: u32,
    /// PUBACKs that leave with the next bytes.
    pubacks: u32,
    unclaimed: VecDeque<OwnedMessage>,
    unclaimed_bytes: usize,
    /// Messages that a new subscription claimed, to be delivered next.
    claimed: VecDeque<OwnedMessage>,
}

impl Inbound {
    fn find(&self, id: PacketId) -> Result<usize, usize> {
        self.received
            .binary_search_by_key(&id, |received| received.id)
    }

    /// A QoS 1 message is about to be acknowledged; `false` if the server may not send it yet [MQTT-3.3.4-9].
    pub(super) fn receive_at_least_once(&mut self, receive_maximum: u32) -> bool {
        if self.unfinished >= receive_maximum {
            return false;
        }
        self.unfinished += 1;
        self.pubacks += 1;
        true
    }

    /// Every acknowledgement so far has left.
    pub(super) fn acknowledged(&mut self) {
        self.unfinished -= core::mem::take(&mut self.pubacks);
    }

    pub(super) fn receive_exactly_once(&mut self, id: PacketId, receive_maximum: u32) -> Seen {
        let found = self.find(id);
        let known = found.ok().and_then(|at| self.received.get_mut(at));
        if known.as_ref().is_some_and(|known| known.counted) {
            return Seen::Before;
        }
        if self.unfinished >= receive_maximum {
            return Seen::TooMany;
        }
        self.unfinished += 1;
        match (known, found) {
            (Some(known), _) => {
                known.counted = true;
                Seen::Before
            }
            (None, Ok(at) | Err(at)) => {
                self.received.insert(at, Received { id, counted: true });
                Seen::New
            }
        }
    }

    /// PUBREL: the identifier is free for a new message. `false` if it was not in use.
    pub(super) fn release(&mut self, id: PacketId) -> bool {
        let Ok(at) = self.find(id) else { return false };
        self.unfinished -= u32::from(self.received.remove(at).counted);
        true
    }

    pub(super) fn connection_lost(&mut self) {
        self.unfinished = 0;
        self.pubacks = 0;
        for received in &mut self.received {
            received.counted = false;
        }
    }

    pub(super) fn session_lost(&mut self) {
        self.received.clear();
        self.unfinished = self.pubacks;
    }

    /// Keeps a message of a resumed session until a subscription claims it; `false` if an older one had to go.
    pub(super) fn keep_unclaimed(&mut self, publish: &Publish<'_>) -> bool {
        let message = OwnedMessage::new(publish);
        self.unclaimed_bytes += message.size();
        self.unclaimed.push_back(message);
        let mut kept_all = true;
        while self.unclaimed.len() > UNCLAIMED_MESSAGES
            || (self.unclaimed_bytes > UNCLAIMED_BYTES && self.unclaimed.len() > 1)
        {
            if let Some(dropped) = self.unclaimed.pop_front() {
                self.unclaimed_bytes -= dropped.size();
            }
            kept_all = false;
        }
        kept_all
    }

    /// Drops what no subscription has claimed; `true` if there was anything.
    pub(super) fn forget_unclaimed(&mut self) -> bool {
        self.unclaimed_bytes = 0;
        !core::mem::take(&mut self.unclaimed).is_empty()
    }

    /// Moves the waiting messages that `wanted` accepts to the front of what is delivered next.
    pub(super) fn claim(&mut self, mut wanted: impl FnMut(&OwnedMessage) -> bool) {
        for message in core::mem::take(&mut self.unclaimed) {
            if wanted(&message) {
                self.unclaimed_bytes -= message.size();
                self.claimed.push_back(message);
            } else {
                self.unclaimed.push_back(message);
            }
        }
    }

    pub(super) fn next_claimed(&mut self) -> Option<OwnedMessage> {
        self.claimed.pop_front()
    }
}
