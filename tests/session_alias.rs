//! Topic aliases, 5.0.

mod pair;

use pair::*;
use webmqtt::codec::{Packet, PropertiesBuf};
use webmqtt::codec::{PacketType, Property, PropertyId, Publish, QoS, ReasonCode, Version};
use webmqtt::error::Error;
use webmqtt::session::{ConnectOptions, State};

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
