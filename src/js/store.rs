//! A session in the page's store: its records as one array of bytes on the way in, as pairs of key and value on the way
//! out.
//!
//! TypeScript has read the records, and writes what it is told to. What they mean is the session's.

use alloc::string::String;

use wasm_bindgen::prelude::*;

use super::Engine;
use super::packed::Packed;
use super::records::Records;
use super::values::{Array, Uint8Array};
use crate::client::{self, Page};
use crate::error::Error;
use crate::session::{ConnectOptions, Durability, RestoreError, Session, StoreKey, StoreOp};

/// What the store is told: key and value in turn. Without a key everything is deleted, without a value this record.
pub(super) struct Ops {
    batch: Array,
}

impl Ops {
    pub(super) fn push(&mut self, op: StoreOp<'_>) {
        let (key, value) = match op {
            StoreOp::Put { key, value } => (Some(key), Some(value)),
            StoreOp::Delete { key } => (Some(key), None),
            StoreOp::Clear => (None, None),
        };
        self.batch.push(key.map(|key| key.to_u64() as f64));
        self.batch.push(value.map(Uint8Array::from));
    }

    pub(super) fn take(&mut self) -> Option<Array> {
        let some = self.batch.length() > 0;
        some.then(|| core::mem::replace(&mut self.batch, Array::new()))
    }
}

/// How a session began: undefined for one that is restored, else why it is a new one, and how many records could not be
/// used.
#[derive(Default)]
pub(super) struct Begun {
    outcome: Option<&'static str>,
    damaged: u32,
}

/// A session that is in the store, or a new one for it, or one without. The options end with how durable the store is to
/// be (0: there is none, 1: relaxed, 2: strict) and what is in it.
pub(super) fn begin(
    options: &mut Packed<'_>,
    connect: ConnectOptions,
    seed: u64,
    page: &Page,
) -> Result<(Session, Begun, Records), Error> {
    let mut sink = Records::new(page.clone());
    let durability = match options.number() {
        0 => return Ok((Session::new(connect, seed)?, Begun::default(), sink)),
        1 => Durability::Relaxed,
        _ => Durability::Strict,
    };
    sink.store = Some(Ops {
        batch: Array::new(),
    });
    let mut records = Stored(options.bytes().unwrap_or_default());
    let (now, wall) = (client::now(), client::wall_now());
    match Session::restore(now, wall, connect.clone(), durability, seed, &mut records) {
        Ok(restored) => {
            let damaged = restored.damaged.len() as u32;
            let begun = Begun {
                outcome: None,
                damaged,
            };
            Ok((restored.session, begun, sink))
        }
        Err(why) => {
            let begun = Begun {
                outcome: Some(reason(why)?),
                damaged: 0,
            };
            Ok((Session::with_store(connect, durability, seed)?, begun, sink))
        }
    }
}

#[wasm_bindgen]
impl Engine {
    /// Why the session is not the stored one: undefined if it is, and without a store.
    #[wasm_bindgen(getter)]
    pub fn outcome(&self) -> Option<String> {
        self.begun.outcome.map(Into::into)
    }

    /// How many records could not be used.
    #[wasm_bindgen(getter)]
    pub fn damaged(&self) -> u32 {
        self.begun.damaged
    }

    /// The publishes that are not settled: token, topic or undefined, QoS and whether it may have left, in turn.
    #[wasm_bindgen(js_name = openPublishes)]
    pub fn open_publishes(&self) -> Array {
        self.driver.read(open_publishes)
    }
}

fn reason(why: RestoreError) -> Result<&'static str, Error> {
    match why {
        RestoreError::NoSession => Ok("none"),
        RestoreError::Damaged => Ok("damaged"),
        RestoreError::Format => Ok("format"),
        RestoreError::Version => Ok("version"),
        RestoreError::ClientId => Ok("clientId"),
        RestoreError::EndsWithConnection => Err(Error::Option),
        RestoreError::Options(error) => Err(error),
    }
}

/// Token, topic, QoS and whether it may have left, in turn.
fn open_publishes(session: &Session) -> Array {
    let list = Array::new();
    for publish in session.open_publishes() {
        list.push(publish.token.get());
        list.push(session.topic_of(publish.token));
        list.push(publish.qos as u8);
        list.push(publish.sent);
    }
    list
}

/// Records one behind the other: key (8 bytes), length (4 bytes), value.
struct Stored<'a>(&'a [u8]);

impl<'a> Iterator for Stored<'a> {
    type Item = (StoreKey, &'a [u8]);

    fn next(&mut self) -> Option<Self::Item> {
        loop {
            let (key, rest) = self.0.split_first_chunk()?;
            let (length, rest) = rest.split_first_chunk()?;
            let (value, rest) = rest.split_at_checked(u32::from_be_bytes(*length) as usize)?;
            self.0 = rest;
            if let Some(key) = StoreKey::from_u64(u64::from_be_bytes(*key)) {
                return Some((key, value));
            }
        }
    }
}
