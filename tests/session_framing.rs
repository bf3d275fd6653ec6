//! Packets and messages are cut independently; what is no packet ends the connection.

#[path = "codec_vectors/notation.rs"]
mod notation;
mod pair;

use pair::*;
use webmqtt::codec::{Packet, PacketType, ReasonCode, Sender, Version};
use webmqtt::error::Error;
use webmqtt::session::{ConnectOptions, State};

/// Connected, with a granted subscription to everything.
fn subscribed(version: Version) -> Scripted {
    subscribed_with(clean(version))
}

fn subscribed_with(options: ConnectOptions) -> Scripted {
    let mut peer = Scripted::connected(options);
    peer.subscribe(&[("#", QOS2)]);
    let id = peer.expect(PacketType::Subscribe).id();
    peer.send(&suback(id, &[2]));
    peer
}

/// FRM-01
#[test]
fn a_hundred_packets_in_one_message_are_handled_in_order() {
    for version in BOTH {
        let mut peer = subscribed(version);
        let payloads: Vec<String> = (0..100).map(|nth| nth.to_string()).collect();
        let mut packets = Vec::new();
        let mut answers = Vec::new();
        for (nth, payload) in payloads.iter().enumerate() {
            let id = nth as u16 + 1;
            match nth % 4 {
                0 => packets.push(publish(QOS0, 0, "t", payload)),
                1 => {
                    packets.push(publish(QOS1, id, "t", payload));
                    answers.push((PacketType::PubAck, id));
                }
                2 => {
                    packets.push(publish(QOS2, id, "t", payload));
                    answers.push((PacketType::PubRec, id));
                }
                _ => {
                    packets.push(pubrel(id - 1));
                    answers.push((PacketType::PubComp, id - 1));
                }
            }
        }
        peer.send_all(&packets);
        let found: Vec<_> = std::iter::from_fn(|| peer.next())
            .map(|frame| (frame.packet_type(), frame.id()))
            .collect();
        assert_eq!(found, answers);
        let delivered = (0..100).filter(|nth| nth % 4 != 3);
        let delivered: Vec<_> = delivered.map(|nth| nth.to_string()).collect();
        assert_eq!(peer.payloads(), delivered);
    }
}

/// FRM-02
#[test]
fn the_place_of_a_cut_changes_nothing() {
    for version in BOTH {
        let exchange = |cut: usize| {
            let mut peer = Scripted::new(clean(version));
            let token = peer.publish("t", "out", QOS1);
            peer.publish("t", "out", QOS2);
            let (subscribed, _) = peer.subscribe(&[("#", QOS2)]);
            peer.connect();
            peer.accept(false);
            let stream = bytes(
                version,
                &[
                    suback(1, &[2]),
                    pubrec(3),
                    publish(QOS1, 9, "some/topic", "one"),
                    Packet::PingResp,
                    publish(QOS2, 10, "some/topic", "two"),
                    puback(2),
                    pubrel(10),
                ],
            );
            peer.split = Split::At(cut);
            peer.send_bytes(&stream);
            assert_eq!(peer.state(), State::Connected, "cut at {cut}");
            let sent: Vec<_> = std::iter::from_fn(|| peer.next())
                .map(|frame| frame.bytes)
                .collect();
            let results = (peer.published(token), peer.subscribed(subscribed));
            (peer.happened.clone(), sent.concat(), results, stream.len())
        };
        let whole = exchange(usize::MAX);
        assert!(whole.2.0.is_some_and(|result| result.is_ok()));
        for cut in 0..=whole.3 {
            let (happened, sent, results, _) = exchange(cut);
            assert_eq!(happened, whole.0, "cut at {cut}");
            assert_eq!(results, whole.2, "cut at {cut}");
            assert_eq!(sent.len(), whole.1.len(), "cut at {cut}");
        }
    }
}

/// FRM-03
#[test]
fn fifty_thousand_packets_in_one_message_are_delivered() {
    let mut peer = subscribed(Version::V5);
    let one = bytes(Version::V5, &[publish(QOS0, 0, "t", "x")]);
    peer.send_bytes(&one.repeat(50_000));
    peer.cut();
    assert_eq!(peer.messages().len(), 50_000);
    assert_eq!(peer.cause(), Some(Error::ConnectionLost));
}

/// FRM-04
#[test]
fn a_text_message_ends_the_connection() {
    for version in BOTH {
        let mut peer = subscribed(version);
        peer.act(|session, now| session.handle_transport_error(now, Error::TextFrame));
        assert_eq!(peer.cause(), Some(Error::TextFrame));
        peer.expect_hang_up(&[ReasonCode::ProtocolError]);
    }
}

/// FRM-05
#[test]
fn empty_messages_are_ignored() {
    for version in BOTH {
        let mut peer = subscribed(version);
        let one = bytes(version, &[publish(QOS0, 0, "t", "x")]);
        for piece in [&one[..], &[], &one[..3], &[], &one[3..], &[]] {
            peer.received(piece);
        }
        assert_eq!(peer.payloads(), ["x", "x"]);
        assert_eq!(peer.state(), State::Connected);
    }
}

/// FRM-07, LIM-09
#[test]
fn five_bytes_are_enough_to_refuse_a_packet_that_is_too_large() {
    for version in BOTH {
        let mut peer = subscribed_with(ConnectOptions {
            maximum_packet_size: 1 << 20,
            ..clean(version)
        });
        peer.send_bytes(&[0x30, 0xFF, 0xFF, 0xFF, 0x7F]);
        assert!(matches!(peer.cause(), Some(Error::Malformed(_))));
        peer.expect_hang_up(&[ReasonCode::PacketTooLarge]);
    }
}

/// FRM-07
#[test]
fn without_a_limit_a_giant_packet_is_waited_for() {
    for version in BOTH {
        let mut peer = subscribed_with(ConnectOptions {
            keep_alive: 0,
            ..clean(version)
        });
        peer.send_bytes(&[0x30, 0xFF, 0xFF, 0xFF, 0x7F]);
        peer.advance(3_600_000);
        assert_eq!(peer.state(), State::Connected);
    }
}

/// FRM-08, FRM-09, FRM-16
#[test]
fn an_impossible_fixed_header_ends_the_connection() {
    for (version, header) in [
        (Version::V4, &[0x30, 0xFF, 0xFF, 0xFF, 0xFF, 0x01][..]),
        (Version::V5, &[0x30, 0xFF, 0xFF, 0xFF, 0xFF, 0x01]),
        (Version::V4, &[0x00, 0]),
        (Version::V5, &[0x00, 0]),
        (Version::V4, &[0xF0, 0]),
        (Version::V5, &[0x21, 3, 0, 0, 0]),
        (Version::V4, &[0x21, 2, 0, 0]),
        (Version::V5, &[0x92, 4, 0, 1, 0, 0]),
        (Version::V4, &[0x92, 3, 0, 1, 0]),
        (Version::V5, &[0xD1, 0]),
        (Version::V4, &[0xD1, 0]),
        (Version::V5, &[0x60, 2, 0, 1]),
        (Version::V4, &[0x60, 2, 0, 1]),
        (Version::V5, &[0xE1, 0]),
        (Version::V5, &[0xF2, 0]),
    ] {
        let mut peer = subscribed(version);
        peer.send_bytes(header);
        assert!(
            matches!(peer.cause(), Some(Error::Malformed(_))),
            "{header:02X?}"
        );
        peer.expect_hang_up(&[ReasonCode::MalformedPacket, ReasonCode::ProtocolError]);
    }
}

/// FRM-10
#[test]
fn packets_before_noise_are_delivered_and_the_noise_is_one_error() {
    for version in BOTH {
        for seed in 0..50 {
            let mut random = Random::new(seed);
            let mut peer = subscribed(version);
            let good = [publish(QOS0, 0, "t", "one"), publish(QOS0, 0, "t", "two")];
            let mut stream = bytes(version, &good);
            // No packet begins like this, whatever follows.
            stream.push(0x07);
            stream.extend((0..2048).map(|_| random.next() as u8));
            let before = peer.changes().count();
            peer.send_bytes(&stream);
            assert_eq!(peer.payloads(), ["one", "two"]);
            assert_eq!(peer.changes().count(), before + 1);
            assert_eq!(peer.state(), State::Waiting);
            peer.expect_hang_up(&[ReasonCode::MalformedPacket]);
        }
    }
}

/// FRM-10
#[test]
fn noise_never_does_more_harm_than_ending_the_connection() {
    for seed in 0..2000 {
        let _seed = pair::random::SeedOnFailure(seed);
        let mut random = Random::new(seed);
        let version = BOTH[random.index(2)];
        let mut peer = subscribed(version);
        peer.publish("a", "x", QOS1);
        peer.publish("a", "x", QOS2);
        let mut noise: Vec<u8> = (0..random.index(200))
            .map(|_| random.next() as u8)
            .collect();
        if let Some(length) = noise.get_mut(1) {
            *length %= 16;
        }
        peer.split = Split::Random(Random::new(seed));
        peer.send_bytes(&noise);
        let alive = [State::Connected, State::Waiting, State::Idle];
        assert!(alive.contains(&peer.state()));
        assert_eq!(peer.link == Link::Open, peer.state() == State::Connected);
    }
}

/// FRM-11
#[test]
fn half_a_packet_does_not_outlive_its_connection() {
    for version in BOTH {
        let mut peer = subscribed_with(persistent(version));
        let half = bytes(version, &[publish(QOS1, 5, "t", "never")]);
        peer.send_bytes(&half[..half.len() - 1]);
        peer.reconnect();
        peer.accept(true);
        peer.send(&publish(QOS1, 5, "t", "whole"));
        assert_eq!(peer.payloads(), ["whole"]);
        peer.expect_all(&[PacketType::PubAck]);
    }
}

/// FRM-12
#[test]
fn a_server_that_falls_silent_within_a_packet_is_found_out() {
    for version in BOTH {
        let mut peer = subscribed_with(ConnectOptions {
            keep_alive: 1,
            ..clean(version)
        });
        peer.send_bytes(&[0x30, 200, 1, 0, 1, b't', 0]);
        peer.open_at_once = false;
        peer.advance(3000);
        assert_eq!(peer.cause(), Some(Error::KeepAliveTimeout));
    }
}

/// FRM-13
#[test]
fn sixteen_mebibytes_pass_in_both_directions() {
    let mut random = Random::new(13);
    let payload: Vec<u8> = (0..1 << 21)
        .flat_map(|_| random.next().to_le_bytes())
        .collect();
    assert_eq!(payload.len(), 16 << 20);
    for version in BOTH {
        let mut peer = subscribed(version);
        let stream = bytes(version, &[publish(QOS1, 1, "t", &payload)]);
        for piece in stream.chunks(64 * 1024) {
            peer.received(piece);
        }
        assert!(peer.messages()[0].payload == payload, "the same bytes");
        peer.expect(PacketType::PubAck);

        peer.try_publish("t", &payload, QOS1).unwrap();
        let frame = peer.expect(PacketType::Publish);
        assert!(frame.publish().payload == payload, "the same bytes");
    }
}

/// FRM-14
#[test]
fn publishes_of_one_turn_share_messages() {
    for version in BOTH {
        let mut peer = subscribed(version);
        peer.outbox.clear();
        peer.stalled = true;
        for _ in 0..1000 {
            peer.publish("t", "some payload", QOS1);
        }
        peer.stalled = false;
        peer.drain();
        let packets = std::iter::from_fn(|| peer.next()).count();
        assert_eq!(packets, 1000);
        assert!(peer.outbox.len() < 10, "{} messages", peer.outbox.len());
    }
}

/// FRM-15
#[test]
fn every_packet_that_the_codec_refuses_ends_the_session_with_its_reason() {
    let tables = [
        include_str!("codec_vectors/frame.tsv"),
        include_str!("codec_vectors/connack.tsv"),
        include_str!("codec_vectors/publish.tsv"),
        include_str!("codec_vectors/acknowledgements.tsv"),
        include_str!("codec_vectors/subscribe.tsv"),
        include_str!("codec_vectors/unsubscribe.tsv"),
        include_str!("codec_vectors/disconnect.tsv"),
        include_str!("codec_vectors/auth.tsv"),
    ];
    let mut refused = 0;
    for row in tables.into_iter().flat_map(notation::rows) {
        let [name, senders, packet, verdict] = row[..] else {
            panic!("{row:?}")
        };
        let Some((_, code)) = verdict
            .split_once(' ')
            .filter(|_| !verdict.starts_with("ok"))
        else {
            continue;
        };
        for (version, sender) in notation::who(senders) {
            if sender != Sender::Server || version == Version::V3 {
                continue;
            }
            let packet = notation::packet(packet);
            let mut peer = subscribed(version);
            peer.send_bytes(&packet);
            assert!(
                matches!(peer.cause(), Some(Error::Malformed(_))),
                "{name} ({version:?}): {:?}",
                peer.cause()
            );
            assert!(peer.messages().is_empty(), "{name}");
            let reason = ReasonCode::from_u8(notation::codes(code)[0]).unwrap();
            peer.expect_hang_up(&[reason]);
            refused += 1;
        }
    }
    assert!(refused > 100, "only {refused} packets");
}
