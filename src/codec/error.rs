//! The error enums of the codec: small, `Copy`, with fixed texts.
//!
//! Every error answers three questions: `code()` is a stable name for programs, `Display` a fixed sentence
//! for people, and `reason()` the MQTT 5 reason code that fits a DISCONNECT caused by it. Nothing is
//! formatted and nothing is allocated. This module must not know how packets look.

use super::reason::ReasonCode;

/// Declares an error enum together with its code, sentence and reason code, one row per variant.
macro_rules! error_enum {
    (
        $(#[$meta:meta])*
        pub enum $name:ident {
            $( $(#[$variant_meta:meta])* $variant:ident: $code:literal, $text:literal, $reason:ident; )+
        }
    ) => {
        $(#[$meta])*
        #[derive(Clone, Copy, Debug, PartialEq, Eq, Hash)]
        #[non_exhaustive]
        pub enum $name {
            $( $(#[$variant_meta])* $variant, )+
        }

        impl $name {
            /// A stable name for programs and tests.
            #[must_use]
            pub const fn code(self) -> &'static str {
                match self {
                    $( Self::$variant => $code, )+
                }
            }

            /// The MQTT 5 reason code that fits a DISCONNECT caused by this error.
            #[must_use]
            pub const fn reason(self) -> ReasonCode {
                match self {
                    $( Self::$variant => ReasonCode::$reason, )+
                }
            }
        }

        impl core::fmt::Display for $name {
            fn fmt(&self, f: &mut core::fmt::Formatter<'_>) -> core::fmt::Result {
                f.write_str(match self {
                    $( Self::$variant => $text, )+
                })
            }
        }

        impl core::error::Error for $name {}
    };
}

error_enum! {
    /// Why a text is no topic name or no topic filter.
    pub enum TopicError {
        /// A name or filter has at least one character [MQTT-4.7.3-1].
        Empty: "topic-empty", "the topic is empty", TopicNameInvalid;
        /// More than 65 535 bytes of UTF-8 [MQTT-4.7.3-3].
        TooLong: "topic-too-long", "the topic is longer than 65535 bytes", TopicNameInvalid;
        /// U+0000 is not allowed [MQTT-4.7.3-2].
        Nul: "topic-nul", "the topic contains U+0000", MalformedPacket;
        /// `+` or `#` in a topic name [MQTT-4.7.1-1].
        Wildcard: "topic-wildcard", "a topic name cannot contain the wildcards + and #", TopicNameInvalid;
        /// `#` that is not a whole level, or not the last one [MQTT-4.7.1-1].
        MultiLevelWildcard: "filter-hash", "the wildcard # must be a level of its own and the last one",
            TopicFilterInvalid;
        /// `+` that is not a whole level [MQTT-4.7.1-2].
        SingleLevelWildcard: "filter-plus", "the wildcard + must be a level of its own", TopicFilterInvalid;
        /// A shared subscription without share name or filter, or with a wildcard in the name [MQTT-4.8.2-1] [MQTT-4.8.2-2].
        ShareName: "filter-share", "a shared subscription is written $share/name/filter, with no wildcard in the name",
            TopicFilterInvalid;
    }
}

error_enum! {
    /// Why [`PropertiesBuf`](super::PropertiesBuf) refused a property.
    pub enum PropertyError {
        /// The value is outside the range of this property.
        ValueOutOfRange: "property-value", "the value is outside the range of this property", ProtocolError;
        /// The property has another type of value.
        WrongType: "property-type", "this property has another type of value", MalformedPacket;
        /// A property that may occur once is there already.
        Duplicate: "property-duplicate", "this property may occur only once", ProtocolError;
        /// U+0000 in a text, or a Response Topic that is no topic name.
        TextInvalid: "property-text", "the text contains a character that is not allowed here", MalformedPacket;
        /// A text or binary value of more than 65 535 bytes.
        TooLong: "property-too-long", "the value is longer than 65535 bytes", MalformedPacket;
    }
}

error_enum! {
    /// What is wrong with received bytes.
    pub enum DecodeErrorKind {
        /// A packet type that does not exist in this version.
        PacketType: "packet-type", "the packet type is reserved", MalformedPacket;
        /// A packet that this side never sends.
        UnexpectedPacket: "packet-direction", "this side never sends such a packet", ProtocolError;
        /// Reserved bits of the fixed header are wrong [MQTT-2.1.3-1].
        HeaderFlags: "header-flags", "the flags of the fixed header are wrong", MalformedPacket;
        /// A PUBLISH with both QoS bits set [MQTT-3.3.1-4].
        QoS: "qos", "QoS 3 does not exist", MalformedPacket;
        /// DUP on a QoS 0 message [MQTT-3.3.1-2].
        DupWithoutQoS: "dup-qos0", "a QoS 0 message has DUP set", ProtocolError;
        /// More than four bytes of variable byte integer.
        VarIntTooLong: "varint-too-long", "a variable byte integer has more than four bytes", MalformedPacket;
        /// Not the shortest form [MQTT-1.5.5-1].
        VarIntNotMinimal: "varint-not-minimal", "a variable byte integer is not in its shortest form", MalformedPacket;
        /// Larger than the receiver allows.
        PacketTooLarge: "packet-too-large", "the packet is larger than the maximum packet size", PacketTooLarge;
        /// A field runs past the end of its packet or property list.
        Truncated: "field-truncated", "a field runs past the end of the packet", MalformedPacket;
        /// Bytes after the last field.
        TrailingBytes: "trailing-bytes", "there are bytes after the last field", MalformedPacket;
        /// A text that is not UTF-8 [MQTT-1.5.4-1].
        Utf8: "text-utf8", "a text is not well-formed UTF-8", MalformedPacket;
        /// U+0000 in a text [MQTT-1.5.4-2].
        Nul: "text-nul", "a text contains U+0000", MalformedPacket;
        /// A packet identifier of 0 [MQTT-2.2.1-3].
        PacketIdZero: "packet-id-zero", "the packet identifier is 0", ProtocolError;
        /// An empty topic name without a topic alias.
        TopicEmpty: "topic-empty", "the topic name is empty and there is no topic alias", ProtocolError;
        /// A wildcard in a topic name [MQTT-3.3.2-2].
        TopicWildcard: "topic-wildcard", "the topic name contains a wildcard", TopicNameInvalid;
        /// Topic alias 0 [MQTT-3.3.2-8].
        TopicAliasZero: "topic-alias-zero", "the topic alias is 0", TopicAliasInvalid;
        /// A topic filter that breaks the rules of section 4.7 or 4.8.
        Filter: "filter", "the topic filter is not valid", TopicFilterInvalid;
        /// An unknown property identifier.
        PropertyUnknown: "property-unknown", "the property identifier is unknown", MalformedPacket;
        /// A property of another packet.
        PropertyNotAllowed: "property-not-allowed", "the property does not belong into this packet", MalformedPacket;
        /// A property that only the other side may send in this packet.
        PropertyFromSender: "property-direction", "this side may not send the property in this packet", ProtocolError;
        /// A property that may occur once occurs twice.
        PropertyDuplicate: "property-duplicate", "a property that may occur once occurs twice", ProtocolError;
        /// A property value outside its range.
        PropertyValue: "property-value", "a property has a value outside its range", ProtocolError;
        /// Authentication Data without a method, or AUTH without one.
        NoAuthenticationMethod: "no-authentication-method", "the authentication method is missing", ProtocolError;
        /// A reason code that does not exist, or not in this packet from this side.
        ReasonCode: "reason-code", "the reason code is not one this side may use here", ProtocolError;
        /// Reserved bits in the acknowledge flags of CONNACK.
        ConnAckFlags: "connack-flags", "reserved bits of the connect acknowledge flags are set", MalformedPacket;
        /// A refusal that claims a session [MQTT-3.2.2-6].
        SessionPresent: "session-present", "a refused connection cannot have a session present", ProtocolError;
        /// A reserved return code in a CONNACK of MQTT 3.
        ReturnCode: "return-code", "the connect return code is reserved", ProtocolError;
        /// SUBSCRIBE or UNSUBSCRIBE without a topic filter.
        NoFilters: "no-filters", "there is no topic filter", ProtocolError;
        /// SUBACK or UNSUBACK without a reason code.
        NoReasonCodes: "no-reason-codes", "there is no reason code", ProtocolError;
        /// Reserved bits in the subscription options [MQTT-3.8.3-5].
        SubscribeOptions: "subscribe-options", "reserved bits of the subscription options are set", MalformedPacket;
        /// A requested QoS of 3.
        SubscribeQoS: "subscribe-qos", "QoS 3 does not exist", ProtocolError;
        /// Retain Handling 3.
        RetainHandling: "retain-handling", "retain handling 3 does not exist", ProtocolError;
        /// No Local on a shared subscription [MQTT-3.8.3-4].
        NoLocalShared: "no-local-shared", "a shared subscription cannot have No Local", ProtocolError;
        /// A protocol name or level this codec does not speak.
        ProtocolVersion: "protocol-version", "the protocol name or version is not supported", UnsupportedProtocolVersion;
        /// Flags of CONNECT that contradict each other or are reserved.
        ConnectFlags: "connect-flags", "the connect flags are not valid", MalformedPacket;
        /// An empty client identifier where there must be one [MQTT-3.1.3-7] (3.1.1).
        ClientIdEmpty: "client-id-empty", "an empty client identifier needs Clean Session", ClientIdentifierNotValid;
    }
}

error_enum! {
    /// Why a packet was not encoded.
    pub enum EncodeError {
        /// Remaining length above 268 435 455.
        PacketTooLarge: "packet-too-large", "the packet is larger than MQTT allows", PacketTooLarge;
        /// A text of more than 65 535 bytes.
        TextTooLong: "text-too-long", "a text is longer than 65535 bytes", MalformedPacket;
        /// U+0000 in a text [MQTT-1.5.4-2].
        TextNul: "text-nul", "a text contains U+0000", MalformedPacket;
        /// A binary field of more than 65 535 bytes.
        BinaryTooLong: "binary-too-long", "a binary field is longer than 65535 bytes", MalformedPacket;
        /// An empty topic name without a topic alias.
        TopicEmpty: "topic-empty", "the topic name is empty and there is no topic alias", TopicNameInvalid;
        /// A property of another packet or of the other side.
        PropertyNotAllowed: "property-not-allowed", "a property does not belong into this packet", ProtocolError;
        /// A property that may occur once here occurs twice.
        PropertyDuplicate: "property-duplicate", "a property that may occur once occurs twice", ProtocolError;
        /// Properties on a packet of MQTT 3.
        PropertiesNotInVersion: "properties-version", "only MQTT 5 has properties", ProtocolError;
        /// Authentication Data without a method, or AUTH without one.
        NoAuthenticationMethod: "no-authentication-method", "the authentication method is missing", ProtocolError;
        /// A reason code this side may not use in this packet.
        ReasonNotAllowed: "reason-not-allowed", "the reason code is not one this side may use here", ProtocolError;
        /// SUBSCRIBE or UNSUBSCRIBE without a topic filter [MQTT-3.8.3-2].
        NoFilters: "no-filters", "there is no topic filter", ProtocolError;
        /// SUBACK or UNSUBACK without a reason code.
        NoReasonCodes: "no-reason-codes", "there is no reason code", ProtocolError;
        /// [`Connect::version`](super::Connect::version) is not the version to encode for.
        VersionMismatch: "version-mismatch", "the packet is for another protocol version", UnsupportedProtocolVersion;
        /// AUTH, or DISCONNECT from a server, in MQTT 3.
        PacketNotInVersion: "packet-version", "this protocol version has no such packet", ProtocolError;
        /// A packet that this side never sends.
        PacketNotFromSender: "packet-direction", "this side never sends such a packet", ProtocolError;
        /// A password without a user name in MQTT 3 [MQTT-3.1.2-22].
        PasswordWithoutUsername: "password-without-username", "MQTT 3 allows a password only with a user name",
            BadUserNameOrPassword;
        /// An empty client identifier without Clean Session in 3.1.1, or at all in 3.1.
        EmptyClientIdNeedsCleanSession: "client-id-empty", "an empty client identifier needs Clean Session, and MQTT 3.1 has none",
            ClientIdentifierNotValid;
        /// A message of QoS 1 or 2 without a packet identifier [MQTT-2.2.1-3].
        PacketIdMissing: "packet-id-missing", "a message of QoS 1 or 2 needs a packet identifier", ProtocolError;
        /// A message of QoS 0 with a packet identifier [MQTT-2.2.1-2].
        PacketIdNotAllowed: "packet-id-qos0", "a message of QoS 0 has no packet identifier", ProtocolError;
        /// DUP on a message of QoS 0 [MQTT-3.3.1-2].
        DupWithoutQoS: "dup-qos0", "a message of QoS 0 cannot have DUP set", ProtocolError;
        /// Subscription options other than QoS in MQTT 3.
        OptionsNotInVersion: "subscribe-options-version", "MQTT 3 has no subscription options but QoS", ProtocolError;
        /// No Local on a shared subscription [MQTT-3.8.3-4].
        NoLocalShared: "no-local-shared", "a shared subscription cannot have No Local", ProtocolError;
        /// Session Present on a refusal, or in MQTT 3.1.
        SessionPresent: "session-present", "Session Present is only for an accepted connection of 3.1.1 or 5", ProtocolError;
    }
}

/// Received bytes that are not an MQTT packet, or not one that may come from this side.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Hash)]
pub struct DecodeError {
    kind: DecodeErrorKind,
}

impl DecodeError {
    /// What is wrong.
    #[must_use]
    pub const fn kind(self) -> DecodeErrorKind {
        self.kind
    }

    /// A stable name for programs and tests.
    #[must_use]
    pub const fn code(self) -> &'static str {
        self.kind.code()
    }

    /// The MQTT 5 reason code that fits a DISCONNECT caused by this error.
    #[must_use]
    pub const fn reason(self) -> ReasonCode {
        self.kind.reason()
    }
}

impl From<DecodeErrorKind> for DecodeError {
    #[inline]
    fn from(kind: DecodeErrorKind) -> Self {
        Self { kind }
    }
}

impl core::fmt::Display for DecodeError {
    fn fmt(&self, f: &mut core::fmt::Formatter<'_>) -> core::fmt::Result {
        self.kind.fmt(f)
    }
}

impl core::error::Error for DecodeError {}
