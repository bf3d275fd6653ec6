//! A small MQTT 3.1.1 and 5.0 broker that the tests can look into: sessions, all QoS both ways, retained messages,
//! wills, subscriptions, limits and refusals. It keeps every rule a server has to keep, and checks that clients do.
//!
//! Bytes in, bytes out; it knows no network and is told the time.

mod delivery;
mod session;

use std::collections::BTreeMap;

use webmqtt::codec::{
    self, ConnAck, Connect, Decoded, Packet, PacketId, Properties, PropertiesBuf, Property,
    PropertyId, Publish, QoS, ReasonCode, Sender, Version,
};

use super::packets;
pub use session::{ServerSession, Will};

/// Names a connection to the broker.
pub type ConnectionId = u32;

/// What the broker allows. Can be changed at any time, and counts from the next CONNECT on.
#[derive(Clone, Default)]
pub struct Settings {
    pub receive_maximum: Option<u16>,
    pub maximum_qos: Option<QoS>,
    pub retain_unavailable: bool,
    pub maximum_packet_size: Option<u32>,
    pub server_keep_alive: Option<u16>,
    /// The Topic Alias Maximum for clients.
    pub topic_alias_maximum: u16,
    /// Sends with topic aliases to clients that take them.
    pub sends_aliases: bool,
    /// Grants at most this Session Expiry Interval.
    pub session_expiry: Option<u32>,
    pub refuse: Option<ReasonCode>,
    /// Filters that begin so are refused.
    pub forbidden: Option<String>,
    /// A client gets a copy of a message for each of its subscriptions that match [MQTT-3.3.4-2], instead of one
    /// copy with all their identifiers [MQTT-3.3.4-4].
    pub copy_per_subscription: bool,
    pub identifiers_unavailable: bool,
}

/// A message that the broker took over from a client.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Accepted {
    pub topic: String,
    pub payload: Vec<u8>,
    pub qos: QoS,
    pub retain: bool,
    /// It is the will of a client.
    pub will: bool,
}

/// A message that the broker owes a session: who, in which generation of the session, what.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Routed {
    pub client_id: String,
    pub generation: u32,
    pub topic: String,
    pub payload: Vec<u8>,
    pub qos: QoS,
    /// Which of its subscriptions this copy is for.
    pub filters: Vec<String>,
}

/// A message inside the broker.
#[derive(Clone, Debug)]
pub struct Stored {
    pub topic: String,
    pub payload: Vec<u8>,
    pub qos: QoS,
    pub retain: bool,
    pub properties: PropertiesBuf,
}

struct Connection {
    version: Version,
    client_id: Option<String>,
    incoming: Vec<u8>,
    outgoing: Vec<u8>,
    closed: bool,
    heard_at: u64,
    /// Milliseconds of silence after which the client is gone.
    patience: Option<u64>,
    /// The client's Receive Maximum and how much of it is left.
    quota: usize,
    quota_limit: usize,
    will: Option<Will>,
    /// QoS 1 and 2 publishes of this connection that are not finally acknowledged.
    unfinished: Vec<PacketId>,
    receive_maximum: usize,
    /// What the aliases of the client stand for.
    client_aliases: BTreeMap<u16, String>,
    topic_alias_maximum: u16,
    /// What our aliases stand for at the client.
    own_aliases: BTreeMap<u16, String>,
    own_alias_maximum: u16,
    maximum_qos: QoS,
}

#[derive(Default)]
pub struct Broker {
    pub settings: Settings,
    pub accepted: Vec<Accepted>,
    pub routed: Vec<Routed>,
    pub sessions: BTreeMap<String, ServerSession>,
    pub retained: BTreeMap<String, Stored>,
    connections: BTreeMap<ConnectionId, Connection>,
    delayed_wills: Vec<(u64, String, Will)>,
    last_connection: ConnectionId,
    /// How many sessions there have been.
    pub generations: u32,
    now: u64,
}

impl Broker {
    pub fn new(settings: Settings) -> Self {
        Self {
            settings,
            ..Self::default()
        }
    }

    /// A client opened a connection.
    pub fn open(&mut self, now: u64) -> ConnectionId {
        self.now = now;
        self.last_connection += 1;
        let connection = Connection {
            version: Version::V5,
            client_id: None,
            incoming: Vec::new(),
            outgoing: Vec::new(),
            closed: false,
            heard_at: now,
            patience: Some(10_000),
            quota: 0,
            quota_limit: 0,
            will: None,
            unfinished: Vec::new(),
            receive_maximum: usize::from(u16::MAX),
            client_aliases: BTreeMap::new(),
            topic_alias_maximum: 0,
            own_aliases: BTreeMap::new(),
            own_alias_maximum: 0,
            maximum_qos: QoS::ExactlyOnce,
        };
        self.connections.insert(self.last_connection, connection);
        self.last_connection
    }

    /// Whether the broker has something to send.
    pub fn has_outgoing(&self, at: ConnectionId) -> bool {
        let connection = self.connections.get(&at);
        connection.is_some_and(|connection| !connection.outgoing.is_empty())
    }

    /// What the broker has to send; and whether it then closes.
    pub fn take_outgoing(&mut self, at: ConnectionId) -> (Vec<u8>, bool) {
        match self.connections.get_mut(&at) {
            Some(connection) => (std::mem::take(&mut connection.outgoing), connection.closed),
            None => (Vec::new(), true),
        }
    }

    /// The connection is gone, without a DISCONNECT if the client has not sent one.
    pub fn closed(&mut self, now: u64, at: ConnectionId) {
        self.now = now;
        self.end(at);
        self.connections.remove(&at);
    }

    pub fn received(&mut self, now: u64, at: ConnectionId, bytes: &[u8]) {
        self.now = now;
        let Some(connection) = self.connections.get_mut(&at) else {
            return;
        };
        connection.heard_at = now;
        connection.incoming.extend_from_slice(bytes);
        let incoming = std::mem::take(&mut connection.incoming);
        let mut from = 0;
        loop {
            let Some(connection) = self.connections.get_mut(&at).filter(|it| !it.closed) else {
                return;
            };
            let bytes = &incoming[from..];
            match codec::decode_from(Sender::Client, bytes, connection.version) {
                Ok(Decoded::Packet { packet, len }) => {
                    self.packet(at, packet);
                    from += len;
                }
                Ok(Decoded::Incomplete { .. }) => {
                    connection.incoming = bytes.to_vec();
                    return;
                }
                Err(error) => panic!("the client sent {bytes:02X?}: {error:?}"),
            }
        }
    }

    /// When the broker wants to be called.
    pub fn deadline(&self) -> Option<u64> {
        let silent = self
            .connections
            .values()
            .filter(|connection| !connection.closed)
            .filter_map(|connection| Some(connection.heard_at + connection.patience?));
        let wills = self.delayed_wills.iter().map(|(at, ..)| *at);
        let sessions = self.sessions.values().filter_map(ServerSession::expires_at);
        silent.chain(wills).chain(sessions).min()
    }

    pub fn time(&mut self, now: u64) {
        self.now = now;
        let silent: Vec<_> = self
            .connections
            .iter()
            .filter(|(_, connection)| !connection.closed)
            .filter(|(_, connection)| {
                connection
                    .patience
                    .is_some_and(|patience| connection.heard_at + patience <= now)
            })
            .map(|(&at, _)| at)
            .collect();
        for at in silent {
            // [MQTT-3.1.2-22]
            self.hang_up(at, Some(ReasonCode::KeepAliveTimeout));
        }
        let due = |session: &ServerSession| session.expires_at().is_some_and(|at| at <= now);
        let expired: Vec<String> = self
            .sessions
            .iter()
            .filter(|(_, session)| due(session))
            .map(|(id, _)| id.clone())
            .collect();
        for client_id in expired {
            self.end_session(&client_id);
        }
        let (due, later) = std::mem::take(&mut self.delayed_wills)
            .into_iter()
            .partition::<Vec<_>, _>(|(at, ..)| *at <= now);
        self.delayed_wills = later;
        for (_, _, will) in due {
            self.take_over(will.message, true);
        }
    }

    // What a test does to the broker

    /// Forgets every session, as if it had been restarted without persistence. Connections stand or fall by
    /// themselves; the network cuts them.
    pub fn lose_sessions(&mut self) {
        let ids: Vec<String> = self.sessions.keys().cloned().collect();
        for client_id in ids {
            self.sessions.remove(&client_id);
        }
        for connection in self.connections.values_mut() {
            connection.closed = true;
            connection.client_id = None;
        }
    }

    /// Somebody else publishes a message.
    pub fn publish(&mut self, now: u64, topic: &str, payload: &[u8], qos: QoS, retain: bool) {
        self.now = now;
        self.route(Stored {
            topic: topic.into(),
            payload: payload.into(),
            qos,
            retain,
            properties: PropertiesBuf::new(),
        });
    }

    /// Ends a connection with a reason, which 3.1.1 cannot carry.
    pub fn hang_up(&mut self, at: ConnectionId, reason: Option<ReasonCode>) {
        if let Some(connection) = self.connections.get(&at) {
            let v5 = connection.version == Version::V5 && connection.client_id.is_some();
            if let Some(reason) = reason.filter(|_| v5) {
                self.send(at, &packets::disconnect(reason));
            }
            self.end(at);
        }
    }

    /// How often the broker took over this payload.
    pub fn times_accepted(&self, payload: &str) -> usize {
        self.accepted
            .iter()
            .filter(|accepted| accepted.payload == payload.as_bytes())
            .count()
    }

    /// Whether the session that a message was for is still the one it was routed to.
    pub fn still_there(&self, routed: &Routed) -> bool {
        self.sessions
            .get(&routed.client_id)
            .is_some_and(|session| session.generation == routed.generation)
    }

    // Inside

    fn send(&mut self, at: ConnectionId, packet: &Packet<'_>) {
        if let Some(connection) = self.connections.get_mut(&at)
            && !connection.closed
        {
            codec::encode_as(
                Sender::Server,
                packet,
                connection.version,
                &mut connection.outgoing,
            )
            .unwrap_or_else(|error| panic!("{packet:?}: {error}"));
        }
    }

    fn packet(&mut self, at: ConnectionId, packet: Packet<'_>) {
        let greeted = self
            .connections
            .get(&at)
            .is_some_and(|connection| connection.client_id.is_some());
        assert_eq!(
            greeted,
            !matches!(packet, Packet::Connect(_)),
            "CONNECT comes first and once: {packet:?}"
        );
        match packet {
            Packet::Connect(connect) => self.connect(at, &connect),
            Packet::Publish(publish) => self.client_publish(at, &publish),
            Packet::PubAck(ack) => self.client_puback(at, ack.packet_id),
            Packet::PubRec(ack) => self.client_pubrec(at, ack.packet_id, ack.reason),
            Packet::PubRel(ack) => self.client_pubrel(at, ack.packet_id),
            Packet::PubComp(ack) => self.client_pubcomp(at, ack.packet_id),
            Packet::Subscribe(subscribe) => self.subscribe(at, &subscribe),
            Packet::Unsubscribe(unsubscribe) => self.unsubscribe(at, &unsubscribe),
            Packet::PingReq => self.send(at, &Packet::PingResp),
            Packet::Disconnect(packet) => {
                if let Some(connection) = self.connections.get_mut(&at)
                    && packet.reason == ReasonCode::Success
                {
                    // [MQTT-3.14.4-3]
                    connection.will = None;
                }
                let expiry = PropertyId::SessionExpiryInterval;
                if let Some(expiry) = packet.properties.four_byte(expiry)
                    && let Some(client_id) = self.connections.get(&at).map(|it| &it.client_id)
                    && let Some(session) =
                        client_id.as_ref().and_then(|id| self.sessions.get_mut(id))
                {
                    session.expiry = expiry;
                }
                self.end(at);
            }
            other => panic!("no client sends {other:?}"),
        }
    }

    fn connect(&mut self, at: ConnectionId, connect: &Connect<'_>) {
        let v5 = connect.version == Version::V5;
        if let Some(connection) = self.connections.get_mut(&at) {
            connection.version = connect.version;
        }
        if let Some(reason) = self.settings.refuse {
            self.send(at, &packets::refusal(reason));
            return self.end(at);
        }
        let mut answer = PropertiesBuf::new();
        let mut client_id = connect.client_id.to_owned();
        if client_id.is_empty() {
            client_id = format!("assigned-{at}");
            if v5 {
                push(
                    &mut answer,
                    Property::Text(PropertyId::AssignedClientIdentifier, &client_id),
                );
            }
        }
        let older: Vec<_> = self
            .connections
            .iter()
            .filter(|(_, other)| other.client_id.as_deref() == Some(&client_id))
            .map(|(&other, _)| other)
            .collect();
        for other in older {
            // [MQTT-3.1.4-3]
            self.hang_up(other, Some(ReasonCode::SessionTakenOver));
        }
        self.delayed_wills.retain(|(_, of, _)| *of != client_id);

        let asked = connect
            .properties
            .four_byte(PropertyId::SessionExpiryInterval)
            .unwrap_or(0);
        let granted = asked.min(self.settings.session_expiry.unwrap_or(u32::MAX));
        let expiry = match (v5, connect.clean_start) {
            (true, _) => granted,
            (false, true) => 0,
            (false, false) => u32::MAX,
        };
        if connect.clean_start {
            self.end_session(&client_id);
        }
        let session_present = self.sessions.contains_key(&client_id);
        if !session_present {
            self.generations += 1;
            let session = ServerSession::new(self.generations);
            self.sessions.insert(client_id.clone(), session);
        }
        if let Some(session) = self.sessions.get_mut(&client_id) {
            session.connected(at, expiry);
        }
        let keep_alive = match self.settings.server_keep_alive.filter(|_| v5) {
            Some(seconds) => {
                push(
                    &mut answer,
                    Property::TwoByte(PropertyId::ServerKeepAlive, seconds),
                );
                seconds
            }
            None => connect.keep_alive,
        };
        if v5 {
            self.announce(&mut answer, asked, granted);
        }
        if let Some(connection) = self.connections.get_mut(&at) {
            connection.client_id = Some(client_id.clone());
            connection.patience = (keep_alive > 0).then(|| u64::from(keep_alive) * 1500);
            let quota = connect.properties.two_byte(PropertyId::ReceiveMaximum);
            connection.quota_limit = quota.unwrap_or(u16::MAX).into();
            connection.quota = connection.quota_limit;
            connection.receive_maximum = match self.settings.receive_maximum.filter(|_| v5) {
                Some(limit) => limit.into(),
                None => u16::MAX.into(),
            };
            if v5 {
                let theirs = connect.properties.two_byte(PropertyId::TopicAliasMaximum);
                let allowed = self.settings.sends_aliases;
                connection.own_alias_maximum = theirs.filter(|_| allowed).unwrap_or(0);
                connection.topic_alias_maximum = self.settings.topic_alias_maximum;
            }
            let maximum_qos = self.settings.maximum_qos.filter(|_| v5);
            connection.maximum_qos = maximum_qos.unwrap_or(QoS::ExactlyOnce);
            connection.will = connect.will.as_ref().map(Will::new);
        }
        self.send(
            at,
            &Packet::ConnAck(ConnAck {
                session_present,
                reason: ReasonCode::Success,
                properties: answer.as_properties(),
            }),
        );
        self.resume(&client_id);
    }

    fn announce(&self, answer: &mut PropertiesBuf, asked: u32, granted: u32) {
        let settings = &self.settings;
        if granted != asked {
            push(
                answer,
                Property::FourByte(PropertyId::SessionExpiryInterval, granted),
            );
        }
        if let Some(limit) = settings.receive_maximum {
            push(answer, Property::TwoByte(PropertyId::ReceiveMaximum, limit));
        }
        if settings.topic_alias_maximum > 0 {
            let limit = settings.topic_alias_maximum;
            push(
                answer,
                Property::TwoByte(PropertyId::TopicAliasMaximum, limit),
            );
        }
        if let Some(limit) = settings.maximum_packet_size {
            push(
                answer,
                Property::FourByte(PropertyId::MaximumPacketSize, limit),
            );
        }
        if let Some(qos) = settings.maximum_qos {
            push(answer, Property::Byte(PropertyId::MaximumQos, qos.as_u8()));
        }
        if settings.retain_unavailable {
            push(answer, Property::Byte(PropertyId::RetainAvailable, 0));
        }
        if settings.identifiers_unavailable {
            let id = PropertyId::SubscriptionIdentifierAvailable;
            push(answer, Property::Byte(id, 0));
        }
    }

    /// The connection ends: its will is due unless it was taken back.
    fn end(&mut self, at: ConnectionId) {
        let Some(connection) = self.connections.get_mut(&at) else {
            return;
        };
        connection.closed = true;
        let will = connection.will.take();
        let Some(client_id) = connection.client_id.take() else {
            return;
        };
        let now = self.now;
        let Some(session) = self.sessions.get_mut(&client_id) else {
            return;
        };
        session.disconnected(now);
        let expiry = session.expiry;
        if let Some(will) = will {
            // The session's end publishes the will at the latest [MQTT-3.1.3-9].
            match will.delay.min(expiry) {
                0 => self.take_over(will.message, true),
                delay => self.delayed_wills.push((
                    now + u64::from(delay) * 1000,
                    client_id.clone(),
                    will,
                )),
            }
        }
        if expiry == 0 {
            self.end_session(&client_id);
        }
    }

    fn end_session(&mut self, client_id: &str) {
        self.sessions.remove(client_id);
        let (due, later) = std::mem::take(&mut self.delayed_wills)
            .into_iter()
            .partition::<Vec<_>, _>(|(_, of, _)| of == client_id);
        self.delayed_wills = later;
        for (_, _, will) in due {
            self.take_over(will.message, true);
        }
    }

    /// A message of a client is now the broker's.
    fn take_over(&mut self, message: Stored, will: bool) {
        self.accepted.push(Accepted {
            topic: message.topic.clone(),
            payload: message.payload.clone(),
            qos: message.qos,
            retain: message.retain,
            will,
        });
        self.route(message);
    }
}

impl Connection {
    /// The topic that the client means [MQTT-3.3.2-9].
    fn topic_of(&mut self, publish: &Publish<'_>) -> String {
        let Some(alias) = publish.properties.two_byte(PropertyId::TopicAlias) else {
            return publish.topic_text().into();
        };
        let maximum = self.topic_alias_maximum;
        assert!(alias <= maximum, "{alias} is above our maximum {maximum}");
        if let Some(topic) = publish.topic {
            self.client_aliases.insert(alias, topic.as_str().into());
        }
        let topic = self.client_aliases.get(&alias);
        topic.expect("an alias that was set before").clone()
    }

    /// An alias for a topic, and whether the client knows it. Topics share aliases, so they change their meaning.
    fn alias_for(&mut self, topic: &str) -> Option<(u16, bool)> {
        let sum: u16 = topic.bytes().map(u16::from).sum();
        let alias = sum.checked_rem(self.own_alias_maximum)? + 1;
        let before = self.own_aliases.insert(alias, topic.into());
        Some((alias, before.as_deref() == Some(topic)))
    }
}

impl Stored {
    fn from_publish(publish: &Publish<'_>, topic: String) -> Self {
        Self {
            topic,
            payload: publish.payload.into(),
            qos: publish.qos,
            retain: publish.retain,
            properties: without_alias(publish.properties),
        }
    }
}

/// An alias is between two ends of one connection and goes no further.
fn without_alias(list: Properties<'_>) -> PropertiesBuf {
    let mut rest = PropertiesBuf::new();
    for property in list
        .iter()
        .filter(|property| property.id() != PropertyId::TopicAlias)
    {
        push(&mut rest, property);
    }
    rest
}

pub(super) fn push(list: &mut PropertiesBuf, property: Property<'_>) {
    list.push(property).expect("a valid property");
}
