//! A session without `std`: what a board needs whose TCP stack gives and takes bytes. It is a library, since a board has
//! no `main` to run here; `tests/examples.rs` runs it against a link of its own.
#![no_std]

extern crate alloc;

use alloc::vec::Vec;

use webmqtt::session::{Event, Session, State, Transmit, TransportOp};
use webmqtt::time::Instant;

/// A connection to the server, and a clock.
pub trait Link {
    /// Opens a connection, or fails at once.
    fn open(&mut self) -> Result<(), Closed>;
    /// Closes it.
    fn close(&mut self);
    /// Sends all of the bytes.
    fn send(&mut self, bytes: &[u8]) -> Result<(), Closed>;
    /// Waits for bytes, but not beyond `until`, and says how many were written into `buffer`.
    fn receive(&mut self, buffer: &mut [u8], until: Option<Instant>) -> Result<usize, Closed>;
    /// Any clock that never goes back.
    fn now(&self) -> Instant;
}

/// The connection is not there, or not any more.
pub struct Closed;

/// Drives the session until its end. What the application does, it does in `on_event`, which gets every event, and in
/// `act`, which is called whenever the session can take commands.
pub fn run(
    session: &mut Session,
    link: &mut impl Link,
    mut on_event: impl FnMut(&Event<'_>),
    mut act: impl FnMut(&mut Session, Instant),
) {
    let mut buffer = [0; 512];
    loop {
        act(session, link.now());
        let told = drain(session, link, &mut on_event);
        if session.state() == State::Closed {
            return;
        }
        if told {
            // The application may have an answer; it must not wait for the link.
            continue;
        }
        let until = session.poll_timeout().map(|deadline| deadline.at);
        match link.receive(&mut buffer, until) {
            Ok(len) => {
                let received = buffer.get(..len).unwrap_or_default();
                session.recv_buf(received.len()).copy_from_slice(received);
                session.handle_received(link.now());
            }
            Err(Closed) => session.handle_closed(link.now()),
        }
        session.handle_timeout(link.now());
    }
}

/// Takes everything out that the session has to say, until there is nothing more; whether there was an event.
fn drain(
    session: &mut Session,
    link: &mut impl Link,
    on_event: &mut impl FnMut(&Event<'_>),
) -> bool {
    let mut bytes = Vec::new();
    let mut told = false;
    loop {
        let mut progress = false;
        while let Some(event) = session.poll_event() {
            on_event(&event);
            (progress, told) = (true, true);
        }
        while session.poll_transmit(&mut bytes, 512) == Transmit::Data {
            progress = true;
        }
        if !bytes.is_empty() && link.send(&bytes).is_err() {
            session.handle_closed(link.now());
        }
        bytes.clear();
        while let Some(op) = session.poll_transport() {
            progress = true;
            match op {
                TransportOp::Close => link.close(),
                TransportOp::Open => match link.open() {
                    Ok(()) => session.handle_open(link.now()),
                    Err(Closed) => session.handle_closed(link.now()),
                },
            }
        }
        if !progress {
            return told;
        }
    }
}
