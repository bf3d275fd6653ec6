//! The client of the crate mqtt5-wasm for the benchmark: what the crate exports to JavaScript, and nothing else.

pub use mqtt5_wasm::*;
