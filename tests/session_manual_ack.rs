//! Acknowledgements that the application gives.

mod pair;

use pair::*;
use webmqtt::codec::{Packet, PacketType, Publish, QoS, ReasonCode, Version};
use webmqtt::error::Error;
use webmqtt::session::{AckToken, ConnectOptions, Session, State, SubscriptionKey, Token};

const SUCCESS: ReasonCode = ReasonCode::Success;

fn manual(version: Version) -> ConnectOptions {
    ConnectOptions {
        manual_ack: true,
        ..persistent(version)
    }
}

/// Connected, with a granted subscription to everything under `t`.
fn subscribed(options: ConnectOptions) -> Scripted {
    let mut peer = Scripted::connected(options);
    peer.subscribe(&[("t/#", QOS2)]);
    let id = peer.expect(PacketType::Subscribe).id();
    peer.send(&suback(id, &[2]));
    peer
}

fn again<'a>(packet_id: u16, payload: &'a str, qos: QoS) -> Packet<'a> {
    Packet::Publish(Publish {
        dup: true,
        ..message(qos, packet_id, "t", payload)
    })
}

#[track_caller]
fn expect_acks(peer: &mut Scripted, expected: &[(PacketType, u16)]) {
    let found: Vec<_> = std::iter::from_fn(|| peer.next())
        .map(|frame| (frame.packet_type(), frame.id()))
        .collect();
    assert_eq!(found, expected);
}

fn token(peer: &Scripted, payload: &str) -> AckToken {
    let messages = peer.messages();
    let message = messages.iter().find(|message| message.text() == payload);
    message.unwrap().ack.unwrap()
}

#[test]
fn a_message_is_acknowledged_when_the_application_says_so() {
    for version in BOTH {
        let mut peer = subscribed(manual(version));
        peer.send(&publish(QOS1, 1, "t", "one"));
        peer.send(&publish(QOS2, 2, "t", "two"));
        assert_eq!(peer.payloads(), ["one", "two"]);
        peer.expect_silence();
        peer.advance(10_000);
        peer.expect_silence();
        peer.ack("one", SUCCESS);
        expect_acks(&mut peer, &[(PacketType::PubAck, 1)]);
        peer.ack("two", SUCCESS);
        expect_acks(&mut peer, &[(PacketType::PubRec, 2)]);
        peer.send(&pubrel(2));
        expect_acks(&mut peer, &[(PacketType::PubComp, 2)]);
    }
}

#[test]
fn there_is_nothing_to_acknowledge_with_qos_0_or_without_the_option() {
    let mut peer = subscribed(manual(Version::V5));
    peer.send(&publish(QOS0, 0, "t", "x"));
    assert_eq!(peer.messages()[0].ack, None);
    let mut peer = subscribed(persistent(Version::V5));
    for qos in [QOS0, QOS1, QOS2] {
        peer.send(&publish(qos, 1, "t", "x"));
    }
    assert!(peer.messages().iter().all(|message| message.ack.is_none()));
}

/// [MQTT-4.6.0-2], [MQTT-4.6.0-3]
#[test]
fn acknowledgements_leave_in_the_order_of_arrival() {
    for version in BOTH {
        let mut peer = subscribed(manual(version));
        let packets = [
            publish(QOS1, 7, "t", "a"),
            publish(QOS2, 3, "t", "b"),
            publish(QOS1, 5, "t", "c"),
            publish(QOS2, 1, "t", "d"),
        ];
        peer.send_all(&packets);
        for payload in ["d", "c", "b"] {
            peer.ack(payload, SUCCESS);
            peer.expect_silence();
        }
        peer.ack("a", SUCCESS);
        let expected = [
            (PacketType::PubAck, 7),
            (PacketType::PubRec, 3),
            (PacketType::PubAck, 5),
            (PacketType::PubRec, 1),
        ];
        expect_acks(&mut peer, &expected);
    }
}

#[test]
fn only_the_first_acknowledgement_of_a_message_counts() {
    let mut peer = subscribed(manual(Version::V5));
    peer.send_all(&[publish(QOS1, 1, "t", "a"), publish(QOS1, 2, "t", "b")]);
    peer.ack("b", ReasonCode::NotAuthorized);
    peer.ack("b", SUCCESS);
    peer.ack("a", SUCCESS);
    let frames = peer.expect_all(&[PacketType::PubAck; 2]);
    assert_eq!(frames[1].ack().reason, ReasonCode::NotAuthorized);
    for payload in ["a", "b"] {
        peer.ack(payload, SUCCESS);
    }
    let unknown = AckToken::from_number(4711);
    peer.act(|session, now| session.ack(now, unknown, SUCCESS))
        .unwrap();
    peer.expect_silence();
}

#[test]
fn a_message_can_be_refused_with_the_codes_for_it() {
    let mut peer = subscribed(manual(Version::V5));
    peer.send_all(&[publish(QOS1, 1, "t", "a"), publish(QOS2, 2, "t", "b")]);
    let (a, b) = (token(&peer, "a"), token(&peer, "b"));
    for reason in [
        ReasonCode::GrantedQoS1,
        ReasonCode::ProtocolError,
        ReasonCode::ServerBusy,
        ReasonCode::PacketIdentifierNotFound,
    ] {
        let result = peer.act(|session, now| session.ack(now, a, reason));
        assert_eq!(result, Err(Error::Option), "{reason:?}");
    }
    for (token, reason) in [
        (a, ReasonCode::UnspecifiedError),
        (b, ReasonCode::QuotaExceeded),
    ] {
        peer.act(|session, now| session.ack(now, token, reason))
            .unwrap();
    }
    let frames = peer.expect_all(&[PacketType::PubAck, PacketType::PubRec]);
    assert_eq!(frames[0].ack().reason, ReasonCode::UnspecifiedError);
    assert_eq!(frames[1].ack().reason, ReasonCode::QuotaExceeded);
    // A refusal ends the exchange: the identifier is free.
    peer.send(&publish(QOS2, 2, "t", "next"));
    assert_eq!(peer.payloads(), ["a", "b", "next"]);
}

#[test]
fn in_3_1_1_nothing_can_be_refused() {
    let mut peer = subscribed(manual(Version::V4));
    peer.send(&publish(QOS1, 1, "t", "a"));
    let token = token(&peer, "a");
    let refuse = |session: &mut Session, now| session.ack(now, token, ReasonCode::UnspecifiedError);
    assert_eq!(peer.act(refuse), Err(Error::Option));
    peer.expect_silence();
    peer.ack("a", SUCCESS);
    expect_acks(&mut peer, &[(PacketType::PubAck, 1)]);
}

#[test]
fn qos_1_comes_again_after_a_lost_connection_and_its_old_token_does_nothing() {
    for version in BOTH {
        let mut peer = subscribed(manual(version));
        peer.send(&publish(QOS1, 1, "t", "a"));
        let old = token(&peer, "a");
        peer.reconnect();
        let ack = |session: &mut Session, now| session.ack(now, old, SUCCESS);
        peer.act(ack).unwrap();
        peer.accept(true);
        peer.send(&again(1, "a", QOS1));
        assert_eq!(peer.payloads(), ["a", "a"]);
        peer.act(ack).unwrap();
        peer.expect_silence();
        let new = peer.messages()[1].ack.unwrap();
        peer.act(|session, now| session.ack(now, new, SUCCESS))
            .unwrap();
        expect_acks(&mut peer, &[(PacketType::PubAck, 1)]);
    }
}

/// [MQTT-4.3.3-10]
#[test]
fn qos_2_is_delivered_once_and_acknowledged_when_it_has_come_again() {
    for version in BOTH {
        // Acknowledged before the loss of the connection, between the connections, and after it came again.
        for when in 0..3 {
            let mut peer = subscribed(manual(version));
            peer.send(&publish(QOS1, 1, "t", "before"));
            peer.send(&publish(QOS2, 2, "t", "a"));
            if when == 0 {
                // It is held back behind the other.
                peer.ack("a", SUCCESS);
            }
            peer.reconnect();
            if when == 1 {
                peer.ack("a", SUCCESS);
            }
            peer.accept(true);
            peer.expect_silence();
            peer.send(&again(2, "a", QOS2));
            if when == 2 {
                peer.expect_silence();
                peer.ack("a", SUCCESS);
            }
            expect_acks(&mut peer, &[(PacketType::PubRec, 2)]);
            peer.send(&pubrel(2));
            expect_acks(&mut peer, &[(PacketType::PubComp, 2)]);
            assert_eq!(peer.payloads(), ["before", "a"]);
        }
    }
}

#[test]
fn a_pubrec_that_was_lost_is_given_again_without_the_application() {
    for version in BOTH {
        let mut peer = subscribed(manual(version));
        peer.send(&publish(QOS2, 2, "t", "a"));
        peer.ack("a", SUCCESS);
        expect_acks(&mut peer, &[(PacketType::PubRec, 2)]);
        peer.resume();
        peer.send(&again(2, "a", QOS2));
        expect_acks(&mut peer, &[(PacketType::PubRec, 2)]);
        assert_eq!(peer.payloads(), ["a"]);
    }
}

#[test]
fn a_duplicate_of_what_is_not_acknowledged_yet_is_acknowledged_with_it() {
    let mut peer = subscribed(manual(Version::V4));
    peer.send(&publish(QOS2, 2, "t", "a"));
    peer.send(&again(2, "a", QOS2));
    peer.expect_silence();
    peer.ack("a", SUCCESS);
    expect_acks(&mut peer, &[(PacketType::PubRec, 2)]);
    assert_eq!(peer.payloads(), ["a"]);
}

#[test]
fn a_token_of_a_lost_session_does_nothing() {
    for version in BOTH {
        let mut peer = subscribed(manual(version));
        peer.send(&publish(QOS2, 2, "t", "old"));
        peer.reconnect();
        peer.accept(false);
        peer.expect(PacketType::Subscribe);
        peer.send(&publish(QOS2, 2, "t", "new"));
        peer.ack("old", SUCCESS);
        peer.expect_silence();
        peer.ack("new", SUCCESS);
        expect_acks(&mut peer, &[(PacketType::PubRec, 2)]);
    }
}

#[test]
fn a_message_without_a_subscription_is_acknowledged_by_itself_in_its_turn() {
    let mut peer = subscribed(manual(Version::V5));
    peer.send(&publish(QOS1, 1, "t", "a"));
    peer.send(&publish(QOS1, 2, "other", "x"));
    peer.expect_silence();
    peer.ack("a", SUCCESS);
    expect_acks(
        &mut peer,
        &[(PacketType::PubAck, 1), (PacketType::PubAck, 2)],
    );
}

/// A message of a resumed session waits for its subscription, unacknowledged.
#[test]
fn a_claimed_message_is_acknowledged_by_the_application_and_an_unclaimed_one_in_the_end() {
    let mut peer = Scripted::new(ConnectOptions {
        clean_start: false,
        ..manual(Version::V5)
    });
    peer.connect();
    peer.accept(true);
    peer.send(&publish(QOS1, 1, "t", "wanted"));
    peer.send(&publish(QOS2, 2, "other", "unwanted"));
    peer.expect_silence();
    peer.subscribe(&[("t", QOS1)]);
    let id = peer.expect(PacketType::Subscribe).id();
    peer.send(&suback(id, &[1]));
    assert_eq!(peer.payloads(), ["wanted"]);
    peer.ack("wanted", SUCCESS);
    expect_acks(&mut peer, &[(PacketType::PubAck, 1)]);
    peer.advance(30_000);
    expect_acks(&mut peer, &[(PacketType::PubRec, 2)]);
    assert_eq!(peer.warnings(), [Error::UnclaimedDropped]);
}

/// LIM-07, [MQTT-3.3.4-9]
#[test]
fn what_the_application_has_not_acknowledged_counts_against_our_receive_maximum() {
    let options = || ConnectOptions {
        receive_maximum: 2,
        ..manual(Version::V5)
    };
    for acknowledged in [true, false] {
        let mut peer = subscribed(options());
        peer.send(&publish(QOS1, 1, "t", "a"));
        peer.send(&publish(QOS1, 2, "t", "b"));
        peer.ack("b", SUCCESS);
        if acknowledged {
            peer.ack("a", SUCCESS);
            peer.expect_all(&[PacketType::PubAck; 2]);
        }
        peer.send(&publish(QOS1, 3, "t", "c"));
        let error = Error::Protocol(ReasonCode::ReceiveMaximumExceeded);
        assert_eq!(peer.cause(), (!acknowledged).then_some(error));
    }
}

#[test]
fn a_refused_qos_2_message_counts_no_more() {
    let mut peer = subscribed(ConnectOptions {
        receive_maximum: 1,
        ..manual(Version::V5)
    });
    for (id, payload) in [(1, "a"), (2, "b"), (3, "c")] {
        peer.send(&publish(QOS2, id, "t", payload));
        peer.ack(payload, ReasonCode::QuotaExceeded);
        expect_acks(&mut peer, &[(PacketType::PubRec, id)]);
    }
    assert_eq!(peer.state(), State::Connected);
}

#[test]
fn after_the_end_an_acknowledgement_does_nothing() {
    let mut peer = subscribed(manual(Version::V5));
    peer.send_all(&[publish(QOS1, 1, "t", "a"), publish(QOS2, 2, "t", "b")]);
    peer.act(Session::disconnect);
    peer.expect_all(&[PacketType::Disconnect]);
    peer.ack("a", SUCCESS);
    peer.expect_silence();
    peer.closed();
    assert_eq!(peer.state(), State::Closed);
    peer.ack("b", SUCCESS);
    peer.expect_silence();
}

/// A host outside Rust keeps them as numbers.
#[test]
fn tokens_and_keys_come_back_from_numbers() {
    let mut peer = subscribed(manual(Version::V5));
    peer.send(&publish(QOS1, 1, "t", "x"));
    let ack = AckToken::from_number(token(&peer, "x").get());
    peer.act(|session, now| session.ack(now, ack, SUCCESS))
        .unwrap();
    expect_acks(&mut peer, &[(PacketType::PubAck, 1)]);

    let (_, key) = peer.subscribe(&[("other", QOS1)]);
    let id = peer.expect(PacketType::Subscribe).id();
    peer.send(&suback(id, &[1]));
    peer.unsubscribe(SubscriptionKey::from_number(key.get()));
    peer.expect(PacketType::Unsubscribe);

    peer.cut();
    let published = peer.publish("t", "y", QOS1);
    let number = published.get();
    peer.act(|session, now| session.cancel(now, Token::from_number(number)));
    assert_eq!(peer.published(published), Some(Err(Error::Aborted)));
}
