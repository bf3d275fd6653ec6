//! The page's monotonic clock, in windows and in workers.

use crate::time::Instant;
use wasm_bindgen::prelude::*;

#[wasm_bindgen]
extern "C" {
    /// Milliseconds, with a fraction.
    #[wasm_bindgen(js_namespace = performance, js_name = now)]
    pub(super) fn millis() -> f64;
}

pub(super) fn now() -> Instant {
    Instant::from_millis(millis() as u64)
}
