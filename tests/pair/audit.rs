//! The watcher on the wire: whatever the test is about, these rules hold for every byte that the session sends.
//!
//! It sits at the client's end, so it knows what the client has seen and what not. It models nothing of the session
//! but what the specification lets any observer conclude.

use std::collections::{BTreeMap, BTreeSet, VecDeque};

use webmqtt::codec::{
    self, Ack, Auth, Decoded, Packet, PacketId, PacketType, PropertiesBuf, PropertyId, Publish,
    QoS, ReasonCode, Sender, TopicName, Version,
};
use webmqtt::session::Durability;

/// Who sent a packet.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Direction {
    FromClient,
    FromServer,
}

/// One packet as it was on the wire.
#[derive(Clone, PartialEq, Eq)]
pub struct Frame {
    pub at: u64,
    /// Number of the connection, from 1.
    pub connection: u32,
    pub direction: Direction,
    pub version: Version,
    pub bytes: Vec<u8>,
}

impl Frame {
    pub fn packet(&self) -> Packet<'_> {
        let sender = match self.direction {
            Direction::FromClient => Sender::Client,
            Direction::FromServer => Sender::Server,
        };
        match codec::decode_from(sender, &self.bytes, self.version) {
            Ok(Decoded::Packet { packet, .. }) => packet,
            other => panic!("{:02X?}: {other:?}", self.bytes),
        }
    }

    pub fn packet_type(&self) -> PacketType {
        self.packet().packet_type()
    }

    #[track_caller]
    pub fn publish(&self) -> Publish<'_> {
        match self.packet() {
            Packet::Publish(publish) => publish,
            other => panic!("not a PUBLISH: {other:?}"),
        }
    }

    /// Any of PUBACK, PUBREC, PUBREL, PUBCOMP.
    #[track_caller]
    pub fn ack(&self) -> Ack<'_> {
        match self.packet() {
            Packet::PubAck(ack)
            | Packet::PubRec(ack)
            | Packet::PubRel(ack)
            | Packet::PubComp(ack) => ack,
            other => panic!("not an acknowledgement: {other:?}"),
        }
    }

    /// The packet identifier, of whatever type the packet is.
    #[track_caller]
    pub fn id(&self) -> u16 {
        match self.packet() {
            Packet::Publish(publish) => publish.packet_id.expect("a QoS above 0").get(),
            Packet::Subscribe(subscribe) => subscribe.packet_id.get(),
            Packet::Unsubscribe(unsubscribe) => unsubscribe.packet_id.get(),
            _ => self.ack().packet_id.get(),
        }
    }
}

impl std::fmt::Debug for Frame {
    fn fmt(&self, f: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        write!(f, "{} ms {:?}", self.at, self.packet())
    }
}

#[derive(Clone, PartialEq, Eq, Debug)]
enum Use {
    /// A PUBLISH without its DUP flag.
    Published { qos: QoS, bytes: Vec<u8> },
    /// PUBREC has come for this PUBLISH. The PUBREL may be out, and a crash may have made the client forget.
    Released {
        bytes: Vec<u8>,
        /// Its place in the order of sending.
        sent: u64,
        answered: bool,
        forgotten: bool,
    },
    /// SUBSCRIBE or UNSUBSCRIBE.
    Request,
}

struct Connection {
    connect_sent: bool,
    accepted: bool,
    disconnect_sent: bool,
    receive_maximum: usize,
    maximum_packet_size: usize,
    maximum_qos: QoS,
    retain_available: bool,
    topic_alias_maximum: u16,
    /// What the client's aliases stand for.
    aliases: BTreeMap<u16, String>,
    /// Of CONNECT.
    authentication_method: Option<String>,
    /// Of CONNECT.
    session_expiry: u32,
    /// The server's AUTH 0x18 waits for an answer.
    challenged: bool,
    /// Publishes of this connection that the client has no final acknowledgement for [MQTT-3.3.4-7].
    outstanding: BTreeSet<u16>,
    sent_here: BTreeSet<u16>,
    /// The identifiers whose PUBREC came on this connection.
    received_here: BTreeSet<u16>,
    /// Where in the order the last PUBLISH and the last PUBREL were that were sent again.
    last_resent: u64,
    last_released: u64,
    owed_puback: VecDeque<PacketId>,
    owed_pubrec: VecDeque<PacketId>,
    /// A PUBREC may come or not: the server sent the PUBLISH again [MQTT-4.4.0-1] or the PUBREL too early.
    optional_pubrec: Vec<PacketId>,
    owed_pubcomp: VecDeque<PacketId>,
    unknown_pubrec: Vec<PacketId>,
    /// The server broke the protocol: from here on nothing of what it sends counts.
    server_broke_it: bool,
}

impl Connection {
    fn new() -> Self {
        Self {
            connect_sent: false,
            accepted: false,
            disconnect_sent: false,
            receive_maximum: usize::from(u16::MAX),
            maximum_packet_size: usize::MAX,
            maximum_qos: QoS::ExactlyOnce,
            retain_available: true,
            topic_alias_maximum: 0,
            aliases: BTreeMap::new(),
            authentication_method: None,
            session_expiry: 0,
            challenged: false,
            outstanding: BTreeSet::new(),
            sent_here: BTreeSet::new(),
            received_here: BTreeSet::new(),
            last_resent: 0,
            last_released: 0,
            owed_puback: VecDeque::new(),
            owed_pubrec: VecDeque::new(),
            optional_pubrec: Vec::new(),
            owed_pubcomp: VecDeque::new(),
            unknown_pubrec: Vec::new(),
            server_broke_it: false,
        }
    }
}

impl Connection {
    /// The topic that the client means.
    fn topic_of(&mut self, publish: &Publish<'_>) -> Result<String, &'static str> {
        let Some(alias) = publish.properties.two_byte(PropertyId::TopicAlias) else {
            return Ok(publish.topic_text().into());
        };
        if alias > self.topic_alias_maximum {
            return Err("above the server's Topic Alias Maximum [MQTT-3.2.2-17]");
        }
        if let Some(topic) = publish.topic {
            self.aliases.insert(alias, topic.as_str().into());
        }
        let known = self.aliases.get(&alias).cloned();
        known.ok_or("an alias that was not set on this connection [MQTT-3.3.2-7]")
    }
}

pub struct Audit {
    version: Version,
    pub log: Vec<Frame>,
    connections: u32,
    connection: Connection,
    /// Packet identifiers the client uses. They outlive connections.
    in_use: BTreeMap<u16, Use>,
    /// When in the session the PUBLISH with this identifier was first sent, and from its PUBREC on, when that came.
    order: BTreeMap<u16, u64>,
    next_order: u64,
    /// The client's process is another one than at first, with what was in a strict store.
    reborn: bool,
    /// After hostile bytes it is not known which acknowledgements before them the client took in.
    doubtful: bool,
    incoming: Vec<u8>,
}

impl Audit {
    pub fn new(version: Version) -> Self {
        Self {
            version,
            log: Vec::new(),
            connections: 0,
            connection: Connection::new(),
            in_use: BTreeMap::new(),
            order: BTreeMap::new(),
            next_order: 0,
            reborn: false,
            doubtful: false,
            incoming: Vec::new(),
        }
    }

    /// The client's process has ended, and another one goes on with what was stored.
    pub fn reborn(&mut self, durability: Durability) {
        self.incoming.clear();
        self.doubtful |= durability == Durability::Relaxed;
        self.reborn = true;
        for used in self.in_use.values_mut() {
            if let Use::Released {
                answered: false,
                forgotten,
                ..
            } = used
            {
                *forgotten = true;
            }
        }
    }

    pub fn connection(&self) -> u32 {
        self.connections
    }

    pub fn disconnect_sent(&self) -> bool {
        self.connection.disconnect_sent
    }

    pub fn opened(&mut self) {
        self.connections += 1;
        self.connection = Connection::new();
        self.incoming.clear();
        self.in_use.retain(|_, used| *used != Use::Request);
    }

    /// The client closed because of what the server sent: it may have stopped anywhere in the last bytes.
    pub fn client_gave_up(&mut self) {
        self.doubtful = true;
    }

    /// Bytes of one `poll_transmit`: whole packets.
    #[track_caller]
    pub fn sent(&mut self, at: u64, mut bytes: &[u8]) {
        while !bytes.is_empty() {
            let (packet, len) = match codec::decode_from(Sender::Client, bytes, self.version) {
                Ok(Decoded::Packet { packet, len }) => (packet, len),
                other => panic!("{at} ms: the client sent {bytes:02X?}: {other:?}"),
            };
            let (this, rest) = bytes.split_at(len);
            if let Err(breach) = self.client_packet(&packet, this) {
                panic!(
                    "{at} ms, connection {}: {breach}: {packet:?}",
                    self.connections
                );
            }
            self.log.push(Frame {
                at,
                connection: self.connections,
                direction: Direction::FromClient,
                version: self.version,
                bytes: this.to_vec(),
            });
            bytes = rest;
        }
    }

    /// Bytes that the client is about to read, cut anywhere.
    pub fn received(&mut self, at: u64, bytes: &[u8]) {
        if self.connection.server_broke_it {
            return;
        }
        self.incoming.extend_from_slice(bytes);
        let incoming = std::mem::take(&mut self.incoming);
        let mut from = 0;
        while let Some(bytes) = incoming.get(from..).filter(|bytes| !bytes.is_empty()) {
            match codec::decode_from(Sender::Server, bytes, self.version) {
                Ok(Decoded::Packet { packet, len }) => {
                    self.server_packet(&packet);
                    self.log.push(Frame {
                        at,
                        connection: self.connections,
                        direction: Direction::FromServer,
                        version: self.version,
                        bytes: bytes[..len].to_vec(),
                    });
                    from += len;
                }
                Ok(Decoded::Incomplete { .. }) => {
                    self.incoming = bytes.to_vec();
                    return;
                }
                Err(_) => {
                    self.connection.server_broke_it = true;
                    return;
                }
            }
        }
    }

    fn client_packet(&mut self, packet: &Packet<'_>, bytes: &[u8]) -> Result<(), &'static str> {
        let connection = &mut self.connection;
        if connection.disconnect_sent {
            return Err("after DISCONNECT nothing may be sent [MQTT-3.14.4-1]");
        }
        if bytes.len() > connection.maximum_packet_size {
            return Err("larger than the server's Maximum Packet Size [MQTT-3.2.2-15]");
        }
        match packet {
            Packet::Connect(_) if connection.connect_sent => {
                return Err("a second CONNECT [MQTT-3.1.0-2]");
            }
            Packet::Connect(connect) => {
                connection.connect_sent = true;
                self.version = connect.version;
                let method = connect.properties.text(PropertyId::AuthenticationMethod);
                connection.authentication_method = method.map(Into::into);
                let expiry = PropertyId::SessionExpiryInterval;
                connection.session_expiry = connect.properties.four_byte(expiry).unwrap_or(0);
                return Ok(());
            }
            _ if !connection.connect_sent => return Err("CONNECT comes first [MQTT-3.1.0-1]"),
            Packet::Disconnect(packet) => {
                connection.disconnect_sent = true;
                let expiry = PropertyId::SessionExpiryInterval;
                let expiry = packet.properties.four_byte(expiry);
                if connection.session_expiry == 0 && expiry.is_some_and(|seconds| seconds > 0) {
                    return Err("a Session Expiry Interval after none (section 3.14.2.2.2)");
                }
                return Ok(());
            }
            Packet::Auth(auth) => return client_auth(connection, auth),
            _ if !connection.accepted => return Err("before CONNACK, when no limit is known"),
            _ => {}
        }
        match packet {
            Packet::Publish(publish) => self.client_publish(publish),
            Packet::Subscribe(subscribe) => self.client_request(subscribe.packet_id),
            Packet::Unsubscribe(unsubscribe) => self.client_request(unsubscribe.packet_id),
            Packet::PubRel(ack) => {
                let connection = &mut self.connection;
                let id = ack.packet_id.get();
                if self.doubtful {
                    return Ok(());
                }
                if let Some(Use::Released { answered, .. }) = self.in_use.get_mut(&id) {
                    *answered = true;
                    let order = self.order.get(&id).copied().unwrap_or_default();
                    if !connection.received_here.contains(&id) {
                        if order < connection.last_released {
                            return Err(
                                "PUBRELs again, not in the order of the PUBRECs [MQTT-4.6.0-4]",
                            );
                        }
                        connection.last_released = order;
                    }
                    return Ok(());
                }
                let unknown = connection
                    .unknown_pubrec
                    .iter()
                    .position(|id| *id == ack.packet_id);
                match unknown {
                    Some(at) => {
                        connection.unknown_pubrec.remove(at);
                        Ok(())
                    }
                    // Its PUBCOMP came when nobody could write that down any more.
                    None if self.reborn => Ok(()),
                    None => Err("no PUBREC asked for this PUBREL [MQTT-4.3.3-4]"),
                }
            }
            Packet::PubAck(ack) => owed(
                &mut self.connection.owed_puback,
                ack,
                "no PUBLISH asked for this PUBACK, or not in this order [MQTT-4.6.0-2]",
            ),
            Packet::PubRec(ack) if self.connection.owed_pubrec.front() != Some(&ack.packet_id) => {
                let optional = &mut self.connection.optional_pubrec;
                match optional.iter().position(|id| *id == ack.packet_id) {
                    Some(at) => {
                        optional.remove(at);
                        Ok(())
                    }
                    None => {
                        Err("no PUBLISH asked for this PUBREC, or not in this order [MQTT-4.6.0-3]")
                    }
                }
            }
            Packet::PubRec(_) => {
                self.connection.owed_pubrec.pop_front();
                Ok(())
            }
            Packet::PubComp(ack) => owed(
                &mut self.connection.owed_pubcomp,
                ack,
                "no PUBREL asked for this PUBCOMP, or not in this order",
            ),
            _ => Ok(()),
        }
    }

    fn client_publish(&mut self, publish: &Publish<'_>) -> Result<(), &'static str> {
        let connection = &mut self.connection;
        if publish.qos > connection.maximum_qos {
            return Err("above the server's Maximum QoS [MQTT-3.2.2-11]");
        }
        if publish.retain && !connection.retain_available {
            return Err("the server keeps no retained messages [MQTT-3.2.2-14]");
        }
        let topic = connection.topic_of(publish)?;
        let Some(id) = publish.packet_id else {
            return Ok(());
        };
        let id = id.get();
        let plain = self.plain(publish, &topic);
        let connection = &mut self.connection;
        let known = self.in_use.get(&id);
        if publish.dup {
            if !connection.sent_here.insert(id) {
                return Err("sent twice on one connection [MQTT-4.4.0-1]");
            }
            match known {
                Some(Use::Published { bytes, .. }) if *bytes == plain => {
                    let order = self.order.get(&id).copied().unwrap_or_default();
                    if order < connection.last_resent && !self.doubtful {
                        return Err("sent again, not in the order of sending [MQTT-4.6.0-1]");
                    }
                    connection.last_resent = order;
                }
                _ if self.doubtful => {}
                Some(Use::Released {
                    bytes,
                    sent,
                    forgotten: true,
                    ..
                }) if *bytes == plain => {
                    self.order.insert(id, *sent);
                }
                Some(Use::Released { .. }) => {
                    return Err("PUBLISH after its PUBREC [MQTT-4.3.3-6]");
                }
                Some(_) => return Err("not the packet that was sent before [MQTT-3.3.1-1]"),
                // It was ready to leave, or its acknowledgement came too late to be written down.
                None if self.reborn => {
                    self.next_order += 1;
                    self.order.entry(id).or_insert(self.next_order);
                }
                None => return Err("DUP, but never sent in this session [MQTT-3.3.1-1]"),
            }
        } else if known.is_some() && !self.doubtful {
            return Err("the packet identifier is in use [MQTT-2.2.1-3]");
        } else {
            self.next_order += 1;
            self.order.insert(id, self.next_order);
        }
        connection.sent_here.insert(id);
        connection.outstanding.insert(id);
        if connection.outstanding.len() > connection.receive_maximum {
            return Err("above the server's Receive Maximum [MQTT-3.3.4-7]");
        }
        let used = Use::Published {
            qos: publish.qos,
            bytes: plain,
        };
        self.in_use.insert(id, used);
        Ok(())
    }

    /// The packet as it would be without a topic alias and without DUP.
    fn plain(&self, publish: &Publish<'_>, topic: &str) -> Vec<u8> {
        let mut properties = PropertiesBuf::new();
        for property in publish.properties {
            if property.id() != PropertyId::TopicAlias {
                properties.push(property).expect("from a valid list");
            }
        }
        let plain = Packet::Publish(Publish {
            dup: false,
            topic: TopicName::new(topic).ok(),
            properties: properties.as_properties(),
            ..publish.clone()
        });
        let mut bytes = Vec::new();
        codec::encode_as(Sender::Client, &plain, self.version, &mut bytes).expect("legal");
        bytes
    }

    fn client_request(&mut self, id: PacketId) -> Result<(), &'static str> {
        match self.in_use.insert(id.get(), Use::Request) {
            Some(_) if !self.doubtful => Err("the packet identifier is in use [MQTT-2.2.1-3]"),
            _ => Ok(()),
        }
    }

    fn server_packet(&mut self, packet: &Packet<'_>) {
        let v5 = self.version == Version::V5;
        match packet {
            Packet::ConnAck(connack) if !connack.reason.is_error() => {
                let connection = &mut self.connection;
                if connection.accepted {
                    connection.server_broke_it = true;
                    return;
                }
                connection.accepted = true;
                let properties = connack.properties;
                if let Some(value) = properties.two_byte(PropertyId::ReceiveMaximum) {
                    connection.receive_maximum = value.into();
                }
                if let Some(value) = properties.four_byte(PropertyId::MaximumPacketSize) {
                    connection.maximum_packet_size = value as usize;
                }
                if let Some(value) = properties.byte(PropertyId::MaximumQos) {
                    connection.maximum_qos = QoS::from_u8(value).unwrap_or(QoS::ExactlyOnce);
                }
                if let Some(value) = properties.two_byte(PropertyId::TopicAliasMaximum) {
                    connection.topic_alias_maximum = value;
                }
                connection.retain_available =
                    properties.byte(PropertyId::RetainAvailable) != Some(0);
                if !connack.session_present {
                    self.in_use.clear();
                    self.order.clear();
                    self.doubtful = false;
                }
            }
            Packet::PubAck(ack) => match self.in_use.get(&ack.packet_id.get()) {
                Some(Use::Published { qos, .. }) if *qos == QoS::AtLeastOnce || !v5 => {
                    self.done(ack.packet_id);
                }
                _ => {}
            },
            Packet::PubRec(ack) => match self.in_use.get_mut(&ack.packet_id.get()) {
                Some(Use::Published { .. }) if ack.reason.is_error() => self.done(ack.packet_id),
                Some(used @ Use::Published { .. }) => {
                    if let Use::Published { bytes, .. } = used {
                        let sent = self.order.get(&ack.packet_id.get());
                        *used = Use::Released {
                            bytes: std::mem::take(bytes),
                            sent: sent.copied().unwrap_or_default(),
                            answered: false,
                            forgotten: false,
                        };
                    }
                    self.next_order += 1;
                    self.order.insert(ack.packet_id.get(), self.next_order);
                    self.connection.received_here.insert(ack.packet_id.get());
                }
                // A repeated one is answered like any other, even if the PUBCOMP comes before the answer has left.
                Some(Use::Released { .. }) => {
                    self.connection.received_here.insert(ack.packet_id.get());
                    self.connection.unknown_pubrec.push(ack.packet_id);
                }
                _ => self.connection.unknown_pubrec.push(ack.packet_id),
            },
            Packet::PubComp(ack) => {
                if let Some(Use::Released { .. }) = self.in_use.get(&ack.packet_id.get()) {
                    self.done(ack.packet_id);
                }
            }
            Packet::SubAck(suback) => self.answered(suback.packet_id),
            Packet::UnsubAck(unsuback) => self.answered(unsuback.packet_id),
            Packet::Publish(publish) => match (publish.qos, publish.packet_id) {
                (QoS::AtLeastOnce, Some(id)) => self.connection.owed_puback.push_back(id),
                (QoS::ExactlyOnce, Some(id)) if self.connection.owed_pubrec.contains(&id) => {
                    self.connection.optional_pubrec.push(id);
                }
                (QoS::ExactlyOnce, Some(id)) => self.connection.owed_pubrec.push_back(id),
                _ => {}
            },
            Packet::PubRel(ack) => {
                let connection = &mut self.connection;
                connection.owed_pubcomp.push_back(ack.packet_id);
                let owed = &mut connection.owed_pubrec;
                if let Some(at) = owed.iter().position(|id| *id == ack.packet_id) {
                    owed.remove(at);
                    connection.optional_pubrec.push(ack.packet_id);
                }
            }
            Packet::Auth(auth) => {
                self.connection.challenged = auth.reason == ReasonCode::ContinueAuthentication;
            }
            Packet::Disconnect(_) => self.connection.server_broke_it = true,
            _ => {}
        }
    }

    fn done(&mut self, id: PacketId) {
        self.in_use.remove(&id.get());
        self.connection.outstanding.remove(&id.get());
        self.connection.sent_here.remove(&id.get());
    }

    fn answered(&mut self, id: PacketId) {
        if self.in_use.get(&id.get()) == Some(&Use::Request) {
            self.in_use.remove(&id.get());
        }
    }
}

fn client_auth(connection: &mut Connection, auth: &Auth<'_>) -> Result<(), &'static str> {
    let method = auth.properties.text(PropertyId::AuthenticationMethod);
    if connection.authentication_method.is_none() {
        return Err("CONNECT had no Authentication Method [MQTT-4.12.0-7]");
    }
    if method != connection.authentication_method.as_deref() {
        return Err("another method than in CONNECT [MQTT-4.12.0-5] [MQTT-4.12.1-1]");
    }
    let asked = std::mem::take(&mut connection.challenged);
    match auth.reason {
        ReasonCode::ContinueAuthentication if !asked => Err("the server asked nothing"),
        ReasonCode::ReAuthenticate if !connection.accepted => Err("before CONNACK"),
        _ => Ok(()),
    }
}

fn owed(
    queue: &mut VecDeque<PacketId>,
    ack: &Ack<'_>,
    breach: &'static str,
) -> Result<(), &'static str> {
    match queue.pop_front() {
        Some(id) if id == ack.packet_id => Ok(()),
        _ => Err(breach),
    }
}
