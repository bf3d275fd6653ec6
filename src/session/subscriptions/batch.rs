//! What goes into the next SUBSCRIBE or UNSUBSCRIBE: as many filters as the server takes and as routing allows.

use alloc::vec::Vec;

use super::{Leaving, Request, Subscriptions, Sync, Unsubscribe};
use crate::codec::{
    PacketId, Properties, PropertiesBuf, PropertyId, SubscribeOptions, TopicFilter, Version,
};
use crate::error::Error;
use crate::session::event::{Events, ServerLimits, SubscriptionKey};

/// Upper bounds of one SUBSCRIBE or UNSUBSCRIBE packet, besides the server's Maximum Packet Size.
const BATCH_FILTERS: usize = 1_000;
const BATCH_BYTES: usize = 64 * 1024;
/// An identifier of ours as a property.
const IDENTIFIER_BYTES: usize = 5;

/// How much one SUBSCRIBE or UNSUBSCRIBE packet may hold.
pub(in crate::session) struct Room {
    maximum_packet_size: usize,
    version: Version,
}

impl Room {
    pub(in crate::session) fn new(limits: &ServerLimits, version: Version) -> Self {
        Self {
            maximum_packet_size: limits.maximum_packet_size as usize,
            version,
        }
    }

    /// Whether one more filter fits behind `count` others, if all of them take `bytes` together.
    fn takes(&self, properties: usize, bytes: usize, count: usize) -> bool {
        let mut remaining = 2 + bytes;
        if self.version == Version::V5 {
            remaining += varint_len(properties) + properties;
        }
        let fits = 1 + varint_len(remaining) + remaining <= self.maximum_packet_size;
        fits && (count == 0 || (count < BATCH_FILTERS && bytes <= BATCH_BYTES))
    }
}

fn varint_len(value: usize) -> usize {
    match value {
        0..0x80 => 1,
        0x80..0x4000 => 2,
        0x4000..0x20_0000 => 3,
        _ => 4,
    }
}

/// Whether some topic matches both filters, which come without their `$share/{name}/` prefix.
fn overlap<'a>(one: &'a str, other: &'a str) -> bool {
    // Wildcards at the first level do not match names that begin with `$` [MQTT-4.7.2-1].
    if one.starts_with("$") != other.starts_with("$") {
        return false;
    }
    let levels = |filter: &'a str| filter.as_bytes().split(|&byte| byte == b'/');
    let (mut one, mut other) = (levels(one), levels(other));
    loop {
        match (one.next(), other.next()) {
            (Some(b"#"), _) | (_, Some(b"#")) | (None, None) => return true,
            (Some(level), Some(same)) if level == same || level == b"+" || same == b"+" => {}
            _ => return false,
        }
    }
}

/// Filters that may share a SUBSCRIBE, as far as it is not about what they match.
#[derive(Clone, Copy, Default, PartialEq, Eq)]
struct Group {
    /// Whose properties it carries.
    call: Option<SubscriptionKey>,
    /// Whether it has an identifier of ours.
    identified: bool,
    /// The one it has to have: asking again must not change what messages under way are known by.
    identifier: Option<u32>,
}

/// A filter that goes into the next SUBSCRIBE.
struct Chosen {
    place: usize,
    /// It can overlap with a filter of another text.
    broad: bool,
}

impl Subscriptions {
    pub(in crate::session) fn wants_unsubscribe(&self) -> bool {
        self.next_unsent().is_some()
    }

    /// The first call that has something to send.
    fn next_unsent(&self) -> Option<usize> {
        let unsent = |leaving: &Leaving| leaving.sent_as.is_none();
        self.unsubscribes
            .iter()
            .position(|call| call.leaving.iter().any(unsent))
    }

    /// Hands the filters of the next UNSUBSCRIBE packet to `write`, remembers them under the packet identifier and
    /// gives the packet's properties. `None` if the server cannot take the first of them, which is settled then.
    pub(in crate::session) fn next_unsubscribe(
        &mut self,
        id: PacketId,
        room: &Room,
        events: &mut Events,
        mut write: impl FnMut(TopicFilter<'_>),
    ) -> Option<PropertiesBuf> {
        let at = self.next_unsent()?;
        let call: &mut Unsubscribe = self.unsubscribes.get_mut(at)?;
        let (mut size, mut count) = (0, 0);
        for leaving in &mut call.leaving {
            if leaving.sent_as.is_some() {
                continue;
            }
            size += leaving.text.len() + 2;
            if !room.takes(
                call.properties.as_properties().as_bytes().len(),
                size,
                count,
            ) {
                break;
            }
            if let Ok(filter) = TopicFilter::new(&leaving.text) {
                write(filter);
            }
            leaving.sent_as = Some(id);
            count += 1;
        }
        if count > 0 {
            return Some(call.properties.clone());
        }
        let too_large = |leaving: &Leaving| leaving.sent_as.is_none();
        if let Some(place) = call.leaving.iter().position(too_large) {
            let leaving = call.leaving.remove(place);
            call.settle(leaving.id, Err(Error::PacketTooLarge));
        }
        self.end_unsubscribe_if_done(at, Properties::EMPTY, events);
        None
    }

    /// Whether the server has to be asked for a filter.
    pub(in crate::session) fn wants_subscribe(&mut self) -> bool {
        let wanted = self
            .filters
            .iter()
            .any(|filter| filter.sync == Sync::Needed);
        self.pending = wanted;
        wanted
    }

    /// Hands the filters of the next SUBSCRIBE packet to `write`, remembers them under the packet identifier and
    /// gives the packet's properties. Filters that this server cannot take are settled here instead.
    pub(in crate::session) fn next_subscribe(
        &mut self,
        id: PacketId,
        limits: &ServerLimits,
        room: &Room,
        events: &mut Events,
        mut write: impl FnMut(TopicFilter<'_>, SubscribeOptions),
    ) -> Option<PropertiesBuf> {
        let mut refused = Vec::new();
        let mut chosen: Vec<Chosen> = Vec::new();
        let mut group = None;
        let mut size = 0;
        for (place, filter) in self.filters.iter().enumerate() {
            if filter.sync != Sync::Needed {
                continue;
            }
            let Ok(parsed) = TopicFilter::new(&filter.text) else {
                continue;
            };
            let bytes = filter.text.len() + 3;
            let properties = self.call_properties(filter.call);
            let named = properties.subscription_identifiers().next().is_some();
            let available = limits.subscription_identifiers_available;
            let mut length = properties.as_bytes().len();
            let (wildcard, shared) = (parsed.has_wildcard(), parsed.is_shared());
            let error = if wildcard && !limits.wildcard_available {
                Some(Error::WildcardNotSupported)
            } else if shared && !limits.shared_available {
                Some(Error::SharedNotSupported)
            } else if named && !available {
                Some(Error::IdentifierNotSupported)
            } else if !room.takes(length, bytes, 0) {
                Some(Error::PacketTooLarge)
            } else {
                None
            };
            if let Some(error) = error {
                refused.push((filter.id, error));
                continue;
            }
            // Better a filter without identifier than one that the server does not hear of.
            let identified = available && !named && room.takes(length + IDENTIFIER_BYTES, bytes, 0);
            let own = Group {
                call: filter.call,
                identified,
                identifier: filter.identifier().filter(|_| identified),
            };
            let broad = wildcard || shared;
            let overlaps = |other: &Chosen| {
                (broad || other.broad)
                    && self.parsed(other.place).is_some_and(|other| {
                        overlap(parsed.filter_without_share(), other.filter_without_share())
                    })
            };
            if *group.get_or_insert(own) != own || identified && chosen.iter().any(overlaps) {
                continue;
            }
            if identified {
                length += IDENTIFIER_BYTES;
            }
            if !room.takes(length, size + bytes, chosen.len()) {
                break;
            }
            write(parsed, filter.options);
            size += bytes;
            chosen.push(Chosen { place, broad });
        }

        let group = group.unwrap_or_default();
        let mut properties = PropertiesBuf::from(self.call_properties(group.call));
        if group.identified {
            let identifier = group.identifier.unwrap_or_else(|| self.identifiers.take());
            // 0 is not pushed: then it has none.
            let _ = properties.var_int(PropertyId::SubscriptionIdentifier, identifier);
        }
        let carried = properties.as_properties();
        let identifier = carried.subscription_identifiers().next().unwrap_or(0);
        let mut filters = Vec::with_capacity(chosen.len());
        for Chosen { place, .. } in chosen {
            if let Some(filter) = self.filters.get_mut(place) {
                filter.sync = Sync::Sent;
                filter.identified(identifier);
                filters.push((filter.id, Vec::new()));
            }
        }
        for (at, error) in refused {
            let waiting = self.waiting_for(at);
            self.settle_filter(at, &waiting, Err(error), Properties::EMPTY, events);
        }
        if filters.is_empty() {
            return None;
        }
        for (at, waiting) in &mut filters {
            *waiting = self.waiting_for(*at);
        }
        self.requests.push(Request { id, filters });
        Some(properties)
    }

    fn call_properties(&self, call: Option<SubscriptionKey>) -> Properties<'_> {
        let handle = call.and_then(|key| self.handle(key));
        handle.map_or(Properties::EMPTY, |handle| {
            handle.properties.as_properties()
        })
    }

    fn parsed(&self, place: usize) -> Option<TopicFilter<'_>> {
        TopicFilter::new(&self.filters.get(place)?.text).ok()
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::topic::FilterTrie;

    #[test]
    fn filters_overlap_if_and_only_if_a_topic_matches_both() {
        const LEVELS: [&str; 5] = ["a", "b", "", "$", "+"];
        let mut filters = alloc::vec![alloc::string::String::from("#")];
        let mut topics = Vec::new();
        for first in LEVELS {
            filters.extend([first.into(), [first, "/#"].concat()]);
            for second in LEVELS {
                filters.push([first, "/", second].concat());
                filters.push([first, "/", second, "/#"].concat());
                topics.extend([first.into(), [first, "/", second].concat()]);
                for third in LEVELS {
                    topics.push([first, "/", second, "/", third].concat());
                }
            }
        }
        topics.retain(|topic| !topic.contains('+'));
        let matches = |filter: &str| -> Vec<bool> {
            let mut trie = FilterTrie::new();
            trie.insert(filter, 1);
            let mut found = Vec::new();
            let mut one = |topic: &alloc::string::String| {
                found.clear();
                trie.matches(topic, &mut found);
                !found.is_empty()
            };
            topics.iter().map(&mut one).collect()
        };
        let matched: Vec<_> = filters.iter().map(|filter| matches(filter)).collect();
        for (one, of_one) in filters.iter().zip(&matched) {
            for (other, of_other) in filters.iter().zip(&matched) {
                let common = of_one.iter().zip(of_other).any(|(&a, &b)| a && b);
                assert_eq!(overlap(one, other), common, "{one} and {other}");
            }
        }
    }
}
