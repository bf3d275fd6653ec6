//! Subscriptions with properties: subscription identifiers of the application and User Properties.

mod pair;

use pair::*;
use webmqtt::codec::{
    Packet, PacketType, Property, PropertyId, SubscribeOptions, TopicFilter, Version,
};
use webmqtt::error::Error;
use webmqtt::session::{OWN_IDENTIFIERS, SubscriptionKey, Token};

/// Subscribes to filters of QoS 1 with these properties.
fn subscribe_with(
    peer: &mut Scripted,
    names: &[&str],
    list: &[Property<'_>],
) -> Result<(Token, SubscriptionKey), Error> {
    let options = SubscribeOptions::new(QOS1);
    let filters: Vec<_> = names
        .iter()
        .map(|name| (TopicFilter::new(name).unwrap(), options))
        .collect();
    let properties = properties(list);
    peer.act(|session, now| session.subscribe_with(now, &filters, properties.as_properties()))
}

/// The identifier and the User Properties of a SUBSCRIBE.
#[track_caller]
fn carried(frame: &Frame) -> (Option<u32>, Vec<(String, String)>) {
    let Packet::Subscribe(packet) = frame.packet() else {
        panic!("not a SUBSCRIBE: {frame:?}");
    };
    let pairs = packet.properties.user_properties();
    (
        packet.properties.subscription_identifiers().next(),
        pairs
            .map(|(name, value)| (name.to_owned(), value.to_owned()))
            .collect(),
    )
}

/// SUB-11
#[test]
fn a_call_with_properties_has_a_packet_of_its_own_also_when_it_is_renewed() {
    let mut peer = Scripted::new(clean(Version::V5));
    peer.subscribe(&[("a", QOS1)]);
    let pairs = [Property::Pair("for", "b"), Property::Pair("for", "b again")];
    subscribe_with(&mut peer, &["b", "c"], &pairs).unwrap();
    peer.subscribe(&[("d", QOS1)]);
    peer.connect();
    peer.accept(false);
    for _ in 0..2 {
        let [plain, with] = [(), ()].map(|()| peer.expect(PacketType::Subscribe));
        assert_eq!(names(&plain), ["a", "d"]);
        assert_eq!(carried(&plain).1, []);
        assert_eq!(names(&with), ["b", "c"]);
        let expected = [("for", "b"), ("for", "b again")].map(|(k, v)| (k.into(), v.into()));
        assert_eq!(carried(&with).1, expected);
        assert_ne!(carried(&with).0, carried(&plain).0);
        for frame in [plain, with] {
            peer.send(&suback(frame.id(), &[1, 1]));
        }
        peer.reconnect();
        peer.accept(false);
    }
}

/// SUB-11, RCV-19
#[test]
fn an_identifier_of_the_application_is_sent_and_routes() {
    let own = Property::VarInt(PropertyId::SubscriptionIdentifier, 7);
    let mut peer = Scripted::connected(clean(Version::V5));
    let (_, plain) = peer.subscribe(&[("a/#", QOS1)]);
    grant(&mut peer);
    let (_, key) = subscribe_with(&mut peer, &["a/+", "b"], &[own]).unwrap();
    let frame = peer.expect(PacketType::Subscribe);
    assert_eq!(carried(&frame).0, Some(7));
    peer.send(&suback(frame.id(), &[1, 1]));
    let with_own = properties(&[own]);
    peer.send(&Packet::Publish(webmqtt::codec::Publish {
        properties: with_own.as_properties(),
        ..message(QOS0, 0, "a/x", "")
    }));
    assert_eq!(peer.messages()[0].subscriptions, [key]);
    assert_eq!(peer.messages()[0].properties, with_own);
    // Who uses the same filter without a wish takes nothing away.
    let (_, twin) = peer.subscribe(&[("a/+", QOS1)]);
    let frame = peer.expect(PacketType::Subscribe);
    assert_eq!(
        (carried(&frame).0, names(&frame)),
        (Some(7), vec!["a/+".into()])
    );
    peer.send(&suback(frame.id(), &[1]));
    peer.send(&Packet::Publish(webmqtt::codec::Publish {
        properties: with_own.as_properties(),
        ..message(QOS0, 0, "a/x", "")
    }));
    assert_eq!(peer.messages()[1].subscriptions, [key, twin]);
    // And when the wish is gone, the filter is one like any other.
    peer.unsubscribe(key);
    let id = peer.expect(PacketType::Unsubscribe).id();
    peer.send(&unsuback(id, &[0]));
    peer.reconnect();
    peer.accept(false);
    let mut again = Vec::new();
    while let Some(frame) = peer.next() {
        assert_ne!(carried(&frame).0, Some(7));
        again.extend(names(&frame));
    }
    assert_eq!(again, ["a/#", "a/+"]);
    assert_ne!(plain, twin);
}

/// SUB-12
#[test]
fn an_identifier_of_the_application_is_refused_where_the_server_has_none() {
    let own = Property::VarInt(PropertyId::SubscriptionIdentifier, 7);
    let unavailable = Property::Byte(PropertyId::SubscriptionIdentifierAvailable, 0);
    let mut peer = Scripted::connected_with(clean(Version::V5), &[unavailable]);
    let (_, plain) = peer.subscribe(&[("a", QOS1)]);
    grant(&mut peer);
    let (token, _) = subscribe_with(&mut peer, &["a", "b"], &[own]).unwrap();
    let refused = Err(Error::IdentifierNotSupported);
    assert_eq!(peer.subscribed(token), Some(vec![refused, refused]));
    // The subscription that shares a filter with it goes on.
    while let Some(frame) = peer.next() {
        assert_eq!((carried(&frame).0, names(&frame)), (None, vec!["a".into()]));
        peer.send(&suback(frame.id(), &[1]));
    }
    peer.send(&publish(QOS0, 0, "a", ""));
    assert_eq!(peer.messages()[0].subscriptions, [plain]);
    assert_eq!(peer.warnings(), []);
}

/// SUB-14
#[test]
fn properties_that_do_not_belong_into_subscribe_or_unsubscribe_are_refused() {
    let own = |identifier| Property::VarInt(PropertyId::SubscriptionIdentifier, identifier);
    let mut peer = Scripted::connected(clean(Version::V5));
    assert!(subscribe_with(&mut peer, &["a"], &[own(OWN_IDENTIFIERS)]).is_err());
    let wrong = Property::Text(PropertyId::ReasonString, "why");
    assert!(subscribe_with(&mut peer, &["a"], &[wrong]).is_err());
    let (_, key) = subscribe_with(&mut peer, &["a"], &[own(OWN_IDENTIFIERS - 1)]).unwrap();
    grant(&mut peer);
    let mut unsubscribe = |list: &[Property<'_>]| {
        let properties = properties(list);
        peer.act(|session, now| session.unsubscribe_with(now, key, properties.as_properties()))
    };
    assert!(unsubscribe(&[wrong]).is_err());
    assert!(unsubscribe(&[own(1)]).is_err());
    assert!(unsubscribe(&[Property::Pair("why", "enough")]).is_ok());
    let frame = peer.expect(PacketType::Unsubscribe);
    let Packet::Unsubscribe(packet) = frame.packet() else {
        unreachable!()
    };
    let pairs: Vec<_> = packet.properties.user_properties().collect();
    assert_eq!(pairs, [("why", "enough")]);
    // 3.1.1 has no properties.
    let mut peer = Scripted::connected(clean(Version::V4));
    assert!(subscribe_with(&mut peer, &["a"], &[Property::Pair("a", "b")]).is_err());
    let (_, key) = peer.subscribe(&[("a", QOS1)]);
    let list = properties(&[Property::Pair("a", "b")]);
    assert!(
        peer.act(|session, now| session.unsubscribe_with(now, key, list.as_properties()))
            .is_err()
    );
}

/// LIM-12
#[test]
fn properties_count_against_the_maximum_packet_size() {
    let pair = Property::Pair("name", "value");
    // Header, packet identifier, property length, the pair; filter and options.
    let exactly = 2 + 2 + 1 + 14 + 4;
    for (limit, fits) in [(exactly, true), (exactly - 1, false)] {
        let limit = Property::FourByte(PropertyId::MaximumPacketSize, limit);
        let mut peer = Scripted::connected_with(clean(Version::V5), &[limit]);
        let (token, key) = subscribe_with(&mut peer, &["a"], &[pair]).unwrap();
        if fits {
            grant(&mut peer);
            assert_eq!(peer.subscribed(token), Some(vec![Ok(QOS1)]));
            let list = properties(&[pair, pair]);
            let token = peer
                .act(|session, now| session.unsubscribe_with(now, key, list.as_properties()))
                .unwrap();
            assert_eq!(peer.unsubscribed(token), Some(Err(Error::PacketTooLarge)));
        } else {
            let refused = Err(Error::PacketTooLarge);
            assert_eq!(peer.subscribed(token), Some(vec![refused]));
        }
        peer.expect_silence();
    }
}
