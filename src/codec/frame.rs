//! The fixed header: what can be decided about a packet before it has arrived.
//!
//! Type, flags and the size limit come first, so that five bytes are enough to refuse a packet that announces
//! 256 MiB. What follows the header is the business of the packet modules.

use super::error::{DecodeError, DecodeErrorKind};
use super::packet::{PacketType, Version};
use super::reader::{VarInt, leading_varint};

/// The fixed header of a packet.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct FrameHeader {
    /// Packet type and flags.
    pub first: u8,
    /// The bytes after the header.
    pub remaining: usize,
    /// The bytes of the header itself, 2 to 5.
    pub header_len: usize,
}

impl FrameHeader {
    /// The bytes of the whole packet.
    #[must_use]
    pub const fn total(&self) -> usize {
        self.header_len + self.remaining
    }
}

/// The type of a packet by its first byte, if its flags are right.
#[cfg_attr(not(target_arch = "wasm32"), inline(always))]
pub(super) fn packet_type(first: u8, version: Version) -> Result<PacketType, DecodeErrorKind> {
    // What comes most; without QoS 3, and DUP with QoS 0.
    if cfg!(not(target_arch = "wasm32")) && matches!(first, 0x30..=0x35 | 0x3A..=0x3D) {
        return Ok(PacketType::Publish);
    }
    let packet_type = match PacketType::from_u8(first >> 4) {
        Some(PacketType::Auth) | None if !version.is_v5() => {
            return Err(DecodeErrorKind::PacketType);
        }
        Some(packet_type) => packet_type,
        None => return Err(DecodeErrorKind::PacketType),
    };
    match packet_type {
        PacketType::Publish => match first & 0b1110 {
            0b0110 | 0b1110 => return Err(DecodeErrorKind::QoS),
            0b1000 => return Err(DecodeErrorKind::DupWithoutQoS),
            _ => {}
        },
        // MQTT 3.1 also has DUP on the packets that it sends with QoS 1.
        PacketType::PubRel | PacketType::Subscribe | PacketType::Unsubscribe
            if version == Version::V3 && first & 0b0111 == 0b0010 => {}
        _ if first != packet_type.first_byte() => return Err(DecodeErrorKind::HeaderFlags),
        _ => {}
    }
    Ok(packet_type)
}

/// Reads the fixed header at the start of `bytes`; `Ok(None)` means that more bytes are needed.
///
/// `max_packet_size` limits the whole packet. The shortest form of the length is demanded in MQTT 5 only.
///
/// # Errors
///
/// As soon as it can be decided: a packet type or flags that do not exist, a length of more than four bytes or
/// not in its shortest form, a packet that is too large.
#[inline]
pub fn scan(
    bytes: &[u8],
    max_packet_size: usize,
    version: Version,
) -> Result<Option<FrameHeader>, DecodeError> {
    if cfg!(not(target_arch = "wasm32"))
        && let [first, remaining @ 0..=0x7F, ..] = *bytes
    {
        packet_type(first, version)?;
        let header = FrameHeader {
            first,
            remaining: remaining.into(),
            header_len: 2,
        };
        if header.total() > max_packet_size {
            return Err(DecodeErrorKind::PacketTooLarge.into());
        }
        return Ok(Some(header));
    }
    let Some(&first) = bytes.first() else {
        return Ok(None);
    };
    packet_type(first, version)?;
    scan_length(bytes, max_packet_size, version)
}

/// The same, of a packet whose first byte is known to be right.
#[cfg_attr(target_arch = "wasm32", inline)]
#[cfg_attr(not(target_arch = "wasm32"), inline(always))]
pub(super) fn scan_length(
    bytes: &[u8],
    max_packet_size: usize,
    version: Version,
) -> Result<Option<FrameHeader>, DecodeError> {
    let Some((&first, length)) = bytes.split_first() else {
        return Ok(None);
    };
    let Some(VarInt {
        value,
        len,
        minimal,
    }) = leading_varint(length)?
    else {
        return Ok(None);
    };
    if !minimal && version.is_v5() {
        return Err(DecodeErrorKind::VarIntNotMinimal.into());
    }
    let header = FrameHeader {
        first,
        remaining: value as usize,
        header_len: 1 + len,
    };
    if header.total() > max_packet_size {
        return Err(DecodeErrorKind::PacketTooLarge.into());
    }
    Ok(Some(header))
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn five_bytes_are_enough_to_refuse_a_giant() {
        let giant = [0x30, 0xFF, 0xFF, 0xFF, 0x7F];
        let error = scan(&giant, 1 << 20, Version::V5).unwrap_err();
        assert_eq!(error.reason(), crate::codec::ReasonCode::PacketTooLarge);
        assert_eq!(scan(&giant[..4], 1 << 20, Version::V5), Ok(None));
        let header = scan(&giant, 268_435_460, Version::V5).unwrap().unwrap();
        assert_eq!(header.total(), 268_435_460);
        assert!(scan(&giant, 268_435_459, Version::V5).is_err());
    }

    #[test]
    fn only_mqtt_5_demands_the_shortest_length() {
        let padded = [0xD0, 0x80, 0x00];
        assert_eq!(
            scan(&padded, 64, Version::V5).unwrap_err().kind(),
            DecodeErrorKind::VarIntNotMinimal
        );
        let header = scan(&padded, 64, Version::V4).unwrap().unwrap();
        assert_eq!((header.remaining, header.header_len), (0, 3));
    }

    #[test]
    fn a_wrong_first_byte_needs_no_second_one() {
        for (first, version, kind) in [
            (0x00, Version::V5, DecodeErrorKind::PacketType),
            (0xF0, Version::V4, DecodeErrorKind::PacketType),
            (0xF1, Version::V5, DecodeErrorKind::HeaderFlags),
            (0x36, Version::V5, DecodeErrorKind::QoS),
            (0x3E, Version::V5, DecodeErrorKind::QoS),
            (0x38, Version::V5, DecodeErrorKind::DupWithoutQoS),
            (0x60, Version::V5, DecodeErrorKind::HeaderFlags),
            (0x6A, Version::V4, DecodeErrorKind::HeaderFlags),
        ] {
            assert_eq!(
                scan(&[first], 64, version).unwrap_err().kind(),
                kind,
                "{first:02X}"
            );
        }
        assert_eq!(scan(&[0x6A], 64, Version::V3), Ok(None));
        assert_eq!(scan(&[], 64, Version::V5), Ok(None));
    }
}
