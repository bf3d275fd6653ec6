//! How a stored session ends: by its expiry, by the application, at the server; and what is told of it later.

mod pair;

use pair::*;
use webmqtt::codec::{Packet, PacketType, Property, PropertyId, Publish, ReasonCode, Version};
use webmqtt::error::Error;
use webmqtt::session::{Durability, Session, State, StoreKey};

/// The page comes back and connects.
fn reload(net: &mut Net) {
    let version = net.client.session.version();
    net.crash(persistent(version), 2);
    net.connect();
    net.run(1000);
    assert_eq!(net.client.state(), State::Connected);
}

fn qos2_from_server(id: u16, dup: bool) -> Packet<'static> {
    let Packet::Publish(publish) = publish(QOS2, id, "in", "x") else {
        unreachable!()
    };
    Packet::Publish(Publish { dup, ..publish })
}

/// What the application was told before the page went away.
#[test]
fn a_session_that_was_lost_settles_what_was_in_flight() {
    let mut net = stored(Version::V5, Durability::Strict);
    net.cut_hard();
    let (once, twice) = (
        net.client.publish("t", "one", QOS1),
        net.client.publish("t", "two", QOS2),
    );
    net.run(5_000);
    let (once, twice) = (once, twice);
    assert!(net.client.published(once).is_some() && net.client.published(twice).is_some());
    let once = net.client.publish("t", "three", QOS1);
    let twice = net.client.publish("t", "four", QOS2);
    net.broker.lose_sessions();
    net.crash(persistent(Version::V5), 2);
    net.connect();
    net.run(1000);
    assert_eq!(net.client.published(twice), Some(Err(Error::Indeterminate)));
    assert!(net.client.published(once).unwrap().is_ok());
    assert_eq!(store(&mut net).keys(), [StoreKey::Session]);
}

/// The session is lost while the page is there, and the page goes away when only that is written.
#[test]
fn what_was_in_flight_in_an_earlier_session_is_not_sent_into_a_later_one() {
    let mut peer = Scripted::stored(Version::V5, Durability::Strict);
    let first = peer.publish("t", "one", QOS1);
    let second = peer.publish("t", "two", QOS2);
    peer.subscribe(&[("in", QOS2)]);
    peer.store_all();
    peer.expect(PacketType::Subscribe);
    peer.send(&suback(3, &[2]));
    peer.send(&qos2_from_server(7, false));
    peer.store_all();
    peer.reconnect();
    peer.store_all();
    peer.accept(false);
    peer.store_one();
    assert_eq!(peer.store.as_ref().unwrap().keys().len(), 5);
    peer.come_back();
    assert_eq!(peer.published(second), Some(Err(Error::Indeterminate)));
    let again = peer.expect(PacketType::Publish);
    assert_eq!(
        (again.publish().payload, again.publish().dup),
        (&b"one"[..], false)
    );
    peer.send(&puback(again.id()));
    assert!(peer.published(first).unwrap().is_ok());
    assert_eq!(peer.session.remembered().count(), 0);
    assert_eq!(peer.store.as_ref().unwrap().keys(), [StoreKey::Session]);
}

#[test]
fn the_server_decides_if_the_connection_stood_when_the_page_went_away() {
    let mut peer = Scripted::stored(Version::V5, Durability::Relaxed);
    peer.store_all();
    peer.now += 2 * 3_600_000;
    let connect = peer.come_back();
    assert!(matches!(connect.packet(), Packet::Connect(connect) if !connect.clean_start));
    assert_eq!(peer.state(), State::Connected);
}

/// REC-06
#[test]
fn a_session_that_has_expired_meanwhile_is_over() {
    for (hours, over) in [(1, true), (0, false)] {
        let mut peer = Scripted::stored(Version::V5, Durability::Relaxed);
        let first = peer.publish("t", "one", QOS1);
        let second = peer.publish("t", "two", QOS2);
        peer.cut();
        peer.store_all();
        peer.now += hours * 3_600_000 + 1000;
        let options = persistent(Version::V5);
        peer.crash(options);
        let connect = peer.connect();
        let Packet::Connect(connect) = connect.packet() else {
            unreachable!()
        };
        assert_eq!(connect.clean_start, over);
        peer.accept(!over);
        let again = peer.expect(PacketType::Publish);
        assert_eq!(again.publish().dup, !over);
        let lost = over.then_some(Err(Error::Indeterminate));
        assert_eq!(
            (peer.published(first), peer.published(second)),
            (None, lost)
        );
    }
}

/// REC-06
#[test]
fn a_session_goes_on_expiring_after_the_page_is_back() {
    let mut peer = Scripted::stored(Version::V5, Durability::Strict);
    peer.publish("t", "x", QOS2);
    peer.store_all();
    peer.cut();
    peer.store_all();
    peer.now += 1_800_000;
    peer.crash(persistent(Version::V5));
    let until = peer.now + 1_800_000;
    peer.run_timers(until - 1, false);
    assert!(peer.happened.is_empty());
    peer.run_timers(until, false);
    let token = peer.happened.len();
    assert_eq!(token, 1, "{:?}", peer.happened);
    peer.store_all();
    peer.crash(persistent(Version::V5));
    let connect = peer.connect();
    assert!(matches!(connect.packet(), Packet::Connect(connect) if connect.clean_start));
}

#[test]
fn messages_expire_while_the_page_is_away() {
    let mut net = stored(Version::V5, Durability::Relaxed);
    net.down = true;
    net.cut();
    let expiry = |seconds| {
        [Property::FourByte(
            PropertyId::MessageExpiryInterval,
            seconds,
        )]
    };
    let short = net.client.publish_with("t", "short", QOS1, &expiry(10));
    let long = net.client.publish_with("t", "long", QOS2, &expiry(100));
    net.client.now += 4_000;
    // It is the moment of expiry that is stored, not how long ago the last write was.
    net.client.publish("t", "other", QOS1);
    net.client.now += 60_000;
    let mut client = net.client.reborn(persistent(Version::V5), 2);
    client.act(Session::handle_timeout);
    assert_eq!(client.published(short), Some(Err(Error::Expired)));
    assert_eq!(client.published(long), None);
    let mut peer = Scripted::new(persistent(Version::V5));
    *peer.as_mut_client() = client;
    peer.connect();
    peer.accept(false);
    let left = peer.expect(PacketType::Publish);
    let left = left.publish();
    let left = left.properties.four_byte(PropertyId::MessageExpiryInterval);
    assert_eq!(left, Some(36));
    peer.store_all();
    assert_eq!(peer.store.as_ref().unwrap().keys().len(), 3);
}

#[test]
fn disconnect_leaves_the_session_in_the_store() {
    let mut net = stored(Version::V5, Durability::Strict);
    net.client.subscribe(&[("a", QOS1)]);
    net.run(100);
    net.cut_hard();
    net.down = true;
    let token = net.client.publish("t", "never left", QOS2);
    net.client.act(Session::disconnect);
    net.run(5000);
    assert_eq!(net.client.published(token), Some(Err(Error::Closed)));
    let filter = StoreKey::Filter(1);
    assert_eq!(store(&mut net).keys(), [StoreKey::Session, filter]);
    net.down = false;
    reload(&mut net);
    assert_eq!(net.client.session.remembered().collect::<Vec<_>>(), ["a"]);
    assert_eq!(net.broker.times_accepted("never left"), 0);
}

#[test]
fn what_has_left_is_completed_by_the_next_page_after_disconnect() {
    let mut peer = Scripted::stored(Version::V5, Durability::Strict);
    let token = peer.publish("t", "x", QOS2);
    peer.store_all();
    peer.expect(PacketType::Publish);
    peer.act(Session::disconnect);
    peer.closed();
    assert_eq!(peer.published(token), Some(Err(Error::Closed)));
    peer.store_all();
    peer.crash(persistent(Version::V5));
    assert_eq!(peer.session.open_publishes().count(), 0, "nobody waits");
    peer.store_all();
    peer.connect();
    peer.accept(true);
    assert!(peer.expect(PacketType::Publish).publish().dup);
    peer.send(&pubrec(1));
    peer.store_all();
    peer.expect(PacketType::PubRel);
    peer.send(&pubcomp(1));
    peer.store_all();
    assert!(peer.published(token).is_none(), "it was told before");
    assert_eq!(peer.store.as_ref().unwrap().keys(), [StoreKey::Session]);
}

#[test]
fn ending_the_session_clears_the_store() {
    let mut net = stored(Version::V5, Durability::Strict);
    net.client.subscribe(&[("a", QOS1)]);
    net.run(100);
    let expiry = properties(&[Property::FourByte(PropertyId::SessionExpiryInterval, 0)]);
    net.client
        .act(|session, now| {
            session.disconnect_with(now, ReasonCode::Success, expiry.as_properties())
        })
        .unwrap();
    net.run(5000);
    assert_eq!(net.client.state(), State::Closed);
    assert_eq!(store(&mut net).keys(), []);
    assert!(!net.broker.sessions.contains_key("tester"));
}

#[test]
fn a_session_that_ends_with_its_connection_leaves_the_store_empty() {
    for version in BOTH {
        let mut net = Net::new(clean(version), Settings::default(), 1);
        net.client = Client::with_store(clean(version), Durability::Strict, 1);
        net.connect();
        net.client.subscribe(&[("in", QOS2)]);
        let token = net.client.publish("t", "x", QOS2);
        net.run(100);
        assert!(net.client.published(token).unwrap().is_ok());
        assert_eq!(store(&mut net).log, [Write::Clear]);
    }
}
