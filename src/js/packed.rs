//! Arguments as one array of bytes, which TypeScript has packed.
//!
//! `pkg/src/packed.ts` writes it; the two files change together. Numbers have four bytes, the lowest first; texts and
//! bytes have their length before them. What is read beyond the end is 0, empty or false.

use crate::codec::{PropertiesBuf, Property, PropertyId};
use crate::error::Error;

pub(super) struct Packed<'a> {
    rest: &'a [u8],
    /// Something that was read cannot be used. To look at this at the end takes less code than to leave early.
    pub(super) is_wrong: bool,
}

impl<'a> Packed<'a> {
    pub(super) fn new(bytes: &'a [u8]) -> Self {
        Self {
            rest: bytes,
            is_wrong: false,
        }
    }

    pub(super) fn is_empty(&self) -> bool {
        self.rest.is_empty()
    }

    /// What was read, if all of it can be used.
    pub(super) fn sound<T>(&self, read: T) -> Result<T, Error> {
        match self.is_wrong {
            true => Err(Error::Option),
            false => Ok(read),
        }
    }

    /// `None` stands for something that cannot be used.
    pub(super) fn some<T>(&mut self, read: Option<T>, instead: T) -> T {
        self.is_wrong |= read.is_none();
        read.unwrap_or(instead)
    }

    #[inline(never)]
    pub(super) fn number(&mut self) -> u32 {
        let Some((number, rest)) = self.rest.split_first_chunk() else {
            return 0;
        };
        self.rest = rest;
        u32::from_le_bytes(*number)
    }

    pub(super) fn flag(&mut self) -> bool {
        self.number() != 0
    }

    /// None is longer than anything can be.
    #[inline(never)]
    pub(super) fn bytes(&mut self) -> Option<&'a [u8]> {
        let length = self.number() as usize;
        let (bytes, rest) = self.rest.split_at_checked(length)?;
        self.rest = rest;
        Some(bytes)
    }

    #[inline(never)]
    pub(super) fn text(&mut self) -> Option<&'a str> {
        core::str::from_utf8(self.bytes()?).ok()
    }

    /// Properties, each behind its identifier, with a length before them all.
    pub(super) fn properties(&mut self) -> PropertiesBuf {
        let read = properties(self.bytes().unwrap_or_default()).ok();
        self.some(read, PropertiesBuf::new())
    }
}

/// Properties, each behind its identifier.
pub(super) fn properties(list: &[u8]) -> Result<PropertiesBuf, Error> {
    let mut list = Packed::new(list);
    let mut properties = PropertiesBuf::default();
    while !list.is_empty() {
        let id = PropertyId::from_u8(list.number() as u8).ok_or(Error::Option)?;
        let property = match id {
            PropertyId::UserProperty => Property::Pair(
                list.text().unwrap_or_default(),
                list.text().unwrap_or_default(),
            ),
            PropertyId::CorrelationData => Property::Binary(id, list.bytes().unwrap_or_default()),
            PropertyId::PayloadFormatIndicator
            | PropertyId::RequestProblemInformation
            | PropertyId::RequestResponseInformation => Property::Byte(id, list.number() as u8),
            PropertyId::SubscriptionIdentifier => Property::VarInt(id, list.number()),
            PropertyId::MessageExpiryInterval
            | PropertyId::WillDelayInterval
            | PropertyId::SessionExpiryInterval => Property::FourByte(id, list.number()),
            _ => Property::Text(id, list.text().unwrap_or_default()),
        };
        properties.push(property).map_err(|_| Error::Option)?;
    }
    Ok(properties)
}
