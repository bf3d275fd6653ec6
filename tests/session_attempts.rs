//! What an attempt to connect is made with, and what follows from each way it can end.

mod pair;

use pair::*;
use webmqtt::codec::{
    ConnAck, Disconnect, Packet, PacketType, Property, PropertyId, ReasonCode, Version,
};
use webmqtt::error::Error;
use webmqtt::session::{Class, ConnectOptions, Prepared, Session, State};

fn asking(options: ConnectOptions) -> ConnectOptions {
    ConnectOptions {
        ask: true,
        ..options
    }
}

fn credentials(username: &str, password: &str) -> Prepared {
    Prepared {
        username: Some(username.into()),
        password: Some(password.into()),
        ..Prepared::default()
    }
}

/// Each time the application was asked: whether the last attempt was refused.
fn questions(peer: &Scripted) -> Vec<bool> {
    let questions = peer.happened.iter().filter_map(|it| match it.what {
        What::Prepare { refused } => Some(refused),
        _ => None,
    });
    questions.collect()
}

#[track_caller]
fn answer(peer: &mut Scripted, prepared: Prepared) {
    peer.act(|session, now| session.prepared(now, prepared))
        .expect("CONNECT can carry it");
}

/// The credentials of the CONNECT that follows from the answer.
#[track_caller]
fn connect_with(peer: &mut Scripted, prepared: Prepared) -> (Option<String>, Option<Vec<u8>>) {
    answer(peer, prepared);
    peer.open();
    match peer.expect(PacketType::Connect).packet() {
        Packet::Connect(connect) => (
            connect.username.map(Into::into),
            connect.password.map(Into::into),
        ),
        _ => unreachable!(),
    }
}

/// Asked, answered, connected.
fn connected(options: ConnectOptions) -> Scripted {
    let mut peer = Scripted::new(asking(options));
    peer.act(Session::connect).unwrap();
    connect_with(&mut peer, credentials("ann", "first"));
    peer.accept(false);
    assert_eq!(peer.state(), State::Connected);
    peer
}

/// Time passes until the next attempt begins, and the application is asked.
#[track_caller]
fn next_question(peer: &mut Scripted) {
    assert_eq!(peer.state(), State::Waiting, "{:?}", peer.cause());
    let asked = questions(peer).len();
    let at = peer.deadline().unwrap();
    peer.run_timers(at, false);
    assert_eq!(questions(peer).len(), asked + 1);
}

// Asking

/// REC-12
#[test]
fn credentials_are_asked_for_before_every_attempt() {
    for version in BOTH {
        let mut peer = connected(clean(version));
        for token in ["second", "third"] {
            peer.cut();
            next_question(&mut peer);
            assert_eq!(peer.link, Link::None, "nothing is opened without an answer");
            let (username, password) = connect_with(&mut peer, credentials("ann", token));
            assert_eq!(username.as_deref(), Some("ann"));
            assert_eq!(password.as_deref(), Some(token.as_bytes()));
            peer.accept(false);
            assert_eq!(peer.state(), State::Connected);
        }
        assert_eq!(questions(&peer), [false; 3]);
    }
}

#[test]
fn credentials_that_were_replaced_are_not_the_refused_ones() {
    let mut peer = connected(clean(Version::V5));
    peer.cut();
    next_question(&mut peer);
    connect_with(&mut peer, credentials("ann", "first"));
    peer.send(&refusal(ReasonCode::NotAuthorized));
    let (username, password) = (Some("ann".into()), Some(b"second".to_vec()));
    peer.act(|session, _| session.set_credentials(username, password))
        .unwrap();
    next_question(&mut peer);
    let (_, password) = connect_with(&mut peer, credentials("ann", "second"));
    assert_eq!(password.as_deref(), Some(&b"second"[..]));
    peer.accept(false);
    assert_eq!(peer.state(), State::Connected);
}

#[test]
fn without_the_option_nobody_is_asked() {
    let mut peer = Scripted::connected(clean(Version::V5));
    peer.reconnect();
    assert_eq!(questions(&peer), []);
}

#[test]
fn an_answer_that_connect_cannot_carry_is_refused_and_the_question_stays_open() {
    let mut peer = Scripted::new(asking(clean(Version::V4)));
    peer.act(Session::connect).unwrap();
    let password_alone = Prepared {
        password: Some(b"secret".to_vec()),
        ..Prepared::default()
    };
    let refused = peer.act(|session, now| session.prepared(now, password_alone));
    assert!(matches!(refused, Err(Error::Encode(_))), "{refused:?}");
    assert_eq!((peer.state(), peer.link), (State::Connecting, Link::None));
    let (username, _) = connect_with(&mut peer, credentials("ann", "secret"));
    assert_eq!(username.as_deref(), Some("ann"));
}

#[test]
fn a_failed_preparation_fails_the_first_attempt() {
    let mut peer = Scripted::new(asking(clean(Version::V5)));
    peer.act(Session::connect).unwrap();
    peer.act(Session::preparation_failed);
    assert_eq!(peer.state(), State::Idle);
    assert_eq!(peer.cause(), Some(Error::Credentials));
    assert_eq!((peer.link, peer.deadline()), (Link::None, None));
}

#[test]
fn a_failed_preparation_is_tried_again_after_a_loss() {
    let mut peer = connected(clean(Version::V5));
    peer.cut();
    for _ in 0..3 {
        next_question(&mut peer);
        peer.act(Session::preparation_failed);
        assert_eq!(peer.state(), State::Waiting);
        assert_eq!(peer.cause(), Some(Error::Credentials));
    }
}

#[test]
fn an_application_that_does_not_answer_has_as_much_time_as_the_attempt() {
    let mut peer = Scripted::new(asking(clean(Version::V5)));
    peer.act(Session::connect).unwrap();
    peer.advance(29_999);
    assert_eq!(peer.state(), State::Connecting);
    peer.advance(1);
    assert_eq!(peer.state(), State::Idle);
    assert_eq!(peer.cause(), Some(Error::Credentials));
}

#[test]
fn the_time_of_the_answer_counts_towards_the_connect_timeout() {
    let mut peer = Scripted::new(asking(clean(Version::V5)));
    peer.act(Session::connect).unwrap();
    peer.advance(20_000);
    connect_with(&mut peer, credentials("ann", "secret"));
    peer.advance(10_000);
    assert_eq!(peer.cause(), Some(Error::ConnectTimeout));
}

#[test]
fn answers_that_nobody_asked_for_change_nothing() {
    let mut peer = Scripted::new(asking(clean(Version::V5)));
    answer(&mut peer, credentials("eve", "early"));
    peer.act(Session::preparation_failed);
    peer.act(Session::connect).unwrap();
    connect_with(&mut peer, credentials("ann", "secret"));
    answer(&mut peer, credentials("eve", "late"));
    peer.act(Session::preparation_failed);
    peer.accept(false);
    assert_eq!(peer.state(), State::Connected);
    peer.expect_silence();
}

#[test]
fn giving_up_ends_the_question() {
    let ends: [fn(&mut Session, webmqtt::time::Instant); 3] =
        [Session::stop, Session::disconnect, Session::abort];
    for end in ends {
        let mut peer = Scripted::new(asking(clean(Version::V5)));
        peer.act(Session::connect).unwrap();
        peer.act(end);
        answer(&mut peer, credentials("ann", "late"));
        assert_eq!((peer.link, peer.deadline()), (Link::None, None));
        assert_ne!(peer.state(), State::Connecting);
    }
}

// The table

#[test]
fn a_refusal_for_its_credentials_is_tried_again_with_others() {
    for reason in [ReasonCode::BadUserNameOrPassword, ReasonCode::NotAuthorized] {
        let mut peer = connected(clean(Version::V5));
        peer.cut();
        next_question(&mut peer);
        connect_with(&mut peer, credentials("ann", "expired"));
        peer.send(&refusal(reason));
        assert_eq!(peer.cause(), Some(Error::ConnectRefused(reason)));
        next_question(&mut peer);
        assert_eq!(questions(&peer), [false, false, true]);
        connect_with(&mut peer, credentials("ann", "renewed"));
        peer.accept(false);
        assert_eq!(peer.state(), State::Connected);
    }
}

#[test]
fn the_same_credentials_after_their_refusal_are_not_tried() {
    let mut peer = connected(clean(Version::V5));
    peer.cut();
    next_question(&mut peer);
    connect_with(&mut peer, credentials("ann", "first"));
    peer.send(&refusal(ReasonCode::NotAuthorized));
    next_question(&mut peer);
    answer(&mut peer, credentials("ann", "first"));
    assert_eq!(peer.state(), State::Idle);
    assert_eq!(
        peer.cause(),
        Some(Error::ConnectRefused(ReasonCode::NotAuthorized))
    );
    assert_eq!((peer.link, peer.deadline()), (Link::None, None));

    // The application may insist.
    peer.act(Session::connect).unwrap();
    connect_with(&mut peer, credentials("ann", "first"));
    peer.accept(false);
    assert_eq!(peer.state(), State::Connected);
}

/// A URL with another signature, for instance.
#[test]
fn the_same_credentials_are_tried_again_where_the_attempt_goes_elsewhere() {
    let mut peer = connected(clean(Version::V5));
    peer.cut();
    for _ in 0..2 {
        next_question(&mut peer);
        peer.act(|session, _| session.goes_elsewhere());
        connect_with(&mut peer, credentials("ann", "first"));
        peer.send(&refusal(ReasonCode::NotAuthorized));
    }
    next_question(&mut peer);
    assert_eq!(questions(&peer), [false, false, true, true]);
    answer(&mut peer, credentials("ann", "first"));
    assert_eq!(peer.state(), State::Idle);
}

#[test]
fn a_refusal_is_not_forgotten_while_fresh_credentials_cannot_be_had() {
    let mut peer = connected(clean(Version::V5));
    peer.cut();
    next_question(&mut peer);
    connect_with(&mut peer, credentials("ann", "first"));
    peer.send(&refusal(ReasonCode::NotAuthorized));
    next_question(&mut peer);
    peer.act(Session::preparation_failed);
    next_question(&mut peer);
    assert_eq!(questions(&peer), [false, false, true, true]);
    answer(&mut peer, credentials("ann", "first"));
    assert_eq!(peer.state(), State::Idle);
}

#[test]
fn without_asking_a_refusal_for_its_credentials_is_final() {
    let mut peer = Scripted::connected(clean(Version::V4));
    peer.reconnect();
    peer.send(&refusal(ReasonCode::BadUserNameOrPassword));
    assert_eq!(peer.state(), State::Idle);
}

#[test]
fn a_disconnect_for_its_credentials_asks_for_others() {
    let mut peer = connected(clean(Version::V5));
    peer.send(&disconnect(ReasonCode::NotAuthorized));
    next_question(&mut peer);
    assert_eq!(questions(&peer), [false, true]);
}

#[test]
fn the_application_can_make_a_passing_refusal_final() {
    for version in BOTH {
        let mut peer = Scripted::connected(ConnectOptions {
            policy: vec![(ReasonCode::ServerUnavailable, Class::Fatal)],
            ..clean(version)
        });
        peer.reconnect();
        peer.send(&refusal(ReasonCode::ServerUnavailable));
        assert_eq!(peer.state(), State::Idle);
    }
}

#[test]
fn the_application_can_have_a_final_end_tried_again() {
    let policy = vec![
        (ReasonCode::SessionTakenOver, Class::Retry),
        (ReasonCode::Banned, Class::Retry),
    ];
    let mut peer = Scripted::connected(ConnectOptions {
        policy,
        ..clean(Version::V5)
    });
    peer.send(&disconnect(ReasonCode::SessionTakenOver));
    assert_eq!(peer.cause(), Some(Error::SessionTakenOver));
    peer.next_attempt();
    peer.send(&refusal(ReasonCode::Banned));
    assert_eq!(peer.state(), State::Waiting);
}

#[test]
fn every_reason_code_has_a_class_and_only_credentials_are_refreshed() {
    let refreshed: Vec<_> = ReasonCode::ALL
        .iter()
        .filter(|reason| Class::of(**reason) == Class::Refresh)
        .collect();
    assert_eq!(
        refreshed,
        [
            &ReasonCode::BadUserNameOrPassword,
            &ReasonCode::NotAuthorized
        ]
    );
}

// Another server

/// Options that follow this many servers in a row.
fn following(redirects: u8) -> ConnectOptions {
    ConnectOptions {
        redirects,
        ..clean(Version::V5)
    }
}

/// The server refuses the CONNECT and names another one.
fn refer(peer: &mut Scripted, reason: ReasonCode, reference: &str) {
    let properties = properties(&[Property::Text(PropertyId::ServerReference, reference)]);
    peer.send(&Packet::ConnAck(ConnAck {
        session_present: false,
        reason,
        properties: properties.as_properties(),
    }));
}

/// The server ends the connection and names another one.
fn send_away(peer: &mut Scripted, reason: ReasonCode, reference: &str) {
    let properties = properties(&[Property::Text(PropertyId::ServerReference, reference)]);
    peer.send(&Packet::Disconnect(Disconnect {
        reason,
        properties: properties.as_properties(),
    }));
}

/// Opens what the session wants, up to the CONNECT, and says where it is.
#[track_caller]
fn next_server(peer: &mut Scripted) -> Option<String> {
    assert_eq!(peer.link, Link::Wanted, "{:?}", peer.change());
    let reference = peer.session.server_reference().map(Into::into);
    peer.open();
    peer.expect(PacketType::Connect);
    reference
}

const REDIRECTIONS: [ReasonCode; 2] = [ReasonCode::UseAnotherServer, ReasonCode::ServerMoved];

/// [MQTT-4.13.2-1]
#[test]
fn another_server_is_an_error_unless_the_application_allows_to_follow() {
    for reason in REDIRECTIONS {
        let mut peer = Scripted::new(clean(Version::V5));
        peer.connect();
        refer(&mut peer, reason, "two.example");
        assert_eq!((peer.state(), peer.link), (State::Idle, Link::None));
        assert_eq!(peer.cause(), Some(Error::ConnectRefused(reason)));
        assert_eq!(peer.change().server_reference(), Some("two.example"));
        assert_eq!(peer.session.server_reference(), None);

        let mut peer = Scripted::connected(clean(Version::V5));
        send_away(&mut peer, reason, "two.example");
        assert_eq!((peer.state(), peer.link), (State::Idle, Link::None));
        assert_eq!(peer.change().server_reference(), Some("two.example"));
    }
}

#[test]
fn a_refusal_that_names_another_server_is_followed_at_once() {
    for reason in REDIRECTIONS {
        let mut peer = Scripted::new(following(1));
        peer.connect();
        refer(&mut peer, reason, "two.example");
        assert_eq!(peer.state(), State::Connecting);
        assert_eq!(peer.cause(), Some(Error::ConnectRefused(reason)));
        assert_eq!(next_server(&mut peer).as_deref(), Some("two.example"));
        peer.accept(false);
        assert_eq!(peer.state(), State::Connected);
    }
}

#[test]
fn a_disconnect_that_names_another_server_is_followed_at_once() {
    for reason in REDIRECTIONS {
        let mut peer = Scripted::connected(following(1));
        send_away(&mut peer, reason, "two.example");
        assert_eq!(next_server(&mut peer).as_deref(), Some("two.example"));
        peer.accept(false);
        assert_eq!(peer.state(), State::Connected);
    }
}

#[test]
fn use_another_server_counts_for_one_connection_and_server_moved_for_all() {
    let moved = [None, Some("two.example")];
    for (reason, later) in REDIRECTIONS.into_iter().zip(moved) {
        let mut peer = Scripted::new(following(1));
        peer.connect();
        refer(&mut peer, reason, "two.example");
        next_server(&mut peer);
        peer.accept(false);
        peer.advance(60_000);
        peer.open_at_once = false;
        peer.cut();
        peer.advance(30_000);
        assert_eq!(next_server(&mut peer).as_deref(), later, "{reason:?}");
    }
}

/// Either can be gone: the server that has moved, or the one that it has moved to.
#[test]
fn where_a_server_has_moved_to_and_where_it_was_have_their_turns() {
    let mut peer = Scripted::connected(following(1));
    peer.open_at_once = false;
    send_away(&mut peer, ReasonCode::ServerMoved, "two.example");
    assert_eq!(peer.session.server_reference(), Some("two.example"));
    for next in [None, Some("two.example"), None] {
        peer.cut();
        assert_eq!(
            (peer.session.server_reference(), peer.state()),
            (next, State::Waiting)
        );
        peer.advance(30_000);
    }
    // It is where it was: what it said before does not count any more.
    peer.open();
    peer.accept(false);
    peer.cut();
    peer.advance(30_000);
    assert_eq!(peer.session.server_reference(), None);
    peer.cut();
    assert_eq!(peer.session.server_reference(), None);
}

/// The own server may name the next one.
#[test]
fn a_server_that_has_moved_again_is_found() {
    let mut peer = Scripted::connected(following(1));
    peer.open_at_once = false;
    send_away(&mut peer, ReasonCode::ServerMoved, "two.example");
    peer.cut();
    peer.next_attempt();
    refer(&mut peer, ReasonCode::ServerMoved, "three.example");
    assert_eq!(next_server(&mut peer).as_deref(), Some("three.example"));
    peer.accept(false);
    peer.advance(60_000);
    peer.cut();
    assert_eq!(peer.session.server_reference(), Some("three.example"));
}

#[test]
fn an_attempt_at_another_server_that_fails_leads_back() {
    let mut peer = Scripted::connected(following(1));
    send_away(&mut peer, ReasonCode::UseAnotherServer, "two.example");
    assert_eq!(peer.session.server_reference(), Some("two.example"));
    peer.cut();
    assert_eq!(peer.state(), State::Waiting);
    peer.next_attempt();
    assert_eq!(peer.session.server_reference(), None);
}

#[test]
fn no_more_servers_are_followed_in_a_row_than_allowed() {
    let mut peer = Scripted::new(following(2));
    peer.connect();
    for name in ["two.example", "three.example"] {
        refer(&mut peer, ReasonCode::ServerMoved, name);
        assert_eq!(next_server(&mut peer).as_deref(), Some(name));
    }
    refer(&mut peer, ReasonCode::ServerMoved, "four.example");
    assert_eq!((peer.state(), peer.link), (State::Idle, Link::None));

    // A connection that does not last does not begin a new row, one that lasts does.
    for (lasts, state) in [(19_000, State::Idle), (21_000, State::Connecting)] {
        let mut peer = Scripted::connected(following(1));
        send_away(&mut peer, ReasonCode::UseAnotherServer, "two.example");
        next_server(&mut peer);
        peer.accept(false);
        peer.advance(lasts);
        send_away(&mut peer, ReasonCode::UseAnotherServer, "one.example");
        assert_eq!(peer.state(), state, "after {lasts} ms");
    }
}

#[test]
fn a_pause_before_the_next_attempt_begins_a_new_row() {
    let mut peer = Scripted::connected(following(1));
    for _ in 0..5 {
        send_away(&mut peer, ReasonCode::UseAnotherServer, "two.example");
        next_server(&mut peer);
        peer.accept(false);
        peer.reconnect();
        peer.accept(false);
    }
    assert_eq!(peer.state(), State::Connected);
}

#[test]
fn another_server_without_a_name_is_an_error() {
    let mut peer = Scripted::new(following(9));
    peer.connect();
    peer.send(&refusal(ReasonCode::UseAnotherServer));
    assert_eq!(peer.state(), State::Idle);
}

#[test]
fn a_server_that_the_host_cannot_go_to_is_an_error_and_forgotten() {
    let mut peer = Scripted::connected(following(1));
    send_away(&mut peer, ReasonCode::ServerMoved, "mqtt://two.example");
    peer.act(Session::handle_redirect_refused);
    assert_eq!((peer.state(), peer.link), (State::Idle, Link::None));
    assert_eq!(peer.cause(), Some(Error::RedirectRefused));
    assert_eq!(peer.session.server_reference(), None);
}

#[test]
fn at_another_server_the_application_is_asked_again() {
    let mut peer = connected(following(1));
    send_away(&mut peer, ReasonCode::UseAnotherServer, "two.example");
    assert_eq!(questions(&peer), [false, false]);
    assert_eq!(peer.link, Link::None);
    assert_eq!(peer.session.server_reference(), Some("two.example"));
    connect_with(&mut peer, credentials("ann", "for two"));
}
