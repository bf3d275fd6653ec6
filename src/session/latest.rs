//! Which of the messages that wait is the last one of its topic, found without looking at the others.
//!
//! A table of the messages' orders, with open addressing. What an order stands for, and whether it still waits, it is
//! told; entries of messages that have left stay until others take their place or the table is made anew.

use alloc::vec;
use alloc::vec::Vec;

#[derive(Default)]
pub(super) struct Latest {
    /// Zero is a free slot; at least half of them are.
    slots: Vec<u64>,
    used: usize,
}

impl Latest {
    /// Whether it has to be made anew before something is entered.
    pub(super) fn is_full(&self) -> bool {
        self.used * 2 >= self.slots.len()
    }

    /// An empty table with room for more than so many messages.
    pub(super) fn sized(messages: usize) -> Self {
        Self {
            slots: vec![0; (messages * 4 + 16).next_power_of_two()],
            used: 0,
        }
    }

    /// An entry for this topic that `wanted` accepts, or none.
    pub(super) fn find(&self, topic: &[u8], wanted: &dyn Fn(u64) -> bool) -> Option<u64> {
        let entry = *self.slots.get(self.place(topic, wanted))?;
        (entry != 0).then_some(entry)
    }

    /// Enters a message with this topic, in the place of one that has left if there is such an entry.
    pub(super) fn enter(&mut self, topic: &[u8], order: u64, left: &dyn Fn(u64) -> bool) {
        let at = self.place(topic, left);
        if let Some(slot) = self.slots.get_mut(at) {
            self.used += usize::from(*slot == 0);
            *slot = order;
        }
    }

    /// The first slot for the topic that is free or wanted.
    fn place(&self, topic: &[u8], wanted: &dyn Fn(u64) -> bool) -> usize {
        // FNV-1a
        let mut hash = 0x811C_9DC5_u32;
        for &byte in topic {
            hash = (hash ^ u32::from(byte)).wrapping_mul(0x0100_0193);
        }
        let mut at = hash as usize;
        loop {
            at &= self.slots.len().wrapping_sub(1);
            match self.slots.get(at) {
                Some(&entry) if entry != 0 && !wanted(entry) => at += 1,
                _ => return at,
            }
        }
    }
}
