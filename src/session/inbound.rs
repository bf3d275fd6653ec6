//! The receiving side: what each packet from the server means, which messages are duplicates, what is acknowledged.
//!
//! It moves no state of the connection itself; a packet that must not come is reported as an error to the caller.

use alloc::collections::VecDeque;
use alloc::string::String;
use alloc::vec::Vec;

use super::event::{AckToken, Message, SubscriptionKey, TopicNumber};
use super::id_set::IdSet;
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
    pub(super) ack: Option<AckToken>,
}

impl OwnedMessage {
    pub(super) fn new(publish: &Publish<'_>, topic: &str, ack: Option<AckToken>) -> Self {
        Self {
            topic: topic.into(),
            payload: publish.payload.into(),
            qos: publish.qos,
            retain: publish.retain,
            dup: publish.dup,
            properties: publish.properties.into(),
            ack,
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

    pub(super) fn lend<'a>(
        &'a self,
        topic_number: TopicNumber,
        subscriptions: &'a [SubscriptionKey],
    ) -> Message<'a> {
        Message {
            topic: &self.topic,
            topic_number,
            payload: &self.payload,
            qos: self.qos,
            retain: self.retain,
            dup: self.dup,
            properties: self.properties.as_properties(),
            subscriptions,
            ack: self.ack,
            reply_to: None,
        }
    }
}

pub(super) fn lend<'a>(
    publish: &Publish<'a>,
    topic: &'a str,
    topic_number: TopicNumber,
    ack: Option<AckToken>,
    subscriptions: &'a [SubscriptionKey],
) -> Message<'a> {
    let Publish {
        payload,
        qos,
        retain,
        dup,
        properties,
        ..
    } = *publish;
    Message {
        topic,
        topic_number,
        payload,
        qos,
        retain,
        dup,
        properties,
        subscriptions,
        ack,
        reply_to: None,
    }
}

/// Whether a message is a new one.
#[derive(Clone, Copy, PartialEq, Eq)]
pub(super) enum Seen {
    New,
    Before,
    /// More unfinished messages than our Receive Maximum allows.
    TooMany,
}

#[derive(Default)]
pub(super) struct Inbound {
    /// QoS 2 messages between PUBLISH and PUBREL [MQTT-4.3.3-10].
    received: IdSet,
    /// Those of them that came on this connection and count against our Receive Maximum, which starts anew with each.
    counted: IdSet,
    /// What counts against our Receive Maximum: those of them that are counted, and the QoS 1 messages whose PUBACK
    /// has not left.
    unfinished: u32,
    /// PUBACKs that leave with the next bytes.
    pubacks: u32,
    unclaimed: VecDeque<OwnedMessage>,
    unclaimed_bytes: usize,
    /// One was too many, and it was told.
    pub(super) was_full: bool,
    /// Messages that a new subscription claimed, to be delivered next.
    claimed: VecDeque<OwnedMessage>,
}

impl Inbound {
    /// A QoS 1 message came, which the server may do only so often [MQTT-3.3.4-9].
    pub(super) fn receive_at_least_once(&mut self, receive_maximum: u32) -> Seen {
        if self.unfinished >= receive_maximum {
            return Seen::TooMany;
        }
        self.unfinished += 1;
        Seen::New
    }

    /// A PUBACK will leave with the next bytes.
    pub(super) fn puback_due(&mut self) {
        self.pubacks += 1;
    }

    /// Every acknowledgement so far has left.
    pub(super) fn acknowledged(&mut self) {
        self.unfinished -= core::mem::take(&mut self.pubacks);
    }

    pub(super) fn receive_exactly_once(&mut self, id: PacketId, receive_maximum: u32) -> Seen {
        if self.counted.contains(id) {
            return Seen::Before;
        }
        if self.unfinished >= receive_maximum {
            return Seen::TooMany;
        }
        self.unfinished += 1;
        self.counted.insert(id);
        if self.received.insert(id) {
            Seen::New
        } else {
            Seen::Before
        }
    }

    /// A message from before our time has come and is not released.
    #[cfg(feature = "store")]
    pub(super) fn restore(&mut self, id: PacketId) {
        self.received.insert(id);
    }

    /// PUBREL: the identifier is free for a new message. `false` if it was not in use.
    pub(super) fn release(&mut self, id: PacketId) -> bool {
        self.unfinished -= u32::from(self.counted.remove(id));
        self.received.remove(id)
    }

    pub(super) fn connection_lost(&mut self) {
        self.unfinished = 0;
        self.pubacks = 0;
        self.counted.clear();
    }

    pub(super) fn session_lost(&mut self) {
        self.received.clear();
        self.counted.clear();
        self.unfinished = self.pubacks;
    }

    /// Keeps a message of a resumed session until a subscription claims it; `false` if there is no room.
    pub(super) fn keep_unclaimed(&mut self, message: OwnedMessage) -> bool {
        let bytes = self.unclaimed_bytes + message.size();
        let full = self.unclaimed.len() >= UNCLAIMED_MESSAGES || bytes > UNCLAIMED_BYTES;
        if full && !self.unclaimed.is_empty() {
            return false;
        }
        self.unclaimed_bytes = bytes;
        self.unclaimed.push_back(message);
        true
    }

    /// Gives up what no subscription has claimed.
    pub(super) fn take_unclaimed(&mut self) -> VecDeque<OwnedMessage> {
        self.unclaimed_bytes = 0;
        self.was_full = false;
        core::mem::take(&mut self.unclaimed)
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

    pub(super) fn has_claimed(&self) -> bool {
        !self.claimed.is_empty()
    }

    pub(super) fn next_claimed(&mut self) -> Option<OwnedMessage> {
        self.claimed.pop_front()
    }
}
