//! One WebSocket and its event handlers, which live and die together.

use alloc::boxed::Box;
use alloc::string::String;
use js_sys::{ArrayBuffer, Function, Uint8Array};
use wasm_bindgen::JsCast;
use wasm_bindgen::prelude::*;
use web_sys::{BinaryType, MessageEvent, WebSocket};

use super::close::CloseInfo;

#[wasm_bindgen]
extern "C" {
    /// `close`; or `error`, which has nothing to tell.
    type EndEvent;
    #[wasm_bindgen(method, getter)]
    fn code(this: &EndEvent) -> Option<u16>;
    #[wasm_bindgen(method, getter)]
    fn reason(this: &EndEvent) -> Option<String>;
    #[wasm_bindgen(method, getter, js_name = wasClean)]
    fn was_clean(this: &EndEvent) -> Option<bool>;
}

/// What one says.
pub(super) enum Word {
    Open,
    Bytes(Uint8Array),
    /// A text message.
    Text,
    Closed(CloseInfo),
}

/// The handlers take any value, so that they need one way into Rust and not one for each kind of event.
pub(super) struct Socket {
    inner: WebSocket,
    _on_open: Closure<dyn FnMut()>,
    _on_message: Closure<dyn FnMut(JsValue)>,
    _on_close: Closure<dyn FnMut(JsValue)>,
}

impl Socket {
    /// Fails when the browser refuses the URL or the subprotocol at once. Without an `opener` it is the browser's own.
    pub(super) fn open(
        url: &str,
        subprotocol: &str,
        opener: Option<&Function>,
        handle: impl Fn(Word) + Clone + 'static,
    ) -> Result<Self, JsValue> {
        let inner = match opener {
            Some(open) => open
                .call2(&JsValue::UNDEFINED, &url.into(), &subprotocol.into())?
                .unchecked_into(),
            None => WebSocket::new_with_str(url, subprotocol)?,
        };
        // Blobs would have to be read asynchronously, out of order.
        inner.set_binary_type(BinaryType::Arraybuffer);
        let to = handle.clone();
        let on_open = Closure::wrap(Box::new(move || to(Word::Open)) as Box<dyn FnMut()>);
        let to = handle.clone();
        let on_message = Closure::wrap(Box::new(move |event: JsValue| {
            let event: MessageEvent = event.unchecked_into();
            to(match event.data().dyn_ref::<ArrayBuffer>() {
                Some(buffer) => Word::Bytes(Uint8Array::new(buffer)),
                None => Word::Text,
            });
        }) as Box<dyn FnMut(JsValue)>);
        let on_close = Closure::wrap(Box::new(move |event: JsValue| {
            let event: EndEvent = event.unchecked_into();
            handle(Word::Closed(CloseInfo {
                code: event.code().unwrap_or(1006),
                reason: event.reason().unwrap_or_default(),
                was_clean: event.was_clean().unwrap_or_default(),
            }));
        }) as Box<dyn FnMut(JsValue)>);
        inner.set_onopen(Some(on_open.as_ref().unchecked_ref()));
        inner.set_onmessage(Some(on_message.as_ref().unchecked_ref()));
        inner.set_onclose(Some(on_close.as_ref().unchecked_ref()));
        // Of a WebSocket that opened, `close` says more. Before that it may never come: Chromium leaves it out where the
        // page's policy forbids the URL, WebKit where the port or the scheme does.
        inner.set_onerror(Some(on_close.as_ref().unchecked_ref()));
        Ok(Self {
            inner,
            _on_open: on_open,
            _on_message: on_message,
            _on_close: on_close,
        })
    }

    /// It has opened; the subprotocol that the server selected.
    pub(super) fn opened(&self) -> String {
        self.inner.set_onerror(None);
        self.inner.protocol()
    }

    /// Bytes that are sent after the socket has closed are lost like those on the way; resending covers both.
    pub(super) fn send(&self, bytes: &[u8]) {
        let _ = self.inner.send_with_u8_array(bytes);
    }

    /// How many bytes the browser has taken and not yet sent.
    pub(super) fn buffered(&self) -> u32 {
        self.inner.buffered_amount()
    }

    /// Closes it and hears nothing more of it.
    pub(super) fn shut(&self) {
        // The handlers go first: nothing that this socket still says may reach its successor.
        self.inner.set_onopen(None);
        self.inner.set_onmessage(None);
        self.inner.set_onclose(None);
        self.inner.set_onerror(None);
        let _ = self.inner.close();
    }
}

impl Drop for Socket {
    fn drop(&mut self) {
        self.shut();
    }
}
