//! The browser under a driver of the npm package, where TypeScript holds the socket, the timer and the listeners: the
//! module would need a closure, and glue for it, for each of them.
//!
//! `pkg/src/page.ts` has these methods, and tells what happens.

use wasm_bindgen::prelude::*;

#[wasm_bindgen]
extern "C" {
    /// One client's part of the page.
    #[derive(Clone)]
    pub type Page;

    /// Opens a socket to where a Server Reference sends whoever comes from this URL, or else to the URL. False if the
    /// browser refuses it at once; `None` if nothing in the reference can be used.
    #[wasm_bindgen(method)]
    pub(super) fn open(
        this: &Page,
        url: &str,
        reference: Option<&str>,
        subprotocol: &str,
    ) -> Option<bool>;
    /// Copies what has come, which is so long.
    #[wasm_bindgen(method)]
    pub(super) fn take(this: &Page, to: &mut [u8]);
    #[wasm_bindgen(method)]
    pub(super) fn send(this: &Page, bytes: &[u8]);
    /// How many bytes the browser has taken and not yet sent.
    #[wasm_bindgen(method)]
    pub(super) fn buffered(this: &Page) -> u32;
    /// Closes the socket and hears nothing more of it.
    #[wasm_bindgen(method)]
    pub(super) fn shut(this: &Page);
    #[wasm_bindgen(method, js_name = setTimer)]
    pub(super) fn set_timer(this: &Page, delay: f64);
    #[wasm_bindgen(method, js_name = clearTimer)]
    pub(super) fn clear_timer(this: &Page);
    #[wasm_bindgen(method, js_name = queueMicrotask)]
    pub(super) fn queue_microtask(this: &Page);
}
