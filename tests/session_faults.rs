//! Random traffic over a random network: what holds in every run, whatever goes wrong.
//!
//! Each run follows from its seed, which a failing run prints.

mod pair;

use std::collections::BTreeMap;

use pair::random::SeedOnFailure;
use pair::*;
use webmqtt::codec::{Packet, QoS, ReasonCode, Version};
use webmqtt::error::Error;
use webmqtt::session::{
    AckToken, ConnectOptions, ReconnectOptions, Session, State, SubscriptionKey, Token, Transmit,
    Wake,
};
use webmqtt::time::Duration;

const QOS: [QoS; 3] = [QOS0, QOS1, QOS2];
const TOPICS: [&str; 3] = ["out/a", "out/b", "out/c"];

struct Sent {
    token: Token,
    payload: String,
    topic: &'static str,
    qos: QoS,
    cancelled: bool,
}

/// What happened in one run, for the checks.
struct Run {
    net: Net,
    random: Random,
    persistent: bool,
    sent: Vec<Sent>,
    subscribed: Vec<Token>,
    unsubscribed: Vec<Token>,
    keys: Vec<SubscriptionKey>,
    published_elsewhere: u32,
    unacknowledged: Vec<AckToken>,
    /// How many events `acknowledge` has looked at.
    looked_at: usize,
    /// The broker forgot its sessions at least once.
    session_lost: bool,
}

impl Run {
    fn new(seed: u64) -> Self {
        let mut random = Random::new(seed);
        let version = BOTH[random.index(2)];
        let persist = random.chance(60);
        let base = if persist {
            persistent(version)
        } else {
            clean(version)
        };
        let options = ConnectOptions {
            keep_alive: [0, 5, 20, 60][random.index(4)],
            receive_maximum: [1, 2, 5, 65_535][random.index(4)],
            manual_ack: random.chance(40),
            topic_alias_maximum: [0, 1, 2, 16][random.index(4)],
            send_topic_aliases: [0, 2, 16][random.index(3)],
            connect_timeout: Duration::from_secs(5),
            reconnect: Some(ReconnectOptions {
                min: Duration::from_millis(50),
                max: Duration::from_secs(2),
                attempts: None,
            }),
            ..base
        };
        let settings = Settings {
            sends_aliases: random.chance(50),
            topic_alias_maximum: [0, 1, 2, 16][random.index(4)],
            ..Settings::default()
        };
        let mut net = Net::new(options, settings, seed);
        net.latency = [0, 5, 80, 400][random.index(4)];
        net.split = random.chance(70);
        let mut run = Self {
            net,
            random,
            persistent: persist,
            sent: Vec::new(),
            subscribed: Vec::new(),
            unsubscribed: Vec::new(),
            keys: Vec::new(),
            published_elsewhere: 0,
            unacknowledged: Vec::new(),
            looked_at: 0,
            session_lost: false,
        };
        run.net.broker.settings.receive_maximum = run.receive_maximum();
        run
    }

    fn receive_maximum(&mut self) -> Option<u16> {
        [None, Some(1), Some(2), Some(7)][self.random.index(4)]
    }

    fn publish(&mut self) {
        let topic = TOPICS[self.random.index(TOPICS.len())];
        let qos = QOS[self.random.index(3)];
        let payload = format!("c{}", self.sent.len());
        let token = self.net.client.publish(topic, &payload, qos);
        self.sent.push(Sent {
            token,
            payload,
            topic,
            qos,
            cancelled: false,
        });
    }

    fn step(&mut self) {
        match self.random.below(100) {
            0..40 => {
                for _ in 0..=self.random.below(4) {
                    self.publish();
                }
            }
            40..65 => {
                let qos = QOS[self.random.index(3)];
                let payload = format!("b{}", self.published_elsewhere);
                self.published_elsewhere += 1;
                self.net.publish_elsewhere("in/x", &payload, qos);
            }
            65..72 => self.net.cut(),
            72..74 => {
                self.net.broker.settings.receive_maximum = self.receive_maximum();
                self.net.cut();
            }
            74..76 => {
                let millis = self.random.below(15_000);
                self.net.stall(millis);
            }
            76..79 => {
                self.net.lose_sessions();
                self.session_lost = true;
                // It comes back with another configuration.
                self.net.broker.settings.receive_maximum = self.receive_maximum();
            }
            79..82 => self.net.down = !self.net.down,
            82..84 => self.net.client.wake(Wake::Network),
            84..86 => {
                // The broker ends the connection in an orderly way.
                if let Some(at) = self.net.connection() {
                    let reason = Some(ReasonCode::ServerShuttingDown);
                    self.net.broker.hang_up(at, reason);
                }
            }
            86..89 => {
                if let Some(sent) = self.sent.last_mut() {
                    let token = sent.token;
                    sent.cancelled = true;
                    let cancel = |session: &mut Session, now| session.cancel(now, token);
                    self.net.client.act(cancel);
                }
            }
            89..93 => {
                let filter = format!("extra/{}", self.random.below(3));
                let (token, key) = self.net.client.subscribe(&[(filter.as_str(), QOS1)]);
                self.subscribed.push(token);
                self.keys.push(key);
            }
            93..96 if self.keys.len() > 1 => {
                let at = 1 + self.random.index(self.keys.len() - 1);
                let key = self.keys.remove(at);
                self.unsubscribed.push(self.net.client.unsubscribe(key));
            }
            96..98 => self.net.client.act(Session::handle_timeout),
            _ => {}
        }
        let pause = [0, 0, 1, 20, 200, 3000][self.random.index(6)];
        self.net.run(pause);
        self.acknowledge(60);
        self.insist();
    }

    /// The application acknowledges some of what it got, in any order.
    fn acknowledge(&mut self, percent: u64) {
        let news = &self.net.client.happened[self.looked_at..];
        self.looked_at += news.len();
        let tokens = news.iter().filter_map(|happened| match &happened.what {
            What::Message(message) => message.ack,
            _ => None,
        });
        self.unacknowledged.extend(tokens);
        while !self.unacknowledged.is_empty() && self.random.chance(percent) {
            let at = self.random.index(self.unacknowledged.len());
            let token = self.unacknowledged.swap_remove(at);
            let ack = |session: &mut Session, now| session.ack(now, token, ReasonCode::Success);
            self.net.client.act(ack).expect("any time is right");
        }
    }

    /// A first attempt that failed is not repeated by itself: the application tries again.
    fn insist(&mut self) {
        if self.net.client.state() == State::Idle {
            self.net.connect();
        }
    }

    fn go(mut self) {
        let (token, key) = self.net.client.subscribe(&[("in/#", QOS2)]);
        self.subscribed.push(token);
        self.keys.push(key);
        self.net.connect();
        for _ in 0..15 + self.random.below(40) {
            self.step();
        }
        // The weather clears up, and everything has to come to a good end.
        self.net.down = false;
        for _ in 0..40 {
            self.net.run(5000);
            self.acknowledge(100);
            self.insist();
        }
        assert_eq!(self.net.client.state(), State::Connected);
        assert_eq!(self.net.client.session.queued(), (0, 0));
        assert_eq!(self.net.client.session.inflight(), 0);
        self.check_tokens(true);
        self.check_what_the_broker_got();
        self.check_what_the_application_got();
        self.end();
    }

    /// Each operation is settled, and once (which the getters see to).
    fn check_tokens(&self, all: bool) {
        let client = &self.net.client;
        let mut results: BTreeMap<Token, usize> = BTreeMap::new();
        for happened in &client.happened {
            if let What::Published { token, .. }
            | What::Subscribed { token, .. }
            | What::Unsubscribed { token, .. } = &happened.what
            {
                *results.entry(*token).or_default() += 1;
            }
        }
        assert!(results.values().all(|&count| count == 1), "{results:?}");
        let published = self.sent.iter().map(|sent| sent.token);
        let given = published
            .chain(self.subscribed.iter().copied())
            .chain(self.unsubscribed.iter().copied());
        for token in given {
            assert!(!all || results.contains_key(&token), "{token:?} is open");
        }
    }

    /// The broker lost its session and made another one, and the CONNACK that said so was lost too: then Session
    /// Present on the next connection speaks of a session that the client knows nothing of, and exactly once ends.
    fn has_hidden_session(&self) -> bool {
        let seen = self.net.client.happened.iter().filter(|happened| {
            matches!(
                happened.what,
                What::Connected {
                    session_present: false,
                    ..
                }
            )
        });
        self.session_lost && self.net.broker.generations as usize > seen.count()
    }

    fn check_what_the_broker_got(&self) {
        let hidden = self.has_hidden_session();
        for sent in &self.sent {
            let times = self.net.broker.times_accepted(&sent.payload);
            let result = self.net.client.published(sent.token);
            let what = format!(
                "{} {:?} came {times} times: {result:?}",
                sent.payload, sent.qos
            );
            match sent.qos {
                QoS::AtMostOnce => assert!(times <= 1, "{what}"),
                QoS::AtLeastOnce => {
                    let unsettled = sent.cancelled && result == Some(Err(Error::Aborted));
                    assert!(matches!(result, Some(Ok(_))) || unsettled, "{what}");
                    assert!(times >= 1 || unsettled, "{what}");
                }
                QoS::ExactlyOnce => {
                    assert!(times <= 1 || hidden, "{what}");
                    match result {
                        Some(Ok(_)) => assert!(times >= 1, "{what}"),
                        Some(Err(Error::Indeterminate)) => {
                            assert!(self.session_lost || !self.persistent, "{what}");
                        }
                        Some(Err(Error::Aborted)) => assert!(sent.cancelled, "{what}"),
                        _ => panic!("{what}"),
                    }
                }
            }
        }
        // New messages arrive in the order of the calls, for each topic and QoS.
        for topic in TOPICS {
            for qos in QOS {
                let mut first = Vec::new();
                for accepted in &self.net.broker.accepted {
                    let payload = std::str::from_utf8(&accepted.payload).unwrap();
                    if accepted.topic == topic && accepted.qos == qos && !first.contains(&payload) {
                        first.push(payload);
                    }
                }
                let called = self.sent.iter();
                let called = called.filter(|sent| sent.topic == topic && sent.qos == qos);
                let called: Vec<_> = called
                    .map(|sent| sent.payload.as_str())
                    .filter(|payload| first.contains(payload))
                    .collect();
                assert_eq!(first, called, "{topic} {qos:?}");
            }
        }
    }

    fn check_what_the_application_got(&self) {
        let (client, broker) = (&self.net.client, &self.net.broker);
        let hidden = self.has_hidden_session();
        let payloads = client.payloads();
        for routed in &broker.routed {
            let payload = std::str::from_utf8(&routed.payload).unwrap();
            let times = payloads.iter().filter(|&&got| got == payload).count();
            let what = format!("{payload} {:?} came {times} times", routed.qos);
            match routed.qos {
                QoS::AtMostOnce => assert!(times <= 1, "{what}"),
                QoS::AtLeastOnce => {
                    assert!(times >= 1 || !broker.still_there(routed), "{what}");
                }
                QoS::ExactlyOnce => {
                    assert!(times <= 1, "{what}");
                    let owed = broker.still_there(routed) && !hidden;
                    assert!(times == 1 || !owed, "{what}");
                }
            }
        }
        for qos in QOS {
            let mut first: Vec<&str> = Vec::new();
            for message in client.messages() {
                if message.qos == qos && !first.contains(&message.text()) {
                    first.push(message.text());
                }
            }
            let number = |payload: &&str| payload[1..].parse::<u32>().unwrap();
            assert!(first.is_sorted_by_key(number), "{qos:?}: {first:?}");
        }
        let key = self.keys[0];
        let all_mine = client.messages().iter().all(|it| it.subscriptions == [key]);
        assert!(all_mine, "every message is for the one subscription");
    }

    /// Disconnecting in the middle of traffic settles what is left, and then there is silence.
    fn end(mut self) {
        self.net.latency = 50;
        for _ in 0..self.random.below(10) {
            self.publish();
        }
        if self.random.chance(30) {
            self.net.cut();
            self.publish();
        }
        self.net.client.act(Session::disconnect);
        self.net.run(10_000);
        let client = &mut self.net.client;
        assert_eq!(client.state(), State::Closed);
        assert_eq!(client.link, Link::None);
        assert_eq!(client.deadline(), None, "no timer is left");
        let sent = client.log().len();
        let mut out = Vec::new();
        assert_eq!(client.session.poll_transmit(&mut out, 100), Transmit::Empty);
        self.net.run(600_000);
        assert_eq!(self.net.client.log().len(), sent);
        self.check_tokens(true);
    }
}

fn runs(seeds: std::ops::Range<u64>) {
    for seed in seeds {
        let _seed = SeedOnFailure(seed);
        Run::new(seed).go();
    }
}

// Several tests, so that they share the processors.

#[test]
fn nothing_is_lost_doubled_or_out_of_order_in_runs_0_to_499() {
    runs(0..500);
}

#[test]
fn nothing_is_lost_doubled_or_out_of_order_in_runs_500_to_999() {
    runs(500..1000);
}

#[test]
fn nothing_is_lost_doubled_or_out_of_order_in_runs_1000_to_1499() {
    runs(1000..1500);
}

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
