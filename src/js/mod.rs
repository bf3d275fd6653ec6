//! The private engine under the npm package: numbers, strings and byte arrays in, one array of records out.
//!
//! The package's TypeScript wraps it; its shape is no public interface. No wasm object is handed out per message, and
//! user code is called only from the delivery, when nothing in Rust is borrowed.

mod options;
mod records;
mod runtime;
#[cfg(feature = "store")]
mod store;
mod values;

use alloc::boxed::Box;
use alloc::string::String;
use alloc::vec::Vec;

use wasm_bindgen::prelude::*;

use crate::client::{Driver, DriverOptions};
use crate::codec::{QoS, ReasonCode, RetainHandling, SubscribeOptions, TopicFilter, TopicName};
use crate::error::Error;
use crate::session::{AckToken, Outgoing, Prepared, Session, SubscriptionKey, Token, Wake};
use crate::time::Duration;
use options::Fields;
use records::Records;
use values::{Function, Object};

#[wasm_bindgen]
extern "C" {
    #[wasm_bindgen(js_namespace = Math)]
    fn random() -> f64;
    #[wasm_bindgen(js_namespace = Date, js_name = now)]
    fn date_now() -> f64;
}

/// Errors cross as their codes.
fn code(error: impl Into<Error>) -> JsValue {
    JsValue::from_str(error.into().code())
}

/// One client.
#[wasm_bindgen]
pub struct Engine {
    driver: Driver,
    /// Why the session is not the stored one.
    #[cfg(feature = "store")]
    outcome: Option<&'static str>,
    /// How many records could not be used.
    #[cfg(feature = "store")]
    damaged: u32,
}

#[wasm_bindgen]
impl Engine {
    /// `deliver` is called with an array of records.
    #[wasm_bindgen(constructor)]
    pub fn new(
        urls: Vec<String>,
        subprotocol: String,
        options: Fields,
        deliver: Function,
    ) -> Result<Engine, JsValue> {
        let keep_when_put_away = options::keep_when_put_away(&options);
        let connect = options::connect_options(&options)?;
        let seed = (random() * (1u64 << 53) as f64) as u64 ^ (date_now() as u64).rotate_left(40);
        #[cfg(feature = "store")]
        let store::Begun {
            session,
            outcome,
            damaged,
        } = store::begin(&options, connect, seed)?;
        #[cfg(not(feature = "store"))]
        let session = Session::new(connect, seed).map_err(code)?;
        #[cfg_attr(
            not(feature = "store"),
            expect(unused_mut, reason = "only a store is put in")
        )]
        let mut sink = Box::new(Records::new(deliver));
        #[cfg(feature = "store")]
        {
            sink.store = store::Ops::new(&options);
        }
        let options = DriverOptions {
            urls,
            subprotocol,
            seed,
            keep_when_put_away,
        };
        Ok(Self {
            driver: Driver::with_session(options, session, sink),
            #[cfg(feature = "store")]
            outcome,
            #[cfg(feature = "store")]
            damaged,
        })
    }

    /// Takes WebSockets from this function of URL and subprotocol.
    #[wasm_bindgen(js_name = openSocketsWith)]
    pub fn open_sockets_with(&self, opener: js_sys::Function) {
        self.driver.open_sockets_with(opener);
    }

    /// The client identifier in use.
    #[wasm_bindgen(getter, js_name = clientId)]
    pub fn client_id(&self) -> String {
        self.driver.read(|session| session.client_id().into())
    }

    /// Where the connection, or the next attempt, goes.
    #[wasm_bindgen(getter)]
    pub fn url(&self) -> Option<String> {
        self.driver.url()
    }

    /// Whether little waits to be sent.
    #[wasm_bindgen(getter)]
    pub fn writable(&self) -> bool {
        self.driver.is_writable()
    }

    /// Numbers under the names of the package's types.
    pub fn stats(&self) -> Object {
        let (received, sent) = self.driver.traffic();
        let to = Object::new();
        to.set("bytesIn", received);
        to.set("bytesOut", sent);
        self.driver.read(|session| {
            let (messages, bytes) = session.queued();
            to.set("inFlight", session.inflight() as u32);
            to.set("queuedMessages", messages as u32);
            to.set("queuedBytes", bytes as u32);
            let time = session.round_trip();
            to.set("roundTrip", time.map(|time| time.as_millis() as u32));
        });
        to
    }

    /// Connects, or tries again at once.
    pub fn connect(&self) -> Result<(), JsValue> {
        self.driver
            .command(|session, now| session.connect(now))
            .map_err(code)
    }

    /// Changes the milliseconds until the next attempt.
    #[wasm_bindgen(js_name = retryAfter)]
    pub fn retry_after(&self, millis: u32) {
        let delay = Duration::from_millis(millis.into());
        self.driver
            .command(|session, now| session.retry_after(now, delay));
    }

    /// Gives up connecting.
    pub fn stop(&self) {
        self.driver.command(|session, now| session.stop(now));
    }

    /// Replaces the credentials for the attempts to come.
    #[wasm_bindgen(js_name = setCredentials)]
    pub fn set_credentials(
        &self,
        username: Option<String>,
        password: Option<Vec<u8>>,
    ) -> Result<(), JsValue> {
        self.driver
            .command(|session, _| session.set_credentials(username, password))
            .map_err(code)
    }

    /// The server whose turn it is has another URL.
    #[wasm_bindgen(js_name = goTo)]
    pub fn go_to(&self, url: String) {
        self.driver.go_to(url);
    }

    /// Answers a question for credentials.
    pub fn prepared(
        &self,
        username: Option<String>,
        password: Option<Vec<u8>>,
        authentication_data: Option<Vec<u8>>,
    ) -> Result<(), JsValue> {
        let prepared = Prepared {
            username,
            password,
            authentication_data,
        };
        self.driver
            .command(|session, now| session.prepared(now, prepared))
            .map_err(code)
    }

    /// There is no answer to a question for credentials.
    #[wasm_bindgen(js_name = preparationFailed)]
    pub fn preparation_failed(&self) {
        self.driver.command(Session::preparation_failed);
    }

    /// Answers a step of the authentication.
    pub fn authenticate(&self, data: Option<Vec<u8>>) -> Result<(), JsValue> {
        self.driver
            .command(|session, now| session.authenticate(now, data.as_deref()))
            .map_err(code)
    }

    /// There is no answer to a step of the authentication.
    #[wasm_bindgen(js_name = authenticationFailed)]
    pub fn authentication_failed(&self) {
        self.driver.command(Session::authentication_failed);
    }

    /// Gives a token.
    pub fn reauthenticate(&self, data: Option<Vec<u8>>) -> Result<u32, JsValue> {
        self.driver
            .command(|session, now| session.reauthenticate(now, data.as_deref()))
            .map(Token::get)
            .map_err(code)
    }

    /// Gives a token. `properties` is undefined or an object as in `options::properties`. With a timeout, in
    /// milliseconds, it is a request.
    #[expect(clippy::too_many_arguments, reason = "an object would weigh more")]
    pub fn publish(
        &self,
        topic: &str,
        payload: &[u8],
        qos: u8,
        retain: bool,
        properties: Option<Fields>,
        lower_qos: Option<bool>,
        timeout: Option<u32>,
    ) -> Result<u32, JsValue> {
        let topic = TopicName::new(topic).map_err(code)?;
        let properties = options::message_properties(properties)?;
        let qos = QoS::from_u8(qos).ok_or_else(|| code(Error::Option))?;
        let message = Outgoing {
            topic,
            payload,
            qos,
            retain,
            properties: properties.as_properties(),
            lower_qos,
        };
        let publish = |session: &mut Session, now| match timeout {
            Some(millis) => session.request(now, &message, Duration::from_millis(millis.into())),
            None => session.publish(now, &message),
        };
        let token = self.driver.command_in_turn(timeout.is_some(), publish);
        token.map(Token::get).map_err(code)
    }

    /// Gives a token and a subscription key. `options` has the option byte of MQTT 5 for each filter, `properties` is
    /// undefined or an object as in `options::subscribe_properties`.
    pub fn subscribe(
        &self,
        filters: Vec<String>,
        options: &[u8],
        properties: Option<Fields>,
    ) -> Result<Vec<u32>, JsValue> {
        let mut parsed = Vec::with_capacity(filters.len());
        for (filter, &options) in filters.iter().zip(options) {
            let options = subscribe_options(options).ok_or_else(|| code(Error::Option))?;
            parsed.push((TopicFilter::new(filter).map_err(code)?, options));
        }
        let properties = options::subscribe_properties(properties)?;
        let (token, key) = self
            .driver
            .command(|session, now| {
                session.subscribe_with(now, &parsed, properties.as_properties())
            })
            .map_err(code)?;
        Ok([token.get(), key.get()].into())
    }

    /// Gives a token. `properties` as in `subscribe`.
    pub fn unsubscribe(&self, key: u32, properties: Option<Fields>) -> Result<u32, JsValue> {
        let key = SubscriptionKey::from_number(key);
        let properties = options::subscribe_properties(properties)?;
        self.driver
            .command(|session, now| session.unsubscribe_with(now, key, properties.as_properties()))
            .map(Token::get)
            .map_err(code)
    }

    /// Acknowledges a message.
    pub fn ack(&self, token: u32, reason: u32) -> Result<(), JsValue> {
        // Not a byte: of 256 it would make the code for success.
        let reason = u8::try_from(reason).ok().and_then(ReasonCode::from_u8);
        let reason = reason.ok_or_else(|| code(Error::Option))?;
        let token = AckToken::from_number(token);
        self.driver
            .command(|session, now| session.ack(now, token, reason))
            .map_err(code)
    }

    /// Stops waiting for a publish.
    pub fn cancel(&self, token: u32) {
        self.driver
            .command(|session, now| session.cancel(now, Token::from_number(token)));
    }

    /// Gives a publish or a subscribe so many milliseconds.
    #[wasm_bindgen(js_name = giveTime)]
    pub fn give_time(&self, token: u32, millis: u32) {
        let time = Duration::from_millis(millis.into());
        self.driver
            .command(|session, now| session.give_time(now, Token::from_number(token), time));
    }

    /// The page woke up, perhaps on another network; for workers, which do not hear of it.
    pub fn wake(&self, network: bool) {
        let wake = if network {
            Wake::Network
        } else {
            Wake::Running
        };
        self.driver
            .command(|session, now| session.handle_wake(now, wake));
    }

    /// The page is put away.
    pub fn suspend(&self) {
        self.driver
            .command(|session, now| session.handle_suspend(now));
    }

    /// Ends the client, without DISCONNECT if `force`. `properties` is undefined or an object as in
    /// `options::disconnect_properties`.
    pub fn end(&self, force: bool, reason: u8, properties: Option<Fields>) -> Result<(), JsValue> {
        let properties = options::disconnect_properties(properties)?;
        let reason = ReasonCode::from_u8(reason).ok_or_else(|| code(Error::Option))?;
        let ended = self.driver.command(|session, now| {
            if force {
                session.abort(now);
                return Ok(());
            }
            session.disconnect_with(now, reason, properties.as_properties())
        });
        ended.map_err(code)
    }
}

fn subscribe_options(byte: u8) -> Option<SubscribeOptions> {
    let retain_handling = match byte >> 4 {
        0 => RetainHandling::SendAtSubscribe,
        1 => RetainHandling::SendIfNew,
        2 => RetainHandling::DoNotSend,
        _ => return None,
    };
    let qos = QoS::from_u8(byte & 0b11)?;
    Some(SubscribeOptions {
        qos,
        no_local: byte & 0b100 != 0,
        retain_as_published: byte & 0b1000 != 0,
        retain_handling,
    })
}

/// Whether a text can be a topic name; undefined if so, else the error's code.
#[wasm_bindgen(js_name = checkTopic)]
pub fn check_topic(topic: &str) -> Option<String> {
    TopicName::new(topic)
        .err()
        .map(|error| Error::from(error).code().into())
}

/// Whether a text can be a topic filter; undefined if so, else the error's code.
#[wasm_bindgen(js_name = checkFilter)]
pub fn check_filter(filter: &str) -> Option<String> {
    TopicFilter::new(filter)
        .err()
        .map(|error| Error::from(error).code().into())
}

/// Whether a filter matches a topic name. False if either is not valid.
#[wasm_bindgen]
pub fn matches(filter: &str, topic: &str) -> bool {
    let (Ok(filter), Ok(topic)) = (TopicFilter::new(filter), TopicName::new(topic)) else {
        return false;
    };
    let mut trie = crate::topic::FilterTrie::new();
    trie.insert(filter.filter_without_share(), 0);
    let mut found = Vec::new();
    trie.matches(topic.as_str(), &mut found);
    !found.is_empty()
}
