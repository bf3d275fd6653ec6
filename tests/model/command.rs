//! What a run is made of: the circumstances, and the commands that application, network and broker get.
//!
//! Every sequence of commands means something: an index goes round, a command that makes no sense now does nothing. So
//! any part of a failing sequence is a sequence, too, and it can be shrunk.

use std::fmt;

use proptest::bool::weighted;
use proptest::collection::vec;
use proptest::prelude::*;
use proptest::sample::select;
use webmqtt::codec::{QoS, Version};
use webmqtt::session::{Durability, Wake};

use crate::pair::{QOS0, QOS1, QOS2};

/// Topics that the client publishes to; the longer ones are worth an alias.
pub const OUT: [&str; 3] = ["out/a", "out/the/kitchen", "out/the/cellar"];
/// Topics that somebody else publishes to.
pub const IN: [&str; 3] = ["in/a", "in/b", "in/c"];
/// What the client subscribes to. Some overlap, one brings its own messages back, the last one the broker refuses.
pub const FILTERS: [&str; 7] = ["in/#", "in/a", "in/+", "+/b", "out/a", "in/c/#", "secret/x"];
/// How the filters begin that the broker refuses.
pub const FORBIDDEN: &str = "secret/";

/// What stays as it is in a run.
#[derive(Clone, Debug)]
pub struct Setup {
    pub version: Version,
    /// The session outlives its connections.
    pub persistent: bool,
    /// And a process that ends: it is in a store, if it outlives connections.
    pub stored: Option<Durability>,
    /// For how many seconds, 5.0 only.
    pub session_expiry: u32,
    /// The application is asked for credentials before each attempt.
    pub asks: bool,
    /// The application acknowledges what it gets itself.
    pub manual_ack: bool,
    /// What is above the server's Maximum QoS is sent at that instead.
    pub lower_qos: bool,
    pub keep_alive: u16,
    /// The client's.
    pub receive_maximum: u16,
    /// How many topic aliases each side may use at most, and whether the broker does.
    pub aliases: (u16, u16, bool),
    /// The broker sends a copy for each subscription.
    pub copies: bool,
    /// The broker knows subscription identifiers.
    pub identifiers: bool,
    /// What the server announces at first.
    pub limits: Limits,
    /// How many messages the client's queue takes.
    pub queue: usize,
    /// It subscribes to everything at first.
    pub subscribed: bool,
    pub latency: u64,
    pub split: bool,
    /// For everything that is left to chance: jitter, delays, where the network splits and what a cut lets through.
    pub seed: u64,
}

/// What the server announces from the next connection on, 5.0 only.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq)]
pub struct Limits {
    pub receive_maximum: Option<u16>,
    pub topic_alias_maximum: u16,
    pub maximum_qos: Option<QoS>,
    pub maximum_packet_size: Option<u32>,
}

#[derive(Clone, Debug)]
pub enum Command {
    // The application
    Publish {
        topic: usize,
        qos: QoS,
        size: usize,
        /// Message Expiry Interval in seconds, 5.0 only.
        expiry: Option<u32>,
    },
    Subscribe(Vec<(usize, QoS)>),
    Unsubscribe(usize),
    Cancel(usize),
    /// Acknowledges a message that it got; with a failure if that is possible.
    Acknowledge {
        nth: usize,
        refuses: bool,
    },
    Connect,
    Stop,
    /// The page is put away.
    Suspend,
    Wake(Wake),
    /// The timers are looked at although none is due.
    Tick,
    // Time
    Pass(u64),
    /// From now on timers fire this much after their time.
    TimersLate(u64),
    // The network
    Cut,
    /// A cut that nothing under way gets through.
    CutHard,
    /// The broker's next answer to a CONNECT gets lost with its connection.
    LoseAnswer,
    Stall(u64),
    /// From now on attempts to connect fail, or succeed again.
    Down(bool),
    /// The socket takes no more bytes, or does again.
    SocketFull(bool),
    // The broker
    PublishElsewhere {
        topic: usize,
        qos: QoS,
    },
    HangUp,
    LoseSessions,
    Announce(Limits),
    // The page
    /// It is loaded again: a new client with the old identifier and what was stored, which subscribes to the same again.
    Restart,
}

impl fmt::Display for Command {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        match self {
            Self::Publish {
                topic,
                qos,
                size,
                expiry,
            } => {
                write!(f, "publish to {} with QoS {}", OUT[*topic], *qos as u8)?;
                if *size > 0 {
                    write!(f, " and {size} bytes more")?;
                }
                match expiry {
                    None => Ok(()),
                    Some(seconds) => write!(f, ", which expires after {seconds} s"),
                }
            }
            Self::Subscribe(filters) => {
                let filters: Vec<_> = filters
                    .iter()
                    .map(|(filter, qos)| format!("{} with QoS {}", FILTERS[*filter], *qos as u8))
                    .collect();
                write!(f, "subscribe to {}", filters.join(", "))
            }
            Self::Unsubscribe(nth) => write!(f, "unsubscribe, subscription {nth}"),
            Self::Cancel(nth) => write!(f, "cancel, {nth} publishes ago"),
            Self::Acknowledge {
                nth,
                refuses: false,
            } => write!(f, "acknowledge, message {nth}"),
            Self::Acknowledge { nth, refuses: true } => write!(f, "refuse, message {nth}"),
            Self::Connect => f.write_str("connect"),
            Self::Stop => f.write_str("stop connecting"),
            Self::Suspend => f.write_str("the page is put away"),
            Self::Wake(Wake::Running) => f.write_str("the page runs again"),
            Self::Wake(Wake::Network) => f.write_str("the network came back"),
            Self::Tick => f.write_str("handle_timeout, although nothing is due"),
            Self::Pass(millis) => write!(f, "{millis} ms pass"),
            Self::TimersLate(millis) => write!(f, "timers fire {millis} ms late from now on"),
            Self::Cut => f.write_str("the connection breaks"),
            Self::CutHard => f.write_str("the connection breaks, what is under way is lost"),
            Self::LoseAnswer => f.write_str("the answer to the next CONNECT gets lost"),
            Self::Stall(millis) => write!(f, "the network stalls for {millis} ms"),
            Self::Down(true) => f.write_str("the network is down"),
            Self::Down(false) => f.write_str("the network is up"),
            Self::SocketFull(true) => f.write_str("the socket takes no more bytes"),
            Self::SocketFull(false) => f.write_str("the socket takes bytes again"),
            Self::PublishElsewhere { topic, qos } => write!(
                f,
                "somebody else publishes to {} with QoS {}",
                IN[*topic], *qos as u8
            ),
            Self::HangUp => f.write_str("the broker ends the connection"),
            Self::LoseSessions => f.write_str("the broker restarts without its sessions"),
            Self::Announce(limits) => write!(f, "from the next connection on {limits:?}"),
            Self::Restart => f.write_str("the page is loaded again"),
        }
    }
}

fn qos() -> impl Strategy<Value = QoS> {
    select(vec![QOS1, QOS2, QOS0])
}

prop_compose! {
    fn setup()(
        version in select(vec![Version::V5, Version::V4]),
        persistent in any::<bool>(),
        stored in select(vec![None, None, Some(Durability::Relaxed), Some(Durability::Strict)]),
        session_expiry in select(vec![3_600, 3_600, 2]),
        (asks, manual_ack, lower_qos) in (weighted(0.2), weighted(0.4), weighted(0.4)),
        keep_alive in select(vec![0, 60, 20, 5]),
        receive_maximum in select(vec![65_535, 5, 2, 1]),
        aliases in (select(vec![0, 1, 2, 16]), select(vec![0, 2, 16]), any::<bool>()),
        (copies, identifiers) in (any::<bool>(), weighted(0.7)),
        limits in prop_oneof![Just(Limits::default()), limits()],
        queue in select(vec![100_000, 5, 1]),
        subscribed in weighted(0.7),
        latency in select(vec![0, 5, 80, 400]),
        split in any::<bool>(),
        seed in any::<u32>(),
    ) -> Setup {
        Setup {
            version,
            persistent,
            stored,
            session_expiry,
            asks,
            manual_ack,
            lower_qos,
            keep_alive,
            receive_maximum,
            aliases,
            copies,
            identifiers,
            limits,
            queue,
            subscribed,
            latency,
            split,
            seed: seed.into(),
        }
    }
}

prop_compose! {
    fn limits()(
        receive_maximum in select(vec![None, Some(1), Some(2), Some(7)]),
        topic_alias_maximum in select(vec![0, 1, 2, 16]),
        maximum_qos in select(vec![None, None, Some(QOS1), Some(QOS0)]),
        maximum_packet_size in select(vec![None, None, Some(100), Some(60)]),
    ) -> Limits {
        Limits {
            receive_maximum,
            topic_alias_maximum,
            maximum_qos,
            maximum_packet_size,
        }
    }
}

fn command() -> impl Strategy<Value = Command> {
    let publish = (
        0..OUT.len(),
        qos(),
        select(vec![0, 0, 0, 80]),
        select(vec![None, None, None, Some(1), Some(10)]),
    );
    prop_oneof![
        30 => publish.prop_map(|(topic, qos, size, expiry)| Command::Publish { topic, qos, size, expiry }),
        20 => (0..IN.len(), qos()).prop_map(|(topic, qos)| Command::PublishElsewhere { topic, qos }),
        20 => select(vec![0, 1, 20, 200, 3_000, 30_000]).prop_map(Command::Pass),
        6 => Just(Command::Cut),
        2 => Just(Command::CutHard),
        4 => vec((0..FILTERS.len(), qos()), 1..3).prop_map(Command::Subscribe),
        3 => (0..4_usize).prop_map(Command::Unsubscribe),
        3 => (0..4_usize).prop_map(Command::Cancel),
        8 => (0..4_usize, weighted(0.2))
            .prop_map(|(nth, refuses)| Command::Acknowledge { nth, refuses }),
        3 => Just(Command::Connect),
        1 => Just(Command::Stop),
        2 => select(vec![Wake::Running, Wake::Network]).prop_map(Command::Wake),
        1 => Just(Command::Suspend),
        2 => Just(Command::Tick),
        1 => select(vec![0, 500, 60_000]).prop_map(Command::TimersLate),
        2 => Just(Command::LoseAnswer),
        2 => (0..15_000_u64).prop_map(Command::Stall),
        2 => any::<bool>().prop_map(Command::Down),
        2 => any::<bool>().prop_map(Command::SocketFull),
        2 => Just(Command::HangUp),
        2 => Just(Command::LoseSessions),
        3 => limits().prop_map(Command::Announce),
        2 => Just(Command::Restart),
    ]
}

/// A whole run.
pub fn run() -> impl Strategy<Value = (Setup, Vec<Command>)> {
    (setup(), vec(command(), 1..70))
}

/// A run in readable form.
pub fn readable(setup: &Setup, commands: &[Command]) -> String {
    let mut text = format!("{setup:?}\n");
    for (nth, command) in commands.iter().enumerate() {
        text += &format!("{:4}. {command}\n", nth + 1);
    }
    text
}
