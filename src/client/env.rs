//! What a page lives through: it is hidden and shown, frozen, put into the back/forward cache, offline and online.
//!
//! One closure listens to all of it, in the capture phase of the global scope, where the events of the document pass
//! too. In a worker most of them never come; the page forwards them there.

use alloc::boxed::Box;
use alloc::string::String;

use wasm_bindgen::JsCast;
use wasm_bindgen::prelude::*;

use super::driver::Change;

#[wasm_bindgen]
extern "C" {
    #[wasm_bindgen(js_name = addEventListener)]
    fn add_event_listener(event: &str, listener: &Closure<dyn FnMut(JsValue)>, capture: bool);
    #[wasm_bindgen(js_name = removeEventListener)]
    fn remove_event_listener(event: &str, listener: &Closure<dyn FnMut(JsValue)>, capture: bool);

    #[wasm_bindgen(thread_local_v2, js_name = addEventListener)]
    static LISTENING: Option<JsValue>;

    type PageEvent;
    #[wasm_bindgen(method, getter, js_name = type)]
    fn kind(this: &PageEvent) -> String;
    /// Only page transitions have it.
    #[wasm_bindgen(method, getter)]
    fn persisted(this: &PageEvent) -> Option<bool>;

    type Document;
    #[wasm_bindgen(method, getter)]
    fn hidden(this: &Document) -> bool;
    #[wasm_bindgen(thread_local_v2, js_name = document)]
    static DOCUMENT: Option<Document>;
}

const EVENTS: [&str; 5] = [
    "visibilitychange",
    "resume",
    "online",
    "pagehide",
    "pageshow",
];

pub(super) struct Environment {
    listener: Closure<dyn FnMut(JsValue)>,
}

impl Environment {
    pub(super) fn listen(mut tell: impl FnMut(Change) + 'static) -> Self {
        let listener = Closure::wrap(Box::new(move |event: JsValue| {
            if let Some(change) = change(event.unchecked_ref()) {
                tell(change);
            }
        }) as Box<dyn FnMut(JsValue)>);
        for event in events() {
            add_event_listener(event, &listener, true);
        }
        Self { listener }
    }
}

impl Drop for Environment {
    fn drop(&mut self) {
        for event in events() {
            remove_event_listener(event, &self.listener, true);
        }
    }
}

/// None where the global scope has no events, as in Node.js.
fn events() -> &'static [&'static str] {
    if LISTENING.with(Option::is_some) {
        &EVENTS
    } else {
        &[]
    }
}

fn change(event: &PageEvent) -> Option<Change> {
    let cached = event.persisted() == Some(true);
    match event.kind().as_str() {
        "online" => Some(Change::Network),
        "resume" => Some(Change::Running),
        "visibilitychange" => {
            let hidden = DOCUMENT.with(|document| document.as_ref().is_some_and(Document::hidden));
            (!hidden).then_some(Change::Running)
        }
        // Every page comes with the latter; only one that was kept says `persisted`.
        "pagehide" if cached => Some(Change::PutAway),
        "pageshow" if cached => Some(Change::Running),
        _ => None,
    }
}
