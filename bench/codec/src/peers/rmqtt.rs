//! `rmqtt-codec`: a tokio codec, whose packets share the buffer with their topics and payloads. To be encoded they are
//! given away, so each is a clone.

use bytes::BytesMut;
use rmqtt_codec::{v3, v5};
use tokio_util::codec::{Decoder, Encoder};
use webmqtt::codec::Version;

use crate::Codec;

pub struct Rmqtt;

pub struct Input {
    v3: v3::Codec,
    v5: v5::Codec,
    bytes: BytesMut,
}

pub enum Packet {
    V3(v3::Packet),
    V5(v5::Packet),
}

pub struct Output {
    v3: v3::Codec,
    v5: v5::Codec,
    bytes: BytesMut,
}

impl AsRef<[u8]> for Output {
    fn as_ref(&self) -> &[u8] {
        &self.bytes
    }
}

impl Codec for Rmqtt {
    const NAME: &'static str = "rmqtt-codec";
    type Input = Input;
    type Packet = Packet;
    type Output = Output;

    fn input(bytes: &[u8]) -> Input {
        Input {
            v3: v3::Codec::new(0),
            v5: v5::Codec::new(0, 0),
            bytes: BytesMut::from(bytes),
        }
    }

    fn decode(version: Version, input: &mut Input) -> Option<usize> {
        let mut count = 0;
        while !input.bytes.is_empty() {
            if version == Version::V5 {
                std::hint::black_box(&input.v5.decode(&mut input.bytes).ok()??);
            } else {
                std::hint::black_box(&input.v3.decode(&mut input.bytes).ok()??);
            }
            count += 1;
        }
        Some(count)
    }

    fn packet(version: Version, bytes: &'static [u8]) -> Option<Packet> {
        let mut input = Self::input(bytes);
        Some(if version == Version::V5 {
            Packet::V5(input.v5.decode(&mut input.bytes).ok()??.0)
        } else {
            Packet::V3(input.v3.decode(&mut input.bytes).ok()??.0)
        })
    }

    fn output(capacity: usize) -> Output {
        Output {
            v3: v3::Codec::new(0),
            v5: v5::Codec::new(0, 0),
            bytes: BytesMut::with_capacity(capacity),
        }
    }

    fn encode(_: Version, packet: &Packet, output: &mut Output) -> Option<()> {
        match packet {
            Packet::V3(packet) => output.v3.encode(packet.clone(), &mut output.bytes).ok(),
            Packet::V5(packet) => output.v5.encode(packet.clone(), &mut output.bytes).ok(),
        }
    }
}
