//! Until when the application waits for its publishes and subscribes. What becomes of them then is not known here.

use super::event::{Event, Token};
use super::heap::Heap;
use crate::time::Instant;

/// Tokens by their deadlines, which mostly come in the order of the calls and of the answers.
#[derive(Default)]
pub(super) struct Deadlines(Heap);

impl Deadlines {
    pub(super) fn add(&mut self, at: Instant, token: Token) {
        self.0.push(at.as_millis(), token.0);
    }

    pub(super) fn next(&self) -> Option<Instant> {
        let (at, _) = self.0.first()?;
        Some(Instant::from_millis(at))
    }

    /// Takes an operation whose time has come.
    pub(super) fn expire(&mut self, now: Instant) -> Option<Token> {
        self.next().filter(|&at| at <= now)?;
        self.0.pop().map(|(_, token)| Token(token))
    }

    /// The application hears how an operation ended.
    pub(super) fn hear(&mut self, event: &Event<'_>) {
        if let Event::Published { token, .. } | Event::Subscribed { token, .. } = event {
            self.0.remove(token.0);
        }
    }
}
