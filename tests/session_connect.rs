//! Opening a connection: what CONNECT says, what the client makes of each answer, and of none.

mod pair;

use pair::*;
use webmqtt::codec::{
    ConnAck, Connect, Packet, PacketType, Property, PropertyId, QoS, ReasonCode, TopicName,
    Version, Will,
};
use webmqtt::error::Error;
use webmqtt::session::{ConnectOptions, Session, State, WillOptions};
use webmqtt::time::Duration;

fn connect_of(frame: &Frame) -> Connect<'_> {
    match frame.packet() {
        Packet::Connect(connect) => connect,
        other => panic!("not a CONNECT: {other:?}"),
    }
}

/// A client that comes back after a loss and stands before the CONNACK of its second connection.
fn reconnecting(options: ConnectOptions) -> Scripted {
    let mut peer = Scripted::connected(options);
    peer.reconnect();
    peer
}

/// CON-01
#[test]
fn the_first_packet_is_a_connect_of_the_configured_version() {
    for version in [Version::V3, Version::V4, Version::V5] {
        let mut peer = Scripted::new(clean(version));
        peer.connect();
        assert_eq!(connect_of(&peer.log()[0]).version, version);
        peer.expect_silence();
        peer.accept(false);
        assert_eq!(peer.state(), State::Connected);
    }
}

/// CON-02, CON-03
#[test]
fn a_wrong_subprotocol_ends_the_attempt_before_the_connect() {
    for version in BOTH {
        let mut peer = Scripted::new(clean(version));
        peer.act(Session::connect).unwrap();
        peer.session.handle_open(webmqtt::time::Instant::default());
        peer.act(|session, now| session.handle_transport_error(now, Error::Subprotocol));
        assert_eq!(peer.link, Link::None);
        assert_eq!(peer.state(), State::Idle);
        assert_eq!(peer.cause(), Some(Error::Subprotocol));
        assert!(peer.log().is_empty());
    }
}

/// CON-04
#[test]
fn a_transport_that_does_not_open_is_unreachable() {
    let mut peer = Scripted::new(clean(Version::V5));
    peer.act(Session::connect).unwrap();
    peer.cut();
    assert_eq!(peer.state(), State::Idle);
    assert_eq!(peer.cause(), Some(Error::Unreachable));
    assert_eq!(peer.deadline(), None);
}

/// CON-04
#[test]
fn a_lost_connection_is_tried_again_until_the_transport_opens() {
    let mut peer = Scripted::connected(clean(Version::V5));
    peer.open_at_once = false;
    peer.cut();
    for _ in 0..20 {
        let at = peer.deadline().unwrap();
        peer.run_timers(at, true);
        assert_eq!(peer.link, Link::Wanted);
        peer.cut();
        assert_eq!(peer.state(), State::Waiting);
        assert_eq!(peer.cause(), Some(Error::Unreachable));
    }
}

/// CON-05
#[test]
fn a_server_that_never_answers_is_given_up_after_the_connect_timeout() {
    for version in BOTH {
        let mut peer = Scripted::new(clean(version));
        peer.connect();
        peer.advance(29_999);
        assert_eq!(peer.state(), State::Connecting);
        peer.advance(1);
        assert_eq!(peer.link, Link::None);
        assert_eq!(peer.state(), State::Idle);
        assert_eq!(peer.cause(), Some(Error::ConnectTimeout));
        assert_eq!(peer.deadline(), None);
    }
}

/// CON-05
#[test]
fn a_transport_that_never_opens_is_given_up_after_the_connect_timeout() {
    let mut peer = Scripted::new(clean(Version::V5));
    peer.open_at_once = false;
    peer.act(Session::connect).unwrap();
    peer.advance(30_000);
    assert_eq!(peer.link, Link::None);
    assert_eq!(peer.cause(), Some(Error::ConnectTimeout));
}

/// CON-06
#[test]
fn a_close_without_connack_fails_the_attempt_and_leaves_nothing_behind() {
    for version in BOTH {
        for sent in 0..3 {
            let mut peer = Scripted::new(clean(version));
            peer.connect();
            let connack = bytes(version, &[connack(false)]);
            peer.send_bytes(&connack[..sent]);
            peer.cut();
            assert_eq!(peer.state(), State::Idle);
            assert_eq!(peer.cause(), Some(Error::ConnectionLost));
            assert_eq!(peer.deadline(), None);

            peer.connect();
            peer.expect_silence();
            peer.accept(false);
            assert_eq!(peer.state(), State::Connected);
        }
    }
}

/// CON-07
#[test]
fn a_connack_may_come_byte_by_byte() {
    for version in BOTH {
        let mut peer = Scripted::new(clean(version));
        peer.split = Split::EveryByte;
        peer.connect();
        peer.accept(false);
        assert_eq!(peer.state(), State::Connected);
    }
}

/// CON-08
#[test]
fn a_message_right_behind_the_connack_is_delivered_after_the_connection_is_reported() {
    for version in BOTH {
        let mut peer = Scripted::new(clean(version));
        peer.subscribe(&[("a", QOS0)]);
        peer.connect();
        peer.send_all(&[
            connack(false),
            publish(QOS0, 0, "a", "kept"),
            Packet::PingResp,
        ]);
        let connected = |happened: &Happened| matches!(happened.what, What::Connected { .. });
        let message = |happened: &Happened| matches!(happened.what, What::Message(_));
        let connected = peer.happened.iter().position(connected).unwrap();
        let message = peer.happened.iter().position(message).unwrap();
        assert!(connected < message);
        assert_eq!(peer.payloads(), ["kept"]);
    }
}

/// CON-09
#[test]
fn each_return_code_of_3_1_1_rejects_and_closes() {
    for (code, reason) in [
        (1, ReasonCode::UnsupportedProtocolVersion),
        (2, ReasonCode::ClientIdentifierNotValid),
        (3, ReasonCode::ServerUnavailable),
        (4, ReasonCode::BadUserNameOrPassword),
        (5, ReasonCode::NotAuthorized),
    ] {
        let mut peer = Scripted::new(clean(Version::V4));
        peer.connect();
        peer.send_bytes(&[0x20, 2, 0, code]);
        assert_eq!(peer.state(), State::Idle);
        assert_eq!(peer.cause(), Some(Error::ConnectRefused(reason)));
        peer.expect_hang_up(&[]);

        let mut peer = reconnecting(clean(Version::V4));
        peer.send_bytes(&[0x20, 2, 0, code]);
        let tries_again = if code == 3 {
            State::Waiting
        } else {
            State::Idle
        };
        assert_eq!(peer.state(), tries_again, "{reason:?}");
    }
}

/// CON-10
#[test]
fn each_failure_code_of_connack_rejects_with_its_reason_and_closes() {
    let codes = ReasonCode::ALL.iter().copied();
    for reason in codes.filter(|code| {
        code.is_error() && code.legal_in(PacketType::ConnAck, webmqtt::codec::Sender::Server)
    }) {
        let mut peer = Scripted::new(clean(Version::V5));
        peer.connect();
        let why = properties(&[
            Property::Text(PropertyId::ReasonString, "because"),
            Property::Pair("name", "value"),
        ]);
        peer.send(&Packet::ConnAck(ConnAck {
            session_present: false,
            reason,
            properties: why.as_properties(),
        }));
        assert_eq!(peer.link, Link::None, "{reason:?}");
        assert_eq!(peer.state(), State::Idle);
        assert_eq!(peer.cause(), Some(Error::ConnectRefused(reason)));
        assert_eq!(peer.change().reason_string(), Some("because"));
        peer.expect_silence();
    }
}

/// CON-10
#[test]
fn only_refusals_that_can_pass_are_tried_again() {
    for (reason, state) in [
        (ReasonCode::MalformedPacket, State::Idle),
        (ReasonCode::ProtocolError, State::Idle),
        (ReasonCode::UnsupportedProtocolVersion, State::Idle),
        (ReasonCode::ClientIdentifierNotValid, State::Idle),
        (ReasonCode::BadUserNameOrPassword, State::Idle),
        (ReasonCode::NotAuthorized, State::Idle),
        (ReasonCode::Banned, State::Idle),
        (ReasonCode::BadAuthenticationMethod, State::Idle),
        (ReasonCode::UnspecifiedError, State::Waiting),
        (ReasonCode::ImplementationSpecificError, State::Waiting),
        (ReasonCode::ServerUnavailable, State::Waiting),
        (ReasonCode::ServerBusy, State::Waiting),
        (ReasonCode::QuotaExceeded, State::Waiting),
        (ReasonCode::ConnectionRateExceeded, State::Waiting),
    ] {
        let mut peer = reconnecting(clean(Version::V5));
        peer.send(&refusal(reason));
        assert_eq!(peer.state(), state, "{reason:?}");
        assert_eq!(peer.deadline().is_some(), state == State::Waiting);
    }
}

/// CON-11
#[test]
fn nothing_but_connack_may_come_first() {
    for version in BOTH {
        let mut firsts = vec![
            publish(QOS1, 1, "a", "x"),
            suback(1, &[0]),
            Packet::PingResp,
        ];
        if version == Version::V5 {
            firsts.push(disconnect(ReasonCode::ServerBusy));
        }
        for first in firsts {
            let mut peer = Scripted::new(clean(version));
            peer.subscribe(&[("a", QOS1)]);
            peer.connect();
            peer.send_all(&[first, connack(false)]);
            assert_eq!(peer.state(), State::Idle);
            assert_eq!(
                peer.cause(),
                Some(Error::Protocol(ReasonCode::ProtocolError))
            );
            assert!(peer.messages().is_empty());
            peer.expect_hang_up(&[ReasonCode::ProtocolError]);
        }
    }
}

/// CON-12
#[test]
fn a_second_connack_is_a_protocol_error() {
    for version in BOTH {
        let mut peer = Scripted::connected(clean(version));
        let properties = match version {
            Version::V5 => properties(&[Property::Text(
                PropertyId::AssignedClientIdentifier,
                "other",
            )]),
            _ => properties(&[]),
        };
        peer.send(&Packet::ConnAck(ConnAck {
            session_present: false,
            reason: ReasonCode::Success,
            properties: properties.as_properties(),
        }));
        assert_eq!(
            peer.cause(),
            Some(Error::Protocol(ReasonCode::ProtocolError))
        );
        assert_eq!(peer.session.client_id(), "tester");
        peer.expect_hang_up(&[ReasonCode::ProtocolError]);
    }
}

/// CON-13
#[test]
fn a_session_that_was_not_asked_for_is_refused() {
    for version in BOTH {
        let mut peer = Scripted::new(clean(version));
        peer.connect();
        peer.accept(true);
        assert_eq!(
            peer.cause(),
            Some(Error::Protocol(ReasonCode::ProtocolError))
        );
        peer.expect_hang_up(&[ReasonCode::ProtocolError]);
    }
}

/// CON-14: asking for a session at the first connection says that there may be one.
#[test]
fn a_session_of_before_our_time_is_taken_over_if_it_was_asked_for() {
    for version in BOTH {
        let options = ConnectOptions {
            clean_start: false,
            ..persistent(version)
        };
        let mut peer = Scripted::new(options);
        let connect = peer.connect();
        assert!(!connect_of(&connect).clean_start);
        peer.send_all(&[
            connack(true),
            publish(QOS1, 1, "a", "one"),
            publish(QOS1, 2, "b", "two"),
            publish(QOS2, 3, "a", "three"),
        ]);
        peer.expect_all(&[PacketType::PubAck, PacketType::PubAck, PacketType::PubRec]);
        assert!(peer.messages().is_empty());
        peer.subscribe(&[("a", QOS2)]);
        assert_eq!(peer.payloads(), ["one", "three"]);
        peer.subscribe(&[("b", QOS2)]);
        assert_eq!(peer.payloads(), ["one", "three", "two"]);
    }
}

/// CON-15
#[test]
fn a_lost_session_is_forgotten_on_this_side_too() {
    for version in BOTH {
        let mut peer = Scripted::connected(persistent(version));
        peer.subscribe(&[("in", QOS2)]);
        peer.expect(PacketType::Subscribe);
        let again = peer.publish("a", "again", QOS1);
        let open = peer.publish("a", "open", QOS2);
        let released = peer.publish("a", "released", QOS2);
        let sent = peer.expect_all(&[PacketType::Publish; 3]);
        peer.send(&pubrec(sent[2].id()));
        peer.send(&publish(QOS2, 7, "in", "first"));
        peer.expect_all(&[PacketType::PubRel, PacketType::PubRec]);

        peer.reconnect();
        peer.accept(false);
        for token in [open, released] {
            assert_eq!(peer.published(token), Some(Err(Error::Indeterminate)));
        }
        // No PUBREL, no DUP; what may be repeated goes out as new.
        let sent = peer.expect_all(&[PacketType::Subscribe, PacketType::Publish]);
        let publish_again = sent[1].publish();
        assert_eq!(publish_again.payload, b"again");
        assert!(!publish_again.dup);
        peer.send(&puback(sent[1].id()));
        assert!(peer.published(again).unwrap().is_ok());

        peer.send(&publish(QOS2, 7, "in", "second"));
        assert_eq!(peer.payloads(), ["first", "second"]);
        let present = peer
            .happened
            .iter()
            .filter_map(|happened| match happened.what {
                What::Connected {
                    session_present, ..
                } => Some(session_present),
                _ => None,
            });
        assert_eq!(present.collect::<Vec<_>>(), [false, false]);
    }
}

/// CON-16
#[test]
fn an_assigned_client_identifier_is_used_from_then_on() {
    let mut peer = Scripted::new(ConnectOptions {
        client_id: Some(String::new()),
        ..clean(Version::V5)
    });
    let connect = peer.connect();
    assert_eq!(connect_of(&connect).client_id, "");
    peer.accept_with(
        false,
        &[Property::Text(
            PropertyId::AssignedClientIdentifier,
            "assigned",
        )],
    );
    assert_eq!(peer.session.client_id(), "assigned");
    let connect = peer.reconnect();
    assert_eq!(connect_of(&connect).client_id, "assigned");
}

/// CON-17
#[test]
fn the_servers_keep_alive_counts() {
    for (ours, theirs) in [(60, 10), (10, 60), (0, 10)] {
        let options = ConnectOptions {
            keep_alive: ours,
            ..clean(Version::V5)
        };
        let server = [Property::TwoByte(PropertyId::ServerKeepAlive, theirs)];
        let mut peer = Scripted::connected_with(options, &server);
        peer.advance(u64::from(theirs) * 500);
        peer.expect_silence();
        peer.advance(u64::from(theirs) * 500);
        peer.expect(PacketType::PingReq);
    }
    let server = [Property::TwoByte(PropertyId::ServerKeepAlive, 0)];
    let mut peer = Scripted::connected_with(clean(Version::V5), &server);
    peer.advance(600_000);
    peer.expect_silence();
}

/// CON-18
#[test]
fn the_servers_session_expiry_decides_what_is_kept() {
    let server = [Property::FourByte(PropertyId::SessionExpiryInterval, 0)];
    let mut peer = Scripted::connected_with(persistent(Version::V5), &server);
    let token = peer.publish("a", "x", QOS2);
    peer.cut();
    assert_eq!(peer.published(token), Some(Err(Error::Indeterminate)));

    let server = [Property::FourByte(PropertyId::SessionExpiryInterval, 10)];
    let mut peer = Scripted::connected_with(persistent(Version::V5), &server);
    let token = peer.publish("a", "x", QOS2);
    peer.cut();
    assert_eq!(peer.published(token), None);
}

/// CON-19
#[test]
fn a_server_of_3_1_1_refuses_5_0_in_its_own_words() {
    for answer in [&[0x20, 2, 0, 1][..], &[0x20, 3, 0, 0x84, 0]] {
        let mut peer = Scripted::new(clean(Version::V5));
        peer.connect();
        peer.send_bytes(answer);
        let reason = ReasonCode::UnsupportedProtocolVersion;
        assert_eq!(peer.cause(), Some(Error::ConnectRefused(reason)));
        assert_eq!(peer.link, Link::None);
    }
}

/// CON-20
#[test]
fn nothing_leaves_before_connack_and_then_everything_in_order() {
    for version in BOTH {
        let mut peer = Scripted::new(clean(version));
        peer.publish("a", "before", QOS1);
        peer.connect();
        peer.subscribe(&[("b", QOS1)]);
        peer.publish("a", "plain", QOS0);
        peer.publish("a", "during", QOS2);
        peer.expect_silence();
        peer.accept(false);
        let sent = peer.expect_all(&[
            PacketType::Subscribe,
            PacketType::Publish,
            PacketType::Publish,
            PacketType::Publish,
        ]);
        let payloads: Vec<_> = sent[1..]
            .iter()
            .map(|frame| frame.publish().payload.to_vec())
            .collect();
        assert_eq!(payloads, [&b"before"[..], b"plain", b"during"]);
    }
}

/// CON-21
#[test]
fn disconnect_during_the_attempt_ends_everything() {
    for version in BOTH {
        let mut peer = Scripted::new(clean(version));
        let token = peer.publish("a", "x", QOS1);
        peer.connect();
        peer.act(Session::disconnect);
        assert_eq!(peer.link, Link::None);
        assert_eq!(peer.state(), State::Closed);
        assert_eq!(peer.published(token), Some(Err(Error::Closed)));
        assert_eq!(peer.deadline(), None);

        // A late CONNACK, in case the host hands it in all the same.
        let before = peer.happened.len();
        let late = bytes(version, &[connack(false)]);
        peer.session.recv_buf(late.len()).copy_from_slice(&late);
        peer.act(Session::handle_received);
        assert_eq!(peer.happened.len(), before);
        assert_eq!(peer.act(Session::connect), Err(Error::Closed));
        peer.expect_silence();
    }
}

/// CON-22
#[test]
fn an_impossible_connack_is_refused() {
    for (version, answer) in [
        (Version::V4, &[0x20, 2, 2, 0][..]),
        (Version::V4, &[0x20, 2, 0, 6]),
        (Version::V4, &[0x20, 3, 0, 0, 0]),
        (Version::V5, &[0x20, 3, 2, 0, 0]),
        (Version::V5, &[0x20, 9, 0, 0, 6, 0x21, 0, 10, 0x21, 0, 10]),
        (Version::V5, &[0x20, 5, 0, 0, 2, 0x7F, 0]),
        (Version::V5, &[0x20, 5, 0, 0, 2, 0x24, 2]),
        (Version::V5, &[0x20, 6, 0, 0, 3, 0x21, 0, 0]),
        (Version::V5, &[0x20, 3, 1, 0x80, 0]),
    ] {
        let mut peer = Scripted::new(clean(version));
        peer.connect();
        peer.send_bytes(answer);
        assert!(
            matches!(peer.cause(), Some(Error::Malformed(_))),
            "{answer:02X?}: {:?}",
            peer.cause()
        );
        peer.expect_hang_up(&[ReasonCode::MalformedPacket, ReasonCode::ProtocolError]);
    }
}

/// CON-23
#[test]
fn an_empty_client_identifier_needs_a_clean_session_in_3_1_1() {
    let empty = |options: ConnectOptions| ConnectOptions {
        client_id: Some(String::new()),
        ..options
    };
    assert!(Session::new(empty(persistent(Version::V4)), 1).is_err());
    for options in [
        clean(Version::V4),
        clean(Version::V5),
        persistent(Version::V5),
    ] {
        let mut peer = Scripted::new(empty(options));
        assert_eq!(connect_of(&peer.connect()).client_id, "");
    }
}

/// CON-24
#[test]
fn connect_of_3_1_1_carries_will_user_name_and_password_in_order() {
    let mut peer = Scripted::new(ConnectOptions {
        client_id: Some("c".into()),
        keep_alive: 30,
        username: Some("u".into()),
        password: Some(b"p".to_vec()),
        will: Some(WillOptions {
            topic: "w".into(),
            payload: b"x".to_vec(),
            qos: QOS1,
            retain: true,
            properties: properties(&[]),
        }),
        ..clean(Version::V4)
    });
    assert_eq!(
        peer.connect().bytes,
        b"\x10\x19\x00\x04MQTT\x04\xEE\x00\x1E\x00\x01c\x00\x01w\x00\x01x\x00\x01u\x00\x01p"
    );
    let mut peer = Scripted::new(ConnectOptions {
        client_id: Some("c".into()),
        keep_alive: 0,
        ..persistent(Version::V4)
    });
    assert_eq!(
        peer.connect().bytes,
        b"\x10\x0D\x00\x04MQTT\x04\x00\x00\x00\x00\x01c"
    );
}

/// CON-24
#[test]
fn connect_of_5_0_carries_every_option() {
    let will = properties(&[Property::FourByte(PropertyId::WillDelayInterval, 5)]);
    let extra = [Property::Pair("k", "v")];
    let mut peer = Scripted::new(ConnectOptions {
        session_expiry: 60,
        receive_maximum: 10,
        topic_alias_maximum: 9,
        maximum_packet_size: 1000,
        password: Some(b"p".to_vec()),
        will: Some(WillOptions {
            topic: "w".into(),
            payload: b"x".to_vec(),
            qos: QOS2,
            retain: false,
            properties: will.clone(),
        }),
        properties: properties(&extra),
        ..clean(Version::V5)
    });
    let frame = peer.connect();
    let connect = connect_of(&frame);
    let mut found: Vec<_> = connect.properties.iter().collect();
    found.sort_by_key(|property| property.id() as u8);
    assert_eq!(
        found,
        [
            Property::FourByte(PropertyId::SessionExpiryInterval, 60),
            Property::TwoByte(PropertyId::ReceiveMaximum, 10),
            Property::TwoByte(PropertyId::TopicAliasMaximum, 9),
            Property::Pair("k", "v"),
            Property::FourByte(PropertyId::MaximumPacketSize, 1000),
        ]
    );
    let expected = Connect {
        version: Version::V5,
        clean_start: true,
        keep_alive: 60,
        client_id: "tester",
        will: Some(Will {
            topic: TopicName::new("w").unwrap(),
            payload: b"x",
            qos: QoS::ExactlyOnce,
            retain: false,
            properties: will.as_properties(),
        }),
        username: None,
        password: Some(b"p"),
        properties: connect.properties,
    };
    assert_eq!(connect, expected);
}

/// CON-24
#[test]
fn options_that_connect_cannot_carry_are_refused_at_once() {
    let base = || clean(Version::V4);
    let will = |topic: &str, payload: usize, list: &[Property<'_>]| {
        Some(WillOptions {
            topic: topic.into(),
            payload: vec![0; payload],
            qos: QOS0,
            retain: false,
            properties: properties(list),
        })
    };
    let delay = [Property::FourByte(PropertyId::WillDelayInterval, 5)];
    for options in [
        ConnectOptions {
            password: Some(b"p".to_vec()),
            ..base()
        },
        ConnectOptions {
            username: Some("u\0".into()),
            ..base()
        },
        ConnectOptions {
            username: Some("u".repeat(65_536)),
            ..base()
        },
        ConnectOptions {
            client_id: Some("c\0".into()),
            ..base()
        },
        ConnectOptions {
            will: will("a/+", 0, &[]),
            ..base()
        },
        ConnectOptions {
            will: will("", 0, &[]),
            ..base()
        },
        ConnectOptions {
            will: will("a", 65_536, &[]),
            ..base()
        },
        ConnectOptions {
            will: will("a", 0, &delay),
            ..base()
        },
        ConnectOptions {
            properties: properties(&[Property::Pair("k", "v")]),
            ..base()
        },
        ConnectOptions {
            receive_maximum: 0,
            ..clean(Version::V5)
        },
        ConnectOptions {
            maximum_packet_size: 0,
            ..clean(Version::V5)
        },
        // No attempt could ever succeed, and without a delay between them they would never end.
        ConnectOptions {
            connect_timeout: Duration::ZERO,
            ..clean(Version::V5)
        },
    ] {
        assert!(Session::new(options, 1).is_err());
    }
}

/// CON-25
#[test]
fn a_redirection_is_reported_and_not_followed() {
    for reason in [ReasonCode::UseAnotherServer, ReasonCode::ServerMoved] {
        let mut peer = reconnecting(clean(Version::V5));
        let reference = properties(&[Property::Text(PropertyId::ServerReference, "other:1883")]);
        peer.send(&Packet::ConnAck(ConnAck {
            session_present: false,
            reason,
            properties: reference.as_properties(),
        }));
        assert_eq!(peer.cause(), Some(Error::ConnectRefused(reason)));
        assert_eq!(peer.state(), State::Idle);
        assert_eq!(peer.link, Link::None);
    }
}

/// CON-26
#[test]
fn connecting_twice_opens_one_connection() {
    for version in BOTH {
        let mut peer = Scripted::new(clean(version));
        peer.act(Session::connect).unwrap();
        peer.act(Session::connect).unwrap();
        peer.open();
        peer.act(Session::connect).unwrap();
        peer.expect_all(&[PacketType::Connect]);
        peer.accept(false);
        peer.act(Session::connect).unwrap();
        peer.expect_silence();
        assert_eq!(peer.state(), State::Connected);
        assert_eq!(peer.link, Link::Open);
    }
}

#[test]
fn stop_gives_up_the_attempt_but_nothing_that_is_queued() {
    for version in BOTH {
        let mut peer = Scripted::new(clean(version));
        let token = peer.publish("a", "x", QOS1);
        peer.connect();
        peer.act(Session::stop);
        assert_eq!(peer.state(), State::Idle);
        assert_eq!(peer.cause(), Some(Error::Aborted));
        assert_eq!(peer.deadline(), None);
        assert_eq!(peer.published(token), None);
        peer.connect();
        peer.accept(false);
        let id = peer.expect(PacketType::Publish).id();
        peer.send(&puback(id));
        assert!(peer.published(token).unwrap().is_ok());
    }
}

#[test]
fn what_was_queued_survives_a_refused_connection() {
    for version in BOTH {
        let mut peer = Scripted::new(clean(version));
        let token = peer.publish("a", "x", QOS1);
        let (subscribed, _) = peer.subscribe(&[("b", QOS1)]);
        peer.connect();
        peer.send(&refusal(ReasonCode::NotAuthorized));
        assert_eq!(peer.state(), State::Idle);
        assert_eq!(peer.published(token), None);
        assert_eq!(peer.subscribed(subscribed), None);
        peer.act(|session, _| session.set_credentials(Some("u".into()), None))
            .unwrap();
        let connect = peer.connect();
        assert_eq!(connect_of(&connect).username, Some("u"));
        peer.accept(false);
        peer.expect_all(&[PacketType::Subscribe, PacketType::Publish]);
    }
}

#[test]
fn properties_that_the_session_cannot_honour_are_refused() {
    use webmqtt::codec::{PropertiesBuf, Property, PropertyId};
    use webmqtt::error::Error;
    use webmqtt::session::{ConnectOptions, Session};

    for property in [
        Property::TwoByte(PropertyId::TopicAliasMaximum, 1),
        Property::TwoByte(PropertyId::ReceiveMaximum, 1),
        Property::FourByte(PropertyId::MaximumPacketSize, 1),
        Property::FourByte(PropertyId::SessionExpiryInterval, 1),
        Property::Text(PropertyId::AuthenticationMethod, "SCRAM-SHA-256"),
    ] {
        let mut properties = PropertiesBuf::default();
        properties.push(property).unwrap();
        let options = ConnectOptions {
            properties,
            ..ConnectOptions::default()
        };
        assert_eq!(Session::new(options, 1).err(), Some(Error::Option));
    }
}
