//! PUBLISH (section 3.3): the packet most traffic consists of. One pass, no allocation, nothing copied.

use alloc::vec::Vec;

use super::error::{DecodeErrorKind, EncodeError};
use super::packet::{PacketId, PacketType, QoS, Rules};
use super::properties::{self, Place, PropertyId};
use super::property_list::Properties;
use super::reader::Reader;
use super::text::TopicName;
use super::writer::{Writer, varint_len};

const DUP: u8 = 0b1000;
const RETAIN: u8 = 0b0001;
/// The bytes of a Topic Alias property.
const ALIAS_LEN: usize = 3;

/// A message on its way.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Publish<'a> {
    /// The sender may have sent the packet before; never with QoS 0 [MQTT-3.3.1-2].
    pub dup: bool,
    /// The quality of service of this delivery.
    pub qos: QoS,
    /// To a server: keep this message. From a server: this is a kept message.
    pub retain: bool,
    /// `None` only in MQTT 5, where a [topic alias](PropertyId::TopicAlias) can stand for it.
    pub topic: Option<TopicName<'a>>,
    /// Present exactly if the QoS is above 0.
    pub packet_id: Option<PacketId>,
    /// Empty in MQTT 3.
    pub properties: Properties<'a>,
    /// The message itself; may be empty.
    pub payload: &'a [u8],
}

impl<'a> Publish<'a> {
    /// The topic as text, which is empty where an alias stands for it.
    #[must_use]
    #[inline]
    pub fn topic_text(&self) -> &'a str {
        self.topic.map_or("", |topic| topic.as_str())
    }
}

#[cfg_attr(target_arch = "wasm32", inline)]
#[cfg_attr(not(target_arch = "wasm32"), inline(always))]
pub(super) fn decode(
    first: u8,
    mut body: Reader<'_>,
    rules: Rules,
) -> Result<Publish<'_>, DecodeErrorKind> {
    let qos = QoS::from_u8(first >> 1 & 0b11).ok_or(DecodeErrorKind::QoS)?;
    let topic = TopicName::decode(body.binary()?)?;
    let packet_id = if qos == QoS::AtMostOnce {
        None
    } else {
        Some(body.packet_id()?)
    };
    let (properties, seen) =
        properties::decode(&mut body, Place::packet(PacketType::Publish), rules)?;
    if topic.is_none() && !seen.has(PropertyId::TopicAlias) {
        return Err(DecodeErrorKind::TopicEmpty);
    }
    Ok(Publish {
        dup: first & DUP != 0,
        qos,
        retain: first & RETAIN != 0,
        topic,
        packet_id,
        properties,
        payload: body.rest(),
    })
}

#[cfg_attr(not(target_arch = "wasm32"), inline(never))]
pub(super) fn encode(
    publish: &Publish<'_>,
    writer: &mut Writer<'_>,
    rules: Rules,
) -> Result<(), EncodeError> {
    let mut first = PacketType::Publish.first_byte();
    if publish.retain {
        first |= RETAIN;
    }
    match (publish.qos, publish.packet_id) {
        (QoS::AtMostOnce, Some(_)) => return Err(EncodeError::PacketIdNotAllowed),
        (QoS::AtMostOnce, None) if publish.dup => return Err(EncodeError::DupWithoutQoS),
        (QoS::AtMostOnce, None) => {}
        (_, None) => return Err(EncodeError::PacketIdMissing),
        (qos, Some(_)) => first |= (qos as u8) << 1 | if publish.dup { DUP } else { 0 },
    }
    if cfg!(not(target_arch = "wasm32"))
        && publish.properties.is_empty()
        && let Some(topic) = publish.topic
    {
        // The same as below, compiled for what most messages are.
        return write(
            first,
            topic.as_str(),
            Properties::EMPTY,
            publish,
            writer,
            rules,
        );
    }
    let seen = properties::check_encode(
        publish.properties,
        Place::packet(PacketType::Publish),
        rules,
    )?;
    if publish.topic.is_none() && !seen.has(PropertyId::TopicAlias) {
        return Err(EncodeError::TopicEmpty);
    }
    let topic = publish.topic_text();
    write(first, topic, publish.properties, publish, writer, rules)
}

#[inline(always)]
fn write(
    first: u8,
    topic: &str,
    properties: Properties<'_>,
    publish: &Publish<'_>,
    writer: &mut Writer<'_>,
    rules: Rules,
) -> Result<(), EncodeError> {
    let identifier_len = if publish.packet_id.is_some() { 2 } else { 0 };
    let remaining = 2
        + topic.len() as u64
        + identifier_len
        + properties::encoded_len(properties, rules.version)
        + publish.payload.len() as u64;
    writer.begin_sized(first, remaining)?;
    writer.topic(topic);
    if let Some(packet_id) = publish.packet_id {
        writer.packet_id(packet_id);
    }
    if rules.version.is_v5() {
        writer.properties(properties)?;
    }
    writer.bytes(publish.payload);
    Ok(())
}

/// Appends an encoded PUBLISH of MQTT 5 that has no topic alias, with one; and without its topic if the receiver
/// `knows` what the alias stands for.
///
/// `None`, and nothing is appended, if the bytes are no such packet or the alias would make it too large for MQTT.
pub fn encode_with_alias(packet: &[u8], alias: u16, knows: bool, out: &mut Vec<u8>) -> Option<()> {
    let mut body = Reader::new(packet);
    let first = body.u8().ok()?;
    body.varint().ok()?;
    let topic = body.binary().ok()?;
    let packet_id = body.take(if first & 0b110 == 0 { 0 } else { 2 }).ok()?;
    let list = body.varint().ok()? as usize + ALIAS_LEN;
    let topic = if knows { &[] } else { topic };
    let rest = body.rest();
    let remaining = 2 + topic.len() + packet_id.len() + varint_len(list) + ALIAS_LEN + rest.len();
    let mut writer = Writer::new(out);
    writer.begin_sized(first, remaining as u64).ok()?;
    writer.binary(topic).ok()?;
    writer.bytes(packet_id);
    writer.varint(list as u32);
    writer.u8(PropertyId::TopicAlias as u8);
    writer.u16(alias);
    writer.bytes(rest);
    Some(())
}
