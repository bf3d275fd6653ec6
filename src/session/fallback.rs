//! From 5.0 to 3.1.1, if the server speaks nothing newer: when, and what becomes of what only 5.0 can say.
//!
//! It happens before there is a session, never with one: what is queued and declared then is all that has to change.

use super::Core;
use super::event::State;
use crate::codec::{Properties, ReasonCode, SubscribeOptions, Version};
use crate::error::Error;

/// How packets are written.
#[derive(Clone, Copy)]
pub(super) struct Dialect {
    pub(super) version: Version,
    /// Leaves out what the version cannot say, instead of refusing it.
    pub(super) lossy: bool,
}

impl Dialect {
    /// What is written of the properties of a packet.
    pub(super) fn properties(self, properties: Properties<'_>) -> Properties<'_> {
        if self.lossy {
            Properties::EMPTY
        } else {
            properties
        }
    }

    /// What is written of the options of a subscription.
    pub(super) fn options(self, options: SubscribeOptions) -> SubscribeOptions {
        if self.lossy {
            SubscribeOptions::new(options.qos)
        } else {
            options
        }
    }
}

impl Core {
    pub(super) fn dialect(&self) -> Dialect {
        Dialect {
            version: self.options.version,
            lossy: self.fell_back.is_some(),
        }
    }

    /// Whether the attempt that failed is made again at once with 3.1.1. Many servers that speak nothing newer close
    /// without a word.
    pub(super) fn falls_back(&mut self, cause: Error) -> bool {
        const REFUSED: Error = Error::ConnectRefused(ReasonCode::UnsupportedProtocolVersion);
        if !self.options.fallback
            || self.had_connection
            || self.state != State::Connecting
            || self.options.version != Version::V5
            || !matches!(cause, REFUSED | Error::ConnectionLost)
        {
            return false;
        }
        self.fell_back = Some(self.options.clean_start);
        self.options.version = Version::V4;
        // A session without an interval ends with its connection, which only Clean Session says in 3.1.1.
        self.options.clean_start |= self.options.session_expiry == 0;
        if self.connect_packet().is_err() {
            self.fallback_ends();
            return false;
        }
        true
    }

    /// The attempt with 3.1.1 is over. If it made no connection, the next one begins with 5.0 again.
    pub(super) fn fallback_ends(&mut self) {
        if !self.had_connection
            && let Some(clean_start) = self.fell_back.take()
        {
            self.options.version = Version::V5;
            self.options.clean_start = clean_start;
        }
    }

    /// A CONNACK that 5.0 does not have: of two bytes, like every one of 3.1.1.
    pub(super) fn speaks_3_1_1_only(&self, bytes: &[u8]) -> bool {
        self.options.fallback
            && self.state == State::Connecting
            && self.options.version == Version::V5
            && bytes.starts_with(&[0x20, 2])
    }
}
