//! What the codec tests share: reading a packet that must be whole, verdicts in the words of the tables, plain packets.

use webmqtt::codec::{
    self, Connect, Decoded, Packet, PacketId, Properties, Publish, QoS, Sender, TopicName, Version,
};

/// The packet at the start of the bytes, which are exactly one.
#[track_caller]
pub fn decode_whole(sender: Sender, bytes: &[u8], version: Version) -> Packet<'_> {
    match codec::decode_from(sender, bytes, version) {
        Ok(Decoded::Packet { packet, len }) => {
            assert_eq!(len, bytes.len());
            packet
        }
        other => panic!("{other:?} from {bytes:02X?}"),
    }
}

/// The verdict in the words of the tables.
pub fn verdict(sender: Sender, bytes: &[u8], version: Version) -> String {
    match codec::decode_from(sender, bytes, version) {
        Ok(Decoded::Packet { .. }) => "ok".into(),
        Ok(Decoded::Incomplete { at_least }) => format!("incomplete, needs {at_least}"),
        Err(error) => format!("{} {:02X}", error.code(), error.reason().as_u8()),
    }
}

/// The bytes of a packet that must be valid.
pub fn encoded(packet: &Packet<'_>, version: Version) -> Vec<u8> {
    let mut out = Vec::new();
    codec::encode(packet, version, &mut out).expect("a valid packet");
    out
}

/// A message without anything special.
pub fn publish<'a>(topic: &'a str, payload: &'a [u8]) -> Publish<'a> {
    Publish {
        dup: false,
        qos: QoS::AtMostOnce,
        retain: false,
        topic: TopicName::new(topic).ok(),
        packet_id: None,
        properties: Properties::EMPTY,
        payload,
    }
}

/// A CONNECT of MQTT 5 without anything special.
pub fn connect(client_id: &str) -> Connect<'_> {
    Connect {
        version: Version::V5,
        clean_start: true,
        keep_alive: 60,
        client_id,
        will: None,
        username: None,
        password: None,
        properties: Properties::EMPTY,
    }
}

/// A packet identifier.
pub fn id(value: u16) -> PacketId {
    PacketId::new(value).expect("not 0")
}
