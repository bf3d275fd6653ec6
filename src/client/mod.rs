//! A client for web pages and workers: the browser's WebSocket, timer and clock around a session.
//!
//! - [`Client`]: futures and streams for Yew, Leptos, Dioxus, … It type-checks and links on every target, so that an
//!   application's `cargo test` works on the host; there, where no browser is, every attempt to connect fails with
//!   [`Error::Unreachable`](crate::error::Error::Unreachable).
//! - `Driver` (`wasm32` only): the session with its socket, for whoever wants another interface. Events go to a `Sink`.
//!
//! The only layer that touches the browser.

#[cfg(not(feature = "js"))]
mod api;
#[cfg(all(target_arch = "wasm32", not(feature = "js")))]
mod browser;
#[cfg(target_arch = "wasm32")]
mod clock;
mod close;
#[cfg(target_arch = "wasm32")]
mod driver;
#[cfg(all(target_arch = "wasm32", not(feature = "js")))]
mod env;
#[cfg(all(target_arch = "wasm32", feature = "js"))]
mod facade;
#[cfg(target_arch = "wasm32")]
mod sleep;
#[cfg(all(target_arch = "wasm32", not(feature = "js")))]
mod socket;
#[cfg(target_arch = "wasm32")]
mod timer;

#[cfg(not(feature = "js"))]
pub use api::{
    Client, ClientBuilder, ClientEvent, Connect, CredentialRequest, Disconnect, Events, Message,
    Overflow, Publish, Publishing, Requesting, StateChange, States, Subscribe, Subscribing,
    Subscription, Unsubscribing, Will,
};
#[cfg(target_arch = "wasm32")]
pub use clock::now;
#[cfg(all(feature = "store", target_arch = "wasm32"))]
pub use clock::wall_now;
pub use close::CloseInfo;
#[cfg(all(target_arch = "wasm32", feature = "js"))]
pub use driver::{Change, SocketEvent};
#[cfg(target_arch = "wasm32")]
pub use driver::{Delivery, Driver, DriverOptions, Sink};
#[cfg(all(target_arch = "wasm32", feature = "js"))]
pub use facade::Page;
