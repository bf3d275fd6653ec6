//! Options as they come from TypeScript, turned into what the session takes.
//!
//! TypeScript has filled in defaults and checked types and ranges by name; what is wrong here all the same is refused
//! without a word about its value, which can be a password. Fields are read one by one: a deserializer for a dozen of
//! them would weigh more than the codec.

use alloc::string::String;
use alloc::vec::Vec;

use wasm_bindgen::prelude::*;

use super::code;
use crate::codec::{PropertiesBuf, Property, PropertyError, PropertyId, QoS, ReasonCode, Version};
use crate::error::Error;
use crate::session::{
    Class, ConnectOptions, QueueLimits, QueuePolicy, ReconnectOptions, WillOptions,
};
use crate::time::Duration;

#[wasm_bindgen]
extern "C" {
    /// An object whose fields are read by name; an undefined field is absent.
    pub type Fields;
    #[wasm_bindgen(method, indexing_getter)]
    fn text(this: &Fields, name: &str) -> Option<String>;
    #[wasm_bindgen(method, indexing_getter)]
    fn texts(this: &Fields, name: &str) -> Option<Vec<String>>;
    #[wasm_bindgen(method, indexing_getter)]
    fn bytes(this: &Fields, name: &str) -> Option<Vec<u8>>;
    #[wasm_bindgen(method, indexing_getter)]
    fn float(this: &Fields, name: &str) -> Option<f64>;
    #[wasm_bindgen(method, indexing_getter)]
    fn truth(this: &Fields, name: &str) -> Option<bool>;
    #[wasm_bindgen(method, indexing_getter)]
    fn object(this: &Fields, name: &str) -> Option<Fields>;
}

impl Fields {
    fn number(&self, name: &str) -> Result<Option<u32>, JsValue> {
        let Some(number) = self.float(name) else {
            return Ok(None);
        };
        let whole = number as u32;
        if f64::from(whole) == number {
            Ok(Some(whole))
        } else {
            Err(code(Error::Option))
        }
    }

    fn required<T: TryFrom<u32>>(&self, name: &str) -> Result<T, JsValue> {
        let number = self
            .number(name)?
            .and_then(|number| T::try_from(number).ok());
        number.ok_or_else(|| code(Error::Option))
    }

    fn flag(&self, name: &str) -> bool {
        self.truth(name) == Some(true)
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
        match self.text(name) {
            Some(text) => to.push(Property::Text(id, &text)).map_err(property),
            None => Ok(()),
        }
    }

    fn user_properties(&self, to: &mut PropertiesBuf) -> Result<(), JsValue> {
        let texts = self.texts("userProperties").unwrap_or_default();
        for pair in texts.chunks(2) {
            let [name, value] = pair else {
                return Err(code(Error::Option));
            };
            to.push(Property::Pair(name, value)).map_err(property)?;
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
        if let Some(data) = self.bytes("correlationData") {
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
            topic: self.text("topic").unwrap_or_default(),
            payload: self.bytes("payload").unwrap_or_default(),
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

pub(super) fn connect_options(options: &Fields) -> Result<ConnectOptions, JsValue> {
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
        if let Some(wanted) = options.truth(name) {
            let wanted = Property::Byte(id, u8::from(wanted));
            properties.push(wanted).map_err(property)?;
        }
    }
    Ok(ConnectOptions {
        version,
        client_id: options.text("clientId"),
        clean_start: options.flag("clean"),
        session_expiry: options.required("sessionExpiry")?,
        keep_alive: options.required("keepalive")?,
        username: options.text("username"),
        password: options.bytes("password"),
        ask: options.flag("ask"),
        authentication_method: options.text("authenticationMethod"),
        will: options.object("will").map(|will| will.will()).transpose()?,
        properties,
        connect_timeout: options.millis("connectTimeout")?,
        reconnect: options
            .object("reconnect")
            .map(|reconnect| reconnect.reconnect())
            .transpose()?,
        connect_attempts: options.required("connectAttempts")?,
        servers: options.required("servers")?,
        fallback: options.flag("fallback"),
        redirects: options.required("redirects")?,
        policy: options
            .bytes("policy")
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
            policy: match options.required("queuePolicy")? {
                0u32 => QueuePolicy::Reject,
                1 => QueuePolicy::DropOldest,
                2 => QueuePolicy::DropNewest,
                _ => QueuePolicy::LatestPerTopic,
            },
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

pub(super) fn keep_when_put_away(options: &Fields) -> bool {
    options.flag("keepWhenPutAway")
}

/// The properties of DISCONNECT; most have none.
pub(super) fn disconnect_properties(fields: Option<Fields>) -> Result<PropertiesBuf, JsValue> {
    let mut properties = PropertiesBuf::default();
    if let Some(fields) = fields {
        let expiry = PropertyId::SessionExpiryInterval;
        fields.number_property("sessionExpiry", expiry, &mut properties)?;
        fields.text_property("reasonString", PropertyId::ReasonString, &mut properties)?;
        fields.user_properties(&mut properties)?;
    }
    Ok(properties)
}

/// The properties of a publish; most have none.
pub(super) fn message_properties(fields: Option<Fields>) -> Result<PropertiesBuf, JsValue> {
    fields.map_or_else(
        || Ok(PropertiesBuf::default()),
        |fields| fields.message_properties(),
    )
}

/// The properties of SUBSCRIBE and UNSUBSCRIBE; most have none.
pub(super) fn subscribe_properties(fields: Option<Fields>) -> Result<PropertiesBuf, JsValue> {
    let mut properties = PropertiesBuf::default();
    if let Some(fields) = fields {
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
