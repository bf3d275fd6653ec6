//! Ours.

use webmqtt::codec::{self, Decoded, Packet, Version};

use crate::Codec;

pub struct Webmqtt;

impl Codec for Webmqtt {
    const NAME: &'static str = "webmqtt";
    type Input = Vec<u8>;
    type Packet = Packet<'static>;
    type Output = Vec<u8>;

    fn input(bytes: &[u8]) -> Vec<u8> {
        bytes.to_vec()
    }

    fn decode(version: Version, input: &mut Vec<u8>) -> Option<usize> {
        let mut rest = &input[..];
        let mut count = 0;
        while !rest.is_empty() {
            match codec::decode(rest, version) {
                Ok(Decoded::Packet { packet, len }) => {
                    std::hint::black_box(&packet);
                    count += 1;
                    rest = &rest[len..];
                }
                _ => return None,
            }
        }
        Some(count)
    }

    fn packet(version: Version, bytes: &'static [u8]) -> Option<Packet<'static>> {
        match codec::decode(bytes, version) {
            Ok(Decoded::Packet { packet, .. }) => Some(packet),
            _ => None,
        }
    }

    fn output(capacity: usize) -> Vec<u8> {
        Vec::with_capacity(capacity)
    }

    fn encode(version: Version, packet: &Packet<'static>, output: &mut Vec<u8>) -> Option<()> {
        codec::encode(packet, version, output).ok()
    }

    fn frame(version: Version, bytes: &[u8]) -> Option<usize> {
        let mut rest = bytes;
        let mut count = 0;
        while !rest.is_empty() {
            let header = codec::scan(rest, usize::MAX, version).ok()??;
            rest = rest.get(header.total()..)?;
            count += 1;
        }
        Some(count)
    }
}
