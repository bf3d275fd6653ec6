//! Arguments as one array of bytes, which TypeScript has packed.
//!
//! `pkg/src/packed.ts` writes it; the two files change together. Numbers have four bytes, the lowest first; texts and
//! bytes have their length before them. What is read beyond the end is 0, empty or false.

use crate::codec::{PropertiesBuf, Property, PropertyId};
use crate::error::Error;

pub(super) struct Packed<'a>(&'a [u8]);

impl<'a> Packed<'a> {
    pub(super) fn new(bytes: &'a [u8]) -> Self {
        Self(bytes)
    }

    pub(super) fn is_empty(&self) -> bool {
        self.0.is_empty()
    }

    #[inline(never)]
    pub(super) fn number(&mut self) -> u32 {
        let Some((number, rest)) = self.0.split_first_chunk() else {
            return 0;
        };
        self.0 = rest;
        u32::from_le_bytes(*number)
    }

    pub(super) fn flag(&mut self) -> bool {
        self.number() != 0
    }

    /// None is longer than anything can be.
    #[inline(never)]
    pub(super) fn bytes(&mut self) -> Option<&'a [u8]> {
        let length = self.number() as usize;
        let (bytes, rest) = self.0.split_at_checked(length)?;
        self.0 = rest;
        Some(bytes)
    }

    #[inline(never)]
    pub(super) fn text(&mut self) -> Option<&'a str> {
        core::str::from_utf8(self.bytes()?).ok()
    }

    /// Properties, each behind its identifier, with a length before them all.
    pub(super) fn properties(&mut self) -> Result<PropertiesBuf, Error> {
        properties(self.bytes().unwrap_or_default())
    }
}

/// Properties, each behind its identifier.
pub(super) fn properties(list: &[u8]) -> Result<PropertiesBuf, Error> {
    let mut list = Packed(list);
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
