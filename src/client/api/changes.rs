//! What a client goes through, as values and as streams.

use alloc::rc::Rc;
use alloc::string::String;
use core::cell::RefCell;
use core::future::poll_fn;
use core::pin::Pin;
use core::task::{Context, Poll};
use core::time::Duration;

use futures_core::Stream;

use super::board::{Board, Next};
use crate::client::CloseInfo;
use crate::error::Error;
use crate::session::{self, State};

/// A change of [`State`], with its cause.
#[derive(Clone, Debug, PartialEq, Eq)]
#[non_exhaustive]
pub struct StateChange {
    /// The state now.
    pub state: State,
    /// The state before.
    pub previous: State,
    /// Why, if something went wrong.
    pub cause: Option<Error>,
    /// What the server says to people about it, 5.0 only.
    pub reason_string: Option<String>,
    /// The server to use instead, if the one that ended the connection names another, 5.0 only.
    pub server_reference: Option<String>,
    /// How the WebSocket ended, if that is what happened.
    pub close: Option<CloseInfo>,
    /// With [`State::Waiting`]: how long until the next attempt.
    pub delay: Option<Duration>,
    /// Number of the attempt since the last connection, from 1.
    pub attempt: u32,
    /// Which of the servers it is about, from 0, in the order of the builder's calls.
    pub server: u32,
}

impl StateChange {
    pub(super) fn of(change: &session::StateChange, close: Option<CloseInfo>) -> Self {
        Self {
            state: change.state,
            previous: change.previous,
            cause: change.cause,
            reason_string: change.reason_string().map(Into::into),
            server_reference: change.server_reference().map(Into::into),
            close,
            delay: change.delay.map(Into::into),
            attempt: change.attempt,
            server: change.server,
        }
    }
}

/// What happens to a client apart from its operations and messages.
#[derive(Clone, Debug, PartialEq, Eq)]
#[non_exhaustive]
pub enum ClientEvent {
    /// The state changed.
    State(StateChange),
    /// Something went wrong that no operation can report.
    Warning {
        /// What. [`Error::SubscribeRefused`]: a subscription could not be renewed after a reconnect.
        error: Error,
        /// The topic filter that it is about.
        filter: Option<String>,
    },
}

/// The stream of [`Client::events`](super::Client::events).
#[must_use = "streams do nothing unless polled"]
pub struct Events {
    board: Rc<RefCell<Board>>,
    id: u32,
}

impl Events {
    pub(super) fn of(board: &Rc<RefCell<Board>>) -> Self {
        let id = board.borrow_mut().listen();
        Self {
            board: board.clone(),
            id,
        }
    }
}

impl Events {
    /// The next event; `None` after the last one. Dropping the future loses nothing.
    pub async fn next(&mut self) -> Option<ClientEvent> {
        poll_fn(|context| Pin::new(&mut *self).poll_next(context)).await
    }
}

impl Stream for Events {
    type Item = ClientEvent;

    fn poll_next(self: Pin<&mut Self>, context: &mut Context<'_>) -> Poll<Option<ClientEvent>> {
        let mut waker = Some(context.waker().clone());
        let next = self.board.borrow_mut().next_event(self.id, &mut waker);
        match next {
            Next::Item(event) => Poll::Ready(Some(event)),
            Next::End => Poll::Ready(None),
            Next::Later => Poll::Pending,
        }
    }
}

impl Drop for Events {
    fn drop(&mut self) {
        let waker = self.board.borrow_mut().stop_listening(self.id);
        drop(waker);
    }
}

/// The stream of [`Client::states`](super::Client::states).
#[must_use = "streams do nothing unless polled"]
pub struct States {
    events: Events,
}

impl States {
    pub(super) fn of(board: &Rc<RefCell<Board>>) -> Self {
        let events = Events::of(board);
        Self { events }
    }
}

impl States {
    /// The next change; `None` after the last one. Dropping the future loses nothing.
    pub async fn next(&mut self) -> Option<StateChange> {
        poll_fn(|context| Pin::new(&mut *self).poll_next(context)).await
    }
}

impl Stream for States {
    type Item = StateChange;

    fn poll_next(mut self: Pin<&mut Self>, context: &mut Context<'_>) -> Poll<Option<StateChange>> {
        loop {
            match Pin::new(&mut self.events).poll_next(context) {
                Poll::Ready(Some(ClientEvent::State(change))) => return Poll::Ready(Some(change)),
                Poll::Ready(Some(ClientEvent::Warning { .. })) => {}
                Poll::Ready(None) => return Poll::Ready(None),
                Poll::Pending => return Poll::Pending,
            }
        }
    }
}
