//! The private engine under the npm package: numbers and packed bytes in, one array of records out.
//!
//! The package's TypeScript wraps it; its shape is no public interface. No wasm object is handed out per message, and
//! user code is called only from the delivery, when nothing in Rust is borrowed.

mod options;
mod packed;
mod records;
mod runtime;
#[cfg(feature = "store")]
mod store;
mod values;

use alloc::boxed::Box;
use alloc::string::String;
use alloc::vec::Vec;
use core::cell::Cell;

use wasm_bindgen::prelude::*;

use crate::client::{Change, CloseInfo, Driver, Page, SocketEvent};
use crate::codec::{QoS, ReasonCode, RetainHandling, SubscribeOptions, TopicFilter, TopicName};
use crate::error::Error;
use crate::session::{AckToken, Outgoing, Prepared, Session, SubscriptionKey, Token, Wake};
use crate::time::{Duration, Instant};
use packed::{Packed, properties};
#[cfg(not(feature = "store"))]
use records::Records;
use values::Object;

#[wasm_bindgen]
extern "C" {
    #[wasm_bindgen(js_namespace = Math)]
    fn random() -> f64;
    #[wasm_bindgen(js_namespace = Date, js_name = now)]
    fn date_now() -> f64;
}

/// Errors cross as negative numbers: the first one is -1.
fn below_zero(error: Error) -> f64 {
    -1.0 - f64::from(error.number())
}

fn crossing(answer: Result<u32, Error>) -> f64 {
    match answer {
        Ok(number) => number.into(),
        Err(error) => below_zero(error),
    }
}

/// What [`Engine::run`] does; `Command` in `pkg/src/engine.ts`, which says what each means and takes, has the same
/// numbers.
mod command {
    pub(super) const CONNECT: u8 = 0;
    pub(super) const STOP: u8 = 1;
    pub(super) const RETRY_AFTER: u8 = 2;
    pub(super) const SET_CREDENTIALS: u8 = 3;
    pub(super) const PREPARED: u8 = 4;
    pub(super) const PREPARATION_FAILED: u8 = 5;
    pub(super) const AUTHENTICATE: u8 = 6;
    pub(super) const AUTHENTICATION_FAILED: u8 = 7;
    pub(super) const REAUTHENTICATE: u8 = 8;
    pub(super) const SUBSCRIBE: u8 = 9;
    pub(super) const UNSUBSCRIBE: u8 = 10;
    pub(super) const ACK: u8 = 11;
    pub(super) const CANCEL: u8 = 12;
    pub(super) const GIVE_TIME: u8 = 13;
    pub(super) const WAKE: u8 = 14;
    pub(super) const SUSPEND: u8 = 15;
    pub(super) const END: u8 = 16;
    pub(super) const GO_TO: u8 = 17;
    pub(super) const WRITABLE: u8 = 18;
    pub(super) const LAST_KEY: u8 = 19;
    #[cfg(feature = "store")]
    pub(super) const STORED: u8 = 20;
    #[cfg(feature = "store")]
    pub(super) const STORE_FAILED: u8 = 21;
}

/// One client.
#[wasm_bindgen]
pub struct Engine {
    driver: Driver,
    /// Of the last `SUBSCRIBE`.
    key: Cell<u32>,
    /// Of the last `publish`.
    topic: Cell<String>,
    /// How the session began.
    #[cfg(feature = "store")]
    begun: store::Begun,
}

#[wasm_bindgen]
impl Engine {
    /// `options` are as in the module of that name.
    #[wasm_bindgen(constructor)]
    pub fn new(options: &[u8], page: Page) -> Result<Engine, JsValue> {
        let new = || {
            let mut options = Packed::new(options);
            let seed =
                (random() * (1u64 << 53) as f64) as u64 ^ (date_now() as u64).rotate_left(40);
            let driver = options::driver_options(&mut options, seed);
            let connect = options::connect_options(&mut options)?;
            #[cfg(feature = "store")]
            let (session, begun, sink) = store::begin(&mut options, connect, seed, &page)?;
            #[cfg(not(feature = "store"))]
            let (session, sink) = (Session::new(connect, seed)?, Records::new(page.clone()));
            Ok(Self {
                driver: Driver::on(page, driver, session, Box::new(sink)),
                key: Cell::new(0),
                topic: Cell::default(),
                #[cfg(feature = "store")]
                begun,
            })
        };
        new().map_err(|error| below_zero(error).into())
    }

    /// Numbers under the names of the package's types, and texts: the client identifier in use, the URL of the server
    /// whose turn it is, and the Server Reference to be resolved against it, if there is one.
    pub fn status(&self) -> Object {
        let (received, sent) = self.driver.traffic();
        let to = Object::new();
        to.set("bytesIn", received);
        to.set("bytesOut", sent);
        to.set("url", self.driver.url());
        self.driver.read(|session| {
            to.set("reference", session.server_reference());
            let (messages, bytes) = session.queued();
            to.set("inFlight", session.inflight() as u32);
            to.set("queuedMessages", messages as u32);
            to.set("queuedBytes", bytes as u32);
            let time = session.round_trip();
            to.set("roundTrip", time.map(|time| time.as_millis() as u32));
            to.set("clientId", session.client_id());
        });
        to
    }

    /// What happens to the page; `Happening` in `pkg/src/engine.ts` has the same numbers.
    pub fn happened(&self, what: u8, number: u32) {
        let driver = &self.driver;
        match what {
            0 => driver.timer_fired(),
            1 => driver.microtask(),
            2 => driver.changed(Change::Running),
            3 => driver.changed(Change::Network),
            4 => driver.changed(Change::PutAway),
            5 => driver.socket_event(SocketEvent::Bytes(number as usize)),
            _ => driver.socket_event(SocketEvent::Text),
        }
    }

    /// The socket opened, with this subprotocol, if there is no code; or it closed: the code, and 65,536 more after a
    /// closing handshake, and the server's words.
    pub fn socket(&self, code: u32, text: &str) {
        let text = text.into();
        self.driver.socket_event(match code {
            0 => SocketEvent::Open(text),
            _ => SocketEvent::Closed(CloseInfo {
                code: code as u16,
                reason: text,
                was_clean: code > 0xFFFF,
            }),
        });
    }

    /// Runs a command. Gives a number, mostly a token, or an error below zero.
    pub fn run(&self, command: u8, number: f64, other: u32, bytes: &[u8]) -> f64 {
        match command {
            command::WRITABLE => return u8::from(self.driver.is_writable()).into(),
            command::LAST_KEY => return self.key.get().into(),
            command::GO_TO => {
                let url = Packed::new(bytes).text();
                self.driver.go_to(url.unwrap_or_default().into());
                return 0.0;
            }
            _ => {}
        }
        crossing(
            self.driver
                .command(|session, now| self.perform(session, now, command, number, other, bytes)),
        )
    }

    /// Gives a token. Without a topic, it is that of the last call. With a timeout, in milliseconds, it is a request.
    /// `flags`: QoS, retain << 2, lower QoS if it is said << 3, whether it is said << 4, whether it is not the payload alone
    /// but properties and payload, packed, << 5.
    pub fn publish(&self, topic: Option<String>, payload: &[u8], flags: u8, timeout: u32) -> f64 {
        let text = topic.unwrap_or_else(|| self.topic.take());
        let send = || {
            let topic = TopicName::new(&text)?;
            let (mut list, mut payload) = (None, payload);
            if flags & 0b10_0000 != 0 {
                let mut packed = Packed::new(payload);
                list = packed.bytes();
                payload = packed.bytes().unwrap_or_default();
            }
            let properties = properties(list.unwrap_or_default())?;
            let message = Outgoing {
                topic,
                payload,
                qos: QoS::from_u8(flags & 0b11).ok_or(Error::Option)?,
                retain: flags & 0b100 != 0,
                properties: properties.as_properties(),
                lower_qos: (flags & 0b1_0000 != 0).then_some(flags & 0b1000 != 0),
            };
            // Properties can say when the message expires.
            let alone = timeout > 0 || list.is_some();
            self.driver.command_in_turn(alone, |session, now| {
                match timeout {
                    0 => session.publish(now, &message),
                    _ => session.request(now, &message, Duration::from_millis(timeout.into())),
                }
                .map(Token::get)
            })
        };
        let sent = send();
        self.topic.set(text);
        crossing(sent)
    }
}

impl Engine {
    fn perform(
        &self,
        session: &mut Session,
        now: Instant,
        command: u8,
        number: f64,
        other: u32,
        bytes: &[u8],
    ) -> Result<u32, Error> {
        let whole = number as u32;
        let token = Token::from_number(whole);
        let mut packed = Packed::new(bytes);
        match command {
            command::CONNECT => session.connect(now)?,
            command::STOP => session.stop(now),
            command::RETRY_AFTER => {
                session.retry_after(now, Duration::from_millis(whole.into()));
            }
            command::SET_CREDENTIALS => {
                let prepared = prepared(&mut packed);
                session.set_credentials(prepared.username, prepared.password)?;
            }
            command::PREPARED => session.prepared(now, prepared(&mut packed))?,
            command::PREPARATION_FAILED => session.preparation_failed(now),
            command::AUTHENTICATE => session.authenticate(now, packed.bytes())?,
            command::AUTHENTICATION_FAILED => session.authentication_failed(now),
            command::REAUTHENTICATE => {
                return session.reauthenticate(now, packed.bytes()).map(Token::get);
            }
            command::SUBSCRIBE => return self.subscribe(session, now, &mut packed),
            command::UNSUBSCRIBE => {
                let properties = packed.properties();
                packed.sound(())?;
                let key = SubscriptionKey::from_number(whole);
                let token = session.unsubscribe_with(now, key, properties.as_properties())?;
                return Ok(token.get());
            }
            command::ACK => {
                let reason = ReasonCode::from_u8(other as u8).ok_or(Error::Option)?;
                session.ack(now, AckToken::from_number(whole), reason)?;
            }
            command::CANCEL => session.cancel(now, token),
            command::GIVE_TIME => {
                session.give_time(now, token, Duration::from_millis(other.into()));
            }
            command::WAKE => {
                let wake = match other {
                    0 => Wake::Running,
                    _ => Wake::Network,
                };
                session.handle_wake(now, wake);
            }
            command::SUSPEND => session.handle_suspend(now),
            command::END => {
                let properties = packed.properties();
                packed.sound(())?;
                let reason = ReasonCode::from_u8(other as u8).ok_or(Error::Option)?;
                match whole {
                    0 => session.disconnect_with(now, reason, properties.as_properties())?,
                    _ => session.abort(now),
                }
            }
            #[cfg(feature = "store")]
            command::STORED => session.handle_stored(now, number as u64),
            #[cfg(feature = "store")]
            command::STORE_FAILED => session.handle_store_failed(now),
            _ => return Err(Error::Option),
        }
        Ok(0)
    }

    fn subscribe(
        &self,
        session: &mut Session,
        now: Instant,
        packed: &mut Packed<'_>,
    ) -> Result<u32, Error> {
        let properties = packed.properties();
        packed.sound(())?;
        let mut filters = Vec::new();
        while !packed.is_empty() {
            let options = subscribe_options(packed.number()).ok_or(Error::Option)?;
            let filter = TopicFilter::new(packed.text().unwrap_or_default())?;
            filters.push((filter, options));
        }
        let (token, key) = session.subscribe_with(now, &filters, properties.as_properties())?;
        self.key.set(key.get());
        Ok(token.get())
    }
}

fn prepared(packed: &mut Packed<'_>) -> Prepared {
    Prepared {
        username: packed.text().map(Into::into),
        password: packed.bytes().map(Into::into),
        authentication_data: packed.bytes().map(Into::into),
    }
}

/// The option byte of MQTT 5.
fn subscribe_options(byte: u32) -> Option<SubscribeOptions> {
    let retain_handling = match byte >> 4 {
        0 => RetainHandling::SendAtSubscribe,
        1 => RetainHandling::SendIfNew,
        2 => RetainHandling::DoNotSend,
        _ => return None,
    };
    let qos = QoS::from_u8((byte & 0b11) as u8)?;
    Some(SubscribeOptions {
        qos,
        no_local: byte & 0b100 != 0,
        retain_as_published: byte & 0b1000 != 0,
        retain_handling,
    })
}

/// Whether the first text can be a topic filter (1), the second one a topic name (2), and whether it matches (4).
#[wasm_bindgen]
pub fn check(filter: &str, topic: &str) -> u32 {
    let (filter, topic) = (TopicFilter::new(filter), TopicName::new(topic));
    let mut found = Vec::new();
    if let (Ok(filter), Ok(topic)) = (&filter, &topic) {
        let mut trie = crate::topic::FilterTrie::new();
        trie.insert(filter.filter_without_share(), 0);
        trie.matches(topic.as_str(), &mut found);
    }
    u32::from(filter.is_ok()) | u32::from(topic.is_ok()) << 1 | (found.len() as u32) << 2
}
