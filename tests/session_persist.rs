//! A session that is stored: what is written when, and that another process goes on with it.

mod pair;

use pair::*;
use webmqtt::codec::{
    Packet, PacketType, Property, PropertyId, Publish, ReasonCode, TopicFilter, Version,
};
use webmqtt::error::Error;
use webmqtt::session::{ConnectOptions, Durability, OpenPublish, Session, StoreKey};
use webmqtt::time::WallTime;

const DURABILITIES: [Durability; 2] = [Durability::Relaxed, Durability::Strict];

/// What is sent in the current connection, without CONNECT.
fn sent(net: &Net) -> Vec<&Frame> {
    let connection = net.client.audit.connection();
    let frames = net.client.log().iter();
    let ours = frames
        .filter(|frame| frame.connection == connection && frame.direction == Direction::FromClient);
    ours.skip(1).collect()
}

#[test]
fn a_session_without_a_store_writes_nothing() {
    let mut net = Net::connected(persistent(Version::V5), Settings::default());
    net.client.publish("t", "x", QOS2);
    net.run(100);
    assert_eq!(
        net.client.session.poll_store(WallTime::from_millis(1)),
        None
    );
}

#[test]
fn a_new_session_clears_the_store_and_writes_itself() {
    for durability in DURABILITIES {
        let client = Client::with_store(persistent(Version::V5), durability, 1);
        let log = &client.store.as_ref().unwrap().log;
        assert!(
            matches!(&log[..], [Write::Clear, Write::Put(StoreKey::Session, _)]),
            "{log:?}"
        );
    }
}

#[test]
fn what_is_settled_leaves_no_record() {
    for version in BOTH {
        for durability in DURABILITIES {
            let mut net = stored(version, durability);
            let (_, key) = net.client.subscribe(&[("in", QOS2)]);
            net.run(100);
            for qos in [QOS0, QOS1, QOS2] {
                net.client.publish("out", "x", qos);
                net.publish_elsewhere("in", "y", qos);
            }
            net.run(1000);
            assert_eq!(net.client.messages().len(), 3);
            let filter = StoreKey::Filter(1);
            assert_eq!(store(&mut net).keys(), [StoreKey::Session, filter]);
            net.client.unsubscribe(key);
            net.run(100);
            assert_eq!(store(&mut net).keys(), [StoreKey::Session]);
        }
    }
}

#[test]
fn qos_0_is_never_stored() {
    let mut net = stored(Version::V5, Durability::Strict);
    net.down = true;
    net.cut();
    net.client.publish("t", "x", QOS0);
    net.run(10);
    assert_eq!(store(&mut net).keys(), [StoreKey::Session]);
}

#[test]
fn no_record_has_user_name_or_password() {
    let options = ConnectOptions {
        username: Some("the-user".into()),
        password: Some(b"the-password".to_vec()),
        ..persistent(Version::V5)
    };
    let mut net = Net::new(options.clone(), Settings::default(), 1);
    net.client = Client::with_store(options, Durability::Strict, 1);
    net.connect();
    net.client.subscribe(&[("in", QOS2)]);
    net.client.publish("out", "x", QOS2);
    net.run(100);
    for write in &store(&mut net).log {
        let Write::Put(_, value) = write else {
            continue;
        };
        for secret in ["the-user", "the-password"] {
            let found = value
                .windows(secret.len())
                .any(|it| it == secret.as_bytes());
            assert!(!found, "{secret}");
        }
    }
}

/// REC-08
#[test]
fn a_page_that_comes_back_goes_on_where_it_was() {
    for version in BOTH {
        for durability in DURABILITIES {
            let mut net = stored(version, durability);
            net.client.subscribe(&[("in", QOS2)]);
            net.run(100);
            // QoS 1 without PUBACK, QoS 2 without PUBREC: the broker has both, but its answers are lost.
            let once = net.client.publish("out", "one", QOS1);
            let twice = net.client.publish("out", "two", QOS2);
            while net.broker.accepted.len() < 2 {
                net.run_pieces(1);
            }
            let before: Vec<OpenPublish> = net.client.session.open_publishes().collect();
            assert_eq!(before.len(), 2);
            assert!(before.iter().all(|open| open.sent));
            net.crash(persistent(version), 2);
            let after: Vec<OpenPublish> = net.client.session.open_publishes().collect();
            assert_eq!(after, before);
            net.connect();
            net.run(100);
            let sent = sent(&net);
            let again = sent
                .iter()
                .filter(|frame| frame.packet_type() == PacketType::Publish)
                .map(|frame| (frame.publish().dup, frame.id()));
            assert_eq!(again.collect::<Vec<_>>(), [(true, 2), (true, 3)]);
            assert!(net.client.published(once).unwrap().is_ok());
            assert!(net.client.published(twice).unwrap().is_ok());
            assert_eq!(net.broker.times_accepted("two"), 1);
            assert_eq!(store(&mut net).keys().len(), 2, "session and filter");
        }
    }
}

fn qos2_from_server(id: u16, dup: bool) -> Packet<'static> {
    let Packet::Publish(publish) = publish(QOS2, id, "in", "x") else {
        unreachable!()
    };
    Packet::Publish(Publish { dup, ..publish })
}

/// REC-09
#[test]
fn strictly_a_publish_waits_for_its_record_with_the_identifier() {
    for version in BOTH {
        for qos in [QOS1, QOS2] {
            let mut peer = Scripted::stored(version, Durability::Strict);
            peer.store_all();
            let token = peer.publish("t", "x", qos);
            peer.expect_silence();
            assert!(peer.store_one());
            assert_eq!(peer.expect(PacketType::Publish).id(), 1);
            assert_eq!(peer.published(token), None);
        }
    }
}

/// REC-09
#[test]
fn relaxed_a_publish_leaves_before_it_is_stored() {
    let mut peer = Scripted::stored(Version::V5, Durability::Relaxed);
    peer.publish("t", "x", QOS2);
    peer.expect(PacketType::Publish);
    peer.send(&pubrec(1));
    peer.expect(PacketType::PubRel);
}

/// REC-09
#[test]
fn strictly_nothing_is_released_before_that_is_stored() {
    for version in BOTH {
        let mut peer = Scripted::stored(version, Durability::Strict);
        peer.publish("t", "x", QOS2);
        peer.store_all();
        peer.expect(PacketType::Publish);
        peer.send(&pubrec(1));
        peer.expect_silence();
        peer.store_all();
        peer.expect(PacketType::PubRel);
        peer.send(&pubcomp(1));
        peer.store_all();
        assert_eq!(peer.store.as_ref().unwrap().keys(), [StoreKey::Session]);
    }
}

/// REC-09
#[test]
fn strictly_a_message_is_acknowledged_when_its_identifier_is_stored() {
    for version in BOTH {
        let mut peer = Scripted::stored(version, Durability::Strict);
        peer.subscribe(&[("in", QOS2)]);
        peer.expect(PacketType::Subscribe);
        peer.send(&suback(1, &[2]));
        peer.store_all();
        peer.send(&publish(QOS2, 7, "in", "x"));
        assert_eq!(peer.messages().len(), 1, "delivered at once");
        peer.expect_silence();
        peer.store_all();
        peer.expect(PacketType::PubRec);
        peer.send(&pubrel(7));
        peer.expect_silence();
        peer.store_all();
        peer.expect(PacketType::PubComp);
    }
}

#[test]
fn what_needs_no_record_never_waits_for_the_store() {
    let mut peer = Scripted::stored(Version::V5, Durability::Strict);
    peer.publish("t", "x", QOS1);
    peer.publish("t", "y", QOS0);
    assert_eq!(peer.expect(PacketType::Publish).publish().payload, b"y");
    peer.subscribe(&[("in", QOS1)]);
    peer.expect(PacketType::Subscribe);
    peer.send(&suback(2, &[1]));
    peer.send(&publish(QOS1, 5, "in", "z"));
    peer.expect(PacketType::PubAck);
    peer.wake(webmqtt::session::Wake::Network);
    peer.expect(PacketType::PingReq);
    peer.act(Session::disconnect);
    peer.expect(PacketType::Disconnect);
}

#[test]
fn what_is_durable_leaves_while_newer_writes_are_under_way() {
    let mut peer = Scripted::stored(Version::V5, Durability::Strict);
    peer.store_all();
    for nth in 0..20 {
        peer.publish("t", &nth.to_string(), QOS1);
    }
    for nth in 0..20 {
        peer.expect_silence();
        assert!(peer.store_one());
        let frame = peer.expect(PacketType::Publish);
        assert_eq!(frame.publish().payload, nth.to_string().as_bytes());
    }
}

#[test]
fn many_publishes_cost_one_write_each_until_they_are_acknowledged() {
    let mut peer = Scripted::stored(Version::V5, Durability::Strict);
    peer.store_all();
    let before = peer.store.as_ref().unwrap().log.len();
    for _ in 0..10 {
        peer.publish("t", "x", QOS1);
    }
    peer.store_all();
    let after = peer.store.as_ref().unwrap().log.len();
    assert_eq!(after - before, 10);
}

#[test]
fn a_cancelled_publish_that_waits_for_the_store_never_leaves() {
    let mut peer = Scripted::stored(Version::V5, Durability::Strict);
    let token = peer.publish("t", "x", QOS2);
    peer.act(|session, now| session.cancel(now, token));
    assert_eq!(peer.published(token), Some(Err(Error::Aborted)));
    let second = peer.publish("t", "y", QOS2);
    peer.store_all();
    let frame = peer.expect(PacketType::Publish);
    assert_eq!(frame.publish().payload, b"y");
    peer.expect_silence();
    assert_eq!(peer.published(second), None);
    let keys = peer.store.as_ref().unwrap().keys();
    assert_eq!(keys, [StoreKey::Session, StoreKey::Publish(2)]);
}

/// A connection that comes and goes while a message waits for the store.
#[test]
fn what_never_left_is_no_duplicate_on_the_next_connection() {
    let mut peer = Scripted::stored(Version::V5, Durability::Strict);
    peer.publish("t", "x", QOS2);
    peer.resume();
    peer.expect_silence();
    peer.store_all();
    assert!(!peer.expect(PacketType::Publish).publish().dup);
}

#[test]
fn what_never_left_goes_out_in_a_new_session() {
    let mut peer = Scripted::stored(Version::V5, Durability::Strict);
    let token = peer.publish("t", "x", QOS2);
    peer.reconnect();
    peer.accept(false);
    assert_eq!(peer.published(token), None, "it is in no doubt");
    peer.store_all();
    peer.expect(PacketType::Publish);
}

/// REC-08
#[test]
fn a_released_message_is_released_again_and_not_sent_again() {
    for version in BOTH {
        let mut peer = Scripted::stored(version, Durability::Strict);
        let first = peer.publish("t", "x", QOS2);
        let second = peer.publish("t", "y", QOS2);
        peer.store_all();
        peer.expect(PacketType::Publish);
        peer.expect(PacketType::Publish);
        // In the other order, which is the one that counts from now on [MQTT-4.6.0-4].
        peer.send(&pubrec(2));
        peer.send(&pubrec(1));
        peer.store_all();
        peer.come_back();
        assert_eq!(peer.expect(PacketType::PubRel).id(), 2);
        assert_eq!(peer.expect(PacketType::PubRel).id(), 1);
        peer.expect_silence();
        for (id, token) in [(1, first), (2, second)] {
            peer.send(&pubcomp(id));
            assert!(peer.published(token).unwrap().is_ok());
        }
    }
}

/// REC-08
#[test]
fn a_message_that_was_delivered_before_the_crash_is_not_delivered_again() {
    for version in BOTH {
        for durability in DURABILITIES {
            let mut peer = Scripted::stored(version, durability);
            peer.subscribe(&[("in", QOS2)]);
            peer.expect(PacketType::Subscribe);
            peer.send(&suback(1, &[2]));
            peer.send(&qos2_from_server(7, false));
            peer.store_all();
            peer.expect(PacketType::PubRec);
            peer.come_back();
            peer.send(&qos2_from_server(7, true));
            peer.expect(PacketType::PubRec);
            peer.send(&pubrel(7));
            peer.expect(PacketType::PubComp);
            assert_eq!(peer.messages().len(), 0);
        }
    }
}

/// The release was not written any more, and the server uses the identifier again. [MQTT-3.3.1-1]
#[test]
fn a_new_message_with_an_identifier_from_a_stale_record_is_delivered() {
    for version in BOTH {
        let mut peer = Scripted::stored(version, Durability::Relaxed);
        peer.send(&qos2_from_server(7, false));
        peer.store_all();
        peer.expect(PacketType::PubRec);
        peer.send(&pubrel(7));
        peer.expect(PacketType::PubComp);
        peer.come_back();
        peer.subscribe(&[("in", QOS2)]);
        peer.send(&qos2_from_server(7, false));
        assert_eq!(peer.messages().len(), 1);
        peer.send(&qos2_from_server(7, true));
        assert_eq!(peer.messages().len(), 1);
    }
}

#[test]
fn a_message_that_the_application_has_not_acknowledged_comes_again() {
    let options = ConnectOptions {
        manual_ack: true,
        ..persistent(Version::V5)
    };
    let mut peer = Scripted::new(options.clone());
    *peer.as_mut_client() = Client::with_store(options.clone(), Durability::Strict, 1);
    peer.connect();
    peer.accept(false);
    peer.subscribe(&[("in", QOS2)]);
    peer.expect(PacketType::Subscribe);
    peer.send(&suback(1, &[2]));
    peer.send(&qos2_from_server(7, false));
    peer.send(&qos2_from_server(8, false));
    let ack = peer.messages()[0].ack.unwrap();
    peer.act(|session, now| session.ack(now, ack, ReasonCode::Success))
        .unwrap();
    assert_eq!(peer.expect(PacketType::PubRec).id(), 7);
    peer.crash(options);
    peer.connect();
    peer.accept(true);
    peer.subscribe(&[("in", QOS2)]);
    peer.send(&qos2_from_server(7, true));
    assert_eq!(peer.messages().len(), 0);
    peer.send(&qos2_from_server(8, true));
    assert_eq!(peer.messages().len(), 1);
}

#[test]
fn a_page_that_comes_back_asks_for_its_session() {
    for version in BOTH {
        let mut peer = Scripted::stored(version, Durability::Relaxed);
        peer.store_all();
        let connect = peer.come_back();
        let Packet::Connect(connect) = connect.packet() else {
            unreachable!()
        };
        assert!(!connect.clean_start);
        assert_eq!(connect.client_id, "tester");
    }
}

#[test]
fn a_session_that_never_had_a_connection_begins_as_a_new_one() {
    let mut peer = Scripted::new(persistent(Version::V5));
    *peer.as_mut_client() = Client::with_store(persistent(Version::V5), Durability::Strict, 1);
    let token = peer.publish("t", "x", QOS1);
    peer.crash(persistent(Version::V5));
    let connect = peer.connect();
    assert!(matches!(connect.packet(), Packet::Connect(connect) if connect.clean_start));
    peer.accept(false);
    assert!(!peer.expect(PacketType::Publish).publish().dup);
    peer.send(&puback(1));
    assert!(peer.published(token).unwrap().is_ok());
}

#[test]
fn identifiers_that_were_generated_or_assigned_are_kept() {
    for client_id in [None, Some(String::new())] {
        let options = ConnectOptions {
            client_id: client_id.clone(),
            ..persistent(Version::V5)
        };
        let mut peer = Scripted::new(options.clone());
        *peer.as_mut_client() = Client::with_store(options.clone(), Durability::Relaxed, 1);
        peer.connect();
        let assigned = Property::Text(PropertyId::AssignedClientIdentifier, "assigned");
        let list = [assigned];
        let list = if client_id.is_some() { &list[..] } else { &[] };
        peer.accept_with(false, list);
        let known = String::from(peer.session.client_id());
        assert!(known == "assigned" || known.starts_with("webmqtt-"));
        peer.crash(options);
        assert_eq!(peer.session.client_id(), known);
    }
}

#[test]
fn queued_messages_leave_in_order_after_those_in_flight() {
    for version in BOTH {
        for durability in DURABILITIES {
            let mut net = stored(version, durability);
            net.client.stalled = true;
            net.client.publish("t", "0", QOS1);
            net.client.publish("t", "1", QOS2);
            net.client.stalled = false;
            net.client.drain();
            net.down = true;
            net.cut_hard();
            for nth in 2..8 {
                let qos = [QOS1, QOS2][nth % 2];
                net.client.publish("t", &nth.to_string(), qos);
            }
            net.down = false;
            net.crash(persistent(version), 2);
            let open: Vec<_> = net.client.session.open_publishes().collect();
            assert_eq!(open.iter().filter(|open| open.sent).count(), 2);
            net.connect();
            net.client.publish("t", "8", QOS1);
            net.run(1000);
            let accepted: Vec<_> = net
                .broker
                .accepted
                .iter()
                .map(|it| &it.payload[..])
                .collect();
            let wanted: Vec<_> = (0..9).map(|nth: u8| vec![b'0' + nth]).collect();
            assert_eq!(accepted, wanted);
            for open in open {
                assert!(net.client.published(open.token).unwrap().is_ok());
            }
        }
    }
}

#[test]
fn filters_of_an_earlier_life_are_known_and_wait_for_their_subscriptions() {
    for version in BOTH {
        let mut net = stored(version, Durability::Relaxed);
        net.client.subscribe(&[("a", QOS1), ("b", QOS2)]);
        net.client.subscribe(&[("c", QOS1)]);
        net.run(100);
        net.crash(persistent(version), 2);
        net.publish_elsewhere("a", "early", QOS1);
        net.connect();
        net.run(100);
        let remembered: Vec<_> = net.client.session.remembered().collect();
        assert_eq!(remembered, ["a", "b", "c"]);
        assert_eq!(net.client.messages().len(), 0);
        // Whoever subscribes gets what came before.
        let (_, key) = net.client.subscribe(&[("a", QOS1)]);
        net.run(100);
        assert_eq!(net.client.payloads(), ["early"]);
        assert_eq!(net.client.messages()[0].subscriptions, [key]);
        // One that is not wanted any more is withdrawn.
        let filter = TopicFilter::new("b").unwrap();
        let token = net
            .client
            .act(|session, now| session.forget(now, filter))
            .unwrap();
        let none = net
            .client
            .act(|session, now| session.forget(now, filter))
            .unwrap();
        net.run(100);
        let gone = net.client.unsubscribed_each(token).unwrap();
        assert_eq!(gone, [Ok(ReasonCode::Success)]);
        assert_eq!(net.client.unsubscribed_each(none), Some(vec![]));
        assert_eq!(net.broker.sessions["tester"].filters(), ["a", "c"]);
        assert_eq!(net.client.session.remembered().collect::<Vec<_>>(), ["c"]);
        // The last one is with the server until somebody withdraws it.
        net.run(60_000);
        net.crash(persistent(version), 3);
        let mut remembered: Vec<_> = net.client.session.remembered().collect();
        remembered.sort_unstable();
        assert_eq!(remembered, ["a", "c"]);
    }
}

#[test]
fn the_options_of_a_new_subscription_count_for_a_filter_of_an_earlier_life() {
    let mut net = stored(Version::V5, Durability::Relaxed);
    net.client.subscribe(&[("a", QOS2)]);
    net.run(100);
    net.crash(persistent(Version::V5), 2);
    let (token, _) = net.client.subscribe(&[("a", QOS1)]);
    net.connect();
    net.run(100);
    assert_eq!(net.client.subscribed(token), Some(vec![Ok(QOS1)]));
}

#[test]
fn filters_are_forgotten_with_the_session() {
    let mut net = stored(Version::V5, Durability::Relaxed);
    net.client.subscribe(&[("a", QOS1)]);
    net.run(100);
    net.broker.lose_sessions();
    net.crash(persistent(Version::V5), 2);
    net.connect();
    net.run(100);
    assert_eq!(net.client.session.remembered().count(), 0);
    assert_eq!(store(&mut net).keys(), [StoreKey::Session]);
    assert!(sent(&net).is_empty(), "nobody wants it any more");
}

/// REC-09
#[test]
fn a_store_that_fails_is_given_up_and_the_session_goes_on() {
    for version in BOTH {
        for durability in DURABILITIES {
            let mut peer = Scripted::stored(version, durability);
            let token = peer.publish("t", "x", QOS2);
            for _ in 0..2 {
                peer.act(Session::handle_store_failed);
            }
            assert_eq!(peer.warnings(), [Error::Store], "told once");
            peer.expect(PacketType::Publish);
            peer.send(&pubrec(1));
            peer.expect(PacketType::PubRel);
            peer.send(&pubcomp(1));
            assert!(peer.published(token).unwrap().is_ok());
            let last = peer.store.as_ref().unwrap().log.last();
            assert_eq!(last, Some(&Write::Clear), "what is not kept up misleads");
            peer.store_all();
            peer.publish("t", "y", QOS1);
            peer.expect(PacketType::Publish);
            assert_eq!(peer.store.as_ref().unwrap().keys(), []);
        }
    }
}

#[test]
fn a_stored_session_has_one_version() {
    let options = ConnectOptions {
        fallback: true,
        ..persistent(Version::V5)
    };
    let refused = Session::with_store(options, Durability::Relaxed, 1);
    assert_eq!(refused.err(), Some(Error::Option));
}

#[test]
fn keys_are_numbers_that_javascript_can_hold() {
    let keys = [
        StoreKey::Session,
        StoreKey::Publish(1),
        StoreKey::Publish((1 << 51) - 1),
        StoreKey::Received(id(1)),
        StoreKey::Received(id(65_535)),
        StoreKey::Filter(0),
        StoreKey::Filter(u32::MAX),
    ];
    for key in keys {
        assert!(key.to_u64() < 1 << 53);
        assert_eq!(StoreKey::from_u64(key.to_u64()), Some(key));
    }
    let none = [
        1,
        2 << 51,
        (2 << 51) + 65_536,
        (3 << 51) + (1 << 32),
        4 << 51,
        u64::MAX,
    ];
    assert!(
        none.into_iter()
            .all(|key| StoreKey::from_u64(key).is_none())
    );
}
