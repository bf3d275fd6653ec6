//! Events as records in one flat JavaScript array: a number that says which kind, then a fixed count of fields.
//!
//! `pkg/src/records.ts` reads them; the two files change together.

use alloc::boxed::Box;

#[cfg(feature = "store")]
use super::store::Ops;
use super::values::{Array, Object, Uint8Array, Value};
use crate::client::{CloseInfo, Delivery, Page, Sink};
use crate::codec::{Properties, PropertiesBuf, Property, PropertyId};
use crate::error::Error;
#[cfg(feature = "store")]
use crate::session::StoreOp;
use crate::session::{
    AuthenticationStep, ConnectionInfo, Event, Message, OWN_IDENTIFIERS, State, StateChange, Token,
    TopicNumber,
};

/// Kinds of records and, in the order of their fields, what they hold. Properties are undefined if there are none.
#[derive(Clone, Copy)]
#[repr(u8)]
enum Kind {
    /// payload, flags (QoS, retain << 2, dup << 3, acknowledge << 4, response << 5, properties << 6, new topic << 7,
    /// number of the topic << 8), key or 0, topic if it is new under its number, if there is not one key an array of them
    /// all, if there are properties these, if it has to be acknowledged a token, and if it is a response the token of the
    /// request
    Message = 0,
    /// state, error number, reason code, properties, delay, attempt, close info or undefined, server, opened
    State = 1,
    /// information
    Connected = 2,
    /// token, error number, reason code, properties, QoS
    Published = 3,
    /// token, properties, array of error number and (QoS or reason code) for each filter
    Subscribed = 4,
    /// token, properties, array of error number and reason code for each filter
    Unsubscribed = 5,
    /// error number, reason code, filter or undefined
    Warning = 6,
    /// whether the last attempt was refused for its credentials
    Prepare = 7,
    /// whether the server is satisfied, data or undefined
    Authentication = 8,
    /// token, error number, reason code
    Reauthenticated = 9,
    /// nothing
    Writable = 10,
    /// token, error number, reason code, properties
    RequestFailed = 11,
    /// token, the one before which they end, QoS + reason code << 2: what has succeeded without further words
    Done = 12,
}

pub(super) struct Records {
    page: Page,
    /// What is for the store, which comes before anything that user code hears.
    #[cfg(feature = "store")]
    pub(super) store: Option<Ops>,
    batch: Array,
    /// Something is in it, or will be.
    any: bool,
    /// What is to be told with [`Kind::Done`]; nothing if the first two are the same.
    done: (u32, u32, u32),
    last_close: Option<Object>,
}

impl Records {
    pub(super) fn new(page: Page) -> Self {
        Self {
            page,
            #[cfg(feature = "store")]
            store: None,
            batch: Array::new(),
            any: false,
            done: (0, 0, 0),
            last_close: None,
        }
    }

    /// What has succeeded, which mostly is many messages one after the other: five fields for each of them would take
    /// longer than the messages.
    #[inline(never)]
    fn done(&mut self, token: u32, how: u32) {
        if (token, how) != (self.done.1, self.done.2) {
            self.tell_done();
            self.done = (token, token, how);
        }
        self.done.1 = token.wrapping_add(1);
    }

    #[inline(never)]
    fn tell_done(&mut self) {
        let (first, end, how) = self.done;
        if first != end {
            self.batch.push_done(Kind::Done as i32, first, end, how);
            self.done.0 = end;
        }
    }

    fn push(&self, value: impl Value) {
        self.batch.push(value);
    }

    fn error(&self, error: Option<Error>) {
        push_error(&self.batch, error);
    }

    fn message(&mut self, message: &Message<'_>) {
        // JavaScript has the texts of topics under their numbers: to make such a text takes longer than all the rest of
        // what is done with a small message.
        let TopicNumber { number, is_new } = message.topic_number;
        let is_described = says_something(message.properties);
        let flags = message.qos as u32
            | u32::from(message.retain) << 2
            | u32::from(message.dup) << 3
            | u32::from(message.ack.is_some()) << 4
            | u32::from(message.reply_to.is_some()) << 5
            | u32::from(is_described) << 6
            | u32::from(is_new) << 7
            | number << 8;
        let key = match message.subscriptions {
            [key] => key.get(),
            _ => 0,
        };
        self.page
            .message(&self.batch, message.payload, flags as i32, key as i32);
        if is_new {
            self.push(message.topic);
        }
        if key == 0 {
            let keys = Array::new();
            for key in message.subscriptions {
                keys.push(key.get());
            }
            self.push(keys);
        }
        if is_described {
            let to = object(message.properties);
            let identifiers = message.properties.subscription_identifiers();
            let identifiers = identifiers.filter(|&identifier| identifier < OWN_IDENTIFIERS);
            to.set("subscriptionIdentifiers", list(identifiers));
            self.push(to);
        }
        if let Some(token) = message.ack {
            self.push(token.get());
        }
        if let Some(token) = message.reply_to {
            self.push(token.get());
        }
    }

    fn properties(&self, properties: Properties<'_>) {
        match says_something(properties) {
            true => self.push(object(properties)),
            false => self.push(None::<u8>),
        }
    }

    /// What SUBACK and UNSUBACK say: token, properties, and for each filter an error number and a number, which come with
    /// `list`.
    fn answers(&self, token: Token, properties: &PropertiesBuf, list: Array) {
        self.push(token.get());
        self.properties(properties.as_properties());
        self.push(list);
    }

    fn state(&mut self, change: &StateChange) {
        self.push(match change.state {
            State::Idle => 0u8,
            State::Connecting => 1,
            State::Connected => 2,
            State::Waiting => 3,
            State::Closing => 4,
            State::Closed => 5,
        });
        self.error(change.cause);
        self.properties(change.properties.as_properties());
        self.push(change.delay.map(|delay| delay.as_millis() as f64));
        self.push(change.attempt);
        let close = self.last_close.take();
        self.push(close);
        self.push(change.server);
        self.push(change.opened);
    }
}

impl Sink for Records {
    fn collect(&mut self, event: Event<'_>) {
        self.any = true;
        if let Event::Published {
            token,
            result: Ok(done),
            properties,
        } = &event
            && properties.as_properties().is_empty()
        {
            return self.done(token.get(), done.qos as u32 | (done.reason as u32) << 2);
        }
        self.tell_done();
        let kind = match &event {
            Event::Message(_) => Kind::Message,
            Event::State(_) => Kind::State,
            Event::Connected(_) => Kind::Connected,
            Event::Published { .. } => Kind::Published,
            Event::Subscribed { .. } => Kind::Subscribed,
            Event::Unsubscribed { .. } => Kind::Unsubscribed,
            Event::RequestFailed { .. } => Kind::RequestFailed,
            Event::Warning { .. } => Kind::Warning,
            Event::Prepare { .. } => Kind::Prepare,
            Event::Authentication { .. } => Kind::Authentication,
            Event::Reauthenticated { .. } => Kind::Reauthenticated,
        };
        if let Event::Message(message) = &event {
            return self.message(message);
        }
        self.push(kind as u8);
        match &event {
            Event::Message(_) => {}
            Event::State(change) => self.state(change),
            Event::Connected(info) => self.push(connection(info)),
            Event::Published {
                token,
                result,
                properties,
            } => {
                self.push(token.get());
                push_outcome(&self.batch, result.map(|done| done.reason as u8));
                self.properties(properties.as_properties());
                self.push(result.ok().map(|done| done.qos as u8));
            }
            Event::Subscribed {
                token,
                results,
                properties,
            } => {
                let list = Array::new();
                for result in results {
                    push_outcome(&list, result.map(|qos| qos as u8));
                }
                self.answers(*token, properties, list);
            }
            Event::Unsubscribed {
                token,
                results,
                properties,
            } => {
                let list = Array::new();
                for result in results {
                    push_outcome(&list, result.map(|code| code as u8));
                }
                self.answers(*token, properties, list);
            }
            Event::RequestFailed {
                token,
                error,
                properties,
            } => {
                self.push(token.get());
                self.error(Some(*error));
                self.properties(properties.as_properties());
            }
            Event::Warning { error, filter } => {
                self.error(Some(*error));
                self.push(filter.as_deref());
            }
            Event::Prepare { refused } => self.push(*refused),
            Event::Authentication { step, data, .. } => {
                self.push(*step == AuthenticationStep::Success);
                self.push(data.as_deref().map(Uint8Array::from));
            }
            Event::Reauthenticated { token, result } => {
                self.push(token.get());
                self.error(result.err());
            }
        }
    }

    fn closed(&mut self, info: CloseInfo) {
        let close = Object::new();
        close.set("code", info.code);
        close.set("reason", info.reason);
        close.set("wasClean", info.was_clean);
        self.last_close = Some(close);
    }

    fn writable(&mut self) {
        self.any = true;
        self.tell_done();
        self.push(Kind::Writable as u8);
    }

    #[cfg(feature = "store")]
    fn store(&mut self, op: StoreOp<'_>) {
        if let Some(store) = &mut self.store {
            store.push(op);
        }
    }

    fn delivery(&mut self) -> Option<Delivery> {
        self.tell_done();
        let some = core::mem::take(&mut self.any);
        let batch = some.then(|| core::mem::replace(&mut self.batch, Array::new()));
        #[cfg(feature = "store")]
        let stored = self.store.as_mut().and_then(Ops::take);
        #[cfg(feature = "store")]
        let some = some || stored.is_some();
        let page = self.page.clone();
        some.then(|| -> Delivery {
            Box::new(move || {
                #[cfg(feature = "store")]
                if let Some(ops) = stored {
                    page.store(ops);
                }
                if let Some(batch) = batch {
                    page.deliver(batch);
                }
            })
        })
    }
}

/// An error's number and reason code, each undefined if there is none.
fn push_error(to: &Array, error: Option<Error>) {
    to.push(error.map(Error::number));
    to.push(error.and_then(Error::reason).map(|reason| reason as u8));
}

/// No error number and what success says, or an error.
fn push_outcome(to: &Array, outcome: Result<u8, Error>) {
    match outcome {
        Ok(value) => {
            to.push(None::<u8>);
            to.push(value);
        }
        Err(error) => push_error(to, Some(error)),
    }
}

fn list(numbers: impl Iterator<Item = u32>) -> Array {
    let list = Array::new();
    for number in numbers {
        list.push(number);
    }
    list
}

fn connection(info: &ConnectionInfo) -> Object {
    let (to, limits) = (object(info.properties.as_properties()), &info.limits);
    to.set("version", info.version.level());
    to.set("sessionPresent", info.session_present);
    to.set("clientId", info.client_id.as_str());
    to.set("keepalive", limits.keep_alive);
    to.set("maximumQoS", limits.maximum_qos as u8);
    to.set("retainAvailable", limits.retain_available);
    to.set("maximumPacketSize", limits.maximum_packet_size);
    to.set("receiveMaximum", limits.receive_maximum);
    to.set("topicAliasMaximum", limits.topic_alias_maximum);
    to.set("wildcardSubscriptionAvailable", limits.wildcard_available);
    to.set(
        "subscriptionIdentifiersAvailable",
        limits.subscription_identifiers_available,
    );
    to.set("sharedSubscriptionAvailable", limits.shared_available);
    to.set("sessionExpiry", limits.session_expiry);
    to
}

/// A subscription identifier that the application knows nothing of, or a topic alias, which the topic has replaced. Most
/// messages have no other property.
fn is_internal(property: &Property<'_>) -> bool {
    matches!(
        property,
        Property::VarInt(_, OWN_IDENTIFIERS..) | Property::TwoByte(PropertyId::TopicAlias, _)
    )
}

/// Whether there is a property that the application is to know of.
#[inline(never)]
fn says_something(properties: Properties<'_>) -> bool {
    !properties.iter().all(|it| is_internal(&it))
}

/// Properties under the names of the package's types. What a connection or a message says in another way is left out.
fn object(properties: Properties<'_>) -> Object {
    let to = Object::new();
    let pairs = Array::new();
    for property in properties.iter() {
        let name = match property.id() {
            PropertyId::PayloadFormatIndicator => "payloadIsText",
            PropertyId::MessageExpiryInterval => "messageExpiry",
            PropertyId::ContentType => "contentType",
            PropertyId::ResponseTopic => "responseTopic",
            PropertyId::CorrelationData => "correlationData",
            PropertyId::AuthenticationMethod => "authenticationMethod",
            PropertyId::AuthenticationData => "authenticationData",
            PropertyId::ResponseInformation => "responseInformation",
            PropertyId::ServerReference => "serverReference",
            PropertyId::ReasonString => "reasonString",
            _ => "",
        };
        match property {
            Property::Pair(name, value) => {
                let pair = Array::new();
                pair.push(name);
                pair.push(value);
                pairs.push(pair);
            }
            _ if name.is_empty() => {}
            Property::Byte(_, flag) => to.set(name, flag == 1),
            Property::FourByte(_, number) => to.set(name, number),
            Property::Text(_, text) => to.set(name, text),
            Property::Binary(_, data) => to.set(name, Uint8Array::from(data)),
            Property::TwoByte(..) | Property::VarInt(..) => {}
        }
    }
    to.set("userProperties", pairs);
    to
}
