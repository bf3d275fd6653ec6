//! What an application wants of its client.

use alloc::rc::Rc;
use alloc::string::String;
use alloc::vec::Vec;
use core::cell::RefCell;
use core::time::Duration;

use super::board::Board;
use super::collector::Collector;
use super::credentials::{Ask, CredentialRequest};
use super::link::{self, Link, LinkOptions};
use super::{Client, Shared};
use crate::codec::{Property, PropertyId, QoS, ReasonCode, Version};
use crate::error::Error;
use crate::session::redirect;
use crate::session::{Class, ConnectOptions, QueueLimits, ReconnectOptions, Session, WillOptions};

/// Session Expiry Interval of a session that is to be kept, in seconds, if nothing else is said.
const KEPT: u32 = 3_600;

/// A client in the making, from [`Client::builder`]. Nothing is checked before [`build`](Self::build).
///
/// ```
/// use std::time::Duration;
/// use webmqtt::{Client, Error, Will};
///
/// fn panel() -> Result<Client, Error> {
///     Client::builder("wss://broker.example:8084/mqtt")
///         .client_id("panel-7")
///         .clean(false)
///         .session_expiry(24 * 60 * 60)
///         .keep_alive(30)
///         .will(Will::new("panel/7/state", "gone").retain(true))
///         .reconnect(Duration::from_millis(500), Duration::from_secs(10))
///         .build()
/// }
/// ```
#[must_use = "`build` makes the client"]
pub struct ClientBuilder {
    urls: Vec<String>,
    subprotocol: String,
    keep_when_put_away: bool,
    options: ConnectOptions,
    session_expiry: Option<u32>,
    ask: Option<Ask>,
    error: Option<Error>,
}

impl ClientBuilder {
    pub(super) fn new(url: String) -> Self {
        Self {
            urls: alloc::vec![url],
            subprotocol: "mqtt".into(),
            keep_when_put_away: false,
            options: ConnectOptions::default(),
            session_expiry: None,
            ask: None,
            error: None,
        }
    }

    /// One more server, to be tried when those before it cannot be reached. Each has a turn before there is a delay.
    pub fn server(mut self, url: impl Into<String>) -> Self {
        self.urls.push(url.into());
        self
    }

    /// The WebSocket subprotocol to offer, which the server must choose. Default: `mqtt`.
    pub fn subprotocol(mut self, subprotocol: impl Into<String>) -> Self {
        self.subprotocol = subprotocol.into();
        self
    }

    /// Names the session at the server, at most 65,535 bytes. Give every tab and device another one. Default: `webmqtt-`
    /// and twelve random characters.
    pub fn client_id(mut self, client_id: impl Into<String>) -> Self {
        self.options.client_id = Some(client_id.into());
        self
    }

    /// Protocol version. Default: [`Version::V5`].
    pub fn version(mut self, version: Version) -> Self {
        self.options.version = version;
        self
    }

    /// Use 3.1.1 where the server refuses 5.0, on the first connection; later ones keep its version. Default: false.
    pub fn fallback(mut self, fallback: bool) -> Self {
        self.options.fallback = fallback;
        self
    }

    /// Whether the session begins anew (Clean Start). With `false` the server keeps subscriptions and messages while there
    /// is no connection, for as long as [`session_expiry`](Self::session_expiry) says; give a
    /// [`client_id`](Self::client_id) then. Default: true.
    pub fn clean(mut self, clean: bool) -> Self {
        self.options.clean_start = clean;
        self
    }

    /// Session Expiry Interval in seconds, 5.0 only; `u32::MAX` means for ever. Default: 0, with `clean(false)` 3,600.
    pub fn session_expiry(mut self, seconds: u32) -> Self {
        self.session_expiry = Some(seconds);
        self
    }

    /// Keep Alive in seconds; 0 switches it off. Default: 60.
    pub fn keep_alive(mut self, seconds: u16) -> Self {
        self.options.keep_alive = seconds;
        self
    }

    /// User name, at most 65,535 bytes.
    pub fn username(mut self, username: impl Into<String>) -> Self {
        self.options.username = Some(username.into());
        self
    }

    /// Password, at most 65,535 bytes. 3.1.1 needs a user name with it.
    pub fn password(mut self, password: impl Into<Vec<u8>>) -> Self {
        self.options.password = Some(password.into());
        self
    }

    /// Asks this function before every attempt what to connect with, in place of [`username`](Self::username) and
    /// [`password`](Self::password). It can answer at once, or keep the request and answer until the
    /// [`connect_timeout`](Self::connect_timeout) is over.
    ///
    /// ```no_run
    /// # async fn fetch_token(fresh: bool) -> Option<String> { None }
    /// # fn spawn_local(future: impl Future<Output = ()> + 'static) {}
    /// let builder = webmqtt::Client::builder("wss://broker.example/mqtt").credentials(|request| {
    ///     spawn_local(async move {
    ///         if let Some(token) = fetch_token(request.refused()).await {
    ///             let _ = request.answer(Some("panel-7".into()), Some(token.into_bytes()));
    ///         }
    ///     });
    /// });
    /// ```
    pub fn credentials(mut self, ask: impl Fn(CredentialRequest) + 'static) -> Self {
        self.ask = Some(Rc::new(ask));
        self.options.ask = true;
        self
    }

    /// What the server publishes when the connection breaks.
    pub fn will(mut self, will: Will) -> Self {
        self.options.will = Some(will.options);
        self.error = self.error.or(will.error);
        self
    }

    /// A User Property of CONNECT, 5.0 only, of at most 65,535 bytes on each side.
    pub fn user_property(mut self, name: &str, value: &str) -> Self {
        if self.options.properties.user(name, value).is_err() {
            self.error = Some(Error::Option);
        }
        self
    }

    /// How long an attempt may take until the server has answered, above zero. Default: 30 s.
    pub fn connect_timeout(mut self, timeout: Duration) -> Self {
        self.options.connect_timeout = timeout.into();
        self
    }

    /// How a lost connection comes back: exponential back-off with full jitter, of which these are the upper bounds of the
    /// first delay and of any. Default: 2 s and 30 s.
    pub fn reconnect(mut self, min: Duration, max: Duration) -> Self {
        let known = self.options.reconnect.unwrap_or_default();
        self.options.reconnect = Some(ReconnectOptions {
            min: min.into(),
            max: max.into(),
            ..known
        });
        self
    }

    /// Give up after so many attempts in a row without a connection. Default: never.
    pub fn reconnect_attempts(mut self, attempts: u32) -> Self {
        let known = self.options.reconnect.unwrap_or_default();
        self.options.reconnect = Some(ReconnectOptions {
            attempts: Some(attempts),
            ..known
        });
        self
    }

    /// A lost connection stays lost until [`Client::connect`] is called.
    pub fn no_reconnect(mut self) -> Self {
        self.options.reconnect = None;
        self
    }

    /// An exception to what [`Class::of`] says about a refusal or an end with this reason code. Of several for one code,
    /// the first counts.
    pub fn policy(mut self, reason: ReasonCode, class: Class) -> Self {
        self.options.policy.push((reason, class));
        self
    }

    /// How often in a row to follow a server that names another one, with the credentials. Default: 0, which makes it an
    /// error.
    pub fn redirects(mut self, redirects: u8) -> Self {
        self.options.redirects = redirects;
        self
    }

    /// How much may wait while it cannot leave, and what happens to a publish that would exceed it. Default: 100,000
    /// messages, 64 MiB, and [`Error::QueueFull`].
    pub fn queue(mut self, limits: QueueLimits) -> Self {
        self.options.queue = limits;
        self
    }

    /// Publishes whose QoS is above the server's Maximum QoS go out with that instead of being refused. Default: false.
    pub fn lower_qos(mut self, lower: bool) -> Self {
        self.options.lower_qos = lower;
        self
    }

    /// How many QoS 1 and 2 messages the server may have in flight, 1 to 65,535, 5.0 only. Default: 65,535.
    pub fn receive_maximum(mut self, messages: u16) -> Self {
        self.options.receive_maximum = messages;
        self
    }

    /// The largest packet to accept, in bytes, above zero. A larger one ends the connection. Default: 268,435,460, the
    /// protocol's own limit.
    pub fn maximum_packet_size(mut self, bytes: u32) -> Self {
        self.options.maximum_packet_size = bytes;
        self
    }

    /// How many topic aliases the server may use, and how many to send with at most, 5.0 only; 0 for none. Each keeps a
    /// topic name. Default: 16 and 16.
    pub fn topic_aliases(mut self, receive: u16, send: u16) -> Self {
        self.options.topic_alias_maximum = receive;
        self.options.send_topic_aliases = send;
        self
    }

    /// Keep the connection when the page goes into the back/forward cache, if the browser allows it, instead of saying
    /// DISCONNECT and coming back with the page. Default: false.
    pub fn keep_when_put_away(mut self, keep: bool) -> Self {
        self.keep_when_put_away = keep;
        self
    }

    /// Makes the client. It is not connected.
    ///
    /// # Errors
    /// [`Error::Option`]: a URL that is not one of a WebSocket, or a number out of its range. [`Error::Encode`] and
    /// [`Error::Topic`]: a text or topic that CONNECT cannot carry, or that this version does not have.
    pub fn build(mut self) -> Result<Client, Error> {
        if let Some(error) = self.error {
            return Err(error);
        }
        if !self.urls.iter().all(|url| is_usable(url)) {
            return Err(Error::Option);
        }
        let kept = match (self.options.clean_start, self.options.version) {
            (false, Version::V5) => KEPT,
            _ => 0,
        };
        self.options.session_expiry = self.session_expiry.unwrap_or(kept);
        self.options.servers = u32::try_from(self.urls.len()).unwrap_or(u32::MAX);
        let seed = link::seed();
        let session = Session::new(self.options, seed)?;
        let board = Rc::new(RefCell::new(Board::new()));
        let options = LinkOptions {
            urls: self.urls,
            subprotocol: self.subprotocol,
            seed,
            keep_when_put_away: self.keep_when_put_away,
        };
        let shared = Rc::new_cyclic(|me| {
            let collector = Collector::new(board.clone(), me.clone(), self.ask);
            Shared {
                link: Rc::new(Link::new(options, session, collector)),
                board,
            }
        });
        Ok(Client { shared })
    }
}

/// Whether a WebSocket could have this URL.
fn is_usable(url: &str) -> bool {
    !url.contains(' ') && redirect::resolve(url, url).is_some()
}

/// What the server publishes when the connection ends without a DISCONNECT.
#[must_use]
pub struct Will {
    options: WillOptions,
    error: Option<Error>,
}

impl Will {
    /// A QoS 0 message that is not retained. The payload has at most 65,535 bytes.
    pub fn new(topic: impl Into<String>, payload: impl Into<Vec<u8>>) -> Self {
        Self {
            options: WillOptions {
                topic: topic.into(),
                payload: payload.into(),
                qos: QoS::AtMostOnce,
                retain: false,
                properties: Default::default(),
            },
            error: None,
        }
    }

    /// Quality of Service. Default: [`QoS::AtMostOnce`].
    pub fn qos(mut self, qos: QoS) -> Self {
        self.options.qos = qos;
        self
    }

    /// Whether the server keeps it for later subscribers. Default: false.
    pub fn retain(mut self, retain: bool) -> Self {
        self.options.retain = retain;
        self
    }

    /// Will Delay Interval in seconds, 5.0 only: the server waits for the client to come back. Default: 0.
    pub fn delay(self, seconds: u32) -> Self {
        self.property(Property::FourByte(PropertyId::WillDelayInterval, seconds))
    }

    /// Any property that a will can have, 5.0 only.
    pub fn property(mut self, property: Property<'_>) -> Self {
        if self.options.properties.push(property).is_err() {
            self.error = Some(Error::Option);
        }
        self
    }
}
