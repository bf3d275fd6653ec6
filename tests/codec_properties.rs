//! What holds for all bytes and all packets, tried with arbitrary ones.
//!
//! Decoding never panics and never takes more bytes than there are. Every valid packet is read back as it was written,
//! every prefix of it is incomplete and not wrong. Whatever is decoded can be encoded, and means the same again.

#[path = "codec_vectors/arbitrary.rs"]
mod arbitrary;
#[path = "codec_vectors/notation.rs"]
#[allow(dead_code, reason = "shared with the tests that read packets by hand")]
mod notation;

use arbitrary::{Ingredients, apply, change, ingredients};
use proptest::collection::vec;
use proptest::prelude::*;
use proptest::sample::Index;
use webmqtt::codec::{
    self, Decoded, Packet, Properties, PropertiesBuf, Sender, SubscribeFiltersBuf,
    UnsubscribeFiltersBuf, Version,
};

fn config(cases: u32) -> ProptestConfig {
    // A failing case is printed in full, so there is no need to keep seeds in files.
    ProptestConfig {
        cases,
        failure_persistence: None,
        ..ProptestConfig::default()
    }
}

/// Everything in a decoded packet can be reached, and what was borrowed in its wire form is the sum of its parts.
fn check_parts(packet: &Packet<'_>) {
    let check_properties = |properties: Properties<'_>| {
        let mut again = PropertiesBuf::new();
        for property in properties {
            again.push(property).expect("a decoded property is valid");
        }
        assert_eq!(again.as_properties(), properties);
        assert_eq!(
            Properties::from_bytes(properties.as_bytes()),
            Ok(properties)
        );
    };
    match packet {
        Packet::Connect(packet) => {
            check_properties(packet.properties);
            if let Some(will) = &packet.will {
                check_properties(will.properties);
            }
        }
        Packet::ConnAck(packet) => check_properties(packet.properties),
        Packet::Publish(packet) => check_properties(packet.properties),
        Packet::PubAck(packet)
        | Packet::PubRec(packet)
        | Packet::PubRel(packet)
        | Packet::PubComp(packet) => check_properties(packet.properties),
        Packet::Subscribe(packet) => {
            check_properties(packet.properties);
            let mut again = SubscribeFiltersBuf::new();
            for (filter, options) in packet.filters.iter() {
                again.push(filter, options);
            }
            assert_eq!(again.as_filters(), packet.filters);
            assert!(!packet.filters.is_empty());
        }
        Packet::Unsubscribe(packet) => {
            check_properties(packet.properties);
            let mut again = UnsubscribeFiltersBuf::new();
            for filter in packet.filters.iter() {
                again.push(filter);
            }
            assert_eq!(again.as_filters(), packet.filters);
            assert!(!packet.filters.is_empty());
        }
        Packet::SubAck(packet) => {
            check_properties(packet.properties);
            assert_eq!(packet.codes.iter().count(), packet.codes.len());
        }
        Packet::UnsubAck(packet) => {
            check_properties(packet.properties);
            assert_eq!(packet.codes.iter().count(), packet.codes.len());
        }
        Packet::Disconnect(packet) => check_properties(packet.properties),
        Packet::Auth(packet) => check_properties(packet.properties),
        Packet::PingReq | Packet::PingResp => {}
    }
}

/// What must hold for any bytes whatever. Says whether they were a packet.
fn check_bytes(bytes: &[u8], version: Version, sender: Option<Sender>) -> bool {
    let decode = |bytes| match sender {
        Some(sender) => codec::decode_from(sender, bytes, version),
        None => codec::decode(bytes, version),
    };
    match decode(bytes) {
        Ok(Decoded::Packet { packet, len }) => {
            assert!(len <= bytes.len());
            check_parts(&packet);
            let version = match &packet {
                Packet::Connect(connect) => connect.version,
                _ => version,
            };
            let mut out = Vec::new();
            match sender {
                Some(sender) => codec::encode_as(sender, &packet, version, &mut out),
                None => codec::encode(&packet, version, &mut out),
            }
            .unwrap_or_else(|error| panic!("{packet:?} was decoded and is not encoded: {error}"));
            // Encoding is minimal. Only the refusal in the words of 3.1.1 gets longer: MQTT 5 adds a property length.
            assert!(out.len() <= len || bytes.starts_with(&[0x20, 0x02, 0x00, 0x01]));
            let again = match sender {
                Some(sender) => codec::decode_from(sender, &out, version),
                None => codec::decode(&out, version),
            };
            assert_eq!(
                again,
                Ok(Decoded::Packet {
                    packet,
                    len: out.len()
                })
            );
            true
        }
        Ok(Decoded::Incomplete { at_least }) => {
            assert!(at_least > bytes.len());
            assert!(at_least <= 268_435_455 + 5);
            false
        }
        Err(error) => {
            assert!(error.reason().is_error());
            false
        }
    }
}

fn check_bytes_for_all(bytes: &[u8]) {
    for version in [Version::V3, Version::V4, Version::V5] {
        for sender in [None, Some(Sender::Client), Some(Sender::Server)] {
            check_bytes(bytes, version, sender);
        }
    }
}

proptest! {
    #![proptest_config(config(2_000))]

    #[test]
    fn decoding_arbitrary_bytes_never_panics(bytes in vec(any::<u8>(), 0..80)) {
        check_bytes_for_all(&bytes);
    }

    #[test]
    fn decoding_an_arbitrary_body_never_panics(
        first in any::<u8>(),
        body in vec(prop_oneof![0..48u8, any::<u8>()], 0..40),
    ) {
        let mut bytes = vec![first];
        bytes.extend(notation::varint(body.len()));
        bytes.extend(body);
        check_bytes_for_all(&bytes);
    }

    #[test]
    fn decoding_a_damaged_packet_never_panics(
        packet in ingredients(),
        changes in vec(change(), 1..6),
    ) {
        let mut bytes = packet.encoded();
        for change in &changes {
            apply(&mut bytes, change);
            check_bytes_for_all(&bytes);
        }
    }

    #[test]
    fn a_packet_is_read_back_as_it_was_written(packet in ingredients()) {
        let kitchen = packet.kitchen();
        let written = packet.packet(&kitchen);
        let bytes = packet.encoded();
        prop_assert_eq!(
            codec::decode_from(packet.sender, &bytes, packet.version),
            Ok(Decoded::Packet { packet: written.clone(), len: bytes.len() })
        );
        prop_assert!(check_bytes(&bytes, packet.version, Some(packet.sender)));

        // Encoding appends, and is the same for whoever does not know the sender.
        let mut out = vec![0xAA, 0xBB];
        prop_assert_eq!(codec::encode(&written, packet.version, &mut out), Ok(()));
        prop_assert_eq!(&out[..2], &[0xAA, 0xBB]);
        prop_assert_eq!(&out[2..], &bytes[..]);
    }

    #[test]
    fn a_prefix_of_a_packet_is_incomplete(packet in ingredients(), cut in any::<Index>()) {
        let bytes = packet.encoded();
        let cut = cut.index(bytes.len());
        let Ok(Decoded::Incomplete { at_least }) =
            codec::decode_from(packet.sender, &bytes[..cut], packet.version)
        else {
            panic!("{cut} of {bytes:02X?}")
        };
        prop_assert!(cut < at_least && at_least <= bytes.len());
        // Feeding what is asked for gets there.
        let mut have = cut;
        let mut steps = 0;
        while let Ok(Decoded::Incomplete { at_least }) =
            codec::decode_from(packet.sender, &bytes[..have], packet.version)
        {
            have = at_least;
            steps += 1;
        }
        prop_assert_eq!(have, bytes.len());
        prop_assert!(steps <= 5, "{} steps", steps);
    }
}

proptest! {
    #![proptest_config(config(300))]

    #[test]
    fn a_stream_is_read_the_same_however_it_is_cut(
        packets in vec(ingredients(), 1..6),
        cuts in vec(1..40usize, 1..20),
    ) {
        let (version, sender) = (packets[0].version, packets[0].sender);
        let packets: Vec<&Ingredients> = packets
            .iter()
            .filter(|packet| packet.version == version && packet.sender == sender)
            .collect();
        let stream: Vec<u8> = packets.iter().flat_map(|packet| packet.encoded()).collect();

        let mut read = Vec::new();
        let mut buffer = Vec::new();
        let mut rest = &stream[..];
        for cut in cuts.iter().cycle() {
            let (chunk, later) = rest.split_at((*cut).min(rest.len()));
            buffer.extend_from_slice(chunk);
            rest = later;
            while let Decoded::Packet { packet, len } =
                codec::decode_from(sender, &buffer, version).expect("a valid stream")
            {
                let mut again = Vec::new();
                codec::encode_as(sender, &packet, version, &mut again).expect("a valid packet");
                read.extend(again);
                buffer.drain(..len);
            }
            if rest.is_empty() {
                break;
            }
        }
        prop_assert!(buffer.is_empty());
        prop_assert_eq!(read, stream);
    }
}
