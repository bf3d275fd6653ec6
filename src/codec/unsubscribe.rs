//! UNSUBSCRIBE and UNSUBACK (sections 3.10 and 3.11).

use alloc::vec::Vec;

use super::error::{DecodeErrorKind, EncodeError};
use super::packet::{PacketId, PacketType, Rules};
use super::properties::{self, Place};
use super::property_list::Properties;
use super::reader::Reader;
use super::reason::ReasonCodes;
use super::subscribe::encode_list;
use super::text::TopicFilter;
use super::writer::Writer;

/// Ends subscriptions.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Unsubscribe<'a> {
    /// UNSUBACK will carry it too.
    pub packet_id: PacketId,
    /// Empty in MQTT 3.
    pub properties: Properties<'a>,
    /// At least one filter.
    pub filters: UnsubscribeFilters<'a>,
}

/// The filters of an UNSUBSCRIBE, borrowed in their wire form; already validated.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq, Hash)]
pub struct UnsubscribeFilters<'a>(&'a [u8]);

impl<'a> UnsubscribeFilters<'a> {
    /// The filters in the order of the packet.
    pub fn iter(&self) -> impl Iterator<Item = TopicFilter<'a>> + use<'a> {
        RawFilters(Reader::new(self.0)).filter_map(|filter| {
            core::str::from_utf8(filter)
                .ok()
                .map(TopicFilter::from_validated)
        })
    }

    /// How many filters there are, counted.
    #[must_use]
    pub fn len(&self) -> usize {
        RawFilters(Reader::new(self.0)).count()
    }

    /// Whether there is no filter.
    #[must_use]
    pub const fn is_empty(&self) -> bool {
        self.0.is_empty()
    }
}

/// Walks a valid list without looking into it.
struct RawFilters<'a>(Reader<'a>);

impl<'a> Iterator for RawFilters<'a> {
    type Item = &'a [u8];

    fn next(&mut self) -> Option<Self::Item> {
        self.0.binary().ok()
    }
}

/// The filters of an UNSUBSCRIBE under construction.
#[derive(Clone, Debug, Default, PartialEq, Eq)]
pub struct UnsubscribeFiltersBuf(Vec<u8>);

impl UnsubscribeFiltersBuf {
    /// An empty list.
    #[must_use]
    pub const fn new() -> Self {
        Self(Vec::new())
    }

    /// Appends a filter.
    pub fn push(&mut self, filter: TopicFilter<'_>) {
        let written = Writer::new(&mut self.0).binary(filter.as_str().as_bytes());
        debug_assert!(written.is_ok(), "a topic filter has at most 65535 bytes");
    }

    /// The list built so far.
    #[must_use]
    pub fn as_filters(&self) -> UnsubscribeFilters<'_> {
        UnsubscribeFilters(&self.0)
    }

    /// How many filters there are, counted.
    #[must_use]
    pub fn len(&self) -> usize {
        self.as_filters().len()
    }

    /// Whether there is no filter.
    #[must_use]
    pub const fn is_empty(&self) -> bool {
        self.0.is_empty()
    }

    /// Takes all filters out.
    pub fn clear(&mut self) {
        self.0.clear();
    }
}

pub(super) fn decode(
    mut body: Reader<'_>,
    rules: Rules,
) -> Result<Unsubscribe<'_>, DecodeErrorKind> {
    let packet_id = body.packet_id()?;
    let (properties, _) =
        properties::decode(&mut body, Place::packet(PacketType::Unsubscribe), rules)?;
    let filters = UnsubscribeFilters(body.rest());
    if filters.is_empty() {
        return Err(DecodeErrorKind::NoFilters);
    }
    while body.any_left() {
        TopicFilter::check_bytes(body.binary()?, rules.version.is_v5())?;
    }
    Ok(Unsubscribe {
        packet_id,
        properties,
        filters,
    })
}

pub(super) fn encode(
    unsubscribe: &Unsubscribe<'_>,
    writer: &mut Writer<'_>,
    rules: Rules,
) -> Result<(), EncodeError> {
    if unsubscribe.filters.is_empty() {
        return Err(EncodeError::NoFilters);
    }
    encode_list(
        PacketType::Unsubscribe,
        unsubscribe.packet_id,
        unsubscribe.properties,
        unsubscribe.filters.0,
        writer,
        rules,
    )
}

/// The server's answer to UNSUBSCRIBE.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct UnsubAck<'a> {
    /// The identifier of the UNSUBSCRIBE.
    pub packet_id: PacketId,
    /// Empty in MQTT 3.
    pub properties: Properties<'a>,
    /// One for each filter; none in MQTT 3.
    pub codes: ReasonCodes<'a>,
}

impl UnsubAck<'_> {
    /// Whether its type and its identifier are all of it.
    pub(super) fn is_short(&self) -> bool {
        self.codes.is_empty() && self.properties.is_empty()
    }
}

pub(super) fn decode_unsuback(
    mut body: Reader<'_>,
    rules: Rules,
) -> Result<UnsubAck<'_>, DecodeErrorKind> {
    let packet_id = body.packet_id()?;
    let (properties, _) =
        properties::decode(&mut body, Place::packet(PacketType::UnsubAck), rules)?;
    let codes = if rules.version.is_v5() {
        ReasonCodes::decode(body, |code| rules.allow_reason(code, PacketType::UnsubAck))?
    } else {
        body.finish()?;
        ReasonCodes::EMPTY
    };
    Ok(UnsubAck {
        packet_id,
        properties,
        codes,
    })
}

pub(super) fn encode_unsuback(
    unsuback: &UnsubAck<'_>,
    writer: &mut Writer<'_>,
    rules: Rules,
) -> Result<(), EncodeError> {
    if rules.version.is_v5() {
        unsuback
            .codes
            .check_encode(|code| rules.allow_reason(code, PacketType::UnsubAck))?;
    } else if !unsuback.codes.is_empty() {
        return Err(EncodeError::ReasonNotAllowed);
    }
    encode_list(
        PacketType::UnsubAck,
        unsuback.packet_id,
        unsuback.properties,
        unsuback.codes.as_bytes(),
        writer,
        rules,
    )
}
