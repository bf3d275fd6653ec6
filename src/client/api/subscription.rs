//! Subscriptions as streams. Dropping one ends it.

use alloc::rc::{Rc, Weak};
use core::cell::RefCell;
use core::future::{Future, IntoFuture, poll_fn};
use core::pin::Pin;
use core::task::{Context, Poll};

use futures_core::Stream;

use super::board::{Board, Next, Outcome};
use super::message::Message;
use super::publish::Pending;
use super::{Client, Shared};
use crate::codec::{PropertiesBuf, QoS, ReasonCode, RetainHandling, SubscribeOptions, TopicFilter};
use crate::error::Error;
use crate::session::SubscriptionKey;

/// How many messages wait for a reader unless [`Subscribe::capacity`] says otherwise.
const CAPACITY: usize = 1_000;

/// Which message gives way when a [`Subscription`] is read too slowly.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq)]
pub enum Overflow {
    /// The one that has waited for longest.
    #[default]
    DropOldest,
    /// The one that arrives.
    DropNewest,
}

/// A subscription to make, from [`Client::subscribe`]. It is declared by `.await` (or `into_future`) or by
/// [`declare`](Self::declare), and by nothing else.
///
/// ```no_run
/// # async fn example(client: webmqtt::Client) -> Result<(), webmqtt::Error> {
/// use webmqtt::QoS;
///
/// let mut temperatures = client.subscribe("home/+/temp", QoS::AtLeastOnce).capacity(100).await?;
/// while let Some(message) = temperatures.next().await {
///     println!("{} {:?}", message.topic(), message.text());
/// }
/// # Ok(())
/// # }
/// ```
#[must_use = "nothing is subscribed to until it is awaited or declared"]
pub struct Subscribe<'a> {
    client: &'a Client,
    filter: &'a str,
    options: SubscribeOptions,
    properties: PropertiesBuf,
    capacity: usize,
    overflow: Overflow,
    error: Option<Error>,
}

impl<'a> Subscribe<'a> {
    pub(super) fn new(client: &'a Client, filter: &'a str, qos: QoS) -> Self {
        Self {
            client,
            filter,
            options: SubscribeOptions {
                qos,
                ..SubscribeOptions::default()
            },
            properties: PropertiesBuf::new(),
            capacity: CAPACITY,
            overflow: Overflow::default(),
            error: None,
        }
    }

    /// How many messages may wait until they are read, at least 1. Default: 1,000. Whatever its QoS, a message counts as
    /// received when it has arrived, not when it is read.
    pub fn capacity(mut self, messages: usize) -> Self {
        self.capacity = messages.max(1);
        self
    }

    /// Which message gives way when more wait than the capacity allows. Default: [`Overflow::DropOldest`].
    pub fn overflow(mut self, overflow: Overflow) -> Self {
        self.overflow = overflow;
        self
    }

    /// Whether the server leaves out what this client publishes itself, 5.0 only. Default: false.
    pub fn no_local(mut self, no_local: bool) -> Self {
        self.options.no_local = no_local;
        self
    }

    /// Whether messages keep the publisher's retain flag, 5.0 only. Default: false, only stored messages have it.
    pub fn retain_as_published(mut self, keep: bool) -> Self {
        self.options.retain_as_published = keep;
        self
    }

    /// Whether the server sends the messages that it has stored, 5.0 only. Default: it does.
    pub fn retain_handling(mut self, handling: RetainHandling) -> Self {
        self.options.retain_handling = handling;
        self
    }

    /// A User Property for the server, 5.0 only, of at most 65,535 bytes on each side. The subscription then has a
    /// SUBSCRIBE packet of its own.
    pub fn user_property(mut self, name: &str, value: &str) -> Self {
        if self.properties.user(name, value).is_err() {
            self.error = Some(Error::Option);
        }
        self
    }

    /// Declares the subscription and does not wait for the server's answer, nor for a connection. Whoever resumes a
    /// session does so before [`Client::connect`], to lose none of the messages that waited at the server.
    ///
    /// # Errors
    /// What can be said at once: [`Error::Topic`] of the filter, [`Error::Option`] and [`Error::Encode`] of what this
    /// version does not have, [`Error::Closed`].
    pub fn declare(self) -> Result<Subscription, Error> {
        if let Some(error) = self.error {
            return Err(error);
        }
        let shared = &self.client.shared;
        let filter = [(TopicFilter::new(self.filter)?, self.options)];
        let properties = self.properties.as_properties();
        let declared = shared
            .link
            .command(|session, now| session.subscribe_with(now, &filter, properties))?;
        let mut board = shared.board.borrow_mut();
        board.open_feed(declared, self.capacity, self.overflow);
        drop(board);
        shared.link.turn();
        Ok(Subscription {
            client: Rc::downgrade(shared),
            board: shared.board.clone(),
            key: declared.1,
            ended: false,
        })
    }
}

impl IntoFuture for Subscribe<'_> {
    type Output = Result<Subscription, Error>;
    type IntoFuture = Subscribing;

    /// Declares the subscription.
    fn into_future(self) -> Subscribing {
        Subscribing(Some(self.declare()))
    }
}

/// A subscription that waits for the server's answer, and before that perhaps for a connection. Gives the stream. Dropping
/// it ends the subscription.
///
/// Its errors are those of [`Subscribe::declare`]; [`Error::SubscribeRefused`] and the like if the server, or the client
/// that knows the server's limits, refuses; and [`Error::Closed`].
#[must_use = "dropping it ends the subscription"]
pub struct Subscribing(Option<Result<Subscription, Error>>);

impl Future for Subscribing {
    type Output = Result<Subscription, Error>;

    fn poll(mut self: Pin<&mut Self>, context: &mut Context<'_>) -> Poll<Self::Output> {
        if let Some(Ok(subscription)) = &mut self.0 {
            match subscription.poll_granted(context) {
                Poll::Pending => return Poll::Pending,
                Poll::Ready(Ok(_)) => {}
                Poll::Ready(Err(error)) => {
                    // What was refused is dropped at the end.
                    let refused = self.0.replace(Err(error));
                    drop(refused);
                }
            }
        }
        Poll::Ready(self.0.take().unwrap_or(Err(Error::Aborted)))
    }
}

/// The messages of one subscription, as a [`Stream`]. Dropping it unsubscribes.
///
/// It outlives connections: after a reconnect, and if the server has lost the session, it goes on by itself. It ends after
/// [`Client::disconnect`], when the last [`Client`] is dropped, and when the server has refused it at the beginning. If the
/// server refuses it later, when it is renewed, [`Client::events`] has a warning.
#[must_use = "dropping it ends the subscription"]
pub struct Subscription {
    client: Weak<Shared>,
    board: Rc<RefCell<Board>>,
    key: SubscriptionKey,
    ended: bool,
}

impl Subscription {
    /// The next message; `None` after the last one. Dropping the future loses nothing.
    pub async fn next(&mut self) -> Option<Message> {
        poll_fn(|context| Pin::new(&mut *self).poll_next(context)).await
    }

    /// The QoS that the server has granted, as soon as it has answered. Messages can arrive before that.
    ///
    /// # Errors
    /// As [`Subscribing`].
    pub async fn granted(&mut self) -> Result<QoS, Error> {
        poll_fn(|context| self.poll_granted(context)).await
    }

    fn poll_granted(&mut self, context: &mut Context<'_>) -> Poll<Result<QoS, Error>> {
        let mut waker = Some(context.waker().clone());
        let granted = self.board.borrow_mut().granted(self.key, &mut waker);
        granted.map_or(Poll::Pending, Poll::Ready)
    }

    /// How many messages gave way because nobody read them.
    #[must_use]
    pub fn dropped(&self) -> u64 {
        self.board.borrow().dropped(self.key)
    }

    /// Unsubscribes, as dropping it does, and says how that ended. It begins with the call.
    pub fn unsubscribe(mut self) -> Unsubscribing {
        self.ended = true;
        let Some(shared) = self.client.upgrade() else {
            return Unsubscribing(None);
        };
        let key = self.key;
        let begun = shared
            .link
            .command(|session, now| session.unsubscribe(now, key));
        Unsubscribing(Some(Pending::new(&Client { shared }, begun)))
    }
}

impl Stream for Subscription {
    type Item = Message;

    fn poll_next(self: Pin<&mut Self>, context: &mut Context<'_>) -> Poll<Option<Message>> {
        let mut waker = Some(context.waker().clone());
        let next = self.board.borrow_mut().next_message(self.key, &mut waker);
        match next {
            Next::Item(message) => Poll::Ready(Some(message)),
            Next::End => Poll::Ready(None),
            Next::Later => Poll::Pending,
        }
    }
}

impl Drop for Subscription {
    fn drop(&mut self) {
        let waker = self.board.borrow_mut().close_feed(self.key);
        drop(waker);
        if self.ended {
            return;
        }
        if let Some(client) = self.client.upgrade() {
            let key = self.key;
            // After the end there is nothing to unsubscribe from.
            let _ = client.command(|session, now| session.unsubscribe(now, key));
        }
    }
}

/// The end of a subscription on its way. Dropping it changes nothing about it.
///
/// Gives [`ReasonCode::Success`], also where the server was not asked since another subscription uses the filter, and
/// [`ReasonCode::NoSubscriptionExisted`] for one that never was granted. Its errors: [`Error::UnsubscribeRefused`] and
/// [`Error::Closed`].
#[must_use = "the end has begun; await it, or drop the future to let it happen"]
pub struct Unsubscribing(Option<Pending>);

impl Future for Unsubscribing {
    type Output = Result<ReasonCode, Error>;

    fn poll(self: Pin<&mut Self>, context: &mut Context<'_>) -> Poll<Self::Output> {
        let Some(pending) = &self.0 else {
            return Poll::Ready(Err(Error::Closed));
        };
        pending.poll(context).map(|outcome| match outcome? {
            Outcome::Unsubscribed(result) => result,
            Outcome::Published(_) | Outcome::Responded(_) => Err(Error::Aborted),
        })
    }
}
