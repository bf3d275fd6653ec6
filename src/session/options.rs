//! What the application asks of a connection, checked once when the session is made.

use alloc::string::String;
use alloc::vec::Vec;

use super::policy::Class;
use crate::codec::{PropertiesBuf, QoS, ReasonCode, Version};
use crate::time::Duration;

/// The largest packet that MQTT can express: 268,435,455 bytes after a header of five.
pub const PROTOCOL_PACKET_LIMIT: u32 = 268_435_460;

/// Everything that shapes the CONNECT packet and the life of the connection.
///
/// There is no `Debug`: a password would end up in a log.
#[derive(Clone)]
pub struct ConnectOptions {
    /// Protocol version. Default: MQTT 5.0.
    pub version: Version,
    /// Client identifier. Default: `webmqtt-` and twelve random characters.
    pub client_id: Option<String>,
    /// Clean Start (5.0) or Clean Session (3.1.1). Default: true.
    pub clean_start: bool,
    /// Session Expiry Interval in seconds, 5.0 only; `u32::MAX` means for ever. Default: 0.
    pub session_expiry: u32,
    /// Keep Alive in seconds; 0 switches it off. Default: 60.
    pub keep_alive: u16,
    /// User name.
    pub username: Option<String>,
    /// Password.
    pub password: Option<Vec<u8>>,
    /// Ask with [`Event::Prepare`](super::Event::Prepare) before each attempt what to connect with. The time until
    /// the answer counts towards `connect_timeout`. Default: false.
    pub ask: bool,
    /// Method of enhanced authentication, 5.0 only. What it begins with comes with [`Prepared`](super::Prepared); then
    /// [`Event::Authentication`](super::Event::Authentication) wants answers. Default: none.
    pub authentication_method: Option<String>,
    /// Will message.
    pub will: Option<WillOptions>,
    /// User Properties, Request Problem Information and Request Response Information for CONNECT, 5.0 only. What the
    /// other options say, topic aliases and authentication are refused.
    pub properties: PropertiesBuf,
    /// How long an attempt may take until the CONNACK, above zero. Default: 30 s.
    pub connect_timeout: Duration,
    /// How to come back after a loss; `None`: not by itself.
    pub reconnect: Option<ReconnectOptions>,
    /// How many attempts [`Session::connect`](super::Session::connect) makes from [`State::Idle`](super::State::Idle),
    /// above zero, if it makes sense to repeat them; the delays between them are those of `reconnect` or its default.
    /// Default: 1.
    pub connect_attempts: u32,
    /// How many servers the host knows, above zero; [`Session::server`](super::Session::server) says which of them an
    /// attempt goes to. When an attempt fails that could be repeated, the next server has its turn at once; there is a
    /// delay, and [`Session::connect`](super::Session::connect) has failed, when each of them had one. After a loss the
    /// same server is first, unless it kept the connection for less than 20 s. Default: 1.
    pub servers: u32,
    /// How often in a row to follow a server that names another one, at once and without asking: credentials go there,
    /// too. [`Session::server_reference`](super::Session::server_reference) says where. 0x9D counts for all attempts to
    /// come, other codes for the next one. Default: 0, which makes it an error.
    pub redirects: u8,
    /// Use 3.1.1 where the server refuses 5.0, also by closing without a word, on the first connection; later ones keep
    /// its version. What only 5.0 can say is left out of everything then, and Clean Session is set unless Clean Start
    /// is not and there is a Session Expiry Interval. Not together with an authentication method. Default: false.
    pub fallback: bool,
    /// Exceptions to what [`Class::of`] says about a refusal or an end. Default: none.
    pub policy: Vec<(ReasonCode, Class)>,
    /// The largest packet to accept, in bytes. Default: [`PROTOCOL_PACKET_LIMIT`].
    pub maximum_packet_size: u32,
    /// How many QoS 1 and QoS 2 messages the server may have in flight, 1 to 65,535. Default: 65,535. In 5.0 a server
    /// that sends more is disconnected with 0x93; MQTT 3 cannot announce it.
    pub receive_maximum: u16,
    /// Whether the application acknowledges messages of QoS 1 and 2 itself, with [`Session::ack`](super::Session::ack).
    /// What it has not acknowledged counts against `receive_maximum`. Default: false, on delivery.
    pub manual_ack: bool,
    /// How many topic aliases the server may use, 5.0 only; 0 forbids them. Each holds a topic name, of at most 65,535
    /// bytes, for as long as the connection. Default: 16.
    pub topic_alias_maximum: u16,
    /// How many topic aliases to send with at most, if the server allows as many; 0 for none. The topics that were
    /// used last have them, and nobody else notices. 5.0 only. Default: 16.
    pub send_topic_aliases: u16,
    /// Publishes whose QoS is above the server's Maximum QoS go out with that instead of being refused, unless
    /// [`Outgoing::lower_qos`](super::Outgoing::lower_qos) says otherwise. Default: false.
    pub lower_qos: bool,
    /// How much may wait in the outgoing queue.
    pub queue: QueueLimits,
}

/// The will message [MQTT-3.1.2-9].
#[derive(Clone)]
pub struct WillOptions {
    /// Topic name.
    pub topic: String,
    /// Payload, at most 65,535 bytes.
    pub payload: Vec<u8>,
    /// QoS with which it is published.
    pub qos: QoS,
    /// Whether it is retained.
    pub retain: bool,
    /// Will Delay Interval, Message Expiry Interval and so on, 5.0 only.
    pub properties: PropertiesBuf,
}

/// Back-off between connection attempts: exponential with full jitter.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct ReconnectOptions {
    /// Upper bound of the first delay. Default: 2 s.
    pub min: Duration,
    /// Upper bound of any delay. Default: 30 s.
    pub max: Duration,
    /// Give up after so many attempts in a row without a connection. Default: never.
    pub attempts: Option<u32>,
}

impl Default for ReconnectOptions {
    fn default() -> Self {
        Self {
            min: Duration::from_millis(2_000),
            max: Duration::from_secs(30),
            attempts: None,
        }
    }
}

/// Bounds of the outgoing queue, and what happens to a publish that would exceed one of them. What is in flight does not
/// count, and is never dropped.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct QueueLimits {
    /// Messages. Default: 100,000.
    pub messages: usize,
    /// Bytes of encoded packets. Default: 64 MiB.
    pub bytes: usize,
    /// Default: [`QueuePolicy::Reject`].
    pub policy: QueuePolicy,
}

/// Which message gives way when the outgoing queue is full. One that was taken and gives way is settled with
/// [`Error::Dropped`](crate::error::Error::Dropped).
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq)]
pub enum QueuePolicy {
    /// The call fails with [`Error::QueueFull`](crate::error::Error::QueueFull); nothing is dropped.
    #[default]
    Reject,
    /// The messages that have waited for longest.
    DropOldest,
    /// The message that is published.
    DropNewest,
    /// A message gives way to the next one with the same topic, full or not, unless it has a Response Topic. When that
    /// is not enough, the messages that have waited for longest.
    LatestPerTopic,
}

impl Default for QueueLimits {
    fn default() -> Self {
        Self {
            messages: 100_000,
            bytes: 64 * 1024 * 1024,
            policy: QueuePolicy::Reject,
        }
    }
}

impl Default for ConnectOptions {
    fn default() -> Self {
        Self {
            version: Version::V5,
            client_id: None,
            clean_start: true,
            session_expiry: 0,
            keep_alive: 60,
            username: None,
            password: None,
            ask: false,
            authentication_method: None,
            will: None,
            properties: PropertiesBuf::default(),
            connect_timeout: Duration::from_secs(30),
            reconnect: Some(ReconnectOptions::default()),
            connect_attempts: 1,
            servers: 1,
            redirects: 0,
            fallback: false,
            policy: Vec::new(),
            maximum_packet_size: PROTOCOL_PACKET_LIMIT,
            receive_maximum: u16::MAX,
            manual_ack: false,
            topic_alias_maximum: 16,
            send_topic_aliases: 16,
            lower_qos: false,
            queue: QueueLimits::default(),
        }
    }
}
