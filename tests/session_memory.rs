//! What a session keeps: a million messages in either direction leave nothing behind.
#![allow(
    unsafe_code,
    reason = "an allocator that counts has to be one, and passes everything on"
)]

mod pair;

use std::alloc::{GlobalAlloc, Layout, System};
use std::cell::Cell;

use pair::*;
use webmqtt::codec::{Packet, ReasonCode, SubscribeOptions, TopicFilter, TopicName, Version};
use webmqtt::error::Error;
use webmqtt::session::{Durability, Event, Outgoing, Session, Transmit};
use webmqtt::time::Instant;

struct Counting;

thread_local! {
    /// Bytes that this thread holds, and the most it ever held.
    static HELD: Cell<(isize, isize)> = const { Cell::new((0, 0)) };
}

fn count(bytes: isize) {
    let _ = HELD.try_with(|held| {
        let (now, most) = held.get();
        held.set((now + bytes, most.max(now + bytes)));
    });
}

unsafe impl GlobalAlloc for Counting {
    unsafe fn alloc(&self, layout: Layout) -> *mut u8 {
        count(layout.size() as isize);
        unsafe { System.alloc(layout) }
    }

    unsafe fn dealloc(&self, place: *mut u8, layout: Layout) {
        count(-(layout.size() as isize));
        unsafe { System.dealloc(place, layout) }
    }
}

#[global_allocator]
static ALLOCATOR: Counting = Counting;

fn held() -> isize {
    HELD.get().0
}

/// The most that was held since, above what is held now.
fn peak(during: impl FnOnce()) -> isize {
    let start = held();
    HELD.set((start, start));
    during();
    HELD.get().1 - start
}

fn now() -> Instant {
    Instant::from_millis(0)
}

/// Drains everything into `out`; how many messages and results there were.
fn drain(session: &mut Session, out: &mut Vec<u8>) -> (usize, usize) {
    let (mut messages, mut results) = (0, 0);
    loop {
        let mut progress = false;
        while let Some(event) = session.poll_event() {
            progress = true;
            match event {
                Event::Message(_) => messages += 1,
                Event::Published { result, .. } => {
                    assert!(result.is_ok());
                    results += 1;
                }
                _ => {}
            }
        }
        progress |= session.poll_transmit(out, 4096) == Transmit::Data;
        progress |= session.poll_transport().is_some();
        if !progress {
            return (messages, results);
        }
    }
}

fn receive(session: &mut Session, bytes: &[u8], out: &mut Vec<u8>) -> (usize, usize) {
    session.recv_buf(bytes.len()).copy_from_slice(bytes);
    session.handle_received(now());
    drain(session, out)
}

fn connected(version: Version, out: &mut Vec<u8>) -> Session {
    begin(Session::new(persistent(version), 1).unwrap(), version, out)
}

/// What it wants to store is never stored.
fn connected_with_a_slow_store(version: Version, out: &mut Vec<u8>) -> Session {
    let session = Session::with_store(persistent(version), Durability::Strict, 1);
    begin(session.unwrap(), version, out)
}

fn begin(mut session: Session, version: Version, out: &mut Vec<u8>) -> Session {
    session.connect(now()).unwrap();
    drain(&mut session, out);
    session.handle_open(now());
    drain(&mut session, out);
    receive(&mut session, &bytes(version, &[connack(false)]), out);
    let filter = TopicFilter::new("t/#").unwrap();
    let filter = [(filter, SubscribeOptions::new(QOS2))];
    session.subscribe(now(), &filter).unwrap();
    drain(&mut session, out);
    receive(&mut session, &bytes(version, &[suback(1, &[2])]), out);
    session
}

/// Takes part in so many rounds: one message with each QoS in either direction.
fn talk(session: &mut Session, version: Version, rounds: usize, out: &mut Vec<u8>) {
    let topic = TopicName::new("t/some/topic").unwrap();
    let incoming = bytes(
        version,
        &[
            publish(QOS0, 0, "t/a", "payload"),
            publish(QOS1, 1, "t/b", "payload"),
            publish(QOS2, 2, "t/c", "payload"),
            pubrel(2),
        ],
    );
    let mut answers = Vec::new();
    for _ in 0..rounds {
        let (delivered, _) = receive(session, &incoming, out);
        assert_eq!(delivered, 3);
        out.clear();
        for qos in [QOS0, QOS1, QOS2] {
            let message = Outgoing {
                qos,
                ..Outgoing::new(topic, b"payload")
            };
            session.publish(now(), &message).unwrap();
        }
        let (_, mut done) = drain(session, out);
        for release in [false, true] {
            answers.clear();
            let mut rest = &out[..];
            while !rest.is_empty() {
                let from = webmqtt::codec::Sender::Client;
                let decoded = webmqtt::codec::decode_from(from, rest, version);
                let Ok(webmqtt::codec::Decoded::Packet { packet, len }) = decoded else {
                    panic!("{decoded:?}")
                };
                rest = &rest[len..];
                let answer = match packet {
                    Packet::Publish(it) if it.qos == QOS1 => puback(it.packet_id.unwrap().get()),
                    Packet::Publish(it) if it.qos == QOS2 => pubrec(it.packet_id.unwrap().get()),
                    Packet::PubRel(it) => pubcomp(it.packet_id.get()),
                    _ => continue,
                };
                let from = webmqtt::codec::Sender::Server;
                webmqtt::codec::encode_as(from, &answer, version, &mut answers).unwrap();
            }
            out.clear();
            assert!(!answers.is_empty(), "{release}");
            done += receive(session, &answers, out).1;
        }
        assert_eq!(done, 3);
        assert_eq!((session.queued(), session.inflight()), ((0, 0), 0));
    }
}

/// BRW-07
#[test]
fn a_million_messages_leave_nothing_behind() {
    for version in BOTH {
        let mut out = Vec::with_capacity(1 << 16);
        let mut session = connected(version, &mut out);
        // Until every buffer has its size.
        talk(&mut session, version, 1000, &mut out);
        let before = held();
        let most = peak(|| talk(&mut session, version, 83_333, &mut out));
        assert_eq!(held(), before, "bytes held after half a million messages");
        assert!(most < 4096, "{most} bytes more at times");
    }
}

#[test]
fn answers_that_the_server_does_not_read_are_bounded() {
    const MEBIBYTE: isize = 1024 * 1024;
    for (version, connected) in BOTH.into_iter().flat_map(|version| {
        [connected, connected_with_a_slow_store].map(|connected| (version, connected))
    }) {
        let mut out = Vec::with_capacity(1 << 16);
        let mut session = connected(version, &mut out);
        // Its PUBREC waits for the store, if there is one, and what comes after it waits too.
        let first = bytes(version, &[publish(QOS2, 9, "t/a", "payload")]);
        session.recv_buf(first.len()).copy_from_slice(&first);
        session.handle_received(now());
        while session.poll_event().is_some() {}
        let releases = bytes(version, &[pubrel(9)]).repeat(16_384);
        let mut ended = None;
        let most = peak(|| {
            for _ in 0..100 {
                session.recv_buf(releases.len()).copy_from_slice(&releases);
                session.handle_received(now());
                while let Some(event) = session.poll_event() {
                    if let Event::State(change) = event {
                        ended = ended.or(change.cause);
                    }
                }
                if ended.is_some() {
                    break;
                }
            }
        });
        let quota = Error::Protocol(ReasonCode::QuotaExceeded);
        assert_eq!(ended, Some(quota));
        // A buffer that grows is there twice for a moment, and the new one has twice the space.
        assert!(most < 13 * MEBIBYTE, "{most} bytes");
        drain(&mut session, &mut out);
        out = Vec::new();
        let sent = session.poll_transmit(&mut out, 4096);
        assert_eq!((sent, out.len()), (Transmit::Empty, 0));
    }
}

/// BRW-07
#[test]
fn lost_connections_leave_nothing_behind() {
    for version in BOTH {
        let mut out = Vec::with_capacity(1 << 16);
        let mut session = connected(version, &mut out);
        let resume = bytes(version, &[connack(true)]);
        let mut lose = |times: usize| {
            for _ in 0..times {
                session.handle_closed(now());
                drain(&mut session, &mut out);
                session.connect(now()).unwrap();
                drain(&mut session, &mut out);
                session.handle_open(now());
                drain(&mut session, &mut out);
                receive(&mut session, &resume, &mut out);
                talk(&mut session, version, 1, &mut out);
            }
        };
        lose(10);
        let before = held();
        lose(10_000);
        assert_eq!(held(), before, "bytes held after ten thousand connections");
    }
}

/// BRW-07: what a burst needs is given back once it is over.
#[test]
fn a_burst_is_given_back() {
    for version in BOTH {
        let mut out = Vec::with_capacity(1 << 16);
        let mut session = connected(version, &mut out);
        talk(&mut session, version, 1000, &mut out);
        let before = held();
        // A message of a mebibyte, in and out.
        let large = vec![b'x'; 1 << 20];
        let incoming = bytes(version, &[publish(QOS0, 0, "t/a", &large)]);
        receive(&mut session, &incoming, &mut out);
        let topic = TopicName::new("t/b").unwrap();
        session
            .publish(now(), &Outgoing::new(topic, &large))
            .unwrap();
        drain(&mut session, &mut out);
        drop((large, incoming));
        out = Vec::with_capacity(1 << 16);
        talk(&mut session, version, 10, &mut out);
        let left = held() - before;
        assert!(left < 4096, "{left} bytes of the burst are still held");
    }
}
