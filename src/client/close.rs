//! How a WebSocket ended.

use alloc::string::String;

/// What the browser tells about the end of a WebSocket.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct CloseInfo {
    /// Close code; 1006 when there was no closing handshake.
    pub code: u16,
    /// The server's words, possibly empty.
    pub reason: String,
    /// Whether there was a closing handshake.
    pub was_clean: bool,
}
