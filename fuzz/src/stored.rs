//! A stored session that somebody has forged: whatever the records say, a session comes of them that writes a whole
//! store again, or an error does.

use std::collections::BTreeMap;

use webmqtt::codec::{PacketId, QoS, Version};
use webmqtt::session::{
    ConnectOptions, Durability, OpenPublish, Restored, Session, StoreKey, StoreOp, Transmit,
};
use webmqtt::time::{Instant, WallTime};

use crate::meter;

/// Bits of the first byte.
const OLDER: u8 = 1;
const STRICT: u8 = 2;
const SEALED: u8 = 4;
const PRESENT: u8 = 8;

/// Bytes of a place for each identifier, twice while the list of them grows: two records whose identifiers are far apart
/// bring that about.
const PLACES: usize = (65_536 + 32_768) * size_of::<usize>();

type Records = BTreeMap<StoreKey, Vec<u8>>;

/// A byte of options. Then records: a byte for the kind and two for the number of the key, one for the length and the
/// bytes of the value. Another kind ends them; what follows is what the server sends after its CONNACK.
pub fn run(data: &[u8]) {
    let Some((&bits, rest)) = data.split_first() else {
        return;
    };
    let (records, server) = read(rest, bits & SEALED != 0);
    let size: usize = records.values().map(|value| value.len() + 64).sum();
    let options = options(bits);
    let durability = if bits & STRICT != 0 {
        Durability::Strict
    } else {
        Durability::Relaxed
    };
    meter::reset();
    let Some(first) = restore(&options, durability, &records) else {
        return;
    };
    let allowed = PLACES + 40_000 + 40 * size;
    assert!(meter::cost().peak <= allowed, "{:?}", meter::cost());
    assert!(
        meter::cost().work <= (PLACES + 200_000 + 2_000 * size) as u64,
        "{:?} for {size}",
        meter::cost()
    );
    let mut session = first.session;

    // What it writes is a store like any other, with nothing lost and nothing damaged.
    let mut written = records.clone();
    let known = summary(&session);
    let mut handed = write(&mut session, &mut written);
    for key in first.damaged {
        assert!(!written.contains_key(&key), "{key:?} stays in the store");
    }
    let Some(second) = restore(&options, durability, &written) else {
        panic!("what the session has written is no session");
    };
    assert_eq!(second.damaged, []);
    assert_eq!(summary(&second.session), known);
    drop(second);

    // It lives on, with a server that sends anything.
    let now = Instant::from_millis(2_000);
    let _ = session.connect(now);
    drain(&mut session, &mut written, &mut handed);
    session.handle_open(now);
    drain(&mut session, &mut written, &mut handed);
    let connack: &[u8] = match options.version {
        Version::V5 => &[0x20, 3, 0, 0, 0],
        _ => &[0x20, 2, 0, 0],
    };
    let mut connack = connack.to_vec();
    connack[2] = u8::from(bits & PRESENT != 0);
    for bytes in [&connack[..], server] {
        session.recv_buf(bytes.len()).copy_from_slice(bytes);
        session.handle_received(now);
        drain(&mut session, &mut written, &mut handed);
    }
    session.handle_closed(now);
    drain(&mut session, &mut written, &mut handed);
    let known = summary(&session);
    let Some(third) = restore(&options, durability, &written) else {
        panic!("what the session has written is no session");
    };
    assert_eq!(third.damaged, []);
    let same = summary(&third.session);
    assert_eq!(same.0, known.0);
}

fn options(bits: u8) -> ConnectOptions {
    let version = if bits & OLDER != 0 {
        Version::V4
    } else {
        Version::V5
    };
    ConnectOptions {
        version,
        clean_start: false,
        session_expiry: if version == Version::V5 { 3_600 } else { 0 },
        reconnect: None,
        ..ConnectOptions::default()
    }
}

fn read(mut rest: &[u8], seal: bool) -> (Records, &[u8]) {
    let mut records = Records::new();
    while let Some((&[kind, high, low, len], after)) = rest.split_first_chunk() {
        let number = u16::from_be_bytes([high, low]);
        let key = match kind {
            0 => StoreKey::Session,
            1 => StoreKey::Publish(number.into()),
            2 => match PacketId::new(number) {
                Some(id) => StoreKey::Received(id),
                None => break,
            },
            3 => StoreKey::Filter(number.into()),
            _ => return (records, after),
        };
        let (value, after) = after.split_at(after.len().min(len.into()));
        rest = after;
        let mut value = value.to_vec();
        if seal {
            value.extend(checksum(key, &value));
        }
        records.insert(key, value);
    }
    (records, &[])
}

/// As in `src/session/persist/record.rs`: without it nothing but damage would be tried.
fn checksum(key: StoreKey, record: &[u8]) -> [u8; 4] {
    let key = key.to_u64().to_be_bytes();
    let bytes = key.iter().chain(record);
    let sum = bytes.fold(0x811C_9DC5_u32, |sum, &byte| {
        (sum ^ u32::from(byte)).wrapping_mul(0x0100_0193)
    });
    sum.to_be_bytes()
}

fn restore(
    options: &ConnectOptions,
    durability: Durability,
    records: &Records,
) -> Option<Restored> {
    let (now, wall) = (Instant::from_millis(1_000), WallTime::from_millis(1 << 40));
    let mut records = records.iter().map(|(key, value)| (*key, value.as_slice()));
    let options = options.clone();
    meter::inside(|| Session::restore(now, wall, options, durability, 7, &mut records)).ok()
}

/// Whose end will be told, and what the server has.
fn summary(session: &Session) -> (Vec<(u32, QoS, bool)>, Vec<String>) {
    let open = session.open_publishes();
    let mut open: Vec<_> = open
        .map(|OpenPublish { token, qos, sent }| (token.get(), qos, sent))
        .collect();
    open.sort_unstable();
    let mut filters: Vec<_> = session.remembered().map(String::from).collect();
    filters.sort_unstable();
    (open, filters)
}

/// Does what the session wants of the store; how many operations it were.
fn write(session: &mut Session, records: &mut Records) -> u64 {
    let mut handed = 0;
    while let Some(op) = session.poll_store(WallTime::from_millis(1 << 40)) {
        handed += 1;
        match op {
            StoreOp::Put { key, value } => {
                records.insert(key, value.to_vec());
            }
            StoreOp::Delete { key } => {
                records.remove(&key);
            }
            StoreOp::Clear => records.clear(),
        }
    }
    handed
}

fn drain(session: &mut Session, records: &mut Records, handed: &mut u64) {
    let mut out = Vec::new();
    loop {
        let mut progress = false;
        while session.poll_event().is_some() {
            progress = true;
        }
        while session.poll_transmit(&mut out, 4_096) == Transmit::Data {
            progress = true;
        }
        let written = write(session, records);
        *handed += written;
        session.handle_stored(Instant::from_millis(2_000), *handed);
        while session.poll_transport().is_some() {
            progress = true;
        }
        if !progress && written == 0 {
            break;
        }
    }
}
