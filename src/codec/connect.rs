//! CONNECT (section 3.1) of MQTT 3.1, 3.1.1 and 5.0: the one packet that says for itself which version it is.

use super::error::{DecodeErrorKind, EncodeError};
use super::packet::{PacketType, QoS, Rules, Version};
use super::properties::{self, Place};
use super::property_list::Properties;
use super::reader::Reader;
use super::text::TopicName;
use super::writer::Writer;

const RESERVED: u8 = 0b0000_0001;
const CLEAN_START: u8 = 0b0000_0010;
const WILL: u8 = 0b0000_0100;
const WILL_QOS_SHIFT: u8 = 3;
const WILL_RETAIN: u8 = 0b0010_0000;
const PASSWORD: u8 = 0b0100_0000;
const USERNAME: u8 = 0b1000_0000;

/// The first packet of a connection.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Connect<'a> {
    /// The version the client wants to speak. To encode, it must be the version that is encoded for.
    pub version: Version,
    /// Begin a new session. Called Clean Session in MQTT 3, where it also ends the session with the connection.
    pub clean_start: bool,
    /// The longest pause between two packets of the client in seconds; 0 is no limit.
    pub keep_alive: u16,
    /// Names the session. Empty asks the server to choose one, which MQTT 3.1 does not know and 3.1.1 allows with
    /// `clean_start` only [MQTT-3.1.3-7].
    pub client_id: &'a str,
    /// What the server publishes if the connection breaks.
    pub will: Option<Will<'a>>,
    /// The user name.
    pub username: Option<&'a str>,
    /// The password. MQTT 3 allows it only with a user name.
    pub password: Option<&'a [u8]>,
    /// Empty in MQTT 3.
    pub properties: Properties<'a>,
}

/// The message a server publishes if the connection breaks.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Will<'a> {
    /// Where to publish it.
    pub topic: TopicName<'a>,
    /// The message itself.
    pub payload: &'a [u8],
    /// The quality of service.
    pub qos: QoS,
    /// Keep the message.
    pub retain: bool,
    /// Empty in MQTT 3.
    pub properties: Properties<'a>,
}

const fn protocol_name(version: Version) -> &'static [u8] {
    match version {
        Version::V3 => b"MQIsdp",
        Version::V4 | Version::V5 => b"MQTT",
    }
}

fn decode_version(body: &mut Reader<'_>) -> Result<Version, DecodeErrorKind> {
    let name = body.binary()?;
    let level = body.u8()?;
    [Version::V3, Version::V4, Version::V5]
        .into_iter()
        .find(|version| protocol_name(*version) == name && version.level() == level)
        .ok_or(DecodeErrorKind::ProtocolVersion)
}

/// Whether the flags contradict nothing: the reserved bit, the will, and in MQTT 3 the password.
const fn flags_are_valid(flags: u8, version: Version) -> bool {
    let will_qos = flags >> WILL_QOS_SHIFT & 0b11;
    let will = if flags & WILL != 0 {
        will_qos < 3
    } else {
        will_qos == 0 && flags & WILL_RETAIN == 0
    };
    let password = version.is_v5() || flags & USERNAME != 0 || flags & PASSWORD == 0;
    flags & RESERVED == 0 && will && password
}

/// Whether a field announced by a flag follows. MQTT 3.1 lets the end of the packet overrule the two flags of
/// user name and password, for clients older still; everywhere else the flag decides.
const fn is_announced(flags: u8, flag: u8, body: &Reader<'_>, version: Version) -> bool {
    flags & flag != 0 && (body.any_left() || !matches!(version, Version::V3))
}

pub(super) fn decode(mut body: Reader<'_>, rules: Rules) -> Result<Connect<'_>, DecodeErrorKind> {
    let version = decode_version(&mut body)?;
    let rules = Rules { version, ..rules };
    let flags = body.u8()?;
    if !flags_are_valid(flags, version) {
        return Err(DecodeErrorKind::ConnectFlags);
    }
    let clean_start = flags & CLEAN_START != 0;
    let keep_alive = body.u16()?;
    let (properties, seen) =
        properties::decode(&mut body, Place::packet(PacketType::Connect), rules)?;
    if properties::method_is_missing(seen) {
        return Err(DecodeErrorKind::NoAuthenticationMethod);
    }
    let client_id = body.text()?;
    let will = if flags & WILL != 0 {
        Some(decode_will(&mut body, flags, rules)?)
    } else {
        None
    };
    let username = if is_announced(flags, USERNAME, &body, version) {
        Some(body.text()?)
    } else {
        None
    };
    let password = if is_announced(flags, PASSWORD, &body, version) {
        Some(body.binary()?)
    } else {
        None
    };
    body.finish()?;
    if client_id.is_empty() && !allows_empty_client_id(version, clean_start) {
        return Err(DecodeErrorKind::ClientIdEmpty);
    }
    Ok(Connect {
        version,
        clean_start,
        keep_alive,
        client_id,
        will,
        username,
        password,
        properties,
    })
}

fn decode_will<'a>(
    body: &mut Reader<'a>,
    flags: u8,
    rules: Rules,
) -> Result<Will<'a>, DecodeErrorKind> {
    let (properties, _) = properties::decode(body, Place::WILL, rules)?;
    Ok(Will {
        topic: TopicName::decode(body.binary()?)?.ok_or(DecodeErrorKind::TopicEmpty)?,
        payload: body.binary()?,
        qos: QoS::from_u8(flags >> WILL_QOS_SHIFT & 0b11).ok_or(DecodeErrorKind::ConnectFlags)?,
        retain: flags & WILL_RETAIN != 0,
        properties,
    })
}

const fn allows_empty_client_id(version: Version, clean_start: bool) -> bool {
    match version {
        Version::V3 => false,
        Version::V4 => clean_start,
        Version::V5 => true,
    }
}

pub(super) fn encode(
    connect: &Connect<'_>,
    writer: &mut Writer<'_>,
    rules: Rules,
) -> Result<(), EncodeError> {
    let version = rules.version;
    if connect.version != version {
        return Err(EncodeError::VersionMismatch);
    }
    if connect.client_id.is_empty() && !allows_empty_client_id(version, connect.clean_start) {
        return Err(EncodeError::EmptyClientIdNeedsCleanSession);
    }
    if connect.password.is_some() && connect.username.is_none() && !version.is_v5() {
        return Err(EncodeError::PasswordWithoutUsername);
    }

    let mut flags = 0;
    if connect.clean_start {
        flags |= CLEAN_START;
    }
    if let Some(will) = &connect.will {
        flags |= WILL | (will.qos as u8) << WILL_QOS_SHIFT;
        if will.retain {
            flags |= WILL_RETAIN;
        }
    }
    if connect.username.is_some() {
        flags |= USERNAME;
    }
    if connect.password.is_some() {
        flags |= PASSWORD;
    }

    let open = writer.begin(PacketType::Connect.first_byte());
    writer.binary(protocol_name(version))?;
    writer.u8(version.level());
    writer.u8(flags);
    writer.u16(connect.keep_alive);
    let seen = properties::encode(
        writer,
        connect.properties,
        Place::packet(PacketType::Connect),
        rules,
    )?;
    if properties::method_is_missing(seen) {
        return Err(EncodeError::NoAuthenticationMethod);
    }
    // The order of the payload is fixed [MQTT-3.1.3-1].
    writer.text(connect.client_id)?;
    if let Some(will) = &connect.will {
        properties::encode(writer, will.properties, Place::WILL, rules)?;
        writer.binary(will.topic.as_str().as_bytes())?;
        writer.binary(will.payload)?;
    }
    if let Some(username) = connect.username {
        writer.text(username)?;
    }
    if let Some(password) = connect.password {
        writer.binary(password)?;
    }
    writer.end(open)
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn flags_contradict_nothing() {
        for flags in 0..=u8::MAX {
            let will = flags & 0b100 != 0;
            let will_qos = flags >> 3 & 0b11;
            let expected = flags & 1 == 0
                && will_qos != 3
                && (will || flags & 0b0011_1000 == 0)
                && (flags & 0b1100_0000 != 0b0100_0000);
            assert_eq!(flags_are_valid(flags, Version::V4), expected, "{flags:08b}");
            let with_user = flags_are_valid(flags | USERNAME, Version::V4);
            assert_eq!(
                flags_are_valid(flags, Version::V5),
                with_user,
                "{flags:08b}"
            );
        }
    }

    #[test]
    fn mqtt_3_1_lets_the_end_of_the_packet_overrule_user_name_and_password() {
        let body = b"\x00\x06MQIsdp\x03\xC2\x00\x0A\x00\x01c";
        let rules = Rules {
            version: Version::V3,
            sender: None,
        };
        let connect = decode(Reader::new(body), rules).unwrap();
        assert_eq!((connect.username, connect.password), (None, None));

        let with_user = [body.as_slice(), b"\x00\x01u"].concat();
        let connect = decode(Reader::new(&with_user), rules).unwrap();
        assert_eq!((connect.username, connect.password), (Some("u"), None));

        let body = b"\x00\x04MQTT\x04\xC2\x00\x0A\x00\x01c";
        assert_eq!(
            decode(Reader::new(body), rules),
            Err(DecodeErrorKind::Truncated)
        );
    }
}
