//! Appends packets to a buffer: checked lengths, variable byte integers in their shortest form.
//!
//! A length that is only known afterwards is patched in. The writer knows the data types of section 1.5 and
//! nothing of packets. Whoever gets an error from it throws away what was written; [`super::encode`] does.

use alloc::vec::Vec;

use super::error::EncodeError;
use super::packet::PacketId;
use super::property_list::Properties;
use super::reader::VARINT_MAX;
use super::text;

/// The bytes of a variable byte integer.
pub(super) const fn varint_len(value: usize) -> usize {
    match value {
        0..=0x7F => 1,
        0x80..=0x3FFF => 2,
        0x4000..=0x1F_FFFF => 3,
        _ => 4,
    }
}

/// Checks a length against the largest variable byte integer.
fn varint_value(len: u64) -> Result<u32, EncodeError> {
    if len > u64::from(VARINT_MAX) {
        return Err(EncodeError::PacketTooLarge);
    }
    Ok(len as u32)
}

/// Appends to the buffer of the caller.
pub(super) struct Writer<'o> {
    out: &'o mut Vec<u8>,
}

/// Where a packet began whose length is still open.
pub(super) struct OpenPacket {
    /// Index of the byte reserved for the remaining length.
    length_at: usize,
}

impl<'o> Writer<'o> {
    pub(super) const fn new(out: &'o mut Vec<u8>) -> Self {
        Self { out }
    }

    /// Begins a packet whose length is known.
    #[cfg_attr(not(target_arch = "wasm32"), inline(always))]
    pub(super) fn begin_sized(&mut self, first: u8, remaining: u64) -> Result<(), EncodeError> {
        let remaining = varint_value(remaining)?;
        if cfg!(not(target_arch = "wasm32")) && remaining <= 0x7F {
            self.u8(first);
            self.u8(remaining as u8);
            return Ok(());
        }
        self.out.reserve(5 + remaining as usize);
        self.u8(first);
        if cfg!(not(target_arch = "wasm32")) {
            // The first step of the loop, which is always taken.
            self.u8(remaining as u8 | 0x80);
            self.varint(remaining >> 7);
        } else {
            self.varint(remaining);
        }
        Ok(())
    }

    /// Begins a packet whose length [`end`](Self::end) fills in.
    #[cfg_attr(not(target_arch = "wasm32"), inline)]
    pub(super) fn begin(&mut self, first: u8) -> OpenPacket {
        self.out.extend_from_slice(&[first, 0]);
        OpenPacket {
            length_at: self.out.len() - 1,
        }
    }

    /// Fills in the length of a packet. Bodies above 127 bytes move, which only rare packets pay for.
    #[cfg_attr(not(target_arch = "wasm32"), inline)]
    pub(super) fn end(&mut self, open: OpenPacket) -> Result<(), EncodeError> {
        let body = open.length_at + 1;
        let mut remaining = varint_value((self.out.len() - body) as u64)?;
        if cfg!(not(target_arch = "wasm32"))
            && remaining <= 0x7F
            && let Some(slot) = self.out.get_mut(open.length_at)
        {
            *slot = remaining as u8;
            return Ok(());
        }
        for _ in 1..varint_len(remaining as usize) {
            self.out.insert(body, 0);
        }
        for slot in self.out.iter_mut().skip(open.length_at) {
            *slot = remaining as u8 & 0x7F;
            remaining >>= 7;
            if remaining == 0 {
                break;
            }
            *slot |= 0x80;
        }
        Ok(())
    }

    #[inline]
    pub(super) fn u8(&mut self, value: u8) {
        self.out.push(value);
    }

    #[inline]
    pub(super) fn u16(&mut self, value: u16) {
        self.out.extend_from_slice(&value.to_be_bytes());
    }

    #[inline]
    pub(super) fn u32(&mut self, value: u32) {
        self.out.extend_from_slice(&value.to_be_bytes());
    }

    #[inline]
    pub(super) fn packet_id(&mut self, id: PacketId) {
        self.u16(id.get());
    }

    /// A variable byte integer, which the caller has checked to be in range.
    #[cfg_attr(not(target_arch = "wasm32"), inline)]
    pub(super) fn varint(&mut self, value: u32) {
        debug_assert!(value <= VARINT_MAX);
        let mut rest = value;
        while rest > 0x7F {
            self.u8(rest as u8 | 0x80);
            rest >>= 7;
        }
        self.u8(rest as u8);
    }

    #[inline]
    pub(super) fn bytes(&mut self, bytes: &[u8]) {
        self.out.extend_from_slice(bytes);
    }

    /// Binary data with its two-byte length.
    #[cfg_attr(not(target_arch = "wasm32"), inline)]
    pub(super) fn binary(&mut self, bytes: &[u8]) -> Result<(), EncodeError> {
        let len = u16::try_from(bytes.len()).map_err(|_| EncodeError::BinaryTooLong)?;
        self.u16(len);
        self.bytes(bytes);
        Ok(())
    }

    /// A text with its two-byte length; U+0000 is refused.
    pub(super) fn text(&mut self, value: &str) -> Result<(), EncodeError> {
        if text::has_nul(value.as_bytes()) {
            return Err(EncodeError::TextNul);
        }
        self.binary(value.as_bytes())
            .map_err(|_| EncodeError::TextTooLong)
    }

    /// A topic with its two-byte length, which its type has checked.
    #[cfg_attr(not(target_arch = "wasm32"), inline(always))]
    pub(super) fn topic(&mut self, topic: &str) {
        self.u16(topic.len() as u16);
        self.bytes(topic.as_bytes());
    }

    /// A property list with its length.
    #[cfg_attr(not(target_arch = "wasm32"), inline(always))]
    pub(super) fn properties(&mut self, properties: Properties<'_>) -> Result<(), EncodeError> {
        let bytes = properties.as_bytes();
        if cfg!(not(target_arch = "wasm32")) && bytes.is_empty() {
            self.u8(0);
            return Ok(());
        }
        self.varint(varint_value(bytes.len() as u64)?);
        self.bytes(bytes);
        Ok(())
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::codec::reader::leading_varint;

    #[test]
    fn varints_are_read_back_in_their_shortest_form() {
        for value in [
            0, 1, 127, 128, 16_383, 16_384, 2_097_151, 2_097_152, VARINT_MAX,
        ] {
            let mut out = Vec::new();
            Writer::new(&mut out).varint(value);
            let read = leading_varint(&out).unwrap().unwrap();
            assert_eq!(
                (read.value, read.len, read.minimal),
                (value, out.len(), true)
            );
            assert_eq!(varint_len(value as usize), out.len());
        }
    }

    #[test]
    fn lengths_are_patched_in_whatever_their_size() {
        for size in [0, 1, 127, 128, 16_383, 16_384, 2_097_151, 2_097_152] {
            let body: Vec<u8> = (0..size).map(|index| index as u8).collect();
            let mut patched = alloc::vec![0xEE];
            let mut writer = Writer::new(&mut patched);
            let open = writer.begin(0x30);
            writer.bytes(&body);
            writer.end(open).unwrap();

            let mut sized = alloc::vec![0xEE];
            let mut writer = Writer::new(&mut sized);
            writer.begin_sized(0x30, size as u64).unwrap();
            writer.bytes(&body);
            assert!(patched == sized, "body of {size} bytes");
        }
    }

    #[test]
    fn a_length_that_does_not_fit_is_an_error() {
        assert_eq!(varint_value(u64::from(VARINT_MAX)), Ok(VARINT_MAX));
        assert_eq!(
            varint_value(u64::from(VARINT_MAX) + 1),
            Err(EncodeError::PacketTooLarge)
        );
        assert_eq!(varint_value(u64::MAX), Err(EncodeError::PacketTooLarge));

        let long = alloc::vec![b'a'; 65_536];
        let mut out = Vec::new();
        let mut writer = Writer::new(&mut out);
        assert_eq!(writer.binary(&long), Err(EncodeError::BinaryTooLong));
        assert_eq!(writer.binary(&long[1..]), Ok(()));
        assert_eq!(out.len(), 65_537);
    }
}
