//! Takes the session's events while it is borrowed, and makes one call of what they mean to the application.

use alloc::boxed::Box;
use alloc::rc::{Rc, Weak};
use core::cell::RefCell;

use super::Shared;
use super::board::{Board, Outcome};
use super::changes::{ClientEvent, StateChange};
use super::credentials::{Ask, CredentialRequest};
use super::message::Message;
use crate::client::CloseInfo;
use crate::error::Error;
use crate::session::{Event, State};

pub(super) struct Collector {
    board: Rc<RefCell<Board>>,
    client: Weak<Shared>,
    ask: Option<Ask>,
    /// Told before the change that it causes.
    pub(super) close: Option<CloseInfo>,
    /// Credentials are asked for; whether the last ones were refused.
    question: Option<bool>,
}

impl Collector {
    pub(super) fn new(board: Rc<RefCell<Board>>, client: Weak<Shared>, ask: Option<Ask>) -> Self {
        Self {
            board,
            client,
            ask,
            close: None,
            question: None,
        }
    }

    /// The session is borrowed: nobody is called.
    pub(super) fn event(&mut self, event: Event<'_>) {
        let board = &mut *self.board.borrow_mut();
        match event {
            Event::State(change) => {
                let change = StateChange::of(&change, self.close.take());
                board.state = change.state;
                if change.state == State::Closed {
                    board.end_streams();
                }
                board.tell(&ClientEvent::State(change.clone()));
                board.change = Some(change);
            }
            Event::Connected(info) => board.connection = Some(Rc::new(info)),
            Event::Message(message) => {
                let owned = Message::of(&message);
                if let Some(token) = message.reply_to {
                    board.settle(token, Outcome::Responded(Ok(owned.clone())));
                }
                board.deliver(message.subscriptions, &owned);
            }
            Event::Published { token, result, .. } => {
                board.settle(token, Outcome::Published(result));
            }
            Event::Subscribed { token, results, .. } => {
                let result = results.first().copied();
                board.grant(token, result.unwrap_or(Err(Error::Aborted)));
            }
            Event::Unsubscribed { token, results, .. } => {
                let result = results.first().copied();
                let result = result.unwrap_or(Ok(crate::codec::ReasonCode::NoSubscriptionExisted));
                board.settle(token, Outcome::Unsubscribed(result));
            }
            Event::RequestFailed { token, error, .. } => {
                board.settle(token, Outcome::Responded(Err(error)));
            }
            Event::Warning { error, filter } => {
                board.tell(&ClientEvent::Warning { error, filter });
            }
            Event::Prepare { refused } => {
                board.questions = board.questions.wrapping_add(1);
                self.question = Some(refused);
            }
            // The builder has no authentication method.
            Event::Authentication { .. } | Event::Reauthenticated { .. } => {}
        }
    }

    /// What is to be done when nothing is borrowed any more.
    pub(super) fn take(&mut self) -> Option<Box<dyn FnOnce()>> {
        let board = &mut *self.board.borrow_mut();
        board.settle_waits();
        let woken = board.take_woken();
        let done = board.state == State::Closed;
        let farewell = if done { board.farewell.take() } else { None };
        let asked = self.question.take().zip(self.ask.clone());
        if woken.is_empty() && farewell.is_none() && asked.is_none() {
            return None;
        }
        let (client, question) = (self.client.clone(), board.questions);
        Some(Box::new(move || {
            for waker in woken {
                waker.wake();
            }
            if let Some((refused, ask)) = asked {
                ask(CredentialRequest::new(client, refused, question));
            }
            drop(farewell);
        }))
    }
}
