//! One `setTimeout` for all deadlines of a session.
//!
//! Browsers slow down chains of timers in hidden pages, down to one call a minute. One that is set in a network event
//! begins a new chain; one that is set in a timer's callback, ours or the application's, goes on with that one's. So a
//! network event sets the timer anew if something else has set it, and nothing else replaces what a network event has
//! set, unless it would be late.

use crate::time::Instant;
use alloc::boxed::Box;
use wasm_bindgen::prelude::*;

/// A deadline that moved back by less than this keeps the timer that is set: firing early does no harm.
const SLACK_MS: u64 = 1_000;
/// The longest delay that `setTimeout` keeps: with a longer one it fires at once.
const LONGEST_MS: u64 = 0x7FFF_FFFF;

#[wasm_bindgen]
extern "C" {
    #[wasm_bindgen(js_name = setTimeout)]
    fn set_timeout(callback: &Closure<dyn FnMut()>, delay: f64) -> JsValue;
    #[wasm_bindgen(js_name = clearTimeout)]
    fn clear_timeout(id: &JsValue);
}

pub(super) struct Timer {
    callback: Closure<dyn FnMut()>,
    armed: Option<Armed>,
    /// It is a network event that happens now.
    in_network_event: bool,
}

struct Armed {
    at: Instant,
    id: JsValue,
    by_network: bool,
}

impl Timer {
    pub(super) fn new(fire: impl FnMut() + 'static) -> Self {
        Self {
            callback: Closure::wrap(Box::new(fire)),
            armed: None,
            in_network_event: false,
        }
    }

    /// What happens until the next `set` happens in a network event.
    pub(super) fn network_event(&mut self) {
        self.in_network_event = true;
    }

    pub(super) fn set(&mut self, deadline: Option<Instant>, now: Instant) {
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
        self.clear();
        if let Some(at) = deadline {
            // A fraction of a millisecond is cut off every reading of the clock: one more makes sure it has passed.
            let delay = ((at - now).as_millis() + 1).min(LONGEST_MS);
            let id = set_timeout(&self.callback, delay as f64);
            self.armed = Some(Armed { at, id, by_network });
        }
    }

    /// The timer fired and is no longer set.
    pub(super) fn fired(&mut self) {
        self.armed = None;
    }

    fn clear(&mut self) {
        if let Some(armed) = self.armed.take() {
            clear_timeout(&armed.id);
        }
    }
}

impl Drop for Timer {
    fn drop(&mut self) {
        self.clear();
    }
}
