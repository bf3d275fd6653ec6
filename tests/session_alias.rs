//! Topic aliases, 5.0.

mod pair;

use pair::*;
use webmqtt::codec::{
    self, Packet, PacketType, PropertiesBuf, Property, PropertyId, Publish, QoS, ReasonCode,
    TopicName, Version,
};
use webmqtt::error::Error;
use webmqtt::session::{ConnectOptions, Outgoing, State};

fn alias(number: u16) -> PropertiesBuf {
    properties(&[Property::TwoByte(PropertyId::TopicAlias, number)])
}

/// The server sends a message with an alias; an empty topic leaves it to the alias.
fn send_aliased(peer: &mut Scripted, qos: QoS, id: u16, topic: &str, number: u16) {
    let alias = alias(number);
    peer.send(&Packet::Publish(Publish {
        properties: alias.as_properties(),
        ..message(qos, id, topic, "x")
    }));
}

fn receiver(topic_alias_maximum: u16) -> Scripted {
    let mut peer = Scripted::connected(ConnectOptions {
        topic_alias_maximum,
        ..persistent(Version::V5)
    });
    peer.subscribe(&[("t/#", QOS2)]);
    let id = peer.expect(PacketType::Subscribe).id();
    peer.send(&suback(id, &[2]));
    peer
}

fn topics(peer: &Scripted) -> Vec<&str> {
    peer.messages()
        .into_iter()
        .map(|message| message.topic.as_str())
        .collect()
}

/// ALI-01, [MQTT-3.3.2-10]
#[test]
fn a_message_that_comes_under_an_alias_is_delivered_under_its_topic() {
    for qos in [QOS0, QOS1, QOS2] {
        let mut peer = receiver(16);
        send_aliased(&mut peer, qos, 1, "t/a", 1);
        send_aliased(&mut peer, qos, 2, "t/b", 16);
        send_aliased(&mut peer, qos, 3, "", 1);
        send_aliased(&mut peer, qos, 4, "", 16);
        send_aliased(&mut peer, qos, 5, "", 1);
        assert_eq!(topics(&peer), ["t/a", "t/b", "t/a", "t/b", "t/a"]);
        assert_eq!(peer.state(), State::Connected);
    }
}

/// The alias is learned from a message that is itself not delivered.
#[test]
fn an_alias_counts_whatever_becomes_of_the_message_that_set_it() {
    let mut peer = receiver(2);
    // Nobody subscribed to it.
    send_aliased(&mut peer, QOS0, 0, "other", 1);
    send_aliased(&mut peer, QOS0, 0, "", 1);
    assert!(peer.messages().is_empty());
    peer.subscribe(&[("other", QOS0)]);
    send_aliased(&mut peer, QOS0, 0, "", 1);
    assert_eq!(topics(&peer), ["other"]);
    // It was delivered before.
    peer.send(&publish(QOS2, 7, "t/a", "x"));
    send_aliased(&mut peer, QOS2, 7, "t/a", 2);
    send_aliased(&mut peer, QOS1, 8, "", 2);
    assert_eq!(topics(&peer), ["other", "t/a", "t/a"]);
}

/// ALI-02, [MQTT-3.1.2-26], [MQTT-3.1.2-27]
#[test]
fn an_alias_above_what_was_announced_ends_the_connection() {
    for (maximum, number) in [(0, 1), (1, 2), (16, 17), (16, 65_535), (65_534, 65_535)] {
        let mut peer = receiver(maximum);
        send_aliased(&mut peer, QOS1, 1, "t/a", number);
        assert!(peer.messages().is_empty());
        let error = Error::Protocol(ReasonCode::TopicAliasInvalid);
        assert_eq!(peer.cause(), Some(error));
        peer.expect_hang_up(&[ReasonCode::TopicAliasInvalid]);
    }
}

/// ALI-02
#[test]
fn the_announced_maximum_is_in_connect_unless_it_is_zero() {
    for (maximum, announced) in [(0, None), (7, Some(7))] {
        let mut peer = Scripted::new(ConnectOptions {
            topic_alias_maximum: maximum,
            ..clean(Version::V5)
        });
        let frame = peer.connect();
        let Packet::Connect(connect) = frame.packet() else {
            panic!("{frame:?}")
        };
        let found = connect.properties.two_byte(PropertyId::TopicAliasMaximum);
        assert_eq!(found, announced);
    }
}

/// ALI-03
#[test]
fn alias_zero_ends_the_connection() {
    let mut peer = receiver(16);
    peer.send_bytes(b"\x30\x0A\0\x03t/a\x03\x23\0\0x");
    assert!(peer.messages().is_empty());
    peer.expect_hang_up(&[ReasonCode::TopicAliasInvalid]);
}

/// ALI-04
#[test]
fn an_alias_that_was_never_set_ends_the_connection() {
    for number in [1, 2, 16] {
        let mut peer = receiver(16);
        send_aliased(&mut peer, QOS0, 0, "t/a", 3);
        send_aliased(&mut peer, QOS1, 1, "", number);
        assert_eq!(topics(&peer), ["t/a"]);
        peer.expect_hang_up(&[ReasonCode::ProtocolError]);
    }
}

/// ALI-05
#[test]
fn an_alias_can_be_given_another_topic() {
    let mut peer = receiver(1);
    send_aliased(&mut peer, QOS0, 0, "t/a/long/one", 1);
    send_aliased(&mut peer, QOS0, 0, "t/b", 1);
    send_aliased(&mut peer, QOS0, 0, "", 1);
    assert_eq!(topics(&peer), ["t/a/long/one", "t/b", "t/b"]);
}

/// ALI-06, [MQTT-3.3.2-7]
#[test]
fn the_servers_aliases_end_with_the_connection() {
    let mut peer = receiver(16);
    send_aliased(&mut peer, QOS0, 0, "t/a", 1);
    peer.resume();
    send_aliased(&mut peer, QOS1, 1, "", 1);
    assert_eq!(topics(&peer), ["t/a"]);
    peer.expect_hang_up(&[ReasonCode::ProtocolError]);
}

/// A message that waits for a subscription keeps its topic when its alias gets another.
#[test]
fn a_message_of_a_resumed_session_waits_under_its_topic() {
    let mut peer = Scripted::new(ConnectOptions {
        clean_start: false,
        ..persistent(Version::V5)
    });
    peer.connect();
    peer.accept(true);
    send_aliased(&mut peer, QOS1, 1, "t/a", 1);
    send_aliased(&mut peer, QOS1, 2, "", 1);
    send_aliased(&mut peer, QOS1, 3, "t/b", 1);
    peer.subscribe(&[("t/#", QOS1)]);
    assert_eq!(topics(&peer), ["t/a", "t/a", "t/b"]);
}

// What we send

fn announcing(maximum: u16) -> [Property<'static>; 1] {
    [Property::TwoByte(PropertyId::TopicAliasMaximum, maximum)]
}

fn sender(maximum: u16) -> Scripted {
    Scripted::connected_with(persistent(Version::V5), &announcing(maximum))
}

fn alias_of(frame: &Frame) -> Option<u16> {
    let properties = frame.publish().properties;
    properties.two_byte(PropertyId::TopicAlias)
}

/// Topic and alias of the next packets, which are PUBLISH packets.
#[track_caller]
fn on_the_wire(peer: &mut Scripted) -> Vec<(String, Option<u16>)> {
    std::iter::from_fn(|| peer.next())
        .map(|frame| (frame.publish().topic_text().into(), alias_of(&frame)))
        .collect()
}

#[track_caller]
fn expect_wire(peer: &mut Scripted, expected: &[(&str, Option<u16>)]) {
    let found = on_the_wire(peer);
    let found: Vec<_> = found
        .iter()
        .map(|(topic, alias)| (topic.as_str(), *alias))
        .collect();
    assert_eq!(found, expected);
}

/// ALI-07, [MQTT-3.2.2-17], [MQTT-3.3.2-9]
#[test]
fn the_first_use_sets_an_alias_and_the_next_ones_leave_the_topic_out() {
    for qos in [QOS0, QOS1, QOS2] {
        let mut peer = sender(2);
        for topic in ["topic/a", "topic/b", "topic/a", "topic/b", "topic/a"] {
            peer.publish(topic, "x", qos);
        }
        let (a, b) = (Some(1), Some(2));
        let expected = [("topic/a", a), ("topic/b", b), ("", a), ("", b), ("", a)];
        expect_wire(&mut peer, &expected);
    }
}

/// ALI-07
#[test]
fn a_topic_too_many_takes_over_the_alias_that_was_not_used_for_longest() {
    let mut peer = sender(2);
    for topic in ["topic/a", "topic/b", "topic/a", "topic/c", "topic/c"] {
        peer.publish(topic, "x", QOS0);
    }
    let (a, b) = (Some(1), Some(2));
    let expected = [
        ("topic/a", a),
        ("topic/b", b),
        ("", a),
        // The first time it is not clear that it will be used again.
        ("topic/c", None),
        ("topic/c", b),
    ];
    expect_wire(&mut peer, &expected);
    for topic in ["topic/c", "topic/a"] {
        peer.publish(topic, "x", QOS0);
    }
    expect_wire(&mut peer, &[("", b), ("", a)]);
}

/// The worst case of plain LRU: every message would set an alias and none would ever use one.
#[test]
fn topics_that_take_turns_in_greater_number_than_the_aliases_still_use_them() {
    let mut peer = sender(16);
    let topics: Vec<_> = (0..17).map(|nth| format!("sensor/{nth}/value")).collect();
    let mut saved = 0;
    for _ in 0..20 {
        for topic in &topics {
            peer.publish(topic, "x", QOS0);
        }
        let wire = on_the_wire(&mut peer);
        saved = wire.iter().filter(|(topic, _)| topic.is_empty()).count();
    }
    assert_eq!(saved, 16);
}

/// ALI-09, [MQTT-3.2.2-18]
#[test]
fn without_permission_or_wish_no_alias_is_sent() {
    let wish = |aliases| ConnectOptions {
        send_topic_aliases: aliases,
        ..persistent(Version::V5)
    };
    for (options, list) in [
        (wish(16), &[][..]),
        (wish(16), &announcing(0)),
        (wish(0), &announcing(16)),
    ] {
        let mut peer = Scripted::connected_with(options, list);
        peer.publish("topic/a", "x", QOS0);
        peer.publish("topic/a", "x", QOS1);
        expect_wire(&mut peer, &[("topic/a", None), ("topic/a", None)]);
    }
}

/// ALI-07: never more than the server allows, never more than was asked for.
#[test]
fn no_alias_is_above_either_maximum() {
    for (ours, theirs) in [(16, 3), (3, 16), (100, 40), (40, 100), (1000, 1000)] {
        let options = ConnectOptions {
            send_topic_aliases: ours,
            ..persistent(Version::V5)
        };
        let mut peer = Scripted::connected_with(options, &announcing(theirs));
        for nth in 0..3000 {
            peer.publish(&format!("topic/{}", nth % 1500), "x", QOS0);
        }
        let wire = on_the_wire(&mut peer);
        let highest = wire.iter().filter_map(|(_, alias)| *alias).max();
        assert!(highest.unwrap() <= ours.min(theirs));
        assert!(wire.iter().any(|(topic, _)| topic.is_empty()) || ours.min(theirs) < 100);
    }
}

/// ALI-08, [MQTT-3.3.2-7], [MQTT-4.4.0-1]
#[test]
fn what_is_sent_again_has_its_topic() {
    for qos in [QOS1, QOS2] {
        for session_present in [true, false] {
            let mut peer = sender(4);
            peer.publish("topic/a", "x", QOS0);
            peer.publish("topic/a", "x", qos);
            let before = peer.expect_all(&[PacketType::Publish; 2]);
            assert_eq!(before[1].publish().topic_text(), "");
            peer.reconnect();
            peer.accept_with(session_present, &announcing(4));
            let again = peer.next().map(|frame| {
                let publish = frame.publish();
                (publish.topic_text().to_owned(), publish.dup)
            });
            if session_present || qos == QOS1 {
                assert_eq!(again, Some(("topic/a".into(), session_present)));
            } else {
                assert_eq!(again, None);
            }
        }
    }
}

/// ALI-08: aliases end with the connection, and the next server may allow others.
#[test]
fn our_aliases_end_with_the_connection() {
    let mut peer = sender(4);
    peer.publish("topic/a", "x", QOS0);
    peer.reconnect();
    peer.accept_with(true, &announcing(4));
    peer.publish("topic/a", "x", QOS0);
    peer.publish("topic/a", "x", QOS0);
    expect_wire(&mut peer, &[("topic/a", Some(1)), ("", Some(1))]);
    peer.resume();
    peer.publish("topic/a", "x", QOS0);
    let wire = on_the_wire(&mut peer);
    assert_eq!(wire.last(), Some(&("topic/a".into(), None)));
}

/// ALI-10
#[test]
fn the_aliases_of_both_directions_are_independent() {
    let mut peer = sender(4);
    peer.subscribe(&[("t/#", QOS0)]);
    peer.expect(PacketType::Subscribe);
    peer.publish("topic/a", "x", QOS0);
    send_aliased(&mut peer, QOS0, 0, "t/theirs", 1);
    peer.publish("topic/a", "x", QOS0);
    send_aliased(&mut peer, QOS0, 0, "", 1);
    expect_wire(&mut peer, &[("topic/a", Some(1)), ("", Some(1))]);
    assert_eq!(topics(&peer), ["t/theirs", "t/theirs"]);
}

#[test]
fn a_topic_too_short_to_gain_by_an_alias_has_none() {
    let mut peer = sender(4);
    for topic in ["a", "long", "a", "long", "longer"] {
        peer.publish(topic, "x", QOS0);
    }
    let expected = [
        ("a", None),
        ("long", None),
        ("a", None),
        ("long", None),
        ("longer", Some(1)),
    ];
    expect_wire(&mut peer, &expected);
}

/// [MQTT-3.2.2-15]
#[test]
fn an_alias_makes_no_packet_larger_than_the_server_takes() {
    for payload in 80..100 {
        let list = [
            Property::TwoByte(PropertyId::TopicAliasMaximum, 4),
            Property::FourByte(PropertyId::MaximumPacketSize, 100),
        ];
        let mut peer = Scripted::connected_with(persistent(Version::V5), &list);
        let payload = vec![b'x'; payload];
        let fits = bytes(Version::V5, &[publish(QOS1, 1, "topic/a", &payload)]).len() <= 100;
        for _ in 0..2 {
            let result = peer.try_publish("topic/a", &payload, QOS1);
            assert_eq!(result.is_ok(), fits);
        }
        // The audit has seen that no packet was too large.
        assert_eq!(on_the_wire(&mut peer).len(), if fits { 2 } else { 0 });
    }
}

/// An alias goes into any packet, whatever the lengths in it, and changes nothing else.
#[test]
fn lengths_that_grow_or_shrink_by_an_alias_are_right() {
    for value in [
        0, 1, 110, 115, 120, 121, 122, 123, 124, 125, 126, 130, 16_370, 16_383,
    ] {
        for payload in [0, 1, 100, 16_300, 16_384] {
            let (value, payload) = ("v".repeat(value), "p".repeat(payload));
            let list = [
                Property::Pair("", &value),
                Property::FourByte(PropertyId::MessageExpiryInterval, 7),
            ];
            let mut peer = sender(4);
            for _ in 0..2 {
                peer.publish_with("topic/a", &payload, QOS1, &list);
            }
            let frames = peer.expect_all(&[PacketType::Publish; 2]);
            for (frame, topic) in frames.iter().zip(["topic/a", ""]) {
                let publish = frame.publish();
                assert_eq!(publish.topic_text(), topic);
                assert_eq!(publish.payload, payload.as_bytes());
                let rest = publish.properties.iter();
                let rest = rest.filter(|property| property.id() != PropertyId::TopicAlias);
                assert_eq!(rest.collect::<Vec<_>>(), list);
            }
            let sizes = frames.iter().map(|frame| frame.bytes.len());
            let sizes: Vec<_> = sizes.collect();
            assert!(sizes[1] < sizes[0], "{sizes:?}");
        }
    }
}

#[test]
fn an_alias_of_the_application_is_refused() {
    let mut peer = sender(4);
    let list = alias(1);
    let message = Outgoing::new(TopicName::new("topic/a").unwrap(), b"x").with_properties(&list);
    let result = peer.act(|session, now| session.publish(now, &message));
    assert_eq!(result, Err(Error::Option));
    peer.expect_silence();
}

#[test]
fn only_an_encoded_publish_is_given_an_alias() {
    let mut out = vec![1, 2, 3];
    for bytes in [&b""[..], b"\x30", b"\x30\x05\0\x09ab", b"\x32\x03\0\x01a"] {
        assert_eq!(codec::encode_with_alias(bytes, 1, true, &mut out), None);
        assert_eq!(out, [1, 2, 3]);
    }
}
