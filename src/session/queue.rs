//! Messages that wait to leave: for a connection, or for send quota.

use alloc::collections::VecDeque;
use alloc::vec::Vec;

use super::event::Token;
use super::options::QueueLimits;
use crate::codec::QoS;

/// An encoded PUBLISH. With QoS 1 and 2 the packet identifier is filled in when it leaves.
pub(super) struct Queued {
    pub(super) token: Token,
    pub(super) qos: QoS,
    pub(super) bytes: Vec<u8>,
    pub(super) identifier_at: usize,
    order: u64,
}

/// Two lanes, so that exhausted quota holds up QoS 1 and 2 but not QoS 0 [MQTT-3.3.4-8]; while there is quota the
/// order of the calls is kept across both.
#[derive(Default)]
pub(super) struct Queue {
    plain: VecDeque<Queued>,
    assured: VecDeque<Queued>,
    bytes: usize,
    next_order: u64,
}

impl Queue {
    pub(super) fn len(&self) -> usize {
        self.plain.len() + self.assured.len()
    }

    pub(super) fn bytes(&self) -> usize {
        self.bytes
    }

    /// Whether one more message of `size` bytes fits. An empty queue takes any message.
    pub(super) fn has_room(&self, size: usize, limits: &QueueLimits) -> bool {
        self.len() == 0
            || (self.len() < limits.messages && self.bytes.saturating_add(size) <= limits.bytes)
    }

    pub(super) fn push(&mut self, token: Token, qos: QoS, bytes: Vec<u8>, identifier_at: usize) {
        self.bytes += bytes.len();
        self.next_order += 1;
        let queued = Queued {
            token,
            qos,
            bytes,
            identifier_at,
            order: self.next_order,
        };
        self.lane(qos).push_back(queued);
    }

    /// Puts messages whose session was lost in front of all others, in the given order.
    pub(super) fn push_front_assured(
        &mut self,
        messages: impl DoubleEndedIterator<Item = (Token, QoS, Vec<u8>, usize)>,
    ) {
        for (token, qos, bytes, identifier_at) in messages.rev() {
            self.bytes += bytes.len();
            self.assured.push_front(Queued {
                token,
                qos,
                bytes,
                identifier_at,
                order: 0,
            });
        }
    }

    /// The next message that may leave. QoS 0 always may.
    pub(super) fn pop(&mut self, may_leave: impl Fn(QoS) -> bool) -> Option<Queued> {
        let first_assured = self.assured.front().filter(|queued| may_leave(queued.qos));
        let first_assured = first_assured.map(|queued| queued.order);
        let first_plain = self.plain.front().map(|queued| queued.order);
        let lane = match (first_plain, first_assured) {
            (Some(plain), Some(assured)) if assured < plain => &mut self.assured,
            (Some(_), _) => &mut self.plain,
            (None, Some(_)) => &mut self.assured,
            (None, None) => return None,
        };
        let queued = lane.pop_front()?;
        self.bytes -= queued.bytes.len();
        Some(queued)
    }

    /// Takes a message out again; `false` if it has left already.
    pub(super) fn cancel(&mut self, token: Token) -> bool {
        for lane in [&mut self.plain, &mut self.assured] {
            if let Some(at) = lane.iter().position(|queued| queued.token == token) {
                if let Some(queued) = lane.remove(at) {
                    self.bytes -= queued.bytes.len();
                }
                return true;
            }
        }
        false
    }

    /// Empties the queue and gives the tokens of what was in it, in order.
    pub(super) fn drain(&mut self) -> impl Iterator<Item = Token> {
        core::iter::from_fn(|| self.pop(|_| true).map(|queued| queued.token))
    }

    fn lane(&mut self, qos: QoS) -> &mut VecDeque<Queued> {
        match qos {
            QoS::AtMostOnce => &mut self.plain,
            QoS::AtLeastOnce | QoS::ExactlyOnce => &mut self.assured,
        }
    }
}
