//! A session in the page's store: its records as one array of bytes on the way in, as pairs of key and value on the way
//! out.
//!
//! TypeScript has read the records, and writes what it is told to. What they mean is the session's.

use alloc::string::String;
use alloc::vec::Vec;

use wasm_bindgen::prelude::*;

use super::options::Fields;
use super::values::{Array, Function, Uint8Array};
use super::{Engine, code};
use crate::client;
use crate::error::Error;
use crate::session::{ConnectOptions, Durability, RestoreError, Session, StoreKey, StoreOp};

#[wasm_bindgen]
extern "C" {
    #[wasm_bindgen(method, getter, js_name = storeWith)]
    fn store_with(this: &Fields) -> Option<Function>;
    /// Absent if there is no store.
    #[wasm_bindgen(method, getter)]
    fn strict(this: &Fields) -> Option<bool>;
    /// What is in the store.
    #[wasm_bindgen(method, getter)]
    fn records(this: &Fields) -> Option<Vec<u8>>;
}

/// What the store is told: key and value in turn. Without a key everything is deleted, without a value this record.
pub(super) struct Ops {
    write: Function,
    batch: Array,
}

impl Ops {
    pub(super) fn new(options: &Fields) -> Option<Self> {
        Some(Self {
            write: options.store_with()?,
            batch: Array::new(),
        })
    }

    pub(super) fn push(&mut self, op: StoreOp<'_>) {
        let (key, value) = match op {
            StoreOp::Put { key, value } => (Some(key), Some(value)),
            StoreOp::Delete { key } => (Some(key), None),
            StoreOp::Clear => (None, None),
        };
        self.batch.push(key.map(|key| key.to_u64() as f64));
        self.batch.push(value.map(Uint8Array::from));
    }

    /// The function and what it is to be called with.
    pub(super) fn take(&mut self) -> Option<(Function, Array)> {
        let some = self.batch.length() > 0;
        some.then(|| {
            (
                self.write.clone(),
                core::mem::replace(&mut self.batch, Array::new()),
            )
        })
    }
}

/// A session, and how it began: undefined for one that is restored, else why it is a new one, and how many records could
/// not be used.
pub(super) struct Begun {
    pub(super) session: Session,
    pub(super) outcome: Option<&'static str>,
    pub(super) damaged: u32,
}

/// A session that is in the store, or a new one for it, or one without.
pub(super) fn begin(
    options: &Fields,
    connect: ConnectOptions,
    seed: u64,
) -> Result<Begun, JsValue> {
    let Some(strict) = options.strict() else {
        let session = Session::new(connect, seed).map_err(code)?;
        return Ok(Begun {
            session,
            outcome: None,
            damaged: 0,
        });
    };
    let durability = if strict {
        Durability::Strict
    } else {
        Durability::Relaxed
    };
    let records = options.records().unwrap_or_default();
    let (now, wall) = (client::now(), client::wall_now());
    let mut records = Packed(&records);
    match Session::restore(now, wall, connect.clone(), durability, seed, &mut records) {
        Ok(restored) => Ok(Begun {
            session: restored.session,
            outcome: None,
            damaged: restored.damaged.len() as u32,
        }),
        Err(why) => Ok(Begun {
            session: Session::with_store(connect, durability, seed).map_err(code)?,
            outcome: Some(reason(why)?),
            damaged: 0,
        }),
    }
}

#[wasm_bindgen]
impl Engine {
    /// Why the session is not the stored one: undefined if it is, and without a store.
    #[wasm_bindgen(getter)]
    pub fn outcome(&self) -> Option<String> {
        self.outcome.map(Into::into)
    }

    /// How many records could not be used.
    #[wasm_bindgen(getter)]
    pub fn damaged(&self) -> u32 {
        self.damaged
    }

    /// The publishes that are not settled: token, topic or undefined, QoS and whether it may have left, in turn.
    #[wasm_bindgen(js_name = openPublishes)]
    pub fn open_publishes(&self) -> Array {
        self.driver.read(open_publishes)
    }

    /// So many operations with the store are durable, counted from the beginning.
    pub fn stored(&self, ops: f64) {
        self.driver
            .command(|session, now| session.handle_stored(now, ops as u64));
    }

    /// The store has failed for good.
    #[wasm_bindgen(js_name = storeFailed)]
    pub fn store_failed(&self) {
        self.driver.command(Session::handle_store_failed);
    }
}

fn reason(why: RestoreError) -> Result<&'static str, JsValue> {
    match why {
        RestoreError::NoSession => Ok("none"),
        RestoreError::Damaged => Ok("damaged"),
        RestoreError::Format => Ok("format"),
        RestoreError::Version => Ok("version"),
        RestoreError::ClientId => Ok("clientId"),
        RestoreError::EndsWithConnection => Err(code(Error::Option)),
        RestoreError::Options(error) => Err(code(error)),
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
struct Packed<'a>(&'a [u8]);

impl<'a> Iterator for Packed<'a> {
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
