//! A store that a session is written to: what is durable is told one operation at a time, and all else is lost with the
//! process.

use std::collections::{BTreeMap, VecDeque};

use webmqtt::codec::Version;
use webmqtt::session::{Durability, State, StoreKey, StoreOp};

use super::{Client, Net, Settings, persistent};

/// An operation that outlives the session.
#[derive(Clone, Debug, PartialEq, Eq)]
pub enum Write {
    Put(StoreKey, Vec<u8>),
    Delete(StoreKey),
    Clear,
}

impl From<StoreOp<'_>> for Write {
    fn from(op: StoreOp<'_>) -> Self {
        match op {
            StoreOp::Put { key, value } => Self::Put(key, value.into()),
            StoreOp::Delete { key } => Self::Delete(key),
            StoreOp::Clear => Self::Clear,
        }
    }
}

pub struct Store {
    pub durability: Durability,
    /// Every operation is durable at once.
    pub instant: bool,
    /// What another process would find, by the numbers of the keys.
    pub records: BTreeMap<u64, Vec<u8>>,
    /// What is not durable yet, oldest first.
    pub pending: VecDeque<Write>,
    /// Everything so far.
    pub log: Vec<Write>,
    pub stored: u64,
}

impl Store {
    pub fn new(durability: Durability) -> Self {
        Self {
            durability,
            instant: true,
            records: BTreeMap::new(),
            pending: VecDeque::new(),
            log: Vec::new(),
            stored: 0,
        }
    }

    pub fn hand_over(&mut self, write: Write) {
        self.log.push(write.clone());
        self.pending.push_back(write);
    }

    /// The oldest operation becomes durable; `false` if there is none.
    pub fn advance(&mut self) -> bool {
        let Some(write) = self.pending.pop_front() else {
            return false;
        };
        self.stored += 1;
        match write {
            Write::Put(key, value) => {
                self.records.insert(key.to_u64(), value);
            }
            Write::Delete(key) => {
                self.records.remove(&key.to_u64());
            }
            Write::Clear => self.records.clear(),
        }
        true
    }

    /// What is found after a crash.
    pub fn crashed(&self) -> Self {
        Self {
            records: self.records.clone(),
            instant: self.instant,
            ..Self::new(self.durability)
        }
    }

    pub fn records(&self) -> impl Iterator<Item = (StoreKey, &[u8])> {
        self.records.iter().map(|(&key, value)| {
            let key = StoreKey::from_u64(key).expect("a number that was a key");
            (key, value.as_slice())
        })
    }

    pub fn keys(&self) -> Vec<StoreKey> {
        self.records().map(|(key, _)| key).collect()
    }
}

/// A client with a store, connected.
#[track_caller]
pub fn stored(version: Version, durability: Durability) -> Net {
    let mut net = Net::new(persistent(version), Settings::default(), 1);
    net.client = Client::with_store(persistent(version), durability, 1);
    net.connect();
    assert_eq!(net.client.state(), State::Connected);
    net
}

pub fn store(net: &mut Net) -> &mut Store {
    net.client.store.as_mut().expect("a store")
}
