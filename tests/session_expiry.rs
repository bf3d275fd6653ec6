//! The Message Expiry Interval of what waits to be sent, 5.0.

mod pair;

use pair::*;
use webmqtt::codec::{PacketType, Property, PropertyId, QoS, Version};
use webmqtt::error::Error;
use webmqtt::session::{Session, Timer, Token};

/// The properties around it are there to be left alone.
fn expiring(peer: &mut Client, payload: &str, qos: QoS, seconds: u32) -> Token {
    let list = [
        Property::Text(PropertyId::ContentType, "text/plain"),
        Property::FourByte(PropertyId::MessageExpiryInterval, seconds),
        Property::Pair("k", "v"),
    ];
    peer.publish_with("t", payload, qos, &list)
}

/// The interval in a PUBLISH whose other parts are as they were given.
#[track_caller]
fn interval(frame: &Frame) -> u32 {
    let publish = frame.publish();
    let seconds = publish
        .properties
        .four_byte(PropertyId::MessageExpiryInterval);
    let seconds = seconds.expect("an interval");
    let list = properties(&[
        Property::Text(PropertyId::ContentType, "text/plain"),
        Property::FourByte(PropertyId::MessageExpiryInterval, seconds),
        Property::Pair("k", "v"),
    ]);
    assert_eq!(publish.properties, list.as_properties());
    assert_eq!((publish.topic_text(), publish.payload), ("t", &b"x"[..]));
    seconds
}

/// PUB-24
#[test]
fn a_message_that_expires_while_there_is_no_connection_is_settled_then() {
    for qos in [QOS0, QOS1, QOS2] {
        let mut peer = Scripted::new(persistent(Version::V5));
        let late = expiring(&mut peer, "x", qos, 20);
        let soon = expiring(&mut peer, "x", qos, 10);
        let never = peer.publish("t", "never", qos);
        assert_eq!(peer.timer(), Some(Timer::MessageExpiry));
        assert_eq!(peer.deadline(), Some(10_000));
        peer.advance(9_999);
        assert_eq!(peer.published(soon), None);
        peer.advance(1);
        assert_eq!(peer.published(soon), Some(Err(Error::Expired)));
        assert_eq!(peer.published(late), None);
        assert_eq!(peer.session.queued().0, 2);
        assert_eq!(peer.deadline(), Some(20_000));
        peer.advance(10_000);
        assert_eq!(peer.published(late), Some(Err(Error::Expired)));
        assert_eq!(peer.deadline(), None);
        assert_eq!(peer.published(never), None);
        let bytes = bytes(Version::V5, &[publish(qos, 1, "t", "never")]);
        assert_eq!(peer.session.queued(), (1, bytes.len()));
        peer.connect();
        peer.accept(false);
        assert_eq!(peer.expect(PacketType::Publish).publish().payload, b"never");
        peer.expect_silence();
    }
}

/// PUB-24: the waiting survives the attempts in between.
#[test]
fn the_deadline_of_a_message_survives_lost_connections_and_failed_attempts() {
    let mut peer = Scripted::connected(persistent(Version::V5));
    peer.cut();
    let token = expiring(&mut peer, "x", QOS1, 100);
    peer.open_at_once = false;
    while peer.now < 99_000 {
        let deadline = peer.deadline().unwrap();
        assert!(deadline <= 100_000);
        peer.run_timers(deadline, true);
        if peer.link == Link::Wanted {
            peer.cut();
        }
    }
    peer.run_timers(100_000, true);
    assert_eq!(peer.published(token), Some(Err(Error::Expired)));
    assert_eq!(peer.session.queued(), (0, 0));
}

#[test]
fn a_message_that_leaves_in_time_says_how_many_seconds_are_left() {
    for qos in [QOS0, QOS1, QOS2] {
        for (waited, left) in [(0, 100), (1, 100), (999, 100), (1000, 99), (99_999, 1)] {
            let mut peer = Scripted::new(persistent(Version::V5));
            expiring(&mut peer, "x", qos, 100);
            peer.advance(waited);
            peer.connect();
            peer.accept(false);
            assert_eq!(interval(&peer.expect(PacketType::Publish)), left);
            // Nothing waits for it any more.
            assert_ne!(peer.timer(), Some(Timer::MessageExpiry));
        }
    }
}

#[test]
fn a_message_waits_for_quota_as_for_a_connection() {
    let one = [Property::TwoByte(PropertyId::ReceiveMaximum, 1)];
    let mut peer = Scripted::connected_with(persistent(Version::V5), &one);
    peer.publish("t", "first", QOS1);
    let id = peer.expect(PacketType::Publish).id();
    let expires = expiring(&mut peer, "x", QOS1, 5);
    expiring(&mut peer, "x", QOS1, 50);
    peer.advance(7_500);
    assert_eq!(peer.published(expires), Some(Err(Error::Expired)));
    peer.send(&puback(id));
    assert_eq!(interval(&peer.expect(PacketType::Publish)), 43);
    peer.expect_silence();
}

/// A host whose timers are late must not send what is over.
#[test]
fn a_message_that_expired_while_the_host_slept_does_not_leave() {
    let mut peer = Scripted::new(persistent(Version::V5));
    let token = expiring(&mut peer, "x", QOS1, 5);
    peer.connect();
    peer.now += 6_000;
    peer.accept(false);
    assert_eq!(peer.published(token), Some(Err(Error::Expired)));
    peer.expect_silence();
}

/// PUB-24, [MQTT-4.3.3-7]
#[test]
fn what_was_sent_once_is_sent_again_whatever_the_time() {
    for qos in [QOS1, QOS2] {
        for session_present in [true, false] {
            let mut peer = Scripted::connected(persistent(Version::V5));
            let token = expiring(&mut peer, "x", qos, 5);
            let first = peer.expect(PacketType::Publish);
            peer.cut();
            peer.advance(0);
            peer.open_at_once = false;
            peer.sleep(3_000_000);
            assert_eq!(peer.published(token), None);
            peer.open();
            peer.expect(PacketType::Connect);
            peer.accept(session_present);
            if !session_present && qos == QOS2 {
                assert_eq!(peer.published(token), Some(Err(Error::Indeterminate)));
                continue;
            }
            let again = peer.expect(PacketType::Publish);
            assert_eq!(again.publish().dup, session_present);
            assert_eq!(interval(&again), interval(&first));
        }
    }
}

#[test]
fn an_interval_of_zero_means_at_once_or_not_at_all() {
    let mut peer = Scripted::connected(persistent(Version::V5));
    expiring(&mut peer, "x", QOS1, 0);
    assert_eq!(interval(&peer.expect(PacketType::Publish)), 0);
    peer.cut();
    let token = expiring(&mut peer, "x", QOS1, 0);
    assert_eq!(peer.published(token), None);
    peer.advance(1);
    assert_eq!(peer.published(token), Some(Err(Error::Expired)));
}

#[test]
fn the_longest_interval_does_not_overflow() {
    let mut peer = Scripted::new(persistent(Version::V5));
    expiring(&mut peer, "x", QOS1, u32::MAX);
    assert_eq!(peer.deadline(), Some(u64::from(u32::MAX) * 1000));
    peer.now = 5_000;
    peer.act(Session::handle_timeout);
    peer.connect();
    peer.accept(false);
    assert_eq!(interval(&peer.expect(PacketType::Publish)), u32::MAX - 5);
}

#[test]
fn a_cancelled_message_does_not_expire_any_more() {
    let mut peer = Scripted::new(persistent(Version::V5));
    let token = expiring(&mut peer, "x", QOS1, 5);
    peer.act(|session, now| session.cancel(now, token));
    assert_eq!(peer.published(token), Some(Err(Error::Aborted)));
    assert_eq!(peer.deadline(), None);
    peer.advance(6_000);
}
