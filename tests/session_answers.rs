//! What the server says besides yes and no: reason codes of success, Reason Strings, User Properties, and one result
//! for each filter.

mod pair;

use pair::*;
use webmqtt::codec::{
    Ack, ConnAck, Disconnect, Packet, PacketType, PropertiesBuf, Property, PropertyId, ReasonCode,
    ReasonCodes, SubAck, UnsubAck, Version,
};
use webmqtt::error::Error;
use webmqtt::session::{Published, State};

/// A Reason String and two User Properties.
fn words() -> PropertiesBuf {
    properties(&[
        Property::Text(PropertyId::ReasonString, "because"),
        Property::Pair("node", "7"),
        Property::Pair("node", "8"),
    ])
}

fn ack(packet_id: u16, reason: ReasonCode, words: &PropertiesBuf) -> Ack<'_> {
    Ack {
        packet_id: id(packet_id),
        reason,
        properties: words.as_properties(),
    }
}

fn done(qos: webmqtt::codec::QoS, reason: ReasonCode) -> Option<Result<Published, Error>> {
    Some(Ok(Published { qos, reason }))
}

/// PUB-11 [MQTT-3.4.2-1]
#[test]
fn a_puback_is_handed_on_with_its_words() {
    let words = words();
    let mut peer = Scripted::connected(clean(Version::V5));
    let token = peer.publish("t", "x", QOS1);
    let id = peer.expect(PacketType::Publish).id();
    let nobody = ReasonCode::NoMatchingSubscribers;
    peer.send(&Packet::PubAck(ack(id, nobody, &words)));
    assert_eq!(peer.published(token), done(QOS1, nobody));
    assert_eq!(*peer.answer(token), words);
}

#[test]
fn a_refusal_is_handed_on_with_its_words() {
    let words = words();
    for qos in [QOS1, QOS2] {
        let mut peer = Scripted::connected(clean(Version::V5));
        let token = peer.publish("t", "x", qos);
        let id = peer.expect(PacketType::Publish).id();
        let reason = ReasonCode::QuotaExceeded;
        let ack = ack(id, reason, &words);
        peer.send(&match qos {
            QOS1 => Packet::PubAck(ack),
            _ => Packet::PubRec(ack),
        });
        let refused = Some(Err(Error::PublishRefused(reason)));
        assert_eq!(peer.published(token), refused);
        assert_eq!(*peer.answer(token), words);
    }
}

/// PUB-11 [MQTT-3.4.2-1]
#[test]
fn what_the_pubrec_said_survives_a_pubcomp_of_success() {
    let words = words();
    let nobody = ReasonCode::NoMatchingSubscribers;
    for resumed in [false, true] {
        let mut peer = Scripted::connected(persistent(Version::V5));
        let token = peer.publish("t", "x", QOS2);
        let id = peer.expect(PacketType::Publish).id();
        peer.send(&Packet::PubRec(ack(id, nobody, &words)));
        peer.expect(PacketType::PubRel);
        if resumed {
            peer.resume();
            peer.expect(PacketType::PubRel);
        }
        assert_eq!(peer.published(token), None);
        peer.send(&pubcomp(id));
        assert_eq!(peer.published(token), done(QOS2, nobody));
        assert_eq!(*peer.answer(token), words);
    }
}

#[test]
fn a_pubcomp_with_something_to_say_has_the_last_word() {
    let words = words();
    let gone = ReasonCode::PacketIdentifierNotFound;
    for (reason, words) in [
        (ReasonCode::Success, &words),
        (gone, &words),
        (gone, &PropertiesBuf::new()),
    ] {
        let mut peer = Scripted::connected(clean(Version::V5));
        let token = peer.publish("t", "x", QOS2);
        let id = peer.expect(PacketType::Publish).id();
        let first = properties(&[Property::Text(PropertyId::ReasonString, "first")]);
        let nobody = ReasonCode::NoMatchingSubscribers;
        peer.send(&Packet::PubRec(ack(id, nobody, &first)));
        peer.send(&Packet::PubComp(ack(id, reason, words)));
        assert_eq!(peer.published(token), done(QOS2, reason));
        assert_eq!(peer.answer(token), words);
    }
}

#[test]
fn a_suback_is_handed_on_with_its_words() {
    let words = words();
    let mut peer = Scripted::connected(clean(Version::V5));
    let (token, _) = peer.subscribe(&[("a", QOS1), ("b", QOS1)]);
    let packet_id = id(peer.expect(PacketType::Subscribe).id());
    peer.send(&Packet::SubAck(SubAck {
        packet_id,
        properties: words.as_properties(),
        codes: ReasonCodes::from_bytes(&[1, 0x87]).unwrap(),
    }));
    let refused = Error::SubscribeRefused(ReasonCode::NotAuthorized);
    assert_eq!(peer.subscribed(token), Some(vec![Ok(QOS1), Err(refused)]));
    assert_eq!(*peer.answer(token), words);
}

/// SUB-08 [MQTT-3.11.3-1]
#[test]
fn an_unsuback_has_one_result_for_each_filter() {
    let words = words();
    let mut peer = Scripted::connected(clean(Version::V5));
    let filters = ["a", "b", "c", "shared", "refused", "a"];
    peer.subscribe(&[("shared", QOS1)]);
    let packet_id = peer.expect(PacketType::Subscribe).id();
    peer.send(&suback(packet_id, &[1]));
    let (_, key) = peer.subscribe(&filters.map(|filter| (filter, QOS1)));
    // "shared" is asked for again with the identifier that it has, hence apart; "a" is asked for once.
    let packets = peer.expect_all(&[PacketType::Subscribe; 2]);
    peer.send(&suback(packets[0].id(), &[1]));
    peer.send(&suback(packets[1].id(), &[1, 1, 1, 0x87]));
    let token = peer.unsubscribe(key);
    let packet_id = id(peer.expect(PacketType::Unsubscribe).id());
    assert_eq!(peer.unsubscribed_each(token), None);
    peer.send(&Packet::UnsubAck(UnsubAck {
        packet_id,
        properties: words.as_properties(),
        codes: ReasonCodes::from_bytes(&[0x11, 0, 0x87]).unwrap(),
    }));
    let none = ReasonCode::NoSubscriptionExisted;
    let expected = [
        Ok(none),
        Ok(ReasonCode::Success),
        Err(Error::UnsubscribeRefused(ReasonCode::NotAuthorized)),
        // Another call still wants it: the server was not asked.
        Ok(ReasonCode::Success),
        Ok(none),
        Ok(none),
    ];
    assert_eq!(peer.unsubscribed_each(token), Some(expected.to_vec()));
    assert_eq!(*peer.answer(token), words);
}

/// SUB-08
#[test]
fn an_unsuback_of_3_1_1_confirms_every_filter() {
    let mut peer = Scripted::connected(clean(Version::V4));
    let (_, key) = peer.subscribe(&[("a", QOS1), ("b", QOS1)]);
    let packet_id = peer.expect(PacketType::Subscribe).id();
    peer.send(&suback(packet_id, &[1, 1]));
    let token = peer.unsubscribe(key);
    let packet_id = peer.expect(PacketType::Unsubscribe).id();
    peer.send(&unsuback(packet_id, &[]));
    let expected = vec![Ok(ReasonCode::Success); 2];
    assert_eq!(peer.unsubscribed_each(token), Some(expected));
}

/// SUB-08
#[test]
fn filters_that_take_several_packets_keep_their_results_apart() {
    let server = [Property::FourByte(PropertyId::MaximumPacketSize, 20)];
    let mut peer = Scripted::connected_with(persistent(Version::V5), &server);
    let filters = ["first/1", "first/2", "other/3"];
    let (_, key) = peer.subscribe(&filters.map(|filter| (filter, QOS1)));
    while let Some(frame) = peer.next() {
        let Packet::Subscribe(subscribe) = frame.packet() else {
            panic!("{frame:?}")
        };
        peer.send(&suback(frame.id(), &vec![1; subscribe.filters.len()]));
    }
    let token = peer.unsubscribe(key);
    let sent: Vec<_> = std::iter::from_fn(|| peer.next()).collect();
    assert_eq!(sent.len(), 3, "{sent:?}");
    // The answers come in another order than the questions, and the last only on the next connection.
    peer.send(&unsuback(sent[1].id(), &[0x11]));
    peer.send(&unsuback(sent[0].id(), &[0x80]));
    assert_eq!(peer.unsubscribed_each(token), None);
    peer.resume();
    let again = peer.expect(PacketType::Unsubscribe);
    peer.expect_silence();
    peer.send(&unsuback(again.id(), &[0]));
    let refused = Error::UnsubscribeRefused(ReasonCode::UnspecifiedError);
    assert_eq!(
        peer.unsubscribed_each(token),
        Some(vec![
            Err(refused),
            Ok(ReasonCode::NoSubscriptionExisted),
            Ok(ReasonCode::Success),
        ])
    );
}

#[test]
fn a_lost_session_and_an_ended_client_settle_each_filter_that_is_open() {
    let server = [Property::FourByte(PropertyId::MaximumPacketSize, 20)];
    for ended in [false, true] {
        let mut peer = Scripted::connected_with(clean(Version::V5), &server);
        let (_, key) = peer.subscribe(&[("first/1", QOS1), ("first/2", QOS1)]);
        while let Some(frame) = peer.next() {
            peer.send(&suback(frame.id(), &[1]));
        }
        let token = peer.unsubscribe(key);
        let frame = peer.expect(PacketType::Unsubscribe);
        peer.send(&unsuback(frame.id(), &[0x11]));
        let second = if ended {
            peer.act(webmqtt::session::Session::abort);
            Err(Error::Closed)
        } else {
            peer.reconnect();
            peer.accept(false);
            Ok(ReasonCode::Success)
        };
        let expected = vec![Ok(ReasonCode::NoSubscriptionExisted), second];
        assert_eq!(peer.unsubscribed_each(token), Some(expected));
    }
}

/// CON-10, CON-25, ERR-01 [MQTT-3.14.2-1]
#[test]
fn the_end_of_a_connection_is_handed_on_with_its_words() {
    let words = properties(&[
        Property::Text(PropertyId::ReasonString, "moved house"),
        Property::Text(PropertyId::ServerReference, "other.example"),
        Property::Pair("node", "7"),
    ]);
    let reason = ReasonCode::ServerMoved;
    let mut refused = Scripted::new(clean(Version::V5));
    refused.connect();
    refused.send(&Packet::ConnAck(ConnAck {
        session_present: false,
        reason,
        properties: words.as_properties(),
    }));
    let mut ended = Scripted::connected(clean(Version::V5));
    ended.send(&Packet::Disconnect(Disconnect {
        reason,
        properties: words.as_properties(),
    }));
    for peer in [refused, ended] {
        let change = peer.change();
        assert_eq!(change.state, State::Idle);
        assert_eq!(change.cause.and_then(Error::reason), Some(reason));
        assert_eq!(change.reason_string(), Some("moved house"));
        assert_eq!(change.server_reference(), Some("other.example"));
        assert_eq!(change.properties, words);
    }
}

#[test]
fn a_change_of_state_without_a_word_from_the_server_has_no_properties() {
    let mut peer = Scripted::connected(clean(Version::V5));
    peer.cut();
    peer.act(webmqtt::session::Session::disconnect);
    assert!(peer.changes().all(|change| change.properties.is_empty()));
}

/// SUB-09
#[test]
fn a_warning_names_the_filter_whose_renewal_was_refused() {
    for version in BOTH {
        let mut peer = Scripted::connected(clean(version));
        peer.subscribe(&[("a", QOS1), ("b/#", QOS1)]);
        let packet_id = peer.expect(PacketType::Subscribe).id();
        peer.send(&suback(packet_id, &[1, 1]));
        peer.reconnect();
        peer.accept(false);
        let packet_id = peer.expect(PacketType::Subscribe).id();
        peer.send(&suback(packet_id, &[1, 0x80]));
        assert_eq!(peer.warned_of(), [Some("b/#")]);
    }
}
