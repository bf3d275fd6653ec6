//! The journal of a build without stores: nothing is written, and nothing waits. It costs no code.

use alloc::vec::Vec;

use super::Mark;
use crate::codec::PacketId;

#[derive(Default)]
pub(in crate::session) struct Journal {}

impl Journal {
    pub(in crate::session) fn end(&mut self) {}

    pub(in crate::session) fn is_on(&self) -> bool {
        false
    }

    pub(in crate::session) fn mark(&mut self, _: Mark) {}

    pub(in crate::session) fn holds_publish(&mut self, _: PacketId, _: u64) -> bool {
        false
    }

    pub(in crate::session) fn next_publish(&mut self) -> Option<(PacketId, u64)> {
        None
    }

    pub(in crate::session) fn holds_acknowledgements(&self) -> bool {
        false
    }

    pub(in crate::session) fn hold_acknowledgement(&mut self, _: Vec<u8>) {}

    pub(in crate::session) fn held_bytes(&self) -> usize {
        0
    }

    pub(in crate::session) fn next_acknowledgement(&mut self) -> Option<Vec<u8>> {
        None
    }

    pub(in crate::session) fn holds_anything(&self) -> bool {
        false
    }

    pub(in crate::session) fn resume(&mut self) {}

    pub(in crate::session) fn may_resend(&self) -> bool {
        true
    }

    pub(in crate::session) fn connection_lost(&mut self) {}

    pub(in crate::session) fn received(&mut self, _: PacketId) {}

    pub(in crate::session) fn released(&mut self, _: PacketId) {}

    pub(in crate::session) fn is_stale(&mut self, _: PacketId, _: bool) -> bool {
        false
    }

    pub(in crate::session) fn session_lost(&mut self) {}
}

#[derive(Default)]
pub(in crate::session) struct Notes {}

impl Notes {
    pub(in crate::session) fn end(&mut self) {}

    pub(in crate::session) fn push(&mut self, _: u32) {}
}
