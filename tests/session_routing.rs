//! For which subscriptions a message is: by subscription identifiers where the server sends them, else by the topic.

mod pair;

use pair::random::SeedOnFailure;
use pair::*;
use webmqtt::codec::{Packet, PacketType, Property, PropertyId, Publish, TopicFilter, Version};
use webmqtt::session::{SubscriptionKey, Token};
use webmqtt::topic::FilterTrie;

/// The identifier of a SUBSCRIBE and its filters.
#[track_caller]
fn asked(frame: &Frame) -> (Option<u32>, Vec<String>) {
    let Packet::Subscribe(packet) = frame.packet() else {
        panic!("not a SUBSCRIBE: {frame:?}");
    };
    let mut identifiers = packet.properties.subscription_identifiers();
    let identifier = identifiers.next();
    assert_eq!(identifiers.next(), None);
    let filters = packet.filters.iter();
    let filters = filters.map(|(filter, _)| filter.as_str().to_owned());
    (identifier, filters.collect())
}

/// Grants every SUBSCRIBE that is there and gives what was asked.
fn grant_all(peer: &mut Scripted) -> Vec<(Option<u32>, Vec<String>)> {
    let mut all = Vec::new();
    while let Some(frame) = peer.next() {
        let one = asked(&frame);
        peer.send(&suback(frame.id(), &vec![0; one.1.len()]));
        all.push(one);
    }
    all
}

/// One filter alone, and the identifier that it got.
fn subscribe(peer: &mut Scripted, filter: &str) -> (SubscriptionKey, u32) {
    let (_, key) = peer.subscribe(&[(filter, QOS0)]);
    let asked = grant_all(peer);
    assert_eq!(asked.len(), 1, "{asked:?}");
    (key, asked[0].0.expect("an identifier"))
}

/// A message with these identifiers, and for whom it was.
fn receivers(peer: &mut Scripted, topic: &str, identifiers: &[u32]) -> Vec<SubscriptionKey> {
    let before = peer.messages().len();
    let list: Vec<_> = identifiers
        .iter()
        .map(|&id| Property::VarInt(PropertyId::SubscriptionIdentifier, id))
        .collect();
    let properties = properties(&list);
    peer.send(&Packet::Publish(Publish {
        properties: properties.as_properties(),
        ..message(QOS0, 0, topic, "x")
    }));
    let messages = peer.messages();
    match &messages[before..] {
        [] => Vec::new(),
        [one] => one.subscriptions.clone(),
        more => panic!("{more:?}"),
    }
}

/// W-4: a broker that sends a copy for each of two overlapping subscriptions causes two deliveries, not four; and
/// what is delivered says everything about the message.
#[test]
fn w_4_each_copy_for_overlapping_filters_is_for_one_of_them() {
    let mut peer = Scripted::connected(clean(Version::V5));
    let (all, of_all) = subscribe(&mut peer, "t/#");
    let (one, of_one) = subscribe(&mut peer, "t/x");
    assert_eq!(receivers(&mut peer, "t/x", &[of_all]), [all]);
    assert_eq!(receivers(&mut peer, "t/x", &[of_one]), [one]);

    let properties = properties(&[Property::VarInt(PropertyId::SubscriptionIdentifier, of_one)]);
    peer.send(&Packet::Publish(Publish {
        dup: true,
        retain: true,
        properties: properties.as_properties(),
        ..message(QOS1, 7, "t/x", "everything")
    }));
    let messages = peer.messages();
    let last = messages[2];
    assert_eq!(messages.len(), 3);
    assert_eq!((last.qos, last.retain, last.dup), (QOS1, true, true));
    assert_eq!((last.topic.as_str(), last.text()), ("t/x", "everything"));
    assert_eq!(last.properties, properties);
    assert_eq!(last.subscriptions, [one]);
}

/// RCV-19, [MQTT-3.3.4-4]
#[test]
fn one_copy_with_several_identifiers_is_for_all_of_them_once() {
    let mut peer = Scripted::connected(clean(Version::V5));
    let (all, of_all) = subscribe(&mut peer, "t/#");
    let (one, of_one) = subscribe(&mut peer, "t/x");
    let (plus, of_plus) = subscribe(&mut peer, "+/x");
    assert_eq!(receivers(&mut peer, "t/x", &[of_one, of_all]), [all, one]);
    let mut everybody = receivers(&mut peer, "t/x", &[of_plus, of_one, of_all, of_one]);
    everybody.sort_unstable();
    assert_eq!(everybody, [all, one, plus]);
}

#[test]
fn the_filters_of_one_packet_are_told_apart_by_the_topic() {
    let mut peer = Scripted::connected(clean(Version::V5));
    let (_, a) = peer.subscribe(&[("a/#", QOS0)]);
    let (_, b) = peer.subscribe(&[("b/#", QOS0)]);
    let (_, over) = peer.subscribe(&[("+/x", QOS0), ("c", QOS0)]);
    // Commands of one turn share packets in the driver; here each was sent at once.
    grant_all(&mut peer);
    peer.reconnect();
    peer.accept(false);
    let packets = grant_all(&mut peer);
    let [(Some(first), one), (Some(second), other)] = &packets[..] else {
        panic!("{packets:?}");
    };
    assert_eq!(*one, ["a/#", "b/#", "c"]);
    assert_eq!(*other, ["+/x"], "it overlaps with both others");
    assert_ne!(first, second);
    assert_eq!(receivers(&mut peer, "a/x", &[*first]), [a]);
    assert_eq!(receivers(&mut peer, "b/x", &[*first]), [b]);
    assert_eq!(receivers(&mut peer, "b/x", &[*second]), [over]);
    assert_eq!(receivers(&mut peer, "c", &[*first]), [over]);
}

#[test]
fn five_hundred_filters_share_one_identifier_and_one_packet() {
    let mut peer = Scripted::new(clean(Version::V5));
    for nth in 0..500 {
        peer.subscribe(&[(format!("room/{nth}/#").as_str(), QOS0)]);
    }
    peer.connect();
    peer.accept(false);
    let packets = grant_all(&mut peer);
    assert_eq!(packets.len(), 1);
    assert_eq!(packets[0].1.len(), 500);
}

#[test]
fn a_shared_subscription_does_not_get_the_copies_of_a_plain_one() {
    let mut peer = Scripted::connected(clean(Version::V5));
    let (plain, of_plain) = subscribe(&mut peer, "jobs/+");
    let (shared, of_shared) = subscribe(&mut peer, "$share/workers/jobs/+");
    assert_eq!(receivers(&mut peer, "jobs/1", &[of_plain]), [plain]);
    assert_eq!(receivers(&mut peer, "jobs/1", &[of_shared]), [shared]);
    peer.reconnect();
    peer.accept(false);
    assert_eq!(grant_all(&mut peer).len(), 2, "not in one packet");
}

#[test]
fn messages_without_identifiers_or_with_unknown_ones_go_by_the_topic() {
    let mut peer = Scripted::connected(clean(Version::V5));
    let (all, of_all) = subscribe(&mut peer, "t/#");
    let (one, _) = subscribe(&mut peer, "t/x");
    assert_eq!(receivers(&mut peer, "t/x", &[]), [all, one]);
    assert_eq!(receivers(&mut peer, "t/x", &[5]), [all, one]);
    assert_eq!(receivers(&mut peer, "t/x", &[of_all, 5]), [all, one]);
    assert_eq!(receivers(&mut peer, "elsewhere", &[5]), []);
}

#[test]
fn a_second_handle_shares_the_identifier_of_its_filter() {
    let mut peer = Scripted::connected(clean(Version::V5));
    let (first, identifier) = subscribe(&mut peer, "t/x");
    let (second, again) = subscribe(&mut peer, "t/x");
    assert_eq!(identifier, again, "messages under way stay known");
    assert_eq!(receivers(&mut peer, "t/x", &[identifier]), [first, second]);
}

#[test]
fn what_is_still_under_way_for_an_ended_subscription_is_for_nobody() {
    let mut peer = Scripted::connected(clean(Version::V5));
    let (all, of_all) = subscribe(&mut peer, "t/#");
    let (one, of_one) = subscribe(&mut peer, "t/x");
    peer.unsubscribe(all);
    let id = peer.expect(PacketType::Unsubscribe).id();
    assert_eq!(receivers(&mut peer, "t/x", &[of_all]), []);
    peer.send(&unsuback(id, &[0]));
    assert_eq!(receivers(&mut peer, "t/x", &[of_all]), []);
    assert_eq!(receivers(&mut peer, "t/x", &[of_one]), [one]);
    assert_eq!(receivers(&mut peer, "t/x", &[of_all, of_one]), [one]);
}

#[test]
fn a_subscription_that_is_made_again_before_the_server_heard_of_its_end_misses_nothing() {
    let mut peer = Scripted::connected(persistent(Version::V5));
    let (old, identifier) = subscribe(&mut peer, "t/x");
    peer.cut();
    peer.unsubscribe(old);
    let (_, new) = peer.subscribe(&[("t/x", QOS0)]);
    peer.next_attempt();
    peer.accept(true);
    // What the server had kept comes before its answers.
    assert_eq!(receivers(&mut peer, "t/x", &[identifier]), [new]);
}

#[test]
fn identifiers_are_new_in_a_new_session_and_the_same_in_a_resumed_one() {
    let mut peer = Scripted::connected(persistent(Version::V5));
    let (key, first) = subscribe(&mut peer, "t/x");
    peer.resume();
    peer.expect_silence();
    assert_eq!(receivers(&mut peer, "t/x", &[first]), [key]);
    peer.reconnect();
    peer.accept(false);
    let (second, _) = grant_all(&mut peer).remove(0);
    assert_ne!(second, Some(first));
    assert_eq!(receivers(&mut peer, "t/x", &[second.unwrap()]), [key]);
}

#[test]
fn an_unanswered_subscribe_is_asked_again_with_its_identifier() {
    let mut peer = Scripted::connected(persistent(Version::V5));
    let (_, key) = peer.subscribe(&[("t/x", QOS0)]);
    let (first, _) = asked(&peer.expect(PacketType::Subscribe));
    peer.resume();
    let (again, _) = grant_all(&mut peer).remove(0);
    assert_eq!(first, again);
    assert_eq!(receivers(&mut peer, "t/x", &[first.unwrap()]), [key]);
}

#[test]
fn two_runs_of_an_application_take_other_identifiers() {
    let identifier = |seed| {
        let mut net = Net::new(clean(Version::V5), Settings::default(), seed);
        net.connect();
        net.client.subscribe(&[("a", QOS0)]);
        net.settle();
        let frame = net.client.log().iter().rfind(|frame| {
            frame.direction == Direction::FromClient && frame.packet_type() == PacketType::Subscribe
        });
        asked(frame.expect("a SUBSCRIBE")).0.expect("an identifier")
    };
    let all: std::collections::BTreeSet<u32> = (0..100).map(identifier).collect();
    assert_eq!(all.len(), 100);
}

/// [MQTT-3.3.4-6]: no identifier where the server or the version has none.
#[test]
fn without_identifiers_at_the_server_the_topic_decides() {
    let unavailable = [Property::Byte(
        PropertyId::SubscriptionIdentifierAvailable,
        0,
    )];
    for version in BOTH {
        let server = if version == Version::V5 {
            &unavailable[..]
        } else {
            &[]
        };
        let mut peer = Scripted::connected_with(clean(version), server);
        let (_, all) = peer.subscribe(&[("t/#", QOS0)]);
        let (_, one) = peer.subscribe(&[("t/x", QOS0)]);
        assert!(grant_all(&mut peer).iter().all(|(id, _)| id.is_none()));
        peer.send(&publish(QOS0, 0, "t/x", "x"));
        assert_eq!(peer.messages()[0].subscriptions, [all, one]);
        peer.reconnect();
        peer.accept_with(false, server);
        assert_eq!(grant_all(&mut peer).len(), 1, "overlaps can share a packet");
    }
}

#[test]
fn a_subscription_from_a_server_without_identifiers_loses_nothing_at_one_with() {
    let unavailable = Property::Byte(PropertyId::SubscriptionIdentifierAvailable, 0);
    let mut peer = Scripted::connected_with(persistent(Version::V5), &[unavailable]);
    let (_, all) = peer.subscribe(&[("t/#", QOS0)]);
    grant_all(&mut peer);
    peer.resume();
    let (one, of_one) = subscribe(&mut peer, "t/x");
    // The server has no other identifier that it could put on a copy for both.
    assert_eq!(receivers(&mut peer, "t/x", &[of_one]), [all, one]);
}

#[test]
fn a_filter_that_leaves_no_room_for_an_identifier_is_asked_for_without() {
    let filter = "a".repeat(30);
    // Header, packet identifier, properties, filter, options.
    let exactly = 2 + 2 + 1 + 2 + 30 + 1;
    for (limit, identified) in [(exactly, false), (exactly + 4, false), (exactly + 5, true)] {
        let limit = Property::FourByte(PropertyId::MaximumPacketSize, limit);
        let mut peer = Scripted::connected_with(clean(Version::V5), &[limit]);
        let (_, key) = peer.subscribe(&[(&filter, QOS0)]);
        let packets = grant_all(&mut peer);
        assert_eq!(packets[0].0.is_some(), identified);
        peer.send(&publish(QOS0, 0, &filter, ""));
        assert_eq!(receivers(&mut peer, &filter, &[]), [key]);
    }
}

const FILTERS: [&str; 12] = [
    "#",
    "a/#",
    "a/+",
    "a/b",
    "+/b",
    "+/+",
    "a/b/#",
    "b",
    "+",
    "c/#",
    "$share/g/a/+",
    "c/d",
];
const TOPICS: [&str; 8] = ["a/b", "a/c", "a", "b", "b/b", "a/b/c", "c/d", "$x/b"];

fn matches(filter: &str, topic: &str) -> bool {
    let filter = TopicFilter::new(filter).unwrap();
    let mut trie = FilterTrie::new();
    trie.insert(filter.filter_without_share(), 0);
    let mut found = Vec::new();
    trie.matches(topic, &mut found);
    !found.is_empty()
}

struct Subscribed {
    token: Token,
    key: SubscriptionKey,
    filters: Vec<&'static str>,
}

/// How many copies of a message on this topic are for the subscription.
fn copies(one: &Subscribed, topic: &str, per_subscription: bool) -> usize {
    let mut filters = one.filters.clone();
    filters.sort_unstable();
    filters.dedup();
    let (own, common): (Vec<_>, Vec<_>) = filters
        .into_iter()
        .filter(|filter| matches(filter, topic))
        .partition(|filter| per_subscription || filter.starts_with("$share/"));
    own.len() + usize::from(!common.is_empty())
}

/// Subscriptions come and go over a bad network, at a broker that sends a copy for each matching subscription or one
/// with all identifiers: whatever is published in quiet moments reaches every subscription exactly as often as it
/// has to, and whatever is published in between not more often.
#[test]
fn random_subscriptions_get_exactly_their_copies() {
    for seed in 0..300 {
        let _seed = SeedOnFailure(seed);
        let mut random = Random::new(seed);
        let per_subscription = seed % 2 == 0;
        let settings = Settings {
            copy_per_subscription: per_subscription,
            ..Settings::default()
        };
        let mut net = Net::new(persistent(Version::V5), settings, seed);
        net.latency = [0, 5, 80][random.index(3)];
        net.split = random.chance(50);
        net.connect();
        net.run(1_000);
        let mut live: Vec<Subscribed> = Vec::new();
        let mut gone: Vec<Subscribed> = Vec::new();
        let mut sent: Vec<(String, &str)> = Vec::new();
        for round in 0..12 {
            for _ in 0..random.index(8) {
                match random.index(10) {
                    0..5 => {
                        let count = 1 + random.index(3);
                        let filters: Vec<_> = (0..count)
                            .map(|_| FILTERS[random.index(FILTERS.len())])
                            .collect();
                        let asked: Vec<_> = filters.iter().map(|&filter| (filter, QOS2)).collect();
                        let (token, key) = net.client.subscribe(&asked);
                        live.push(Subscribed {
                            token,
                            key,
                            filters,
                        });
                    }
                    5..7 if !live.is_empty() => {
                        let one = live.swap_remove(random.index(live.len()));
                        net.client.unsubscribe(one.key);
                        gone.push(one);
                    }
                    7 => net.cut(),
                    8 => {
                        let topic = TOPICS[random.index(TOPICS.len())];
                        let payload = format!("hasty {}", sent.len());
                        net.publish_elsewhere(topic, &payload, QOS2);
                        sent.push((payload, topic));
                    }
                    _ => net.run(random.below(200)),
                }
            }
            if random.chance(10) {
                net.lose_sessions();
            }
            net.run(60_000);
            for one in &live {
                let results = net.client.subscribed(one.token).expect("settled");
                assert!(results.iter().all(Result::is_ok));
            }

            let before = net.client.messages().len();
            let topic = TOPICS[random.index(TOPICS.len())];
            let payload = format!("calm {round}");
            net.publish_elsewhere(topic, &payload, QOS2);
            sent.push((payload.clone(), topic));
            if random.chance(50) {
                net.run(random.below(100));
                net.cut();
            }
            net.run(60_000);
            let messages = net.client.messages();
            let arrived = &messages[before..];
            assert!(arrived.iter().all(|message| message.text() == payload));
            for one in &live {
                let got = arrived
                    .iter()
                    .filter(|it| it.subscriptions.contains(&one.key));
                assert_eq!(
                    got.count(),
                    copies(one, topic, per_subscription),
                    "{topic} for {:?}, round {round}",
                    one.filters
                );
            }
        }
        let messages = net.client.messages();
        for (payload, topic) in &sent {
            for one in live.iter().chain(&gone) {
                let got = messages.iter().filter(|message| {
                    message.text() == payload && message.subscriptions.contains(&one.key)
                });
                let most = copies(one, topic, per_subscription);
                assert!(
                    got.count() <= most,
                    "{payload} on {topic}: {:?}",
                    one.filters
                );
            }
        }
    }
}
