//! A session against a server, in one thread and in virtual time: the test bed of everything above the codec.
//!
//! [`Client`] is the host of a [`Session`](webmqtt::session::Session) and keeps its contract. It is wired either to a
//! server that follows the test's script ([`Scripted`]) or to a small broker of our own over a network that can split,
//! delay, stall and cut ([`Net`]). Whatever a test is about, the [`audit`] watches both directions for breaches of the
//! protocol. Nothing in here reads a clock or sleeps.
#![allow(
    dead_code,
    unused_imports,
    reason = "every test file uses another part of it"
)]

pub mod audit;
pub mod broker;
pub mod client;
pub mod net;
pub mod packets;
pub mod random;
pub mod script;
pub mod store;
pub mod subscriptions;

pub use audit::{Direction, Frame};
pub use broker::{Broker, Settings};
pub use client::{Client, Delivered, Happened, Link, What};
pub use net::Net;
pub use packets::*;
pub use random::Random;
pub use script::{Scripted, Split};
pub use store::{Store, Write, store, stored};
pub use subscriptions::*;

use webmqtt::codec::{QoS, Version};
use webmqtt::session::ConnectOptions;

/// The two versions that nearly everything has to hold for.
pub const BOTH: [Version; 2] = [Version::V4, Version::V5];

pub const QOS0: QoS = QoS::AtMostOnce;
pub const QOS1: QoS = QoS::AtLeastOnce;
pub const QOS2: QoS = QoS::ExactlyOnce;

/// Options of a client whose session ends with each connection.
pub fn clean(version: Version) -> ConnectOptions {
    ConnectOptions {
        version,
        client_id: Some("tester".into()),
        ..ConnectOptions::default()
    }
}

/// Options of a client whose session outlives its connections.
pub fn persistent(version: Version) -> ConnectOptions {
    ConnectOptions {
        clean_start: version == Version::V5,
        session_expiry: if version == Version::V5 { 3600 } else { 0 },
        ..clean(version)
    }
}
