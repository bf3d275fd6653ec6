//! The page's monotonic clock, in windows and in workers.

use crate::time::Instant;
use wasm_bindgen::prelude::*;

#[wasm_bindgen]
extern "C" {
    #[wasm_bindgen(js_namespace = performance, js_name = now)]
    fn performance_now() -> f64;
}

pub(super) fn now() -> Instant {
    Instant::from_millis(performance_now() as u64)
}
