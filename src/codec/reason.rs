//! Reason codes: one table of value, name and the packets in which the code is legal.
//!
//! The lists are the tables of the packet sections (3.2.2.2, 3.4.2.1, ... 3.15.2.1) with their column "sent by".
//! 0x8C is legal in a DISCONNECT of a server because table 2-6 says so, although 3.14.2.1 leaves it out.

use super::error::{DecodeErrorKind, EncodeError};
use super::packet::{PacketType, Sender};
use super::reader::Reader;

// Places as bits. A packet type takes the bit of its number. DISCONNECT and AUTH have different lists by
// sender; the numbers 0 and 1 (reserved, and CONNECT, which has no reason code) stand for "from a client".
const CONNACK: u16 = 1 << 2;
const PUBACK: u16 = 1 << 4;
const PUBREC: u16 = 1 << 5;
const PUBREL: u16 = 1 << 6;
const PUBCOMP: u16 = 1 << 7;
const SUBACK: u16 = 1 << 9;
const UNSUBACK: u16 = 1 << 11;
const DISCONNECT_CLIENT: u16 = 1;
const DISCONNECT_SERVER: u16 = 1 << 14;
const DISCONNECT: u16 = DISCONNECT_CLIENT | DISCONNECT_SERVER;
const AUTH_CLIENT: u16 = 1 << 1;
const AUTH_SERVER: u16 = 1 << 15;
const AUTH: u16 = AUTH_CLIENT | AUTH_SERVER;
const PUBLISHED: u16 = PUBACK | PUBREC;
const RELEASED: u16 = PUBREL | PUBCOMP;
const SUBSCRIBED: u16 = SUBACK | UNSUBACK;

macro_rules! reason_codes {
    ($( $(#[$meta:meta])* $variant:ident = $value:literal, $name:literal, $places:expr; )+) => {
        /// A reason code of MQTT 5 (section 2.4).
        ///
        /// The return codes of MQTT 3 are mapped to the code that means the same. 0x00 has three names in the
        /// specification (Success, Normal disconnection, Granted QoS 0) and one here.
        #[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord, Hash)]
        #[repr(u8)]
        pub enum ReasonCode {
            $( $(#[$meta])* $variant = $value, )+
        }

        impl ReasonCode {
            /// Every reason code, in ascending order.
            pub const ALL: &'static [Self] = &[ $( Self::$variant, )+ ];

            /// The code of this value, if there is one.
            #[must_use]
            pub const fn from_u8(value: u8) -> Option<Self> {
                match value {
                    $( $value => Some(Self::$variant), )+
                    _ => None,
                }
            }

            /// The name in the specification, such as "Not authorized".
            #[must_use]
            pub const fn name(self) -> &'static str {
                match self {
                    $( Self::$variant => $name, )+
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

reason_codes! {
    /// Success, Normal disconnection, or Granted QoS 0.
    Success = 0x00, "Success", CONNACK | PUBLISHED | RELEASED | SUBSCRIBED | DISCONNECT | AUTH_SERVER;
    /// Subscription granted with at most QoS 1.
    GrantedQoS1 = 0x01, "Granted QoS 1", SUBACK;
    /// Subscription granted with at most QoS 2.
    GrantedQoS2 = 0x02, "Granted QoS 2", SUBACK;
    /// The client leaves and wants its will published.
    DisconnectWithWillMessage = 0x04, "Disconnect with Will Message", DISCONNECT_CLIENT;
    /// The message was accepted but nobody subscribes to it.
    NoMatchingSubscribers = 0x10, "No matching subscribers", PUBLISHED;
    /// There was no such subscription.
    NoSubscriptionExisted = 0x11, "No subscription existed", UNSUBACK;
    /// Go on with the authentication.
    ContinueAuthentication = 0x18, "Continue authentication", AUTH;
    /// Begin a re-authentication.
    ReAuthenticate = 0x19, "Re-authenticate", AUTH_CLIENT;
    /// Failure without a reason given.
    UnspecifiedError = 0x80, "Unspecified error", CONNACK | PUBLISHED | SUBSCRIBED | DISCONNECT;
    /// A packet that could not be parsed.
    MalformedPacket = 0x81, "Malformed Packet", CONNACK | DISCONNECT;
    /// A packet that is not allowed now, or contradicts itself.
    ProtocolError = 0x82, "Protocol Error", CONNACK | DISCONNECT;
    /// Valid, but not accepted by this implementation.
    ImplementationSpecificError = 0x83, "Implementation specific error", CONNACK | PUBLISHED | SUBSCRIBED | DISCONNECT;
    /// The server does not speak this version.
    UnsupportedProtocolVersion = 0x84, "Unsupported Protocol Version", CONNACK;
    /// The client identifier is valid text but not allowed.
    ClientIdentifierNotValid = 0x85, "Client Identifier not valid", CONNACK;
    /// Bad user name or password.
    BadUserNameOrPassword = 0x86, "Bad User Name or Password", CONNACK;
    /// Not allowed to do this.
    NotAuthorized = 0x87, "Not authorized", CONNACK | PUBLISHED | SUBSCRIBED | DISCONNECT_SERVER;
    /// The server is not available.
    ServerUnavailable = 0x88, "Server unavailable", CONNACK;
    /// The server is busy.
    ServerBusy = 0x89, "Server busy", CONNACK | DISCONNECT_SERVER;
    /// The client was banned by an administrator.
    Banned = 0x8A, "Banned", CONNACK;
    /// The server is shutting down.
    ServerShuttingDown = 0x8B, "Server shutting down", DISCONNECT_SERVER;
    /// The authentication method is not supported or not the one in use.
    BadAuthenticationMethod = 0x8C, "Bad authentication method", CONNACK | DISCONNECT_SERVER;
    /// Nothing was received for one and a half times the keep alive.
    KeepAliveTimeout = 0x8D, "Keep Alive timeout", DISCONNECT_SERVER;
    /// Another connection uses the same client identifier.
    SessionTakenOver = 0x8E, "Session taken over", DISCONNECT_SERVER;
    /// The filter is well formed but not accepted.
    TopicFilterInvalid = 0x8F, "Topic Filter invalid", SUBSCRIBED | DISCONNECT_SERVER;
    /// The topic name is well formed but not accepted.
    TopicNameInvalid = 0x90, "Topic Name invalid", CONNACK | PUBLISHED | DISCONNECT;
    /// The packet identifier is already in use.
    PacketIdentifierInUse = 0x91, "Packet Identifier in use", PUBLISHED | SUBSCRIBED;
    /// The packet identifier is not known.
    PacketIdentifierNotFound = 0x92, "Packet Identifier not found", RELEASED;
    /// More unacknowledged messages than Receive Maximum.
    ReceiveMaximumExceeded = 0x93, "Receive Maximum exceeded", DISCONNECT;
    /// Topic alias 0, or above the maximum.
    TopicAliasInvalid = 0x94, "Topic Alias invalid", DISCONNECT;
    /// Larger than Maximum Packet Size.
    PacketTooLarge = 0x95, "Packet too large", CONNACK | DISCONNECT;
    /// Messages come too fast.
    MessageRateTooHigh = 0x96, "Message rate too high", DISCONNECT;
    /// A limit set by the implementation or an administrator.
    QuotaExceeded = 0x97, "Quota exceeded", CONNACK | PUBLISHED | SUBACK | DISCONNECT;
    /// An administrator closed the connection.
    AdministrativeAction = 0x98, "Administrative action", DISCONNECT;
    /// The payload is not what Payload Format Indicator says.
    PayloadFormatInvalid = 0x99, "Payload format invalid", CONNACK | PUBLISHED | DISCONNECT;
    /// The server keeps no retained messages.
    RetainNotSupported = 0x9A, "Retain not supported", CONNACK | DISCONNECT_SERVER;
    /// The QoS is above the server's maximum.
    QoSNotSupported = 0x9B, "QoS not supported", CONNACK | DISCONNECT_SERVER;
    /// Use another server for now.
    UseAnotherServer = 0x9C, "Use another server", CONNACK | DISCONNECT_SERVER;
    /// Use another server from now on.
    ServerMoved = 0x9D, "Server moved", CONNACK | DISCONNECT_SERVER;
    /// No shared subscriptions here.
    SharedSubscriptionsNotSupported = 0x9E, "Shared Subscriptions not supported", SUBACK | DISCONNECT_SERVER;
    /// Too many connections in a short time.
    ConnectionRateExceeded = 0x9F, "Connection rate exceeded", CONNACK | DISCONNECT_SERVER;
    /// The longest connection time allowed is over.
    MaximumConnectTime = 0xA0, "Maximum connect time", DISCONNECT_SERVER;
    /// No subscription identifiers here.
    SubscriptionIdentifiersNotSupported = 0xA1, "Subscription Identifiers not supported", SUBACK | DISCONNECT_SERVER;
    /// No wildcard subscriptions here.
    WildcardSubscriptionsNotSupported = 0xA2, "Wildcard Subscriptions not supported", SUBACK | DISCONNECT_SERVER;
}

impl ReasonCode {
    /// The value on the wire.
    #[must_use]
    #[inline]
    pub const fn as_u8(self) -> u8 {
        self as u8
    }

    /// 0x80 and above mean failure.
    #[must_use]
    #[inline]
    pub const fn is_error(self) -> bool {
        self.as_u8() >= 0x80
    }

    /// Whether `sender` may use the code in a packet of this type (of MQTT 5).
    #[must_use]
    pub fn legal_in(self, packet: PacketType, sender: Sender) -> bool {
        if !packet.sent_by(sender) {
            return false;
        }
        let place = match (packet, sender) {
            (PacketType::Disconnect, Sender::Client) => DISCONNECT_CLIENT,
            (PacketType::Auth, Sender::Client) => AUTH_CLIENT,
            // CONNECT has no reason code, and its bit is taken by AUTH.
            (PacketType::Connect, _) => 0,
            (other, _) => 1 << other as u8,
        };
        // Only a server knows who subscribes [MQTT-3.4.2-1].
        let servers_only = self == Self::NoMatchingSubscribers;
        self.places() & place != 0 && !(servers_only && sender == Sender::Client)
    }
}

/// The reason codes of a SUBACK or UNSUBACK, one for each topic filter; already validated.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq, Hash)]
pub struct ReasonCodes<'a>(&'a [u8]);

impl<'a> ReasonCodes<'a> {
    /// No codes: UNSUBACK of MQTT 3.
    pub const EMPTY: Self = Self(&[]);

    /// Reads a list of codes; `None` if one of them does not exist.
    #[must_use]
    pub fn from_bytes(bytes: &'a [u8]) -> Option<Self> {
        bytes
            .iter()
            .all(|&byte| ReasonCode::from_u8(byte).is_some())
            .then_some(Self(bytes))
    }

    /// The bytes on the wire.
    #[must_use]
    pub const fn as_bytes(&self) -> &'a [u8] {
        self.0
    }

    /// How many codes there are.
    #[must_use]
    pub const fn len(&self) -> usize {
        self.0.len()
    }

    /// Whether there is no code.
    #[must_use]
    pub const fn is_empty(&self) -> bool {
        self.0.is_empty()
    }

    /// Reads the codes at the end of a packet: at least one, and each of them allowed.
    pub(super) fn decode(
        body: Reader<'a>,
        is_allowed: impl Fn(ReasonCode) -> bool,
    ) -> Result<Self, DecodeErrorKind> {
        let codes = Self::from_bytes(body.rest()).ok_or(DecodeErrorKind::ReasonCode)?;
        match codes.check_encode(is_allowed) {
            Ok(()) => Ok(codes),
            Err(EncodeError::NoReasonCodes) => Err(DecodeErrorKind::NoReasonCodes),
            Err(_) => Err(DecodeErrorKind::ReasonCode),
        }
    }

    /// Checks codes to be sent: at least one, and each of them allowed.
    pub(super) fn check_encode(
        self,
        is_allowed: impl Fn(ReasonCode) -> bool,
    ) -> Result<(), EncodeError> {
        if self.is_empty() {
            return Err(EncodeError::NoReasonCodes);
        }
        // Mostly they are all the same.
        let mut allowed = None;
        for code in self.iter() {
            if allowed != Some(code) && !is_allowed(code) {
                return Err(EncodeError::ReasonNotAllowed);
            }
            allowed = Some(code);
        }
        Ok(())
    }

    /// The codes in the order of the topic filters.
    pub fn iter(&self) -> impl Iterator<Item = ReasonCode> + use<'a> {
        self.0.iter().filter_map(|&byte| ReasonCode::from_u8(byte))
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn values_round_trip_and_ascend() {
        let all: alloc::vec::Vec<ReasonCode> =
            (0..=u8::MAX).filter_map(ReasonCode::from_u8).collect();
        assert_eq!(all, ReasonCode::ALL);
        assert!(
            all.iter()
                .all(|code| ReasonCode::from_u8(code.as_u8()) == Some(*code))
        );
    }

    #[test]
    fn failures_begin_at_0x80() {
        assert!(
            ReasonCode::ALL
                .iter()
                .all(|code| code.is_error() == (code.as_u8() >> 7 == 1))
        );
        assert!(ReasonCode::UnspecifiedError.is_error());
        assert!(!ReasonCode::ReAuthenticate.is_error());
    }

    #[test]
    fn only_a_server_reports_missing_subscribers() {
        for packet in [PacketType::PubAck, PacketType::PubRec] {
            assert!(ReasonCode::NoMatchingSubscribers.legal_in(packet, Sender::Server));
            assert!(!ReasonCode::NoMatchingSubscribers.legal_in(packet, Sender::Client));
        }
    }

    #[test]
    fn packets_without_a_reason_code_have_none() {
        for code in ReasonCode::ALL {
            for sender in [Sender::Client, Sender::Server] {
                for packet in [
                    PacketType::Connect,
                    PacketType::Publish,
                    PacketType::Subscribe,
                    PacketType::Unsubscribe,
                    PacketType::PingReq,
                    PacketType::PingResp,
                ] {
                    assert!(
                        !code.legal_in(packet, sender),
                        "{code:?} in {packet:?} from {sender:?}"
                    );
                }
            }
        }
    }
}
