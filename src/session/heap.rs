//! Pairs of a key and what it is for, of which the least is at hand: a binary heap.
//!
//! It is of one type for all its users, so that a page loads its code once.

use alloc::vec::Vec;

/// Each entry is at least as large as the one at half its place.
#[derive(Default)]
pub(super) struct Heap(Vec<(u64, u32)>);

impl Heap {
    pub(super) fn is_empty(&self) -> bool {
        self.0.is_empty()
    }

    pub(super) fn clear(&mut self) {
        self.0.clear();
    }

    pub(super) fn push(&mut self, key: u64, value: u32) {
        self.0.push((key, value));
        let mut at = self.0.len() - 1;
        while at > 0 && self.is_less(at, (at - 1) / 2) {
            at = self.up(at);
        }
    }

    pub(super) fn first(&self) -> Option<(u64, u32)> {
        self.0.first().copied()
    }

    pub(super) fn pop(&mut self) -> Option<(u64, u32)> {
        let last = self.0.pop()?;
        let Some(first) = self.0.first_mut() else {
            return Some(last);
        };
        let first = core::mem::replace(first, last);
        let mut at = 0;
        loop {
            let mut child = 2 * at + 1;
            if self.is_less(child + 1, child) {
                child += 1;
            }
            if !self.is_less(child, at) {
                return Some(first);
            }
            self.up(child);
            at = child;
        }
    }

    /// Takes out an entry with this value. It is soon found if its key is among the least.
    pub(super) fn remove(&mut self, value: u32) {
        let Some(mut at) = self.0.iter().position(|&(_, other)| other == value) else {
            return;
        };
        while at > 0 {
            at = self.up(at);
        }
        self.pop();
    }

    /// Whether both are there and the one is less than the other.
    fn is_less(&self, one: usize, other: usize) -> bool {
        match (self.0.get(one), self.0.get(other)) {
            (Some(one), Some(other)) => one < other,
            _ => false,
        }
    }

    /// Swaps an entry with the one at half its place, and gives that.
    fn up(&mut self, at: usize) -> usize {
        let parent = (at - 1) / 2;
        self.0.swap(at, parent);
        parent
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn drained(mut heap: Heap) -> Vec<(u64, u32)> {
        core::iter::from_fn(|| heap.pop()).collect()
    }

    #[test]
    fn the_least_comes_first_whatever_was_taken_out_between() {
        let mut seed = 7_u32;
        let mut next = || {
            seed = seed.wrapping_mul(1_664_525).wrapping_add(1_013_904_223);
            seed >> 16
        };
        for size in 0..60 {
            let (mut heap, mut expected) = (Heap::default(), Vec::new());
            for value in 0..size {
                let key = u64::from(next() % 20);
                heap.push(key, value);
                expected.push((key, value));
            }
            for _ in 0..size / 3 {
                let gone = next() % size;
                heap.remove(gone);
                expected.retain(|&(_, value)| value != gone);
            }
            expected.sort_unstable();
            assert_eq!(heap.first(), expected.first().copied());
            assert_eq!(drained(heap), expected);
        }
    }
}
