//! Filters that the server has and nobody here has declared: those of an earlier life, and what is stored for the next.

use alloc::string::String;
use alloc::vec::Vec;

use super::{Filter, Leaving, Subscriptions, Sync, Unsubscribe, place_of_filter};
use crate::codec::{Properties, PropertiesBuf, ReasonCode, SubscribeOptions, TopicFilter};
use crate::session::event::{Events, Token};

/// What the record of a filter has to say.
pub(in crate::session) enum Remembered<'a> {
    /// The server has it.
    Kept(&'a str, SubscribeOptions),
    /// It is being withdrawn, and the server may still have it.
    Leaving,
    Gone,
}

impl Subscriptions {
    pub(in crate::session) fn remembered(&self, id: u32) -> Remembered<'_> {
        if let Some(filter) = self.filter(id).filter(|filter| filter.kept) {
            return Remembered::Kept(&filter.text, filter.options);
        }
        let mut leaving = self.unsubscribes.iter().flat_map(|call| &call.leaving);
        if leaving.any(|leaving| leaving.id == id && leaving.kept) {
            Remembered::Leaving
        } else {
            Remembered::Gone
        }
    }

    /// The server had a filter in an earlier life. They come with rising numbers.
    pub(in crate::session) fn restore(
        &mut self,
        id: u32,
        filter: TopicFilter<'_>,
        options: SubscribeOptions,
    ) {
        // Declared anew while it was being withdrawn: the later one counts.
        if let Some(earlier) = self.known(filter)
            && let Some(place) = place_of_filter(&self.filters, earlier)
        {
            self.remove_filter(place);
            self.notes.push(earlier);
        }
        self.last_filter = id;
        self.matching.insert(filter.filter_without_share(), id);
        self.filters.push(Filter {
            id,
            text: String::from(filter.as_str()),
            options,
            handles: Vec::new(),
            sync: Sync::Granted,
            call: None,
            identifiers: Vec::new(),
            kept: true,
        });
    }

    /// The filters that the server has from an earlier life and that nobody has declared since.
    pub(in crate::session) fn unclaimed(&self) -> impl Iterator<Item = &str> {
        let filters = self.filters.iter();
        filters
            .filter(|filter| filter.handles.is_empty())
            .map(|filter| filter.text.as_str())
    }

    /// Withdraws one of them.
    pub(in crate::session) fn withdraw_unclaimed(
        &mut self,
        token: Token,
        filter: &str,
        events: &mut Events,
    ) {
        let is_it = |known: &Filter| known.handles.is_empty() && known.text == filter;
        let mut call = Unsubscribe {
            token,
            leaving: Vec::new(),
            properties: PropertiesBuf::new(),
            results: Vec::new(),
        };
        match self.filters.iter().position(is_it) {
            Some(place) => {
                let filter = self.remove_filter(place);
                call.results.push((filter.id, Ok(ReasonCode::Success)));
                call.leaving.push(Leaving {
                    id: filter.id,
                    text: filter.text,
                    identifiers: filter.identifiers,
                    sent_as: None,
                    kept: filter.kept,
                });
                self.unsubscribes.push(call);
                self.pending = true;
            }
            None => events.push_back(call.event(Properties::EMPTY)),
        }
    }

    /// The server has forgotten every filter: those that nobody has declared are forgotten here, too.
    pub(super) fn forget_kept(&mut self) {
        let mut place = 0;
        while let Some(filter) = self.filters.get_mut(place) {
            let (id, kept) = (filter.id, core::mem::take(&mut filter.kept));
            if filter.handles.is_empty() {
                self.remove_filter(place);
            } else {
                place += 1;
            }
            if kept {
                self.notes.push(id);
            }
        }
    }
}
