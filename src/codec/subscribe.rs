//! SUBSCRIBE and SUBACK (sections 3.8 and 3.9).

use alloc::vec::Vec;

use super::error::{DecodeErrorKind, EncodeError};
use super::packet::{PacketId, PacketType, QoS, Rules};
use super::properties::{self, Place};
use super::property_list::Properties;
use super::reader::Reader;
use super::reason::{ReasonCode, ReasonCodes};
use super::text::TopicFilter;
use super::writer::Writer;

const QOS: u8 = 0b0000_0011;
const NO_LOCAL: u8 = 0b0000_0100;
const RETAIN_AS_PUBLISHED: u8 = 0b0000_1000;
const RETAIN_HANDLING_SHIFT: u8 = 4;
const RESERVED: u8 = 0b1100_0000;

/// When a subscription gets the retained messages.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq, PartialOrd, Ord, Hash)]
#[repr(u8)]
pub enum RetainHandling {
    /// Whenever it is made, as in MQTT 3.
    #[default]
    SendAtSubscribe = 0,
    /// If the session did not have it before.
    SendIfNew = 1,
    /// Never.
    DoNotSend = 2,
}

impl RetainHandling {
    /// The handling of this number, 0 to 2.
    #[must_use]
    pub const fn from_u8(value: u8) -> Option<Self> {
        match value {
            0 => Some(Self::SendAtSubscribe),
            1 => Some(Self::SendIfNew),
            2 => Some(Self::DoNotSend),
            _ => None,
        }
    }
}

/// The options of a subscription. MQTT 3 has the QoS only, and the others must keep their defaults.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq, Hash)]
pub struct SubscribeOptions {
    /// The highest QoS to deliver with.
    pub qos: QoS,
    /// Do not send back what this client publishes. Not for shared subscriptions [MQTT-3.8.3-4].
    pub no_local: bool,
    /// Keep the RETAIN flag of messages as they were published.
    pub retain_as_published: bool,
    /// When to send retained messages.
    pub retain_handling: RetainHandling,
}

impl SubscribeOptions {
    /// Plain options with this QoS.
    #[must_use]
    pub const fn new(qos: QoS) -> Self {
        Self {
            qos,
            no_local: false,
            retain_as_published: false,
            retain_handling: RetainHandling::SendAtSubscribe,
        }
    }

    pub(crate) fn to_byte(self) -> u8 {
        let mut byte = self.qos as u8 | (self.retain_handling as u8) << RETAIN_HANDLING_SHIFT;
        if self.no_local {
            byte |= NO_LOCAL;
        }
        if self.retain_as_published {
            byte |= RETAIN_AS_PUBLISHED;
        }
        byte
    }

    pub(crate) fn from_byte(byte: u8) -> Result<Self, DecodeErrorKind> {
        if byte & RESERVED != 0 {
            return Err(DecodeErrorKind::SubscribeOptions);
        }
        Ok(Self {
            qos: QoS::from_u8(byte & QOS).ok_or(DecodeErrorKind::SubscribeQoS)?,
            no_local: byte & NO_LOCAL != 0,
            retain_as_published: byte & RETAIN_AS_PUBLISHED != 0,
            retain_handling: RetainHandling::from_u8(byte >> RETAIN_HANDLING_SHIFT)
                .ok_or(DecodeErrorKind::RetainHandling)?,
        })
    }
}

/// Asks for subscriptions.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Subscribe<'a> {
    /// SUBACK will carry it too.
    pub packet_id: PacketId,
    /// Empty in MQTT 3.
    pub properties: Properties<'a>,
    /// At least one filter.
    pub filters: SubscribeFilters<'a>,
}

/// The filters of a SUBSCRIBE, borrowed in their wire form; already validated.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq, Hash)]
pub struct SubscribeFilters<'a>(&'a [u8]);

impl<'a> SubscribeFilters<'a> {
    /// The filters and their options in the order of the packet.
    pub fn iter(&self) -> impl Iterator<Item = (TopicFilter<'a>, SubscribeOptions)> + use<'a> {
        RawFilters(Reader::new(self.0)).filter_map(|(filter, options)| {
            let filter = core::str::from_utf8(filter).ok()?;
            Some((
                TopicFilter::from_validated(filter),
                SubscribeOptions::from_byte(options).ok()?,
            ))
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
    type Item = (&'a [u8], u8);

    fn next(&mut self) -> Option<Self::Item> {
        let filter = self.0.binary().ok()?;
        Some((filter, self.0.u8().ok()?))
    }
}

/// The filters of a SUBSCRIBE under construction.
#[derive(Clone, Debug, Default, PartialEq, Eq)]
pub struct SubscribeFiltersBuf(Vec<u8>);

impl SubscribeFiltersBuf {
    /// An empty list.
    #[must_use]
    pub const fn new() -> Self {
        Self(Vec::new())
    }

    /// Appends a filter. Whether the options fit filter and version is checked when the packet is encoded.
    pub fn push(&mut self, filter: TopicFilter<'_>, options: SubscribeOptions) {
        let mut writer = Writer::new(&mut self.0);
        let written = writer.binary(filter.as_str().as_bytes());
        debug_assert!(written.is_ok(), "a topic filter has at most 65535 bytes");
        writer.u8(options.to_byte());
    }

    /// The list built so far.
    #[must_use]
    pub fn as_filters(&self) -> SubscribeFilters<'_> {
        SubscribeFilters(&self.0)
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

pub(super) fn decode(mut body: Reader<'_>, rules: Rules) -> Result<Subscribe<'_>, DecodeErrorKind> {
    let packet_id = body.packet_id()?;
    let (properties, _) =
        properties::decode(&mut body, Place::packet(PacketType::Subscribe), rules)?;
    let filters = SubscribeFilters(body.rest());
    if filters.is_empty() {
        return Err(DecodeErrorKind::NoFilters);
    }
    while body.any_left() {
        let (filter, options) = (body.binary()?, body.u8()?);
        TopicFilter::check_bytes(filter, rules.version.is_v5())?;
        let options = decode_options(options, rules)?;
        if options.no_local && TopicFilter::bytes_are_shared(filter) {
            return Err(DecodeErrorKind::NoLocalShared);
        }
    }
    Ok(Subscribe {
        packet_id,
        properties,
        filters,
    })
}

/// In MQTT 3 all bits but the QoS are reserved, and QoS 3 is one breach with them [MQTT-3-8.3-4].
fn decode_options(byte: u8, rules: Rules) -> Result<SubscribeOptions, DecodeErrorKind> {
    if !rules.version.is_v5() && QoS::from_u8(byte).is_none() {
        return Err(DecodeErrorKind::SubscribeOptions);
    }
    SubscribeOptions::from_byte(byte)
}

pub(super) fn encode(
    subscribe: &Subscribe<'_>,
    writer: &mut Writer<'_>,
    rules: Rules,
) -> Result<(), EncodeError> {
    if subscribe.filters.is_empty() {
        return Err(EncodeError::NoFilters);
    }
    for (filter, options) in RawFilters(Reader::new(subscribe.filters.0)) {
        if !rules.version.is_v5() && options & !QOS != 0 {
            return Err(EncodeError::OptionsNotInVersion);
        }
        if options & NO_LOCAL != 0 && TopicFilter::bytes_are_shared(filter) {
            return Err(EncodeError::NoLocalShared);
        }
    }
    encode_list(
        PacketType::Subscribe,
        subscribe.packet_id,
        subscribe.properties,
        subscribe.filters.0,
        writer,
        rules,
    )
}

/// An identifier, properties and a list: what SUBSCRIBE, UNSUBSCRIBE and the answers to them have in common.
pub(super) fn encode_list(
    packet_type: PacketType,
    packet_id: PacketId,
    properties: Properties<'_>,
    list: &[u8],
    writer: &mut Writer<'_>,
    rules: Rules,
) -> Result<(), EncodeError> {
    properties::check_encode(properties, Place::packet(packet_type), rules)?;
    let remaining = 2 + properties::encoded_len(properties, rules.version) + list.len() as u64;
    writer.begin_sized(packet_type.first_byte(), remaining)?;
    writer.packet_id(packet_id);
    if rules.version.is_v5() {
        writer.properties(properties)?;
    }
    writer.bytes(list);
    Ok(())
}

/// The server's answer to SUBSCRIBE.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct SubAck<'a> {
    /// The identifier of the SUBSCRIBE.
    pub packet_id: PacketId,
    /// Empty in MQTT 3.
    pub properties: Properties<'a>,
    /// One for each filter. In MQTT 3 a failure is [`ReasonCode::UnspecifiedError`].
    pub codes: ReasonCodes<'a>,
}

/// MQTT 3 has the three granted QoS levels and one failure. (3.1 does not have the failure, but servers send it.)
fn allow_suback_code(code: ReasonCode, rules: Rules) -> bool {
    if rules.version.is_v5() {
        rules.allow_reason(code, PacketType::SubAck)
    } else {
        matches!(
            code,
            ReasonCode::Success
                | ReasonCode::GrantedQoS1
                | ReasonCode::GrantedQoS2
                | ReasonCode::UnspecifiedError
        )
    }
}

pub(super) fn decode_suback(
    mut body: Reader<'_>,
    rules: Rules,
) -> Result<SubAck<'_>, DecodeErrorKind> {
    let packet_id = body.packet_id()?;
    let (properties, _) = properties::decode(&mut body, Place::packet(PacketType::SubAck), rules)?;
    let codes = ReasonCodes::decode(body, |code| allow_suback_code(code, rules))?;
    Ok(SubAck {
        packet_id,
        properties,
        codes,
    })
}

pub(super) fn encode_suback(
    suback: &SubAck<'_>,
    writer: &mut Writer<'_>,
    rules: Rules,
) -> Result<(), EncodeError> {
    suback
        .codes
        .check_encode(|code| allow_suback_code(code, rules))?;
    encode_list(
        PacketType::SubAck,
        suback.packet_id,
        suback.properties,
        suback.codes.as_bytes(),
        writer,
        rules,
    )
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn option_bytes_are_read_back_or_refused() {
        for byte in 0..=u8::MAX {
            match SubscribeOptions::from_byte(byte) {
                Ok(options) => assert_eq!(options.to_byte(), byte),
                Err(error) => {
                    let expected = match byte {
                        0b0100_0000.. => DecodeErrorKind::SubscribeOptions,
                        _ if byte & 0b11 == 0b11 => DecodeErrorKind::SubscribeQoS,
                        _ => DecodeErrorKind::RetainHandling,
                    };
                    assert_eq!(error, expected, "{byte:08b}");
                }
            }
        }
    }
}
