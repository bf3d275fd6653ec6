//! The acknowledgements that received messages are owed: they leave in the order of arrival, whatever the order in
//! which the application gives them [MQTT-4.6.0-2] [MQTT-4.6.0-3].
//!
//! It knows nothing of packets, and not whether a message was delivered or by whom it is acknowledged.

use alloc::collections::VecDeque;
use alloc::vec::Vec;

use super::event::AckToken;
use crate::codec::{PacketId, QoS, ReasonCode};

/// An acknowledgement that is due.
pub(super) struct Owed {
    token: AckToken,
    pub(super) id: PacketId,
    pub(super) qos: QoS,
    answer: Option<ReasonCode>,
}

impl Owed {
    /// Whether it is for the QoS 2 message with this identifier.
    fn is_for(&self, id: PacketId) -> bool {
        self.id == id && self.qos == QoS::ExactlyOnce
    }
}

#[derive(Default)]
pub(super) struct Acks {
    /// What came on this connection, in the order of arrival.
    owed: VecDeque<Owed>,
    /// QoS 2 messages of earlier connections that have not come again yet, answered or not, in any order.
    kept: Vec<Owed>,
    last: u32,
}

impl Acks {
    /// A new message of QoS 1 or 2 came.
    pub(super) fn owe(&mut self, id: PacketId, qos: QoS) -> AckToken {
        self.last = self.last.wrapping_add(1);
        let token = AckToken(self.last);
        self.owed.push_back(Owed {
            token,
            id,
            qos,
            answer: None,
        });
        token
    }

    /// A known QoS 2 message came again.
    pub(super) fn owe_again(&mut self, id: PacketId) {
        for owed in &self.owed {
            if owed.is_for(id) {
                return;
            }
        }
        if let Some(owed) = self.take_kept(id) {
            self.owed.push_back(owed);
            return;
        }
        // It was acknowledged before, and the server does not know.
        let token = self.owe(id, QoS::ExactlyOnce);
        self.answer(token, ReasonCode::Success);
    }

    fn take_kept(&mut self, id: PacketId) -> Option<Owed> {
        let at = self.kept.iter().position(|owed| owed.is_for(id))?;
        Some(self.kept.swap_remove(at))
    }

    /// The first answer counts; one to a message that is no longer here does nothing.
    pub(super) fn answer(&mut self, token: AckToken, reason: ReasonCode) {
        for owed in &mut self.owed {
            if owed.token == token {
                owed.answer.get_or_insert(reason);
                return;
            }
        }
        for owed in &mut self.kept {
            if owed.token == token {
                owed.answer.get_or_insert(reason);
            }
        }
    }

    /// Takes out the next acknowledgement if it has its answer.
    pub(super) fn next(&mut self) -> Option<(Owed, ReasonCode)> {
        let reason = self.owed.front()?.answer?;
        self.owed.pop_front().map(|owed| (owed, reason))
    }

    /// The server released a QoS 2 message.
    pub(super) fn released(&mut self, id: PacketId) {
        for _ in 0..self.owed.len() {
            if let Some(owed) = self.owed.pop_front()
                && !owed.is_for(id)
            {
                self.owed.push_back(owed);
            }
        }
        self.take_kept(id);
    }

    /// QoS 1 comes again as a new message, QoS 2 as the same.
    pub(super) fn connection_lost(&mut self) {
        while let Some(owed) = self.owed.pop_front() {
            if owed.qos == QoS::ExactlyOnce {
                self.kept.push(owed);
            }
        }
    }

    pub(super) fn session_lost(&mut self) {
        self.owed = VecDeque::new();
        self.kept.clear();
    }
}
