//! For whom a message is: by its subscription identifiers where they tell, else by its topic.
//!
//! A server may send one copy of a message for each subscription that matches, or one for all of them [MQTT-3.3.4-2].
//! By the topic alone every copy would be for every matching subscription; the identifiers say which one it is for.
//! One identifier names all filters of a SUBSCRIBE packet, no two of which match the same topic (see `batch`).

use alloc::vec::Vec;

use super::{Filter, Subscriptions};
use crate::codec::Properties;
use crate::session::event::{SubscriptionKey, TopicNumber};

/// Subscription identifiers from this one on are the session's own: it gives them to its SUBSCRIBE packets to know
/// which subscriptions a message is for. Those below are the application's.
pub const OWN_IDENTIFIERS: u32 = 1 << 27;
const LARGEST: u32 = (1 << 28) - 1;

/// The identifiers that the session has given out since the server last began a session.
pub(super) struct Identifiers {
    first: u32,
    next: u32,
}

impl Identifiers {
    /// The server can still have subscriptions of an earlier run: their identifiers must not be taken for ours.
    pub(super) fn new(seed: u64) -> Self {
        let first = OWN_IDENTIFIERS + (seed >> 38) as u32;
        Self { first, next: first }
    }

    /// One that was not there before, or 0 if they are used up.
    pub(super) fn take(&mut self) -> u32 {
        if self.next > LARGEST {
            return 0;
        }
        self.next += 1;
        self.next - 1
    }

    /// The server has forgotten all of them.
    pub(super) fn forget(&mut self) {
        self.first = self.next;
    }

    fn are_ours(&self, identifier: u32) -> bool {
        (self.first..self.next).contains(&identifier)
    }
}

impl Filter {
    /// The identifier of the last SUBSCRIBE, if it had one.
    pub(super) fn identifier(&self) -> Option<u32> {
        self.identifiers.last().copied().filter(|&last| last != 0)
    }

    /// A SUBSCRIBE with this identifier is out; 0 is none.
    pub(super) fn identified(&mut self, identifier: u32) {
        // Messages with earlier ones can still be under way, those with none are routed by their topic anyway.
        for earlier in core::mem::take(&mut self.identifiers) {
            if earlier != 0 && earlier != identifier {
                self.identifiers.push(earlier);
            }
        }
        self.identifiers.push(identifier);
    }

    /// A subscription without identifier can be meant by any copy.
    fn is_meant(&self, properties: Properties<'_>) -> bool {
        let mut own = self.identifiers.iter();
        own.any(|&own| own == 0 || properties.subscription_identifiers().any(|id| id == own))
    }
}

impl Subscriptions {
    /// The handles that a message with this topic and these properties is for, each once. Gives what
    /// [`number`](Self::number) wants to know if it is delivered.
    pub(in crate::session) fn route(
        &mut self,
        topic: &str,
        properties: Properties<'_>,
        keys: &mut Vec<SubscriptionKey>,
    ) -> usize {
        keys.clear();
        let place = self.matching.find(topic, &mut self.matched);
        let named = self.are_known(properties);
        for &at in &self.matched {
            let Some(filter) = self.filter(at) else {
                continue;
            };
            if named && !filter.is_meant(properties) {
                continue;
            }
            for &key in &filter.handles {
                if !keys.contains(&key) {
                    keys.push(key);
                }
            }
        }
        place
    }

    /// The message that was routed last is delivered, and its topic is kept.
    pub(in crate::session) fn number(&mut self, place: usize, topic: &str) -> TopicNumber {
        self.matching.keep(place, topic, &self.matched)
    }

    /// Whether there are identifiers and all of them are known. One that is ours and no filter has any more is for
    /// nobody; one that is not can be that of any filter, from an earlier run.
    fn are_known(&self, properties: Properties<'_>) -> bool {
        let mut any = false;
        for identifier in properties.subscription_identifiers() {
            if !self.identifiers.are_ours(identifier) && !self.is_carried(identifier) {
                return false;
            }
            any = true;
        }
        any
    }

    /// Whether a filter that matches has this identifier.
    fn is_carried(&self, identifier: u32) -> bool {
        for &at in &self.matched {
            let filter = self.filter(at);
            if filter.is_some_and(|filter| filter.identifiers.contains(&identifier)) {
                return true;
            }
        }
        false
    }
}
