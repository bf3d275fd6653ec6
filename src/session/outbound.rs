//! The sending side: which bytes leave next, and what the acknowledgements of our publishes mean.
//!
//! It holds the queue, the messages in flight and the control packets that wait; when the connection stands and what
//! the time is, it is told.

use alloc::vec::Vec;

use super::alias::OwnAliases;
use super::event::{Event, Events, Published, ServerLimits, Token};
use super::fallback::Dialect;
use super::heap::Heap;
use super::inflight::{self, Awaiting, Inflight, InflightTable};
use super::options::{QueueLimits, QueuePolicy};
use super::persist::{Journal, Mark};
use super::queue::{Expiry, Queue, Queued};
use crate::codec::{
    self, Ack, EncodeError, Packet, PacketId, Properties, PropertiesBuf, PropertyId, Publish, QoS,
    ReasonCode, Sender, Version,
};
use crate::error::Error;
use crate::time::{Duration, Instant};

/// MQTT 3 has no Receive Maximum, but servers have their limits: Mosquitto takes 20 unfinished QoS 2 messages, others
/// 16, and what is above is acknowledged and thrown away.
const EXACTLY_ONCE_WINDOW: u16 = 16;

/// Flags of the first byte of a PUBLISH.
const DUP: u8 = 0b1000;
const RETAIN: u8 = 0b0001;

pub(super) struct Outbound {
    pub(super) dialect: Dialect,
    /// Encoded packets that wait for nothing but the socket.
    control: Vec<u8>,
    pub(super) inflight: InflightTable,
    pub(super) queue: Queue,
    /// Publishes of a resumed session that have to go out again first, unless they were acknowledged meanwhile. New
    /// publishes wait behind them, so none of these identifiers gets another meaning.
    resend: Heap,
    pub(super) journal: Journal,
    aliases: OwnAliases,
    /// How many QoS 1 and QoS 2 publishes may still leave [MQTT-4.9.0-2].
    quota: u16,
    /// How many QoS 2 publishes may be unfinished.
    exactly_once_limit: u16,
}

impl Outbound {
    pub(super) fn new(dialect: Dialect) -> Self {
        Self {
            dialect,
            control: Vec::new(),
            inflight: InflightTable::default(),
            queue: Queue::default(),
            resend: Heap::default(),
            journal: Journal::default(),
            aliases: OwnAliases::default(),
            quota: 0,
            exactly_once_limit: exactly_once_limit(dialect.version),
        }
    }

    /// The server speaks another version than what is queued was written for.
    pub(super) fn speak(&mut self, dialect: Dialect, now: Instant) {
        let before = core::mem::replace(&mut self.dialect, dialect).version;
        self.exactly_once_limit = exactly_once_limit(dialect.version);
        self.queue.rewrite(&mut |message| {
            let qos = message.qos;
            // What cannot be written stays as it is.
            let _ = rewrite(message, qos, None, before, dialect, now);
        });
    }

    /// Appends a packet that must not wait. What we build ourselves is always legal, hence no error.
    pub(super) fn control(&mut self, packet: &Packet<'_>) {
        let written = encode(packet, self.dialect, &mut self.control);
        debug_assert!(written.is_ok(), "a control packet of our own is legal");
    }

    /// Appends encoded packets that must not wait.
    pub(super) fn control_bytes(&mut self, bytes: &mut Vec<u8>) {
        self.control.append(bytes);
    }

    /// Appends a packet that tells of the last changes: it waits until they are durable, if that is asked for.
    pub(super) fn control_stored(&mut self, packet: &Packet<'_>) {
        if !self.journal.holds_acknowledgements() {
            return self.control(packet);
        }
        let mut bytes = Vec::new();
        let written = encode(packet, self.dialect, &mut bytes);
        debug_assert!(written.is_ok(), "a control packet of our own is legal");
        self.journal.hold_acknowledgement(bytes);
    }

    /// Bytes of control packets that the host has not taken, or that wait for the store.
    pub(super) fn unsent(&self) -> usize {
        self.control.len() + self.journal.held_bytes()
    }

    pub(super) fn take_control(&mut self, out: &mut Vec<u8>) {
        while let Some(mut packet) = self.journal.next_acknowledgement() {
            self.control.append(&mut packet);
        }
        out.append(&mut self.control);
    }

    /// Queues a publish; what gives way to it is settled.
    pub(super) fn publish(
        &mut self,
        queued: Queued,
        known_limits: Option<&ServerLimits>,
        queue_limits: &QueueLimits,
        events: &mut Events,
    ) -> Result<(), Error> {
        if let Some(limits) = known_limits {
            allowed(&queued.bytes, queued.wanted_qos(limits), limits)?;
        }
        let policy = queue_limits.policy;
        let version = self.dialect.version;
        let gives_way = |message: &Queued| {
            !codec::decode_publish(&message.bytes, version)
                .is_some_and(|message| wants_response(&message))
        };
        if policy == QueuePolicy::LatestPerTopic && gives_way(&queued) {
            let topic = queued.topic().unwrap_or_default();
            while let Some(older) = self.queue.supersede(topic, &gives_way) {
                self.journal.mark(Mark::Gone(older.order));
                events.push_back(Event::not_published(older.token, Error::Dropped));
            }
        }
        while !self.queue.has_room(queued.bytes.len(), queue_limits) {
            let dropped = match policy {
                QueuePolicy::Reject => return Err(Error::QueueFull),
                QueuePolicy::DropNewest => None,
                QueuePolicy::DropOldest | QueuePolicy::LatestPerTopic => self.queue.pop(&|_| true),
            };
            let Some(dropped) = dropped else {
                events.push_back(Event::not_published(queued.token, Error::Dropped));
                return Ok(());
            };
            self.journal.mark(Mark::Gone(dropped.order));
            events.push_back(Event::not_published(dropped.token, Error::Dropped));
        }
        let assured = queued.qos != QoS::AtMostOnce;
        let order = self.queue.push(queued);
        if assured {
            self.journal.mark(Mark::Queued(order));
        }
        Ok(())
    }

    /// Appends the next publish to `out`; `false` if none may leave now.
    pub(super) fn next_publish(
        &mut self,
        limits: &ServerLimits,
        now: Instant,
        out: &mut Vec<u8>,
        events: &mut Events,
    ) -> bool {
        if self.quota > 0
            && self.journal.may_resend()
            && let Some(id) = inflight::next_id(&mut self.resend)
        {
            return self.send_again(id, limits, out, events);
        }
        if let Some((id, record)) = self.journal.next_publish() {
            return self.send_stored(id, record, limits, out);
        }
        let mut out_of_ids = false;
        loop {
            let assured = self.quota > 0 && self.resend.is_empty() && !out_of_ids;
            let window = self.inflight.exactly_once() < self.exactly_once_limit;
            let may_leave = |qos| assured && (window || qos == QoS::AtLeastOnce);
            let Some(mut queued) = self.queue.pop(&may_leave) else {
                return false;
            };
            // The limits of this server may be others than when the message was queued.
            let qos = queued.wanted_qos(limits);
            let recorded = queued.qos != QoS::AtMostOnce;
            if qos < queued.qos {
                let _ = rewrite(
                    &mut queued,
                    qos,
                    None,
                    self.dialect.version,
                    self.dialect,
                    now,
                );
            }
            let allowed = if queued.expired(now) {
                Err(Error::Expired)
            } else {
                allowed(&queued.bytes, queued.qos, limits)
            };
            if recorded && (allowed.is_err() || queued.qos == QoS::AtMostOnce) {
                self.journal.mark(Mark::Gone(queued.order));
            }
            if let Err(error) = allowed {
                events.push_back(Event::not_published(queued.token, error));
                continue;
            }
            if queued.qos == QoS::AtMostOnce {
                queued.count_down(now);
                self.write(&queued, limits, out);
                let done = Published {
                    qos: QoS::AtMostOnce,
                    reason: ReasonCode::Success,
                };
                events.push_back(Event::Published {
                    token: queued.token,
                    result: Ok(done),
                    properties: PropertiesBuf::new(),
                });
                return true;
            }
            let Some(id) = self.inflight.free_id() else {
                self.queue.push_front(queued);
                out_of_ids = true;
                continue;
            };
            queued.count_down(now);
            set_identifier(&mut queued.bytes, queued.identifier_at, id);
            self.journal.mark(Mark::Sent(queued.order, id));
            let sent = !self.journal.holds_publish(id, queued.order);
            if sent {
                self.write(&queued, limits, out);
            }
            self.quota -= 1;
            let awaiting = if queued.qos == QoS::AtLeastOnce {
                Awaiting::PubAck
            } else {
                Awaiting::PubRec
            };
            let order = self.inflight.next_order();
            let Queued {
                token,
                bytes,
                identifier_at,
                lower_qos,
                expiry,
                order: record,
                ..
            } = queued;
            self.inflight.insert(Inflight {
                id,
                token: Some(token),
                record,
                counted: true,
                awaiting,
                bytes,
                identifier_at,
                lower_qos,
                sent,
                expiry: expiry.filter(|_| !sent),
                order,
                reason: ReasonCode::Success,
                properties: PropertiesBuf::new(),
            });
            if sent {
                return true;
            }
        }
    }

    /// A publish whose record is durable leaves for the first time.
    fn send_stored(
        &mut self,
        id: PacketId,
        record: u64,
        limits: &ServerLimits,
        out: &mut Vec<u8>,
    ) -> bool {
        let message = self.inflight.get_mut(id);
        if let Some(message) = message.filter(|message| message.record == record) {
            message.sent = true;
            message.expiry = None;
            let limit = limits.maximum_packet_size;
            self.aliases
                .write(&message.bytes, message.identifier_at, limit, out);
        }
        true
    }

    /// The message as it is on the wire. What is kept has no alias, since it may be sent again on another connection.
    fn write(&mut self, message: &Queued, limits: &ServerLimits, out: &mut Vec<u8>) {
        let (packet, topic_end) = (&message.bytes, message.identifier_at);
        let limit = limits.maximum_packet_size;
        self.aliases.write(packet, topic_end, limit, out);
    }

    fn send_again(
        &mut self,
        id: PacketId,
        limits: &ServerLimits,
        out: &mut Vec<u8>,
        events: &mut Events,
    ) -> bool {
        let Some(message) = self.inflight.get_mut(id) else {
            return true;
        };
        if message.bytes.is_empty() {
            return true;
        }
        if let Err(error) = allowed(&message.bytes, message.qos(), limits) {
            // The server may still hold the identifier: it stays in use until the session ends.
            message.bytes = Vec::new();
            if let Some(token) = message.token.take() {
                events.push_back(Event::not_published(token, error));
            }
            self.journal.mark(Mark::Sent(message.record, id));
            return true;
        }
        // [MQTT-3.3.1-1]
        if let Some(first) = message.bytes.first_mut().filter(|_| message.sent) {
            *first |= DUP;
        }
        message.sent = true;
        message.expiry = None;
        out.extend_from_slice(&message.bytes);
        message.counted = true;
        self.quota -= 1;
        true
    }

    /// Whether something waits for quota, a connection or the store.
    pub(super) fn has_waiting(&self) -> bool {
        self.queue.len() > 0 || !self.resend.is_empty() || self.journal.holds_anything()
    }

    /// The transport is gone; what was not acknowledged stays in flight.
    pub(super) fn connection_lost(&mut self) {
        self.control.clear();
        self.resend.clear();
        self.journal.connection_lost();
        self.quota = 0;
        self.aliases = OwnAliases::default();
        self.inflight.connection_lost();
    }

    /// A connection stands. Quota is per connection [MQTT-4.9.0-1].
    pub(super) fn connected(&mut self, receive_maximum: u16, topic_aliases: u16) {
        self.quota = receive_maximum;
        self.aliases = OwnAliases::new(topic_aliases);
    }

    /// The server kept the session: sends again what is open [MQTT-4.4.0-1].
    pub(super) fn resume(&mut self) {
        self.journal.resume();
        let mut open = self.inflight.in_order();
        while let Some(id) = inflight::next_id(&mut open) {
            let Some(message) = self.inflight.get_mut(id) else {
                continue;
            };
            if message.awaiting != Awaiting::PubComp {
                self.resend.push(message.order, id.get().into());
                continue;
            }
            // Servers count it as unfinished until its PUBCOMP.
            if self.quota > 0 {
                message.counted = true;
                self.quota -= 1;
            }
            self.control_stored(&Packet::PubRel(ack(id, ReasonCode::Success)));
        }
    }

    /// The server lost the session: QoS 1 goes out again as new; a QoS 2 message that left may have been delivered or
    /// not, and saying either would be a guess.
    pub(super) fn session_lost(&mut self, events: &mut Events) {
        self.resend.clear();
        let mut again = Vec::new();
        let mut open = self.inflight.in_order();
        while let Some(message) = self.inflight.take_next(&mut open) {
            let harmless = message.awaiting == Awaiting::PubAck || !message.sent;
            match message.token {
                Some(token) if harmless => {
                    let qos = message.qos();
                    let mut bytes = message.bytes;
                    if let Some(first) = bytes.first_mut() {
                        *first &= !DUP;
                    }
                    again.push(Queued {
                        token,
                        qos,
                        bytes,
                        identifier_at: message.identifier_at,
                        lower_qos: message.lower_qos,
                        expiry: message.expiry,
                        order: message.record,
                    });
                    self.journal.mark(Mark::Queued(message.record));
                    continue;
                }
                Some(token) => events.push_back(Event::not_published(token, Error::Indeterminate)),
                None => {}
            }
            self.journal.mark(Mark::Gone(message.record));
        }
        while let Some(queued) = again.pop() {
            self.queue.push_front(queued);
        }
    }

    /// Time passed: settles what has waited for too long.
    pub(super) fn expire(&mut self, now: Instant, events: &mut Events) {
        for (token, order) in self.queue.take_expired(now) {
            self.journal.mark(Mark::Gone(order));
            events.push_back(Event::not_published(token, Error::Expired));
        }
    }

    /// Stops waiting for a publish. One that has left is completed silently; `false` if the token is unknown.
    pub(super) fn cancel(&mut self, token: Token) -> bool {
        if let Some(queued) = self.queue.take(token) {
            self.journal.mark(Mark::Gone(queued.order));
            return true;
        }
        let Some(message) = self.inflight.cancel(token) else {
            return false;
        };
        let (id, record) = (message.id, message.record);
        if message.sent {
            self.journal.mark(Mark::Sent(record, id));
        } else {
            self.quota += u16::from(message.counted);
            self.inflight.remove(id);
            self.journal.mark(Mark::Gone(record));
        }
        true
    }

    /// Settles every publish that is open. What has left stays in the store: the server still counts on it.
    pub(super) fn abandon(&mut self, error: Error, events: &mut Events) {
        let mut open = self.inflight.in_order();
        while let Some(mut message) = self.inflight.take_next(&mut open) {
            if let Some(token) = message.token.take() {
                events.push_back(Event::not_published(token, error));
            }
            if !message.sent {
                self.journal.mark(Mark::Gone(message.record));
            } else if self.journal.is_on() {
                self.journal.mark(Mark::Sent(message.record, message.id));
                self.inflight.insert(message);
            }
        }
        while let Some(queued) = self.queue.pop(&|_| true) {
            self.journal.mark(Mark::Gone(queued.order));
            events.push_back(Event::not_published(queued.token, error));
        }
        self.resend.clear();
        self.control.clear();
    }

    /// PUBACK. `Err` if the server must not send it now.
    pub(super) fn puback(
        &mut self,
        packet: &Ack<'_>,
        events: &mut Events,
    ) -> Result<(), ReasonCode> {
        let Some(message) = self.inflight.get_mut(packet.packet_id) else {
            return Ok(());
        };
        match message.awaiting {
            Awaiting::PubAck => {}
            // RabbitMQ answers QoS 2 with QoS 1 in 3.1.1.
            Awaiting::PubRec if self.dialect.version != Version::V5 => {}
            _ => return Err(ReasonCode::ProtocolError),
        }
        self.settle(packet, QoS::AtLeastOnce, events);
        Ok(())
    }

    /// PUBREC. `Err` if the server must not send it now.
    pub(super) fn pubrec(
        &mut self,
        packet: &Ack<'_>,
        events: &mut Events,
    ) -> Result<(), ReasonCode> {
        let id = packet.packet_id;
        let order = self.inflight.next_order();
        let Some(message) = self.inflight.get_mut(id) else {
            let known = if self.dialect.version == Version::V5 {
                ReasonCode::PacketIdentifierNotFound
            } else {
                ReasonCode::Success
            };
            if !packet.reason.is_error() {
                self.control(&Packet::PubRel(ack(id, known)));
            }
            return Ok(());
        };
        match message.awaiting {
            Awaiting::PubAck => return Err(ReasonCode::ProtocolError),
            Awaiting::PubRec if packet.reason.is_error() => {
                self.settle(packet, QoS::ExactlyOnce, events);
                return Ok(());
            }
            Awaiting::PubRec => {
                message.awaiting = Awaiting::PubComp;
                message.order = order;
                message.bytes = Vec::new();
                message.reason = packet.reason;
                message.properties = packet.properties.into();
                self.journal.mark(Mark::Sent(message.record, id));
            }
            Awaiting::PubComp => {}
        }
        self.control_stored(&Packet::PubRel(ack(id, ReasonCode::Success)));
        Ok(())
    }

    /// PUBCOMP. `Err` if the server must not send it now.
    pub(super) fn pubcomp(
        &mut self,
        packet: &Ack<'_>,
        events: &mut Events,
    ) -> Result<(), ReasonCode> {
        let Some(message) = self.inflight.get_mut(packet.packet_id) else {
            return Ok(());
        };
        if message.awaiting != Awaiting::PubComp {
            return Err(ReasonCode::ProtocolError);
        }
        self.settle(packet, QoS::ExactlyOnce, events);
        Ok(())
    }

    fn settle(&mut self, packet: &Ack<'_>, qos: QoS, events: &mut Events) {
        let Some(message) = self.inflight.remove(packet.packet_id) else {
            return;
        };
        self.quota += u16::from(message.counted);
        self.journal.mark(Mark::Gone(message.record));
        let Some(token) = message.token else { return };
        let (mut reason, mut properties) = (packet.reason, packet.properties);
        // A PUBCOMP without news leaves the last word to the PUBREC.
        if reason == ReasonCode::Success && properties.is_empty() {
            (reason, properties) = (message.reason, message.properties.as_properties());
        }
        // A PUBCOMP with 0x92 ends the exchange: the server knows nothing of it any more.
        let refused = reason.is_error() && reason != ReasonCode::PacketIdentifierNotFound;
        let result = if refused {
            Err(Error::PublishRefused(reason))
        } else {
            Ok(Published { qos, reason })
        };
        events.push_back(Event::Published {
            token,
            result,
            properties: properties.into(),
        });
    }
}

/// The one place that encodes: kept in one piece, it holds no code for what only servers send.
#[inline(never)]
pub(super) fn encode(
    packet: &Packet<'_>,
    dialect: Dialect,
    out: &mut Vec<u8>,
) -> Result<(), EncodeError> {
    codec::encode_as(Sender::Client, packet, dialect.version, out)
}

pub(super) fn ack(packet_id: PacketId, reason: ReasonCode) -> Ack<'static> {
    Ack {
        packet_id,
        reason,
        properties: Properties::EMPTY,
    }
}

fn exactly_once_limit(version: Version) -> u16 {
    if version == Version::V5 {
        u16::MAX
    } else {
        EXACTLY_ONCE_WINDOW
    }
}

fn allowed(bytes: &[u8], qos: QoS, limits: &ServerLimits) -> Result<(), Error> {
    if qos > limits.maximum_qos {
        return Err(Error::QosNotSupported);
    }
    if bytes.first().is_some_and(|first| first & RETAIN != 0) && !limits.retain_available {
        return Err(Error::RetainNotSupported);
    }
    if bytes.len() > limits.maximum_packet_size as usize {
        return Err(Error::PacketTooLarge);
    }
    Ok(())
}

impl Queued {
    /// The QoS for this server: the message's own, unless that is too high and the application leaves it to us.
    fn wanted_qos(&self, limits: &ServerLimits) -> QoS {
        if self.lower_qos {
            self.qos.min(limits.maximum_qos)
        } else {
            self.qos
        }
    }
}

pub(super) fn queued(
    token: Token,
    message: &Publish<'_>,
    dialect: Dialect,
    now: Instant,
) -> Result<Queued, EncodeError> {
    let properties = message.properties;
    let rest = message.payload.len() + properties.as_bytes().len();
    let topic = message.topic_text().len();
    // With what its header takes at most: it is not moved while it is written.
    let mut bytes = Vec::with_capacity(rest + topic + 13);
    let packet = Publish {
        properties: dialect.properties(properties),
        ..message.clone()
    };
    encode(&Packet::Publish(packet), dialect, &mut bytes)?;
    let header = codec::scan(&bytes, usize::MAX, dialect.version);
    let header = header.ok().flatten();
    let identifier_at = header.map_or(0, |header| header.header_len) + 2 + topic;
    let properties_at = bytes.len().checked_sub(rest).filter(|_| !dialect.lossy);
    let expiry = lifetime(properties).map(|lifetime| {
        let at = properties.value_at(PropertyId::MessageExpiryInterval);
        let at = properties_at.zip(at).map(|(start, at)| start + at);
        Expiry {
            deadline: now + lifetime,
            at: at.unwrap_or(Expiry::NOWHERE),
        }
    });
    Ok(Queued {
        token,
        qos: message.qos,
        expiry,
        bytes,
        identifier_at,
        lower_qos: false,
        order: 0,
    })
}

fn wants_response(message: &Publish<'_>) -> bool {
    let topic = message.properties.text(PropertyId::ResponseTopic);
    topic.is_some()
}

/// Gives a message a QoS that may be lower, or a Response Topic, or writes it in another version; what it has waited
/// counts.
pub(super) fn rewrite(
    message: &mut Queued,
    qos: QoS,
    response_topic: Option<&str>,
    version: Version,
    dialect: Dialect,
    now: Instant,
) -> Result<(), Error> {
    let packet = codec::decode_publish(&message.bytes, version);
    let mut packet = packet.ok_or(Error::Option)?;
    let mut properties: PropertiesBuf;
    if let Some(topic) = response_topic {
        properties = packet.properties.into();
        let added = properties.text(PropertyId::ResponseTopic, topic);
        added.map_err(|_| Error::Option)?;
        packet.properties = properties.as_properties();
    }
    packet.qos = qos;
    packet.packet_id = packet.packet_id.filter(|_| qos != QoS::AtMostOnce);
    let rewritten = queued(message.token, &packet, dialect, now)?;
    *message = Queued {
        order: message.order,
        lower_qos: message.lower_qos,
        // `None` if it left once before.
        expiry: message.expiry.map(|Expiry { deadline, .. }| Expiry {
            deadline,
            at: rewritten.expiry.map_or(Expiry::NOWHERE, |expiry| expiry.at),
        }),
        ..rewritten
    };
    Ok(())
}

/// How long a message may wait, if it has a Message Expiry Interval.
pub(super) fn lifetime(properties: Properties<'_>) -> Option<Duration> {
    let seconds = properties.four_byte(PropertyId::MessageExpiryInterval)?;
    // What expires at once may still leave in this very turn.
    Some(Duration::from_secs(seconds.into()).max(Duration::from_millis(1)))
}

pub(super) fn set_identifier(bytes: &mut [u8], at: usize, id: PacketId) {
    if let Some(slot) = bytes.get_mut(at..at + 2) {
        slot.copy_from_slice(&id.get().to_be_bytes());
    }
}
