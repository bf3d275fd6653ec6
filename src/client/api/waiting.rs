//! Futures that wait for the connection to come or to end. What they wait for has begun before.

use alloc::rc::Rc;
use core::cell::RefCell;
use core::future::Future;
use core::pin::Pin;
use core::task::{Context, Poll};

use super::board::{Board, Goal};
use crate::error::Error;

/// A wait that leaves nothing behind, whenever it is dropped.
struct Wait {
    board: Rc<RefCell<Board>>,
    id: u32,
}

impl Wait {
    fn new(board: &Rc<RefCell<Board>>, goal: Goal, outcome: Option<Result<(), Error>>) -> Self {
        let id = board.borrow_mut().await_goal(goal, outcome);
        Self {
            board: board.clone(),
            id,
        }
    }

    fn poll(&self, context: &mut Context<'_>) -> Poll<Result<(), Error>> {
        let mut waker = Some(context.waker().clone());
        let outcome = self.board.borrow_mut().wait_outcome(self.id, &mut waker);
        outcome.map_or(Poll::Pending, Poll::Ready)
    }
}

impl Drop for Wait {
    fn drop(&mut self) {
        let waker = self.board.borrow_mut().forget_wait(self.id);
        drop(waker);
    }
}

/// The future of [`Client::connect`](super::Client::connect). Dropping it does not end the attempt.
#[must_use = "the attempt has begun; await how it ends"]
pub struct Connect(Wait);

impl Connect {
    pub(super) fn new(board: &Rc<RefCell<Board>>, outcome: Option<Result<(), Error>>) -> Self {
        Self(Wait::new(board, Goal::Connected, outcome))
    }
}

impl Future for Connect {
    type Output = Result<(), Error>;

    fn poll(self: Pin<&mut Self>, context: &mut Context<'_>) -> Poll<Self::Output> {
        self.0.poll(context)
    }
}

/// The future of [`Client::disconnect`](super::Client::disconnect). Dropping it does not stop the end.
#[must_use = "the end has begun; await it, or drop the future to let it happen"]
pub struct Disconnect(Wait);

impl Disconnect {
    pub(super) fn new(board: &Rc<RefCell<Board>>, outcome: Option<Result<(), Error>>) -> Self {
        Self(Wait::new(board, Goal::Closed, outcome))
    }
}

impl Future for Disconnect {
    type Output = ();

    fn poll(self: Pin<&mut Self>, context: &mut Context<'_>) -> Poll<()> {
        self.0.poll(context).map(|_| ())
    }
}
