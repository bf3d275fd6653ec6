//! Which parts of a session have changed since they were written, and what waits until they are.
//!
//! It knows the names of the parts, not what is in them: that is looked up when a write is handed out, so what changes
//! often is written once. Marks are numbered; what may leave only after a write waits for a number.

use alloc::collections::VecDeque;
use alloc::vec::Vec;

use super::Mark;
use super::store::Durability;
use crate::codec::PacketId;
use crate::session::id_set::IdSet;

#[derive(Default)]
pub(in crate::session) struct Journal {
    /// `None`: nothing is written.
    durability: Option<Durability>,
    /// Everything in the store is to be thrown away first.
    clear: bool,
    dirty: VecDeque<Mark>,
    /// How many marks there have been.
    marked: u64,
    /// For each write that was handed out and is not durable yet: how many marks are dealt with after it.
    handed_out: VecDeque<u64>,
    /// How many writes are durable.
    writes_stored: u64,
    /// How many marks are dealt with durably.
    stored: u64,
    /// What the publishes that are sent again on this connection wait for.
    resend_after: u64,
    /// Publishes in flight that leave as soon as their record is durable.
    publishes: VecDeque<(u64, PacketId, u64)>,
    /// Acknowledgements that leave, in this order, as soon as what they tell of is durable.
    acknowledgements: VecDeque<(u64, Vec<u8>)>,
    /// Bytes of memory that they take.
    held_bytes: usize,
    /// Which of the sessions that have followed each other at the server this is. What was in flight in an earlier one
    /// means nothing to the server.
    pub(super) epoch: u32,
    /// QoS 2 messages whose PUBREC is on its way or out, and whose PUBREL has not come.
    pub(super) received: IdSet,
    /// Those of them that are known from the store only.
    restored: IdSet,
    /// The value of the last write.
    pub(super) value: Vec<u8>,
}

impl Journal {
    /// Begins to write. What is in the store from before counts only if `keep`.
    pub(super) fn begin(&mut self, durability: Durability, keep: bool) {
        self.durability = Some(durability);
        self.clear = !keep;
        self.mark(Mark::Session);
    }

    /// Throws away what is in the store, and writes nothing more. Nothing waits for it any longer.
    pub(in crate::session) fn end(&mut self) {
        self.clear = self.is_on();
        self.durability = None;
        self.dirty.clear();
        self.stored = u64::MAX;
    }

    pub(in crate::session) fn is_on(&self) -> bool {
        self.durability.is_some()
    }

    pub(in crate::session) fn mark(&mut self, part: Mark) {
        if self.is_on() {
            self.marked += 1;
            self.dirty.push_back(part);
        }
    }

    // What has to wait

    /// What has to be durable before something may leave that tells of the changes so far.
    fn latest(&self) -> u64 {
        match self.durability {
            Some(Durability::Strict) => self.marked,
            _ => 0,
        }
    }

    /// Whether a publish that has just been marked as sent has to wait for that.
    pub(in crate::session) fn holds_publish(&mut self, id: PacketId, order: u64) -> bool {
        let mark = self.latest();
        let waits = mark > self.stored;
        if waits {
            self.publishes.push_back((mark, id, order));
        }
        waits
    }

    /// A publish that has waited for long enough.
    pub(in crate::session) fn next_publish(&mut self) -> Option<(PacketId, u64)> {
        let &(mark, id, order) = self.publishes.front()?;
        if mark > self.stored {
            return None;
        }
        self.publishes.pop_front();
        Some((id, order))
    }

    /// Whether an acknowledgement of what has just been marked has to wait.
    pub(in crate::session) fn holds_acknowledgements(&self) -> bool {
        !self.acknowledgements.is_empty() || self.latest() > self.stored
    }

    /// Holds an acknowledgement until what is marked so far is durable.
    pub(in crate::session) fn hold_acknowledgement(&mut self, packet: Vec<u8>) {
        let mark = self.latest();
        self.held_bytes += memory_of(&packet);
        self.acknowledgements.push_back((mark, packet));
    }

    /// Bytes of memory that held acknowledgements take.
    pub(in crate::session) fn held_bytes(&self) -> usize {
        self.held_bytes
    }

    /// An acknowledgement that has waited for long enough.
    pub(in crate::session) fn next_acknowledgement(&mut self) -> Option<Vec<u8>> {
        let (mark, _) = self.acknowledgements.front()?;
        if *mark > self.stored {
            return None;
        }
        let (_, packet) = self.acknowledgements.pop_front()?;
        self.held_bytes -= memory_of(&packet);
        Some(packet)
    }

    pub(in crate::session) fn holds_anything(&self) -> bool {
        !self.publishes.is_empty() || !self.acknowledgements.is_empty()
    }

    /// What is in flight will be sent again.
    pub(in crate::session) fn resume(&mut self) {
        self.resend_after = self.latest();
    }

    pub(in crate::session) fn may_resend(&self) -> bool {
        self.resend_after <= self.stored
    }

    pub(in crate::session) fn connection_lost(&mut self) {
        self.publishes.clear();
        self.acknowledgements.clear();
        self.held_bytes = 0;
    }

    // Messages from the server

    /// A PUBREC without an error will leave.
    pub(in crate::session) fn received(&mut self, id: PacketId) {
        if self.is_on() {
            self.received.insert(id);
            self.mark(Mark::Received(id));
        }
    }

    /// The server acknowledges a QoS 2 message no more, or not yet.
    pub(in crate::session) fn released(&mut self, id: PacketId) {
        self.restored.remove(id);
        if self.received.remove(id) {
            self.mark(Mark::Received(id));
        }
    }

    /// A PUBREC has left in an earlier life, or may have.
    pub(super) fn restore_received(&mut self, id: PacketId) {
        self.received.insert(id);
        self.restored.insert(id);
    }

    /// A message comes with an identifier that is known from the store. Without DUP it is a new one: what was stored
    /// was released later, and that was not written any more [MQTT-3.3.1-1].
    pub(in crate::session) fn is_stale(&mut self, id: PacketId, dup: bool) -> bool {
        self.restored.remove(id) && !dup
    }

    /// The server has begun another session.
    pub(in crate::session) fn session_lost(&mut self) {
        self.epoch = self.epoch.wrapping_add(1);
        self.mark(Mark::Session);
        self.restored.clear();
        for id in core::mem::take(&mut self.received).iter() {
            self.mark(Mark::Received(id));
        }
    }

    // What is written

    pub(super) fn take_clear(&mut self) -> bool {
        core::mem::take(&mut self.clear)
    }

    pub(super) fn next(&mut self) -> Option<Mark> {
        self.dirty.pop_front()
    }

    /// A write is handed out, for the mark that was taken last.
    pub(super) fn hand_out(&mut self) {
        if self.durability == Some(Durability::Strict) {
            self.handed_out
                .push_back(self.marked - self.dirty.len() as u64);
        }
    }

    /// The first `writes` are durable.
    pub(super) fn stored(&mut self, writes: u64) {
        while self.writes_stored < writes
            && let Some(marks) = self.handed_out.pop_front()
        {
            self.writes_stored += 1;
            self.stored = self.stored.max(marks);
        }
    }
}

/// A small packet's place costs more than its bytes.
fn memory_of(packet: &Vec<u8>) -> usize {
    packet.capacity() + size_of::<(u64, Vec<u8>)>()
}

/// Filters whose record has to be written anew. Nothing waits for them.
#[derive(Default)]
pub(in crate::session) struct Notes(Option<Vec<u32>>);

impl Notes {
    pub(in crate::session) fn begin(&mut self) {
        self.0 = Some(Vec::new());
    }

    pub(in crate::session) fn end(&mut self) {
        self.0 = None;
    }

    pub(in crate::session) fn push(&mut self, filter: u32) {
        if let Some(noted) = &mut self.0 {
            noted.push(filter);
        }
    }

    pub(in crate::session) fn next(&mut self) -> Option<u32> {
        self.0.as_mut()?.pop()
    }
}
