//! Messages that wait to leave: for a connection, or for send quota.

use alloc::collections::VecDeque;
use alloc::vec::Vec;

use super::event::Token;
use super::latest::Latest;
use super::options::QueueLimits;
use crate::codec::QoS;
use crate::time::Instant;

/// An encoded PUBLISH. With QoS 1 and 2 the packet identifier is filled in when it leaves.
pub(super) struct Queued {
    pub(super) token: Token,
    pub(super) qos: QoS,
    pub(super) bytes: Vec<u8>,
    pub(super) identifier_at: usize,
    /// A server that does not take this QoS gets the highest that it takes.
    pub(super) lower_qos: bool,
    /// `None` for what never expires, or has left once before [MQTT-4.3.3-7].
    pub(super) expiry: Option<Expiry>,
    /// The order of the calls, by which a stored message is also named.
    pub(super) order: u64,
}

/// Until when a message may wait, and where in its packet the Message Expiry Interval is.
#[derive(Clone, Copy)]
pub(super) struct Expiry {
    pub(super) deadline: Instant,
    pub(super) at: usize,
}

impl Expiry {
    /// In a packet of 3.1.1, which does not say it. The message expires here all the same.
    pub(super) const NOWHERE: usize = usize::MAX;
}

impl Queued {
    /// Whether only its place is left.
    fn is_hollow(&self) -> bool {
        self.bytes.is_empty()
    }

    /// Takes the message and leaves its place.
    fn hollow_out(&mut self) -> Self {
        let place = Self {
            token: Token(0),
            bytes: Vec::new(),
            expiry: None,
            ..*self
        };
        core::mem::replace(self, place)
    }

    /// The Topic Name with its length, as in the packet.
    pub(super) fn topic(&self) -> Option<&[u8]> {
        let lengths = self.bytes.iter().skip(1);
        let header = 2 + lengths.take_while(|&&byte| byte >= 0x80).count();
        self.bytes.get(header..self.identifier_at)
    }

    /// Whether the message may no longer leave.
    pub(super) fn expired(&self, now: Instant) -> bool {
        self.expiry.is_some_and(|expiry| expiry.deadline <= now)
    }

    /// The packet leaves and says how many of its seconds are left, begun ones included.
    pub(super) fn count_down(&mut self, now: Instant) {
        let Some(Expiry { deadline, at }) = self.expiry else {
            return;
        };
        let left = (deadline - now).as_millis().div_ceil(1000);
        if let Some(slot) = self.bytes.get_mut(at..).and_then(<[u8]>::first_chunk_mut) {
            // An interval of 0 stays 0: such a message can leave at once or not at all.
            let left = u64::from(u32::from_be_bytes(*slot)).min(left);
            *slot = (left as u32).to_be_bytes();
        }
    }
}

/// Two lanes, so that exhausted quota holds up QoS 1 and 2 but not QoS 0 [MQTT-3.3.4-8]; while there is quota the
/// order of the calls is kept across both.
#[derive(Default)]
pub(super) struct Queue {
    plain: VecDeque<Queued>,
    assured: VecDeque<Queued>,
    bytes: usize,
    next_order: u64,
    /// Places of messages that were taken out: to close them up each time would move all others.
    hollow: usize,
    /// Where messages give way to the next one with their topic.
    latest: Latest,
    /// No queued message expires before; one that did may have left since.
    next_expiry: Option<Instant>,
}

impl Queue {
    pub(super) fn len(&self) -> usize {
        self.plain.len() + self.assured.len() - self.hollow
    }

    pub(super) fn bytes(&self) -> usize {
        self.bytes
    }

    /// Whether one more message of `size` bytes fits. An empty queue takes any message.
    pub(super) fn has_room(&self, size: usize, limits: &QueueLimits) -> bool {
        self.len() == 0
            || (self.len() < limits.messages && self.bytes.saturating_add(size) <= limits.bytes)
    }

    /// Appends a message and gives its order.
    pub(super) fn push(&mut self, mut queued: Queued) -> u64 {
        let order = self.next_order + 1;
        queued.order = order;
        self.put(queued);
        order
    }

    /// Appends a message that has its order, above those of all others.
    pub(super) fn put(&mut self, queued: Queued) {
        self.goes_on_behind(queued.order);
        self.bytes += queued.bytes.len();
        if let Some(Expiry { deadline, .. }) = queued.expiry {
            let others = self.next_expiry();
            self.next_expiry = Some(others.map_or(deadline, |next| deadline.min(next)));
        }
        self.lane(queued.qos).push_back(queued);
    }

    /// This order is taken.
    pub(super) fn goes_on_behind(&mut self, order: u64) {
        self.next_order = self.next_order.max(order);
    }

    /// A message of QoS 1 or 2 that waits.
    #[cfg(feature = "store")]
    pub(super) fn assured(&self, order: u64) -> Option<&Queued> {
        find(&self.assured, order)
    }

    /// The messages of QoS 1 and 2 that wait.
    #[cfg(feature = "store")]
    pub(super) fn all_assured(&self) -> impl Iterator<Item = &Queued> {
        self.assured.iter().filter(|queued| !queued.is_hollow())
    }

    /// Changes each message.
    pub(super) fn rewrite(&mut self, rewrite: &mut dyn FnMut(&mut Queued)) {
        self.bytes = 0;
        for lane in [&mut self.plain, &mut self.assured] {
            for queued in lane {
                rewrite(queued);
                self.bytes += queued.bytes.len();
            }
        }
    }

    /// Puts a message of QoS 1 or 2 back in front of all others.
    pub(super) fn push_front(&mut self, queued: Queued) {
        self.latest = Latest::default();
        self.bytes += queued.bytes.len();
        self.assured.push_front(queued);
    }

    /// When `take_expired` has something to do, or a little too early.
    pub(super) fn next_expiry(&self) -> Option<Instant> {
        self.next_expiry.filter(|_| self.len() > 0)
    }

    /// Takes out what has expired and gives tokens and orders.
    pub(super) fn take_expired(&mut self, now: Instant) -> Vec<(Token, u64)> {
        let mut tokens = Vec::new();
        if self.next_expiry.is_none_or(|at| now < at) {
            return tokens;
        }
        let (mut next, mut freed) = (None, 0);
        for lane in [&mut self.plain, &mut self.assured] {
            retain(lane, &mut |queued| {
                if queued.expired(now) {
                    tokens.push((queued.token, queued.order));
                    freed += queued.bytes.len();
                    return false;
                }
                if let Some(Expiry { deadline, .. }) = queued.expiry {
                    next = Some(next.map_or(deadline, |next| deadline.min(next)));
                }
                true
            });
        }
        self.next_expiry = next;
        self.bytes -= freed;
        tokens
    }

    /// The next message that may leave. QoS 0 always may.
    pub(super) fn pop(&mut self, may_leave: &dyn Fn(QoS) -> bool) -> Option<Queued> {
        self.skip_hollow();
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

    fn skip_hollow(&mut self) {
        for lane in [&mut self.plain, &mut self.assured] {
            while lane.front().is_some_and(Queued::is_hollow) {
                lane.pop_front();
                self.hollow -= 1;
            }
        }
    }

    /// Takes out a message that gives way to the next one, which has this topic, if there is such a message that
    /// `gives_way`.
    pub(super) fn supersede(
        &mut self,
        topic: &[u8],
        gives_way: &dyn Fn(&Queued) -> bool,
    ) -> Option<Queued> {
        if self.latest.is_full() {
            self.enter_all(gives_way);
        }
        let Self { plain, assured, .. } = self;
        let wanted = |order| {
            let queued = find(plain, order).or_else(|| find(assured, order));
            queued.is_some_and(|queued| queued.topic() == Some(topic) && gives_way(queued))
        };
        let Some(order) = self.latest.find(topic, &wanted) else {
            let left = |order| {
                find(plain, order)
                    .or_else(|| find(assured, order))
                    .is_none()
            };
            self.latest.enter(topic, self.next_order + 1, &left);
            return None;
        };
        let lane = if find(plain, order).is_some() {
            plain
        } else {
            assured
        };
        let at = place(lane, order);
        let queued = lane.get_mut(at)?.hollow_out();
        self.gone(&queued);
        Some(queued)
    }

    /// Makes the table of the topics anew, and closes up what was taken out.
    fn enter_all(&mut self, gives_way: &dyn Fn(&Queued) -> bool) {
        self.latest = Latest::sized(self.len());
        self.close_up();
        for lane in [&self.plain, &self.assured] {
            for queued in lane {
                if gives_way(queued)
                    && let Some(topic) = queued.topic()
                {
                    self.latest.enter(topic, queued.order, &|_| false);
                }
            }
        }
    }

    /// Takes out the message with this token; `None` if it does not wait.
    pub(super) fn take(&mut self, token: Token) -> Option<Queued> {
        let Self { plain, assured, .. } = self;
        let is_it = |queued: &&mut Queued| queued.token == token && !queued.is_hollow();
        let waiting = plain.iter_mut().find(is_it);
        let queued = waiting
            .or_else(|| assured.iter_mut().find(is_it))?
            .hollow_out();
        self.gone(&queued);
        Some(queued)
    }

    /// A message has left its place.
    fn gone(&mut self, queued: &Queued) {
        self.bytes -= queued.bytes.len();
        self.hollow += 1;
        if self.hollow > self.len() {
            self.close_up();
        }
    }

    fn close_up(&mut self) {
        self.hollow = 0;
        for lane in [&mut self.plain, &mut self.assured] {
            retain(lane, &mut |queued| !queued.is_hollow());
        }
    }

    fn lane(&mut self, qos: QoS) -> &mut VecDeque<Queued> {
        match qos {
            QoS::AtMostOnce => &mut self.plain,
            QoS::AtLeastOnce | QoS::ExactlyOnce => &mut self.assured,
        }
    }
}

/// The first place in a lane with this order or a later one.
fn place(lane: &VecDeque<Queued>, order: u64) -> usize {
    let (mut from, mut to) = (0, lane.len());
    while from < to {
        let middle = usize::midpoint(from, to);
        if lane.get(middle).is_some_and(|queued| queued.order < order) {
            from = middle + 1;
        } else {
            to = middle;
        }
    }
    from
}

/// A message that waits in a lane.
fn find(lane: &VecDeque<Queued>, order: u64) -> Option<&Queued> {
    let queued = lane.get(place(lane, order))?;
    (queued.order == order && !queued.is_hollow()).then_some(queued)
}

/// Drops the messages that are not to be kept.
fn retain(lane: &mut VecDeque<Queued>, keep: &mut dyn FnMut(&Queued) -> bool) {
    for _ in 0..lane.len() {
        if let Some(queued) = lane.pop_front()
            && keep(&queued)
        {
            lane.push_back(queued);
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn queued(token: u32) -> Queued {
        Queued {
            token: Token(token),
            qos: QoS::AtLeastOnce,
            bytes: alloc::vec![0x32, 3, 0, 1, b'a'],
            identifier_at: 5,
            lower_qos: false,
            expiry: None,
            order: 0,
        }
    }

    #[test]
    fn places_of_messages_that_were_taken_out_do_not_add_up() {
        let mut queue = Queue::default();
        queue.push(queued(1));
        for token in 2..1_000 {
            queue.push(queued(token));
            assert!(queue.take(Token(token)).is_some());
            assert!(queue.take(Token(token)).is_none() && queue.take(Token(0)).is_none());
            assert_eq!((queue.len(), queue.bytes()), (1, 5));
        }
        assert!(queue.assured.len() < 8);
        queue.push(queued(1_000));
        assert!(queue.take(Token(1)).is_some());
        let last = queue.pop(&|_| true).map(|queued| queued.token);
        assert_eq!(last, Some(Token(1_000)));
        assert_eq!((queue.len(), queue.bytes(), queue.hollow), (0, 0, 0));
    }
}
