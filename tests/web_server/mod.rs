//! What a server sends, for the tests in which a page holds both ends of the WebSocket.

use webmqtt::codec::{
    self, ConnAck, Packet, Properties, Publish, QoS, ReasonCode, Sender, TopicName, Version,
};

pub fn bytes(packet: &Packet<'_>) -> Vec<u8> {
    let mut out = Vec::new();
    codec::encode_as(Sender::Server, packet, Version::V5, &mut out).unwrap();
    out
}

pub fn connack(reason: ReasonCode) -> Vec<u8> {
    bytes(&Packet::ConnAck(ConnAck {
        session_present: false,
        reason,
        properties: Properties::EMPTY,
    }))
}

pub fn publish(topic: &str, payload: &[u8]) -> Vec<u8> {
    bytes(&Packet::Publish(Publish {
        dup: false,
        qos: QoS::AtMostOnce,
        retain: false,
        topic: TopicName::new(topic).ok(),
        packet_id: None,
        properties: Properties::EMPTY,
        payload,
    }))
}
