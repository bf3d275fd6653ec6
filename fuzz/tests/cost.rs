//! No flood costs more than its length: four times the input is at most about four times the work, and what must be
//! bounded does not grow at all.
//!
//! Work is branches and copied bytes, counted by the compiler's hooks: `cargo xtask fuzz` and `cargo xtask test` build
//! with them. Without them these tests are ignored.
#![cfg_attr(
    not(webmqtt_work),
    allow(dead_code, unused_imports, reason = "there is no work to compare")
)]

use std::sync::atomic::{AtomicBool, Ordering};

use webmqtt::codec::{
    self, Ack, ConnAck, Packet, PacketId, PropertiesBuf, Property, PropertyId, Publish, QoS,
    ReasonCode, ReasonCodes, Sender, SubAck, SubscribeOptions, TopicFilter, TopicName, Version,
};
use webmqtt::session::{ConnectOptions, Outgoing, QueueLimits, QueuePolicy, Session, Transmit};
use webmqtt::time::Instant;
use webmqtt_fuzz::meter::{self, Cost};

const VERSION: Version = Version::V5;

/// Runs a flood of `n` and of `4 n`.
fn costs(n: usize, flood: impl Fn(&mut Peer, usize)) -> (Cost, Cost) {
    let cost = |n| {
        meter::reset();
        let mut peer = Peer::connected();
        flood(&mut peer, n);
        let cost = meter::cost();
        drop(peer);
        cost
    };
    (cost(n), cost(4 * n))
}

#[track_caller]
fn linear(n: usize, flood: impl Fn(&mut Peer, usize)) {
    let (small, large) = costs(n, flood);
    assert!(small.work > n as u64, "{small:?}: the flood did nothing");
    assert!(
        large.work <= small.work * 6,
        "four times the input took {} times the work: {small:?}, {large:?}",
        large.work / small.work
    );
}

/// As [`linear`], and what is held does not follow the length either.
#[track_caller]
fn linear_and_bounded(n: usize, flood: impl Fn(&mut Peer, usize)) {
    let (small, large) = costs(n, &flood);
    assert!(
        large.peak <= small.peak + small.peak / 4 + 1_024,
        "more was held for a longer flood: {small:?}, {large:?}"
    );
    linear(n, flood);
}

/// A session and the bytes of its server.
struct Peer {
    session: Session,
    now: u64,
    out: Vec<u8>,
}

impl Peer {
    fn connected() -> Self {
        Self::with(ConnectOptions {
            clean_start: false,
            session_expiry: 1_000,
            ..ConnectOptions::default()
        })
    }

    fn with(options: ConnectOptions) -> Self {
        let session = meter::inside(|| Session::new(options, 1)).expect("valid options");
        let mut peer = Self {
            session,
            now: 0,
            out: Vec::with_capacity(1 << 22),
        };
        peer.act(|session, now| session.connect(now).expect("not closed"));
        peer.open(false, &[]);
        peer
    }

    fn open(&mut self, session_present: bool, properties: &[Property<'_>]) {
        self.act(Session::handle_open);
        let mut list = PropertiesBuf::new();
        for property in properties {
            list.push(*property).expect("a valid property");
        }
        self.send(&wire(&Packet::ConnAck(ConnAck {
            session_present,
            reason: ReasonCode::Success,
            properties: list.as_properties(),
        })));
    }

    fn act<R>(&mut self, act: impl FnOnce(&mut Session, Instant) -> R) -> R {
        let now = Instant::from_millis(self.now);
        let (session, out) = (&mut self.session, &mut self.out);
        out.clear();
        meter::inside(|| {
            let result = act(session, now);
            loop {
                let mut progress = false;
                while session.poll_event().is_some() {
                    progress = true;
                }
                progress |= session.poll_transmit(out, 1 << 16) == Transmit::Data;
                while session.poll_transport().is_some() {
                    progress = true;
                }
                if !progress {
                    break;
                }
            }
            result
        })
    }

    fn send(&mut self, bytes: &[u8]) {
        self.act(|session, now| {
            session.recv_buf(bytes.len()).copy_from_slice(bytes);
            session.handle_received(now);
        });
    }

    fn publish(&mut self, qos: QoS) {
        self.publish_to("t", qos);
    }

    fn publish_to(&mut self, topic: &str, qos: QoS) {
        self.act(|session, now| {
            let message = Outgoing {
                qos,
                ..Outgoing::new(TopicName::new(topic).expect("a topic name"), b"x")
            };
            session.publish(now, &message).expect("there is room");
        });
    }

    fn subscribe(&mut self, filter: &str) {
        let filter = TopicFilter::new(filter).expect("a filter");
        let options = SubscribeOptions::new(QoS::ExactlyOnce);
        self.act(|session, now| {
            session
                .subscribe(now, &[(filter, options)])
                .expect("not closed")
        });
    }

    /// The connection breaks, and another one stands after it.
    fn reconnect(&mut self, session_present: bool, properties: &[Property<'_>]) {
        self.act(Session::handle_closed);
        self.now += 60_000;
        self.act(Session::handle_timeout);
        self.open(session_present, properties);
    }
}

fn wire(packet: &Packet<'_>) -> Vec<u8> {
    let mut bytes = Vec::new();
    codec::encode_as(Sender::Server, packet, VERSION, &mut bytes).expect("a legal packet");
    bytes
}

fn id(number: usize) -> PacketId {
    PacketId::new(u16::try_from(number).expect("an identifier")).expect("not zero")
}

fn message(qos: QoS, number: usize, topic: &str, properties: &PropertiesBuf) -> Vec<u8> {
    wire(&Packet::Publish(Publish {
        dup: false,
        qos,
        retain: false,
        topic: TopicName::new(topic).ok(),
        packet_id: (qos != QoS::AtMostOnce).then(|| id(number)),
        properties: properties.as_properties(),
        payload: b"",
    }))
}

fn plain(qos: QoS, number: usize) -> Vec<u8> {
    message(qos, number, "t", &PropertiesBuf::new())
}

fn granted(number: usize) -> Vec<u8> {
    wire(&Packet::SubAck(SubAck {
        packet_id: id(number),
        properties: Default::default(),
        codes: ReasonCodes::from_bytes(&[2]).expect("a code"),
    }))
}

fn many(count: usize, one: impl Fn(usize) -> Vec<u8>) -> Vec<u8> {
    (1..=count).flat_map(one).collect()
}

macro_rules! costs {
    ($($(#[$doc:meta])* $name:ident => $check:ident($n:expr, $flood:expr);)+) => {$(
        $(#[$doc])*
        #[test]
        #[cfg_attr(not(webmqtt_work), ignore = "work is not counted in this build")]
        fn $name() {
            $check($n, $flood);
        }
    )+};
}

#[test]
#[cfg_attr(not(webmqtt_work), ignore = "work is not counted in this build")]
fn work_of_other_threads_is_not_counted() {
    let flood = || {
        costs(50, |peer, n| {
            (0..n).for_each(|_| peer.publish(QoS::ExactlyOnce))
        })
    };
    let alone = flood();
    let ended = AtomicBool::new(false);
    std::thread::scope(|scope| {
        for _ in 0..2 {
            scope.spawn(|| {
                while !ended.load(Ordering::Relaxed) {
                    flood();
                }
            });
        }
        let beside_others: Vec<_> = (0..50).map(|_| flood()).collect();
        ended.store(true, Ordering::Relaxed);
        assert!(
            beside_others.iter().all(|costs| *costs == alone),
            "{alone:?}"
        );
    });
}

costs! {
    a_packet_that_comes_byte_by_byte => linear(4_000, |peer, n| {
        let bytes = wire(&Packet::Publish(Publish {
            dup: false,
            qos: QoS::AtMostOnce,
            retain: false,
            topic: TopicName::new("t").ok(),
            packet_id: None,
            properties: Default::default(),
            payload: &vec![0; n],
        }));
        for byte in bytes {
            peer.send(&[byte]);
        }
    });
    many_packets_in_one_message => linear(4_000, |peer, n| {
        peer.subscribe("t");
        peer.send(&many(n, |_| plain(QoS::AtMostOnce, 0)));
    });
    many_packets_byte_by_byte => linear_and_bounded(2_000, |peer, n| {
        peer.subscribe("t");
        for byte in many(n, |_| plain(QoS::AtMostOnce, 0)) {
            peer.send(&[byte]);
        }
    });
    messages_that_are_acknowledged => linear_and_bounded(4_000, |peer, n| {
        peer.subscribe("t");
        for number in 1..=n {
            peer.send(&plain(QoS::AtLeastOnce, number));
        }
    });
    messages_that_nobody_subscribed_to => linear_and_bounded(8_000, |peer, n| {
        for number in 1..=n {
            peer.send(&plain(QoS::AtMostOnce, number));
        }
    });
    messages_of_a_former_session_that_nobody_claims => linear_and_bounded(8_000, |peer, n| {
        *peer = Peer::with(ConnectOptions { clean_start: false, session_expiry: 9, ..Default::default() });
        peer.reconnect(true, &[]);
        for number in 1..=n {
            peer.send(&plain(QoS::AtMostOnce, number));
        }
    });
    exactly_once_messages_that_are_never_released => linear(10_000, |peer, n| {
        peer.subscribe("t");
        for number in (1..=n).rev() {
            peer.send(&plain(QoS::ExactlyOnce, number));
        }
    });
    exactly_once_messages_that_are_released => linear_and_bounded(4_000, |peer, n| {
        peer.subscribe("t");
        for number in (1..=100).cycle().take(n) {
            peer.send(&plain(QoS::ExactlyOnce, number));
            peer.send(&wire(&Packet::PubRel(Ack::success(id(number)))));
        }
    });
    the_same_exactly_once_message_again_and_again => linear_and_bounded(4_000, |peer, n| {
        peer.subscribe("t");
        peer.send(&many(100, |number| plain(QoS::ExactlyOnce, number)));
        for _ in 0..n {
            peer.send(&plain(QoS::ExactlyOnce, 1));
        }
    });
    acknowledgements_of_nothing => linear_and_bounded(2_000, |peer, n| {
        for number in 1..=n {
            peer.send(&wire(&Packet::PubAck(Ack::success(id(number)))));
            peer.send(&wire(&Packet::PubRec(Ack::success(id(number)))));
            peer.send(&wire(&Packet::PubRel(Ack::success(id(number)))));
            peer.send(&wire(&Packet::PubComp(Ack::success(id(number)))));
            peer.send(&granted(number));
        }
    });
    the_same_pubrec_again_and_again => linear_and_bounded(4_000, |peer, n| {
        peer.publish(QoS::ExactlyOnce);
        for _ in 0..n {
            peer.send(&wire(&Packet::PubRec(Ack::success(id(1)))));
        }
    });
    publishes_acknowledged_in_order => linear(4_000, |peer, n| {
        for _ in 0..n {
            peer.publish(QoS::ExactlyOnce);
        }
        for number in 1..=n {
            peer.send(&wire(&Packet::PubRec(Ack::success(id(number)))));
        }
        for number in 1..=n {
            peer.send(&wire(&Packet::PubComp(Ack::success(id(number)))));
        }
    });
    publishes_acknowledged_in_the_opposite_order => linear(4_000, |peer, n| {
        for _ in 0..n {
            peer.publish(QoS::AtLeastOnce);
        }
        for number in (1..=n).rev() {
            peer.send(&wire(&Packet::PubAck(Ack::success(id(number)))));
        }
    });
    publishes_of_a_resumed_session_one_at_a_time => linear(2_000, |peer, n| {
        for _ in 0..n {
            peer.publish(QoS::AtLeastOnce);
        }
        peer.reconnect(true, &[Property::TwoByte(PropertyId::ReceiveMaximum, 1)]);
        for number in 1..=n {
            peer.send(&wire(&Packet::PubAck(Ack::success(id(number)))));
        }
    });
    the_latest_of_many_topics => linear(2_000, |peer, n| {
        *peer = Peer::with(ConnectOptions {
            queue: QueueLimits { policy: QueuePolicy::LatestPerTopic, ..Default::default() },
            ..Default::default()
        });
        peer.act(Session::handle_closed);
        for round in 1..4 {
            for number in 0..n {
                // Each topic once in a round, in another order each time.
                let topic = format!("topic/{}", number * [1, 7, 977][round - 1] % n);
                peer.publish_to(&topic, if number % 3 == 0 { QoS::AtMostOnce } else { QoS::AtLeastOnce });
            }
        }
    });
    properties_by_the_thousand => linear(1_000, |peer, n| {
        peer.subscribe("t");
        let mut list = PropertiesBuf::new();
        for _ in 0..n {
            list.user("", "").expect("a valid property");
            list.var_int(PropertyId::SubscriptionIdentifier, 1).expect("a valid property");
        }
        for _ in 0..3 {
            peer.send(&message(QoS::AtMostOnce, 0, "t", &list));
        }
    });
    topics_of_many_levels => linear(2_000, |peer, n| {
        peer.subscribe("#");
        peer.subscribe("/+/+/#");
        peer.send(&message(QoS::AtMostOnce, 0, &"/".repeat(n), &PropertiesBuf::new()));
    });
    connections_that_break => linear_and_bounded(200, |peer, n| {
        peer.subscribe("t");
        peer.publish(QoS::AtLeastOnce);
        for _ in 0..n {
            peer.send(&plain(QoS::ExactlyOnce, 1));
            peer.reconnect(true, &[]);
        }
    });
    sessions_that_are_lost => linear_and_bounded(200, |peer, n| {
        peer.subscribe("t");
        peer.publish(QoS::AtLeastOnce);
        for _ in 0..n {
            peer.send(&plain(QoS::ExactlyOnce, 1));
            peer.reconnect(false, &[]);
        }
    });
}
