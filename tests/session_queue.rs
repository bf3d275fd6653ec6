//! Which message gives way in the outgoing queue, and that every one of them hears of it.

mod pair;

use pair::*;
use webmqtt::codec::{Packet, PacketType, Property, PropertyId, Version};
use webmqtt::error::Error;
use webmqtt::session::{
    ConnectOptions, Durability, QueueLimits, QueuePolicy, Session, StoreKey, Token,
};
use webmqtt::time::Duration;

fn limited(version: Version, messages: usize, policy: QueuePolicy) -> ConnectOptions {
    ConnectOptions {
        queue: QueueLimits {
            messages,
            policy,
            ..QueueLimits::default()
        },
        ..persistent(version)
    }
}

/// What leaves when the server accepts.
fn leaving(peer: &mut Scripted) -> Vec<String> {
    let mut found = Vec::new();
    while let Some(frame) = peer.next() {
        let payload = frame.publish().payload.to_vec();
        found.push(String::from_utf8(payload).unwrap());
    }
    found
}

#[track_caller]
fn assert_dropped(peer: &Scripted, tokens: &[Token]) {
    for &token in tokens {
        assert_eq!(
            peer.published(token),
            Some(Err(Error::Dropped)),
            "{token:?}"
        );
    }
}

/// REC-05
#[test]
fn the_oldest_give_way_whatever_their_qos() {
    for version in BOTH {
        let mut peer = Scripted::new(limited(version, 3, QueuePolicy::DropOldest));
        let tokens =
            [QOS0, QOS1, QOS2, QOS0, QOS1].map(|qos| peer.publish("t", &format!("{qos:?}"), qos));
        assert_dropped(&peer, &tokens[..2]);
        assert_eq!(peer.session.queued().0, 3);
        peer.connect();
        peer.accept(false);
        assert_eq!(
            leaving(&mut peer),
            ["ExactlyOnce", "AtMostOnce", "AtLeastOnce"]
        );
        peer.send_all(&[pubrec(1), puback(2)]);
        peer.expect(PacketType::PubRel);
        peer.send(&pubcomp(1));
        for &token in &tokens[2..] {
            assert!(peer.published(token).unwrap().is_ok());
        }
    }
}

/// REC-05
#[test]
fn as_many_give_way_as_a_large_message_needs() {
    let packet = |payload| bytes(Version::V5, &[publish(QOS1, 1, "t", payload)]).len();
    let large = "x".repeat(50);
    for (room, gone) in [
        (3 * packet("1") + packet(&large), 0),
        (packet("1") + packet(&large), 2),
    ] {
        let mut options = limited(Version::V5, 100, QueuePolicy::DropOldest);
        options.queue.bytes = room;
        let mut peer = Scripted::new(options);
        let small = ["1", "2", "3"].map(|payload| peer.publish("t", payload, QOS1));
        peer.publish("t", &large, QOS1);
        assert_dropped(&peer, &small[..gone]);
        for &token in &small[gone..] {
            assert_eq!(peer.published(token), None);
        }
        assert!(peer.session.queued().1 <= room);
    }
    // One that is larger than the whole queue has it for itself.
    let mut options = limited(Version::V5, 100, QueuePolicy::DropOldest);
    options.queue.bytes = 20;
    let mut peer = Scripted::new(options);
    let small = peer.publish("t", "1", QOS0);
    peer.publish("t", &large, QOS1);
    assert_dropped(&peer, &[small]);
    assert_eq!(peer.session.queued(), (1, packet(&large)));
}

/// REC-05
#[test]
fn the_newest_gives_way_and_what_waits_stays() {
    for version in BOTH {
        for qos in [QOS0, QOS1, QOS2] {
            let mut peer = Scripted::new(limited(version, 2, QueuePolicy::DropNewest));
            for payload in ["1", "2"] {
                peer.publish("t", payload, QOS1);
            }
            let late = peer.publish("t", "3", qos);
            assert_dropped(&peer, &[late]);
            peer.connect();
            peer.accept(false);
            assert_eq!(leaving(&mut peer), ["1", "2"]);
            let token = peer.publish("t", "4", QOS0);
            assert!(peer.published(token).unwrap().is_ok());
        }
    }
}

/// REC-05
#[test]
fn a_message_gives_way_to_the_next_one_with_its_topic() {
    let long = "t".repeat(200);
    for version in BOTH {
        for (older, newer) in [(QOS0, QOS2), (QOS1, QOS0), (QOS2, QOS1)] {
            let mut peer = Scripted::new(limited(version, 100, QueuePolicy::LatestPerTopic));
            let first = peer.publish("t", "1", older);
            for topic in ["t/t", "tt", &long] {
                peer.publish(topic, topic, QOS1);
            }
            let second = peer.publish("t", "2", newer);
            let third = peer.publish("t", "3", older);
            let large = peer.publish(&long, &"x".repeat(20_000), newer);
            assert_dropped(&peer, &[first, second]);
            assert_eq!(peer.session.queued().0, 4);
            let last = peer.publish(&long, "long", newer);
            assert_dropped(&peer, &[large]);
            assert_eq!((peer.published(third), peer.published(last)), (None, None));
            peer.connect();
            peer.accept(false);
            assert_eq!(leaving(&mut peer), ["t/t", "tt", "3", "long"]);
        }
    }
}

/// In any order, with messages that leave, are cancelled or come back in between: as if each publish had looked through
/// the whole queue.
#[test]
fn of_many_topics_each_keeps_its_latest_message() {
    for version in BOTH {
        for seed in 1..=20 {
            let mut random = Random::new(seed);
            let mut peer = Scripted::new(limited(version, 60, QueuePolicy::LatestPerTopic));
            // What has to be in the queue, oldest first.
            let mut expected: Vec<(String, String, Token)> = Vec::new();
            for round in 0..400 {
                if !expected.is_empty() && random.index(10) == 0 {
                    let (_, _, token) = expected.remove(random.index(expected.len()));
                    peer.act(|session, now| session.cancel(now, token));
                }
                let topic = format!("t/{}", random.index(80));
                let qos = [QOS0, QOS1][random.index(2)];
                let payload = round.to_string();
                let token = peer.publish(&topic, &payload, qos);
                if let Some(at) = expected.iter().position(|(older, ..)| *older == topic) {
                    assert_dropped(&peer, &[expected.remove(at).2]);
                }
                if expected.len() == 60 {
                    assert_dropped(&peer, &[expected.remove(0).2]);
                }
                expected.push((topic, payload, token));
                assert_eq!(peer.session.queued().0, expected.len());
            }
            for (_, _, token) in &expected {
                assert_eq!(peer.published(*token), None);
            }
            peer.connect();
            peer.accept(false);
            let wanted: Vec<_> = expected
                .into_iter()
                .map(|(_, payload, _)| payload)
                .collect();
            assert_eq!(leaving(&mut peer), wanted, "seed {seed}");
            assert_eq!(peer.session.queued(), (0, 0));
        }
    }
}

/// What comes back into the queue with a lost session gives way as well.
#[test]
fn what_was_on_its_way_gives_way_when_the_session_is_lost() {
    let mut peer = Scripted::connected(limited(Version::V5, 9, QueuePolicy::LatestPerTopic));
    let sent = peer.publish("t", "sent", QOS1);
    peer.expect(PacketType::Publish);
    peer.cut();
    let waits = peer.publish("t", "waits", QOS1);
    peer.publish("u", "other", QOS1);
    peer.reconnect();
    peer.stalled = true;
    peer.accept(false);
    let last = peer.publish("t", "last", QOS1);
    assert_dropped(&peer, &[sent, waits]);
    peer.stalled = false;
    peer.drain();
    assert_eq!(leaving(&mut peer), ["other", "last"]);
    assert_eq!(peer.published(last), None);
}

#[test]
fn with_as_many_topics_as_there_is_room_the_oldest_gives_way() {
    let mut peer = Scripted::new(limited(Version::V5, 2, QueuePolicy::LatestPerTopic));
    let tokens = ["a", "b", "a", "c"].map(|topic| peer.publish(topic, topic, QOS1));
    assert_dropped(&peer, &tokens[..2]);
    peer.connect();
    peer.accept(false);
    assert_eq!(leaving(&mut peer), ["a", "c"]);
}

/// Of several requests with one topic each wants its own response.
#[test]
fn what_wants_a_response_gives_way_to_no_other() {
    let mut options = limited(Version::V5, 100, QueuePolicy::LatestPerTopic);
    options.receive_maximum = 10;
    let mut peer = Scripted::new(options);
    let wants = [Property::Text(PropertyId::ResponseTopic, "answers")];
    peer.publish_with("t", "1", QOS1, &wants);
    peer.publish_with("t", "2", QOS1, &wants);
    let plain = peer.publish("t", "3", QOS1);
    peer.publish_with("t", "4", QOS1, &wants);
    peer.publish("t", "5", QOS1);
    assert_dropped(&peer, &[plain]);
    peer.connect();
    peer.accept(false);
    assert_eq!(leaving(&mut peer), ["1", "2", "4", "5"]);
}

/// A request whose message gives way is settled as a request.
#[test]
fn a_request_that_gives_way_fails() {
    for policy in [QueuePolicy::DropOldest, QueuePolicy::DropNewest] {
        let mut peer = Scripted::connected_with(
            limited(Version::V5, 1, policy),
            &[Property::TwoByte(PropertyId::ReceiveMaximum, 1)],
        );
        peer.publish("first", "takes the quota", QOS1);
        peer.expect(PacketType::Publish);
        let ask = |peer: &mut Scripted| {
            let topic = webmqtt::codec::TopicName::new("t").unwrap();
            let message = webmqtt::session::Outgoing {
                qos: QOS1,
                ..webmqtt::session::Outgoing::new(topic, b"?")
            };
            let minute = Duration::from_secs(60);
            peer.act(|session, now| session.request(now, &message, minute))
                .unwrap()
        };
        let first = ask(&mut peer);
        let Packet::Subscribe(_) = peer.expect(PacketType::Subscribe).packet() else {
            panic!("a SUBSCRIBE");
        };
        peer.send(&suback(2, &[2]));
        let second = ask(&mut peer);
        let (gone, stays) = if policy == QueuePolicy::DropOldest {
            (first, second)
        } else {
            (second, first)
        };
        assert_eq!(peer.requested(gone), Some(Err(Error::Dropped)));
        assert_eq!(peer.requested(stays), None);
        assert_eq!(peer.published(gone), None);
    }
}

/// PUB-25
#[test]
fn what_is_in_flight_gives_way_to_nothing() {
    for policy in [
        QueuePolicy::DropOldest,
        QueuePolicy::DropNewest,
        QueuePolicy::LatestPerTopic,
    ] {
        for version in BOTH {
            let mut peer = Scripted::connected(limited(version, 1, policy));
            let sent = [QOS1, QOS2].map(|qos| peer.publish("t", "sent", qos));
            assert_eq!(leaving(&mut peer), ["sent", "sent"]);
            peer.cut();
            peer.publish("t", "1", QOS1);
            peer.publish("t", "2", QOS1);
            assert_eq!(sent.map(|token| peer.published(token)), [None, None]);
            peer.reconnect();
            peer.accept(true);
            let kept = if policy == QueuePolicy::DropNewest {
                "1"
            } else {
                "2"
            };
            assert_eq!(leaving(&mut peer), ["sent", "sent", kept]);
        }
    }
}

/// What the server would not take is no reason to drop anything.
#[test]
fn a_message_that_is_refused_drops_none() {
    let mut peer = Scripted::connected_with(
        limited(Version::V5, 1, QueuePolicy::LatestPerTopic),
        &[
            Property::TwoByte(PropertyId::ReceiveMaximum, 1),
            Property::Byte(PropertyId::MaximumQos, 1),
        ],
    );
    peer.publish("t", "in flight", QOS1);
    peer.expect(PacketType::Publish);
    let waits = peer.publish("t", "waits", QOS1);
    let refused = peer.try_publish("t", b"x", QOS2);
    assert_eq!(refused, Err(Error::QosNotSupported));
    assert_eq!(peer.published(waits), None);
    peer.act(Session::disconnect);
}

/// What gave way does not come back with a restored session.
#[test]
fn what_gives_way_leaves_no_record() {
    for (policy, kept) in [
        (QueuePolicy::DropOldest, "third"),
        (QueuePolicy::LatestPerTopic, "third"),
        (QueuePolicy::DropNewest, "first"),
    ] {
        let options = limited(Version::V5, 1, policy);
        let mut client = Client::with_store(options, Durability::Strict, 1);
        for payload in ["first", "second", "third"] {
            client.publish("t", payload, QOS1);
        }
        let store = client.store.as_ref().unwrap();
        let mut publishes = store
            .records()
            .filter(|(key, _)| matches!(key, StoreKey::Publish(_)));
        let (_, record) = publishes.next().expect("what is kept");
        let kept = kept.as_bytes();
        assert!(record.windows(5).any(|part| part == kept), "{policy:?}");
        assert_eq!(publishes.next(), None, "{policy:?}");
    }
}
