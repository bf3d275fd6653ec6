//! Until when the application waits for its publishes and subscribes. What becomes of them then is not known here.

use alloc::collections::VecDeque;

use super::event::{Event, Token};
use crate::time::Instant;

/// In the order of the deadlines, which mostly is that of the calls and of the answers.
#[derive(Default)]
pub(super) struct Deadlines(VecDeque<(Instant, Token)>);

impl Deadlines {
    pub(super) fn add(&mut self, at: Instant, token: Token) {
        let place = self.0.partition_point(|&(other, _)| other <= at);
        self.0.insert(place, (at, token));
    }

    pub(super) fn next(&self) -> Option<Instant> {
        self.0.front().map(|&(at, _)| at)
    }

    /// Takes an operation whose time has come.
    pub(super) fn expire(&mut self, now: Instant) -> Option<Token> {
        self.next().filter(|&at| at <= now)?;
        self.0.pop_front().map(|(_, token)| token)
    }

    /// The application hears how an operation ended.
    pub(super) fn hear(&mut self, event: &Event<'_>) {
        let (Event::Published { token, .. } | Event::Subscribed { token, .. }) = event else {
            return;
        };
        if let Some(place) = self.0.iter().position(|(_, open)| open == token) {
            self.0.remove(place);
        }
    }
}
