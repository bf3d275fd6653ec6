//! A cursor over received bytes: the only code of the codec that takes input apart.
//!
//! Every step checks its bounds and says what is wrong; none can panic. It knows the data types of section
//! 1.5 and nothing of packets.

use super::error::DecodeErrorKind;
use super::packet::PacketId;
use super::text;

/// The largest variable byte integer, and so the largest remaining length.
pub(super) const VARINT_MAX: u32 = 268_435_455;

/// A variable byte integer at the start of some bytes.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(super) struct VarInt {
    pub(super) value: u32,
    pub(super) len: usize,
    /// Whether it is in its shortest form [MQTT-1.5.5-1].
    pub(super) minimal: bool,
}

/// Reads the variable byte integer at the start of `bytes`; `None` if they end within it.
#[inline]
pub(super) fn leading_varint(bytes: &[u8]) -> Result<Option<VarInt>, DecodeErrorKind> {
    if cfg!(not(target_arch = "wasm32")) {
        let short = |value: u32, len, minimal| {
            Ok(Some(VarInt {
                value,
                len,
                minimal,
            }))
        };
        match *bytes {
            [a @ 0..=0x7F, ..] => return short(a.into(), 1, true),
            [a, b @ 0..=0x7F, ..] => {
                return short(u32::from(a & 0x7F) | u32::from(b) << 7, 2, b != 0);
            }
            _ => {}
        }
    }
    let mut value = 0;
    for (index, &byte) in bytes.iter().take(4).enumerate() {
        value |= u32::from(byte & 0x7F) << (7 * index);
        if byte & 0x80 == 0 {
            let minimal = index == 0 || byte != 0;
            return Ok(Some(VarInt {
                value,
                len: index + 1,
                minimal,
            }));
        }
    }
    if bytes.len() >= 4 {
        Err(DecodeErrorKind::VarIntTooLong)
    } else {
        Ok(None)
    }
}

/// What is left to read of a packet or of a length-prefixed part of one.
#[derive(Clone, Copy, Debug)]
pub(super) struct Reader<'a> {
    rest: &'a [u8],
}

impl<'a> Reader<'a> {
    #[inline]
    pub(super) const fn new(bytes: &'a [u8]) -> Self {
        Self { rest: bytes }
    }

    /// Whether there is anything left.
    #[inline]
    pub(super) const fn any_left(&self) -> bool {
        !self.rest.is_empty()
    }

    /// Everything that is left.
    #[inline]
    pub(super) const fn rest(self) -> &'a [u8] {
        self.rest
    }

    /// Ends reading: nothing may be left.
    #[inline]
    pub(super) const fn finish(self) -> Result<(), DecodeErrorKind> {
        if self.any_left() {
            Err(DecodeErrorKind::TrailingBytes)
        } else {
            Ok(())
        }
    }

    #[inline]
    pub(super) fn take(&mut self, len: usize) -> Result<&'a [u8], DecodeErrorKind> {
        let (head, rest) = self
            .rest
            .split_at_checked(len)
            .ok_or(DecodeErrorKind::Truncated)?;
        self.rest = rest;
        Ok(head)
    }

    #[inline]
    fn array<const N: usize>(&mut self) -> Result<[u8; N], DecodeErrorKind> {
        let (head, rest) = self
            .rest
            .split_first_chunk::<N>()
            .ok_or(DecodeErrorKind::Truncated)?;
        self.rest = rest;
        Ok(*head)
    }

    /// A reader of the next `len` bytes.
    #[inline]
    pub(super) fn sub(&mut self, len: usize) -> Result<Self, DecodeErrorKind> {
        self.take(len).map(Self::new)
    }

    #[inline]
    pub(super) fn u8(&mut self) -> Result<u8, DecodeErrorKind> {
        self.array::<1>().map(|[byte]| byte)
    }

    #[inline]
    pub(super) fn u16(&mut self) -> Result<u16, DecodeErrorKind> {
        self.array().map(u16::from_be_bytes)
    }

    #[inline]
    pub(super) fn u32(&mut self) -> Result<u32, DecodeErrorKind> {
        self.array().map(u32::from_be_bytes)
    }

    /// A variable byte integer in its shortest form.
    #[inline]
    pub(super) fn varint(&mut self) -> Result<u32, DecodeErrorKind> {
        match leading_varint(self.rest)? {
            Some(VarInt { minimal: false, .. }) => Err(DecodeErrorKind::VarIntNotMinimal),
            Some(VarInt { value, len, .. }) => {
                self.take(len)?;
                Ok(value)
            }
            None => Err(DecodeErrorKind::Truncated),
        }
    }

    /// Binary data with its two-byte length.
    #[inline]
    pub(super) fn binary(&mut self) -> Result<&'a [u8], DecodeErrorKind> {
        let len = self.u16()?;
        self.take(usize::from(len))
    }

    /// A text with its two-byte length.
    pub(super) fn text(&mut self) -> Result<&'a str, DecodeErrorKind> {
        text::decode_text(self.binary()?)
    }

    #[cfg_attr(target_arch = "wasm32", inline)]
    #[cfg_attr(not(target_arch = "wasm32"), inline(always))]
    pub(super) fn packet_id(&mut self) -> Result<PacketId, DecodeErrorKind> {
        PacketId::new(self.u16()?).ok_or(DecodeErrorKind::PacketIdZero)
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn varints_know_their_length_and_form() {
        type Read = Result<Option<VarInt>, DecodeErrorKind>;
        let cases: &[(&[u8], Read)] = &[
            (&[], Ok(None)),
            (
                &[0x00],
                Ok(Some(VarInt {
                    value: 0,
                    len: 1,
                    minimal: true,
                })),
            ),
            (
                &[0x7F, 0xFF],
                Ok(Some(VarInt {
                    value: 127,
                    len: 1,
                    minimal: true,
                })),
            ),
            (&[0x80], Ok(None)),
            (
                &[0x80, 0x00],
                Ok(Some(VarInt {
                    value: 0,
                    len: 2,
                    minimal: false,
                })),
            ),
            (
                &[0x80, 0x01],
                Ok(Some(VarInt {
                    value: 128,
                    len: 2,
                    minimal: true,
                })),
            ),
            (
                &[0xFF, 0x7F],
                Ok(Some(VarInt {
                    value: 16_383,
                    len: 2,
                    minimal: true,
                })),
            ),
            (
                &[0x80, 0x80, 0x01],
                Ok(Some(VarInt {
                    value: 16_384,
                    len: 3,
                    minimal: true,
                })),
            ),
            (
                &[0x80, 0x80, 0x80, 0x01],
                Ok(Some(VarInt {
                    value: 2_097_152,
                    len: 4,
                    minimal: true,
                })),
            ),
            (
                &[0xFF, 0xFF, 0xFF, 0x7F],
                Ok(Some(VarInt {
                    value: VARINT_MAX,
                    len: 4,
                    minimal: true,
                })),
            ),
            (
                &[0x81, 0x80, 0x80, 0x00],
                Ok(Some(VarInt {
                    value: 1,
                    len: 4,
                    minimal: false,
                })),
            ),
            (&[0xFF, 0xFF, 0xFF], Ok(None)),
            (
                &[0xFF, 0xFF, 0xFF, 0xFF],
                Err(DecodeErrorKind::VarIntTooLong),
            ),
        ];
        for (bytes, expected) in cases {
            assert_eq!(leading_varint(bytes), *expected, "{bytes:02X?}");
        }
    }

    #[test]
    fn a_field_never_reaches_past_its_part() {
        let mut outer = Reader::new(&[0, 3, b'a', b'b', b'c']);
        let mut part = outer.sub(4).unwrap();
        assert_eq!(part.binary(), Err(DecodeErrorKind::Truncated));
        assert_eq!(outer.rest(), b"c");
    }

    #[test]
    fn nothing_may_be_left_at_the_end() {
        let mut reader = Reader::new(&[1, 2, 3]);
        assert_eq!(reader.u16(), Ok(0x0102));
        assert_eq!(reader.finish(), Err(DecodeErrorKind::TrailingBytes));
        assert_eq!(reader.u16(), Err(DecodeErrorKind::Truncated));
        assert_eq!(reader.u8(), Ok(3));
        assert_eq!(reader.finish(), Ok(()));
    }
}
