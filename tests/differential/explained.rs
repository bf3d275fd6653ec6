//! Where another codec says something else, and which statement of the specification decides.
//!
//! A difference is recognised by what the bytes hold or by what the one codec that accepts them found in them; our own
//! word for a refusal explains nothing.

use webmqtt::codec::{PacketType, Version};

use super::found::{Found, Verdict, body_of};
use super::notation;

const PROPERTIES: &str = include_str!("../codec_vectors/properties.tsv");

#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Peer {
    ProtocolCore,
    Mqtt5Protocol,
}

/// Bytes that two codecs disagree about.
pub struct Case<'a> {
    pub version: Version,
    pub packet_type: PacketType,
    pub bytes: &'a [u8],
    pub ours: &'a Verdict,
    pub theirs: &'a Verdict,
}

impl Case<'_> {
    /// They take what we refuse; and what they found satisfies the condition.
    fn they_take(&self, condition: impl Fn(&Found) -> bool) -> bool {
        matches!(self.ours, Verdict::Refused(_)) && self.theirs.found().is_some_and(condition)
    }

    /// We take what they refuse; and what we found satisfies the condition.
    fn we_take(&self, condition: impl Fn(&Found) -> bool) -> bool {
        matches!(self.theirs, Verdict::Refused(_)) && self.ours.found().is_some_and(condition)
    }

    fn is_v5(&self) -> bool {
        self.version.is_v5()
    }

    fn body(&self) -> &[u8] {
        body_of(self.bytes).map_or(&[], |at| &self.bytes[at..])
    }
}

pub struct Difference {
    /// Who is wrong.
    pub peers: &'static [Peer],
    /// What decides, of MQTT 5.0 unless it says otherwise.
    pub statement: &'static str,
    /// What they do.
    pub why: &'static str,
    pub recognises: fn(&Case<'_>) -> bool,
}

const CORE: &[Peer] = &[Peer::ProtocolCore];
const MQTT5: &[Peer] = &[Peer::Mqtt5Protocol];
const BOTH: &[Peer] = &[Peer::ProtocolCore, Peer::Mqtt5Protocol];

pub const DIFFERENCES: &[Difference] = &[
    // Fixed header and data types
    Difference {
        peers: CORE,
        statement: "MQTT-2.1.3-1",
        why: "its packets do not look at the reserved flags of the fixed header",
        recognises: |case| {
            let flags = match case.packet_type {
                PacketType::PubRel | PacketType::Subscribe | PacketType::Unsubscribe => 0b0010,
                _ => 0,
            };
            case.packet_type != PacketType::Publish
                && case.they_take(|_| case.bytes[0] & 0b1111 != flags)
        },
    },
    Difference {
        peers: MQTT5,
        statement: "3.1.1 section 2.2.1",
        why: "takes AUTH in 3.1.1, where the type is reserved",
        recognises: |case| {
            case.packet_type == PacketType::Auth && !case.is_v5() && case.they_take(|_| true)
        },
    },
    Difference {
        peers: BOTH,
        statement: "MQTT-1.5.5-1",
        why: "takes variable byte integers that are longer than they need to be",
        recognises: |case| {
            let padded = case
                .bytes
                .windows(2)
                .any(|it| it[0] & 0x80 != 0 && it[1] == 0);
            let shorter = match case.theirs {
                Verdict::Packet(_, Some(written)) => written.len() < case.bytes.len(),
                _ => false,
            };
            padded && shorter && case.they_take(|_| true)
        },
    },
    Difference {
        peers: CORE,
        statement: "MQTT-1.5.4-2",
        why: "takes texts with U+0000",
        recognises: |case| case.they_take(|found| found.texts().any(|it| it.contains('\0'))),
    },
    Difference {
        peers: MQTT5,
        statement: "sections 3.4 to 3.15",
        why: "does not look whether bytes are left behind the last field",
        recognises: |case| case.they_take(|found| !found.get("bytes left").is_empty()),
    },
    Difference {
        peers: BOTH,
        statement: "MQTT-2.2.1-3",
        why: "takes 0 for a packet identifier",
        recognises: |case| case.they_take(|found| found.get("id") == "0"),
    },
    // Topics
    Difference {
        peers: BOTH,
        statement: "MQTT-3.3.2-2",
        why: "takes topic names with wildcards",
        recognises: |case| {
            case.they_take(|found| {
                let names = [found.get("topic"), found.get("will topic")];
                names.iter().any(|name| name.contains(['+', '#']))
            })
        },
    },
    Difference {
        peers: BOTH,
        statement: "MQTT-4.7.3-1",
        why: "takes empty topic names that no alias stands for",
        recognises: |case| {
            case.they_take(|found| {
                let empty = |name| found.fields.get(name).is_some_and(String::is_empty);
                let alias = found.properties.iter().any(|(id, _)| *id == 0x23);
                (empty("topic") && !alias) || empty("will topic")
            })
        },
    },
    Difference {
        peers: BOTH,
        statement: "MQTT-4.7.1-1, MQTT-4.7.1-2, MQTT-4.7.3-1, MQTT-4.8.2-1, MQTT-4.8.2-2",
        why: "takes any text for a topic filter",
        recognises: |case| {
            case.they_take(|found| found.filters.iter().any(|(filter, _)| !is_filter(filter)))
        },
    },
    // Properties
    Difference {
        peers: MQTT5,
        statement: "section 2.2.2.2",
        why: "takes properties in packets that they do not belong to",
        recognises: |case| {
            case.they_take(|found| {
                let place = format!("{:?}", case.packet_type).to_uppercase();
                found.properties.iter().any(|(id, _)| !belongs(*id, &place))
                    || found
                        .will_properties
                        .iter()
                        .any(|(id, _)| !belongs(*id, "WILL"))
            })
        },
    },
    Difference {
        peers: MQTT5,
        statement: "sections 3.1.2.11, 3.2.2.3, 3.3.2.3 and 3.8.2.1",
        why: "takes values outside the range of their property",
        recognises: |case| case.they_take(|found| any_property(found, is_out_of_range)),
    },
    Difference {
        peers: BOTH,
        statement: "MQTT-3.3.2-14",
        why: "takes a Response Topic that is no topic name",
        recognises: |case| case.they_take(|found| any_property(found, is_no_response_topic)),
    },
    Difference {
        peers: MQTT5,
        statement: "MQTT-3.3.2-8",
        why: "takes the Topic Alias 0",
        recognises: |case| {
            case.they_take(|found| any_property(found, |id, value| id == 0x23 && value == "0"))
        },
    },
    Difference {
        peers: BOTH,
        statement: "section 3.8.2.1.2",
        why: "takes a second Subscription Identifier in SUBSCRIBE",
        recognises: |case| {
            case.packet_type == PacketType::Subscribe
                && case.they_take(|found| {
                    found
                        .properties
                        .iter()
                        .filter(|(id, _)| *id == 0x0B)
                        .count()
                        > 1
                })
        },
    },
    Difference {
        peers: BOTH,
        statement: "sections 3.1.2.11.10, 3.2.2.3.18 and 3.15.2.2.2",
        why: "takes Authentication Data or AUTH without an Authentication Method",
        recognises: |case| {
            case.they_take(|found| {
                let has = |wanted| found.properties.iter().any(|(id, _)| *id == wanted);
                (has(0x16) || case.packet_type == PacketType::Auth) && !has(0x15)
            })
        },
    },
    // CONNECT and CONNACK
    Difference {
        peers: BOTH,
        statement: "3.1.1 does not know it; section 3.1.2.1 leaves other protocols open",
        why: "MQTT 3.1 is none of its versions",
        recognises: |case| case.we_take(|found| found.get("version") == "3"),
    },
    Difference {
        peers: MQTT5,
        statement: "MQTT-3.1.2-1, 3.1.1 MQTT-3.1.2-2",
        why: "takes protocol levels that do not exist under this name",
        recognises: |case| {
            case.packet_type == PacketType::Connect
                && case.they_take(|found| !["4", "5"].contains(&found.get("version")))
        },
    },
    Difference {
        peers: CORE,
        statement: "MQTT-3.1.2-3, MQTT-3.1.2-11, MQTT-3.1.2-12, MQTT-3.1.2-13",
        why: "takes connect flags that contradict each other, and the reserved one",
        recognises: |case| {
            let flags = case.body().get(7).copied().unwrap_or_default();
            let (will, will_qos) = (flags & 0b100 != 0, flags >> 3 & 0b11);
            let wrong = flags & 1 != 0 || will_qos == 3 || (!will && flags & 0b0011_1000 != 0);
            case.packet_type == PacketType::Connect && wrong && case.they_take(|_| true)
        },
    },
    Difference {
        peers: BOTH,
        statement: "MQTT-3.1.2-19",
        why: "refuses a password without a user name in 5.0, where it is allowed",
        recognises: |case| {
            case.we_take(|found| {
                let has = |name| found.fields.contains_key(name);
                found.get("version") == "5" && has("password") && !has("username")
            })
        },
    },
    Difference {
        peers: BOTH,
        statement: "3.1.1 MQTT-3.1.3-7",
        why: "takes an empty client identifier without Clean Session in 3.1.1",
        recognises: |case| {
            case.packet_type == PacketType::Connect
                && case.they_take(|found| {
                    found.get("version") == "4"
                        && found.get("client").is_empty()
                        && found.get("clean start") == "false"
                })
        },
    },
    Difference {
        peers: CORE,
        statement: "MQTT-3.2.2-1",
        why: "takes CONNACK flags that are reserved",
        recognises: |case| {
            case.packet_type == PacketType::ConnAck
                && case.body().first().is_some_and(|flags| *flags > 1)
                && case.they_take(|_| true)
        },
    },
    Difference {
        peers: BOTH,
        statement: "MQTT-3.2.2-6, 3.1.1 MQTT-3.2.2-4",
        why: "takes a refusal with Session Present",
        recognises: |case| {
            case.packet_type == PacketType::ConnAck
                && case.they_take(|found| {
                    found.get("session present") == "true" && found.get("reason") != "0"
                })
        },
    },
    Difference {
        peers: MQTT5,
        statement: "section 3.2.2, 3.1.1 section 3.2.2",
        why: "guesses the version of a CONNACK from its length and takes the form of the other one",
        recognises: |case| {
            let body = case.body();
            let other_form = if case.is_v5() {
                body.len() == 2
            } else {
                body.len() > 2 || body.get(1).is_some_and(|code| *code > 5)
            };
            case.packet_type == PacketType::ConnAck && other_form && case.they_take(|_| true)
        },
    },
    Difference {
        peers: CORE,
        statement: "3.1.1 section 3.2.2.3",
        why: "does not know the refusal by a server that speaks only 3.1.1, which every client of 5.0 may get",
        recognises: |case| case.is_v5() && case.bytes == [0x20, 2, 0, 1] && case.we_take(|_| true),
    },
    // PUBLISH and acknowledgements
    Difference {
        peers: CORE,
        statement: "MQTT-3.3.1-2",
        why: "takes DUP on QoS 0",
        recognises: |case| {
            case.they_take(|found| found.get("dup") == "true" && found.get("qos") == "0")
        },
    },
    Difference {
        peers: CORE,
        statement: "section 3.3.2.3.1",
        why: "takes a PUBLISH of 5.0 that ends before its property length",
        recognises: |case| {
            let body = case.body();
            let topic = body
                .first_chunk()
                .map_or(0, |it| usize::from(u16::from_be_bytes(*it)));
            let id = if case.bytes[0] & 0b110 == 0 { 0 } else { 2 };
            case.packet_type == PacketType::Publish
                && case.is_v5()
                && body.len() == 2 + topic + id
                && case.they_take(|_| true)
        },
    },
    Difference {
        peers: BOTH,
        statement: "3.1.1 section 3.4",
        why: "takes acknowledgements of 3.1.1 with a reason code",
        recognises: |case| {
            let long = is_ack(case.packet_type) && case.body().len() > 2;
            long && !case.is_v5() && case.they_take(|_| true)
        },
    },
    // SUBSCRIBE and SUBACK
    Difference {
        peers: BOTH,
        statement: "3.1.1 MQTT-3.8.3-4",
        why: "does not look at the reserved bits beside the requested QoS of 3.1.1",
        recognises: |case| {
            case.packet_type == PacketType::Subscribe
                && !case.is_v5()
                && option_bytes(case.body()).iter().any(|options| *options > 2)
                && case.they_take(|_| true)
        },
    },
    Difference {
        peers: BOTH,
        statement: "MQTT-3.8.3-4",
        why: "takes No Local for a shared subscription",
        recognises: |case| {
            case.they_take(|found| {
                let shared = |filter: &str| filter.starts_with("$share/");
                let filters = found.filters.iter();
                filters
                    .clone()
                    .any(|(filter, options)| shared(filter) && options & 0b100 != 0)
            })
        },
    },
    Difference {
        peers: MQTT5,
        statement: "3.1.1 MQTT-3.9.3-2",
        why: "takes reason codes of 5.0 in a SUBACK of 3.1.1",
        recognises: |case| {
            case.packet_type == PacketType::SubAck
                && !case.is_v5()
                && case.they_take(|found| {
                    found
                        .codes
                        .iter()
                        .any(|code| ![0, 1, 2, 0x80].contains(code))
                })
        },
    },
    // DISCONNECT and AUTH
    Difference {
        peers: BOTH,
        statement: "section 2.4",
        why: "refuses 0x8C in DISCONNECT: table 3-10 has forgotten it, the list of all reason codes has it",
        recognises: |case| {
            case.packet_type == PacketType::Disconnect
                && case.we_take(|found| found.get("reason") == "140")
        },
    },
    Difference {
        peers: MQTT5,
        statement: "3.1.1 section 3.14",
        why: "takes a DISCONNECT of 3.1.1 with a reason code",
        recognises: |case| {
            case.packet_type == PacketType::Disconnect
                && !case.is_v5()
                && !case.body().is_empty()
                && case.they_take(|_| true)
        },
    },
    Difference {
        peers: MQTT5,
        statement: "MQTT-3.15.2-1",
        why: "takes reason codes in AUTH that it does not have",
        recognises: |case| {
            case.packet_type == PacketType::Auth
                && case.they_take(|found| !["0", "24", "25"].contains(&found.get("reason")))
        },
    },
];

fn is_ack(packet_type: PacketType) -> bool {
    matches!(
        packet_type,
        PacketType::PubAck | PacketType::PubRec | PacketType::PubRel | PacketType::PubComp
    )
}

/// Packets whose end may be left out where it says nothing.
pub fn may_be_short(packet_type: Option<PacketType>) -> bool {
    packet_type
        .is_some_and(|it| is_ack(it) || matches!(it, PacketType::Disconnect | PacketType::Auth))
}

/// The rules of sections 4.7 and 4.8, in the plainest words.
fn is_filter(filter: &str) -> bool {
    let filter = match filter.strip_prefix("$share/") {
        None => filter,
        Some(shared) => match shared.split_once('/') {
            Some((name, rest)) if !name.is_empty() && !name.contains(['+', '#']) => rest,
            _ => return false,
        },
    };
    let levels: Vec<&str> = filter.split('/').collect();
    let last = levels.len() - 1;
    let level_is_good = |(at, level): (usize, &&str)| match *level {
        "#" => at == last,
        "+" => true,
        other => !other.contains(['+', '#']),
    };
    !filter.is_empty() && filter != "$share" && levels.iter().enumerate().all(level_is_good)
}

/// Whether a property belongs into this packet, from either side.
fn belongs(id: u8, place: &str) -> bool {
    notation::rows(PROPERTIES).any(|row| {
        let mut places = row[4]
            .split(' ')
            .map(|it| it.split('/').next().unwrap_or(it));
        notation::codes(row[0])[0] == id && places.any(|known| known == place)
    })
}

fn any_property(found: &Found, condition: fn(u8, &str) -> bool) -> bool {
    found
        .all_properties()
        .any(|(id, value)| condition(*id, value))
}

fn is_out_of_range(id: u8, value: &str) -> bool {
    match id {
        0x01 | 0x17 | 0x19 | 0x24 | 0x25 | 0x28..=0x2A => !["0", "1"].contains(&value),
        0x0B | 0x21 | 0x27 => value == "0",
        _ => false,
    }
}

fn is_no_response_topic(id: u8, value: &str) -> bool {
    id == 0x08 && (value.is_empty() || value.contains(['+', '#']))
}

/// The byte behind each filter of a SUBSCRIBE of 3.1.1.
fn option_bytes(body: &[u8]) -> Vec<u8> {
    let mut rest = body.get(2..).unwrap_or_default();
    let mut bytes = Vec::new();
    while let Some((len, tail)) = rest.split_first_chunk() {
        let len = usize::from(u16::from_be_bytes(*len));
        let Some(&options) = tail.get(len) else { break };
        bytes.push(options);
        rest = &tail[len + 1..];
    }
    bytes
}
