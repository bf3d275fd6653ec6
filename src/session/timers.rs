//! The session's deadlines: a fixed table, no heap, no callbacks.

use crate::time::Instant;

/// What a deadline is for.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
#[repr(usize)]
pub enum Timer {
    /// The attempt, from its preparation to the CONNACK, takes too long, or a re-authentication does.
    Connect,
    /// Nothing was sent for so long that a PINGREQ is due [MQTT-3.1.2-20].
    KeepAlive,
    /// Nothing came back after a PINGREQ: the peer is dead.
    PingResponse,
    /// The next connection attempt is due.
    Reconnect,
    /// The connection has been stable for long enough to start the back-off anew.
    Stable,
    /// The server had its time to close after our DISCONNECT.
    Close,
    /// The Session Expiry Interval has passed since the connection was lost [MQTT-3.1.2-23].
    SessionExpiry,
    /// A queued message reaches its Message Expiry Interval. The queue keeps this one, since it outlives connections.
    MessageExpiry,
    /// A request has waited for its response for as long as the application wanted.
    Request,
    /// A publish or a subscribe has waited for as long as the application wanted.
    Operation,
}

const COUNT: usize = 7;
const ALL: [Timer; COUNT] = [
    Timer::Connect,
    Timer::KeepAlive,
    Timer::PingResponse,
    Timer::Reconnect,
    Timer::Stable,
    Timer::Close,
    Timer::SessionExpiry,
];

/// The next moment at which the session wants to be called, and why.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct Deadline {
    /// When.
    pub at: Instant,
    /// Why.
    pub timer: Timer,
}

/// [`Instant::LAST`] is never.
pub(super) struct Timers([Instant; COUNT]);

impl Default for Timers {
    fn default() -> Self {
        Self([Instant::LAST; COUNT])
    }
}

impl Timers {
    pub(super) fn set(&mut self, timer: Timer, at: Instant) {
        if let Some(slot) = self.0.get_mut(timer as usize) {
            *slot = at;
        }
    }

    /// Sets the timer unless it is set to an earlier moment.
    pub(super) fn set_earlier(&mut self, timer: Timer, at: Instant) {
        if let Some(slot) = self.0.get_mut(timer as usize) {
            *slot = at.min(*slot);
        }
    }

    pub(super) fn stop(&mut self, timer: Timer) {
        self.set(timer, Instant::LAST);
    }

    /// Stops all that belong to a connection.
    pub(super) fn stop_connection(&mut self) {
        for timer in ALL {
            if timer != Timer::SessionExpiry {
                self.stop(timer);
            }
        }
    }

    pub(super) fn is_set(&self, timer: Timer) -> bool {
        self.0
            .get(timer as usize)
            .is_some_and(|at| *at < Instant::LAST)
    }

    pub(super) fn next(&self) -> Option<Deadline> {
        let mut next = Deadline {
            at: Instant::LAST,
            timer: Timer::Connect,
        };
        for (&at, timer) in self.0.iter().zip(ALL) {
            if at < next.at {
                next = Deadline { at, timer };
            }
        }
        (next.at < Instant::LAST).then_some(next)
    }

    /// Takes the earliest deadline that has passed.
    pub(super) fn expire(&mut self, now: Instant) -> Option<Timer> {
        let deadline = self.next().filter(|deadline| deadline.at <= now)?;
        self.stop(deadline.timer);
        Some(deadline.timer)
    }
}

/// Makes `next` the deadline of this timer if it is set to an earlier moment.
pub(super) fn note(next: &mut Option<Deadline>, at: Option<Instant>, timer: Timer) {
    if let Some(at) = at
        && next.is_none_or(|next| at < next.at)
    {
        *next = Some(Deadline { at, timer });
    }
}
