//! Prints the fields of MQTT packets that are given in hexadecimal. It uses the codec alone.
//!
//! ```sh
//! cargo run --example dissect -- 10 0c 00 04 4d 51 54 54 04 02 00 3c 00 00
//! cargo run --example dissect -- --v4 "300a 0003 612f62 3231 2e35 20"
//! ```
//!
//! CONNECT says which version it is, and the packets behind it are read as that one; without it they are read as 5.0,
//! or as `--v4` (3.1.1) or `--v3` (3.1) says.

use std::fmt::{self, Write};
use std::process::ExitCode;

use webmqtt::codec::{
    self, Ack, Decoded, Packet, Properties, Property, QoS, ReasonCode, Version, Will,
};

fn main() -> ExitCode {
    let mut version = Version::V5;
    let mut digits = String::new();
    for argument in std::env::args().skip(1) {
        match argument.as_str() {
            "--v3" => version = Version::V3,
            "--v4" => version = Version::V4,
            "--v5" => version = Version::V5,
            hex => digits.push_str(hex),
        }
    }
    let Some(bytes) = bytes_of(&digits) else {
        eprintln!("usage: dissect [--v3 | --v4 | --v5] HEX...");
        return ExitCode::FAILURE;
    };
    match dissect(&bytes, version) {
        Ok(text) => {
            print!("{text}");
            ExitCode::SUCCESS
        }
        Err(text) => {
            print!("{text}");
            ExitCode::FAILURE
        }
    }
}

/// The bytes of an even number of digits; spaces, colons and line ends between them do not count.
pub fn bytes_of(hex: &str) -> Option<Vec<u8>> {
    let digits: Option<Vec<u32>> = hex
        .chars()
        .filter(|character| !character.is_whitespace() && *character != ':')
        .map(|character| character.to_digit(16))
        .collect();
    let (pairs, rest) = digits.as_ref()?.as_chunks::<2>();
    let bytes = pairs.iter().map(|[high, low]| (high << 4 | low) as u8);
    (rest.is_empty() && !pairs.is_empty()).then(|| bytes.collect())
}

/// The packets and their fields, a line for each; `Err` if they end with something that is no packet.
pub fn dissect(mut bytes: &[u8], mut version: Version) -> Result<String, String> {
    let mut text = String::new();
    let mut at = 0;
    while !bytes.is_empty() {
        match codec::decode(bytes, version) {
            Ok(Decoded::Packet { packet, len }) => {
                if let Packet::Connect(connect) = &packet {
                    version = connect.version;
                }
                let name = packet.packet_type();
                let _ = writeln!(text, "{name:?}, {len} bytes at {at}");
                let _ = Fields(&mut text).packet(&packet);
                let (_, rest) = bytes.split_at(len);
                bytes = rest;
                at += len;
            }
            Ok(Decoded::Incomplete { at_least }) => {
                let there = bytes.len();
                let _ = writeln!(
                    text,
                    "incomplete at {at}: {there} bytes of at least {at_least}"
                );
                return Err(text);
            }
            Err(error) => {
                let (code, reason) = (error.kind().code(), error.reason());
                let _ = writeln!(
                    text,
                    "refused at {at}: {error} ({code}; DISCONNECT with {reason:?})"
                );
                return Err(text);
            }
        }
    }
    Ok(text)
}

/// Writes fields, indented, under a packet.
struct Fields<'t>(&'t mut String);

impl Fields<'_> {
    fn packet(&mut self, packet: &Packet<'_>) -> fmt::Result {
        match packet {
            Packet::Connect(connect) => {
                self.field("version", connect.version)?;
                self.field("clean start", connect.clean_start)?;
                self.field("keep alive", format_args!("{} s", connect.keep_alive))?;
                self.field("client identifier", connect.client_id)?;
                if let Some(will) = &connect.will {
                    self.will(will)?;
                }
                self.option("user name", connect.username)?;
                // Dissections are shown around.
                let hidden = connect.password.map(|password| password.len());
                if let Some(len) = hidden {
                    self.field("password", format_args!("{len} bytes, not shown"))?;
                }
                self.properties(connect.properties)
            }
            Packet::ConnAck(connack) => {
                self.field("session present", connack.session_present)?;
                self.reason(connack.reason)?;
                self.properties(connack.properties)
            }
            Packet::Publish(publish) => {
                self.field("topic", publish.topic_text())?;
                self.qos(publish.qos)?;
                self.field("dup", publish.dup)?;
                self.field("retain", publish.retain)?;
                self.option("packet identifier", publish.packet_id.map(|id| id.get()))?;
                self.properties(publish.properties)?;
                self.bytes("payload", publish.payload)
            }
            Packet::PubAck(ack)
            | Packet::PubRec(ack)
            | Packet::PubRel(ack)
            | Packet::PubComp(ack) => self.ack(ack),
            Packet::Subscribe(subscribe) => {
                self.field("packet identifier", subscribe.packet_id.get())?;
                for (filter, options) in subscribe.filters.iter() {
                    self.field("filter", filter.as_str())?;
                    self.qos(options.qos)?;
                    self.field("no local", options.no_local)?;
                    self.field("retain as published", options.retain_as_published)?;
                    self.field("retain handling", options.retain_handling)?;
                }
                self.properties(subscribe.properties)
            }
            Packet::SubAck(suback) => {
                self.field("packet identifier", suback.packet_id.get())?;
                suback.codes.iter().try_for_each(|code| self.reason(code))?;
                self.properties(suback.properties)
            }
            Packet::Unsubscribe(unsubscribe) => {
                self.field("packet identifier", unsubscribe.packet_id.get())?;
                for filter in unsubscribe.filters.iter() {
                    self.field("filter", filter.as_str())?;
                }
                self.properties(unsubscribe.properties)
            }
            Packet::UnsubAck(unsuback) => {
                self.field("packet identifier", unsuback.packet_id.get())?;
                let mut codes = unsuback.codes.iter();
                codes.try_for_each(|code| self.reason(code))?;
                self.properties(unsuback.properties)
            }
            Packet::PingReq | Packet::PingResp => Ok(()),
            Packet::Disconnect(disconnect) => {
                self.reason(disconnect.reason)?;
                self.properties(disconnect.properties)
            }
            Packet::Auth(auth) => {
                self.reason(auth.reason)?;
                self.properties(auth.properties)
            }
        }
    }

    fn field(&mut self, name: &str, value: impl fmt::Debug) -> fmt::Result {
        writeln!(self.0, "  {name}: {value:?}")
    }

    fn option(&mut self, name: &str, value: Option<impl fmt::Debug>) -> fmt::Result {
        value.map_or(Ok(()), |value| self.field(name, value))
    }

    fn bytes(&mut self, name: &str, bytes: &[u8]) -> fmt::Result {
        match str::from_utf8(bytes) {
            Ok(text) => self.field(name, text),
            Err(_) => self.field(name, format_args!("{bytes:02x?}")),
        }
    }

    fn qos(&mut self, qos: QoS) -> fmt::Result {
        self.field("QoS", qos.as_u8())
    }

    fn reason(&mut self, reason: ReasonCode) -> fmt::Result {
        self.field(
            "reason",
            format_args!("{reason:?} (0x{:02X})", reason as u8),
        )
    }

    fn ack(&mut self, ack: &Ack<'_>) -> fmt::Result {
        self.field("packet identifier", ack.packet_id.get())?;
        self.reason(ack.reason)?;
        self.properties(ack.properties)
    }

    fn will(&mut self, will: &Will<'_>) -> fmt::Result {
        self.field("will topic", will.topic.as_str())?;
        self.field("will QoS", will.qos.as_u8())?;
        self.field("will retain", will.retain)?;
        self.bytes("will payload", will.payload)?;
        self.properties(will.properties)
    }

    fn properties(&mut self, properties: Properties<'_>) -> fmt::Result {
        for property in properties {
            let name = format!("{:?}", property.id());
            match property {
                Property::Byte(_, value) => self.field(&name, value)?,
                Property::TwoByte(_, value) => self.field(&name, value)?,
                Property::FourByte(_, value) | Property::VarInt(_, value) => {
                    self.field(&name, value)?;
                }
                Property::Text(_, text) => self.field(&name, text)?,
                Property::Binary(_, bytes) => self.bytes(&name, bytes)?,
                Property::Pair(key, value) => self.field(&name, (key, value))?,
            }
        }
        Ok(())
    }
}
