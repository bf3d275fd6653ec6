//! One `setTimeout` for all deadlines of a session.
//!
//! Browsers slow down chains of timers in hidden pages, down to one call a minute. One that is set in a network event
//! begins a new chain; one that is set in a timer's callback, ours or the application's, goes on with that one's. So a
//! network event sets the timer anew if something else has set it, and nothing else replaces what a network event has
//! set, unless it would be late.

use super::driver::Platform;
use crate::time::Instant;

/// A deadline that moved back by less than this keeps the timer that is set: firing early does no harm.
const SLACK_MS: u64 = 1_000;
/// The longest delay that `setTimeout` keeps: with a longer one it fires at once.
const LONGEST_MS: u64 = 0x7FFF_FFFF;

#[derive(Default)]
pub(super) struct Timer {
    armed: Option<Armed>,
    /// It is a network event that happens now.
    in_network_event: bool,
}

struct Armed {
    at: Instant,
    by_network: bool,
}

impl Timer {
    /// What happens until the next `set` happens in a network event.
    pub(super) fn network_event(&mut self) {
        self.in_network_event = true;
    }

    pub(super) fn set(&mut self, deadline: Option<Instant>, now: Instant, platform: &mut Platform) {
        let by_network = core::mem::take(&mut self.in_network_event);
        if let (Some(at), Some(armed)) = (deadline, &self.armed)
            && armed.at <= at
            && match (armed.by_network, by_network) {
                (false, true) => false,
                (true, false) => true,
                _ => (at - armed.at).as_millis() < SLACK_MS,
            }
        {
            return;
        }
        if self.armed.take().is_some() {
            platform.clear_timer();
        }
        if let Some(at) = deadline {
            // A fraction of a millisecond is cut off every reading of the clock: one more makes sure it has passed.
            let delay = ((at - now).as_millis() + 1).min(LONGEST_MS);
            platform.set_timer(delay as f64);
            self.armed = Some(Armed { at, by_network });
        }
    }

    /// The timer fired and is no longer set.
    pub(super) fn fired(&mut self) {
        self.armed = None;
    }
}
