//! `rumqttc`'s codec: packets own their topic, payloads share the buffer.

use bytes::BytesMut;
use rumqttc::mqttbytes::v4;
use rumqttc::v5::mqttbytes::v5;
use webmqtt::codec::Version;

use crate::Codec;

pub struct Rumqttc;

#[allow(
    clippy::large_enum_variant,
    reason = "a box would be one more step in what is measured"
)]
pub enum Packet {
    V4(v4::Packet),
    V5(v5::Packet),
}

impl Codec for Rumqttc {
    const NAME: &'static str = "rumqttc";
    type Input = BytesMut;
    type Packet = Packet;
    type Output = BytesMut;

    fn input(bytes: &[u8]) -> BytesMut {
        BytesMut::from(bytes)
    }

    fn decode(version: Version, input: &mut BytesMut) -> Option<usize> {
        let mut count = 0;
        while !input.is_empty() {
            if version == Version::V5 {
                std::hint::black_box(&v5::Packet::read(input, None).ok()?);
            } else {
                std::hint::black_box(&v4::Packet::read(input, usize::MAX).ok()?);
            }
            count += 1;
        }
        Some(count)
    }

    fn packet(version: Version, bytes: &'static [u8]) -> Option<Packet> {
        let mut bytes = BytesMut::from(bytes);
        Some(if version == Version::V5 {
            Packet::V5(v5::Packet::read(&mut bytes, None).ok()?)
        } else {
            Packet::V4(v4::Packet::read(&mut bytes, usize::MAX).ok()?)
        })
    }

    fn output(capacity: usize) -> BytesMut {
        BytesMut::with_capacity(capacity)
    }

    fn encode(_: Version, packet: &Packet, output: &mut BytesMut) -> Option<()> {
        match packet {
            Packet::V4(packet) => packet.write(output, usize::MAX).ok()?,
            Packet::V5(packet) => packet.write(output, None).ok()?,
        };
        Some(())
    }

    fn frame(version: Version, bytes: &[u8]) -> Option<usize> {
        let mut rest = bytes;
        let mut count = 0;
        while !rest.is_empty() {
            let len = if version == Version::V5 {
                // Its fixed header is private; the length of a short packet is its second byte.
                v5::check(rest.iter(), None).ok()?;
                usize::from(*rest.get(1)?) + 2
            } else {
                rumqttc::mqttbytes::check(rest.iter(), usize::MAX)
                    .ok()?
                    .frame_length()
            };
            rest = rest.get(len..)?;
            count += 1;
        }
        Some(count)
    }
}
