//! The page's clocks, in windows and in workers.

use crate::time::Instant;
#[cfg(feature = "store")]
use crate::time::WallTime;
use wasm_bindgen::prelude::*;

#[wasm_bindgen]
extern "C" {
    /// Milliseconds, with a fraction.
    #[wasm_bindgen(js_namespace = performance, js_name = now)]
    pub(super) fn millis() -> f64;
    /// Milliseconds of the calendar.
    #[wasm_bindgen(js_namespace = Date, js_name = now)]
    pub(super) fn date_now() -> f64;
}

/// The moment by the clock that drivers use, for a session that is restored.
#[must_use]
pub fn now() -> Instant {
    Instant::from_millis(millis() as u64)
}

/// The moment by the calendar.
#[cfg(feature = "store")]
#[must_use]
pub fn wall_now() -> WallTime {
    WallTime::from_millis(date_now() as u64)
}
