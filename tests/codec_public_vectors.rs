//! Packet cases collected from public test suites, if they are at hand: the codec must give every verdict of theirs.
//!
//! The cases are looked for in `../shared/vectors`, or in the folder that `WEBMQTT_VECTORS` names.

use std::path::PathBuf;

use serde_json::{Map, Value, json};
use webmqtt::codec::{
    self, Ack, Decoded, Packet, Properties, Property, PropertyId, ReasonCode, Sender, Version,
};

/// The files there must be, with the number of cases that have to be decided in each.
const FILES: [(&str, usize); 5] = [
    ("pub-hivemq-ce.json", 31),
    ("pub-hivemq-client.json", 239),
    ("pub-mochi.json", 100),
    ("pub-mosquitto.json", 989),
    ("pub-mqtt-packet.json", 99),
];

#[test]
fn every_public_case_gets_its_verdict() {
    let folder = std::env::var_os("WEBMQTT_VECTORS").map_or_else(
        || PathBuf::from(env!("CARGO_MANIFEST_DIR")).join("../shared/vectors"),
        PathBuf::from,
    );
    if !folder.is_dir() {
        println!("skipped: public vectors not present");
        return;
    }
    let mut failures = Vec::new();
    for (name, expected_cases) in FILES {
        let text = std::fs::read_to_string(folder.join(name)).expect("every file is there");
        let cases: Vec<Value> = serde_json::from_str(&text).expect("a list of cases");
        let (mut accepted, mut refused, mut waiting, mut failed, mut skipped) = (0, 0, 0, 0, 0);
        for case in &cases {
            if case["layer"] == "session" {
                skipped += 1;
                continue;
            }
            match judge(case) {
                Ok(Verdict::Accepted) => accepted += 1,
                Ok(Verdict::Refused) => refused += 1,
                Ok(Verdict::Incomplete) => waiting += 1,
                Err(why) => {
                    failed += 1;
                    failures.push(format!("{}\n    {}: {why}", case["name"], case["hex"]));
                }
            }
        }
        let compared = accepted + refused + waiting + failed;
        println!(
            "{name}: {compared} compared ({accepted} accepted, {refused} refused, \
             {waiting} incomplete, {failed} wrong), {skipped} skipped"
        );
        assert!(
            compared >= expected_cases,
            "{name}: only {compared} cases were compared"
        );
    }
    assert!(
        failures.is_empty(),
        "{} cases fail:\n{}",
        failures.len(),
        failures.join("\n")
    );
}

enum Verdict {
    Accepted,
    Refused,
    Incomplete,
}

fn judge(case: &Value) -> Result<Verdict, String> {
    let bytes = unhex(case["hex"].as_str().expect("hex"));
    let version = if case["version"] == 5 {
        Version::V5
    } else {
        Version::V4
    };
    let sender = if case["direction"] == "server->client" {
        Sender::Server
    } else {
        Sender::Client
    };
    let valid = case["valid"] == true;
    let optional = case["tolerance"] == "optional";

    match codec::decode_from(sender, &bytes, version) {
        Ok(Decoded::Incomplete { at_least }) => {
            if case["reason"] != "incomplete" {
                return Err("taken for incomplete".into());
            }
            if case["needTotal"]
                .as_u64()
                .is_some_and(|total| total != at_least as u64)
                || at_least <= bytes.len()
            {
                return Err(format!("asks for {at_least} bytes"));
            }
            Ok(Verdict::Incomplete)
        }
        Ok(Decoded::Packet { packet, len }) => {
            // CONNECT says which version it is; whoever serves one version only refuses the others.
            if let Packet::Connect(connect) = &packet
                && connect.version != version
                && case["reason"] == "unsupported protocol"
            {
                return Ok(Verdict::Refused);
            }
            let expected = if valid {
                &case["expect"]
            } else {
                &case["expectIfTolerated"]
            };
            if !valid && !optional {
                return Err(format!("accepted: {packet:?}"));
            }
            let found = describe(&packet, version);
            if found != *expected {
                return Err(format!("decoded to {found}\n    expected   {expected}"));
            }
            if len != bytes.len() {
                return Err(format!("takes {len} of {} bytes", bytes.len()));
            }
            check_encoding(&packet, version, sender, &bytes)?;
            Ok(Verdict::Accepted)
        }
        Err(error) => {
            if valid && case["mayReject"].is_null() {
                return Err(format!("refused: {error}"));
            }
            if case["reason"] == "incomplete" {
                return Err(format!("refused too early: {error}"));
            }
            let reason = format!("0x{:02X}", error.reason().as_u8());
            if let Some(codes) = case["codes"].as_array()
                && !codes.iter().any(|code| *code == reason)
            {
                return Err(format!(
                    "refused with {reason} ({error}) instead of {codes:?}"
                ));
            }
            Ok(Verdict::Refused)
        }
    }
}

/// The packet is written as it was, or in a shorter form that means the same.
fn check_encoding(
    packet: &Packet<'_>,
    version: Version,
    sender: Sender,
    bytes: &[u8],
) -> Result<(), String> {
    let mut out = Vec::new();
    codec::encode_as(sender, packet, version, &mut out)
        .map_err(|error| format!("not encoded: {error}"))?;
    if out == bytes {
        return Ok(());
    }
    let again = codec::decode_from(sender, &out, version);
    let same = again
        == Ok(Decoded::Packet {
            packet: packet.clone(),
            len: out.len(),
        });
    if same && out.len() < bytes.len() {
        Ok(())
    } else {
        Err(format!("encoded as {}", hex(&out)))
    }
}

/// The packet in the words of the cases.
fn describe(packet: &Packet<'_>, version: Version) -> Value {
    let mut fields = Map::new();
    let mut set = |name: &str, value: Value| {
        fields.insert(name.into(), value);
    };
    let v5 = version == Version::V5;
    let type_name = format!("{:?}", packet.packet_type()).to_lowercase();
    set("type", json!(type_name));
    match packet {
        Packet::Connect(connect) => {
            set("protocolVersion", json!(connect.version.level()));
            set("cleanStart", json!(connect.clean_start));
            set("keepAlive", json!(connect.keep_alive));
            set("clientId", json!(connect.client_id));
            if let Some(will) = &connect.will {
                let mut fields = json!({
                    "qos": will.qos.as_u8(),
                    "retain": will.retain,
                    "topic": will.topic.as_str(),
                    "payload": hex(will.payload),
                });
                if v5 {
                    fields["properties"] = describe_properties(will.properties);
                }
                set("will", fields);
            }
            if let Some(username) = connect.username {
                set("username", json!(username));
            }
            if let Some(password) = connect.password {
                set("password", json!(hex(password)));
            }
        }
        Packet::ConnAck(connack) => {
            set("sessionPresent", json!(connack.session_present));
            let code = match connack.reason {
                reason if v5 => reason.as_u8(),
                ReasonCode::Success => 0,
                ReasonCode::UnsupportedProtocolVersion => 1,
                ReasonCode::ClientIdentifierNotValid => 2,
                ReasonCode::ServerUnavailable => 3,
                ReasonCode::BadUserNameOrPassword => 4,
                ReasonCode::NotAuthorized => 5,
                other => panic!("{other:?} is not a return code of 3.1.1"),
            };
            set("reasonCode", json!(code));
        }
        Packet::Publish(publish) => {
            set("dup", json!(publish.dup));
            set("qos", json!(publish.qos.as_u8()));
            set("retain", json!(publish.retain));
            set("topic", json!(publish.topic_text()));
            if let Some(packet_id) = publish.packet_id {
                set("packetId", json!(packet_id.get()));
            }
            set("payload", json!(hex(publish.payload)));
        }
        Packet::PubAck(ack) | Packet::PubRec(ack) | Packet::PubRel(ack) | Packet::PubComp(ack) => {
            let Ack {
                packet_id, reason, ..
            } = ack;
            set("packetId", json!(packet_id.get()));
            if v5 {
                set("reasonCode", json!(reason.as_u8()));
            }
        }
        Packet::Subscribe(subscribe) => {
            set("packetId", json!(subscribe.packet_id.get()));
            let subscriptions: Vec<Value> = subscribe
                .filters
                .iter()
                .map(|(filter, options)| {
                    let mut fields =
                        json!({ "filter": filter.as_str(), "qos": options.qos.as_u8() });
                    if v5 {
                        fields["noLocal"] = json!(options.no_local);
                        fields["retainAsPublished"] = json!(options.retain_as_published);
                        fields["retainHandling"] = json!(options.retain_handling as u8);
                    }
                    fields
                })
                .collect();
            set("subscriptions", json!(subscriptions));
        }
        Packet::Unsubscribe(unsubscribe) => {
            set("packetId", json!(unsubscribe.packet_id.get()));
            let filters: Vec<&str> = unsubscribe
                .filters
                .iter()
                .map(|filter| filter.as_str())
                .collect();
            set("filters", json!(filters));
        }
        Packet::SubAck(suback) => {
            set("packetId", json!(suback.packet_id.get()));
            set("reasonCodes", json!(suback.codes.as_bytes()));
        }
        Packet::UnsubAck(unsuback) => {
            set("packetId", json!(unsuback.packet_id.get()));
            if v5 {
                set("reasonCodes", json!(unsuback.codes.as_bytes()));
            }
        }
        Packet::Disconnect(codec::Disconnect { reason, .. })
        | Packet::Auth(codec::Auth { reason, .. }) => {
            if v5 {
                set("reasonCode", json!(reason.as_u8()));
            }
        }
        Packet::PingReq | Packet::PingResp => {}
    }
    if v5 && let Some(properties) = properties_of(packet) {
        set("properties", describe_properties(properties));
    }
    Value::Object(fields)
}

fn properties_of<'a>(packet: &Packet<'a>) -> Option<Properties<'a>> {
    Some(match packet {
        Packet::Connect(packet) => packet.properties,
        Packet::ConnAck(packet) => packet.properties,
        Packet::Publish(packet) => packet.properties,
        Packet::PubAck(packet)
        | Packet::PubRec(packet)
        | Packet::PubRel(packet)
        | Packet::PubComp(packet) => packet.properties,
        Packet::Subscribe(packet) => packet.properties,
        Packet::SubAck(packet) => packet.properties,
        Packet::Unsubscribe(packet) => packet.properties,
        Packet::UnsubAck(packet) => packet.properties,
        Packet::Disconnect(packet) => packet.properties,
        Packet::Auth(packet) => packet.properties,
        Packet::PingReq | Packet::PingResp => return None,
    })
}

fn describe_properties(properties: Properties<'_>) -> Value {
    let mut fields = Map::new();
    for property in properties {
        let value = match property {
            Property::Byte(_, value) => json!(value),
            Property::TwoByte(_, value) => json!(value),
            Property::FourByte(_, value) => json!(value),
            Property::Text(_, text) => json!(text),
            Property::Binary(_, bytes) => json!(hex(bytes)),
            // These two come as lists.
            Property::VarInt(..) | Property::Pair(..) => continue,
        };
        fields.insert(property_name(property.id()), value);
    }
    let pairs: Vec<[&str; 2]> = properties
        .user_properties()
        .map(|(name, value)| [name, value])
        .collect();
    if !pairs.is_empty() {
        fields.insert("userProperties".into(), json!(pairs));
    }
    let identifiers: Vec<u32> = properties.subscription_identifiers().collect();
    if !identifiers.is_empty() {
        fields.insert("subscriptionIdentifiers".into(), json!(identifiers));
    }
    Value::Object(fields)
}

fn property_name(id: PropertyId) -> String {
    match id {
        PropertyId::MaximumQos => "maximumQoS".into(),
        PropertyId::SubscriptionIdentifierAvailable => "subscriptionIdentifiersAvailable".into(),
        other => {
            let name = format!("{other:?}");
            name[..1].to_lowercase() + &name[1..]
        }
    }
}

fn hex(bytes: &[u8]) -> String {
    bytes.iter().map(|byte| format!("{byte:02x}")).collect()
}

fn unhex(text: &str) -> Vec<u8> {
    (0..text.len())
        .step_by(2)
        .map(|at| u8::from_str_radix(&text[at..at + 2], 16).expect("hex digits"))
        .collect()
}
