//! Publishing: packet identifiers, acknowledgements of every kind, and what is sent again after a loss.

mod pair;

use pair::*;
use webmqtt::codec::{Ack, Packet, PacketType, Property, PropertyId, ReasonCode, Version};
use webmqtt::error::Error;
use webmqtt::session::{Outgoing, Published, Session, State};

fn done(qos: webmqtt::codec::QoS) -> Option<Result<Published, Error>> {
    Some(Ok(Published {
        qos,
        reason: ReasonCode::Success,
    }))
}

/// Kind, identifier and, of a PUBLISH, the DUP flag and the payload.
fn outline(frames: &[Frame]) -> Vec<(PacketType, u16, bool, String)> {
    let outline = |frame: &Frame| match frame.packet() {
        Packet::Publish(publish) => (
            PacketType::Publish,
            frame.id(),
            publish.dup,
            String::from_utf8(publish.payload.to_vec()).unwrap(),
        ),
        packet => (packet.packet_type(), frame.id(), false, String::new()),
    };
    frames.iter().map(outline).collect()
}

fn rest(peer: &mut Scripted) -> Vec<Frame> {
    std::iter::from_fn(|| peer.next()).collect()
}

/// PUB-12: a QoS 1, a QoS 2 whose PUBREC came, a QoS 1 and a QoS 2, all open.
fn four_open(version: Version) -> (Scripted, Vec<webmqtt::session::Token>, Vec<u16>) {
    let mut peer = Scripted::connected(persistent(version));
    let tokens = [("1", QOS1), ("2", QOS2), ("3", QOS1), ("4", QOS2)]
        .map(|(payload, qos)| peer.publish("t", payload, qos))
        .to_vec();
    let ids: Vec<u16> = peer
        .expect_all(&[PacketType::Publish; 4])
        .iter()
        .map(Frame::id)
        .collect();
    peer.send(&pubrec(ids[1]));
    peer.expect_all(&[PacketType::PubRel]);
    (peer, tokens, ids)
}

#[track_caller]
fn expect_four_again(peer: &mut Scripted, ids: &[u16]) {
    let mut frames = outline(&rest(peer));
    let release = frames
        .iter()
        .position(|frame| frame.0 == PacketType::PubRel)
        .expect("a PUBREL");
    assert_eq!(frames.remove(release).1, ids[1]);
    let expected = [(ids[0], "1"), (ids[2], "3"), (ids[3], "4")]
        .map(|(id, payload)| (PacketType::Publish, id, true, payload.to_owned()));
    assert_eq!(frames, expected);
}

/// PUB-01
#[test]
fn qos_0_has_no_identifier_and_is_done_when_it_has_left() {
    for version in BOTH {
        let mut peer = Scripted::connected(clean(version));
        peer.stalled = true;
        let token = peer.publish("t", "x", QOS0);
        assert_eq!(peer.published(token), None);
        peer.stalled = false;
        peer.drain();
        assert_eq!(peer.published(token), done(QOS0));
        let frame = peer.expect(PacketType::Publish);
        assert_eq!(frame.publish(), message(QOS0, 0, "t", "x"));
    }
}

/// PUB-02
#[test]
fn qos_1_is_done_with_its_puback() {
    for version in BOTH {
        let mut peer = Scripted::connected(clean(version));
        let token = peer.publish("t", "x", QOS1);
        let frame = peer.expect(PacketType::Publish);
        assert_eq!(frame.publish(), message(QOS1, frame.id(), "t", "x"));
        assert_eq!(peer.session.inflight(), 1);
        assert_eq!(peer.published(token), None);
        peer.send(&puback(frame.id()));
        assert_eq!(peer.published(token), done(QOS1));
        assert_eq!(peer.session.inflight(), 0);
        peer.expect_silence();
    }
}

/// PUB-03
#[test]
fn an_unacknowledged_qos_1_message_goes_out_again_with_dup() {
    for version in BOTH {
        let mut peer = Scripted::connected(persistent(version));
        let token = peer.publish("t", "x", QOS1);
        let first = peer.expect(PacketType::Publish);
        peer.resume();
        let mut again = peer.expect(PacketType::Publish);
        assert_eq!(again.bytes[0], first.bytes[0] | 0b1000);
        again.bytes[0] = first.bytes[0];
        assert_eq!(again.bytes, first.bytes);
        peer.send(&puback(first.id()));
        assert_eq!(peer.published(token), done(QOS1));
        peer.expect_silence();
    }
}

/// PUB-04
#[test]
fn a_missing_acknowledgement_is_waited_for_on_the_same_connection() {
    for version in BOTH {
        let mut peer = Scripted::connected(clean(version));
        let tokens = [QOS1, QOS2].map(|qos| peer.publish("t", "x", qos));
        peer.expect_all(&[PacketType::Publish, PacketType::Publish]);
        for _ in 0..20 {
            peer.advance(30_000);
            for frame in rest(&mut peer) {
                assert_eq!(frame.packet_type(), PacketType::PingReq);
                peer.send(&Packet::PingResp);
            }
        }
        assert_eq!(peer.state(), State::Connected);
        assert_eq!(tokens.map(|token| peer.published(token)), [None, None]);
    }
}

/// PUB-05
#[test]
fn qos_2_takes_four_packets_and_one_identifier() {
    for version in BOTH {
        let mut peer = Scripted::connected(clean(version));
        let token = peer.publish("t", "x", QOS2);
        let id = peer.expect(PacketType::Publish).id();
        peer.send(&pubrec(id));
        let release = peer.expect(PacketType::PubRel);
        assert_eq!(release.bytes, [0x62, 2, 0, id as u8]);
        assert_eq!(peer.published(token), None);
        assert_eq!(peer.session.inflight(), 1);
        peer.send(&pubcomp(id));
        assert_eq!(peer.published(token), done(QOS2));
        assert_eq!(peer.session.inflight(), 0);
        peer.expect_silence();
    }
}

/// PUB-06
#[test]
fn a_qos_2_message_without_pubrec_goes_out_again_with_dup() {
    for version in BOTH {
        let mut peer = Scripted::connected(persistent(version));
        let token = peer.publish("t", "x", QOS2);
        let id = peer.expect(PacketType::Publish).id();
        peer.resume();
        let again = peer.expect(PacketType::Publish);
        assert!(again.publish().dup);
        assert_eq!(again.id(), id);
        peer.send(&pubrec(id));
        peer.expect(PacketType::PubRel);
        peer.send(&pubcomp(id));
        assert_eq!(peer.published(token), done(QOS2));
    }
}

/// PUB-07, PUB-08
#[test]
fn after_the_pubrec_only_the_pubrel_goes_out_again() {
    for version in BOTH {
        for released in [true, false] {
            let mut peer = Scripted::connected(persistent(version));
            let token = peer.publish("t", "x", QOS2);
            let id = peer.expect(PacketType::Publish).id();
            // Either the PUBREL leaves and is lost, or it has no time to leave.
            peer.stalled = !released;
            peer.send(&pubrec(id));
            peer.cut();
            peer.stalled = false;
            for _ in 0..3 {
                peer.next_attempt();
                peer.accept(true);
                let sent = peer.expect_all(&[PacketType::PubRel]);
                assert_eq!(sent[0].id(), id);
                peer.cut();
            }
            peer.next_attempt();
            peer.accept(true);
            peer.expect(PacketType::PubRel);
            peer.send(&pubcomp(id));
            assert_eq!(peer.published(token), done(QOS2));
        }
    }
}

/// PUB-09
#[test]
fn a_pubrec_with_a_failure_ends_the_exchange() {
    for reason in [
        ReasonCode::UnspecifiedError,
        ReasonCode::ImplementationSpecificError,
        ReasonCode::NotAuthorized,
        ReasonCode::TopicNameInvalid,
        ReasonCode::PacketIdentifierInUse,
        ReasonCode::QuotaExceeded,
        ReasonCode::PayloadFormatInvalid,
    ] {
        let server = [Property::TwoByte(PropertyId::ReceiveMaximum, 1)];
        let mut peer = Scripted::connected_with(persistent(Version::V5), &server);
        let token = peer.publish("t", "x", QOS2);
        let next = peer.publish("t", "y", QOS1);
        let id = peer.expect(PacketType::Publish).id();
        peer.send(&Packet::PubRec(because(id, reason)));
        assert_eq!(
            peer.published(token),
            Some(Err(Error::PublishRefused(reason)))
        );
        // No PUBREL; the quota is back.
        let sent = peer.expect_all(&[PacketType::Publish]);
        assert_eq!(sent[0].publish().payload, b"y");
        peer.send(&puback(sent[0].id()));
        assert!(peer.published(next).unwrap().is_ok());
        peer.resume();
        peer.expect_silence();
    }
}

/// PUB-10
#[test]
fn a_puback_with_a_failure_ends_the_exchange() {
    let mut peer = Scripted::connected(persistent(Version::V5));
    let token = peer.publish("t", "x", QOS1);
    let id = peer.expect(PacketType::Publish).id();
    let why = properties(&[Property::Text(PropertyId::ReasonString, "no")]);
    peer.send(&Packet::PubAck(Ack {
        properties: why.as_properties(),
        ..because(id, ReasonCode::NotAuthorized)
    }));
    let refused = Error::PublishRefused(ReasonCode::NotAuthorized);
    assert_eq!(peer.published(token), Some(Err(refused)));
    peer.resume();
    peer.expect_silence();
}

/// PUB-11
#[test]
fn no_matching_subscribers_is_a_success_that_can_be_seen() {
    let reason = ReasonCode::NoMatchingSubscribers;
    let mut peer = Scripted::connected(clean(Version::V5));
    let token = peer.publish("t", "x", QOS1);
    let id = peer.expect(PacketType::Publish).id();
    peer.send(&Packet::PubAck(because(id, reason)));
    assert_eq!(
        peer.published(token),
        Some(Ok(Published { qos: QOS1, reason }))
    );

    let token = peer.publish("t", "x", QOS2);
    let id = peer.expect(PacketType::Publish).id();
    peer.send(&Packet::PubRec(because(id, reason)));
    peer.expect(PacketType::PubRel);
    peer.send(&pubcomp(id));
    assert!(peer.published(token).unwrap().is_ok());
}

/// PUB-12
#[test]
fn everything_open_goes_out_again_in_the_order_of_sending() {
    for version in BOTH {
        let (mut peer, tokens, ids) = four_open(version);
        peer.resume();
        expect_four_again(&mut peer, &ids);
        peer.send_all(&[
            puback(ids[0]),
            pubcomp(ids[1]),
            puback(ids[2]),
            pubrec(ids[3]),
        ]);
        peer.expect(PacketType::PubRel);
        peer.send(&pubcomp(ids[3]));
        for token in tokens {
            assert!(peer.published(token).unwrap().is_ok());
        }
    }
}

/// PUB-13
#[test]
fn messages_published_during_the_outage_follow_those_sent_again() {
    for version in BOTH {
        let (mut peer, _, ids) = four_open(version);
        peer.cut();
        peer.publish("t", "5", QOS1);
        peer.publish("t", "6", QOS2);
        peer.publish("t", "7", QOS1);
        peer.next_attempt();
        peer.accept(true);
        let sent = outline(&rest(&mut peer));
        let publishes: Vec<_> = sent
            .iter()
            .filter(|frame| frame.0 == PacketType::Publish)
            .collect();
        let payloads: Vec<_> = publishes.iter().map(|frame| frame.3.as_str()).collect();
        assert_eq!(payloads, ["1", "3", "4", "5", "6", "7"]);
        for (nth, frame) in publishes.iter().enumerate() {
            assert_eq!(frame.2, nth < 3, "DUP of {frame:?}");
            assert_eq!(ids.contains(&frame.1), nth < 3);
        }
    }
}

/// PUB-14
#[test]
fn packet_identifiers_wrap_around_and_skip_what_is_in_use() {
    for version in BOTH {
        let mut peer = Scripted::connected(clean(version));
        let mut expected = 0u16;
        for nth in 1..=65_540u32 {
            peer.publish("t", "x", QOS1);
            let id = peer.expect(PacketType::Publish).id();
            expected = match nth {
                65_536 => 1,
                65_537 => 3,
                _ => expected + 1,
            };
            assert_eq!(id, expected);
            if id != 2 {
                peer.send(&puback(id));
            }
        }
    }
}

/// PUB-15
#[test]
fn when_all_identifiers_are_taken_the_rest_waits() {
    for version in BOTH {
        let mut peer = Scripted::connected(clean(version));
        peer.stalled = true;
        for _ in 0..70_000 {
            peer.session
                .publish(
                    webmqtt::time::Instant::from_millis(0),
                    &Outgoing {
                        qos: QOS1,
                        ..Outgoing::new(webmqtt::codec::TopicName::new("t").unwrap(), b"x")
                    },
                )
                .unwrap();
        }
        peer.stalled = false;
        peer.drain();
        assert_eq!(rest(&mut peer).len(), 65_535);
        assert_eq!(peer.session.queued().0, 70_000 - 65_535);
        // SUBSCRIBE needs an identifier as well; QoS 0 does not.
        peer.subscribe(&[("a", QOS1)]);
        peer.expect_silence();
        let plain = peer.publish("t", "plain", QOS0);
        peer.expect_all(&[PacketType::Publish]);
        assert_eq!(peer.published(plain), done(QOS0));
        peer.send(&puback(300));
        assert_eq!(peer.expect(PacketType::Subscribe).id(), 300);
        peer.send(&suback(300, &[1]));
        assert_eq!(peer.expect(PacketType::Publish).id(), 300);
        peer.expect_silence();
    }
}

/// PUB-15, LIM-04
#[test]
fn a_subscribe_that_holds_the_last_identifier_does_not_hold_up_qos_0() {
    let mut peer = Scripted::connected(clean(Version::V4));
    peer.subscribe(&[("a", QOS1)]);
    peer.stalled = true;
    for _ in 0..65_536 {
        peer.session
            .publish(
                webmqtt::time::Instant::from_millis(0),
                &Outgoing {
                    qos: QOS1,
                    ..Outgoing::new(webmqtt::codec::TopicName::new("t").unwrap(), b"x")
                },
            )
            .unwrap();
    }
    peer.stalled = false;
    peer.drain();
    assert_eq!(rest(&mut peer).len(), 65_535);
    let plain = peer.publish("t", "plain", QOS0);
    assert_eq!(peer.published(plain), done(QOS0));
}

/// PUB-16
#[test]
fn publish_subscribe_and_unsubscribe_share_the_identifiers() {
    for version in BOTH {
        let mut peer = Scripted::connected(clean(version));
        let (_, key) = peer.subscribe(&[("a", QOS1)]);
        for _ in 0..3 {
            peer.publish("t", "x", QOS1);
        }
        peer.subscribe(&[("b", QOS1)]);
        peer.unsubscribe(key);
        let mut ids: Vec<_> = rest(&mut peer).iter().map(Frame::id).collect();
        ids.sort_unstable();
        ids.dedup();
        assert_eq!(ids.len(), 6);
        // The identifier of the open SUBSCRIBE stays taken for a whole round.
        let open = ids[0];
        for _ in 0..65_540u32 {
            peer.publish("t", "x", QOS1);
            let id = peer.expect(PacketType::Publish).id();
            assert_ne!(id, open);
            peer.send(&puback(id));
        }
    }
}

/// PUB-17
#[test]
fn an_acknowledgement_of_the_wrong_kind_is_a_protocol_error() {
    for (version, qos, answer) in [
        (Version::V4, QOS1, pubrec as fn(u16) -> Packet<'static>),
        (Version::V5, QOS1, pubrec),
        (Version::V4, QOS1, pubcomp),
        (Version::V5, QOS1, pubcomp),
        (Version::V5, QOS2, puback),
    ] {
        let mut peer = Scripted::connected(persistent(version));
        let token = peer.publish("t", "x", qos);
        let id = peer.expect(PacketType::Publish).id();
        peer.send(&answer(id));
        let error = Error::Protocol(ReasonCode::ProtocolError);
        assert_eq!(peer.cause(), Some(error));
        assert_eq!(peer.published(token), None);
        peer.expect_hang_up(&[ReasonCode::ProtocolError]);
    }
}

/// PUB-17: some servers of 3.1.1 handle QoS 2 as QoS 1 and say so with a PUBACK.
#[test]
fn a_puback_for_qos_2_is_a_lower_qos_in_3_1_1() {
    let mut peer = Scripted::connected(clean(Version::V4));
    let token = peer.publish("t", "x", QOS2);
    let id = peer.expect(PacketType::Publish).id();
    peer.send(&puback(id));
    assert_eq!(peer.published(token), done(QOS1));
    // But not once the exchange has gone on.
    let token = peer.publish("t", "x", QOS2);
    let id = peer.expect(PacketType::Publish).id();
    peer.send(&pubrec(id));
    peer.expect(PacketType::PubRel);
    peer.send(&puback(id));
    assert_eq!(
        peer.cause(),
        Some(Error::Protocol(ReasonCode::ProtocolError))
    );
    assert_ne!(peer.published(token), done(QOS2));
}

/// PUB-18, PUB-21
#[test]
fn acknowledgements_of_unknown_identifiers_do_no_harm() {
    for version in BOTH {
        let mut peer = Scripted::connected(clean(version));
        let token = peer.publish("t", "x", QOS1);
        let mine = peer.expect(PacketType::Publish).id();
        for id in 1000..1400 {
            peer.send_all(&[puback(id), pubcomp(id)]);
            peer.expect_silence();
            peer.send(&pubrec(id));
            let answer = peer.expect(PacketType::PubRel);
            let expected = match version {
                Version::V5 => ReasonCode::PacketIdentifierNotFound,
                _ => ReasonCode::Success,
            };
            assert_eq!(answer.ack().reason, expected);
            assert_eq!(answer.id(), id);
        }
        assert_eq!(peer.state(), State::Connected);
        peer.send(&puback(mine));
        assert_eq!(peer.published(token), done(QOS1));
    }
}

/// PUB-19
#[test]
fn each_pubrec_is_answered_and_the_message_is_done_once() {
    for version in BOTH {
        let mut peer = Scripted::connected(clean(version));
        let token = peer.publish("t", "x", QOS2);
        let id = peer.expect(PacketType::Publish).id();
        for _ in 0..2 {
            peer.send(&pubrec(id));
            assert_eq!(peer.expect(PacketType::PubRel).id(), id);
        }
        peer.send(&pubcomp(id));
        peer.send(&pubcomp(id));
        assert_eq!(peer.published(token), done(QOS2));
        assert_eq!(peer.state(), State::Connected);
    }
}

/// PUB-20
#[test]
fn a_pubcomp_without_a_known_identifier_ends_the_exchange() {
    let reason = ReasonCode::PacketIdentifierNotFound;
    let mut peer = Scripted::connected(clean(Version::V5));
    let token = peer.publish("t", "x", QOS2);
    let id = peer.expect(PacketType::Publish).id();
    peer.send(&pubrec(id));
    peer.send(&Packet::PubComp(because(id, reason)));
    assert_eq!(
        peer.published(token),
        Some(Ok(Published { qos: QOS2, reason }))
    );
    assert_eq!(peer.session.inflight(), 0);
}

/// PUB-22
#[test]
fn a_pubcomp_before_the_pubrec_is_no_success() {
    for version in BOTH {
        let mut peer = Scripted::connected(persistent(version));
        let token = peer.publish("t", "x", QOS2);
        let id = peer.expect(PacketType::Publish).id();
        peer.send(&pubcomp(id));
        assert_eq!(peer.published(token), None);
        peer.expect_hang_up(&[ReasonCode::ProtocolError]);
    }
}

/// PUB-23
#[test]
fn acknowledgements_in_any_order_find_their_message() {
    for version in BOTH {
        let mut peer = Scripted::connected(clean(version));
        let tokens = ["1", "2", "3"].map(|payload| peer.publish("t", payload, QOS1));
        let sent = peer.expect_all(&[PacketType::Publish; 3]);
        for (step, nth) in [2, 0, 1].into_iter().enumerate() {
            peer.send(&puback(sent[nth].id()));
            assert_eq!(peer.published(tokens[nth]), done(QOS1));
            let settled = tokens
                .iter()
                .filter(|&&token| peer.published(token).is_some());
            assert_eq!(settled.count(), step + 1);
        }
    }
}

/// PUB-25
#[test]
fn a_cancelled_message_in_flight_keeps_its_identifier_until_it_is_acknowledged() {
    for version in BOTH {
        let mut peer = Scripted::connected(persistent(version));
        let tokens = [QOS1, QOS2].map(|qos| peer.publish("t", "x", qos));
        let sent = peer.expect_all(&[PacketType::Publish; 2]);
        for token in tokens {
            peer.act(|session, now| session.cancel(now, token));
            assert_eq!(peer.published(token), Some(Err(Error::Aborted)));
            peer.act(|session, now| session.cancel(now, token));
        }
        assert_eq!(peer.session.inflight(), 2);
        peer.resume();
        peer.expect_all(&[PacketType::Publish; 2]);
        peer.send_all(&[puback(sent[0].id()), pubrec(sent[1].id())]);
        peer.expect_all(&[PacketType::PubRel]);
        peer.send(&pubcomp(sent[1].id()));
        assert_eq!(peer.session.inflight(), 0);
        for token in tokens {
            assert_eq!(peer.published(token), Some(Err(Error::Aborted)));
        }
    }
}

/// PUB-25
#[test]
fn a_cancelled_message_that_has_not_left_never_leaves() {
    for version in BOTH {
        let mut peer = Scripted::new(clean(version));
        let tokens = [QOS0, QOS1, QOS2].map(|qos| peer.publish("t", "x", qos));
        for token in tokens {
            peer.act(|session, now| session.cancel(now, token));
            assert_eq!(peer.published(token), Some(Err(Error::Aborted)));
        }
        assert_eq!(peer.session.queued(), (0, 0));
        peer.connect();
        peer.accept(false);
        peer.expect_silence();
    }
}

/// PUB-26
#[test]
fn pubrels_go_out_in_the_order_of_the_pubrecs() {
    for version in BOTH {
        let mut peer = Scripted::connected(persistent(version));
        for _ in 0..3 {
            peer.publish("t", "x", QOS2);
        }
        let sent = peer.expect_all(&[PacketType::Publish; 3]);
        let order = [2, 0, 1].map(|nth: usize| sent[nth].id());
        peer.send_all(&order.map(pubrec));
        let released: Vec<_> = rest(&mut peer).iter().map(Frame::id).collect();
        assert_eq!(released, order);
        // And so they do when they go out again.
        peer.resume();
        let released: Vec<_> = rest(&mut peer).iter().map(Frame::id).collect();
        assert_eq!(released, order);
    }
}

/// PUB-27
#[test]
fn a_loss_in_the_middle_of_sending_again_starts_from_the_beginning() {
    for version in BOTH {
        let (mut peer, _, ids) = four_open(version);
        for _ in 0..3 {
            peer.resume();
            expect_four_again(&mut peer, &ids);
        }
        // Nothing at all gets through.
        peer.reconnect();
        peer.stalled = true;
        peer.accept(true);
        peer.cut();
        peer.stalled = false;
        peer.next_attempt();
        peer.accept(true);
        expect_four_again(&mut peer, &ids);
    }
}

/// PUB-27, CON-15
#[test]
fn a_message_that_was_sent_again_is_new_to_a_new_session() {
    for version in BOTH {
        let mut peer = Scripted::connected(persistent(version));
        let tokens = ["1", "2"].map(|payload| peer.publish("t", payload, QOS1));
        peer.expect_all(&[PacketType::Publish; 2]);
        peer.resume();
        peer.expect_all(&[PacketType::Publish; 2]);
        peer.reconnect();
        peer.accept(false);
        let sent = peer.expect_all(&[PacketType::Publish; 2]);
        for ((frame, payload), token) in sent.iter().zip(["1", "2"]).zip(tokens) {
            assert_eq!(frame.publish(), message(QOS1, frame.id(), "t", payload));
            peer.send(&puback(frame.id()));
            assert_eq!(peer.published(token), done(QOS1));
        }
    }
}

/// PUB-28
#[test]
fn a_close_of_3_1_1_says_nothing_about_the_message() {
    let mut peer = Scripted::connected(persistent(Version::V4));
    let token = peer.publish("forbidden", "x", QOS1);
    peer.cut();
    assert_eq!(peer.published(token), None);
    assert_eq!(peer.session.inflight(), 1);
}

#[test]
fn properties_and_flags_of_a_message_are_sent_as_given() {
    let list = [
        Property::Byte(PropertyId::PayloadFormatIndicator, 1),
        Property::FourByte(PropertyId::MessageExpiryInterval, 60),
        Property::Text(PropertyId::ContentType, "text/plain"),
        Property::Text(PropertyId::ResponseTopic, "answer"),
        Property::Binary(PropertyId::CorrelationData, &[0, 1]),
        Property::Pair("k", "v"),
        Property::Pair("k", "w"),
    ];
    let given = properties(&list);
    let topic = webmqtt::codec::TopicName::new("t").unwrap();
    let outgoing = Outgoing {
        qos: QOS2,
        retain: true,
        ..Outgoing::new(topic, b"").with_properties(&given)
    };
    let mut peer = Scripted::connected(clean(Version::V5));
    peer.act(|session, now| session.publish(now, &outgoing))
        .unwrap();
    let frame = peer.expect(PacketType::Publish);
    let publish = frame.publish();
    assert!(publish.retain);
    assert_eq!(publish.payload, b"");
    assert_eq!(publish.properties.iter().collect::<Vec<_>>(), list);

    // 3.1.1 has none of them.
    let mut peer = Scripted::connected(clean(Version::V4));
    assert!(
        peer.act(|session, now| session.publish(now, &outgoing))
            .is_err()
    );
    peer.expect_silence();
}

#[test]
fn an_impossible_topic_is_refused_and_nothing_is_lost_by_it() {
    let long = "x".repeat(65_536);
    for topic in ["", "a/+", "#", "a\0b", long.as_str()] {
        let mut peer = Scripted::connected(clean(Version::V4));
        let queued = peer.publish("t", "x", QOS1);
        peer.expect(PacketType::Publish);
        assert!(matches!(
            peer.try_publish(topic, b"x", QOS1),
            Err(Error::Topic(_))
        ));
        assert_eq!(peer.state(), State::Connected);
        assert_eq!(peer.published(queued), None);
        peer.expect_silence();
    }
    let mut peer = Scripted::connected(clean(Version::V4));
    let longest = "x".repeat(65_535);
    assert!(peer.try_publish(&longest, b"x", QOS1).is_ok());
    peer.act(Session::disconnect);
}
