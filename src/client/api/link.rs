//! What a client drives its session with: in a page the driver, on a host next to nothing.

#[cfg(not(target_arch = "wasm32"))]
mod host;
#[cfg(target_arch = "wasm32")]
mod page;

#[cfg(not(target_arch = "wasm32"))]
pub(super) use host::{Link, seed};
#[cfg(target_arch = "wasm32")]
pub(super) use page::{Link, seed};

use alloc::string::String;
use alloc::vec::Vec;

/// What a link needs besides the session.
#[cfg_attr(
    not(target_arch = "wasm32"),
    expect(dead_code, reason = "a host opens nothing")
)]
pub(super) struct LinkOptions {
    pub(super) urls: Vec<String>,
    pub(super) subprotocol: String,
    pub(super) seed: u64,
    pub(super) keep_when_put_away: bool,
}
