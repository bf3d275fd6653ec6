//! Topic names and filters: the rules of section 4.7, and the trie against a matcher that is too simple to be wrong.

use webmqtt::codec::{TopicFilter, TopicName, validate_text};
use webmqtt::topic::FilterTrie;

use crate::meter;

/// Lines. The first is a topic name, the others are filters; those with an odd length are taken out again later.
pub fn run(data: &[u8]) {
    let mut lines = data.split(|&byte| byte == b'\n');
    let topic = lines.next().and_then(text).unwrap_or_default();
    let filters: Vec<&str> = lines.filter_map(text).collect();
    let topic = TopicName::new(topic).ok();

    let mut trie = FilterTrie::new();
    let mut kept = Vec::new();
    for (value, filter) in (0..).zip(&filters) {
        let Ok(parsed) = TopicFilter::new(filter) else {
            continue;
        };
        shared(parsed);
        let filter = parsed.filter_without_share();
        assert!(!filter.is_empty());
        trie.insert(filter, value);
        trie.insert(filter, value);
        assert_eq!(
            trie.get(filter).iter().filter(|&&is| is == value).count(),
            1
        );
        kept.push((filter, value));
    }
    check(&trie, topic, &kept, filters.len());
    kept.retain(|&(filter, value)| {
        let stays = filter.len() % 2 == 0;
        if !stays {
            trie.remove(filter, value);
            assert!(!trie.get(filter).contains(&value));
        }
        stays
    });
    check(&trie, topic, &kept, filters.len());
    for (filter, value) in kept {
        trie.remove(filter, value);
    }
    check(&trie, topic, &[], filters.len());
}

fn text(line: &[u8]) -> Option<&str> {
    let valid = validate_text(line).ok();
    if valid.is_some() {
        assert_eq!(std::str::from_utf8(line).ok(), valid);
    }
    valid
}

fn shared(filter: TopicFilter<'_>) {
    let text = filter.as_str();
    assert_eq!(filter.is_shared(), text.starts_with("$share/"));
    if let Some(name) = filter.share_name() {
        assert_eq!(
            format!("$share/{name}/{}", filter.filter_without_share()),
            text
        );
        assert!(!name.is_empty() && !name.contains(['/', '+', '#']));
    }
}

fn check(trie: &FilterTrie, topic: Option<TopicName<'_>>, kept: &[(&str, u32)], filters: usize) {
    let Some(topic) = topic else { return };
    let topic = topic.as_str();
    let mut found = Vec::new();
    meter::reset();
    meter::inside(|| trie.matches(topic, &mut found));
    let work = meter::cost().work;
    // Each filter is on one path, and a path is as long as its filter.
    let size: usize = kept.iter().map(|(filter, _)| filter.len() + 1).sum();
    assert!(
        work <= 1_000 + 400 * (topic.len() + size + filters) as u64,
        "{work} steps for {} bytes of topic, {size} of filters",
        topic.len()
    );
    found.sort_unstable();
    let expected: Vec<u32> = kept
        .iter()
        .filter(|(filter, _)| matches(filter, topic))
        .map(|&(_, value)| value)
        .collect();
    assert_eq!(found, expected, "{topic:?} against {kept:?}");
}

/// Section 4.7.1 and [MQTT-4.7.2-1], word by word.
fn matches(filter: &str, topic: &str) -> bool {
    if topic.starts_with('$') && filter.starts_with(['+', '#']) {
        return false;
    }
    let (mut filter, mut topic) = (filter.split('/'), topic.split('/'));
    loop {
        match (filter.next(), topic.next()) {
            (Some("#"), _) | (None, None) => return true,
            (Some("+"), Some(_)) => {}
            (Some(level), Some(same)) if level == same => {}
            _ => return false,
        }
    }
}
