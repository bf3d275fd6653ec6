//! The session and its store, in one place: keys, operations, and what the host says and asks.

use alloc::vec::Vec;

use super::Mark;
use super::record::{self, FilterRecord, PublishRecord, SessionRecord};
use crate::codec::{PacketId, QoS, ReasonCode, TopicFilter, Version};
use crate::error::Error;
use crate::session::event::{Event, Token};
use crate::session::inflight::Awaiting;
use crate::session::parts::Core;
use crate::session::queue::Queued;
use crate::session::subscriptions::Remembered;
use crate::session::{ConnectOptions, Session};
use crate::time::{Instant, WallTime};

/// What waits for the store.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Durability {
    /// Nothing: packets leave at once, and writes follow. What was not yet durable when the process ends is lost: a
    /// message can get lost or, with QoS 2, go out or be delivered twice.
    Relaxed,
    /// What another process would have to know. A PUBLISH of QoS 1 or 2 leaves when it is durable with its packet
    /// identifier, and PUBREL, PUBREC and PUBCOMP leave when what they tell of is. PUBACK and everything else, DISCONNECT
    /// too, does not wait.
    Strict,
}

/// Names a record.
#[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord, Hash)]
pub enum StoreKey {
    /// The session itself.
    Session,
    /// A publish of QoS 1 or 2 that waits or is in flight; the numbers are below 2^51, and rise.
    Publish(u64),
    /// The packet identifier of a QoS 2 message that was taken and is not released.
    Received(PacketId),
    /// A filter that the server has granted.
    Filter(u32),
}

/// Room for the number in a key.
pub(super) const NUMBER_BITS: u32 = 51;

impl StoreKey {
    /// The key as a number below 2^53, which JavaScript can hold.
    #[must_use]
    pub const fn to_u64(self) -> u64 {
        let (kind, number) = match self {
            Self::Session => (0, 0),
            Self::Publish(number) => (1, number & ((1 << NUMBER_BITS) - 1)),
            Self::Received(id) => (2, id.get() as u64),
            Self::Filter(number) => (3, number as u64),
        };
        kind << NUMBER_BITS | number
    }

    /// The key with this number, if there is one.
    #[must_use]
    pub fn from_u64(key: u64) -> Option<Self> {
        let number = key & ((1 << NUMBER_BITS) - 1);
        match key >> NUMBER_BITS {
            0 => (number == 0).then_some(Self::Session),
            1 => Some(Self::Publish(number)),
            2 => PacketId::new(u16::try_from(number).ok()?).map(Self::Received),
            3 => u32::try_from(number).ok().map(Self::Filter),
            _ => None,
        }
    }
}

/// Something to do with the store. The order counts: what is durable has to be a first part of what was handed out.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum StoreOp<'a> {
    /// Write a record, or replace it.
    Put {
        /// Which one.
        key: StoreKey,
        /// Its bytes.
        value: &'a [u8],
    },
    /// Delete a record. It need not be there.
    Delete {
        /// Which one.
        key: StoreKey,
    },
    /// Delete every record.
    Clear,
}

/// A publish that is not settled.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct OpenPublish {
    /// As `publish` gave it, in this life or in an earlier one.
    pub token: Token,
    /// Quality of Service.
    pub qos: QoS,
    /// Whether it has left, or may have in an earlier life.
    pub sent: bool,
}

impl Session {
    /// A session that is written to a store as well. Everything that is in the store is thrown away first;
    /// [`restore`](Session::restore) is there to go on with it.
    ///
    /// Drain [`poll_store`](Session::poll_store) together with the other outputs. A session that ends with its
    /// connection, by Session Expiry Interval 0 or Clean Session, leaves the store empty.
    ///
    /// # Errors
    /// As [`new`](Session::new), or [`ConnectOptions::fallback`]: a stored session has one version.
    pub fn with_store(
        options: ConnectOptions,
        durability: Durability,
        seed: u64,
    ) -> Result<Self, Error> {
        if options.fallback {
            return Err(Error::Option);
        }
        let mut core = Core::new(options, seed)?;
        core.begin_storing(durability, false);
        if !core.outlives_connections() {
            core.stop_storing();
        }
        Ok(Self::of(core))
    }

    /// The next thing to do with the store. `wall` is the time by the calendar, now.
    pub fn poll_store(&mut self, wall: WallTime) -> Option<StoreOp<'_>> {
        self.core.next_store_op(wall)
    }

    /// The first `ops` operations that [`poll_store`](Session::poll_store) gave, counted from the beginning, are
    /// durable. Only [`Durability::Strict`] needs to be told.
    pub fn handle_stored(&mut self, now: Instant, ops: u64) {
        self.core.now = now;
        self.core.outbound.journal.stored(ops);
    }

    /// The store has failed for good. The session goes on without it, and nothing waits for it any more: the last
    /// operation is a [`StoreOp::Clear`], since what is no longer kept up would mislead another process. It is told
    /// once, with [`Error::Store`] in an [`Event::Warning`].
    pub fn handle_store_failed(&mut self, now: Instant) {
        self.core.now = now;
        if self.core.outbound.journal.is_on() {
            self.core.stop_storing();
            self.core.events.push_back(Event::Warning {
                error: Error::Store,
                filter: None,
            });
        }
    }

    /// The publishes of QoS 1 and 2 that are not settled and whose end will be told; after a restore, those of before.
    pub fn open_publishes(&self) -> impl Iterator<Item = OpenPublish> {
        let outbound = &self.core.outbound;
        let inflight = outbound.inflight.iter().filter_map(|message| {
            let (token, qos, sent) = (message.token?, message.qos(), message.sent);
            Some(OpenPublish { token, qos, sent })
        });
        let queued = outbound.queue.all_assured().map(|queued| OpenPublish {
            token: queued.token,
            qos: queued.qos,
            sent: false,
        });
        inflight.chain(queued)
    }

    /// The topic of a publish of [`open_publishes`](Session::open_publishes). `None` if the server has taken the message
    /// for good: then only its release is left, which has no topic.
    #[must_use]
    pub fn topic_of(&self, token: Token) -> Option<&str> {
        let outbound = &self.core.outbound;
        let inflight = outbound.inflight.iter();
        let sent = inflight
            .filter(|message| message.token == Some(token))
            .map(|message| &message.bytes);
        let waiting = outbound.queue.all_assured();
        let waiting = waiting
            .filter(|queued| queued.token == token)
            .map(|queued| &queued.bytes);
        topic_in(sent.chain(waiting).next()?)
    }

    /// The filters that the server has from an earlier life and that no [`subscribe`](Session::subscribe) of this one
    /// is for. Their messages wait for one as those of any session that is resumed do, and are then dropped.
    pub fn remembered(&self) -> impl Iterator<Item = &str> {
        self.core.subscriptions.unclaimed()
    }

    /// Withdraws a filter that is [`remembered`](Session::remembered). The result of one that is not is empty.
    ///
    /// # Errors
    /// [`Error::Closed`] after `disconnect`.
    pub fn forget(&mut self, now: Instant, filter: TopicFilter<'_>) -> Result<Token, Error> {
        let core = &mut self.core;
        core.now = now;
        core.usable()?;
        let token = core.next_token();
        let events = &mut core.events;
        core.subscriptions
            .withdraw_unclaimed(token, filter.as_str(), events);
        Ok(token)
    }
}

/// The topic of an encoded PUBLISH: after the first byte, the length in bytes of which all but the last have their high
/// bit set, and the topic's own length.
fn topic_in(publish: &[u8]) -> Option<&str> {
    let last = publish.iter().skip(1).position(|byte| byte & 0x80 == 0)?;
    let (length, rest) = publish.get(last + 2..)?.split_first_chunk()?;
    let topic = rest.get(..usize::from(u16::from_be_bytes(*length)))?;
    core::str::from_utf8(topic).ok()
}

impl Core {
    /// Whether there is something to store.
    pub(super) fn outlives_connections(&self) -> bool {
        match self.options.version {
            Version::V5 => self.options.session_expiry > 0,
            Version::V3 | Version::V4 => !self.options.clean_start,
        }
    }

    pub(super) fn begin_storing(&mut self, durability: Durability, keep: bool) {
        self.outbound.journal.begin(durability, keep);
        self.subscriptions.notes.begin();
    }

    fn next_store_op(&mut self, wall: WallTime) -> Option<StoreOp<'_>> {
        if self.outbound.journal.take_clear() {
            self.outbound.journal.hand_out();
            return Some(StoreOp::Clear);
        }
        let mut value = core::mem::take(&mut self.outbound.journal.value);
        let (key, put) = loop {
            if let Some(mark) = self.outbound.journal.next() {
                if let Some(found) = self.write(mark, wall, &mut value) {
                    break found;
                }
            } else if let Some(id) = self.subscriptions.notes.next() {
                let key = StoreKey::Filter(id);
                match self.subscriptions.remembered(id) {
                    Remembered::Leaving => {}
                    Remembered::Gone => break (key, false),
                    Remembered::Kept(text, options) => {
                        let epoch = self.outbound.journal.epoch;
                        let record = FilterRecord {
                            epoch,
                            options,
                            text,
                        };
                        record.write(&mut value, key);
                        break (key, true);
                    }
                }
            } else {
                self.outbound.journal.value = value;
                return None;
            }
        };
        let journal = &mut self.outbound.journal;
        journal.value = value;
        journal.hand_out();
        Some(if put {
            let value = &journal.value;
            StoreOp::Put { key, value }
        } else {
            StoreOp::Delete { key }
        })
    }

    /// Writes the record of what was marked, as it is now. Gives its key and whether there is a record; `None` if a later
    /// mark says more.
    fn write(&self, mark: Mark, wall: WallTime, value: &mut Vec<u8>) -> Option<(StoreKey, bool)> {
        let outbound = &self.outbound;
        let epoch = outbound.journal.epoch;
        match mark {
            Mark::Session => {
                let ends = self.session_ends.map(|at| wall + (at - self.now));
                let record = SessionRecord {
                    version: self.options.version,
                    had_connection: self.had_connection || self.restored,
                    session_gone: self.session_gone,
                    epoch,
                    session_expiry: self.limits.session_expiry,
                    ends,
                    client_id: &self.client_id,
                };
                record.write(value);
                Some((StoreKey::Session, true))
            }
            Mark::Received(id) => {
                let key = StoreKey::Received(id);
                let put = outbound.journal.received.contains(id);
                if put {
                    record::begin(value, epoch);
                    record::finish(value, key);
                }
                Some((key, put))
            }
            Mark::Gone(order) => Some((StoreKey::Publish(order), false)),
            Mark::Queued(order) => self.write_queued(order, wall, value),
            Mark::Sent(order, id) => {
                let message = outbound.inflight.get(id);
                let Some(message) = message.filter(|message| message.record == order) else {
                    return self.write_queued(order, wall, value);
                };
                let key = StoreKey::Publish(order);
                let done = message.awaiting == Awaiting::PubComp;
                let record = PublishRecord {
                    epoch,
                    sent: Some((id, message.awaiting)),
                    lower_qos: message.lower_qos,
                    token: message.token,
                    order: message.order,
                    reason: message.reason,
                    expires: None,
                    packet: if done { &[] } else { &message.bytes },
                };
                record.write(value, key);
                Some((key, true))
            }
        }
    }

    fn write_queued(
        &self,
        order: u64,
        wall: WallTime,
        value: &mut Vec<u8>,
    ) -> Option<(StoreKey, bool)> {
        let queued: &Queued = self.outbound.queue.assured(order)?;
        let key = StoreKey::Publish(order);
        let left = |deadline| wall + (deadline - self.now);
        let record = PublishRecord {
            epoch: self.outbound.journal.epoch,
            sent: None,
            lower_qos: queued.lower_qos,
            token: Some(queued.token),
            order,
            reason: ReasonCode::Success,
            expires: queued.expiry.map(|expiry| left(expiry.deadline)),
            packet: &queued.bytes,
        };
        record.write(value, key);
        Some((key, true))
    }
}
