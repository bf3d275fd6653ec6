//! Keep alive: the server hears from us in time, and a server that is gone is noticed.

mod pair;

use pair::*;
use webmqtt::codec::{Packet, PacketType, Property, PropertyId, Version};
use webmqtt::error::Error;
use webmqtt::session::{ConnectOptions, Session, State, Timer, Wake};
use webmqtt::time::Duration;

fn with_keep_alive(version: Version, seconds: u16) -> ConnectOptions {
    ConnectOptions {
        keep_alive: seconds,
        ..persistent(version)
    }
}

/// Time passes while the server answers every PINGREQ at once.
fn healthy(peer: &mut Scripted, millis: u64) {
    let until = peer.now + millis;
    while peer.now < until {
        let step = peer.deadline().unwrap_or(until).clamp(peer.now + 1, until);
        peer.advance(step - peer.now);
        while let Some(frame) = peer.next() {
            if frame.packet_type() == PacketType::PingReq {
                peer.send(&Packet::PingResp);
            }
        }
    }
}

fn from_client(peer: &Scripted) -> Vec<u64> {
    let frames = peer.log().iter();
    frames
        .filter(|frame| frame.direction == Direction::FromClient)
        .map(|frame| frame.at)
        .collect()
}

fn pings(peer: &Scripted) -> usize {
    let ping = |frame: &&Frame| {
        frame.direction == Direction::FromClient && frame.packet_type() == PacketType::PingReq
    };
    peer.log().iter().filter(ping).count()
}

#[track_caller]
fn assert_no_gap_above(peer: &Scripted, millis: u64) {
    let mut times = from_client(peer);
    times.push(peer.now);
    for pair in times.windows(2) {
        assert!(
            pair[1] - pair[0] <= millis,
            "silent from {} to {}",
            pair[0],
            pair[1]
        );
    }
}

#[test]
fn the_round_trip_is_from_the_first_unanswered_ping_to_its_answer() {
    let mut peer = Scripted::connected(with_keep_alive(Version::V5, 40));
    assert_eq!(peer.session.round_trip(), None);
    for took in [70, 0, 2_000] {
        let asked = loop {
            peer.advance(1_000);
            if let Some(frame) = peer.next() {
                break frame.at;
            }
        };
        peer.advance(took / 2);
        // Whoever wakes meanwhile asks again; the first answer is that to the first.
        peer.act(|session, now| session.handle_wake(now, Wake::Network));
        peer.advance(took / 2);
        peer.send(&Packet::PingResp);
        let expected = Duration::from_millis(peer.now - asked);
        assert_eq!(peer.session.round_trip(), Some(expected));
        // What nobody asked for says nothing.
        peer.advance(5_000);
        peer.send(&Packet::PingResp);
        assert_eq!(peer.session.round_trip(), Some(expected));
        while peer.next().is_some() {}
    }
}

/// KAL-01
#[test]
fn an_idle_client_pings_often_enough() {
    for version in BOTH {
        for seconds in [1, 2, 10, 60, u16::MAX] {
            let mut peer = Scripted::connected(with_keep_alive(version, seconds));
            let keep_alive = u64::from(seconds) * 1000;
            healthy(&mut peer, 20 * keep_alive);
            assert_eq!(peer.state(), State::Connected);
            assert_no_gap_above(&peer, keep_alive);
            assert!(pings(&peer) < 60, "{} pings", pings(&peer));
        }
    }
}

/// KAL-02
#[test]
fn acknowledged_traffic_needs_no_pings() {
    for version in BOTH {
        let mut peer = Scripted::connected(with_keep_alive(version, 10));
        for _ in 0..100 {
            peer.publish("t", "x", QOS1);
            let id = peer.expect(PacketType::Publish).id();
            peer.send(&puback(id));
            peer.advance(5000);
        }
        assert_eq!(pings(&peer), 0);
        assert_no_gap_above(&peer, 10_000);
    }
}

/// KAL-03
#[test]
fn what_is_received_does_not_count_as_sent() {
    for version in BOTH {
        let mut peer = Scripted::connected(with_keep_alive(version, 10));
        peer.subscribe(&[("t", QOS0)]);
        for _ in 0..100 {
            peer.send(&publish(QOS0, 0, "t", "x"));
            healthy(&mut peer, 1000);
        }
        assert!(pings(&peer) >= 10);
        assert_no_gap_above(&peer, 10_000);
    }
}

/// KAL-04
#[test]
fn a_server_that_does_not_answer_pings_is_given_up_within_one_and_a_half_keep_alives() {
    for version in BOTH {
        for seconds in [1, 2, 10, 60, 3600] {
            let mut peer = Scripted::connected(with_keep_alive(version, seconds));
            peer.open_at_once = false;
            let start = peer.now;
            let keep_alive = u64::from(seconds) * 1000;
            peer.advance(2 * keep_alive);
            let gave_up = peer.happened.iter().find(|happened| {
                matches!(&happened.what, What::State(change)
                    if change.cause == Some(Error::KeepAliveTimeout))
            });
            let gave_up = gave_up.expect("given up").at - start;
            assert!(gave_up <= keep_alive * 3 / 2, "after {gave_up} ms");
            assert!(gave_up > keep_alive / 2, "after {gave_up} ms");
            // And it comes back by itself.
            assert!(matches!(peer.state(), State::Waiting | State::Connecting));
        }
    }
}

/// KAL-04
#[test]
fn a_server_that_falls_silent_later_is_given_up_too() {
    for version in BOTH {
        let mut peer = Scripted::connected(with_keep_alive(version, 10));
        healthy(&mut peer, 100_000);
        assert_eq!(peer.state(), State::Connected);
        peer.open_at_once = false;
        peer.advance(25_000);
        assert_eq!(
            peer.changes().find_map(|change| change.cause),
            Some(Error::KeepAliveTimeout)
        );
    }
}

/// KAL-04
#[test]
fn publishing_into_the_void_does_not_hide_a_dead_server() {
    for version in BOTH {
        let mut peer = Scripted::connected(with_keep_alive(version, 10));
        peer.open_at_once = false;
        for _ in 0..60 {
            peer.publish("t", "x", QOS1);
            peer.advance(1000);
        }
        assert_eq!(
            peer.changes().find_map(|change| change.cause),
            Some(Error::KeepAliveTimeout)
        );
    }
}

/// KAL-05
#[test]
fn without_keep_alive_there_are_no_pings() {
    for version in BOTH {
        let mut peer = Scripted::connected(with_keep_alive(version, 0));
        peer.advance(24 * 3_600_000);
        peer.expect_silence();
        assert_eq!(peer.state(), State::Connected);
    }
}

/// KAL-06
#[test]
fn each_connection_follows_its_own_connack() {
    let server = [Property::TwoByte(PropertyId::ServerKeepAlive, 2)];
    let mut peer = Scripted::connected_with(with_keep_alive(Version::V5, 60), &server);
    healthy(&mut peer, 20_000);
    assert!(pings(&peer) >= 10);
    assert_no_gap_above(&peer, 2000);

    peer.reconnect();
    peer.accept(true);
    let before = pings(&peer);
    healthy(&mut peer, 30_000);
    assert_eq!(pings(&peer), before);
}

/// KAL-07
#[test]
fn pingresps_that_nobody_asked_for_change_nothing() {
    for version in BOTH {
        let mut peer = Scripted::connected(with_keep_alive(version, 10));
        for _ in 0..50 {
            peer.send_all(&[Packet::PingResp, Packet::PingResp]);
            healthy(&mut peer, 700);
        }
        assert_eq!(peer.state(), State::Connected);
        assert_no_gap_above(&peer, 10_000);
        assert!(pings(&peer) <= 7);
    }
}

/// KAL-07
#[test]
fn a_pingresp_in_the_last_moment_is_in_time() {
    for version in BOTH {
        let mut peer = Scripted::connected(with_keep_alive(version, 10));
        for _ in 0..10 {
            peer.advance(7500);
            peer.expect(PacketType::PingReq);
            peer.advance(7499);
            while peer.next().is_some() {}
            peer.send(&Packet::PingResp);
            peer.advance(1);
            while peer.next().is_some() {}
            assert_eq!(peer.state(), State::Connected);
            peer.send(&Packet::PingResp);
            // Back to a known moment: anything sent starts the quiet time anew.
            peer.publish("t", "x", QOS0);
            peer.expect(PacketType::Publish);
        }
    }
}

/// KAL-08
#[test]
fn a_socket_that_takes_nothing_is_given_up_too() {
    for version in BOTH {
        let mut peer = Scripted::connected(with_keep_alive(version, 10));
        peer.open_at_once = false;
        peer.stalled = true;
        peer.advance(20_000);
        assert_eq!(
            peer.changes().find_map(|change| change.cause),
            Some(Error::KeepAliveTimeout)
        );
    }
}

/// KAL-09
#[test]
fn a_late_timer_pings_at_once() {
    for version in BOTH {
        let mut peer = Scripted::connected(with_keep_alive(version, 10));
        for _ in 0..10 {
            peer.sleep(60_000);
            peer.expect_all(&[PacketType::PingReq]);
            assert_eq!(peer.state(), State::Connected);
            peer.send(&Packet::PingResp);
        }
    }
}

/// KAL-09
#[test]
fn timers_that_fire_early_or_twice_do_no_harm() {
    for version in BOTH {
        let mut peer = Scripted::connected(with_keep_alive(version, 10));
        for _ in 0..7499 {
            peer.sleep(1);
        }
        peer.expect_silence();
        peer.sleep(1);
        peer.sleep(0);
        peer.sleep(0);
        peer.expect_all(&[PacketType::PingReq]);
    }
}

/// KAL-10
#[test]
fn a_page_that_thaws_finds_out_that_its_server_is_gone() {
    for version in BOTH {
        let mut peer = Scripted::connected(with_keep_alive(version, 60));
        let token = peer.publish("t", "x", QOS1);
        peer.expect(PacketType::Publish);
        peer.sleep(600_000);
        let thawed = peer.now;
        peer.wake(Wake::Running);
        peer.open_at_once = false;
        peer.advance(50_000);
        let lost = peer.happened.iter().find(|happened| {
            matches!(&happened.what, What::State(change)
                if change.cause == Some(Error::KeepAliveTimeout))
        });
        assert!(lost.expect("noticed").at - thawed <= 3000);
        peer.open();
        peer.expect(PacketType::Connect);
        peer.accept(true);
        let id = peer.expect(PacketType::Publish).id();
        peer.send(&puback(id));
        assert!(peer.published(token).unwrap().is_ok());
    }
}

/// KAL-10
#[test]
fn waking_again_and_again_does_not_keep_a_dead_connection() {
    for version in BOTH {
        let mut peer = Scripted::connected(with_keep_alive(version, 60));
        peer.open_at_once = false;
        peer.advance(2000);
        for _ in 0..5 {
            peer.wake(Wake::Running);
            peer.advance(1000);
        }
        assert_eq!(
            peer.changes().find_map(|change| change.cause),
            Some(Error::KeepAliveTimeout)
        );
    }
}

#[test]
fn waking_up_ends_the_waiting_for_the_next_attempt() {
    for version in BOTH {
        let mut peer = Scripted::connected(with_keep_alive(version, 60));
        peer.cut();
        assert_eq!(peer.state(), State::Waiting);
        peer.wake(Wake::Running);
        assert_eq!(peer.state(), State::Connecting);
        assert_eq!(peer.link, Link::Wanted);
        // Where there is nothing to probe it does nothing.
        peer.wake(Wake::Running);
        peer.open();
        peer.wake(Wake::Running);
        peer.expect_all(&[PacketType::Connect]);
    }
}

#[test]
fn waking_a_healthy_connection_costs_one_ping() {
    for version in BOTH {
        let mut peer = Scripted::connected(with_keep_alive(version, 0));
        peer.advance(2000);
        peer.wake(Wake::Running);
        peer.expect_all(&[PacketType::PingReq]);
        assert_eq!(peer.timer(), Some(Timer::PingResponse));
        peer.send(&Packet::PingResp);
        peer.advance(600_000);
        assert_eq!(peer.state(), State::Connected);
        peer.expect_silence();
    }
}

#[test]
fn a_server_that_was_heard_just_now_is_not_probed_when_the_page_becomes_visible() {
    for version in BOTH {
        let mut peer = Scripted::connected(with_keep_alive(version, 60));
        peer.advance(1999);
        peer.wake(Wake::Running);
        peer.expect_silence();
        peer.advance(1);
        peer.wake(Wake::Running);
        peer.expect_all(&[PacketType::PingReq]);
        peer.send(&Packet::PingResp);
        // Another network may lead nowhere, however fresh the last packet is.
        peer.wake(Wake::Network);
        peer.expect_all(&[PacketType::PingReq]);
    }
}

#[test]
fn a_connection_that_does_not_survive_the_sleep_is_replaced_without_back_off() {
    for version in BOTH {
        let mut peer = Scripted::connected(with_keep_alive(version, 60));
        peer.open_at_once = false;
        peer.wake(Wake::Network);
        let woken = peer.now;
        peer.advance(3000);
        assert_eq!(peer.cause(), Some(Error::KeepAliveTimeout));
        assert_eq!((peer.state(), peer.link), (State::Connecting, Link::Wanted));
        assert_eq!(peer.now - woken, 3000);
        // Nor is one whose end comes to light only now: browsers tell it after the page has thawed.
        peer.open();
        peer.accept(false);
        peer.wake(Wake::Running);
        peer.advance(3000);
        peer.cut();
        assert_eq!((peer.state(), peer.link), (State::Connecting, Link::Wanted));
        // The host's timers are never on time.
        for late in [1, 2_000] {
            peer.open();
            peer.accept(false);
            peer.wake(Wake::Network);
            peer.sleep(3_000 + late);
            assert_eq!(peer.cause(), Some(Error::KeepAliveTimeout));
            assert_eq!((peer.state(), peer.link), (State::Connecting, Link::Wanted));
        }
        // A loss that no wake-up has announced waits for its turn.
        peer.open();
        peer.accept(false);
        peer.cut();
        assert_eq!(peer.state(), State::Waiting);
    }
}

#[test]
fn an_attempt_over_the_old_network_starts_anew_over_the_new_one() {
    for version in BOTH {
        let mut peer = Scripted::new(with_keep_alive(version, 60));
        peer.open_at_once = false;
        peer.connect();
        peer.wake(Wake::Network);
        assert_eq!((peer.state(), peer.link), (State::Connecting, Link::Wanted));
        peer.open();
        peer.expect_all(&[PacketType::Connect]);
        peer.accept(false);
        assert_eq!(peer.state(), State::Connected);
    }
}

/// A session without a connection has an end of its own in 5.0.
fn ageing(version: Version) -> Option<Timer> {
    (version == Version::V5).then_some(Timer::SessionExpiry)
}

#[test]
fn a_page_that_is_put_away_says_goodbye_and_comes_back_with_its_session() {
    for version in BOTH {
        let mut peer = Scripted::connected(persistent(version));
        let token = peer.publish("t", "x", QOS1);
        let id = peer.expect(PacketType::Publish).id();
        peer.act(Session::handle_suspend);
        peer.expect_all(&[PacketType::Disconnect]);
        assert_eq!((peer.state(), peer.link), (State::Waiting, Link::None));
        assert_eq!(peer.cause(), Some(Error::Suspended));
        assert_eq!(peer.timer(), ageing(version), "nothing is tried while away");
        peer.act(Session::handle_suspend);
        peer.sleep(3_000_000);
        assert_eq!(peer.state(), State::Waiting);
        peer.wake(Wake::Running);
        peer.open();
        peer.expect(PacketType::Connect);
        peer.accept(true);
        assert_eq!(peer.expect(PacketType::Publish).id(), id);
        peer.send(&puback(id));
        assert!(peer.published(token).unwrap().is_ok());
    }
}

#[test]
fn being_put_away_while_waiting_or_ending_leaves_no_timer_of_a_connection() {
    for version in BOTH {
        let mut peer = Scripted::connected(with_keep_alive(version, 60));
        peer.cut();
        peer.act(Session::handle_suspend);
        assert_eq!(
            (peer.state(), peer.timer()),
            (State::Waiting, ageing(version))
        );

        let mut peer = Scripted::connected(with_keep_alive(version, 60));
        peer.act(Session::disconnect);
        peer.act(Session::handle_suspend);
        assert_eq!((peer.state(), peer.deadline()), (State::Closed, None));

        let mut peer = Scripted::new(with_keep_alive(version, 60));
        peer.act(Session::handle_suspend);
        assert_eq!(peer.state(), State::Idle);
        peer.connect();
        peer.act(Session::handle_suspend);
        assert_eq!((peer.state(), peer.deadline()), (State::Waiting, None));
        assert_eq!(peer.link, Link::None);
    }
}

#[test]
fn being_put_away_while_ending_does_not_cost_the_disconnect() {
    let mut peer = Scripted::connected(with_keep_alive(Version::V5, 60));
    peer.act(|session, now| {
        session.disconnect(now);
        session.handle_suspend(now);
    });
    peer.expect_all(&[PacketType::Disconnect]);
    assert_eq!((peer.state(), peer.deadline()), (State::Closed, None));
}

/// KAL-11
#[test]
fn a_slow_server_is_not_taken_for_a_dead_one() {
    for version in BOTH {
        let mut peer = Scripted::connected(with_keep_alive(version, 10));
        peer.subscribe(&[("t", QOS0)]);
        peer.expect(PacketType::Subscribe);
        peer.advance(7500);
        peer.expect(PacketType::PingReq);
        // The answer stands behind a large packet that takes a minute.
        let stream = bytes(
            version,
            &[publish(QOS0, 0, "t", &"x".repeat(290)), Packet::PingResp],
        );
        for byte in stream.chunks(1) {
            peer.advance(200);
            peer.received(byte);
        }
        assert_eq!(peer.state(), State::Connected);
        assert_eq!(peer.messages().len(), 1);
    }
}
