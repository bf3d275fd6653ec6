//! `mqtt-protocol-core`: its builder cuts a stream into packets, each with memory of its own, and each type of packet
//! parses itself.

use mqtt_protocol_core::mqtt::common::Cursor;
use mqtt_protocol_core::mqtt::connection::{
    PacketBuildResult, PacketBuilder, PacketData, RawPacket,
};
use mqtt_protocol_core::mqtt::packet::{v3_1_1, v5_0};
use webmqtt::codec::Version;

use crate::Codec;

pub struct ProtocolCore;

macro_rules! packets {
    ($name:ident, $module:ident, $parse:ident; $($type:ident = $number:literal),*) => {
        pub enum $name {
            Publish($module::Publish),
            $($type($module::$type),)*
        }

        impl $name {
            fn write(&self) -> Vec<u8> {
                match self {
                    Self::Publish(packet) => packet.to_continuous_buffer(),
                    $(Self::$type(packet) => packet.to_continuous_buffer(),)*
                }
            }
        }

        fn $parse(raw: &RawPacket) -> Option<$name> {
            match raw.packet_type() {
                3 => {
                    let PacketData::Publish(body) = &raw.data else {
                        return None;
                    };
                    let (packet, _) = $module::Publish::parse(raw.flags(), body.clone()).ok()?;
                    Some($name::Publish(packet))
                }
                $($number => Some($name::$type(raw.parse_exact($module::$type::parse).ok()?)),)*
                _ => None,
            }
        }
    };
}

packets!(V5, v5_0, parse_5; Connect = 1, Connack = 2, Puback = 4, Pubrec = 5, Pubrel = 6, Pubcomp = 7, Subscribe = 8,
    Suback = 9, Unsubscribe = 10, Unsuback = 11, Pingreq = 12, Pingresp = 13, Disconnect = 14, Auth = 15);
packets!(V4, v3_1_1, parse_4; Connect = 1, Connack = 2, Puback = 4, Pubrec = 5, Pubrel = 6, Pubcomp = 7, Subscribe = 8,
    Suback = 9, Unsubscribe = 10, Unsuback = 11, Pingreq = 12, Pingresp = 13, Disconnect = 14);

pub enum Packet {
    V4(V4),
    V5(V5),
}

fn parse(version: Version, raw: &RawPacket) -> Option<Packet> {
    if version == Version::V5 {
        parse_5(raw).map(Packet::V5)
    } else {
        parse_4(raw).map(Packet::V4)
    }
}

impl Codec for ProtocolCore {
    const NAME: &'static str = "mqtt-protocol-core";
    type Input = Vec<u8>;
    type Packet = Packet;
    type Output = Vec<u8>;

    fn input(bytes: &[u8]) -> Vec<u8> {
        bytes.to_vec()
    }

    fn decode(version: Version, input: &mut Vec<u8>) -> Option<usize> {
        let mut builder = PacketBuilder::new();
        let mut cursor = Cursor::new(&input[..]);
        let mut count = 0;
        loop {
            match builder.feed(&mut cursor) {
                PacketBuildResult::Complete(raw) => {
                    std::hint::black_box(&parse(version, &raw)?);
                    count += 1;
                }
                PacketBuildResult::Incomplete => return Some(count),
                PacketBuildResult::Error(_) => return None,
            }
        }
    }

    fn packet(version: Version, bytes: &'static [u8]) -> Option<Packet> {
        match PacketBuilder::new().feed(&mut Cursor::new(bytes)) {
            PacketBuildResult::Complete(raw) => parse(version, &raw),
            _ => None,
        }
    }

    fn output(capacity: usize) -> Vec<u8> {
        Vec::with_capacity(capacity)
    }

    fn encode(_: Version, packet: &Packet, output: &mut Vec<u8>) -> Option<()> {
        let bytes = match packet {
            Packet::V4(packet) => packet.write(),
            Packet::V5(packet) => packet.write(),
        };
        output.extend_from_slice(&bytes);
        Some(())
    }

    fn frame(_: Version, bytes: &[u8]) -> Option<usize> {
        let mut builder = PacketBuilder::new();
        let mut cursor = Cursor::new(bytes);
        let mut count = 0;
        while let PacketBuildResult::Complete(raw) = builder.feed(&mut cursor) {
            std::hint::black_box(&raw);
            count += 1;
        }
        Some(count)
    }
}
