//! Property lists: [`Properties`] reads a valid one in its wire form, [`PropertiesBuf`] builds one.
//!
//! A list is valid by construction; whether it belongs into a packet is checked by `properties` with the packet.

use alloc::vec::Vec;

use super::error::{DecodeError, DecodeErrorKind, PropertyError};
use super::properties::{Kind, Place, PropertyId, Raw, Seen, check, check_value, read_raw};
use super::reader::{Reader, VARINT_MAX};
use super::writer::Writer;

/// One property.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Hash)]
pub enum Property<'a> {
    /// A one-byte value.
    Byte(PropertyId, u8),
    /// A two-byte integer.
    TwoByte(PropertyId, u16),
    /// A four-byte integer.
    FourByte(PropertyId, u32),
    /// A variable byte integer.
    VarInt(PropertyId, u32),
    /// A text.
    Text(PropertyId, &'a str),
    /// Binary data.
    Binary(PropertyId, &'a [u8]),
    /// A [`PropertyId::UserProperty`]: name and value.
    Pair(&'a str, &'a str),
}

impl Property<'_> {
    /// The identifier of the property.
    #[must_use]
    pub const fn id(&self) -> PropertyId {
        match *self {
            Self::Byte(id, _)
            | Self::TwoByte(id, _)
            | Self::FourByte(id, _)
            | Self::VarInt(id, _)
            | Self::Text(id, _)
            | Self::Binary(id, _) => id,
            Self::Pair(..) => PropertyId::UserProperty,
        }
    }
}

/// A valid property list, borrowed in its wire form.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq, Hash)]
pub struct Properties<'a>(&'a [u8]);

impl<'a> Properties<'a> {
    /// No properties.
    pub const EMPTY: Self = Self(&[]);

    /// Checks a property list without its length, whatever packet it is for.
    ///
    /// # Errors
    ///
    /// If it is malformed, or a property has a value out of range or occurs twice.
    pub fn from_bytes(bytes: &'a [u8]) -> Result<Self, DecodeError> {
        check(Reader::new(bytes), Place::ANY, None)?;
        Ok(Self(bytes))
    }

    /// A list that was checked with its packet.
    #[inline]
    pub(super) const fn from_validated(bytes: &'a [u8]) -> Self {
        Self(bytes)
    }

    /// Whether there is no property.
    #[must_use]
    #[inline]
    pub const fn is_empty(&self) -> bool {
        self.0.is_empty()
    }

    /// The wire form without its length.
    #[must_use]
    #[inline]
    pub const fn as_bytes(&self) -> &'a [u8] {
        self.0
    }

    /// The properties in the order of the packet.
    #[must_use]
    pub const fn iter(&self) -> PropertiesIter<'a> {
        PropertiesIter {
            list: Reader::new(self.0),
        }
    }

    /// The value of a one-byte property.
    #[must_use]
    pub fn byte(&self, id: PropertyId) -> Option<u8> {
        self.int(id, |kind| kind == Kind::Flag)
            .and_then(|value| u8::try_from(value).ok())
    }

    /// The value of a two-byte property.
    #[must_use]
    pub fn two_byte(&self, id: PropertyId) -> Option<u16> {
        self.int(id, |kind| {
            matches!(kind, Kind::TwoByte | Kind::TwoByteNonZero)
        })
        .and_then(|value| u16::try_from(value).ok())
    }

    /// The value of a four-byte property.
    #[must_use]
    pub fn four_byte(&self, id: PropertyId) -> Option<u32> {
        self.int(id, |kind| {
            matches!(kind, Kind::FourByte | Kind::FourByteNonZero)
        })
    }

    /// The value of a text property.
    #[must_use]
    pub fn text(&self, id: PropertyId) -> Option<&'a str> {
        match self.raw(id)? {
            Raw::Bytes(bytes) if matches!(id.kind(), Kind::Text | Kind::TopicName) => {
                core::str::from_utf8(bytes).ok()
            }
            _ => None,
        }
    }

    /// The value of a binary property.
    #[must_use]
    pub fn binary(&self, id: PropertyId) -> Option<&'a [u8]> {
        match self.raw(id)? {
            Raw::Bytes(bytes) if id.kind() == Kind::Binary => Some(bytes),
            _ => None,
        }
    }

    /// The user properties in the order of the packet, repeated names and all.
    pub fn user_properties(&self) -> impl Iterator<Item = (&'a str, &'a str)> + use<'a> {
        self.iter().filter_map(|property| match property {
            Property::Pair(name, value) => Some((name, value)),
            _ => None,
        })
    }

    /// The subscription identifiers: of the one SUBSCRIBE, or of every subscription that a PUBLISH matches.
    pub fn subscription_identifiers(&self) -> impl Iterator<Item = u32> + use<'a> {
        RawIter {
            list: Reader::new(self.0),
        }
        .filter_map(|(id, value)| match (id, value) {
            (PropertyId::SubscriptionIdentifier, Raw::Int(value)) => Some(value),
            _ => None,
        })
    }

    /// Where in [`as_bytes`](Self::as_bytes) the value of a property begins.
    #[must_use]
    pub fn value_at(&self, id: PropertyId) -> Option<usize> {
        let mut list = Reader::new(self.0);
        loop {
            let at = self.0.len() - list.rest().len();
            let (found, _) = read_raw(&mut list).ok()?;
            if found == id {
                // Every identifier is one byte.
                return Some(at + 1);
            }
        }
    }

    /// Whether there is such a property.
    pub(super) fn has(&self, id: PropertyId) -> bool {
        self.raw(id).is_some()
    }

    fn raw(&self, id: PropertyId) -> Option<Raw<'a>> {
        RawIter {
            list: Reader::new(self.0),
        }
        .find(|(found, _)| *found == id)
        .map(|(_, value)| value)
    }

    fn int(&self, id: PropertyId, is_kind: impl Fn(Kind) -> bool) -> Option<u32> {
        match self.raw(id)? {
            Raw::Int(value) if is_kind(id.kind()) => Some(value),
            _ => None,
        }
    }
}

impl<'a> IntoIterator for Properties<'a> {
    type Item = Property<'a>;
    type IntoIter = PropertiesIter<'a>;

    fn into_iter(self) -> Self::IntoIter {
        self.iter()
    }
}

/// Walks a valid list without looking into texts.
struct RawIter<'a> {
    list: Reader<'a>,
}

impl<'a> Iterator for RawIter<'a> {
    type Item = (PropertyId, Raw<'a>);

    fn next(&mut self) -> Option<Self::Item> {
        // A valid list ends between two properties.
        if !self.list.any_left() {
            return None;
        }
        read_raw(&mut self.list).ok()
    }
}

/// Iterator over a property list; see [`Properties::iter`].
#[derive(Clone, Debug)]
pub struct PropertiesIter<'a> {
    list: Reader<'a>,
}

impl<'a> Iterator for PropertiesIter<'a> {
    type Item = Property<'a>;

    fn next(&mut self) -> Option<Self::Item> {
        if !self.list.any_left() {
            return None;
        }
        let (id, value) = read_raw(&mut self.list).ok()?;
        Some(match (id.kind(), value) {
            (Kind::Flag, Raw::Int(value)) => Property::Byte(id, u8::try_from(value).ok()?),
            (Kind::TwoByte | Kind::TwoByteNonZero, Raw::Int(value)) => {
                Property::TwoByte(id, u16::try_from(value).ok()?)
            }
            (Kind::VarIntNonZero, Raw::Int(value)) => Property::VarInt(id, value),
            (_, Raw::Int(value)) => Property::FourByte(id, value),
            (Kind::Binary, Raw::Bytes(bytes)) => Property::Binary(id, bytes),
            (_, Raw::Bytes(bytes)) => Property::Text(id, core::str::from_utf8(bytes).ok()?),
            (_, Raw::Pair(name, value)) => Property::Pair(
                core::str::from_utf8(name).ok()?,
                core::str::from_utf8(value).ok()?,
            ),
        })
    }
}

/// A property list under construction. It is valid at any time.
#[derive(Clone, Debug, Default, PartialEq, Eq)]
pub struct PropertiesBuf {
    bytes: Vec<u8>,
    seen: Seen,
}

impl PropertiesBuf {
    /// An empty list.
    #[must_use]
    pub const fn new() -> Self {
        Self {
            bytes: Vec::new(),
            seen: Seen::NONE,
        }
    }

    /// The list built so far.
    #[must_use]
    pub fn as_properties(&self) -> Properties<'_> {
        Properties(&self.bytes)
    }

    /// Whether there is no property.
    #[must_use]
    pub const fn is_empty(&self) -> bool {
        self.bytes.is_empty()
    }

    /// Takes all properties out.
    pub fn clear(&mut self) {
        self.bytes.clear();
        self.seen = Seen::NONE;
    }

    /// Appends a property. On an error the list stays as it was.
    ///
    /// # Errors
    ///
    /// If the value has the wrong type or is out of range, or if the property is there already and may not
    /// repeat. Whether it belongs into a packet is checked when the packet is encoded.
    pub fn push(&mut self, property: Property<'_>) -> Result<(), PropertyError> {
        let id = property.id();
        let (is_kind, value) = match (property, id.kind()) {
            (Property::Byte(_, value), kind) => (kind == Kind::Flag, Raw::Int(value.into())),
            (Property::TwoByte(_, value), kind) => (
                matches!(kind, Kind::TwoByte | Kind::TwoByteNonZero),
                Raw::Int(value.into()),
            ),
            (Property::FourByte(_, value), kind) => (
                matches!(kind, Kind::FourByte | Kind::FourByteNonZero),
                Raw::Int(value),
            ),
            (Property::VarInt(_, value), kind) => (kind == Kind::VarIntNonZero, Raw::Int(value)),
            (Property::Text(_, text), kind) => (
                matches!(kind, Kind::Text | Kind::TopicName),
                Raw::Bytes(text.as_bytes()),
            ),
            (Property::Binary(_, bytes), kind) => (kind == Kind::Binary, Raw::Bytes(bytes)),
            (Property::Pair(name, value), _) => {
                (true, Raw::Pair(name.as_bytes(), value.as_bytes()))
            }
        };
        if !is_kind {
            return Err(PropertyError::WrongType);
        }
        if self.seen.has(id) && !id.repeats_in(Place::ANY) {
            return Err(PropertyError::Duplicate);
        }
        check_value(id, value).map_err(|error| match (error, id.kind()) {
            (DecodeErrorKind::Nul, _) | (_, Kind::TopicName) => PropertyError::TextInvalid,
            _ => PropertyError::ValueOutOfRange,
        })?;
        let start = self.bytes.len();
        self.write(id, value)
            .inspect_err(|_| self.bytes.truncate(start))?;
        self.seen.add(id);
        Ok(())
    }

    fn write(&mut self, id: PropertyId, value: Raw<'_>) -> Result<(), PropertyError> {
        let mut writer = Writer::new(&mut self.bytes);
        writer.u8(id as u8);
        match (id.kind(), value) {
            (Kind::VarIntNonZero, Raw::Int(value)) if value <= VARINT_MAX => writer.varint(value),
            (Kind::VarIntNonZero, _) => return Err(PropertyError::ValueOutOfRange),
            // The variants of `Property` guarantee that the value fits its width.
            (Kind::Flag, Raw::Int(value)) => writer.u8(value as u8),
            (Kind::TwoByte | Kind::TwoByteNonZero, Raw::Int(value)) => writer.u16(value as u16),
            (_, Raw::Int(value)) => writer.u32(value),
            (_, Raw::Bytes(bytes)) => writer.binary(bytes).map_err(|_| PropertyError::TooLong)?,
            (_, Raw::Pair(name, value)) => {
                writer.binary(name).map_err(|_| PropertyError::TooLong)?;
                writer.binary(value).map_err(|_| PropertyError::TooLong)?;
            }
        }
        Ok(())
    }

    /// Appends a one-byte property.
    ///
    /// # Errors
    ///
    /// As [`push`](Self::push).
    pub fn byte(&mut self, id: PropertyId, value: u8) -> Result<(), PropertyError> {
        self.push(Property::Byte(id, value))
    }

    /// Appends a two-byte property.
    ///
    /// # Errors
    ///
    /// As [`push`](Self::push).
    pub fn two_byte(&mut self, id: PropertyId, value: u16) -> Result<(), PropertyError> {
        self.push(Property::TwoByte(id, value))
    }

    /// Appends a four-byte property.
    ///
    /// # Errors
    ///
    /// As [`push`](Self::push).
    pub fn four_byte(&mut self, id: PropertyId, value: u32) -> Result<(), PropertyError> {
        self.push(Property::FourByte(id, value))
    }

    /// Appends a property of variable width: the subscription identifier.
    ///
    /// # Errors
    ///
    /// As [`push`](Self::push).
    pub fn var_int(&mut self, id: PropertyId, value: u32) -> Result<(), PropertyError> {
        self.push(Property::VarInt(id, value))
    }

    /// Appends a text property.
    ///
    /// # Errors
    ///
    /// As [`push`](Self::push).
    pub fn text(&mut self, id: PropertyId, value: &str) -> Result<(), PropertyError> {
        self.push(Property::Text(id, value))
    }

    /// Appends a binary property.
    ///
    /// # Errors
    ///
    /// As [`push`](Self::push).
    pub fn binary(&mut self, id: PropertyId, value: &[u8]) -> Result<(), PropertyError> {
        self.push(Property::Binary(id, value))
    }

    /// Appends a user property.
    ///
    /// # Errors
    ///
    /// As [`push`](Self::push).
    pub fn user(&mut self, name: &str, value: &str) -> Result<(), PropertyError> {
        self.push(Property::Pair(name, value))
    }
}

impl From<Properties<'_>> for PropertiesBuf {
    /// An own copy of a list, which can be added to.
    fn from(properties: Properties<'_>) -> Self {
        let mut seen = Seen::NONE;
        for (id, _) in (RawIter {
            list: Reader::new(properties.0),
        }) {
            seen.add(id);
        }
        Self {
            bytes: properties.0.to_vec(),
            seen,
        }
    }
}
