//! Lengths at the values where their encoding changes, and limits of size.

#[path = "codec_vectors/notation.rs"]
#[allow(dead_code, reason = "each test takes what it needs")]
mod notation;
#[path = "codec_vectors/samples.rs"]
#[allow(dead_code, reason = "each test takes what it needs")]
mod samples;

use notation::{packet, varint};
use samples::{connect, decode_whole, encoded, publish};
use webmqtt::codec::{
    self, Ack, Connect, Decoded, EncodeError, Packet, PacketId, Properties, PropertiesBuf,
    PropertyError, PropertyId, QoS, ReasonCode, Sender, TopicError, TopicFilter, TopicName,
    Version, Will,
};

#[test]
fn the_remaining_length_changes_its_size_at_the_boundaries() {
    for (remaining, length) in [
        (0x7F, "7F"),
        (0x80, "8001"),
        (0x3FFF, "FF7F"),
        (0x4000, "808001"),
        (0x1F_FFFF, "FFFF7F"),
        (0x20_0000, "80808001"),
    ] {
        let payload = vec![0x61; remaining - 3];
        let message = Packet::Publish(publish("a", &payload));
        let bytes = encoded(&message, Version::V4);
        let header = packet(&format!("30 {length}"));
        assert_eq!(bytes[..header.len()], header, "{remaining}");
        assert_eq!(bytes.len(), header.len() + remaining);
        assert!(
            decode_whole(Sender::Client, &bytes, Version::V4) == message,
            "{remaining}"
        );
        let last = bytes.len() - 1;
        assert_eq!(
            codec::decode(&bytes[..last], Version::V4),
            Ok(Decoded::Incomplete {
                at_least: bytes.len()
            })
        );
    }
}

#[test]
fn the_largest_packet_is_encoded_and_a_larger_one_is_not() {
    const LARGEST: usize = 268_435_455;
    let payload = vec![0; LARGEST - 2];
    let mut out = Vec::new();
    let mut message = publish("a", &payload);
    assert_eq!(
        codec::encode(&Packet::Publish(message.clone()), Version::V4, &mut out),
        Err(EncodeError::PacketTooLarge)
    );
    assert!(out.is_empty());

    message.payload = &payload[1..];
    codec::encode(&Packet::Publish(message), Version::V4, &mut out).unwrap();
    assert_eq!(out.len(), LARGEST + 5);
    assert_eq!(out[..8], [0x30, 0xFF, 0xFF, 0xFF, 0x7F, 0x00, 0x01, b'a']);
    let header = codec::scan(&out, LARGEST + 5, Version::V4)
        .unwrap()
        .unwrap();
    assert_eq!((header.remaining, header.total()), (LARGEST, LARGEST + 5));
}

#[test]
fn the_size_limit_counts_the_whole_packet() {
    let bytes = packet("30 <'a' 00 \"hello\">");
    assert!(
        codec::scan(&bytes, bytes.len(), Version::V5)
            .unwrap()
            .is_some()
    );
    let error = codec::scan(&bytes, bytes.len() - 1, Version::V5).unwrap_err();
    assert_eq!(
        (error.code(), error.reason()),
        ("packet-too-large", ReasonCode::PacketTooLarge)
    );
    // The header is enough to know.
    assert_eq!(
        codec::scan(&bytes[..2], bytes.len() - 1, Version::V5),
        Err(error)
    );
}

#[test]
fn the_property_length_changes_its_size_at_the_boundaries() {
    for len in [127, 128, 16_383, 16_384] {
        let mut list = PropertiesBuf::new();
        list.text(PropertyId::ReasonString, &"r".repeat(len - 3 - 5))
            .unwrap();
        list.user("", "").unwrap();
        assert_eq!(list.as_properties().as_bytes().len(), len);
        let ack = Packet::PubAck(Ack {
            packet_id: PacketId::MIN,
            reason: ReasonCode::Success,
            properties: list.as_properties(),
        });
        let bytes = encoded(&ack, Version::V5);
        let body = [vec![0, 1, 0], varint(len)].concat();
        let expected = [vec![0x40], varint(body.len() + len), body].concat();
        assert_eq!(bytes[..expected.len()], expected);
        assert_eq!(decode_whole(Sender::Server, &bytes, Version::V5), ack);
    }
}

#[test]
fn texts_and_binary_fields_have_at_most_65535_bytes() {
    let longest = "x".repeat(65_535);
    let too_long = "x".repeat(65_536);
    for (text, fits) in [(&longest, true), (&too_long, false)] {
        let encode = |packet: Packet<'_>| {
            let mut out = vec![1, 2, 3];
            let result = codec::encode(&packet, Version::V5, &mut out);
            if result.is_ok() {
                assert_eq!(decode_whole(Sender::Client, &out[3..], Version::V5), packet);
            } else {
                assert_eq!(out, [1, 2, 3]);
            }
            result
        };
        let text_result = if fits {
            Ok(())
        } else {
            Err(EncodeError::TextTooLong)
        };
        let binary_result = if fits {
            Ok(())
        } else {
            Err(EncodeError::BinaryTooLong)
        };
        let base = connect("me");
        assert_eq!(encode(Packet::Connect(connect(text))), text_result);
        assert_eq!(
            encode(Packet::Connect(Connect {
                username: Some(text),
                ..base.clone()
            })),
            text_result
        );
        assert_eq!(
            encode(Packet::Connect(Connect {
                password: Some(text.as_bytes()),
                ..base.clone()
            })),
            binary_result
        );
        let will = Will {
            topic: TopicName::new("lwt").unwrap(),
            payload: text.as_bytes(),
            qos: QoS::AtMostOnce,
            retain: false,
            properties: Properties::EMPTY,
        };
        assert_eq!(
            encode(Packet::Connect(Connect {
                will: Some(will),
                ..base
            })),
            binary_result
        );
        let topic_result = if fits {
            Ok(())
        } else {
            Err(TopicError::TooLong)
        };
        assert_eq!(TopicName::new(text).map(drop), topic_result);
        if fits {
            assert_eq!(encode(Packet::Publish(publish(text, b""))), Ok(()));
        }
        assert_eq!(TopicFilter::new(text).map(drop), topic_result);

        let property_result = if fits {
            Ok(())
        } else {
            Err(PropertyError::TooLong)
        };
        let mut list = PropertiesBuf::new();
        assert_eq!(list.text(PropertyId::ReasonString, text), property_result);
        assert_eq!(
            list.binary(PropertyId::AuthenticationData, text.as_bytes()),
            property_result
        );
        assert_eq!(list.user(text, ""), property_result);
        assert_eq!(list.user("", text), property_result);
        assert_eq!(
            list.is_empty(),
            !fits,
            "a refused property leaves nothing behind"
        );
    }
}
