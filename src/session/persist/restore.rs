//! The way back: a session from the records of another process. The store is taken to be hostile.

use alloc::vec::Vec;

use super::Mark;
use super::record::{self, FilterRecord, PublishRecord, SessionRecord};
use super::store::{Durability, NUMBER_BITS, StoreKey};
use crate::codec::{self, PacketId, PropertiesBuf, PropertyId, QoS, TopicFilter, Version};
use crate::error::Error;
use crate::session::event::{Event, Token};
use crate::session::inflight::{Awaiting, Inflight};
use crate::session::outbound;
use crate::session::parts::Core;
use crate::session::queue::{Expiry, Queued};
use crate::session::timers::Timer;
use crate::session::{ConnectOptions, Session};
use crate::time::{Duration, Instant, WallTime};

/// Why a session cannot be restored. Then [`Session::with_store`] makes a new one, which clears the store.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum RestoreError {
    /// There is none in the store.
    NoSession,
    /// The record of the session itself is damaged.
    Damaged,
    /// It was written in another format, by another version of this library.
    Format,
    /// It is one of another protocol version.
    Version,
    /// It is one of another client identifier.
    ClientId,
    /// With these options no session outlives its connection, or there is to be a fallback to another version.
    EndsWithConnection,
    /// The options are not valid.
    Options(Error),
}

impl core::fmt::Display for RestoreError {
    fn fmt(&self, f: &mut core::fmt::Formatter<'_>) -> core::fmt::Result {
        f.write_str(match self {
            Self::NoSession => "no session is stored",
            Self::Damaged => "the stored session is damaged",
            Self::Format => "the stored session has another format",
            Self::Version => "the stored session has another protocol version",
            Self::ClientId => "the stored session has another client identifier",
            Self::EndsWithConnection => {
                "the options are for a session that ends with its connection"
            }
            Self::Options(error) => return error.fmt(f),
        })
    }
}

impl core::error::Error for RestoreError {}

/// A session that goes on.
pub struct Restored {
    /// It has not connected yet.
    pub session: Session,
    /// Records that could not be used. They will be deleted.
    pub damaged: Vec<StoreKey>,
}

/// The records of a session, sorted out.
#[derive(Default)]
struct Records<'a> {
    publishes: Vec<(u64, PublishRecord<'a>)>,
    received: Vec<(PacketId, u32)>,
    filters: Vec<(u32, FilterRecord<'a>)>,
    damaged: Vec<StoreKey>,
}

impl<'a> Records<'a> {
    fn sort_out(
        records: &mut dyn Iterator<Item = (StoreKey, &'a [u8])>,
    ) -> Result<(SessionRecord<'a>, Self), RestoreError> {
        let mut sorted = Self::default();
        let mut session = None;
        for (key, record) in records {
            let fits = match key {
                StoreKey::Session => {
                    if record.first() != Some(&record::FORMAT) {
                        return Err(RestoreError::Format);
                    }
                    session = Some(SessionRecord::read(record).ok_or(RestoreError::Damaged)?);
                    true
                }
                // So that new ones have room behind it.
                StoreKey::Publish(number) => PublishRecord::read(key, record)
                    .filter(|_| number != 0 && number >> (NUMBER_BITS - 1) == 0)
                    .map(|record| sorted.publishes.push((number, record)))
                    .is_some(),
                StoreKey::Received(id) => record::open(key, record)
                    .filter(|(_, rest)| rest.is_empty())
                    .map(|(epoch, _)| sorted.received.push((id, epoch)))
                    .is_some(),
                StoreKey::Filter(number) => FilterRecord::read(key, record)
                    .filter(|_| number != 0 && number <= u32::MAX / 2)
                    .map(|record| sorted.filters.push((number, record)))
                    .is_some(),
            };
            if !fits {
                sorted.damaged.push(key);
            }
        }
        sorted.publishes = in_order(sorted.publishes, |&(number, _)| number);
        sorted.filters = in_order(sorted.filters, |&(number, _)| number.into());
        // A store has each key once; from one that does not, nothing is taken twice.
        sorted.publishes.dedup_by_key(|&mut (number, _)| number);
        sorted.filters.dedup_by_key(|&mut (number, _)| number);
        Ok((session.ok_or(RestoreError::NoSession)?, sorted))
    }
}

/// Sorts as `sort_by_key` does. What it sorts is of one type, so that the code for it is there once.
fn in_order<T>(items: Vec<T>, key: impl Fn(&T) -> u64) -> Vec<T> {
    let mut places: Vec<(u64, usize)> = items.iter().map(key).zip(0..).collect();
    places.sort_unstable();
    let mut items: Vec<Option<T>> = items.into_iter().map(Some).collect();
    let taken = places.iter().map(|&(_, at)| items.get_mut(at)?.take());
    taken.flatten().collect()
}

impl Session {
    /// The session that another process has stored. Give every record of the store, in any order, and both times as
    /// they are now; what comes next is as for [`with_store`](Session::with_store).
    ///
    /// It connects with Clean Start 0 if there was a connection before. If the server still has the session, everything
    /// goes on: the same packet identifiers, with DUP where a message may have left, and no QoS 2 message is delivered
    /// that was delivered before. If not, it is as after any lost session. [`open_publishes`](Session::open_publishes)
    /// has the tokens of the publishes, which are settled by events as ever; [`remembered`](Session::remembered) has
    /// the filters. Subscriptions are declared anew.
    ///
    /// Time has passed by the calendar: for the Message Expiry Interval of what has not left, and for the Session
    /// Expiry Interval if the connection had ended. If it stood when the process ended, the server decides.
    ///
    /// # Errors
    /// Nothing of the session can be used. A record that is damaged costs what it is about, and no more.
    pub fn restore(
        now: Instant,
        wall: WallTime,
        options: ConnectOptions,
        durability: Durability,
        seed: u64,
        records: &mut dyn Iterator<Item = (StoreKey, &[u8])>,
    ) -> Result<Restored, RestoreError> {
        let mut core = Core::new(options, seed).map_err(RestoreError::Options)?;
        if !core.outlives_connections() || core.options.fallback {
            return Err(RestoreError::EndsWithConnection);
        }
        let (session, records) = Records::sort_out(records)?;
        if session.version != core.options.version {
            return Err(RestoreError::Version);
        }
        let own = core.options.client_id.as_deref();
        // An empty one is assigned by the server.
        if own.is_some_and(|own| !own.is_empty() && own != session.client_id) {
            return Err(RestoreError::ClientId);
        }
        core.client_id = session.client_id.into();
        core.connect_packet().map_err(|_| RestoreError::Damaged)?;
        core.now = now;
        core.begin_storing(durability, true);
        core.restored = session.had_connection;
        core.session_gone = session.session_gone;
        core.limits.session_expiry = session.session_expiry;
        core.outbound.journal.epoch = session.epoch;

        let mut damaged = records.damaged;
        core.restore_received(&records.received);
        core.restore_publishes(records.publishes, wall, &mut damaged);
        core.restore_filters(&records.filters, &mut damaged);
        for key in &damaged {
            match *key {
                StoreKey::Session => {}
                StoreKey::Publish(number) => core.delete_damaged(number),
                StoreKey::Received(id) => core.outbound.journal.mark(Mark::Received(id)),
                StoreKey::Filter(number) => core.subscriptions.notes.push(number),
            }
        }
        core.restore_expiry(&session, wall);
        let session = Self::of(core);
        Ok(Restored { session, damaged })
    }
}

impl Core {
    fn restore_received(&mut self, received: &[(PacketId, u32)]) {
        for &(id, epoch) in received {
            if epoch == self.outbound.journal.epoch {
                self.inbound.restore(id);
                self.outbound.journal.restore_received(id);
            } else {
                self.outbound.journal.mark(Mark::Received(id));
            }
        }
    }

    fn restore_publishes(
        &mut self,
        publishes: Vec<(u64, PublishRecord<'_>)>,
        wall: WallTime,
        damaged: &mut Vec<StoreKey>,
    ) {
        let epoch = self.outbound.journal.epoch;
        let mut inflight: Vec<Inflight> = Vec::new();
        for (number, record) in publishes {
            let outbound = &mut self.outbound;
            outbound.queue.goes_on_behind(number);
            if let Some(token) = record.token {
                self.last_token = self.last_token.max(token.get());
            }
            let Some(message) = self.read_packet(number, &record, wall) else {
                damaged.push(StoreKey::Publish(number));
                continue;
            };
            let outbound = &mut self.outbound;
            match (record.sent, record.token) {
                (Some((id, awaiting)), token) if record.epoch == epoch => {
                    let mut bytes = message.bytes;
                    outbound::set_identifier(&mut bytes, message.identifier_at, id);
                    let message = Inflight {
                        id,
                        token,
                        record: number,
                        counted: false,
                        awaiting,
                        bytes,
                        identifier_at: message.identifier_at,
                        lower_qos: record.lower_qos,
                        sent: true,
                        expiry: None,
                        order: record.order,
                        reason: record.reason,
                        properties: PropertiesBuf::new(),
                    };
                    inflight.push(message);
                }
                // As if the session had been lost here.
                (Some((_, Awaiting::PubAck)), Some(_)) if !message.bytes.is_empty() => {
                    outbound.queue.put(message);
                    outbound.journal.mark(Mark::Queued(number));
                }
                (Some(_), token) => {
                    outbound.journal.mark(Mark::Gone(number));
                    self.events.extend(
                        token.map(|token| Event::not_published(token, Error::Indeterminate)),
                    );
                }
                (None, _) => outbound.queue.put(message),
            }
        }
        for message in in_order(inflight, |message| message.order) {
            let outbound = &mut self.outbound;
            // An identifier that was used again: the earlier message was acknowledged, and that was not written.
            if let Some(earlier) = outbound.inflight.remove(message.id) {
                outbound.journal.mark(Mark::Gone(earlier.record));
            }
            outbound.inflight.goes_on_behind(message.order);
            outbound.inflight.insert(message);
        }
    }

    /// The message of a record, written anew. `None` if it is none that could be in there.
    fn read_packet(
        &self,
        number: u64,
        record: &PublishRecord<'_>,
        wall: WallTime,
    ) -> Option<Queued> {
        let awaiting = record.sent.map(|(_, awaiting)| awaiting);
        if record.packet.is_empty() {
            // Released, or one that the server did not take the second time.
            let token = record.token.filter(|_| awaiting == Some(Awaiting::PubComp));
            return awaiting
                .is_some_and(|_| token == record.token)
                .then(|| Queued {
                    token: Token(0),
                    qos: QoS::ExactlyOnce,
                    bytes: Vec::new(),
                    identifier_at: 0,
                    lower_qos: false,
                    expiry: None,
                    order: number,
                });
        }
        let dialect = self.outbound.dialect;
        let mut packet = codec::decode_publish(record.packet, dialect.version)?;
        let alias = packet.properties.two_byte(PropertyId::TopicAlias);
        if alias.is_some()
            || awaiting == Some(Awaiting::PubComp)
            || !record::qos_fits(packet.qos, awaiting)
            || (awaiting.is_none() && record.token.is_none())
        {
            return None;
        }
        packet.dup = false;
        let token = record.token.unwrap_or(Token(0));
        let mut queued = outbound::queued(token, &packet, dialect, self.now).ok()?;
        queued.order = number;
        queued.lower_qos = record.lower_qos;
        // `None` if it left once before.
        queued.expiry = record.expires.map(|expires| {
            let deadline = self.now + (expires - wall);
            match queued.expiry {
                // However the calendar has jumped, no more is left than at first.
                Some(first) => Expiry {
                    deadline: deadline.min(first.deadline),
                    ..first
                },
                None => Expiry {
                    deadline,
                    at: Expiry::NOWHERE,
                },
            }
        });
        Some(queued)
    }

    fn restore_filters(
        &mut self,
        filters: &[(u32, FilterRecord<'_>)],
        damaged: &mut Vec<StoreKey>,
    ) {
        for (number, record) in filters {
            if record.epoch != self.outbound.journal.epoch {
                self.subscriptions.notes.push(*number);
                continue;
            }
            match TopicFilter::new(record.text) {
                Ok(filter) => self.subscriptions.restore(*number, filter, record.options),
                Err(_) => damaged.push(StoreKey::Filter(*number)),
            }
        }
    }

    /// A record that could not be used is deleted, unless its key was there twice and the other one could.
    fn delete_damaged(&mut self, number: u64) {
        let outbound = &mut self.outbound;
        let used = outbound.queue.assured(number).is_some()
            || outbound.inflight.iter().any(|it| it.record == number);
        if !used {
            outbound.journal.mark(Mark::Gone(number));
        }
    }

    fn restore_expiry(&mut self, session: &SessionRecord<'_>, wall: WallTime) {
        let seconds = session.session_expiry;
        let expires = self.options.version == Version::V5 && seconds != u32::MAX;
        if !expires || !self.restored || self.session_gone {
            return;
        }
        let interval = Duration::from_secs(seconds.into());
        let left = session
            .ends
            .map_or(interval, |ends| interval.min(ends - wall));
        let at = self.now + left;
        self.session_ends = Some(at);
        self.timers.set(Timer::SessionExpiry, at);
        self.end_session_if_due();
    }
}
