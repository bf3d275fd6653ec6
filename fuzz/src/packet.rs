//! Round trips: whatever is decoded can be encoded again, and is then the same packet in its shortest form.

use webmqtt::codec::{self, Decoded, Packet, Sender, Version};

use crate::{SENDERS, VERSIONS};

/// Packets one after the other, as by each version and sender.
pub fn run(data: &[u8]) {
    for version in VERSIONS {
        for sender in SENDERS {
            let mut bytes = data;
            while let Ok(Decoded::Packet { packet, len }) =
                codec::decode_from(sender, bytes, version)
            {
                let (this, rest) = bytes.split_at(len);
                round_trip(sender, version, &packet, this);
                bytes = rest;
            }
        }
    }
}

fn round_trip(sender: Sender, version: Version, packet: &Packet<'_>, wire: &[u8]) {
    let version = match packet {
        // CONNECT says for itself which version it is.
        Packet::Connect(connect) => connect.version,
        _ => version,
    };
    let mut written = b"before".to_vec();
    codec::encode_as(sender, packet, version, &mut written)
        .unwrap_or_else(|error| panic!("{packet:?} of {wire:02X?}: {error}"));
    let written = written
        .strip_prefix(b"before")
        .expect("what was in the buffer stays");
    // The refusal of a 3.1.1 server counts in 5.0 too, and is written in full then.
    let refusal = version == Version::V5 && wire.starts_with(&[0x20, 0x02]);
    assert!(
        written.len() <= wire.len() || refusal,
        "not the shortest form"
    );
    let expected = Ok(Decoded::Packet {
        packet: packet.clone(),
        len: written.len(),
    });
    assert_eq!(codec::decode_from(sender, written, version), expected);
    assert_eq!(codec::decode(written, version), expected);

    let mut again = Vec::new();
    codec::encode(packet, version, &mut again).expect("one side may send it");
    assert_eq!(again, written);
}
