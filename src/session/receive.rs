//! What each packet from the server does: the one place where packets meet the parts of a session.

use super::Core;
use super::event::{AckToken, Event, State};
use super::inbound::{OwnedMessage, Seen};
use super::outbound::ack;
use super::state::Transport;
use super::timers::Timer;
use crate::codec::{
    self, DecodeError, Decoded, Packet, PacketId, Properties, PropertyId, Publish, QoS, ReasonCode,
    Sender, Version,
};
use crate::error::Error;

/// The first byte of a CONNECT.
const CONNECT: u8 = 0x10;

pub(super) enum Input<'a> {
    Nothing,
    Handled,
    Message(Publish<'a>, Option<AckToken>),
}

impl Core {
    pub(super) fn next_input<'a>(&mut self, recv: &'a [u8]) -> Input<'a> {
        if self.discard || self.transport != Transport::Open || self.authentication_holds() {
            return Input::Nothing;
        }
        let (version, limit) = (
            self.options.version,
            self.options.maximum_packet_size as usize,
        );
        let bytes = recv.get(self.recv_at..self.recv_end).unwrap_or_default();
        // The size limit comes before the body: five bytes are enough to refuse a packet.
        if let Err(error) = codec::scan(bytes, limit, version) {
            return self.not_understood(bytes, error);
        }
        match codec::decode_from(Sender::Server, bytes, version) {
            Ok(Decoded::Packet { packet, len }) => {
                self.recv_at += len;
                let input = self.packet(packet);
                if self.authentication.holds_packet() {
                    self.recv_at -= len;
                }
                input
            }
            Ok(Decoded::Incomplete { .. }) => Input::Nothing,
            Err(error) => self.not_understood(bytes, error),
        }
    }

    fn packet<'a>(&mut self, packet: Packet<'a>) -> Input<'a> {
        if self.declined_problem_information && explains(&packet) {
            // [MQTT-3.1.2-29]
            return self.refuse(Error::Protocol(ReasonCode::ProtocolError));
        }
        let events = &mut self.events;
        let verdict = match (self.state, packet) {
            // Nothing can be an answer before the CONNECT has left.
            (State::Connecting, _) if self.first_packets.first() == Some(&CONNECT) => {
                Err(ReasonCode::ProtocolError)
            }
            (State::Connecting, Packet::ConnAck(packet)) if packet.reason.is_error() => {
                self.unanswered = false;
                let cause = Error::ConnectRefused(packet.reason);
                self.fail(cause, None, packet.properties);
                Ok(())
            }
            (State::Connecting, Packet::ConnAck(packet)) => {
                self.connack_counts(&packet).map(|counts| {
                    if counts {
                        self.accepted(&packet);
                    }
                })
            }
            (_, Packet::Auth(packet)) => self.auth(&packet),
            // [MQTT-3.2.0-1]: nothing but CONNACK, and AUTH before it, may come first.
            (State::Connecting, _) | (_, Packet::ConnAck(_)) => Err(ReasonCode::ProtocolError),
            (_, Packet::Publish(packet)) => return self.published_to_us(packet),
            (_, Packet::PubAck(packet)) => self.outbound.puback(&packet, events),
            (_, Packet::PubRec(packet)) => self.outbound.pubrec(&packet, events),
            (_, Packet::PubComp(packet)) => self.outbound.pubcomp(&packet, events),
            (_, Packet::PubRel(packet)) => {
                let known = self.released(packet.packet_id);
                let reason = if known || self.options.version != Version::V5 {
                    ReasonCode::Success
                } else {
                    ReasonCode::PacketIdentifierNotFound
                };
                self.outbound
                    .control_stored(&Packet::PubComp(ack(packet.packet_id, reason)));
                Ok(())
            }
            (_, Packet::SubAck(packet)) => {
                let id = packet.packet_id;
                let known = self.subscriptions.acknowledged(&packet, events);
                known.map(|known| self.release_if(known, id))
            }
            (_, Packet::UnsubAck(packet)) => {
                let (id, version) = (packet.packet_id, self.options.version);
                let known = self.subscriptions.unsubscribed(&packet, version, events);
                known.map(|known| self.release_if(known, id))
            }
            (_, Packet::PingResp) => {
                if self.timers.is_set(Timer::PingResponse) {
                    self.timers.stop(Timer::PingResponse);
                    self.round_trip = Some(self.now - self.pinged_at);
                }
                Ok(())
            }
            (_, Packet::Disconnect(packet)) => {
                let cause = match packet.reason {
                    ReasonCode::SessionTakenOver => Error::SessionTakenOver,
                    reason => Error::ServerDisconnect(reason),
                };
                self.fail(cause, None, packet.properties);
                Ok(())
            }
            (
                _,
                Packet::Connect(_)
                | Packet::Subscribe(_)
                | Packet::Unsubscribe(_)
                | Packet::PingReq,
            ) => Err(ReasonCode::ProtocolError),
        };
        match verdict {
            Ok(()) => Input::Handled,
            Err(reason) => self.refuse(Error::Protocol(reason)),
        }
    }

    fn not_understood(&mut self, bytes: &[u8], error: DecodeError) -> Input<'static> {
        if self.speaks_3_1_1_only(bytes) {
            let cause = Error::ConnectRefused(ReasonCode::UnsupportedProtocolVersion);
            self.fail(cause, None, Properties::EMPTY);
            return Input::Handled;
        }
        self.refuse(Error::Malformed(error))
    }

    /// What the server sent ends the connection, and it is told why.
    fn refuse(&mut self, error: Error) -> Input<'static> {
        self.fail(error, error.reason(), Properties::EMPTY);
        Input::Handled
    }

    fn release_if(&mut self, known: bool, id: PacketId) {
        if known {
            self.outbound.inflight.release(id);
        }
    }

    fn published_to_us<'a>(&mut self, packet: Publish<'a>) -> Input<'a> {
        if self.goodbye_sent {
            // It can no longer be acknowledged; the server keeps what it has to keep.
            return Input::Handled;
        }
        let aliases = self.options.topic_alias_maximum;
        if let Err(reason) = self.server_aliases.learn(&packet, aliases) {
            return self.refuse(Error::Protocol(reason));
        }
        // MQTT 3 cannot announce a Receive Maximum.
        let limit = match self.options.version {
            Version::V5 => self.options.receive_maximum.into(),
            Version::V3 | Version::V4 => u32::MAX,
        };
        if let (QoS::ExactlyOnce, Some(id)) = (packet.qos, packet.packet_id)
            && self.outbound.journal.is_stale(id, packet.dup)
        {
            self.released(id);
        }
        let seen = match (packet.qos, packet.packet_id) {
            (QoS::AtLeastOnce, Some(_)) => self.inbound.receive_at_least_once(limit),
            (QoS::ExactlyOnce, Some(id)) => self.inbound.receive_exactly_once(id, limit),
            _ => Seen::New,
        };
        match (seen, packet.packet_id) {
            (Seen::TooMany, _) => self.refuse(Error::Protocol(ReasonCode::ReceiveMaximumExceeded)),
            (Seen::Before, id) => {
                if let Some(id) = id {
                    self.acks.owe_again(id);
                }
                self.send_acks();
                Input::Handled
            }
            (Seen::New, id) => {
                let ack = id.map(|id| self.acks.owe(id, packet.qos));
                Input::Message(packet, ack)
            }
        }
    }

    /// Acknowledges a message, as soon as those before it are.
    pub(super) fn acknowledge(&mut self, ack: Option<AckToken>, reason: ReasonCode) {
        if let Some(token) = ack {
            self.acks.answer(token, reason);
            self.send_acks();
        }
    }

    /// A QoS 2 identifier is free for a new message; whether it was in use.
    fn released(&mut self, id: PacketId) -> bool {
        self.acks.released(id);
        self.outbound.journal.released(id);
        self.inbound.release(id)
    }

    fn send_acks(&mut self) {
        while let Some((owed, reason)) = self.acks.next() {
            let packet = ack(owed.id, reason);
            if owed.qos == QoS::AtLeastOnce {
                self.inbound.puback_due();
                self.outbound.control(&Packet::PubAck(packet));
                continue;
            }
            if reason.is_error() {
                // A refusal ends the exchange: no PUBREL follows.
                self.inbound.release(owed.id);
            } else {
                self.outbound.journal.received(owed.id);
            }
            self.outbound.control_stored(&Packet::PubRec(packet));
        }
    }

    /// A message is handed on. Gives what the application has to acknowledge it with, if it does so itself.
    pub(super) fn handed_on(&mut self, ack: Option<AckToken>) -> Option<AckToken> {
        if self.options.manual_ack {
            return ack;
        }
        self.acknowledge(ack, ReasonCode::Success);
        None
    }

    /// A message came that no subscription is for.
    pub(super) fn unclaimed(&mut self, publish: Publish<'_>, ack: Option<AckToken>) {
        if !self.claims_open {
            return self.acknowledge(ack, ReasonCode::Success);
        }
        let id = publish.packet_id;
        let manual = ack.filter(|_| self.options.manual_ack);
        let message = OwnedMessage::new(&publish, self.server_aliases.topic(&publish), manual);
        if self.inbound.keep_unclaimed(message) {
            self.handed_on(ack);
            return;
        }
        if self.options.version == Version::V5 {
            self.acknowledge(ack, ReasonCode::QuotaExceeded);
        } else if let Some(id) = id {
            // [MQTT-4.8.0-2]: it was not taken, and will be new when it comes again.
            self.released(id);
            return self.fail(Error::UnclaimedDropped, None, Properties::EMPTY);
        }
        if !core::mem::replace(&mut self.inbound.was_full, true) {
            self.warn_of_unclaimed();
        }
    }

    /// Gives up waiting for subscriptions that want the messages of a resumed session.
    pub(super) fn forget_unclaimed(&mut self) {
        self.claims_open = false;
        let dropped = self.inbound.take_unclaimed();
        if !dropped.is_empty() {
            self.warn_of_unclaimed();
        }
        for message in dropped {
            self.acknowledge(message.ack, ReasonCode::Success);
        }
    }

    fn warn_of_unclaimed(&mut self) {
        self.events.push_back(Event::Warning {
            error: Error::UnclaimedDropped,
            filter: None,
        });
    }
}

/// Whether the packet has a Reason String or User Properties that the server may leave out.
fn explains(packet: &Packet<'_>) -> bool {
    let properties = match packet {
        Packet::PubAck(packet)
        | Packet::PubRec(packet)
        | Packet::PubRel(packet)
        | Packet::PubComp(packet) => packet.properties,
        Packet::SubAck(packet) => packet.properties,
        Packet::UnsubAck(packet) => packet.properties,
        Packet::Auth(packet) => packet.properties,
        _ => return false,
    };
    properties.text(PropertyId::ReasonString).is_some()
        || properties.user_properties().next().is_some()
}
