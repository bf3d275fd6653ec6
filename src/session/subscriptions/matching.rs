//! Which filters a topic matches. Most messages have a topic that one before them had: it is found at its number, with
//! what it matches. Numbers go on to the host, for which the same number is the same text. It knows no subscriptions.

use alloc::string::String;
use alloc::vec::Vec;

use crate::session::event::TopicNumber;
use crate::topic::FilterTrie;

/// How many bits the numbers of topics have.
const BITS: u32 = 11;
/// All numbers but one.
const COUNT: usize = TopicNumber::NONE.number as usize;
/// Longer topics have no number, which bounds the memory.
const LONGEST: usize = 128;

#[derive(Default)]
struct Known {
    topic: String,
    /// The only filter that matches it; 0 if it is to be looked for.
    filter: u32,
}

#[derive(Default)]
pub(super) struct Matching {
    trie: FilterTrie,
    /// At their numbers; empty before the first message.
    known: Vec<Known>,
}

impl Matching {
    pub(super) fn insert(&mut self, filter: &str, id: u32) {
        self.trie.insert(filter, id);
        self.forget();
    }

    pub(super) fn remove(&mut self, filter: &str, id: u32) {
        self.trie.remove(filter, id);
        self.forget();
    }

    /// The filters with exactly this text.
    pub(super) fn get(&self, filter: &str) -> &[u32] {
        self.trie.get(filter)
    }

    /// What a topic matches has changed. To be told a text once more costs a host little.
    pub(super) fn forget(&mut self) {
        self.known = Vec::new();
    }

    /// Finds the filters that the topic matches. Gives the place that it has or will have.
    pub(super) fn find(&self, topic: &str, found: &mut Vec<u32>) -> usize {
        found.clear();
        let place = place(topic);
        match self.known.get(place) {
            Some(known) if known.filter != 0 && known.topic == topic => found.push(known.filter),
            _ => self.trie.matches(topic, found),
        }
        place
    }

    /// The message is delivered: its topic has its number from now on.
    pub(super) fn keep(&mut self, place: usize, topic: &str, found: &[u32]) -> TopicNumber {
        while self.known.len() < COUNT {
            self.known.push(Known::default());
        }
        let Some(known) = self.known.get_mut(place) else {
            return TopicNumber::NONE;
        };
        known.filter = match found {
            [only] => *only,
            _ => 0,
        };
        let is_new = known.topic != topic;
        if is_new {
            known.topic.clear();
            known.topic.push_str(topic);
        }
        TopicNumber {
            number: place as u32,
            is_new,
        }
    }
}

fn place(topic: &str) -> usize {
    if topic.len() > LONGEST {
        return COUNT;
    }
    let mut hash = 0u32;
    for &byte in topic.as_bytes() {
        hash = (hash ^ u32::from(byte)).wrapping_mul(0x9E37_79B1);
    }
    (hash >> (u32::BITS - BITS)) as usize
}

#[cfg(test)]
mod tests {
    use super::*;
    use alloc::format;
    use alloc::vec;

    /// What the topic matches, and its number.
    fn delivered(matching: &mut Matching, topic: &str) -> (Vec<u32>, TopicNumber) {
        let mut found = Vec::new();
        let place = matching.find(topic, &mut found);
        let number = matching.keep(place, topic, &found);
        (found, number)
    }

    #[test]
    fn a_topic_has_its_number_until_another_takes_it() {
        let mut matching = Matching::default();
        matching.insert("#", 1);
        let (_, first) = delivered(&mut matching, "a");
        assert!(first.is_new);
        let (_, again) = delivered(&mut matching, "a");
        assert_eq!((again.number, again.is_new), (first.number, false));

        let other = (0..)
            .map(|index| format!("{index}"))
            .find(|topic| place(topic) == first.number as usize)
            .unwrap();
        let (found, taken) = delivered(&mut matching, &other);
        assert_eq!((found, taken), (vec![1], first));
        assert_eq!(delivered(&mut matching, "a").1, first);
    }

    #[test]
    fn long_topics_have_no_number() {
        let mut matching = Matching::default();
        matching.insert("#", 1);
        let long = "a".repeat(LONGEST + 1);
        for _ in 0..2 {
            let (found, number) = delivered(&mut matching, &long);
            assert_eq!((found, number), (vec![1], TopicNumber::NONE));
        }
        assert!(delivered(&mut matching, &long[1..]).1 != TopicNumber::NONE);
    }

    #[test]
    fn what_a_topic_matches_is_looked_for_again_when_filters_change() {
        let mut matching = Matching::default();
        let found = |matching: &mut Matching| {
            let (mut once, _) = delivered(matching, "a/b");
            let (mut twice, _) = delivered(matching, "a/b");
            once.sort_unstable();
            twice.sort_unstable();
            assert_eq!(once, twice);
            once
        };
        matching.insert("a/+", 1);
        assert_eq!(found(&mut matching), [1]);
        matching.insert("a/b", 2);
        assert_eq!(found(&mut matching), [1, 2]);
        matching.remove("a/+", 1);
        assert_eq!(found(&mut matching), [2]);
        matching.remove("a/b", 2);
        assert_eq!(found(&mut matching), []);
        matching.insert("#", 3);
        assert_eq!(found(&mut matching), [3]);
    }
}
