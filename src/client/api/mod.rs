//! The client for Rust front ends: futures and streams on top of a session that a driver keeps going.
//!
//! It decides nothing about the protocol. Calls act at once and in their order; futures only wait, so dropping one never
//! leaves anything half done. No `RefCell` is borrowed while a waker or a function of the application runs.

mod board;
mod builder;
mod changes;
mod collector;
mod credentials;
mod link;
mod message;
mod publish;
mod subscription;
mod waiting;

use alloc::rc::Rc;
use alloc::string::String;
use alloc::vec::Vec;
use core::cell::RefCell;
use core::fmt;

pub use builder::{ClientBuilder, Will};
pub use changes::{ClientEvent, Events, StateChange, States};
pub use credentials::CredentialRequest;
pub use message::Message;
pub use publish::{Publish, Publishing, Requesting};
pub use subscription::{Overflow, Subscribe, Subscribing, Subscription, Unsubscribing};
pub use waiting::{Connect, Disconnect};

use crate::codec::QoS;
use crate::error::Error;
use crate::session::{ConnectionInfo, Session, State};
use crate::time::Instant;
use board::Board;
use link::Link;

/// An MQTT client in a page or a worker. Clones are the same client, and equal.
///
/// ```no_run
/// use webmqtt::{Client, Error, QoS};
///
/// async fn run() -> Result<(), Error> {
///     let client = Client::builder("wss://broker.example:8084/mqtt").client_id("panel-7").build()?;
///     client.connect().await?;
///     let mut temperatures = client.subscribe("home/+/temp", QoS::AtLeastOnce).await?;
///     client.publish("home/kitchen/temp", "21.5").qos(QoS::AtLeastOnce).await?;
///     while let Some(message) = temperatures.next().await {
///         println!("{}: {:?}", message.topic(), message.text());
///     }
///     Ok(())
/// }
/// ```
///
/// # How calls and futures go together
///
/// A call acts when it is made (for [`publish`](Self::publish) and [`subscribe`](Self::subscribe), when what they give is
/// awaited), in the order of the calls, connected or not. Futures wait for the outcome, and any of them may be dropped at
/// any time: a message that is queued still leaves, an attempt to connect goes on. What ends with its value is named so:
/// a [`Subscription`], a [`Subscribing`] and a [`Requesting`].
///
/// # How it ends
///
/// With [`disconnect`](Self::disconnect), or when the last clone is dropped: what may leave leaves, then DISCONNECT, so
/// the server does not publish the will. Streams do not keep the client; they end with it. A page that is closed just
/// breaks the connection.
///
/// # Threads
///
/// A client belongs to the thread of its page or worker and is not `Send`; [`Message`], [`Error`] and [`StateChange`] are.
/// Any executor will do, such as `wasm_bindgen_futures::spawn_local`.
///
/// # On a host
///
/// There it can be made and used, too, so that `cargo test` of an application works; each attempt to connect fails with
/// [`Error::Unreachable`], and time stands still.
#[derive(Clone)]
pub struct Client {
    shared: Rc<Shared>,
}

/// What the clones share.
struct Shared {
    link: Rc<Link>,
    board: Rc<RefCell<Board>>,
}

impl Shared {
    fn command<R>(&self, command: impl FnOnce(&mut Session, Instant) -> R) -> R {
        let result = self.link.command(command);
        self.link.turn();
        result
    }

    fn state(&self) -> State {
        self.link.read(Session::state)
    }
}

impl Drop for Shared {
    fn drop(&mut self) {
        if self.state() != State::Closed {
            self.link.command(Session::disconnect);
            // Whoever says goodbye has to be there until it is said.
            self.board.borrow_mut().farewell = Some(self.link.clone());
        }
        let woken = {
            let mut board = self.board.borrow_mut();
            board.orphan();
            board.take_woken()
        };
        for waker in woken {
            waker.wake();
        }
        self.link.turn();
    }
}

impl Client {
    /// Begins a client of the server with this URL: `wss://host:port/path`, or `ws:` in pages that were loaded over
    /// `http:`.
    pub fn builder(url: impl Into<String>) -> ClientBuilder {
        ClientBuilder::new(url.into())
    }

    /// Connects, or ends the waiting for the next attempt. The future is done when there is a connection, at once if there
    /// is one, or when nothing more is tried.
    ///
    /// Its error is the cause: [`Error::ConnectRefused`] with the server's reason, [`Error::Unreachable`],
    /// [`Error::ConnectTimeout`] and so on; [`Error::Aborted`] after [`stop`](Self::stop); [`Error::Closed`] after
    /// [`disconnect`](Self::disconnect). [`last_change`](Self::last_change) has what else is known. After an error the
    /// client is as before, and what is queued stays; call it again.
    ///
    /// The first attempt is the only one, if it fails. A connection that is lost later comes back by itself.
    pub fn connect(&self) -> Connect {
        let state = self.shared.link.command(|session, now| {
            session.connect(now)?;
            Ok(session.state())
        });
        let known = match state {
            Ok(State::Connected) => Some(Ok(())),
            Ok(_) => None,
            Err(error) => Some(Err(error)),
        };
        let connect = Connect::new(&self.shared.board, known);
        self.shared.link.turn();
        connect
    }

    /// Gives up connecting: the state goes to [`State::Idle`], until [`connect`](Self::connect). Has no effect while a
    /// connection stands; nothing that is queued is lost.
    pub fn stop(&self) {
        self.shared.command(Session::stop);
    }

    /// A message to publish: text, bytes, or whatever has bytes. What [`Publish`] gives has to be awaited or queued.
    pub fn publish<'a>(
        &'a self,
        topic: &'a str,
        payload: &'a (impl AsRef<[u8]> + ?Sized),
    ) -> Publish<'a> {
        Publish::new(self, topic, payload.as_ref())
    }

    /// The response to a request: a message to its Response Topic, with its Correlation Data. `None` if the request has
    /// no Response Topic, and so wants no response.
    pub fn respond<'a>(
        &'a self,
        request: &'a Message,
        payload: &'a (impl AsRef<[u8]> + ?Sized),
    ) -> Option<Publish<'a>> {
        Publish::response(self, request, payload.as_ref())
    }

    /// A subscription to make. What [`Subscribe`] gives has to be awaited or declared. All that are made in one turn of the
    /// event loop share one packet, and several may have the same filter.
    pub fn subscribe<'a>(&'a self, filter: &'a str, qos: QoS) -> Subscribe<'a> {
        Subscribe::new(self, filter, qos)
    }

    /// Replaces user name and password for the attempts to come, such as after a refusal.
    ///
    /// # Errors
    /// What CONNECT cannot carry; then nothing is changed.
    pub fn set_credentials(
        &self,
        username: Option<String>,
        password: Option<Vec<u8>>,
    ) -> Result<(), Error> {
        self.shared
            .command(|session, _| session.set_credentials(username, password))
    }

    /// Ends the client for good: what may leave leaves, then DISCONNECT, then the server has a second to close. Whatever
    /// is open then fails with [`Error::Closed`], and streams end. The future is done when all of that is.
    pub fn disconnect(&self) -> Disconnect {
        let state = self.shared.link.command(|session, now| {
            session.disconnect(now);
            session.state()
        });
        let known =
            (state == State::Closed && self.shared.board.borrow().state == state).then_some(Ok(()));
        let disconnect = Disconnect::new(&self.shared.board, known);
        self.shared.link.turn();
        disconnect
    }

    /// Where the connection stands.
    #[must_use]
    pub fn state(&self) -> State {
        self.shared.state()
    }

    /// The last change of the state, with its cause. `None` before the first one.
    #[must_use]
    pub fn last_change(&self) -> Option<StateChange> {
        self.shared.board.borrow().change.clone()
    }

    /// The changes of the state from now on. A stream that is not read keeps the last 256 events.
    pub fn states(&self) -> States {
        States::of(&self.shared.board)
    }

    /// Changes of the state, and warnings, from now on. A stream that is not read keeps the last 256.
    pub fn events(&self) -> Events {
        Events::of(&self.shared.board)
    }

    /// What the server said in the CONNACK of the last connection, with its limits. `None` before the first one.
    #[must_use]
    pub fn connection(&self) -> Option<Rc<ConnectionInfo>> {
        self.shared.board.borrow().connection.clone()
    }

    /// The client identifier: given, generated, or assigned by the server.
    #[must_use]
    pub fn client_id(&self) -> String {
        self.shared.link.read(|session| session.client_id().into())
    }

    /// Where the connection or the attempt goes, or the next one. It can have a token in it that should not be shown.
    #[must_use]
    pub fn url(&self) -> Option<String> {
        self.shared.link.url()
    }

    /// Messages, and bytes of them, that wait in the queue because they cannot leave yet.
    #[must_use]
    pub fn queued(&self) -> (usize, usize) {
        self.shared.link.read(Session::queued)
    }

    /// Publishes with QoS 1 and 2 that have left and that the server has not fully acknowledged.
    #[must_use]
    pub fn inflight(&self) -> usize {
        self.shared.link.read(Session::inflight)
    }
}

impl PartialEq for Client {
    fn eq(&self, other: &Self) -> bool {
        Rc::ptr_eq(&self.shared, &other.shared)
    }
}

impl Eq for Client {}

impl fmt::Debug for Client {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.debug_struct("Client")
            .field("client_id", &self.client_id())
            .field("state", &self.state())
            .finish_non_exhaustive()
    }
}
