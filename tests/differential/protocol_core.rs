//! The verdicts of the crate `mqtt-protocol-core`: its packets' own `parse`, which gets the body of a frame.

use mqtt_protocol_core::mqtt::Arc;
use mqtt_protocol_core::mqtt::packet::{Properties, Property, SubEntry, v3_1_1, v5_0};
use mqtt_protocol_core::mqtt::prelude::*;
use webmqtt::codec::{PacketType, Version};

use super::found::{Found, Listed, Verdict, body_of, hex, listed, pair, type_of};

/// The rest of a verdict: consumed bytes and the packet written back.
type Parsed = Result<(Found, usize, Vec<u8>), String>;

pub fn verdict(bytes: &[u8], version: Version) -> Verdict {
    let (Some(packet_type), Some(body_at)) = (type_of(bytes), body_of(bytes)) else {
        return Verdict::Refused("no packet type, or not one frame".into());
    };
    let (flags, body) = (bytes[0] & 0b1111, &bytes[body_at..]);
    // A server looks at the protocol level before it decides how to read the rest.
    let version = match (packet_type, body.get(6)) {
        (PacketType::Connect, Some(4)) => Version::V4,
        (PacketType::Connect, Some(5)) => Version::V5,
        _ => version,
    };
    let parsed = if version.is_v5() {
        v5(packet_type, flags, body)
    } else {
        v4(packet_type, flags, body)
    };
    match parsed {
        Ok((_, consumed, _)) if consumed != body.len() => Verdict::Refused("bytes are left".into()),
        Ok((found, _, written)) => Verdict::Packet(found, Some(written)),
        Err(error) => Verdict::Refused(error),
    }
}

fn properties(list: &Properties) -> Vec<Listed> {
    listed(
        list.iter()
            .map(|property| (property.id().as_u8(), value(property))),
    )
}

fn value(property: &Property) -> String {
    let number = property
        .as_u8()
        .map(u32::from)
        .or(property.as_u16().map(u32::from))
        .or(property.as_u32());
    if let Some(number) = number {
        number.to_string()
    } else if let Some((name, value)) = property.as_key_value() {
        pair(name, value)
    } else if let Some(bytes) = property.as_bytes() {
        hex(bytes)
    } else {
        property
            .as_str()
            .expect("the last type there is")
            .to_owned()
    }
}

fn optional(list: Option<&Properties>) -> Vec<Listed> {
    list.map(properties).unwrap_or_default()
}

fn filter(entry: &SubEntry) -> (String, u8) {
    let options = entry.sub_opts();
    let byte = options.qos() as u8
        | u8::from(options.nl()) << 2
        | u8::from(options.rap()) << 3
        | (options.rh() as u8) << 4;
    (entry.topic_filter().to_owned(), byte)
}

/// Both versions have the same methods on different types.
macro_rules! common {
    ($module:ident, $packet_type:expr, $flags:expr, $body:expr, $found:ident, $($more:tt)*) => {{
        let text = |error| format!("{error:?}");
        let mut $found = Found::default();
        macro_rules! parse {
            ($name:ident) => {{
                let (packet, consumed) = $module::$name::parse($body).map_err(text)?;
                let written = packet.to_continuous_buffer();
                (packet, consumed, written)
            }};
        }
        let (consumed, written) = match $packet_type {
            PacketType::Connect => {
                let (packet, consumed, written) = parse!(Connect);
                $found.set("version", packet.protocol_version());
                $found.set("clean start", packet.clean_start());
                $found.set("keep alive", packet.keep_alive());
                $found.set("client", packet.client_id());
                if let Some(username) = packet.user_name() {
                    $found.set("username", username);
                }
                if let Some(password) = packet.password() {
                    $found.set("password", hex(password));
                }
                if packet.will_flag() {
                    $found.set("will topic", packet.will_topic().unwrap_or_default());
                    $found.set("will payload", hex(packet.will_payload().unwrap_or_default()));
                    $found.set("will qos", packet.will_qos() as u8);
                    $found.set("will retain", packet.will_retain());
                }
                common!(@connect $module, $found, packet);
                (consumed, written)
            }
            PacketType::Publish => {
                let body: Arc<[u8]> = Arc::from($body);
                let (packet, consumed) =
                    $module::Publish::parse($flags, body).map_err(text)?;
                $found.set("dup", packet.dup());
                $found.set("qos", packet.qos() as u8);
                $found.set("retain", packet.retain());
                $found.set("topic", packet.topic_name());
                if let Some(id) = packet.packet_id() {
                    $found.set("id", id);
                }
                $found.set("payload", hex(packet.payload().as_slice()));
                common!(@properties $module, $found, packet);
                (consumed, packet.to_continuous_buffer())
            }
            PacketType::PubAck => common!(@ack $module, $found, parse!(Puback)),
            PacketType::PubRec => common!(@ack $module, $found, parse!(Pubrec)),
            PacketType::PubRel => common!(@ack $module, $found, parse!(Pubrel)),
            PacketType::PubComp => common!(@ack $module, $found, parse!(Pubcomp)),
            PacketType::Subscribe => {
                let (packet, consumed, written) = parse!(Subscribe);
                $found.set("id", packet.packet_id());
                $found.filters = packet.entries().iter().map(filter).collect();
                common!(@properties $module, $found, packet);
                (consumed, written)
            }
            PacketType::Unsubscribe => {
                let (packet, consumed, written) = parse!(Unsubscribe);
                $found.set("id", packet.packet_id());
                let filters = packet.entries().iter();
                $found.filters = filters.map(|it| (it.as_str().to_owned(), 0)).collect();
                common!(@properties $module, $found, packet);
                (consumed, written)
            }
            PacketType::PingReq => {
                let (_, consumed, written) = parse!(Pingreq);
                (consumed, written)
            }
            PacketType::PingResp => {
                let (_, consumed, written) = parse!(Pingresp);
                (consumed, written)
            }
            $($more)*
        };
        Ok(($found, consumed, written))
    }};
    (@ack $module:ident, $found:ident, $parsed:expr) => {{
        let (packet, consumed, written) = $parsed;
        $found.set("id", packet.packet_id());
        $found.set("reason", packet.reason_code().map_or(0, |code| code as u8));
        common!(@ack_properties $module, $found, packet);
        (consumed, written)
    }};
    (@connect v5_0, $found:ident, $packet:ident) => {
        $found.properties = properties($packet.props());
        $found.will_properties = properties($packet.will_props());
    };
    (@properties v5_0, $found:ident, $packet:ident) => {
        $found.properties = properties($packet.props());
    };
    (@ack_properties v5_0, $found:ident, $packet:ident) => {
        $found.properties = optional($packet.props().as_ref());
    };
    (@connect v3_1_1, $found:ident, $packet:ident) => {};
    (@properties v3_1_1, $found:ident, $packet:ident) => {};
    (@ack_properties v3_1_1, $found:ident, $packet:ident) => {};
}

fn v5(packet_type: PacketType, flags: u8, body: &[u8]) -> Parsed {
    common!(v5_0, packet_type, flags, body, found,
        PacketType::ConnAck => {
            let (packet, consumed, written) = parse!(Connack);
            found.set("session present", packet.session_present());
            found.set("reason", packet.reason_code() as u8);
            found.properties = properties(packet.props());
            (consumed, written)
        }
        PacketType::SubAck => {
            let (packet, consumed, written) = parse!(Suback);
            found.set("id", packet.packet_id());
            found.codes = packet.reason_codes().into_iter().map(|code| code as u8).collect();
            found.properties = properties(packet.props());
            (consumed, written)
        }
        PacketType::UnsubAck => {
            let (packet, consumed, written) = parse!(Unsuback);
            found.set("id", packet.packet_id());
            found.codes = packet.reason_codes().into_iter().map(|code| code as u8).collect();
            found.properties = properties(packet.props());
            (consumed, written)
        }
        PacketType::Disconnect => {
            let (packet, consumed, written) = parse!(Disconnect);
            found.set("reason", packet.reason_code().map_or(0, |code| code as u8));
            found.properties = optional(packet.props().as_ref());
            (consumed, written)
        }
        PacketType::Auth => {
            let (packet, consumed, written) = parse!(Auth);
            found.set("reason", packet.reason_code().map_or(0, |code| code as u8));
            found.properties = optional(packet.props().as_ref());
            (consumed, written)
        }
    )
}

fn v4(packet_type: PacketType, flags: u8, body: &[u8]) -> Parsed {
    common!(v3_1_1, packet_type, flags, body, found,
        PacketType::ConnAck => {
            let (packet, consumed, written) = parse!(Connack);
            found.set("session present", packet.session_present());
            found.set("reason", packet.return_code() as u8);
            (consumed, written)
        }
        PacketType::SubAck => {
            let (packet, consumed, written) = parse!(Suback);
            found.set("id", packet.packet_id());
            found.codes = packet.return_codes().into_iter().map(|code| code as u8).collect();
            (consumed, written)
        }
        PacketType::UnsubAck => {
            let (packet, consumed, written) = parse!(Unsuback);
            found.set("id", packet.packet_id());
            (consumed, written)
        }
        PacketType::Disconnect => {
            let (_, consumed, written) = parse!(Disconnect);
            found.set("reason", 0);
            (consumed, written)
        }
        PacketType::Auth => return Err("no such packet in 3.1.1".into()),
    )
}
