//! A message that has arrived, for as long as the application likes.

use alloc::string::String;
use alloc::sync::Arc;
use alloc::vec::Vec;
use core::fmt;
use core::str::{self, Utf8Error};

use crate::codec::{Properties, PropertiesBuf, QoS};
use crate::session;

/// A message from the server. A clone costs no copy.
///
/// ```
/// # fn show(message: &webmqtt::Message) {
/// let text = format!("{}: {}", message.topic(), message.text().unwrap_or("no text"));
/// # }
/// ```
#[derive(Clone, PartialEq, Eq)]
pub struct Message {
    inner: Arc<Inner>,
}

#[derive(PartialEq, Eq)]
struct Inner {
    topic: String,
    payload: Vec<u8>,
    qos: QoS,
    retain: bool,
    dup: bool,
    properties: PropertiesBuf,
}

impl Message {
    pub(super) fn of(message: &session::Message<'_>) -> Self {
        Self {
            inner: Arc::new(Inner {
                topic: message.topic.into(),
                payload: message.payload.into(),
                qos: message.qos,
                retain: message.retain,
                dup: message.dup,
                properties: message.properties.into(),
            }),
        }
    }

    /// Topic name.
    #[must_use]
    pub fn topic(&self) -> &str {
        &self.inner.topic
    }

    /// Payload, as it came.
    #[must_use]
    pub fn payload(&self) -> &[u8] {
        &self.inner.payload
    }

    /// The payload as text.
    ///
    /// # Errors
    /// If it is no UTF-8.
    pub fn text(&self) -> Result<&str, Utf8Error> {
        str::from_utf8(&self.inner.payload)
    }

    /// QoS of this delivery: the lower one of the publisher's and the subscription's.
    #[must_use]
    pub fn qos(&self) -> QoS {
        self.inner.qos
    }

    /// Whether the server had it stored; with [`retain_as_published`](super::Subscribe::retain_as_published) the
    /// publisher's flag.
    #[must_use]
    pub fn retain(&self) -> bool {
        self.inner.retain
    }

    /// Whether it may have been delivered before. Only with QoS 1 and 2; QoS 2 messages are never doubled.
    #[must_use]
    pub fn dup(&self) -> bool {
        self.inner.dup
    }

    /// Properties, none in 3.1.1: Content Type, Response Topic, User Properties and so on. Subscription Identifiers are
    /// the client's own business.
    #[must_use]
    pub fn properties(&self) -> Properties<'_> {
        self.inner.properties.as_properties()
    }
}

impl fmt::Debug for Message {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.debug_struct("Message")
            .field("topic", &self.inner.topic)
            .field(
                "payload",
                &format_args!("{} bytes", self.inner.payload.len()),
            )
            .field("qos", &self.inner.qos)
            .field("retain", &self.inner.retain)
            .finish_non_exhaustive()
    }
}
