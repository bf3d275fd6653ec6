//! Events as records in one flat JavaScript array: a number that says which kind, then a fixed count of fields.
//!
//! `pkg/src/records.ts` reads them; the two files change together.

use alloc::boxed::Box;

use js_sys::{Array, Function, Object, Reflect, Uint8Array};
use wasm_bindgen::prelude::*;

use crate::client::{CloseInfo, Delivery, Sink};
use crate::codec::{Properties, PropertiesBuf, Property, PropertyId};
use crate::error::Error;
use crate::session::{
    AuthenticationStep, ConnectionInfo, Event, Message, OWN_IDENTIFIERS, State, StateChange, Token,
};

/// Kinds of records and, in the order of their fields, what they hold. Properties are undefined if there are none.
#[derive(Clone, Copy)]
#[repr(u8)]
enum Kind {
    /// topic, payload, flags (QoS, retain << 2, dup << 3, acknowledge << 4), key or array of keys, properties, and if
    /// it has to be acknowledged a token
    Message = 0,
    /// state, error code, reason code, properties, delay, attempt, close info or undefined
    State = 1,
    /// information
    Connected = 2,
    /// token, error code, reason code, properties, QoS
    Published = 3,
    /// token, properties, array of error code and (QoS or reason code) for each filter
    Subscribed = 4,
    /// token, properties, array of error code and reason code for each filter
    Unsubscribed = 5,
    /// error code, reason code, filter or undefined
    Warning = 6,
    /// whether the last attempt was refused for its credentials
    Prepare = 7,
    /// whether the server is satisfied, data or undefined
    Authentication = 8,
    /// token, error code, reason code
    Reauthenticated = 9,
    /// nothing
    Writable = 10,
}

pub(super) struct Records {
    deliver: Function,
    batch: Array,
    last_close: JsValue,
}

impl Records {
    pub(super) fn new(deliver: Function) -> Self {
        Self {
            deliver,
            batch: Array::new(),
            last_close: JsValue::UNDEFINED,
        }
    }

    fn push(&self, value: impl Into<JsValue>) {
        self.batch.push(&value.into());
    }

    fn error(&self, error: Option<Error>) {
        let (code, reason) = error.map_or((JsValue::UNDEFINED, JsValue::UNDEFINED), words);
        self.push(code);
        self.push(reason);
    }

    fn message(&self, message: &Message<'_>) {
        self.push(message.topic);
        self.push(Uint8Array::from(message.payload));
        self.push(
            message.qos as u8
                | u8::from(message.retain) << 2
                | u8::from(message.dup) << 3
                | u8::from(message.ack.is_some()) << 4,
        );
        match message.subscriptions {
            [key] => self.push(key.get()),
            keys => self.push(
                keys.iter()
                    .map(|key| JsValue::from(key.get()))
                    .collect::<Array>(),
            ),
        }
        let properties = described(message.properties);
        if let Some(to) = &properties {
            let identifiers = message.properties.subscription_identifiers();
            let identifiers = identifiers.filter(|&identifier| identifier < OWN_IDENTIFIERS);
            let identifiers: Array = identifiers.map(JsValue::from).collect();
            set(to, "subscriptionIdentifiers", identifiers);
        }
        self.push(properties);
        if let Some(token) = message.ack {
            self.push(token.get());
        }
    }

    fn properties(&self, properties: Properties<'_>) {
        self.push(described(properties));
    }

    /// What SUBACK and UNSUBACK say: token, properties, and for each filter an error code and a number.
    fn answers(
        &self,
        token: Token,
        properties: &PropertiesBuf,
        answers: &mut dyn Iterator<Item = Result<u8, Error>>,
    ) {
        self.push(token.get());
        self.properties(properties.as_properties());
        let list = Array::new();
        for answer in answers {
            let (error, value) = match answer {
                Ok(value) => (JsValue::UNDEFINED, JsValue::from(value)),
                Err(error) => words(error),
            };
            list.push(&error);
            list.push(&value);
        }
        self.push(list);
    }

    fn state(&mut self, change: StateChange) {
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
        self.push(change.delay.map_or(JsValue::UNDEFINED, |delay| {
            JsValue::from(delay.as_millis() as f64)
        }));
        self.push(change.attempt);
        let close = core::mem::replace(&mut self.last_close, JsValue::UNDEFINED);
        self.push(close);
    }
}

impl Sink for Records {
    fn collect(&mut self, event: Event<'_>) {
        let kind = match &event {
            Event::Message(_) => Kind::Message,
            Event::State(_) => Kind::State,
            Event::Connected(_) => Kind::Connected,
            Event::Published { .. } => Kind::Published,
            Event::Subscribed { .. } => Kind::Subscribed,
            Event::Unsubscribed { .. } => Kind::Unsubscribed,
            Event::Warning { .. } => Kind::Warning,
            Event::Prepare { .. } => Kind::Prepare,
            Event::Authentication { .. } => Kind::Authentication,
            Event::Reauthenticated { .. } => Kind::Reauthenticated,
        };
        self.push(kind as u8);
        match event {
            Event::Message(message) => self.message(&message),
            Event::State(change) => self.state(change),
            Event::Connected(info) => self.push(connection(&info)),
            Event::Published {
                token,
                result,
                properties,
            } => {
                self.push(token.get());
                let (code, reason, qos) = match result {
                    Ok(done) => (
                        JsValue::UNDEFINED,
                        JsValue::from(done.reason as u8),
                        JsValue::from(done.qos as u8),
                    ),
                    Err(error) => {
                        let (code, reason) = words(error);
                        (code, reason, JsValue::UNDEFINED)
                    }
                };
                self.push(code);
                self.push(reason);
                self.properties(properties.as_properties());
                self.push(qos);
            }
            Event::Subscribed {
                token,
                results,
                properties,
            } => {
                let mut answers = results
                    .into_iter()
                    .map(|result| result.map(|qos| qos as u8));
                self.answers(token, &properties, &mut answers);
            }
            Event::Unsubscribed {
                token,
                results,
                properties,
            } => {
                let mut answers = results
                    .into_iter()
                    .map(|result| result.map(|code| code as u8));
                self.answers(token, &properties, &mut answers);
            }
            Event::Warning { error, filter } => {
                self.error(Some(error));
                self.push(filter);
            }
            Event::Prepare { refused } => self.push(refused),
            Event::Authentication { step, data, .. } => {
                self.push(step == AuthenticationStep::Success);
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
        set(&close, "code", info.code);
        set(&close, "reason", info.reason);
        set(&close, "wasClean", info.was_clean);
        self.last_close = close.into();
    }

    fn writable(&mut self) {
        self.push(Kind::Writable as u8);
    }

    fn delivery(&mut self) -> Option<Delivery> {
        if self.batch.length() == 0 {
            return None;
        }
        let batch = core::mem::replace(&mut self.batch, Array::new());
        let deliver = self.deliver.clone();
        Some(Box::new(move || {
            // The receiver catches what user code throws; there is nobody here to tell.
            let _ = deliver.call1(&JsValue::UNDEFINED, &batch);
        }))
    }
}

/// An error's code and reason code.
fn words(error: Error) -> (JsValue, JsValue) {
    let reason = error.reason();
    (
        JsValue::from_str(error.code()),
        reason.map_or(JsValue::UNDEFINED, |reason| JsValue::from(reason as u8)),
    )
}

fn set(object: &Object, name: &str, value: impl Into<JsValue>) {
    let _ = Reflect::set(object, &JsValue::from_str(name), &value.into());
}

fn connection(info: &ConnectionInfo) -> Object {
    let (to, limits) = (object(info.properties.as_properties()), &info.limits);
    set(&to, "sessionPresent", info.session_present);
    set(&to, "clientId", info.client_id.as_str());
    set(&to, "keepalive", limits.keep_alive);
    set(&to, "maximumQoS", limits.maximum_qos as u8);
    set(&to, "retainAvailable", limits.retain_available);
    set(&to, "maximumPacketSize", limits.maximum_packet_size);
    set(&to, "receiveMaximum", limits.receive_maximum);
    set(&to, "topicAliasMaximum", limits.topic_alias_maximum);
    set(
        &to,
        "wildcardSubscriptionAvailable",
        limits.wildcard_available,
    );
    set(
        &to,
        "subscriptionIdentifiersAvailable",
        limits.subscription_identifiers_available,
    );
    set(&to, "sharedSubscriptionAvailable", limits.shared_available);
    set(&to, "sessionExpiry", limits.session_expiry);
    to
}

/// A subscription identifier that the application knows nothing of. Most messages have no other property.
fn is_internal(property: &Property<'_>) -> bool {
    matches!(property, Property::VarInt(_, OWN_IDENTIFIERS..))
}

/// The properties, if there is one that the application is to know of.
fn described(properties: Properties<'_>) -> Option<Object> {
    let internal = properties.iter().all(|it| is_internal(&it));
    (!internal).then(|| object(properties))
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
        let value: JsValue = match property {
            Property::Pair(name, value) => {
                pairs.push(&Array::of2(&name.into(), &value.into()));
                continue;
            }
            _ if name.is_empty() => continue,
            Property::Byte(_, flag) => (flag == 1).into(),
            Property::FourByte(_, number) => number.into(),
            Property::Text(_, text) => text.into(),
            Property::Binary(_, data) => Uint8Array::from(data).into(),
            Property::TwoByte(..) | Property::VarInt(..) => continue,
        };
        set(&to, name, value);
    }
    set(&to, "userProperties", pairs);
    to
}
