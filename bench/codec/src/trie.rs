//! Finding the subscriptions that a topic is for, among more and more filters.

use webmqtt::topic::FilterTrie;

use crate::{Run, Work};

const TOPICS: usize = 64;

struct Match {
    trie: FilterTrie,
    topics: Vec<String>,
    found: Vec<u32>,
}

impl Run for Match {
    fn prepare(&mut self) {
        self.found.clear();
    }

    fn run(&mut self) {
        for topic in &self.topics {
            self.found.clear();
            self.trie.matches(topic, &mut self.found);
            std::hint::black_box(&self.found);
        }
    }
}

/// One filter in ten has a wildcard; each topic matches one to three of them.
fn filter(nth: usize) -> String {
    match nth % 10 {
        0 => format!("site/{}/+/temp", nth / 100),
        5 => format!("site/{}/#", nth / 100),
        _ => format!("site/{}/device-{nth}/temp", nth / 100),
    }
}

fn topic(filters: usize, nth: usize) -> String {
    let at = nth * filters / TOPICS / 10 * 10 + 1;
    format!("site/{}/device-{at}/temp", at / 100)
}

pub fn add(works: &mut Vec<Work>) {
    for (filters, title) in [
        (10, "10 filters"),
        (100, "100 filters"),
        (1_000, "1,000 filters"),
        (10_000, "10,000 filters"),
        (100_000, "100,000 filters"),
    ] {
        let topics: Vec<String> = (0..TOPICS).map(|nth| topic(filters, nth)).collect();
        let mut trie = FilterTrie::new();
        for nth in 0..filters {
            trie.insert(&filter(nth), nth as u32);
        }
        works.push(Work {
            group: "match",
            case: title.to_owned(),
            codec: "webmqtt",
            packets: TOPICS,
            run: Box::new(Match {
                trie,
                topics: topics.clone(),
                found: Vec::new(),
            }),
        });
        #[cfg(feature = "peers")]
        if filters <= 1_000 {
            works.push(one_by_one(filters, title, topics));
        }
    }
}

/// Where there is no trie: each filter is asked.
#[cfg(feature = "peers")]
fn one_by_one(filters: usize, title: &str, topics: Vec<String>) -> Work {
    struct OneByOne {
        filters: Vec<String>,
        topics: Vec<String>,
    }
    impl Run for OneByOne {
        fn prepare(&mut self) {}

        fn run(&mut self) {
            for topic in &self.topics {
                let matching = self.filters.iter();
                let matching = matching.filter(|filter| rumqttc::matches(topic, filter));
                std::hint::black_box(matching.count());
            }
        }
    }
    Work {
        group: "match",
        case: title.to_owned(),
        codec: "rumqttc",
        packets: TOPICS,
        run: Box::new(OneByOne {
            filters: (0..filters).map(filter).collect(),
            topics,
        }),
    }
}
