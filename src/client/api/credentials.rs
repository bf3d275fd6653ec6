//! Credentials that are asked for before every attempt, since tokens expire.

use alloc::rc::{Rc, Weak};
use alloc::string::String;
use alloc::vec::Vec;

use super::Shared;
use crate::error::Error;
use crate::session::{Prepared, Session};

/// The application's function.
pub(super) type Ask = Rc<dyn Fn(CredentialRequest)>;

/// An attempt to connect that waits for its credentials. Dropped without an answer it fails, and the next one asks again.
#[must_use = "dropped without an answer, the attempt fails"]
pub struct CredentialRequest {
    client: Weak<Shared>,
    refused: bool,
    number: u32,
    answered: bool,
}

impl CredentialRequest {
    pub(super) fn new(client: Weak<Shared>, refused: bool, number: u32) -> Self {
        Self {
            client,
            refused,
            number,
            answered: false,
        }
    }

    /// Whether the last attempt was refused for its credentials: the same again will not do.
    #[must_use]
    pub fn refused(&self) -> bool {
        self.refused
    }

    /// The attempt goes on with these. If the attempt is over, they are of no use and nothing happens.
    ///
    /// # Errors
    /// What CONNECT cannot carry, such as a password of more than 65,535 bytes. The attempt has failed then.
    pub fn answer(
        mut self,
        username: Option<String>,
        password: Option<Vec<u8>>,
    ) -> Result<(), Error> {
        let Some(client) = self.open() else {
            return Ok(());
        };
        let prepared = Prepared {
            username,
            password,
            authentication_data: None,
        };
        client.command(|session, now| session.prepared(now, prepared))?;
        self.answered = true;
        Ok(())
    }

    /// The client, if it still asks this question.
    fn open(&self) -> Option<Rc<Shared>> {
        let client = self.client.upgrade()?;
        let current = client.board.borrow().questions == self.number;
        (current && !self.answered).then_some(client)
    }
}

impl Drop for CredentialRequest {
    fn drop(&mut self) {
        if let Some(client) = self.open() {
            client.command(Session::preparation_failed);
        }
    }
}
