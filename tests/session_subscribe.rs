//! Subscriptions: results for each filter, and what the server is told again and when.

mod pair;

use pair::*;
use webmqtt::codec::{
    Packet, PacketType, Property, PropertyId, ReasonCode, RetainHandling, SubscribeOptions,
    TopicFilter, Version,
};
use webmqtt::error::Error;
use webmqtt::session::{Session, State};

/// UNSUBACK in the words of the version.
fn unsubscribed(version: Version, id: u16, codes: &[u8]) -> Packet<'_> {
    unsuback(id, if version == Version::V5 { codes } else { &[] })
}

/// SUB-01
#[test]
fn results_come_in_the_order_of_the_filters() {
    for version in BOTH {
        let mut peer = Scripted::connected(clean(version));
        let (token, _) = peer.subscribe(&[("a", QOS2), ("b/+", QOS0), ("c/#", QOS1)]);
        let frame = peer.expect(PacketType::Subscribe);
        assert_eq!(frame.bytes[0], 0x82);
        assert_eq!(names(&frame), ["a", "b/+", "c/#"]);
        assert_eq!(peer.subscribed(token), None);
        peer.send(&suback(frame.id(), &[2, 0, 1]));
        assert_eq!(
            peer.subscribed(token),
            Some(vec![Ok(QOS2), Ok(QOS0), Ok(QOS1)])
        );
        peer.expect_silence();
    }
}

/// SUB-02
#[test]
fn a_refused_filter_fails_alone_and_gets_no_messages() {
    let failures = ReasonCode::ALL.iter().copied().filter(|code| {
        code.is_error() && code.legal_in(PacketType::SubAck, webmqtt::codec::Sender::Server)
    });
    let v4 = [(Version::V4, ReasonCode::UnspecifiedError)];
    for (version, reason) in failures.map(|code| (Version::V5, code)).chain(v4) {
        let mut peer = Scripted::connected(persistent(version));
        let (token, key) = peer.subscribe(&[("a", QOS1), ("b", QOS1), ("c", QOS1)]);
        let id = peer.expect(PacketType::Subscribe).id();
        peer.send(&suback(id, &[1, reason.as_u8(), 1]));
        assert_eq!(
            peer.subscribed(token),
            Some(vec![
                Ok(QOS1),
                Err(Error::SubscribeRefused(reason)),
                Ok(QOS1)
            ])
        );
        for topic in ["a", "b", "c"] {
            peer.send(&publish(QOS0, 0, topic, topic));
        }
        assert_eq!(peer.payloads(), ["a", "c"]);
        // Nor is it asked for again, nor unsubscribed from.
        peer.reconnect();
        peer.accept(false);
        assert_eq!(grant(&mut peer), ["a", "c"]);
        peer.unsubscribe(key);
        let frame = peer.expect(PacketType::Unsubscribe);
        assert_eq!(names(&frame), ["a", "c"]);
    }
}

/// SUB-02
#[test]
fn a_subscription_without_any_filter_granted_is_gone() {
    for version in BOTH {
        let mut peer = Scripted::connected(persistent(version));
        let (token, key) = peer.subscribe(&[("a", QOS1), ("b", QOS1)]);
        let id = peer.expect(PacketType::Subscribe).id();
        peer.send(&suback(id, &[0x80, 0x80]));
        assert!(peer.subscribed(token).unwrap().iter().all(Result::is_err));
        let token = peer.unsubscribe(key);
        assert_eq!(peer.unsubscribed(token), Some(Ok(())));
        peer.reconnect();
        peer.accept(false);
        peer.expect_silence();
    }
}

/// SUB-03
#[test]
fn a_lower_granted_qos_is_seen_and_accepted() {
    for version in BOTH {
        let mut peer = Scripted::connected(clean(version));
        let (token, _) = peer.subscribe(&[("a", QOS2)]);
        let id = peer.expect(PacketType::Subscribe).id();
        peer.send(&suback(id, &[0]));
        assert_eq!(peer.subscribed(token), Some(vec![Ok(QOS0)]));
        peer.expect_silence();
    }
}

/// SUB-04
#[test]
fn a_suback_with_the_wrong_number_of_codes_is_a_protocol_error() {
    for version in BOTH {
        for codes in [&[1][..], &[1, 1, 1]] {
            let mut peer = Scripted::connected(clean(version));
            let (token, _) = peer.subscribe(&[("a", QOS1), ("b", QOS1)]);
            let id = peer.expect(PacketType::Subscribe).id();
            peer.send(&suback(id, codes));
            assert_eq!(
                peer.cause(),
                Some(Error::Protocol(ReasonCode::ProtocolError))
            );
            assert_eq!(peer.subscribed(token), None);
            peer.expect_hang_up(&[ReasonCode::ProtocolError]);
        }
    }
}

/// SUB-04
#[test]
fn an_unsuback_with_the_wrong_number_of_codes_is_a_protocol_error() {
    for codes in [&[0][..], &[0, 0, 0]] {
        let mut peer = Scripted::connected(clean(Version::V5));
        let (_, key) = peer.subscribe(&[("a", QOS1), ("b", QOS1)]);
        grant(&mut peer);
        peer.unsubscribe(key);
        let id = peer.expect(PacketType::Unsubscribe).id();
        peer.send(&unsuback(id, codes));
        peer.expect_hang_up(&[ReasonCode::ProtocolError]);
    }
}

/// SUB-05
#[test]
fn answers_that_nobody_waits_for_settle_nothing() {
    for version in BOTH {
        let mut peer = Scripted::connected(clean(version));
        let (_, key) = peer.subscribe(&[("a", QOS1)]);
        grant(&mut peer);
        let (subscribed, _) = peer.subscribe(&[("b", QOS1)]);
        let subscribe = peer.expect(PacketType::Subscribe).id();
        let token = peer.unsubscribe(key);
        let unsubscribe = peer.expect(PacketType::Unsubscribe).id();
        let published = peer.publish("t", "x", QOS1);
        let publish = peer.expect(PacketType::Publish).id();
        peer.send_all(&[
            suback(999, &[1]),
            unsubscribed(version, 999, &[0]),
            suback(unsubscribe, &[1]),
            unsubscribed(version, subscribe, &[0]),
            suback(publish, &[1]),
            unsubscribed(version, publish, &[0]),
            puback(subscribe),
            puback(unsubscribe),
        ]);
        assert_eq!(peer.state(), State::Connected);
        assert_eq!(peer.subscribed(subscribed), None);
        assert_eq!(peer.unsubscribed(token), None);
        assert_eq!(peer.published(published), None);
        peer.send_all(&[
            suback(subscribe, &[1]),
            unsubscribed(version, unsubscribe, &[0]),
            puback(publish),
        ]);
        assert_eq!(peer.subscribed(subscribed), Some(vec![Ok(QOS1)]));
        assert_eq!(peer.unsubscribed(token), Some(Ok(())));
        assert!(peer.published(published).unwrap().is_ok());
    }
}

/// SUB-06
#[test]
fn a_missing_suback_is_waited_for_on_the_same_connection() {
    for version in BOTH {
        let mut peer = Scripted::connected(clean(version));
        let (token, _) = peer.subscribe(&[("a", QOS1)]);
        let id = peer.expect(PacketType::Subscribe).id();
        for _ in 0..20 {
            peer.advance(45_000);
            peer.expect_all(&[PacketType::PingReq]);
            peer.send(&Packet::PingResp);
        }
        assert_eq!(peer.subscribed(token), None);
        peer.send(&suback(id, &[1]));
        assert_eq!(peer.subscribed(token), Some(vec![Ok(QOS1)]));
    }
}

/// SUB-07
#[test]
fn messages_before_the_suback_are_delivered() {
    for version in BOTH {
        let mut peer = Scripted::connected(clean(version));
        let (_, key) = peer.subscribe(&[("a", QOS1)]);
        let id = peer.expect(PacketType::Subscribe).id();
        peer.send_all(&[publish(QOS1, 1, "a", "x"), suback(id, &[1])]);
        assert_eq!(peer.messages()[0].subscriptions, [key]);
        peer.expect_all(&[PacketType::PubAck]);
    }
}

/// SUB-08
#[test]
fn the_answer_to_unsubscribe_settles_it() {
    for version in BOTH {
        let cases: &[(u8, bool)] = match version {
            Version::V5 => &[(0, true), (0x11, true), (0x87, false), (0x80, false)],
            _ => &[(0, true)],
        };
        for &(code, good) in cases {
            let mut peer = Scripted::connected(clean(version));
            let (_, key) = peer.subscribe(&[("a", QOS1)]);
            grant(&mut peer);
            let token = peer.unsubscribe(key);
            let frame = peer.expect(PacketType::Unsubscribe);
            assert_eq!(frame.bytes[0], 0xA2);
            assert_eq!(names(&frame), ["a"]);
            assert_eq!(peer.unsubscribed(token), None);
            peer.send(&unsubscribed(version, frame.id(), &[code]));
            let result = peer.unsubscribed(token).unwrap();
            assert_eq!(result.is_ok(), good, "{result:?}");
            if let Err(error) = result {
                let reason = ReasonCode::from_u8(code).unwrap();
                assert_eq!(error, Error::UnsubscribeRefused(reason));
            }
        }
    }
}

/// SUB-09
#[test]
fn subscriptions_are_renewed_in_one_packet_if_and_only_if_the_session_was_lost() {
    for version in BOTH {
        let mut peer = Scripted::connected(persistent(version));
        for filter in ["a", "b", "c"] {
            peer.subscribe(&[(filter, QOS1)]);
            grant(&mut peer);
        }
        peer.reconnect();
        peer.accept(false);
        assert_eq!(grant(&mut peer), ["a", "b", "c"]);
        peer.expect_silence();
        peer.resume();
        peer.expect_silence();
        let settled = |happened: &&Happened| matches!(happened.what, What::Subscribed { .. });
        assert_eq!(peer.happened.iter().filter(settled).count(), 3);
    }
}

/// SUB-09
#[test]
fn a_thousand_subscriptions_are_renewed_in_few_packets() {
    for version in BOTH {
        let mut peer = Scripted::connected(clean(version));
        for nth in 0..2500 {
            peer.subscribe(&[(format!("topic/{nth}").as_str(), QOS1)]);
            grant(&mut peer);
        }
        peer.reconnect();
        peer.accept(false);
        let mut again = Vec::new();
        let mut packets = 0;
        while let Some(frame) = peer.next() {
            again.extend(names(&frame));
            packets += 1;
        }
        assert_eq!(again.len(), 2500);
        assert!(packets <= 5, "{packets} packets");
    }
}

/// SUB-09
#[test]
fn a_renewal_that_is_refused_is_told_and_asked_for_again_after_the_next_loss() {
    for version in BOTH {
        let mut peer = Scripted::connected(clean(version));
        peer.subscribe(&[("a", QOS1), ("b", QOS1)]);
        grant(&mut peer);
        peer.reconnect();
        peer.accept(false);
        let id = peer.expect(PacketType::Subscribe).id();
        peer.send(&suback(id, &[0x80, 1]));
        let reason = ReasonCode::UnspecifiedError;
        assert_eq!(peer.warnings(), [Error::SubscribeRefused(reason)]);
        peer.reconnect();
        peer.accept(false);
        assert_eq!(grant(&mut peer), ["a", "b"]);
    }
}

#[test]
fn a_second_subscribe_takes_nothing_away_from_the_first() {
    let mut peer = Scripted::connected(clean(Version::V5));
    let generous = SubscribeOptions {
        qos: QOS2,
        retain_as_published: true,
        ..SubscribeOptions::default()
    };
    let sparing = SubscribeOptions {
        no_local: true,
        ..SubscribeOptions::default()
    };
    let asked = |peer: &mut Scripted, options| {
        let filter = [(TopicFilter::new("a").unwrap(), options)];
        let asked = peer.act(|session, now| session.subscribe(now, &filter));
        assert!(asked.is_ok());
        peer.expect(PacketType::Subscribe)
    };
    let first = asked(&mut peer, generous);
    let second = asked(&mut peer, sparing);
    assert_eq!(first.bytes.last(), second.bytes.last());
}

/// SUB-10
#[test]
fn a_subscribe_without_an_answer_is_asked_again_on_the_next_connection() {
    for version in BOTH {
        for session_present in [true, false] {
            let mut peer = Scripted::connected(persistent(version));
            let (token, _) = peer.subscribe(&[("a", QOS1)]);
            peer.expect(PacketType::Subscribe);
            peer.reconnect();
            peer.accept(session_present);
            let frame = peer.expect(PacketType::Subscribe);
            assert_eq!(frame.bytes[0], 0x82);
            peer.send(&suback(frame.id(), &[1]));
            assert_eq!(peer.subscribed(token), Some(vec![Ok(QOS1)]));
        }
    }
}

/// SUB-10
#[test]
fn of_two_calls_for_one_filter_the_second_is_asked_again_too() {
    for version in BOTH {
        let mut peer = Scripted::connected(persistent(version));
        let (first, _) = peer.subscribe(&[("a", QOS1)]);
        let id = peer.expect(PacketType::Subscribe).id();
        let (second, _) = peer.subscribe(&[("a", QOS2)]);
        peer.expect(PacketType::Subscribe);
        peer.send(&suback(id, &[1]));
        assert_eq!(peer.subscribed(first), Some(vec![Ok(QOS1)]));
        assert_eq!(peer.subscribed(second), None);
        // The answer to the second is lost with the connection.
        peer.resume();
        assert_eq!(grant(&mut peer), ["a"]);
        assert_eq!(peer.subscribed(second), Some(vec![Ok(QOS2)]));
    }
}

/// SUB-10
#[test]
fn an_unsubscribe_without_an_answer_is_asked_again_or_done() {
    for version in BOTH {
        for session_present in [true, false] {
            let mut peer = Scripted::connected(persistent(version));
            let (_, key) = peer.subscribe(&[("a", QOS1)]);
            grant(&mut peer);
            let token = peer.unsubscribe(key);
            peer.expect(PacketType::Unsubscribe);
            peer.reconnect();
            peer.accept(session_present);
            if session_present {
                let id = peer.expect(PacketType::Unsubscribe).id();
                peer.send(&unsubscribed(version, id, &[0]));
            }
            peer.expect_silence();
            assert_eq!(peer.unsubscribed(token), Some(Ok(())));
        }
    }
}

/// SUB-10
#[test]
fn an_unsubscribe_that_is_asked_again_does_not_end_a_newer_subscription() {
    for version in BOTH {
        let mut peer = Scripted::connected(persistent(version));
        let (_, key) = peer.subscribe(&[("a", QOS1)]);
        grant(&mut peer);
        let ended = peer.unsubscribe(key);
        peer.expect(PacketType::Unsubscribe);
        let (token, newer) = peer.subscribe(&[("a", QOS1)]);
        grant(&mut peer);
        assert_eq!(peer.subscribed(token), Some(vec![Ok(QOS1)]));
        // The UNSUBACK is lost.
        peer.resume();
        let mut server_has_it = true;
        while let Some(frame) = peer.next() {
            match frame.packet_type() {
                PacketType::Unsubscribe => {
                    server_has_it = false;
                    peer.send(&unsubscribed(version, frame.id(), &[0]));
                }
                PacketType::Subscribe => {
                    server_has_it = true;
                    peer.send(&suback(frame.id(), &[1]));
                }
                other => panic!("{other:?}"),
            }
        }
        assert!(server_has_it, "the last word is UNSUBSCRIBE");
        assert_eq!(peer.unsubscribed(ended), Some(Ok(())));
        peer.send(&publish(QOS0, 0, "a", "x"));
        assert_eq!(peer.messages()[0].subscriptions, [newer]);
    }
}

/// SUB-11
#[test]
fn options_are_sent_as_given() {
    let options = SubscribeOptions {
        qos: QOS1,
        no_local: true,
        retain_as_published: true,
        retain_handling: RetainHandling::DoNotSend,
    };
    let filter = TopicFilter::new("a").unwrap();
    let mut peer = Scripted::connected(clean(Version::V5));
    peer.act(|session, now| session.subscribe(now, &[(filter, options)]))
        .unwrap();
    let frame = peer.expect(PacketType::Subscribe);
    assert_eq!(filters(&frame), [("a".to_owned(), options)]);
    assert_eq!(frame.bytes.last(), Some(&0x2D));
    // 3.1.1 has none of them.
    let mut peer = Scripted::connected(clean(Version::V4));
    assert!(
        peer.act(|session, now| session.subscribe(now, &[(filter, options)]))
            .is_err()
    );
    peer.expect_silence();
}

/// SUB-12
#[test]
fn what_the_server_does_not_offer_is_refused_here() {
    let server = [
        Property::Byte(PropertyId::WildcardSubscriptionAvailable, 0),
        Property::Byte(PropertyId::SharedSubscriptionAvailable, 0),
    ];
    let mut peer = Scripted::connected_with(clean(Version::V5), &server);
    let (token, _) = peer.subscribe(&[("a/+", QOS1), ("plain", QOS1), ("$share/g/a", QOS1)]);
    assert_eq!(grant(&mut peer), ["plain"]);
    assert_eq!(
        peer.subscribed(token),
        Some(vec![
            Err(Error::WildcardNotSupported),
            Ok(QOS1),
            Err(Error::SharedNotSupported)
        ])
    );
    let (token, _) = peer.subscribe(&[("#", QOS1)]);
    assert_eq!(
        peer.subscribed(token),
        Some(vec![Err(Error::WildcardNotSupported)])
    );
    peer.expect_silence();
}

/// SUB-13
#[test]
fn messages_find_their_subscriptions_by_the_rules_of_section_4_7() {
    for (filter, matching, others) in [
        (
            "a/#",
            &["a", "a/b", "a/b/c", "a/"][..],
            &["b", "ab", "A/b"][..],
        ),
        ("a/+", &["a/b", "a/"], &["a", "a/b/c"]),
        ("+", &["a", "b"], &["/a", "$SYS"]),
        ("#", &["a", "/", "a/b"], &["$SYS/x"]),
        ("$SYS/#", &["$SYS/x", "$SYS"], &["SYS/x"]),
        ("a//b", &["a//b"], &["a/b"]),
        (
            "$share/group/a/+",
            &["a/b"],
            &["group/a/b", "$share/group/a/b"],
        ),
    ] {
        let mut peer = Scripted::connected(clean(Version::V5));
        let (_, key) = peer.subscribe(&[(filter, QOS0)]);
        grant(&mut peer);
        for topic in matching.iter().chain(others) {
            peer.send(&publish(QOS0, 0, topic, topic));
        }
        assert_eq!(peer.payloads(), matching, "{filter}");
        assert!(
            peer.messages()
                .iter()
                .all(|message| message.subscriptions == [key])
        );
    }
}

/// SUB-14
#[test]
fn bad_filters_are_refused_before_anything_is_sent() {
    for filter in [
        "",
        "a/#/b",
        "a#",
        "a+/b",
        "$share/g",
        "$share//a",
        "$share/g+/a",
        "a\0",
    ] {
        assert!(TopicFilter::new(filter).is_err(), "{filter:?}");
    }
    let mut peer = Scripted::connected(clean(Version::V5));
    let no_local = SubscribeOptions {
        no_local: true,
        ..SubscribeOptions::default()
    };
    let shared = TopicFilter::new("$share/g/a").unwrap();
    assert!(
        peer.act(|session, now| session.subscribe(now, &[]))
            .is_err()
    );
    assert!(
        peer.act(|session, now| session.subscribe(now, &[(shared, no_local)]))
            .is_err()
    );
    peer.expect_silence();
    assert_eq!(peer.state(), State::Connected);
}

#[test]
fn subscriptions_of_one_turn_share_a_packet() {
    for version in BOTH {
        let mut peer = Scripted::new(clean(version));
        let tokens = ["a", "b", "c"].map(|filter| peer.subscribe(&[(filter, QOS1)]).0);
        peer.connect();
        peer.accept(false);
        assert_eq!(grant(&mut peer), ["a", "b", "c"]);
        peer.expect_silence();
        for token in tokens {
            assert_eq!(peer.subscribed(token), Some(vec![Ok(QOS1)]));
        }
    }
}

#[test]
fn a_filter_that_another_subscription_uses_is_kept_at_the_server() {
    for version in BOTH {
        let mut peer = Scripted::connected(clean(version));
        let (_, first) = peer.subscribe(&[("a", QOS1), ("b", QOS1)]);
        grant(&mut peer);
        let (_, second) = peer.subscribe(&[("b", QOS0), ("c", QOS1)]);
        let mut asked = Vec::new();
        while let Some(frame) = peer.next() {
            asked.extend(
                filters(&frame)
                    .into_iter()
                    .map(|(name, options)| (name, options.qos)),
            );
            peer.send(&suback(frame.id(), &vec![1; filters(&frame).len()]));
        }
        // Asking again must not take away what the first one relies on.
        assert_eq!(asked, [("b".to_owned(), QOS1), ("c".to_owned(), QOS1)]);
        let token = peer.unsubscribe(first);
        let frame = peer.expect(PacketType::Unsubscribe);
        assert_eq!(names(&frame), ["a"]);
        peer.send(&unsubscribed(version, frame.id(), &[0]));
        assert_eq!(peer.unsubscribed(token), Some(Ok(())));
        peer.send(&publish(QOS0, 0, "b", "x"));
        assert_eq!(peer.messages()[0].subscriptions, [second]);
        // Nobody else uses the rest.
        peer.unsubscribe(second);
        let frame = peer.expect(PacketType::Unsubscribe);
        assert_eq!(names(&frame), ["b", "c"]);
    }
}

#[test]
fn a_filter_given_twice_is_asked_for_once_and_has_two_results() {
    for version in BOTH {
        let mut peer = Scripted::connected(clean(version));
        let (token, key) = peer.subscribe(&[("a", QOS0), ("a", QOS1)]);
        let frame = peer.expect(PacketType::Subscribe);
        assert_eq!(names(&frame), ["a"]);
        peer.send(&suback(frame.id(), &[1]));
        assert_eq!(peer.subscribed(token), Some(vec![Ok(QOS1), Ok(QOS1)]));
        peer.unsubscribe(key);
        assert_eq!(names(&peer.expect(PacketType::Unsubscribe)), ["a"]);
    }
}

#[test]
fn unsubscribing_twice_is_done_at_once() {
    for version in BOTH {
        let mut peer = Scripted::connected(clean(version));
        let (_, key) = peer.subscribe(&[("a", QOS1)]);
        grant(&mut peer);
        let first = peer.unsubscribe(key);
        let second = peer.unsubscribe(key);
        let frames = peer.expect_all(&[PacketType::Unsubscribe]);
        assert_eq!(peer.unsubscribed(second), Some(Ok(())));
        assert_eq!(peer.unsubscribed(first), None);
        peer.send(&unsubscribed(version, frames[0].id(), &[0]));
        assert_eq!(peer.unsubscribed(first), Some(Ok(())));
    }
}

#[test]
fn every_settled_subscribe_has_a_result_for_each_filter() {
    for version in BOTH {
        let three = [("a", QOS1), ("b", QOS1), ("c", QOS1)];
        let mut peer = Scripted::connected(clean(version));
        let (token, key) = peer.subscribe(&three);
        peer.unsubscribe(key);
        assert_eq!(peer.subscribed(token), Some(vec![Err(Error::Aborted); 3]));

        let (token, _) = peer.subscribe(&three);
        peer.act(Session::abort);
        assert_eq!(peer.subscribed(token), Some(vec![Err(Error::Closed); 3]));
    }
}
