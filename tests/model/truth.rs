//! What must be true of a client, whatever happens: a small model beside the real thing.
//!
//! It hears what the application asked for, what the application was told, and what the broker took over and owes. It
//! knows nothing of packets; those are the business of the audit in `pair`.

use std::collections::{BTreeMap, BTreeSet};

use webmqtt::codec::QoS;
use webmqtt::error::Error;
use webmqtt::session::{State, SubscriptionKey, Token};

use super::command::{FILTERS, FORBIDDEN};
use crate::pair::broker::{Accepted, Broker, Routed};
use crate::pair::{Delivered, Happened, What};

/// A message that the application published.
pub struct Sent {
    pub payload: String,
    pub topic: &'static str,
    pub qos: QoS,
    pub token: Token,
    pub cancelled: bool,
    /// When it expires, in milliseconds.
    expires: Option<u64>,
    /// The QoS that it got, or why it failed.
    pub result: Option<Result<QoS, Error>>,
    accepted: usize,
}

/// A subscription that the application declared and has not withdrawn.
#[derive(Clone)]
pub struct Declared {
    pub key: SubscriptionKey,
    /// Without those that the broker refused.
    pub filters: Vec<(usize, QoS)>,
    /// How many the call named.
    named: usize,
}

/// What a token stands for until it is settled.
#[derive(Clone, Debug, PartialEq, Eq)]
enum Promise {
    Publish(usize),
    Subscribe(SubscriptionKey, Vec<(usize, QoS)>),
    Unsubscribe(usize),
}

/// What could have gone wrong so far, and so explains failures.
#[derive(Default)]
pub struct Circumstances {
    /// The session ended at least once.
    pub session_lost: bool,
    /// The server had limits at least once.
    pub limited: bool,
    /// The server lost the session and made another one that the client took for the old one: the CONNACK that would
    /// have told was lost. Then a QoS 2 message that was under way may arrive twice, and one from the server can have
    /// the identifier of another that the client has not finished, and is taken for that.
    pub session_swapped: bool,
    /// The server has QoS 2 identifiers of a former page open, and a new message can get the same one by chance.
    pub identifiers_open: bool,
    /// Timers fired late at least once.
    pub timers_late: bool,
    /// The application takes a lower QoS where the server demands it.
    pub lowers_qos: bool,
    /// The application ended the client.
    pub ended: bool,
}

#[derive(Default)]
pub struct Truth {
    pub sent: Vec<Sent>,
    pub declared: Vec<Declared>,
    pub circumstances: Circumstances,
    promises: BTreeMap<Token, Promise>,
    /// Publishes that were settled although their exchange may go on.
    silent: usize,
    /// The first message of this client instance.
    life: usize,
    state: Option<State>,
    asked: bool,
    /// The broker's session of the last connection.
    generation: u32,
    /// For each topic and QoS the last message that the broker took over.
    last_accepted: BTreeMap<(&'static str, QoS), usize>,
    accepted: usize,
    /// QoS 2 messages that the broker took over twice.
    doubled: Vec<String>,
    /// For each topic and QoS the last message that came, as the broker counts them.
    last_delivered: BTreeMap<(String, QoS), usize>,
    /// How often each payload came with this QoS.
    delivered: BTreeMap<(Vec<u8>, QoS), usize>,
    /// Messages that the application refused: if its answer is lost they come again as new ones [MQTT-4.3.3-9].
    refused: BTreeSet<String>,
    /// For each message that the broker owes which of the filters that it is for were declared ever since.
    routed: Vec<Vec<String>>,
    /// Filters that this instance was ever subscribed to.
    asked_for: BTreeSet<usize>,
    /// Filters that former instances were ever subscribed to.
    pub inherited: BTreeSet<usize>,
}

impl Truth {
    // What the application asks for

    pub fn published(
        &mut self,
        topic: &'static str,
        qos: QoS,
        payload: String,
        expires: Option<u64>,
        token: Token,
    ) {
        self.promise(token, Promise::Publish(self.sent.len()));
        self.sent.push(Sent {
            payload,
            topic,
            qos,
            token,
            cancelled: false,
            expires,
            result: None,
            accepted: 0,
        });
    }

    pub fn subscribed(&mut self, filters: &[(usize, QoS)], token: Token, key: SubscriptionKey) {
        assert!(
            self.declared.iter().all(|it| it.key != key),
            "{key:?} twice"
        );
        self.promise(token, Promise::Subscribe(key, filters.to_vec()));
        let named = filters.iter().map(|(filter, _)| filter);
        self.asked_for.extend(named);
        self.declared.push(Declared {
            key,
            filters: filters.to_vec(),
            named: filters.len(),
        });
    }

    pub fn unsubscribed(&mut self, nth: usize, token: Token) {
        let gone = self.declared.remove(nth);
        self.promise(token, Promise::Unsubscribe(gone.named));
    }

    fn promise(&mut self, token: Token, promise: Promise) {
        let before = self.promises.insert(token, promise);
        assert_eq!(before, None, "{token:?} is given twice");
    }

    pub fn refused(&mut self, payload: String) {
        self.refused.insert(payload);
    }

    /// A publish that can be cancelled, counted from the last one.
    pub fn cancel(&mut self, ago: usize) -> Option<Token> {
        let at = self.sent.len().checked_sub(1 + ago)?;
        let sent = self.sent.get_mut(at)?;
        let restored = self.promises.get(&sent.token) == Some(&Promise::Publish(at));
        if at < self.life && !restored {
            return None;
        }
        sent.cancelled = true;
        Some(sent.token)
    }

    /// The page is gone, and its promises with it. What it had got needs not come again.
    pub fn restarted(&mut self, routed: &[Routed]) {
        for (message, filters) in routed.iter().zip(&mut self.routed) {
            let key = (message.payload.clone(), message.qos);
            if self.delivered.contains_key(&key) {
                filters.clear();
            }
        }
        self.promises.clear();
        self.silent = 0;
        self.delivered.clear();
        self.last_delivered.clear();
        self.another_life();
    }

    /// The page is gone, and another one goes on with what was stored: that is everything but messages of QoS 0. What
    /// the application had got and not acknowledged comes again.
    pub fn restored(&mut self, unacknowledged: impl Iterator<Item = String>) {
        let sent = &self.sent;
        self.promises.retain(|_, promise| {
            matches!(promise, Promise::Publish(at) if sent[*at].qos != QoS::AtMostOnce)
        });
        self.refused.extend(unacknowledged);
        self.another_life();
    }

    fn another_life(&mut self) {
        self.life = self.sent.len();
        self.state = None;
        self.asked = false;
        self.declared.clear();
        self.inherited.append(&mut self.asked_for);
    }

    // What the application is told

    pub fn told(&mut self, happened: &Happened, broker: &Broker) {
        let what = &happened.what;
        assert_ne!(self.state, Some(State::Closed), "after the end: {what:?}");
        match what {
            What::State(change) => {
                let before = self.state.unwrap_or(State::Idle);
                assert_eq!(change.previous, before, "states have no gaps");
                self.state = Some(change.state);
                self.asked = false;
            }
            What::Connected {
                session_present, ..
            } => {
                assert_eq!(self.state, Some(State::Connected));
                let session = broker.sessions.get("tester");
                let generation = session.map_or(0, |session| session.generation);
                let before = std::mem::replace(&mut self.generation, generation);
                self.circumstances.session_swapped |= *session_present && before != generation;
            }
            What::Prepare { .. } => self.asked = true,
            What::Message(message) => self.message(message, broker),
            What::Published { token, result, .. } => {
                let promise = self.settle(*token);
                let Promise::Publish(at) = promise else {
                    panic!("{promise:?} settled as a publish");
                };
                self.sent[at].result = Some(result.map(|published| published.qos));
                let left = result.is_ok() || *result == Err(Error::Closed);
                self.silent += usize::from(!left);
                if *result == Err(Error::Expired) {
                    let expires = self.sent[at].expires;
                    assert!(expires.is_some_and(|expires| happened.at >= expires));
                    // What has left is completed whatever the time.
                    assert_eq!(self.sent[at].accepted, 0, "{}", self.sent[at].describe());
                }
                self.check_result(at);
            }
            What::Subscribed { token, results, .. } => {
                let promise = self.settle(*token);
                let Promise::Subscribe(key, filters) = promise else {
                    panic!("{promise:?} settled as a subscribe");
                };
                self.granted(key, &filters, results);
            }
            What::Unsubscribed { token, results, .. } => {
                let promise = self.settle(*token);
                let Promise::Unsubscribe(filters) = promise else {
                    panic!("{promise:?} settled as an unsubscribe");
                };
                let all_gone = results.iter().all(Result::is_ok) || self.circumstances.ended;
                assert!(all_gone && results.len() == filters, "{results:?}");
            }
            What::Warning { error, filter } => {
                let refused = filter.as_ref().is_some_and(|it| it.starts_with(FORBIDDEN));
                let known = refused || *error == Error::UnclaimedDropped;
                assert!(known, "{error:?} about {filter:?}");
            }
            other => panic!("nobody asked for {other:?}"),
        }
    }

    fn settle(&mut self, token: Token) -> Promise {
        let promise = self.promises.remove(&token);
        promise.unwrap_or_else(|| panic!("{token:?} is settled twice, or was never given"))
    }

    fn granted(
        &mut self,
        key: SubscriptionKey,
        filters: &[(usize, QoS)],
        results: &[Result<QoS, Error>],
    ) {
        assert_eq!(results.len(), filters.len(), "one result for each filter");
        let declared = self.declared.iter().position(|it| it.key == key);
        for (&(filter, qos), result) in filters.iter().zip(results) {
            let forbidden = FILTERS[filter].starts_with(FORBIDDEN);
            match result {
                Ok(granted) => assert!(!forbidden && *granted >= qos.min(*granted)),
                Err(Error::Aborted) => assert_eq!(declared, None, "it was not withdrawn"),
                Err(Error::Closed) => assert!(self.circumstances.ended),
                Err(Error::SubscribeRefused(_)) => assert!(forbidden, "{}", FILTERS[filter]),
                Err(other) => panic!("{}: {other:?}", FILTERS[filter]),
            }
        }
        if let Some(at) = declared {
            let refused = |filter: usize| FILTERS[filter].starts_with(FORBIDDEN);
            self.declared[at]
                .filters
                .retain(|&(filter, _)| !refused(filter));
            if self.declared[at].filters.is_empty() {
                self.declared.remove(at);
            }
        }
    }

    /// How a publish may end.
    fn check_result(&self, at: usize) {
        let sent = &self.sent[at];
        let what = sent.describe();
        match sent.result {
            None => {}
            Some(Ok(qos)) => {
                assert!(self.may_have(sent, qos), "{what}");
                let known = &self.circumstances;
                let right = match (qos, sent.accepted) {
                    (QoS::AtMostOnce, _) => true,
                    (QoS::AtLeastOnce, accepted) => accepted >= 1,
                    (QoS::ExactlyOnce, 0) => known.identifiers_open,
                    (QoS::ExactlyOnce, 1) => true,
                    (QoS::ExactlyOnce, _) => known.session_swapped,
                };
                assert!(right, "{what}");
            }
            Some(Err(Error::Aborted)) => assert!(sent.cancelled, "{what}"),
            Some(Err(Error::Closed)) => assert!(self.circumstances.ended, "{what}"),
            Some(Err(Error::Indeterminate)) => {
                let lost = sent.qos == QoS::ExactlyOnce && self.circumstances.session_lost;
                assert!(lost, "{what}");
            }
            Some(Err(Error::QosNotSupported | Error::PacketTooLarge)) => {
                assert!(self.circumstances.limited, "{what}");
            }
            Some(Err(Error::Expired)) => {}
            Some(Err(other)) => panic!("{what}: {other:?}"),
        }
    }

    /// Whether a message can have been sent with this QoS.
    fn may_have(&self, sent: &Sent, qos: QoS) -> bool {
        let lowered = self.circumstances.lowers_qos && self.circumstances.limited;
        qos == sent.qos || (lowered && qos < sent.qos)
    }

    /// Whether the client waits for credentials; the caller answers.
    pub fn is_asked(&mut self) -> bool {
        std::mem::take(&mut self.asked)
    }

    fn message(&mut self, message: &Delivered, broker: &Broker) {
        let what = format!("{} with {:?}", message.text(), message.qos);
        // Where it went.
        let wanted = self.matching(&message.topic);
        assert!(!message.subscriptions.is_empty(), "{what} is for nobody");
        let mut keys = message.subscriptions.clone();
        keys.sort_unstable();
        keys.dedup();
        assert_eq!(
            keys.len(),
            message.subscriptions.len(),
            "{what}: a key twice"
        );
        let all_wanted = keys.iter().all(|key| wanted.contains(key));
        assert!(all_wanted, "{what} went to {keys:?}, but {wanted:?} match");
        let is_it = |routed: &&Routed| {
            routed.payload == message.payload
                && routed.qos == message.qos
                && routed.topic == message.topic
        };
        let of_copy = |(place, routed): (usize, &Routed)| {
            // What was withdrawn and declared again meanwhile is another subscription.
            let filters = self.routed.get(place).unwrap_or(&routed.filters);
            let is_for = |filter: &str| filters.iter().any(|it| it == filter);
            let wanted = self.declared.iter().filter(|declared| {
                let mut filters = declared.filters.iter();
                filters.any(|&(filter, _)| is_for(FILTERS[filter]))
            });
            wanted
                .map(|declared| declared.key)
                .all(|key| keys.contains(&key))
        };
        let copies = broker.routed.iter().enumerate();
        let complete = { copies }.filter(|(_, it)| is_it(it)).any(of_copy);
        assert!(complete, "{what} went only to {keys:?}");
        // How often.
        let sent = broker.routed.iter().filter(is_it).count();
        let count = self
            .delivered
            .entry((message.payload.clone(), message.qos))
            .or_default();
        *count += 1;
        let (times, again) = (*count, *count > 1);
        match message.qos {
            QoS::AtLeastOnce => assert!(sent > 0, "{what} was never sent"),
            _ => {
                let refused = self.refused.contains(message.text());
                assert!(times <= sent || refused, "{what} came {times} times");
            }
        }
        // In which order.
        if again {
            return;
        }
        let order = (message.topic.clone(), message.qos);
        let last = self.last_delivered.get(&order).copied();
        let places = broker.routed.iter().enumerate();
        let place = places
            .filter(|(_, routed)| is_it(routed))
            .map(|(place, _)| place)
            .find(|&place| last.is_none_or(|last| place > last));
        let place = place.unwrap_or_else(|| panic!("{what} comes after a later one"));
        self.last_delivered.insert(order, place);
    }

    /// The subscriptions that a message on this topic is for.
    pub fn matching(&self, topic: &str) -> Vec<SubscriptionKey> {
        self.declared
            .iter()
            .filter(|it| {
                it.filters
                    .iter()
                    .any(|&(filter, _)| matches(FILTERS[filter], topic))
            })
            .map(|it| it.key)
            .collect()
    }

    // What the broker saw

    pub fn broker_took(&mut self, accepted: &[Accepted]) {
        for message in &accepted[self.accepted..] {
            let payload = std::str::from_utf8(&message.payload).expect("a payload of text");
            let at = self.sent.iter().position(|sent| sent.payload == payload);
            let at = at.unwrap_or_else(|| panic!("{payload} was never published"));
            let right = self.may_have(&self.sent[at], message.qos);
            let sent = &mut self.sent[at];
            sent.accepted += 1;
            let what = sent.describe();
            assert!(
                right && sent.topic == message.topic,
                "{what}: {:?}",
                message.qos
            );
            if sent.accepted > 1 {
                // One of QoS 1 that comes again can be lowered in between.
                assert_ne!(sent.qos, QoS::AtMostOnce, "{what}");
                self.doubled
                    .extend((message.qos == QoS::ExactlyOnce).then_some(what));
                continue;
            }
            // Messages arrive in the order of the calls, for each topic and QoS.
            let last = self.last_accepted.insert((sent.topic, sent.qos), at);
            assert!(
                last.is_none_or(|last| last < at),
                "{what} after a later one"
            );
        }
        self.accepted = accepted.len();
    }

    /// Notes for which of the messages that the broker owes there is no subscription any more.
    pub fn broker_owes(&mut self, routed: &[Routed]) {
        let new = routed.iter().skip(self.routed.len());
        self.routed
            .extend(new.map(|message| message.filters.clone()));
        let declared: BTreeSet<&str> = self
            .declared
            .iter()
            .flat_map(|it| it.filters.iter().map(|&(filter, _)| FILTERS[filter]))
            .collect();
        for filters in &mut self.routed {
            filters.retain(|filter| declared.contains(filter.as_str()));
        }
    }

    // What must hold

    /// At any time: QoS 2 messages are taken over once.
    pub fn check_once(&self) {
        let excused = self.circumstances.session_swapped;
        assert!(excused || self.doubled.is_empty(), "{:?}", self.doubled);
    }

    /// At any time: an open publish is queued or in flight, and nothing else is but what is settled already.
    pub fn check_queue(&self, queued: usize, inflight: usize) {
        let open = self.promises.values();
        let open = open.filter(|it| matches!(it, Promise::Publish(_))).count();
        let held = queued + inflight;
        assert!(
            open <= held && (self.circumstances.ended || held <= open + self.silent),
            "{open} publishes are open, but {queued} are queued and {inflight} in flight"
        );
    }

    /// While nothing is in flight: what is open has not left, and has not expired.
    pub fn check_expired(&self, now: u64) {
        // What has left once is not subject to it any more.
        if self.circumstances.timers_late || self.circumstances.session_lost {
            return;
        }
        for promise in self.promises.values() {
            if let Promise::Publish(at) = promise {
                let sent = &self.sent[*at];
                let expired = sent.expires.is_some_and(|expires| expires < now);
                assert!(!expired, "expired and not settled: {}", sent.describe());
            }
        }
    }

    /// When all is quiet, or after the end.
    pub fn check_all_settled(&self) {
        assert!(self.promises.is_empty(), "still open: {:?}", self.promises);
        for at in self.life..self.sent.len() {
            assert!(
                self.sent[at].result.is_some(),
                "{}",
                self.sent[at].describe()
            );
            self.check_result(at);
        }
    }

    /// When all is quiet: what the broker owes to a session that still exists has come.
    pub fn check_deliveries(&self, broker: &Broker) {
        let mut owed: BTreeMap<(&[u8], QoS), usize> = BTreeMap::new();
        for (message, filters) in broker.routed.iter().zip(&self.routed) {
            let assured = match message.qos {
                QoS::AtMostOnce => false,
                QoS::AtLeastOnce => true,
                QoS::ExactlyOnce => !self.circumstances.session_swapped,
            };
            if assured && broker.still_there(message) && !filters.is_empty() {
                *owed.entry((&message.payload, message.qos)).or_default() += 1;
            }
        }
        for ((payload, qos), copies) in owed {
            let came = self.delivered.get(&(payload.to_vec(), qos)).copied();
            let came = came.unwrap_or_default();
            let payload = String::from_utf8_lossy(payload);
            assert!(
                came >= copies,
                "of {payload} with {qos:?} came {came} of {copies} copies"
            );
        }
    }
}

impl Sent {
    fn describe(&self) -> String {
        format!(
            "{} to {} with {:?}: the broker has it {} times, the application was told {:?}",
            self.payload, self.topic, self.qos, self.accepted, self.result
        )
    }
}

/// Section 4.7, in the plainest words.
pub fn matches(filter: &str, topic: &str) -> bool {
    let mut levels = topic.split('/');
    for level in filter.split('/') {
        match (level, levels.next()) {
            ("#", _) => return true,
            ("+", Some(_)) => {}
            (level, Some(other)) if level == other => {}
            _ => return false,
        }
    }
    levels.next().is_none()
}
