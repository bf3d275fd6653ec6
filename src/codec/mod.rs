//! Every packet of MQTT 3.1.1 and 5.0, and CONNECT of 3.1, between bytes and values. `no_std` with `alloc`.
//!
//! The door is one pair: [`decode`] turns the bytes at the start of a buffer into a [`Packet`] that borrows from
//! them, [`encode`] appends a packet to a buffer. Both are strict: what the specification calls malformed or a
//! protocol error is refused, with the reason code for it, and is never written.
//!
//! ```
//! use webmqtt::codec::{self, Decoded, Packet, Properties, Publish, QoS, TopicName, Version};
//!
//! let packet = Packet::Publish(Publish {
//!     dup: false,
//!     qos: QoS::AtMostOnce,
//!     retain: false,
//!     topic: Some(TopicName::new("home/kitchen/temp")?),
//!     packet_id: None,
//!     properties: Properties::EMPTY,
//!     payload: b"21.5",
//! });
//! let mut bytes = Vec::new();
//! codec::encode(&packet, Version::V5, &mut bytes)?;
//!
//! match codec::decode(&bytes, Version::V5)? {
//!     Decoded::Packet { packet: decoded, len } => assert_eq!((decoded, len), (packet, bytes.len())),
//!     Decoded::Incomplete { .. } => unreachable!("the packet is complete"),
//! }
//! # Ok::<(), Box<dyn std::error::Error>>(())
//! ```
//!
//! A client reads with [`decode_from`]`(Sender::Server, …)` and writes with [`encode_as`]`(Sender::Client, …)`: then
//! packets, flags, reason codes and properties that this side may not send are refused too. [`scan`] looks at the
//! fixed header alone and enforces a size limit before the packet has arrived.
//!
//! This module knows nothing of sessions: whether a packet may come *now* is not its business.

use alloc::vec::Vec;

mod ack;
mod auth;
mod connack;
mod connect;
mod disconnect;
mod error;
mod frame;
mod packet;
mod properties;
mod property_list;
mod publish;
mod reader;
mod reason;
mod subscribe;
mod text;
mod unsubscribe;
mod writer;

pub use self::ack::Ack;
pub use self::auth::Auth;
pub use self::connack::ConnAck;
pub use self::connect::{Connect, Will};
pub use self::disconnect::Disconnect;
pub use self::error::{DecodeError, DecodeErrorKind, EncodeError, PropertyError, TopicError};
pub use self::frame::{FrameHeader, scan};
pub use self::packet::{Packet, PacketId, PacketType, QoS, Sender, Version};
pub use self::properties::PropertyId;
pub use self::property_list::{Properties, PropertiesBuf, PropertiesIter, Property};
pub use self::publish::{Publish, encode_with_alias};
pub use self::reason::{ReasonCode, ReasonCodes};
pub use self::subscribe::{
    RetainHandling, SubAck, Subscribe, SubscribeFilters, SubscribeFiltersBuf, SubscribeOptions,
};
pub use self::text::{TopicFilter, TopicName, validate_text};
pub use self::unsubscribe::{UnsubAck, Unsubscribe, UnsubscribeFilters, UnsubscribeFiltersBuf};

use self::packet::Rules;
use self::reader::Reader;
use self::writer::Writer;

/// What [`decode`] found at the start of the bytes.
#[derive(Clone, Debug, PartialEq, Eq)]
pub enum Decoded<'a> {
    /// A whole packet.
    Packet {
        /// The packet.
        packet: Packet<'a>,
        /// How many bytes it takes.
        len: usize,
    },
    /// The bytes end within a packet, and so far nothing is wrong with it.
    Incomplete {
        /// How many bytes there must be before decoding can get any further: those of the whole packet, or those
        /// of the next step of its header while its length is not known. Always more than there are.
        at_least: usize,
    },
}

/// Decodes the packet at the start of `bytes`, whichever side sent it.
///
/// CONNECT says for itself which version it is: it is decoded by that, and [`Connect::version`] has it. `version`
/// then only decides about the form of the fixed header.
///
/// # Errors
///
/// If the packet is malformed, or has something in it that no side may send.
pub fn decode(bytes: &[u8], version: Version) -> Result<Decoded<'_>, DecodeError> {
    decode_by(
        Rules {
            version,
            sender: None,
        },
        bytes,
    )
}

/// Decodes the packet at the start of `bytes`, which came from `sender`.
///
/// Same as [`decode`], and also refuses what only the other side may send.
///
/// # Errors
///
/// If the packet is malformed, or `sender` may not send it so.
#[inline(always)]
pub fn decode_from(
    sender: Sender,
    bytes: &[u8],
    version: Version,
) -> Result<Decoded<'_>, DecodeError> {
    decode_by(
        Rules {
            version,
            sender: Some(sender),
        },
        bytes,
    )
}

#[inline(always)]
fn decode_by(rules: Rules, bytes: &[u8]) -> Result<Decoded<'_>, DecodeError> {
    let Some(&first) = bytes.first() else {
        // The shortest packet is a fixed header of two bytes.
        return Ok(Decoded::Incomplete { at_least: 2 });
    };
    let packet_type = frame::packet_type(first, rules.version)?;
    if !rules.allow_packet(packet_type) {
        return Err(DecodeErrorKind::UnexpectedPacket.into());
    }
    let Some(header) = frame::scan_length(bytes, usize::MAX, rules.version)? else {
        return Ok(Decoded::Incomplete {
            at_least: bytes.len() + 1,
        });
    };
    let Some(body) = bytes.get(header.header_len..header.total()) else {
        return Ok(Decoded::Incomplete {
            at_least: header.total(),
        });
    };
    let (body, len) = (Reader::new(body), header.total());
    if cfg!(not(target_arch = "wasm32")) {
        // A way of its own for each of those that come most: the packet is made where the caller wants it.
        let whole = |packet| Ok(Decoded::Packet { packet, len });
        match packet_type {
            PacketType::Publish => {
                return whole(Packet::Publish(publish::decode(first, body, rules)?));
            }
            PacketType::PubAck => {
                return whole(Packet::PubAck(ack::decode(packet_type, body, rules)?));
            }
            PacketType::PubRec => {
                return whole(Packet::PubRec(ack::decode(packet_type, body, rules)?));
            }
            PacketType::PubRel => {
                return whole(Packet::PubRel(ack::decode(packet_type, body, rules)?));
            }
            PacketType::PubComp => {
                return whole(Packet::PubComp(ack::decode(packet_type, body, rules)?));
            }
            PacketType::Disconnect => {
                return whole(Packet::Disconnect(disconnect::decode(body, rules)?));
            }
            PacketType::Auth => return whole(Packet::Auth(auth::decode(body, rules)?)),
            _ => {}
        }
    }
    let packet = decode_body(packet_type, first, body, rules)?;
    Ok(Decoded::Packet { packet, len })
}

/// The PUBLISH of a client that `bytes` are from beginning to end; `None` if they are not. One that knows what it looks
/// for need not carry the code for all the others.
pub(crate) fn decode_publish(bytes: &[u8], version: Version) -> Option<Publish<'_>> {
    let sender = Some(Sender::Client);
    let rules = Rules { version, sender };
    let &first = bytes.first()?;
    let is_publish = frame::packet_type(first, version) == Ok(PacketType::Publish);
    let header = scan(bytes, usize::MAX, version).ok()??;
    if !is_publish || header.total() != bytes.len() {
        return None;
    }
    let mut packet = Reader::new(bytes);
    packet.take(header.header_len).ok()?;
    publish::decode(first, packet, rules).ok()
}

#[inline(always)]
fn decode_body(
    packet_type: PacketType,
    first: u8,
    body: Reader<'_>,
    rules: Rules,
) -> Result<Packet<'_>, DecodeErrorKind> {
    // Whoever receives from servers only needs no code for the packets of clients: with a constant sender the
    // guards let the compiler leave it out.
    let from_client = rules.sender != Some(Sender::Server);
    let from_server = rules.sender != Some(Sender::Client);
    Ok(match packet_type {
        PacketType::Publish => Packet::Publish(publish::decode(first, body, rules)?),
        PacketType::PubAck | PacketType::PubRec | PacketType::PubRel | PacketType::PubComp => {
            let ack = ack::decode(packet_type, body, rules)?;
            match packet_type {
                PacketType::PubAck => Packet::PubAck(ack),
                PacketType::PubRec => Packet::PubRec(ack),
                PacketType::PubRel => Packet::PubRel(ack),
                _ => Packet::PubComp(ack),
            }
        }
        PacketType::Disconnect => Packet::Disconnect(disconnect::decode(body, rules)?),
        PacketType::Auth => Packet::Auth(auth::decode(body, rules)?),
        PacketType::ConnAck if from_server => Packet::ConnAck(connack::decode(body, rules)?),
        PacketType::SubAck if from_server => Packet::SubAck(subscribe::decode_suback(body, rules)?),
        PacketType::UnsubAck if from_server => {
            Packet::UnsubAck(unsubscribe::decode_unsuback(body, rules)?)
        }
        PacketType::PingResp if from_server => {
            body.finish()?;
            Packet::PingResp
        }
        PacketType::Connect if from_client => Packet::Connect(connect::decode(body, rules)?),
        PacketType::Subscribe if from_client => Packet::Subscribe(subscribe::decode(body, rules)?),
        PacketType::Unsubscribe if from_client => {
            Packet::Unsubscribe(unsubscribe::decode(body, rules)?)
        }
        PacketType::PingReq if from_client => {
            body.finish()?;
            Packet::PingReq
        }
        _ => return Err(DecodeErrorKind::UnexpectedPacket),
    })
}

/// Appends a packet to `out`, in its shortest form. Each packet must be legal for one of the two sides.
///
/// # Errors
///
/// If the packet would be malformed or a protocol error; then `out` is left as it was.
pub fn encode(packet: &Packet<'_>, version: Version, out: &mut Vec<u8>) -> Result<(), EncodeError> {
    encode_by(
        Rules {
            version,
            sender: None,
        },
        packet,
        out,
    )
}

/// Appends a packet to `out` that `sender` is going to send.
///
/// Same as [`encode`], and also refuses what only the other side may send.
///
/// # Errors
///
/// If the packet would be malformed or a protocol error; then `out` is left as it was.
#[inline(always)]
pub fn encode_as(
    sender: Sender,
    packet: &Packet<'_>,
    version: Version,
    out: &mut Vec<u8>,
) -> Result<(), EncodeError> {
    encode_by(
        Rules {
            version,
            sender: Some(sender),
        },
        packet,
        out,
    )
}

#[inline(always)]
fn encode_by(rules: Rules, packet: &Packet<'_>, out: &mut Vec<u8>) -> Result<(), EncodeError> {
    if cfg!(not(target_arch = "wasm32")) {
        // What comes most goes its own way, and writes nothing before all of it is right.
        return match packet {
            Packet::Publish(publish) => publish::encode(publish, &mut Writer::new(out), rules),
            _ => encode_short(rules, packet, out),
        };
    }
    encode_any(rules, packet, out)
}

/// Packets of a fixed length, natively: those that say no more than which they are, and mostly for what.
#[inline(never)]
fn encode_short(rules: Rules, packet: &Packet<'_>, out: &mut Vec<u8>) -> Result<(), EncodeError> {
    let by_client = rules.sender != Some(Sender::Server);
    let by_server = rules.sender != Some(Sender::Client);
    let mqtt_3 = !rules.version.is_v5();
    let (packet_type, end) = match packet {
        Packet::PubAck(ack) if ack.is_short() => (PacketType::PubAck, ack.packet_id.get()),
        Packet::PubRec(ack) if ack.is_short() => (PacketType::PubRec, ack.packet_id.get()),
        Packet::PubRel(ack) if ack.is_short() => (PacketType::PubRel, ack.packet_id.get()),
        Packet::PubComp(ack) if ack.is_short() => (PacketType::PubComp, ack.packet_id.get()),
        Packet::ConnAck(connack) if by_server && connack.is_short(rules.version) => (
            PacketType::ConnAck,
            u16::from_be_bytes([connack.session_present.into(), 0]),
        ),
        Packet::UnsubAck(ack) if by_server && mqtt_3 && ack.is_short() => {
            (PacketType::UnsubAck, ack.packet_id.get())
        }
        Packet::PingReq if by_client => return encode_empty(PacketType::PingReq, out),
        Packet::PingResp if by_server => return encode_empty(PacketType::PingResp, out),
        Packet::Disconnect(disconnect) if by_client && disconnect.is_short() => {
            return encode_empty(PacketType::Disconnect, out);
        }
        _ => return encode_any(rules, packet, out),
    };
    let [high, low] = end.to_be_bytes();
    out.extend_from_slice(&[packet_type.first_byte(), 2, high, low]);
    Ok(())
}

#[inline(always)]
fn encode_empty(packet_type: PacketType, out: &mut Vec<u8>) -> Result<(), EncodeError> {
    out.extend_from_slice(&[packet_type.first_byte(), 0]);
    Ok(())
}

#[cfg_attr(not(target_arch = "wasm32"), inline(never))]
#[cfg_attr(target_arch = "wasm32", inline(always))]
fn encode_any(rules: Rules, packet: &Packet<'_>, out: &mut Vec<u8>) -> Result<(), EncodeError> {
    let start = out.len();
    encode_packet(rules, packet, &mut Writer::new(out)).inspect_err(|_| out.truncate(start))
}

#[inline(always)]
fn encode_packet(
    rules: Rules,
    packet: &Packet<'_>,
    writer: &mut Writer<'_>,
) -> Result<(), EncodeError> {
    let packet_type = packet.packet_type();
    if !rules.allow_packet(packet_type) {
        return Err(EncodeError::PacketNotFromSender);
    }
    // As in decoding, a constant sender leaves out what only the other side sends.
    let by_client = rules.sender != Some(Sender::Server);
    let by_server = rules.sender != Some(Sender::Client);
    match packet {
        Packet::Connect(connect) if by_client => connect::encode(connect, writer, rules),
        Packet::ConnAck(connack) if by_server => connack::encode(connack, writer, rules),
        Packet::Publish(publish) => publish::encode(publish, writer, rules),
        Packet::PubAck(ack) | Packet::PubRec(ack) | Packet::PubRel(ack) | Packet::PubComp(ack) => {
            ack::encode(packet_type, ack, writer, rules)
        }
        Packet::Subscribe(subscribe) if by_client => subscribe::encode(subscribe, writer, rules),
        Packet::SubAck(suback) if by_server => subscribe::encode_suback(suback, writer, rules),
        Packet::Unsubscribe(unsubscribe) if by_client => {
            unsubscribe::encode(unsubscribe, writer, rules)
        }
        Packet::UnsubAck(unsuback) if by_server => {
            unsubscribe::encode_unsuback(unsuback, writer, rules)
        }
        Packet::PingReq | Packet::PingResp => {
            writer.u8(packet_type.first_byte());
            writer.u8(0);
            Ok(())
        }
        Packet::Disconnect(disconnect) => disconnect::encode(disconnect, writer, rules),
        Packet::Auth(auth) => auth::encode(auth, writer, rules),
        _ => Err(EncodeError::PacketNotFromSender),
    }
}
