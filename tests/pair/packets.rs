//! Packets of a server in few words.

use webmqtt::codec::{
    self, Ack, ConnAck, Disconnect, Packet, PacketId, Properties, PropertiesBuf, Property, Publish,
    QoS, ReasonCode, ReasonCodes, Sender, SubAck, TopicName, UnsubAck, Version,
};

pub fn id(number: u16) -> PacketId {
    PacketId::new(number).expect("0 is no packet identifier")
}

pub fn properties(list: &[Property<'_>]) -> PropertiesBuf {
    let mut buf = PropertiesBuf::new();
    for property in list {
        buf.push(*property).expect("a valid property");
    }
    buf
}

pub fn connack(session_present: bool) -> Packet<'static> {
    Packet::ConnAck(ConnAck {
        session_present,
        reason: ReasonCode::Success,
        properties: Properties::EMPTY,
    })
}

pub fn refusal(reason: ReasonCode) -> Packet<'static> {
    Packet::ConnAck(ConnAck {
        session_present: false,
        reason,
        properties: Properties::EMPTY,
    })
}

pub fn message<'a>(
    qos: QoS,
    packet_id: u16,
    topic: &'a str,
    payload: &'a (impl AsRef<[u8]> + ?Sized),
) -> Publish<'a> {
    Publish {
        dup: false,
        qos,
        retain: false,
        topic: TopicName::new(topic).ok(),
        packet_id: (qos != QoS::AtMostOnce).then(|| id(packet_id)),
        properties: Properties::EMPTY,
        payload: payload.as_ref(),
    }
}

pub fn publish<'a>(
    qos: QoS,
    packet_id: u16,
    topic: &'a str,
    payload: &'a (impl AsRef<[u8]> + ?Sized),
) -> Packet<'a> {
    Packet::Publish(message(qos, packet_id, topic, payload))
}

/// Any acknowledgement with another reason than success.
pub fn because(packet_id: u16, reason: ReasonCode) -> Ack<'static> {
    Ack {
        packet_id: id(packet_id),
        reason,
        properties: Properties::EMPTY,
    }
}

pub fn puback(packet_id: u16) -> Packet<'static> {
    Packet::PubAck(Ack::success(id(packet_id)))
}

pub fn pubrec(packet_id: u16) -> Packet<'static> {
    Packet::PubRec(Ack::success(id(packet_id)))
}

pub fn pubrel(packet_id: u16) -> Packet<'static> {
    Packet::PubRel(Ack::success(id(packet_id)))
}

pub fn pubcomp(packet_id: u16) -> Packet<'static> {
    Packet::PubComp(Ack::success(id(packet_id)))
}

pub fn suback(packet_id: u16, codes: &[u8]) -> Packet<'_> {
    Packet::SubAck(SubAck {
        packet_id: id(packet_id),
        properties: Properties::EMPTY,
        codes: ReasonCodes::from_bytes(codes).expect("reason codes"),
    })
}

/// In 3.1.1 without codes.
pub fn unsuback(packet_id: u16, codes: &[u8]) -> Packet<'_> {
    Packet::UnsubAck(UnsubAck {
        packet_id: id(packet_id),
        properties: Properties::EMPTY,
        codes: ReasonCodes::from_bytes(codes).expect("reason codes"),
    })
}

pub fn disconnect(reason: ReasonCode) -> Packet<'static> {
    Packet::Disconnect(Disconnect {
        reason,
        properties: Properties::EMPTY,
    })
}

/// The bytes of server packets.
pub fn bytes(version: Version, packets: &[Packet<'_>]) -> Vec<u8> {
    let mut out = Vec::new();
    for packet in packets {
        codec::encode_as(Sender::Server, packet, version, &mut out)
            .unwrap_or_else(|error| panic!("{packet:?}: {error}"));
    }
    out
}
