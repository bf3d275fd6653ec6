//! Packets of a server: the right answer to what the client sent, or whatever the script asks for.

use std::collections::VecDeque;

use webmqtt::codec::{
    self, Ack, Auth, ConnAck, Decoded, Disconnect, Packet, PacketId, PropertiesBuf, Property,
    PropertyId, Publish, QoS, ReasonCode, ReasonCodes, Sender, SubAck, TopicName, UnsubAck,
    Version,
};

use super::script::Script;

const TOPICS: [&str; 8] = [
    "a",
    "a/b",
    "b",
    "$SYS/x",
    "a/b/c/d/e",
    "",
    "a/+",
    "ü/\u{1F980}",
];

/// What the client waits for.
#[derive(Clone, Copy)]
enum Waits {
    PubAck(PacketId),
    PubRec(PacketId),
    PubComp(PacketId),
    SubAck(PacketId, usize),
    UnsubAck(PacketId, usize),
    PingResp,
}

pub struct Server {
    version: Version,
    waiting: VecDeque<Waits>,
    /// Subscription identifiers of the client.
    identifiers: Vec<u32>,
    last: Vec<u8>,
}

impl Server {
    pub fn new(version: Version) -> Self {
        Self {
            version,
            waiting: VecDeque::new(),
            identifiers: Vec::new(),
            last: Vec::new(),
        }
    }

    pub fn forget(&mut self) {
        self.waiting.clear();
    }

    /// Reads what the client sent.
    pub fn read(&mut self, mut bytes: &[u8]) {
        while let Ok(Decoded::Packet { packet, len }) =
            codec::decode_from(Sender::Client, bytes, self.version)
        {
            bytes = &bytes[len..];
            let waits = match packet {
                Packet::Publish(publish) => match (publish.qos, publish.packet_id) {
                    (QoS::AtLeastOnce, Some(id)) => Waits::PubAck(id),
                    (QoS::ExactlyOnce, Some(id)) => Waits::PubRec(id),
                    _ => continue,
                },
                Packet::PubRel(ack) => Waits::PubComp(ack.packet_id),
                Packet::Subscribe(packet) => {
                    self.identifiers
                        .extend(packet.properties.subscription_identifiers());
                    Waits::SubAck(packet.packet_id, packet.filters.len())
                }
                Packet::Unsubscribe(packet) => {
                    Waits::UnsubAck(packet.packet_id, packet.filters.len())
                }
                Packet::PingReq => Waits::PingResp,
                _ => continue,
            };
            self.waiting.push_back(waits);
        }
    }

    /// The right answer to the oldest packet, or to another one.
    pub fn answer(&mut self, place: usize) -> Vec<u8> {
        let place = place % self.waiting.len().max(1);
        let Some(waits) = self.waiting.remove(place) else {
            return Vec::new();
        };
        let granted = |count| vec![0; count];
        match waits {
            Waits::PubAck(id) => self.write(&Packet::PubAck(Ack::success(id))),
            Waits::PubRec(id) => self.write(&Packet::PubRec(Ack::success(id))),
            Waits::PubComp(id) => self.write(&Packet::PubComp(Ack::success(id))),
            Waits::SubAck(packet_id, count) => self.write(&Packet::SubAck(SubAck {
                packet_id,
                properties: Default::default(),
                codes: ReasonCodes::from_bytes(&granted(count)).expect("zeros"),
            })),
            Waits::UnsubAck(packet_id, count) => {
                let count = if self.version == Version::V5 {
                    count
                } else {
                    0
                };
                self.write(&Packet::UnsubAck(UnsubAck {
                    packet_id,
                    properties: Default::default(),
                    codes: ReasonCodes::from_bytes(&granted(count)).expect("zeros"),
                }))
            }
            Waits::PingResp => self.write(&Packet::PingResp),
        }
    }

    pub fn answer_all(&mut self) -> Vec<u8> {
        let mut all = Vec::new();
        while !self.waiting.is_empty() {
            all.append(&mut self.answer(0));
        }
        all
    }

    /// CONNACK with the limits that two bytes choose.
    pub fn accept(&mut self, script: &mut Script<'_>) -> Vec<u8> {
        let bits = script.byte();
        let more = script.byte();
        let mut properties = PropertiesBuf::new();
        if self.version == Version::V5 {
            let on = |bit: u8, property| (more & bit != 0).then_some(property);
            let chosen = [
                on(1, Property::TwoByte(PropertyId::ReceiveMaximum, 2)),
                on(2, Property::FourByte(PropertyId::MaximumPacketSize, 40)),
                on(4, Property::Byte(PropertyId::MaximumQos, more >> 7)),
                on(8, Property::Byte(PropertyId::RetainAvailable, 0)),
                on(16, Property::TwoByte(PropertyId::TopicAliasMaximum, 2)),
                on(32, Property::TwoByte(PropertyId::ServerKeepAlive, 3)),
                on(
                    64,
                    Property::FourByte(PropertyId::SessionExpiryInterval, 20),
                ),
                (bits & 2 != 0)
                    .then_some(Property::Text(PropertyId::AssignedClientIdentifier, "x")),
                (bits & 4 != 0).then_some(Property::Byte(
                    PropertyId::SubscriptionIdentifierAvailable,
                    0,
                )),
                (bits & 32 != 0).then_some(Property::Text(PropertyId::AuthenticationMethod, "m")),
                (bits & 64 != 0).then_some(Property::Text(PropertyId::ServerReference, "b:1")),
                (bits & 8 != 0)
                    .then_some(Property::Byte(PropertyId::WildcardSubscriptionAvailable, 0)),
            ];
            for property in chosen.into_iter().flatten() {
                properties.push(property).expect("each once");
            }
        }
        let reason = if bits & 16 != 0 {
            ReasonCode::from_u8(script.byte()).unwrap_or(ReasonCode::Success)
        } else {
            ReasonCode::Success
        };
        self.write(&Packet::ConnAck(ConnAck {
            session_present: bits & 1 != 0,
            reason,
            properties: properties.as_properties(),
        }))
    }

    pub fn publish(&mut self, script: &mut Script<'_>) -> Vec<u8> {
        let bits = script.byte();
        let qos = QoS::from_u8(bits & 3).unwrap_or_default();
        let id = u16::from(script.byte());
        let mut properties = PropertiesBuf::new();
        if self.version == Version::V5 {
            let wanted = script.byte();
            let nth = usize::from(wanted >> 6);
            let known = self.identifiers.get(nth).copied();
            let identifier = known.unwrap_or(u32::from(wanted >> 6) + 1);
            let chosen = [
                (
                    1,
                    Property::TwoByte(PropertyId::TopicAlias, u16::from(wanted >> 6) + 1),
                ),
                (
                    2,
                    Property::VarInt(PropertyId::SubscriptionIdentifier, identifier),
                ),
                (4, Property::FourByte(PropertyId::MessageExpiryInterval, 3)),
                (8, Property::Binary(PropertyId::CorrelationData, b"c")),
                (16, Property::Pair("k", "v")),
            ];
            for (bit, property) in chosen {
                if wanted & bit != 0 {
                    properties.push(property).expect("each once");
                }
            }
        }
        let payload = vec![b'p'; usize::from(script.byte())];
        self.write(&Packet::Publish(Publish {
            dup: bits & 4 != 0 && qos != QoS::AtMostOnce,
            qos,
            retain: bits & 8 != 0,
            topic: TopicName::new(TOPICS[usize::from(bits >> 4) % TOPICS.len()]).ok(),
            packet_id: PacketId::new(id).filter(|_| qos != QoS::AtMostOnce),
            properties: properties.as_properties(),
            payload: &payload,
        }))
    }

    /// Any packet with an identifier, whether it is wanted or not.
    pub fn acknowledge(&mut self, script: &mut Script<'_>) -> Vec<u8> {
        let which = script.byte();
        let Some(packet_id) = PacketId::new(u16::from(script.byte())) else {
            return Vec::new();
        };
        let reason = script.byte();
        let ack = Ack {
            packet_id,
            reason: ReasonCode::from_u8(reason).unwrap_or(ReasonCode::Success),
            properties: Default::default(),
        };
        let codes = vec![reason; usize::from(which >> 4)];
        let codes = ReasonCodes::from_bytes(&codes).unwrap_or_default();
        self.write(&match which % 6 {
            0 => Packet::PubAck(ack),
            1 => Packet::PubRec(ack),
            2 => Packet::PubRel(ack),
            3 => Packet::PubComp(ack),
            4 => Packet::SubAck(SubAck {
                packet_id,
                properties: Default::default(),
                codes,
            }),
            _ => Packet::UnsubAck(UnsubAck {
                packet_id,
                properties: Default::default(),
                codes,
            }),
        })
    }

    /// DISCONNECT, AUTH or PINGRESP.
    pub fn other(&mut self, script: &mut Script<'_>) -> Vec<u8> {
        let which = script.byte();
        let reason = ReasonCode::from_u8(script.byte()).unwrap_or(ReasonCode::Success);
        let mut properties = PropertiesBuf::new();
        if which & 4 != 0 {
            let property = if which & 3 == 1 {
                Property::Text(PropertyId::AuthenticationMethod, "m")
            } else {
                Property::Text(PropertyId::ServerReference, "other:1")
            };
            properties.push(property).expect("the only one");
        }
        let properties = properties.as_properties();
        self.write(&match which & 3 {
            0 => Packet::Disconnect(Disconnect { reason, properties }),
            1 => Packet::Auth(Auth { reason, properties }),
            _ => Packet::PingResp,
        })
    }

    /// The last bytes once more.
    pub fn again(&self) -> Vec<u8> {
        self.last.clone()
    }

    /// What cannot be written at all is not sent.
    fn write(&mut self, packet: &Packet<'_>) -> Vec<u8> {
        let mut bytes = Vec::new();
        if codec::encode_as(Sender::Server, packet, self.version, &mut bytes).is_ok() {
            self.last.clone_from(&bytes);
        }
        bytes
    }
}
