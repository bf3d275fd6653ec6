//! Subscriptions as state: declared once, sent when there is a connection, sent again only when the session was lost.
//!
//! A *filter* is what the server knows; a *handle* is one `subscribe` call. Several handles can share a filter, so
//! the server hears UNSUBSCRIBE only when the last of them goes. This file decides what to ask for; it writes no bytes
//! and knows neither connection nor time.

use alloc::string::String;
use alloc::vec::Vec;

use super::event::{Event, ServerLimits, SubscriptionKey, Token};
use crate::codec::{
    PacketId, QoS, ReasonCode, ReasonCodes, SubscribeOptions, TopicFilter, Version,
};
use crate::error::Error;
use crate::topic::FilterTrie;

/// Upper bounds of one SUBSCRIBE or UNSUBSCRIBE packet, besides the server's Maximum Packet Size.
const BATCH_FILTERS: usize = 1_000;
const BATCH_BYTES: usize = 64 * 1024;

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
}

struct Handle {
    key: SubscriptionKey,
    /// Until the call is settled.
    token: Option<Token>,
    filters: Vec<u32>,
    results: Vec<Option<Result<QoS, Error>>>,
}

/// One UNSUBSCRIBE packet. A call whose filters do not fit into one has several, under the same token.
struct Unsubscribe {
    token: Token,
    filters: Vec<String>,
    sent_as: Option<PacketId>,
    /// What became of the call's packets so far.
    result: Result<(), Error>,
}

struct Request {
    id: PacketId,
    /// Each filter with the handles that wait for its result.
    filters: Vec<(u32, Vec<SubscriptionKey>)>,
}

/// How much one SUBSCRIBE or UNSUBSCRIBE packet may hold.
pub(super) struct Room {
    maximum_packet_size: usize,
    /// Packet identifier and, in 5.0, the length of no properties.
    before_filters: usize,
}

impl Room {
    pub(super) fn new(limits: &ServerLimits, version: Version) -> Self {
        Self {
            maximum_packet_size: limits.maximum_packet_size as usize,
            before_filters: if version == Version::V5 { 3 } else { 2 },
        }
    }

    /// Whether one more filter fits behind `count` others, if all of them take `bytes` together.
    fn takes(&self, bytes: usize, count: usize) -> bool {
        let remaining = self.before_filters + bytes;
        let length = match remaining {
            0..0x80 => 1,
            0x80..0x4000 => 2,
            0x4000..0x20_0000 => 3,
            _ => 4,
        };
        let fits = 1 + length + remaining <= self.maximum_packet_size;
        fits && (count == 0 || (count < BATCH_FILTERS && bytes <= BATCH_BYTES))
    }
}

#[derive(Default)]
pub(super) struct Subscriptions {
    trie: FilterTrie,
    /// Sorted by id: new ones come last.
    filters: Vec<Filter>,
    /// Sorted by key: new ones come last.
    handles: Vec<Handle>,
    requests: Vec<Request>,
    unsubscribes: Vec<Unsubscribe>,
    /// Whether a filter or an unsubscribe waits to be sent.
    pending: bool,
    last_filter: u32,
    last_handle: u32,
    matched: Vec<u32>,
}

impl Subscriptions {
    pub(super) fn has_pending(&self) -> bool {
        self.pending
    }

    pub(super) fn declare(
        &mut self,
        token: Token,
        wanted: &[(TopicFilter<'_>, SubscribeOptions)],
    ) -> SubscriptionKey {
        self.last_handle += 1;
        let key = SubscriptionKey(self.last_handle);
        let filters = wanted
            .iter()
            .map(|&(filter, options)| self.attach(key, filter, options))
            .collect();
        let results = wanted.iter().map(|_| None).collect();
        self.handles.push(Handle {
            key,
            token: Some(token),
            filters,
            results,
        });
        self.pending = true;
        key
    }

    fn attach(
        &mut self,
        key: SubscriptionKey,
        filter: TopicFilter<'_>,
        options: SubscribeOptions,
    ) -> u32 {
        let route = filter.filter_without_share();
        let known = self.trie.get(route).iter().copied();
        let known = { known }.find(|&at| {
            self.filter(at)
                .is_some_and(|known| known.text == filter.as_str())
        });
        if let Some(at) = known {
            if let Some(known) = self.filter_mut(at) {
                // A second SUBSCRIBE replaces the first at the server: never take away what another handle relies on.
                known.options = SubscribeOptions {
                    qos: known.options.qos.max(options.qos),
                    no_local: known.options.no_local && options.no_local,
                    retain_as_published: known.options.retain_as_published
                        || options.retain_as_published,
                    ..options
                };
                known.sync = Sync::Needed;
                if !known.handles.contains(&key) {
                    known.handles.push(key);
                }
            }
            return at;
        }
        self.last_filter += 1;
        self.trie.insert(route, self.last_filter);
        let (id, text) = (self.last_filter, filter.as_str().into());
        self.filters.push(Filter {
            id,
            text,
            options,
            handles: alloc::vec![key],
            sync: Sync::Needed,
        });
        self.last_filter
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
        events: &mut impl FnMut(Event<'static>),
    ) {
        let mut orphaned = Vec::new();
        if let Some(handle) = self.remove_handle(key) {
            for &at in &handle.filters {
                orphaned.extend(self.detach(at, key));
            }
            if let Some(token) = handle.token {
                let results = handle
                    .results
                    .iter()
                    .map(|known| known.unwrap_or(Err(Error::Aborted)));
                events(Event::Subscribed {
                    token,
                    results: results.collect(),
                });
            }
        }
        if orphaned.is_empty() {
            events(Event::Unsubscribed {
                token,
                result: Ok(()),
            });
        } else {
            self.unsubscribes.push(Unsubscribe {
                token,
                filters: orphaned,
                sent_as: None,
                result: Ok(()),
            });
            self.pending = true;
        }
    }

    /// Gives the filter's text if this was its last handle.
    fn detach(&mut self, at: u32, key: SubscriptionKey) -> Option<String> {
        let filter = self.filter_mut(at)?;
        filter.handles.retain(|&handle| handle != key);
        if !filter.handles.is_empty() {
            return None;
        }
        let place = place_of_filter(&self.filters, at)?;
        let filter = self.filters.remove(place);
        if let Ok(parsed) = TopicFilter::new(&filter.text) {
            self.trie.remove(parsed.filter_without_share(), at);
        }
        Some(filter.text)
    }

    /// The handles that a message on this topic is for, each once.
    pub(super) fn route(&mut self, topic: &str, keys: &mut Vec<SubscriptionKey>) {
        keys.clear();
        self.matched.clear();
        self.trie.matches(topic, &mut self.matched);
        for (nth, &at) in self.matched.iter().enumerate() {
            let Some(filter) = self.filter(at) else {
                continue;
            };
            if nth == 0 {
                keys.extend_from_slice(&filter.handles);
                continue;
            }
            for &key in &filter.handles {
                if !keys.contains(&key) {
                    keys.push(key);
                }
            }
        }
    }

    pub(super) fn wants_unsubscribe(&self) -> bool {
        self.unsubscribes
            .iter()
            .any(|unsubscribe| unsubscribe.sent_as.is_none())
    }

    /// Hands the filters of the next UNSUBSCRIBE packet to `write` and remembers them under the packet identifier.
    /// `false` if the server could not take it; then the call is settled.
    pub(super) fn next_unsubscribe(
        &mut self,
        id: PacketId,
        room: &Room,
        events: &mut impl FnMut(Event<'static>),
        mut write: impl FnMut(TopicFilter<'_>),
    ) -> bool {
        let unsent = |unsubscribe: &Unsubscribe| unsubscribe.sent_as.is_none();
        let Some(at) = self.unsubscribes.iter().position(unsent) else {
            return false;
        };
        let Some(next) = self.unsubscribes.get_mut(at) else {
            return false;
        };
        let (mut size, mut count) = (0, 0);
        for text in &next.filters {
            size += text.len() + 2;
            if !room.takes(size, count) {
                break;
            }
            if let Ok(filter) = TopicFilter::new(text) {
                write(filter);
            }
            count += 1;
        }
        if count == 0 {
            next.result = Err(Error::PacketTooLarge);
            self.unsubscribe_settled(at, events);
            return false;
        }
        next.sent_as = Some(id);
        let rest = next.filters.split_off(count);
        if !rest.is_empty() {
            let (token, result) = (next.token, next.result);
            self.unsubscribes.push(Unsubscribe {
                token,
                filters: rest,
                sent_as: None,
                result,
            });
        }
        true
    }

    /// Ends one packet of a call, and the call if it was the last one.
    fn unsubscribe_settled(&mut self, at: usize, events: &mut impl FnMut(Event<'static>)) {
        let Unsubscribe { token, result, .. } = self.unsubscribes.remove(at);
        match self
            .unsubscribes
            .iter_mut()
            .find(|other| other.token == token)
        {
            Some(other) => other.result = other.result.and(result),
            None => events(Event::Unsubscribed { token, result }),
        }
    }

    /// Whether the server has to be asked for a filter.
    pub(super) fn wants_subscribe(&mut self) -> bool {
        let wanted = self
            .filters
            .iter()
            .any(|filter| filter.sync == Sync::Needed);
        self.pending = wanted;
        wanted
    }

    /// Hands the filters of the next SUBSCRIBE packet to `write` and remembers them under the packet identifier.
    /// Filters that this server cannot take are settled here instead.
    pub(super) fn next_subscribe(
        &mut self,
        id: PacketId,
        limits: &ServerLimits,
        room: &Room,
        events: &mut impl FnMut(Event<'static>),
        mut write: impl FnMut(TopicFilter<'_>, SubscribeOptions),
    ) -> bool {
        let mut refused = Vec::new();
        let mut filters = Vec::new();
        let mut size = 0;
        for filter in &mut self.filters {
            let at = filter.id;
            if filter.sync != Sync::Needed {
                continue;
            }
            let Ok(parsed) = TopicFilter::new(&filter.text) else {
                continue;
            };
            let bytes = filter.text.len() + 3;
            if parsed.has_wildcard() && !limits.wildcard_available {
                refused.push((at, Error::WildcardNotSupported));
            } else if parsed.is_shared() && !limits.shared_available {
                refused.push((at, Error::SharedNotSupported));
            } else if !room.takes(bytes, 0) {
                refused.push((at, Error::PacketTooLarge));
            } else if room.takes(size + bytes, filters.len()) {
                write(parsed, filter.options);
                size += bytes;
                filter.sync = Sync::Sent;
                filters.push((at, Vec::new()));
            } else {
                break;
            }
        }
        for (at, error) in refused {
            let waiting = self.waiting_for(at);
            self.settle_filter(at, &waiting, Err(error), events);
        }
        if filters.is_empty() {
            return false;
        }
        for (at, waiting) in &mut filters {
            *waiting = self.waiting_for(*at);
        }
        self.requests.push(Request { id, filters });
        true
    }

    fn waiting_for(&self, at: u32) -> Vec<SubscriptionKey> {
        let Some(filter) = self.filter(at) else {
            return Vec::new();
        };
        let waits = |key: &&SubscriptionKey| {
            self.handle(**key).is_some_and(|handle| {
                handle
                    .filters
                    .iter()
                    .zip(&handle.results)
                    .any(|(&filter, result)| filter == at && result.is_none())
            })
        };
        filter.handles.iter().filter(waits).copied().collect()
    }

    /// A SUBACK arrived. `Err` if its number of reason codes is wrong; `Ok(false)` if nobody asked.
    pub(super) fn acknowledged(
        &mut self,
        id: PacketId,
        codes: ReasonCodes<'_>,
        events: &mut impl FnMut(Event<'static>),
    ) -> Result<bool, ReasonCode> {
        let Some(at) = self.requests.iter().position(|request| request.id == id) else {
            return Ok(false);
        };
        if self
            .requests
            .get(at)
            .is_some_and(|request| request.filters.len() != codes.len())
        {
            return Err(ReasonCode::ProtocolError);
        }
        let request = self.requests.swap_remove(at);
        for ((at, waiting), code) in request.filters.into_iter().zip(codes.iter()) {
            let result = QoS::from_u8(code as u8).ok_or(Error::SubscribeRefused(code));
            self.settle_filter(at, &waiting, result, events);
        }
        Ok(true)
    }

    fn settle_filter(
        &mut self,
        at: u32,
        waiting: &[SubscriptionKey],
        result: Result<QoS, Error>,
        events: &mut impl FnMut(Event<'static>),
    ) {
        // A later SUBSCRIBE for it can be on its way.
        let asked_again = self
            .requests
            .iter()
            .any(|request| request.filters.iter().any(|&(asked, _)| asked == at));
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
                events(Event::Warning(error));
            }
            for &key in waiting {
                self.detach(at, key);
            }
        }

        for key in waiting {
            let Some(handle) = self.handle_mut(*key) else {
                continue;
            };
            for (&filter, slot) in handle.filters.iter().zip(&mut handle.results) {
                if filter == at && slot.is_none() {
                    *slot = Some(result);
                }
            }
            let results: Option<Vec<_>> = handle.results.iter().copied().collect();
            if let (Some(results), Some(token)) = (results, handle.token) {
                handle.token = None;
                if results.iter().all(Result::is_err) {
                    self.remove_handle(*key);
                }
                events(Event::Subscribed { token, results });
            }
        }
    }

    /// An UNSUBACK arrived. `Err` if its number of reason codes is wrong; `Ok(false)` if nobody asked.
    pub(super) fn unsubscribed(
        &mut self,
        id: PacketId,
        version: Version,
        codes: ReasonCodes<'_>,
        events: &mut impl FnMut(Event<'static>),
    ) -> Result<bool, ReasonCode> {
        let sent = self
            .unsubscribes
            .iter()
            .position(|unsubscribe| unsubscribe.sent_as == Some(id));
        let Some(at) = sent else { return Ok(false) };
        let count = self
            .unsubscribes
            .get(at)
            .map_or(0, |unsubscribe| unsubscribe.filters.len());
        if version == Version::V5 && codes.len() != count {
            return Err(ReasonCode::ProtocolError);
        }
        if let Some(unsubscribe) = self.unsubscribes.get_mut(at)
            && let Some(code) = codes.iter().find(|code| code.is_error())
        {
            unsubscribe.result = Err(Error::UnsubscribeRefused(code));
        }
        self.unsubscribe_settled(at, events);
        Ok(true)
    }

    /// The connection is gone: what was asked and not answered has to be asked again as a new request.
    pub(super) fn connection_lost(&mut self) {
        self.requests.clear();
        for unsubscribe in &mut self.unsubscribes {
            unsubscribe.sent_as = None;
        }
        let Self {
            filters,
            unsubscribes,
            ..
        } = self;
        for filter in filters {
            // What is withdrawn once more ends a newer declaration, too.
            let withdrawn = |unsubscribe: &Unsubscribe| unsubscribe.filters.contains(&filter.text);
            if filter.sync == Sync::Sent || unsubscribes.iter().any(withdrawn) {
                filter.sync = Sync::Needed;
            }
        }
        self.pending = true;
    }

    /// The server has forgotten every subscription.
    pub(super) fn session_lost(&mut self, events: &mut impl FnMut(Event<'static>)) {
        while !self.unsubscribes.is_empty() {
            self.unsubscribe_settled(0, events);
        }
        for filter in &mut self.filters {
            filter.sync = Sync::Needed;
        }
        self.pending = true;
    }

    /// Settles every open call.
    pub(super) fn abandon(&mut self, error: Error, events: &mut impl FnMut(Event<'static>)) {
        for handle in &mut self.handles {
            if let Some(token) = handle.token.take() {
                let results = handle
                    .results
                    .iter()
                    .map(|known| known.unwrap_or(Err(error)));
                events(Event::Subscribed {
                    token,
                    results: results.collect(),
                });
            }
        }
        while let Some(unsubscribe) = self.unsubscribes.first_mut() {
            unsubscribe.result = Err(error);
            self.unsubscribe_settled(0, events);
        }
    }
}

fn place_of_filter(filters: &[Filter], id: u32) -> Option<usize> {
    filters.binary_search_by_key(&id, |filter| filter.id).ok()
}
