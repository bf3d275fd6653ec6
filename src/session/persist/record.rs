//! The bytes of a record: format, fields, and a checksum over all of it and its key.
//!
//! Numbers are big-endian. What a record means is `restore`'s; here it is only whether it is one.

use alloc::vec::Vec;

use super::store::StoreKey;
use crate::codec::{PacketId, QoS, ReasonCode, SubscribeOptions, Version};
use crate::session::event::Token;
use crate::session::inflight::Awaiting;
use crate::time::WallTime;

/// The first byte of every record. Another one is another format.
pub(super) const FORMAT: u8 = 1;

/// Bits of the session's flags.
const HAD_CONNECTION: u8 = 1;
const SESSION_GONE: u8 = 2;
/// Bits of a publish's flags; the lower two say what it waits for.
const LOWER_QOS: u8 = 4;

pub(super) struct SessionRecord<'a> {
    pub(super) version: Version,
    pub(super) had_connection: bool,
    pub(super) session_gone: bool,
    pub(super) epoch: u32,
    /// Session Expiry Interval in seconds.
    pub(super) session_expiry: u32,
    /// When the session ends. `None` while there is a connection, and if it never does.
    pub(super) ends: Option<WallTime>,
    pub(super) client_id: &'a str,
}

pub(super) struct PublishRecord<'a> {
    pub(super) epoch: u32,
    /// The identifier and what is awaited; `None` in the queue.
    pub(super) sent: Option<(PacketId, Awaiting)>,
    pub(super) lower_qos: bool,
    /// `None` when the application does not wait for it.
    pub(super) token: Option<Token>,
    /// What was sent earlier has a lower one.
    pub(super) order: u64,
    /// What the PUBREC said.
    pub(super) reason: ReasonCode,
    /// Until when it may wait.
    pub(super) expires: Option<WallTime>,
    /// The encoded PUBLISH, if it may still have to be sent.
    pub(super) packet: &'a [u8],
}

pub(super) struct FilterRecord<'a> {
    pub(super) epoch: u32,
    pub(super) options: SubscribeOptions,
    pub(super) text: &'a str,
}

fn checksum(key: StoreKey, record: &[u8]) -> [u8; 4] {
    // FNV-1a: no change of a single byte goes unnoticed.
    let key = key.to_u64().to_be_bytes();
    let bytes = key.iter().chain(record);
    let sum = bytes.fold(0x811C_9DC5, |sum: u32, &byte| {
        (sum ^ u32::from(byte)).wrapping_mul(0x0100_0193)
    });
    sum.to_be_bytes()
}

/// Begins a record in `out`, whatever was in there.
pub(super) fn begin(out: &mut Vec<u8>, epoch: u32) {
    out.clear();
    out.push(FORMAT);
    out.extend_from_slice(&epoch.to_be_bytes());
}

pub(super) fn finish(out: &mut Vec<u8>, key: StoreKey) {
    let sum = checksum(key, out);
    out.extend_from_slice(&sum);
}

/// What is between epoch and checksum. `None` if the record is damaged.
pub(super) fn open(key: StoreKey, record: &[u8]) -> Option<(u32, Fields<'_>)> {
    let (record, sum) = record.split_last_chunk()?;
    if *sum != checksum(key, record) {
        return None;
    }
    let mut fields = Fields(record);
    let format = fields.u8()?;
    let epoch = fields.u32()?;
    (format == FORMAT).then_some((epoch, fields))
}

pub(super) struct Fields<'a>(&'a [u8]);

impl<'a> Fields<'a> {
    fn take<const N: usize>(&mut self) -> Option<[u8; N]> {
        let (taken, rest) = self.0.split_first_chunk()?;
        self.0 = rest;
        Some(*taken)
    }

    fn u8(&mut self) -> Option<u8> {
        let [byte] = self.take()?;
        Some(byte)
    }

    fn u16(&mut self) -> Option<u16> {
        self.take().map(u16::from_be_bytes)
    }

    fn u32(&mut self) -> Option<u32> {
        self.take().map(u32::from_be_bytes)
    }

    fn u64(&mut self) -> Option<u64> {
        self.take().map(u64::from_be_bytes)
    }

    fn wall(&mut self) -> Option<Option<WallTime>> {
        let millis = self.u64()?;
        Some((millis > 0).then_some(WallTime::from_millis(millis)))
    }

    pub(super) fn is_empty(&self) -> bool {
        self.0.is_empty()
    }

    fn text(self) -> Option<&'a str> {
        core::str::from_utf8(self.0).ok()
    }
}

fn put_wall(out: &mut Vec<u8>, time: Option<WallTime>) {
    // 0 is none: nothing ended in 1970.
    let millis = time.map_or(0, |time| time.as_millis().max(1));
    out.extend_from_slice(&millis.to_be_bytes());
}

impl<'a> SessionRecord<'a> {
    pub(super) fn write(&self, out: &mut Vec<u8>) {
        begin(out, self.epoch);
        let mut flags = 0;
        if self.had_connection {
            flags |= HAD_CONNECTION;
        }
        if self.session_gone {
            flags |= SESSION_GONE;
        }
        out.extend_from_slice(&[self.version.level(), flags]);
        out.extend_from_slice(&self.session_expiry.to_be_bytes());
        put_wall(out, self.ends);
        out.extend_from_slice(self.client_id.as_bytes());
        finish(out, StoreKey::Session);
    }

    pub(super) fn read(record: &'a [u8]) -> Option<Self> {
        let (epoch, mut fields) = open(StoreKey::Session, record)?;
        let level = fields.u8()?;
        let version = [Version::V3, Version::V4, Version::V5]
            .into_iter()
            .find(|version| version.level() == level)?;
        let flags = fields.u8()?;
        Some(Self {
            version,
            had_connection: flags & HAD_CONNECTION != 0,
            session_gone: flags & SESSION_GONE != 0,
            epoch,
            session_expiry: fields.u32()?,
            ends: fields.wall()?,
            client_id: fields.text()?,
        })
    }
}

impl<'a> PublishRecord<'a> {
    pub(super) fn write(&self, out: &mut Vec<u8>, key: StoreKey) {
        begin(out, self.epoch);
        let (id, awaits) = match self.sent {
            None => (0, 0),
            Some((id, Awaiting::PubAck)) => (id.get(), 1),
            Some((id, Awaiting::PubRec)) => (id.get(), 2),
            Some((id, Awaiting::PubComp)) => (id.get(), 3),
        };
        let lower_qos = if self.lower_qos { LOWER_QOS } else { 0 };
        out.extend_from_slice(&[awaits | lower_qos, self.reason.as_u8()]);
        out.extend_from_slice(&id.to_be_bytes());
        let token = self.token.map_or(0, Token::get);
        out.extend_from_slice(&token.to_be_bytes());
        out.extend_from_slice(&self.order.to_be_bytes());
        put_wall(out, self.expires);
        out.extend_from_slice(self.packet);
        finish(out, key);
    }

    pub(super) fn read(key: StoreKey, record: &'a [u8]) -> Option<Self> {
        let (epoch, mut fields) = open(key, record)?;
        let flags = fields.u8()?;
        let reason = ReasonCode::from_u8(fields.u8()?)?;
        let id = PacketId::new(fields.u16()?);
        let sent = match (flags & !LOWER_QOS, id) {
            (0, None) => None,
            (1, Some(id)) => Some((id, Awaiting::PubAck)),
            (2, Some(id)) => Some((id, Awaiting::PubRec)),
            (3, Some(id)) => Some((id, Awaiting::PubComp)),
            _ => return None,
        };
        let token = fields.u32()?;
        Some(Self {
            epoch,
            sent,
            lower_qos: flags & LOWER_QOS != 0,
            token: (token != 0).then_some(Token(token)),
            order: fields.u64()?,
            reason,
            expires: fields.wall()?,
            packet: fields.0,
        })
    }
}

impl<'a> FilterRecord<'a> {
    pub(super) fn write(&self, out: &mut Vec<u8>, key: StoreKey) {
        begin(out, self.epoch);
        out.push(self.options.to_byte());
        out.extend_from_slice(self.text.as_bytes());
        finish(out, key);
    }

    pub(super) fn read(key: StoreKey, record: &'a [u8]) -> Option<Self> {
        let (epoch, mut fields) = open(key, record)?;
        Some(Self {
            epoch,
            options: SubscribeOptions::from_byte(fields.u8()?).ok()?,
            text: fields.text()?,
        })
    }
}

/// What a PUBLISH in a record must be: one that its state can have.
pub(super) fn qos_fits(qos: QoS, awaiting: Option<Awaiting>) -> bool {
    match awaiting {
        None => qos != QoS::AtMostOnce,
        Some(Awaiting::PubAck) => qos == QoS::AtLeastOnce,
        Some(Awaiting::PubRec | Awaiting::PubComp) => qos == QoS::ExactlyOnce,
    }
}
