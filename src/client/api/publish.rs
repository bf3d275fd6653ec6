//! Messages on their way out, and requests, which are messages with an answer.

use alloc::rc::{Rc, Weak};
use core::cell::RefCell;
use core::future::{Future, IntoFuture};
use core::pin::Pin;
use core::task::{Context, Poll};
use core::time::Duration;

use super::board::{Board, Outcome};
use super::message::Message;
use super::{Client, Shared};
use crate::codec::{PropertiesBuf, Property, PropertyId, QoS, TopicName};
use crate::error::Error;
use crate::session::{Outgoing, Published, Token};

/// A message to publish, from [`Client::publish`]. It is queued by `.await` (or `into_future`), by
/// [`queue`](Self::queue) or by [`request`](Self::request), and by nothing else.
///
/// ```no_run
/// # async fn example(client: webmqtt::Client) -> Result<(), webmqtt::Error> {
/// use webmqtt::QoS;
///
/// // Waits for the server's acknowledgement.
/// client.publish("home/kitchen/set", "21.5").qos(QoS::AtLeastOnce).retain(true).await?;
/// // Waits for nothing: for callbacks that are not asynchronous.
/// client.publish("home/kitchen/seen", "").queue()?;
/// # Ok(())
/// # }
/// ```
#[must_use = "nothing is published until it is awaited or queued"]
pub struct Publish<'a> {
    client: &'a Client,
    topic: &'a str,
    payload: &'a [u8],
    qos: QoS,
    retain: bool,
    lower_qos: Option<bool>,
    properties: PropertiesBuf,
    timeout: Option<Duration>,
    /// Of a property that cannot be.
    error: Option<Error>,
}

impl<'a> Publish<'a> {
    pub(super) fn new(client: &'a Client, topic: &'a str, payload: &'a [u8]) -> Self {
        Self {
            client,
            topic,
            payload,
            qos: QoS::AtMostOnce,
            retain: false,
            lower_qos: None,
            properties: PropertiesBuf::new(),
            timeout: None,
            error: None,
        }
    }

    /// The response to a message that has a Response Topic.
    pub(super) fn response(client: &'a Client, to: &'a Message, payload: &'a [u8]) -> Option<Self> {
        let request = to.properties();
        let topic = request.text(PropertyId::ResponseTopic)?;
        let response = Self::new(client, topic, payload);
        Some(match request.binary(PropertyId::CorrelationData) {
            Some(data) => response.correlation_data(data),
            None => response,
        })
    }

    /// Quality of Service. Default: [`QoS::AtMostOnce`].
    pub fn qos(mut self, qos: QoS) -> Self {
        self.qos = qos;
        self
    }

    /// Whether the server keeps it for later subscribers. An empty payload takes away what it has kept. Default: false.
    pub fn retain(mut self, retain: bool) -> Self {
        self.retain = retain;
        self
    }

    /// Whether it goes out with the server's Maximum QoS if that is lower, instead of being refused. Default: as
    /// [`ClientBuilder::lower_qos`](super::ClientBuilder::lower_qos) says.
    pub fn lower_qos(mut self, lower: bool) -> Self {
        self.lower_qos = Some(lower);
        self
    }

    /// Gives up waiting after this time, from when it is queued: a message that has not left never will, one that has is
    /// completed with the server. The outcome is [`Error::Timeout`] in both cases. Default: no limit.
    pub fn timeout(mut self, timeout: Duration) -> Self {
        self.timeout = Some(timeout);
        self
    }

    /// Message Expiry Interval in seconds, from now on, 5.0 only. If it has not left until then, the outcome is
    /// [`Error::Expired`].
    pub fn expiry(self, seconds: u32) -> Self {
        self.property(Property::FourByte(
            PropertyId::MessageExpiryInterval,
            seconds,
        ))
    }

    /// Content Type, such as `application/json`, 5.0 only. At most 65,535 bytes.
    pub fn content_type(self, content_type: &str) -> Self {
        self.property(Property::Text(PropertyId::ContentType, content_type))
    }

    /// Says that the payload is UTF-8 text (Payload Format Indicator 1), 5.0 only. A server may check it.
    pub fn is_text(self) -> Self {
        self.property(Property::Byte(PropertyId::PayloadFormatIndicator, 1))
    }

    /// Response Topic, 5.0 only: where whoever gets the message is to answer. [`request`](Self::request) has its own.
    pub fn response_topic(self, topic: &str) -> Self {
        self.property(Property::Text(PropertyId::ResponseTopic, topic))
    }

    /// Correlation Data, 5.0 only, at most 65,535 bytes. [`request`](Self::request) has its own.
    pub fn correlation_data(self, data: &[u8]) -> Self {
        self.property(Property::Binary(PropertyId::CorrelationData, data))
    }

    /// A User Property, 5.0 only, of at most 65,535 bytes on each side. Can be called again, also with the same name.
    pub fn user_property(self, name: &str, value: &str) -> Self {
        self.property(Property::Pair(name, value))
    }

    /// Any property that PUBLISH can have, but no Topic Alias: the client gives them by itself.
    pub fn property(mut self, property: Property<'_>) -> Self {
        if self.properties.push(property).is_err() {
            self.error = Some(Error::Option);
        }
        self
    }

    /// Queues the message and waits for nothing. It leaves at the end of this turn of the event loop, or as soon as there
    /// is a connection.
    ///
    /// # Errors
    /// What can be said at once: a topic or property that cannot be written ([`Error::Topic`], [`Error::Encode`],
    /// [`Error::Option`]), a server that is known not to take it ([`Error::QosNotSupported`],
    /// [`Error::RetainNotSupported`], [`Error::PacketTooLarge`]), [`Error::QueueFull`], [`Error::Closed`].
    pub fn queue(self) -> Result<(), Error> {
        let client = self.client;
        let sent = self.send(None);
        client.shared.link.turn();
        sent.map(|_| ())
    }

    /// Sends it as a request and waits for the response, which must come within `timeout`. 5.0 only. The client takes
    /// care of Response Topic and Correlation Data.
    ///
    /// ```no_run
    /// # async fn example(client: webmqtt::Client) -> Result<(), webmqtt::Error> {
    /// use std::time::Duration;
    ///
    /// let square = client.publish("svc/square", "12").request(Duration::from_secs(2)).await?;
    /// assert_eq!(square.payload(), b"144");
    /// # Ok(())
    /// # }
    /// ```
    pub fn request(self, timeout: Duration) -> Requesting {
        let client = self.client.clone();
        Requesting {
            client: Rc::downgrade(&client.shared),
            pending: Pending::new(&client, self.send(Some(timeout))),
        }
    }

    fn send(self, request: Option<Duration>) -> Result<Token, Error> {
        if let Some(error) = self.error {
            return Err(error);
        }
        let message = Outgoing {
            topic: TopicName::new(self.topic)?,
            payload: self.payload,
            qos: self.qos,
            retain: self.retain,
            properties: self.properties.as_properties(),
            lower_qos: self.lower_qos,
        };
        self.client.shared.link.command(|session, now| {
            if let Some(timeout) = request {
                return session.request(now, &message, timeout.into());
            }
            let token = session.publish(now, &message)?;
            if let Some(timeout) = self.timeout {
                session.give_time(now, token, timeout.into());
            }
            Ok(token)
        })
    }
}

impl IntoFuture for Publish<'_> {
    type Output = Result<Published, Error>;
    type IntoFuture = Publishing;

    /// Queues the message.
    fn into_future(self) -> Publishing {
        let client = self.client;
        let sent = self.send(None);
        Publishing {
            client: Rc::downgrade(&client.shared),
            pending: Pending::new(client, sent),
        }
    }
}

/// An operation whose outcome somebody waits for.
pub(super) struct Pending {
    board: Rc<RefCell<Board>>,
    begun: Result<Token, Error>,
}

impl Pending {
    pub(super) fn new(client: &Client, begun: Result<Token, Error>) -> Self {
        let shared = &client.shared;
        if let Ok(token) = begun {
            shared.board.borrow_mut().await_operation(token);
        }
        shared.link.turn();
        Self {
            board: shared.board.clone(),
            begun,
        }
    }

    pub(super) fn poll(&self, context: &mut Context<'_>) -> Poll<Result<Outcome, Error>> {
        let token = match self.begun {
            Ok(token) => token,
            Err(error) => return Poll::Ready(Err(error)),
        };
        let mut waker = Some(context.waker().clone());
        let outcome = self.board.borrow_mut().outcome(token, &mut waker);
        outcome.map_or(Poll::Pending, |outcome| Poll::Ready(Ok(outcome)))
    }

    /// Nobody waits any more. Gives the token if the operation is still open.
    fn forget(&self) -> Option<Token> {
        let token = self.begun.ok()?;
        let forgotten = self.board.borrow_mut().forget_operation(token);
        let (waker, open) = forgotten?;
        drop(waker);
        open.then_some(token)
    }
}

impl Drop for Pending {
    fn drop(&mut self) {
        self.forget();
    }
}

/// A publish that is queued: gives the QoS that the server acknowledged, and what it said. With QoS 0 it is done when the
/// message has left.
///
/// Dropping it takes nothing back: the message leaves, and is sent again after a reconnect if it has to be. Only nobody
/// hears how it ended. To take it back there is [`cancel`](Self::cancel).
#[must_use = "the message is queued; await how it ends, or use `queue`"]
pub struct Publishing {
    client: Weak<Shared>,
    pending: Pending,
}

impl Publishing {
    /// Takes the message back if it has not left. One that has is completed with the server; nobody hears of it.
    pub fn cancel(self) {
        if let (Some(client), Some(token)) = (self.client.upgrade(), self.pending.forget()) {
            client.command(|session, now| session.cancel(now, token));
        }
    }
}

impl Future for Publishing {
    type Output = Result<Published, Error>;

    fn poll(self: Pin<&mut Self>, context: &mut Context<'_>) -> Poll<Self::Output> {
        self.pending.poll(context).map(|outcome| match outcome? {
            Outcome::Published(result) => result,
            Outcome::Unsubscribed(_) | Outcome::Responded(_) => Err(Error::Aborted),
        })
    }
}

/// A request that is on its way: gives the response. Dropping it takes the request back if it has not left, and a
/// response that comes nevertheless reaches nobody.
///
/// Its errors are those of a publish, [`Error::RequestTimeout`], and whatever is the matter with the subscription for the
/// responses.
#[must_use = "dropping it takes the request back"]
pub struct Requesting {
    client: Weak<Shared>,
    pending: Pending,
}

impl Future for Requesting {
    type Output = Result<Message, Error>;

    fn poll(self: Pin<&mut Self>, context: &mut Context<'_>) -> Poll<Self::Output> {
        self.pending.poll(context).map(|outcome| match outcome? {
            Outcome::Responded(result) => result,
            Outcome::Published(_) | Outcome::Unsubscribed(_) => Err(Error::Aborted),
        })
    }
}

impl Drop for Requesting {
    fn drop(&mut self) {
        if let (Some(token), Some(client)) = (self.pending.forget(), self.client.upgrade()) {
            client.command(|session, now| session.cancel(now, token));
        }
    }
}
