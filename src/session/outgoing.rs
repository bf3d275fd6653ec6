//! A message on its way out, as the application gives it.

#[cfg(doc)]
use super::ConnectOptions;
use crate::codec::{
    PacketId, Properties, PropertiesBuf, Property, PropertyId, Publish, QoS, TopicName,
};

/// A message to publish.
#[derive(Clone, Copy, Debug)]
pub struct Outgoing<'a> {
    /// Topic name.
    pub topic: TopicName<'a>,
    /// Payload.
    pub payload: &'a [u8],
    /// Quality of Service.
    pub qos: QoS,
    /// Whether the server keeps it for later subscribers.
    pub retain: bool,
    /// Properties, 5.0 only. A Topic Alias is refused: aliases are given where they leave.
    pub properties: Properties<'a>,
    /// Whether it goes out with the server's Maximum QoS if that is lower, instead of being refused. `None`: as
    /// [`ConnectOptions::lower_qos`] says. The result has the QoS that it got.
    pub lower_qos: Option<bool>,
}

impl<'a> Outgoing<'a> {
    /// A QoS 0 message without properties.
    #[must_use]
    pub fn new(topic: TopicName<'a>, payload: &'a [u8]) -> Self {
        Self {
            topic,
            payload,
            qos: QoS::AtMostOnce,
            retain: false,
            properties: Properties::EMPTY,
            lower_qos: None,
        }
    }

    pub(super) fn packet(&self) -> Publish<'a> {
        Publish {
            dup: false,
            qos: self.qos,
            retain: self.retain,
            topic: Some(self.topic),
            // Any identifier will do until the message leaves and gets its own.
            packet_id: PacketId::new(1).filter(|_| self.qos != QoS::AtMostOnce),
            properties: self.properties,
            payload: self.payload,
        }
    }

    /// With the properties of a buffer.
    #[must_use]
    pub fn with_properties(self, properties: &'a PropertiesBuf) -> Self {
        Self {
            properties: properties.as_properties(),
            ..self
        }
    }

    /// The response to a request, from the properties of the request: to its Response Topic, with its Correlation
    /// Data in `properties`, QoS 0. `None` if it has no Response Topic, and so wants no response.
    #[must_use]
    pub fn response_to(
        request: Properties<'a>,
        payload: &'a [u8],
        properties: &'a mut PropertiesBuf,
    ) -> Option<Self> {
        let topic = TopicName::new(request.text(PropertyId::ResponseTopic)?).ok()?;
        if let Some(data) = request.binary(PropertyId::CorrelationData) {
            let correlation = Property::Binary(PropertyId::CorrelationData, data);
            properties.push(correlation).ok()?;
        }
        Some(Self::new(topic, payload).with_properties(properties))
    }
}
