//! Properties of MQTT 5: one table of identifier, type and place, and the check of a list against it.
//!
//! Whether a property may stand in a packet, how often, and from whom is decided here for all packets; what it
//! means is not known here. The lists themselves are in `property_list`.

use super::error::{DecodeErrorKind, EncodeError};
use super::packet::{PacketType, Rules, Sender, Version};
use super::property_list::Properties;
use super::reader::Reader;
use super::text;
use super::writer::{Writer, varint_len};

/// Where a property list stands: a packet type, or the will inside CONNECT. Each place is one bit.
#[derive(Clone, Copy, PartialEq, Eq)]
pub(super) struct Place(u16);

impl Place {
    /// No packet has type 0, so its bit is free for the will.
    pub(super) const WILL: Self = Self(1);
    /// Not known; every property is in place.
    pub(super) const ANY: Self = Self(u16::MAX);

    pub(super) const fn packet(packet: PacketType) -> Self {
        Self(1 << packet as u8)
    }
}

const WILL: u16 = Place::WILL.0;
const CONNECT: u16 = Place::packet(PacketType::Connect).0;
const CONNACK: u16 = Place::packet(PacketType::ConnAck).0;
const PUBLISH: u16 = Place::packet(PacketType::Publish).0;
const SUBSCRIBE: u16 = Place::packet(PacketType::Subscribe).0;
const UNSUBSCRIBE: u16 = Place::packet(PacketType::Unsubscribe).0;
const DISCONNECT: u16 = Place::packet(PacketType::Disconnect).0;
const AUTH: u16 = Place::packet(PacketType::Auth).0;
/// Packets that answer and may say why.
const ANSWERS: u16 = CONNACK
    | Place::packet(PacketType::PubAck).0
    | Place::packet(PacketType::PubRec).0
    | Place::packet(PacketType::PubRel).0
    | Place::packet(PacketType::PubComp).0
    | Place::packet(PacketType::SubAck).0
    | Place::packet(PacketType::UnsubAck).0
    | DISCONNECT
    | AUTH;
const ANYWHERE: u16 = WILL | CONNECT | PUBLISH | SUBSCRIBE | UNSUBSCRIBE | ANSWERS;

/// The type of a value together with its range.
#[derive(Clone, Copy, PartialEq, Eq)]
pub(super) enum Kind {
    /// One byte, 0 or 1.
    Flag,
    TwoByte,
    TwoByteNonZero,
    FourByte,
    FourByteNonZero,
    VarIntNonZero,
    Text,
    TopicName,
    Binary,
    Pair,
}

macro_rules! properties {
    ($( $(#[$meta:meta])* $variant:ident = $value:literal, $kind:ident, $places:expr; )+) => {
        /// The identifier of a property (section 2.2.2.2).
        #[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord, Hash)]
        #[repr(u8)]
        pub enum PropertyId {
            $( $(#[$meta])* $variant = $value, )+
        }

        impl PropertyId {
            /// Every property, in ascending order.
            pub const ALL: &'static [Self] = &[ $( Self::$variant, )+ ];

            /// The property with this identifier, if there is one.
            #[must_use]
            pub const fn from_u8(value: u8) -> Option<Self> {
                match value {
                    $( $value => Some(Self::$variant), )+
                    _ => None,
                }
            }

            pub(super) const fn kind(self) -> Kind {
                match self {
                    $( Self::$variant => Kind::$kind, )+
                }
            }

            const fn places(self) -> u16 {
                match self {
                    $( Self::$variant => $places, )+
                }
            }
        }
    };
}

properties! {
    /// Whether the payload is UTF-8 text.
    PayloadFormatIndicator = 0x01, Flag, PUBLISH | WILL;
    /// The lifetime of the message in seconds.
    MessageExpiryInterval = 0x02, FourByte, PUBLISH | WILL;
    /// What the payload is.
    ContentType = 0x03, Text, PUBLISH | WILL;
    /// Where to answer a request.
    ResponseTopic = 0x08, TopicName, PUBLISH | WILL;
    /// Which request an answer is for.
    CorrelationData = 0x09, Binary, PUBLISH | WILL;
    /// The number of a subscription.
    SubscriptionIdentifier = 0x0B, VarIntNonZero, PUBLISH | SUBSCRIBE;
    /// How long the session outlives the connection, in seconds.
    SessionExpiryInterval = 0x11, FourByte, CONNECT | CONNACK | DISCONNECT;
    /// The client identifier chosen by the server.
    AssignedClientIdentifier = 0x12, Text, CONNACK;
    /// The keep alive chosen by the server.
    ServerKeepAlive = 0x13, TwoByte, CONNACK;
    /// The name of the authentication method.
    AuthenticationMethod = 0x15, Text, CONNECT | CONNACK | AUTH;
    /// Data of the authentication method.
    AuthenticationData = 0x16, Binary, CONNECT | CONNACK | AUTH;
    /// Whether reason strings and user properties are wanted everywhere.
    RequestProblemInformation = 0x17, Flag, CONNECT;
    /// How long the will waits after the connection, in seconds.
    WillDelayInterval = 0x18, FourByte, WILL;
    /// Whether response information is wanted in CONNACK.
    RequestResponseInformation = 0x19, Flag, CONNECT;
    /// The base of response topics.
    ResponseInformation = 0x1A, Text, CONNACK;
    /// Another server to use.
    ServerReference = 0x1C, Text, CONNACK | DISCONNECT;
    /// What happened, for people.
    ReasonString = 0x1F, Text, ANSWERS;
    /// How many messages of QoS 1 and 2 may be unacknowledged.
    ReceiveMaximum = 0x21, TwoByteNonZero, CONNECT | CONNACK;
    /// The highest topic alias accepted.
    TopicAliasMaximum = 0x22, TwoByte, CONNECT | CONNACK;
    /// A number in place of the topic name.
    TopicAlias = 0x23, TwoByteNonZero, PUBLISH;
    /// The highest QoS the server supports, 0 or 1.
    MaximumQos = 0x24, Flag, CONNACK;
    /// Whether the server keeps retained messages.
    RetainAvailable = 0x25, Flag, CONNACK;
    /// A name and a value of the application; may repeat.
    UserProperty = 0x26, Pair, ANYWHERE;
    /// The largest packet accepted.
    MaximumPacketSize = 0x27, FourByteNonZero, CONNECT | CONNACK;
    /// Whether wildcard subscriptions are supported.
    WildcardSubscriptionAvailable = 0x28, Flag, CONNACK;
    /// Whether subscription identifiers are supported.
    SubscriptionIdentifierAvailable = 0x29, Flag, CONNACK;
    /// Whether shared subscriptions are supported.
    SharedSubscriptionAvailable = 0x2A, Flag, CONNACK;
}

impl PropertyId {
    /// Whether `sender` may use the property at this place. DISCONNECT and PUBLISH differ by sender.
    const fn allowed_from(self, sender: Option<Sender>, place: Place) -> bool {
        !matches!(
            (self, sender, place.0),
            // [MQTT-3.3.4-6]
            (Self::SubscriptionIdentifier, Some(Sender::Client), PUBLISH)
                // [MQTT-3.14.2-2]
                | (Self::SessionExpiryInterval, Some(Sender::Server), DISCONNECT)
                | (Self::ServerReference, Some(Sender::Client), DISCONNECT)
        )
    }

    /// A PUBLISH names every subscription it matches; user properties repeat everywhere.
    pub(super) const fn repeats_in(self, place: Place) -> bool {
        match self {
            Self::UserProperty => true,
            Self::SubscriptionIdentifier => place.0 & PUBLISH != 0,
            _ => false,
        }
    }
}

/// A value as it lies in the packet: texts not yet looked at.
#[derive(Clone, Copy)]
pub(super) enum Raw<'a> {
    Int(u32),
    Bytes(&'a [u8]),
    Pair(&'a [u8], &'a [u8]),
}

/// Reads an identifier and skips to the end of its value.
pub(super) fn read_raw<'a>(
    reader: &mut Reader<'a>,
) -> Result<(PropertyId, Raw<'a>), DecodeErrorKind> {
    let id = read_id(reader)?;
    Ok((id, read_value(reader, id)?))
}

#[cfg_attr(not(target_arch = "wasm32"), inline(always))]
fn read_id(reader: &mut Reader<'_>) -> Result<PropertyId, DecodeErrorKind> {
    u8::try_from(reader.varint()?)
        .ok()
        .and_then(PropertyId::from_u8)
        .ok_or(DecodeErrorKind::PropertyUnknown)
}

fn read_value<'a>(reader: &mut Reader<'a>, id: PropertyId) -> Result<Raw<'a>, DecodeErrorKind> {
    Ok(match id.kind() {
        Kind::Flag => Raw::Int(reader.u8()?.into()),
        Kind::TwoByte | Kind::TwoByteNonZero => Raw::Int(reader.u16()?.into()),
        Kind::FourByte | Kind::FourByteNonZero => Raw::Int(reader.u32()?),
        Kind::VarIntNonZero => Raw::Int(reader.varint()?),
        Kind::Text | Kind::TopicName | Kind::Binary => Raw::Bytes(reader.binary()?),
        Kind::Pair => Raw::Pair(reader.binary()?, reader.binary()?),
    })
}

/// Checks the range of a value and the rules of texts.
pub(super) fn check_value(id: PropertyId, value: Raw<'_>) -> Result<(), DecodeErrorKind> {
    match (id.kind(), value) {
        (Kind::Flag, Raw::Int(2..)) => Err(DecodeErrorKind::PropertyValue),
        (Kind::TwoByteNonZero | Kind::FourByteNonZero | Kind::VarIntNonZero, Raw::Int(0)) => {
            Err(if id == PropertyId::TopicAlias {
                DecodeErrorKind::TopicAliasZero
            } else {
                DecodeErrorKind::PropertyValue
            })
        }
        (Kind::Text, Raw::Bytes(bytes)) => text::check_text(bytes),
        // [MQTT-3.3.2-14]; an empty topic is no topic name either.
        (Kind::TopicName, Raw::Bytes(bytes)) => match text::decode_topic_name(bytes) {
            Ok("") | Err(DecodeErrorKind::TopicWildcard) => Err(DecodeErrorKind::PropertyValue),
            Ok(_) => Ok(()),
            Err(error) => Err(error),
        },
        (Kind::Pair, Raw::Pair(name, value)) => {
            text::check_text(name)?;
            text::check_text(value)
        }
        _ => Ok(()),
    }
}

/// Which properties a list holds, one bit for each identifier.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq, Hash)]
pub(super) struct Seen(u64);

impl Seen {
    pub(super) const NONE: Self = Self(0);

    const fn bit(id: PropertyId) -> u64 {
        1 << id as u8
    }

    pub(super) const fn has(self, id: PropertyId) -> bool {
        self.0 & Self::bit(id) != 0
    }

    pub(super) const fn add(&mut self, id: PropertyId) {
        self.0 |= Self::bit(id);
    }
}

/// Checks a whole property list.
pub(super) fn check(
    list: Reader<'_>,
    place: Place,
    sender: Option<Sender>,
) -> Result<Seen, DecodeErrorKind> {
    check_list(list, place, sender, true)
}

/// The same; the values are known to be right unless they are `new`.
fn check_list(
    mut list: Reader<'_>,
    place: Place,
    sender: Option<Sender>,
    new: bool,
) -> Result<Seen, DecodeErrorKind> {
    let mut seen = Seen::NONE;
    while list.any_left() {
        let id = read_id(&mut list)?;
        if id.places() & place.0 == 0 {
            return Err(DecodeErrorKind::PropertyNotAllowed);
        }
        let value = read_value(&mut list, id)?;
        if !id.allowed_from(sender, place) {
            return Err(DecodeErrorKind::PropertyFromSender);
        }
        if seen.has(id) && !id.repeats_in(place) {
            return Err(DecodeErrorKind::PropertyDuplicate);
        }
        seen.add(id);
        // A page would rather look twice than load the code for not looking.
        if new || cfg!(target_arch = "wasm32") {
            check_value(id, value)?;
        }
    }
    Ok(seen)
}

/// Reads the length and the list. In MQTT 3 there is neither.
#[cfg_attr(target_arch = "wasm32", inline)]
#[cfg_attr(not(target_arch = "wasm32"), inline(always))]
pub(super) fn decode<'a>(
    reader: &mut Reader<'a>,
    place: Place,
    rules: Rules,
) -> Result<(Properties<'a>, Seen), DecodeErrorKind> {
    if !rules.version.is_v5() {
        return Ok((Properties::EMPTY, Seen::NONE));
    }
    let len = reader.varint()?;
    if len == 0 {
        return Ok((Properties::EMPTY, Seen::NONE));
    }
    let list = reader.sub(len as usize)?;
    let seen = check(list, place, rules.sender)?;
    Ok((Properties::from_validated(list.rest()), seen))
}

/// Checks that a list may be sent here. In MQTT 3 there is none.
#[cfg_attr(not(target_arch = "wasm32"), inline)]
pub(super) fn check_encode(
    properties: Properties<'_>,
    place: Place,
    rules: Rules,
) -> Result<Seen, EncodeError> {
    if properties.is_empty() {
        return Ok(Seen::NONE);
    }
    if !rules.version.is_v5() {
        return Err(EncodeError::PropertiesNotInVersion);
    }
    // The list itself is valid, so what remains is whether it belongs here.
    let list = Reader::new(properties.as_bytes());
    check_list(list, place, rules.sender, false).map_err(|error| match error {
        DecodeErrorKind::PropertyDuplicate => EncodeError::PropertyDuplicate,
        _ => EncodeError::PropertyNotAllowed,
    })
}

/// The bytes of a list with its length.
pub(super) fn encoded_len(properties: Properties<'_>, version: Version) -> u64 {
    let len = properties.as_bytes().len();
    if version.is_v5() {
        varint_len(len) as u64 + len as u64
    } else {
        0
    }
}

/// Checks the list, then writes its length and the list. In MQTT 3 nothing is written.
pub(super) fn encode(
    writer: &mut Writer<'_>,
    properties: Properties<'_>,
    place: Place,
    rules: Rules,
) -> Result<Seen, EncodeError> {
    let seen = check_encode(properties, place, rules)?;
    if rules.version.is_v5() {
        writer.properties(properties)?;
    }
    Ok(seen)
}

/// Authentication Data makes no sense without a method (sections 3.1.2.11.10 and 3.2.2.3.18).
pub(super) const fn method_is_missing(seen: Seen) -> bool {
    seen.has(PropertyId::AuthenticationData) && !seen.has(PropertyId::AuthenticationMethod)
}
