//! Packet identifiers and the messages that were sent and are not yet acknowledged.
//!
//! One identifier space serves PUBLISH, SUBSCRIBE and UNSUBSCRIBE [MQTT-2.2.1-3].

use alloc::boxed::Box;
use alloc::collections::VecDeque;
use alloc::vec::Vec;

use super::event::Token;
use super::heap::Heap;
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
    /// A place for each identifier from the first that is in use to the last, counted around from 65,535 to 1: as
    /// servers acknowledge in order, hardly more than there are messages, and never more than identifiers. The first place
    /// is never empty.
    places: VecDeque<Option<Box<Inflight>>>,
    /// The identifier of the first place.
    first: u16,
    /// How many of the places are not empty.
    messages: usize,
    /// Identifiers of SUBSCRIBE and UNSUBSCRIBE packets.
    reserved: Vec<PacketId>,
    /// How many of the messages have QoS 2.
    exactly_once: u16,
    last: u16,
    next_order: u64,
}

impl InflightTable {
    pub(super) fn len(&self) -> usize {
        self.messages
    }

    fn place(&self, id: PacketId) -> usize {
        id.get().wrapping_sub(self.first).into()
    }

    #[cfg(feature = "store")]
    pub(super) fn get(&self, id: PacketId) -> Option<&Inflight> {
        self.places.get(self.place(id))?.as_deref()
    }

    pub(super) fn get_mut(&mut self, id: PacketId) -> Option<&mut Inflight> {
        let place = self.place(id);
        self.places.get_mut(place)?.as_deref_mut()
    }

    pub(super) fn remove(&mut self, id: PacketId) -> Option<Inflight> {
        let place = self.place(id);
        let message = *self.places.get_mut(place)?.take()?;
        self.messages -= 1;
        self.exactly_once -= u16::from(message.qos() == QoS::ExactlyOnce);
        while let Some(None) = self.places.front() {
            self.places.pop_front();
            self.first = self.first.wrapping_add(1);
        }
        Some(message)
    }

    pub(super) fn insert(&mut self, message: Inflight) {
        if self.places.is_empty() {
            self.first = message.id.get();
        }
        let place = self.place(message.id);
        while self.places.len() <= place {
            self.places.push_back(None);
        }
        if let Some(empty @ None) = self.places.get_mut(place) {
            self.messages += 1;
            self.exactly_once += u16::from(message.qos() == QoS::ExactlyOnce);
            *empty = Some(Box::new(message));
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
        if self.messages + self.reserved.len() >= usize::from(u16::MAX) {
            return None;
        }
        loop {
            self.last = self.last.wrapping_add(1);
            if let Some(id) = PacketId::new(self.last)
                && self.get_mut(id).is_none()
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
        if let Some(at) = self.reserved.iter().position(|&it| it == id) {
            self.reserved.swap_remove(at);
        }
    }

    /// The connection is gone, and with it every SUBSCRIBE and UNSUBSCRIBE, and the quota.
    pub(super) fn connection_lost(&mut self) {
        self.reserved.clear();
        for place in &mut self.places {
            let Some(message) = place else { continue };
            message.counted = false;
        }
    }

    /// What is in flight, in the order in which it was sent [MQTT-4.6.0-1]; [`next_id`] takes it out.
    pub(super) fn in_order(&self) -> Heap {
        let mut order = Heap::default();
        for place in &self.places {
            let Some(message) = place else { continue };
            order.push(message.order, message.id.get().into());
        }
        order
    }

    #[cfg(feature = "store")]
    pub(super) fn iter(&self) -> impl Iterator<Item = &Inflight> {
        self.places.iter().flatten().map(|message| &**message)
    }

    /// Takes out the next message of this order.
    pub(super) fn take_next(&mut self, order: &mut Heap) -> Option<Inflight> {
        next_id(order).and_then(|id| self.remove(id))
    }

    /// Forgets the application's interest and gives the message, if the token was here.
    pub(super) fn cancel(&mut self, token: Token) -> Option<&Inflight> {
        for place in &mut self.places {
            if let Some(message) = place
                && message.token == Some(token)
            {
                message.token = None;
                return Some(message);
            }
        }
        None
    }
}

/// The next identifier of an order.
pub(super) fn next_id(order: &mut Heap) -> Option<PacketId> {
    let (_, id) = order.pop()?;
    PacketId::new(id as u16)
}

#[cfg(test)]
mod tests {
    use super::*;

    fn message(id: PacketId, order: u64) -> Inflight {
        Inflight {
            id,
            token: None,
            record: 0,
            counted: false,
            awaiting: Awaiting::PubRec,
            bytes: Vec::new(),
            identifier_at: 0,
            lower_qos: false,
            sent: true,
            expiry: None,
            order,
            reason: ReasonCode::Success,
            properties: PropertiesBuf::new(),
        }
    }

    #[test]
    fn one_that_is_never_acknowledged_keeps_its_identifier_while_others_go_around() {
        let mut table = InflightTable::default();
        let mut others: Vec<PacketId> = Vec::new();
        let slow = table.free_id().expect("all are free");
        let order = table.next_order();
        table.insert(message(slow, order));
        for round in 0..200_000 {
            let id = table.free_id().expect("two are in use");
            assert!(id != slow && !others.contains(&id));
            let order = table.next_order();
            table.insert(message(id, order));
            others.push(id);
            if others.len() > 3 {
                let gone = others.remove(round % 3);
                assert!(table.remove(gone).is_some() && table.remove(gone).is_none());
            }
            assert_eq!(table.len(), others.len() + 1);
            assert_eq!(usize::from(table.exactly_once()), table.len());
        }
        let mut order = table.in_order();
        let in_order: Vec<_> = core::iter::from_fn(|| table.take_next(&mut order)).collect();
        let ids: Vec<_> = in_order.iter().map(|message| message.id).collect();
        assert_eq!(ids, [&[slow], &others[..]].concat());
        assert_eq!((table.len(), table.places.len()), (0, 0));
    }
}
