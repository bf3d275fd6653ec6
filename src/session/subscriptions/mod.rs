//! Subscriptions as state: declared once, sent when there is a connection, sent again only when the session was lost.
//!
//! A *filter* is what the server knows; a *handle* is one `subscribe` call. Several handles can share a filter, so
//! the server hears UNSUBSCRIBE only when the last of them goes. This module decides what to ask for; it writes no bytes
//! and knows neither connection nor time. `batch` decides which filters share a packet, `route` for whom a message is.

mod batch;
mod matching;
#[cfg(feature = "store")]
mod remember;
mod route;

use alloc::string::String;
use alloc::vec::Vec;

use super::event::{Event, Events, SubscriptionKey, Token};
use super::persist::Notes;
use super::request::INBOX;
use crate::codec::{
    PacketId, Properties, PropertiesBuf, QoS, ReasonCode, SubAck, SubscribeOptions, TopicFilter,
    UnsubAck, Version,
};
use crate::error::Error;
pub(super) use batch::Room;
use matching::Matching;
#[cfg(feature = "store")]
pub(super) use remember::Remembered;
use route::Identifiers;
pub use route::OWN_IDENTIFIERS;

#[derive(Clone, Copy, PartialEq, Eq)]
enum Sync {
    /// The server has to be asked.
    Needed,
    /// A SUBSCRIBE is out.
    Sent,
    /// The server granted it.
    Granted,
}

struct Filter {
    id: u32,
    text: String,
    options: SubscribeOptions,
    handles: Vec<SubscriptionKey>,
    sync: Sync,
    /// The call whose properties its SUBSCRIBE carries.
    call: Option<SubscriptionKey>,
    /// What its messages can carry, the identifier of the last SUBSCRIBE at last; 0 stands for none.
    identifiers: Vec<u32>,
    /// The server has granted it in this session: it is in the store.
    kept: bool,
}

struct Handle {
    key: SubscriptionKey,
    /// Until the call is settled.
    token: Option<Token>,
    /// Each with what is known of it.
    filters: Vec<(u32, Option<Result<QoS, Error>>)>,
    /// Of its SUBSCRIBE. A call that has some shares no packet with others.
    properties: PropertiesBuf,
}

impl Handle {
    /// Whether the call waits for this filter.
    fn waits_for(&self, id: u32) -> bool {
        let waits = |&(filter, known): &(u32, Option<_>)| filter == id && known.is_none();
        self.filters.iter().any(waits)
    }

    /// Settles the call if it is open: with what is known, and `otherwise`.
    fn settle(&mut self, otherwise: Error, properties: Properties<'_>, events: &mut Events) {
        if let Some(token) = self.token.take() {
            let mut results = Vec::new();
            for (_, known) in &self.filters {
                results.push(known.unwrap_or(Err(otherwise)));
            }
            events.push_back(Event::Subscribed {
                token,
                results,
                properties: properties.into(),
            });
        }
    }
}

/// One call to unsubscribe. Its filters can take several packets.
struct Unsubscribe {
    token: Token,
    /// What the server has not confirmed yet.
    leaving: Vec<Leaving>,
    properties: PropertiesBuf,
    /// For each filter of the subscription: which one, and what became of it.
    results: Vec<(u32, Result<ReasonCode, Error>)>,
}

/// A filter that nobody here needs any more.
struct Leaving {
    id: u32,
    text: String,
    identifiers: Vec<u32>,
    sent_as: Option<PacketId>,
    kept: bool,
}

impl Unsubscribe {
    fn settle(&mut self, id: u32, result: Result<ReasonCode, Error>) {
        for slot in &mut self.results {
            if slot.0 == id {
                slot.1 = result;
            }
        }
    }

    fn event(self, properties: Properties<'_>) -> Event<'static> {
        let mut results = Vec::new();
        for (_, result) in self.results {
            results.push(result);
        }
        Event::Unsubscribed {
            token: self.token,
            results,
            properties: properties.into(),
        }
    }
}

struct Request {
    id: PacketId,
    /// Each filter with the handles that wait for its result.
    filters: Vec<(u32, Vec<SubscriptionKey>)>,
}

pub(super) struct Subscriptions {
    matching: Matching,
    /// Sorted by id: new ones come last.
    filters: Vec<Filter>,
    /// Sorted by key: new ones come last.
    handles: Vec<Handle>,
    requests: Vec<Request>,
    unsubscribes: Vec<Unsubscribe>,
    identifiers: Identifiers,
    /// Whether a filter or an unsubscribe waits to be sent.
    pending: bool,
    last_filter: u32,
    last_handle: u32,
    matched: Vec<u32>,
    pub(super) notes: Notes,
}

impl Subscriptions {
    /// The seed spreads the subscription identifiers, so that they differ from those of an earlier run.
    pub(super) fn new(seed: u64) -> Self {
        Self {
            matching: Matching::default(),
            filters: Vec::new(),
            handles: Vec::new(),
            requests: Vec::new(),
            unsubscribes: Vec::new(),
            identifiers: Identifiers::new(seed),
            pending: false,
            last_filter: 0,
            last_handle: 0,
            matched: Vec::new(),
            notes: Notes::default(),
        }
    }

    pub(super) fn has_pending(&self) -> bool {
        self.pending
    }

    pub(super) fn declare(
        &mut self,
        token: Token,
        wanted: &[(TopicFilter<'_>, SubscribeOptions)],
        properties: Properties<'_>,
    ) -> SubscriptionKey {
        self.last_handle += 1;
        let key = SubscriptionKey(self.last_handle);
        let call = (!properties.is_empty()).then_some(key);
        let mut filters = Vec::new();
        for &(filter, options) in wanted {
            filters.push((self.attach(key, call, filter, options), None));
        }
        self.handles.push(Handle {
            key,
            token: Some(token),
            filters,
            properties: properties.into(),
        });
        self.pending = true;
        key
    }

    fn attach(
        &mut self,
        key: SubscriptionKey,
        call: Option<SubscriptionKey>,
        filter: TopicFilter<'_>,
        options: SubscribeOptions,
    ) -> u32 {
        let route = filter.filter_without_share();
        if let Some(at) = self.known(filter) {
            if let Some(known) = self.filter_mut(at) {
                // A second SUBSCRIBE replaces the first at the server: never take away what another handle relies on.
                let others = !known.handles.is_empty();
                let before = if others { known.options } else { options };
                known.options = SubscribeOptions {
                    qos: before.qos.max(options.qos),
                    no_local: before.no_local && options.no_local,
                    retain_as_published: before.retain_as_published || options.retain_as_published,
                    ..options
                };
                known.sync = Sync::Needed;
                known.call = call.or(known.call);
                if !known.handles.contains(&key) {
                    known.handles.push(key);
                }
            }
            return at;
        }
        self.last_filter += 1;
        self.matching.insert(route, self.last_filter);
        let (id, text) = (self.last_filter, String::from(filter.as_str()));
        // Until the server has heard that the filter left, its messages are for whoever declares it anew.
        let mut identifiers = Vec::new();
        if let Some(leaving) = self.leaving(&text) {
            identifiers.extend_from_slice(&leaving.identifiers);
        }
        self.filters.push(Filter {
            id,
            text,
            options,
            handles: alloc::vec![key],
            sync: Sync::Needed,
            call,
            identifiers,
            kept: false,
        });
        id
    }

    /// What the server has not confirmed yet to be gone, if it has this text.
    fn leaving(&self, text: &str) -> Option<&Leaving> {
        for call in &self.unsubscribes {
            for leaving in &call.leaving {
                if leaving.text == text {
                    return Some(leaving);
                }
            }
        }
        None
    }

    /// The filter with this text.
    fn known(&self, filter: TopicFilter<'_>) -> Option<u32> {
        for &at in self.matching.get(filter.filter_without_share()) {
            let known = self.filter(at);
            if known.is_some_and(|known| known.text == filter.as_str()) {
                return Some(at);
            }
        }
        None
    }

    fn filter(&self, id: u32) -> Option<&Filter> {
        self.filters.get(place_of_filter(&self.filters, id)?)
    }

    fn filter_mut(&mut self, id: u32) -> Option<&mut Filter> {
        let place = place_of_filter(&self.filters, id)?;
        self.filters.get_mut(place)
    }

    fn place_of_handle(&self, key: SubscriptionKey) -> Option<usize> {
        self.handles
            .binary_search_by_key(&key, |handle| handle.key)
            .ok()
    }

    fn handle(&self, key: SubscriptionKey) -> Option<&Handle> {
        self.handles.get(self.place_of_handle(key)?)
    }

    fn handle_mut(&mut self, key: SubscriptionKey) -> Option<&mut Handle> {
        let place = self.place_of_handle(key)?;
        self.handles.get_mut(place)
    }

    fn remove_handle(&mut self, key: SubscriptionKey) -> Option<Handle> {
        let place = self.place_of_handle(key)?;
        Some(self.handles.remove(place))
    }

    /// Ends a handle. Messages stop at once; filters that nobody needs any more are unsubscribed from.
    pub(super) fn withdraw(
        &mut self,
        token: Token,
        key: SubscriptionKey,
        properties: Properties<'_>,
        events: &mut Events,
    ) {
        let (mut leaving, mut left) = (Vec::new(), Vec::new());
        if let Some(mut handle) = self.remove_handle(key) {
            for &(id, result) in &handle.filters {
                if let Some(filter) = self.detach(id, key) {
                    leaving.push(Leaving {
                        id,
                        text: filter.text,
                        identifiers: filter.identifiers,
                        sent_as: None,
                        kept: filter.kept,
                    });
                }
                let refused = matches!(result, Some(Err(_)));
                let result = if refused {
                    ReasonCode::NoSubscriptionExisted
                } else {
                    ReasonCode::Success
                };
                left.push((id, Ok(result)));
            }
            handle.settle(Error::Aborted, Properties::EMPTY, events);
        }
        let call = Unsubscribe {
            token,
            leaving,
            properties: properties.into(),
            results: left,
        };
        if call.leaving.is_empty() {
            events.push_back(call.event(Properties::EMPTY));
        } else {
            self.unsubscribes.push(call);
            self.pending = true;
        }
    }

    /// Ends a handle whose call is open, if the token is that of one.
    pub(super) fn give_up(&mut self, token: Token, error: Error, events: &mut Events) {
        let open = |handle: &&mut Handle| handle.token == Some(token);
        let Some(handle) = self.handles.iter_mut().find(open) else {
            return;
        };
        let key = handle.key;
        // A part of it is not what was asked for.
        for (_, known) in &mut handle.filters {
            *known = known.filter(Result::is_err);
        }
        handle.settle(error, Properties::EMPTY, events);
        self.withdraw(INBOX, key, Properties::EMPTY, events);
    }

    /// Gives the filter if this was its last handle.
    fn detach(&mut self, at: u32, key: SubscriptionKey) -> Option<Filter> {
        let filter = self.filter_mut(at)?;
        if let Some(at) = filter.handles.iter().position(|&it| it == key) {
            filter.handles.remove(at);
        }
        filter.call = filter.call.filter(|&call| call != key);
        if !filter.handles.is_empty() {
            return None;
        }
        let place = place_of_filter(&self.filters, at)?;
        Some(self.remove_filter(place))
    }

    /// Forgets a filter. The place has one.
    fn remove_filter(&mut self, place: usize) -> Filter {
        let filter = self.filters.remove(place);
        if let Ok(parsed) = TopicFilter::new(&filter.text) {
            self.matching
                .remove(parsed.filter_without_share(), filter.id);
        }
        filter
    }

    /// Ends the call if none of its filters waits any more.
    fn end_unsubscribe_if_done(
        &mut self,
        at: usize,
        properties: Properties<'_>,
        events: &mut Events,
    ) {
        let done = |call: &Unsubscribe| call.leaving.is_empty();
        if self.unsubscribes.get(at).is_some_and(done) {
            events.push_back(self.unsubscribes.remove(at).event(properties));
        }
    }

    /// Ends every call to unsubscribe, since the server will not answer; what it has answered counts.
    fn end_unsubscribes(&mut self, result: Result<ReasonCode, Error>, events: &mut Events) {
        for mut call in core::mem::take(&mut self.unsubscribes) {
            for leaving in core::mem::take(&mut call.leaving) {
                call.settle(leaving.id, result);
                if leaving.kept && result.is_ok() {
                    self.notes.push(leaving.id);
                }
            }
            events.push_back(call.event(Properties::EMPTY));
        }
    }

    fn waiting_for(&self, at: u32) -> Vec<SubscriptionKey> {
        let mut waiting = Vec::new();
        if let Some(filter) = self.filter(at) {
            for &key in &filter.handles {
                if self.handle(key).is_some_and(|handle| handle.waits_for(at)) {
                    waiting.push(key);
                }
            }
        }
        waiting
    }

    /// A SUBACK arrived. `Err` if its number of reason codes is wrong; `Ok(false)` if nobody asked.
    pub(super) fn acknowledged(
        &mut self,
        packet: &SubAck<'_>,
        events: &mut Events,
    ) -> Result<bool, ReasonCode> {
        let asked = |request: &Request| request.id == packet.packet_id;
        let Some(at) = self.requests.iter().position(asked) else {
            return Ok(false);
        };
        if self
            .requests
            .get(at)
            .is_some_and(|request| request.filters.len() != packet.codes.len())
        {
            return Err(ReasonCode::ProtocolError);
        }
        let request = self.requests.swap_remove(at);
        let mut codes = packet.codes.iter();
        for (at, waiting) in request.filters {
            let Some(code) = codes.next() else { break };
            let result = QoS::from_u8(code as u8).ok_or(Error::SubscribeRefused(code));
            self.settle_filter(at, &waiting, result, packet.properties, events);
        }
        Ok(true)
    }

    fn settle_filter(
        &mut self,
        at: u32,
        waiting: &[SubscriptionKey],
        result: Result<QoS, Error>,
        properties: Properties<'_>,
        events: &mut Events,
    ) {
        // A later SUBSCRIBE for it can be on its way.
        let mut asked_again = false;
        for request in &self.requests {
            for &(asked, _) in &request.filters {
                asked_again |= asked == at;
            }
        }
        let Some(filter) = self.filter_mut(at) else {
            return;
        };
        if filter.sync == Sync::Sent && !asked_again {
            filter.sync = Sync::Granted;
        }
        if let Err(error) = result {
            // Whoever had it granted before has no open call that could say so. It stays declared: with the next lost
            // session the server is asked again, and may be in a better mood.
            if waiting.is_empty() {
                filter.sync = Sync::Granted;
                events.push_back(Event::Warning {
                    error,
                    filter: Some(filter.text.clone()),
                });
            }
            for &key in waiting {
                if self.detach(at, key).is_some_and(|filter| filter.kept) {
                    self.notes.push(at);
                }
            }
        } else {
            filter.kept = true;
            self.notes.push(at);
        }

        for key in waiting {
            let Some(handle) = self.handle_mut(*key) else {
                continue;
            };
            let (mut known, mut granted) = (true, false);
            for (filter, slot) in &mut handle.filters {
                if *filter == at {
                    slot.get_or_insert(result);
                }
                known &= slot.is_some();
                granted |= matches!(slot, Some(Ok(_)));
            }
            if known && handle.token.is_some() {
                // It waits for nothing that could be aborted.
                handle.settle(Error::Aborted, properties, events);
                if !granted {
                    self.remove_handle(*key);
                }
            }
        }
    }

    /// An UNSUBACK arrived. `Err` if its number of reason codes is wrong; `Ok(false)` if nobody asked.
    pub(super) fn unsubscribed(
        &mut self,
        packet: &UnsubAck<'_>,
        version: Version,
        events: &mut Events,
    ) -> Result<bool, ReasonCode> {
        let answered = |leaving: &Leaving| leaving.sent_as == Some(packet.packet_id);
        for (at, call) in self.unsubscribes.iter_mut().enumerate() {
            let count = call.leaving.iter().filter(|it| answered(it)).count();
            if count == 0 {
                continue;
            }
            if version == Version::V5 && packet.codes.len() != count {
                return Err(ReasonCode::ProtocolError);
            }
            // 3.1.1 has no codes: the answer is the success.
            let (mut codes, mut gone) = (packet.codes.iter(), Vec::new());
            for leaving in core::mem::take(&mut call.leaving) {
                if !answered(&leaving) {
                    call.leaving.push(leaving);
                    continue;
                }
                let result = match codes.next() {
                    Some(code) if code.is_error() => Err(Error::UnsubscribeRefused(code)),
                    code => Ok(code.unwrap_or(ReasonCode::Success)),
                };
                call.settle(leaving.id, result);
                if leaving.kept && result.is_ok() {
                    gone.push(leaving.id);
                }
            }
            for id in gone {
                self.notes.push(id);
            }
            self.end_unsubscribe_if_done(at, packet.properties, events);
            return Ok(true);
        }
        Ok(false)
    }

    /// The connection is gone: what was asked and not answered has to be asked again as a new request.
    pub(super) fn connection_lost(&mut self) {
        self.requests.clear();
        for call in &mut self.unsubscribes {
            for leaving in &mut call.leaving {
                leaving.sent_as = None;
            }
        }
        let mut filters = core::mem::take(&mut self.filters);
        for filter in &mut filters {
            // What is withdrawn once more ends a newer declaration, too.
            if filter.sync == Sync::Sent || self.leaving(&filter.text).is_some() {
                filter.sync = Sync::Needed;
            }
        }
        self.filters = filters;
        self.pending = true;
    }

    /// The server has forgotten every subscription.
    pub(super) fn session_lost(&mut self, events: &mut Events) {
        self.end_unsubscribes(Ok(ReasonCode::Success), events);
        self.identifiers.forget();
        #[cfg(feature = "store")]
        self.forget_kept();
        for filter in &mut self.filters {
            filter.identifiers.clear();
        }
        self.ask_again();
    }

    /// The server may not know what it granted.
    pub(super) fn ask_again(&mut self) {
        for filter in &mut self.filters {
            if !filter.handles.is_empty() {
                filter.sync = Sync::Needed;
            }
        }
        self.pending = true;
    }

    /// Settles every open call.
    pub(super) fn abandon(&mut self, error: Error, events: &mut Events) {
        for handle in &mut self.handles {
            handle.settle(error, Properties::EMPTY, events);
        }
        self.end_unsubscribes(Err(error), events);
        self.matching.forget();
    }
}

fn place_of_filter(filters: &[Filter], id: u32) -> Option<usize> {
    filters.binary_search_by_key(&id, |filter| filter.id).ok()
}
