//! What other clients were seen to get wrong, each as a test that shows this one getting it right.
//!
//! The mark in front of a name is the finding's, `tests/findings.tsv` says whose it is.

mod pair;

use pair::*;
use webmqtt::codec::{
    ConnAck, Packet, PacketType, Property, PropertyId, ReasonCode, SubscribeOptions, TopicFilter,
    TopicName, Version,
};
use webmqtt::error::Error;
use webmqtt::session::{
    ConnectOptions, Event, Outgoing, ReconnectOptions, Session, State, WillOptions,
};
use webmqtt::time::{Duration, Instant};

fn count(peer: &mut Scripted, packet_type: PacketType) -> usize {
    let frames = std::iter::from_fn(|| peer.next());
    frames
        .filter(|frame| frame.packet_type() == packet_type)
        .count()
}

/// The virtual time at which the connection was given up for this cause.
#[track_caller]
fn given_up(peer: &Scripted, cause: Error) -> u64 {
    let gave_up = peer.happened.iter().find(
        |happened| matches!(&happened.what, What::State(change) if change.cause == Some(cause)),
    );
    gave_up.expect("given up").at
}

fn keep_alive(version: Version, seconds: u16) -> ConnectOptions {
    ConnectOptions {
        keep_alive: seconds,
        ..clean(version)
    }
}

/// [MQTT-3.3.1-1]
#[test]
fn j_a_a_message_that_is_sent_again_has_dup() {
    for version in BOTH {
        for qos in [QOS1, QOS2] {
            let mut peer = Scripted::connected(persistent(version));
            peer.publish("t", "x", qos);
            let first = peer.expect(PacketType::Publish);
            assert!(!first.publish().dup);
            peer.resume();
            let again = peer.expect(PacketType::Publish);
            assert!(again.publish().dup);
            assert_eq!(again.id(), first.id());
        }
    }
}

/// [MQTT-3.3.4-7]
#[test]
fn j_b_no_more_than_the_servers_receive_maximum_is_unacknowledged() {
    let server = [Property::TwoByte(PropertyId::ReceiveMaximum, 2)];
    let mut peer = Scripted::connected_with(persistent(Version::V5), &server);
    let tokens: Vec<_> = (0..50)
        .map(|nth| peer.publish("t", &nth.to_string(), QOS1))
        .collect();
    let mut open: Vec<u16> = Vec::new();
    for _ in 0..50 {
        open.extend(std::iter::from_fn(|| peer.next()).map(|frame| frame.id()));
        assert!(open.len() <= 2, "{} are unacknowledged", open.len());
        peer.send(&puback(open.remove(0)));
    }
    for token in tokens {
        assert!(peer.published(token).unwrap().is_ok());
    }
}

/// [MQTT-3.3.2-2]
#[test]
fn j_c_what_is_no_topic_name_is_refused_and_not_sent() {
    for version in BOTH {
        let mut peer = Scripted::connected(clean(version));
        for topic in ["a/+", "#", "a/#/b", "nul\0x", "", "+"] {
            for qos in [QOS0, QOS1, QOS2] {
                let refused = peer.try_publish(topic, b"x", qos);
                assert!(matches!(refused, Err(Error::Topic(_))), "{topic:?}");
            }
        }
        peer.expect_silence();
        assert_eq!(peer.state(), State::Connected);
    }
}

/// [MQTT-3.2.2-15]
#[test]
fn j_d_a_packet_above_the_servers_maximum_is_refused_and_not_sent() {
    let server = [Property::FourByte(PropertyId::MaximumPacketSize, 100)];
    let mut peer = Scripted::connected_with(persistent(Version::V5), &server);
    for qos in [QOS0, QOS1, QOS2] {
        let refused = peer.try_publish("t", &[0; 5000], qos);
        assert_eq!(refused, Err(Error::PacketTooLarge));
    }
    peer.expect_silence();
    assert_eq!(peer.state(), State::Connected);
    // Nor when it was queued before the limit was known.
    let mut peer = Scripted::new(clean(Version::V5));
    let token = peer.try_publish("t", &[0; 5000], QOS1).unwrap();
    peer.connect();
    peer.accept_with(false, &server);
    assert_eq!(peer.published(token), Some(Err(Error::PacketTooLarge)));
    peer.expect_silence();
}

/// [MQTT-3.2.2-11] [MQTT-3.2.2-14]
#[test]
fn j_e_a_qos_or_retain_that_the_server_does_not_take_is_refused_and_not_sent() {
    let server = [
        Property::Byte(PropertyId::MaximumQos, 0),
        Property::Byte(PropertyId::RetainAvailable, 0),
    ];
    let mut peer = Scripted::connected_with(persistent(Version::V5), &server);
    let retained = Outgoing {
        retain: true,
        ..Outgoing::new(TopicName::new("t").unwrap(), b"x")
    };
    let result = peer.act(|session, now| session.publish(now, &retained));
    assert_eq!(result, Err(Error::RetainNotSupported));
    for qos in [QOS1, QOS2] {
        assert_eq!(
            peer.try_publish("t", b"x", qos),
            Err(Error::QosNotSupported)
        );
    }
    peer.expect_silence();
}

#[test]
fn j_f_ending_does_not_wait_for_a_server_that_does_not_acknowledge() {
    for version in BOTH {
        let mut peer = Scripted::connected(clean(version));
        let token = peer.publish("t", "x", QOS1);
        peer.expect(PacketType::Publish);
        let asked = peer.now;
        peer.act(Session::disconnect);
        peer.expect_all(&[PacketType::Disconnect]);
        peer.advance(10_000);
        assert_eq!((peer.state(), peer.link), (State::Closed, Link::None));
        assert_eq!(peer.published(token), Some(Err(Error::Closed)));
        let closed = peer
            .happened
            .iter()
            .find(|it| matches!(&it.what, What::State(change) if change.state == State::Closed));
        assert!(closed.unwrap().at - asked <= 2000);
    }
}

#[test]
fn j_g_what_is_sent_again_holds_nothing_up() {
    for version in BOTH {
        let mut peer = Scripted::connected(persistent(version));
        for payload in ["1", "2"] {
            peer.publish("t", payload, QOS1);
        }
        peer.expect_all(&[PacketType::Publish; 2]);
        peer.reconnect();
        peer.subscribe(&[("new", QOS1)]);
        peer.accept(true);
        // Connected at once, and everything leaves although nothing is acknowledged.
        assert_eq!(peer.state(), State::Connected);
        let frames: Vec<_> = std::iter::from_fn(|| peer.next()).collect();
        let types: Vec<_> = frames.iter().map(Frame::packet_type).collect();
        assert_eq!(
            types,
            [
                PacketType::Subscribe,
                PacketType::Publish,
                PacketType::Publish
            ]
        );
        assert!(frames[1].publish().dup && frames[2].publish().dup);
    }
}

/// [MQTT-2.2.1-3]
#[test]
fn j_h_no_packet_identifier_is_used_twice_at_a_time() {
    for version in BOTH {
        let mut peer = Scripted::connected(clean(version));
        let topic = TopicName::new("t").unwrap();
        let message = Outgoing {
            qos: QOS1,
            ..Outgoing::new(topic, b"x")
        };
        for _ in 0..65_600 {
            peer.session
                .publish(Instant::from_millis(0), &message)
                .unwrap();
        }
        peer.drain();
        let mut ids: Vec<u16> = std::iter::from_fn(|| peer.next())
            .map(|frame| frame.id())
            .collect();
        assert_eq!(ids.len(), 65_535);
        ids.sort_unstable();
        ids.dedup();
        assert_eq!(ids.len(), 65_535);
        assert_eq!(peer.session.queued().0, 65);
    }
}

#[test]
fn j_i_a_session_that_was_taken_over_is_not_fought_for() {
    let mut peer = Scripted::connected(clean(Version::V5));
    peer.send(&disconnect(ReasonCode::SessionTakenOver));
    assert_eq!(peer.cause(), Some(Error::SessionTakenOver));
    peer.advance(3_600_000);
    assert_eq!((peer.state(), peer.link), (State::Idle, Link::None));
}

/// [MQTT-4.13.2-1]
#[test]
fn j_j_a_redirection_is_told_and_followed_where_the_application_allows_it() {
    for reason in [ReasonCode::ServerMoved, ReasonCode::UseAnotherServer] {
        for redirects in [0, 1] {
            let mut peer = Scripted::new(ConnectOptions {
                redirects,
                ..clean(Version::V5)
            });
            peer.connect();
            let other = properties(&[Property::Text(PropertyId::ServerReference, "two.example")]);
            peer.send(&Packet::ConnAck(ConnAck {
                session_present: false,
                reason,
                properties: other.as_properties(),
            }));
            assert_eq!(peer.cause(), Some(Error::ConnectRefused(reason)));
            let told = peer.changes().find_map(|change| change.server_reference());
            assert_eq!(told, Some("two.example"));
            if redirects == 0 {
                assert_eq!((peer.state(), peer.link), (State::Idle, Link::None));
                // Not for good: the application may try again, there or elsewhere.
                peer.connect();
            } else {
                assert_eq!(peer.link, Link::Wanted);
                assert_eq!(peer.session.server_reference(), Some("two.example"));
                peer.open();
                peer.expect(PacketType::Connect);
            }
            peer.accept(false);
            assert_eq!(peer.state(), State::Connected);
        }
    }
}

#[test]
fn j_k_the_pubrel_of_a_dead_session_is_not_sent_and_the_doubt_is_told() {
    for version in BOTH {
        let mut peer = Scripted::connected(persistent(version));
        let token = peer.publish("t", "x", QOS2);
        let id = peer.expect(PacketType::Publish).id();
        peer.send(&pubrec(id));
        peer.expect(PacketType::PubRel);
        peer.reconnect();
        peer.accept(false);
        peer.expect_silence();
        assert_eq!(peer.published(token), Some(Err(Error::Indeterminate)));
    }
}

#[test]
fn j_l_a_server_that_is_unavailable_is_asked_again() {
    for version in BOTH {
        let mut peer = Scripted::connected(persistent(version));
        let token = peer.publish("t", "x", QOS1);
        peer.cut();
        for _ in 0..5 {
            peer.next_attempt();
            peer.send(&refusal(ReasonCode::ServerUnavailable));
            assert_eq!(peer.state(), State::Waiting);
        }
        peer.next_attempt();
        peer.accept(true);
        let id = peer.expect(PacketType::Publish).id();
        peer.send(&puback(id));
        assert!(peer.published(token).unwrap().is_ok());
    }
    // The first attempt of all is answered to whoever asked for it, who may ask again.
    let mut peer = Scripted::new(clean(Version::V5));
    peer.connect();
    peer.send(&refusal(ReasonCode::ServerUnavailable));
    assert_eq!(
        peer.cause(),
        Some(Error::ConnectRefused(ReasonCode::ServerUnavailable))
    );
    peer.connect();
    peer.accept(false);
    assert_eq!(peer.state(), State::Connected);
}

#[test]
fn j_m_five_hundred_filters_do_not_take_five_hundred_packets() {
    for version in BOTH {
        let mut peer = Scripted::connected(clean(version));
        let filters: Vec<String> = (0..500).map(|nth| format!("some/filter/{nth}")).collect();
        let filters: Vec<_> = filters.iter().map(|it| (it.as_str(), QOS1)).collect();
        peer.subscribe(&filters);
        let mut packets = 0;
        while let Some(frame) = peer.next() {
            let Packet::Subscribe(subscribe) = frame.packet() else {
                panic!("{frame:?}")
            };
            peer.send(&suback(frame.id(), &vec![1; subscribe.filters.len()]));
            packets += 1;
        }
        assert!(packets <= 2, "{packets} packets");
        peer.reconnect();
        peer.accept(false);
        let again = count(&mut peer, PacketType::Subscribe);
        assert!((1..=2).contains(&again), "{again} packets");
    }
}

#[test]
fn j_n_a_socket_that_does_not_open_is_an_error_with_a_name() {
    let mut peer = Scripted::new(clean(Version::V5));
    peer.act(Session::connect).unwrap();
    peer.cut();
    assert_eq!(peer.change().cause, Some(Error::Unreachable));
    // Later attempts say so each time.
    let mut peer = Scripted::connected(clean(Version::V5));
    peer.open_at_once = false;
    peer.cut();
    for attempt in 1..=3 {
        let at = peer.deadline().unwrap();
        peer.run_timers(at, true);
        peer.cut();
        assert_eq!(peer.change().cause, Some(Error::Unreachable), "{attempt}");
    }
}

/// [MQTT-2.2.1-3]
#[test]
fn u_p_no_message_has_the_packet_identifier_0() {
    for version in BOTH {
        let mut peer = Scripted::connected(clean(version));
        for _ in 0..65_540 {
            peer.publish("t", "x", QOS1);
            // The codec has no packet identifier 0: such a packet would not even be read.
            let id = peer.expect(PacketType::Publish).id();
            assert_ne!(id, 0);
            peer.send(&puback(id));
        }
    }
}

#[test]
fn u_q_a_late_acknowledgement_settles_a_publish_and_nothing_else_does() {
    for version in BOTH {
        let mut peer = Scripted::connected(clean(version));
        let slow = peer.publish("t", "slow", QOS1);
        let id = peer.expect(PacketType::Publish).id();
        for _ in 0..80 {
            let quick = peer.publish("t", "quick", QOS1);
            let id = peer.expect(PacketType::Publish).id();
            peer.send(&puback(id));
            assert!(peer.published(quick).unwrap().is_ok());
            peer.advance(100);
            assert_eq!(peer.published(slow), None);
        }
        peer.send(&puback(id));
        assert!(peer.published(slow).unwrap().is_ok());
    }
}

/// [MQTT-3.1.2-20]
#[test]
fn u_r_a_server_that_does_not_answer_pings_is_found_out() {
    for version in BOTH {
        let mut peer = Scripted::connected(keep_alive(version, 1));
        peer.open_at_once = false;
        peer.advance(5000);
        assert!(given_up(&peer, Error::KeepAliveTimeout) <= 1500);
    }
}

#[test]
fn u_s_a_qos_0_message_leaves_and_is_settled() {
    for version in BOTH {
        let mut peer = Scripted::connected(clean(version));
        let token = peer.publish("t", "x", QOS0);
        let frame = peer.expect(PacketType::Publish);
        assert_eq!(frame.publish(), message(QOS0, 0, "t", "x"));
        assert!(peer.published(token).unwrap().is_ok());
    }
}

#[test]
fn w_1_a_dead_server_is_found_out_however_many_pings_went_to_it() {
    for version in BOTH {
        let mut peer = Scripted::connected(keep_alive(version, 2));
        peer.open_at_once = false;
        peer.advance(12_000);
        assert!(given_up(&peer, Error::KeepAliveTimeout) <= 3000);
        assert_ne!(peer.state(), State::Connected);
        assert!(count(&mut peer, PacketType::PingReq) <= 2);
    }
}

#[test]
fn w_2_every_connect_has_the_will() {
    for version in BOTH {
        let mut peer = Scripted::new(ConnectOptions {
            will: Some(WillOptions {
                topic: "will".into(),
                payload: b"gone".to_vec(),
                qos: QOS1,
                retain: true,
                properties: properties(&[]),
            }),
            ..clean(version)
        });
        let mut connects = vec![peer.connect()];
        peer.accept(false);
        for _ in 0..3 {
            connects.push(peer.reconnect());
            peer.accept(false);
        }
        for frame in connects {
            let Packet::Connect(connect) = frame.packet() else {
                panic!("{frame:?}")
            };
            let will = connect.will.expect("a will");
            assert_eq!((will.topic.as_str(), will.payload), ("will", &b"gone"[..]));
            assert_eq!((will.qos, will.retain), (QOS1, true));
        }
    }
}

#[test]
fn w_3_subscriptions_outlive_the_session_that_the_server_lost() {
    for version in BOTH {
        let mut net = Net::connected(clean(version), Settings::default());
        net.client.subscribe(&[("t/#", QOS1)]);
        net.settle();
        net.cut();
        net.run(60_000);
        assert_eq!(net.client.state(), State::Connected);
        net.publish_elsewhere("t/x", "after", QOS1);
        net.settle();
        assert_eq!(net.client.payloads(), ["after"]);
    }
}

#[test]
fn w_5_a_refused_subscription_is_an_error_and_an_offline_publish_is_none() {
    let mut peer = Scripted::new(clean(Version::V5));
    let offline = peer.publish("t", "x", QOS1);
    let (token, _) = peer.subscribe(&[("secret", QOS1)]);
    peer.connect();
    peer.accept(false);
    let id = peer.expect(PacketType::Subscribe).id();
    peer.send(&suback(id, &[0x87]));
    let refused = Error::SubscribeRefused(ReasonCode::NotAuthorized);
    assert_eq!(peer.subscribed(token), Some(vec![Err(refused)]));
    let id = peer.expect(PacketType::Publish).id();
    peer.send(&puback(id));
    assert!(peer.published(offline).unwrap().is_ok());
}

#[test]
fn w_6_a_server_that_never_answers_connect_is_given_up() {
    for version in BOTH {
        let mut peer = Scripted::new(ConnectOptions {
            connect_timeout: Duration::from_secs(20),
            ..clean(version)
        });
        peer.connect();
        peer.open_at_once = false;
        peer.advance(20_000);
        assert_eq!(given_up(&peer, Error::ConnectTimeout), 20_000);
        assert_eq!(peer.link, Link::None);
    }
}

#[test]
fn w_7_a_qos_2_message_takes_as_long_as_the_server_does() {
    for version in BOTH {
        let mut peer = Scripted::connected(clean(version));
        let token = peer.publish("t", "x", QOS2);
        let id = peer.expect(PacketType::Publish).id();
        peer.advance(16_000);
        assert_eq!(peer.published(token), None);
        peer.send(&pubrec(id));
        peer.expect(PacketType::PubRel);
        peer.advance(16_000);
        assert_eq!(peer.published(token), None);
        peer.send(&pubcomp(id));
        assert!(peer.published(token).unwrap().is_ok());
    }
}

/// A message is lent where it lies in the receive buffer. As each one lies exactly behind the last, nothing was moved
/// between them: the work is that of reading the bytes once, however many packets they are.
#[test]
fn w_8_many_packets_in_one_message_are_read_where_they_lie() {
    for version in BOTH {
        let mut session = Session::new(clean(version), 1).unwrap();
        let now = Instant::from_millis(0);
        let drain = |session: &mut Session| {
            while session.poll_event().is_some() {}
            session.poll_transmit(&mut Vec::new(), usize::MAX);
            while session.poll_transport().is_some() {}
        };
        let filter = [(TopicFilter::new("t").unwrap(), SubscribeOptions::default())];
        session.subscribe(now, &filter).unwrap();
        session.connect(now).unwrap();
        drain(&mut session);
        session.handle_open(now);
        drain(&mut session);
        let hello = bytes(version, &[connack(false)]);
        session.recv_buf(hello.len()).copy_from_slice(&hello);
        session.handle_received(now);
        drain(&mut session);

        let one = bytes(version, &[publish(QOS0, 0, "t", "x")]);
        let stream = one.repeat(8000);
        session.recv_buf(stream.len()).copy_from_slice(&stream);
        session.handle_received(now);
        let mut places = Vec::new();
        while let Some(event) = session.poll_event() {
            if let Event::Message(message) = event {
                places.push(message.payload.as_ptr() as usize);
            }
        }
        assert_eq!(places.len(), 8000);
        for (nth, place) in places.iter().enumerate() {
            assert_eq!(*place, places[0] + nth * one.len());
        }
    }
}

/// The other half of it: a packet that comes in many pieces is moved less often than it has bytes.
#[test]
fn w_8_a_packet_in_many_pieces_is_not_moved_for_each_of_them() {
    let mut peer = Scripted::connected(ConnectOptions {
        reconnect: Some(ReconnectOptions::default()),
        ..clean(Version::V5)
    });
    peer.subscribe(&[("t", QOS0)]);
    let payload = vec![b'x'; 1 << 20];
    let stream = bytes(Version::V5, &[publish(QOS0, 0, "t", &payload)]);
    let mut moves = 0;
    let mut place = 0;
    for piece in stream.chunks(256) {
        let now = Instant::from_millis(0);
        let space = peer.session.recv_buf(piece.len());
        space.copy_from_slice(piece);
        // Where the next byte would lie had nothing been moved.
        let at = space.as_ptr() as usize;
        if at != place {
            moves += 1;
        }
        place = at + piece.len();
        peer.act(|session, _| session.handle_received(now));
    }
    assert_eq!(peer.messages().len(), 1);
    // The buffer grows by doubling: from 256 bytes to a mebibyte that is a dozen times.
    assert!(moves <= 16, "moved {moves} times");
}
