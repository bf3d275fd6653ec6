//! Bad weather alone, a server that sends anything at any time, and cuts at every byte. What holds whatever
//! application, network and broker do together is the business of `model.rs`.
//!
//! Each run follows from its seed, which a failing run prints.

mod pair;

use pair::random::SeedOnFailure;
use pair::*;
use webmqtt::codec::{Packet, QoS, ReasonCode, Version};
use webmqtt::session::{Session, State};

const QOS: [QoS; 3] = [QOS0, QOS1, QOS2];

/// The weather alone, without losses: everything arrives exactly as often as it should.
#[test]
fn a_slow_network_that_splits_and_stalls_loses_nothing() {
    for seed in 0..300 {
        let _seed = SeedOnFailure(seed);
        let mut random = Random::new(seed);
        let version = BOTH[random.index(2)];
        let mut net = Net::new(clean(version), Settings::default(), seed);
        net.split = true;
        net.latency = random.below(200);
        net.client.subscribe(&[("in", QOS2)]);
        net.connect();
        net.run(5000);
        let mut sent = Vec::new();
        for nth in 0..40 {
            let qos = QOS[nth % 3];
            let payload = nth.to_string();
            sent.push((net.client.publish("out", &payload, qos), payload.clone()));
            net.publish_elsewhere("in", &payload, qos);
            if random.chance(20) {
                net.stall(random.below(2000));
            }
            net.run(random.below(100));
        }
        net.run(60_000);
        for (token, payload) in &sent {
            assert!(net.client.published(*token).unwrap().is_ok());
            assert_eq!(net.broker.times_accepted(payload), 1, "{payload}");
        }
        let mut got: Vec<u32> = net
            .client
            .payloads()
            .iter()
            .map(|payload| payload.parse().unwrap())
            .collect();
        got.sort_unstable();
        assert_eq!(got, (0..40).collect::<Vec<_>>());
        assert_eq!(net.client.changes().count(), 2);
    }
}

/// A server that knows its packets but not when to send them.
#[test]
fn a_server_that_sends_anything_at_any_time_does_no_harm() {
    for seed in 0..1500 {
        let _seed = SeedOnFailure(seed);
        let mut random = Random::new(seed);
        let version = BOTH[random.index(2)];
        let options = if random.chance(50) {
            persistent(version)
        } else {
            clean(version)
        };
        let mut peer = Scripted::new(options);
        peer.split = Split::Random(Random::new(seed));
        let (mut tokens, mut keys) = (Vec::new(), Vec::new());
        for _ in 0..60 {
            match (peer.link, peer.state()) {
                (Link::Wanted, _) => peer.open(),
                (_, State::Idle) => peer.act(Session::connect).unwrap(),
                (_, State::Waiting) => peer.advance(1000),
                (Link::Open, State::Connecting) if random.chance(70) => {
                    peer.accept(random.chance(50));
                }
                _ => {}
            }
            match random.below(10) {
                0..3 => tokens.push(peer.publish("t", "x", QOS[random.index(3)])),
                3 => {
                    let (token, key) = peer.subscribe(&[("t", QOS2), ("u", QOS0)]);
                    tokens.push(token);
                    keys.push(key);
                }
                4 if !keys.is_empty() => {
                    let key = keys[random.index(keys.len())];
                    tokens.push(peer.unsubscribe(key));
                }
                5 if !tokens.is_empty() => {
                    let token = tokens[random.index(tokens.len())];
                    peer.act(|session, now| session.cancel(now, token));
                }
                _ => {}
            }
            if peer.link == Link::Open {
                anything(&mut peer, &mut random);
            }
            if peer.link == Link::Open && random.chance(5) {
                peer.cut();
            }
        }
        peer.act(Session::disconnect);
        peer.open_at_once = false;
        peer.advance(10_000);
        assert_eq!(peer.state(), State::Closed);
        assert_eq!(peer.deadline(), None);
        for token in tokens {
            let settled = [
                peer.published(token).is_some(),
                peer.subscribed(token).is_some(),
                peer.unsubscribed(token).is_some(),
            ];
            assert_eq!(settled.iter().filter(|&&it| it).count(), 1, "{token:?}");
        }
    }
}

/// Sends some packet that is legal in itself.
fn anything(peer: &mut Scripted, random: &mut Random) {
    let id = 1 + random.below(6) as u16;
    let codes = [0, 1, 2, 0x80];
    let codes = &codes[..1 + random.index(3)];
    let v5 = peer.version == Version::V5;
    match random.below(40) {
        0 => peer.send(&connack(random.chance(50))),
        1 if v5 => peer.send(&disconnect(ReasonCode::ServerBusy)),
        2..8 => peer.send(&puback(id)),
        8..14 => peer.send(&pubrec(id)),
        14..20 => peer.send(&pubcomp(id)),
        20..24 => peer.send(&suback(id, codes)),
        24..27 if v5 => peer.send(&unsuback(id, &codes[..codes.len().min(1)])),
        24..27 => peer.send(&unsuback(id, &[])),
        27..31 => peer.send(&pubrel(id)),
        31..37 => peer.send(&publish(QOS[random.index(3)], id, "t", "x")),
        37 => peer.send(&Packet::PingResp),
        _ => peer.advance(random.below(2000)),
    }
}

/// Cut at every single byte of an exchange, at either end of it.
#[test]
fn a_cut_at_any_byte_of_a_qos_2_exchange_delivers_once() {
    for version in BOTH {
        for through in 0.. {
            let mut net = Net::connected(persistent(version), Settings::default());
            net.client.subscribe(&[("#", QOS2)]);
            net.settle();
            net.byte_by_byte = true;
            let token = net.client.publish("t", "payload", QOS2);
            let done = net.run_pieces(through) < through;
            net.byte_by_byte = false;
            net.cut_hard();
            net.run(60_000);
            assert!(net.client.published(token).unwrap().is_ok());
            assert_eq!(net.broker.times_accepted("payload"), 1, "after {through}");
            assert_eq!(net.client.payloads(), ["payload"], "after {through}");
            if done {
                assert!(through > 30, "only {through} bytes");
                break;
            }
        }
    }
}
