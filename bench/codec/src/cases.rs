//! The packets that every codec gets, as bytes: one of each type, and PUBLISH in several sizes.

use webmqtt::codec::Version;

/// One packet.
#[derive(Clone)]
pub struct Case {
    pub name: &'static str,
    pub version: Version,
    pub bytes: Vec<u8>,
}

impl Case {
    /// How it is called in tables.
    pub fn title(&self) -> String {
        let version = if self.version == Version::V5 {
            "5.0"
        } else {
            "3.1.1"
        };
        format!("{}, {version}", self.name)
    }

    /// How many of it one run takes: 64, or fewer large ones.
    pub fn count(&self) -> usize {
        (64 * 1024 / self.bytes.len()).clamp(4, 64)
    }
}

/// A part with its length in two bytes before it.
fn field(bytes: &[u8]) -> Vec<u8> {
    let len = u16::try_from(bytes.len()).expect("a short part");
    [&len.to_be_bytes()[..], bytes].concat()
}

/// A property list or a body with its length before it.
fn sized(bytes: &[u8]) -> Vec<u8> {
    let (mut out, mut len) = (Vec::new(), bytes.len());
    loop {
        let more = if len > 127 { 0x80 } else { 0 };
        out.push((len % 128) as u8 | more);
        len /= 128;
        if len == 0 {
            break;
        }
    }
    out.extend_from_slice(bytes);
    out
}

fn packet(first: u8, parts: &[&[u8]]) -> Vec<u8> {
    [vec![first], sized(&parts.concat())].concat()
}

/// Every case.
pub fn all() -> Vec<Case> {
    let mut cases = Vec::new();
    for version in [Version::V5, Version::V4] {
        let v5 = version == Version::V5;
        let mut add = |name, bytes| {
            cases.push(Case {
                name,
                version,
                bytes,
            })
        };
        // A property list, where this version has them.
        let list = |bytes: &[u8]| if v5 { sized(bytes) } else { Vec::new() };
        let none = list(&[]);
        let id = [0x12, 0x34];
        let topic = field(b"home/kitchen/sensor/7");
        let payload = |len: usize| -> Vec<u8> { (0..len).map(|at| (at % 251) as u8).collect() };
        add(
            "PUBLISH, QoS 0, 16 B",
            packet(0x30, &[&topic, &none, &payload(16)]),
        );
        add(
            "PUBLISH, QoS 1, 1 KiB",
            packet(0x32, &[&topic, &id, &none, &payload(1024)]),
        );
        add(
            "PUBLISH, QoS 2, 64 KiB",
            packet(0x34, &[&topic, &id, &none, &payload(65_536)]),
        );
        if v5 {
            let properties = [
                &[0x01, 1, 0x02, 0, 0, 0, 60, 0x03][..],
                &field(b"application/json"),
                &[0x08],
                &field(b"reply/panel-7"),
                &[0x09],
                &field(b"\x01\x02\x03\x04"),
                &[0x26],
                &field(b"trace"),
                &field(b"8f14e45f"),
            ]
            .concat();
            add(
                "PUBLISH, QoS 1, 16 B, six properties",
                packet(0x32, &[&topic, &id, &sized(&properties), &payload(16)]),
            );
        }
        let connect = [0x11, 0, 0, 0x0E, 0x10, 0x21, 0, 100];
        add(
            "CONNECT",
            packet(
                0x10,
                &[
                    &field(b"MQTT"),
                    &[version.level(), 0b1110_1110, 0, 60],
                    &list(&connect),
                    &field(b"panel-7"),
                    &none,
                    &field(b"panel/7/state"),
                    &field(b"gone"),
                    &field(b"panel"),
                    &field(b"opensesame"),
                ],
            ),
        );
        let connack = [
            &[0x21, 0, 20, 0x27, 0, 0x10, 0, 0, 0x22, 0, 10, 0x12][..],
            &field(b"auto-5AB4C3D1-77F2"),
        ]
        .concat();
        add("CONNACK", packet(0x20, &[&[0, 0], &list(&connack)]));
        add("PUBACK", packet(0x40, &[&id]));
        add("PUBREC", packet(0x50, &[&id]));
        add("PUBREL", packet(0x62, &[&id]));
        add("PUBCOMP", packet(0x70, &[&id]));
        let filters = ["home/+/temp", "home/kitchen/#", "alarm/smoke"];
        let filters = filters.map(|filter| field(filter.as_bytes()));
        let with_options = filters.clone().map(|filter| [filter, vec![1]].concat());
        add(
            "SUBSCRIBE",
            packet(0x82, &[&id, &none, &with_options.concat()]),
        );
        add("SUBACK", packet(0x90, &[&id, &none, &[1, 1, 1]]));
        add(
            "UNSUBSCRIBE",
            packet(0xA2, &[&id, &none, &filters.concat()]),
        );
        let codes: &[u8] = if v5 { &[0, 0, 0] } else { &[] };
        add("UNSUBACK", packet(0xB0, &[&id, &none, codes]));
        add("PINGREQ", packet(0xC0, &[]));
        add("PINGRESP", packet(0xD0, &[]));
        if v5 {
            add("DISCONNECT", packet(0xE0, &[&[0x8B]]));
            let auth = [
                &[0x15][..],
                &field(b"SCRAM-SHA-256"),
                &[0x16],
                &field(b"r=fyko+d2lbbFgONRv9qkxdawL"),
            ]
            .concat();
            add("AUTH", packet(0xF0, &[&[0x18], &sized(&auth)]));
        } else {
            add("DISCONNECT", packet(0xE0, &[]));
        }
    }
    cases
}
