//! An MQTT client for web pages.
//!
//! Three layers and an extra, each of which stands on its own:
//!
//! - [`codec`]: every packet of MQTT 3.1.1 and 5.0, strict in both directions, `no_std`.
//! - [`session`]: the protocol as a state machine without I/O, clock or randomness, `no_std`.
//! - `scram` (feature `scram`): SCRAM-SHA-256 for a session's enhanced authentication.
//! - `client` (feature `client`, `wasm32` only): the browser's WebSocket, timers and clock around a session.
//!
//! The npm package `webmqtt` is built from the feature `js`, which Rust applications never need.
#![no_std]
#![cfg_attr(docsrs, feature(doc_cfg))]

extern crate alloc;
// Nothing in here uses std; a cdylib must still link it, or have what it has: see `js::runtime`.
#[cfg(not(any(target_os = "none", all(feature = "js", target_arch = "wasm32"))))]
extern crate std;

pub mod codec;
pub mod error;
#[cfg(feature = "scram")]
pub mod scram;
pub mod session;
pub mod time;
pub mod topic;

#[cfg(all(feature = "client", target_arch = "wasm32"))]
pub mod client;
#[cfg(all(feature = "js", target_arch = "wasm32"))]
mod js;
