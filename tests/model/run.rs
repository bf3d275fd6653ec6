//! Carries the commands out on a real session, a broker and a network, and holds the model against them.

use webmqtt::codec::{Property, PropertyId, QoS, ReasonCode, TopicName, Version};
use webmqtt::error::Error;
use webmqtt::session::{
    AckToken, ConnectOptions, Durability, Outgoing, Prepared, QueueLimits, ReconnectOptions,
    Session, State, Transmit, Wake,
};
use webmqtt::time::Duration;

use super::command::{Command, FILTERS, FORBIDDEN, IN, Limits, OUT, Setup};
use super::truth::Truth;
use crate::pair::{Client, Link, Net, QOS1, QOS2, Settings, What, clean, persistent, properties};

pub struct Run<'a> {
    setup: &'a Setup,
    net: Net,
    truth: Truth,
    /// Messages that the application has to acknowledge.
    unacknowledged: Vec<Unacknowledged>,
    /// Events of the client that the model knows.
    told: usize,
    elsewhere: usize,
    most_inflight: usize,
    restarts: u64,
}

struct Unacknowledged {
    token: AckToken,
    payload: String,
    qos: QoS,
    /// It has QoS 1 and its connection is gone: it comes again with another token, or nobody wants it any more.
    worthless: bool,
}

/// Carries out a whole run.
pub fn carry_out(setup: &Setup, commands: &[Command]) {
    let mut run = Run::new(setup);
    run.announce(setup.limits);
    if setup.subscribed {
        run.subscribe(&[(0, QOS2)]);
    }
    run.net.client.act(Session::connect).expect("not closed");
    for command in commands {
        run.obey(command);
        run.check();
    }
    run.come_to_rest();
    run.end();
}

impl<'a> Run<'a> {
    fn new(setup: &'a Setup) -> Self {
        let settings = Settings {
            forbidden: Some(FORBIDDEN.into()),
            sends_aliases: setup.aliases.2,
            copy_per_subscription: setup.copies,
            identifiers_unavailable: !setup.identifiers,
            ..Settings::default()
        };
        let mut net = Net::new(options(setup), settings, setup.seed);
        if let Some(durability) = stored(setup) {
            net.client = Client::with_store(options(setup), durability, setup.seed);
        }
        net.latency = setup.latency;
        net.split = setup.split;
        let mut truth = Truth::default();
        truth.circumstances.lowers_qos = setup.lower_qos;
        // A session that ends with each connection is lost all the time.
        truth.circumstances.session_lost = !setup.persistent || setup.session_expiry < 60;
        Self {
            setup,
            net,
            truth,
            unacknowledged: Vec::new(),
            told: 0,
            elsewhere: 0,
            most_inflight: 0,
            restarts: 0,
        }
    }

    fn obey(&mut self, command: &Command) {
        match command {
            Command::Publish {
                topic,
                qos,
                size,
                expiry,
            } => self.publish(OUT[*topic], *qos, *size, *expiry),
            Command::Subscribe(filters) => self.subscribe(filters),
            Command::Unsubscribe(nth) => {
                if !self.truth.declared.is_empty() {
                    let nth = nth % self.truth.declared.len();
                    let key = self.truth.declared[nth].key;
                    let token = self.net.client.unsubscribe(key);
                    self.truth.unsubscribed(nth, token);
                }
            }
            Command::Cancel(ago) => {
                if let Some(token) = self.truth.cancel(*ago) {
                    let cancel = |session: &mut Session, now| session.cancel(now, token);
                    self.net.client.act(cancel);
                }
            }
            Command::Acknowledge { nth, refuses } => self.acknowledge(*nth, *refuses),
            Command::Connect => self.net.client.act(Session::connect).expect("not closed"),
            Command::Stop => self.net.client.act(Session::stop),
            Command::Wake(wake) => self.net.client.wake(*wake),
            Command::Suspend => self.net.client.act(Session::handle_suspend),
            Command::Tick => self.net.client.act(Session::handle_timeout),
            Command::Pass(millis) => self.net.run(*millis),
            Command::TimersLate(millis) => {
                self.net.timers_late = *millis;
                self.truth.circumstances.timers_late |= *millis > 0;
            }
            Command::Cut => self.net.cut(),
            Command::CutHard => self.net.cut_hard(),
            Command::LoseAnswer => self.net.answer_gets_lost = true,
            Command::Stall(millis) => self.net.stall(*millis),
            Command::Down(down) => self.net.down = *down,
            Command::SocketFull(full) => {
                self.net.client.stalled = *full;
                self.net.client.drain();
            }
            Command::PublishElsewhere { topic, qos } => {
                self.publish_elsewhere(IN[*topic], *qos);
            }
            Command::HangUp => {
                if let Some(at) = self.net.connection() {
                    let reason = Some(ReasonCode::ServerShuttingDown);
                    self.net.broker.hang_up(at, reason);
                }
            }
            Command::LoseSessions => {
                self.net.lose_sessions();
                self.truth.circumstances.session_lost = true;
            }
            Command::Announce(limits) => self.announce(*limits),
            Command::Restart => self.restart(),
        }
    }

    fn publish(&mut self, topic: &'static str, qos: QoS, size: usize, expiry: Option<u32>) {
        let (before, _) = self.net.client.session.queued();
        let payload = format!("c{}{}", self.truth.sent.len(), ".".repeat(size));
        let expiry = expiry.filter(|_| self.setup.version == Version::V5);
        let expiry_property =
            expiry.map(|seconds| Property::FourByte(PropertyId::MessageExpiryInterval, seconds));
        let properties = properties(expiry_property.as_slice());
        let topic_name = TopicName::new(topic).expect("a topic name");
        let message = Outgoing {
            qos,
            properties: properties.as_properties(),
            ..Outgoing::new(topic_name, payload.as_bytes())
        };
        let room = before == 0 || before < self.setup.queue;
        let client = &mut self.net.client;
        match client.act(|session, now| session.publish(now, &message)) {
            Ok(token) => {
                assert!(room, "{before} are queued already");
                let expires = expiry.map(|seconds| client.now + u64::from(seconds) * 1000);
                self.truth.published(topic, qos, payload, expires, token);
            }
            Err(Error::QueueFull) => assert!(!room, "only {before} are queued"),
            Err(Error::QosNotSupported | Error::PacketTooLarge) => {
                let connected = client.state() == State::Connected;
                assert!(connected && self.truth.circumstances.limited);
            }
            Err(other) => panic!("{other:?}"),
        }
    }

    fn subscribe(&mut self, filters: &[(usize, QoS)]) {
        let texts: Vec<_> = filters
            .iter()
            .map(|&(at, qos)| (FILTERS[at], qos))
            .collect();
        let (token, key) = self.net.client.subscribe(&texts);
        self.truth.subscribed(filters, token, key);
    }

    fn publish_elsewhere(&mut self, topic: &str, qos: QoS) -> String {
        let payload = format!("b{}", self.elsewhere);
        self.elsewhere += 1;
        self.net.publish_elsewhere(topic, &payload, qos);
        payload
    }

    fn acknowledge(&mut self, nth: usize, refuses: bool) {
        if self.unacknowledged.is_empty() {
            return;
        }
        let nth = nth % self.unacknowledged.len();
        let Unacknowledged { token, payload, .. } = self.unacknowledged.remove(nth);
        let reason = if refuses && self.setup.version == Version::V5 {
            self.truth.refused(payload);
            ReasonCode::QuotaExceeded
        } else {
            ReasonCode::Success
        };
        let ack = |session: &mut Session, now| session.ack(now, token, reason);
        self.net
            .client
            .act(ack)
            .expect("a reason code for acknowledgements");
    }

    fn acknowledge_all(&mut self) {
        while !self.unacknowledged.is_empty() {
            self.acknowledge(0, false);
        }
    }

    /// What the application has not acknowledged the broker still has.
    fn check_unacknowledged(&self) {
        let session = self.net.broker.sessions.get("tester");
        for message in &self.unacknowledged {
            let payload = &message.payload;
            // Other payloads can be there twice, and after a lost session nothing is.
            let once = payload.starts_with('b') && !self.setup.copies;
            if !once || message.worthless || self.truth.circumstances.session_lost {
                continue;
            }
            let holds = session.is_some_and(|session| {
                let mut sending = session.sending.iter();
                sending.any(|it| it.message.payload == payload.as_bytes() && !it.released)
            });
            assert!(holds, "{payload} was acknowledged without the application");
        }
    }

    fn announce(&mut self, limits: Limits) {
        let settings = &mut self.net.broker.settings;
        settings.receive_maximum = limits.receive_maximum;
        settings.topic_alias_maximum = limits.topic_alias_maximum;
        settings.maximum_qos = limits.maximum_qos;
        settings.maximum_packet_size = limits.maximum_packet_size;
        let limited = limits.maximum_qos.is_some() || limits.maximum_packet_size.is_some();
        self.truth.circumstances.limited |= limited;
    }

    /// The page is loaded again, and the new client knows nothing of the old one. In 5.0 it asks for a new session; in
    /// 3.1.1 that would end the session with the connection, so there it is resumed.
    fn restart(&mut self) {
        if stored(self.setup).is_some() {
            return self.restore();
        }
        self.net.cut();
        self.check();
        let again = self.truth.declared.clone();
        self.restarts += 1;
        let resumes = self.setup.version == Version::V4 && self.setup.persistent;
        let fresh = ConnectOptions {
            clean_start: !resumes,
            ..options(self.setup)
        };
        let session = self.net.broker.sessions.get("tester");
        let open = session.is_some_and(|session| !session.received.is_empty());
        self.truth.circumstances.identifiers_open |= open && resumes;
        self.net.restart(fresh, self.setup.seed + self.restarts);
        self.told = 0;
        self.unacknowledged.clear();
        self.most_inflight = 0;
        self.truth.restarted(&self.net.broker.routed);
        self.truth.circumstances.session_lost = true;
        self.net.client.act(Session::connect).expect("not closed");
        for declared in again {
            self.subscribe(&declared.filters);
        }
    }

    /// The page is loaded again, and the new client goes on with what the old one has stored.
    fn restore(&mut self) {
        self.check();
        let again = self.truth.declared.clone();
        // Acknowledgements wait for those before them: what was acknowledged can come again, too.
        let messages = self.net.client.messages().into_iter();
        let unacknowledged = messages.filter(|message| message.ack.is_some());
        let unacknowledged: Vec<_> = unacknowledged.map(|it| it.text().to_owned()).collect();
        self.restarts += 1;
        self.net
            .crash(options(self.setup), self.setup.seed + self.restarts);
        self.told = 0;
        self.unacknowledged.clear();
        self.truth.restored(unacknowledged.into_iter());
        self.net.client.act(Session::connect).expect("not closed");
        for declared in again {
            self.subscribe(&declared.filters);
        }
    }

    /// What holds after every command.
    fn check(&mut self) {
        let client = &self.net.client;
        self.truth.broker_took(&self.net.broker.accepted);
        for happened in &client.happened[self.told..] {
            self.truth.told(happened, &self.net.broker);
            match &happened.what {
                What::State(change) if change.state != State::Connected => {
                    for message in &mut self.unacknowledged {
                        message.worthless |= message.qos == QoS::AtLeastOnce;
                    }
                }
                What::Message(message) => {
                    let unacknowledged = message.ack.map(|token| Unacknowledged {
                        token,
                        payload: message.text().to_owned(),
                        qos: message.qos,
                        worthless: false,
                    });
                    self.unacknowledged.extend(unacknowledged);
                }
                _ => {}
            }
        }
        self.told = client.happened.len();
        if self.truth.is_asked() {
            // Whoever is asked answers.
            let prepared = |session: &mut Session, now| session.prepared(now, Prepared::default());
            self.net
                .client
                .act(prepared)
                .expect("credentials that can be sent");
            return self.check();
        }
        let client = &self.net.client;
        self.truth.check_once();
        self.truth.broker_owes(&self.net.broker.routed);
        let (queued, inflight) = (client.session.queued().0, client.session.inflight());
        self.truth.check_queue(queued, inflight);
        if inflight == 0 {
            self.truth.check_expired(client.now);
        }
        self.check_unacknowledged();
        if client.state() == State::Closed {
            assert_eq!(client.link, Link::None);
            assert_eq!(client.deadline(), None, "no timer is left");
        }
        self.most_inflight = self.most_inflight.max(inflight);
        let most = self.setup.queue.max(1) + self.most_inflight;
        assert!(queued <= most, "{queued} messages are queued");
    }

    /// The weather clears up, and everything has to come to a good end.
    fn come_to_rest(&mut self) {
        self.net.down = false;
        self.net.timers_late = 0;
        self.net.answer_gets_lost = false;
        self.obey(&Command::SocketFull(false));
        self.obey(&Command::Wake(Wake::Running));
        // Whoever is asked for credentials has to answer within the time for an attempt.
        let step = if self.setup.asks { 1_000 } else { 5_000 };
        for _ in 0..200_000 / step {
            self.net.run(step);
            self.check();
            self.acknowledge_all();
            // A first attempt that failed is not repeated by itself: the application tries again.
            if self.net.client.state() == State::Idle {
                self.obey(&Command::Connect);
            }
        }
        let client = &self.net.client;
        assert_eq!(client.state(), State::Connected);
        assert_eq!(client.session.queued(), (0, 0));
        self.truth.check_all_settled();
        self.truth.check_deliveries(&self.net.broker);
        self.check_subscriptions();
        for topic in IN {
            self.probe(topic);
        }
    }

    /// The broker has the subscriptions that are declared, and at most some that a former page left there.
    fn check_subscriptions(&self) {
        let sessions = &self.net.broker.sessions;
        let session = sessions.get("tester").expect("a session of the client");
        let mut wanted: Vec<(&str, QoS)> = Vec::new();
        for &(filter, qos) in self.truth.declared.iter().flat_map(|it| &it.filters) {
            match wanted
                .iter_mut()
                .find(|(known, _)| *known == FILTERS[filter])
            {
                Some((_, known)) => *known = qos.max(*known),
                None => wanted.push((FILTERS[filter], qos)),
            }
        }
        let mut there = session.filters();
        let left = |filter: &str| self.truth.inherited.iter().any(|&at| FILTERS[at] == filter);
        there.retain(|filter| !left(filter) || wanted.iter().any(|(known, _)| known == filter));
        there.sort_unstable();
        let mut filters: Vec<_> = wanted.iter().map(|(filter, _)| *filter).collect();
        filters.sort_unstable();
        assert_eq!(there, filters, "subscriptions at the broker and here");
        for subscription in session.subscriptions.iter().flatten() {
            for (filter, qos) in &wanted {
                let same = *filter == subscription.filter;
                assert!(!same || subscription.options.qos >= *qos, "{filter}");
            }
        }
    }

    /// A message comes to exactly those who want it.
    fn probe(&mut self, topic: &str) {
        let payload = self.publish_elsewhere(topic, QOS1);
        // There can be more copies than the client has quota for.
        for _ in 0..5 {
            self.net.run(1_000);
            self.check();
            self.acknowledge_all();
        }
        let mut wanted = self.truth.matching(topic);
        let messages = self.net.client.messages();
        let copies = messages.iter().filter(|message| message.text() == payload);
        let mut keys: Vec<_> = copies.flat_map(|copy| copy.subscriptions.clone()).collect();
        keys.sort_unstable();
        keys.dedup();
        wanted.sort_unstable();
        assert_eq!(keys, wanted, "who got a message to {topic}");
    }

    /// Disconnecting in the middle of traffic settles what is left, and then there is silence.
    fn end(mut self) {
        for nth in 0..self.net.random.index(6) {
            self.publish(OUT[nth % OUT.len()], [QOS1, QOS2][nth % 2], 0, None);
        }
        if self.net.random.chance(30) {
            self.net.cut();
        }
        self.truth.circumstances.ended = true;
        self.net.client.act(Session::disconnect);
        for _ in 0..50 {
            self.net.run(200);
            self.check();
        }
        self.truth.check_all_settled();
        let client = &mut self.net.client;
        assert_eq!(client.state(), State::Closed);
        let sent = client.log().len();
        let mut out = Vec::new();
        assert_eq!(client.session.poll_transmit(&mut out, 100), Transmit::Empty);
        self.net.run(600_000);
        self.check();
        assert_eq!(
            self.net.client.log().len(),
            sent,
            "nothing is sent after the end"
        );
    }
}

/// How the session is stored, if it is: one that ends with its connection is not.
fn stored(setup: &Setup) -> Option<Durability> {
    setup.stored.filter(|_| setup.persistent)
}

fn options(setup: &Setup) -> ConnectOptions {
    let base = if setup.persistent {
        ConnectOptions {
            session_expiry: persistent(setup.version)
                .session_expiry
                .min(setup.session_expiry),
            ..persistent(setup.version)
        }
    } else {
        clean(setup.version)
    };
    ConnectOptions {
        ask: setup.asks,
        manual_ack: setup.manual_ack,
        lower_qos: setup.lower_qos,
        keep_alive: setup.keep_alive,
        receive_maximum: setup.receive_maximum,
        topic_alias_maximum: setup.aliases.0,
        send_topic_aliases: setup.aliases.1,
        queue: QueueLimits {
            messages: setup.queue,
            ..QueueLimits::default()
        },
        connect_timeout: Duration::from_secs(5),
        reconnect: Some(ReconnectOptions {
            min: Duration::from_millis(50),
            max: Duration::from_secs(2),
            attempts: None,
        }),
        ..base
    }
}
