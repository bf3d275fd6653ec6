//! The bytes as a script: three bytes of options, then steps. New options take free bits and new steps free numbers,
//! so that the corpus keeps its meaning.

use webmqtt::codec::{
    PropertiesBuf, Property, PropertyId, QoS, ReasonCode, RetainHandling, SubscribeOptions,
    TopicFilter, TopicName, Version,
};
use webmqtt::error::Error;
use webmqtt::session::{
    AckToken, Class, ConnectOptions, Outgoing, Prepared, QueueLimits, QueuePolicy,
    ReconnectOptions, Session, SubscriptionKey, Wake, WillOptions,
};
use webmqtt::time::Duration;

use super::host::{Host, Link};
use super::server::Server;

/// Longer scripts find nothing that shorter ones do not.
const MOST_STEPS: usize = 300;

const TOPICS: [&str; 4] = ["a", "a/b", "b", "a/b/c/d/e"];
const FILTERS: [&str; 8] = ["a", "a/#", "+/b", "#", "$share/g/a/+", "b", "$SYS/#", "a/b"];
const WAITS: [u64; 8] = [0, 1, 100, 1_000, 3_000, 30_000, 3_600_000, 1 << 40];

/// What is left of the bytes. At their end everything is zero.
pub struct Script<'a>(&'a [u8]);

impl<'a> Script<'a> {
    pub fn byte(&mut self) -> u8 {
        match self.0.split_first() {
            Some((&first, rest)) => {
                self.0 = rest;
                first
            }
            None => 0,
        }
    }

    fn take(&mut self, count: usize) -> &'a [u8] {
        let (taken, rest) = self.0.split_at(count.min(self.0.len()));
        self.0 = rest;
        taken
    }
}

pub fn run(data: &[u8]) {
    let mut script = Script(data);
    let options = options(&mut script);
    let version = options.version;
    let Some(mut host) = Host::new(options) else {
        return;
    };
    let mut server = Server::new(version);
    for _ in 0..MOST_STEPS {
        if script.0.is_empty() {
            break;
        }
        host.step();
        step(&mut script, &mut host, &mut server);
    }
    host.finish();
}

fn options(script: &mut Script<'_>) -> ConnectOptions {
    let (bits, more, features) = (script.byte(), script.byte(), script.byte());
    let v5 = bits & 1 == 0;
    let mut options = ConnectOptions {
        version: if v5 { Version::V5 } else { Version::V4 },
        client_id: Some("f".into()),
        clean_start: bits & 2 == 0,
        keep_alive: if bits & 4 == 0 { 60 } else { 2 },
        ..ConnectOptions::default()
    };
    if bits & 8 != 0 && v5 {
        options.session_expiry = 100;
    }
    if bits & 16 != 0 {
        options.receive_maximum = 2;
    }
    if bits & 32 != 0 {
        options.maximum_packet_size = 60;
    }
    if bits & 64 != 0 {
        options.reconnect = Some(ReconnectOptions {
            min: Duration::from_millis(u64::from(more & 1)),
            max: Duration::from_millis(10),
            attempts: (more & 2 != 0).then_some(2),
        });
    }
    if bits & 128 != 0 {
        options.reconnect = None;
    }
    if more & 4 != 0 {
        options.connect_timeout = Duration::from_millis(1);
    }
    if more & 8 != 0 {
        options.queue = QueueLimits {
            messages: 3,
            bytes: 100,
            policy: [
                QueuePolicy::Reject,
                QueuePolicy::DropOldest,
                QueuePolicy::DropNewest,
                QueuePolicy::LatestPerTopic,
            ][usize::from(features >> 6)],
        };
    }
    if more & 16 != 0 {
        options.will = Some(WillOptions {
            topic: "w".into(),
            payload: b"gone".to_vec(),
            qos: QoS::AtLeastOnce,
            retain: false,
            properties: PropertiesBuf::new(),
        });
    }
    if more & 32 != 0 && v5 {
        options
            .properties
            .push(Property::Byte(PropertyId::RequestProblemInformation, 0))
            .expect("the only one");
    }
    if more & 64 != 0 {
        options.topic_alias_maximum = 2;
    }
    if more & 128 != 0 {
        options.send_topic_aliases = 0;
    }
    if more & 8 == 0 {
        options.connect_attempts = 1 + u32::from(features >> 6);
    }
    options.ask = features & 1 != 0;
    if features & 2 != 0 {
        options.policy = vec![
            (ReasonCode::ProtocolError, Class::Retry),
            (ReasonCode::ServerBusy, Class::Refresh),
            (ReasonCode::UnspecifiedError, Class::Fatal),
            (ReasonCode::QuotaExceeded, Class::Redirect),
        ];
    }
    if features & 4 != 0 && v5 {
        options.authentication_method = Some("m".into());
    }
    options.manual_ack = features & 8 != 0;
    options.redirects = if features & 16 != 0 { 2 } else { 0 };
    options.lower_qos = features & 32 != 0;
    options
}

fn step(script: &mut Script<'_>, host: &mut Host, server: &mut Server) {
    let outbox = std::mem::take(&mut host.outbox);
    server.read(&outbox);
    match script.byte() % 40 {
        // The server.
        0 => {
            let count = usize::from(script.byte());
            host.received(script.take(count));
        }
        1 => host.received(&server.accept(script)),
        2 => host.received(&server.answer(0)),
        3 => host.received(&server.answer_all()),
        4 => {
            let place = usize::from(script.byte());
            host.received(&server.answer(place));
        }
        5 => host.received(&server.publish(script)),
        6 => host.received(&server.acknowledge(script)),
        7 => host.received(&server.other(script)),
        8 => host.received(&server.again()),
        // The network.
        9 => host.cut = usize::from(script.byte()),
        10 => {
            server.forget();
            host.opened();
        }
        11 => host.closed(),
        12 if host.link == Link::Open => {
            host.act(|session, now| session.handle_transport_error(now, Error::TextFrame));
        }
        13 => host.stalled = !host.stalled,
        // Time.
        14 => {
            if let Some(at) = host.deadline() {
                host.now = host.now.max(at);
            }
            host.timeout();
        }
        15 => {
            let wait = WAITS[usize::from(script.byte()) % WAITS.len()];
            host.now += wait;
            host.timeout();
        }
        16 => {
            let wake = if script.byte() & 1 == 0 {
                Wake::Running
            } else {
                Wake::Network
            };
            host.act(|session, now| session.handle_wake(now, wake));
        }
        // The application.
        17 => {
            let _ = host.act(Session::connect);
        }
        18 => {
            let _ = host.act(Session::connect);
            server.forget();
            host.opened();
            host.received(&server.accept(script));
        }
        19 => publish(script, host),
        20 => subscribe(script, host),
        21 => {
            let key = pick(&host.keys, script).unwrap_or(SubscriptionKey::from_number(9));
            host.command(0, |session, now| session.unsubscribe(now, key));
        }
        22 => {
            if let Some(token) = pick(&host.tokens, script) {
                host.act(|session, now| session.cancel(now, token));
            }
        }
        23 => {
            let long = "u".repeat(usize::from(script.byte()));
            let _ = host.act(|session, _| session.set_credentials(Some(long), None));
        }
        24 => host.act(Session::disconnect),
        25 => host.act(Session::stop),
        26 => host.act(Session::abort),
        27 => {
            // A host that comes too often.
            host.act(Session::handle_timeout);
            host.act(Session::handle_timeout);
        }
        28 => host.act(Session::handle_suspend),
        29 => {
            let username = "u".repeat(usize::from(script.byte()));
            let data = (username.len() % 2 == 1).then(|| b"first".to_vec());
            let _ = host.act(|session, now| {
                session.prepared(
                    now,
                    Prepared {
                        username: Some(username),
                        authentication_data: data,
                        ..Prepared::default()
                    },
                )
            });
        }
        30 => host.act(Session::preparation_failed),
        31 => disconnect_with(script, host),
        32 => {
            let ack = pick(&host.acks, script).unwrap_or(AckToken::from_number(9));
            let reason = ReasonCode::from_u8(script.byte()).unwrap_or(ReasonCode::Success);
            let _ = host.act(|session, now| session.ack(now, ack, reason));
        }
        33 => {
            let data = vec![b'd'; usize::from(script.byte())];
            let _ = host.act(|session, now| session.authenticate(now, Some(&data)));
        }
        34 => host.act(Session::authentication_failed),
        35 => {
            let data = vec![b'd'; usize::from(script.byte())];
            host.command(data.len(), |session, now| {
                session.reauthenticate(now, Some(&data))
            });
        }
        36 => host.act(|session, _| session.goes_elsewhere()),
        _ => {}
    }
}

fn disconnect_with(script: &mut Script<'_>, host: &mut Host) {
    let reason = ReasonCode::from_u8(script.byte()).unwrap_or(ReasonCode::Success);
    let bits = script.byte();
    let mut properties = PropertiesBuf::new();
    let expiry = Property::FourByte(PropertyId::SessionExpiryInterval, u32::from(bits & 3));
    let text = "because".repeat(usize::from(bits >> 4));
    for (bit, property) in [
        (4, expiry),
        (8, Property::Text(PropertyId::ReasonString, &text)),
    ] {
        if bits & bit != 0 {
            properties.push(property).expect("each once");
        }
    }
    let _ =
        host.act(|session, now| session.disconnect_with(now, reason, properties.as_properties()));
}

fn pick<T: Copy>(from: &[T], script: &mut Script<'_>) -> Option<T> {
    let place = usize::from(script.byte());
    from.get(place % from.len().max(1)).copied()
}

fn publish(script: &mut Script<'_>, host: &mut Host) {
    let bits = script.byte();
    let payload = vec![b'x'; usize::from(script.byte())];
    let message = Outgoing {
        qos: QoS::from_u8(bits & 3).unwrap_or_default(),
        retain: bits & 4 != 0,
        ..Outgoing::new(
            TopicName::new(TOPICS[usize::from(bits >> 4) % TOPICS.len()]).expect("a topic name"),
            &payload,
        )
    };
    host.command(payload.len(), |session, now| session.publish(now, &message));
}

fn subscribe(script: &mut Script<'_>, host: &mut Host) {
    let (which, bits) = (script.byte(), script.byte());
    let options = SubscribeOptions {
        qos: QoS::from_u8(bits & 3).unwrap_or_default(),
        no_local: bits & 4 != 0,
        retain_as_published: bits & 8 != 0,
        retain_handling: RetainHandling::from_u8(bits >> 4 & 3).unwrap_or_default(),
    };
    let filters: Vec<_> = FILTERS
        .iter()
        .enumerate()
        .filter(|&(place, _)| which & 1 << place != 0)
        .map(|(_, filter)| (TopicFilter::new(filter).expect("a filter"), options))
        .collect();
    let mut key = None;
    host.command(0, |session, now| {
        let (token, given) = session.subscribe(now, &filters)?;
        key = Some(given);
        Ok(token)
    });
    host.keys.extend(key);
}
