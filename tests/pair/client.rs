//! The host of a session: keeps the contract of `session/mod.rs`, records what happens, knows no server.

use std::collections::BTreeMap;

use webmqtt::codec::{
    PropertiesBuf, Property, QoS, ReasonCode, SubscribeOptions, TopicFilter, TopicName, Version,
};
use webmqtt::error::Error;
use webmqtt::session::{
    AckToken, AuthenticationStep, ConnectOptions, Durability, Event, Outgoing, Published,
    ServerLimits, Session, State, StateChange, SubscriptionKey, Timer, Token, TopicNumber,
    Transmit, TransportOp, Wake,
};
use webmqtt::time::{Instant, WallTime};

use super::audit::{Audit, Frame};
use super::store::Store;

/// How many bytes a message to the server should have.
const MESSAGE_BYTES: usize = 4096;

/// A message as the application got it.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Delivered {
    pub topic: String,
    pub payload: Vec<u8>,
    pub qos: QoS,
    pub retain: bool,
    pub dup: bool,
    pub properties: PropertiesBuf,
    pub subscriptions: Vec<SubscriptionKey>,
    pub ack: Option<AckToken>,
    pub reply_to: Option<Token>,
}

impl Delivered {
    pub fn text(&self) -> &str {
        std::str::from_utf8(&self.payload).expect("a payload of text")
    }
}

/// An event that outlives the session.
#[derive(Clone, Debug, PartialEq)]
pub enum What {
    State(StateChange),
    Connected {
        version: Version,
        session_present: bool,
        client_id: String,
        limits: ServerLimits,
        properties: PropertiesBuf,
    },
    Prepare {
        refused: bool,
    },
    Authentication {
        step: AuthenticationStep,
        data: Option<Vec<u8>>,
    },
    Reauthenticated {
        token: Token,
        result: Result<(), Error>,
    },
    Message(Delivered),
    Published {
        token: Token,
        result: Result<Published, Error>,
        properties: PropertiesBuf,
    },
    Subscribed {
        token: Token,
        results: Vec<Result<QoS, Error>>,
        properties: PropertiesBuf,
    },
    Unsubscribed {
        token: Token,
        results: Vec<Result<ReasonCode, Error>>,
        properties: PropertiesBuf,
    },
    RequestFailed {
        token: Token,
        error: Error,
        properties: PropertiesBuf,
    },
    Warning {
        error: Error,
        filter: Option<String>,
    },
}

impl From<Event<'_>> for What {
    fn from(event: Event<'_>) -> Self {
        match event {
            Event::State(change) => Self::State(change),
            Event::Connected(info) => Self::Connected {
                version: info.version,
                session_present: info.session_present,
                client_id: info.client_id,
                limits: info.limits,
                properties: info.properties,
            },
            Event::Prepare { refused } => Self::Prepare { refused },
            Event::Authentication { step, data, .. } => Self::Authentication { step, data },
            Event::Reauthenticated { token, result } => Self::Reauthenticated { token, result },
            Event::Message(message) => Self::Message(Delivered {
                topic: message.topic.into(),
                payload: message.payload.into(),
                qos: message.qos,
                retain: message.retain,
                dup: message.dup,
                properties: message.properties.into(),
                subscriptions: message.subscriptions.into(),
                ack: message.ack,
                reply_to: message.reply_to,
            }),
            Event::Published {
                token,
                result,
                properties,
            } => Self::Published {
                token,
                result,
                properties,
            },
            Event::Subscribed {
                token,
                results,
                properties,
            } => Self::Subscribed {
                token,
                results,
                properties,
            },
            Event::Unsubscribed {
                token,
                results,
                properties,
            } => Self::Unsubscribed {
                token,
                results,
                properties,
            },
            Event::RequestFailed {
                token,
                error,
                properties,
            } => Self::RequestFailed {
                token,
                error,
                properties,
            },
            Event::Warning { error, filter } => Self::Warning { error, filter },
        }
    }
}

#[derive(Clone, Debug, PartialEq)]
pub struct Happened {
    pub at: u64,
    pub what: What,
}

/// Where the transport stands, as the host sees it.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Link {
    None,
    /// The session asked for one.
    Wanted,
    Open,
}

pub struct Client {
    pub session: Session,
    pub now: u64,
    pub link: Link,
    /// The socket takes nothing.
    pub stalled: bool,
    pub happened: Vec<Happened>,
    /// What left on the current connection and nobody took yet, message by message.
    pub outbox: Vec<Vec<u8>>,
    pub audit: Audit,
    /// Where the session is written to, if it is.
    pub store: Option<Store>,
    /// What the numbers of topics stand for, which is watched for every message.
    topics: BTreeMap<u32, String>,
}

impl Client {
    pub fn new(options: ConnectOptions, seed: u64) -> Self {
        let version = options.version;
        Self {
            session: Session::new(options, seed).expect("valid options"),
            now: 0,
            link: Link::None,
            stalled: false,
            happened: Vec::new(),
            outbox: Vec::new(),
            audit: Audit::new(version),
            store: None,
            topics: BTreeMap::new(),
        }
    }

    /// A session that is written to an empty store.
    pub fn with_store(options: ConnectOptions, durability: Durability, seed: u64) -> Self {
        let session = Session::with_store(options.clone(), durability, seed);
        let mut client = Self {
            session: session.expect("valid options"),
            store: Some(Store::new(durability)),
            ..Self::new(options, seed)
        };
        client.drain();
        client
    }

    /// The process is gone, and another one goes on with what was durable. The watcher on the wire stays.
    pub fn reborn(&mut self, options: ConnectOptions, seed: u64) -> Self {
        let store = self.store.as_ref().expect("a store").crashed();
        let restored = Session::restore(
            self.instant(),
            self.wall(),
            options.clone(),
            store.durability,
            seed,
            &mut store.records(),
        );
        let restored = restored.expect("a session that can be restored");
        assert_eq!(restored.damaged, [], "nothing is damaged");
        let mut audit = std::mem::replace(&mut self.audit, Audit::new(options.version));
        audit.reborn(store.durability);
        let mut client = Self {
            session: restored.session,
            now: self.now,
            audit,
            store: Some(store),
            ..Self::new(options, seed)
        };
        client.drain();
        client
    }

    fn wall(&self) -> WallTime {
        WallTime::from_millis(1_700_000_000_000 + self.now)
    }

    /// The oldest write becomes durable; `false` if there is none.
    pub fn store_one(&mut self) -> bool {
        let store = self.store.as_mut().expect("a store");
        let any = store.advance();
        let stored = store.stored;
        self.act(|session, now| session.handle_stored(now, stored));
        any
    }

    /// Every write so far becomes durable, and what follows from that.
    pub fn store_all(&mut self) {
        while self.store_one() {}
    }

    fn write(&mut self) -> bool {
        let (now, wall) = (self.instant(), self.wall());
        let Some(store) = &mut self.store else {
            assert_eq!(self.session.poll_store(wall), None);
            return false;
        };
        while let Some(op) = self.session.poll_store(wall) {
            store.hand_over(op.into());
        }
        let mut any = false;
        while store.instant && store.advance() {
            self.session.handle_stored(now, store.stored);
            any = true;
        }
        any
    }

    fn instant(&self) -> Instant {
        Instant::from_millis(self.now)
    }

    /// Gives a command and does what follows from it.
    pub fn act<R>(&mut self, act: impl FnOnce(&mut Session, Instant) -> R) -> R {
        let now = self.instant();
        let result = act(&mut self.session, now);
        self.drain();
        result
    }

    pub fn drain(&mut self) {
        loop {
            let mut progress = self.collect();
            progress |= self.transmit();
            progress |= self.collect();
            progress |= self.write();
            while let Some(op) = self.session.poll_transport() {
                progress = true;
                match op {
                    TransportOp::Open => {
                        assert_eq!(self.link, Link::None, "at most one transport");
                        self.link = Link::Wanted;
                    }
                    TransportOp::Close => {
                        assert_ne!(self.link, Link::None, "nothing to close");
                        self.link = Link::None;
                    }
                }
            }
            if !progress {
                break;
            }
        }
    }

    fn collect(&mut self) -> bool {
        let before = self.happened.len();
        while let Some(event) = self.session.poll_event() {
            if let Event::Message(message) = &event {
                let TopicNumber { number, is_new } = message.topic_number;
                if is_new {
                    self.topics.insert(number, message.topic.into());
                }
                let known = self.topics.get(&number).map(String::as_str);
                assert_eq!(known, Some(message.topic), "number {number}");
            }
            self.happened.push(Happened {
                at: self.now,
                what: event.into(),
            });
        }
        self.happened.len() > before
    }

    fn transmit(&mut self) -> bool {
        let mut any = false;
        while !self.stalled {
            let mut out = Vec::new();
            let outcome = self.session.poll_transmit(&mut out, MESSAGE_BYTES);
            assert_eq!(outcome == Transmit::Data, !out.is_empty(), "{outcome:?}");
            if out.is_empty() {
                break;
            }
            assert_eq!(self.link, Link::Open, "bytes for a transport that is not");
            self.audit.sent(self.now, &out);
            self.outbox.push(out);
            any = true;
        }
        any
    }

    /// The transport that the session asked for opens.
    pub fn opened(&mut self) {
        assert_eq!(self.link, Link::Wanted, "nobody asked for a transport");
        self.link = Link::Open;
        self.outbox.clear();
        self.audit.opened();
        self.act(Session::handle_open);
    }

    /// The transport closes or breaks, or does not open.
    pub fn closed(&mut self) {
        assert_ne!(self.link, Link::None, "no transport");
        self.link = Link::None;
        self.act(Session::handle_closed);
    }

    /// One message arrives.
    pub fn received(&mut self, bytes: &[u8]) {
        if self.link != Link::Open {
            return;
        }
        self.audit.received(self.now, bytes);
        self.session.recv_buf(bytes.len()).copy_from_slice(bytes);
        self.act(Session::handle_received);
        if self.link != Link::Open {
            self.audit.client_gave_up();
        }
    }

    pub fn deadline(&self) -> Option<u64> {
        self.session
            .poll_timeout()
            .map(|deadline| deadline.at.as_millis())
    }

    pub fn timer(&self) -> Option<Timer> {
        self.session.poll_timeout().map(|deadline| deadline.timer)
    }

    /// Calls the session's timers at their times until `until`, or until it wants a transport if that is asked for.
    pub fn run_timers(&mut self, until: u64, stop_when_wanted: bool) {
        while let Some(at) = self.deadline().filter(|&at| at <= until) {
            self.now = self.now.max(at);
            self.act(Session::handle_timeout);
            if stop_when_wanted && self.link == Link::Wanted {
                return;
            }
        }
        self.now = self.now.max(until);
    }

    // Commands

    pub fn publish(&mut self, topic: &str, payload: &str, qos: QoS) -> Token {
        self.try_publish(topic, payload.as_bytes(), qos)
            .expect("the message is accepted")
    }

    pub fn try_publish(&mut self, topic: &str, payload: &[u8], qos: QoS) -> Result<Token, Error> {
        let message = Outgoing {
            qos,
            ..Outgoing::new(TopicName::new(topic)?, payload)
        };
        self.act(|session, now| session.publish(now, &message))
    }

    #[track_caller]
    pub fn publish_with(
        &mut self,
        topic: &str,
        payload: &str,
        qos: QoS,
        list: &[Property<'_>],
    ) -> Token {
        let properties = super::packets::properties(list);
        let message = Outgoing {
            qos,
            properties: properties.as_properties(),
            ..Outgoing::new(TopicName::new(topic).expect("a topic"), payload.as_bytes())
        };
        self.act(|session, now| session.publish(now, &message))
            .expect("the message is accepted")
    }

    pub fn subscribe(&mut self, filters: &[(&str, QoS)]) -> (Token, SubscriptionKey) {
        let filters: Vec<_> = filters
            .iter()
            .map(|&(filter, qos)| {
                let filter = TopicFilter::new(filter).expect("a valid filter");
                (filter, SubscribeOptions::new(qos))
            })
            .collect();
        self.act(|session, now| session.subscribe(now, &filters))
            .expect("the subscription is accepted")
    }

    pub fn unsubscribe(&mut self, key: SubscriptionKey) -> Token {
        self.act(|session, now| session.unsubscribe(now, key))
            .expect("not closed")
    }

    pub fn wake(&mut self, wake: Wake) {
        self.act(|session, now| session.handle_wake(now, wake));
    }

    /// Acknowledges the message with this payload.
    #[track_caller]
    pub fn ack(&mut self, payload: &str, reason: ReasonCode) {
        let messages = self.messages();
        let message = messages.iter().find(|message| message.text() == payload);
        let token = message.expect("it has come").ack.expect("a token");
        self.act(|session, now| session.ack(now, token, reason))
            .expect("a reason code for acknowledgements");
    }

    // What happened

    pub fn state(&self) -> State {
        self.session.state()
    }

    pub fn changes(&self) -> impl Iterator<Item = &StateChange> {
        self.happened
            .iter()
            .filter_map(|happened| match &happened.what {
                What::State(change) => Some(change),
                _ => None,
            })
    }

    /// The last change of the state.
    #[track_caller]
    pub fn change(&self) -> &StateChange {
        self.changes().last().expect("a change of the state")
    }

    /// Why the last connection or attempt ended.
    pub fn cause(&self) -> Option<Error> {
        self.changes().filter_map(|change| change.cause).last()
    }

    /// The result of a publish, if there is one. Nothing is settled twice.
    #[track_caller]
    pub fn published(&self, token: Token) -> Option<Result<Published, Error>> {
        only(
            self.happened
                .iter()
                .filter_map(|happened| match happened.what {
                    What::Published {
                        token: of, result, ..
                    } if of == token => Some(result),
                    _ => None,
                }),
        )
    }

    /// The results of a subscribe, if there are any.
    #[track_caller]
    pub fn subscribed(&self, token: Token) -> Option<Vec<Result<QoS, Error>>> {
        only(
            self.happened
                .iter()
                .filter_map(|happened| match &happened.what {
                    What::Subscribed {
                        token: of, results, ..
                    } if *of == token => Some(results.clone()),
                    _ => None,
                }),
        )
    }

    /// The results of an unsubscribe, if there are any.
    #[track_caller]
    pub fn unsubscribed_each(&self, token: Token) -> Option<Vec<Result<ReasonCode, Error>>> {
        only(
            self.happened
                .iter()
                .filter_map(|happened| match &happened.what {
                    What::Unsubscribed {
                        token: of, results, ..
                    } if *of == token => Some(results.clone()),
                    _ => None,
                }),
        )
    }

    /// How an unsubscribe ended as a whole, if it did: the first failure.
    #[track_caller]
    pub fn unsubscribed(&self, token: Token) -> Option<Result<(), Error>> {
        let results = self.unsubscribed_each(token)?;
        Some(results.into_iter().try_for_each(|result| result.map(drop)))
    }

    /// The properties with which an operation was settled.
    #[track_caller]
    pub fn answer(&self, token: Token) -> &PropertiesBuf {
        let answers = self
            .happened
            .iter()
            .filter_map(|happened| match &happened.what {
                What::Published {
                    token, properties, ..
                }
                | What::Subscribed {
                    token, properties, ..
                }
                | What::Unsubscribed {
                    token, properties, ..
                } => Some((*token, properties)),
                _ => None,
            });
        let (_, properties) = only(answers.filter(|&(of, _)| of == token)).expect("settled");
        properties
    }

    /// How a request ended, if it did: the response, or why there is none.
    #[track_caller]
    pub fn requested(&self, token: Token) -> Option<Result<&Delivered, Error>> {
        only(
            self.happened
                .iter()
                .filter_map(|happened| match &happened.what {
                    What::Message(message) if message.reply_to == Some(token) => Some(Ok(message)),
                    What::RequestFailed {
                        token: of, error, ..
                    } if *of == token => Some(Err(*error)),
                    _ => None,
                }),
        )
    }

    /// Every message so far.
    pub fn messages(&self) -> Vec<&Delivered> {
        self.happened
            .iter()
            .filter_map(|happened| match &happened.what {
                What::Message(message) => Some(message),
                _ => None,
            })
            .collect()
    }

    /// The payloads of every message so far.
    pub fn payloads(&self) -> Vec<&str> {
        self.messages().into_iter().map(Delivered::text).collect()
    }

    pub fn warnings(&self) -> Vec<Error> {
        self.happened
            .iter()
            .filter_map(|happened| match happened.what {
                What::Warning { error, .. } => Some(error),
                _ => None,
            })
            .collect()
    }

    /// The filters that the warnings so far are about.
    pub fn warned_of(&self) -> Vec<Option<&str>> {
        self.happened
            .iter()
            .filter_map(|happened| match &happened.what {
                What::Warning { filter, .. } => Some(filter.as_deref()),
                _ => None,
            })
            .collect()
    }

    pub fn log(&self) -> &[Frame] {
        &self.audit.log
    }
}

#[track_caller]
fn only<T: std::fmt::Debug>(results: impl Iterator<Item = T>) -> Option<T> {
    let mut results: Vec<T> = results.collect();
    assert!(results.len() < 2, "settled more than once: {results:?}");
    results.pop()
}
