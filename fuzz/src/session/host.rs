//! The host: it drains the session as the contract asks for, and checks what the session promises to every host.

use std::collections::BTreeSet;

#[path = "../../../tests/pair/audit.rs"]
#[allow(
    dead_code,
    missing_docs,
    reason = "it is the test bed's; here it only watches"
)]
mod audit;

use audit::Audit;
use webmqtt::error::Error;
use webmqtt::session::{
    AckToken, ConnectOptions, Event, Session, State, SubscriptionKey, Token, Transmit, TransportOp,
};
use webmqtt::time::Instant;

use crate::meter;

/// Where the transport stands.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Link {
    None,
    Wanted,
    Open,
}

/// How much a run may cost, by what was put into it.
#[derive(Default)]
struct Budget {
    steps: u64,
    server_bytes: u64,
    /// What the application handed in, and what it costs to remember it.
    application_bytes: u64,
}

pub struct Host {
    session: Session,
    pub now: u64,
    pub link: Link,
    /// The socket takes nothing.
    pub stalled: bool,
    /// Server bytes come in messages of at most so many bytes; 0 is as they are.
    pub cut: usize,
    /// What left on this connection and the server has not looked at.
    pub outbox: Vec<u8>,
    pub tokens: Vec<Token>,
    pub keys: Vec<SubscriptionKey>,
    pub acks: Vec<AckToken>,
    open: BTreeSet<u32>,
    state: State,
    audit: Audit,
    /// Until the application has answered, the session reads nothing of what follows an AUTH. The auditor cannot know
    /// where that ends, so it looks away until the next connection.
    unread: bool,
    budget: Budget,
    out: Vec<u8>,
}

impl Host {
    pub fn new(options: ConnectOptions) -> Option<Self> {
        let version = options.version;
        meter::reset();
        let session = meter::inside(|| Session::new(options, 7)).ok()?;
        Some(Self {
            session,
            now: 0,
            link: Link::None,
            stalled: false,
            cut: 0,
            outbox: Vec::new(),
            tokens: Vec::new(),
            keys: Vec::new(),
            acks: Vec::new(),
            open: BTreeSet::new(),
            state: State::Idle,
            audit: Audit::new(version),
            unread: false,
            budget: Budget::default(),
            out: Vec::with_capacity(1 << 16),
        })
    }

    /// A call of the session and everything that has to follow it.
    pub fn act<R>(&mut self, act: impl FnOnce(&mut Session, Instant) -> R) -> R {
        let now = Instant::from_millis(self.now);
        let session = &mut self.session;
        let result = meter::inside(|| act(session, now));
        self.drain();
        result
    }

    /// A command that gives a token.
    pub fn command(
        &mut self,
        bytes: usize,
        command: impl FnOnce(&mut Session, Instant) -> Result<Token, Error>,
    ) {
        self.budget.application_bytes += 1_024 + bytes as u64;
        let now = Instant::from_millis(self.now);
        let session = &mut self.session;
        match meter::inside(|| command(session, now)) {
            Ok(token) => {
                assert!(self.open.insert(token.get()), "a token given out twice");
                self.tokens.push(token);
            }
            Err(error) => assert!(!error.code().is_empty()),
        }
        self.drain();
    }

    pub fn deadline(&self) -> Option<u64> {
        Some(self.session.poll_timeout()?.at.as_millis())
    }

    pub fn step(&mut self) {
        self.budget.steps += 1;
    }

    /// Time has passed, and the host calls as it should.
    pub fn timeout(&mut self) {
        self.act(Session::handle_timeout);
        let deadline = self.deadline();
        assert!(
            deadline.is_none_or(|at| at > self.now),
            "a deadline that handle_timeout left standing"
        );
    }

    pub fn opened(&mut self) {
        if self.link == Link::Wanted {
            self.link = Link::Open;
            self.outbox.clear();
            self.audit.opened();
            self.unread = false;
            self.act(Session::handle_open);
        }
    }

    pub fn closed(&mut self) {
        if self.link != Link::None {
            self.link = Link::None;
            self.act(Session::handle_closed);
        }
    }

    pub fn received(&mut self, bytes: &[u8]) {
        self.budget.server_bytes += bytes.len() as u64;
        let cut = if self.cut == 0 { usize::MAX } else { self.cut };
        for message in bytes.chunks(cut) {
            if self.link != Link::Open {
                return;
            }
            self.budget.steps += 1;
            self.audit.received(self.now, message);
            self.act(|session, now| {
                session.recv_buf(message.len()).copy_from_slice(message);
                session.handle_received(now);
            });
            if self.link != Link::Open || self.unread {
                self.audit.client_gave_up();
            }
        }
    }

    fn drain(&mut self) {
        loop {
            let mut progress = self.events();
            progress |= self.transmit();
            progress |= self.events();
            while let Some(op) = meter::inside(|| self.session.poll_transport()) {
                progress = true;
                match op {
                    TransportOp::Open => {
                        assert_eq!(self.link, Link::None, "a second transport");
                        self.link = Link::Wanted;
                    }
                    TransportOp::Close => {
                        assert_ne!(self.link, Link::None, "nothing to close");
                        self.link = Link::None;
                    }
                }
            }
            if !progress {
                break;
            }
        }
        if self.state == State::Closed {
            assert!(self.open.is_empty(), "closed with open operations");
            assert_eq!(self.session.poll_timeout(), None);
        }
        self.audit.log.clear();
        self.check_costs();
    }

    fn events(&mut self) -> bool {
        let mut any = false;
        loop {
            let (state, open) = (&mut self.state, &mut self.open);
            let unread = &mut self.unread;
            let (session, mut ack) = (&mut self.session, None);
            // The event is dropped inside, too: what it holds is the session's.
            let more = meter::inside(|| match session.poll_event() {
                Some(event) => {
                    happened(&event, state, open);
                    match &event {
                        Event::Message(message) => ack = message.ack,
                        Event::Authentication { .. } => *unread |= *state == State::Connecting,
                        _ => {}
                    }
                    true
                }
                None => false,
            });
            if !more {
                assert_eq!(self.session.state(), self.state, "a change without event");
                return any;
            }
            self.acks.extend(ack);
            any = true;
        }
    }

    fn transmit(&mut self) -> bool {
        let mut any = false;
        while !self.stalled {
            self.out.clear();
            let (session, out) = (&mut self.session, &mut self.out);
            let outcome = meter::inside(|| session.poll_transmit(out, 4096));
            assert_eq!(
                outcome == Transmit::Data,
                !self.out.is_empty(),
                "{outcome:?}"
            );
            if self.out.is_empty() {
                break;
            }
            assert_eq!(self.link, Link::Open, "bytes for a transport that is not");
            if !self.unread {
                self.audit.sent(self.now, &self.out);
            }
            self.outbox.extend_from_slice(&self.out);
            any = true;
        }
        any
    }

    /// Memory by what came in; work by that and by how often something happened, at most once for each open thing.
    fn check_costs(&self) {
        let cost = meter::cost();
        let Budget {
            steps,
            server_bytes,
            application_bytes,
        } = self.budget;
        // Half of the first is the table of topics that came before.
        let memory = 128 * 1024 + 64 * (server_bytes + application_bytes);
        assert!(
            cost.peak as u64 <= memory,
            "{} bytes held after {server_bytes} from the server and {application_bytes} from the application",
            cost.peak
        );
        let work = 20_000
            + steps * (3_000 + 10 * self.tokens.len() as u64 + application_bytes / 10)
            + server_bytes * 500
            + application_bytes * 50;
        assert!(
            cost.work <= work,
            "{} steps of work after {steps} calls, {server_bytes} bytes from the server and {application_bytes} from the application",
            cost.work
        );
    }

    /// The end: everything is settled and given back.
    pub fn finish(mut self) {
        self.act(Session::abort);
        assert_eq!(self.state, State::Closed);
        self.closed();
        let held = meter::cost().held as u64;
        // The receive buffer and what the application itself declared.
        let justified = 16 * 1024 + 2 * self.budget.server_bytes + self.budget.application_bytes;
        assert!(held <= justified, "{held} bytes held after the end");
        drop(self.session);
        // What the session wrote into the host's buffers is the host's.
        drop(self.out);
        assert_eq!(meter::cost().held, 0, "leaked");
    }
}

fn happened(event: &Event<'_>, state: &mut State, open: &mut BTreeSet<u32>) {
    assert_ne!(*state, State::Closed, "an event after the end");
    match event {
        Event::State(change) => {
            assert_eq!(change.previous, *state);
            *state = change.state;
        }
        Event::Message(message) => {
            assert!(!message.topic.is_empty() && !message.subscriptions.is_empty());
        }
        Event::Published { token, .. }
        | Event::Subscribed { token, .. }
        | Event::Unsubscribed { token, .. }
        | Event::Reauthenticated { token, .. } => {
            assert!(open.remove(&token.get()), "settled twice, or never begun");
        }
        _ => {}
    }
}
