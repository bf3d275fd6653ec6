//! AUTH (section 3.15): a step of an authentication with more than one. MQTT 5 only.

use super::ack::{decode_reason, encode_reason};
use super::error::{DecodeErrorKind, EncodeError};
use super::packet::{PacketType, Rules};
use super::properties::PropertyId;
use super::property_list::Properties;
use super::reader::Reader;
use super::reason::ReasonCode;
use super::writer::Writer;

/// A step of an authentication.
///
/// The properties hold the authentication method, which is mandatory (section 3.15.2.2.2). The one exception is
/// the packet without reason code and properties, which section 3.15.2.1 defines as a plain success.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Auth<'a> {
    /// From a server: success, or continue. From a client: continue, or re-authenticate.
    pub reason: ReasonCode,
    /// Method and data.
    pub properties: Properties<'a>,
}

impl Auth<'_> {
    fn lacks_method(&self) -> bool {
        !self.properties.has(PropertyId::AuthenticationMethod)
    }

    fn is_plain_success(&self) -> bool {
        self.reason == ReasonCode::Success && self.properties.is_empty()
    }
}

pub(super) fn decode(body: Reader<'_>, rules: Rules) -> Result<Auth<'_>, DecodeErrorKind> {
    let short = !body.any_left();
    let (reason, properties) = decode_reason(PacketType::Auth, body, rules)?;
    let auth = Auth { reason, properties };
    // The short form is for a server: a client never reports success.
    let plain_success = short && rules.allow_reason(reason, PacketType::Auth);
    if auth.lacks_method() && !plain_success {
        return Err(DecodeErrorKind::NoAuthenticationMethod);
    }
    Ok(auth)
}

pub(super) fn encode(
    auth: &Auth<'_>,
    writer: &mut Writer<'_>,
    rules: Rules,
) -> Result<(), EncodeError> {
    if !rules.version.is_v5() {
        return Err(EncodeError::PacketNotInVersion);
    }
    if auth.lacks_method() && !auth.is_plain_success() {
        return Err(EncodeError::NoAuthenticationMethod);
    }
    let open = writer.begin(PacketType::Auth.first_byte());
    encode_reason(
        PacketType::Auth,
        auth.reason,
        auth.properties,
        writer,
        rules,
    )?;
    writer.end(open)
}
