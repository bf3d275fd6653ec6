//! Enhanced authentication (section 4.12): an exchange of AUTH packets, with CONNECT and later over again.
//!
//! It keeps whose turn it is and knows no method: what the data mean is between the application and the server. What
//! ends an exchange well counts only when the application says so, since it can be the server's proof of who it is.

use alloc::vec::Vec;

use super::Core;
use super::event::{Event, State, Token};
use super::outbound::encode;
use super::timers::Timer;
use crate::codec::{
    Auth, ConnAck, Packet, Properties, PropertiesBuf, Property, PropertyId, ReasonCode,
};
use crate::error::Error;

/// Where an exchange of AUTH packets has got to.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum AuthenticationStep {
    /// The server wants an answer.
    Continue,
    /// The server is satisfied, and asks no more.
    Success,
}

/// Whose turn it is.
#[derive(Clone, Copy, Default, PartialEq, Eq)]
enum Turn {
    /// No exchange is under way.
    #[default]
    Nobody,
    Server,
    Application(AuthenticationStep),
    /// The application is satisfied: the packet that ended the exchange may count.
    Settled,
}

#[derive(Default)]
pub(super) struct Authentication {
    /// What the last exchange began with, or the next one does.
    pub(super) data: Option<Vec<u8>>,
    turn: Turn,
    /// The exchange is a re-authentication.
    token: Option<Token>,
}

impl Authentication {
    /// The packet that was read last ends an exchange, and counts only when the application is satisfied.
    pub(super) fn holds_packet(&self) -> bool {
        self.turn == Turn::Application(AuthenticationStep::Success)
    }

    /// It is the application's turn.
    pub(super) fn waits_for_application(&self) -> bool {
        matches!(self.turn, Turn::Application(_))
    }
}

impl Core {
    /// CONNECT leaves.
    pub(super) fn authentication_begins(&mut self) {
        if self.options.authentication_method.is_some() {
            self.authentication.turn = Turn::Server;
        }
    }

    /// The connection is gone, and with it every exchange.
    pub(super) fn authentication_ends(&mut self, cause: Error) {
        self.authentication.turn = Turn::Nobody;
        if let Some(token) = self.authentication.token.take() {
            let result = Err(cause);
            self.events
                .push_back(Event::Reauthenticated { token, result });
        }
    }

    /// What the server sends has to wait: the packet that ends the exchange does, and what comes behind it.
    pub(super) fn authentication_holds(&self) -> bool {
        self.authentication.holds_packet()
    }

    /// A CONNACK with success: whether it counts already.
    pub(super) fn connack_counts(&mut self, packet: &ConnAck<'_>) -> Result<bool, ReasonCode> {
        let method = packet.properties.text(PropertyId::AuthenticationMethod);
        if method != self.options.authentication_method.as_deref() {
            // [MQTT-4.12.0-5] [MQTT-4.12.0-6]
            return Err(ReasonCode::ProtocolError);
        }
        match self.authentication.turn {
            Turn::Server => {
                self.ask_authenticator(AuthenticationStep::Success, packet.properties);
                Ok(false)
            }
            // The server was to wait for us.
            Turn::Application(_) => Err(ReasonCode::ProtocolError),
            Turn::Nobody | Turn::Settled => {
                self.authentication.turn = Turn::Nobody;
                Ok(true)
            }
        }
    }

    pub(super) fn auth(&mut self, packet: &Auth<'_>) -> Result<(), ReasonCode> {
        let method = packet.properties.text(PropertyId::AuthenticationMethod);
        let ours = self.options.authentication_method.as_deref();
        let step = if packet.reason == ReasonCode::Success {
            AuthenticationStep::Success
        } else {
            AuthenticationStep::Continue
        };
        // The shortest form of AUTH has no properties at all.
        let plain = packet.properties.is_empty();
        let again = self.authentication.token.is_some();
        match (self.authentication.turn, step) {
            // [MQTT-4.12.0-5]
            _ if method != ours && !plain => Err(ReasonCode::ProtocolError),
            (Turn::Server, AuthenticationStep::Continue) => {
                self.ask_authenticator(step, packet.properties);
                Ok(())
            }
            // The first exchange ends with CONNACK.
            (Turn::Server, AuthenticationStep::Success) if again => {
                self.ask_authenticator(step, packet.properties);
                Ok(())
            }
            (Turn::Settled, AuthenticationStep::Success) => {
                self.authentication.turn = Turn::Nobody;
                self.timers.stop(Timer::Connect);
                if let Some(token) = self.authentication.token.take() {
                    let result = Ok(());
                    self.events
                        .push_back(Event::Reauthenticated { token, result });
                }
                Ok(())
            }
            // [MQTT-4.12.0-6], and whoever speaks out of turn.
            _ => Err(ReasonCode::ProtocolError),
        }
    }

    fn ask_authenticator(&mut self, step: AuthenticationStep, properties: Properties<'_>) {
        self.authentication.turn = Turn::Application(step);
        if self.authentication_holds() {
            // A PINGRESP can be among what stays unread now; the server is alive.
            self.timers.stop(Timer::PingResponse);
        }
        self.events.push_back(Event::Authentication {
            step,
            data: properties
                .binary(PropertyId::AuthenticationData)
                .map(Into::into),
            properties: properties.into(),
        });
    }

    /// The application's turn: an answer, or satisfaction with the end.
    pub(super) fn authenticate(&mut self, data: Option<&[u8]>) -> Result<(), Error> {
        match self.authentication.turn {
            Turn::Application(AuthenticationStep::Continue) => {
                self.send_auth(ReasonCode::ContinueAuthentication, data)?;
            }
            Turn::Application(AuthenticationStep::Success) => {
                self.authentication.turn = Turn::Settled;
            }
            _ => {}
        }
        Ok(())
    }

    pub(super) fn reauthenticate(&mut self, data: Option<&[u8]>) -> Result<Token, Error> {
        self.usable()?;
        // [MQTT-4.12.0-7], [MQTT-4.12.1-1]
        if self.state != State::Connected
            || self.options.authentication_method.is_none()
            || self.authentication.turn != Turn::Nobody
        {
            return Err(Error::Reauthentication);
        }
        self.send_auth(ReasonCode::ReAuthenticate, data)?;
        if self.options.ask {
            self.authentication.data = data.map(Into::into);
        }
        self.timers
            .set(Timer::Connect, self.now + self.options.connect_timeout);
        let token = self.next_token();
        self.authentication.token = Some(token);
        Ok(token)
    }

    fn send_auth(&mut self, reason: ReasonCode, data: Option<&[u8]>) -> Result<(), Error> {
        let mut properties = PropertiesBuf::default();
        if let Some(method) = &self.options.authentication_method {
            announce_method(&mut properties, method, data)?;
        }
        let packet = Packet::Auth(Auth {
            reason,
            properties: properties.as_properties(),
        });
        let mut bytes = Vec::new();
        encode(&packet, self.dialect(), &mut bytes)?;
        if self.state == State::Connecting {
            // Nothing but AUTH may leave before CONNACK [MQTT-3.1.2-30].
            self.first_packets.append(&mut bytes);
        } else if bytes.len() > self.limits.maximum_packet_size as usize {
            return Err(Error::PacketTooLarge);
        } else {
            self.outbound.control_bytes(&mut bytes);
        }
        self.authentication.turn = Turn::Server;
        Ok(())
    }
}

/// The two properties that CONNECT and AUTH have in common.
pub(super) fn announce_method(
    properties: &mut PropertiesBuf,
    method: &str,
    data: Option<&[u8]>,
) -> Result<(), Error> {
    let method = Property::Text(PropertyId::AuthenticationMethod, method);
    let data = data.map(|data| Property::Binary(PropertyId::AuthenticationData, data));
    for property in core::iter::once(method).chain(data) {
        properties.push(property).map_err(|_| Error::Option)?;
    }
    Ok(())
}
