//! What an attempt to connect is made with, if the application is asked before each of them.

use alloc::string::String;
use alloc::vec::Vec;

/// The application's answer to [`Event::Prepare`](super::Event::Prepare).
///
/// There is no `Debug`: a password would end up in a log.
#[derive(Clone, Default, PartialEq, Eq)]
pub struct Prepared {
    /// User name.
    pub username: Option<String>,
    /// Password.
    pub password: Option<Vec<u8>>,
    /// What enhanced authentication begins with. Needs
    /// [`ConnectOptions::authentication_method`](super::ConnectOptions::authentication_method).
    pub authentication_data: Option<Vec<u8>>,
}
