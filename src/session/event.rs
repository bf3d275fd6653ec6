//! What a session tells the application.

use alloc::collections::VecDeque;
use alloc::string::String;
use alloc::vec::Vec;

use super::authentication::AuthenticationStep;
use crate::codec::{Properties, PropertiesBuf, PropertyId, QoS, ReasonCode, Version};
use crate::error::Error;
use crate::time::Duration;

/// Names an operation until its event arrives. Tokens are never zero and not reused before 2^32 operations.
#[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord)]
pub struct Token(pub(super) u32);

impl Token {
    /// The token as a number, for hosts that store it outside Rust.
    #[must_use]
    pub fn get(self) -> u32 {
        self.0
    }

    /// The token with this number. One that the session never gave out is harmless.
    #[must_use]
    pub fn from_number(number: u32) -> Self {
        Self(number)
    }
}

/// Names a received message of QoS 1 or 2 that the application acknowledges. Not reused before 2^32 messages.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct AckToken(pub(super) u32);

impl AckToken {
    /// The token as a number, for hosts that store it outside Rust.
    #[must_use]
    pub fn get(self) -> u32 {
        self.0
    }

    /// The token with this number. One that the session never gave out is harmless.
    #[must_use]
    pub fn from_number(number: u32) -> Self {
        Self(number)
    }
}

/// Names one `subscribe` call. Messages say for which of them they are.
#[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord)]
pub struct SubscriptionKey(pub(super) u32);

impl SubscriptionKey {
    /// The key as a number, for hosts that store it outside Rust.
    #[must_use]
    pub fn get(self) -> u32 {
        self.0
    }

    /// The key with this number. One that the session never gave out is harmless.
    #[must_use]
    pub fn from_number(number: u32) -> Self {
        Self(number)
    }
}

/// Where the connection stands.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum State {
    /// Not connected and not trying: at first, after a refusal that trying again would not change, or when the first
    /// attempt of a `connect` failed.
    Idle,
    /// Preparing an attempt, opening the transport or waiting for the CONNACK.
    Connecting,
    /// The server accepted the connection.
    Connected,
    /// The connection was lost; the next attempt comes after a delay.
    Waiting,
    /// `disconnect` was called; the DISCONNECT is on its way.
    Closing,
    /// Ended for good.
    Closed,
}

/// What a host that may have been asleep noticed.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Wake {
    /// It runs again: a page became visible or left the back/forward cache, or the clock jumped.
    Running,
    /// The network came back, perhaps another one: what was opened over the old one leads nowhere.
    Network,
}

/// A change of [`State`].
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct StateChange {
    /// The state now.
    pub state: State,
    /// The state before.
    pub previous: State,
    /// Why, if something went wrong.
    pub cause: Option<Error>,
    /// The properties of the CONNACK or DISCONNECT with which the server ended it; empty if there was none.
    pub properties: PropertiesBuf,
    /// With [`State::Waiting`]: how long until the next attempt.
    pub delay: Option<Duration>,
    /// Number of the attempt since the last connection, from 1.
    pub attempt: u32,
    /// As [`Session::server`](super::Session::server).
    pub server: u32,
    /// Whether the transport had opened of the connection, or of the attempt, that ended or goes on.
    pub opened: bool,
}

impl StateChange {
    /// What the server says to people about it.
    #[must_use]
    pub fn reason_string(&self) -> Option<&str> {
        let properties = self.properties.as_properties();
        properties.text(PropertyId::ReasonString)
    }

    /// The server to use instead, if the one that ended the connection names another.
    #[must_use]
    pub fn server_reference(&self) -> Option<&str> {
        let properties = self.properties.as_properties();
        properties.text(PropertyId::ServerReference)
    }
}

/// What the server announced in its CONNACK; the specification's defaults where it said nothing.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct ServerLimits {
    /// How many QoS 1 and QoS 2 messages we may have in flight.
    pub receive_maximum: u16,
    /// The highest QoS we may publish with.
    pub maximum_qos: QoS,
    /// Whether retained messages are allowed.
    pub retain_available: bool,
    /// The largest packet the server accepts, in bytes.
    pub maximum_packet_size: u32,
    /// The highest topic alias we may use.
    pub topic_alias_maximum: u16,
    /// Whether filters may have wildcards.
    pub wildcard_available: bool,
    /// Whether subscriptions may have identifiers.
    pub subscription_identifiers_available: bool,
    /// Whether shared subscriptions are allowed.
    pub shared_available: bool,
    /// Keep Alive in seconds: the server's if it set one, else ours.
    pub keep_alive: u16,
    /// Session Expiry Interval in seconds: the server's if it set one, else ours.
    pub session_expiry: u32,
}

/// An accepted connection.
#[derive(Clone)]
pub struct ConnectionInfo {
    /// The version of the connection.
    pub version: Version,
    /// The server still had the session.
    pub session_present: bool,
    /// The client identifier in use; the server may have assigned it.
    pub client_id: String,
    /// What the server allows.
    pub limits: ServerLimits,
    /// Every property of the CONNACK.
    pub properties: PropertiesBuf,
}

/// A number for the topic of a message, for hosts to which a text is expensive: it stands for the topic from the message
/// with which it is new to the next with which it is new again.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct TopicNumber {
    /// At most that of [`NONE`](Self::NONE).
    pub number: u32,
    /// Whether it stood for another topic before, or for none.
    pub is_new: bool,
}

impl TopicNumber {
    /// The largest number, which is new each time.
    pub const NONE: Self = Self {
        number: 2_047,
        is_new: true,
    };
}

/// A message from the server. It borrows the receive buffer.
#[derive(Clone, Debug)]
pub struct Message<'a> {
    /// Topic name.
    pub topic: &'a str,
    /// What stands for the topic.
    pub topic_number: TopicNumber,
    /// Payload.
    pub payload: &'a [u8],
    /// QoS of this delivery.
    pub qos: QoS,
    /// Whether the server had it stored, or the publisher's flag with Retain As Published.
    pub retain: bool,
    /// Whether it may have been delivered before.
    pub dup: bool,
    /// Properties, 5.0 only. Subscription identifiers from [`OWN_IDENTIFIERS`](super::OWN_IDENTIFIERS) on are the
    /// session's own.
    pub properties: Properties<'a>,
    /// The subscriptions that it is for, each once. With MQTT 5 each copy that the server sends is for the subscription
    /// that it was sent for; in 3.1.1, and at servers without subscription identifiers, a copy cannot be told from
    /// another and is for all that match.
    pub subscriptions: &'a [SubscriptionKey],
    /// What to acknowledge it with. Only with [`manual_ack`](super::ConnectOptions::manual_ack), and not with QoS 0.
    pub ack: Option<AckToken>,
    /// The request that it is the response to; then `subscriptions` can be empty.
    pub reply_to: Option<Token>,
}

/// How a publish ended well.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct Published {
    /// The QoS that the server acknowledged; some answer QoS 2 with a PUBACK in 3.1.1.
    pub qos: QoS,
    /// [`ReasonCode::Success`], or what the server added to it: with [`ReasonCode::NoMatchingSubscribers`] it has the
    /// message and knows of nobody to give it to.
    pub reason: ReasonCode,
}

/// An output of [`Session::poll_event`](super::Session::poll_event).
pub enum Event<'a> {
    /// The state changed.
    State(StateChange),
    /// The server accepted the connection. Comes after the change to [`State::Connected`].
    Connected(ConnectionInfo),
    /// An attempt begins: [`prepared`](super::Session::prepared) has to say what to connect with.
    Prepare {
        /// The last attempt was refused for its credentials: the same again will not do.
        refused: bool,
    },
    /// A step of enhanced authentication that waits for [`authenticate`](super::Session::authenticate).
    Authentication {
        /// What the server wants.
        step: AuthenticationStep,
        /// The server's Authentication Data.
        data: Option<Vec<u8>>,
        /// Every property of the packet.
        properties: PropertiesBuf,
    },
    /// A re-authentication is settled.
    Reauthenticated {
        /// From `reauthenticate`.
        token: Token,
        /// How it ended.
        result: Result<(), Error>,
    },
    /// A message arrived.
    Message(Message<'a>),
    /// A publish is settled.
    Published {
        /// From `publish`.
        token: Token,
        /// How it ended.
        result: Result<Published, Error>,
        /// Reason String and User Properties of the last acknowledgement; empty if there was none.
        properties: PropertiesBuf,
    },
    /// A subscribe is settled: one result for each filter, in the order of the call.
    Subscribed {
        /// From `subscribe`.
        token: Token,
        /// The granted QoS, or why the filter was refused.
        results: Vec<Result<QoS, Error>>,
        /// Reason String and User Properties of the last SUBACK; empty if there was none.
        properties: PropertiesBuf,
    },
    /// An unsubscribe is settled: one result for each filter, in the order of the `subscribe` call.
    Unsubscribed {
        /// From `unsubscribe`.
        token: Token,
        /// [`ReasonCode::Success`] also where the server was not asked, since others use the filter;
        /// [`ReasonCode::NoSubscriptionExisted`] if it never was granted. Empty if the subscription had ended before.
        results: Vec<Result<ReasonCode, Error>>,
        /// Reason String and User Properties of the last UNSUBACK; empty if there was none.
        properties: PropertiesBuf,
    },
    /// A request failed. The other end of one is [`Event::Message`] with its token in `reply_to`.
    RequestFailed {
        /// From `request`.
        token: Token,
        /// Why: [`Error::RequestTimeout`], or what became of its message or of the subscription for the response.
        error: Error,
        /// Reason String and User Properties, if the server refused the message; else empty.
        properties: PropertiesBuf,
    },
    /// Something went wrong that no operation can report.
    Warning {
        /// What.
        error: Error,
        /// The topic filter that it is about.
        filter: Option<String>,
    },
}

/// What the application has not heard yet.
pub(super) type Events = VecDeque<Event<'static>>;

impl Event<'static> {
    /// A publish that failed here, without a word from the server.
    pub(super) fn not_published(token: Token, error: Error) -> Self {
        Self::Published {
            token,
            result: Err(error),
            properties: PropertiesBuf::new(),
        }
    }
}
