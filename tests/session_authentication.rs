//! Enhanced authentication: exchanges of AUTH packets before the CONNACK and during the connection.

mod pair;

use pair::*;
use webmqtt::codec::{
    Auth, ConnAck, Packet, PacketType, PropertiesBuf, Property, PropertyId, ReasonCode, Version,
};
use webmqtt::error::Error;
use webmqtt::session::{AuthenticationStep, ConnectOptions, Prepared, Session, State, Token, Wake};

const METHOD: &str = "X-TEST";

fn options() -> ConnectOptions {
    ConnectOptions {
        ask: true,
        authentication_method: Some(METHOD.into()),
        ..clean(Version::V5)
    }
}

fn data(bytes: &[u8]) -> Prepared {
    Prepared {
        authentication_data: Some(bytes.to_vec()),
        ..Prepared::default()
    }
}

fn method_and(data: &[u8]) -> PropertiesBuf {
    properties(&[
        Property::Text(PropertyId::AuthenticationMethod, METHOD),
        Property::Binary(PropertyId::AuthenticationData, data),
    ])
}

/// The server sends AUTH.
fn send_auth(peer: &mut Scripted, reason: ReasonCode, list: &PropertiesBuf) {
    peer.send(&Packet::Auth(Auth {
        reason,
        properties: list.as_properties(),
    }));
}

fn challenge(peer: &mut Scripted, data: &[u8]) {
    send_auth(peer, ReasonCode::ContinueAuthentication, &method_and(data));
}

fn accept(peer: &mut Scripted, data: &[u8]) {
    peer.accept_with(
        false,
        &[
            Property::Text(PropertyId::AuthenticationMethod, METHOD),
            Property::Binary(PropertyId::AuthenticationData, data),
        ],
    );
}

fn answer(peer: &mut Scripted, data: &[u8]) {
    peer.act(|session, now| session.authenticate(now, Some(data)))
        .expect("AUTH can carry it");
}

/// The application is satisfied.
fn satisfied(peer: &mut Scripted) {
    peer.act(|session, now| session.authenticate(now, None))
        .expect("nothing is sent");
}

/// What the application was asked, step by step.
fn steps(peer: &Scripted) -> Vec<(AuthenticationStep, Vec<u8>)> {
    let steps = peer.happened.iter().filter_map(|it| match &it.what {
        What::Authentication { step, data } => Some((*step, data.clone().unwrap_or_default())),
        _ => None,
    });
    steps.collect()
}

fn reauthenticated(peer: &Scripted) -> Vec<(Token, Result<(), Error>)> {
    let results = peer.happened.iter().filter_map(|it| match it.what {
        What::Reauthenticated { token, result } => Some((token, result)),
        _ => None,
    });
    results.collect()
}

/// The client's AUTH: reason, method, data.
#[track_caller]
fn expect_auth(peer: &mut Scripted) -> (ReasonCode, String, Option<Vec<u8>>) {
    let frame = peer.expect(PacketType::Auth);
    match frame.packet() {
        Packet::Auth(auth) => {
            let method = auth.properties.text(PropertyId::AuthenticationMethod);
            let data = auth.properties.binary(PropertyId::AuthenticationData);
            (
                auth.reason,
                method.expect("a method").into(),
                data.map(Into::into),
            )
        }
        _ => unreachable!(),
    }
}

/// The client's CONNECT, with the method and these data.
#[track_caller]
fn expect_connect(peer: &mut Scripted, data: &[u8]) {
    match peer.expect(PacketType::Connect).packet() {
        Packet::Connect(connect) => {
            let method = connect.properties.text(PropertyId::AuthenticationMethod);
            assert_eq!(method, Some(METHOD));
            let sent = connect.properties.binary(PropertyId::AuthenticationData);
            assert_eq!(sent, Some(data));
        }
        _ => unreachable!(),
    }
}

/// CONNECT has left.
fn connecting() -> Scripted {
    let mut peer = Scripted::new(options());
    peer.act(Session::connect).unwrap();
    peer.act(|session, now| session.prepared(now, data(b"hello")))
        .unwrap();
    peer.open();
    expect_connect(&mut peer, b"hello");
    peer
}

fn connected() -> Scripted {
    let mut peer = connecting();
    accept(&mut peer, b"welcome");
    satisfied(&mut peer);
    assert_eq!(peer.state(), State::Connected);
    peer
}

fn reauthenticate(peer: &mut Scripted, data: &[u8]) -> Token {
    peer.act(|session, now| session.reauthenticate(now, Some(data)))
        .expect("it can begin")
}

use AuthenticationStep::{Continue, Success};

// With CONNECT

/// AUT-01, [MQTT-4.12.0-3], [MQTT-4.12.0-5]
#[test]
fn each_challenge_is_answered_and_the_data_of_connack_are_judged_by_the_application() {
    for split in [Split::Whole, Split::EveryByte] {
        let mut peer = connecting();
        peer.split = split;
        for (asked, answered) in [(b"1?", b"1!"), (b"2?", b"2!")] {
            challenge(&mut peer, asked);
            peer.expect_silence();
            answer(&mut peer, answered);
            let auth = expect_auth(&mut peer);
            let continues = ReasonCode::ContinueAuthentication;
            assert_eq!(auth, (continues, METHOD.into(), Some(answered.to_vec())));
        }
        accept(&mut peer, b"proof");
        assert_eq!(peer.state(), State::Connecting, "nobody is satisfied yet");
        assert_eq!(
            steps(&peer),
            [
                (Continue, b"1?".to_vec()),
                (Continue, b"2?".to_vec()),
                (Success, b"proof".to_vec())
            ]
        );
        satisfied(&mut peer);
        assert_eq!(peer.state(), State::Connected);
        peer.expect_silence();
    }
}

#[test]
fn a_connack_counts_only_when_the_application_is_satisfied() {
    let mut peer = connecting();
    peer.publish("a", "x", QOS0);
    peer.subscribe(&[("b", QOS0)]);
    let accepted = properties(&[Property::Text(PropertyId::AuthenticationMethod, METHOD)]);
    peer.send_all(&[
        Packet::ConnAck(ConnAck {
            session_present: false,
            reason: ReasonCode::Success,
            properties: accepted.as_properties(),
        }),
        publish(QOS0, 0, "b", "right behind"),
    ]);
    assert_eq!(steps(&peer), [(Success, Vec::new())]);
    peer.expect_silence();
    assert!(peer.messages().is_empty());
    satisfied(&mut peer);
    assert_eq!(peer.payloads(), ["right behind"]);
    peer.expect_all(&[PacketType::Subscribe, PacketType::Publish]);
}

/// AUT-02, [MQTT-4.12.0-6]
#[test]
fn authentication_that_nobody_asked_for_is_a_protocol_error() {
    let mut peer = Scripted::new(clean(Version::V5));
    peer.connect();
    challenge(&mut peer, b"who?");
    peer.expect_hang_up(&[ReasonCode::ProtocolError]);
    assert!(steps(&peer).is_empty());

    let mut peer = Scripted::new(clean(Version::V5));
    peer.connect();
    accept(&mut peer, b"proof");
    peer.expect_hang_up(&[ReasonCode::ProtocolError]);

    let mut peer = Scripted::connected(clean(Version::V5));
    challenge(&mut peer, b"who?");
    peer.expect_hang_up(&[ReasonCode::ProtocolError]);
}

/// AUT-03, [MQTT-4.12.0-5]
#[test]
fn another_method_is_a_protocol_error() {
    let other = properties(&[Property::Text(PropertyId::AuthenticationMethod, "OTHER")]);
    let mut peer = connecting();
    send_auth(&mut peer, ReasonCode::ContinueAuthentication, &other);
    peer.expect_hang_up(&[ReasonCode::ProtocolError]);

    for list in [&other, &PropertiesBuf::new()] {
        let mut peer = connecting();
        peer.send(&Packet::ConnAck(ConnAck {
            session_present: false,
            reason: ReasonCode::Success,
            properties: list.as_properties(),
        }));
        peer.expect_hang_up(&[ReasonCode::ProtocolError]);
        assert_eq!(peer.state(), State::Idle);
    }

    let mut peer = connected();
    reauthenticate(&mut peer, b"again");
    peer.expect(PacketType::Auth);
    send_auth(&mut peer, ReasonCode::Success, &other);
    peer.expect_hang_up(&[ReasonCode::ProtocolError]);
}

/// AUT-04, [MQTT-4.12.0-4]
#[test]
fn a_refusal_in_the_middle_of_the_exchange_rejects_with_its_code() {
    for reason in [
        ReasonCode::NotAuthorized,
        ReasonCode::BadAuthenticationMethod,
    ] {
        let mut peer = connecting();
        challenge(&mut peer, b"1?");
        answer(&mut peer, b"1!");
        peer.expect(PacketType::Auth);
        peer.send(&refusal(reason));
        assert_eq!(peer.state(), State::Idle);
        assert_eq!(peer.cause(), Some(Error::ConnectRefused(reason)));
        peer.expect_silence();
    }
}

/// The application still thinks; with or without the end of the connection right behind it.
#[test]
fn a_refusal_while_it_is_the_applications_turn_is_told_as_that() {
    for closes in [true, false] {
        let mut peer = connecting();
        challenge(&mut peer, b"1?");
        peer.send(&refusal(ReasonCode::NotAuthorized));
        if closes {
            peer.act(Session::handle_closed);
        }
        let refused = Error::ConnectRefused(ReasonCode::NotAuthorized);
        assert_eq!((peer.state(), peer.cause()), (State::Idle, Some(refused)));
        // Its answer comes too late.
        answer(&mut peer, b"1!");
        peer.expect_silence();
    }
}

/// [MQTT-4.12.0-3]: whoever asks waits for the answer. Nothing is kept for later.
#[test]
fn nothing_but_a_refusal_may_follow_a_question_before_the_connack() {
    let method = method_and(b"?");
    let auth = Packet::Auth(Auth {
        reason: ReasonCode::ContinueAuthentication,
        properties: method.as_properties(),
    });
    let welcome = Packet::ConnAck(ConnAck {
        session_present: false,
        reason: ReasonCode::Success,
        properties: method.as_properties(),
    });
    let early = publish(QOS0, 0, "a", "x");
    for next in [auth, welcome, early, Packet::PingResp] {
        let mut peer = connecting();
        challenge(&mut peer, b"1?");
        peer.send(&next);
        peer.expect_hang_up(&[ReasonCode::ProtocolError]);
        let wrong = Error::Protocol(ReasonCode::ProtocolError);
        assert_eq!((peer.state(), peer.cause()), (State::Idle, Some(wrong)));
        assert_eq!(
            steps(&peer).len(),
            1,
            "the application hears of the first alone"
        );
    }
}

/// While the application judges the end of an exchange, what comes has to wait unread: so much and no more.
#[test]
fn what_waits_for_the_applications_judgement_is_bounded() {
    const MEBIBYTE: usize = 1024 * 1024;
    let payload = vec![0; MEBIBYTE];
    for again in [false, true] {
        for (messages, fits) in [(15, true), (17, false)] {
            let mut peer = if again { connected() } else { connecting() };
            peer.subscribe(&[("a", QOS0)]);
            if again {
                reauthenticate(&mut peer, b"r");
                send_auth(&mut peer, ReasonCode::Success, &method_and(b"proof"));
            } else {
                accept(&mut peer, b"proof");
            }
            for _ in 0..messages {
                peer.send(&publish(QOS0, 0, "a", &payload));
            }
            if fits {
                satisfied(&mut peer);
                assert_eq!(peer.state(), State::Connected);
                assert_eq!(peer.messages().len(), messages);
                continue;
            }
            let ended = Error::Protocol(ReasonCode::QuotaExceeded);
            assert_eq!(peer.cause(), Some(ended), "{again}");
            assert_eq!(peer.messages().len(), 0);
            let last = std::iter::from_fn(|| peer.next()).last().unwrap();
            assert!(
                matches!(last.packet(), Packet::Disconnect(it) if it.reason == ReasonCode::QuotaExceeded)
            );
        }
    }
}

/// AUT-05, [MQTT-3.15.1-1]
#[test]
fn an_auth_that_is_not_one_is_refused() {
    let method = b"\x15\x00\x06X-TEST";
    let bad: [Vec<u8>; 4] = [
        // No method.
        vec![0xF0, 2, 0x18, 0],
        // What only a client says.
        [&[0xF0, 11, 0x19, 9][..], method].concat(),
        // Flags.
        [&[0xF2, 11, 0x18, 9][..], method].concat(),
        // One byte.
        vec![0xF0, 1, 0x18],
    ];
    for bytes in bad {
        let mut peer = connecting();
        peer.send_bytes(&bytes);
        peer.expect_hang_up(&[ReasonCode::MalformedPacket, ReasonCode::ProtocolError]);
        assert!(steps(&peer).is_empty(), "{bytes:02X?}");
    }
}

/// [MQTT-4.12.0-2]: the first exchange ends with CONNACK.
#[test]
fn an_auth_with_success_before_connack_is_a_protocol_error() {
    let mut peer = connecting();
    send_auth(&mut peer, ReasonCode::Success, &method_and(b"done"));
    peer.expect_hang_up(&[ReasonCode::ProtocolError]);
}

/// AUT-08, [MQTT-3.1.2-30]
#[test]
fn nothing_but_auth_leaves_before_the_connack() {
    let mut peer = connecting();
    peer.publish("a", "x", QOS1);
    peer.subscribe(&[("b", QOS0)]);
    challenge(&mut peer, b"1?");
    peer.publish("a", "y", QOS0);
    peer.act(|session, now| session.handle_wake(now, Wake::Running));
    peer.advance(5_000);
    peer.expect_silence();
    answer(&mut peer, b"1!");
    peer.expect_all(&[PacketType::Auth]);
    accept(&mut peer, b"proof");
    peer.expect_silence();
    satisfied(&mut peer);
    peer.expect_all(&[
        PacketType::Subscribe,
        PacketType::Publish,
        PacketType::Publish,
    ]);
}

/// AUT-09
#[test]
fn an_application_that_cannot_go_on_ends_the_connection_with_a_disconnect() {
    let mut peer = connecting();
    challenge(&mut peer, b"1?");
    peer.act(Session::authentication_failed);
    peer.expect_hang_up(&[ReasonCode::UnspecifiedError]);
    assert_eq!(peer.state(), State::Idle);
    assert_eq!(peer.cause(), Some(Error::Authentication));

    let mut peer = connecting();
    accept(&mut peer, b"no proof");
    peer.act(Session::authentication_failed);
    peer.expect_hang_up(&[ReasonCode::UnspecifiedError]);
    assert_eq!(peer.cause(), Some(Error::Authentication));
    let was_connected = |it: &Happened| matches!(it.what, What::Connected { .. });
    assert!(!peer.happened.iter().any(was_connected));
}

/// AUT-09
#[test]
fn an_application_that_does_not_answer_has_as_much_time_as_the_attempt() {
    let mut peer = connecting();
    challenge(&mut peer, b"1?");
    peer.advance(29_999);
    assert_eq!(peer.state(), State::Connecting);
    peer.advance(1);
    peer.expect_hang_up(&[ReasonCode::UnspecifiedError]);
    assert_eq!(peer.cause(), Some(Error::Credentials));
}

#[test]
fn answers_that_nobody_waits_for_change_nothing() {
    let mut peer = connecting();
    answer(&mut peer, b"early");
    peer.act(Session::authentication_failed);
    accept(&mut peer, b"proof");
    satisfied(&mut peer);
    answer(&mut peer, b"late");
    peer.act(Session::authentication_failed);
    assert_eq!(peer.state(), State::Connected);
    peer.expect_silence();

    peer.cut();
    answer(&mut peer, b"too late");
    peer.act(Session::authentication_failed);
    assert_eq!(peer.state(), State::Waiting);
}

#[test]
fn data_that_auth_cannot_carry_leave_the_question_open() {
    let mut peer = connecting();
    challenge(&mut peer, b"1?");
    let long = vec![0; 65_536];
    let refused = peer.act(|session, now| session.authenticate(now, Some(&long)));
    assert!(refused.is_err());
    peer.expect_silence();
    answer(&mut peer, b"1!");
    peer.expect(PacketType::Auth);
}

#[test]
fn the_next_connection_begins_a_new_exchange() {
    let mut peer = connected();
    peer.cut();
    let at = peer.deadline().unwrap();
    peer.run_timers(at, false);
    peer.act(|session, now| session.prepared(now, data(b"hello again")))
        .unwrap();
    peer.open();
    expect_connect(&mut peer, b"hello again");
    accept(&mut peer, b"proof");
    assert_eq!(peer.state(), State::Connecting);
    satisfied(&mut peer);
    assert_eq!(peer.state(), State::Connected);
}

/// The server's proof was wrong: only with other data is there a point in asking it again.
#[test]
fn after_a_failed_authentication_the_same_data_are_not_tried_again() {
    for (again, state) in [(b"other", State::Connecting), (b"hello", State::Idle)] {
        let mut peer = connected();
        reauthenticate(&mut peer, b"hello");
        challenge(&mut peer, b"1?");
        peer.act(Session::authentication_failed);
        assert_eq!(peer.state(), State::Waiting);
        let at = peer.deadline().unwrap();
        peer.run_timers(at, false);
        peer.act(|session, now| session.prepared(now, data(again)))
            .unwrap();
        assert_eq!(peer.state(), state);
    }
}

#[test]
fn data_that_were_refused_in_a_re_authentication_are_not_tried_again() {
    for (again, state) in [(b"later", State::Connecting), (b"token", State::Idle)] {
        let mut peer = connected();
        reauthenticate(&mut peer, b"token");
        peer.send(&disconnect(ReasonCode::NotAuthorized));
        let at = peer.deadline().unwrap();
        peer.run_timers(at, false);
        peer.act(|session, now| session.prepared(now, data(again)))
            .unwrap();
        assert_eq!(peer.state(), state);
    }
}

// During the connection

/// AUT-06, [MQTT-4.12.1-1]
#[test]
fn a_re_authentication_goes_on_beside_other_packets() {
    let mut peer = connected();
    peer.subscribe(&[("a", QOS0)]);
    peer.expect(PacketType::Subscribe);
    let token = reauthenticate(&mut peer, b"renewed");
    let auth = expect_auth(&mut peer);
    let begins = ReasonCode::ReAuthenticate;
    assert_eq!(auth, (begins, METHOD.into(), Some(b"renewed".to_vec())));

    peer.send(&publish(QOS0, 0, "a", "first"));
    challenge(&mut peer, b"1?");
    peer.send(&publish(QOS0, 0, "a", "second"));
    peer.publish("b", "ours", QOS0);
    assert_eq!(peer.payloads(), ["first", "second"]);
    peer.expect(PacketType::Publish);
    answer(&mut peer, b"1!");
    expect_auth(&mut peer);

    send_auth(&mut peer, ReasonCode::Success, &method_and(b"proof"));
    assert_eq!(reauthenticated(&peer), []);
    peer.send(&publish(QOS0, 0, "a", "third"));
    assert_eq!(peer.payloads().len(), 2, "the server has not proved itself");
    satisfied(&mut peer);
    assert_eq!(reauthenticated(&peer), [(token, Ok(()))]);
    assert_eq!(peer.payloads(), ["first", "second", "third"]);

    // Nothing is left of it that could end the connection.
    peer.advance(40_000);
    assert_eq!(peer.state(), State::Connected);
    reauthenticate(&mut peer, b"once more");
}

/// What the server answers meanwhile cannot be read, but it was heard.
#[test]
fn a_server_that_answers_lives_while_the_application_thinks() {
    for answers in [true, false] {
        let mut peer = Scripted::new(ConnectOptions {
            ask: false,
            keep_alive: 8,
            ..options()
        });
        peer.connect();
        accept(&mut peer, b"welcome");
        satisfied(&mut peer);
        peer.advance(5_000);
        reauthenticate(&mut peer, b"r");
        peer.expect(PacketType::Auth);
        peer.advance(6_000);
        peer.expect(PacketType::PingReq);
        let proof = method_and(b"proof");
        let auth = Packet::Auth(Auth {
            reason: ReasonCode::Success,
            properties: proof.as_properties(),
        });
        peer.send_all(&[auth, Packet::PingResp]);
        for _ in 0..23 {
            peer.advance(1_000);
            if peer.next().is_some() && answers {
                peer.send(&Packet::PingResp);
            }
        }
        if answers {
            assert_eq!((peer.state(), peer.cause()), (State::Connected, None));
            satisfied(&mut peer);
            assert_eq!(reauthenticated(&peer).len(), 1);
        } else {
            assert_eq!(reauthenticated(&peer)[0].1, Err(Error::KeepAliveTimeout));
        }
    }
}

/// [MQTT-3.15.2-1]: AUTH may leave out a success without properties.
#[test]
fn the_shortest_auth_is_a_success() {
    let mut peer = connected();
    let token = reauthenticate(&mut peer, b"r");
    peer.send_bytes(&[0xF0, 0]);
    satisfied(&mut peer);
    assert_eq!(reauthenticated(&peer), [(token, Ok(()))]);
}

/// AUT-07, [MQTT-4.12.1-2]
#[test]
fn a_refused_re_authentication_ends_the_connection() {
    let mut peer = connected();
    let token = reauthenticate(&mut peer, b"expired");
    peer.send(&disconnect(ReasonCode::NotAuthorized));
    let cause = Error::ServerDisconnect(ReasonCode::NotAuthorized);
    assert_eq!(reauthenticated(&peer), [(token, Err(cause))]);
    assert_eq!(peer.cause(), Some(cause));
    assert_eq!(peer.link, Link::None);
}

#[test]
fn a_re_authentication_is_settled_with_the_connection() {
    for cause in [Error::ConnectionLost, Error::Closed, Error::ConnectTimeout] {
        let mut peer = connected();
        peer.open_at_once = false;
        let token = reauthenticate(&mut peer, b"r");
        match cause {
            Error::ConnectionLost => peer.cut(),
            Error::Closed => peer.act(Session::abort),
            _ => peer.advance(30_000),
        }
        assert_eq!(reauthenticated(&peer), [(token, Err(cause))]);
        assert_ne!(peer.state(), State::Connected);
    }
}

/// AUT-10, [MQTT-4.12.0-7]
#[test]
fn re_authentication_without_method_connection_or_turn_is_refused() {
    fn refused(peer: &mut Scripted) {
        let result = peer.act(|session, now| session.reauthenticate(now, None));
        assert_eq!(result, Err(Error::Reauthentication));
        peer.expect_silence();
    }
    refused(&mut Scripted::connected(clean(Version::V5)));
    refused(&mut Scripted::connected(clean(Version::V4)));
    refused(&mut Scripted::new(options()));
    refused(&mut connecting());
    let mut peer = connected();
    reauthenticate(&mut peer, b"r");
    peer.expect(PacketType::Auth);
    refused(&mut peer);
}

#[test]
fn an_auth_out_of_turn_is_a_protocol_error() {
    for reason in [ReasonCode::ContinueAuthentication, ReasonCode::Success] {
        let mut peer = connected();
        send_auth(&mut peer, reason, &method_and(b"?"));
        peer.expect_hang_up(&[ReasonCode::ProtocolError]);

        let mut peer = connected();
        reauthenticate(&mut peer, b"r");
        peer.expect(PacketType::Auth);
        challenge(&mut peer, b"1?");
        send_auth(&mut peer, reason, &method_and(b"2?"));
        peer.expect_hang_up(&[ReasonCode::ProtocolError]);
    }
}

#[test]
fn an_auth_above_the_servers_maximum_packet_size_is_refused_locally() {
    let mut peer = connecting();
    peer.accept_with(
        false,
        &[
            Property::Text(PropertyId::AuthenticationMethod, METHOD),
            Property::FourByte(PropertyId::MaximumPacketSize, 50),
        ],
    );
    satisfied(&mut peer);
    let result = peer.act(|session, now| session.reauthenticate(now, Some(&[0; 50])));
    assert_eq!(result, Err(Error::PacketTooLarge));
    reauthenticate(&mut peer, &[0; 10]);
    peer.expect_all(&[PacketType::Auth]);
}

// Options

#[test]
fn a_method_is_for_version_5_and_data_are_for_a_method() {
    let refused = Session::new(
        ConnectOptions {
            version: Version::V4,
            ..options()
        },
        1,
    );
    assert_eq!(refused.err(), Some(Error::Option));

    let mut peer = Scripted::new(ConnectOptions {
        authentication_method: None,
        ..options()
    });
    peer.act(Session::connect).unwrap();
    let refused = peer.act(|session, now| session.prepared(now, data(b"hello")));
    assert_eq!(refused, Err(Error::Option));
}

#[test]
fn a_method_without_data_needs_nobody_to_ask() {
    let mut peer = Scripted::new(ConnectOptions {
        ask: false,
        ..options()
    });
    match peer.connect().packet() {
        Packet::Connect(connect) => {
            let method = connect.properties.text(PropertyId::AuthenticationMethod);
            assert_eq!(method, Some(METHOD));
            let data = connect.properties.binary(PropertyId::AuthenticationData);
            assert_eq!(data, None);
        }
        _ => unreachable!(),
    }
    challenge(&mut peer, b"1?");
    answer(&mut peer, b"1!");
    accept(&mut peer, b"proof");
    satisfied(&mut peer);
    assert_eq!(peer.state(), State::Connected);
}
