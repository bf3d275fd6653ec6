//! One `setTimeout` for all deadlines of a session.
//!
//! Browsers slow down chains of timers in hidden pages, so the timer is set anew from network events whenever the
//! deadline has moved, not only when it fires.

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
    armed: Option<(Instant, JsValue)>,
}

impl Timer {
    pub(super) fn new(fire: impl FnMut() + 'static) -> Self {
        Self {
            callback: Closure::wrap(Box::new(fire)),
            armed: None,
        }
    }

    pub(super) fn set(&mut self, deadline: Option<Instant>, now: Instant) {
        if let (Some(at), Some((armed, _))) = (deadline, &self.armed)
            && *armed <= at
            && (at - *armed).as_millis() < SLACK_MS
        {
            return;
        }
        self.clear();
        if let Some(at) = deadline {
            // A fraction of a millisecond is cut off every reading of the clock: one more makes sure it has passed.
            let delay = ((at - now).as_millis() + 1).min(LONGEST_MS);
            let id = set_timeout(&self.callback, delay as f64);
            self.armed = Some((at, id));
        }
    }

    /// The timer fired and is no longer set.
    pub(super) fn fired(&mut self) {
        self.armed = None;
    }

    fn clear(&mut self) {
        if let Some((_, id)) = self.armed.take() {
            clear_timeout(&id);
        }
    }
}

impl Drop for Timer {
    fn drop(&mut self) {
        self.clear();
    }
}
