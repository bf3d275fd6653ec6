//! Packets made field by field, most of them somehow wrong: what is encoded can be decoded, the rest is refused
//! without a trace.

use arbitrary::{Arbitrary, Unstructured};
use webmqtt::codec::{
    self, Ack, Auth, ConnAck, Connect, Decoded, Disconnect, Packet, PacketId, Properties,
    PropertiesBuf, Property, PropertyId, Publish, QoS, ReasonCode, ReasonCodes, RetainHandling,
    Sender, SubAck, Subscribe, SubscribeFiltersBuf, SubscribeOptions, TopicFilter, TopicName,
    UnsubAck, Unsubscribe, UnsubscribeFiltersBuf, Version, Will,
};

use crate::VERSIONS;

/// Bytes that [`arbitrary`] makes a packet of.
pub fn run(data: &[u8]) {
    let mut bytes = Unstructured::new(data);
    let Ok(form) = Form::arbitrary(&mut bytes) else {
        return;
    };
    let version = VERSIONS[usize::from(form.version) % VERSIONS.len()];
    let sender = if form.from_server {
        Sender::Server
    } else {
        Sender::Client
    };
    form.with_packet(version, |packet| written(sender, version, packet));
}

fn written(sender: Sender, version: Version, packet: &Packet<'_>) {
    let mut out = vec![0xAA];
    let result = codec::encode_as(sender, packet, version, &mut out);
    let mut by_any = Vec::new();
    let any = codec::encode(packet, version, &mut by_any);
    let bytes = &out[1..];
    if let Err(error) = result {
        assert!(bytes.is_empty(), "{error}: {bytes:02X?}");
        assert!(!error.code().is_empty());
        assert!(any.is_ok() || by_any.is_empty());
        return;
    }
    assert_eq!((any, by_any.as_slice()), (Ok(()), bytes));
    let expected = Ok(Decoded::Packet {
        packet: packet.clone(),
        len: bytes.len(),
    });
    assert_eq!(codec::decode_from(sender, bytes, version), expected);
    assert_eq!(
        codec::scan(bytes, bytes.len(), version)
            .ok()
            .flatten()
            .map(|header| header.total()),
        Some(bytes.len())
    );
}

#[derive(Arbitrary, Debug)]
struct Form<'a> {
    version: u8,
    from_server: bool,
    properties: Vec<Field<'a>>,
    body: Body<'a>,
}

#[derive(Arbitrary, Debug)]
enum Field<'a> {
    Byte(u8, u8),
    TwoByte(u8, u16),
    FourByte(u8, u32),
    VarInt(u8, u32),
    Text(u8, &'a str),
    Binary(u8, &'a [u8]),
    Pair(&'a str, &'a str),
}

#[derive(Arbitrary, Debug)]
enum Body<'a> {
    Connect {
        clean_start: bool,
        keep_alive: u16,
        client_id: &'a str,
        will: Option<WillForm<'a>>,
        username: Option<&'a str>,
        password: Option<&'a [u8]>,
    },
    ConnAck {
        session_present: bool,
        reason: u8,
    },
    Publish {
        dup: bool,
        qos: u8,
        retain: bool,
        topic: &'a str,
        packet_id: Option<u16>,
        payload: &'a [u8],
    },
    Ack {
        which: u8,
        packet_id: u16,
        reason: u8,
    },
    Subscribe {
        packet_id: u16,
        filters: Vec<(&'a str, u8)>,
    },
    SubAck {
        packet_id: u16,
        codes: &'a [u8],
    },
    Unsubscribe {
        packet_id: u16,
        filters: Vec<&'a str>,
    },
    UnsubAck {
        packet_id: u16,
        codes: &'a [u8],
    },
    PingReq,
    PingResp,
    Disconnect {
        reason: u8,
    },
    Auth {
        reason: u8,
    },
}

#[derive(Arbitrary, Debug)]
struct WillForm<'a> {
    topic: &'a str,
    payload: &'a [u8],
    qos: u8,
    retain: bool,
    properties: Vec<Field<'a>>,
}

impl Form<'_> {
    /// Makes the packet, if its parts exist at all.
    fn with_packet(&self, version: Version, then: impl FnOnce(&Packet<'_>)) -> Option<()> {
        let buf = list(&self.properties);
        let properties = buf.as_properties();
        let mut subscribe = SubscribeFiltersBuf::new();
        let mut unsubscribe = UnsubscribeFiltersBuf::new();
        let will_properties;
        let packet = match &self.body {
            Body::Connect {
                clean_start,
                keep_alive,
                client_id,
                will,
                username,
                password,
            } => Packet::Connect(Connect {
                version,
                clean_start: *clean_start,
                keep_alive: *keep_alive,
                client_id,
                will: match will {
                    Some(will) => {
                        will_properties = list(&will.properties);
                        Some(will.will(will_properties.as_properties())?)
                    }
                    None => None,
                },
                username: *username,
                password: *password,
                properties,
            }),
            Body::ConnAck {
                session_present,
                reason,
            } => Packet::ConnAck(ConnAck {
                session_present: *session_present,
                reason: ReasonCode::from_u8(*reason)?,
                properties,
            }),
            Body::Publish {
                dup,
                qos,
                retain,
                topic,
                packet_id,
                payload,
            } => Packet::Publish(Publish {
                dup: *dup,
                qos: QoS::from_u8(qos % 3)?,
                retain: *retain,
                topic: match *topic {
                    "" => None,
                    topic => Some(TopicName::new(topic).ok()?),
                },
                packet_id: packet_id.and_then(PacketId::new),
                properties,
                payload,
            }),
            Body::Ack {
                which,
                packet_id,
                reason,
            } => {
                let ack = Ack {
                    packet_id: PacketId::new(*packet_id)?,
                    reason: ReasonCode::from_u8(*reason)?,
                    properties,
                };
                match which % 4 {
                    0 => Packet::PubAck(ack),
                    1 => Packet::PubRec(ack),
                    2 => Packet::PubRel(ack),
                    _ => Packet::PubComp(ack),
                }
            }
            Body::Subscribe { packet_id, filters } => {
                for (filter, options) in filters {
                    subscribe.push(TopicFilter::new(filter).ok()?, options_of(*options)?);
                }
                assert_eq!(subscribe.len(), filters.len());
                Packet::Subscribe(Subscribe {
                    packet_id: PacketId::new(*packet_id)?,
                    properties,
                    filters: subscribe.as_filters(),
                })
            }
            Body::SubAck { packet_id, codes } => Packet::SubAck(SubAck {
                packet_id: PacketId::new(*packet_id)?,
                properties,
                codes: ReasonCodes::from_bytes(codes)?,
            }),
            Body::Unsubscribe { packet_id, filters } => {
                for filter in filters {
                    unsubscribe.push(TopicFilter::new(filter).ok()?);
                }
                assert_eq!(unsubscribe.len(), filters.len());
                Packet::Unsubscribe(Unsubscribe {
                    packet_id: PacketId::new(*packet_id)?,
                    properties,
                    filters: unsubscribe.as_filters(),
                })
            }
            Body::UnsubAck { packet_id, codes } => Packet::UnsubAck(UnsubAck {
                packet_id: PacketId::new(*packet_id)?,
                properties,
                codes: ReasonCodes::from_bytes(codes)?,
            }),
            Body::PingReq => Packet::PingReq,
            Body::PingResp => Packet::PingResp,
            Body::Disconnect { reason } => Packet::Disconnect(Disconnect {
                reason: ReasonCode::from_u8(*reason)?,
                properties,
            }),
            Body::Auth { reason } => Packet::Auth(Auth {
                reason: ReasonCode::from_u8(*reason)?,
                properties,
            }),
        };
        then(&packet);
        Some(())
    }
}

impl<'a> WillForm<'a> {
    fn will(&self, properties: Properties<'a>) -> Option<Will<'a>> {
        Some(Will {
            topic: TopicName::new(self.topic).ok()?,
            payload: self.payload,
            qos: QoS::from_u8(self.qos % 3)?,
            retain: self.retain,
            properties,
        })
    }
}

fn options_of(bits: u8) -> Option<SubscribeOptions> {
    Some(SubscribeOptions {
        qos: QoS::from_u8(bits & 3)?,
        no_local: bits & 4 != 0,
        retain_as_published: bits & 8 != 0,
        retain_handling: RetainHandling::from_u8(bits >> 4 & 3)?,
    })
}

/// Those of the fields that can stand in a list; a refused one changes nothing.
fn list(fields: &[Field<'_>]) -> PropertiesBuf {
    let mut buf = PropertiesBuf::new();
    for field in fields {
        let id = |id: &u8| PropertyId::from_u8(id % 0x2B);
        let property = match field {
            Field::Byte(of, value) => id(of).map(|id| Property::Byte(id, *value)),
            Field::TwoByte(of, value) => id(of).map(|id| Property::TwoByte(id, *value)),
            Field::FourByte(of, value) => id(of).map(|id| Property::FourByte(id, *value)),
            Field::VarInt(of, value) => id(of).map(|id| Property::VarInt(id, *value)),
            Field::Text(of, value) => id(of).map(|id| Property::Text(id, value)),
            Field::Binary(of, value) => id(of).map(|id| Property::Binary(id, value)),
            Field::Pair(name, value) => Some(Property::Pair(name, value)),
        };
        let Some(property) = property else { continue };
        let before = buf.clone();
        match buf.push(property) {
            Ok(()) => assert_eq!(buf.as_properties().iter().last(), Some(property)),
            Err(_) => assert_eq!(buf, before),
        }
    }
    assert_eq!(
        Properties::from_bytes(buf.as_properties().as_bytes()),
        Ok(buf.as_properties())
    );
    buf
}
