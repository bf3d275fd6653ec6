//! An MQTT client for web pages.
//!
//! Three layers and an extra, each of which stands on its own:
//!
//! - [`codec`]: every packet of MQTT 3.1.1 and 5.0, strict in both directions, `no_std`.
//! - [`session`]: the protocol as a state machine without I/O, clock or randomness, `no_std`.
//! - `scram` (feature `scram`): SCRAM-SHA-256 for a session's enhanced authentication.
//! - [`client`] (feature `client`): a [`Client`] for Rust front ends, and the browser's WebSocket, timers and clock under
//!   it.
//!
//! A front end needs what is re-exported here:
//!
//! ```no_run
//! use webmqtt::{Client, Error, QoS};
//!
//! # async fn run() -> Result<(), Error> {
//! let client = Client::builder("wss://broker.example:8084/mqtt").build()?;
//! client.connect().await?;
//! let mut temperatures = client.subscribe("home/+/temp", QoS::AtLeastOnce).await?;
//! client.publish("home/kitchen/temp", "21.5").await?;
//! while let Some(message) = temperatures.next().await {
//!     println!("{}: {:?}", message.topic(), message.text());
//! }
//! # Ok(())
//! # }
//! ```
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
mod words;

#[cfg(feature = "client")]
pub mod client;
#[cfg(all(feature = "js", target_arch = "wasm32"))]
mod js;

#[cfg(all(feature = "client", not(feature = "js")))]
pub use client::{Client, ClientBuilder, Message, StateChange, Subscription, Will};
pub use codec::{QoS, ReasonCode, Version};
pub use error::Error;
pub use session::State;

// Its examples are compiled with the tests.
#[cfg(all(doctest, feature = "client"))]
#[doc = include_str!("../docs/guide/rust.md")]
struct Guide;
