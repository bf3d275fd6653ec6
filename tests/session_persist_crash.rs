//! The process ends at every step there is, of the network and of the store, and another one goes on.
//!
//! What must be true follows from what was durable at that moment.

mod pair;

use pair::random::SeedOnFailure;
use pair::*;
use webmqtt::codec::{QoS, Version};
use webmqtt::error::Error;
use webmqtt::session::{ConnectOptions, Durability, State, StoreKey};

const STRICT: Durability = Durability::Strict;
const RELAXED: Durability = Durability::Relaxed;

/// Connected and subscribed, and all of that is durable. From now on nothing is before it is said.
fn begin(options: ConnectOptions, durability: Durability) -> Net {
    let mut net = Net::new(options.clone(), Settings::default(), 1);
    net.client = Client::with_store(options, durability, 1);
    net.connect();
    net.client.subscribe(&[("in", QOS2)]);
    net.run(100);
    assert_eq!(net.client.state(), State::Connected);
    store(&mut net).instant = false;
    net
}

/// Comes back after the crash, and everything there is to do is done.
fn come_back(net: &mut Net, options: ConnectOptions, seed: u64) {
    net.crash(options, seed);
    store(net).instant = true;
    net.client.drain();
    net.client.subscribe(&[("in", QOS2)]);
    net.connect();
    net.run(60_000);
    assert_eq!(net.client.state(), State::Connected);
}

/// Whether the record of the publish with this payload is durable, or was.
fn was_stored(store: &Store, payload: &str) -> bool {
    let durable = store.log.iter().take(store.stored as usize);
    let holds = |value: &[u8]| {
        let mut windows = value.windows(payload.len());
        windows.any(|window| window == payload.as_bytes())
    };
    { durable }
        .any(|write| matches!(write, Write::Put(StoreKey::Publish(_), value) if holds(value)))
}

/// Whether the identifier of a message is durable.
fn is_known(store: &Store) -> bool {
    store
        .keys()
        .iter()
        .any(|key| matches!(key, StoreKey::Received(_)))
}

/// Who goes first where both the network and the store could.
#[derive(Clone, Copy, Debug)]
enum First {
    Network,
    Store,
    Chance(u64),
}

/// One step of the network or of the store; `false` if there is nothing to do.
fn step(net: &mut Net, first: First, random: &mut Random) -> bool {
    let network_first = match first {
        First::Network => true,
        First::Store => false,
        First::Chance(_) => random.chance(50),
    };
    if network_first && net.run_pieces(1) > 0 {
        return true;
    }
    net.client.store_one() || net.run_pieces(1) > 0
}

/// Crashes after every number of steps.
fn crash_everywhere(
    durability: Durability,
    begin_exchange: impl Fn(&mut Net),
    mut check: impl FnMut(&mut Net, Store, usize),
) {
    let firsts = [First::Network, First::Store].into_iter();
    for first in firsts.chain((0..6).map(First::Chance)) {
        for version in BOTH {
            for through in 0.. {
                let seed = if let First::Chance(seed) = first {
                    seed
                } else {
                    0
                };
                let mut random = Random::new(seed);
                let mut net = begin(persistent(version), durability);
                begin_exchange(&mut net);
                let steps = (0..through).take_while(|_| step(&mut net, first, &mut random));
                let done = steps.count() < through;
                let delivered = net.client.messages().len();
                // How much of what has left arrives.
                net.random = Random::new(seed + through as u64);
                let before = store(&mut net).crashed();
                let log = std::mem::take(&mut store(&mut net).log);
                let stored = store(&mut net).stored;
                come_back(&mut net, persistent(version), 2);
                let before = Store {
                    log,
                    stored,
                    ..before
                };
                check(&mut net, before, delivered);
                let open = net.client.session.open_publishes().count();
                assert_eq!((open, net.client.session.inflight()), (0, 0));
                let mut keys = store(&mut net).keys();
                if durability == RELAXED {
                    // Its release was not durable: it stays until the server uses the identifier again.
                    keys.retain(|key| !matches!(key, StoreKey::Received(_)));
                }
                assert!(
                    matches!(keys[..], [StoreKey::Session, StoreKey::Filter(_)]),
                    "{keys:?}"
                );
                if done {
                    assert!(through > 2, "only {through} steps");
                    break;
                }
            }
        }
    }
}

/// REC-09
#[test]
fn strictly_a_crash_at_any_step_of_publishing_loses_and_doubles_nothing() {
    for qos in [QOS1, QOS2] {
        let publish = |net: &mut Net| {
            net.client.publish("out", "payload", qos);
        };
        let (mut lost, mut kept) = (0, 0);
        crash_everywhere(STRICT, publish, |net, before, _| {
            let accepted = net.broker.times_accepted("payload");
            if !was_stored(&before, "payload") {
                assert_eq!(accepted, 0, "it has left before it was durable");
                lost += 1;
            } else if qos == QOS1 {
                assert!(accepted >= 1, "lost");
                kept += 1;
            } else {
                assert_eq!(accepted, 1, "not exactly once");
                kept += 1;
            }
        });
        assert!(lost > 0 && kept > 0);
    }
}

/// REC-09
#[test]
fn relaxed_a_crash_costs_at_most_what_was_not_durable() {
    for qos in [QOS1, QOS2] {
        let publish = |net: &mut Net| {
            net.client.publish("out", "payload", qos);
        };
        let mut lost = 0;
        crash_everywhere(RELAXED, publish, |net, before, _| {
            let accepted = net.broker.times_accepted("payload");
            if was_stored(&before, "payload") {
                assert!(accepted >= 1, "lost");
            } else {
                assert!(accepted <= 1);
                lost += usize::from(accepted == 0);
            }
            // Its end was not durable: it went out once more.
            assert!(accepted <= 2, "{accepted}");
        });
        assert!(lost > 0);
    }
}

/// REC-09
#[test]
fn a_crash_at_any_step_of_receiving_loses_nothing() {
    for durability in [STRICT, RELAXED] {
        for qos in [QOS1, QOS2] {
            let arrive = |net: &mut Net| net.publish_elsewhere("in", "payload", qos);
            crash_everywhere(durability, arrive, |net, before, delivered| {
                let again = net.client.messages().len();
                assert!(delivered + again >= 1, "lost");
                if qos == QOS2 {
                    assert!(again <= 1);
                    let known = is_known(&before);
                    assert!(again == 0 || delivered == 0 || !known, "delivered twice");
                }
            });
        }
    }
}

/// Several messages in both directions at once.
#[test]
fn strictly_a_crash_in_the_middle_of_traffic_loses_and_doubles_nothing() {
    let traffic = |net: &mut Net| {
        for nth in 0..4 {
            let qos = [QOS1, QOS2][nth % 2];
            net.client.publish("out", &format!("out-{nth}"), qos);
            net.publish_elsewhere("in", &format!("in-{nth}"), qos);
        }
    };
    crash_everywhere(STRICT, traffic, |net, before, _| {
        for nth in 0..4 {
            let payload = format!("out-{nth}");
            let accepted = net.broker.times_accepted(&payload);
            match (was_stored(&before, &payload), nth % 2) {
                (false, _) => assert_eq!(accepted, 0),
                (true, 0) => assert!(accepted >= 1),
                (true, _) => assert_eq!(accepted, 1),
            }
        }
    });
}

struct Sent {
    payload: String,
    qos: QoS,
    /// It was not durable when its process ended.
    lost: bool,
    /// Its process has ended.
    old: bool,
}

/// REC-08, REC-09
#[test]
fn strictly_random_crashes_lose_and_double_nothing() {
    for seed in 0..250 {
        let _seed = SeedOnFailure(seed);
        let mut random = Random::new(seed);
        let version = BOTH[random.index(2)];
        let mut net = begin(persistent(version), STRICT);
        net.latency = random.below(50);
        net.split = random.chance(50);
        let (mut sent, mut arrived) = (Vec::<Sent>::new(), Vec::<(String, QoS)>::new());
        let mut delivered: Vec<(String, QoS)> = Vec::new();
        let mut doubled = 0;
        for nth in 0..120 {
            match random.below(20) {
                0..4 => {
                    let (payload, qos) = (format!("out-{nth}"), [QOS1, QOS2][random.index(2)]);
                    net.client.publish("out", &payload, qos);
                    sent.push(Sent {
                        payload,
                        qos,
                        lost: false,
                        old: false,
                    });
                }
                4..8 => {
                    let (payload, qos) = (format!("in-{nth}"), [QOS1, QOS2][random.index(2)]);
                    net.publish_elsewhere("in", &payload, qos);
                    arrived.push((payload, qos));
                }
                8..14 => {
                    for _ in 0..random.below(4) {
                        net.client.store_one();
                    }
                }
                14 => net.cut(),
                15 => {
                    for sent in sent.iter_mut().filter(|sent| !sent.old) {
                        sent.lost = !was_stored(store(&mut net), &sent.payload);
                        sent.old = true;
                    }
                    let unacknowledged = store(&mut net).pending.len();
                    let before = net.client.messages().into_iter();
                    delivered.extend(before.map(|it| (it.text().into(), it.qos)));
                    // What was delivered and could not be written down any more comes again.
                    doubled += unacknowledged;
                    net.crash(persistent(version), seed + nth);
                    net.client.subscribe(&[("in", QOS2)]);
                    net.connect();
                }
                _ => net.run(random.below(100)),
            }
        }
        store(&mut net).instant = true;
        net.client.drain();
        // A first attempt that fails is not repeated.
        net.connect();
        net.run(90_000);
        assert_eq!(net.client.state(), State::Connected);
        let rest = net.client.messages().into_iter();
        delivered.extend(rest.map(|it| (it.text().into(), it.qos)));
        for Sent {
            payload, qos, lost, ..
        } in &sent
        {
            let accepted = net.broker.times_accepted(payload);
            match (lost, qos) {
                (true, _) => assert_eq!(accepted, 0, "{payload}"),
                (false, QoS::ExactlyOnce) => assert_eq!(accepted, 1, "{payload}"),
                (false, _) => assert!(accepted >= 1, "{payload}"),
            }
        }
        let mut twice = 0;
        for (payload, qos) in &arrived {
            let times = delivered.iter().filter(|(it, _)| it == payload).count();
            assert!(times >= 1, "{payload} is lost");
            twice += if *qos == QOS2 { times - 1 } else { 0 };
        }
        assert!(twice <= doubled, "{twice} messages twice");
        assert_eq!(net.client.session.inflight(), 0);
        let keys = store(&mut net).keys();
        assert!(
            matches!(keys[..], [StoreKey::Session, StoreKey::Filter(_)]),
            "{keys:?}"
        );
    }
}

/// The broker loses its sessions as well.
#[test]
fn crashes_and_lost_sessions_settle_every_publish() {
    for seed in 0..250 {
        let _seed = SeedOnFailure(seed);
        let mut random = Random::new(seed);
        let version = BOTH[random.index(2)];
        let durability = [STRICT, RELAXED][random.index(2)];
        let mut net = begin(persistent(version), durability);
        let mut tokens = Vec::new();
        for nth in 0..80 {
            match random.below(16) {
                0..4 => {
                    let qos = [QOS0, QOS1, QOS2][random.index(3)];
                    tokens.push(net.client.publish("out", &nth.to_string(), qos));
                }
                4..6 => net.publish_elsewhere("in", &nth.to_string(), QOS2),
                6..10 => {
                    for _ in 0..random.below(6) {
                        net.client.store_one();
                    }
                }
                10 => net.lose_sessions(),
                11 => {
                    net.crash(persistent(version), seed + nth);
                    let open = net.client.session.open_publishes();
                    let open: Vec<_> = open.map(|open| open.token).collect();
                    // Those of an earlier session were settled on the way.
                    assert!(open.iter().all(|token| tokens.contains(token)));
                    let settled = tokens
                        .iter()
                        .filter(|&&it| net.client.published(it).is_some());
                    assert!(settled.clone().all(|token| !open.contains(token)));
                    tokens = open;
                    net.client.subscribe(&[("in", QOS2)]);
                    net.connect();
                }
                12 => net.cut(),
                _ => net.run(random.below(1000)),
            }
        }
        store(&mut net).instant = true;
        net.client.drain();
        net.connect();
        net.run(90_000);
        for token in tokens {
            match net.client.published(token) {
                Some(Ok(_) | Err(Error::Indeterminate)) => {}
                other => panic!("{other:?}"),
            }
        }
        assert_eq!(net.client.session.inflight(), 0);
        let keys = store(&mut net).keys();
        let publishes = keys
            .iter()
            .filter(|key| matches!(key, StoreKey::Publish(_)));
        assert_eq!(publishes.count(), 0, "{keys:?}");
    }
}

/// A store that takes a while does not change what arrives, only when.
#[test]
fn a_slow_store_loses_nothing() {
    let mut net = begin(persistent(Version::V5), STRICT);
    let tokens: Vec<_> = (0..50)
        .map(|nth| {
            net.client
                .publish("out", &nth.to_string(), [QOS1, QOS2][nth % 2])
        })
        .collect();
    for _ in 0..2000 {
        net.client.store_one();
        net.run(1);
    }
    for token in tokens {
        assert!(net.client.published(token).unwrap().is_ok());
    }
    let accepted: Vec<_> = net
        .broker
        .accepted
        .iter()
        .map(|it| &it.payload[..])
        .collect();
    let wanted: Vec<_> = (0..50)
        .map(|nth: i32| nth.to_string().into_bytes())
        .collect();
    assert_eq!(accepted, wanted);
}
