//! What every packet looks like and which ones are refused: tables of packets with their verdict.
//!
//! Every valid packet of the tables is also cut off, shortened and followed by others.

#[path = "codec_vectors/notation.rs"]
#[allow(dead_code, reason = "each test takes what it needs")]
mod notation;
#[path = "codec_vectors/samples.rs"]
#[allow(dead_code, reason = "each test takes what it needs")]
mod samples;
#[path = "codec_vectors/tables.rs"]
mod tables;

use notation::varint;
use samples::{decode_whole, encoded, verdict};
use tables::cases;
use webmqtt::codec::{self, Decoded};

#[test]
fn every_packet_gets_its_verdict() {
    let mut failures = Vec::new();
    let (mut accepted, mut refused) = (0, 0);
    for case in cases() {
        let expected = if case.encoded().is_some() {
            "ok"
        } else {
            case.verdict
        };
        let found = verdict(case.sender, &case.bytes, case.version);
        if found != expected {
            failures.push(format!("{}: {found}, expected {expected}", case.name));
        }
        if expected == "ok" {
            accepted += 1;
        } else {
            refused += 1;
        }
    }
    assert!(failures.is_empty(), "{}", failures.join("\n"));
    println!("{accepted} accepted, {refused} refused");
}

#[test]
fn valid_packets_are_encoded_in_their_shortest_form() {
    for case in cases() {
        let Some(expected) = case.encoded() else {
            continue;
        };
        let packet = decode_whole(case.sender, &case.bytes, case.version);
        let mut out = vec![0xEE];
        codec::encode_as(case.sender, &packet, case.version, &mut out).expect(&case.name);
        assert_eq!(out[1..], expected, "{}", case.name);
        assert_eq!(out[0], 0xEE, "{}", case.name);
        // Who does not know the sender gets the same.
        assert_eq!(
            codec::decode(&case.bytes, case.version),
            codec::decode_from(case.sender, &case.bytes, case.version)
        );
        assert_eq!(encoded(&packet, case.version), expected);
    }
}

#[test]
fn a_packet_cut_off_anywhere_is_incomplete() {
    for case in cases() {
        if case.encoded().is_none() {
            continue;
        }
        let total = case.bytes.len();
        for cut in 0..total {
            match codec::decode_from(case.sender, &case.bytes[..cut], case.version) {
                Ok(Decoded::Incomplete { at_least }) => {
                    assert!(
                        cut < at_least && at_least <= total,
                        "{}: {at_least}",
                        case.name
                    );
                    let header = codec::scan(&case.bytes[..cut], usize::MAX, case.version).unwrap();
                    assert!(header.is_none() || at_least == total, "{}", case.name);
                }
                other => panic!("{} cut to {cut} bytes: {other:?}", case.name),
            }
        }
    }
}

#[test]
fn what_follows_a_packet_is_not_looked_at() {
    for case in cases() {
        if case.encoded().is_none() {
            continue;
        }
        let mut bytes = case.bytes.clone();
        bytes.extend([0x00, 0xFF, 0xFF]);
        let Ok(Decoded::Packet { packet, len }) =
            codec::decode_from(case.sender, &bytes, case.version)
        else {
            panic!("{}", case.name)
        };
        assert_eq!(len, case.bytes.len(), "{}", case.name);
        assert_eq!(
            packet,
            decode_whole(case.sender, &case.bytes, case.version),
            "{}",
            case.name
        );
    }
}

/// A packet whose remaining length was made shorter ends within a field, or it is another packet of which that is all.
#[test]
fn a_body_cut_off_anywhere_is_refused_or_another_packet() {
    for case in cases() {
        let Some(whole) = case.encoded() else {
            continue;
        };
        let header = codec::scan(&whole, usize::MAX, case.version)
            .unwrap()
            .unwrap();
        let original = decode_whole(case.sender, &whole, case.version);
        for remaining in 0..header.remaining {
            let body = &whole[header.header_len..][..remaining];
            let mut bytes = vec![header.first];
            bytes.extend(varint(remaining));
            bytes.extend(body);
            match codec::decode_from(case.sender, &bytes, case.version) {
                Ok(Decoded::Packet { packet, len }) => {
                    assert_eq!(len, bytes.len(), "{}", case.name);
                    assert_ne!(packet, original, "{} with {remaining} bytes", case.name);
                }
                Ok(incomplete) => panic!("{}: {incomplete:?}", case.name),
                Err(_) => {}
            }
        }
    }
}
