//! How long a session outlives its connection: the server's Session Expiry Interval holds for our copy, too.

mod pair;

use pair::*;
use webmqtt::codec::{Packet, PacketType, Property, PropertyId, ReasonCode, Version};
use webmqtt::error::Error;
use webmqtt::session::{ConnectOptions, ReconnectOptions, Session, State, Timer};
use webmqtt::time::Duration;

/// A session of ten seconds.
fn ten_seconds() -> ConnectOptions {
    ConnectOptions {
        session_expiry: 10,
        ..persistent(Version::V5)
    }
}

fn expiry(seconds: u32) -> [Property<'static>; 1] {
    [Property::FourByte(
        PropertyId::SessionExpiryInterval,
        seconds,
    )]
}

#[track_caller]
fn clean_start(frame: &Frame) -> bool {
    match frame.packet() {
        Packet::Connect(connect) => connect.clean_start,
        other => panic!("not a CONNECT: {other:?}"),
    }
}

/// The connection breaks, and the transport does not open again for so long; then up to the CONNECT.
#[track_caller]
fn away(peer: &mut Scripted, millis: u64) -> Frame {
    let back = peer.now + millis;
    peer.open_at_once = false;
    peer.cut();
    while peer.now < back {
        peer.advance(100.min(back - peer.now));
        if peer.link == Link::Wanted && peer.now < back {
            peer.closed();
        }
    }
    while peer.link != Link::Wanted {
        peer.advance(1);
    }
    peer.open();
    peer.expect(PacketType::Connect)
}

/// Tries again soon, so that the tests know when.
fn eager(options: ConnectOptions) -> ConnectOptions {
    let soon = Duration::from_millis(200);
    ConnectOptions {
        reconnect: Some(ReconnectOptions {
            min: soon,
            max: soon,
            attempts: None,
        }),
        ..options
    }
}

/// REC-06 [MQTT-3.1.2-23]
#[test]
fn a_session_lives_on_until_its_expiry_has_passed() {
    for (millis, gone) in [(9_000, false), (10_300, true), (20_000, true)] {
        let mut peer = Scripted::connected(eager(ten_seconds()));
        let token = peer.publish("t", "x", QOS2);
        peer.expect(PacketType::Publish);
        let connect = away(&mut peer, millis);
        assert_eq!(clean_start(&connect), gone, "after {millis} ms");
        let doubtful = Some(Err(Error::Indeterminate));
        assert_eq!(peer.published(token), if gone { doubtful } else { None });
        peer.accept(!gone);
        assert_eq!(peer.state(), State::Connected);
    }
}

/// REC-06
#[test]
fn what_was_in_flight_is_settled_or_sent_as_new_when_the_session_ends() {
    let mut peer = Scripted::connected(eager(ten_seconds()));
    let (_, key) = peer.subscribe(&[("a", QOS2)]);
    let packet_id = peer.expect(PacketType::Subscribe).id();
    peer.send(&suback(packet_id, &[2]));
    let (once, twice) = (peer.publish("t", "1", QOS1), peer.publish("t", "2", QOS2));
    peer.expect_all(&[PacketType::Publish, PacketType::Publish]);
    peer.send(&publish(QOS2, 7, "a", "before"));
    peer.expect(PacketType::PubRec);
    away(&mut peer, 20_000);
    peer.accept(false);
    assert_eq!(peer.published(twice), Some(Err(Error::Indeterminate)));
    let sent = peer.expect_all(&[PacketType::Subscribe, PacketType::Publish]);
    assert!(!sent[1].publish().dup);
    peer.send(&puback(sent[1].id()));
    assert!(peer.published(once).unwrap().is_ok());
    // The identifier names another message now.
    peer.send(&publish(QOS2, 7, "a", "after"));
    assert_eq!(peer.payloads(), ["before", "after"]);
    assert_eq!(peer.messages()[1].subscriptions, [key]);
}

/// REC-06 [MQTT-3.2.2-4]
#[test]
fn a_server_that_still_has_the_session_that_is_gone_here_is_left() {
    let mut peer = Scripted::connected(eager(ten_seconds()));
    away(&mut peer, 20_000);
    peer.accept(true);
    let broken = Error::Protocol(ReasonCode::ProtocolError);
    assert_eq!(peer.cause(), Some(broken));
    peer.expect_hang_up(&[ReasonCode::ProtocolError]);
    // There still is none, until the server begins another.
    let connect = peer.next_attempt();
    assert!(clean_start(&connect));
    peer.accept(false);
    peer.cut();
    let connect = peer.next_attempt();
    assert!(!clean_start(&connect));
}

/// CON-18
#[test]
fn the_servers_interval_counts_and_not_ours() {
    for (ours, servers, millis, gone) in [
        (10, 3600, 20_000, false),
        (3600, 10, 20_000, true),
        (3600, 0, 1, true),
        (10, u32::MAX, 10_000_000, false),
        (u32::MAX, 10, 20_000, true),
    ] {
        let options = eager(ConnectOptions {
            session_expiry: ours,
            keep_alive: 0,
            ..persistent(Version::V5)
        });
        let mut peer = Scripted::connected_with(options, &expiry(servers));
        let token = peer.publish("t", "x", QOS2);
        peer.expect(PacketType::Publish);
        let connect = away(&mut peer, millis);
        assert_eq!(clean_start(&connect), gone, "{ours} s, {servers} s");
        assert_eq!(peer.published(token).is_some(), gone);
    }
}

#[test]
fn a_session_for_ever_sets_no_timer_and_one_of_3_1_1_neither() {
    for options in [
        ConnectOptions {
            session_expiry: u32::MAX,
            ..persistent(Version::V5)
        },
        persistent(Version::V4),
    ] {
        let mut peer = Scripted::connected(ConnectOptions {
            reconnect: None,
            ..options
        });
        let token = peer.publish("t", "x", QOS2);
        peer.cut();
        assert_eq!(peer.deadline(), None);
        peer.sleep(1_000_000_000_000);
        assert_eq!(peer.published(token), None);
    }
}

/// REC-06
#[test]
fn a_session_ends_on_time_without_any_attempt() {
    let mut peer = Scripted::connected(ConnectOptions {
        reconnect: None,
        ..ten_seconds()
    });
    let token = peer.publish("t", "x", QOS2);
    peer.expect(PacketType::Publish);
    peer.cut();
    assert_eq!(peer.timer(), Some(Timer::SessionExpiry));
    peer.advance(9_999);
    assert_eq!(peer.published(token), None);
    peer.advance(1);
    assert_eq!(peer.published(token), Some(Err(Error::Indeterminate)));
    assert_eq!(peer.deadline(), None);
    assert!(clean_start(&peer.connect()));
}

#[test]
fn a_failed_attempt_does_not_lengthen_the_session() {
    let mut peer = Scripted::connected(eager(ten_seconds()));
    peer.cut();
    let lost_at = peer.now;
    // Each attempt reaches the server, which refuses for a while.
    while peer.now < lost_at + 10_000 {
        let connect = peer.next_attempt();
        assert!(!clean_start(&connect));
        peer.advance(100);
        peer.send(&refusal(ReasonCode::ServerBusy));
        peer.open_at_once = false;
        peer.advance(100);
        while peer.link != Link::Wanted {
            peer.advance(1);
        }
        if peer.now < lost_at + 10_000 {
            peer.closed();
        }
    }
    peer.open();
    assert!(clean_start(&peer.expect(PacketType::Connect)));
}

#[test]
fn while_a_connect_waits_for_its_answer_the_server_decides() {
    for kept in [true, false] {
        let mut peer = Scripted::connected(eager(ten_seconds()));
        let token = peer.publish("t", "x", QOS2);
        peer.expect(PacketType::Publish);
        let connect = away(&mut peer, 9_900);
        assert!(!clean_start(&connect));
        peer.advance(5_000);
        assert_eq!(peer.published(token), None);
        if kept {
            peer.accept(true);
            assert!(peer.expect(PacketType::Publish).publish().dup);
        } else {
            // No answer at all: our own clock counts again.
            peer.cut();
            assert_eq!(peer.published(token), Some(Err(Error::Indeterminate)));
            assert!(clean_start(&peer.next_attempt()));
        }
    }
}

#[test]
fn a_transport_that_opens_before_the_late_timer_finds_the_session_gone() {
    let mut peer = Scripted::connected(eager(ten_seconds()));
    let token = peer.publish("t", "x", QOS2);
    peer.expect(PacketType::Publish);
    peer.open_at_once = false;
    peer.cut();
    peer.advance(200);
    assert_eq!(peer.link, Link::Wanted);
    // The host was asleep; its timers have not fired yet.
    peer.now += 20_000;
    peer.open();
    assert!(clean_start(&peer.expect(PacketType::Connect)));
    assert_eq!(peer.published(token), Some(Err(Error::Indeterminate)));
}

#[test]
fn a_session_that_is_resumed_in_time_gets_its_whole_interval_again() {
    let mut peer = Scripted::connected(eager(ten_seconds()));
    for _ in 0..3 {
        let connect = away(&mut peer, 9_000);
        assert!(!clean_start(&connect));
        peer.accept(true);
        peer.advance(9_000);
        assert_eq!(peer.state(), State::Connected);
    }
}

#[test]
fn a_first_attempt_that_fails_leaves_the_session_of_an_earlier_client_alone() {
    let mut peer = Scripted::new(ConnectOptions {
        clean_start: false,
        ..clean(Version::V5)
    });
    assert!(!clean_start(&peer.connect()));
    peer.cut();
    assert_eq!(peer.state(), State::Idle);
    assert!(!clean_start(&peer.connect()));
    peer.accept(true);
    assert_eq!(peer.state(), State::Connected);
}

#[test]
fn an_ended_client_waits_for_no_session() {
    let mut peer = Scripted::connected(ten_seconds());
    peer.cut();
    peer.act(Session::disconnect);
    assert_eq!(peer.deadline(), None);
}

#[test]
fn an_unsubscribe_is_settled_by_the_end_of_the_session() {
    let mut peer = Scripted::connected(ConnectOptions {
        reconnect: None,
        ..ten_seconds()
    });
    let (_, key) = peer.subscribe(&[("a", QOS1)]);
    let packet_id = peer.expect(PacketType::Subscribe).id();
    peer.send(&suback(packet_id, &[1]));
    peer.cut();
    let token = peer.unsubscribe(key);
    assert_eq!(peer.unsubscribed(token), None);
    peer.advance(10_000);
    assert_eq!(peer.unsubscribed(token), Some(Ok(())));
}
