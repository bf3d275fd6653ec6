//! What is legal where: flags, sides, properties and reason codes, each against every packet.

#[path = "codec_vectors/notation.rs"]
#[allow(dead_code, reason = "each test takes what it needs")]
mod notation;
#[path = "codec_vectors/samples.rs"]
#[allow(dead_code, reason = "each test takes what it needs")]
mod samples;

use notation::{codes, packet, rows, varint, who};
use samples::verdict;
use webmqtt::codec::{self, PacketType, PropertyId, ReasonCode, Sender, Version};

const PROPERTIES: &str = include_str!("codec_vectors/properties.tsv");
const REASONS: &str = include_str!("codec_vectors/reasons.tsv");

#[test]
fn only_the_listed_flags_are_accepted() {
    let bodies = [
        (PacketType::Connect, "C", "<'MQTT' 04 02 0000 'me'>", "0000"),
        (PacketType::ConnAck, "S", "<00 00>", "0000"),
        (PacketType::PubAck, "CS", "<0001>", "0000"),
        (PacketType::PubRec, "CS", "<0001>", "0000"),
        (PacketType::PubRel, "CS", "<0001>", "0010"),
        (PacketType::PubComp, "CS", "<0001>", "0000"),
        (PacketType::Subscribe, "C", "<0001 'a' 00>", "0010"),
        (PacketType::SubAck, "S", "<0001 00>", "0000"),
        (PacketType::Unsubscribe, "C", "<0001 'a'>", "0010"),
        (PacketType::UnsubAck, "S", "<0001>", "0000"),
        (PacketType::PingReq, "C", "<>", "0000"),
        (PacketType::PingResp, "S", "<>", "0000"),
        (PacketType::Disconnect, "C", "<>", "0000"),
    ];
    for (packet_type, senders, body, legal) in bodies {
        let legal = u8::from_str_radix(legal, 2).unwrap();
        for flags in 0..16 {
            let mut bytes = vec![(packet_type as u8) << 4 | flags];
            bytes.extend(packet(body));
            for (version, sender) in who(&format!("4{senders}")) {
                let expected = if flags == legal {
                    "ok"
                } else {
                    "header-flags 81"
                };
                assert_eq!(
                    verdict(sender, &bytes, version),
                    expected,
                    "{packet_type:?} {flags:04b}"
                );
                // The first byte is enough to know.
                let first = codec::scan(&bytes[..1], usize::MAX, version);
                assert_eq!(first.is_ok(), flags == legal, "{packet_type:?} {flags:04b}");
            }
        }
    }
    for first in 0xF1..=0xFF {
        assert_eq!(
            verdict(Sender::Server, &[first], Version::V5),
            "header-flags 81"
        );
    }
}

#[test]
fn each_side_sends_its_own_packets_only() {
    let clients = [1, 3, 4, 5, 6, 7, 8, 10, 12, 14, 15];
    let servers = [2, 3, 4, 5, 6, 7, 9, 11, 13, 14, 15];
    for number in 1..=15 {
        let packet_type = PacketType::from_u8(number).unwrap();
        let flags = if [6, 8, 10].contains(&number) {
            0b0010
        } else {
            0
        };
        for (sender, own) in [(Sender::Client, clients), (Sender::Server, servers)] {
            assert_eq!(
                packet_type.sent_by(sender),
                own.contains(&number),
                "{packet_type:?}"
            );
            let first = [number << 4 | flags];
            let refused = verdict(sender, &first, Version::V5) == "packet-direction 82";
            assert_eq!(
                refused,
                !own.contains(&number),
                "{packet_type:?} {sender:?}"
            );
        }
    }
    assert_eq!(
        (PacketType::from_u8(0), PacketType::from_u8(16)),
        (None, None)
    );
}

/// The packets that have properties: name, who sends them, and what stands around the property list.
const PLACES: [(&str, &str, &str, &str); 14] = [
    ("CONNECT", "C", "10 <'MQTT' 05 02 0000", "'me'>"),
    (
        "WILL",
        "C",
        "10 <'MQTT' 05 06 0000 00 'me'",
        "'lwt' 'gone'>",
    ),
    ("CONNACK", "S", "20 <00 00", ">"),
    ("PUBLISH", "CS", "30 <'a/b'", "\"hello\">"),
    ("PUBACK", "CS", "40 <0001 80", ">"),
    ("PUBREC", "CS", "50 <0001 80", ">"),
    ("PUBREL", "CS", "62 <0001 92", ">"),
    ("PUBCOMP", "CS", "70 <0001 92", ">"),
    ("SUBSCRIBE", "C", "82 <0001", "'a' 00>"),
    ("SUBACK", "S", "90 <0001", "00>"),
    ("UNSUBSCRIBE", "C", "A2 <0001", "'a'>"),
    ("UNSUBACK", "S", "B0 <0001", "00>"),
    ("DISCONNECT", "CS", "E0 <81", ">"),
    ("AUTH", "CS", "F0 <18", ">"),
];

struct PropertyRow {
    id: &'static str,
    value: &'static str,
    bad_values: Vec<&'static str>,
    places: Vec<&'static str>,
}

fn property_rows() -> Vec<PropertyRow> {
    rows(PROPERTIES)
        .map(|row| {
            let [id, name, value, bad_values, places] = row[..] else {
                panic!("{row:?}")
            };
            let number = u8::from_str_radix(id, 16).unwrap();
            let known = PropertyId::from_u8(number).map(|id| format!("{id:?}"));
            assert_eq!(known.as_deref(), Some(name));
            PropertyRow {
                id,
                value,
                bad_values: bad_values
                    .split(' ')
                    .filter(|value| !value.is_empty())
                    .collect(),
                places: places.split(' ').collect(),
            }
        })
        .collect()
}

/// What must stand beside a property: without a method there is neither AUTH nor Authentication Data.
fn companion(place: &str, id: &str) -> &'static str {
    match (place, id) {
        (_, "15") => "",
        ("AUTH", _) | ("CONNECT" | "CONNACK", "16") => "15 'm'",
        _ => "",
    }
}

#[test]
fn every_property_is_accepted_where_it_belongs_and_nowhere_else() {
    let mut tried = 0;
    for row in property_rows() {
        for (place, senders, before, after) in PLACES {
            for (version, sender) in who(&format!("5{senders}")) {
                let side = if sender == Sender::Client { "C" } else { "S" };
                let other = if sender == Sender::Client { "S" } else { "C" };
                let belongs = row.places.contains(&place)
                    || row.places.contains(&format!("{place}/{side}").as_str());
                let from_other = row.places.contains(&format!("{place}/{other}").as_str());
                let repeats = row.id == "26" || (row.id, place) == ("0B", "PUBLISH");
                let wrong_place = if from_other {
                    "property-direction 82"
                } else {
                    "property-not-allowed 81"
                };

                let PropertyRow { id, value, .. } = row;
                let companion = companion(place, id);
                let try_list = |list: &str| {
                    let bytes = packet(&format!("{before} <{companion} {list}> {after}"));
                    verdict(sender, &bytes, version)
                };
                let context = format!("{id} in {place} from {sender:?}");

                let once = try_list(&format!("{id} {value}"));
                assert_eq!(once, if belongs { "ok" } else { wrong_place }, "{context}");

                let twice = try_list(&format!("{id} {value} {id} {value}"));
                let expected = match (belongs, repeats) {
                    (false, _) => wrong_place,
                    (true, true) => "ok",
                    (true, false) => "property-duplicate 82",
                };
                assert_eq!(twice, expected, "{context}, twice");

                for bad_value in &row.bad_values {
                    let expected = match (belongs, id) {
                        (false, _) => wrong_place,
                        (true, "23") => "topic-alias-zero 94",
                        _ => "property-value 82",
                    };
                    let found = try_list(&format!("{id} {bad_value}"));
                    assert_eq!(found, expected, "{context}, {bad_value}");
                }

                let bytes = packet(value);
                for cut in 0..bytes.len() {
                    let value: String = bytes[..cut]
                        .iter()
                        .map(|byte| format!("{byte:02X}"))
                        .collect();
                    let found = try_list(&format!("{id} {value}"));
                    let in_packet = row.places.iter().any(|known| known.starts_with(place));
                    let expected = if in_packet {
                        "field-truncated 81"
                    } else {
                        "property-not-allowed 81"
                    };
                    assert_eq!(found, expected, "{context}, cut to {cut}");
                }
                tried += 1;
            }
        }
    }
    assert_eq!(tried, 27 * 21);
}

#[test]
fn no_other_property_exists() {
    let known: Vec<u8> = property_rows().iter().map(|row| codes(row.id)[0]).collect();
    assert_eq!(
        known,
        PropertyId::ALL
            .iter()
            .map(|id| *id as u8)
            .collect::<Vec<_>>()
    );
    for id in (0..=300).chain([16_383, 16_384, 2_097_151, 2_097_152, 268_435_455]) {
        if u8::try_from(id).is_ok_and(|id| known.contains(&id)) {
            continue;
        }
        for (place, senders, before, after) in PLACES {
            let id: String = varint(id)
                .iter()
                .map(|byte| format!("{byte:02X}"))
                .collect();
            let bytes = packet(&format!("{before} <{id} 01> {after}"));
            for (version, sender) in who(&format!("5{senders}")) {
                assert_eq!(
                    verdict(sender, &bytes, version),
                    "property-unknown 81",
                    "{id} in {place}"
                );
            }
        }
    }
}

#[test]
fn every_packet_needs_its_property_length() {
    // Acknowledgements and DISCONNECT may leave it out; elsewhere it would be taken from what follows.
    for (place, senders, before, _) in PLACES {
        let bytes = packet(&format!("{before}>"));
        let may_omit = ["PUBACK", "PUBREC", "PUBREL", "PUBCOMP", "DISCONNECT"].contains(&place);
        for (version, sender) in who(&format!("5{senders}")) {
            let expected = match place {
                _ if may_omit => "ok",
                "AUTH" => "no-authentication-method 82",
                _ => "field-truncated 81",
            };
            assert_eq!(verdict(sender, &bytes, version), expected, "{place}");
        }
    }
}

#[test]
fn every_reason_code_is_accepted_where_it_belongs_and_nowhere_else() {
    let mut tried = 0;
    for row in rows(REASONS) {
        let [name, side, legal] = row[..] else {
            panic!("{row:?}")
        };
        let legal = codes(legal);
        let (packet_type, before, after) = match name {
            "CONNACK" => (PacketType::ConnAck, "20 <00", "00>"),
            "PUBACK" => (PacketType::PubAck, "40 <0001", ">"),
            "PUBREC" => (PacketType::PubRec, "50 <0001", ">"),
            "PUBREL" => (PacketType::PubRel, "62 <0001", ">"),
            "PUBCOMP" => (PacketType::PubComp, "70 <0001", ">"),
            "SUBACK" => (PacketType::SubAck, "90 <0001 00 00", ">"),
            "UNSUBACK" => (PacketType::UnsubAck, "B0 <0001 00 00", ">"),
            "DISCONNECT" => (PacketType::Disconnect, "E0 <", ">"),
            "AUTH" => (PacketType::Auth, "F0 <", "<15 'm'>>"),
            other => panic!("{other}"),
        };
        let (version, sender) = who(&format!("5{side}"))[0];
        for code in 0..=u8::MAX {
            let bytes = packet(&format!("{before} {code:02X} {after}"));
            let expected = if legal.contains(&code) {
                "ok"
            } else {
                "reason-code 82"
            };
            assert_eq!(
                verdict(sender, &bytes, version),
                expected,
                "{code:02X} in {name} {side}"
            );
            let says = ReasonCode::from_u8(code)
                .is_some_and(|reason| reason.legal_in(packet_type, sender));
            assert_eq!(says, legal.contains(&code), "{code:02X} in {name} {side}");
            tried += 1;
        }
    }
    assert_eq!(tried, 15 * 256);
}

/// U5-2.4-a
#[test]
fn a_reason_code_is_a_failure_from_0x80_on() {
    let mut known = 0;
    for code in 0..=u8::MAX {
        if let Some(reason) = ReasonCode::from_u8(code) {
            assert_eq!(reason.is_error(), code >= 0x80, "{reason:?}");
            assert_eq!(reason.as_u8(), code);
            known += 1;
        }
    }
    assert_eq!(known, ReasonCode::ALL.len());
}
