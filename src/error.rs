//! What can go wrong above the codec, as small `Copy` values.
//!
//! Each has a stable code; its words are in `words.rs`. Context (which topic, which option) is added where text is cheap:
//! in the application or in the package's TypeScript. No secret can be in here, since nothing but codes is.

use crate::codec::{DecodeError, EncodeError, ReasonCode, TopicError};

/// Why a call was refused, an operation failed or a connection ended.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
#[non_exhaustive]
pub enum Error {
    /// A topic name or topic filter breaks the rules of section 4.7.
    Topic(TopicError),
    /// The packet cannot be written as the specification demands.
    Encode(EncodeError),
    /// An option has a value outside its range.
    Option,
    /// A session that began with a Session Expiry Interval of 0 cannot get another one at its end
    /// (section 3.14.2.2.2).
    SessionExpiry,
    /// The client was ended; nothing more can be done with it.
    Closed,
    /// The application gave up waiting.
    Aborted,
    /// The operation took longer than the application wanted to wait.
    Timeout,
    /// The queue for messages that cannot leave yet is full.
    QueueFull,
    /// The message gave way to newer ones, or found no room, in the queue for messages that cannot leave yet.
    Dropped,
    /// The Message Expiry Interval passed before the message could leave.
    Expired,
    /// The packet is larger than the server's Maximum Packet Size.
    PacketTooLarge,
    /// The server does not support this QoS [MQTT-3.2.2-11].
    QosNotSupported,
    /// The server does not support retained messages [MQTT-3.2.2-14].
    RetainNotSupported,
    /// The server does not support wildcards in filters.
    WildcardNotSupported,
    /// The server does not support shared subscriptions.
    SharedNotSupported,
    /// The server does not support subscription identifiers.
    IdentifierNotSupported,
    /// All packet identifiers are in use.
    NoPacketId,
    /// The application had no credentials for the attempt, or gave none in time.
    Credentials,
    /// The application could not go on with the authentication, or did not accept how it ended.
    Authentication,
    /// There is no authentication method, no connection, or an authentication is under way.
    Reauthentication,
    /// The server named another one that cannot be used: no WebSocket server, or one without TLS after one with.
    RedirectRefused,
    /// The transport could not be opened.
    Unreachable,
    /// The transport opened with a subprotocol other than the one that was offered.
    Subprotocol,
    /// The server did not answer in time.
    ConnectTimeout,
    /// The server refused the connection.
    ConnectRefused(ReasonCode),
    /// The transport was closed or broke.
    ConnectionLost,
    /// The server stopped answering.
    KeepAliveTimeout,
    /// The host was put away, like a page in the back/forward cache.
    Suspended,
    /// The server ended the connection and said why.
    ServerDisconnect(ReasonCode),
    /// Another client with the same client identifier has taken over.
    SessionTakenOver,
    /// The server sent bytes that are no valid packet.
    Malformed(DecodeError),
    /// The server sent a valid packet that it must not send now.
    Protocol(ReasonCode),
    /// The server sent a WebSocket text message [MQTT-6.0.0-1].
    TextFrame,
    /// The server refused to store the message.
    PublishRefused(ReasonCode),
    /// The server refused every filter of the subscription.
    SubscribeRefused(ReasonCode),
    /// The server refused to unsubscribe.
    UnsubscribeRefused(ReasonCode),
    /// No response to the request came in time.
    RequestTimeout,
    /// The session was lost while a QoS 2 message was in doubt: it was delivered once or not at all.
    Indeterminate,
    /// The store failed, and nothing is written any more: what the session knows now ends with its process.
    Store,
    /// Messages of a resumed session found no subscription and were dropped when there was no more room for them.
    UnclaimedDropped,
}

impl Error {
    /// A stable name in kebab-case.
    #[must_use]
    pub fn code(self) -> &'static str {
        match self {
            Self::Topic(error) => error.code(),
            Self::Encode(error) => error.code(),
            Self::Option => "option-invalid",
            Self::SessionExpiry => "session-expiry-zero",
            Self::Closed => "closed",
            Self::Aborted => "aborted",
            Self::Timeout => "timeout",
            Self::QueueFull => "queue-full",
            Self::Dropped => "dropped",
            Self::Expired => "expired",
            Self::PacketTooLarge => "packet-too-large",
            Self::QosNotSupported => "qos-not-supported",
            Self::RetainNotSupported => "retain-not-supported",
            Self::WildcardNotSupported => "wildcard-not-supported",
            Self::SharedNotSupported => "shared-not-supported",
            Self::IdentifierNotSupported => "identifier-not-supported",
            Self::NoPacketId => "no-packet-id",
            Self::Credentials => "credentials",
            Self::Authentication => "authentication",
            Self::Reauthentication => "reauthentication",
            Self::RedirectRefused => "redirect-refused",
            Self::Unreachable => "unreachable",
            Self::Subprotocol => "subprotocol",
            Self::ConnectTimeout => "connect-timeout",
            Self::ConnectRefused(_) => "connect-refused",
            Self::ConnectionLost => "connection-lost",
            Self::KeepAliveTimeout => "keepalive-timeout",
            Self::Suspended => "suspended",
            Self::ServerDisconnect(_) => "server-disconnect",
            Self::SessionTakenOver => "session-taken-over",
            Self::Malformed(_) | Self::Protocol(_) => "protocol-error",
            Self::TextFrame => "text-frame",
            Self::PublishRefused(_) => "publish-refused",
            Self::SubscribeRefused(_) => "subscribe-refused",
            Self::UnsubscribeRefused(_) => "unsubscribe-refused",
            Self::RequestTimeout => "request-timeout",
            Self::Indeterminate => "indeterminate",
            Self::Store => "store",
            Self::UnclaimedDropped => "unclaimed-dropped",
        }
    }

    /// A number for its code, for the npm package: the place of the code among those in `pkg/src/errors.ts`.
    #[doc(hidden)]
    #[must_use]
    pub fn number(self) -> u8 {
        match self {
            Self::Topic(error) => 9 + error as u8,
            Self::Encode(error) => 64 + error as u8,
            Self::Option => 4,
            Self::SessionExpiry => 7,
            Self::Closed => 54,
            Self::Aborted => 53,
            Self::Timeout => 50,
            Self::QueueFull => 19,
            Self::Dropped => 20,
            Self::Expired => 21,
            Self::PacketTooLarge => 18,
            Self::QosNotSupported => 23,
            Self::RetainNotSupported => 24,
            Self::WildcardNotSupported => 25,
            Self::SharedNotSupported => 26,
            Self::IdentifierNotSupported => 30,
            Self::NoPacketId => 22,
            Self::Credentials => 27,
            Self::Authentication => 28,
            Self::Reauthentication => 29,
            Self::RedirectRefused => 31,
            Self::Unreachable => 32,
            Self::Subprotocol => 33,
            Self::ConnectTimeout => 34,
            Self::ConnectRefused(_) => 35,
            Self::ConnectionLost => 36,
            Self::KeepAliveTimeout => 37,
            Self::Suspended => 38,
            Self::ServerDisconnect(_) => 39,
            Self::SessionTakenOver => 40,
            Self::Malformed(_) | Self::Protocol(_) => 41,
            Self::TextFrame => 42,
            Self::PublishRefused(_) => 47,
            Self::SubscribeRefused(_) => 43,
            Self::UnsubscribeRefused(_) => 44,
            Self::RequestTimeout => 45,
            Self::Indeterminate => 48,
            Self::Store => 52,
            Self::UnclaimedDropped => 49,
        }
    }

    /// The MQTT 5 reason code that goes with it: the server's where it gave one, else the one that fits a DISCONNECT.
    #[must_use]
    pub fn reason(self) -> Option<ReasonCode> {
        match self {
            Self::ConnectRefused(reason)
            | Self::ServerDisconnect(reason)
            | Self::Protocol(reason)
            | Self::PublishRefused(reason)
            | Self::SubscribeRefused(reason)
            | Self::UnsubscribeRefused(reason) => Some(reason),
            Self::SessionTakenOver => Some(ReasonCode::SessionTakenOver),
            Self::Malformed(error) => Some(error.reason()),
            Self::PacketTooLarge => Some(ReasonCode::PacketTooLarge),
            Self::TextFrame => Some(ReasonCode::ProtocolError),
            _ => None,
        }
    }
}

impl core::error::Error for Error {}

impl From<TopicError> for Error {
    fn from(error: TopicError) -> Self {
        Self::Topic(error)
    }
}

impl From<EncodeError> for Error {
    fn from(error: EncodeError) -> Self {
        Self::Encode(error)
    }
}
