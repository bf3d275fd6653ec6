//! A session against a server that does what the test says, byte by byte if it wants.

use std::collections::VecDeque;
use std::ops::{Deref, DerefMut};

use webmqtt::codec::{ConnAck, Packet, PacketType, Properties, Property, ReasonCode, Version};
use webmqtt::session::{ConnectOptions, Durability, Session, State};

use super::audit::{Direction, Frame};
use super::client::{Client, Link};
use super::packets;
use super::random::Random;

/// How the server's bytes are cut into messages.
pub enum Split {
    Whole,
    EveryByte,
    /// Two messages, the first of them this long.
    At(usize),
    Random(Random),
}

/// Derefs to the client: a test reads as a dialogue of application, client and server.
pub struct Scripted {
    client: Client,
    pub version: Version,
    pub split: Split,
    /// Open transports as soon as the session asks for them.
    pub open_at_once: bool,
    /// How much of the client's log the test has looked at.
    seen: usize,
}

impl Deref for Scripted {
    type Target = Client;

    fn deref(&self) -> &Client {
        &self.client
    }
}

impl DerefMut for Scripted {
    fn deref_mut(&mut self) -> &mut Client {
        &mut self.client
    }
}

impl Scripted {
    /// The client itself, to be exchanged for another one.
    pub fn as_mut_client(&mut self) -> &mut Client {
        &mut self.client
    }

    pub fn new(options: ConnectOptions) -> Self {
        let version = options.version;
        Self {
            client: Client::new(options, 1),
            version,
            split: Split::Whole,
            open_at_once: true,
            seen: 0,
        }
    }

    /// Connected, with a new session that is written to a store; nothing more is durable until the test says so.
    #[track_caller]
    pub fn stored(version: Version, durability: Durability) -> Self {
        let options = super::persistent(version);
        let mut peer = Self::new(options.clone());
        peer.client = Client::with_store(options, durability, 1);
        peer.connect();
        peer.accept(false);
        peer.store.as_mut().expect("a store").instant = false;
        peer
    }

    /// The process ends, and another one has what was durable.
    pub fn crash(&mut self, options: ConnectOptions) {
        self.client = self.client.reborn(options, 2);
    }

    /// The page comes back, and the server still has the session. Gives the CONNECT.
    #[track_caller]
    pub fn come_back(&mut self) -> Frame {
        self.crash(super::persistent(self.version));
        self.store.as_mut().expect("a store").instant = true;
        let connect = self.connect();
        self.accept(true);
        connect
    }

    /// Connected, with a new session at a server without special wishes.
    #[track_caller]
    pub fn connected(options: ConnectOptions) -> Self {
        Self::connected_with(options, &[])
    }

    /// Connected, and the CONNACK had these properties.
    #[track_caller]
    pub fn connected_with(options: ConnectOptions, properties: &[Property<'_>]) -> Self {
        let mut peer = Self::new(options);
        peer.connect();
        peer.accept_with(false, properties);
        assert_eq!(peer.state(), State::Connected);
        peer
    }

    /// The application connects, the transport opens, the server reads the CONNECT.
    #[track_caller]
    pub fn connect(&mut self) -> Frame {
        self.client.act(Session::connect).expect("not closed");
        self.open();
        self.expect(PacketType::Connect)
    }

    /// Opens the transport that the session asked for.
    #[track_caller]
    pub fn open(&mut self) {
        self.client.opened();
        let current = self.audit.connection();
        let old = self
            .log()
            .iter()
            .position(|frame| frame.connection == current);
        self.seen = old.unwrap_or(self.log().len());
    }

    #[track_caller]
    pub fn accept(&mut self, session_present: bool) {
        self.accept_with(session_present, &[]);
    }

    #[track_caller]
    pub fn accept_with(&mut self, session_present: bool, list: &[Property<'_>]) {
        let properties = packets::properties(list);
        self.send(&Packet::ConnAck(ConnAck {
            session_present,
            reason: ReasonCode::Success,
            properties: properties.as_properties(),
        }));
    }

    /// The connection breaks and the client comes back by itself; up to its CONNECT.
    #[track_caller]
    pub fn reconnect(&mut self) -> Frame {
        if self.link == Link::Open {
            self.cut();
        }
        self.next_attempt()
    }

    /// Time passes until the next attempt; up to its CONNECT.
    #[track_caller]
    pub fn next_attempt(&mut self) -> Frame {
        assert_eq!(self.state(), State::Waiting, "{:?}", self.cause());
        let at = self.deadline().expect("a waiting client has a timer");
        self.client.run_timers(at, true);
        self.open();
        self.expect(PacketType::Connect)
    }

    /// Breaks the connection and resumes it.
    #[track_caller]
    pub fn resume(&mut self) {
        self.reconnect();
        self.accept(true);
        assert_eq!(self.state(), State::Connected);
    }

    /// The transport breaks.
    pub fn cut(&mut self) {
        self.client.closed();
    }

    // The server sends

    pub fn send(&mut self, packet: &Packet<'_>) {
        self.send_all(std::slice::from_ref(packet));
    }

    /// Several packets in one message, unless `split` says otherwise.
    pub fn send_all(&mut self, packets: &[Packet<'_>]) {
        let bytes = packets::bytes(self.version, packets);
        self.send_bytes(&bytes);
    }

    pub fn send_bytes(&mut self, bytes: &[u8]) {
        let mut pieces = Vec::new();
        match &mut self.split {
            Split::Whole => pieces.push(bytes),
            Split::EveryByte => pieces.extend(bytes.chunks(1)),
            Split::At(at) => {
                let (first, second) = bytes.split_at((*at).min(bytes.len()));
                pieces.extend([first, second]);
            }
            Split::Random(random) => {
                let mut rest = bytes;
                while !rest.is_empty() {
                    let (piece, tail) = rest.split_at(1 + random.index(rest.len()));
                    pieces.push(piece);
                    rest = tail;
                }
            }
        }
        for piece in pieces {
            self.client.received(piece);
        }
    }

    // The server reads

    /// The next packet from the client on the current connection.
    pub fn next(&mut self) -> Option<Frame> {
        let unseen = self.log().get(self.seen..)?;
        let at = unseen
            .iter()
            .position(|frame| frame.direction == Direction::FromClient)?;
        let frame = unseen[at].clone();
        self.seen += at + 1;
        Some(frame)
    }

    /// The next packet from the client, which is of this type.
    #[track_caller]
    pub fn expect(&mut self, packet_type: PacketType) -> Frame {
        match self.next() {
            Some(frame) if frame.packet_type() == packet_type => frame,
            Some(frame) => panic!("{packet_type:?} expected: {frame:?}"),
            None => panic!("{packet_type:?} expected, but the client sent nothing"),
        }
    }

    /// The next packets from the client have these types, and there are no others.
    #[track_caller]
    pub fn expect_all(&mut self, types: &[PacketType]) -> Vec<Frame> {
        let frames: Vec<Frame> = std::iter::from_fn(|| self.next()).collect();
        let found: Vec<_> = frames.iter().map(Frame::packet_type).collect();
        assert_eq!(found, types, "{frames:?}");
        frames
    }

    /// The client sent nothing more.
    #[track_caller]
    pub fn expect_silence(&mut self) {
        self.expect_all(&[]);
    }

    /// The client ended the connection: in 5.0 with a DISCONNECT that has one of these codes, in 3.1.1 without a word.
    #[track_caller]
    pub fn expect_hang_up(&mut self, codes: &[ReasonCode]) {
        assert_eq!(self.link, Link::None, "still connected");
        if self.version != Version::V5 {
            return self.expect_silence();
        }
        match self.expect(PacketType::Disconnect).packet() {
            Packet::Disconnect(packet) => {
                assert!(codes.contains(&packet.reason), "{packet:?}, not {codes:?}");
                assert_eq!(packet.properties, Properties::EMPTY);
            }
            _ => unreachable!(),
        }
        self.expect_silence();
    }

    // Time

    /// Time passes, with timers that are on time.
    pub fn advance(&mut self, millis: u64) {
        let until = self.now + millis;
        while self.now < until {
            let stop_when_wanted = self.open_at_once;
            self.client.run_timers(until, stop_when_wanted);
            if self.link == Link::Wanted && self.open_at_once {
                self.open();
            }
        }
    }

    /// Time passes while the host sleeps; its timers come late, all at once.
    pub fn sleep(&mut self, millis: u64) {
        self.now += millis;
        self.client.act(Session::handle_timeout);
    }
}
