//! JavaScript's arrays and objects, as far as they are used here, and what can be put into them.
//!
//! They are declared here and not taken from js-sys, so that values go in directly, without a handle for each of them
//! on the way.

use alloc::string::String;

use wasm_bindgen::prelude::*;

use crate::client::Page;

#[wasm_bindgen]
extern "C" {
    pub type Object;
    #[wasm_bindgen(constructor)]
    pub fn new() -> Object;
    #[wasm_bindgen(method, indexing_setter)]
    fn set_value(this: &Object, name: &str, value: &JsValue);
    #[wasm_bindgen(method, indexing_setter)]
    fn set_text(this: &Object, name: &str, value: &str);
    #[wasm_bindgen(method, indexing_setter)]
    fn set_number(this: &Object, name: &str, value: f64);
    #[wasm_bindgen(method, indexing_setter)]
    fn set_flag(this: &Object, name: &str, value: bool);

    pub type Array;
    #[wasm_bindgen(constructor)]
    pub fn new() -> Array;
    #[cfg(feature = "store")]
    #[wasm_bindgen(method, getter)]
    pub fn length(this: &Array) -> u32;
    #[wasm_bindgen(method, js_name = push)]
    fn push_value(this: &Array, value: &JsValue);
    #[wasm_bindgen(method, js_name = push)]
    fn push_text(this: &Array, value: &str);
    #[wasm_bindgen(method, js_name = push)]
    fn push_number(this: &Array, value: f64);
    #[wasm_bindgen(method, js_name = push)]
    fn push_flag(this: &Array, value: bool);
    /// What most publishes have.
    #[wasm_bindgen(method, js_name = push)]
    pub fn push_done(this: &Array, kind: i32, first: u32, end: u32, how: u32);

    pub type Uint8Array;
    /// A copy.
    #[wasm_bindgen(constructor)]
    pub fn from(bytes: &[u8]) -> Uint8Array;

    /// Appends to a batch what every message has, with a copy of the payload.
    #[wasm_bindgen(method)]
    pub fn message(this: &Page, batch: &Array, payload: &[u8], flags: i32, key: i32);
    /// Takes records. Throws nothing.
    #[wasm_bindgen(method)]
    pub fn deliver(this: &Page, batch: Array);
    /// Takes what is for the store. Throws nothing.
    #[cfg(feature = "store")]
    #[wasm_bindgen(method)]
    pub fn store(this: &Page, ops: Array);
}

impl Array {
    pub(super) fn push(&self, value: impl Value) {
        value.push_to(self);
    }
}

impl Object {
    pub(super) fn set(&self, name: &str, value: impl Value) {
        value.set_in(self, name);
    }
}

/// What can be an element of an array or a field of an object.
pub(super) trait Value {
    fn push_to(&self, to: &Array);
    fn set_in(&self, to: &Object, name: &str);
}

/// None is undefined.
impl<V: Value> Value for Option<V> {
    fn push_to(&self, to: &Array) {
        match self {
            Some(value) => value.push_to(to),
            None => to.push_value(&JsValue::UNDEFINED),
        }
    }

    fn set_in(&self, to: &Object, name: &str) {
        match self {
            Some(value) => value.set_in(to, name),
            None => to.set_value(name, &JsValue::UNDEFINED),
        }
    }
}

macro_rules! values {
    ($($type:ty: $push:ident, $set:ident, |$value:ident| $converted:expr;)*) => {$(
        impl Value for $type {
            fn push_to(&self, to: &Array) {
                let $value = self;
                to.$push($converted);
            }

            fn set_in(&self, to: &Object, name: &str) {
                let $value = self;
                to.$set(name, $converted);
            }
        }
    )*};
}

values! {
    Array: push_value, set_value, |value| value;
    Object: push_value, set_value, |value| value;
    Uint8Array: push_value, set_value, |value| value;
    &str: push_text, set_text, |value| value;
    String: push_text, set_text, |value| value;
    bool: push_flag, set_flag, |value| *value;
    u8: push_number, set_number, |value| f64::from(*value);
    u16: push_number, set_number, |value| f64::from(*value);
    u32: push_number, set_number, |value| f64::from(*value);
    f64: push_number, set_number, |value| *value;
}
