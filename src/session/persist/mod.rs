//! A session that outlives its process: what has to be written for another one to go on with, and the way back.
//!
//! The session is written as records, each under its own key, so that a change costs one small write. The host keeps
//! them and says which writes are durable. This module knows neither how it does so nor when; which moment it is by the
//! calendar it is told. No record has a user name, a password or a message of QoS 0.
//!
//! `journal` knows what has changed and what waits for it, `store` hands the writes out, `record` has their bytes, and
//! `restore` goes the other way. Without the feature `store` there is only `none`.

#[cfg(feature = "store")]
mod journal;
#[cfg(not(feature = "store"))]
#[path = "none.rs"]
mod journal;
#[cfg(feature = "store")]
mod record;
#[cfg(feature = "store")]
mod restore;
#[cfg(feature = "store")]
mod store;

use crate::codec::PacketId;
pub(super) use journal::{Journal, Notes};
#[cfg(feature = "store")]
pub use restore::{RestoreError, Restored};
#[cfg(feature = "store")]
pub use store::{Durability, OpenPublish, StoreKey, StoreOp};

/// A part of a session that has changed.
#[derive(Clone, Copy)]
#[cfg_attr(not(feature = "store"), expect(dead_code, reason = "nobody writes"))]
pub(super) enum Mark {
    Session,
    /// A publish waits in the queue. If it is there no more, a later mark says where it went.
    Queued(u64),
    /// A publish is in flight with this identifier. If it is there no more, a later mark says where it went.
    Sent(u64, PacketId),
    /// A publish is over.
    Gone(u64),
    Received(PacketId),
}
