//! What happened and what to do about it, in sentences, for whoever prints an error in Rust.
//!
//! Nothing here refers to it, so a program that prints no error does not carry it. The npm package has words of its own,
//! which name its own options.

use core::fmt;

use crate::codec::ReasonCode;
use crate::error::Error;

impl Error {
    /// What happened and what to do: two sentences. Empty for what the codec says itself.
    fn words(self) -> [&'static str; 2] {
        match self {
            Self::Topic(_) => ["", "Change the topic name or the filter."],
            Self::Encode(_) => ["", "Change the text or the option."],
            Self::Option => [
                "An option or a property has a value that cannot be used",
                "A URL begins with ws: or wss:, numbers have the range that their documentation gives.",
            ],
            Self::SessionExpiry => [
                "A session that ends with its connection cannot be kept at its end",
                "Begin with a session expiry above 0.",
            ],
            Self::Closed => ["The client was ended", "Make a new one."],
            Self::Aborted => [
                "The operation was aborted",
                "Nothing to do: the application asked for it.",
            ],
            Self::Timeout => [
                "The operation took longer than its timeout",
                "Try again, or give it more time. A message that was in flight may have been delivered.",
            ],
            Self::QueueFull => [
                "The queue of messages that wait to be sent is full",
                "Wait for earlier publishes to settle, raise the queue's limits, or choose another policy for it.",
            ],
            Self::Dropped => [
                "The message gave way in the full queue, or to a newer one with its topic",
                "Nothing to do: the queue's policy asks for it.",
            ],
            Self::Expired => [
                "The message expired before it could be sent",
                "Give it a longer expiry; a message waits while there is no connection.",
            ],
            Self::PacketTooLarge => [
                "The message is larger than the server accepts",
                "Send less at once, or raise the server's maximum packet size.",
            ],
            Self::QosNotSupported => [
                "The server does not support this QoS",
                "Publish with a lower QoS, or set lower_qos.",
            ],
            Self::RetainNotSupported => [
                "The server does not store retained messages",
                "Publish without retain.",
            ],
            Self::WildcardNotSupported => [
                "The server does not support wildcard subscriptions",
                "Subscribe to definite topics.",
            ],
            Self::SharedNotSupported => [
                "The server does not support shared subscriptions",
                "Subscribe without $share.",
            ],
            Self::IdentifierNotSupported => [
                "The server does not support subscription identifiers",
                "Subscribe without one.",
            ],
            Self::NoPacketId => [
                "All 65,535 packet identifiers are in use",
                "Wait for earlier publishes to settle.",
            ],
            Self::Credentials => [
                "There was nothing to connect with: whoever was asked for credentials gave none in time",
                "Answer the request within the connect timeout.",
            ],
            Self::Authentication => [
                "The authentication with the server failed",
                "If the server could not prove who it is, check the URL and the password.",
            ],
            Self::Reauthentication => [
                "There is nothing to authenticate again now",
                "It needs an authentication method, a connection, and no other authentication under way.",
            ],
            Self::RedirectRefused => [
                "The server named another one that cannot be used",
                "It has to be a host, with or without a port, or a ws: or wss: URL, and wss: after wss:.",
            ],
            Self::Unreachable => [
                "The WebSocket could not be opened, and browsers do not tell programs why",
                "Check that the server runs, that its WebSocket listener has this host, port and path, that it accepts the subprotocol mqtt, that its certificate is trusted, and that connect-src of the Content-Security-Policy allows it.",
            ],
            Self::Subprotocol => [
                "The server did not agree to the WebSocket subprotocol",
                "Check that the URL is an MQTT endpoint, or change what is offered.",
            ],
            Self::ConnectTimeout => [
                "The server did not answer in time",
                "Check that the URL is an MQTT endpoint; raise the connect timeout for slow networks.",
            ],
            Self::ConnectRefused(reason) => ["The server refused the connection", remedy(reason)],
            Self::ConnectionLost => [
                "The connection was closed",
                "Nothing to do if it comes back by itself. If it closed before the server had answered: some do so for a wrong password or an unsupported version; try 3.1.1.",
            ],
            Self::KeepAliveTimeout => [
                "The server stopped answering",
                "Nothing to do: a new connection is made.",
            ],
            Self::Suspended => [
                "The page was put into the back/forward cache",
                "Nothing to do: a new connection is made when it comes back.",
            ],
            Self::ServerDisconnect(reason) => ["The server ended the connection", remedy(reason)],
            Self::SessionTakenOver => [
                "Another client with the same client identifier has connected",
                "Give every tab and device its own, then connect again.",
            ],
            Self::Malformed(_) | Self::Protocol(_) => [
                "The server sent something that breaks the MQTT specification",
                "Check that the URL is an MQTT endpoint and the version is right; report it to the server's makers otherwise.",
            ],
            Self::TextFrame => [
                "The server sent a WebSocket text message, which MQTT does not use",
                "Check that the URL is an MQTT endpoint.",
            ],
            Self::PublishRefused(reason) => {
                ["The server did not accept the message", remedy(reason)]
            }
            Self::SubscribeRefused(reason) => {
                ["The server refused the subscription", remedy(reason)]
            }
            Self::UnsubscribeRefused(reason) => {
                ["The server refused to unsubscribe", remedy(reason)]
            }
            Self::RequestTimeout => [
                "No response to the request came in time",
                "Check that somebody answers on this topic and uses the response topic, or wait longer.",
            ],
            Self::Indeterminate => [
                "The server lost the session while this QoS 2 message was on its way: it was delivered once or not at all",
                "Ask the receiver, or send it again if a second copy does no harm. A session that is kept for longer avoids it.",
            ],
            Self::Store => [
                "The session cannot be written to its store any more",
                "The client goes on in memory.",
            ],
            Self::UnclaimedDropped => [
                "More messages of the resumed session arrived than could be kept for subscriptions that are not there yet",
                "Declare subscriptions before connecting.",
            ],
        }
    }
}

/// What to do about a refusal.
fn remedy(reason: ReasonCode) -> &'static str {
    match reason {
        ReasonCode::UnsupportedProtocolVersion => "Use MQTT 3.1.1.",
        ReasonCode::ClientIdentifierNotValid => {
            "Use another client identifier; with an empty one, the session must be clean."
        }
        ReasonCode::BadUserNameOrPassword => "Check user name and password, then connect again.",
        ReasonCode::NotAuthorized => "Check user name, password and the server's access rules.",
        ReasonCode::BadAuthenticationMethod => {
            "The server does not know this authentication method."
        }
        ReasonCode::PacketTooLarge => "Send smaller messages.",
        ReasonCode::QoSNotSupported => "Publish with a lower QoS, or set lower_qos.",
        ReasonCode::UseAnotherServer | ReasonCode::ServerMoved => {
            "Connect to the server that it names, or allow redirects."
        }
        _ => "The reason says why.",
    }
}

/// What happened, the server's reason, what to do, and the stable name in brackets.
impl fmt::Display for Error {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        let [what, remedy] = self.words();
        match self {
            Self::Topic(error) => error.fmt(f)?,
            Self::Encode(error) => error.fmt(f)?,
            Self::Malformed(error) => write!(f, "{what}: {error}")?,
            _ => f.write_str(what)?,
        }
        match self {
            Self::ConnectRefused(reason)
            | Self::ServerDisconnect(reason)
            | Self::Protocol(reason)
            | Self::PublishRefused(reason)
            | Self::SubscribeRefused(reason)
            | Self::UnsubscribeRefused(reason) => write!(f, ": {}", reason.name())?,
            _ => {}
        }
        write!(f, ". {remedy} [{}]", self.code())
    }
}
