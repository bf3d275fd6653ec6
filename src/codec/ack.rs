//! PUBACK, PUBREC, PUBREL and PUBCOMP (sections 3.4 to 3.7): one shape, four packet types.

use super::error::{DecodeErrorKind, EncodeError};
use super::packet::{PacketId, PacketType, Rules};
use super::properties::{self, Place};
use super::property_list::Properties;
use super::reader::Reader;
use super::reason::ReasonCode;
use super::writer::Writer;

/// The answer to a PUBLISH, PUBREC or PUBREL.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Ack<'a> {
    /// The identifier of the message [MQTT-2.2.1-5].
    pub packet_id: PacketId,
    /// [`ReasonCode::Success`] in MQTT 3, and in the short form of MQTT 5.
    pub reason: ReasonCode,
    /// Empty in MQTT 3.
    pub properties: Properties<'a>,
}

impl Ack<'_> {
    /// A plain acknowledgement.
    #[must_use]
    pub const fn success(packet_id: PacketId) -> Self {
        Self {
            packet_id,
            reason: ReasonCode::Success,
            properties: Properties::EMPTY,
        }
    }
}

#[cfg_attr(not(target_arch = "wasm32"), inline(always))]
pub(super) fn decode(
    packet: PacketType,
    mut body: Reader<'_>,
    rules: Rules,
) -> Result<Ack<'_>, DecodeErrorKind> {
    let packet_id = body.packet_id()?;
    let (reason, properties) = decode_reason(packet, body, rules)?;
    Ok(Ack {
        packet_id,
        reason,
        properties,
    })
}

/// Reads the end of an acknowledgement, DISCONNECT or AUTH: reason code and properties, each of which may be
/// left out from the end if it says nothing (section 3.4.2.1). In MQTT 3 there is neither.
pub(super) fn decode_reason(
    packet: PacketType,
    mut body: Reader<'_>,
    rules: Rules,
) -> Result<(ReasonCode, Properties<'_>), DecodeErrorKind> {
    let mut reason = ReasonCode::Success;
    let mut properties = Properties::EMPTY;
    if rules.version.is_v5() && body.any_left() {
        reason = ReasonCode::from_u8(body.u8()?)
            .filter(|reason| rules.allow_reason(*reason, packet))
            .ok_or(DecodeErrorKind::ReasonCode)?;
        if body.any_left() {
            (properties, _) = properties::decode(&mut body, Place::packet(packet), rules)?;
        }
    }
    body.finish()?;
    Ok((reason, properties))
}

impl Ack<'_> {
    /// Whether its type and its identifier are all of it.
    pub(super) fn is_short(&self) -> bool {
        self.reason == ReasonCode::Success && self.properties.is_empty()
    }
}

pub(super) fn encode(
    packet: PacketType,
    ack: &Ack<'_>,
    writer: &mut Writer<'_>,
    rules: Rules,
) -> Result<(), EncodeError> {
    let open = writer.begin(packet.first_byte());
    writer.packet_id(ack.packet_id);
    encode_reason(packet, ack.reason, ack.properties, writer, rules)?;
    writer.end(open)
}

/// Writes reason code and properties in their shortest form, the counterpart of [`decode_reason`].
pub(super) fn encode_reason(
    packet: PacketType,
    reason: ReasonCode,
    properties: Properties<'_>,
    writer: &mut Writer<'_>,
    rules: Rules,
) -> Result<(), EncodeError> {
    properties::check_encode(properties, Place::packet(packet), rules)?;
    if !rules.version.is_v5() {
        return if reason == ReasonCode::Success {
            Ok(())
        } else {
            Err(EncodeError::ReasonNotAllowed)
        };
    }
    if !rules.allow_reason(reason, packet) {
        return Err(EncodeError::ReasonNotAllowed);
    }
    if reason != ReasonCode::Success || !properties.is_empty() {
        writer.u8(reason.as_u8());
    }
    if !properties.is_empty() {
        writer.properties(properties)?;
    }
    Ok(())
}
