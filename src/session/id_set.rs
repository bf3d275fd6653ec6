//! A set of packet identifiers, a bit for each: at most 8 KiB, and as fast for the last one as for the first, in
//! whatever order a server uses them.

use alloc::vec::Vec;

use crate::codec::PacketId;

#[derive(Default)]
pub(super) struct IdSet(Vec<u8>);

impl IdSet {
    fn place(id: PacketId) -> (usize, u8) {
        (usize::from(id.get() / 8), 1 << (id.get() % 8))
    }

    pub(super) fn contains(&self, id: PacketId) -> bool {
        let (at, bit) = Self::place(id);
        self.0.get(at).is_some_and(|bits| bits & bit != 0)
    }

    /// `false` if it was in already.
    pub(super) fn insert(&mut self, id: PacketId) -> bool {
        let (at, bit) = Self::place(id);
        if at >= self.0.len() {
            self.0.resize(at + 1, 0);
        }
        let Some(bits) = self.0.get_mut(at) else {
            return false;
        };
        let new = *bits & bit == 0;
        *bits |= bit;
        new
    }

    /// `false` if it was not in.
    pub(super) fn remove(&mut self, id: PacketId) -> bool {
        let known = self.contains(id);
        let (at, bit) = Self::place(id);
        if let Some(bits) = self.0.get_mut(at) {
            *bits &= !bit;
        }
        known
    }

    #[cfg(any(test, feature = "store"))]
    pub(super) fn iter(&self) -> impl Iterator<Item = PacketId> {
        (1..=u16::MAX)
            .take(self.0.len() * 8)
            .filter_map(PacketId::new)
            .filter(|&id| self.contains(id))
    }

    pub(super) fn clear(&mut self) {
        self.0.clear();
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn every_identifier_has_its_own_bit() {
        let mut set = IdSet::default();
        let ids = [PacketId::MAX, PacketId::MIN].into_iter();
        let ids = ids.chain([7, 8, 9, 255, 256].into_iter().filter_map(PacketId::new));
        for id in ids.clone() {
            assert!(!set.contains(id) && !set.remove(id));
            assert!(set.insert(id) && set.contains(id) && !set.insert(id));
        }
        for id in ids {
            assert!(set.remove(id) && !set.contains(id) && !set.remove(id));
        }
        assert_eq!(set.0.len(), 8192);
        assert_eq!(set.iter().next(), None);
        for id in [PacketId::MIN, PacketId::MAX] {
            set.insert(id);
            assert_eq!(set.iter().collect::<Vec<_>>(), [id]);
            set.remove(id);
        }
        set.insert(PacketId::MIN);
        set.clear();
        assert!(!set.contains(PacketId::MIN));
    }
}
