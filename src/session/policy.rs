//! What follows from each end of a connection: one table, and the application's exceptions to it.
//!
//! It decides nothing but the class. When to try again is the back-off's, with what the application's.

use crate::codec::ReasonCode;
use crate::error::Error;

/// What to do after a connection, or an attempt to make one, has ended.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Class {
    /// Trying again without a change would end the same way: nothing happens until the application calls `connect`.
    Fatal,
    /// It can pass: the next attempt comes after the back-off.
    Retry,
    /// Only other credentials can help: after the back-off they are asked for, and if they are the same again, it is
    /// [`Fatal`](Self::Fatal). Without [`ConnectOptions::ask`](super::ConnectOptions::ask) nobody can be
    /// asked.
    Refresh,
    /// Another server is named, and followed as often as [`ConnectOptions::redirects`](super::ConnectOptions::redirects)
    /// allows; then, and if none is named, it is [`Fatal`](Self::Fatal).
    Redirect,
}

impl Class {
    /// The class of a reason code, in CONNACK as in DISCONNECT. The return codes of MQTT 3 count as the reason codes
    /// that mean the same.
    #[must_use]
    pub fn of(reason: ReasonCode) -> Self {
        match reason {
            ReasonCode::BadUserNameOrPassword | ReasonCode::NotAuthorized => Self::Refresh,
            ReasonCode::MalformedPacket
            | ReasonCode::ProtocolError
            | ReasonCode::UnsupportedProtocolVersion
            | ReasonCode::ClientIdentifierNotValid
            | ReasonCode::Banned
            | ReasonCode::BadAuthenticationMethod
            | ReasonCode::SessionTakenOver
            | ReasonCode::TopicNameInvalid
            | ReasonCode::PacketTooLarge
            | ReasonCode::PayloadFormatInvalid
            | ReasonCode::RetainNotSupported
            | ReasonCode::QoSNotSupported => Self::Fatal,
            ReasonCode::UseAnotherServer | ReasonCode::ServerMoved => Self::Redirect,
            _ => Self::Retry,
        }
    }
}

/// The class of what ended a connection; the application's exceptions count for what the server said.
pub(super) fn class(cause: Error, exceptions: &[(ReasonCode, Class)]) -> Class {
    let reason = match cause {
        Error::ConnectRefused(reason) | Error::ServerDisconnect(reason) => reason,
        Error::SessionTakenOver => ReasonCode::SessionTakenOver,
        Error::Subprotocol | Error::RedirectRefused => return Class::Fatal,
        Error::Authentication => return Class::Refresh,
        _ => return Class::Retry,
    };
    let exception = exceptions.iter().find(|(of, _)| *of == reason);
    exception.map_or_else(|| Class::of(reason), |&(_, class)| class)
}
