//! The verdicts of the crate `mqtt5-protocol`.

use mqtt5_protocol::PropertyValue;
use mqtt5_protocol::packet::{FixedHeader, MqttPacket, Packet, publish, subscribe};
use webmqtt::codec::Version;

use super::found::{Found, Listed, Verdict, body_of, hex, listed, pair};

pub fn verdict(bytes: &[u8], version: Version) -> Verdict {
    if body_of(bytes).is_none() {
        return Verdict::Refused("not one frame".into());
    }
    let mut rest = bytes;
    let text = |error: mqtt5_protocol::MqttError| Verdict::Refused(format!("{error:?}"));
    let header = match FixedHeader::decode(&mut rest) {
        Ok(header) => header,
        Err(error) => return text(error),
    };
    let level = version.level();
    let packet =
        Packet::decode_from_body_with_version(header.packet_type, &header, &mut rest, level);
    match packet {
        Ok(packet) => {
            let mut found = describe(&packet, version);
            // Its users do not look whether anything is left, so that is what the codec says.
            if !rest.is_empty() {
                found.set("bytes left", rest.len());
            }
            Verdict::Packet(found, written(&packet))
        }
        Err(error) => text(error),
    }
}

fn properties(list: &mqtt5_protocol::Properties) -> Vec<Listed> {
    listed(list.iter().map(|(id, value)| {
        let value = match value {
            PropertyValue::Byte(value) => value.to_string(),
            PropertyValue::TwoByteInteger(value) => value.to_string(),
            PropertyValue::FourByteInteger(value) | PropertyValue::VariableByteInteger(value) => {
                value.to_string()
            }
            PropertyValue::BinaryData(bytes) => hex(bytes),
            PropertyValue::Utf8String(text) => text.clone(),
            PropertyValue::Utf8StringPair(name, value) => pair(name, value),
        };
        (id as u8, value)
    }))
}

fn written(packet: &Packet) -> Option<Vec<u8>> {
    let mut out = Vec::new();
    let result = match packet {
        Packet::Connect(packet) => packet.encode(&mut out),
        Packet::ConnAck(packet) => packet.encode(&mut out),
        Packet::Publish(packet) => packet.encode(&mut out),
        Packet::PubAck(packet) => packet.encode(&mut out),
        Packet::PubRec(packet) => packet.encode(&mut out),
        Packet::PubRel(packet) => packet.encode(&mut out),
        Packet::PubComp(packet) => packet.encode(&mut out),
        Packet::Subscribe(packet) => packet.encode(&mut out),
        Packet::SubAck(packet) => packet.encode(&mut out),
        Packet::Unsubscribe(packet) => packet.encode(&mut out),
        Packet::UnsubAck(packet) => packet.encode(&mut out),
        Packet::PingReq => {
            mqtt5_protocol::packet::pingreq::PingReqPacket::default().encode(&mut out)
        }
        Packet::PingResp => {
            mqtt5_protocol::packet::pingresp::PingRespPacket::default().encode(&mut out)
        }
        Packet::Disconnect(packet) => packet.encode(&mut out),
        Packet::Auth(packet) => packet.encode(&mut out),
    };
    result.is_ok().then_some(out)
}

fn describe(packet: &Packet, version: Version) -> Found {
    let mut found = Found::default();
    macro_rules! ack {
        ($packet:expr) => {{
            found.set("id", $packet.packet_id);
            found.set("reason", $packet.reason_code as u8);
            found.properties = properties(&$packet.properties);
        }};
    }
    match packet {
        Packet::Connect(packet) => {
            found.set("version", packet.protocol_version);
            found.set("clean start", packet.clean_start);
            found.set("keep alive", packet.keep_alive);
            found.set("client", &packet.client_id);
            if let Some(username) = &packet.username {
                found.set("username", username);
            }
            if let Some(password) = &packet.password {
                found.set("password", hex(password));
            }
            if let Some(will) = &packet.will {
                found.set("will topic", &will.topic);
                found.set("will payload", hex(&will.payload));
                found.set("will qos", will.qos as u8);
                found.set("will retain", will.retain);
                found.will_properties = properties(&packet.will_properties);
            }
            found.properties = properties(&packet.properties);
        }
        Packet::ConnAck(packet) => {
            found.set("session present", packet.session_present);
            let code = packet.reason_code as u8;
            let in_mqtt_3 = [0, 0x84, 0x85, 0x88, 0x86, 0x87];
            let in_mqtt_3 = in_mqtt_3.iter().position(|known| *known == code);
            match in_mqtt_3.filter(|_| !version.is_v5()) {
                Some(code) => found.set("reason", code),
                None => found.set("reason", code),
            }
            found.properties = properties(&packet.properties);
        }
        Packet::Publish(packet) => describe_publish(packet, &mut found),
        Packet::PubAck(packet) => ack!(packet),
        Packet::PubRec(packet) => ack!(packet),
        Packet::PubRel(packet) => ack!(packet),
        Packet::PubComp(packet) => ack!(packet),
        Packet::Subscribe(packet) => describe_subscribe(packet, &mut found),
        Packet::SubAck(packet) => {
            found.set("id", packet.packet_id);
            found.properties = properties(&packet.properties);
            found.codes = packet.reason_codes.iter().map(|code| *code as u8).collect();
        }
        Packet::Unsubscribe(packet) => {
            found.set("id", packet.packet_id);
            found.properties = properties(&packet.properties);
            found.filters = packet.filters.iter().map(|it| (it.clone(), 0)).collect();
        }
        Packet::UnsubAck(packet) => {
            found.set("id", packet.packet_id);
            found.properties = properties(&packet.properties);
            found.codes = packet.reason_codes.iter().map(|code| *code as u8).collect();
        }
        Packet::PingReq | Packet::PingResp => {}
        Packet::Disconnect(packet) => {
            found.set("reason", packet.reason_code as u8);
            found.properties = properties(&packet.properties);
        }
        Packet::Auth(packet) => {
            found.set("reason", packet.reason_code as u8);
            found.properties = properties(&packet.properties);
        }
    }
    found
}

fn describe_publish(packet: &publish::PublishPacket, found: &mut Found) {
    found.set("dup", packet.dup);
    found.set("qos", packet.qos as u8);
    found.set("retain", packet.retain);
    found.set("topic", &packet.topic_name);
    if let Some(id) = packet.packet_id {
        found.set("id", id);
    }
    found.set("payload", hex(&packet.payload));
    found.properties = properties(&packet.properties);
}

fn describe_subscribe(packet: &subscribe::SubscribePacket, found: &mut Found) {
    found.set("id", packet.packet_id);
    found.properties = properties(&packet.properties);
    found.filters = packet
        .filters
        .iter()
        .map(|filter| {
            let options = &filter.options;
            let byte = options.qos as u8
                | u8::from(options.no_local) << 2
                | u8::from(options.retain_as_published) << 3
                | (options.retain_handling as u8) << 4;
            (filter.filter.clone(), byte)
        })
        .collect();
}
