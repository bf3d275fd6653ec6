//! The life of a connection. Every change of the state is made in this file.

use alloc::vec::Vec;

use super::Core;
use super::authentication::announce_method;
use super::event::{ConnectionInfo, Event, ServerLimits, State, StateChange, Wake};
use super::fallback::Dialect;
use super::options::{ConnectOptions, PROTOCOL_PACKET_LIMIT};
use super::outbound::encode;
use super::persist::Mark;
use super::policy::{self, Class};
use super::prepare::Prepared;
use super::reconnect::STABLE_AFTER;
use super::timers::Timer;
use crate::codec::{
    ConnAck, Connect, Disconnect, EncodeError, Packet, Properties, PropertiesBuf, Property,
    PropertyError, PropertyId, QoS, ReasonCode, TopicName, Version, Will,
};
use crate::error::Error;
use crate::time::Duration;

/// How long the server has to close after our DISCONNECT. A client that closes first makes some publish the will.
const CLOSE_PATIENCE: Duration = Duration::from_secs(1);
/// How long a peer may take to answer the probe after a wake-up.
const PROBE_PATIENCE: Duration = Duration::from_secs(3);

/// How long after a wake-up a loss is the sleep's doing: the probe's patience and as much again, for timers come late.
const SLEPT: Duration = Duration::from_secs(6);
/// How much may stay unread while the application judges the end of an authentication, in bytes.
const HELD_BYTES: usize = 16 * 1024 * 1024;
/// How many bytes of acknowledgements may wait for a server that does not read them: a million.
const UNSENT_BYTES: usize = 4 * 1024 * 1024;
/// A PUBCOMP with a reason code.
const LARGEST_ACK: u32 = 5;
/// A peer that was heard this recently needs no probe.
const FRESH: Duration = Duration::from_secs(2);

/// What the host has to do with the transport.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum TransportOp {
    /// Open a new one, then call `handle_open` or `handle_closed`.
    Open,
    /// Close the current one. Nothing that comes from it afterwards may be handed in.
    Close,
}

#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(super) enum Transport {
    None,
    Opening,
    Open,
}

impl Core {
    /// The application wants a connection.
    pub(super) fn start(&mut self) -> Result<(), Error> {
        match self.state {
            State::Idle | State::Waiting => {
                self.refused = None;
                self.redirects.row_ends();
                self.turns.begin_round();
                self.initial = self.state == State::Idle;
                self.tries = self.options.connect_attempts;
                self.open();
                Ok(())
            }
            // At most one CONNECT per connection [MQTT-3.1.0-2].
            State::Connecting | State::Connected => Ok(()),
            State::Closing | State::Closed => Err(Error::Closed),
        }
    }

    pub(super) fn open(&mut self) {
        self.open_after(None, Properties::EMPTY);
    }

    /// Begins an attempt, at once after what ended the one before.
    fn open_after(&mut self, cause: Option<Error>, properties: Properties<'_>) {
        self.timers.stop_connection();
        self.timers
            .set(Timer::Connect, self.now + self.options.connect_timeout);
        self.backoff.begin_attempt();
        self.woken_at = None;
        self.change(State::Connecting, cause, properties, None);
        self.reached = false;
        if self.options.ask {
            self.preparing = true;
            let refused = self.refused.is_some();
            self.events.push_back(Event::Prepare { refused });
        } else {
            self.open_transport();
        }
    }

    fn open_transport(&mut self) {
        self.preparing = false;
        self.transport = Transport::Opening;
        self.transport_ops.push_back(TransportOp::Open);
    }

    /// The application says what to connect with.
    pub(super) fn prepared(&mut self, prepared: Prepared) -> Result<(), Error> {
        if !self.preparing {
            return Ok(());
        }
        let changed = self.set_credentials(prepared)?;
        match self.refused.take() {
            Some(refusal) if !changed => {
                // Asking once more would change nothing.
                self.initial = true;
                self.tries = 1;
                self.fail(refusal, None, Properties::EMPTY);
            }
            _ => self.open_transport(),
        }
        Ok(())
    }

    /// The application could not find out what to connect with.
    pub(super) fn preparation_failed(&mut self) {
        if self.preparing {
            let refused = self.refused;
            self.fail(Error::Credentials, None, Properties::EMPTY);
            self.refused = refused;
        }
    }

    /// Takes what CONNECT can carry; whether it is something else than before.
    pub(super) fn set_credentials(&mut self, mut prepared: Prepared) -> Result<bool, Error> {
        self.swap_credentials(&mut prepared);
        let (options, data) = (&self.options, self.authentication.data.as_deref());
        let written = self.connect_packet();
        let changed = options.username != prepared.username
            || options.password != prepared.password
            || data != prepared.authentication_data.as_deref();
        if written.is_err() {
            self.swap_credentials(&mut prepared);
        }
        written.map(|_| changed)
    }

    fn swap_credentials(&mut self, with: &mut Prepared) {
        core::mem::swap(&mut self.options.username, &mut with.username);
        core::mem::swap(&mut self.options.password, &mut with.password);
        core::mem::swap(&mut self.authentication.data, &mut with.authentication_data);
    }

    pub(super) fn opened(&mut self) {
        if self.transport != Transport::Opening {
            return;
        }
        self.end_session_if_due();
        self.transport = Transport::Open;
        self.reached = true;
        self.discard = false;
        self.doubtful |= core::mem::take(&mut self.unanswered);
        // Options were checked when the session was made; credentials can have been replaced since.
        match self.connect_packet() {
            Ok(bytes) => {
                self.first_packets = bytes;
                self.authentication_begins();
            }
            Err(error) => self.fail(error, None, Properties::EMPTY),
        }
    }

    /// Clean Start on the first connection only, unless there is no session here any more.
    fn clean_start(&self) -> bool {
        let for_ever = self.options.version != Version::V5 || self.options.session_expiry == 0;
        let first = !self.had_connection && !self.restored;
        self.session_gone || (self.options.clean_start && (for_ever || first))
    }

    /// The session outlives its connection by the Session Expiry Interval, at the server and here.
    fn begin_session_expiry(&mut self) {
        self.session_ends = match (self.options.version, self.limits.session_expiry) {
            (Version::V5, u32::MAX) => None,
            (Version::V5, seconds) => Some(self.now + Duration::from_secs(seconds.into())),
            _ => self.options.clean_start.then_some(self.now),
        };
        self.end_session_if_due();
        if let Some(at) = self.session_ends {
            self.timers.set(Timer::SessionExpiry, at);
        }
    }

    /// Drops the session if its time has passed. While a CONNECT waits for its answer the server decides.
    pub(super) fn end_session_if_due(&mut self) {
        let asked = self.state == State::Connecting && self.transport == Transport::Open;
        if !asked && self.session_ends.is_some_and(|at| at <= self.now) {
            self.session_ends = None;
            self.session_gone = true;
            self.session_lost();
        }
    }

    pub(super) fn accepted(&mut self, packet: &ConnAck<'_>) {
        self.unanswered = false;
        let limits = server_limits(&self.options, packet.properties);
        // Where it has no room for every acknowledgement we must neither send them nor leave them out [MQTT-3.2.2-15].
        let no_room = limits.maximum_packet_size < LARGEST_ACK;
        // [MQTT-3.2.2-4]
        if no_room || packet.session_present && self.clean_start() {
            return self.fail(
                Error::Protocol(ReasonCode::ProtocolError),
                (!no_room).then_some(ReasonCode::ProtocolError),
                Properties::EMPTY,
            );
        }
        self.limits = limits;
        if let Some(assigned) = packet.properties.text(PropertyId::AssignedClientIdentifier) {
            self.client_id = assigned.into();
        }
        let aliases = self.limits.topic_alias_maximum;
        let aliases = aliases.min(self.options.send_topic_aliases);
        self.outbound
            .connected(self.limits.receive_maximum, aliases);
        let doubtful = core::mem::take(&mut self.doubtful);
        if packet.session_present {
            if doubtful {
                self.subscriptions.ask_again();
            }
            // A client that never connected has nothing in flight; that its identifier has a session is what the
            // application said by asking for it, so the messages that waited there are welcome.
            self.claims_open = !self.had_connection;
            if self.claims_open {
                self.outbound.inflight.start_at(self.random.next() as u16);
            }
            self.outbound.resume();
        } else {
            self.session_lost();
        }
        if self.fell_back.is_some() && !self.had_connection {
            self.outbound.speak(self.dialect(), self.now);
        }
        self.had_connection = true;
        self.outbound.journal.mark(Mark::Session);
        self.session_gone = false;
        self.session_ends = None;
        self.timers.stop(Timer::SessionExpiry);
        self.initial = false;
        self.refused = None;
        self.redirects.connected();
        self.timers.stop(Timer::Connect);
        self.timers.set(Timer::Stable, self.now + STABLE_AFTER);
        self.sent_something();
        self.change(State::Connected, None, Properties::EMPTY, None);
        self.backoff.connected();
        self.turns.begin_round();
        self.events.push_back(Event::Connected(ConnectionInfo {
            version: self.options.version,
            session_present: packet.session_present,
            client_id: self.client_id.clone(),
            limits: self.limits,
            properties: packet.properties.into(),
        }));
        self.requests_connected(packet.properties);
    }

    pub(super) fn session_lost(&mut self) {
        self.outbound.journal.session_lost();
        self.inbound.session_lost();
        self.acks.session_lost();
        let events = &mut self.events;
        self.outbound.session_lost(events);
        self.subscriptions.session_lost(events);
    }

    /// The connection, or the attempt to make one, has ended badly. `farewell` goes out in a DISCONNECT first.
    pub(super) fn fail(
        &mut self,
        cause: Error,
        farewell: Option<ReasonCode>,
        properties: Properties<'_>,
    ) {
        match self.state {
            State::Connecting | State::Connected => {}
            State::Closing => {
                // Of all that can happen now, only what the server says is news.
                let told = matches!(cause, Error::ServerDisconnect(_) | Error::SessionTakenOver);
                let told = told && cause.reason().is_some_and(ReasonCode::is_error);
                return self.finish(Some(cause).filter(|_| told), properties);
            }
            State::Idle | State::Waiting | State::Closed => return,
        }
        if let Some(reason) = farewell
            && self.options.version == Version::V5
            && self.first_packets.is_empty()
        {
            self.say_farewell(reason);
        }
        let first = self.fell_back.is_none();
        let attempt = self.state == State::Connecting;
        let unstable = attempt || self.timers.is_set(Timer::Stable);
        self.leave_connection(cause);
        if first && self.falls_back(cause) {
            return self.open_after(Some(cause), properties);
        }
        let class = policy::class(cause, &self.options.policy);
        if class == Class::Redirect && self.follows(cause, properties) {
            return self.open_after(Some(cause), properties);
        }
        // One that has moved for good is the only one.
        if class == Class::Retry && unstable && self.redirects.reference().is_none() {
            let more = self.turns.next(self.options.servers);
            let enough = |options| self.backoff.is_enough(options);
            if more && attempt && !self.options.reconnect.as_ref().is_some_and(enough) {
                return self.open_after(Some(cause), properties);
            }
        }
        if attempt {
            self.redirects.attempt_failed();
        }
        let again = match class {
            Class::Fatal | Class::Redirect => false,
            Class::Retry => true,
            Class::Refresh => self.options.ask,
        };
        let mut reconnect = self.options.reconnect;
        if self.initial {
            self.tries = self.tries.saturating_sub(1);
            reconnect = (self.tries > 0).then(|| reconnect.unwrap_or_default());
        }
        let reconnect = reconnect.filter(|_| again);
        match reconnect.and_then(|options| self.backoff.next_delay(&options, &mut self.random)) {
            Some(delay) => {
                self.redirects.row_ends();
                self.refused = (class == Class::Refresh).then_some(cause);
                // The sleep has ended the connection, not a server that wants to be left alone.
                let slept = |woken_at| self.now - woken_at <= SLEPT;
                let at_once = self.woken_at.is_some_and(slept);
                let delay = if at_once { Duration::default() } else { delay };
                self.timers.set(Timer::Reconnect, self.now + delay);
                self.change(State::Waiting, Some(cause), properties, Some(delay));
                if at_once {
                    self.open();
                }
            }
            None => {
                self.change(State::Idle, Some(cause), properties, None);
                self.backoff = Default::default();
            }
        }
    }

    /// The application cannot go on with an authentication. Of the codes that a client may send none says so.
    pub(super) fn authentication_failed(&mut self, cause: Error) {
        self.fail(cause, Some(ReasonCode::UnspecifiedError), Properties::EMPTY);
    }

    /// A DISCONNECT that leaves before the transport is closed.
    fn say_farewell(&mut self, reason: ReasonCode) {
        if self.transport != Transport::Open {
            return;
        }
        let (dialect, farewell) = (self.dialect(), &mut self.farewell);
        let written = disconnect_packet(reason, Properties::EMPTY, dialect, farewell);
        debug_assert!(written.is_ok(), "a reason code that fits a DISCONNECT");
    }

    /// The connection, or the attempt to make one, is over; the session may live on.
    fn leave_connection(&mut self, cause: Error) {
        let had_session = self.state == State::Connected;
        self.drop_connection(cause);
        if had_session {
            self.outbound.journal.mark(Mark::Session);
            self.begin_session_expiry();
        } else {
            self.end_session_if_due();
        }
    }

    /// Everything that lives as long as a connection ends here.
    fn drop_connection(&mut self, cause: Error) {
        self.authentication_ends(cause);
        if self.transport != Transport::None {
            self.transport = Transport::None;
            self.transport_ops.push_back(TransportOp::Close);
        }
        self.redirects.connection_lost();
        self.fallback_ends();
        self.preparing = false;
        self.discard = true;
        self.first_packets.clear();
        self.timers.stop_connection();
        self.outbound.connection_lost();
        self.inbound.connection_lost();
        self.acks.connection_lost();
        self.server_aliases.clear();
        self.subscriptions.connection_lost();
    }

    /// The transport closed by itself.
    pub(super) fn transport_closed(&mut self) {
        let opening = self.transport == Transport::Opening;
        self.transport = Transport::None;
        self.fail(
            if opening {
                Error::Unreachable
            } else {
                Error::ConnectionLost
            },
            None,
            Properties::EMPTY,
        );
    }

    /// The application no longer wants the connection that it is waiting for.
    pub(super) fn stop(&mut self) {
        if matches!(self.state, State::Connecting | State::Waiting) {
            self.leave_connection(Error::Aborted);
            self.change(State::Idle, Some(Error::Aborted), Properties::EMPTY, None);
            self.backoff = Default::default();
        }
    }

    /// The DISCONNECT with which the application wants to end.
    pub(super) fn goodbye(
        &self,
        reason: ReasonCode,
        properties: Properties<'_>,
    ) -> Result<Vec<u8>, Error> {
        let expiry = properties.four_byte(PropertyId::SessionExpiryInterval);
        if self.options.session_expiry == 0 && expiry.is_some_and(|seconds| seconds > 0) {
            return Err(Error::SessionExpiry);
        }
        let mut bytes = Vec::new();
        disconnect_packet(reason, properties, self.dialect(), &mut bytes)?;
        let limit = self.limits.maximum_packet_size as usize;
        if bytes.len() > limit {
            // The texts are left out [MQTT-3.14.2-3] [MQTT-3.14.2-4].
            let mut kept = PropertiesBuf::new();
            if let Some(seconds) = expiry {
                let _ = kept.four_byte(PropertyId::SessionExpiryInterval, seconds);
            }
            bytes.clear();
            let kept = kept.as_properties();
            disconnect_packet(reason, kept, self.dialect(), &mut bytes)?;
        }
        if bytes.len() <= limit {
            Ok(bytes)
        } else if reason == ReasonCode::Success && expiry.is_none() {
            // It takes no packet at all; what is left to say goes without saying.
            Ok(Vec::new())
        } else {
            Err(Error::PacketTooLarge)
        }
    }

    /// The application wants to end. With a connection, what may leave leaves first.
    pub(super) fn begin_close(&mut self, goodbye: Vec<u8>, ends_session: bool) {
        if !matches!(self.state, State::Closing | State::Closed) {
            self.session_gone |= ends_session;
        }
        match self.state {
            State::Connected => {
                self.goodbye = goodbye;
                self.timers.stop_connection();
                self.timers.set(Timer::Close, self.now + CLOSE_PATIENCE);
                self.change(State::Closing, None, Properties::EMPTY, None);
            }
            State::Closing | State::Closed => {}
            State::Idle | State::Connecting | State::Waiting => {
                self.finish(None, Properties::EMPTY);
            }
        }
    }

    /// DISCONNECT, after which nothing may be sent [MQTT-3.14.4-1].
    pub(super) fn say_goodbye(&mut self, out: &mut Vec<u8>) {
        out.append(&mut self.goodbye);
        self.goodbye_sent = true;
        self.timers.set(Timer::Close, self.now + CLOSE_PATIENCE);
    }

    /// Ends for good: every open operation is settled, no timer is left.
    pub(super) fn finish(&mut self, cause: Option<Error>, properties: Properties<'_>) {
        if self.state == State::Closed {
            return;
        }
        self.drop_connection(Error::Closed);
        if self.session_gone {
            self.stop_storing();
        }
        self.outbound.journal.mark(Mark::Session);
        self.timers.stop(Timer::SessionExpiry);
        self.inbound = Default::default();
        self.fail_requests(Error::Closed);
        let events = &mut self.events;
        self.outbound.abandon(Error::Closed, events);
        self.subscriptions.abandon(Error::Closed, events);
        self.change(State::Closed, cause, properties, None);
    }

    pub(super) fn timer_fired(&mut self, timer: Timer) {
        match timer {
            Timer::Connect if self.preparing => self.preparation_failed(),
            Timer::Connect if self.authentication.waits_for_application() => {
                self.authentication_failed(Error::Credentials);
            }
            Timer::Connect => self.fail(Error::ConnectTimeout, None, Properties::EMPTY),
            Timer::KeepAlive => self.ping(None),
            Timer::PingResponse => self.fail(Error::KeepAliveTimeout, None, Properties::EMPTY),
            Timer::Reconnect => self.open(),
            Timer::Stable => {
                self.backoff.reset();
                self.redirects.row_ends();
                // Whoever wanted the messages of the resumed session has subscribed by now.
                self.forget_unclaimed();
            }
            Timer::SessionExpiry => self.end_session_if_due(),
            Timer::MessageExpiry | Timer::Request | Timer::Operation => {}
            Timer::Close => {
                // What was still in the way of the DISCONNECT had its time.
                if !self.goodbye_sent && self.transport == Transport::Open {
                    self.farewell.append(&mut self.goodbye);
                }
                self.finish(None, Properties::EMPTY);
            }
        }
    }

    /// The host was asleep, or the network came back.
    pub(super) fn woken(&mut self, wake: Wake) {
        let network = wake == Wake::Network;
        match self.state {
            State::Waiting => self.open(),
            State::Connecting if network && !self.preparing => {
                self.leave_connection(Error::ConnectionLost);
                self.open();
            }
            State::Connected => {
                self.woken_at = Some(self.now);
                if network || self.now - self.heard_at >= FRESH {
                    self.ping(Some(PROBE_PATIENCE));
                }
            }
            _ => {}
        }
    }

    /// The host is put away and wakes us when it is back.
    pub(super) fn suspended(&mut self) {
        match self.state {
            State::Connected => self.say_farewell(ReasonCode::Success),
            State::Connecting | State::Waiting => {}
            // Without its DISCONNECT the server would publish the will.
            State::Closing => return self.timer_fired(Timer::Close),
            State::Idle | State::Closed => return,
        }
        self.leave_connection(Error::Suspended);
        self.change(
            State::Waiting,
            Some(Error::Suspended),
            Properties::EMPTY,
            None,
        );
    }

    fn ping(&mut self, patience: Option<Duration>) {
        if self.state != State::Connected {
            return;
        }
        self.outbound.control(&Packet::PingReq);
        if !self.timers.is_set(Timer::PingResponse) {
            self.pinged_at = self.now;
        }
        let patience = patience.or(self.quiet_time()).unwrap_or(PROBE_PATIENCE);
        // An earlier PINGREQ without an answer keeps its deadline: otherwise a dead peer would live for ever.
        self.timers
            .set_earlier(Timer::PingResponse, self.now + patience);
    }

    /// Three quarters of the Keep Alive: a ping after it and an answer within as much again find a dead peer in one
    /// and a half, which is when the server would give up on us too.
    fn quiet_time(&self) -> Option<Duration> {
        let keep_alive = self.limits.keep_alive;
        (keep_alive > 0).then(|| Duration::from_millis(u64::from(keep_alive) * 750))
    }

    /// Bytes left: the next PINGREQ is due later [MQTT-3.1.2-20].
    pub(super) fn sent_something(&mut self) {
        match self.quiet_time() {
            // Sending is no sign of life of the peer: only if it was heard since is the next PINGREQ put off.
            Some(_) if !self.heard && self.timers.is_set(Timer::KeepAlive) => {}
            Some(quiet) => {
                self.heard = false;
                self.timers.set(Timer::KeepAlive, self.now + quiet);
            }
            None => self.timers.stop(Timer::KeepAlive),
        }
    }

    /// Bytes came: whoever sends them is alive, even if the PINGRESP is still behind a large packet.
    pub(super) fn received_something(&mut self, unread: usize) {
        self.heard = true;
        self.heard_at = self.now;
        let mut too_much = self.outbound.unsent() > UNSENT_BYTES;
        if self.authentication_holds() {
            // The PINGRESP stays unread as well.
            self.timers.stop(Timer::PingResponse);
            too_much |= unread > HELD_BYTES;
        } else if self.timers.is_set(Timer::PingResponse) {
            let patience = self.quiet_time().unwrap_or(PROBE_PATIENCE);
            self.timers.set(Timer::PingResponse, self.now + patience);
        }
        if too_much {
            let reason = ReasonCode::QuotaExceeded;
            self.fail(Error::Protocol(reason), Some(reason), Properties::EMPTY);
        }
    }

    fn change(
        &mut self,
        state: State,
        cause: Option<Error>,
        properties: Properties<'_>,
        delay: Option<Duration>,
    ) {
        let previous = core::mem::replace(&mut self.state, state);
        let attempt = self.backoff.attempt();
        self.events.push_back(Event::State(StateChange {
            state,
            previous,
            cause,
            properties: properties.into(),
            delay,
            attempt,
            server: self.turns.server,
            opened: self.reached,
        }));
    }
}

fn disconnect_packet(
    reason: ReasonCode,
    properties: Properties<'_>,
    dialect: Dialect,
    out: &mut Vec<u8>,
) -> Result<(), EncodeError> {
    let properties = dialect.properties(properties);
    let packet = Packet::Disconnect(Disconnect { reason, properties });
    encode(&packet, dialect, out)
}

impl Core {
    /// Encodes CONNECT, which is also how options are checked.
    pub(super) fn connect_packet(&self) -> Result<Vec<u8>, Error> {
        let (options, authentication_data) = (&self.options, self.authentication.data.as_deref());
        let dialect = self.dialect();
        let mut properties = options.properties.clone();
        if options.version == Version::V5 {
            announce(&mut properties, options).map_err(|_| Error::Option)?;
        }
        match &options.authentication_method {
            Some(method) => announce_method(&mut properties, method, authentication_data)?,
            None if authentication_data.is_some() => return Err(Error::Option),
            None => {}
        }
        let will = match &options.will {
            Some(will) => Some(Will {
                topic: TopicName::new(&will.topic)?,
                payload: &will.payload,
                qos: will.qos,
                retain: will.retain,
                properties: dialect.properties(will.properties.as_properties()),
            }),
            None => None,
        };
        let packet = Packet::Connect(Connect {
            version: options.version,
            clean_start: self.clean_start(),
            keep_alive: options.keep_alive,
            client_id: &self.client_id,
            will,
            username: options.username.as_deref(),
            password: options.password.as_deref(),
            properties: dialect.properties(properties.as_properties()),
        });
        let mut bytes = Vec::new();
        encode(&packet, dialect, &mut bytes)?;
        Ok(bytes)
    }
}

fn announce(properties: &mut PropertiesBuf, options: &ConnectOptions) -> Result<(), PropertyError> {
    if options.session_expiry > 0 {
        properties.push(Property::FourByte(
            PropertyId::SessionExpiryInterval,
            options.session_expiry,
        ))?;
    }
    if options.receive_maximum < u16::MAX {
        properties.push(Property::TwoByte(
            PropertyId::ReceiveMaximum,
            options.receive_maximum,
        ))?;
    }
    if options.topic_alias_maximum > 0 {
        properties.push(Property::TwoByte(
            PropertyId::TopicAliasMaximum,
            options.topic_alias_maximum,
        ))?;
    }
    if options.maximum_packet_size < PROTOCOL_PACKET_LIMIT {
        properties.push(Property::FourByte(
            PropertyId::MaximumPacketSize,
            options.maximum_packet_size,
        ))?;
    }
    Ok(())
}

pub(super) fn server_limits(options: &ConnectOptions, properties: Properties<'_>) -> ServerLimits {
    let available = |id| properties.byte(id) != Some(0);
    ServerLimits {
        receive_maximum: properties
            .two_byte(PropertyId::ReceiveMaximum)
            .unwrap_or(u16::MAX),
        maximum_qos: properties
            .byte(PropertyId::MaximumQos)
            .and_then(QoS::from_u8)
            .unwrap_or(QoS::ExactlyOnce),
        retain_available: available(PropertyId::RetainAvailable),
        maximum_packet_size: properties
            .four_byte(PropertyId::MaximumPacketSize)
            .unwrap_or(PROTOCOL_PACKET_LIMIT),
        topic_alias_maximum: properties
            .two_byte(PropertyId::TopicAliasMaximum)
            .unwrap_or(0),
        wildcard_available: available(PropertyId::WildcardSubscriptionAvailable),
        subscription_identifiers_available: options.version == Version::V5
            && available(PropertyId::SubscriptionIdentifierAvailable),
        shared_available: available(PropertyId::SharedSubscriptionAvailable),
        keep_alive: properties
            .two_byte(PropertyId::ServerKeepAlive)
            .unwrap_or(options.keep_alive),
        session_expiry: properties
            .four_byte(PropertyId::SessionExpiryInterval)
            .unwrap_or(options.session_expiry),
    }
}
