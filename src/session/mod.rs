//! MQTT as a state machine without I/O.
//!
//! A [`Session`] holds everything a client knows: its subscriptions, what is queued and in flight in both directions,
//! and where the connection stands. It opens no socket, reads no clock and calls nobody back. The host drives it:
//!
//! - **Getters** change nothing: [`state`](Session::state), [`poll_timeout`](Session::poll_timeout), …
//! - **`handle_*`** tell what the outside world did: a transport opened or closed, bytes came, time passed.
//! - **Commands** say what the application wants: [`connect`](Session::connect), [`publish`](Session::publish), …
//! - **`poll_*`** give outputs: events, bytes to send, what to do with the transport.
//!
//! After every `handle_*`, and after a run of commands, drain every `poll_*` before the next mutation:
//! [`poll_event`](Session::poll_event) until `None`, [`poll_transmit`](Session::poll_transmit) until it gives no more
//! data, [`poll_transport`](Session::poll_transport) until `None`, and round again until none of them has anything:
//! sending settles operations, too. Then arrange to be called at [`poll_timeout`](Session::poll_timeout). What is not
//! drained is not acknowledged to the server.
//!
//! With the feature `store` a session can outlive its process; then `poll_store` is one more output to drain.
//!
//! Errors are the application's or the peer's doing; a panic would be a bug here, and no input can cause one.

mod acks;
mod alias;
mod authentication;
mod deadlines;
mod event;
mod fallback;
mod heap;
mod id_set;
mod inbound;
mod inflight;
mod latest;
mod options;
mod outbound;
mod outgoing;
mod parts;
mod persist;
mod policy;
mod prepare;
mod queue;
mod receive;
mod reconnect;
pub mod redirect;
mod request;
mod state;
mod subscriptions;
mod timers;
mod transmit;

use alloc::string::String;
use alloc::vec::Vec;

pub use authentication::AuthenticationStep;
pub use event::{
    AckToken, ConnectionInfo, Event, Message, Published, ServerLimits, State, StateChange,
    SubscriptionKey, Token, TopicNumber, Wake,
};
pub use options::{
    ConnectOptions, PROTOCOL_PACKET_LIMIT, QueueLimits, QueuePolicy, ReconnectOptions, WillOptions,
};
pub use outgoing::Outgoing;
#[cfg(feature = "store")]
pub use persist::{Durability, OpenPublish, RestoreError, Restored, StoreKey, StoreOp};
pub use policy::Class;
pub use prepare::Prepared;
pub use state::TransportOp;
pub use subscriptions::OWN_IDENTIFIERS;
pub use timers::{Deadline, Timer};

use crate::codec::{
    Packet, PacketId, Properties, PropertyId, ReasonCode, Subscribe, SubscribeFiltersBuf,
    SubscribeOptions, TopicFilter, Unsubscribe, UnsubscribeFiltersBuf, Version,
};
use crate::error::Error;
use crate::time::{Duration, Instant};
use inbound::OwnedMessage;
use parts::Core;
use receive::Input;
use state::Transport;

/// Above this, an empty receive buffer is given back after a large packet.
const RECV_KEEP: usize = 256 * 1024;

/// What [`Session::poll_transmit`] did.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Transmit {
    /// Bytes were appended; there may be more.
    Data,
    /// There is nothing to send.
    Empty,
    /// Messages wait, but for a connection, for the server's acknowledgements or for the store.
    Blocked,
}

/// An MQTT client without I/O. The module's documentation says how to drive it.
///
/// ```
/// use webmqtt::session::{ConnectOptions, Session, TransportOp};
/// use webmqtt::time::Instant;
///
/// let mut session = Session::new(ConnectOptions::default(), 42)?;
/// session.connect(Instant::from_millis(0))?;
/// while session.poll_event().is_some() {}
/// assert_eq!(session.poll_transport(), Some(TransportOp::Open));
///
/// session.handle_open(Instant::from_millis(5));
/// let mut bytes = Vec::new();
/// session.poll_transmit(&mut bytes, 4096);
/// assert_eq!(bytes[0], 0x10, "CONNECT comes first");
/// # Ok::<(), webmqtt::error::Error>(())
/// ```
pub struct Session {
    /// Apart from everything else, so that events can borrow it while the rest moves on. It stays as long as it was, for
    /// bytes that come are faster written over others than behind them.
    recv: Vec<u8>,
    core: Core,
    /// A message of `core.inbound` while an event borrows it.
    lent: Option<OwnedMessage>,
    lent_to: Vec<SubscriptionKey>,
}

impl Session {
    /// A session that has not connected yet. The seed feeds jitter and the generated client identifier; give every
    /// client another one.
    ///
    /// # Errors
    /// An option that is out of its range or cannot be written into CONNECT.
    pub fn new(options: ConnectOptions, seed: u64) -> Result<Self, Error> {
        Core::new(options, seed).map(Self::of)
    }

    fn of(core: Core) -> Self {
        Self {
            recv: Vec::new(),
            core,
            lent: None,
            lent_to: Vec::new(),
        }
    }

    // Getters

    /// Where the connection stands.
    #[must_use]
    pub fn state(&self) -> State {
        self.core.state
    }

    /// The client identifier: given, generated, or assigned by the server.
    #[must_use]
    pub fn client_id(&self) -> &str {
        &self.core.client_id
    }

    /// The protocol version in use; with [`ConnectOptions::fallback`] it can become 3.1.1.
    #[must_use]
    pub fn version(&self) -> Version {
        self.core.options.version
    }

    /// Which of the host's servers the connection or the attempt is for, from 0; while there is none, the next one. See
    /// [`ConnectOptions::servers`].
    #[must_use]
    pub fn server(&self) -> u32 {
        self.core.turns.server
    }

    /// The Server Reference to connect to instead of the own URL; [`redirect::resolve`] makes a URL of it. `None`
    /// unless the server has sent us elsewhere and [`ConnectOptions::redirects`] allows to follow.
    #[must_use]
    pub fn server_reference(&self) -> Option<&str> {
        self.core.redirects.reference()
    }

    /// Messages and bytes that wait in the outgoing queue.
    #[must_use]
    pub fn queued(&self) -> (usize, usize) {
        (
            self.core.outbound.queue.len(),
            self.core.outbound.queue.bytes(),
        )
    }

    /// Publishes with QoS 1 and 2 that the server has not fully acknowledged.
    #[must_use]
    pub fn inflight(&self) -> usize {
        self.core.outbound.inflight.len()
    }

    /// How long the server took for the last PINGREQ that it has answered, from the call that sent it.
    #[must_use]
    pub fn round_trip(&self) -> Option<Duration> {
        self.core.round_trip
    }

    /// When `handle_timeout` has to be called. It can change with every other call.
    #[must_use]
    pub fn poll_timeout(&self) -> Option<Deadline> {
        let core = &self.core;
        let mut next = core.timers.next();
        for (at, timer) in [
            (core.outbound.queue.next_expiry(), Timer::MessageExpiry),
            (core.requests.next_deadline(), Timer::Request),
            (core.deadlines.next(), Timer::Operation),
        ] {
            timers::note(&mut next, at, timer);
        }
        next
    }

    // What the outside world did

    /// Space for `len` received bytes at the end of the receive buffer; fill it, then call `handle_received`.
    pub fn recv_buf(&mut self, len: usize) -> &mut [u8] {
        let core = &mut self.core;
        let done = if core.discard {
            core.recv_end
        } else {
            core.recv_at.min(core.recv_end)
        };
        if done > 0 {
            self.recv.copy_within(done..core.recv_end, 0);
        }
        core.recv_at = 0;
        let start = core.recv_end - done;
        if start == 0 && self.recv.capacity() > RECV_KEEP {
            self.recv = Vec::new();
        }
        core.recv_end = start + len;
        if self.recv.len() < core.recv_end {
            self.recv.resize(core.recv_end, 0);
        }
        self.recv.get_mut(start..core.recv_end).unwrap_or_default()
    }

    /// `recv_buf` was filled. Packets need not begin or end where the host's messages do [MQTT-6.0.0-2].
    pub fn handle_received(&mut self, now: Instant) {
        self.core.now = now;
        if self.core.transport == Transport::Open {
            let unread = self.core.recv_end.saturating_sub(self.core.recv_at);
            self.core.received_something(unread);
        } else {
            self.core.recv_end = 0;
        }
    }

    /// The transport that `poll_transport` asked for is open.
    pub fn handle_open(&mut self, now: Instant) {
        self.core.now = now;
        self.core.recv_end = 0;
        self.core.recv_at = 0;
        self.core.opened();
    }

    /// The transport closed, or could not be opened.
    pub fn handle_closed(&mut self, now: Instant) {
        self.core.now = now;
        self.core.transport_closed();
    }

    /// The host saw something on the transport that ends the connection, like a text message.
    pub fn handle_transport_error(&mut self, now: Instant, error: Error) {
        self.core.now = now;
        self.core.fail(error, error.reason(), Properties::EMPTY);
    }

    /// The host cannot go where [`server_reference`](Session::server_reference) says: the attempt fails with
    /// [`Error::RedirectRefused`], and the reference is forgotten.
    pub fn handle_redirect_refused(&mut self, now: Instant) {
        self.core.now = now;
        self.core.redirect_refused();
    }

    /// Time passed. Calls that come early, late or twice do no harm.
    pub fn handle_timeout(&mut self, now: Instant) {
        self.core.now = now;
        while let Some(timer) = self.core.timers.expire(now) {
            self.core.timer_fired(timer);
        }
        let Core {
            outbound, events, ..
        } = &mut self.core;
        outbound.expire(now, events);
        self.core.expire_requests();
        while let Some(token) = self.core.deadlines.expire(now) {
            self.core.give_up(token, Error::Timeout);
        }
    }

    /// The host was asleep or the network came back: ends a waiting time at once, and probes a standing connection
    /// with a short deadline unless the server was heard just now. With [`Wake::Network`] an attempt that is under way
    /// starts anew.
    pub fn handle_wake(&mut self, now: Instant, wake: Wake) {
        self.core.now = now;
        self.core.woken(wake);
    }

    /// The host is put away, for how long nobody knows: says DISCONNECT, closes and waits for
    /// [`handle_wake`](Session::handle_wake). The session stays as after a lost connection.
    pub fn handle_suspend(&mut self, now: Instant) {
        self.core.now = now;
        self.core.suspended();
    }

    // What the application wants

    /// Connects, or ends the waiting for the next attempt. If the first attempt fails, or as many as
    /// [`ConnectOptions::connect_attempts`] says, the state goes back to [`State::Idle`] with the cause; nothing that is
    /// queued is lost by it.
    ///
    /// # Errors
    /// [`Error::Closed`] after `disconnect`.
    pub fn connect(&mut self, now: Instant) -> Result<(), Error> {
        self.core.now = now;
        self.core.start()
    }

    /// Changes the time until the next attempt, which counts from now. Has no effect unless one is waited for.
    pub fn retry_after(&mut self, now: Instant, delay: Duration) {
        let core = &mut self.core;
        core.now = now;
        if core.timers.is_set(Timer::Reconnect) {
            core.timers.set(Timer::Reconnect, now + delay);
        }
    }

    /// Gives up connecting. Has no effect while a connection stands; nothing that is queued is lost by it.
    pub fn stop(&mut self, now: Instant) {
        self.core.now = now;
        self.core.stop();
    }

    /// Replaces user name and password for the attempts to come.
    ///
    /// # Errors
    /// What CONNECT cannot carry; then nothing is changed.
    pub fn set_credentials(
        &mut self,
        username: Option<String>,
        password: Option<Vec<u8>>,
    ) -> Result<(), Error> {
        let prepared = Prepared {
            username,
            password,
            authentication_data: None,
        };
        if self.core.set_credentials(prepared)? {
            // These are not the ones that were refused.
            self.core.refused = None;
        }
        Ok(())
    }

    /// Answers [`Event::Prepare`]: the transport is opened, and CONNECT goes out with this. If the last attempt was
    /// refused for its credentials and these are the same, there is no attempt, and the state goes back to
    /// [`State::Idle`] with that refusal. Without a question that is open it has no effect.
    ///
    /// # Errors
    /// What CONNECT cannot carry; then nothing is changed, and the question stays open.
    pub fn prepared(&mut self, now: Instant, prepared: Prepared) -> Result<(), Error> {
        self.core.now = now;
        self.core.prepared(prepared)
    }

    /// The host has found another way to the server, such as a URL with another signature: the next attempt makes sense
    /// also with credentials that were refused.
    pub fn goes_elsewhere(&mut self) {
        self.core.refused = None;
    }

    /// Answers [`Event::Prepare`]: what to connect with could not be found out. The attempt fails with
    /// [`Error::Credentials`]; the next one asks again.
    pub fn preparation_failed(&mut self, now: Instant) {
        self.core.now = now;
        self.core.preparation_failed();
    }

    /// Publishes a message, now or as soon as there is a connection and send quota.
    ///
    /// A Message Expiry Interval counts from now: a message that has to wait for longer is settled with
    /// [`Error::Expired`], one that leaves in time says what is left. What has left is completed whatever the time.
    ///
    /// # Errors
    /// A message that cannot be written, that the server is known not to take, or for which the queue has no room.
    pub fn publish(&mut self, now: Instant, message: &Outgoing<'_>) -> Result<Token, Error> {
        let core = &mut self.core;
        core.now = now;
        core.usable()?;
        if message
            .properties
            .two_byte(PropertyId::TopicAlias)
            .is_some()
        {
            return Err(Error::Option);
        }
        let queued = core.encoded(message)?;
        let token = queued.token;
        core.send(queued)?;
        Ok(token)
    }

    /// Declares a subscription. The event that settles it has one result for each filter.
    ///
    /// # Errors
    /// No filter at all, or options that this version does not have.
    pub fn subscribe(
        &mut self,
        now: Instant,
        filters: &[(TopicFilter<'_>, SubscribeOptions)],
    ) -> Result<(Token, SubscriptionKey), Error> {
        self.subscribe_with(now, filters, Properties::EMPTY)
    }

    /// Declares a subscription with User Properties or a Subscription Identifier of the application's choice, 5.0
    /// only. It shares its SUBSCRIBE with no other call; a renewal carries the same properties. If several calls have
    /// the same filter, the properties of the latest that has any count.
    ///
    /// # Errors
    /// As `subscribe`, other properties, or an identifier that is not below [`OWN_IDENTIFIERS`]. A server without
    /// identifiers makes each result [`Error::IdentifierNotSupported`].
    pub fn subscribe_with(
        &mut self,
        now: Instant,
        filters: &[(TopicFilter<'_>, SubscribeOptions)],
        properties: Properties<'_>,
    ) -> Result<(Token, SubscriptionKey), Error> {
        let core = &mut self.core;
        core.now = now;
        core.usable()?;
        // Encoding once shows whether version and options go together, while there is a caller to tell.
        let mut list = SubscribeFiltersBuf::default();
        for &(filter, options) in filters {
            list.push(filter, core.outbound.dialect.options(options));
        }
        let id = PacketId::new(1).ok_or(Error::Option)?;
        let mut identifiers = properties.subscription_identifiers();
        if identifiers.any(|identifier| identifier >= OWN_IDENTIFIERS) {
            return Err(Error::Option);
        }
        let packet = Subscribe {
            packet_id: id,
            properties: core.outbound.dialect.properties(properties),
            filters: list.as_filters(),
        };
        outbound::encode(
            &Packet::Subscribe(packet),
            core.outbound.dialect,
            &mut Vec::new(),
        )?;

        let token = core.next_token();
        let key = core.subscriptions.declare(token, filters, properties);
        let mut keys = Vec::new();
        let subscriptions = &mut core.subscriptions;
        core.inbound.claim(|message| {
            subscriptions.route(message.topic(), message.properties(), &mut keys);
            keys.contains(&key)
        });
        Ok((token, key))
    }

    /// Answers [`Event::Authentication`]: with data for the server, or, after its success, by being satisfied with it.
    /// Only then does the connection, or the re-authentication, count. When nothing is to be answered any more it has
    /// no effect.
    ///
    /// # Errors
    /// Data that AUTH cannot carry or that the server does not take for their size; then the question stays open.
    pub fn authenticate(&mut self, now: Instant, data: Option<&[u8]>) -> Result<(), Error> {
        self.core.now = now;
        self.core.authenticate(data)
    }

    /// Answers [`Event::Authentication`]: the exchange cannot go on, or the server has not proved who it is. The
    /// connection ends with [`Error::Authentication`].
    pub fn authentication_failed(&mut self, now: Instant) {
        self.core.now = now;
        if self.core.authentication.waits_for_application() {
            self.core.authentication_failed(Error::Authentication);
        }
    }

    /// Authenticates once more while the connection stands, with the method of CONNECT. [`Event::Authentication`]
    /// follows for each step and [`Event::Reauthenticated`] at the end; other packets go on. It may take as long as
    /// [`ConnectOptions::connect_timeout`]. If it fails, the connection has ended.
    ///
    /// # Errors
    /// [`Error::Reauthentication`] if there is no method, no connection, or an exchange under way.
    pub fn reauthenticate(&mut self, now: Instant, data: Option<&[u8]>) -> Result<Token, Error> {
        self.core.now = now;
        self.core.reauthenticate(data)
    }

    /// Ends a subscription. The server hears of it if nobody else uses the filter.
    ///
    /// # Errors
    /// [`Error::Closed`] after `disconnect`.
    pub fn unsubscribe(&mut self, now: Instant, key: SubscriptionKey) -> Result<Token, Error> {
        self.unsubscribe_with(now, key, Properties::EMPTY)
    }

    /// Ends a subscription with User Properties, 5.0 only. They are for the server: it gets them if it hears of the
    /// end at all.
    ///
    /// # Errors
    /// As `unsubscribe`, or other properties.
    pub fn unsubscribe_with(
        &mut self,
        now: Instant,
        key: SubscriptionKey,
        properties: Properties<'_>,
    ) -> Result<Token, Error> {
        let core = &mut self.core;
        core.now = now;
        core.usable()?;
        if !properties.is_empty() {
            // While there is a caller to tell; any filter will do.
            let mut list = UnsubscribeFiltersBuf::default();
            list.push(TopicFilter::new("#")?);
            let packet = Unsubscribe {
                packet_id: PacketId::new(1).ok_or(Error::Option)?,
                properties: core.outbound.dialect.properties(properties),
                filters: list.as_filters(),
            };
            outbound::encode(
                &Packet::Unsubscribe(packet),
                core.outbound.dialect,
                &mut Vec::new(),
            )?;
        }
        let token = core.next_token();
        let events = &mut core.events;
        core.subscriptions.withdraw(token, key, properties, events);
        Ok(token)
    }

    /// Stops waiting for a publish, a request or a subscribe. A message that has not left never will; one that has is
    /// completed with the server, since its packet identifier is taken until then. A subscription ends, and the server
    /// hears of it where it has to. The event says [`Error::Aborted`] in all cases.
    pub fn cancel(&mut self, now: Instant, token: Token) {
        self.core.now = now;
        self.core.give_up(token, Error::Aborted);
    }

    /// Gives a publish or a subscribe, once, so much time from now on: if it is open then, it ends as with
    /// [`cancel`](Session::cancel), and its event says [`Error::Timeout`]. A request has a time of its own.
    pub fn give_time(&mut self, now: Instant, token: Token, time: Duration) {
        self.core.now = now;
        self.core.deadlines.add(now + time, token);
    }

    /// Acknowledges a message, with [`manual_ack`](ConnectOptions::manual_ack): its PUBACK or PUBREC leaves as soon as
    /// those of all messages before it have. In 5.0 a reason code above 0x7F refuses the message.
    ///
    /// A token that has been used has no effect any more, nor has one of a QoS 1 message whose connection was lost:
    /// the server sends it again, with another token. A QoS 2 message keeps its token for as long as the session lasts.
    ///
    /// # Errors
    /// [`Error::Option`] for a reason code that no PUBACK or PUBREC of this version has.
    pub fn ack(&mut self, now: Instant, token: AckToken, reason: ReasonCode) -> Result<(), Error> {
        let core = &mut self.core;
        core.now = now;
        let id = PacketId::new(1).ok_or(Error::Option)?;
        let packet = Packet::PubAck(outbound::ack(id, reason));
        outbound::encode(&packet, core.outbound.dialect, &mut Vec::new())
            .map_err(|_| Error::Option)?;
        core.acknowledge(Some(token), reason);
        Ok(())
    }

    /// Ends for good: what may leave leaves, then DISCONNECT, then the server has a second to close. Whatever is still
    /// open is settled with [`Error::Closed`].
    pub fn disconnect(&mut self, now: Instant) {
        let plain = self.disconnect_with(now, ReasonCode::Success, Properties::EMPTY);
        debug_assert!(plain.is_ok(), "every version has a plain DISCONNECT");
    }

    /// Ends for good, like [`disconnect`](Session::disconnect), with what only 5.0 can say: a reason code such as
    /// [`ReasonCode::DisconnectWithWillMessage`], a Session Expiry Interval, a Reason String and User Properties. Texts
    /// that would exceed the server's Maximum Packet Size are left out. An end that has begun stays as it is.
    ///
    /// # Errors
    /// Reason codes and properties that a client of this version may not send, [`Error::SessionExpiry`], and
    /// [`Error::PacketTooLarge`] if the server takes not even the shortest form. Then nothing has happened.
    pub fn disconnect_with(
        &mut self,
        now: Instant,
        reason: ReasonCode,
        properties: Properties<'_>,
    ) -> Result<(), Error> {
        let core = &mut self.core;
        core.now = now;
        let goodbye = core.goodbye(reason, properties)?;
        let expiry = properties.four_byte(PropertyId::SessionExpiryInterval);
        core.begin_close(goodbye, expiry == Some(0));
        Ok(())
    }

    /// Ends for good and at once, without DISCONNECT: the server publishes the will.
    pub fn abort(&mut self, now: Instant) {
        self.core.now = now;
        self.core.finish(None, Properties::EMPTY);
    }

    // Outputs

    /// The next event. Decodes at most as many packets as it takes to find one.
    pub fn poll_event(&mut self) -> Option<Event<'_>> {
        self.lent = None;
        let core = &self.core;
        let unread = core.recv_at < core.recv_end;
        if !unread && core.events.is_empty() && !core.inbound.has_claimed() {
            return None;
        }
        self.next_event()
    }

    /// Apart, since a host mostly asks once more than there is something.
    #[inline(never)]
    fn next_event(&mut self) -> Option<Event<'_>> {
        let Self {
            recv,
            core,
            lent,
            lent_to,
        } = self;
        let recv: &[u8] = recv;
        loop {
            if let Some(event) = core.events.pop_front() {
                core.deadlines.hear(&event);
                match core.requests_hear(event) {
                    Some(event) => return Some(event),
                    None => continue,
                }
            }
            if let Some(mut message) = core.inbound.next_claimed() {
                let place =
                    core.subscriptions
                        .route(message.topic(), message.properties(), lent_to);
                let response = core.requests.response(message.properties(), lent_to);
                let reply_to = response.flatten();
                if lent_to.is_empty() {
                    core.acknowledge(message.ack.take(), ReasonCode::Success);
                    if reply_to.is_none() {
                        continue;
                    }
                }
                let number = core.subscriptions.number(place, message.topic());
                let message = lent.insert(message).lend(number, lent_to);
                return Some(Event::Message(Message {
                    reply_to,
                    ..message
                }));
            }
            match core.next_input(recv) {
                Input::Nothing => return None,
                Input::Handled => {}
                Input::Message(publish, ack) => {
                    let topic = core.server_aliases.topic(&publish);
                    let place = core.subscriptions.route(topic, publish.properties, lent_to);
                    let response = core.requests.response(publish.properties, lent_to);
                    let mut ack = ack;
                    if lent_to.is_empty() {
                        if response.is_none() {
                            core.unclaimed(publish, ack);
                            continue;
                        }
                        // Whoever waits for a response alone has nothing to acknowledge.
                        core.acknowledge(ack.take(), ReasonCode::Success);
                        if response == Some(None) {
                            continue;
                        }
                    }
                    let ack = core.handed_on(ack);
                    let topic = core.server_aliases.topic(&publish);
                    let number = core.subscriptions.number(place, topic);
                    let mut message = inbound::lend(&publish, topic, number, ack, lent_to);
                    message.reply_to = response.flatten();
                    return Some(Event::Message(message));
                }
            }
        }
    }

    /// Appends bytes to send, whole packets, until `out` has grown by `limit` or more.
    ///
    /// They are taken to leave at the time of the last `handle_*` or command; a host that sends much later calls
    /// [`handle_timeout`](Session::handle_timeout) first.
    pub fn poll_transmit(&mut self, out: &mut Vec<u8>, limit: usize) -> Transmit {
        self.core.transmit(out, limit)
    }

    /// The next thing to do with the transport.
    pub fn poll_transport(&mut self) -> Option<TransportOp> {
        let op = self.core.transport_ops.pop_front();
        if op == Some(TransportOp::Close) {
            self.core.farewell.clear();
        }
        op
    }
}
