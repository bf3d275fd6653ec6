//! Notices that the machine has slept.

use super::clock::date_now;

/// How far the clock on the wall may run away from the monotonic one before it counts as sleep, in milliseconds.
const JUMP: f64 = 5_000.0;

/// Notices sleep: the monotonic clock of some systems stands still in it, the one on the wall does not.
pub(super) struct SleepDetector {
    /// Wall clock minus monotonic clock, in milliseconds.
    offset: f64,
}

impl SleepDetector {
    pub(super) fn new(monotonic: f64) -> Self {
        Self {
            offset: date_now() - monotonic,
        }
    }

    pub(super) fn slept(&mut self, monotonic: f64) -> bool {
        let offset = date_now() - monotonic;
        let jump = offset - self.offset;
        self.offset = offset;
        jump > JUMP
    }
}
