//! Flow control and the limits that each side announces, 5.0.

mod pair;

use pair::*;
use webmqtt::codec::{
    Packet, PacketType, PropertiesBuf, Property, PropertyId, Publish, QoS, ReasonCode, TopicName,
    Version,
};
use webmqtt::error::Error;
use webmqtt::session::{
    ConnectOptions, Outgoing, PROTOCOL_PACKET_LIMIT, QueueLimits, ServerLimits, Session, State,
    Token,
};

fn receive_maximum(limit: u16) -> [Property<'static>; 1] {
    [Property::TwoByte(PropertyId::ReceiveMaximum, limit)]
}

fn maximum_packet_size(limit: u32) -> [Property<'static>; 1] {
    [Property::FourByte(PropertyId::MaximumPacketSize, limit)]
}

fn with(list: &[Property<'_>]) -> Scripted {
    Scripted::connected_with(persistent(Version::V5), list)
}

fn publish_retained(peer: &mut Scripted, topic: &str) -> Result<Token, Error> {
    let outgoing = Outgoing {
        retain: true,
        ..Outgoing::new(TopicName::new(topic).unwrap(), b"x")
    };
    peer.act(|session, now| session.publish(now, &outgoing))
}

/// The payloads of the next packets, which are PUBLISH packets.
#[track_caller]
fn payloads(peer: &mut Scripted) -> Vec<String> {
    std::iter::from_fn(|| peer.next())
        .map(|frame| String::from_utf8(frame.publish().payload.to_vec()).unwrap())
        .collect()
}

/// LIM-01
#[test]
fn no_more_messages_are_in_flight_than_the_server_can_take() {
    for qos in [QOS1, QOS2] {
        let mut peer = with(&receive_maximum(1));
        let tokens = ["1", "2", "3"].map(|payload| peer.publish("t", payload, qos));
        for (nth, token) in tokens.into_iter().enumerate() {
            let frame = peer.expect(PacketType::Publish);
            assert_eq!(frame.publish().payload, (nth + 1).to_string().as_bytes());
            peer.expect_silence();
            if qos == QOS1 {
                peer.send(&puback(frame.id()));
            } else {
                peer.send(&pubrec(frame.id()));
                peer.expect(PacketType::PubRel);
                // LIM-02: the PUBREC gives nothing back.
                peer.expect_silence();
                peer.send(&pubcomp(frame.id()));
            }
            assert!(peer.published(token).unwrap().is_ok());
        }
    }
}

/// LIM-03
#[test]
fn a_pubrec_with_a_failure_gives_the_quota_back() {
    let mut peer = with(&receive_maximum(1));
    peer.publish("t", "1", QOS2);
    peer.publish("t", "2", QOS2);
    let id = peer.expect(PacketType::Publish).id();
    peer.expect_silence();
    peer.send(&Packet::PubRec(because(id, ReasonCode::QuotaExceeded)));
    assert_eq!(payloads(&mut peer), ["2"]);
}

/// LIM-04
#[test]
fn without_quota_everything_else_still_flows() {
    let mut peer = with(&receive_maximum(1));
    peer.publish("t", "1", QOS2);
    let id = peer.expect(PacketType::Publish).id();
    peer.publish("t", "2", QOS1);
    peer.expect_silence();
    peer.publish("t", "plain", QOS0);
    peer.subscribe(&[("in", QOS2)]);
    peer.expect_all(&[PacketType::Publish, PacketType::Subscribe]);
    peer.send_all(&[
        publish(QOS1, 1, "in", "x"),
        publish(QOS2, 2, "in", "x"),
        pubrel(2),
        pubrec(id),
    ]);
    peer.expect_all(&[
        PacketType::PubAck,
        PacketType::PubRec,
        PacketType::PubComp,
        PacketType::PubRel,
    ]);
    peer.advance(45_000);
    peer.expect_all(&[PacketType::PingReq]);
    peer.act(Session::disconnect);
    peer.expect_all(&[PacketType::Disconnect]);
}

/// LIM-05
#[test]
fn sending_again_keeps_to_the_new_receive_maximum() {
    let mut peer = with(&[]);
    for payload in ["1", "2", "3", "4", "5"] {
        peer.publish("t", payload, QOS1);
    }
    let ids: Vec<_> = peer
        .expect_all(&[PacketType::Publish; 5])
        .iter()
        .map(Frame::id)
        .collect();
    peer.reconnect();
    peer.publish("t", "6", QOS1);
    peer.accept_with(true, &receive_maximum(2));
    assert_eq!(payloads(&mut peer), ["1", "2"]);
    for (id, next) in ids.iter().zip(["3", "4", "5", "6"]) {
        peer.send(&puback(*id));
        assert_eq!(payloads(&mut peer), [next]);
    }
}

/// Servers count it as unfinished until its PUBCOMP.
#[test]
fn a_pubrel_that_is_sent_again_takes_quota() {
    let mut peer = with(&[]);
    peer.publish("t", "1", QOS2);
    let id = peer.expect(PacketType::Publish).id();
    peer.send(&pubrec(id));
    peer.expect(PacketType::PubRel);
    peer.reconnect();
    peer.publish("t", "2", QOS1);
    peer.accept_with(true, &receive_maximum(1));
    peer.expect_all(&[PacketType::PubRel]);
    peer.send(&pubcomp(id));
    assert_eq!(payloads(&mut peer), ["2"]);
}

/// LIM-05
#[test]
fn a_message_that_waits_to_be_sent_again_can_be_cancelled() {
    let mut peer = with(&[]);
    let tokens = ["1", "2"].map(|payload| peer.publish("t", payload, QOS1));
    let ids: Vec<_> = peer
        .expect_all(&[PacketType::Publish; 2])
        .iter()
        .map(Frame::id)
        .collect();
    peer.reconnect();
    peer.accept_with(true, &receive_maximum(1));
    peer.expect_all(&[PacketType::Publish]);
    peer.act(|session, now| session.cancel(now, tokens[1]));
    assert_eq!(peer.published(tokens[1]), Some(Err(Error::Aborted)));
    // It was sent once, so the exchange has to be completed.
    peer.send(&puback(ids[0]));
    assert_eq!(payloads(&mut peer), ["2"]);
    peer.send(&puback(ids[1]));
    assert_eq!(peer.session.inflight(), 0);
}

/// LIM-06
#[test]
fn the_quota_does_not_rise_above_its_start() {
    let mut peer = with(&receive_maximum(2));
    for payload in ["1", "2"] {
        peer.publish("t", payload, QOS2);
    }
    let sent = peer.expect_all(&[PacketType::Publish; 2]);
    let ids = [sent[0].id(), sent[1].id()];
    peer.send_all(&ids.map(pubrec));
    peer.reconnect();
    peer.accept_with(true, &receive_maximum(2));
    peer.expect_all(&[PacketType::PubRel; 2]);
    peer.send_all(&ids.map(pubcomp));
    for payload in ["3", "4", "5"] {
        peer.publish("t", payload, QOS1);
    }
    assert_eq!(payloads(&mut peer), ["3", "4"]);
}

/// LIM-06
#[test]
fn a_pubcomp_for_the_last_connection_gives_no_quota_on_this_one() {
    let mut peer = with(&receive_maximum(1));
    peer.publish("t", "1", QOS2);
    let id = peer.expect(PacketType::Publish).id();
    peer.send(&pubrec(id));
    peer.reconnect();
    for payload in ["2", "3"] {
        peer.publish("t", payload, QOS2);
    }
    peer.accept_with(true, &receive_maximum(1));
    peer.expect(PacketType::PubRel);
    let first = peer.next();
    peer.send(&pubcomp(id));
    let first = first.unwrap_or_else(|| peer.expect(PacketType::Publish));
    assert_eq!(first.publish().payload, b"2");
    // "2" is not acknowledged: with it the server has all it can take [MQTT-3.3.4-7].
    peer.expect_silence();
}

/// LIM-06
#[test]
fn pubcomps_in_greater_number_than_the_new_receive_maximum_give_no_more_than_that() {
    let mut peer = with(&receive_maximum(4));
    for payload in ["1", "2", "3", "4"] {
        peer.publish("t", payload, QOS2);
    }
    let sent = peer.expect_all(&[PacketType::Publish; 4]);
    let ids = [0, 1, 2, 3].map(|nth: usize| sent[nth].id());
    peer.send_all(&ids.map(pubrec));
    peer.reconnect();
    peer.accept_with(true, &receive_maximum(1));
    peer.expect_all(&[PacketType::PubRel; 4]);
    peer.send_all(&ids.map(pubcomp));
    for payload in ["5", "6", "7"] {
        peer.publish("t", payload, QOS1);
    }
    assert_eq!(payloads(&mut peer), ["5"]);
}

// MQTT 3 has no Receive Maximum, but every server has a limit that it does not tell.
#[test]
fn unfinished_qos_2_messages_are_few_in_3_1_1() {
    let mut peer = Scripted::connected(persistent(Version::V4));
    let tokens: Vec<_> = (0..100)
        .map(|nth| peer.publish("t", &nth.to_string(), QOS2))
        .collect();
    let plain = peer.publish("t", "plain", QOS0);
    assert!(peer.published(plain).unwrap().is_ok());
    let mut done = 0;
    let mut open = std::collections::VecDeque::new();
    let mut sent = Vec::new();
    while done < 100 {
        while let Some(frame) = peer.next() {
            let publish = frame.publish();
            if publish.qos == QOS2 {
                assert!(!publish.dup);
                sent.push(String::from_utf8(publish.payload.to_vec()).unwrap());
                open.push_back(frame.id());
            }
        }
        assert!(open.len() <= 16, "{} are unfinished", open.len());
        let id = open.pop_front().expect("one of them leaves");
        peer.send(&pubrec(id));
        assert_eq!(peer.expect(PacketType::PubRel).id(), id);
        peer.expect_silence();
        peer.send(&pubcomp(id));
        done += 1;
    }
    assert!(
        sent.iter()
            .enumerate()
            .all(|(nth, it)| *it == nth.to_string())
    );
    assert!(
        tokens
            .iter()
            .all(|&token| peer.published(token).unwrap().is_ok())
    );
}

/// LIM-07
#[test]
fn a_server_that_sends_more_than_our_receive_maximum_is_cut_off() {
    let options = ConnectOptions {
        receive_maximum: 3,
        ..persistent(Version::V5)
    };
    let mut peer = Scripted::connected(options);
    peer.subscribe(&[("t", QOS2)]);
    for id in 1..=3 {
        peer.send(&publish(QOS2, id, "t", "x"));
    }
    // Duplicates and QoS 0 do not count.
    peer.send(&Packet::Publish(Publish {
        dup: true,
        ..message(QOS2, 1, "t", "x")
    }));
    peer.send(&publish(QOS0, 0, "t", "x"));
    // What is finished does not count any more.
    peer.send_all(&[pubrel(2), publish(QOS2, 4, "t", "x")]);
    assert_eq!(peer.state(), State::Connected);
    while peer.next().is_some() {}
    peer.send(&publish(QOS2, 5, "t", "too many"));
    let error = Error::Protocol(ReasonCode::ReceiveMaximumExceeded);
    assert_eq!(peer.cause(), Some(error));
    assert!(!peer.payloads().contains(&"too many"));
    peer.expect_hang_up(&[ReasonCode::ReceiveMaximumExceeded]);
}

/// LIM-07
#[test]
fn a_receive_maximum_that_3_1_1_cannot_announce_is_not_enforced() {
    let options = ConnectOptions {
        receive_maximum: 2,
        ..clean(Version::V4)
    };
    let mut peer = Scripted::connected(options);
    peer.subscribe(&[("t", QOS2)]);
    for id in 1..=50 {
        peer.send(&publish(QOS2, id, "t", "x"));
    }
    assert_eq!(peer.state(), State::Connected);
    assert_eq!(peer.messages().len(), 50);
}

/// LIM-07
#[test]
fn our_receive_maximum_counts_for_each_connection_anew() {
    let options = ConnectOptions {
        receive_maximum: 2,
        ..persistent(Version::V5)
    };
    let mut peer = Scripted::connected(options);
    peer.subscribe(&[("t", QOS2)]);
    peer.send_all(&[publish(QOS2, 1, "t", "1"), publish(QOS2, 2, "t", "2")]);
    peer.reconnect();
    // The server has our PUBRECs. Its quota starts anew [MQTT-4.9.0-1], and it may send before it releases.
    peer.send_all(&[
        connack(true),
        publish(QOS2, 3, "t", "3"),
        pubrel(1),
        pubrel(2),
    ]);
    assert_eq!(peer.state(), State::Connected, "{:?}", peer.cause());
    assert_eq!(peer.payloads(), ["1", "2", "3"]);
}

/// LIM-07, [MQTT-3.3.4-9]
#[test]
fn qos_1_counts_against_our_receive_maximum_until_its_puback_has_left() {
    let options = ConnectOptions {
        receive_maximum: 3,
        ..persistent(Version::V5)
    };
    let mut peer = Scripted::connected(options);
    peer.subscribe(&[("t", QOS2)]);
    peer.expect(PacketType::Subscribe);
    for start in [1, 4, 7] {
        let three = [start, start + 1, start + 2].map(|id| publish(QOS1, id, "t", "x"));
        peer.send_all(&three);
        peer.expect_all(&[PacketType::PubAck; 3]);
    }
    // One unfinished QoS 2 message leaves room for two.
    peer.send(&publish(QOS2, 10, "t", "x"));
    peer.send_all(&[publish(QOS1, 11, "t", "x"), publish(QOS1, 12, "t", "x")]);
    assert_eq!(peer.state(), State::Connected);
    peer.expect_all(&[PacketType::PubRec, PacketType::PubAck, PacketType::PubAck]);
    peer.send_all(&[13, 14, 15].map(|id| publish(QOS1, id, "t", "two or three")));
    let error = Error::Protocol(ReasonCode::ReceiveMaximumExceeded);
    assert_eq!(peer.cause(), Some(error));
    assert_eq!(peer.messages().len(), 14);
    peer.expect_hang_up(&[ReasonCode::ReceiveMaximumExceeded]);
    // Each connection starts anew.
    peer.next_attempt();
    peer.accept(true);
    peer.expect(PacketType::Subscribe);
    peer.send_all(&[16, 17, 18].map(|id| publish(QOS1, id, "t", "x")));
    peer.expect_all(&[PacketType::PubAck; 3]);
}

/// LIM-07
#[test]
fn what_the_socket_does_not_take_is_not_acknowledged_for_our_receive_maximum_either() {
    let options = ConnectOptions {
        receive_maximum: 2,
        ..persistent(Version::V5)
    };
    let mut peer = Scripted::connected(options);
    peer.stalled = true;
    peer.send(&publish(QOS1, 1, "t", "x"));
    peer.send(&publish(QOS1, 2, "t", "x"));
    assert_eq!(peer.state(), State::Connected);
    peer.send(&publish(QOS1, 3, "t", "x"));
    let error = Error::Protocol(ReasonCode::ReceiveMaximumExceeded);
    assert_eq!(peer.cause(), Some(error));
}

/// LIM-08
#[test]
fn a_packet_above_the_servers_limit_fails_here_and_the_connection_stays() {
    let mut peer = with(&maximum_packet_size(100));
    // Header 2, topic length 2, topic 1, property length 1.
    let largest = "x".repeat(94);
    let over = "x".repeat(95);
    let fits = peer.try_publish("t", largest.as_bytes(), QOS0).unwrap();
    assert!(peer.published(fits).unwrap().is_ok());
    assert_eq!(peer.expect(PacketType::Publish).bytes.len(), 100);
    for qos in [QOS0, QOS1, QOS2] {
        let result = peer.try_publish("t", over.as_bytes(), qos);
        assert_eq!(result, Err(Error::PacketTooLarge));
    }
    let (token, _) = peer.subscribe(&[(over.as_str(), QOS0), ("small", QOS0)]);
    let id = peer.expect(PacketType::Subscribe).id();
    peer.send(&suback(id, &[0]));
    assert_eq!(
        peer.subscribed(token),
        Some(vec![Err(Error::PacketTooLarge), Ok(QOS0)])
    );
    peer.expect_silence();
    assert_eq!(peer.state(), State::Connected);
}

/// LIM-08
#[test]
fn subscribe_and_unsubscribe_use_the_limit_to_the_last_byte() {
    let mut peer = with(&maximum_packet_size(100));
    // Header 2, identifier 2, property length 1, filter length 2, options 1.
    let largest = "x".repeat(92);
    let (token, key) = peer.subscribe(&[(largest.as_str(), QOS0)]);
    let frame = peer.expect(PacketType::Subscribe);
    assert_eq!(frame.bytes.len(), 100);
    peer.send(&suback(frame.id(), &[0]));
    assert_eq!(peer.subscribed(token), Some(vec![Ok(QOS0)]));
    peer.unsubscribe(key);
    peer.expect(PacketType::Unsubscribe);
    let over = "x".repeat(93);
    let (token, _) = peer.subscribe(&[(over.as_str(), QOS0)]);
    assert_eq!(
        peer.subscribed(token),
        Some(vec![Err(Error::PacketTooLarge)])
    );
}

/// LIM-08
#[test]
fn many_filters_are_spread_over_packets_that_the_server_can_take() {
    let mut peer = with(&maximum_packet_size(100));
    let filters: Vec<String> = (0..50).map(|nth| format!("some/filter/{nth}")).collect();
    let filters: Vec<_> = filters
        .iter()
        .map(|filter| (filter.as_str(), QOS1))
        .collect();
    let (token, key) = peer.subscribe(&filters);
    let mut packets = 0;
    while let Some(frame) = peer.next() {
        let Packet::Subscribe(subscribe) = frame.packet() else {
            panic!("{frame:?}")
        };
        peer.send(&suback(frame.id(), &vec![1; subscribe.filters.len()]));
        packets += 1;
    }
    assert!(packets > 5);
    assert_eq!(peer.subscribed(token), Some(vec![Ok(QOS1); 50]));
    // They can be given back the same way.
    let token = peer.unsubscribe(key);
    while let Some(frame) = peer.next() {
        let Packet::Unsubscribe(unsubscribe) = frame.packet() else {
            panic!("{frame:?}")
        };
        peer.send(&unsuback(frame.id(), &vec![0; unsubscribe.filters.len()]));
    }
    assert_eq!(peer.unsubscribed(token), Some(Ok(())));
}

/// LIM-09
#[test]
fn our_own_limit_is_inclusive() {
    for version in BOTH {
        let one = bytes(version, &[publish(QOS0, 0, "t", "payload")]);
        let options = || ConnectOptions {
            maximum_packet_size: one.len() as u32,
            ..clean(version)
        };
        let mut peer = Scripted::connected(options());
        peer.subscribe(&[("t", QOS0)]);
        peer.expect(PacketType::Subscribe);
        peer.send_bytes(&one);
        assert_eq!(peer.payloads(), ["payload"]);
        peer.send(&publish(QOS0, 0, "t", "payload!"));
        assert_eq!(peer.payloads(), ["payload"]);
        peer.expect_hang_up(&[ReasonCode::PacketTooLarge]);
    }
}

/// LIM-10
#[test]
fn a_qos_above_the_servers_maximum_fails_here() {
    for (maximum, refused) in [(0, &[QOS1, QOS2][..]), (1, &[QOS2])] {
        let mut peer = with(&[Property::Byte(PropertyId::MaximumQos, maximum)]);
        for &qos in refused {
            let result = peer.try_publish("t", b"x", qos);
            assert_eq!(result, Err(Error::QosNotSupported));
        }
        peer.expect_silence();
        peer.publish("t", "x", QoS::from_u8(maximum).unwrap());
        peer.subscribe(&[("t", QOS2)]);
        peer.expect_all(&[PacketType::Publish, PacketType::Subscribe]);
    }
}

/// LIM-11
#[test]
fn a_retained_message_fails_here_if_the_server_keeps_none() {
    let mut peer = with(&[Property::Byte(PropertyId::RetainAvailable, 0)]);
    assert_eq!(
        publish_retained(&mut peer, "t"),
        Err(Error::RetainNotSupported)
    );
    peer.expect_silence();
    peer.reconnect();
    peer.accept(true);
    assert!(publish_retained(&mut peer, "t").is_ok());
    peer.expect(PacketType::Publish);
}

/// LIM-12
#[test]
fn acknowledgements_fit_the_smallest_sensible_limit() {
    let mut peer = with(&maximum_packet_size(20));
    peer.subscribe(&[("t", QOS2)]);
    peer.expect(PacketType::Subscribe);
    peer.send_all(&[
        publish(QOS1, 1, "t", "x"),
        publish(QOS2, 2, "t", "x"),
        pubrel(2),
        pubrel(3),
        pubrec(4),
    ]);
    while let Some(frame) = peer.next() {
        assert!(frame.bytes.len() <= 20);
    }
    peer.act(Session::disconnect);
    assert!(peer.expect(PacketType::Disconnect).bytes.len() <= 20);
}

/// LIM-13
#[test]
fn messages_that_the_server_takes_no_more_fail_when_it_is_their_turn() {
    let large = "x".repeat(200);
    let mut peer = with(&[]);
    let sent = peer.publish("t", &large, QOS1);
    let exactly_once = peer.publish("t", "twice at most", QOS2);
    peer.expect_all(&[PacketType::Publish; 2]);
    peer.cut();
    let queued = peer.publish("t", &large, QOS0);
    let retained = publish_retained(&mut peer, "t").unwrap();
    let good = peer.publish("t", "good", QOS1);
    peer.next_attempt();
    peer.accept_with(
        true,
        &[
            Property::FourByte(PropertyId::MaximumPacketSize, 100),
            Property::Byte(PropertyId::MaximumQos, 1),
            Property::Byte(PropertyId::RetainAvailable, 0),
        ],
    );
    assert_eq!(peer.published(sent), Some(Err(Error::PacketTooLarge)));
    assert_eq!(
        peer.published(exactly_once),
        Some(Err(Error::QosNotSupported))
    );
    assert_eq!(peer.published(queued), Some(Err(Error::PacketTooLarge)));
    assert_eq!(
        peer.published(retained),
        Some(Err(Error::RetainNotSupported))
    );
    assert_eq!(payloads(&mut peer), ["good"]);
    assert_eq!(peer.published(good), None);
    peer.resume();
    assert_eq!(payloads(&mut peer), ["good"]);
}

/// LIM-14
#[test]
fn a_connack_without_properties_means_the_defaults() {
    let peer = with(&[]);
    let limits = peer
        .happened
        .iter()
        .find_map(|happened| match &happened.what {
            What::Connected { limits, .. } => Some(*limits),
            _ => None,
        });
    assert_eq!(
        limits,
        Some(ServerLimits {
            receive_maximum: 65_535,
            maximum_qos: QOS2,
            retain_available: true,
            maximum_packet_size: PROTOCOL_PACKET_LIMIT,
            topic_alias_maximum: 0,
            wildcard_available: true,
            subscription_identifiers_available: true,
            shared_available: true,
            keep_alive: 60,
            session_expiry: 3600,
        })
    );
}

/// LIM-14
#[test]
fn what_the_server_announces_is_reported() {
    let peer = with(&[
        Property::TwoByte(PropertyId::ReceiveMaximum, 7),
        Property::Byte(PropertyId::MaximumQos, 1),
        Property::Byte(PropertyId::RetainAvailable, 0),
        Property::FourByte(PropertyId::MaximumPacketSize, 1234),
        Property::TwoByte(PropertyId::TopicAliasMaximum, 5),
        Property::Byte(PropertyId::WildcardSubscriptionAvailable, 0),
        Property::Byte(PropertyId::SubscriptionIdentifierAvailable, 0),
        Property::Byte(PropertyId::SharedSubscriptionAvailable, 0),
        Property::TwoByte(PropertyId::ServerKeepAlive, 33),
        Property::FourByte(PropertyId::SessionExpiryInterval, 99),
        Property::Text(PropertyId::ResponseInformation, "response/"),
    ]);
    let (limits, properties) = peer
        .happened
        .iter()
        .find_map(|happened| match &happened.what {
            What::Connected {
                limits, properties, ..
            } => Some((*limits, properties.clone())),
            _ => None,
        })
        .unwrap();
    assert_eq!(
        limits,
        ServerLimits {
            receive_maximum: 7,
            maximum_qos: QOS1,
            retain_available: false,
            maximum_packet_size: 1234,
            topic_alias_maximum: 5,
            wildcard_available: false,
            subscription_identifiers_available: false,
            shared_available: false,
            keep_alive: 33,
            session_expiry: 99,
        }
    );
    let response = properties.as_properties();
    let response = response.text(PropertyId::ResponseInformation);
    assert_eq!(response, Some("response/"));
}

/// REC-05
#[test]
fn a_full_queue_refuses_and_drops_nothing() {
    for version in BOTH {
        let limited = |queue| ConnectOptions {
            queue,
            ..clean(version)
        };
        for queue in [
            QueueLimits {
                messages: 3,
                ..QueueLimits::default()
            },
            QueueLimits {
                bytes: 3 * bytes(version, &[publish(QOS1, 1, "t", "1")]).len(),
                ..QueueLimits::default()
            },
        ] {
            let mut peer = Scripted::new(limited(queue));
            for payload in ["1", "2", "3"] {
                peer.publish("t", payload, QOS1);
            }
            for qos in [QOS0, QOS1, QOS2] {
                let result = peer.try_publish("t", b"4", qos);
                assert_eq!(result, Err(Error::QueueFull), "{qos:?}");
            }
            assert_eq!(peer.session.queued().0, 3);
            peer.connect();
            peer.accept(false);
            assert_eq!(payloads(&mut peer), ["1", "2", "3"]);
            assert!(peer.try_publish("t", b"5", QOS1).is_ok());
        }
    }
}

/// A publish that says itself whether its QoS may be lowered.
fn publish_lowering(
    peer: &mut Scripted,
    payload: &str,
    qos: QoS,
    lower_qos: Option<bool>,
    properties: &PropertiesBuf,
) -> Result<Token, Error> {
    let message = Outgoing {
        qos,
        lower_qos,
        ..Outgoing::new(TopicName::new("topic").unwrap(), payload.as_bytes())
    };
    let message = message.with_properties(properties);
    peer.act(|session, now| session.publish(now, &message))
}

/// LIM-10
#[test]
fn a_qos_is_lowered_only_where_the_application_says_so() {
    let none = PropertiesBuf::new();
    for maximum in [QOS0, QOS1] {
        for (client, call, lowers) in [
            (false, None, false),
            (false, Some(true), true),
            (true, None, true),
            (true, Some(false), false),
        ] {
            let options = ConnectOptions {
                lower_qos: client,
                ..clean(Version::V5)
            };
            let server = [Property::Byte(PropertyId::MaximumQos, maximum.as_u8())];
            let mut peer = Scripted::connected_with(options, &server);
            let sent = publish_lowering(&mut peer, "x", QOS2, call, &none);
            if !lowers {
                assert_eq!(sent, Err(Error::QosNotSupported));
                peer.expect_silence();
                continue;
            }
            let token = sent.unwrap();
            let frame = peer.expect(PacketType::Publish);
            assert_eq!(frame.publish().qos, maximum);
            assert_eq!(frame.publish().payload, b"x");
            if maximum == QOS1 {
                assert_eq!(peer.published(token), None);
                peer.send(&puback(frame.id()));
            }
            let result = peer.published(token).unwrap().unwrap();
            assert_eq!((result.qos, result.reason), (maximum, ReasonCode::Success));
        }
    }
}

/// LIM-10, LIM-13: the limit becomes known after the message was queued; what is left of its expiry is kept, and the
/// header changes its length.
#[test]
fn queued_messages_are_lowered_when_they_leave() {
    // Without its packet identifier the longest one needs a length field that is a byte shorter.
    for length in [0, 105, 106, 107, 108, 300] {
        let payload = "x".repeat(length);
        let mut peer = Scripted::new(clean(Version::V5));
        let list = properties(&[
            Property::FourByte(PropertyId::MessageExpiryInterval, 60),
            Property::Pair("a", "b"),
        ]);
        let token = publish_lowering(&mut peer, &payload, QOS1, Some(true), &list).unwrap();
        let refused = publish_lowering(&mut peer, "no", QOS1, None, &list).unwrap();
        let other = publish_lowering(&mut peer, "after", QOS0, None, &list).unwrap();
        peer.advance(10_000);
        peer.connect();
        peer.accept_with(false, &[Property::Byte(PropertyId::MaximumQos, 0)]);
        let frames = peer.expect_all(&[PacketType::Publish; 2]);
        let first = frames[0].publish();
        assert_eq!((first.qos, first.packet_id), (QOS0, None));
        assert_eq!(first.payload, payload.as_bytes());
        let left = first
            .properties
            .four_byte(PropertyId::MessageExpiryInterval);
        assert_eq!(left, Some(50));
        assert_eq!(first.properties.user_properties().next(), Some(("a", "b")));
        assert_eq!(frames[1].publish().payload, b"after");
        assert_eq!(peer.published(token).unwrap().unwrap().qos, QOS0);
        assert_eq!(peer.published(refused), Some(Err(Error::QosNotSupported)));
        assert!(peer.published(other).unwrap().is_ok());
    }
}

/// LIM-13: what was in flight when the session was lost goes to another server that takes less.
#[test]
fn a_message_that_has_to_go_out_again_as_new_is_lowered_too() {
    let none = PropertiesBuf::new();
    let mut peer = Scripted::connected(persistent(Version::V5));
    let token = publish_lowering(&mut peer, "x", QOS1, Some(true), &none).unwrap();
    peer.expect(PacketType::Publish);
    peer.reconnect();
    peer.accept_with(false, &[Property::Byte(PropertyId::MaximumQos, 0)]);
    let frame = peer.expect(PacketType::Publish);
    assert_eq!((frame.publish().qos, frame.publish().dup), (QOS0, false));
    assert_eq!(peer.published(token).unwrap().unwrap().qos, QOS0);
    // One that is sent again in its own session keeps its QoS, or fails.
    let mut peer = Scripted::connected(persistent(Version::V5));
    let token = publish_lowering(&mut peer, "x", QOS1, Some(true), &none).unwrap();
    peer.expect(PacketType::Publish);
    peer.reconnect();
    peer.accept_with(true, &[Property::Byte(PropertyId::MaximumQos, 0)]);
    peer.expect_silence();
    assert_eq!(peer.published(token), Some(Err(Error::QosNotSupported)));
}
