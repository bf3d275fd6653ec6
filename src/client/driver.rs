//! Owns a session, its socket and its timer. The only caller of [`Session`], and the place that keeps its contract.
//!
//! Everything happens inside a borrow, which ends before anyone outside is called: events are collected into the
//! sink while the session is borrowed and delivered afterwards. What has come is delivered before it is acknowledged and
//! stored. Commands only change the session; what they cause leaves in a microtask, so that all publishes of one turn
//! share a few WebSocket messages.

use alloc::boxed::Box;
use alloc::rc::Rc;
#[cfg(not(feature = "js"))]
use alloc::rc::Weak;
use alloc::string::String;
use alloc::vec::Vec;
use core::cell::RefCell;

#[cfg(not(feature = "js"))]
pub(super) use super::browser::Browser as Platform;
use super::clock;
use super::close::CloseInfo;
#[cfg(feature = "js")]
pub(super) use super::facade::Page as Platform;
use super::sleep::SleepDetector;
use super::timer::Timer;
use crate::error::Error;
#[cfg(not(feature = "js"))]
use crate::session::ConnectOptions;
#[cfg(feature = "store")]
use crate::session::StoreOp;
use crate::session::{Event, Session, State, Transmit, TransportOp, Wake};
use crate::time::{Duration, Instant};

/// WebSocket messages are filled up to about this size; a full one is sent without waiting for the microtask.
const MESSAGE_BYTES: usize = 16 * 1024;

/// With more than this in the browser's own buffer, messages stay with the session, where they can still be cancelled
/// and where they are counted. Where that runs empty before it is looked at again, it is doubled until it does not.
const BUFFERED_BYTES: u32 = 512 * 1024;
const MOST_BUFFERED_BYTES: u32 = 4 * 1024 * 1024;

/// Browsers do not tell when their buffer has drained: it is looked at again after this time and with every message.
const BUFFER_CHECK: Duration = Duration::from_millis(1);

/// With more than this waiting to be sent, [`Driver::is_writable`] says no.
const WAITING_BYTES: usize = 1024 * 1024;

/// A call to make when nothing is borrowed any more.
pub type Delivery = Box<dyn FnOnce()>;

/// Where a driver's events go.
pub trait Sink: 'static {
    /// Takes an event. The session is borrowed: copy what is needed and call nobody.
    fn collect(&mut self, event: Event<'_>);

    /// The socket has closed. The change of state that this causes comes next.
    fn closed(&mut self, info: CloseInfo);

    /// [`Driver::is_writable`] said no when a command came, and says yes now.
    fn writable(&mut self);

    /// Something to do with the store, for a driver that was made with [`Driver::with_session`] from a session that has
    /// one. Copy what is needed; what follows from it comes by [`Driver::command`].
    #[cfg(feature = "store")]
    fn store(&mut self, _: StoreOp<'_>) {}

    /// What was collected since the last time, to be delivered by calling it.
    fn delivery(&mut self) -> Option<Delivery>;
}

/// What the driver needs besides the session's options.
pub struct DriverOptions {
    /// `ws:` or `wss:`, one for each server of the session's options.
    pub urls: Vec<String>,
    /// The one subprotocol to offer, normally `mqtt`.
    pub subprotocol: String,
    /// For jitter and the generated client identifier.
    pub seed: u64,
    /// Keep the connection when the page goes into the back/forward cache, if the browser allows it, instead of
    /// saying DISCONNECT to the server.
    pub keep_when_put_away: bool,
}

/// What the page lives through.
#[derive(Clone, Copy, PartialEq, Eq)]
pub enum Change {
    /// The page runs again, or somebody looks at it again.
    Running,
    /// The network is back.
    Network,
    /// The page goes into the back/forward cache.
    PutAway,
}

/// What happens to the socket that was opened last and not shut since.
pub enum SocketEvent {
    /// It opened, with this subprotocol.
    Open(String),
    /// So many bytes have come, which the platform has.
    Bytes(usize),
    /// A text message, which MQTT does not know [MQTT-6.0.0-1].
    Text,
    /// It has closed.
    Closed(CloseInfo),
}

/// An MQTT client over the browser's WebSocket.
pub struct Driver {
    inner: Rc<RefCell<Inner>>,
}

pub(super) struct Inner {
    session: Session,
    options: DriverOptions,
    sink: Box<dyn Sink>,
    pub(super) platform: Platform,
    /// There is a socket.
    has_socket: bool,
    timer: Timer,
    sleep: SleepDetector,
    microtask_queued: bool,
    /// When the clock was read last, and what the calendar's said then.
    read_at: Instant,
    read_on: f64,
    out: Vec<u8>,
    /// No less than the socket's buffer holds. To ask for it takes time.
    buffered: u32,
    /// How much it may hold.
    buffer_limit: u32,
    /// It was full the last time that something was to be sent.
    congested: bool,
    /// Somebody was told that this is no good time to publish.
    held_up: bool,
    received: f64,
    sent: f64,
}

impl Driver {
    /// Makes a client that is not connected.
    ///
    /// # Errors
    /// Options that CONNECT cannot carry.
    #[cfg(not(feature = "js"))]
    pub fn new(
        options: DriverOptions,
        connect: ConnectOptions,
        sink: Box<dyn Sink>,
    ) -> Result<Self, Error> {
        let session = Session::new(connect, options.seed)?;
        Ok(Self::with_session(options, session, sink))
    }

    /// Makes a client of a session that has not connected yet, such as one that was restored from a store with
    /// [`now`](super::now) as its time. [`DriverOptions::seed`] is not used.
    #[cfg(not(feature = "js"))]
    pub fn with_session(options: DriverOptions, session: Session, sink: Box<dyn Sink>) -> Self {
        let inner = Rc::new_cyclic(|me: &Weak<RefCell<Inner>>| {
            let platform = Platform::new(me.clone());
            RefCell::new(Inner::new(options, session, sink, platform))
        });
        Self { inner }
    }

    /// Makes a client of a session that has not connected yet, on a platform that tells it what happens.
    #[cfg(feature = "js")]
    pub fn on(
        platform: Platform,
        options: DriverOptions,
        session: Session,
        sink: Box<dyn Sink>,
    ) -> Self {
        let inner = Inner::new(options, session, sink, platform);
        Self {
            inner: Rc::new(RefCell::new(inner)),
        }
    }

    /// Takes its WebSockets from this function of URL and subprotocol, from the next one on. For places that have none of
    /// their own.
    #[cfg(not(feature = "js"))]
    pub fn open_sockets_with(&self, opener: js_sys::Function) {
        self.inner.borrow_mut().platform.open_with(opener);
    }

    /// The timer that was set last is due.
    #[cfg(feature = "js")]
    pub fn timer_fired(&self) {
        enter(&self.inner, true, Inner::timer_fired);
    }

    /// The microtask that was queued.
    #[cfg(feature = "js")]
    pub fn microtask(&self) {
        enter(&self.inner, false, Inner::microtask);
    }

    /// The page lives through something.
    #[cfg(feature = "js")]
    pub fn changed(&self, change: Change) {
        enter(&self.inner, true, |inner, now| inner.changed(change, now));
    }

    /// Something happens to the socket.
    #[cfg(feature = "js")]
    pub fn socket_event(&self, event: SocketEvent) {
        let exact = !matches!(event, SocketEvent::Bytes(_));
        enter(&self.inner, exact, |inner, now| {
            inner.socket_event(event, now)
        });
    }

    /// Runs a command on the session. What it causes leaves in a microtask, or at once when a full WebSocket message
    /// has gathered.
    pub fn command<R>(&self, command: impl FnOnce(&mut Session, Instant) -> R) -> R {
        self.command_in_turn(true, command)
    }

    /// As [`command`](Self::command). Without `alone` it comes at the time of the last command of this turn of the event
    /// loop, if there was one, and else in its millisecond: to read the clock takes as long as to publish. For what has no
    /// deadline of its own.
    pub fn command_in_turn<R>(
        &self,
        alone: bool,
        command: impl FnOnce(&mut Session, Instant) -> R,
    ) -> R {
        let mut inner = self.inner.borrow_mut();
        let now = if alone || !inner.microtask_queued {
            inner.now(alone)
        } else {
            inner.read_at
        };
        let result = command(&mut inner.session, now);
        inner.commanded();
        result
    }

    /// Whether this is a good time to publish: little waits to be sent. Publishes are queued either way.
    pub fn is_writable(&self) -> bool {
        self.inner.borrow().is_writable()
    }

    /// Where the connection or the attempt goes, or the next one; `None` if that is no URL.
    #[cfg(not(feature = "js"))]
    pub fn url(&self) -> Option<String> {
        let inner = self.inner.borrow();
        let url = own_url(&inner.options, &inner.session);
        super::browser::resolved(url, inner.session.server_reference())
    }

    /// The URL of the server whose turn it is. The session may have a Server Reference to be seen from there.
    #[cfg(feature = "js")]
    pub fn url(&self) -> String {
        let inner = self.inner.borrow();
        own_url(&inner.options, &inner.session).into()
    }

    /// The server whose turn it is has this URL, from the next attempt on.
    pub fn go_to(&self, url: String) {
        let mut inner = self.inner.borrow_mut();
        inner.session.goes_elsewhere();
        let server = inner.session.server() as usize;
        if let Some(own) = inner.options.urls.get_mut(server) {
            *own = url;
        }
    }

    /// Bytes of MQTT that were received and sent, over all connections.
    pub fn traffic(&self) -> (f64, f64) {
        let inner = self.inner.borrow();
        (inner.received, inner.sent)
    }

    /// Reads from the session.
    pub fn read<R>(&self, getter: impl FnOnce(&Session) -> R) -> R {
        getter(&self.inner.borrow().session)
    }
}

/// Of the server whose turn it is.
fn own_url<'a>(options: &'a DriverOptions, session: &Session) -> &'a str {
    let server = session.server() as usize;
    options.urls.get(server).map_or("", |url| url)
}

/// Runs `act` on the driver, delivers what came of it, and drains the session.
pub(super) fn enter(driver: &RefCell<Inner>, exact: bool, act: impl FnOnce(&mut Inner, Instant)) {
    let heard = {
        let mut inner = driver.borrow_mut();
        let now = inner.now(exact);
        act(&mut inner, now);
        inner.heard()
    };
    settle(driver, heard);
}

/// Who dies within a handler has neither acknowledged nor stored the message that it was called for.
#[inline(never)]
fn settle(driver: &RefCell<Inner>, heard: Option<Delivery>) {
    let late = heard.is_some();
    if let Some(deliver) = heard {
        deliver();
    }
    let delivery = {
        let mut inner = driver.borrow_mut();
        let now = if late {
            inner.now(false)
        } else {
            inner.read_at
        };
        inner.drain(now);
        inner.sink.delivery()
    };
    if let Some(deliver) = delivery {
        deliver();
    }
}

impl Inner {
    fn new(
        options: DriverOptions,
        session: Session,
        sink: Box<dyn Sink>,
        platform: Platform,
    ) -> Self {
        Self {
            session,
            options,
            sink,
            platform,
            has_socket: false,
            timer: Timer::default(),
            sleep: SleepDetector::new(clock::millis()),
            microtask_queued: false,
            read_at: clock::now(),
            read_on: 0.0,
            out: Vec::with_capacity(2 * MESSAGE_BYTES),
            buffered: 0,
            buffer_limit: BUFFERED_BYTES,
            congested: false,
            held_up: false,
            received: 0.0,
            sent: 0.0,
        }
    }

    pub(super) fn timer_fired(&mut self, now: Instant) {
        self.timer.fired();
        self.session.handle_timeout(now);
        if self.sleep.slept(clock::millis()) {
            self.session.handle_wake(now, Wake::Running);
        }
    }

    pub(super) fn microtask(&mut self, _: Instant) {
        self.microtask_queued = false;
    }

    /// What time it is, which takes as long to read as half of what else a message needs. The calendar's clock is read
    /// much faster: while that says the same millisecond, what was read last will do, unless it has to be `exact`, as
    /// for what must also end where somebody has stopped the calendar.
    #[inline(never)]
    fn now(&mut self, exact: bool) -> Instant {
        let today = clock::date_now();
        if exact || today != self.read_on {
            self.read_on = today;
            self.read_at = clock::now();
        }
        self.read_at
    }

    fn commanded(&mut self) {
        if self.session.queued().1 >= MESSAGE_BYTES {
            self.transmit();
            self.held_up |= !self.is_writable();
        }
        if !self.microtask_queued {
            self.microtask_queued = true;
            self.platform.queue_microtask();
        }
    }

    pub(super) fn changed(&mut self, change: Change, now: Instant) {
        // What is overdue comes before what is new.
        self.session.handle_timeout(now);
        match change {
            Change::Running => self.session.handle_wake(now, Wake::Running),
            Change::Network => self.session.handle_wake(now, Wake::Network),
            Change::PutAway if self.options.keep_when_put_away => {}
            Change::PutAway => self.session.handle_suspend(now),
        }
    }

    pub(super) fn socket_event(&mut self, event: SocketEvent, now: Instant) {
        self.timer.network_event();
        match event {
            SocketEvent::Open(subprotocol) => {
                self.session.handle_open(now);
                if subprotocol != self.options.subprotocol {
                    // [MQTT-6.0.0-4]
                    self.session.handle_transport_error(now, Error::Subprotocol);
                }
            }
            SocketEvent::Bytes(count) => {
                self.received += count as f64;
                self.platform.take(self.session.recv_buf(count));
                self.session.handle_received(now);
            }
            SocketEvent::Text => self.session.handle_transport_error(now, Error::TextFrame),
            SocketEvent::Closed(info) => {
                self.retire();
                self.sink.closed(info);
                self.session.handle_closed(now);
            }
        }
        // Timers of hidden pages come late; whatever happens notices what is overdue.
        self.session.handle_timeout(now);
    }

    /// What has come over a connection that stands. What ends one is done before anybody hears of it.
    fn heard(&mut self) -> Option<Delivery> {
        if self.collect() && self.session.state() == State::Connected {
            return self.sink.delivery();
        }
        None
    }

    fn drain(&mut self, now: Instant) {
        loop {
            // Before the transport: a DISCONNECT leaves before its socket is closed.
            self.transmit();
            // Sending settles operations, too.
            let mut progress = self.collect();
            while let Some(op) = self.session.poll_transport() {
                self.transport(op, now);
                progress = true;
            }
            #[cfg(feature = "store")]
            {
                progress |= self.store();
            }
            if !progress {
                break;
            }
        }
        if self.held_up && self.is_writable() {
            self.held_up = false;
            self.sink.writable();
        }
        let mut next = self.session.poll_timeout().map(|deadline| deadline.at);
        if self.congested {
            let check = now + BUFFER_CHECK;
            next = Some(next.map_or(check, |at| at.min(check)));
        }
        self.timer.set(next, now, &mut self.platform);
    }

    fn is_writable(&self) -> bool {
        self.session.queued().1 <= WAITING_BYTES
    }

    fn collect(&mut self) -> bool {
        let mut some = false;
        while let Some(event) = self.session.poll_event() {
            self.sink.collect(event);
            some = true;
        }
        some
    }

    #[cfg(feature = "store")]
    fn store(&mut self) -> bool {
        let wall = clock::wall_now();
        let mut some = false;
        while let Some(op) = self.session.poll_store(wall) {
            self.sink.store(op);
            some = true;
        }
        some
    }

    fn transmit(&mut self) {
        loop {
            if self.buffered > self.buffer_limit {
                self.buffered = self.platform.buffered();
                if self.congested && self.buffered == 0 {
                    self.buffer_limit = MOST_BUFFERED_BYTES.min(2 * self.buffer_limit);
                }
            }
            self.congested = self.buffered > self.buffer_limit;
            if self.congested {
                break;
            }
            self.out.clear();
            if self.session.poll_transmit(&mut self.out, MESSAGE_BYTES) != Transmit::Data {
                break;
            }
            if self.has_socket {
                self.platform.send(&self.out);
                self.sent += self.out.len() as f64;
                self.buffered += self.out.len() as u32;
            }
            // There was no more.
            if self.out.len() < MESSAGE_BYTES {
                break;
            }
        }
        if self.out.capacity() > 64 * MESSAGE_BYTES {
            self.out = Vec::with_capacity(2 * MESSAGE_BYTES);
        }
    }

    /// Hears nothing more of the socket.
    fn retire(&mut self) {
        if self.has_socket {
            self.has_socket = false;
            self.buffered = 0;
            self.buffer_limit = BUFFERED_BYTES;
            self.platform.shut();
        }
    }

    fn transport(&mut self, op: TransportOp, now: Instant) {
        self.retire();
        if op == TransportOp::Close {
            return;
        }
        let url = own_url(&self.options, &self.session);
        let (reference, subprotocol) = (self.session.server_reference(), &self.options.subprotocol);
        match self.platform.open(url, reference, subprotocol) {
            Some(open) => {
                self.has_socket = open;
                if !open {
                    self.session.handle_closed(now);
                }
            }
            None => self.session.handle_redirect_refused(now),
        }
    }
}
