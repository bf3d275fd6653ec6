//! Which bytes are which field: packets with all their fields in both directions, and property lists.

#[path = "codec_vectors/notation.rs"]
#[allow(dead_code, reason = "each test takes what it needs")]
mod notation;
#[path = "codec_vectors/samples.rs"]
#[allow(dead_code, reason = "each test takes what it needs")]
mod samples;

use notation::packet;
use samples::{decode_whole, id};
use webmqtt::codec::{
    self, Ack, Auth, ConnAck, Connect, Disconnect, Packet, Properties, PropertiesBuf, Property,
    PropertyError, PropertyId, Publish, QoS, ReasonCode, ReasonCodes, RetainHandling, Sender,
    SubAck, Subscribe, SubscribeFiltersBuf, SubscribeOptions, TopicFilter, TopicName, UnsubAck,
    Unsubscribe, UnsubscribeFiltersBuf, Version, Will,
};

const SENDERS: [Sender; 2] = [Sender::Client, Sender::Server];
const VERSIONS: [Version; 3] = [Version::V3, Version::V4, Version::V5];

/// The packet means these bytes, in both directions.
#[track_caller]
fn assert_means(version: Version, sender: Sender, value: Packet<'_>, text: &str) {
    let bytes = packet(text);
    assert_eq!(decode_whole(sender, &bytes, version), value);
    let mut out = Vec::new();
    codec::encode_as(sender, &value, version, &mut out).unwrap();
    assert_eq!(out, bytes, "{out:02X?}");
}

#[test]
fn connect_has_its_fields_in_order() {
    let mut properties = PropertiesBuf::new();
    properties
        .four_byte(PropertyId::SessionExpiryInterval, 3600)
        .unwrap();
    properties.two_byte(PropertyId::ReceiveMaximum, 20).unwrap();
    let mut will_properties = PropertiesBuf::new();
    will_properties
        .four_byte(PropertyId::WillDelayInterval, 5)
        .unwrap();
    let full = Connect {
        version: Version::V5,
        clean_start: true,
        keep_alive: 30,
        client_id: "panel-7",
        will: Some(Will {
            topic: TopicName::new("panel/7").unwrap(),
            payload: b"gone",
            qos: QoS::ExactlyOnce,
            retain: true,
            properties: will_properties.as_properties(),
        }),
        username: Some("joe"),
        password: Some(b"\x00\xFF"),
        properties: properties.as_properties(),
    };
    assert_means(
        Version::V5,
        Sender::Client,
        Packet::Connect(full.clone()),
        "10 <'MQTT' 05 F6 001E <11 00000E10 21 0014> 'panel-7' <18 00000005> 'panel/7' 'gone' 'joe' 0002 00FF>",
    );
    let will = full.will.map(|will| Will {
        properties: Properties::EMPTY,
        ..will
    });
    let older = Connect {
        will,
        properties: Properties::EMPTY,
        ..full
    };
    for (version, text) in [
        (
            Version::V4,
            "10 <'MQTT' 04 F6 001E 'panel-7' 'panel/7' 'gone' 'joe' 0002 00FF>",
        ),
        (
            Version::V3,
            "10 <'MQIsdp' 03 F6 001E 'panel-7' 'panel/7' 'gone' 'joe' 0002 00FF>",
        ),
    ] {
        let packet = Packet::Connect(Connect {
            version,
            ..older.clone()
        });
        assert_means(version, Sender::Client, packet, text);
    }
}

#[test]
fn connect_is_decoded_by_the_version_it_names() {
    let bytes = packet("10 <'MQTT' 04 02 003C 'zen'>");
    for version in VERSIONS {
        let Packet::Connect(connect) = decode_whole(Sender::Client, &bytes, version) else {
            panic!()
        };
        assert_eq!(connect.version, Version::V4);
    }
}

#[test]
fn connack_has_its_fields() {
    let accepted = ConnAck {
        session_present: true,
        reason: ReasonCode::Success,
        properties: Properties::EMPTY,
    };
    assert_means(
        Version::V4,
        Sender::Server,
        Packet::ConnAck(accepted.clone()),
        "20 <01 00>",
    );
    assert_means(
        Version::V5,
        Sender::Server,
        Packet::ConnAck(accepted),
        "20 <01 00 00>",
    );
    for (code, reason) in [
        (1, ReasonCode::UnsupportedProtocolVersion),
        (2, ReasonCode::ClientIdentifierNotValid),
        (3, ReasonCode::ServerUnavailable),
        (4, ReasonCode::BadUserNameOrPassword),
        (5, ReasonCode::NotAuthorized),
    ] {
        let refused = Packet::ConnAck(ConnAck {
            session_present: false,
            reason,
            properties: Properties::EMPTY,
        });
        for version in [Version::V3, Version::V4] {
            assert_means(
                version,
                Sender::Server,
                refused.clone(),
                &format!("20 <00 0{code}>"),
            );
        }
    }
}

#[test]
fn a_server_of_3_1_1_refuses_mqtt_5_in_its_own_words() {
    let Packet::ConnAck(connack) =
        decode_whole(Sender::Server, &[0x20, 0x02, 0x00, 0x01], Version::V5)
    else {
        panic!()
    };
    assert_eq!(connack.reason, ReasonCode::UnsupportedProtocolVersion);
    assert!(!connack.session_present && connack.properties.is_empty());
}

#[test]
fn publish_has_its_fields() {
    let mut properties = PropertiesBuf::new();
    properties.two_byte(PropertyId::TopicAlias, 3).unwrap();
    properties
        .var_int(PropertyId::SubscriptionIdentifier, 1)
        .unwrap();
    properties
        .var_int(PropertyId::SubscriptionIdentifier, 200)
        .unwrap();
    let message = Publish {
        dup: true,
        qos: QoS::AtLeastOnce,
        retain: true,
        topic: TopicName::new("a/b").ok(),
        packet_id: Some(id(0x1234)),
        properties: properties.as_properties(),
        payload: b"hi",
    };
    assert_eq!(
        message
            .properties
            .subscription_identifiers()
            .collect::<Vec<_>>(),
        [1, 200]
    );
    assert_means(
        Version::V5,
        Sender::Server,
        Packet::Publish(message.clone()),
        "3B <'a/b' 1234 <23 0003 0B 01 0B C801> \"hi\">",
    );
    let older = Publish {
        properties: Properties::EMPTY,
        ..message
    };
    assert_means(
        Version::V4,
        Sender::Server,
        Packet::Publish(older),
        "3B <'a/b' 1234 \"hi\">",
    );
}

#[test]
fn acknowledgements_have_their_fields() {
    let mut properties = PropertiesBuf::new();
    properties.text(PropertyId::ReasonString, "no").unwrap();
    let ack = |reason, properties| Ack {
        packet_id: id(7),
        reason,
        properties,
    };
    let published = ack(ReasonCode::QuotaExceeded, properties.as_properties());
    let released = ack(
        ReasonCode::PacketIdentifierNotFound,
        properties.as_properties(),
    );
    for sender in SENDERS {
        for (value, text) in [
            (Packet::PubAck(published.clone()), "40 <0007 97 <1F 'no'>>"),
            (Packet::PubRec(published.clone()), "50 <0007 97 <1F 'no'>>"),
            (Packet::PubRel(released.clone()), "62 <0007 92 <1F 'no'>>"),
            (Packet::PubComp(released.clone()), "70 <0007 92 <1F 'no'>>"),
            (
                Packet::PubAck(ack(ReasonCode::NotAuthorized, Properties::EMPTY)),
                "40 <0007 87>",
            ),
        ] {
            assert_means(Version::V5, sender, value, text);
        }
        for version in VERSIONS {
            assert_means(
                version,
                sender,
                Packet::PubAck(Ack::success(id(7))),
                "40 <0007>",
            );
            assert_means(
                version,
                sender,
                Packet::PubRec(Ack::success(id(7))),
                "50 <0007>",
            );
            assert_means(
                version,
                sender,
                Packet::PubRel(Ack::success(id(7))),
                "62 <0007>",
            );
            assert_means(
                version,
                sender,
                Packet::PubComp(Ack::success(id(7))),
                "70 <0007>",
            );
        }
    }
}

#[test]
fn subscribe_and_unsubscribe_have_their_fields() {
    let mut properties = PropertiesBuf::new();
    properties
        .var_int(PropertyId::SubscriptionIdentifier, 128)
        .unwrap();
    let options = SubscribeOptions {
        qos: QoS::ExactlyOnce,
        no_local: true,
        retain_as_published: true,
        retain_handling: RetainHandling::DoNotSend,
    };
    let mut filters = SubscribeFiltersBuf::new();
    assert!(filters.is_empty());
    filters.push(TopicFilter::new("a/+").unwrap(), options);
    filters.push(
        TopicFilter::new("$share/g/b").unwrap(),
        SubscribeOptions::new(QoS::AtLeastOnce),
    );
    assert_eq!((filters.len(), filters.is_empty()), (2, false));
    let subscribe = Subscribe {
        packet_id: id(9),
        properties: properties.as_properties(),
        filters: filters.as_filters(),
    };
    let listed: Vec<_> = subscribe
        .filters
        .iter()
        .map(|(filter, options)| (filter.as_str(), options))
        .collect();
    assert_eq!(
        listed,
        [
            ("a/+", options),
            ("$share/g/b", SubscribeOptions::new(QoS::AtLeastOnce))
        ]
    );
    assert_means(
        Version::V5,
        Sender::Client,
        Packet::Subscribe(subscribe),
        "82 <0009 <0B 8001> 'a/+' 2E '$share/g/b' 01>",
    );

    let mut filters = UnsubscribeFiltersBuf::new();
    filters.push(TopicFilter::new("a/+").unwrap());
    filters.push(TopicFilter::new("b").unwrap());
    assert_eq!(filters.len(), 2);
    let listed: Vec<_> = filters
        .as_filters()
        .iter()
        .map(|filter| filter.as_str())
        .collect();
    assert_eq!(listed, ["a/+", "b"]);
    let unsubscribe = Packet::Unsubscribe(Unsubscribe {
        packet_id: id(10),
        properties: Properties::EMPTY,
        filters: filters.as_filters(),
    });
    assert_means(
        Version::V5,
        Sender::Client,
        unsubscribe.clone(),
        "A2 <000A 00 'a/+' 'b'>",
    );
    assert_means(
        Version::V4,
        Sender::Client,
        unsubscribe,
        "A2 <000A 'a/+' 'b'>",
    );
    filters.clear();
    assert!(filters.is_empty());
}

#[test]
fn suback_and_unsuback_have_their_fields() {
    let codes = ReasonCodes::from_bytes(&[0x00, 0x02, 0x80]).unwrap();
    assert_eq!(
        codes.iter().collect::<Vec<_>>(),
        [
            ReasonCode::Success,
            ReasonCode::GrantedQoS2,
            ReasonCode::UnspecifiedError
        ]
    );
    assert_eq!(ReasonCodes::from_bytes(&[0x00, 0x03]), None);
    let suback = Packet::SubAck(SubAck {
        packet_id: id(9),
        properties: Properties::EMPTY,
        codes,
    });
    assert_means(
        Version::V4,
        Sender::Server,
        suback.clone(),
        "90 <0009 00 02 80>",
    );
    assert_means(Version::V5, Sender::Server, suback, "90 <0009 00 00 02 80>");

    let unsuback = |codes| {
        Packet::UnsubAck(UnsubAck {
            packet_id: id(9),
            properties: Properties::EMPTY,
            codes,
        })
    };
    let codes = ReasonCodes::from_bytes(&[0x00, 0x11]).unwrap();
    assert_means(
        Version::V5,
        Sender::Server,
        unsuback(codes),
        "B0 <0009 00 00 11>",
    );
    assert_means(
        Version::V4,
        Sender::Server,
        unsuback(ReasonCodes::EMPTY),
        "B0 <0009>",
    );
}

#[test]
fn disconnect_and_auth_have_their_fields() {
    let mut properties = PropertiesBuf::new();
    properties
        .text(PropertyId::ServerReference, "other")
        .unwrap();
    let moved = Packet::Disconnect(Disconnect {
        reason: ReasonCode::ServerMoved,
        properties: properties.as_properties(),
    });
    assert_means(Version::V5, Sender::Server, moved, "E0 <9D <1C 'other'>>");

    let mut properties = PropertiesBuf::new();
    properties
        .text(PropertyId::AuthenticationMethod, "m")
        .unwrap();
    properties
        .binary(PropertyId::AuthenticationData, &[0, 255])
        .unwrap();
    let step = Packet::Auth(Auth {
        reason: ReasonCode::ContinueAuthentication,
        properties: properties.as_properties(),
    });
    assert_means(
        Version::V5,
        Sender::Client,
        step,
        "F0 <18 <15 'm' 16 0002 00FF>>",
    );
}

#[test]
fn properties_are_found_by_identifier_and_type() {
    let list =
        packet("01 01 13 000A 11 00000E10 0B C801 1F 'why' 09 0002 00FF 26 'k' 'v' 26 'k' 'w'");
    let list = Properties::from_bytes(&list).unwrap();
    assert_eq!(list.byte(PropertyId::PayloadFormatIndicator), Some(1));
    assert_eq!(list.two_byte(PropertyId::ServerKeepAlive), Some(10));
    assert_eq!(
        list.four_byte(PropertyId::SessionExpiryInterval),
        Some(3600)
    );
    assert_eq!(list.subscription_identifiers().collect::<Vec<_>>(), [200]);
    assert_eq!(list.text(PropertyId::ReasonString), Some("why"));
    assert_eq!(
        list.binary(PropertyId::CorrelationData),
        Some(&[0x00, 0xFF][..])
    );
    assert_eq!(
        list.user_properties().collect::<Vec<_>>(),
        [("k", "v"), ("k", "w")]
    );
    assert_eq!(
        list.iter().collect::<Vec<_>>(),
        [
            Property::Byte(PropertyId::PayloadFormatIndicator, 1),
            Property::TwoByte(PropertyId::ServerKeepAlive, 10),
            Property::FourByte(PropertyId::SessionExpiryInterval, 3600),
            Property::VarInt(PropertyId::SubscriptionIdentifier, 200),
            Property::Text(PropertyId::ReasonString, "why"),
            Property::Binary(PropertyId::CorrelationData, &[0x00, 0xFF]),
            Property::Pair("k", "v"),
            Property::Pair("k", "w"),
        ]
    );
    // Not there, or of another type.
    assert_eq!(list.byte(PropertyId::MaximumQos), None);
    assert_eq!(list.byte(PropertyId::ServerKeepAlive), None);
    assert_eq!(list.two_byte(PropertyId::PayloadFormatIndicator), None);
    assert_eq!(list.four_byte(PropertyId::ServerKeepAlive), None);
    assert_eq!(list.four_byte(PropertyId::SubscriptionIdentifier), None);
    assert_eq!(list.text(PropertyId::CorrelationData), None);
    assert_eq!(list.binary(PropertyId::ReasonString), None);
    assert_eq!(list.text(PropertyId::UserProperty), None);
    assert_eq!(Properties::EMPTY.iter().next(), None);
}

#[test]
fn a_property_list_is_built_valid() {
    let mut list = PropertiesBuf::new();
    for (property, error) in [
        (
            Property::Byte(PropertyId::MaximumQos, 2),
            PropertyError::ValueOutOfRange,
        ),
        (
            Property::TwoByte(PropertyId::ReceiveMaximum, 0),
            PropertyError::ValueOutOfRange,
        ),
        (
            Property::TwoByte(PropertyId::TopicAlias, 0),
            PropertyError::ValueOutOfRange,
        ),
        (
            Property::FourByte(PropertyId::MaximumPacketSize, 0),
            PropertyError::ValueOutOfRange,
        ),
        (
            Property::VarInt(PropertyId::SubscriptionIdentifier, 0),
            PropertyError::ValueOutOfRange,
        ),
        (
            Property::VarInt(PropertyId::SubscriptionIdentifier, 268_435_456),
            PropertyError::ValueOutOfRange,
        ),
        (
            Property::Text(PropertyId::ReasonString, "a\0"),
            PropertyError::TextInvalid,
        ),
        (
            Property::Text(PropertyId::ResponseTopic, "a/+"),
            PropertyError::TextInvalid,
        ),
        (
            Property::Text(PropertyId::ResponseTopic, ""),
            PropertyError::TextInvalid,
        ),
        (Property::Pair("\0", ""), PropertyError::TextInvalid),
        (Property::Pair("", "\0"), PropertyError::TextInvalid),
        (
            Property::Byte(PropertyId::ReceiveMaximum, 1),
            PropertyError::WrongType,
        ),
        (
            Property::TwoByte(PropertyId::MaximumPacketSize, 1),
            PropertyError::WrongType,
        ),
        (
            Property::FourByte(PropertyId::SubscriptionIdentifier, 1),
            PropertyError::WrongType,
        ),
        (
            Property::VarInt(PropertyId::TopicAlias, 1),
            PropertyError::WrongType,
        ),
        (
            Property::Text(PropertyId::CorrelationData, "a"),
            PropertyError::WrongType,
        ),
        (
            Property::Binary(PropertyId::ReasonString, b"a"),
            PropertyError::WrongType,
        ),
        (
            Property::Text(PropertyId::UserProperty, "a"),
            PropertyError::WrongType,
        ),
    ] {
        assert_eq!(list.push(property), Err(error), "{property:?}");
        assert!(list.is_empty(), "{property:?}");
    }

    list.text(PropertyId::ReasonString, "a").unwrap();
    assert_eq!(
        list.text(PropertyId::ReasonString, "b"),
        Err(PropertyError::Duplicate)
    );
    list.user("k", "v").unwrap();
    list.user("k", "v").unwrap();
    list.var_int(PropertyId::SubscriptionIdentifier, 268_435_455)
        .unwrap();
    list.var_int(PropertyId::SubscriptionIdentifier, 1).unwrap();
    assert_eq!(
        list.as_properties().as_bytes(),
        packet("1F 'a' 26 'k' 'v' 26 'k' 'v' 0B FFFFFF7F 0B 01")
    );

    let mut copy = PropertiesBuf::from(list.as_properties());
    assert_eq!(copy, list);
    assert_eq!(
        copy.text(PropertyId::ReasonString, "b"),
        Err(PropertyError::Duplicate)
    );
    copy.clear();
    assert!(copy.is_empty());
    copy.text(PropertyId::ReasonString, "b").unwrap();
}

#[test]
fn a_restored_property_list_is_checked() {
    for (list, code) in [
        ("", "ok"),
        ("24 01 23 0001 18 00000000", "ok"),
        ("24 01 24 01", "property-duplicate"),
        ("24 02", "property-value"),
        ("24", "field-truncated"),
        ("14 00", "property-unknown"),
    ] {
        let list = packet(list);
        let found = Properties::from_bytes(&list).map_or_else(codec::DecodeError::code, |_| "ok");
        assert_eq!(found, code);
    }
}
