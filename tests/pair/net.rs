//! A session and the broker with a network between them: it splits and delays, and on demand stalls and cuts.

use std::collections::VecDeque;

use webmqtt::session::{ConnectOptions, Session, State};

use super::broker::{Broker, ConnectionId, Settings};
use super::client::{Client, Link};
use super::random::Random;

/// More steps than any test takes in one go.
const MOST_STEPS: u32 = 1_000_000;

/// What travels.
enum Piece {
    Bytes(Vec<u8>),
    /// The sender closed behind its bytes.
    End,
}

/// One direction. Nothing overtakes anything.
#[derive(Default)]
struct Pipe {
    pieces: VecDeque<(u64, Piece)>,
    last: u64,
    stalled_until: u64,
}

impl Pipe {
    fn push(&mut self, at: u64, piece: Piece) {
        self.last = self.last.max(at).max(self.stalled_until);
        self.pieces.push_back((self.last, piece));
    }

    fn due(&self) -> Option<u64> {
        let (at, _) = self.pieces.front()?;
        Some((*at).max(self.stalled_until))
    }

    /// What gets through before a cut: a part of what is under way.
    fn cut(&mut self, random: &mut Random) -> Vec<Vec<u8>> {
        let through = random.index(self.pieces.len() + 1);
        let pieces = std::mem::take(self).pieces;
        let bytes = |(_, piece)| match piece {
            Piece::Bytes(bytes) => Some(bytes),
            Piece::End => None,
        };
        pieces.into_iter().take(through).filter_map(bytes).collect()
    }
}

pub struct Net {
    pub client: Client,
    pub broker: Broker,
    pub random: Random,
    /// The longest a piece takes, in milliseconds.
    pub latency: u64,
    /// Whether messages are cut into pieces.
    pub split: bool,
    /// The pieces are single bytes.
    pub byte_by_byte: bool,
    /// Attempts to open a connection fail.
    pub down: bool,
    /// The next connection breaks when the broker has answered the CONNECT, before the client hears of it.
    pub answer_gets_lost: bool,
    /// How many milliseconds after their time the client's timers fire, as in a hidden tab.
    pub timers_late: u64,
    now: u64,
    at: Option<ConnectionId>,
    opens_at: Option<u64>,
    up: Pipe,
    downstream: Pipe,
}

impl Net {
    pub fn new(options: ConnectOptions, settings: Settings, seed: u64) -> Self {
        Self {
            client: Client::new(options, seed),
            broker: Broker::new(settings),
            random: Random::new(seed),
            latency: 0,
            split: false,
            byte_by_byte: false,
            down: false,
            answer_gets_lost: false,
            timers_late: 0,
            now: 0,
            at: None,
            opens_at: None,
            up: Pipe::default(),
            downstream: Pipe::default(),
        }
    }

    pub fn connect(&mut self) {
        self.client.act(Session::connect).expect("not closed");
        self.settle();
    }

    /// Connected, and everything that follows from it done.
    #[track_caller]
    pub fn connected(options: ConnectOptions, settings: Settings) -> Self {
        let mut net = Self::new(options, settings, 1);
        net.connect();
        assert_eq!(net.client.state(), State::Connected);
        net
    }

    /// Does what is due now.
    pub fn settle(&mut self) {
        self.run(0);
    }

    /// The connection as the broker names it.
    pub fn connection(&self) -> Option<ConnectionId> {
        self.at
    }

    pub fn now(&self) -> u64 {
        self.now
    }

    /// Somebody else publishes a message at the broker.
    pub fn publish_elsewhere(&mut self, topic: &str, payload: &str, qos: webmqtt::codec::QoS) {
        self.broker
            .publish(self.now, topic, payload.as_bytes(), qos, false);
        self.collect();
    }

    /// When the client's next timer fires.
    fn timer_due(&self) -> Option<u64> {
        let at = self.client.deadline()?;
        Some(at.saturating_add(self.timers_late))
    }

    /// Time passes.
    pub fn run(&mut self, millis: u64) {
        let until = self.now + millis;
        for step in 0.. {
            assert!(step < MOST_STEPS, "this never comes to rest");
            self.collect();
            let next = [
                self.opens_at,
                self.up.due(),
                self.downstream.due(),
                self.timer_due(),
                self.broker.deadline(),
            ];
            let next = next.into_iter().flatten().min();
            let Some(next) = next.filter(|&next| next <= until) else {
                break;
            };
            self.now = self.now.max(next);
            self.client.now = self.now;
            self.step();
        }
        self.now = until;
        self.client.now = until;
    }

    /// Delivers this many pieces without letting time pass, or fewer if there are no more; how many it were.
    pub fn run_pieces(&mut self, count: usize) -> usize {
        for delivered in 0..count {
            self.collect();
            let is_due = |pipe: &Pipe| pipe.due().is_some_and(|at| at <= self.now);
            if !is_due(&self.up) && !is_due(&self.downstream) {
                return delivered;
            }
            self.step();
        }
        count
    }

    fn step(&mut self) {
        let now = self.now;
        let is_due = |at: Option<u64>| at.is_some_and(|at| at <= now);
        if is_due(self.opens_at) {
            self.opens_at = None;
            if self.down {
                self.client.closed();
            } else {
                self.at = Some(self.broker.open(now));
                self.client.opened();
            }
        } else if is_due(self.up.due()) {
            if let (Some((_, Piece::Bytes(bytes))), Some(at)) =
                (self.up.pieces.pop_front(), self.at)
            {
                self.broker.received(now, at, &bytes);
                let answered =
                    self.client.state() == State::Connecting && self.broker.has_outgoing(at);
                if answered && std::mem::take(&mut self.answer_gets_lost) {
                    self.cut_hard();
                }
            }
        } else if is_due(self.downstream.due()) {
            match self.downstream.pieces.pop_front() {
                Some((_, Piece::Bytes(bytes))) => self.client.received(&bytes),
                Some((_, Piece::End)) => {
                    self.forget();
                    self.client.closed();
                }
                None => {}
            }
        } else if is_due(self.timer_due()) {
            self.client.act(Session::handle_timeout);
        } else {
            self.broker.time(now);
        }
    }

    /// Puts what both sides sent on its way.
    fn collect(&mut self) {
        if let Some(at) = self.at {
            for message in std::mem::take(&mut self.client.outbox) {
                for (delay, piece) in self.pieces(message) {
                    self.up.push(self.now + delay, Piece::Bytes(piece));
                }
            }
            if self.client.link != Link::Open {
                // The client closed: what it sent before still arrives, unless the network is stuck.
                let stuck = self.up.stalled_until > self.now;
                for (_, piece) in std::mem::take(&mut self.up).pieces {
                    if let (Piece::Bytes(bytes), false) = (piece, stuck) {
                        self.broker.received(self.now, at, &bytes);
                    }
                }
                self.forget();
            }
        }
        if let Some(at) = self.at {
            let (bytes, closes) = self.broker.take_outgoing(at);
            for (delay, piece) in self.pieces(bytes) {
                self.downstream.push(self.now + delay, Piece::Bytes(piece));
            }
            let ended = |(_, piece): &(u64, Piece)| matches!(piece, Piece::End);
            if closes && !self.downstream.pieces.back().is_some_and(ended) {
                self.downstream.push(self.now, Piece::End);
            }
        }
        if self.client.link == Link::Wanted && self.opens_at.is_none() {
            let delay = self.delay();
            self.opens_at = Some(self.now + delay);
        } else if self.client.link != Link::Wanted {
            self.opens_at = None;
        }
    }

    fn delay(&mut self) -> u64 {
        self.random.below(self.latency + 1)
    }

    fn pieces(&mut self, bytes: Vec<u8>) -> Vec<(u64, Vec<u8>)> {
        let mut rest = bytes.as_slice();
        let mut pieces = Vec::new();
        while !rest.is_empty() {
            let len = if self.byte_by_byte {
                1
            } else if self.split && self.random.chance(50) {
                1 + self.random.index(rest.len().min(40))
            } else {
                rest.len()
            };
            let (piece, tail) = rest.split_at(len.min(rest.len()));
            pieces.push((self.delay(), piece.to_vec()));
            rest = tail;
        }
        pieces
    }

    /// Neither direction delivers anything for a while.
    pub fn stall(&mut self, millis: u64) {
        let until = self.now + millis;
        self.up.stalled_until = until;
        self.downstream.stalled_until = until;
    }

    /// The connection breaks. A part of what is under way still arrives, at either end.
    pub fn cut(&mut self) {
        self.collect();
        let Some(at) = self.at else { return };
        for bytes in self.up.cut(&mut self.random) {
            self.broker.received(self.now, at, &bytes);
        }
        for bytes in self.downstream.cut(&mut self.random) {
            self.client.received(&bytes);
        }
        self.forget();
        if self.client.link == Link::Open {
            self.client.closed();
        }
        self.client.outbox.clear();
    }

    /// The connection breaks, and what is under way is lost.
    pub fn cut_hard(&mut self) {
        self.collect();
        self.up = Pipe::default();
        self.downstream = Pipe::default();
        self.cut();
    }

    /// The broker stops and comes back without any session.
    pub fn lose_sessions(&mut self) {
        self.broker.lose_sessions();
        self.cut();
    }

    /// The page is gone and comes back: another client with the same options, which remembers nothing.
    pub fn restart(&mut self, options: ConnectOptions, seed: u64) {
        self.cut();
        self.opens_at = None;
        self.client = Client::new(options, seed);
        self.client.now = self.now;
    }

    /// The client's process ends in the middle of everything, and another one goes on with what was stored. A part of
    /// what is under way still arrives at the broker.
    pub fn crash(&mut self, options: ConnectOptions, seed: u64) {
        self.collect();
        if let Some(at) = self.at {
            for bytes in self.up.cut(&mut self.random) {
                self.broker.received(self.now, at, &bytes);
            }
        }
        self.forget();
        self.opens_at = None;
        self.client = self.client.reborn(options, seed);
    }

    fn forget(&mut self) {
        if let Some(at) = self.at.take() {
            self.broker.closed(self.now, at);
        }
        self.up = Pipe::default();
        self.downstream = Pipe::default();
    }
}
