//! `mqtt5-protocol`: packets own what is in them.

use mqtt5_protocol::packet::pingreq::PingReqPacket;
use mqtt5_protocol::packet::pingresp::PingRespPacket;
use mqtt5_protocol::packet::{FixedHeader, MqttPacket, Packet};
use webmqtt::codec::Version;

use crate::Codec;

pub struct Mqtt5;

fn next(version: Version, rest: &mut &[u8]) -> Option<Packet> {
    let header = FixedHeader::decode(rest).ok()?;
    // Payloads are what is left, so that it gets no more than its packet.
    let (mut body, after) = rest.split_at_checked(header.remaining_length as usize)?;
    let level = version.level();
    let packet =
        Packet::decode_from_body_with_version(header.packet_type, &header, &mut body, level);
    *rest = after;
    packet.ok()
}

impl Codec for Mqtt5 {
    const NAME: &'static str = "mqtt5-protocol";
    type Input = Vec<u8>;
    type Packet = Packet;
    type Output = Vec<u8>;

    fn input(bytes: &[u8]) -> Vec<u8> {
        bytes.to_vec()
    }

    fn decode(version: Version, input: &mut Vec<u8>) -> Option<usize> {
        let mut rest = &input[..];
        let mut count = 0;
        while !rest.is_empty() {
            std::hint::black_box(&next(version, &mut rest)?);
            count += 1;
        }
        Some(count)
    }

    fn packet(version: Version, bytes: &'static [u8]) -> Option<Packet> {
        next(version, &mut &bytes[..])
    }

    fn output(capacity: usize) -> Vec<u8> {
        Vec::with_capacity(capacity)
    }

    fn encode(_: Version, packet: &Packet, output: &mut Vec<u8>) -> Option<()> {
        match packet {
            Packet::Connect(packet) => packet.encode(output),
            Packet::ConnAck(packet) => packet.encode(output),
            Packet::Publish(packet) => packet.encode(output),
            Packet::PubAck(packet) => packet.encode(output),
            Packet::PubRec(packet) => packet.encode(output),
            Packet::PubRel(packet) => packet.encode(output),
            Packet::PubComp(packet) => packet.encode(output),
            Packet::Subscribe(packet) => packet.encode(output),
            Packet::SubAck(packet) => packet.encode(output),
            Packet::Unsubscribe(packet) => packet.encode(output),
            Packet::UnsubAck(packet) => packet.encode(output),
            Packet::PingReq => PingReqPacket::default().encode(output),
            Packet::PingResp => PingRespPacket::default().encode(output),
            Packet::Disconnect(packet) => packet.encode(output),
            Packet::Auth(packet) => packet.encode(output),
        }
        .ok()
    }

    fn frame(_: Version, bytes: &[u8]) -> Option<usize> {
        let mut rest = bytes;
        let mut count = 0;
        while !rest.is_empty() {
            let header = FixedHeader::decode(&mut rest).ok()?;
            rest = rest.get(header.remaining_length as usize..)?;
            count += 1;
        }
        Some(count)
    }
}
