//! The few interfaces of the browser that are in use, under their own names.
//!
//! They are declared here because js-sys and web-sys weigh more than the codec: conversions for every interface that
//! they know end up in the module, used or not.

use wasm_bindgen::prelude::*;

#[wasm_bindgen]
extern "C" {
    #[derive(Clone)]
    pub(crate) type Object;
    #[wasm_bindgen(constructor)]
    pub(crate) fn new() -> Object;

    #[wasm_bindgen(extends = Object)]
    pub(crate) type Array;
    #[wasm_bindgen(constructor)]
    pub(crate) fn new() -> Array;
    #[wasm_bindgen(static_method_of = Array)]
    pub(crate) fn from(iterable: &JsValue) -> Array;
    #[wasm_bindgen(static_method_of = Array, js_name = of)]
    pub(crate) fn of2(first: &JsValue, second: &JsValue) -> Array;
    #[wasm_bindgen(method)]
    pub(crate) fn push(this: &Array, value: &JsValue) -> u32;
    #[wasm_bindgen(method, getter)]
    pub(crate) fn length(this: &Array) -> u32;
    #[wasm_bindgen(method, indexing_getter)]
    pub(crate) fn get(this: &Array, index: u32) -> JsValue;

    #[derive(Clone)]
    pub(crate) type Function;
    #[wasm_bindgen(method, catch, js_name = call)]
    pub(crate) fn call1(
        this: &Function,
        context: &JsValue,
        argument: &JsValue,
    ) -> Result<JsValue, JsValue>;

    #[wasm_bindgen(js_namespace = Reflect, js_name = get, catch)]
    pub(crate) fn reflect_get(object: &JsValue, name: &JsValue) -> Result<JsValue, JsValue>;
    #[wasm_bindgen(js_namespace = Reflect, js_name = set, catch)]
    pub(crate) fn reflect_set(object: &Object, name: &JsValue, value: &JsValue) -> Result<bool, JsValue>;

    #[wasm_bindgen(js_namespace = Math)]
    pub(crate) fn random() -> f64;
    #[wasm_bindgen(js_namespace = Date)]
    pub(crate) fn now() -> f64;

    pub(crate) type ArrayBuffer;

    pub(crate) type Uint8Array;
    #[wasm_bindgen(constructor)]
    pub(crate) fn new(buffer: &ArrayBuffer) -> Uint8Array;
    #[wasm_bindgen(constructor)]
    pub(crate) fn from_slice(bytes: &[u8]) -> Uint8Array;
    #[wasm_bindgen(method, getter)]
    pub(crate) fn length(this: &Uint8Array) -> u32;
    #[wasm_bindgen(js_namespace = Uint8Array, js_name = "prototype.set.call")]
    pub(crate) fn copy_bytes(to: &mut [u8], from: &Uint8Array);

    pub(crate) type MessageEvent;
    #[wasm_bindgen(method, getter)]
    pub(crate) fn data(this: &MessageEvent) -> JsValue;

    pub(crate) type CloseEvent;
    #[wasm_bindgen(method, getter)]
    pub(crate) fn code(this: &CloseEvent) -> u16;
    #[wasm_bindgen(method, getter)]
    pub(crate) fn reason(this: &CloseEvent) -> alloc::string::String;
    #[wasm_bindgen(method, getter, js_name = wasClean)]
    pub(crate) fn was_clean(this: &CloseEvent) -> bool;

    pub(crate) type WebSocket;
    #[wasm_bindgen(constructor, catch)]
    pub(crate) fn new(url: &str, subprotocol: &str) -> Result<WebSocket, JsValue>;
    #[wasm_bindgen(method, setter, js_name = binaryType)]
    pub(crate) fn set_binary_type(this: &WebSocket, value: &str);
    #[wasm_bindgen(method, setter)]
    pub(crate) fn set_onopen(this: &WebSocket, handler: &JsValue);
    #[wasm_bindgen(method, setter)]
    pub(crate) fn set_onmessage(this: &WebSocket, handler: &JsValue);
    #[wasm_bindgen(method, setter)]
    pub(crate) fn set_onclose(this: &WebSocket, handler: &JsValue);
    #[wasm_bindgen(method, getter)]
    pub(crate) fn protocol(this: &WebSocket) -> alloc::string::String;
    #[wasm_bindgen(method, catch)]
    pub(crate) fn send(this: &WebSocket, bytes: &[u8]) -> Result<(), JsValue>;
    #[wasm_bindgen(method, catch)]
    pub(crate) fn close(this: &WebSocket) -> Result<(), JsValue>;
}
