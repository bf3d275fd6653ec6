//! Requests and their responses (section 4.10): what leaves, which message belongs to which request, how one fails.

mod pair;

use pair::*;
use webmqtt::codec::{
    Packet, PacketType, Properties, PropertiesBuf, Property, PropertyId, Publish, QoS, ReasonCode,
    RetainHandling, TopicName, Version,
};
use webmqtt::error::Error;
use webmqtt::session::{
    ConnectOptions, Outgoing, QueueLimits, QueuePolicy, Session, State, Timer, Token,
};
use webmqtt::time::Duration;

const INBOX: &str = "webmqtt/tester/reply";

fn try_request(peer: &mut Client, qos: QoS, list: &[Property<'_>]) -> Result<Token, Error> {
    let properties = properties(list);
    let message = Outgoing {
        qos,
        ..Outgoing::new(TopicName::new("service").unwrap(), b"question")
    };
    let message = message.with_properties(&properties);
    peer.act(|session, now| session.request(now, &message, Duration::from_secs(5)))
}

fn request(peer: &mut Client, qos: QoS) -> Token {
    try_request(peer, qos, &[]).expect("accepted")
}

/// Grants the inbox, which is what the server reads next, and gives its name.
#[track_caller]
fn grant_inbox(peer: &mut Scripted) -> String {
    let frame = peer.expect(PacketType::Subscribe);
    let Packet::Subscribe(packet) = frame.packet() else {
        unreachable!()
    };
    let filters: Vec<_> = packet.filters.iter().collect();
    let [(filter, options)] = filters[..] else {
        panic!("{filters:?}")
    };
    assert_eq!(options.retain_handling, RetainHandling::DoNotSend);
    peer.send(&suback(frame.id(), &[2]));
    filter.as_str().to_owned()
}

/// Response Topic and Correlation Data of a request.
#[track_caller]
fn asked(frame: &Frame) -> (String, Vec<u8>) {
    let properties = frame.publish().properties;
    (
        properties.text(PropertyId::ResponseTopic).unwrap().into(),
        properties
            .binary(PropertyId::CorrelationData)
            .unwrap()
            .into(),
    )
}

fn respond(peer: &mut Scripted, data: &[u8], payload: &str) {
    let list = properties(&[Property::Binary(PropertyId::CorrelationData, data)]);
    peer.send(&Packet::Publish(Publish {
        properties: list.as_properties(),
        ..message(QOS0, 0, INBOX, payload)
    }));
}

/// Connected, with the inbox granted and one request answered.
fn with_inbox(options: ConnectOptions) -> Scripted {
    let mut peer = Scripted::connected(options);
    let token = request(&mut peer, QOS0);
    grant_inbox(&mut peer);
    let (_, data) = asked(&peer.expect(PacketType::Publish));
    respond(&mut peer, &data, "ready");
    assert!(peer.requested(token).unwrap().is_ok());
    peer
}

#[test]
fn a_request_is_sent_when_its_inbox_is_granted_and_gets_its_response() {
    let mut peer = Scripted::connected(clean(Version::V5));
    let first = try_request(&mut peer, QOS1, &[Property::Pair("a", "b")]).unwrap();
    let second = request(&mut peer, QOS0);
    assert_eq!(grant_inbox(&mut peer), INBOX);
    let frames = peer.expect_all(&[PacketType::Publish; 2]);
    let sent = frames[0].publish();
    assert_eq!(
        (sent.topic_text(), sent.payload),
        ("service", &b"question"[..])
    );
    assert_eq!(sent.properties.user_properties().next(), Some(("a", "b")));
    let [(topic, one), (other_topic, other)] = [asked(&frames[0]), asked(&frames[1])];
    assert_eq!([topic.as_str(), &other_topic], [INBOX; 2]);
    assert_ne!(one, other);
    peer.send(&puback(frames[0].id()));
    assert_eq!(peer.requested(first), None);
    respond(&mut peer, &other, "second");
    respond(&mut peer, &one, "first");
    for (token, text) in [(first, "first"), (second, "second")] {
        let response = peer.requested(token).unwrap().unwrap();
        assert_eq!(response.text(), text);
        assert_eq!(response.subscriptions, []);
    }
    // Nothing else is told: no publish, no subscription, no late response.
    respond(&mut peer, &one, "again");
    respond(&mut peer, b"somebody else's", "");
    peer.send(&publish(QOS0, 0, INBOX, "without data"));
    assert_eq!(peer.messages().len(), 2);
    assert_eq!(peer.published(first), None);
    assert!(
        !peer
            .happened
            .iter()
            .any(|happened| matches!(happened.what, What::Subscribed { .. }))
    );
    // The inbox is made once.
    request(&mut peer, QOS0);
    peer.expect_all(&[PacketType::Publish]);
    assert_eq!(peer.deadline(), Some(5_000));
}

#[test]
fn a_response_may_come_before_the_acknowledgement_of_its_request() {
    let mut peer = with_inbox(clean(Version::V5));
    for qos in [QOS1, QOS2] {
        let token = request(&mut peer, qos);
        let frame = peer.expect(PacketType::Publish);
        respond(&mut peer, &asked(&frame).1, "fast");
        assert_eq!(peer.requested(token).unwrap().unwrap().text(), "fast");
        if qos == QOS1 {
            peer.send(&puback(frame.id()));
        } else {
            peer.send(&pubrec(frame.id()));
            peer.expect(PacketType::PubRel);
            peer.send(&pubcomp(frame.id()));
        }
        assert_eq!(peer.published(token), None);
    }
    assert_eq!(peer.session.inflight(), 0);
}

#[test]
fn a_request_without_a_response_fails_in_time() {
    let mut peer = with_inbox(clean(Version::V5));
    let token = request(&mut peer, QOS1);
    let frame = peer.expect(PacketType::Publish);
    peer.send(&puback(frame.id()));
    peer.advance(4_999);
    assert_eq!(peer.requested(token), None);
    peer.advance(1);
    assert_eq!(peer.requested(token), Some(Err(Error::RequestTimeout)));
    respond(&mut peer, &asked(&frame).1, "late");
    assert_eq!(peer.payloads(), ["ready"]);
    assert_eq!(peer.published(token), None);
}

#[test]
fn requests_wait_for_a_connection_and_not_longer_than_they_may() {
    let mut peer = Scripted::new(clean(Version::V5));
    let late = request(&mut peer, QOS1);
    peer.advance(3_000);
    let good = request(&mut peer, QOS1);
    peer.advance(2_000);
    assert_eq!(peer.requested(late), Some(Err(Error::RequestTimeout)));
    peer.connect();
    peer.accept(false);
    grant_inbox(&mut peer);
    let frames = peer.expect_all(&[PacketType::Publish]);
    respond(&mut peer, &asked(&frames[0]).1, "answer");
    assert_eq!(peer.requested(good).unwrap().unwrap().text(), "answer");
}

#[test]
fn a_queued_request_that_nobody_waits_for_does_not_leave() {
    let mut peer = with_inbox(persistent(Version::V5));
    peer.cut();
    let late = request(&mut peer, QOS1);
    let cancelled = request(&mut peer, QOS0);
    peer.act(|session, now| session.cancel(now, cancelled));
    assert_eq!(peer.requested(cancelled), Some(Err(Error::Aborted)));
    peer.open_at_once = false;
    peer.advance(5_000);
    assert_eq!(peer.requested(late), Some(Err(Error::RequestTimeout)));
    peer.open();
    peer.expect(PacketType::Connect);
    peer.accept(true);
    peer.expect_silence();
    assert_eq!(peer.session.queued(), (0, 0));
}

#[test]
fn a_cancelled_request_in_flight_is_completed_in_silence() {
    let mut peer = with_inbox(clean(Version::V5));
    let token = request(&mut peer, QOS1);
    let frame = peer.expect(PacketType::Publish);
    peer.act(|session, now| session.cancel(now, token));
    assert_eq!(peer.requested(token), Some(Err(Error::Aborted)));
    peer.send(&puback(frame.id()));
    respond(&mut peer, &asked(&frame).1, "late");
    assert_eq!(peer.published(token), None);
    assert_eq!(peer.payloads(), ["ready"]);
    assert_eq!(peer.session.inflight(), 0);
}

#[test]
fn a_refused_message_fails_its_request() {
    let mut peer = with_inbox(clean(Version::V5));
    let token = request(&mut peer, QOS1);
    let id = peer.expect(PacketType::Publish).id();
    peer.send(&Packet::PubAck(because(id, ReasonCode::NotAuthorized)));
    let refused = Error::PublishRefused(ReasonCode::NotAuthorized);
    assert_eq!(peer.requested(token), Some(Err(refused)));
    assert_eq!(peer.published(token), None);
}

#[test]
fn a_refused_inbox_fails_the_requests_and_is_asked_for_again_with_the_next() {
    let mut peer = Scripted::connected(clean(Version::V5));
    let token = request(&mut peer, QOS0);
    let id = peer.expect(PacketType::Subscribe).id();
    peer.send(&suback(id, &[0x87]));
    let refused = Error::SubscribeRefused(ReasonCode::NotAuthorized);
    assert_eq!(peer.requested(token), Some(Err(refused)));
    peer.expect_silence();
    let token = request(&mut peer, QOS0);
    grant_inbox(&mut peer);
    peer.expect(PacketType::Publish);
    assert_eq!(peer.requested(token), None);
}

#[test]
fn the_inbox_outlives_a_lost_session() {
    let mut peer = with_inbox(clean(Version::V5));
    let token = request(&mut peer, QOS1);
    let (_, data) = asked(&peer.expect(PacketType::Publish));
    peer.reconnect();
    peer.accept(false);
    // The subscription goes before the message.
    assert_eq!(grant_inbox(&mut peer), INBOX);
    let frame = peer.expect(PacketType::Publish);
    assert_eq!(asked(&frame).1, data);
    respond(&mut peer, &data, "after all");
    assert_eq!(peer.requested(token).unwrap().unwrap().text(), "after all");
}

#[test]
fn an_inbox_that_is_refused_when_it_is_renewed_is_told_and_made_anew() {
    let mut peer = with_inbox(clean(Version::V5));
    let token = request(&mut peer, QOS0);
    peer.expect(PacketType::Publish);
    peer.reconnect();
    peer.accept(false);
    let id = peer.expect(PacketType::Subscribe).id();
    peer.send(&suback(id, &[0x87]));
    let refused = Error::SubscribeRefused(ReasonCode::NotAuthorized);
    assert_eq!(peer.requested(token), Some(Err(refused)));
    assert_eq!(peer.warnings(), [refused]);
    while let Some(frame) = peer.next() {
        peer.send(&unsuback(frame.id(), &[0x11]));
    }
    request(&mut peer, QOS0);
    grant_inbox(&mut peer);
    peer.expect_all(&[PacketType::Publish]);
}

/// 3.1.2.11.6
#[test]
fn the_inbox_is_made_from_response_information_or_the_client_identifier() {
    let long = "x".repeat(65_530);
    for (information, client_id, expected) in [
        (Some("rpc/42"), "id", "rpc/42/reply"),
        (Some("rpc/42/"), "id", "rpc/42/reply"),
        (Some("rpc/#"), "id", "webmqtt/id/reply"),
        (Some(""), "id", "webmqtt/id/reply"),
        (None, "a+b#/c", "webmqtt/a_b_/c/reply"),
        (None, "", "webmqtt/given by the server/reply"),
    ] {
        let options = ConnectOptions {
            client_id: Some(client_id.into()),
            ..clean(Version::V5)
        };
        let mut peer = Scripted::new(options);
        request(&mut peer, QOS0);
        peer.connect();
        let mut list = Vec::new();
        if let Some(information) = information {
            list.push(Property::Text(PropertyId::ResponseInformation, information));
        }
        if client_id.is_empty() {
            let id = PropertyId::AssignedClientIdentifier;
            list.push(Property::Text(id, "given by the server"));
        }
        peer.accept_with(false, &list);
        assert_eq!(grant_inbox(&mut peer), expected);
        assert_eq!(asked(&peer.expect(PacketType::Publish)).0, expected);
    }
    let options = ConnectOptions {
        client_id: Some(long),
        ..clean(Version::V5)
    };
    let mut peer = Scripted::connected(options);
    let token = request(&mut peer, QOS0);
    assert!(matches!(peer.requested(token), Some(Err(Error::Topic(_)))));
    peer.expect_silence();
}

#[test]
fn a_subscription_of_the_application_to_the_inbox_has_its_own_copies() {
    let mut peer = with_inbox(clean(Version::V5));
    let (_, key) = peer.subscribe(&[("webmqtt/#", QOS0)]);
    let id = peer.expect(PacketType::Subscribe).id();
    peer.send(&suback(id, &[0]));
    let token = request(&mut peer, QOS0);
    let (_, data) = asked(&peer.expect(PacketType::Publish));
    // Without identifiers one copy is for both.
    respond(&mut peer, &data, "both");
    let response = peer.requested(token).unwrap().unwrap();
    assert_eq!(response.subscriptions, [key]);
    respond(&mut peer, &data, "late");
    assert_eq!(peer.payloads(), ["ready", "both", "late"]);
    assert_eq!(peer.messages()[2].reply_to, None);
}

#[test]
fn what_cannot_be_a_request_is_refused() {
    let mut old = Scripted::connected(clean(Version::V4));
    assert!(matches!(
        try_request(&mut old, QOS0, &[]),
        Err(Error::Encode(_))
    ));
    old.expect_silence();
    let mut peer = Scripted::connected(clean(Version::V5));
    for property in [
        Property::Text(PropertyId::ResponseTopic, "mine"),
        Property::Binary(PropertyId::CorrelationData, b"mine"),
        Property::TwoByte(PropertyId::TopicAlias, 1),
    ] {
        assert_eq!(
            try_request(&mut peer, QOS0, &[property]),
            Err(Error::Option)
        );
    }
    let wrong = Property::Text(PropertyId::ReasonString, "");
    assert!(try_request(&mut peer, QOS0, &[wrong]).is_err());
    peer.expect_silence();
    peer.act(Session::abort);
    assert_eq!(try_request(&mut peer, QOS0, &[]), Err(Error::Closed));
}

#[test]
fn every_open_request_ends_with_the_client() {
    let mut peer = with_inbox(clean(Version::V5));
    let sent = request(&mut peer, QOS1);
    peer.cut();
    let queued = request(&mut peer, QOS1);
    peer.act(Session::abort);
    for token in [sent, queued] {
        assert_eq!(peer.requested(token), Some(Err(Error::Closed)));
        assert_eq!(peer.published(token), None);
    }
    let mut peer = Scripted::new(clean(Version::V5));
    let held = request(&mut peer, QOS1);
    peer.act(Session::abort);
    assert_eq!(peer.requested(held), Some(Err(Error::Closed)));
    assert_eq!(peer.state(), State::Closed);
    assert_eq!(peer.deadline(), None);
}

#[test]
fn two_runs_of_an_application_take_other_correlation_data() {
    let data = |seed| {
        let mut net = Net::new(clean(Version::V5), Settings::default(), seed);
        net.connect();
        request(&mut net.client, QOS0);
        net.settle();
        let frames = net.client.log().iter();
        let mut sent = frames.filter(|frame| frame.packet_type() == PacketType::Publish);
        asked(sent.next().expect("a request")).1
    };
    let all: std::collections::BTreeSet<_> = (0..100).map(data).collect();
    assert_eq!(all.len(), 100);
}

#[test]
fn a_response_is_made_from_the_request() {
    let list = properties(&[
        Property::Text(PropertyId::ResponseTopic, "answers/here"),
        Property::Binary(PropertyId::CorrelationData, &[1, 2, 3]),
        Property::Pair("not", "copied"),
    ]);
    let mut own = PropertiesBuf::new();
    own.user("mine", "too").unwrap();
    let response = Outgoing::response_to(list.as_properties(), b"yes", &mut own).unwrap();
    assert_eq!(response.topic.as_str(), "answers/here");
    assert_eq!(response.payload, b"yes");
    let data = response.properties.binary(PropertyId::CorrelationData);
    assert_eq!(data, Some(&[1, 2, 3][..]));
    let pairs: Vec<_> = response.properties.user_properties().collect();
    assert_eq!(pairs, [("mine", "too")]);
    let mut own = PropertiesBuf::new();
    assert!(Outgoing::response_to(Properties::EMPTY, b"", &mut own).is_none());
}

/// Client and service are the same client; the network is bad.
#[test]
fn requests_over_a_bad_network_get_their_own_responses_or_time_out() {
    let mut answered = 0;
    for seed in 0..100 {
        let _seed = pair::random::SeedOnFailure(seed);
        let mut net = Net::new(persistent(Version::V5), Settings::default(), seed);
        net.latency = 50;
        net.split = true;
        net.connect();
        net.client.subscribe(&[("service", QOS1)]);
        net.run(1_000);
        let mut served = 0;
        let mut tokens = Vec::new();
        for round in 0..20u32 {
            let payload = format!("{round}");
            let message = Outgoing {
                qos: QOS1,
                ..Outgoing::new(TopicName::new("service").unwrap(), payload.as_bytes())
            };
            let patience = Duration::from_secs(20);
            let token = net
                .client
                .act(|session, now| session.request(now, &message, patience))
                .unwrap();
            tokens.push((token, payload));
            for _ in 0..4 {
                net.run(60);
                let requests: Vec<_> = net.client.messages()[served..]
                    .iter()
                    .map(|message| (*message).clone())
                    .collect();
                served += requests.len();
                for request in requests.iter().filter(|message| message.topic == "service") {
                    let mut own = PropertiesBuf::new();
                    let list = request.properties.as_properties();
                    let response = Outgoing::response_to(list, &request.payload, &mut own);
                    let response = Outgoing {
                        qos: QOS1,
                        ..response.expect("a request")
                    };
                    net.client
                        .act(|session, now| session.publish(now, &response))
                        .unwrap();
                }
                if net.random.chance(10) {
                    net.cut();
                }
            }
        }
        net.run(60_000);
        for (token, payload) in tokens {
            match net.client.requested(token).expect("settled") {
                Ok(response) => {
                    assert_eq!(response.text(), payload);
                    answered += 1;
                }
                Err(error) => assert_eq!(error, Error::RequestTimeout),
            }
        }
    }
    assert!(answered > 1_000, "{answered} of 2000");
}

#[test]
fn what_comes_into_the_inbox_is_acknowledged_also_where_the_application_does_it_itself() {
    let mut peer = with_inbox(ConnectOptions {
        manual_ack: true,
        ..clean(Version::V5)
    });
    let token = request(&mut peer, QOS0);
    let (_, data) = asked(&peer.expect(PacketType::Publish));
    let list = properties(&[Property::Binary(PropertyId::CorrelationData, &data)]);
    for (nth, qos, answer) in [(1, QOS1, PacketType::PubAck), (2, QOS2, PacketType::PubRec)] {
        // The first is the response, the second comes too late.
        peer.send(&Packet::Publish(Publish {
            properties: list.as_properties(),
            ..message(qos, nth, INBOX, "x")
        }));
        assert_eq!(peer.expect(answer).id(), nth);
    }
    let response = peer.requested(token).unwrap().unwrap();
    assert_eq!(response.ack, None);
    // A subscription of the application's own has its say.
    let (_, key) = peer.subscribe(&[("#", QOS1)]);
    let id = peer.expect(PacketType::Subscribe).id();
    peer.send(&suback(id, &[1]));
    peer.send(&publish(QOS1, 3, INBOX, "x"));
    peer.expect_silence();
    let last = peer.messages().pop().unwrap().clone();
    assert_eq!(last.subscriptions, [key]);
    peer.act(|session, now| session.ack(now, last.ack.unwrap(), ReasonCode::Success))
        .unwrap();
    peer.expect_all(&[PacketType::PubAck]);
}

/// Requests that wait for a connection, or for the subscription to their responses.
fn holding(limits: QueueLimits, connected: bool) -> Scripted {
    let options = ConnectOptions {
        queue: limits,
        ..clean(Version::V5)
    };
    if connected {
        Scripted::connected(options)
    } else {
        Scripted::new(options)
    }
}

#[test]
fn requests_that_wait_for_their_inbox_keep_to_the_limits_of_the_queue() {
    let packet = {
        let mut peer = with_inbox(clean(Version::V5));
        request(&mut peer, QOS1);
        peer.expect(PacketType::Publish).bytes.len()
    };
    for connected in [true, false] {
        for policy in [
            QueuePolicy::Reject,
            QueuePolicy::DropOldest,
            QueuePolicy::DropNewest,
            QueuePolicy::LatestPerTopic,
        ] {
            for limits in [
                QueueLimits {
                    messages: 2,
                    policy,
                    ..QueueLimits::default()
                },
                // Their Response Topic is not known yet.
                QueueLimits {
                    bytes: 2 * packet,
                    policy,
                    ..QueueLimits::default()
                },
            ] {
                let mut peer = holding(limits, connected);
                let two = [request(&mut peer, QOS1), request(&mut peer, QOS1)];
                let mut gone = Vec::new();
                let mut last = try_request(&mut peer, QOS1, &[]);
                // Of those that are limited by bytes another one may fit.
                if last.is_ok() && dropped(&peer).is_none() {
                    last = try_request(&mut peer, QOS1, &[]);
                }
                gone.extend(dropped(&peer));
                match policy {
                    QueuePolicy::Reject => {
                        assert_eq!((last, gone), (Err(Error::QueueFull), vec![]))
                    }
                    QueuePolicy::DropNewest => assert_eq!(gone, [last.unwrap()]),
                    _ => assert_eq!(gone, [two[0]]),
                }
            }
        }
    }
}

/// The request that gave way last.
fn dropped(peer: &Client) -> Option<Token> {
    let mut dropped = peer.happened.iter().filter_map(|it| match it.what {
        What::RequestFailed {
            token,
            error: Error::Dropped,
            ..
        } => Some(token),
        _ => None,
    });
    dropped.next_back()
}

#[test]
fn a_request_that_is_refused_for_lack_of_room_leaves_nothing_behind() {
    let mut peer = holding(
        QueueLimits {
            messages: 1,
            ..QueueLimits::default()
        },
        true,
    );
    let first = request(&mut peer, QOS0);
    assert_eq!(try_request(&mut peer, QOS0, &[]), Err(Error::QueueFull));
    grant_inbox(&mut peer);
    peer.expect_all(&[PacketType::Publish]);
    peer.advance(5_000);
    assert_eq!(peer.requested(first), Some(Err(Error::RequestTimeout)));
    assert_ne!(peer.timer(), Some(Timer::Request));
    request(&mut peer, QOS0);
    peer.expect_all(&[PacketType::Publish]);
}

/// PUB-24: its Message Expiry Interval counts from the call.
#[test]
fn a_request_that_waits_for_its_inbox_expires_and_counts_down() {
    let interval = |seconds| {
        [Property::FourByte(
            PropertyId::MessageExpiryInterval,
            seconds,
        )]
    };
    for connected in [true, false] {
        let mut peer = holding(QueueLimits::default(), connected);
        let soon = try_request(&mut peer, QOS1, &interval(2)).unwrap();
        let late = try_request(&mut peer, QOS1, &interval(4)).unwrap();
        if !connected {
            assert_eq!(
                (peer.deadline(), peer.timer()),
                (Some(2_000), Some(Timer::Request))
            );
        }
        peer.advance(1_999);
        assert_eq!(peer.requested(soon), None);
        peer.advance(1);
        assert_eq!(peer.requested(soon), Some(Err(Error::Expired)));
        peer.advance(500);
        if !connected {
            peer.connect();
            peer.accept(false);
        }
        grant_inbox(&mut peer);
        let frames = peer.expect_all(&[PacketType::Publish]);
        let left = frames[0].publish().properties;
        let left = left.four_byte(PropertyId::MessageExpiryInterval);
        assert_eq!(left, Some(2), "one and a half, and what has begun counts");
        assert_eq!(peer.requested(late), None);
    }
}

/// Only who can guess our Correlation Data can do that: the data of a session with the same seed, here.
#[test]
fn a_response_that_waited_for_a_subscription_belongs_to_its_request_too() {
    let data = {
        let mut peer = Scripted::connected(persistent(Version::V5));
        request(&mut peer, QOS0);
        grant_inbox(&mut peer);
        asked(&peer.expect(PacketType::Publish)).1
    };
    let mut peer = Scripted::new(ConnectOptions {
        clean_start: false,
        ..persistent(Version::V5)
    });
    peer.connect();
    peer.accept(true);
    respond(&mut peer, &data, "early");
    let token = request(&mut peer, QOS0);
    let (_, key) = peer.subscribe(&[("webmqtt/#", QOS0)]);
    let response = peer.requested(token).expect("answered").unwrap();
    assert_eq!(
        (response.text(), &response.subscriptions[..]),
        ("early", &[key][..])
    );
}
