//! What the driver's events leave for the application: outcomes, messages and changes, and who waits for them.
//!
//! Wakers are user code: cloning, dropping and waking one can do anything, also use the client. So none of that happens
//! in here, where the board is borrowed. A waker comes in by exchange with the one that it replaces, and those to wake are
//! taken out by [`Board::take_woken`].

use alloc::collections::VecDeque;
use alloc::rc::Rc;
use alloc::vec::Vec;
use core::mem;
use core::task::Waker;

use super::changes::{ClientEvent, StateChange};
use super::link::Link;
use super::message::Message;
use super::subscription::Overflow;
use crate::codec::{QoS, ReasonCode};
use crate::error::Error;
use crate::session::{ConnectionInfo, Published, State, SubscriptionKey, Token};

/// How many events wait for a reader of them; the oldest are dropped.
pub(super) const EVENTS: usize = 256;

/// How an operation ended.
pub(super) enum Outcome {
    Published(Result<Published, Error>),
    Unsubscribed(Result<ReasonCode, Error>),
    Responded(Result<Message, Error>),
}

/// One that somebody waits for.
struct Operation {
    token: u32,
    waker: Option<Waker>,
    outcome: Option<Outcome>,
}

/// What a call waits for that is about the connection.
#[derive(Clone, Copy, PartialEq, Eq)]
pub(super) enum Goal {
    Connected,
    Closed,
}

struct Wait {
    id: u32,
    goal: Goal,
    waker: Option<Waker>,
    outcome: Option<Result<(), Error>>,
}

/// The messages of one subscription.
struct Feed {
    key: SubscriptionKey,
    token: Token,
    messages: VecDeque<Message>,
    capacity: usize,
    overflow: Overflow,
    dropped: u64,
    granted: Option<Result<QoS, Error>>,
    /// No more messages will come.
    ended: bool,
    /// Of the stream, or of whoever waits for the grant: both borrow the subscription.
    waker: Option<Waker>,
}

struct Listener {
    id: u32,
    events: VecDeque<ClientEvent>,
    waker: Option<Waker>,
}

/// What a stream has.
pub(super) enum Next<T> {
    Item(T),
    Later,
    End,
}

pub(super) struct Board {
    pub(super) state: State,
    pub(super) change: Option<StateChange>,
    pub(super) connection: Option<Rc<ConnectionInfo>>,
    /// Sorted by token: new ones come last.
    operations: VecDeque<Operation>,
    waits: Vec<Wait>,
    feeds: Vec<Feed>,
    listeners: Vec<Listener>,
    last_id: u32,
    /// How often credentials were asked for.
    pub(super) questions: u32,
    /// Keeps itself until it has said goodbye, when nobody else has it any more.
    pub(super) farewell: Option<Rc<Link>>,
    /// Nobody has the client any more.
    orphaned: bool,
    woken: Vec<Waker>,
}

impl Board {
    pub(super) fn new() -> Self {
        Self {
            state: State::Idle,
            change: None,
            connection: None,
            operations: VecDeque::new(),
            waits: Vec::new(),
            feeds: Vec::new(),
            listeners: Vec::new(),
            last_id: 0,
            questions: 0,
            farewell: None,
            orphaned: false,
            woken: Vec::new(),
        }
    }

    fn next_id(&mut self) -> u32 {
        self.last_id = self.last_id.wrapping_add(1);
        self.last_id
    }

    /// Whoever has something to hear. To be woken when nothing is borrowed.
    pub(super) fn take_woken(&mut self) -> Vec<Waker> {
        mem::take(&mut self.woken)
    }

    // Operations

    fn operation(&mut self, token: Token) -> Option<usize> {
        // Tokens go round after 2^32; among those that are open the oldest is first.
        let first = self.operations.front()?.token;
        let age = token.get().wrapping_sub(first);
        self.operations
            .binary_search_by_key(&age, |known| known.token.wrapping_sub(first))
            .ok()
    }

    pub(super) fn await_operation(&mut self, token: Token) {
        self.operations.push_back(Operation {
            token: token.get(),
            waker: None,
            outcome: None,
        });
    }

    pub(super) fn settle(&mut self, token: Token, outcome: Outcome) {
        if let Some(at) = self.operation(token)
            && let Some(operation) = self.operations.get_mut(at)
        {
            operation.outcome = Some(outcome);
            self.woken.extend(operation.waker.take());
        }
    }

    /// The outcome, once; until then the waker is exchanged.
    pub(super) fn outcome(&mut self, token: Token, waker: &mut Option<Waker>) -> Option<Outcome> {
        let at = self.operation(token)?;
        let operation = self.operations.get_mut(at)?;
        if operation.outcome.is_none() {
            mem::swap(&mut operation.waker, waker);
            return None;
        }
        self.operations.remove(at)?.outcome
    }

    /// Nobody waits any more. Gives the waker to drop, and whether the operation was still open.
    pub(super) fn forget_operation(&mut self, token: Token) -> Option<(Option<Waker>, bool)> {
        let at = self.operation(token)?;
        let operation = self.operations.remove(at)?;
        Some((operation.waker, operation.outcome.is_none()))
    }

    // The connection

    pub(super) fn await_goal(&mut self, goal: Goal, outcome: Option<Result<(), Error>>) -> u32 {
        let id = self.next_id();
        self.waits.push(Wait {
            id,
            goal,
            waker: None,
            outcome,
        });
        id
    }

    /// After everything that happened: where it has led counts, and not what was on the way.
    pub(super) fn settle_waits(&mut self) {
        let cause = self.change.as_ref().and_then(|change| change.cause);
        for wait in &mut self.waits {
            if wait.outcome.is_some() {
                continue;
            }
            wait.outcome = match (wait.goal, self.state) {
                (Goal::Connected, State::Connected) | (Goal::Closed, State::Closed) => Some(Ok(())),
                (Goal::Connected, State::Idle) => Some(Err(cause.unwrap_or(Error::Aborted))),
                (Goal::Connected, State::Closed) => Some(Err(Error::Closed)),
                _ => continue,
            };
            self.woken.extend(wait.waker.take());
        }
    }

    pub(super) fn wait_outcome(
        &mut self,
        id: u32,
        waker: &mut Option<Waker>,
    ) -> Option<Result<(), Error>> {
        let at = self.waits.iter().position(|wait| wait.id == id)?;
        let wait = self.waits.get_mut(at)?;
        if wait.outcome.is_none() {
            mem::swap(&mut wait.waker, waker);
            return None;
        }
        self.waits.swap_remove(at).outcome
    }

    pub(super) fn forget_wait(&mut self, id: u32) -> Option<Waker> {
        let at = self.waits.iter().position(|wait| wait.id == id)?;
        self.waits.swap_remove(at).waker
    }

    // Subscriptions

    fn feed(&mut self, key: SubscriptionKey) -> Option<&mut Feed> {
        self.feeds.iter_mut().find(|feed| feed.key == key)
    }

    pub(super) fn open_feed(
        &mut self,
        (token, key): (Token, SubscriptionKey),
        capacity: usize,
        overflow: Overflow,
    ) {
        self.feeds.push(Feed {
            key,
            token,
            messages: VecDeque::new(),
            capacity,
            overflow,
            dropped: 0,
            granted: None,
            ended: self.orphaned,
            waker: None,
        });
    }

    /// Gives the waker to drop.
    pub(super) fn close_feed(&mut self, key: SubscriptionKey) -> Option<Waker> {
        let at = self.feeds.iter().position(|feed| feed.key == key)?;
        self.feeds.swap_remove(at).waker
    }

    pub(super) fn grant(&mut self, token: Token, result: Result<QoS, Error>) {
        let Some(feed) = self.feeds.iter_mut().find(|feed| feed.token == token) else {
            return;
        };
        feed.granted = Some(result);
        feed.ended |= result.is_err();
        self.woken.extend(feed.waker.take());
    }

    pub(super) fn granted(
        &mut self,
        key: SubscriptionKey,
        waker: &mut Option<Waker>,
    ) -> Option<Result<QoS, Error>> {
        let Some(feed) = self.feed(key) else {
            return Some(Err(Error::Closed));
        };
        if feed.granted.is_none() {
            mem::swap(&mut feed.waker, waker);
        }
        feed.granted
    }

    pub(super) fn deliver(&mut self, to: &[SubscriptionKey], message: &Message) {
        for &key in to {
            let Some(feed) = self.feed(key) else {
                continue;
            };
            let full = feed.messages.len() >= feed.capacity;
            feed.dropped += u64::from(full);
            if full && feed.overflow == Overflow::DropNewest {
                continue;
            }
            if full {
                feed.messages.pop_front();
            }
            feed.messages.push_back(message.clone());
            let waker = feed.waker.take();
            self.woken.extend(waker);
        }
    }

    pub(super) fn next_message(
        &mut self,
        key: SubscriptionKey,
        waker: &mut Option<Waker>,
    ) -> Next<Message> {
        let Some(feed) = self.feed(key) else {
            return Next::End;
        };
        match feed.messages.pop_front() {
            Some(message) => Next::Item(message),
            None if feed.ended => Next::End,
            None => {
                mem::swap(&mut feed.waker, waker);
                Next::Later
            }
        }
    }

    pub(super) fn dropped(&self, key: SubscriptionKey) -> u64 {
        let feed = self.feeds.iter().find(|feed| feed.key == key);
        feed.map_or(0, |feed| feed.dropped)
    }

    // Events

    pub(super) fn listen(&mut self) -> u32 {
        let id = self.next_id();
        self.listeners.push(Listener {
            id,
            events: VecDeque::new(),
            waker: None,
        });
        id
    }

    /// Gives the waker to drop.
    pub(super) fn stop_listening(&mut self, id: u32) -> Option<Waker> {
        let at = self.listeners.iter().position(|known| known.id == id)?;
        self.listeners.swap_remove(at).waker
    }

    pub(super) fn tell(&mut self, event: &ClientEvent) {
        for listener in &mut self.listeners {
            if listener.events.len() >= EVENTS {
                listener.events.pop_front();
            }
            listener.events.push_back(event.clone());
            self.woken.extend(listener.waker.take());
        }
    }

    pub(super) fn next_event(&mut self, id: u32, waker: &mut Option<Waker>) -> Next<ClientEvent> {
        let ended = self.has_ended();
        let Some(listener) = self.listeners.iter_mut().find(|known| known.id == id) else {
            return Next::End;
        };
        match listener.events.pop_front() {
            Some(event) => Next::Item(event),
            None if ended => Next::End,
            None => {
                mem::swap(&mut listener.waker, waker);
                Next::Later
            }
        }
    }

    // The end

    fn has_ended(&self) -> bool {
        self.orphaned || self.state == State::Closed
    }

    /// Streams end after what they have.
    pub(super) fn end_streams(&mut self) {
        for feed in &mut self.feeds {
            feed.ended = true;
            feed.granted = feed.granted.or(Some(Err(Error::Closed)));
            self.woken.extend(feed.waker.take());
        }
        for listener in &mut self.listeners {
            self.woken.extend(listener.waker.take());
        }
    }

    pub(super) fn orphan(&mut self) {
        self.orphaned = true;
        self.end_streams();
    }
}
