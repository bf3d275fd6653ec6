//! A packet in words that every codec can be translated into, and what a codec says to some bytes.

use std::collections::BTreeMap;

use webmqtt::codec::{
    self, Connect, Decoded, Packet, PacketType, Properties, Property, ReasonCode, Version,
};

/// One property: its identifier, and its value as text.
pub type Listed = (u8, String);

/// What a codec found. Absent is what the packet does not have; what it may leave out is filled in.
#[derive(Clone, Debug, Default, PartialEq, Eq)]
pub struct Found {
    /// Named fields, as text; bytes as hex.
    pub fields: BTreeMap<&'static str, String>,
    /// Sorted by identifier, the repeated ones in their order.
    pub properties: Vec<Listed>,
    pub will_properties: Vec<Listed>,
    /// Filters, each with the byte of its options.
    pub filters: Vec<(String, u8)>,
    /// Return or reason codes.
    pub codes: Vec<u8>,
}

impl Found {
    pub fn set(&mut self, name: &'static str, value: impl ToString) {
        self.fields.insert(name, value.to_string());
    }

    pub fn get(&self, name: &str) -> &str {
        self.fields.get(name).map_or("", String::as_str)
    }

    /// The properties of the packet and of its will.
    pub fn all_properties(&self) -> impl Iterator<Item = &Listed> {
        self.properties.iter().chain(&self.will_properties)
    }

    /// Every text of the packet.
    pub fn texts(&self) -> impl Iterator<Item = &str> {
        let fields = ["client", "username", "topic", "will topic"].map(|name| self.get(name));
        let filters = self.filters.iter().map(|(filter, _)| filter.as_str());
        let properties = self.all_properties().map(|(_, value)| value.as_str());
        fields.into_iter().chain(filters).chain(properties)
    }
}

/// Sorts properties, which have no order among different identifiers.
pub fn listed(properties: impl IntoIterator<Item = Listed>) -> Vec<Listed> {
    let mut list: Vec<Listed> = properties.into_iter().collect();
    list.sort_by_key(|(id, _)| *id);
    list
}

pub fn hex(bytes: &[u8]) -> String {
    bytes.iter().map(|byte| format!("{byte:02x}")).collect()
}

/// A user property as one text.
pub fn pair(name: &str, value: &str) -> String {
    format!("{name} = {value}")
}

/// What a codec says to a whole frame.
#[derive(Clone, Debug, PartialEq, Eq)]
pub enum Verdict {
    /// The packet, and the bytes it is written back as: `None` if the codec cannot.
    Packet(Found, Option<Vec<u8>>),
    /// Why not.
    Refused(String),
    /// It needs more bytes than the frame has.
    Incomplete,
    /// The codec panicked.
    Panicked,
}

impl Verdict {
    pub fn found(&self) -> Option<&Found> {
        match self {
            Self::Packet(found, _) => Some(found),
            _ => None,
        }
    }
}

/// The verdict of this crate.
pub fn ours(bytes: &[u8], version: Version) -> Verdict {
    match codec::decode(bytes, version) {
        Ok(Decoded::Packet { packet, .. }) => {
            let spoken = match &packet {
                Packet::Connect(connect) => connect.version,
                _ => version,
            };
            let mut out = Vec::new();
            let written = codec::encode(&packet, spoken, &mut out).is_ok();
            Verdict::Packet(describe(&packet, spoken), written.then_some(out))
        }
        Ok(Decoded::Incomplete { .. }) => Verdict::Incomplete,
        Err(error) => Verdict::Refused(error.code().into()),
    }
}

fn describe(packet: &Packet<'_>, version: Version) -> Found {
    let mut found = Found::default();
    let set = &mut found;
    match packet {
        Packet::Connect(connect) => return describe_connect(connect),
        Packet::ConnAck(connack) => {
            set.set("session present", connack.session_present);
            set.set("reason", connack_code(connack.reason, version));
            set.properties = properties(connack.properties);
        }
        Packet::Publish(publish) => {
            set.set("dup", publish.dup);
            set.set("qos", publish.qos.as_u8());
            set.set("retain", publish.retain);
            set.set("topic", publish.topic_text());
            if let Some(id) = publish.packet_id {
                set.set("id", id.get());
            }
            set.set("payload", hex(publish.payload));
            set.properties = properties(publish.properties);
        }
        Packet::PubAck(ack) | Packet::PubRec(ack) | Packet::PubRel(ack) | Packet::PubComp(ack) => {
            set.set("id", ack.packet_id.get());
            set.set("reason", ack.reason.as_u8());
            set.properties = properties(ack.properties);
        }
        Packet::Subscribe(subscribe) => {
            set.set("id", subscribe.packet_id.get());
            set.properties = properties(subscribe.properties);
            set.filters = subscribe
                .filters
                .iter()
                .map(|(filter, options)| {
                    let byte = options.qos.as_u8()
                        | u8::from(options.no_local) << 2
                        | u8::from(options.retain_as_published) << 3
                        | (options.retain_handling as u8) << 4;
                    (filter.as_str().to_owned(), byte)
                })
                .collect();
        }
        Packet::SubAck(suback) => {
            set.set("id", suback.packet_id.get());
            set.properties = properties(suback.properties);
            set.codes = suback.codes.as_bytes().to_vec();
        }
        Packet::Unsubscribe(unsubscribe) => {
            set.set("id", unsubscribe.packet_id.get());
            set.properties = properties(unsubscribe.properties);
            let filters = unsubscribe.filters.iter();
            set.filters = filters.map(|it| (it.as_str().to_owned(), 0)).collect();
        }
        Packet::UnsubAck(unsuback) => {
            set.set("id", unsuback.packet_id.get());
            set.properties = properties(unsuback.properties);
            set.codes = unsuback.codes.as_bytes().to_vec();
        }
        Packet::PingReq | Packet::PingResp => {}
        Packet::Disconnect(disconnect) => {
            set.set("reason", disconnect.reason.as_u8());
            set.properties = properties(disconnect.properties);
        }
        Packet::Auth(auth) => {
            set.set("reason", auth.reason.as_u8());
            set.properties = properties(auth.properties);
        }
    }
    found
}

fn describe_connect(connect: &Connect<'_>) -> Found {
    let mut found = Found::default();
    found.set("version", connect.version.level());
    found.set("clean start", connect.clean_start);
    found.set("keep alive", connect.keep_alive);
    found.set("client", connect.client_id);
    if let Some(username) = connect.username {
        found.set("username", username);
    }
    if let Some(password) = connect.password {
        found.set("password", hex(password));
    }
    if let Some(will) = &connect.will {
        found.set("will topic", will.topic.as_str());
        found.set("will payload", hex(will.payload));
        found.set("will qos", will.qos.as_u8());
        found.set("will retain", will.retain);
        found.will_properties = properties(will.properties);
    }
    found.properties = properties(connect.properties);
    found
}

/// As it stands in the packet: MQTT 3 has return codes of its own.
fn connack_code(reason: ReasonCode, version: Version) -> u8 {
    let in_mqtt_3 = match reason {
        ReasonCode::UnsupportedProtocolVersion => 1,
        ReasonCode::ClientIdentifierNotValid => 2,
        ReasonCode::ServerUnavailable => 3,
        ReasonCode::BadUserNameOrPassword => 4,
        ReasonCode::NotAuthorized => 5,
        _ => 0,
    };
    if version.is_v5() {
        reason.as_u8()
    } else {
        in_mqtt_3
    }
}

fn properties(list: Properties<'_>) -> Vec<Listed> {
    listed(list.iter().map(|property| {
        let value = match property {
            Property::Byte(_, value) => value.to_string(),
            Property::TwoByte(_, value) => value.to_string(),
            Property::FourByte(_, value) | Property::VarInt(_, value) => value.to_string(),
            Property::Text(_, text) => text.to_owned(),
            Property::Binary(_, bytes) => hex(bytes),
            Property::Pair(name, value) => pair(name, value),
        };
        (property.id() as u8, value)
    }))
}

/// Where the body of a frame begins, if the bytes are exactly one frame.
pub fn body_of(bytes: &[u8]) -> Option<usize> {
    let mut remaining = 0;
    for (at, &byte) in bytes.iter().enumerate().skip(1).take(4) {
        remaining |= usize::from(byte & 0x7F) << (7 * (at - 1));
        if byte < 0x80 {
            return (bytes.len() == at + 1 + remaining).then_some(at + 1);
        }
    }
    None
}

/// The type in the first byte.
pub fn type_of(bytes: &[u8]) -> Option<PacketType> {
    bytes
        .first()
        .and_then(|byte| PacketType::from_u8(byte >> 4))
}
