//! How long the application waits for a publish or a subscribe.

mod pair;

use pair::*;
use webmqtt::codec::{PacketType, Property, PropertyId, TopicName, Version};
use webmqtt::error::Error;
use webmqtt::session::{Outgoing, Session, SubscriptionKey, Timer, Token};
use webmqtt::time::Duration;

fn give(peer: &mut Scripted, token: Token, millis: u64) {
    let time = Duration::from_millis(millis);
    peer.act(|session, now| session.give_time(now, token, time));
}

const TIMEOUT: Error = Error::Timeout;

/// PUB-25
#[test]
fn a_publish_that_has_not_left_in_time_never_leaves() {
    for version in BOTH {
        for qos in [QOS0, QOS1, QOS2] {
            let mut peer = Scripted::new(persistent(version));
            let late = peer.publish("t", "late", qos);
            let later = peer.publish("t", "later", qos);
            let stays = peer.publish("t", "stays", qos);
            give(&mut peer, later, 5_000);
            give(&mut peer, late, 3_000);
            assert_eq!(peer.timer(), Some(Timer::Operation));
            assert_eq!(peer.deadline(), Some(3_000));
            peer.advance(2_999);
            assert_eq!(peer.published(late), None);
            peer.advance(1);
            assert_eq!(peer.published(late), Some(Err(TIMEOUT)));
            assert_eq!(peer.published(later), None);
            peer.advance(2_000);
            assert_eq!(peer.published(later), Some(Err(TIMEOUT)));
            assert_eq!(peer.deadline(), None);
            peer.connect();
            peer.accept(false);
            let left = peer.expect(PacketType::Publish);
            assert_eq!(left.publish().payload, b"stays");
            peer.expect_silence();
            let done = peer.published(stays).is_some();
            assert_eq!(done, qos == QOS0);
        }
    }
}

/// PUB-25: its identifier is taken until the exchange has ended, also on another connection.
#[test]
fn a_publish_in_flight_is_completed_in_silence_when_its_time_is_over() {
    for version in BOTH {
        for qos in [QOS1, QOS2] {
            let mut peer = Scripted::connected(persistent(version));
            let token = peer.publish("t", "x", qos);
            give(&mut peer, token, 1_000);
            peer.expect(PacketType::Publish);
            peer.advance(1_000);
            assert_eq!(peer.published(token), Some(Err(TIMEOUT)));
            assert_eq!(peer.session.inflight(), 1);
            peer.cut();
            peer.resume();
            let again = peer.expect(PacketType::Publish);
            assert!(again.publish().dup);
            if qos == QOS1 {
                peer.send(&puback(1));
            } else {
                peer.send(&pubrec(1));
                peer.expect(PacketType::PubRel);
                peer.send(&pubcomp(1));
            }
            assert_eq!(peer.session.inflight(), 0);
            assert_eq!(peer.published(token), Some(Err(TIMEOUT)));
        }
    }
}

#[test]
fn what_was_settled_in_time_leaves_no_timer_behind() {
    let mut peer = Scripted::connected(clean(Version::V5));
    let before = peer.deadline();
    for (qos, answer) in [(QOS0, None), (QOS1, Some(puback(1)))] {
        let topic = TopicName::new("t").unwrap();
        let message = Outgoing {
            qos,
            ..Outgoing::new(topic, b"x")
        };
        let token = peer.act(|session, now| {
            let token = session.publish(now, &message).unwrap();
            session.give_time(now, token, Duration::from_millis(10));
            token
        });
        peer.expect(PacketType::Publish);
        if let Some(answer) = answer {
            assert_eq!(peer.timer(), Some(Timer::Operation));
            peer.send(&answer);
        }
        assert_ne!(peer.timer(), Some(Timer::Operation));
        assert_eq!(peer.deadline(), before);
        assert!(peer.published(token).unwrap().is_ok());
    }
    let (subscribing, _) = peer.subscribe(&[("t", QOS0)]);
    give(&mut peer, subscribing, 10);
    peer.expect(PacketType::Subscribe);
    peer.send(&suback(2, &[0]));
    assert_ne!(peer.timer(), Some(Timer::Operation));
    peer.advance(20);
    assert_eq!(peer.subscribed(subscribing), Some(vec![Ok(QOS0)]));
    let open = peer.publish("t", "x", QOS1);
    give(&mut peer, open, 10_000);
    peer.act(Session::abort);
    assert_eq!(peer.published(open), Some(Err(Error::Closed)));
    assert_eq!(peer.deadline(), None);
}

/// Nobody has the subscription then, so the server is told that it is not wanted.
#[test]
fn a_subscribe_that_the_server_does_not_answer_in_time_ends() {
    for version in BOTH {
        let mut peer = Scripted::connected(clean(version));
        let (token, _) = peer.subscribe(&[("a", QOS1), ("b", QOS1)]);
        give(&mut peer, token, 1_000);
        let asked = peer.expect_all(&[PacketType::Subscribe]);
        assert_eq!(asked.len(), 1);
        peer.advance(1_000);
        assert_eq!(peer.subscribed(token), Some(vec![Err(TIMEOUT); 2]));
        peer.expect(PacketType::Unsubscribe);
        peer.send(&suback(1, &[1, 1]));
        let codes: &[u8] = if version == Version::V5 { &[0, 0] } else { &[] };
        peer.send(&unsuback(2, codes));
        peer.send(&publish(QOS0, 0, "a", "for nobody"));
        assert!(peer.messages().is_empty());
        assert_eq!(
            peer.happened
                .iter()
                .filter(|it| matches!(it.what, What::Unsubscribed { .. }))
                .count(),
            0
        );
        assert_eq!(peer.state(), webmqtt::session::State::Connected);
    }
}

#[test]
fn a_subscribe_without_a_connection_ends_in_time_and_never_leaves() {
    for version in BOTH {
        let mut peer = Scripted::new(clean(version));
        let (token, _) = peer.subscribe(&[("a", QOS1)]);
        give(&mut peer, token, 1_000);
        peer.advance(1_000);
        assert_eq!(peer.subscribed(token), Some(vec![Err(TIMEOUT)]));
        peer.connect();
        peer.accept(false);
        peer.expect_silence();
    }
}

/// What others have of the same filter stays.
#[test]
fn a_subscribe_whose_time_is_over_takes_nothing_from_others() {
    let mut peer = Scripted::connected(clean(Version::V5));
    let (first, key): (Token, SubscriptionKey) = peer.subscribe(&[("a", QOS1)]);
    peer.expect(PacketType::Subscribe);
    peer.send(&suback(1, &[1]));
    let (second, _) = peer.subscribe(&[("a", QOS2)]);
    give(&mut peer, second, 1_000);
    peer.expect(PacketType::Subscribe);
    peer.advance(1_000);
    assert_eq!(peer.subscribed(second), Some(vec![Err(TIMEOUT)]));
    peer.expect_silence();
    peer.send(&publish(QOS0, 0, "a", "x"));
    assert_eq!(peer.messages()[0].subscriptions, [key]);
    assert_eq!(peer.subscribed(first), Some(vec![Ok(QOS1)]));
}

#[test]
fn a_subscribe_can_be_cancelled() {
    let mut peer = Scripted::connected(clean(Version::V5));
    let (token, _) = peer.subscribe(&[("a", QOS1)]);
    peer.expect(PacketType::Subscribe);
    peer.act(|session, now| session.cancel(now, token));
    assert_eq!(peer.subscribed(token), Some(vec![Err(Error::Aborted)]));
    peer.expect(PacketType::Unsubscribe);
}

#[test]
fn the_earlier_of_expiry_and_timeout_counts() {
    for (timeout, error) in [(9_000, TIMEOUT), (11_000, Error::Expired)] {
        let mut peer = Scripted::new(persistent(Version::V5));
        let expiry = [Property::FourByte(PropertyId::MessageExpiryInterval, 10)];
        let token = peer.publish_with("t", "x", QOS1, &expiry);
        give(&mut peer, token, timeout);
        peer.advance(20_000);
        assert_eq!(peer.published(token), Some(Err(error)));
        assert_eq!(peer.deadline(), None);
    }
}
