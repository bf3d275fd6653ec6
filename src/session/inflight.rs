//! Packet identifiers and the messages that were sent and are not yet acknowledged.
//!
//! One identifier space serves PUBLISH, SUBSCRIBE and UNSUBSCRIBE [MQTT-2.2.1-3].

use alloc::boxed::Box;
use alloc::collections::{BinaryHeap, VecDeque};
use alloc::vec::Vec;
use core::cmp::Reverse;

use super::event::Token;
use super::queue::Expiry;
use crate::codec::{PacketId, PropertiesBuf, QoS, ReasonCode};

#[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord)]
#[expect(clippy::enum_variant_names, reason = "the packets are called so")]
pub(super) enum Awaiting {
    /// A QoS 1 PUBLISH is out, its PUBACK is not in.
    PubAck,
    /// A QoS 2 PUBLISH is out, its PUBREC is not in.
    PubRec,
    /// A PUBREL is out, its PUBCOMP is not in. The PUBLISH must not be sent again [MQTT-4.3.3-6].
    PubComp,
}

pub(super) struct Inflight {
    pub(super) id: PacketId,
    /// `None` when the application gave up waiting; the exchange goes on all the same.
    pub(super) token: Option<Token>,
    /// Its name in the store, and its place in the order of the calls.
    pub(super) record: u64,
    /// Whether it took send quota on this connection.
    pub(super) counted: bool,
    pub(super) awaiting: Awaiting,
    /// The encoded PUBLISH; empty from the PUBREC on.
    pub(super) bytes: Vec<u8>,
    pub(super) identifier_at: usize,
    /// As in the queue, to which a lost session may bring it back.
    pub(super) lower_qos: bool,
    /// Whether it has left. One that has not waits for the store.
    pub(super) sent: bool,
    /// Of one that has not left.
    pub(super) expiry: Option<Expiry>,
    /// Order of the PUBLISH, and from the PUBREC on the order of the PUBREL [MQTT-4.6.0-4].
    pub(super) order: u64,
    /// What the PUBREC said.
    pub(super) reason: ReasonCode,
    pub(super) properties: PropertiesBuf,
}

impl Inflight {
    pub(super) fn qos(&self) -> QoS {
        match self.awaiting {
            Awaiting::PubAck => QoS::AtLeastOnce,
            Awaiting::PubRec | Awaiting::PubComp => QoS::ExactlyOnce,
        }
    }
}

#[derive(Default)]
pub(super) struct InflightTable {
    /// Sorted by identifier. Boxed, because an insertion or a removal moves pointers then, not messages; a deque,
    /// because servers acknowledge in order, which takes them from the front.
    messages: VecDeque<Box<Inflight>>,
    /// Identifiers of SUBSCRIBE and UNSUBSCRIBE packets.
    reserved: Vec<PacketId>,
    /// How many of the messages have QoS 2.
    exactly_once: u16,
    last: u16,
    next_order: u64,
}

impl InflightTable {
    pub(super) fn len(&self) -> usize {
        self.messages.len()
    }

    fn find(&self, id: PacketId) -> Result<usize, usize> {
        self.messages
            .binary_search_by_key(&id, |message| message.id)
    }

    #[cfg(feature = "store")]
    pub(super) fn get(&self, id: PacketId) -> Option<&Inflight> {
        let at = self.find(id).ok()?;
        self.messages.get(at).map(|message| &**message)
    }

    pub(super) fn get_mut(&mut self, id: PacketId) -> Option<&mut Inflight> {
        let at = self.find(id).ok()?;
        self.messages.get_mut(at).map(|message| &mut **message)
    }

    pub(super) fn remove(&mut self, id: PacketId) -> Option<Inflight> {
        let at = self.find(id).ok()?;
        let message = *self.messages.remove(at)?;
        self.exactly_once -= u16::from(message.qos() == QoS::ExactlyOnce);
        Some(message)
    }

    pub(super) fn insert(&mut self, message: Inflight) {
        if let Err(at) = self.find(message.id) {
            self.exactly_once += u16::from(message.qos() == QoS::ExactlyOnce);
            self.messages.insert(at, Box::new(message));
        }
    }

    pub(super) fn exactly_once(&self) -> u16 {
        self.exactly_once
    }

    /// This order is taken, and those before it.
    #[cfg(feature = "store")]
    pub(super) fn goes_on_behind(&mut self, order: u64) {
        self.next_order = self.next_order.max(order);
    }

    pub(super) fn next_order(&mut self) -> u64 {
        // A forged store can have any number; then the order is lost, and nothing else.
        self.next_order = self.next_order.saturating_add(1);
        self.next_order
    }

    /// Counts identifiers from here on: a server that keeps a session of before our time may hold some of the first,
    /// and would take a new QoS 2 message for one of those.
    pub(super) fn start_at(&mut self, last: u16) {
        self.last = last;
    }

    /// An identifier that nothing uses, or `None` if there is none.
    pub(super) fn free_id(&mut self) -> Option<PacketId> {
        if self.messages.len() + self.reserved.len() >= usize::from(u16::MAX) {
            return None;
        }
        loop {
            self.last = self.last.wrapping_add(1);
            if let Some(id) = PacketId::new(self.last)
                && self.find(id).is_err()
                && !self.reserved.contains(&id)
            {
                return Some(id);
            }
        }
    }

    pub(super) fn reserve(&mut self) -> Option<PacketId> {
        let id = self.free_id()?;
        self.reserved.push(id);
        Some(id)
    }

    pub(super) fn release(&mut self, id: PacketId) {
        self.reserved.retain(|&reserved| reserved != id);
    }

    /// The connection is gone, and with it every SUBSCRIBE and UNSUBSCRIBE, and the quota.
    pub(super) fn connection_lost(&mut self) {
        self.reserved.clear();
        for message in &mut self.messages {
            message.counted = false;
        }
    }

    /// What has to be sent again, in the order in which it was sent [MQTT-4.6.0-1].
    pub(super) fn in_order(&self) -> impl Iterator<Item = (PacketId, Awaiting)> + use<> {
        let mut heap: BinaryHeap<_> = self
            .messages
            .iter()
            .map(|message| Reverse((message.order, message.id, message.awaiting)))
            .collect();
        core::iter::from_fn(move || heap.pop().map(|Reverse((_, id, awaiting))| (id, awaiting)))
    }

    #[cfg(feature = "store")]
    pub(super) fn iter(&self) -> impl Iterator<Item = &Inflight> {
        self.messages.iter().map(|message| &**message)
    }

    /// Empties the table, in the order of sending.
    pub(super) fn drain(&mut self) -> Vec<Inflight> {
        let order = self.in_order();
        order.filter_map(|(id, _)| self.remove(id)).collect()
    }

    /// Forgets the application's interest and gives the message, if the token was here.
    pub(super) fn cancel(&mut self, token: Token) -> Option<&Inflight> {
        let found = self
            .messages
            .iter_mut()
            .find(|message| message.token == Some(token));
        found.map(|message| {
            message.token = None;
            &**message
        })
    }
}
