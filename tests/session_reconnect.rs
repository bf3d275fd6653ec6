//! Coming back: when, as whom, with what; and what a broker makes of it.

mod pair;

use pair::*;
use webmqtt::codec::{Packet, PacketType, Property, PropertyId, ReasonCode, Version};
use webmqtt::error::Error;
use webmqtt::session::{ConnectOptions, ReconnectOptions, Session, State, Timer, WillOptions};
use webmqtt::time::Duration;

fn with_will(version: Version) -> ConnectOptions {
    ConnectOptions {
        will: Some(WillOptions {
            topic: "will".into(),
            payload: b"gone".to_vec(),
            qos: QOS1,
            retain: true,
            properties: properties(&[]),
        }),
        ..clean(version)
    }
}

fn reconnects(options: ReconnectOptions, version: Version) -> ConnectOptions {
    ConnectOptions {
        reconnect: Some(options),
        ..clean(version)
    }
}

/// The delays that were announced, in milliseconds.
fn delays(peer: &Scripted) -> Vec<u64> {
    peer.changes()
        .filter_map(|change| change.delay)
        .map(Duration::as_millis)
        .collect()
}

/// REC-01
#[test]
fn delays_grow_up_to_the_maximum_with_jitter() {
    let mut highest = [0; 10];
    for seed in 0..200 {
        let policy = ReconnectOptions {
            min: Duration::from_millis(100),
            max: Duration::from_millis(10_000),
            attempts: None,
        };
        let mut client = Client::new(reconnects(policy, Version::V5), seed);
        client.act(Session::connect).unwrap();
        client.opened();
        client.received(&bytes(Version::V5, &[connack(false)]));
        client.closed();
        for slot in &mut highest {
            let change = client.change();
            assert_eq!(change.state, State::Waiting);
            let delay = change.delay.unwrap().as_millis();
            *slot = (*slot).max(delay);
            let due = client.deadline().unwrap();
            assert_eq!(due, client.now + delay);
            client.run_timers(due, true);
            client.closed();
        }
    }
    for (attempt, &seen) in highest.iter().enumerate() {
        let bound = (100u64 << attempt).min(10_000);
        assert!(seen <= bound, "attempt {attempt}: {seen} of {bound}");
        assert!(seen > bound / 2, "attempt {attempt}: {seen} of {bound}");
    }
}

/// REC-01
#[test]
fn attempts_are_numbered_and_stop_with_disconnect() {
    let mut peer = Scripted::connected(clean(Version::V5));
    peer.cut();
    for attempt in 1..=10 {
        peer.next_attempt();
        assert_eq!(peer.change().attempt, attempt);
        peer.send(&refusal(ReasonCode::ServerUnavailable));
        assert_eq!(peer.state(), State::Waiting);
    }
    peer.act(Session::disconnect);
    assert_eq!(peer.state(), State::Closed);
    assert_eq!(peer.deadline(), None);
    peer.advance(600_000);
    assert_eq!(peer.link, Link::None);
}

/// REC-01
#[test]
fn attempts_end_after_the_configured_number() {
    for limit in [1, 2, 5] {
        let policy = ReconnectOptions {
            attempts: Some(limit),
            ..ReconnectOptions::default()
        };
        let mut peer = Scripted::connected(reconnects(policy, Version::V4));
        peer.cut();
        for _ in 0..limit {
            peer.next_attempt();
            peer.cut();
        }
        assert_eq!(peer.state(), State::Idle);
        assert_eq!(peer.deadline(), None);
        // A connection in between starts the count anew.
        peer.connect();
        peer.accept(false);
        peer.cut();
        assert_eq!(peer.state(), State::Waiting);
    }
}

#[test]
fn the_first_connection_can_be_given_several_attempts() {
    for reconnect in [None, Some(ReconnectOptions::default())] {
        let options = ConnectOptions {
            connect_attempts: 3,
            reconnect,
            ..clean(Version::V5)
        };
        let mut peer = Scripted::new(options.clone());
        for _ in 0..2 {
            peer.connect();
            for left in [2, 1] {
                peer.cut();
                assert_eq!(peer.state(), State::Waiting, "{left} are left");
                peer.next_attempt();
            }
            peer.cut();
            assert_eq!((peer.state(), peer.deadline()), (State::Idle, None));
        }
        // Afterwards a loss is what it was.
        peer.connect();
        peer.accept(false);
        peer.cut();
        let after = if reconnect.is_some() {
            State::Waiting
        } else {
            State::Idle
        };
        assert_eq!(peer.state(), after);

        // What makes no sense to repeat is not repeated.
        let mut peer = Scripted::new(options);
        peer.connect();
        peer.send(&refusal(ReasonCode::BadUserNameOrPassword));
        assert_eq!(peer.state(), State::Idle);
    }
    let none = ConnectOptions {
        connect_attempts: 0,
        ..clean(Version::V5)
    };
    assert_eq!(Session::new(none, 1).err(), Some(Error::Option));
}

/// ERR-01: whether it was the way there or the server that failed.
#[test]
fn a_failure_says_whether_the_transport_had_opened() {
    let mut peer = Scripted::new(clean(Version::V5));
    peer.open_at_once = false;
    peer.act(Session::connect).unwrap();
    peer.advance(30_000);
    assert_eq!(
        (peer.cause(), peer.change().opened),
        (Some(Error::ConnectTimeout), false)
    );
    peer.act(Session::connect).unwrap();
    peer.cut();
    assert_eq!(
        (peer.cause(), peer.change().opened),
        (Some(Error::Unreachable), false)
    );
    peer.connect();
    peer.advance(30_000);
    assert_eq!(
        (peer.cause(), peer.change().opened),
        (Some(Error::ConnectTimeout), true)
    );
    peer.connect();
    peer.cut();
    assert_eq!(
        (peer.cause(), peer.change().opened),
        (Some(Error::ConnectionLost), true)
    );
}

#[test]
fn without_a_policy_a_loss_is_final_until_the_application_connects() {
    for version in BOTH {
        let mut peer = Scripted::connected(ConnectOptions {
            reconnect: None,
            ..persistent(version)
        });
        let token = peer.publish("t", "x", QOS1);
        peer.expect(PacketType::Publish);
        peer.cut();
        assert_eq!(peer.state(), State::Idle);
        assert_eq!(peer.cause(), Some(Error::ConnectionLost));
        // Only the session grows old.
        let timer = (version == Version::V5).then_some(Timer::SessionExpiry);
        assert_eq!(peer.timer(), timer);
        assert_eq!(peer.published(token), None);
        peer.connect();
        peer.accept(true);
        let frame = peer.expect(PacketType::Publish);
        assert!(frame.publish().dup);
    }
}

/// REC-02
#[test]
fn later_connects_ask_for_the_same_session() {
    for version in BOTH {
        let options = ConnectOptions {
            client_id: None,
            ..persistent(version)
        };
        let mut peer = Scripted::new(options);
        let mut frames = vec![peer.connect()];
        peer.accept(false);
        for _ in 0..3 {
            frames.push(peer.reconnect());
            peer.accept(true);
        }
        let mut ids = Vec::new();
        for (nth, frame) in frames.iter().enumerate() {
            let Packet::Connect(connect) = frame.packet() else {
                panic!("{frame:?}")
            };
            assert!(connect.client_id.len() > 10);
            ids.push(connect.client_id.to_owned());
            assert_eq!(connect.clean_start, version == Version::V5 && nth == 0);
            let expiry = connect
                .properties
                .four_byte(PropertyId::SessionExpiryInterval);
            assert_eq!(expiry, (version == Version::V5).then_some(3600));
        }
        ids.dedup();
        assert_eq!(ids.len(), 1);
    }
}

/// REC-02
#[test]
fn clients_generate_different_identifiers() {
    let options = || ConnectOptions {
        client_id: None,
        ..clean(Version::V5)
    };
    let mut ids: Vec<String> = (0..1000)
        .map(|seed| {
            let session = Session::new(options(), seed).unwrap();
            session.client_id().to_owned()
        })
        .collect();
    ids.sort();
    ids.dedup();
    assert_eq!(ids.len(), 1000);
}

/// REC-03, REC-07
#[test]
fn a_session_that_ends_with_its_connection_leaves_nothing_behind() {
    for version in BOTH {
        let mut peer = Scripted::connected(clean(version));
        peer.subscribe(&[("in", QOS2)]);
        peer.expect(PacketType::Subscribe);
        peer.send(&publish(QOS2, 7, "in", "old"));
        peer.expect(PacketType::PubRec);
        let repeatable = peer.publish("t", "again", QOS1);
        let doubtful = [
            peer.publish("t", "open", QOS2),
            peer.publish("t", "rec", QOS2),
        ];
        let sent = peer.expect_all(&[PacketType::Publish; 3]);
        peer.send(&pubrec(sent[2].id()));
        peer.cut();
        for token in doubtful {
            assert_eq!(peer.published(token), Some(Err(Error::Indeterminate)));
        }
        assert_eq!(peer.published(repeatable), None);
        let frame = peer.next_attempt();
        let Packet::Connect(connect) = frame.packet() else {
            unreachable!()
        };
        assert!(connect.clean_start);
        peer.accept(false);
        let sent = peer.expect_all(&[PacketType::Subscribe, PacketType::Publish]);
        assert!(!sent[1].publish().dup);
        peer.send(&puback(sent[1].id()));
        assert!(peer.published(repeatable).unwrap().is_ok());
        peer.send(&publish(QOS2, 7, "in", "new"));
        assert_eq!(peer.payloads(), ["old", "new"]);
    }
}

/// REC-04
#[test]
fn a_connack_alone_does_not_reset_the_back_off() {
    let mut longest = 0;
    for seed in 0..20 {
        let mut client = Client::new(clean(Version::V4), seed);
        client.act(Session::connect).unwrap();
        for _ in 0..10 {
            client.opened();
            client.received(&bytes(Version::V4, &[connack(false)]));
            assert_eq!(client.state(), State::Connected);
            client.closed();
            longest = longest.max(client.change().delay.unwrap().as_millis());
            let due = client.deadline().unwrap();
            client.run_timers(due, true);
        }
    }
    assert!(longest > 10_000, "never waited longer than {longest} ms");
}

/// REC-04
#[test]
fn a_stable_connection_resets_the_back_off() {
    for seed in 0..50 {
        let mut client = Client::new(clean(Version::V4), seed);
        client.act(Session::connect).unwrap();
        for _ in 0..10 {
            client.opened();
            client.received(&bytes(Version::V4, &[connack(false)]));
            let now = client.now;
            client.run_timers(now + 20_000, true);
            client.closed();
            let first = ReconnectOptions::default().min;
            assert!(client.change().delay.unwrap() <= first);
            let due = client.deadline().unwrap();
            client.run_timers(due, true);
        }
    }
}

/// REC-05
#[test]
fn what_is_published_offline_is_sent_in_order_later() {
    for version in BOTH {
        let mut net = Net::connected(persistent(version), Settings::default());
        net.down = true;
        net.cut();
        net.run(60_000);
        let all = [QOS0, QOS1, QOS2];
        for nth in 0..300 {
            net.client.publish("t", &nth.to_string(), all[nth % 3]);
        }
        net.run(60_000);
        net.down = false;
        net.run(60_000);
        for (start, qos) in all.into_iter().enumerate() {
            let accepted = net.broker.accepted.iter();
            let found: Vec<_> = accepted
                .filter(|accepted| accepted.qos == qos)
                .map(|accepted| String::from_utf8(accepted.payload.clone()).unwrap())
                .collect();
            let expected = (start..300).step_by(3);
            let expected: Vec<_> = expected.map(|nth| nth.to_string()).collect();
            assert_eq!(found, expected, "{qos:?}");
        }
    }
}

/// REC-11
#[test]
fn the_application_can_connect_or_end_at_any_moment() {
    for version in BOTH {
        let mut peer = Scripted::connected(clean(version));
        peer.cut();
        peer.act(Session::connect).unwrap();
        peer.act(Session::connect).unwrap();
        assert_eq!(peer.link, Link::Wanted);
        peer.open();
        peer.expect_all(&[PacketType::Connect]);
        // An attempt that follows a loss is not the application's first: its failure is not the end.
        peer.cut();
        assert_eq!(peer.state(), State::Waiting);
        peer.act(Session::stop);
        assert_eq!(peer.state(), State::Idle);
        assert_eq!(peer.deadline(), None);
        peer.connect();
        peer.cut();
        assert_eq!(peer.state(), State::Idle);
        peer.act(Session::disconnect);
        assert_eq!(peer.state(), State::Closed);
    }
}

/// REC-12
#[test]
fn credentials_can_change_between_attempts() {
    for version in BOTH {
        let mut peer = Scripted::connected(ConnectOptions {
            username: Some("u".into()),
            password: Some(b"old".to_vec()),
            ..clean(version)
        });
        peer.cut();
        peer.act(|session, _| session.set_credentials(Some("u".into()), Some(b"new".to_vec())))
            .unwrap();
        let frame = peer.next_attempt();
        let Packet::Connect(connect) = frame.packet() else {
            unreachable!()
        };
        assert_eq!(connect.password, Some(&b"new"[..]));
        // What CONNECT cannot carry changes nothing.
        let bad = peer.act(|session, _| session.set_credentials(Some("u\0".into()), None));
        assert!(bad.is_err());
        let frame = peer.reconnect();
        let Packet::Connect(connect) = frame.packet() else {
            unreachable!()
        };
        assert_eq!(connect.password, Some(&b"new"[..]));
    }
}

/// REC-13
#[test]
fn half_a_packet_of_the_old_connection_does_not_reach_the_new_one() {
    for version in BOTH {
        let mut peer = Scripted::connected(persistent(version));
        peer.subscribe(&[("t", QOS1)]);
        let half = bytes(version, &[publish(QOS1, 1, "t", "old")]);
        peer.received(&half[..half.len() / 2]);
        peer.resume();
        peer.expect(PacketType::Subscribe);
        peer.received(&half[half.len() / 2..]);
        assert!(peer.messages().is_empty());
    }
}

#[test]
fn the_events_of_a_loss_and_a_return_come_in_order() {
    let mut peer = Scripted::connected(clean(Version::V5));
    peer.reconnect();
    peer.accept(false);
    let states: Vec<_> = peer.changes().map(|change| change.state).collect();
    assert_eq!(
        states,
        [
            State::Connecting,
            State::Connected,
            State::Waiting,
            State::Connecting,
            State::Connected
        ]
    );
    let changes: Vec<_> = peer.changes().collect();
    for pair in changes.windows(2) {
        assert_eq!(pair[0].state, pair[1].previous);
    }
    assert_eq!(delays(&peer).len(), 1);
}

// Against the broker

#[test]
fn a_broken_connection_publishes_the_will_and_an_ended_one_does_not() {
    for version in BOTH {
        let mut net = Net::connected(with_will(version), Settings::default());
        net.client.act(Session::disconnect);
        net.run(5000);
        assert_eq!(net.client.state(), State::Closed);
        assert_eq!(net.broker.times_accepted("gone"), 0);

        for abort in [true, false] {
            let mut net = Net::connected(with_will(version), Settings::default());
            if abort {
                net.client.act(Session::abort);
            } else {
                net.cut();
            }
            net.settle();
            assert_eq!(net.broker.times_accepted("gone"), 1);
            assert!(net.broker.retained.contains_key("will"));
        }
    }
}

#[test]
fn a_session_at_the_broker_gets_what_was_published_meanwhile() {
    for version in BOTH {
        let mut net = Net::connected(persistent(version), Settings::default());
        net.client.subscribe(&[("a/#", QOS2)]);
        net.settle();
        net.down = true;
        net.cut();
        for (payload, qos) in [("0", QOS0), ("1", QOS1), ("2", QOS2)] {
            net.publish_elsewhere("a/b", payload, qos);
        }
        net.run(10_000);
        assert!(net.client.messages().is_empty());
        net.down = false;
        net.run(40_000);
        assert_eq!(net.client.payloads(), ["1", "2"]);
    }
}

#[test]
fn a_retained_message_comes_with_the_subscription() {
    for version in BOTH {
        let mut net = Net::connected(clean(version), Settings::default());
        let token = {
            let topic = webmqtt::codec::TopicName::new("a").unwrap();
            let outgoing = webmqtt::session::Outgoing {
                qos: QOS1,
                retain: true,
                ..webmqtt::session::Outgoing::new(topic, b"kept")
            };
            let publish = |session: &mut Session, now| session.publish(now, &outgoing);
            net.client.act(publish).unwrap()
        };
        net.settle();
        assert!(net.client.published(token).unwrap().is_ok());
        net.client.subscribe(&[("a", QOS1)]);
        net.settle();
        let message = net.client.messages()[0].clone();
        assert!(message.retain);
        assert_eq!(message.payload, b"kept");
    }
}

#[test]
fn every_combination_of_qos_and_session_survives_a_restart_of_the_broker() {
    for version in BOTH {
        for options in [clean(version), persistent(version)] {
            for lost in [true, false] {
                for (published, subscribed) in [(QOS0, QOS2), (QOS1, QOS1), (QOS2, QOS2)] {
                    let mut net = Net::connected(options.clone(), Settings::default());
                    net.client.subscribe(&[("t", subscribed)]);
                    net.settle();
                    net.client.publish("t", "before", published);
                    net.settle();
                    if lost {
                        net.lose_sessions();
                    } else {
                        net.cut();
                    }
                    let token = net.client.publish("t", "during", published);
                    net.run(60_000);
                    assert_eq!(net.client.state(), State::Connected);
                    assert!(net.client.published(token).unwrap().is_ok());
                    assert_eq!(net.client.payloads(), ["before", "during"]);
                }
            }
        }
    }
}

/// ERR-02
#[test]
fn a_second_client_with_the_same_identifier_takes_over() {
    for version in BOTH {
        let mut net = Net::connected(clean(version), Settings::default());
        let other = net.broker.open(net.now());
        let mut rival = Client::new(clean(version), 2);
        rival.act(Session::connect).unwrap();
        rival.opened();
        let now = net.now();
        net.broker.received(now, other, &rival.outbox.concat());
        net.settle();
        match version {
            // 3.1.1 has no word for it.
            Version::V4 => assert_eq!(net.client.cause(), Some(Error::ConnectionLost)),
            _ => {
                assert_eq!(net.client.cause(), Some(Error::SessionTakenOver));
                assert_eq!(net.client.state(), State::Idle);
            }
        }
    }
}

#[test]
fn a_broker_that_pings_out_a_frozen_page_is_found_again() {
    for version in BOTH {
        let mut net = Net::connected(persistent(version), Settings::default());
        net.stall(200_000);
        let token = net.client.publish("t", "x", QOS2);
        net.run(400_000);
        assert_eq!(net.client.state(), State::Connected);
        assert!(net.client.published(token).unwrap().is_ok());
        assert_eq!(net.broker.times_accepted("x"), 1);
    }
}

/// REC-06
#[test]
fn a_session_that_expired_at_the_broker_starts_anew() {
    let options = ConnectOptions {
        session_expiry: 10,
        ..persistent(Version::V5)
    };
    let mut net = Net::connected(options, Settings::default());
    net.client.subscribe(&[("a", QOS1)]);
    net.settle();
    net.down = true;
    net.cut();
    let doubtful = net.client.publish("t", "x", QOS1);
    net.run(20_000);
    assert!(net.broker.sessions.is_empty());
    net.down = false;
    net.run(40_000);
    assert!(net.client.published(doubtful).unwrap().is_ok());
    net.publish_elsewhere("a", "after", QOS1);
    net.settle();
    assert_eq!(net.client.payloads(), ["after"]);
}

/// The server may have lost the session and made a new one for a CONNECT whose answer never came. To the next CONNECT
/// that one is present, and knows no subscription.
#[test]
fn after_a_connect_without_an_answer_the_server_is_asked_for_every_subscription_again() {
    for version in BOTH {
        let mut peer = Scripted::connected(persistent(version));
        let (token, _) = peer.subscribe(&[("in", QOS1)]);
        let id = peer.expect(PacketType::Subscribe).id();
        peer.send(&suback(id, &[1]));
        assert!(peer.subscribed(token).is_some());
        peer.reconnect();
        peer.reconnect();
        peer.accept(true);
        let id = peer.expect(PacketType::Subscribe).id();
        peer.send(&suback(id, &[1]));
        // Now it is known again.
        peer.resume();
        peer.expect_silence();
    }
}

/// [MQTT-4.3.3-10] A server takes a QoS 2 message for a repeated one if its identifier is still open from a former page.
#[test]
fn a_session_of_before_our_time_swallows_no_qos_2_message() {
    for version in BOTH {
        let options = ConnectOptions {
            clean_start: false,
            ..persistent(version)
        };
        let mut net = Net::connected(options.clone(), Settings::default());
        net.client.publish("t", "of the former page", QOS2);
        net.run_pieces(1);
        assert_eq!(net.broker.times_accepted("of the former page"), 1);
        net.restart(options, 2);
        net.connect();
        let token = net.client.publish("t", "new", QOS2);
        net.settle();
        assert!(net.client.published(token).unwrap().is_ok());
        assert_eq!(net.broker.times_accepted("new"), 1);
    }
}

#[test]
fn a_delayed_will_is_taken_back_by_coming_back() {
    let delay = Property::FourByte(PropertyId::WillDelayInterval, 30);
    let options = |session_expiry| {
        let mut options = with_will(Version::V5);
        if let Some(will) = &mut options.will {
            will.properties = properties(&[delay]);
        }
        ConnectOptions {
            session_expiry,
            ..options
        }
    };
    let mut net = Net::connected(options(3600), Settings::default());
    net.cut();
    net.run(60_000);
    assert_eq!(net.client.state(), State::Connected);
    assert_eq!(net.broker.times_accepted("gone"), 0);
    net.client.act(Session::abort);
    net.run(29_000);
    assert_eq!(net.broker.times_accepted("gone"), 0);
    net.run(1000);
    assert_eq!(net.broker.times_accepted("gone"), 1);
    // The end of the session does not wait for the will's time.
    let mut net = Net::connected(options(5), Settings::default());
    net.client.act(Session::abort);
    net.run(5000);
    assert_eq!(net.broker.times_accepted("gone"), 1);
}

#[test]
fn a_broker_that_refuses_for_a_while_loses_nothing() {
    for version in BOTH {
        let mut net = Net::connected(persistent(version), Settings::default());
        net.broker.settings.refuse = Some(ReasonCode::ServerUnavailable);
        net.cut();
        let tokens = [QOS0, QOS1, QOS2].map(|qos| net.client.publish("t", "x", qos));
        net.run(120_000);
        assert_ne!(net.client.state(), State::Connected);
        net.broker.settings.refuse = None;
        net.run(60_000);
        for token in tokens {
            assert!(net.client.published(token).unwrap().is_ok());
        }
    }
}

#[test]
fn a_filter_that_the_broker_forbids_fails_in_every_session() {
    for version in BOTH {
        let settings = Settings {
            forbidden: Some("secret/".into()),
            ..Settings::default()
        };
        let mut net = Net::connected(clean(version), settings);
        let (token, _) = net.client.subscribe(&[("secret/#", QOS1), ("open", QOS1)]);
        net.settle();
        let refused = Error::SubscribeRefused(ReasonCode::UnspecifiedError);
        assert_eq!(
            net.client.subscribed(token),
            Some(vec![Err(refused), Ok(QOS1)])
        );
        net.cut();
        net.run(10_000);
        let session = net.broker.sessions.values().next().expect("a session");
        assert_eq!(session.filters(), ["open"]);
    }
}

#[test]
fn the_brokers_limits_hold_on_every_connection() {
    let settings = Settings {
        receive_maximum: Some(3),
        maximum_qos: Some(QOS1),
        maximum_packet_size: Some(200),
        retain_unavailable: true,
        server_keep_alive: Some(5),
        session_expiry: Some(100),
        ..Settings::default()
    };
    let mut net = Net::connected(persistent(Version::V5), settings);
    net.latency = 50;
    let too_high = net.client.try_publish("t", b"x", QOS2);
    assert_eq!(too_high, Err(Error::QosNotSupported));
    let tokens: Vec<_> = (0..50)
        .map(|nth| net.client.publish("t", &nth.to_string(), QOS1))
        .collect();
    net.run(200);
    net.cut();
    net.run(300_000);
    assert_eq!(net.client.state(), State::Connected);
    for token in tokens {
        assert!(net.client.published(token).unwrap().is_ok());
    }
    // The pings keep the broker's pace: it would have hung up otherwise.
    assert_eq!(net.client.cause(), Some(Error::ConnectionLost));
    assert_eq!(net.client.changes().count(), 5);
}

/// The server remembers more than it said before the connection broke, and says it before our resend reaches it.
#[test]
fn what_the_server_acknowledges_before_it_is_sent_again_is_not_sent_again() {
    let one_at_a_time = [Property::TwoByte(PropertyId::ReceiveMaximum, 1)];
    let mut peer = Scripted::connected(persistent(Version::V5));
    let tokens = [QOS1, QOS1, QOS2, QOS1].map(|qos| peer.publish("t", "x", qos));
    let ids = peer
        .expect_all(&[PacketType::Publish; 4])
        .iter()
        .map(Frame::id)
        .collect::<Vec<_>>();

    peer.reconnect();
    peer.accept_with(true, &one_at_a_time);
    assert_eq!(peer.expect(PacketType::Publish).id(), ids[0]);
    peer.send_all(&[puback(ids[1]), pubrec(ids[2])]);
    assert_eq!(
        peer.published(tokens[1]).map(|result| result.is_ok()),
        Some(true)
    );
    assert_eq!(peer.expect(PacketType::PubRel).id(), ids[2]);
    peer.send(&puback(ids[0]));
    assert_eq!(peer.expect(PacketType::Publish).id(), ids[3]);
    peer.send(&pubcomp(ids[2]));
    peer.expect_silence();

    // Nor does an identifier that is free again drag an old resend along.
    let last = peer.publish("t", "y", QOS1);
    peer.send(&puback(ids[3]));
    let frame = peer.expect(PacketType::Publish);
    assert_eq!(
        (frame.publish().dup, frame.publish().payload),
        (false, &b"y"[..])
    );
    peer.send(&puback(frame.id()));
    peer.expect_silence();
    for token in [tokens[0], tokens[2], tokens[3], last] {
        assert_eq!(
            peer.published(token).map(|result| result.is_ok()),
            Some(true)
        );
    }
}
