//! Options as they come from TypeScript, turned into what the session takes.
//!
//! `engineOptions` in `pkg/src/options.ts` writes them; the order in the two files is the same. It has filled in
//! defaults and checked types and ranges by name; what is wrong here all the same is refused without a word about its
//! value, which can be a password.

use alloc::string::String;
use alloc::vec::Vec;

use super::packed::Packed;
use crate::client::DriverOptions;
use crate::codec::{QoS, ReasonCode, Version};
use crate::error::Error;
use crate::session::{
    Class, ConnectOptions, QueueLimits, QueuePolicy, ReconnectOptions, WillOptions,
};
use crate::time::Duration;

impl Packed<'_> {
    fn own_text(&mut self) -> Option<String> {
        self.text().map(String::from)
    }

    fn millis(&mut self) -> Duration {
        Duration::from_millis(self.number().into())
    }

    fn will(&mut self) -> WillOptions {
        let topic = self.own_text().unwrap_or_default();
        let payload = self.bytes().unwrap_or_default().into();
        let qos = QoS::from_u8(self.number() as u8);
        WillOptions {
            topic,
            payload,
            qos: self.some(qos, QoS::AtMostOnce),
            retain: self.flag(),
            properties: self.properties(),
        }
    }

    fn reconnect(&mut self) -> ReconnectOptions {
        ReconnectOptions {
            min: self.millis(),
            max: self.millis(),
            attempts: match self.number() {
                0 => None,
                attempts => Some(attempts),
            },
        }
    }

    fn policy(&mut self) -> Vec<(ReasonCode, Class)> {
        let mut policy = Vec::new();
        for pair in self.bytes().unwrap_or_default().chunks(2) {
            match exception(pair) {
                Some(exception) => policy.push(exception),
                None => self.is_wrong = true,
            }
        }
        policy
    }
}

pub(super) fn driver_options(from: &mut Packed<'_>, seed: u64) -> DriverOptions {
    let mut urls = Vec::new();
    for _ in 0..from.number() {
        urls.push(from.own_text().unwrap_or_default());
    }
    DriverOptions {
        urls,
        subprotocol: from.own_text().unwrap_or_default(),
        seed,
        keep_when_put_away: from.flag(),
    }
}

pub(super) fn connect_options(from: &mut Packed<'_>) -> Result<ConnectOptions, Error> {
    let options = ConnectOptions {
        version: match from.number() {
            3 => Version::V3,
            4 => Version::V4,
            _ => Version::V5,
        },
        client_id: from.own_text(),
        clean_start: from.flag(),
        session_expiry: from.number(),
        keep_alive: from.number() as u16,
        username: from.own_text(),
        password: from.bytes().map(Vec::from),
        ask: from.flag(),
        authentication_method: from.own_text(),
        will: from.flag().then(|| from.will()),
        properties: from.properties(),
        connect_timeout: from.millis(),
        reconnect: from.flag().then(|| from.reconnect()),
        connect_attempts: from.number(),
        servers: from.number(),
        fallback: from.flag(),
        redirects: from.number() as u8,
        policy: from.policy(),
        maximum_packet_size: from.number(),
        receive_maximum: from.number() as u16,
        manual_ack: from.flag(),
        topic_alias_maximum: from.number() as u16,
        send_topic_aliases: from.number() as u16,
        lower_qos: from.flag(),
        queue: QueueLimits {
            messages: from.number() as usize,
            bytes: from.number() as usize,
            policy: match from.number() {
                0 => QueuePolicy::Reject,
                1 => QueuePolicy::DropOldest,
                2 => QueuePolicy::DropNewest,
                _ => QueuePolicy::LatestPerTopic,
            },
        },
    };
    from.sound(options)
}

/// A reason code and its class.
fn exception(pair: &[u8]) -> Option<(ReasonCode, Class)> {
    let class = match pair.get(1)? {
        0 => Class::Fatal,
        1 => Class::Retry,
        2 => Class::Refresh,
        3 => Class::Redirect,
        _ => return None,
    };
    Some((ReasonCode::from_u8(*pair.first()?)?, class))
}
