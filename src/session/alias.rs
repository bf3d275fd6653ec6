//! Topic aliases: numbers that stand for topic names. Each direction has its own, and both end with the connection
//! [MQTT-3.3.2-7].

use alloc::string::String;
use alloc::vec::Vec;

use crate::codec::{PropertyId, Publish, ReasonCode};

/// What the aliases of the server stand for. The Topic Alias Maximum that we announce bounds the table.
#[derive(Default)]
pub(super) struct ServerAliases {
    /// At alias - 1; empty where there is none.
    topics: Vec<String>,
}

impl ServerAliases {
    /// Learns from a message what its alias stands for, or checks that it is known. `Err` if the server must not send
    /// it.
    pub(super) fn learn(&mut self, publish: &Publish<'_>, maximum: u16) -> Result<(), ReasonCode> {
        let Some(at) = place(publish) else {
            return Ok(());
        };
        if at >= usize::from(maximum) {
            return Err(ReasonCode::TopicAliasInvalid);
        }
        if publish.topic.is_empty() {
            let known = self.topics.get(at).is_some_and(|topic| !topic.is_empty());
            return known.then_some(()).ok_or(ReasonCode::ProtocolError);
        }
        if self.topics.len() <= at {
            self.topics.resize(at + 1, String::new());
        }
        if let Some(topic) = self.topics.get_mut(at) {
            topic.clear();
            topic.push_str(publish.topic);
        }
        Ok(())
    }

    /// The topic of a message that has been learned from.
    pub(super) fn topic<'a>(&'a self, publish: &Publish<'a>) -> &'a str {
        if !publish.topic.is_empty() {
            return publish.topic;
        }
        place(publish)
            .and_then(|at| self.topics.get(at))
            .map_or("", String::as_str)
    }

    /// The message with its topic.
    pub(super) fn resolve<'a>(&'a self, publish: Publish<'a>) -> Publish<'a> {
        Publish {
            topic: self.topic(&publish),
            ..publish
        }
    }

    pub(super) fn clear(&mut self) {
        self.topics.clear();
    }
}

fn place(publish: &Publish<'_>) -> Option<usize> {
    // Decoding has refused alias 0.
    let alias = publish.properties.two_byte(PropertyId::TopicAlias)?;
    usize::from(alias).checked_sub(1)
}
