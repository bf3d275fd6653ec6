//! A server that speaks nothing newer than 3.1.1, and a client that would rather have 5.0.

mod pair;

use pair::*;
use webmqtt::codec::{
    Connect, Packet, PacketType, Property, PropertyId, ReasonCode, SubscribeOptions, TopicFilter,
    TopicName, Version,
};
use webmqtt::error::Error;
use webmqtt::session::{ConnectOptions, Outgoing, Session, State, WillOptions};

/// The CONNACKs of a 3.1.1 server that refuses, and that takes what it does not know for its own.
const REFUSAL: [u8; 4] = [0x20, 2, 0, 1];
const WRONG_PASSWORD: [u8; 4] = [0x20, 2, 0, 4];
const ACCEPTANCE: [u8; 4] = [0x20, 2, 0, 0];

fn options() -> ConnectOptions {
    ConnectOptions {
        fallback: true,
        ..clean(Version::V5)
    }
}

/// The CONNECT of the next attempt, which is made at once.
#[track_caller]
fn next_connect(peer: &mut Scripted) -> Frame {
    assert_eq!(peer.state(), State::Connecting, "{:?}", peer.cause());
    peer.open();
    peer.version = peer.session.version();
    peer.expect(PacketType::Connect)
}

#[track_caller]
fn connect_of(frame: &Frame) -> Connect<'_> {
    match frame.packet() {
        Packet::Connect(connect) => connect,
        other => panic!("not a CONNECT: {other:?}"),
    }
}

/// Refused as 5.0 and connecting with 3.1.1.
#[track_caller]
fn fallen_back(options: ConnectOptions) -> Scripted {
    let mut peer = Scripted::new(options);
    peer.connect();
    peer.send_bytes(&REFUSAL);
    assert_eq!(connect_of(&next_connect(&mut peer)).version, Version::V4);
    peer
}

fn version_of_connection(peer: &Scripted) -> Vec<Version> {
    let versions = peer.happened.iter().filter_map(|it| match it.what {
        What::Connected { version, .. } => Some(version),
        _ => None,
    });
    versions.collect()
}

/// CON-19, [MQTT-3.1.2-2]
#[test]
fn each_way_to_refuse_5_leads_to_3_1_1_at_once() {
    let ways: [fn(&mut Scripted); 5] = [
        |peer| peer.send(&refusal(ReasonCode::UnsupportedProtocolVersion)),
        |peer| peer.send_bytes(&REFUSAL),
        |peer| peer.send_bytes(&WRONG_PASSWORD),
        |peer| peer.send_bytes(&ACCEPTANCE),
        Scripted::cut,
    ];
    for way in ways {
        let mut peer = Scripted::new(options());
        assert_eq!(connect_of(&peer.connect()).version, Version::V5);
        way(&mut peer);
        let at = peer.now;
        assert_eq!(connect_of(&next_connect(&mut peer)).version, Version::V4);
        assert_eq!(peer.now, at);
        peer.accept(false);
        assert_eq!(peer.state(), State::Connected);
        assert_eq!(peer.session.version(), Version::V4);
        assert_eq!(version_of_connection(&peer), [Version::V4]);
    }
}

/// CON-19
#[test]
fn without_the_option_nothing_else_is_tried() {
    for connack in [REFUSAL, WRONG_PASSWORD] {
        let mut peer = Scripted::new(clean(Version::V5));
        peer.connect();
        peer.send_bytes(&connack);
        assert_eq!(peer.state(), State::Idle);
    }
    let mut peer = Scripted::new(clean(Version::V5));
    peer.connect();
    peer.cut();
    assert_eq!(peer.state(), State::Idle);
}

#[test]
fn other_refusals_are_no_reason_to_fall_back() {
    for reason in [ReasonCode::NotAuthorized, ReasonCode::ServerUnavailable] {
        let mut peer = Scripted::new(options());
        peer.connect();
        peer.send(&refusal(reason));
        assert_eq!(peer.state(), State::Idle);
    }
    let mut peer = Scripted::new(options());
    peer.act(Session::connect).unwrap();
    peer.cut();
    assert_eq!(peer.cause(), Some(Error::Unreachable));
    assert_eq!(peer.state(), State::Idle);
}

/// REC-14
#[test]
fn a_session_keeps_its_version() {
    let mut peer = Scripted::connected(ConnectOptions {
        session_expiry: 3600,
        ..options()
    });
    peer.reconnect();
    peer.cut();
    assert_eq!(connect_of(&peer.next_attempt()).version, Version::V5);
    peer.send(&refusal(ReasonCode::UnsupportedProtocolVersion));
    assert_eq!(peer.state(), State::Idle);

    let mut peer = fallen_back(options());
    peer.accept(false);
    for _ in 0..3 {
        assert_eq!(connect_of(&peer.reconnect()).version, Version::V4);
        peer.accept(false);
    }
}

#[test]
fn if_3_1_1_does_no_better_the_next_attempt_begins_with_5_again() {
    let mut peer = Scripted::new(options());
    peer.connect();
    peer.cut();
    next_connect(&mut peer);
    peer.cut();
    assert_eq!(peer.state(), State::Idle);
    assert_eq!(peer.session.version(), Version::V5);
    peer.version = Version::V5;
    assert_eq!(connect_of(&peer.connect()).version, Version::V5);
    peer.accept(false);
    assert_eq!(version_of_connection(&peer), [Version::V5]);
}

#[test]
fn what_only_5_can_say_is_left_out_of_connect() {
    let because = properties(&[Property::Pair("name", "value")]);
    let delayed = properties(&[Property::FourByte(PropertyId::WillDelayInterval, 60)]);
    let peer = fallen_back(ConnectOptions {
        properties: because,
        will: Some(WillOptions {
            topic: "gone".into(),
            payload: b"yes".to_vec(),
            qos: QOS1,
            retain: true,
            properties: delayed,
        }),
        username: Some("ann".into()),
        ..options()
    });
    let connect = peer.log().iter().find(|frame| frame.connection == 2);
    let connect = connect.unwrap();
    let connect = connect_of(connect);
    let will = connect.will.unwrap();
    assert!(connect.properties.is_empty() && will.properties.is_empty());
    assert_eq!((will.payload, will.qos), (&b"yes"[..], QOS1));
    assert_eq!(connect.username, Some("ann"));
}

#[test]
fn clean_session_is_set_unless_the_session_is_to_live_on() {
    for (clean_start, session_expiry, clean_session) in [
        (true, 0, true),
        (true, 60, true),
        (false, 0, true),
        (false, 60, false),
    ] {
        let peer = fallen_back(ConnectOptions {
            clean_start,
            session_expiry,
            ..options()
        });
        let connect = peer.log().iter().find(|frame| frame.connection == 2);
        assert_eq!(connect_of(connect.unwrap()).clean_start, clean_session);
    }
}

#[test]
fn a_connect_that_3_1_1_cannot_say_stays_refused() {
    let mut peer = Scripted::new(ConnectOptions {
        password: Some(b"no user name".to_vec()),
        ..options()
    });
    peer.connect();
    peer.send_bytes(&REFUSAL);
    assert_eq!(peer.state(), State::Idle);
    let refused = Error::ConnectRefused(ReasonCode::UnsupportedProtocolVersion);
    assert_eq!(peer.cause(), Some(refused));
    assert_eq!(peer.session.version(), Version::V5);
}

/// Publishes with a property of 5.0.
fn publish_with_expiry(peer: &mut Scripted, payload: &str, qos: webmqtt::codec::QoS) {
    let properties = properties(&[
        Property::FourByte(PropertyId::MessageExpiryInterval, 600),
        Property::Pair("name", "value"),
    ]);
    let message = Outgoing {
        qos,
        properties: properties.as_properties(),
        ..Outgoing::new(TopicName::new("a/b").unwrap(), payload.as_bytes())
    };
    peer.act(|session, now| session.publish(now, &message))
        .expect("the message is accepted");
}

#[test]
fn what_was_queued_leaves_without_what_only_5_can_say() {
    let mut peer = Scripted::new(options());
    publish_with_expiry(&mut peer, "zero", QOS0);
    publish_with_expiry(&mut peer, "one", QOS1);
    peer.connect();
    peer.send_bytes(&REFUSAL);
    next_connect(&mut peer);
    publish_with_expiry(&mut peer, "meanwhile", QOS2);
    peer.accept(false);
    publish_with_expiry(&mut peer, "after", QOS0);
    let frames = peer.expect_all(&[PacketType::Publish; 4]);
    let payloads: Vec<_> = frames.iter().map(|frame| frame.publish().payload).collect();
    assert_eq!(payloads, [&b"zero"[..], b"one", b"meanwhile", b"after"]);
    for frame in &frames {
        let publish = frame.publish();
        assert_eq!((publish.topic_text(), publish.dup), ("a/b", false));
        assert!(publish.properties.is_empty());
    }
    assert_eq!(frames[1].publish().qos, QOS1);
    assert_eq!(peer.session.queued(), (0, 0));
}

/// PUB-24: 3.1.1 cannot tell the server, but what waits here expires all the same.
#[test]
fn a_message_expires_here_also_after_the_fallback() {
    let mut peer = fallen_back(ConnectOptions {
        fallback: true,
        ..persistent(Version::V5)
    });
    let expires = |peer: &mut Scripted, seconds| {
        let expiry = Property::FourByte(PropertyId::MessageExpiryInterval, seconds);
        peer.publish_with("t", "x", QOS1, &[expiry])
    };
    peer.cut();
    let token = expires(&mut peer, 10);
    peer.open_at_once = false;
    peer.run_timers(10_000, false);
    assert_eq!(peer.published(token), Some(Err(Error::Expired)));

    // What was queued for 5.0 keeps its time.
    let mut peer = Scripted::new(ConnectOptions {
        fallback: true,
        lower_qos: true,
        ..persistent(Version::V5)
    });
    let (soon, late) = (expires(&mut peer, 10), expires(&mut peer, 20));
    peer.connect();
    peer.send_bytes(&REFUSAL);
    next_connect(&mut peer);
    peer.stalled = true;
    peer.accept(false);
    peer.advance(10_000);
    assert_eq!(peer.published(soon), Some(Err(Error::Expired)));
    peer.stalled = false;
    peer.drain();
    let frames = peer.expect_all(&[PacketType::Publish]);
    assert!(frames[0].publish().properties.is_empty());
    peer.send(&puback(frames[0].id()));
    assert!(peer.published(late).unwrap().is_ok());
}

#[test]
fn messages_that_waited_for_3_1_1_in_vain_leave_with_5_as_they_were() {
    let mut peer = Scripted::new(options());
    publish_with_expiry(&mut peer, "x", QOS1);
    peer.connect();
    peer.cut();
    next_connect(&mut peer);
    peer.cut();
    peer.version = Version::V5;
    peer.connect();
    peer.accept(false);
    let frame = peer.expect(PacketType::Publish);
    let properties = frame.publish().properties;
    let expiry = properties.four_byte(PropertyId::MessageExpiryInterval);
    assert_eq!(expiry, Some(600));
    assert_eq!(properties.user_properties().count(), 1);
}

#[test]
fn subscriptions_are_asked_for_without_what_only_5_can_say() {
    let mut peer = Scripted::new(options());
    let wanted = SubscribeOptions {
        no_local: true,
        retain_as_published: true,
        ..SubscribeOptions::new(QOS1)
    };
    let named = properties(&[Property::Pair("name", "value")]);
    for filter in ["a/+", "b"] {
        let filters = [(TopicFilter::new(filter).unwrap(), wanted)];
        peer.act(|session, now| session.subscribe_with(now, &filters, named.as_properties()))
            .unwrap();
    }
    peer.connect();
    peer.send_bytes(&REFUSAL);
    next_connect(&mut peer);
    peer.accept(false);
    let later = [(TopicFilter::new("c").unwrap(), wanted)];
    let (_, key) = peer
        .act(|session, now| session.subscribe(now, &later))
        .unwrap();
    let mut filters = Vec::new();
    while let Some(frame) = peer.next() {
        match frame.packet() {
            Packet::Subscribe(subscribe) => {
                assert!(subscribe.properties.is_empty());
                for (filter, options) in subscribe.filters.iter() {
                    assert_eq!(options, SubscribeOptions::new(QOS1));
                    filters.push(filter.as_str().to_owned());
                }
                let codes = vec![1; subscribe.filters.iter().count()];
                peer.send(&suback(frame.id(), &codes));
            }
            other => panic!("{other:?}"),
        }
    }
    assert_eq!(filters, ["a/+", "b", "c"]);
    peer.send(&publish(QOS0, 0, "a/x", "for a"));
    assert_eq!(peer.payloads(), ["for a"]);
    peer.act(|session, now| session.unsubscribe_with(now, key, named.as_properties()))
        .unwrap();
    peer.expect_all(&[PacketType::Unsubscribe]);
}

#[test]
fn requests_fail_since_3_1_1_has_none() {
    let mut peer = Scripted::new(options());
    let message = Outgoing::new(TopicName::new("a").unwrap(), b"?");
    let wait = webmqtt::time::Duration::from_secs(60);
    let token = peer
        .act(|session, now| session.request(now, &message, wait))
        .unwrap();
    peer.connect();
    peer.send_bytes(&REFUSAL);
    next_connect(&mut peer);
    peer.accept(false);
    peer.expect_silence();
    let failed =
        |it: &Happened| matches!(it.what, What::RequestFailed { token: of, .. } if of == token);
    assert!(peer.happened.iter().any(failed));
    let refused = peer.act(|session, now| session.request(now, &message, wait));
    assert!(matches!(refused, Err(Error::Encode(_))));
}

#[test]
fn an_end_in_words_of_5_is_a_plain_disconnect() {
    let mut peer = fallen_back(options());
    peer.accept(false);
    let words = properties(&[Property::Text(PropertyId::ReasonString, "bye")]);
    peer.act(|session, now| {
        session.disconnect_with(now, ReasonCode::Success, words.as_properties())
    })
    .unwrap();
    peer.expect_all(&[PacketType::Disconnect]);
}

#[test]
fn the_application_is_asked_for_the_second_attempt_too() {
    let mut peer = Scripted::new(ConnectOptions {
        ask: true,
        ..options()
    });
    peer.act(Session::connect).unwrap();
    for version in [Version::V5, Version::V4] {
        peer.act(|session, now| session.prepared(now, Default::default()))
            .unwrap();
        peer.open();
        let connect = peer.expect(PacketType::Connect);
        assert_eq!(connect_of(&connect).version, version);
        peer.cut();
    }
    assert_eq!(peer.state(), State::Idle);
}

/// It would be a way around the authentication.
#[test]
fn there_is_no_fallback_from_an_authentication_method() {
    let refused = Session::new(
        ConnectOptions {
            authentication_method: Some("X".into()),
            ..options()
        },
        1,
    );
    assert_eq!(refused.err(), Some(Error::Option));
}

#[test]
fn giving_up_in_the_middle_begins_with_5_again() {
    let mut peer = fallen_back(options());
    peer.act(Session::stop);
    assert_eq!(peer.session.version(), Version::V5);
    peer.version = Version::V5;
    assert_eq!(connect_of(&peer.connect()).version, Version::V5);
}
