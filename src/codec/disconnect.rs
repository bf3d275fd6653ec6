//! DISCONNECT (section 3.14): the last packet of a connection.

use super::ack::{decode_reason, encode_reason};
use super::error::{DecodeErrorKind, EncodeError};
use super::packet::{PacketType, Rules};
use super::property_list::Properties;
use super::reader::Reader;
use super::reason::ReasonCode;
use super::writer::Writer;

/// The connection ends, and why. In MQTT 3 only a client says so, and gives no reason.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Disconnect<'a> {
    /// [`ReasonCode::Success`] is a normal disconnection.
    pub reason: ReasonCode,
    /// Empty in MQTT 3.
    pub properties: Properties<'a>,
}

impl Disconnect<'_> {
    /// Whether its type is all of it.
    pub(super) fn is_short(&self) -> bool {
        self.reason == ReasonCode::Success && self.properties.is_empty()
    }
}

pub(super) fn decode(body: Reader<'_>, rules: Rules) -> Result<Disconnect<'_>, DecodeErrorKind> {
    let (reason, properties) = decode_reason(PacketType::Disconnect, body, rules)?;
    Ok(Disconnect { reason, properties })
}

pub(super) fn encode(
    disconnect: &Disconnect<'_>,
    writer: &mut Writer<'_>,
    rules: Rules,
) -> Result<(), EncodeError> {
    let open = writer.begin(PacketType::Disconnect.first_byte());
    encode_reason(
        PacketType::Disconnect,
        disconnect.reason,
        disconnect.properties,
        writer,
        rules,
    )?;
    writer.end(open)
}
