//! Arbitrary bytes at the codec's door: the fixed header, and decoding by every version and for every sender.
//!
//! Decoding keeps nothing, so it allocates nothing, and it looks at each byte a bounded number of times.

use webmqtt::codec::{self, DecodeError, DecodeErrorKind, Decoded, Sender, Version};

use crate::meter;
use crate::{SENDERS, VERSIONS};

/// Two bytes of size limit, then the bytes of the wire.
pub fn run(data: &[u8]) {
    let Some((limit, bytes)) = data.split_first_chunk() else {
        return;
    };
    let limit = usize::from(u16::from_le_bytes(*limit));
    for version in VERSIONS {
        header(bytes, limit, version);
        let any = decoded(bytes, version, None);
        let by_sender = SENDERS.map(|sender| decoded(bytes, version, Some(sender)));
        for from in &by_sender {
            // Who knows the sender refuses more, and never sees anything else.
            if let Ok(Decoded::Packet { .. }) = from {
                assert_eq!(&any, from, "{version:?}");
            }
        }
    }
}

fn header(bytes: &[u8], limit: usize, version: Version) {
    let limited = codec::scan(bytes, limit, version);
    let free = codec::scan(bytes, usize::MAX, version);
    match (free, limited) {
        (Ok(Some(header)), Ok(same)) => {
            assert_eq!(Some(header), same);
            assert!(header.total() <= limit);
            assert!((2..=5).contains(&header.header_len));
        }
        (Ok(Some(header)), Err(error)) => {
            assert!(header.total() > limit);
            assert_eq!(error.kind(), DecodeErrorKind::PacketTooLarge);
        }
        (free, limited) => assert_eq!(free, limited),
    }
    // What is wrong with the header stays wrong, whatever follows.
    for end in 0..bytes.len().min(6) {
        match codec::scan(&bytes[..end], limit, version) {
            Ok(None) => {}
            settled => assert_eq!(settled, limited),
        }
    }
}

fn decoded(
    bytes: &[u8],
    version: Version,
    sender: Option<Sender>,
) -> Result<Decoded<'_>, DecodeError> {
    let decode = |bytes| match sender {
        Some(sender) => codec::decode_from(sender, bytes, version),
        None => codec::decode(bytes, version),
    };
    meter::reset();
    let result = meter::inside(|| decode(bytes));
    let cost = meter::cost();
    assert_eq!(cost.allocations, 0, "decoding allocates");
    assert!(
        cost.work <= 400 + 60 * bytes.len() as u64,
        "{} bytes took {} steps",
        bytes.len(),
        cost.work
    );
    match &result {
        Ok(Decoded::Packet { packet, len }) => {
            let header = codec::scan(bytes, usize::MAX, version).ok().flatten();
            assert_eq!(header.map(|header| header.total()), Some(*len));
            // What follows the packet is another's.
            assert_eq!(
                decode(&bytes[..*len]).as_ref(),
                Ok(&Decoded::Packet {
                    packet: packet.clone(),
                    len: *len
                })
            );
            for end in [0, 1, 2, *len / 2, *len - 1] {
                let part = &bytes[..end.min(*len - 1)];
                match decode(part) {
                    Ok(Decoded::Incomplete { at_least }) => {
                        assert!(part.len() < at_least && at_least <= *len);
                    }
                    other => panic!("{part:02X?}: {other:?}"),
                }
            }
            // It can be shown.
            let _ = format!("{packet:?}");
        }
        Ok(Decoded::Incomplete { at_least }) => assert!(*at_least > bytes.len()),
        Err(error) => {
            assert!(error.reason().is_error());
            assert!(!error.code().is_empty());
        }
    }
    result
}
