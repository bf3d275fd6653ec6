//! Messages and subscriptions: from a publisher into the broker, and from the broker to whoever subscribed.

use webmqtt::codec::{
    Ack, Packet, PacketId, Property, PropertyId, Publish, QoS, ReasonCode, RetainHandling,
    Subscribe, TopicFilter, TopicName, Unsubscribe, Version,
};

use super::session::{Sending, Subscription};
use super::{Broker, Connection, ConnectionId, Routed, ServerSession, Stored, packets, push};

impl Broker {
    /// The session behind a connection.
    fn session(&mut self, at: ConnectionId) -> Option<&mut ServerSession> {
        let client_id = self.connections.get(&at)?.client_id.as_ref()?;
        self.sessions.get_mut(client_id)
    }

    fn connection(&mut self, at: ConnectionId) -> Option<&mut Connection> {
        self.connections.get_mut(&at)
    }

    // From the client

    pub(super) fn client_publish(&mut self, at: ConnectionId, publish: &Publish<'_>) {
        let Some(connection) = self.connection(at) else {
            return;
        };
        let topic = connection.topic_of(publish);
        let message = Stored::from_publish(publish, topic);
        let limit = connection.maximum_qos;
        assert!(publish.qos <= limit, "above Maximum QoS: {publish:?}");
        let Some(id) = publish.packet_id else {
            return self.take_over(message, false);
        };
        if !connection.unfinished.contains(&id) {
            connection.unfinished.push(id);
        }
        assert!(
            connection.unfinished.len() <= connection.receive_maximum,
            "above Receive Maximum [MQTT-3.3.4-7]"
        );
        if publish.qos == QoS::AtLeastOnce {
            self.take_over(message, false);
            self.finish_incoming(at, id);
            return self.send(at, &Packet::PubAck(Ack::success(id)));
        }
        // [MQTT-4.3.3-10]
        let new = self
            .session(at)
            .is_some_and(|session| session.received.insert(id));
        if new {
            self.take_over(message, false);
        }
        self.send(at, &Packet::PubRec(Ack::success(id)));
    }

    fn finish_incoming(&mut self, at: ConnectionId, id: PacketId) {
        if let Some(connection) = self.connection(at) {
            connection.unfinished.retain(|&unfinished| unfinished != id);
        }
    }

    pub(super) fn client_pubrel(&mut self, at: ConnectionId, id: PacketId) {
        let v5 = self
            .connection(at)
            .is_some_and(|connection| connection.version == Version::V5);
        let known = self
            .session(at)
            .is_some_and(|session| session.received.remove(&id));
        self.finish_incoming(at, id);
        let answer = if known || !v5 {
            Ack::success(id)
        } else {
            packets::because(id.get(), ReasonCode::PacketIdentifierNotFound)
        };
        self.send(at, &Packet::PubComp(answer));
    }

    pub(super) fn client_puback(&mut self, at: ConnectionId, id: PacketId) {
        let Some(session) = self.session(at) else {
            return;
        };
        let sent = session
            .sending
            .iter()
            .position(|sending| sending.id == id && sending.message.qos == QoS::AtLeastOnce);
        let sent = sent.unwrap_or_else(|| panic!("PUBACK for nothing: {id:?}"));
        session.sending.remove(sent);
        self.restore_quota(at);
    }

    pub(super) fn client_pubrec(&mut self, at: ConnectionId, id: PacketId, reason: ReasonCode) {
        let Some(session) = self.session(at) else {
            return;
        };
        let sent = session
            .sending
            .iter()
            .position(|sending| sending.id == id && sending.message.qos == QoS::ExactlyOnce);
        let sent = sent.unwrap_or_else(|| panic!("PUBREC for nothing: {id:?}"));
        // PUBRELs go out in the order of the PUBRECs [MQTT-4.6.0-4].
        let mut sending = session.sending.remove(sent);
        if reason.is_error() {
            return self.restore_quota(at);
        }
        sending.released = true;
        session.sending.push(sending);
        self.send(at, &Packet::PubRel(Ack::success(id)));
    }

    pub(super) fn client_pubcomp(&mut self, at: ConnectionId, id: PacketId) {
        let Some(session) = self.session(at) else {
            return;
        };
        let sent = session
            .sending
            .iter()
            .position(|sending| sending.id == id && sending.released);
        let sent = sent.unwrap_or_else(|| panic!("PUBCOMP for nothing: {id:?}"));
        session.sending.remove(sent);
        self.restore_quota(at);
    }

    fn restore_quota(&mut self, at: ConnectionId) {
        if let Some(connection) = self.connection(at) {
            connection.quota = (connection.quota + 1).min(connection.quota_limit);
        }
        self.flush(at);
    }

    pub(super) fn subscribe(&mut self, at: ConnectionId, packet: &Subscribe<'_>) {
        let forbidden = self.settings.forbidden.clone();
        let mut codes = Vec::new();
        let mut retained = Vec::new();
        let identifier = packet.properties.subscription_identifiers().next();
        assert!(
            identifier.is_none() || !self.settings.identifiers_unavailable,
            "identifiers are not available: {packet:?}"
        );
        for (filter, options) in packet.filters.iter() {
            let text = filter.as_str();
            if forbidden.as_ref().is_some_and(|it| text.starts_with(it)) {
                codes.push(ReasonCode::UnspecifiedError.as_u8());
                continue;
            }
            codes.push(options.qos.as_u8());
            let stored: Vec<Stored> = self.retained.values().cloned().collect();
            let Some(session) = self.session(at) else {
                return;
            };
            let known = session.subscription(text);
            let subscription = Subscription {
                filter: text.into(),
                options,
                identifier,
            };
            match known {
                Some(place) => session.subscriptions[place] = Some(subscription),
                None => {
                    let place = session.subscriptions.len() as u32;
                    session.trie.insert(filter.filter_without_share(), place);
                    session.subscriptions.push(Some(subscription));
                }
            }
            let wanted = match options.retain_handling {
                RetainHandling::SendAtSubscribe => true,
                RetainHandling::SendIfNew => known.is_none(),
                RetainHandling::DoNotSend => false,
            };
            if wanted && !filter.is_shared() {
                for message in stored {
                    if matches(filter, &message.topic) {
                        let qos = message.qos.min(options.qos);
                        let message = Stored { qos, ..message };
                        retained.push(message.identified(identifier));
                    }
                }
            }
        }
        self.send(at, &packets::suback(packet.packet_id.get(), &codes));
        for message in retained {
            self.enqueue(at, message);
        }
        self.flush(at);
    }

    pub(super) fn unsubscribe(&mut self, at: ConnectionId, packet: &Unsubscribe<'_>) {
        let v5 = self
            .connection(at)
            .is_some_and(|connection| connection.version == Version::V5);
        let Some(session) = self.session(at) else {
            return;
        };
        let mut codes = Vec::new();
        for filter in packet.filters.iter() {
            let code = match session.subscription(filter.as_str()) {
                Some(place) => {
                    session.subscriptions[place] = None;
                    let place = place as u32;
                    session.trie.remove(filter.filter_without_share(), place);
                    ReasonCode::Success
                }
                None => ReasonCode::NoSubscriptionExisted,
            };
            codes.push(code.as_u8());
        }
        if !v5 {
            codes.clear();
        }
        self.send(at, &packets::unsuback(packet.packet_id.get(), &codes));
    }

    // To the client

    /// Gives a message to every session that subscribed to it, once each or once for each subscription.
    pub(super) fn route(&mut self, message: Stored) {
        if message.retain {
            if message.payload.is_empty() {
                self.retained.remove(&message.topic);
            } else {
                self.retained.insert(message.topic.clone(), message.clone());
            }
        }
        let mut receivers = Vec::new();
        for (client_id, session) in &mut self.sessions {
            let mut found = Vec::new();
            session.trie.matches(&message.topic, &mut found);
            found.sort_unstable();
            let matching = found
                .into_iter()
                .filter_map(|place| session.subscriptions.get(place as usize)?.as_ref());
            // What overlaps may share a copy; a shared subscription has its messages to itself.
            let (shared, plain): (Vec<_>, Vec<_>) = matching.partition(|subscription| {
                subscription.filter.starts_with("$share/") || self.settings.copy_per_subscription
            });
            let mut copies: Vec<_> = shared.into_iter().map(|one| vec![one]).collect();
            copies.push(plain);
            for subscriptions in copies {
                // Overlapping subscriptions: one copy with the highest QoS [MQTT-3.3.4-2].
                let options = subscriptions
                    .iter()
                    .map(|subscription| subscription.options);
                let Some(options) = options.max_by_key(|options| options.qos) else {
                    continue;
                };
                let copy = Stored {
                    qos: message.qos.min(options.qos),
                    retain: message.retain && options.retain_as_published,
                    ..message.clone()
                };
                let copy = subscriptions.iter().fold(copy, |copy, subscription| {
                    copy.identified(subscription.identifier)
                });
                if session.connection.is_none() && copy.qos == QoS::AtMostOnce {
                    continue;
                }
                let filters = subscriptions.iter().map(|one| one.filter.clone());
                self.routed.push(Routed {
                    client_id: client_id.clone(),
                    generation: session.generation,
                    topic: copy.topic.clone(),
                    payload: copy.payload.clone(),
                    qos: copy.qos,
                    filters: filters.collect(),
                });
                session.waiting.push_back(copy);
            }
            receivers.extend(session.connection);
        }
        for at in receivers {
            self.flush(at);
        }
    }

    fn enqueue(&mut self, at: ConnectionId, message: Stored) {
        if let Some(session) = self.session(at) {
            session.waiting.push_back(message);
        }
    }

    /// Sends what waits, as far as the client's Receive Maximum goes [MQTT-3.3.4-9].
    fn flush(&mut self, at: ConnectionId) {
        loop {
            let quota = self.connection(at).map_or(0, |connection| connection.quota);
            let Some(session) = self.session(at) else {
                return;
            };
            let next = session
                .waiting
                .iter()
                .position(|message| quota > 0 || message.qos == QoS::AtMostOnce);
            let Some(message) = next.and_then(|next| session.waiting.remove(next)) else {
                return;
            };
            let packet_id = (message.qos != QoS::AtMostOnce).then(|| session.next_id());
            if let Some(id) = packet_id {
                session.sending.push(Sending {
                    id,
                    message: message.clone(),
                    released: false,
                });
                if let Some(connection) = self.connection(at) {
                    connection.quota -= 1;
                }
            }
            self.send_publish(at, &message, packet_id, false);
        }
    }

    fn send_publish(
        &mut self,
        at: ConnectionId,
        message: &Stored,
        packet_id: Option<PacketId>,
        dup: bool,
    ) {
        let Some(connection) = self.connection(at) else {
            return;
        };
        let mut properties = message.properties.clone();
        let mut topic = message.topic.as_str();
        if let Some((alias, known)) = connection.alias_for(topic) {
            let alias = Property::TwoByte(PropertyId::TopicAlias, alias);
            properties.push(alias).expect("no alias is stored");
            if known {
                topic = "";
            }
        }
        self.send(
            at,
            &Packet::Publish(Publish {
                dup,
                qos: message.qos,
                retain: message.retain,
                topic: TopicName::new(topic).ok(),
                packet_id,
                properties: properties.as_properties(),
                payload: &message.payload,
            }),
        );
    }

    /// A client is back: sends again what it may have missed [MQTT-4.4.0-1].
    pub(super) fn resume(&mut self, client_id: &str) {
        let Some(session) = self.sessions.get_mut(client_id) else {
            return;
        };
        let Some(at) = session.connection else { return };
        let again: Vec<_> = session
            .sending
            .iter()
            .map(|sending| (sending.id, sending.message.clone(), sending.released))
            .collect();
        for (id, message, released) in again {
            if released {
                self.send(at, &Packet::PubRel(Ack::success(id)));
            } else {
                self.send_publish(at, &message, Some(id), true);
            }
            if let Some(connection) = self.connection(at) {
                connection.quota = connection.quota.saturating_sub(1);
            }
        }
        self.flush(at);
    }
}

impl Stored {
    /// With one more subscription identifier, if there is one.
    fn identified(mut self, identifier: Option<u32>) -> Self {
        if let Some(identifier) = identifier {
            let property = Property::VarInt(PropertyId::SubscriptionIdentifier, identifier);
            push(&mut self.properties, property);
        }
        self
    }
}

fn matches(filter: TopicFilter<'_>, topic: &str) -> bool {
    let mut trie = webmqtt::topic::FilterTrie::new();
    trie.insert(filter.filter_without_share(), 1);
    let mut found = Vec::new();
    trie.matches(topic, &mut found);
    !found.is_empty()
}
