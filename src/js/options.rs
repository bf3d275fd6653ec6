//! Options as they come from TypeScript, turned into what the session takes.
//!
//! TypeScript has filled in defaults and checked types and ranges by name; what is wrong here all the same is refused
//! without a word about its value, which can be a password. Fields are read one by one: a deserializer for a dozen of
//! them would weigh more than the codec.

use alloc::string::String;
use alloc::vec::Vec;

use js_sys::{Array, Reflect, Uint8Array};
use wasm_bindgen::JsCast;
use wasm_bindgen::prelude::*;

use super::code;
use crate::codec::{PropertiesBuf, Property, PropertyError, PropertyId, QoS, ReasonCode, Version};
use crate::error::Error;
use crate::session::{Class, ConnectOptions, QueueLimits, ReconnectOptions, WillOptions};
use crate::time::Duration;

/// An object whose fields are read by name; an undefined field is absent.
struct Fields(JsValue);

impl Fields {
    fn get(&self, name: &str) -> Option<JsValue> {
        let value = Reflect::get(&self.0, &JsValue::from_str(name)).ok()?;
        (!value.is_undefined()).then_some(value)
    }

    fn optional<T>(
        &self,
        name: &str,
        convert: impl FnOnce(JsValue) -> Option<T>,
    ) -> Result<Option<T>, JsValue> {
        match self.get(name) {
            Some(value) => convert(value).map(Some).ok_or_else(|| code(Error::Option)),
            None => Ok(None),
        }
    }

    fn object(&self, name: &str) -> Option<Self> {
        self.get(name).map(Self)
    }

    fn text(&self, name: &str) -> Result<Option<String>, JsValue> {
        self.optional(name, |value| value.as_string())
    }

    fn bytes(&self, name: &str) -> Result<Option<Vec<u8>>, JsValue> {
        self.optional(name, |value| {
            value.dyn_ref::<Uint8Array>().map(Uint8Array::to_vec)
        })
    }

    fn number(&self, name: &str) -> Result<Option<u32>, JsValue> {
        self.optional(name, |value| {
            let number = value.as_f64()?;
            let whole = number as u32;
            (f64::from(whole) == number).then_some(whole)
        })
    }

    fn required<T: TryFrom<u32>>(&self, name: &str) -> Result<T, JsValue> {
        let number = self
            .number(name)?
            .and_then(|number| T::try_from(number).ok());
        number.ok_or_else(|| code(Error::Option))
    }

    fn flag(&self, name: &str) -> bool {
        self.get(name).is_some_and(|value| value.is_truthy())
    }

    fn qos(&self) -> Result<QoS, JsValue> {
        QoS::from_u8(self.required("qos")?).ok_or_else(|| code(Error::Option))
    }

    fn millis(&self, name: &str) -> Result<Duration, JsValue> {
        Ok(Duration::from_millis(self.required(name)?))
    }

    /// Appends the property if the field is there.
    fn number_property(
        &self,
        name: &str,
        id: PropertyId,
        to: &mut PropertiesBuf,
    ) -> Result<(), JsValue> {
        match self.number(name)? {
            Some(number) => to.push(Property::FourByte(id, number)).map_err(property),
            None => Ok(()),
        }
    }

    fn text_property(
        &self,
        name: &str,
        id: PropertyId,
        to: &mut PropertiesBuf,
    ) -> Result<(), JsValue> {
        match self.text(name)? {
            Some(text) => to.push(Property::Text(id, &text)).map_err(property),
            None => Ok(()),
        }
    }

    fn user_properties(&self, to: &mut PropertiesBuf) -> Result<(), JsValue> {
        let Some(pairs) = self.get("userProperties") else {
            return Ok(());
        };
        for pair in Array::from(&pairs).iter() {
            let pair = Array::from(&pair);
            let (Some(name), Some(value)) = (pair.get(0).as_string(), pair.get(1).as_string())
            else {
                return Err(code(Error::Option));
            };
            to.push(Property::Pair(&name, &value)).map_err(property)?;
        }
        Ok(())
    }

    fn message_properties(&self) -> Result<PropertiesBuf, JsValue> {
        let mut properties = PropertiesBuf::default();
        if self.flag("payloadIsText") {
            properties
                .push(Property::Byte(PropertyId::PayloadFormatIndicator, 1))
                .map_err(property)?;
        }
        self.number_property(
            "messageExpiry",
            PropertyId::MessageExpiryInterval,
            &mut properties,
        )?;
        self.text_property("contentType", PropertyId::ContentType, &mut properties)?;
        self.text_property("responseTopic", PropertyId::ResponseTopic, &mut properties)?;
        if let Some(data) = self.bytes("correlationData")? {
            properties
                .push(Property::Binary(PropertyId::CorrelationData, &data))
                .map_err(property)?;
        }
        self.user_properties(&mut properties)?;
        Ok(properties)
    }

    fn will(&self) -> Result<WillOptions, JsValue> {
        let mut properties = self.message_properties()?;
        self.number_property("delay", PropertyId::WillDelayInterval, &mut properties)?;
        Ok(WillOptions {
            topic: self.text("topic")?.unwrap_or_default(),
            payload: self.bytes("payload")?.unwrap_or_default(),
            qos: self.qos()?,
            retain: self.flag("retain"),
            properties,
        })
    }

    fn reconnect(&self) -> Result<ReconnectOptions, JsValue> {
        Ok(ReconnectOptions {
            min: self.millis("min")?,
            max: self.millis("max")?,
            attempts: self.number("attempts")?,
        })
    }
}

pub(super) fn connect_options(value: JsValue) -> Result<ConnectOptions, JsValue> {
    let options = Fields(value);
    let version = match options.required("version")? {
        3u8 => Version::V3,
        4 => Version::V4,
        5 => Version::V5,
        _ => return Err(code(Error::Option)),
    };
    let mut properties = PropertiesBuf::default();
    options.user_properties(&mut properties)?;
    for (name, id) in [
        (
            "requestProblemInformation",
            PropertyId::RequestProblemInformation,
        ),
        (
            "requestResponseInformation",
            PropertyId::RequestResponseInformation,
        ),
    ] {
        if let Some(wanted) = options.get(name) {
            let wanted = Property::Byte(id, u8::from(wanted.is_truthy()));
            properties.push(wanted).map_err(property)?;
        }
    }
    Ok(ConnectOptions {
        version,
        client_id: options.text("clientId")?,
        clean_start: options.flag("clean"),
        session_expiry: options.required("sessionExpiry")?,
        keep_alive: options.required("keepalive")?,
        username: options.text("username")?,
        password: options.bytes("password")?,
        ask: options.flag("ask"),
        authentication_method: options.text("authenticationMethod")?,
        will: options.object("will").map(|will| will.will()).transpose()?,
        properties,
        connect_timeout: options.millis("connectTimeout")?,
        reconnect: options
            .object("reconnect")
            .map(|reconnect| reconnect.reconnect())
            .transpose()?,
        redirects: options.required("redirects")?,
        policy: options
            .bytes("policy")?
            .unwrap_or_default()
            .chunks(2)
            .map(exception)
            .collect::<Option<_>>()
            .ok_or_else(|| code(Error::Option))?,
        maximum_packet_size: options.required("maximumPacketSize")?,
        receive_maximum: options.required("receiveMaximum")?,
        manual_ack: options.flag("manualAck"),
        topic_alias_maximum: options.required("topicAliasMaximum")?,
        send_topic_aliases: options.required("sendTopicAliases")?,
        lower_qos: options.flag("lowerQos"),
        queue: QueueLimits {
            messages: options.required::<u32>("queueMessages")? as usize,
            bytes: options.required::<u32>("queueBytes")? as usize,
        },
    })
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

pub(super) fn keep_when_put_away(value: &JsValue) -> bool {
    Fields(value.clone()).flag("keepWhenPutAway")
}

/// The properties of DISCONNECT; most have none.
pub(super) fn disconnect_properties(value: JsValue) -> Result<PropertiesBuf, JsValue> {
    let mut properties = PropertiesBuf::default();
    if !value.is_undefined() {
        let fields = Fields(value);
        let expiry = PropertyId::SessionExpiryInterval;
        fields.number_property("sessionExpiry", expiry, &mut properties)?;
        fields.text_property("reasonString", PropertyId::ReasonString, &mut properties)?;
        fields.user_properties(&mut properties)?;
    }
    Ok(properties)
}

/// The properties of a publish; most have none.
pub(super) fn message_properties(value: JsValue) -> Result<PropertiesBuf, JsValue> {
    if value.is_undefined() {
        return Ok(PropertiesBuf::default());
    }
    Fields(value).message_properties()
}

/// The properties of SUBSCRIBE and UNSUBSCRIBE; most have none.
pub(super) fn subscribe_properties(value: JsValue) -> Result<PropertiesBuf, JsValue> {
    let mut properties = PropertiesBuf::default();
    if !value.is_undefined() {
        let fields = Fields(value);
        if let Some(identifier) = fields.number("subscriptionIdentifier")? {
            properties
                .var_int(PropertyId::SubscriptionIdentifier, identifier)
                .map_err(property)?;
        }
        fields.user_properties(&mut properties)?;
    }
    Ok(properties)
}

fn property(_: PropertyError) -> JsValue {
    code(Error::Option)
}
