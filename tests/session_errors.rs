//! The end of a connection, from either side: what is said, what is reported, what is never sent again.

mod pair;

use pair::*;
use webmqtt::codec::{
    Ack, Auth, Disconnect, Packet, PacketType, Property, PropertyId, ReasonCode, Sender, SubAck,
    UnsubAck, Version,
};
use webmqtt::error::Error;
use webmqtt::session::{ConnectOptions, Session, State, Transmit, TransportOp, Wake};
use webmqtt::time::Instant;

fn server_disconnects() -> impl Iterator<Item = ReasonCode> {
    let codes = ReasonCode::ALL.iter().copied();
    codes.filter(|code| code.legal_in(PacketType::Disconnect, Sender::Server))
}

/// ERR-01
#[test]
fn a_disconnect_of_the_server_is_reported_and_answered_by_closing() {
    for reason in server_disconnects() {
        let mut peer = Scripted::connected(persistent(Version::V5));
        let token = peer.publish("t", "x", QOS1);
        peer.expect(PacketType::Publish);
        let why = properties(&[
            Property::Text(PropertyId::ReasonString, "because"),
            Property::Text(PropertyId::ServerReference, "other"),
            Property::Pair("k", "v"),
        ]);
        peer.send(&Packet::Disconnect(Disconnect {
            reason,
            properties: why.as_properties(),
        }));
        let expected = match reason {
            ReasonCode::SessionTakenOver => Error::SessionTakenOver,
            _ => Error::ServerDisconnect(reason),
        };
        assert_eq!(peer.cause(), Some(expected));
        assert_eq!(peer.change().reason_string(), Some("because"));
        assert_eq!(peer.link, Link::None, "{reason:?}");
        // No DISCONNECT in return, and nothing of what is open is lost.
        peer.expect_silence();
        assert_eq!(peer.published(token), None);
    }
}

/// ERR-01
#[test]
fn every_form_of_disconnect_is_understood() {
    for (form, reason) in [
        (&[0xE0, 0][..], ReasonCode::Success),
        (&[0xE0, 1, 0x8B], ReasonCode::ServerShuttingDown),
        (&[0xE0, 2, 0x8B, 0], ReasonCode::ServerShuttingDown),
    ] {
        let mut peer = Scripted::connected(clean(Version::V5));
        peer.send_bytes(form);
        assert_eq!(peer.cause(), Some(Error::ServerDisconnect(reason)));
        assert_eq!(peer.state(), State::Waiting);
    }
}

/// ERR-02
#[test]
fn a_client_that_was_taken_over_stays_away() {
    let mut peer = Scripted::connected(clean(Version::V5));
    peer.send(&disconnect(ReasonCode::SessionTakenOver));
    assert_eq!(peer.state(), State::Idle);
    assert_eq!(peer.cause(), Some(Error::SessionTakenOver));
    assert_eq!(peer.deadline(), None);
    // Unless the application insists.
    peer.connect();
    peer.accept(false);
    assert_eq!(peer.state(), State::Connected);
}

/// ERR-03, ERR-04
#[test]
fn only_ends_that_can_pass_are_followed_by_another_attempt() {
    for (reason, state) in [
        (ReasonCode::ServerShuttingDown, State::Waiting),
        (ReasonCode::ServerBusy, State::Waiting),
        (ReasonCode::QuotaExceeded, State::Waiting),
        (ReasonCode::ConnectionRateExceeded, State::Waiting),
        (ReasonCode::MaximumConnectTime, State::Waiting),
        (ReasonCode::KeepAliveTimeout, State::Waiting),
        (ReasonCode::UnspecifiedError, State::Waiting),
        (ReasonCode::NotAuthorized, State::Idle),
        (ReasonCode::UseAnotherServer, State::Idle),
        (ReasonCode::ServerMoved, State::Idle),
    ] {
        let mut peer = Scripted::connected(clean(Version::V5));
        peer.send(&disconnect(reason));
        assert_eq!(peer.state(), state, "{reason:?}");
        assert_eq!(peer.deadline().is_some(), state == State::Waiting);
    }
}

/// ERR-05
#[test]
fn a_disconnect_that_only_a_client_may_send_is_a_protocol_error() {
    for packet in [
        &[0xE0, 7, 0, 5, 0x11, 0, 0, 0, 9][..],
        &[0xE0, 2, 0x04, 0],
        &[0xE0, 1, 0x04],
    ] {
        let mut peer = Scripted::connected(clean(Version::V5));
        peer.send_bytes(packet);
        assert!(matches!(peer.cause(), Some(Error::Malformed(_))));
        peer.expect_hang_up(&[ReasonCode::ProtocolError, ReasonCode::MalformedPacket]);
    }
}

/// ERR-06
#[test]
fn a_server_of_3_1_1_has_no_disconnect() {
    let mut peer = Scripted::connected(clean(Version::V4));
    peer.send_bytes(&[0xE0, 0]);
    assert!(matches!(peer.cause(), Some(Error::Malformed(_))));
    peer.expect_hang_up(&[]);
}

/// ERR-07
#[test]
fn nothing_counts_after_the_servers_disconnect() {
    let mut peer = Scripted::connected(persistent(Version::V5));
    peer.subscribe(&[("t", QOS1)]);
    let token = peer.publish("t", "x", QOS1);
    peer.expect(PacketType::Subscribe);
    let id = peer.expect(PacketType::Publish).id();
    peer.send_all(&[
        publish(QOS0, 0, "t", "before"),
        disconnect(ReasonCode::ServerShuttingDown),
        publish(QOS1, 1, "t", "after"),
        puback(id),
    ]);
    assert_eq!(peer.payloads(), ["before"]);
    assert_eq!(peer.published(token), None);
    peer.expect_silence();
    // Not even on the next connection.
    peer.next_attempt();
    peer.accept(true);
    assert_eq!(peer.payloads(), ["before"]);
}

/// ERR-08
#[test]
fn disconnect_lets_leave_what_may_and_is_the_last_packet() {
    for version in BOTH {
        let mut peer = Scripted::connected(persistent(version));
        peer.stalled = true;
        let plain = peer.publish("t", "plain", QOS0);
        let assured = peer.publish("t", "assured", QOS1);
        let (subscribed, _) = peer.subscribe(&[("a", QOS1)]);
        peer.act(Session::disconnect);
        peer.stalled = false;
        peer.drain();
        let sent = peer.expect_all(&[
            PacketType::Subscribe,
            PacketType::Publish,
            PacketType::Publish,
            PacketType::Disconnect,
        ]);
        assert_eq!(sent[3].bytes, [0xE0, 0]);
        assert_eq!(peer.state(), State::Closing);
        assert!(peer.published(plain).unwrap().is_ok());
        // An acknowledgement that was under way still counts; nothing is answered.
        peer.send(&puback(sent[2].id()));
        assert!(peer.published(assured).unwrap().is_ok());
        peer.send(&publish(QOS1, 1, "a", "x"));
        peer.expect_silence();
        peer.cut();
        assert_eq!(peer.state(), State::Closed);
        assert_eq!(peer.subscribed(subscribed), Some(vec![Err(Error::Closed)]));
        assert_eq!(peer.deadline(), None);
        assert!(peer.change().cause.is_none());
    }
}

/// [MQTT-3.14.4-1]
#[test]
fn what_comes_after_our_disconnect_lets_nothing_more_leave() {
    let limit = Property::TwoByte(PropertyId::ReceiveMaximum, 2);
    let mut peer = Scripted::connected_with(persistent(Version::V5), &[limit]);
    peer.publish("t", "1", QOS1);
    peer.publish("t", "2", QOS2);
    let waiting = peer.publish("t", "has no quota", QOS1);
    let sent = peer.expect_all(&[PacketType::Publish; 2]);
    peer.act(Session::disconnect);
    peer.expect_all(&[PacketType::Disconnect]);
    // Quota, a PUBREC and a PUBREL each would let something leave.
    peer.send_all(&[puback(sent[0].id()), pubrec(sent[1].id()), pubrel(9)]);
    peer.expect_silence();
    peer.cut();
    assert_eq!(peer.published(waiting), Some(Err(Error::Closed)));
}

/// ERR-08
#[test]
fn a_long_queue_leaves_before_the_disconnect() {
    for version in BOTH {
        let mut peer = Scripted::connected(clean(version));
        peer.stalled = true;
        for _ in 0..1000 {
            peer.publish("t", "some payload", QOS0);
        }
        peer.act(Session::disconnect);
        peer.stalled = false;
        peer.drain();
        for _ in 0..1000 {
            peer.expect(PacketType::Publish);
        }
        peer.expect_all(&[PacketType::Disconnect]);
    }
}

/// ERR-08
#[test]
fn what_may_not_leave_is_settled_when_the_client_ends() {
    let server = [Property::TwoByte(PropertyId::ReceiveMaximum, 1)];
    let mut peer = Scripted::connected_with(persistent(Version::V5), &server);
    let tokens = [QOS1, QOS1, QOS2].map(|qos| peer.publish("t", "x", qos));
    peer.expect(PacketType::Publish);
    peer.act(Session::disconnect);
    peer.expect_all(&[PacketType::Disconnect]);
    peer.cut();
    for token in tokens {
        assert_eq!(peer.published(token), Some(Err(Error::Closed)));
    }
}

/// ERR-08
#[test]
fn a_server_that_does_not_close_is_closed_on() {
    for version in BOTH {
        let mut peer = Scripted::connected(clean(version));
        peer.act(Session::disconnect);
        peer.expect_all(&[PacketType::Disconnect]);
        peer.advance(999);
        assert_eq!((peer.state(), peer.link), (State::Closing, Link::Open));
        peer.advance(1);
        assert_eq!((peer.state(), peer.link), (State::Closed, Link::None));
        assert_eq!(peer.deadline(), None);
        peer.expect_silence();
    }
}

/// ERR-08
#[test]
fn nothing_can_be_done_with_an_ended_client() {
    for version in BOTH {
        let mut peer = Scripted::connected(clean(version));
        let (_, key) = peer.subscribe(&[("a", QOS1)]);
        peer.act(Session::disconnect);
        for _ in 0..2 {
            assert_eq!(peer.try_publish("t", b"x", QOS0), Err(Error::Closed));
            let filter = webmqtt::codec::TopicFilter::new("a").unwrap();
            let options = webmqtt::codec::SubscribeOptions::default();
            let result = peer.act(|session, now| session.subscribe(now, &[(filter, options)]));
            assert_eq!(result, Err(Error::Closed));
            let result = peer.act(|session, now| session.unsubscribe(now, key));
            assert_eq!(result, Err(Error::Closed));
            assert_eq!(peer.act(Session::connect), Err(Error::Closed));
            peer.act(Session::disconnect);
            peer.wake(Wake::Running);
            peer.act(Session::handle_timeout);
            peer.act(Session::stop);
            if peer.link == Link::Open {
                peer.cut();
            }
        }
        assert_eq!(peer.state(), State::Closed);
        assert_eq!(peer.deadline(), None);
        let mut out = Vec::new();
        assert_eq!(peer.session.poll_transmit(&mut out, 100), Transmit::Empty);
    }
}

/// ERR-08
#[test]
fn ending_while_waiting_or_idle_is_done_at_once() {
    for version in BOTH {
        let mut idle = Scripted::new(clean(version));
        let token = idle.publish("t", "x", QOS1);
        idle.act(Session::disconnect);
        assert_eq!(idle.published(token), Some(Err(Error::Closed)));

        let mut waiting = Scripted::connected(persistent(version));
        let token = waiting.publish("t", "x", QOS1);
        waiting.cut();
        waiting.act(Session::disconnect);
        assert_eq!(waiting.published(token), Some(Err(Error::Closed)));
        for peer in [idle, waiting] {
            assert_eq!(peer.state(), State::Closed);
            assert_eq!(peer.deadline(), None);
            assert_eq!(peer.link, Link::None);
        }
    }
}

/// ERR-08
#[test]
fn aborting_says_no_goodbye() {
    for version in BOTH {
        let mut peer = Scripted::connected(persistent(version));
        let token = peer.publish("t", "x", QOS1);
        peer.expect(PacketType::Publish);
        peer.act(Session::abort);
        assert_eq!((peer.state(), peer.link), (State::Closed, Link::None));
        assert_eq!(peer.published(token), Some(Err(Error::Closed)));
        assert_eq!(peer.deadline(), None);
        peer.expect_silence();
    }
}

/// ERR-10
#[test]
fn a_disconnect_that_cannot_leave_is_abandoned_in_time() {
    for version in BOTH {
        let mut peer = Scripted::connected(clean(version));
        peer.stalled = true;
        let token = peer.publish("t", "x", QOS1);
        peer.act(Session::disconnect);
        assert_eq!(peer.state(), State::Closing);
        peer.advance(1000);
        assert_eq!((peer.state(), peer.link), (State::Closed, Link::None));
        assert_eq!(peer.published(token), Some(Err(Error::Closed)));
        assert_eq!(peer.deadline(), None);
        peer.stalled = false;
        peer.drain();
    }
}

/// ERR-10
#[test]
fn a_slow_socket_gets_the_disconnect_before_it_is_closed() {
    for version in BOTH {
        let mut peer = Scripted::connected(clean(version));
        peer.stalled = true;
        peer.act(Session::disconnect);
        peer.advance(900);
        peer.stalled = false;
        peer.sleep(0);
        peer.expect_all(&[PacketType::Disconnect]);
        assert_eq!(peer.link, Link::Open);
        // The server has its second from now on.
        peer.advance(999);
        assert_eq!(peer.link, Link::Open);
        peer.advance(1);
        assert_eq!(peer.link, Link::None);
    }
}

/// ERR-10
#[test]
fn what_stands_before_the_disconnect_for_too_long_is_left_out() {
    for version in BOTH {
        let mut peer = Scripted::connected(clean(version));
        peer.stalled = true;
        peer.publish("t", "x", QOS0);
        peer.act(Session::disconnect);
        let session = &mut peer.session;
        session.handle_timeout(Instant::from_millis(1000));
        let mut out = Vec::new();
        assert_eq!(session.poll_transmit(&mut out, 100), Transmit::Data);
        assert_eq!(out, [0xE0, 0]);
        assert_eq!(session.poll_transmit(&mut out, 100), Transmit::Empty);
        assert_eq!(session.poll_transport(), Some(TransportOp::Close));
        assert_eq!(session.state(), State::Closed);
    }
}

/// ERR-11
#[test]
fn a_transport_that_closes_is_a_loss_without_a_word() {
    for version in BOTH {
        let mut peer = Scripted::connected(clean(version));
        peer.cut();
        assert_eq!(peer.cause(), Some(Error::ConnectionLost));
        assert_eq!(peer.state(), State::Waiting);
        peer.expect_silence();
    }
}

/// [MQTT-3.1.2-29]
#[test]
fn declined_problem_information_is_refused_in_every_acknowledgement() {
    let declined = [Property::Byte(PropertyId::RequestProblemInformation, 0)];
    let info = properties(&[Property::Text(PropertyId::ReasonString, "why")]);
    let because = |id| Ack {
        properties: info.as_properties(),
        ..Ack::success(pair::id(id))
    };
    for step in 0..4 {
        let mut peer = Scripted::connected(ConnectOptions {
            properties: properties(&declined),
            ..persistent(Version::V5)
        });
        let (token, key) = peer.subscribe(&[("t", QOS2)]);
        let id = peer.expect(PacketType::Subscribe).id();
        peer.send(&suback(id, &[2]));
        assert!(peer.subscribed(token).is_some());
        peer.publish("t", "x", QOS2);
        let id = peer.expect(PacketType::Publish).id();
        match step {
            0 => peer.send(&Packet::PubRec(because(id))),
            1 => {
                peer.send(&pubrec(id));
                peer.expect(PacketType::PubRel);
                peer.send(&Packet::PubComp(because(id)));
            }
            2 => {
                peer.send(&publish(QOS2, 9, "t", "y"));
                peer.expect(PacketType::PubRec);
                peer.send(&Packet::PubRel(because(9)));
            }
            _ => {
                peer.unsubscribe(key);
                let id = peer.expect(PacketType::Unsubscribe).id();
                peer.send(&Packet::UnsubAck(webmqtt::codec::UnsubAck {
                    packet_id: pair::id(id),
                    properties: info.as_properties(),
                    codes: webmqtt::codec::ReasonCodes::from_bytes(&[0]).unwrap(),
                }));
            }
        }
        peer.expect_hang_up(&[ReasonCode::ProtocolError]);
    }
}

/// [MQTT-3.1.2-29]
#[test]
fn no_other_answer_may_have_declined_problem_information_either() {
    let declined = [Property::Byte(PropertyId::RequestProblemInformation, 0)];
    let info = properties(&[
        Property::Text(PropertyId::AuthenticationMethod, "m"),
        Property::Pair("k", "v"),
    ]);
    let of_auth = info.as_properties();
    let info = properties(&[Property::Pair("k", "v")]);
    let ack = || Ack {
        properties: info.as_properties(),
        ..Ack::success(pair::id(1))
    };
    for packet in [
        Packet::PubRec(ack()),
        Packet::PubRel(ack()),
        Packet::PubComp(ack()),
        Packet::UnsubAck(UnsubAck {
            packet_id: pair::id(1),
            properties: info.as_properties(),
            codes: webmqtt::codec::ReasonCodes::from_bytes(&[0]).unwrap(),
        }),
        Packet::Auth(Auth {
            reason: ReasonCode::ContinueAuthentication,
            properties: of_auth,
        }),
    ] {
        let options = ConnectOptions {
            properties: properties(&declined),
            authentication_method: Some("m".into()),
            ..persistent(Version::V5)
        };
        let mut peer = Scripted::new(options);
        peer.connect();
        peer.accept_with(
            false,
            &[Property::Text(PropertyId::AuthenticationMethod, "m")],
        );
        peer.act(|session, now| session.authenticate(now, None))
            .unwrap();
        peer.act(|session, now| session.reauthenticate(now, None))
            .unwrap();
        peer.expect(PacketType::Auth);
        peer.send(&packet);
        peer.expect_hang_up(&[ReasonCode::ProtocolError]);
    }
}

/// ERR-12
#[test]
fn problem_information_that_was_declined_is_a_protocol_error() {
    let declined = [Property::Byte(PropertyId::RequestProblemInformation, 0)];
    let options = || ConnectOptions {
        properties: properties(&declined),
        ..persistent(Version::V5)
    };
    for info in [
        Property::Text(PropertyId::ReasonString, "why"),
        Property::Pair("k", "v"),
    ] {
        let info = properties(&[info]);
        let mut peer = Scripted::connected(options());
        peer.publish("t", "x", QOS1);
        let id = peer.expect(PacketType::Publish).id();
        peer.send(&Packet::PubAck(Ack {
            properties: info.as_properties(),
            ..Ack::success(pair::id(id))
        }));
        peer.expect_hang_up(&[ReasonCode::ProtocolError]);

        let mut peer = Scripted::connected(options());
        peer.subscribe(&[("t", QOS1)]);
        let id = peer.expect(PacketType::Subscribe).id();
        peer.send(&Packet::SubAck(SubAck {
            packet_id: pair::id(id),
            properties: info.as_properties(),
            codes: webmqtt::codec::ReasonCodes::from_bytes(&[1]).unwrap(),
        }));
        peer.expect_hang_up(&[ReasonCode::ProtocolError]);

        // There it is allowed all the same.
        let mut peer = Scripted::connected(options());
        peer.subscribe(&[("t", QOS1)]);
        peer.expect(PacketType::Subscribe);
        let mut with_info = message(QOS0, 0, "t", "x");
        if info.as_properties().user_properties().next().is_some() {
            with_info.properties = info.as_properties();
        }
        peer.send(&Packet::Publish(with_info));
        assert_eq!(peer.payloads(), ["x"]);
        peer.send(&Packet::Disconnect(Disconnect {
            reason: ReasonCode::ServerBusy,
            properties: info.as_properties(),
        }));
        let busy = Error::ServerDisconnect(ReasonCode::ServerBusy);
        assert_eq!(peer.cause(), Some(busy));
    }
}

/// ERR-13
#[test]
fn packets_that_only_clients_send_end_the_connection() {
    for version in BOTH {
        for packet in [
            &b"\x10\x0D\x00\x04MQTT\x04\x02\x00\x00\x00\x01c"[..],
            &[0x82, 6, 0, 1, 0, 1, b'a', 0],
            &[0xA2, 5, 0, 1, 0, 1, b'a'],
            &[0xC0, 0],
        ] {
            let mut peer = Scripted::connected(clean(version));
            peer.send_bytes(packet);
            assert_eq!(peer.state(), State::Waiting, "{packet:02X?}");
            peer.expect_hang_up(&[ReasonCode::ProtocolError, ReasonCode::MalformedPacket]);
        }
    }
}

/// ERR-13
#[test]
fn an_auth_that_nobody_asked_for_ends_the_connection() {
    let mut peer = Scripted::connected(clean(Version::V5));
    let method = properties(&[Property::Text(PropertyId::AuthenticationMethod, "m")]);
    peer.send(&Packet::Auth(webmqtt::codec::Auth {
        reason: ReasonCode::ContinueAuthentication,
        properties: method.as_properties(),
    }));
    peer.expect_hang_up(&[ReasonCode::ProtocolError]);
}

#[test]
fn a_broken_protocol_is_followed_by_another_attempt_and_loses_nothing() {
    for version in BOTH {
        let mut peer = Scripted::connected(persistent(version));
        let tokens = [QOS1, QOS2].map(|qos| peer.publish("t", "x", qos));
        peer.expect_all(&[PacketType::Publish; 2]);
        peer.send_bytes(&[0x00, 0]);
        peer.expect_hang_up(&[ReasonCode::MalformedPacket]);
        peer.next_attempt();
        peer.accept(true);
        let sent = peer.expect_all(&[PacketType::Publish; 2]);
        peer.send_all(&[puback(sent[0].id()), pubrec(sent[1].id())]);
        peer.expect(PacketType::PubRel);
        peer.send(&pubcomp(sent[1].id()));
        for token in tokens {
            assert!(peer.published(token).unwrap().is_ok());
        }
    }
}

#[test]
fn bytes_for_a_closed_transport_are_ignored() {
    let mut peer = Scripted::connected(persistent(Version::V5));
    peer.subscribe(&[("t", QOS1)]);
    peer.expect(PacketType::Subscribe);
    peer.cut();
    let late = bytes(Version::V5, &[publish(QOS1, 1, "t", "late")]);
    let before = peer.happened.len();
    peer.session.recv_buf(late.len()).copy_from_slice(&late);
    peer.session.handle_received(Instant::from_millis(0));
    peer.drain();
    assert_eq!(peer.happened.len(), before);
    peer.next_attempt();
    peer.accept(true);
    assert!(peer.messages().is_empty());
    assert_eq!(peer.expect(PacketType::Subscribe).bytes[0], 0x82);
    peer.expect_silence();
}

/// The socket has not taken the CONNECT yet, and the server accepts it all the same.
#[test]
fn a_connack_that_overtakes_the_connect_is_a_protocol_error() {
    for version in BOTH {
        let mut peer = Scripted::new(clean(version));
        peer.act(Session::connect).expect("not closed");
        peer.stalled = true;
        peer.open();
        peer.accept(false);
        assert_eq!(peer.link, Link::None);
        assert_eq!(
            peer.cause(),
            Some(Error::Protocol(ReasonCode::ProtocolError))
        );
        peer.stalled = false;
        peer.act(Session::handle_timeout);
        peer.expect_silence();
    }
}
