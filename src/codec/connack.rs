//! CONNACK (section 3.2): the server's answer to CONNECT.

use super::error::{DecodeErrorKind, EncodeError};
use super::packet::{PacketType, Rules, Version};
use super::properties::{self, Place};
use super::property_list::Properties;
use super::reader::Reader;
use super::reason::ReasonCode;
use super::writer::Writer;

/// What the server says to a CONNECT.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct ConnAck<'a> {
    /// The server holds a session for this client. Always false in MQTT 3.1.
    pub session_present: bool,
    /// Success or the reason of the refusal. The return codes 1 to 5 of MQTT 3 are given as
    /// [`UnsupportedProtocolVersion`](ReasonCode::UnsupportedProtocolVersion),
    /// [`ClientIdentifierNotValid`](ReasonCode::ClientIdentifierNotValid),
    /// [`ServerUnavailable`](ReasonCode::ServerUnavailable),
    /// [`BadUserNameOrPassword`](ReasonCode::BadUserNameOrPassword) and
    /// [`NotAuthorized`](ReasonCode::NotAuthorized).
    pub reason: ReasonCode,
    /// What the server offers and demands. Empty in MQTT 3.
    pub properties: Properties<'a>,
}

/// The return codes of MQTT 3, by their number.
const RETURN_CODES: [ReasonCode; 6] = [
    ReasonCode::Success,
    ReasonCode::UnsupportedProtocolVersion,
    ReasonCode::ClientIdentifierNotValid,
    ReasonCode::ServerUnavailable,
    ReasonCode::BadUserNameOrPassword,
    ReasonCode::NotAuthorized,
];

/// A server that knows only 3.1.1 refuses any other version in its own words, whatever the client speaks.
const REFUSAL_OF_3_1_1: [u8; 2] = [0x00, 0x01];

impl ConnAck<'_> {
    /// Whether it is MQTT 3.1.1's for a connection that is accepted.
    pub(super) fn is_short(&self, version: Version) -> bool {
        version == Version::V4 && self.reason == ReasonCode::Success && self.properties.is_empty()
    }
}

pub(super) fn decode(mut body: Reader<'_>, rules: Rules) -> Result<ConnAck<'_>, DecodeErrorKind> {
    if rules.version.is_v5() && body.rest() == REFUSAL_OF_3_1_1 {
        return Ok(ConnAck {
            session_present: false,
            reason: ReasonCode::UnsupportedProtocolVersion,
            properties: Properties::EMPTY,
        });
    }
    let flags = body.u8()?;
    let session_present = match (rules.version, flags) {
        // Not used in 3.1, and no value is promised.
        (Version::V3, _) | (_, 0) => false,
        (_, 1) => true,
        _ => return Err(DecodeErrorKind::ConnAckFlags),
    };
    let code = body.u8()?;
    let reason = if rules.version.is_v5() {
        ReasonCode::from_u8(code)
            .filter(|reason| rules.allow_reason(*reason, PacketType::ConnAck))
            .ok_or(DecodeErrorKind::ReasonCode)?
    } else {
        *RETURN_CODES
            .get(usize::from(code))
            .ok_or(DecodeErrorKind::ReturnCode)?
    };
    let (properties, seen) =
        properties::decode(&mut body, Place::packet(PacketType::ConnAck), rules)?;
    body.finish()?;
    if session_present && reason.is_error() {
        return Err(DecodeErrorKind::SessionPresent);
    }
    if properties::method_is_missing(seen) {
        return Err(DecodeErrorKind::NoAuthenticationMethod);
    }
    Ok(ConnAck {
        session_present,
        reason,
        properties,
    })
}

pub(super) fn encode(
    connack: &ConnAck<'_>,
    writer: &mut Writer<'_>,
    rules: Rules,
) -> Result<(), EncodeError> {
    let ConnAck {
        session_present,
        reason,
        properties,
    } = *connack;
    if session_present && (reason.is_error() || rules.version == Version::V3) {
        return Err(EncodeError::SessionPresent);
    }
    let code = if rules.version.is_v5() {
        rules
            .allow_reason(reason, PacketType::ConnAck)
            .then_some(reason.as_u8())
    } else {
        RETURN_CODES
            .iter()
            .position(|code| *code == reason)
            .and_then(|code| u8::try_from(code).ok())
    };
    let open = writer.begin(PacketType::ConnAck.first_byte());
    writer.u8(session_present.into());
    writer.u8(code.ok_or(EncodeError::ReasonNotAllowed)?);
    let seen = properties::encode(
        writer,
        properties,
        Place::packet(PacketType::ConnAck),
        rules,
    )?;
    if properties::method_is_missing(seen) {
        return Err(EncodeError::NoAuthenticationMethod);
    }
    writer.end(open)
}
