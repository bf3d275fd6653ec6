//! Requests and their responses (section 4.10): a message with a Response Topic and Correlation Data goes out, and the
//! message that comes back with the same data belongs to it.
//!
//! All responses arrive in one inbox, a subscription that the application does not see. This file knows what is asked
//! and what is open; how messages leave and arrive it does not.

use alloc::string::String;
use alloc::vec::Vec;

use super::event::{Event, State, SubscriptionKey, Token};
use super::options::{QueueLimits, QueuePolicy};
use super::queue::Queued;
use super::{Core, Outgoing, Session, outbound};
use crate::codec::{
    EncodeError, Properties, PropertiesBuf, PropertyId, QoS, RetainHandling, SubscribeOptions,
    TopicFilter, TopicName, Version,
};
use crate::error::Error;
use crate::time::{Duration, Instant};

/// Settles what the session asks for by itself. The application never gets it.
pub(super) const INBOX: Token = Token(0);

struct Open {
    token: Token,
    number: u32,
    deadline: Instant,
    /// The application waits for a response.
    waiting: bool,
    /// The publish is not settled.
    publishing: bool,
}

struct Inbox {
    topic: String,
    key: SubscriptionKey,
    granted: bool,
}

pub(super) struct Requests {
    inbox: Option<Inbox>,
    /// From the last CONNACK.
    response_information: Option<String>,
    /// Requests that wait for the inbox, without their Response Topic.
    held: Vec<Queued>,
    held_bytes: usize,
    open: Vec<Open>,
    /// What is in front of the number in Correlation Data: other clients, and other runs of this one, have others.
    mark: u64,
    last_number: u32,
}

impl Requests {
    pub(super) fn new(mark: u64) -> Self {
        Self {
            inbox: None,
            response_information: None,
            held: Vec::new(),
            held_bytes: 0,
            open: Vec::new(),
            mark,
            last_number: 0,
        }
    }

    fn correlation_data(&self, number: u32) -> [[u8; 4]; 3] {
        let (high, low) = ((self.mark >> 32) as u32, self.mark as u32);
        [high.to_be_bytes(), low.to_be_bytes(), number.to_be_bytes()]
    }

    /// When the next request has waited for long enough.
    pub(super) fn next_deadline(&self) -> Option<Instant> {
        let mut next = None;
        let mut note = |at| {
            if next.is_none_or(|next| at < next) {
                next = Some(at);
            }
        };
        for open in &self.open {
            if open.waiting {
                note(open.deadline);
            }
        }
        for held in &self.held {
            if let Some(expiry) = held.expiry {
                note(expiry.deadline);
            }
        }
        next
    }

    /// Whether more requests wait for the inbox than the limits allow. One may always.
    fn overfull(&self, limits: &QueueLimits) -> bool {
        let count = self.held.len();
        count > 1 && (count > limits.messages || self.held_bytes > limits.bytes)
    }

    fn take_held(&mut self) -> Vec<Queued> {
        self.held_bytes = 0;
        core::mem::take(&mut self.held)
    }

    /// The application waits no longer for this one; `false` if it did not.
    fn give_up(&mut self, token: Token) -> bool {
        if let Some(at) = self.held.iter().position(|held| held.token == token) {
            self.held_bytes -= self.held.remove(at).bytes.len();
        }
        let mut waited = false;
        for open in self.open.iter_mut().filter(|open| open.token == token) {
            waited |= core::mem::take(&mut open.waiting);
        }
        self.forget_done();
        waited
    }

    /// Whether the publish of a request has been settled.
    fn published(&mut self, token: Token) -> bool {
        let mut found = false;
        for open in self.open.iter_mut().filter(|open| open.token == token) {
            found |= core::mem::take(&mut open.publishing);
        }
        self.forget_done();
        found
    }

    fn forget_done(&mut self) {
        // It is asked each time, so there is one at most.
        let done = |open: &Open| !open.waiting && !open.publishing;
        if let Some(at) = self.open.iter().position(done) {
            self.open.remove(at);
        }
    }

    /// Takes the inbox out of the receivers of a message. `None` if it is not one of them, `Some(None)` if nobody waits
    /// for this response.
    pub(super) fn response(
        &mut self,
        properties: Properties<'_>,
        receivers: &mut Vec<SubscriptionKey>,
    ) -> Option<Option<Token>> {
        let inbox = self.inbox.as_ref()?.key;
        let at = receivers.iter().position(|&key| key == inbox)?;
        receivers.remove(at);
        let data = properties.binary(PropertyId::CorrelationData);
        let answered = self.open.iter().find(|open| {
            open.waiting && data == Some(self.correlation_data(open.number).as_flattened())
        });
        let token = answered.map(|open| open.token);
        if let Some(token) = token {
            self.give_up(token);
        }
        Some(token)
    }

    /// The oldest that the application waits for, of those whose time is over at some moment.
    fn waiting(&self, at: Instant) -> Option<Token> {
        let late = |open: &&Open| open.waiting && open.deadline <= at;
        self.open.iter().find(late).map(|open| open.token)
    }
}

impl Session {
    /// Sends a request, 5.0 only: a message whose response comes as [`Event::Message`] with this token in `reply_to`.
    /// If there is none within `timeout`, or the message cannot be sent, [`Event::RequestFailed`] has the token.
    ///
    /// Response Topic and Correlation Data are added. Responses come to one topic, `{base}/reply`, for which the first
    /// request subscribes: the base is the server's Response Information, if CONNECT asked for it and the CONNACK had
    /// it, else `webmqtt/{client identifier}`. Requests leave when that subscription is granted; the time counts from
    /// now, with or without a connection. [`cancel`](Session::cancel) ends the waiting. Until then as many may wait as
    /// [`ConnectOptions::queue`](super::ConnectOptions::queue) allows, beside what is in the queue; of one above that its
    /// policy decides, where `LatestPerTopic` is `DropOldest`.
    ///
    /// # Errors
    /// As [`publish`](Session::publish); a version without requests, or a message that has one of both properties.
    pub fn request(
        &mut self,
        now: Instant,
        message: &Outgoing<'_>,
        timeout: Duration,
    ) -> Result<Token, Error> {
        let core = &mut self.core;
        core.now = now;
        core.usable()?;
        if core.outbound.dialect.version != Version::V5 {
            return Err(EncodeError::PropertiesNotInVersion.into());
        }
        let requests = &mut core.requests;
        let number = requests.last_number.wrapping_add(1);
        let data = requests.correlation_data(number);
        let mut properties = PropertiesBuf::from(message.properties);
        let added = properties.binary(PropertyId::CorrelationData, data.as_flattened());
        let reserved = [PropertyId::ResponseTopic, PropertyId::TopicAlias];
        let mut given = message.properties.iter();
        if added.is_err() || given.any(|property| reserved.contains(&property.id())) {
            return Err(Error::Option);
        }
        // While there is a caller to tell.
        let packet = Outgoing {
            properties: properties.as_properties(),
            ..*message
        };
        let held = core.encoded(&packet)?;

        let (token, requests) = (held.token, &mut core.requests);
        requests.last_number = number;
        requests.held_bytes += held.bytes.len();
        requests.held.push(held);
        requests.open.push(Open {
            token,
            number,
            deadline: now + timeout,
            waiting: true,
            publishing: false,
        });
        core.send_requests();
        core.make_room_for_requests(token)?;
        Ok(token)
    }
}

impl Core {
    /// A connection stands: what the inbox is called is known now.
    pub(super) fn requests_connected(&mut self, properties: Properties<'_>) {
        let information = properties.text(PropertyId::ResponseInformation);
        self.requests.response_information = information.map(String::from);
        self.send_requests();
    }

    /// Sends what is held, if the inbox is there, or makes it.
    fn send_requests(&mut self) {
        let requests = &mut self.requests;
        if requests.held.is_empty() {
            return;
        }
        if self.outbound.dialect.version != Version::V5 {
            // The server turned out to speak nothing newer than 3.1.1.
            for held in requests.take_held() {
                self.fail_request(held.token, EncodeError::PropertiesNotInVersion.into());
            }
            return;
        }
        let Some(inbox) = &requests.inbox else {
            if self.state == State::Connected {
                self.open_inbox();
            }
            return;
        };
        if !inbox.granted {
            return;
        }
        let topic = inbox.topic.clone();
        let (dialect, now) = (self.outbound.dialect, self.now);
        for mut held in self.requests.take_held() {
            let (token, qos, to) = (held.token, held.qos, Some(topic.as_str()));
            let written = outbound::rewrite(&mut held, qos, to, dialect.version, dialect, now);
            if let Err(error) = written.and_then(|()| self.send(held)) {
                self.fail_request(token, error);
                continue;
            }
            let open = self.requests.open.iter_mut();
            for open in open.filter(|open| open.token == token) {
                open.publishing = true;
            }
        }
    }

    /// What waits for the inbox keeps to the limits of the queue.
    fn make_room_for_requests(&mut self, newest: Token) -> Result<(), Error> {
        while self.requests.overfull(&self.options.queue) {
            let gives_way = match self.options.queue.policy {
                QueuePolicy::Reject => {
                    self.requests.give_up(newest);
                    return Err(Error::QueueFull);
                }
                QueuePolicy::DropNewest => Some(newest),
                QueuePolicy::DropOldest | QueuePolicy::LatestPerTopic => {
                    self.requests.held.first().map(|held| held.token)
                }
            };
            if let Some(token) = gives_way {
                self.fail_request(token, Error::Dropped);
            }
        }
        Ok(())
    }

    fn open_inbox(&mut self) {
        let given = self.requests.response_information.as_deref();
        let given = given.filter(|base| TopicName::new(base).is_ok());
        let mut topic = Vec::new();
        match given {
            Some(base) => {
                topic.extend_from_slice(base.as_bytes());
                while topic.last() == Some(&b'/') {
                    topic.pop();
                }
            }
            None => {
                topic.extend_from_slice(b"webmqtt/");
                for &byte in self.client_id.as_bytes() {
                    topic.push(if matches!(byte, b'+' | b'#') {
                        b'_'
                    } else {
                        byte
                    });
                }
            }
        }
        topic.extend_from_slice(b"/reply");
        // Nothing but characters was replaced and added.
        let topic = String::from_utf8(topic).unwrap_or_default();
        let options = SubscribeOptions {
            // A response that was kept is none.
            retain_handling: RetainHandling::DoNotSend,
            ..SubscribeOptions::new(QoS::ExactlyOnce)
        };
        match TopicFilter::new(&topic) {
            Ok(filter) => {
                let wanted = [(filter, options)];
                let key = self
                    .subscriptions
                    .declare(INBOX, &wanted, Properties::EMPTY);
                self.requests.inbox = Some(Inbox {
                    topic,
                    key,
                    granted: false,
                });
            }
            Err(error) => self.fail_requests(error.into()),
        }
    }

    /// What concerns requests alone becomes what the application is to hear, if anything.
    pub(super) fn requests_hear(&mut self, event: Event<'static>) -> Option<Event<'static>> {
        match event {
            Event::Published {
                token,
                ref result,
                ref properties,
            } if self.requests.published(token) => {
                let error = result.err()?;
                let waited = self.requests.give_up(token);
                waited.then(|| Event::RequestFailed {
                    token,
                    error,
                    properties: properties.clone(),
                })
            }
            Event::Subscribed {
                token: INBOX,
                results,
                ..
            } => {
                match results.first() {
                    Some(&Err(error)) => self.inbox_lost(error),
                    _ => {
                        if let Some(inbox) = &mut self.requests.inbox {
                            inbox.granted = true;
                        }
                        self.send_requests();
                    }
                }
                None
            }
            Event::Unsubscribed { token: INBOX, .. } => None,
            Event::Warning {
                error,
                filter: Some(ref filter),
            } if self.is_inbox(filter) => {
                self.inbox_lost(error);
                Some(event)
            }
            event => Some(event),
        }
    }

    fn is_inbox(&self, filter: &str) -> bool {
        let inbox = self.requests.inbox.as_ref();
        inbox.is_some_and(|inbox| inbox.topic == filter)
    }

    /// The server does not let us have it (any more). The next request tries again.
    fn inbox_lost(&mut self, error: Error) {
        if let Some(inbox) = self.requests.inbox.take() {
            let events = &mut self.events;
            self.subscriptions
                .withdraw(INBOX, inbox.key, Properties::EMPTY, events);
        }
        self.fail_requests(error);
    }

    /// Every request fails, whatever has become of its message.
    pub(super) fn fail_requests(&mut self, error: Error) {
        while let Some(token) = self.requests.waiting(Instant::LAST) {
            self.fail_request(token, error);
        }
    }

    /// `false` if nobody waits for the response to such a request.
    pub(super) fn fail_request(&mut self, token: Token, error: Error) -> bool {
        if !self.requests.give_up(token) {
            return false;
        }
        // What has not left must not leave: nobody would see the response.
        if self.outbound.cancel(token) {
            self.requests.published(token);
        }
        self.events.push_back(Event::RequestFailed {
            token,
            error,
            properties: PropertiesBuf::new(),
        });
        true
    }

    /// Time passed.
    pub(super) fn expire_requests(&mut self) {
        let now = self.now;
        let expired = |held: &&Queued| held.expired(now);
        while let Some(held) = self.requests.held.iter().find(expired) {
            self.fail_request(held.token, Error::Expired);
        }
        while let Some(token) = self.requests.waiting(now) {
            self.fail_request(token, Error::RequestTimeout);
        }
    }
}
