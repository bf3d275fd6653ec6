//! Single statements of the specification that no dialogue of the other files shows by itself.

mod pair;

use std::collections::VecDeque;

use pair::*;
use webmqtt::codec::{
    Auth, Packet, PacketType, Property, PropertyId, Publish, QoS, ReasonCode, TopicName, Version,
};
use webmqtt::error::Error;
use webmqtt::session::{ConnectOptions, Outgoing, Session, State, WillOptions};

/// Reads a CONNECT by hand: not with the codec that wrote it.
struct Raw<'a>(&'a [u8]);

impl<'a> Raw<'a> {
    fn take(&mut self, len: usize) -> &'a [u8] {
        let (taken, rest) = self.0.split_at(len);
        self.0 = rest;
        taken
    }

    fn byte(&mut self) -> u8 {
        self.take(1)[0]
    }

    fn field(&mut self) -> &'a [u8] {
        let len = usize::from(self.byte()) << 8 | usize::from(self.byte());
        self.take(len)
    }

    /// A property list of less than 128 bytes.
    fn properties(&mut self, version: Version) {
        if version == Version::V5 {
            let len = self.byte();
            assert!(len < 128);
            self.take(len.into());
        }
    }
}

/// [MQTT-3.1.2-1] [MQTT-3.1.2-3] [MQTT-3.1.2-9] [MQTT-3.1.2-11] [MQTT-3.1.2-12] [MQTT-3.1.2-13] [MQTT-3.1.2-16]
/// [MQTT-3.1.2-17] [MQTT-3.1.2-18] [MQTT-3.1.2-19] [MQTT-3.1.3-1] [MQTT-3.1.3-3]
#[test]
fn the_flags_of_connect_say_what_its_payload_holds() {
    let wills = [None, Some(QOS0), Some(QOS1), Some(QOS2)];
    let mut seen = 0;
    for version in BOTH {
        for (nth, will) in (0..).zip(wills.into_iter().cycle().take(64)) {
            let bit = |at: u32| nth >> at & 1 == 1;
            let (clean_start, username, password, retain) = (bit(2), bit(3), bit(4), bit(5));
            if version == Version::V4 && password && !username {
                continue;
            }
            let mut peer = Scripted::new(ConnectOptions {
                clean_start,
                username: username.then(|| "joe".into()),
                password: password.then(|| b"secret".to_vec()),
                will: will.map(|qos| WillOptions {
                    topic: "will".into(),
                    payload: b"gone".to_vec(),
                    qos,
                    retain,
                    properties: properties(&[]),
                }),
                ..clean(version)
            });
            let frame = peer.connect();
            let mut raw = Raw(&frame.bytes);
            assert_eq!(raw.byte(), 0x10);
            assert_eq!(usize::from(raw.byte()), frame.bytes.len() - 2);
            assert_eq!(raw.field(), b"MQTT");
            assert_eq!(raw.byte(), if version == Version::V5 { 5 } else { 4 });
            let flags = raw.byte();
            assert_eq!(flags & 1, 0, "the reserved flag");
            assert_eq!(flags >> 1 & 1 == 1, clean_start);
            assert_eq!(flags >> 2 & 1 == 1, will.is_some());
            assert_eq!(flags >> 3 & 3, will.map_or(0, QoS::as_u8));
            assert_eq!(flags >> 5 & 1 == 1, will.is_some() && retain);
            assert_eq!(flags >> 6 & 1 == 1, password);
            assert_eq!(flags >> 7 & 1 == 1, username);
            raw.take(2);
            raw.properties(version);
            assert_eq!(raw.field(), b"tester");
            if will.is_some() {
                raw.properties(version);
                assert_eq!(raw.field(), b"will");
                assert_eq!(raw.field(), b"gone");
            }
            if username {
                assert_eq!(raw.field(), b"joe");
            }
            if password {
                assert_eq!(raw.field(), b"secret");
            }
            assert!(raw.0.is_empty(), "{:02X?} is left", raw.0);
            seen += 1;
        }
    }
    assert_eq!(seen, 64 + 48);
}

/// [MQTT-3.3.1-3]
#[test]
fn the_dup_flag_of_a_received_message_is_not_passed_on() {
    for version in BOTH {
        for qos in [QOS1, QOS2] {
            let mut peer = Scripted::connected(clean(version));
            peer.subscribe(&[("in", QOS2)]);
            peer.expect(PacketType::Subscribe);
            peer.send(&Packet::Publish(Publish {
                dup: true,
                ..message(qos, 5, "in", "x")
            }));
            let received = peer.messages()[0].clone();
            assert!(received.dup);
            assert!(peer.next().is_some(), "its acknowledgement");
            peer.try_publish("out", &received.payload, received.qos)
                .unwrap();
            let frame = peer.expect(PacketType::Publish);
            assert_eq!(frame.publish(), message(qos, frame.id(), "out", "x"));
        }
    }
}

/// [MQTT-4.3.3-13]
#[test]
fn an_exchange_with_an_expired_message_is_completed() {
    let mut peer = Scripted::new(ConnectOptions {
        clean_start: false,
        ..persistent(Version::V5)
    });
    peer.connect();
    peer.accept(true);
    // Nobody has asked for it yet; by the time that its PUBREL comes it is long expired and given up.
    let expiry = properties(&[Property::FourByte(PropertyId::MessageExpiryInterval, 1)]);
    peer.send(&Packet::Publish(Publish {
        properties: expiry.as_properties(),
        ..message(QOS2, 5, "t", "x")
    }));
    peer.expect_all(&[PacketType::PubRec]);
    peer.advance(40_000);
    peer.send(&Packet::Publish(Publish {
        dup: true,
        properties: expiry.as_properties(),
        ..message(QOS2, 5, "t", "x")
    }));
    assert_eq!(peer.expect(PacketType::PubRec).id(), 5);
    peer.send(&pubrel(5));
    let done = peer.expect(PacketType::PubComp);
    assert_eq!((done.id(), done.ack().reason), (5, ReasonCode::Success));
    assert!(peer.messages().is_empty());
}

/// [MQTT-3.4.2-2] [MQTT-3.4.2-3] [MQTT-3.5.2-2] [MQTT-3.5.2-3] [MQTT-3.6.2-2] [MQTT-3.6.2-3] [MQTT-3.7.2-2]
/// [MQTT-3.7.2-3]
#[test]
fn acknowledgements_are_as_short_as_they_can_be() {
    for limit in [5, 20, 1000] {
        let server = [Property::FourByte(PropertyId::MaximumPacketSize, limit)];
        let mut peer = Scripted::connected_with(persistent(Version::V5), &server);
        let sent = [
            publish(QOS1, 1, "t", "x"),
            publish(QOS2, 2, "t", "x"),
            pubrel(2),
            pubrel(3),
            pubrec(4),
        ];
        peer.send_all(&sent);
        let answers = [
            (PacketType::PubAck, 1, 4),
            (PacketType::PubRec, 2, 4),
            (PacketType::PubComp, 2, 4),
            (PacketType::PubComp, 3, 5),
            (PacketType::PubRel, 4, 5),
        ];
        for (packet_type, id, len) in answers {
            let frame = peer.expect(packet_type);
            assert_eq!(frame.id(), id);
            // There is no room for a Reason String or a User Property.
            assert_eq!(frame.bytes.len(), len);
            assert!(frame.ack().properties.is_empty());
        }
        assert_eq!(peer.state(), State::Connected);
    }
}

/// Connected by an exchange of the method `m`, to a server that takes packets of this size.
fn authenticated(limit: u32) -> Scripted {
    let mut peer = Scripted::new(ConnectOptions {
        authentication_method: Some("m".into()),
        ..clean(Version::V5)
    });
    peer.connect();
    let method = Property::Text(PropertyId::AuthenticationMethod, "m");
    let limit = Property::FourByte(PropertyId::MaximumPacketSize, limit);
    peer.accept_with(false, &[method, limit]);
    peer.act(|session, now| session.authenticate(now, None))
        .unwrap();
    assert_eq!(peer.state(), State::Connected);
    peer
}

/// [MQTT-3.15.2-2] [MQTT-3.15.2-3]
#[test]
fn an_auth_holds_its_method_and_data_and_nothing_else() {
    // Header 2, reason 1, property length 1, method 4, data 3 and their bytes.
    for (limit, fits) in [(21, true), (20, false)] {
        let mut peer = authenticated(limit);
        let result = peer.act(|session, now| session.reauthenticate(now, Some(b"0123456789")));
        assert_eq!(result.is_ok(), fits, "{result:?}");
        if !fits {
            assert_eq!(result, Err(Error::PacketTooLarge));
            peer.expect_silence();
            continue;
        }
        let frames = peer.expect_all(&[PacketType::Auth]);
        let Packet::Auth(auth) = frames[0].packet() else {
            unreachable!()
        };
        assert_eq!(frames[0].bytes.len(), 21);
        let expected = [
            Property::Text(PropertyId::AuthenticationMethod, "m"),
            Property::Binary(PropertyId::AuthenticationData, b"0123456789"),
        ];
        assert!(auth.properties.iter().eq(expected));
    }
}

/// [MQTT-4.12.1-2]
#[test]
fn an_application_that_fails_to_authenticate_again_leaves_the_server() {
    let mut peer = authenticated(1000);
    peer.act(|session, now| session.reauthenticate(now, None))
        .unwrap();
    peer.expect_all(&[PacketType::Auth]);
    let method = properties(&[Property::Text(PropertyId::AuthenticationMethod, "m")]);
    peer.send(&Packet::Auth(Auth {
        reason: ReasonCode::ContinueAuthentication,
        properties: method.as_properties(),
    }));
    peer.act(Session::authentication_failed);
    peer.expect_hang_up(&[ReasonCode::UnspecifiedError, ReasonCode::NotAuthorized]);
    assert_eq!(peer.cause(), Some(Error::Authentication));
}

/// [MQTT-3.3.4-6] [MQTT-3.3.2-14]
#[test]
fn a_message_cannot_have_properties_that_a_client_may_not_send() {
    let mut peer = Scripted::connected(clean(Version::V5));
    for property in [
        Property::VarInt(PropertyId::SubscriptionIdentifier, 1),
        Property::Text(PropertyId::ReasonString, "why"),
        Property::FourByte(PropertyId::SessionExpiryInterval, 1),
    ] {
        let given = properties(&[property]);
        let topic = TopicName::new("t").unwrap();
        let message = Outgoing::new(topic, b"x").with_properties(&given);
        let refused = peer.act(|session, now| session.publish(now, &message));
        assert!(matches!(refused, Err(Error::Encode(_))), "{refused:?}");
    }
    peer.expect_silence();
}

/// U5-2.2.1-a [MQTT-2.3.1-3]
#[test]
fn every_final_acknowledgement_frees_its_packet_identifier() {
    for version in BOTH {
        let mut peer = Scripted::connected(clean(version));
        let (_, key) = peer.subscribe(&[("a", QOS1)]);
        let id = peer.expect(PacketType::Subscribe).id();
        peer.send(&suback(id, &[1]));
        peer.subscribe(&[("b", QOS1)]);
        let subscribe = peer.expect(PacketType::Subscribe).id();
        peer.unsubscribe(key);
        let unsubscribe = peer.expect(PacketType::Unsubscribe).id();
        let mut exact = VecDeque::new();
        for _ in 0..2 {
            peer.publish("t", "exact", QOS2);
            exact.push_back(peer.expect(PacketType::Publish).id());
        }
        // Every other identifier is taken, and messages wait for those five.
        let topic = TopicName::new("t").unwrap();
        let plain = Outgoing {
            qos: QOS1,
            ..Outgoing::new(topic, b"x")
        };
        for _ in 0..65_600 {
            let now = webmqtt::time::Instant::from_millis(0);
            peer.session.publish(now, &plain).unwrap();
        }
        peer.drain();
        let taken: Vec<u16> = std::iter::from_fn(|| peer.next())
            .map(|frame| frame.id())
            .collect();
        assert_eq!(taken.len(), 65_535 - 4);

        let mut frees = vec![
            (puback(taken[0]), taken[0]),
            (suback(subscribe, &[1]), subscribe),
        ];
        let codes: &[u8] = if version == Version::V5 { &[0] } else { &[] };
        frees.push((unsuback(unsubscribe, codes), unsubscribe));
        let last = exact.pop_back().unwrap();
        if version == Version::V5 {
            let refused = Packet::PubRec(because(last, ReasonCode::QuotaExceeded));
            frees.push((refused, last));
        }
        for (packet, freed) in frees {
            peer.send(&packet);
            assert_eq!(peer.expect(PacketType::Publish).id(), freed, "{packet:?}");
            peer.expect_silence();
        }
        // A PUBREC frees nothing yet, the PUBCOMP does.
        let first = exact.pop_front().unwrap();
        peer.send(&pubrec(first));
        peer.expect_all(&[PacketType::PubRel]);
        peer.send(&pubcomp(first));
        assert_eq!(peer.expect(PacketType::Publish).id(), first);
        peer.expect_silence();
    }
}

/// U5-3.13.4-a
#[test]
fn a_pingresp_by_itself_changes_nothing() {
    for version in BOTH {
        let mut peer = Scripted::connected(clean(version));
        let (before, deadline) = (peer.happened.len(), peer.deadline());
        peer.send_all(&[Packet::PingResp, Packet::PingResp]);
        assert_eq!((peer.happened.len(), peer.deadline()), (before, deadline));
        peer.expect_silence();
    }
}

/// U5-3.1.2.11.2-a
#[test]
fn without_a_session_expiry_interval_connect_has_no_such_property() {
    for (session_expiry, expected) in [(0, None), (1, Some(1)), (u32::MAX, Some(u32::MAX))] {
        let mut peer = Scripted::new(ConnectOptions {
            session_expiry,
            ..clean(Version::V5)
        });
        let frame = peer.connect();
        let Packet::Connect(connect) = frame.packet() else {
            panic!("{frame:?}")
        };
        let found = connect
            .properties
            .four_byte(PropertyId::SessionExpiryInterval);
        assert_eq!(found, expected);
    }
}

/// U5-3.1.2.11.3-a U5-3.1.2.11.4-a
#[test]
fn limits_of_our_own_are_told_once_and_only_where_they_differ_from_the_default() {
    for (receive_maximum, maximum_packet_size, expected) in [
        (u16::MAX, webmqtt::session::PROTOCOL_PACKET_LIMIT, (0, 0)),
        (1, 1, (1, 1)),
        (20, 1000, (1, 1)),
    ] {
        let mut peer = Scripted::new(ConnectOptions {
            receive_maximum,
            maximum_packet_size,
            ..clean(Version::V5)
        });
        let frame = peer.connect();
        let Packet::Connect(connect) = frame.packet() else {
            panic!("{frame:?}")
        };
        let of = |id| connect.properties.iter().filter(|it| it.id() == id).count();
        let found = (
            of(PropertyId::ReceiveMaximum),
            of(PropertyId::MaximumPacketSize),
        );
        assert_eq!(found, expected);
    }
}

/// [MQTT-1.5.4-3] [MQTT-1.5.3-3] RCV-22
#[test]
fn texts_are_kept_as_they_are_in_both_versions() {
    for version in BOTH {
        let mut peer = Scripted::connected(clean(version));
        peer.subscribe(&[("#", QOS0)]);
        let topics = ["\u{FEFF}a", "e\u{301}/\u{FEFF}", "\u{1}\u{FFFF}"];
        for topic in topics {
            peer.send(&publish(QOS0, 0, topic, "x"));
            peer.publish(topic, "x", QOS0);
        }
        let found: Vec<_> = peer.messages().iter().map(|it| it.topic.clone()).collect();
        assert_eq!(found, topics);
        peer.expect(PacketType::Subscribe);
        for topic in topics {
            assert_eq!(
                peer.expect(PacketType::Publish).publish().topic_text(),
                topic
            );
        }
    }
}

/// RCV-21
#[test]
fn ten_thousand_messages_that_nobody_drains_are_kept_once_and_not_acknowledged() {
    for version in BOTH {
        let mut peer = Scripted::connected(clean(version));
        peer.subscribe(&[("t", QOS1)]);
        peer.expect(PacketType::Subscribe);
        let payload = "x".repeat(100);
        let one = bytes(version, &[publish(QOS1, 1, "t", &payload)]);
        let stream: Vec<u8> = (1..=10_000u16)
            .flat_map(|id| bytes(version, &[publish(QOS1, id, "t", &payload)]))
            .collect();
        assert_eq!(stream.len(), 10_000 * one.len());
        // They wait in the receive buffer, as they came, until the application takes them.
        let session = &mut peer.session;
        session.recv_buf(stream.len()).copy_from_slice(&stream);
        session.handle_received(webmqtt::time::Instant::from_millis(0));
        let mut out = Vec::new();
        session.poll_transmit(&mut out, usize::MAX);
        assert!(out.is_empty(), "nothing is acknowledged yet");
        peer.audit.received(0, &stream);
        peer.drain();
        assert_eq!(peer.messages().len(), 10_000);
        for id in 1..=10_000 {
            assert_eq!(peer.expect(PacketType::PubAck).id(), id);
        }
    }
}

/// LIM-12 [MQTT-3.2.2-15]
#[test]
fn a_server_without_room_for_our_acknowledgements_is_left_without_a_word() {
    let with_limit = |limit| {
        let mut peer = Scripted::new(persistent(Version::V5));
        peer.connect();
        peer.accept_with(
            false,
            &[Property::FourByte(PropertyId::MaximumPacketSize, limit)],
        );
        peer
    };
    for limit in 1..5 {
        let mut peer = with_limit(limit);
        let cause = Error::Protocol(ReasonCode::ProtocolError);
        assert_eq!((peer.cause(), peer.link), (Some(cause), Link::None));
        peer.expect_silence();
    }
    assert_eq!(with_limit(5).state(), State::Connected);
}
