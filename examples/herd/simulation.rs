//! A herd: many sessions lose the same broker at one moment and come back, in a time that does not pass by itself.
//!
//! The sessions are the real ones, each with its own seed and its own round trip. The broker is a door: it is away for
//! a while, then lets so many in per second, and turns away at once whoever finds its queue full.

use std::collections::BTreeMap;

use webmqtt::codec::{self, ConnAck, Packet, Properties, ReasonCode, Sender, Version};
use webmqtt::session::{ConnectOptions, ReconnectOptions, Session, State, Transmit, TransportOp};
use webmqtt::time::{Duration, Instant};

/// What a bin of [`Outcome::arrivals`] is wide, in milliseconds.
pub const BIN: u64 = 100;
/// The sessions have stood for this long when they are lost, in milliseconds: all of them count as stable.
const STOOD: u64 = 60_000;
/// The shortest and the longest round trip, in milliseconds.
const ROUND_TRIPS: (u64, u64) = (10, 200);
/// A herd that is not back after a day is a mistake of the simulation.
const PATIENCE: u64 = 24 * 3_600_000;

/// When a session tries again.
#[derive(Clone, Copy, Debug)]
pub enum Policy {
    /// As the session does by itself.
    BackOff(ReconnectOptions),
    /// So many milliseconds after each loss and each failure.
    Fixed(u64),
}

/// What happens to the broker.
#[derive(Clone, Copy, Debug)]
pub struct Fault {
    /// How long it is away, in milliseconds. Whoever comes meanwhile is turned away at once.
    pub away: u64,
    /// How many it lets in per second when it is back; `None` for as many as come.
    pub per_second: Option<u64>,
    /// How many wait at its door at most.
    pub backlog: u64,
}

/// What came of it. Times count from the loss, in milliseconds.
pub struct Outcome {
    /// Attempts that reached the broker's address, per [`BIN`].
    pub arrivals: Vec<u32>,
    /// When each session was back, in order.
    pub back: Vec<u64>,
    /// Attempts that a broker that was up turned away, or let in too late.
    pub wasted: u64,
}

impl Outcome {
    /// Attempts in all.
    pub fn attempts(&self) -> u64 {
        self.arrivals.iter().map(|&count| u64::from(count)).sum()
    }

    /// The most attempts within any so many bins.
    pub fn peak(&self, bins: usize) -> u64 {
        let mut within = 0;
        let mut most = 0;
        for (nth, &count) in self.arrivals.iter().enumerate() {
            within += u64::from(count);
            if let Some(gone) = nth.checked_sub(bins) {
                within -= u64::from(self.arrivals[gone]);
            }
            most = most.max(within);
        }
        most
    }

    /// When so many percent of the sessions were back.
    pub fn back_after(&self, percent: usize) -> u64 {
        let nth = (self.back.len() * percent).div_ceil(100);
        self.back[nth.saturating_sub(1)]
    }
}

/// What happens to one session.
#[derive(Clone, Copy)]
enum Step {
    Lost,
    Due,
    /// Its attempt reaches the broker's address.
    Arrives,
    /// With the number of the attempt that it answers.
    TurnedAway(u32),
    LetIn(u32),
}

struct Member {
    session: Session,
    round_trip: u64,
    attempt: u32,
}

struct Herd {
    policy: Policy,
    fault: Fault,
    members: Vec<Member>,
    steps: BTreeMap<u64, Vec<(u32, Step)>>,
    outcome: Outcome,
    /// When the door is free again, in microseconds.
    door_free: u64,
    accepted: Vec<u8>,
}

/// Plays it to its end.
pub fn play(sessions: u32, policy: Policy, fault: Fault) -> Outcome {
    let mut herd = Herd {
        policy,
        fault,
        members: Vec::new(),
        steps: BTreeMap::new(),
        outcome: Outcome {
            arrivals: Vec::new(),
            back: Vec::new(),
            wasted: 0,
        },
        door_free: 0,
        accepted: connack(),
    };
    for number in 0..sessions {
        let member = herd.connected(number);
        herd.plan(member.round_trip / 2, number, Step::Lost);
        herd.members.push(member);
    }
    while let Some((now, steps)) = herd.steps.pop_first() {
        assert!(now < PATIENCE, "the herd does not come back");
        for (number, step) in steps {
            herd.take(now, number, step);
        }
    }
    assert_eq!(herd.outcome.back.len(), sessions as usize);
    herd.outcome.back.sort_unstable();
    herd.outcome
}

impl Herd {
    /// A session whose connection has stood for a while.
    fn connected(&self, number: u32) -> Member {
        let options = ConnectOptions {
            reconnect: Some(match self.policy {
                Policy::BackOff(options) => options,
                Policy::Fixed(_) => ReconnectOptions::default(),
            }),
            // Who comes back need not be watched any longer.
            keep_alive: 0,
            ..ConnectOptions::default()
        };
        let (shortest, longest) = ROUND_TRIPS;
        let mut member = Member {
            session: Session::new(options, u64::from(number)).expect("options within their ranges"),
            round_trip: shortest + u64::from(number) * 7919 % (longest - shortest + 1),
            attempt: 0,
        };
        let start = Instant::from_millis(0);
        member.session.connect(start).expect("a new session");
        assert!(member.settle());
        member.let_in(start, &self.accepted);
        member.session.handle_timeout(Instant::from_millis(STOOD));
        member.settle();
        member
    }

    fn plan(&mut self, at: u64, number: u32, step: Step) {
        self.steps.entry(at).or_default().push((number, step));
    }

    fn take(&mut self, now: u64, number: u32, step: Step) {
        let member = &mut self.members[number as usize];
        let round_trip = member.round_trip;
        let moment = Instant::from_millis(STOOD + now);
        match step {
            Step::Lost => self.closed(now, number),
            Step::TurnedAway(attempt) if attempt == member.attempt => self.closed(now, number),
            Step::TurnedAway(_) => {}
            Step::Due => {
                member.session.handle_timeout(moment);
                if member.settle() {
                    member.attempt += 1;
                    self.plan(now + round_trip / 2, number, Step::Arrives);
                } else if member.session.state() == State::Waiting {
                    // Its attempt took too long.
                    member.attempt += 1;
                    self.wait(now, number);
                }
            }
            Step::Arrives => {
                let attempt = member.attempt;
                match self.answer(now) {
                    Some(at) => {
                        self.plan(at + round_trip / 2, number, Step::LetIn(attempt));
                        let patience = self.members[number as usize].session.poll_timeout();
                        let patience = patience.expect("an attempt takes no longer than allowed");
                        self.plan(patience.at.as_millis() - STOOD, number, Step::Due);
                    }
                    None => {
                        let at = now + round_trip.div_ceil(2);
                        self.plan(at, number, Step::TurnedAway(attempt));
                    }
                }
            }
            Step::LetIn(attempt) if attempt == member.attempt => {
                member.let_in(moment, &self.accepted);
                self.outcome.back.push(now);
            }
            Step::LetIn(_) => self.outcome.wasted += 1,
        }
    }

    fn closed(&mut self, now: u64, number: u32) {
        let member = &mut self.members[number as usize];
        let moment = Instant::from_millis(STOOD + now);
        member.session.handle_closed(moment);
        assert!(!member.settle());
        self.wait(now, number);
    }

    fn wait(&mut self, now: u64, number: u32) {
        let session = &mut self.members[number as usize].session;
        if let Policy::Fixed(delay) = self.policy {
            let moment = Instant::from_millis(STOOD + now);
            session.retry_after(moment, Duration::from_millis(delay));
        }
        let due = session.poll_timeout().expect("it tries again");
        self.plan(due.at.as_millis() - STOOD, number, Step::Due);
    }

    /// When the broker will have let in whoever comes now; `None` if it turns them away.
    fn answer(&mut self, now: u64) -> Option<u64> {
        let bin = usize::try_from(now / BIN).expect("a day of bins");
        if self.outcome.arrivals.len() <= bin {
            self.outcome.arrivals.resize(bin + 1, 0);
        }
        self.outcome.arrivals[bin] += 1;
        if now < self.fault.away {
            return None;
        }
        let Some(per_second) = self.fault.per_second else {
            return Some(now);
        };
        let each = 1_000_000 / per_second;
        let begins = self.door_free.max(now * 1000);
        if (begins - now * 1000) / each >= self.fault.backlog {
            self.outcome.wasted += 1;
            return None;
        }
        self.door_free = begins + each;
        Some(self.door_free.div_ceil(1000))
    }
}

impl Member {
    /// Drains every output; whether the session wants a transport.
    fn settle(&mut self) -> bool {
        let mut wants = false;
        loop {
            let mut progress = false;
            while self.session.poll_event().is_some() {
                progress = true;
            }
            let mut out = Vec::new();
            while self.session.poll_transmit(&mut out, 4096) == Transmit::Data {
                progress = true;
            }
            while let Some(op) = self.session.poll_transport() {
                progress = true;
                wants = op == TransportOp::Open;
            }
            if !progress {
                return wants;
            }
        }
    }

    fn let_in(&mut self, now: Instant, connack: &[u8]) {
        self.session.handle_open(now);
        self.settle();
        self.session
            .recv_buf(connack.len())
            .copy_from_slice(connack);
        self.session.handle_received(now);
        self.settle();
        assert_eq!(self.session.state(), State::Connected);
    }
}

fn connack() -> Vec<u8> {
    let packet = Packet::ConnAck(ConnAck {
        session_present: false,
        reason: ReasonCode::Success,
        properties: Properties::EMPTY,
    });
    let mut bytes = Vec::new();
    codec::encode_as(Sender::Server, &packet, Version::V5, &mut bytes).expect("a legal CONNACK");
    bytes
}
