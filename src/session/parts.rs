//! What a session consists of, and how one begins. What the parts do with each other is in the other files.

use alloc::collections::VecDeque;
use alloc::string::String;
use alloc::vec::Vec;

use super::acks::Acks;
use super::alias::ServerAliases;
use super::authentication::Authentication;
use super::deadlines::Deadlines;
use super::event::{Event, Events, ServerLimits, State, Token};
use super::fallback::Dialect;
use super::inbound::Inbound;
use super::options::ConnectOptions;
use super::outbound::{self, Outbound};
use super::outgoing::Outgoing;
use super::queue::Queued;
use super::reconnect::{Backoff, Random, Turns};
use super::redirect::Redirects;
use super::request::Requests;
use super::state::{self, Transport, TransportOp};
use super::subscriptions::Subscriptions;
use super::timers::Timers;
use crate::codec::{EncodeError, Properties, Property, PropertyId, Version};
use crate::error::Error;
use crate::time::{Duration, Instant};

pub(super) struct Core {
    pub(super) options: ConnectOptions,
    pub(super) client_id: String,
    pub(super) random: Random,
    pub(super) now: Instant,
    pub(super) state: State,
    pub(super) transport: Transport,
    /// CONNECT, and AUTH before the CONNACK, until they have left.
    pub(super) first_packets: Vec<u8>,
    /// A DISCONNECT with an error, to be sent before the transport closes.
    pub(super) farewell: Vec<u8>,
    /// The application's DISCONNECT, to be sent when nothing else may leave.
    pub(super) goodbye: Vec<u8>,
    pub(super) goodbye_sent: bool,
    /// The application was asked what to connect with.
    pub(super) preparing: bool,
    /// The last attempt was refused, and only other credentials can help.
    pub(super) refused: Option<Error>,
    pub(super) authentication: Authentication,
    /// The current attempt is the application's own: if it fails, it hears so and nothing is tried again.
    pub(super) initial: bool,
    /// How many such attempts are left, the current one among them.
    pub(super) tries: u32,
    /// The transport of the connection or the attempt has opened.
    pub(super) reached: bool,
    /// The server accepted a connection of this session before.
    pub(super) had_connection: bool,
    /// An earlier life of this session had a connection.
    pub(super) restored: bool,
    /// When the session that has no connection ends; `None` if there is none, or it never does.
    pub(super) session_ends: Option<Instant>,
    /// The last session has ended, so the next CONNECT asks for a new one.
    pub(super) session_gone: bool,
    /// A session of before our time is resumed: its messages may come before their subscriptions.
    pub(super) claims_open: bool,
    /// This CONNECT has left and has no answer yet.
    pub(super) unanswered: bool,
    /// An earlier CONNECT got no answer. The server may have made a new session for it, which is then the one that the
    /// next CONNACK calls present.
    pub(super) doubtful: bool,
    /// CONNECT asks for acknowledgements without Reason String and User Properties.
    pub(super) declined_problem_information: bool,
    /// Something was received since the last PINGREQ was put off.
    pub(super) heard: bool,
    pub(super) heard_at: Instant,
    /// The PINGREQ that waits for its answer left then.
    pub(super) pinged_at: Instant,
    /// From the last PINGREQ that was answered to its PINGRESP.
    pub(super) round_trip: Option<Duration>,
    /// The last wake-up on this connection: one that does not survive it for long is replaced without back-off.
    pub(super) woken_at: Option<Instant>,
    pub(super) timers: Timers,
    pub(super) backoff: Backoff,
    pub(super) turns: Turns,
    pub(super) redirects: Redirects,
    /// The connection is, or is to be, one of 3.1.1 instead of 5.0; Clean Start as it was for 5.0.
    pub(super) fell_back: Option<bool>,
    pub(super) limits: ServerLimits,
    /// How much of the receive buffer is done with.
    pub(super) recv_at: usize,
    pub(super) recv_end: usize,
    /// What is left in the receive buffer belongs to a dead connection.
    pub(super) discard: bool,
    pub(super) outbound: Outbound,
    pub(super) inbound: Inbound,
    pub(super) acks: Acks,
    pub(super) server_aliases: ServerAliases,
    pub(super) subscriptions: Subscriptions,
    pub(super) requests: Requests,
    pub(super) deadlines: Deadlines,
    pub(super) events: Events,
    pub(super) transport_ops: VecDeque<TransportOp>,
    pub(super) last_token: u32,
}

impl Core {
    pub(super) fn new(options: ConnectOptions, seed: u64) -> Result<Self, Error> {
        let (mut random, mut apart) = (Random::new(seed), Random::new(!seed));
        let client_id = options
            .client_id
            .clone()
            .unwrap_or_else(|| generated_client_id(&mut random));
        let reserved = |property: Property<'_>| {
            matches!(
                property,
                Property::TwoByte(
                    PropertyId::TopicAliasMaximum | PropertyId::ReceiveMaximum,
                    _
                ) | Property::FourByte(
                    PropertyId::MaximumPacketSize | PropertyId::SessionExpiryInterval,
                    _
                ) | Property::Text(PropertyId::AuthenticationMethod, _)
                    | Property::Binary(PropertyId::AuthenticationData, _)
            )
        };
        if options.receive_maximum == 0
            || options.maximum_packet_size == 0
            || (options.authentication_method.is_some()
                && (options.version != Version::V5 || options.fallback))
            || options.connect_timeout == Duration::ZERO
            || options.servers == 0
            || options.connect_attempts == 0
            || options.properties.as_properties().iter().any(reserved)
        {
            return Err(Error::Option);
        }
        let properties = options.properties.as_properties();
        let asked = properties.byte(PropertyId::RequestProblemInformation);
        let core = Self {
            limits: state::server_limits(&options, Properties::EMPTY),
            outbound: Outbound::new(Dialect {
                version: options.version,
                lossy: false,
            }),
            client_id,
            random,
            options,
            now: Instant::default(),
            state: State::Idle,
            transport: Transport::None,
            first_packets: Vec::new(),
            farewell: Vec::new(),
            goodbye: Vec::new(),
            goodbye_sent: false,
            preparing: false,
            refused: None,
            authentication: Authentication::default(),
            initial: true,
            tries: 0,
            reached: false,
            had_connection: false,
            restored: false,
            session_ends: None,
            session_gone: false,
            claims_open: false,
            unanswered: false,
            doubtful: false,
            declined_problem_information: asked == Some(0),
            heard: false,
            heard_at: Instant::default(),
            pinged_at: Instant::default(),
            round_trip: None,
            woken_at: None,
            timers: Timers::default(),
            backoff: Backoff::default(),
            turns: Turns::default(),
            redirects: Redirects::default(),
            fell_back: None,
            recv_at: 0,
            recv_end: 0,
            discard: false,
            inbound: Inbound::default(),
            acks: Acks::default(),
            server_aliases: ServerAliases::default(),
            subscriptions: Subscriptions::new(apart.next()),
            requests: Requests::new(apart.next()),
            deadlines: Deadlines::default(),
            events: VecDeque::new(),
            transport_ops: VecDeque::new(),
            last_token: 0,
        };
        core.connect_packet()?;
        Ok(core)
    }

    /// Nothing of this session is to be found in a store.
    pub(super) fn stop_storing(&mut self) {
        self.outbound.journal.end();
        self.subscriptions.notes.end();
    }

    pub(super) fn usable(&self) -> Result<(), Error> {
        match self.state {
            State::Closing | State::Closed => Err(Error::Closed),
            _ => Ok(()),
        }
    }

    /// Encodes a message under a token of ours.
    pub(super) fn encoded(&mut self, message: &Outgoing<'_>) -> Result<Queued, EncodeError> {
        let (token, dialect) = (self.next_token(), self.outbound.dialect);
        let mut queued = outbound::queued(token, &message.packet(), dialect, self.now)?;
        queued.lower_qos = message.lower_qos.unwrap_or(self.options.lower_qos);
        Ok(queued)
    }

    /// Queues a message.
    pub(super) fn send(&mut self, queued: Queued) -> Result<(), Error> {
        let limits = (self.state == State::Connected).then_some(&self.limits);
        let (queue, events) = (&self.options.queue, &mut self.events);
        self.outbound.publish(queued, limits, queue, events)
    }

    /// Ends an operation for which the application does not wait any more.
    pub(super) fn give_up(&mut self, token: Token, error: Error) {
        if self.fail_request(token, error) {
            return;
        }
        if self.outbound.cancel(token) {
            self.events.push_back(Event::not_published(token, error));
            return;
        }
        let events = &mut self.events;
        self.subscriptions.give_up(token, error, events);
    }

    pub(super) fn next_token(&mut self) -> Token {
        self.last_token = self.last_token.wrapping_add(1).max(1);
        Token(self.last_token)
    }
}

fn generated_client_id(random: &mut Random) -> String {
    const ALPHABET: &[u8; 32] = b"abcdefghijklmnopqrstuvwxyz234567";
    let mut id = Vec::from(b"webmqtt-");
    let mut bits = random.next();
    for _ in 0..12 {
        id.push(ALPHABET.get((bits % 32) as usize).copied().unwrap_or(b'a'));
        bits /= 32;
    }
    String::from_utf8(id).unwrap_or_default()
}
