//! What is not encoded: each way in which a packet value can be malformed, illegal in its version, or from the wrong side.
//!
//! Whatever is refused leaves the buffer as it was.

#[path = "codec_vectors/notation.rs"]
#[allow(dead_code, reason = "each test takes what it needs")]
mod notation;
#[path = "codec_vectors/samples.rs"]
#[allow(dead_code, reason = "each test takes what it needs")]
mod samples;

use samples::{connect, id, publish};
use webmqtt::codec::Sender::{Client, Server};
use webmqtt::codec::Version::{V3, V4, V5};
use webmqtt::codec::{
    self, Ack, Auth, ConnAck, Connect, Disconnect, EncodeError as E, Packet, Properties,
    PropertiesBuf, Publish, QoS, ReasonCode, ReasonCodes, Sender, SubAck, Subscribe,
    SubscribeFiltersBuf, SubscribeOptions, TopicFilter, TopicName, UnsubAck, Unsubscribe,
    UnsubscribeFiltersBuf, Version, Will,
};

const NONE: Properties<'static> = Properties::EMPTY;

#[track_caller]
fn assert_refused(version: Version, sender: Sender, packet: Packet<'_>, error: E) {
    let mut out = b"before".to_vec();
    let result = codec::encode_as(sender, &packet, version, &mut out);
    assert_eq!(result, Err(error), "{packet:?}");
    assert_eq!(out, b"before", "{packet:?}");
}

/// A property list in the notation of the tables.
fn list(text: &str) -> PropertiesBuf {
    let bytes = notation::packet(text);
    PropertiesBuf::from(Properties::from_bytes(&bytes).expect("a valid list"))
}

#[test]
fn connect_that_contradicts_its_version() {
    let refused = |version, connect, error| {
        assert_refused(version, Client, Packet::Connect(connect), error);
    };
    refused(V4, connect("me"), E::VersionMismatch);
    let v3 = |client_id| Connect {
        version: V3,
        ..connect(client_id)
    };
    refused(V3, v3(""), E::EmptyClientIdNeedsCleanSession);
    refused(
        V3,
        Connect {
            password: Some(b"x"),
            ..v3("me")
        },
        E::PasswordWithoutUsername,
    );
    let v4 = |client_id| Connect {
        version: V4,
        ..connect(client_id)
    };
    refused(
        V4,
        Connect {
            clean_start: false,
            ..v4("")
        },
        E::EmptyClientIdNeedsCleanSession,
    );
    refused(
        V4,
        Connect {
            password: Some(b"x"),
            ..v4("me")
        },
        E::PasswordWithoutUsername,
    );
    let expiry = list("11 00000001");
    let properties = expiry.as_properties();
    refused(
        V4,
        Connect {
            properties,
            ..v4("me")
        },
        E::PropertiesNotInVersion,
    );
}

#[test]
fn connect_with_a_field_that_is_malformed() {
    let refused = |connect, error| assert_refused(V5, Client, Packet::Connect(connect), error);
    refused(connect("a\0"), E::TextNul);
    refused(
        Connect {
            username: Some("\0"),
            ..connect("me")
        },
        E::TextNul,
    );
    let data = list("16 'data'");
    let properties = data.as_properties();
    refused(
        Connect {
            properties,
            ..connect("me")
        },
        E::NoAuthenticationMethod,
    );
    let alias = list("23 0001");
    let properties = alias.as_properties();
    refused(
        Connect {
            properties,
            ..connect("me")
        },
        E::PropertyNotAllowed,
    );
}

#[test]
fn will_with_properties_it_cannot_have() {
    let will = |properties| {
        let topic = TopicName::new("lwt").unwrap();
        Some(Will {
            topic,
            payload: b"",
            qos: QoS::AtMostOnce,
            retain: false,
            properties,
        })
    };
    let delay = list("18 00000001");
    let older = Connect {
        version: V4,
        will: will(delay.as_properties()),
        ..connect("me")
    };
    assert_refused(
        V4,
        Client,
        Packet::Connect(older),
        E::PropertiesNotInVersion,
    );
    let expiry = list("11 00000001");
    let wrong = Connect {
        will: will(expiry.as_properties()),
        ..connect("me")
    };
    assert_refused(V5, Client, Packet::Connect(wrong), E::PropertyNotAllowed);
}

#[test]
fn connack_that_contradicts_itself_or_its_version() {
    let refused = |version, session_present, reason, properties, error| {
        let connack = ConnAck {
            session_present,
            reason,
            properties,
        };
        assert_refused(version, Server, Packet::ConnAck(connack), error);
    };
    let success = ReasonCode::Success;
    refused(V5, true, ReasonCode::NotAuthorized, NONE, E::SessionPresent);
    refused(V4, true, ReasonCode::NotAuthorized, NONE, E::SessionPresent);
    refused(V3, true, success, NONE, E::SessionPresent);
    refused(V4, false, ReasonCode::Banned, NONE, E::ReasonNotAllowed);
    refused(
        V5,
        false,
        ReasonCode::KeepAliveTimeout,
        NONE,
        E::ReasonNotAllowed,
    );
    let data = list("16 'data'");
    refused(
        V5,
        false,
        success,
        data.as_properties(),
        E::NoAuthenticationMethod,
    );
    let alias = list("23 0001");
    refused(
        V5,
        false,
        success,
        alias.as_properties(),
        E::PropertyNotAllowed,
    );
    let expiry = list("11 00000001");
    refused(
        V4,
        false,
        success,
        expiry.as_properties(),
        E::PropertiesNotInVersion,
    );
}

#[test]
fn publish_that_is_malformed() {
    let plain = publish("a", b"");
    let alias = list("23 0001");
    let identifier = list("0B 01");
    let refused = |version, publish, error| {
        assert_refused(version, Client, Packet::Publish(publish), error);
    };
    for version in [V3, V4, V5] {
        let plain = || plain.clone();
        refused(
            version,
            Publish {
                topic: None,
                ..plain()
            },
            E::TopicEmpty,
        );
        refused(
            version,
            Publish {
                qos: QoS::AtLeastOnce,
                ..plain()
            },
            E::PacketIdMissing,
        );
        refused(
            version,
            Publish {
                qos: QoS::ExactlyOnce,
                ..plain()
            },
            E::PacketIdMissing,
        );
        refused(
            version,
            Publish {
                packet_id: Some(id(1)),
                ..plain()
            },
            E::PacketIdNotAllowed,
        );
        refused(
            version,
            Publish {
                dup: true,
                ..plain()
            },
            E::DupWithoutQoS,
        );
    }
    let properties = alias.as_properties();
    refused(
        V4,
        Publish {
            properties,
            ..plain.clone()
        },
        E::PropertiesNotInVersion,
    );
    let properties = identifier.as_properties();
    refused(
        V5,
        Publish {
            properties,
            ..plain
        },
        E::PropertyNotAllowed,
    );
}

#[test]
fn acknowledgements_with_a_reason_or_property_they_cannot_have() {
    let ack = |reason, properties| Ack {
        packet_id: id(1),
        reason,
        properties,
    };
    let refused = |version, packet, error| assert_refused(version, Client, packet, error);
    let refusal = || ack(ReasonCode::NotAuthorized, NONE);
    refused(V4, Packet::PubAck(refusal()), E::ReasonNotAllowed);
    refused(V4, Packet::PubRec(refusal()), E::ReasonNotAllowed);
    refused(V5, Packet::PubRel(refusal()), E::ReasonNotAllowed);
    refused(V5, Packet::PubComp(refusal()), E::ReasonNotAllowed);
    let unknowable = ack(ReasonCode::NoMatchingSubscribers, NONE);
    refused(V5, Packet::PubRec(unknowable), E::ReasonNotAllowed);
    let alias = list("23 0001");
    let misplaced = ack(ReasonCode::Success, alias.as_properties());
    refused(V5, Packet::PubComp(misplaced), E::PropertyNotAllowed);
    let why = list("1F 'why'");
    let newer = ack(ReasonCode::Success, why.as_properties());
    refused(V4, Packet::PubAck(newer), E::PropertiesNotInVersion);
}

#[test]
fn subscribe_that_is_empty_or_has_illegal_options() {
    let no_local = SubscribeOptions {
        no_local: true,
        ..SubscribeOptions::default()
    };
    let filters = |pairs: &[(&str, SubscribeOptions)]| {
        let mut filters = SubscribeFiltersBuf::new();
        for (filter, options) in pairs {
            filters.push(TopicFilter::new(filter).unwrap(), *options);
        }
        filters
    };
    let refused = |version, properties: &PropertiesBuf, filters: SubscribeFiltersBuf, error| {
        let (properties, filters) = (properties.as_properties(), filters.as_filters());
        let subscribe = Subscribe {
            packet_id: id(1),
            properties,
            filters,
        };
        assert_refused(version, Client, Packet::Subscribe(subscribe), error);
    };
    let plain = SubscribeOptions::default();
    let none = PropertiesBuf::new();
    refused(V4, &none, filters(&[]), E::NoFilters);
    refused(V5, &none, filters(&[]), E::NoFilters);
    refused(
        V4,
        &none,
        filters(&[("a", plain), ("b", no_local)]),
        E::OptionsNotInVersion,
    );
    refused(
        V5,
        &none,
        filters(&[("a", plain), ("$share/g/a", no_local)]),
        E::NoLocalShared,
    );
    let twice = list("0B 01 0B 02");
    refused(V5, &twice, filters(&[("a", plain)]), E::PropertyDuplicate);
    let misplaced = list("1F 'why'");
    refused(
        V5,
        &misplaced,
        filters(&[("a", plain)]),
        E::PropertyNotAllowed,
    );

    let filters = UnsubscribeFiltersBuf::new();
    for version in [V4, V5] {
        let filters = filters.as_filters();
        let unsubscribe = Unsubscribe {
            packet_id: id(1),
            properties: NONE,
            filters,
        };
        assert_refused(
            version,
            Client,
            Packet::Unsubscribe(unsubscribe),
            E::NoFilters,
        );
    }
}

#[test]
fn suback_and_unsuback_with_codes_they_cannot_have() {
    let suback = |codes: &[u8], version, error| {
        let codes = ReasonCodes::from_bytes(codes).expect("known codes");
        let suback = SubAck {
            packet_id: id(1),
            properties: NONE,
            codes,
        };
        assert_refused(version, Server, Packet::SubAck(suback), error);
    };
    suback(&[], V4, E::NoReasonCodes);
    suback(&[], V5, E::NoReasonCodes);
    suback(&[0x00, 0x11], V5, E::ReasonNotAllowed);
    suback(&[0x00, 0x87], V4, E::ReasonNotAllowed);
    let unsuback = |codes: &[u8], version, error| {
        let codes = ReasonCodes::from_bytes(codes).expect("known codes");
        let unsuback = UnsubAck {
            packet_id: id(1),
            properties: NONE,
            codes,
        };
        assert_refused(version, Server, Packet::UnsubAck(unsuback), error);
    };
    unsuback(&[], V5, E::NoReasonCodes);
    unsuback(&[0x02], V5, E::ReasonNotAllowed);
    unsuback(&[0x00], V4, E::ReasonNotAllowed);
}

#[test]
fn disconnect_that_is_for_the_other_side_or_version() {
    let refused = |version, sender, reason, properties, error| {
        let disconnect = Disconnect { reason, properties };
        assert_refused(version, sender, Packet::Disconnect(disconnect), error);
    };
    let normal = ReasonCode::Success;
    refused(V4, Server, normal, NONE, E::PacketNotFromSender);
    refused(
        V4,
        Client,
        ReasonCode::ProtocolError,
        NONE,
        E::ReasonNotAllowed,
    );
    refused(
        V5,
        Client,
        ReasonCode::ServerBusy,
        NONE,
        E::ReasonNotAllowed,
    );
    refused(
        V5,
        Server,
        ReasonCode::DisconnectWithWillMessage,
        NONE,
        E::ReasonNotAllowed,
    );
    let expiry = list("11 00000001");
    refused(
        V5,
        Server,
        normal,
        expiry.as_properties(),
        E::PropertyNotAllowed,
    );
    refused(
        V4,
        Client,
        normal,
        expiry.as_properties(),
        E::PropertiesNotInVersion,
    );
    let reference = list("1C 'other'");
    refused(
        V5,
        Client,
        normal,
        reference.as_properties(),
        E::PropertyNotAllowed,
    );
}

#[test]
fn auth_without_method_or_for_the_other_side() {
    let refused = |version, sender, reason, properties, error| {
        assert_refused(
            version,
            sender,
            Packet::Auth(Auth { reason, properties }),
            error,
        );
    };
    let method = list("15 'm'");
    let method = method.as_properties();
    let data = list("16 'data'");
    let go_on = ReasonCode::ContinueAuthentication;
    refused(V4, Client, go_on, method, E::PacketNotInVersion);
    refused(V5, Client, go_on, NONE, E::NoAuthenticationMethod);
    refused(
        V5,
        Client,
        go_on,
        data.as_properties(),
        E::NoAuthenticationMethod,
    );
    refused(V5, Client, ReasonCode::Success, method, E::ReasonNotAllowed);
    refused(V5, Client, ReasonCode::Success, NONE, E::ReasonNotAllowed);
    refused(
        V5,
        Server,
        ReasonCode::ReAuthenticate,
        method,
        E::ReasonNotAllowed,
    );
    refused(
        V5,
        Server,
        ReasonCode::NotAuthorized,
        method,
        E::ReasonNotAllowed,
    );
}

#[test]
fn packets_of_the_other_side() {
    let codes = ReasonCodes::from_bytes(&[0x00]).expect("known codes");
    let connack = ConnAck {
        session_present: false,
        reason: ReasonCode::Success,
        properties: NONE,
    };
    let suback = SubAck {
        packet_id: id(1),
        properties: NONE,
        codes,
    };
    for (sender, packet) in [
        (Server, Packet::Connect(connect("me"))),
        (Client, Packet::ConnAck(connack)),
        (Client, Packet::SubAck(suback)),
        (Server, Packet::PingReq),
        (Client, Packet::PingResp),
    ] {
        assert_refused(V5, sender, packet, E::PacketNotFromSender);
    }
}
