//! Several servers: which of them has its turn, and when.

mod pair;

use pair::*;
use webmqtt::codec::{Packet, PacketType, ReasonCode, Version};
use webmqtt::error::Error;
use webmqtt::session::{ConnectOptions, ReconnectOptions, Session, State, Timer};
use webmqtt::time::Duration;

fn options(servers: u32) -> ConnectOptions {
    ConnectOptions {
        servers,
        reconnect: Some(ReconnectOptions {
            min: Duration::from_millis(1_000),
            max: Duration::from_millis(1_000),
            attempts: None,
        }),
        ..persistent(Version::V5)
    }
}

/// Which server each attempt so far went to, and when it began.
fn attempts(peer: &Scripted) -> Vec<(u32, u64)> {
    let happened = peer.happened.iter();
    let attempts = happened.filter_map(|it| match &it.what {
        What::State(change) if change.state == State::Connecting => Some((change.server, it.at)),
        _ => None,
    });
    attempts.collect()
}

fn servers(peer: &Scripted) -> Vec<u32> {
    attempts(peer)
        .into_iter()
        .map(|(server, _)| server)
        .collect()
}

/// Attempts fail until the client waits or gives up.
fn fail_round(peer: &mut Scripted) {
    while peer.link == Link::Wanted {
        peer.cut();
    }
}

#[test]
fn a_first_attempt_has_failed_when_each_server_had_its_turn() {
    for reconnect in [None, options(3).reconnect] {
        let mut peer = Scripted::new(ConnectOptions {
            reconnect,
            ..options(3)
        });
        for _ in 0..2 {
            peer.act(Session::connect).unwrap();
            fail_round(&mut peer);
            assert_eq!(peer.state(), State::Idle);
            assert_eq!(peer.cause(), Some(Error::Unreachable));
            assert_eq!(peer.deadline(), None);
        }
        assert_eq!(servers(&peer), [0, 1, 2, 0, 1, 2]);
        let causes: Vec<_> = peer.changes().map(|change| change.cause).collect();
        let failed = Some(Error::Unreachable);
        assert_eq!(
            causes,
            [None, failed, failed, failed, None, failed, failed, failed]
        );
    }
}

#[test]
fn after_a_loss_the_server_is_first_that_had_the_connection_and_delays_are_between_rounds() {
    let mut peer = Scripted::new(options(3));
    peer.act(Session::connect).unwrap();
    peer.cut();
    peer.open();
    peer.expect(PacketType::Connect);
    peer.accept(false);
    assert_eq!((peer.session.server(), peer.change().server), (1, 1));
    peer.advance(30_000);
    peer.open_at_once = false;
    peer.cut();
    for round in 1..=3 {
        assert_eq!(peer.state(), State::Waiting);
        assert_eq!(peer.timer(), Some(Timer::Reconnect));
        assert_eq!(peer.session.server(), 1);
        let due = peer.deadline().unwrap();
        peer.run_timers(due, true);
        fail_round(&mut peer);
        let round = &attempts(&peer)[3 * round - 1..];
        assert_eq!(round, [(1, due), (2, due), (0, due)]);
    }
}

#[test]
fn a_server_that_does_not_keep_the_connection_is_not_the_first_again() {
    let mut peer = Scripted::new(options(2));
    peer.connect();
    peer.accept(false);
    peer.advance(1_000);
    peer.cut();
    assert_eq!(peer.state(), State::Waiting);
    peer.run_timers(3_000, true);
    assert_eq!(servers(&peer), [0, 1]);
}

#[test]
fn what_no_other_server_would_change_ends_the_round() {
    for reason in [ReasonCode::BadUserNameOrPassword, ReasonCode::Banned] {
        let mut peer = Scripted::new(options(3));
        peer.connect();
        peer.send(&refusal(reason));
        assert_eq!(peer.state(), State::Idle);
        assert_eq!(servers(&peer), [0]);
    }
    let mut peer = Scripted::new(options(3));
    peer.connect();
    peer.send(&refusal(ReasonCode::ServerUnavailable));
    assert_eq!(peer.state(), State::Connecting);
    assert_eq!(servers(&peer), [0, 1]);
}

#[test]
fn a_server_that_does_not_answer_has_its_time() {
    let mut peer = Scripted::new(options(2));
    peer.connect();
    peer.open_at_once = false;
    peer.run_timers(30_000, true);
    assert_eq!(attempts(&peer), [(0, 0), (1, 30_000)]);
    assert_eq!(peer.change().cause, Some(Error::ConnectTimeout));
}

#[test]
fn attempts_are_counted_over_all_servers() {
    let mut limited = options(3);
    if let Some(reconnect) = &mut limited.reconnect {
        reconnect.attempts = Some(4);
    }
    let mut peer = Scripted::new(limited);
    peer.connect();
    peer.accept(false);
    peer.advance(30_000);
    peer.open_at_once = false;
    peer.cut();
    for _ in 0..2 {
        let soon = peer.now + 2_000;
        peer.run_timers(soon, true);
        fail_round(&mut peer);
    }
    assert_eq!(servers(&peer), [0, 0, 1, 2, 0]);
    assert_eq!(peer.state(), State::Idle);
}

/// The version is the server's affair: 3.1.1 is tried at the server that refused 5.0, and not at the next one.
#[test]
fn the_fallback_stays_with_its_server() {
    let mut peer = Scripted::new(ConnectOptions {
        fallback: true,
        ..ConnectOptions {
            servers: 2,
            ..clean(Version::V5)
        }
    });
    peer.connect();
    peer.cut();
    assert_eq!(peer.session.version(), Version::V4);
    peer.open();
    peer.cut();
    assert_eq!(peer.session.version(), Version::V5);
    assert_eq!(servers(&peer), [0, 0, 1]);
}

#[test]
fn a_redirect_takes_no_turn_and_one_for_good_leaves_no_other_server() {
    let refer = |reason| {
        move |peer: &mut Scripted| {
            let reference = webmqtt::codec::Property::Text(
                webmqtt::codec::PropertyId::ServerReference,
                "elsewhere",
            );
            let properties = properties(&[reference]);
            let packet = Packet::ConnAck(webmqtt::codec::ConnAck {
                session_present: false,
                reason,
                properties: properties.as_properties(),
            });
            peer.send(&packet);
        }
    };
    let redirects = ConnectOptions {
        redirects: 3,
        ..options(2)
    };
    let mut peer = Scripted::new(redirects.clone());
    peer.connect();
    refer(ReasonCode::UseAnotherServer)(&mut peer);
    assert_eq!(peer.session.server_reference(), Some("elsewhere"));
    peer.cut();
    assert_eq!(
        (peer.session.server_reference(), peer.session.server()),
        (None, 1)
    );
    assert_eq!(peer.state(), State::Connecting);

    let mut peer = Scripted::new(redirects);
    peer.connect();
    refer(ReasonCode::ServerMoved)(&mut peer);
    assert_eq!(peer.session.server_reference(), Some("elsewhere"));
    peer.cut();
    assert_eq!(peer.session.server(), 0);
    assert_eq!(peer.state(), State::Idle);
}

#[test]
fn there_is_a_server_at_least() {
    assert_eq!(Session::new(options(0), 1).err(), Some(Error::Option));
}

#[test]
fn the_application_can_change_the_time_until_the_next_attempt() {
    let mut peer = Scripted::connected(options(1));
    let later = |peer: &mut Scripted, millis| {
        let delay = Duration::from_millis(millis);
        peer.act(|session, now| session.retry_after(now, delay));
    };
    let before = peer.deadline();
    later(&mut peer, 5);
    assert_eq!(peer.deadline(), before);
    peer.open_at_once = false;
    peer.cut();
    later(&mut peer, 60_000);
    assert_eq!(
        (peer.timer(), peer.deadline()),
        (Some(Timer::Reconnect), Some(60_000))
    );
    peer.run_timers(59_999, true);
    assert_eq!(peer.state(), State::Waiting);
    peer.run_timers(60_000, true);
    assert_eq!(peer.state(), State::Connecting);
    later(&mut peer, 5);
    assert_eq!(peer.state(), State::Connecting);
    // The page was put away: it comes back when it is woken, and not before.
    peer.act(Session::handle_suspend);
    later(&mut peer, 5);
    peer.run_timers(70_000, true);
    assert_eq!(peer.state(), State::Waiting);
}
