//! Arbitrary valid packets of every version and type, and what can happen to their bytes.

use proptest::collection::vec;
use proptest::prelude::*;
use proptest::sample::Index;
use webmqtt::codec::{
    self, Ack, Auth, ConnAck, Connect, Disconnect, Packet, PacketId, PacketType, Properties,
    PropertiesBuf, PropertyId, Publish, QoS, ReasonCode, ReasonCodes, RetainHandling, Sender,
    SubAck, Subscribe, SubscribeFiltersBuf, SubscribeOptions, TopicFilter, TopicName, UnsubAck,
    Unsubscribe, UnsubscribeFiltersBuf, Version, Will,
};

use super::notation;

const PROPERTIES: &str = include_str!("properties.tsv");

/// All that a valid packet can be made of; each packet takes its part.
#[derive(Clone, Debug)]
pub struct Ingredients {
    pub version: Version,
    pub sender: Sender,
    packet_type: PacketType,
    flags: u8,
    qos: QoS,
    packet_id: PacketId,
    keep_alive: u16,
    texts: [String; 3],
    topics: [String; 2],
    payload: Vec<u8>,
    reason: Index,
    codes: Vec<Index>,
    options: Vec<(u8, u8)>,
    properties: Vec<(Index, u32, String, Vec<u8>)>,
    will_properties: Vec<(Index, u32, String, Vec<u8>)>,
}

/// The buffers that packets borrow from.
pub struct Kitchen {
    properties: PropertiesBuf,
    will_properties: PropertiesBuf,
    codes: Vec<u8>,
    subscribe: SubscribeFiltersBuf,
    unsubscribe: UnsubscribeFiltersBuf,
}

fn text() -> impl Strategy<Value = String> {
    vec(
        any::<char>().prop_filter("U+0000", |char| *char != '\0'),
        0..8,
    )
    .prop_map(|chars| chars.into_iter().collect())
}

fn topic() -> impl Strategy<Value = String> {
    let level = prop_oneof![
        Just("a"),
        Just("$x"),
        Just("水"),
        Just("\u{FEFF}b"),
        Just("long level")
    ];
    vec(level, 1..4).prop_map(|levels| levels.join("/"))
}

fn property_seeds() -> impl Strategy<Value = Vec<(Index, u32, String, Vec<u8>)>> {
    vec(
        (any::<Index>(), any::<u32>(), text(), vec(any::<u8>(), 0..6)),
        0..5,
    )
}

pub fn ingredients() -> impl Strategy<Value = Ingredients> {
    let version =
        prop_oneof![1 => Just(Version::V3), 1 => Just(Version::V4), 3 => Just(Version::V5)];
    let sender = prop_oneof![Just(Sender::Client), Just(Sender::Server)];
    let header = (
        version,
        sender,
        any::<Index>(),
        any::<u8>(),
        0..3u8,
        1..=u16::MAX,
    );
    let fields = (
        any::<u16>(),
        [text(), text(), text()],
        [topic(), topic()],
        vec(any::<u8>(), 0..200),
        any::<Index>(),
        vec(any::<Index>(), 1..4),
        vec((0..8u8, 0..48u8), 1..4),
    );
    (header, fields, property_seeds(), property_seeds()).prop_map(
        |(header, fields, properties, will_properties)| {
            let (version, sender, packet_type, flags, qos, packet_id) = header;
            let (keep_alive, texts, topics, payload, reason, codes, options) = fields;
            let types: Vec<PacketType> = (1..=15)
                .filter_map(PacketType::from_u8)
                .filter(|packet_type| may_send(*packet_type, version, sender))
                .collect();
            Ingredients {
                version,
                sender,
                packet_type: *packet_type.get(&types),
                flags,
                qos: QoS::from_u8(qos).expect("0 to 2"),
                packet_id: PacketId::new(packet_id).expect("not 0"),
                keep_alive,
                texts,
                topics,
                payload,
                reason,
                codes,
                options,
                properties,
                will_properties,
            }
        },
    )
}

fn may_send(packet_type: PacketType, version: Version, sender: Sender) -> bool {
    let in_version = match packet_type {
        PacketType::Auth => version.is_v5(),
        PacketType::Disconnect => version.is_v5() || sender == Sender::Client,
        _ => true,
    };
    in_version && packet_type.sent_by(sender)
}

/// A property list for this place out of the table of properties.
fn properties(
    place: &str,
    sender: Sender,
    seeds: &[(Index, u32, String, Vec<u8>)],
) -> PropertiesBuf {
    let side = if sender == Sender::Client { "C" } else { "S" };
    let legal: Vec<PropertyId> = notation::rows(PROPERTIES)
        .filter(|row| {
            row[4]
                .split(' ')
                .any(|known| known == place || known == format!("{place}/{side}"))
        })
        .map(|row| PropertyId::from_u8(notation::codes(row[0])[0]).expect("a known property"))
        .collect();
    let mut list = PropertiesBuf::new();
    for (index, number, text, bytes) in seeds {
        let id = *index.get(&legal);
        // Subscription identifiers repeat, but not in SUBSCRIBE.
        if id == PropertyId::SubscriptionIdentifier
            && place == "SUBSCRIBE"
            && list.as_properties().subscription_identifiers().count() > 0
        {
            continue;
        }
        // One of them is of the right type. Duplicates and values out of range are refused, which is fine here.
        let added = [
            list.byte(id, (*number % 2) as u8),
            list.two_byte(id, *number as u16),
            list.four_byte(id, *number),
            list.var_int(id, *number % 268_435_456),
            list.text(id, text),
            list.binary(id, bytes),
        ];
        assert!(added.iter().filter(|result| result.is_ok()).count() <= 1);
        if id == PropertyId::UserProperty {
            list.user(text, text).expect("a valid text");
        }
    }
    let has = |id| {
        list.as_properties()
            .iter()
            .any(|property| property.id() == id)
    };
    let needs_method = place == "AUTH" || has(PropertyId::AuthenticationData);
    if needs_method && !has(PropertyId::AuthenticationMethod) {
        list.text(PropertyId::AuthenticationMethod, "m")
            .expect("a valid text");
    }
    list
}

impl Ingredients {
    pub fn kitchen(&self) -> Kitchen {
        let place = format!("{:?}", self.packet_type).to_uppercase();
        let v5 = self.version.is_v5();
        let list = |place: &str, seeds| {
            if v5 && !place.starts_with("PING") {
                properties(place, self.sender, seeds)
            } else {
                PropertiesBuf::new()
            }
        };
        let mut subscribe = SubscribeFiltersBuf::new();
        let mut unsubscribe = UnsubscribeFiltersBuf::new();
        for (shape, options) in &self.options {
            let [first, second] = &self.topics;
            let filter = match shape {
                0 => "#".to_owned(),
                1 => format!("{first}/#"),
                2 => format!("+/{first}"),
                3 => format!("$share/group/{first}"),
                4 => format!("{first}/+/{second}"),
                _ => first.clone(),
            };
            let filter = TopicFilter::new(&filter).expect("a valid filter");
            unsubscribe.push(filter);
            subscribe.push(
                filter,
                SubscribeOptions {
                    qos: QoS::from_u8(options % 3).expect("0 to 2"),
                    no_local: v5 && !filter.is_shared() && options & 0b100 != 0,
                    retain_as_published: v5 && options & 0b1000 != 0,
                    retain_handling: match options / 16 {
                        1 if v5 => RetainHandling::SendIfNew,
                        2 if v5 => RetainHandling::DoNotSend,
                        _ => RetainHandling::SendAtSubscribe,
                    },
                },
            );
        }
        let legal = self.reasons();
        Kitchen {
            properties: list(&place, &self.properties),
            will_properties: list("WILL", &self.will_properties),
            codes: self
                .codes
                .iter()
                .filter(|_| !legal.is_empty())
                .map(|code| code.get(&legal).as_u8())
                .collect(),
            subscribe,
            unsubscribe,
        }
    }

    /// The reason codes this packet may have.
    fn reasons(&self) -> Vec<ReasonCode> {
        let legal = |code: &ReasonCode| match (self.version, self.packet_type) {
            (Version::V5, packet_type) => code.legal_in(packet_type, self.sender),
            (_, PacketType::ConnAck) => {
                [0x00, 0x84, 0x85, 0x86, 0x87, 0x88].contains(&code.as_u8())
            }
            (_, PacketType::SubAck) => [0x00, 0x01, 0x02, 0x80].contains(&code.as_u8()),
            (_, PacketType::UnsubAck) => false,
            _ => *code == ReasonCode::Success,
        };
        ReasonCode::ALL.iter().copied().filter(legal).collect()
    }

    pub fn packet<'a>(&'a self, kitchen: &'a Kitchen) -> Packet<'a> {
        let Self {
            packet_id, version, ..
        } = *self;
        let [flag_a, flag_b, flag_c, flag_d] = [1, 2, 4, 8].map(|bit| self.flags & bit != 0);
        let properties = kitchen.properties.as_properties();
        let reasons = self.reasons();
        let reason = if reasons.is_empty() {
            ReasonCode::Success
        } else {
            *self.reason.get(&reasons)
        };
        let codes = ReasonCodes::from_bytes(&kitchen.codes).expect("known codes");
        let ack = Ack {
            packet_id,
            reason,
            properties,
        };
        match self.packet_type {
            PacketType::Connect => {
                let clean_start = flag_a;
                let may_be_empty =
                    version == Version::V5 || (version == Version::V4 && clean_start);
                let username = flag_b.then_some(self.texts[1].as_str());
                Packet::Connect(Connect {
                    version,
                    clean_start,
                    keep_alive: self.keep_alive,
                    client_id: match self.texts[0].as_str() {
                        "" if !may_be_empty => "someone",
                        other => other,
                    },
                    will: flag_c.then(|| Will {
                        topic: TopicName::new(&self.topics[0]).expect("a valid topic"),
                        payload: &self.payload,
                        qos: self.qos,
                        retain: flag_d,
                        properties: kitchen.will_properties.as_properties(),
                    }),
                    username,
                    password: (self.flags & 16 != 0 && (version.is_v5() || username.is_some()))
                        .then_some(self.texts[2].as_bytes()),
                    properties,
                })
            }
            PacketType::ConnAck => Packet::ConnAck(ConnAck {
                session_present: flag_a && version != Version::V3 && !reason.is_error(),
                reason,
                properties,
            }),
            PacketType::Publish => {
                let has_id = self.qos != QoS::AtMostOnce;
                let has_alias = properties.two_byte(PropertyId::TopicAlias).is_some();
                Packet::Publish(Publish {
                    dup: flag_a && has_id,
                    qos: self.qos,
                    retain: flag_b,
                    topic: TopicName::new(&self.topics[0])
                        .ok()
                        .filter(|_| !(flag_c && has_alias)),
                    packet_id: has_id.then_some(packet_id),
                    properties,
                    payload: &self.payload,
                })
            }
            PacketType::PubAck => Packet::PubAck(ack),
            PacketType::PubRec => Packet::PubRec(ack),
            PacketType::PubRel => Packet::PubRel(ack),
            PacketType::PubComp => Packet::PubComp(ack),
            PacketType::Subscribe => Packet::Subscribe(Subscribe {
                packet_id,
                properties,
                filters: kitchen.subscribe.as_filters(),
            }),
            PacketType::SubAck => Packet::SubAck(SubAck {
                packet_id,
                properties,
                codes,
            }),
            PacketType::Unsubscribe => Packet::Unsubscribe(Unsubscribe {
                packet_id,
                properties,
                filters: kitchen.unsubscribe.as_filters(),
            }),
            PacketType::UnsubAck => Packet::UnsubAck(UnsubAck {
                packet_id,
                properties,
                codes,
            }),
            PacketType::PingReq => Packet::PingReq,
            PacketType::PingResp => Packet::PingResp,
            PacketType::Disconnect => Packet::Disconnect(Disconnect { reason, properties }),
            PacketType::Auth if reason == ReasonCode::Success && flag_a => Packet::Auth(Auth {
                reason,
                properties: Properties::EMPTY,
            }),
            PacketType::Auth => Packet::Auth(Auth { reason, properties }),
        }
    }

    pub fn encoded(&self) -> Vec<u8> {
        let kitchen = self.kitchen();
        let packet = self.packet(&kitchen);
        let mut out = Vec::new();
        codec::encode_as(self.sender, &packet, self.version, &mut out)
            .unwrap_or_else(|error| panic!("{error}: {packet:?}"));
        out
    }
}

/// A change to a packet in transit.
#[derive(Clone, Debug)]
pub enum Change {
    Set(Index, u8),
    Flip(Index, u8),
    Insert(Index, u8),
    Remove(Index),
    Truncate(Index),
    /// Makes the remaining length right again, so that the change reaches the body.
    FixLength,
}

pub fn change() -> impl Strategy<Value = Change> {
    prop_oneof![
        1 => (any::<Index>(), any::<u8>()).prop_map(|(at, byte)| Change::Set(at, byte)),
        1 => (any::<Index>(), 0..8u8).prop_map(|(at, bit)| Change::Flip(at, 1 << bit)),
        1 => (any::<Index>(), any::<u8>()).prop_map(|(at, byte)| Change::Insert(at, byte)),
        1 => any::<Index>().prop_map(Change::Remove),
        1 => any::<Index>().prop_map(Change::Truncate),
        3 => Just(Change::FixLength),
    ]
}

pub fn apply(bytes: &mut Vec<u8>, change: &Change) {
    if bytes.is_empty() {
        return;
    }
    match change {
        Change::Set(at, byte) => *at.get_mut(bytes) = *byte,
        Change::Flip(at, bits) => *at.get_mut(bytes) ^= bits,
        Change::Insert(at, byte) => bytes.insert(at.index(bytes.len() + 1), *byte),
        Change::Remove(at) => drop(bytes.remove(at.index(bytes.len()))),
        Change::Truncate(at) => bytes.truncate(at.index(bytes.len())),
        Change::FixLength => {
            let old = bytes[1..]
                .iter()
                .take(3)
                .take_while(|byte| **byte >= 0x80)
                .count()
                + 1;
            let body = bytes.split_off(bytes.len().min(1 + old));
            bytes.truncate(1);
            bytes.extend(notation::varint(body.len()));
            bytes.extend(body);
        }
    }
}
