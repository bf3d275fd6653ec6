//! Receiving: every message is delivered as often as its QoS says and acknowledged in order.

mod pair;

use pair::*;
use webmqtt::codec::{
    Packet, PacketType, Property, PropertyId, Publish, ReasonCode, SubscribeOptions, TopicFilter,
    Version,
};
use webmqtt::error::Error;
use webmqtt::session::{ConnectOptions, Session, State, Transmit};
use webmqtt::time::Instant;

/// Connected, with a granted subscription to everything under `t`.
fn subscribed(options: ConnectOptions) -> Scripted {
    let mut peer = Scripted::connected(options);
    peer.subscribe(&[("t/#", QOS2)]);
    let id = peer.expect(PacketType::Subscribe).id();
    peer.send(&suback(id, &[2]));
    peer
}

fn again<'a>(packet_id: u16, payload: &'a str, qos: webmqtt::codec::QoS) -> Packet<'a> {
    Packet::Publish(Publish {
        dup: true,
        ..message(qos, packet_id, "t", payload)
    })
}

#[track_caller]
fn expect_ack(peer: &mut Scripted, packet_type: PacketType, id: u16) {
    let frame = peer.expect(packet_type);
    assert_eq!(frame.id(), id);
    assert_eq!(frame.ack().reason, ReasonCode::Success);
}

/// RCV-01
#[test]
fn qos_1_is_delivered_and_acknowledged_once() {
    for version in BOTH {
        let mut peer = subscribed(clean(version));
        peer.send(&publish(QOS1, 77, "t", "x"));
        assert_eq!(peer.payloads(), ["x"]);
        expect_ack(&mut peer, PacketType::PubAck, 77);
        peer.expect_silence();
    }
}

/// RCV-02
#[test]
fn qos_2_is_delivered_once_and_takes_four_packets() {
    for version in BOTH {
        let mut peer = subscribed(clean(version));
        peer.send(&publish(QOS2, 77, "t", "x"));
        expect_ack(&mut peer, PacketType::PubRec, 77);
        peer.send(&pubrel(77));
        expect_ack(&mut peer, PacketType::PubComp, 77);
        assert_eq!(peer.payloads(), ["x"]);
        peer.expect_silence();
    }
}

/// RCV-03
#[test]
fn qos_2_before_its_pubrel_is_a_duplicate() {
    for version in BOTH {
        let mut peer = subscribed(clean(version));
        peer.send(&publish(QOS2, 77, "t", "x"));
        expect_ack(&mut peer, PacketType::PubRec, 77);
        for _ in 0..3 {
            peer.send(&again(77, "x", QOS2));
            expect_ack(&mut peer, PacketType::PubRec, 77);
        }
        assert_eq!(peer.payloads(), ["x"]);
    }
}

/// RCV-04, RCV-05
#[test]
fn qos_2_is_delivered_once_over_all_connections_of_a_session() {
    for version in BOTH {
        let mut peer = subscribed(persistent(version));
        peer.stalled = true;
        peer.send(&publish(QOS2, 77, "t", "x"));
        assert_eq!(peer.payloads(), ["x"]);
        peer.cut();
        peer.stalled = false;
        // The PUBREC was lost.
        peer.next_attempt();
        peer.accept(true);
        peer.send(&again(77, "x", QOS2));
        expect_ack(&mut peer, PacketType::PubRec, 77);
        // The PUBREL comes on the third connection.
        peer.resume();
        peer.send(&pubrel(77));
        expect_ack(&mut peer, PacketType::PubComp, 77);
        // The PUBCOMP was lost: it is asked for again.
        peer.resume();
        peer.send(&pubrel(77));
        assert_eq!(peer.expect(PacketType::PubComp).id(), 77);
        assert_eq!(peer.payloads(), ["x"]);
    }
}

/// RCV-06
#[test]
fn each_pubrel_is_answered_even_if_its_identifier_is_unknown() {
    for version in BOTH {
        let mut peer = subscribed(clean(version));
        for _ in 0..3 {
            peer.send(&pubrel(77));
            let frame = peer.expect(PacketType::PubComp);
            let expected = match version {
                Version::V5 => ReasonCode::PacketIdentifierNotFound,
                _ => ReasonCode::Success,
            };
            assert_eq!((frame.id(), frame.ack().reason), (77, expected));
        }
        assert!(peer.messages().is_empty());
        assert_eq!(peer.state(), State::Connected);
    }
}

/// RCV-07
#[test]
fn an_identifier_is_free_for_a_new_message_after_its_pubcomp() {
    for version in BOTH {
        let mut peer = subscribed(clean(version));
        for payload in ["one", "two", "three"] {
            peer.send(&publish(QOS2, 77, "t", payload));
            peer.send(&pubrel(77));
        }
        assert_eq!(peer.payloads(), ["one", "two", "three"]);
    }
}

/// RCV-08
#[test]
fn an_acknowledged_qos_1_message_that_comes_again_is_a_new_one() {
    for version in BOTH {
        let mut peer = subscribed(clean(version));
        peer.send(&publish(QOS1, 77, "t", "x"));
        peer.send(&again(77, "x", QOS1));
        assert_eq!(peer.payloads(), ["x", "x"]);
        assert!(peer.messages()[1].dup);
        expect_ack(&mut peer, PacketType::PubAck, 77);
        expect_ack(&mut peer, PacketType::PubAck, 77);
        peer.expect_silence();
    }
}

/// RCV-09, RCV-10
#[test]
fn acknowledgements_leave_in_the_order_of_the_messages() {
    for version in BOTH {
        for (qos, ack) in [(QOS1, PacketType::PubAck), (QOS2, PacketType::PubRec)] {
            let mut peer = subscribed(clean(version));
            let packets: Vec<_> = (1..=10)
                .rev()
                .map(|id| publish(qos, id, "t", "x"))
                .collect();
            peer.send_all(&packets);
            for id in (1..=10).rev() {
                expect_ack(&mut peer, ack, id);
            }
        }
    }
}

/// RCV-11
#[test]
fn a_message_that_nobody_asked_for_is_acknowledged_and_dropped() {
    for version in BOTH {
        let mut peer = subscribed(clean(version));
        peer.send(&publish(QOS1, 1, "other", "x"));
        peer.send(&publish(QOS2, 2, "other", "x"));
        peer.send(&publish(QOS0, 0, "other", "x"));
        peer.expect_all(&[PacketType::PubAck, PacketType::PubRec]);
        assert!(peer.messages().is_empty());
        assert!(peer.warnings().is_empty());
        assert_eq!(peer.state(), State::Connected);
    }
}

/// RCV-13
#[test]
fn an_impossible_publish_is_neither_delivered_nor_acknowledged() {
    for version in BOTH {
        let list: &[u8] = if version == Version::V5 { &[0] } else { &[] };
        for (first, topic, id) in [
            (0x36, &b"\0\x01t"[..], &[0, 1][..]),
            (0x32, b"\0\x01t", &[0, 0]),
            (0x34, b"\0\x01t", &[0, 0]),
            (0x32, b"\0\x03t/+", &[0, 1]),
            (0x32, b"\0\x03t/#", &[0, 1]),
            (0x32, b"\0\0", &[0, 1]),
            (0x32, b"\0\x03t\0x", &[0, 1]),
            (0x32, b"\0\x03t\xFFx", &[0, 1]),
        ] {
            let mut peer = subscribed(clean(version));
            let body = [topic, id, list, b"payload"].concat();
            let mut packet = vec![first, body.len() as u8];
            packet.extend(body);
            peer.send_bytes(&packet);
            assert!(peer.messages().is_empty(), "{packet:02X?}");
            peer.expect_hang_up(&[
                ReasonCode::MalformedPacket,
                ReasonCode::ProtocolError,
                ReasonCode::TopicNameInvalid,
            ]);
        }
    }
}

/// RCV-14
#[test]
fn the_identifiers_of_both_sides_are_independent() {
    for version in BOTH {
        let mut peer = subscribed(clean(version));
        let token = peer.publish("out", "x", QOS2);
        let id = peer.expect(PacketType::Publish).id();
        peer.send(&publish(QOS2, id, "t", "in"));
        peer.send(&pubrec(id));
        peer.send(&pubrel(id));
        peer.send(&pubcomp(id));
        peer.expect_all(&[PacketType::PubRec, PacketType::PubRel, PacketType::PubComp]);
        assert!(peer.published(token).unwrap().is_ok());
        assert_eq!(peer.payloads(), ["in"]);
    }
}

/// RCV-15
#[test]
fn flags_and_extreme_sizes_come_through() {
    for version in BOTH {
        let mut peer = subscribed(clean(version));
        peer.send(&Packet::Publish(Publish {
            dup: true,
            retain: true,
            ..message(QOS1, 1, "t", "")
        }));
        let topic = format!("t/{}", "x".repeat(65_533));
        peer.send(&publish(QOS0, 0, &topic, "long"));
        let messages = peer.messages();
        let first = messages[0];
        assert!(first.dup && first.retain && first.payload.is_empty());
        assert_eq!(first.qos, QOS1);
        assert_eq!(messages[1].topic, topic);
        assert!(!messages[1].dup && !messages[1].retain);
    }
}

/// RCV-16
#[test]
fn after_a_lost_session_an_old_identifier_is_a_new_message() {
    for version in BOTH {
        let mut peer = subscribed(persistent(version));
        peer.send(&publish(QOS2, 77, "t", "old"));
        peer.reconnect();
        peer.accept(false);
        peer.send(&publish(QOS2, 77, "t", "new"));
        assert_eq!(peer.payloads(), ["old", "new"]);
    }
}

/// RCV-18
#[test]
fn messages_around_an_unsubscribe_are_acknowledged_and_not_delivered() {
    for version in BOTH {
        let mut peer = Scripted::connected(clean(version));
        let (_, key) = peer.subscribe(&[("t", QOS1)]);
        let id = peer.expect(PacketType::Subscribe).id();
        peer.send(&suback(id, &[1]));
        let token = peer.unsubscribe(key);
        let id = peer.expect(PacketType::Unsubscribe).id();
        peer.send(&publish(QOS1, 1, "t", "before"));
        expect_ack(&mut peer, PacketType::PubAck, 1);
        let codes: &[u8] = if version == Version::V5 { &[0] } else { &[] };
        peer.send(&unsuback(id, codes));
        assert_eq!(peer.unsubscribed(token), Some(Ok(())));
        peer.send(&publish(QOS1, 2, "t", "after"));
        expect_ack(&mut peer, PacketType::PubAck, 2);
        assert!(peer.messages().is_empty());
    }
}

/// RCV-19
#[test]
fn a_message_names_every_subscription_it_is_for_once() {
    for version in BOTH {
        let mut peer = Scripted::connected(clean(version));
        let (_, both) = peer.subscribe(&[("t/#", QOS1), ("t/+", QOS1)]);
        let (_, exact) = peer.subscribe(&[("t/x", QOS1)]);
        peer.subscribe(&[("other", QOS1)]);
        let (_, same) = peer.subscribe(&[("t/x", QOS0)]);
        peer.send(&publish(QOS0, 0, "t/x", "1"));
        let mut keys = peer.messages()[0].subscriptions.clone();
        keys.sort_unstable();
        assert_eq!(keys, [both, exact, same]);
    }
}

/// RCV-19
#[test]
fn properties_come_through_with_all_subscription_identifiers() {
    let list = [
        Property::VarInt(PropertyId::SubscriptionIdentifier, 1),
        Property::VarInt(PropertyId::SubscriptionIdentifier, 268_435_455),
        Property::Pair("k", "v"),
        Property::Pair("k", "w"),
        Property::FourByte(PropertyId::MessageExpiryInterval, 9),
    ];
    let given = properties(&list);
    let mut peer = subscribed(clean(Version::V5));
    peer.send(&Packet::Publish(Publish {
        properties: given.as_properties(),
        ..message(QOS0, 0, "t", "x")
    }));
    let found = peer.messages()[0].properties.clone();
    assert_eq!(found.as_properties().iter().collect::<Vec<_>>(), list);
}

/// RCV-20
#[test]
fn a_payload_that_is_not_the_text_it_claims_to_be_is_delivered_as_bytes() {
    let given = properties(&[Property::Byte(PropertyId::PayloadFormatIndicator, 1)]);
    let mut peer = subscribed(clean(Version::V5));
    peer.send(&Packet::Publish(Publish {
        properties: given.as_properties(),
        ..message(QOS1, 1, "t", &[0xFF, 0xFE])
    }));
    assert_eq!(peer.messages()[0].payload, [0xFF, 0xFE]);
    expect_ack(&mut peer, PacketType::PubAck, 1);
}

/// RCV-21
#[test]
fn what_is_not_drained_is_not_acknowledged() {
    for version in BOTH {
        let mut peer = subscribed(clean(version));
        let stream = bytes(
            version,
            &[publish(QOS1, 1, "t", "x"), publish(QOS1, 2, "t", "y")],
        );
        let session = &mut peer.session;
        session.recv_buf(stream.len()).copy_from_slice(&stream);
        session.handle_received(Instant::from_millis(1));
        let mut out = Vec::new();
        assert_eq!(session.poll_transmit(&mut out, 100), Transmit::Empty);
        assert!(session.poll_event().is_some());
        assert_eq!(session.poll_transmit(&mut out, 100), Transmit::Data);
        assert_eq!(out[..4], [0x40, 2, 0, 1]);
        assert_eq!(out.len(), 4);
    }
}

/// RCV-22
#[test]
fn texts_are_kept_byte_for_byte() {
    let topic = "t/\u{FEFF}e\u{301}/\u{1F600}";
    let given = properties(&[Property::Pair("\u{FEFF}name", "\u{FEFF}e\u{301}")]);
    let mut peer = subscribed(clean(Version::V5));
    peer.send(&Packet::Publish(Publish {
        properties: given.as_properties(),
        ..message(QOS0, 0, topic, "x")
    }));
    assert_eq!(peer.messages()[0].topic, topic);
    assert_eq!(peer.messages()[0].properties, given);
}

/// Connected to a session of an earlier life, with nobody subscribed yet.
fn resumed(version: Version) -> Scripted {
    let mut peer = Scripted::new(ConnectOptions {
        clean_start: false,
        ..persistent(version)
    });
    peer.connect();
    peer.accept(true);
    peer
}

/// ERR-14
#[test]
fn unclaimed_messages_that_find_no_room_are_refused_and_it_is_told_once() {
    let mut peer = resumed(Version::V5);
    for (qos, ack, first) in [
        (QOS1, PacketType::PubAck, 1),
        (QOS2, PacketType::PubRec, 801),
    ] {
        for id in first..first + 800 {
            peer.send(&publish(qos, id, "t", &id.to_string()));
            let frame = peer.expect(ack);
            assert_eq!(frame.id(), id);
            let full = id > 1000;
            let expected = [ReasonCode::Success, ReasonCode::QuotaExceeded][usize::from(full)];
            assert_eq!(frame.ack().reason, expected);
        }
    }
    peer.send(&publish(QOS0, 0, "t", "plain"));
    assert_eq!(peer.warnings(), [Error::UnclaimedDropped]);
    assert_eq!(peer.state(), State::Connected);
    peer.subscribe(&[("t", QOS1)]);
    let expected: Vec<_> = (1..=1000).map(|id| id.to_string()).collect();
    assert_eq!(peer.payloads(), expected);
    // It is claimed once.
    peer.subscribe(&[("t", QOS1)]);
    assert_eq!(peer.payloads().len(), 1000);
    // A refused identifier is free: the exchange is over.
    peer.send(&publish(QOS2, 1001, "t", "new"));
    assert_eq!(peer.payloads().last(), Some(&"new"));
}

/// ERR-14, [MQTT-4.8.0-2]: 3.1.1 cannot refuse a message.
#[test]
fn an_unclaimed_message_that_finds_no_room_ends_the_connection_in_3_1_1() {
    for qos in [QOS1, QOS2] {
        let mut peer = resumed(Version::V4);
        for id in 1..=1000 {
            peer.send(&publish(qos, id, "t", &id.to_string()));
            peer.next();
        }
        peer.send(&publish(QOS0, 0, "t", "plain"));
        assert_eq!(peer.warnings(), [Error::UnclaimedDropped]);
        peer.send(&publish(qos, 1001, "t", "one too many"));
        assert_eq!(peer.cause(), Some(Error::UnclaimedDropped));
        peer.expect_hang_up(&[]);
        // It goes on: the server still has the message, and what was kept is there.
        peer.next_attempt();
        peer.subscribe(&[("t", QOS2)]);
        peer.accept(true);
        assert_eq!(peer.messages().len(), 1000);
        peer.send(&again(1001, "one too many", qos));
        assert_eq!(peer.payloads().last(), Some(&"one too many"));
    }
}

/// ERR-14: large messages fill the room, too, and one is kept whatever its size.
#[test]
fn unclaimed_messages_are_bounded_by_their_size() {
    let mut peer = resumed(Version::V5);
    let large = "x".repeat(2_000_000);
    peer.send(&publish(QOS1, 1, "t", &large));
    assert_eq!(
        peer.expect(PacketType::PubAck).ack().reason,
        ReasonCode::Success
    );
    peer.send(&publish(QOS1, 2, "t", "small"));
    let frame = peer.expect(PacketType::PubAck);
    assert_eq!(frame.ack().reason, ReasonCode::QuotaExceeded);
    peer.subscribe(&[("t", QOS1)]);
    assert_eq!(peer.messages().len(), 1);
}

#[test]
fn messages_that_nobody_claims_are_dropped_in_the_end_and_it_is_told() {
    let mut peer = Scripted::new(ConnectOptions {
        clean_start: false,
        ..persistent(Version::V5)
    });
    peer.connect();
    peer.accept(true);
    peer.send(&publish(QOS1, 1, "t", "old"));
    expect_ack(&mut peer, PacketType::PubAck, 1);
    peer.advance(30_000);
    assert_eq!(peer.warnings(), [Error::UnclaimedDropped]);
    peer.subscribe(&[("t", QOS1)]);
    assert!(peer.messages().is_empty());
}

#[test]
fn a_message_after_our_disconnect_is_not_delivered() {
    for version in BOTH {
        let mut peer = subscribed(clean(version));
        peer.act(Session::disconnect);
        peer.expect_all(&[PacketType::Disconnect]);
        peer.send(&publish(QOS1, 1, "t", "x"));
        peer.send(&publish(QOS2, 2, "t", "x"));
        assert!(peer.messages().is_empty());
        peer.expect_silence();
    }
}

#[test]
fn nothing_of_a_resumed_session_is_delivered_after_the_end() {
    let mut peer = Scripted::new(ConnectOptions {
        clean_start: false,
        ..persistent(Version::V5)
    });
    peer.connect();
    peer.accept(true);
    peer.send(&publish(QOS1, 1, "t", "old"));
    let filter = TopicFilter::new("t").expect("a valid filter");
    peer.act(|session, now| {
        let subscribed = session.subscribe(now, &[(filter, SubscribeOptions::new(QOS1))]);
        subscribed.expect("not closed");
        session.abort(now);
    });
    assert_eq!(peer.state(), State::Closed);
    assert!(peer.messages().is_empty());
}
