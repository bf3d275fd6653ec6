//! Routing: which filters match a topic name.
//!
//! A trie over topic levels. It stores numbers and knows nothing of subscriptions, QoS or packets; filters come in
//! validated, without their `$share/{name}/` prefix.

use alloc::boxed::Box;
use alloc::vec::Vec;

const ROOT: u32 = 0;

/// Maps topic filters to numbers and finds those whose filter matches a topic name.
///
/// ```
/// use webmqtt::topic::FilterTrie;
///
/// let mut trie = FilterTrie::new();
/// trie.insert("home/+/temp", 1);
/// trie.insert("home/#", 2);
/// let mut found = Vec::new();
/// trie.matches("home/kitchen/temp", &mut found);
/// found.sort();
/// assert_eq!(found, [1, 2]);
/// ```
#[derive(Debug)]
pub struct FilterTrie {
    nodes: Vec<Node>,
    free: Vec<u32>,
}

#[derive(Debug, Default)]
struct Node {
    /// Sorted by level.
    children: Vec<(Box<[u8]>, u32)>,
    /// Below `+`, which every topic looks for. [`ROOT`] is below nothing.
    any: u32,
    here: Vec<u32>,
    /// Filters that end in `#` below this level. They match this level itself too.
    below: Vec<u32>,
}

impl Node {
    /// Where the child of this level is, or belongs.
    #[cfg_attr(not(target_arch = "wasm32"), inline(always))]
    fn place(&self, level: &[u8]) -> Result<usize, usize> {
        self.children
            .binary_search_by(|(name, _)| (**name).cmp(level))
    }

    fn child(&self, level: &[u8]) -> Option<u32> {
        if level == b"+" {
            return (self.any != ROOT).then_some(self.any);
        }
        let at = self.place(level).ok()?;
        self.children.get(at).map(|&(_, node)| node)
    }

    fn is_empty(&self) -> bool {
        self.children.is_empty()
            && self.any == ROOT
            && self.here.is_empty()
            && self.below.is_empty()
    }
}

impl Default for FilterTrie {
    fn default() -> Self {
        Self::new()
    }
}

impl FilterTrie {
    /// A trie without filters.
    #[must_use]
    pub fn new() -> Self {
        Self {
            nodes: alloc::vec![Node::default()],
            free: Vec::new(),
        }
    }

    /// Adds `value` under `filter`. The same pair twice is stored once.
    pub fn insert(&mut self, filter: &str, value: u32) {
        let mut at = ROOT;
        for level in levels(filter) {
            if level == b"#" {
                return add(self.node_mut(at).map(|node| &mut node.below), value);
            }
            at = match self.node(at).and_then(|node| node.child(level)) {
                Some(child) => child,
                None => self.grow(at, level),
            };
        }
        add(self.node_mut(at).map(|node| &mut node.here), value);
    }

    /// The values stored under exactly this filter.
    #[must_use]
    pub fn get(&self, filter: &str) -> &[u32] {
        let mut at = ROOT;
        for level in levels(filter) {
            let Some(node) = self.node(at) else {
                return &[];
            };
            if level == b"#" {
                return &node.below;
            }
            match node.child(level) {
                Some(child) => at = child,
                None => return &[],
            }
        }
        self.node(at).map_or(&[], |node| &node.here)
    }

    /// Removes `value` from under `filter`; levels that lead nowhere any more go with it.
    pub fn remove(&mut self, filter: &str, value: u32) {
        let mut path = Vec::new();
        let mut at = ROOT;
        let mut multi_level = false;
        for level in levels(filter) {
            if level == b"#" {
                multi_level = true;
                break;
            }
            let Some(child) = self.node(at).and_then(|node| node.child(level)) else {
                return;
            };
            path.push((at, level));
            at = child;
        }
        if let Some(node) = self.node_mut(at) {
            let list = if multi_level {
                &mut node.below
            } else {
                &mut node.here
            };
            if let Some(place) = list.iter().position(|&stored| stored == value) {
                list.remove(place);
            }
        }
        while let Some((parent, level)) = path.pop() {
            if !self.node(at).is_some_and(Node::is_empty) {
                return;
            }
            if let Some(node) = self.node_mut(parent) {
                if level == b"+" {
                    node.any = ROOT;
                } else if let Ok(place) = node.place(level) {
                    node.children.remove(place);
                }
            }
            self.free.push(at);
            at = parent;
        }
    }

    /// Appends to `found` the values of all filters that match the topic name.
    pub fn matches(&self, topic: &str, found: &mut Vec<u32>) {
        // Wildcards at the first level do not match names that begin with `$` [MQTT-4.7.2-1].
        let hidden = topic.starts_with("$");
        // An explicit stack: the depth of a filter is the user's choice, the depth of the call stack is not.
        let mut open: Vec<(u32, Option<&[u8]>)> = Vec::new();
        open.push((ROOT, Some(topic.as_bytes())));
        while let Some((at, rest)) = open.pop() {
            let Some(node) = self.node(at) else { continue };
            let wildcards = !(hidden && at == ROOT);
            if wildcards {
                found.extend_from_slice(&node.below);
            }
            let Some(rest) = rest else {
                found.extend_from_slice(&node.here);
                continue;
            };
            let end = rest.iter().position(is_separator).unwrap_or(rest.len());
            let level = rest.get(..end).unwrap_or_default();
            let rest = rest.get(end + 1..);
            if wildcards && node.any != ROOT {
                open.push((node.any, rest));
            }
            if let Some(child) = node.child(level) {
                open.push((child, rest));
            }
        }
    }

    fn node(&self, at: u32) -> Option<&Node> {
        self.nodes.get(at as usize)
    }

    fn node_mut(&mut self, at: u32) -> Option<&mut Node> {
        self.nodes.get_mut(at as usize)
    }

    fn grow(&mut self, parent: u32, level: &[u8]) -> u32 {
        let child = match self.free.pop() {
            Some(reused) => reused,
            None => {
                self.nodes.push(Node::default());
                (self.nodes.len() - 1) as u32
            }
        };
        if let Some(node) = self.node_mut(parent) {
            if level == b"+" {
                node.any = child;
            } else if let Err(place) = node.place(level) {
                node.children.insert(place, (level.into(), child));
            }
        }
        child
    }
}

fn levels(filter: &str) -> impl Iterator<Item = &[u8]> {
    filter.as_bytes().split(is_separator)
}

#[expect(
    clippy::trivially_copy_pass_by_ref,
    reason = "what slices are split with"
)]
fn is_separator(byte: &u8) -> bool {
    *byte == b'/'
}

fn add(list: Option<&mut Vec<u32>>, value: u32) {
    if let Some(list) = list
        && !list.contains(&value)
    {
        list.push(value);
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use alloc::vec;

    fn matching(filters: &[&str], topic: &str) -> Vec<u32> {
        let mut trie = FilterTrie::new();
        for (at, filter) in filters.iter().enumerate() {
            trie.insert(filter, at as u32);
        }
        let mut found = Vec::new();
        trie.matches(topic, &mut found);
        found.sort_unstable();
        found
    }

    #[test]
    fn matches_by_the_rules_of_section_4_7() {
        for (filter, topic, expected) in [
            ("sport/tennis/player1/#", "sport/tennis/player1", true),
            (
                "sport/tennis/player1/#",
                "sport/tennis/player1/ranking",
                true,
            ),
            (
                "sport/tennis/player1/#",
                "sport/tennis/player1/score/wimbledon",
                true,
            ),
            ("sport/#", "sport", true),
            ("#", "a/b/c", true),
            ("#", "/", true),
            ("sport/tennis/+", "sport/tennis/player1", true),
            ("sport/tennis/+", "sport/tennis/player1/ranking", false),
            ("sport/+", "sport", false),
            ("sport/+", "sport/", true),
            ("+/+", "/finance", true),
            ("/+", "/finance", true),
            ("+", "/finance", false),
            ("+", "", true),
            ("a//b", "a//b", true),
            ("a/+/b", "a//b", true),
            ("a/b", "a/B", false),
            ("#", "$SYS/uptime", false),
            ("+/uptime", "$SYS/uptime", false),
            ("$SYS/#", "$SYS/uptime", true),
            ("$SYS/+", "$SYS/uptime", true),
            ("a/#", "a/$b", true),
            ("a/+", "ab", false),
            ("a", "a/", false),
            ("a/", "a", false),
        ] {
            assert_eq!(
                matching(&[filter], topic),
                if expected { vec![0] } else { vec![] },
                "{filter} on {topic}"
            );
        }
    }

    #[test]
    fn finds_every_overlapping_filter_once() {
        assert_eq!(
            matching(&["a/#", "a/+", "a/b", "#", "+/b", "x"], "a/b"),
            vec![0, 1, 2, 3, 4]
        );
    }

    /// Section 4.7 as it is written, a level at a time.
    fn plainly(filter: &[&str], topic: &[&str]) -> bool {
        match (filter, topic) {
            (["#"], _) => true,
            ([level, filter @ ..], [name, topic @ ..]) => {
                (*level == "+" || level == name) && plainly(filter, topic)
            }
            (filter, topic) => filter.is_empty() && topic.is_empty(),
        }
    }

    #[test]
    fn many_filters_together_match_what_each_matches_alone() {
        let mut words = vec![vec![]];
        for length in 0..4 {
            let longer = words.clone();
            for word in longer.into_iter().filter(|word| word.len() == length) {
                for level in ["", "a", "ab", "+", "#"] {
                    words.push([&word[..], &[level]].concat());
                }
            }
        }
        words.remove(0);
        let is_filter = |word: &&Vec<&str>| word.iter().rev().skip(1).all(|level| *level != "#");
        let is_topic = |word: &&Vec<&str>| word.iter().all(|level| !["+", "#"].contains(level));
        let filters: Vec<&Vec<&str>> = words.iter().filter(is_filter).collect();
        let texts: Vec<_> = filters.iter().map(|filter| filter.join("/")).collect();
        let texts: Vec<&str> = texts.iter().map(|text| &**text).collect();
        for topic in words.iter().filter(is_topic) {
            let expected: Vec<u32> = (0..)
                .zip(&filters)
                .filter(|(_, filter)| plainly(filter, topic))
                .map(|(at, _)| at)
                .collect();
            assert_eq!(matching(&texts, &topic.join("/")), expected, "{topic:?}");
        }
    }

    #[test]
    fn removing_a_filter_leaves_its_neighbours() {
        let mut trie = FilterTrie::new();
        for (filter, value) in [("a/b/c", 1), ("a/b", 2), ("a/b/#", 3), ("a/b/c", 4)] {
            trie.insert(filter, value);
        }
        trie.remove("a/b/c", 1);
        trie.remove("a/b", 2);
        trie.remove("not/there", 9);
        assert_eq!(trie.get("a/b/c"), [4]);
        assert_eq!(trie.get("a/b"), []);
        assert_eq!(trie.get("a/b/#"), [3]);
        assert_eq!(trie.get("a/#"), []);
    }

    #[test]
    fn removing_a_filter_with_a_wildcard_leaves_its_neighbours() {
        let mut trie = FilterTrie::new();
        for (filter, value) in [("a/+/c", 1), ("a/+", 2), ("a/b", 3)] {
            trie.insert(filter, value);
        }
        trie.remove("a/+/c", 1);
        assert_eq!(trie.get("a/+/c"), []);
        assert_eq!(trie.get("a/+"), [2]);
        trie.remove("a/+", 2);
        assert_eq!(trie.get("a/+"), []);
        assert_eq!(trie.get("a/b"), [3]);
    }

    #[test]
    fn gives_back_the_nodes_of_removed_filters() {
        let mut trie = FilterTrie::new();
        for round in 0..1000 {
            trie.insert("some/long/filter/+/#", round);
            trie.remove("some/long/filter/+/#", round);
        }
        assert!(trie.nodes.len() < 8);
    }

    #[test]
    fn a_filter_of_thirty_thousand_levels_does_not_exhaust_the_stack() {
        let deep = "/".repeat(30_000);
        assert_eq!(matching(&[&deep], &deep), vec![0]);
    }
}
