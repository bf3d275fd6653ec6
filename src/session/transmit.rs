//! Which bytes leave next: CONNECT, then what must not wait, then subscriptions, then publishes, at last DISCONNECT.

use alloc::vec::Vec;

use super::event::State;
use super::state::Transport;
use super::subscriptions::Room;
use super::{Core, Transmit};
use crate::codec::{
    Packet, Subscribe, SubscribeFiltersBuf, TopicFilter, Unsubscribe, UnsubscribeFiltersBuf,
};

impl Core {
    pub(super) fn transmit(&mut self, out: &mut Vec<u8>, limit: usize) -> Transmit {
        let before = out.len();
        if !self.farewell.is_empty() {
            out.append(&mut self.farewell);
            return Transmit::Data;
        }
        if self.transport == Transport::Open && !self.goodbye_sent {
            self.unanswered |= !self.first_packets.is_empty();
            out.append(&mut self.first_packets);
            if matches!(self.state, State::Connected | State::Closing) {
                self.send_subscriptions();
                self.outbound.take_control(out);
                self.inbound.acknowledged();
                let mut more = true;
                while more && out.len() - before < limit {
                    let events = &mut self.events;
                    more = self
                        .outbound
                        .next_publish(&self.limits, self.now, out, events);
                }
                if !more && self.state == State::Closing {
                    self.say_goodbye(out);
                }
            }
        }
        if out.len() > before {
            if self.state == State::Connected {
                self.sent_something();
            }
            Transmit::Data
        } else if self.outbound.has_waiting() {
            Transmit::Blocked
        } else {
            Transmit::Empty
        }
    }

    /// Everything that was declared or withdrawn since the last time, in as few packets as possible. Withdrawals go
    /// first: a filter can have been declared again.
    fn send_subscriptions(&mut self) {
        if !self.subscriptions.has_pending() {
            return;
        }
        let events = &mut self.events;
        let dialect = self.outbound.dialect;
        let room = Room::new(&self.limits, self.options.version);
        while self.subscriptions.wants_unsubscribe() {
            let Some(id) = self.outbound.inflight.reserve() else {
                return;
            };
            let mut list = UnsubscribeFiltersBuf::default();
            let push = |filter: TopicFilter<'_>| list.push(filter);
            let next = self.subscriptions.next_unsubscribe(id, &room, events, push);
            let Some(properties) = next else {
                self.outbound.inflight.release(id);
                continue;
            };
            let packet = Unsubscribe {
                packet_id: id,
                properties: dialect.properties(properties.as_properties()),
                filters: list.as_filters(),
            };
            self.outbound.control(&Packet::Unsubscribe(packet));
        }
        while self.subscriptions.wants_subscribe() {
            let Some(id) = self.outbound.inflight.reserve() else {
                return;
            };
            let mut list = SubscribeFiltersBuf::default();
            let next = self.subscriptions.next_subscribe(
                id,
                &self.limits,
                &room,
                events,
                |filter, options| {
                    list.push(filter, dialect.options(options));
                },
            );
            let Some(properties) = next else {
                self.outbound.inflight.release(id);
                continue;
            };
            let packet = Subscribe {
                packet_id: id,
                properties: dialect.properties(properties.as_properties()),
                filters: list.as_filters(),
            };
            self.outbound.control(&Packet::Subscribe(packet));
        }
    }
}
