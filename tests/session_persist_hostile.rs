//! A store that has been damaged, or written by somebody who means harm: what is refused, what it costs, and that
//! nothing panics.

mod pair;

use pair::random::SeedOnFailure;
use pair::*;
use webmqtt::codec::Version;
use webmqtt::error::Error;
use webmqtt::session::{
    ConnectOptions, Durability, RestoreError, Restored, Session, State, StoreKey,
};
use webmqtt::time::{Instant, WallTime};

type Records = Vec<(StoreKey, Vec<u8>)>;

fn restore(options: ConnectOptions, records: &Records) -> Result<Restored, RestoreError> {
    let mut records = records.iter().map(|(key, value)| (*key, value.as_slice()));
    let (now, wall) = (
        Instant::from_millis(5),
        WallTime::from_millis(1_700_000_000_000),
    );
    Session::restore(now, wall, options, Durability::Strict, 3, &mut records)
}

/// A session with a record of every kind.
fn records(version: Version) -> Records {
    let mut peer = Scripted::new(persistent(version));
    *peer.as_mut_client() = Client::with_store(persistent(version), Durability::Relaxed, 1);
    peer.connect();
    peer.accept(false);
    peer.publish("t/1", "one", QOS1);
    peer.publish("t/2", "two", QOS2);
    peer.publish("t/3", "three", QOS2);
    peer.send(&pubrec(3));
    peer.subscribe(&[("in/#", QOS2)]);
    peer.send(&suback(4, &[2]));
    peer.send(&publish(QOS2, 7, "in/a", "x"));
    peer.cut();
    peer.publish("t/4", "four", QOS1);
    let store = peer.store.as_ref().unwrap();
    let records: Records = store.records().map(|(key, it)| (key, it.into())).collect();
    let kinds = [
        StoreKey::Session,
        StoreKey::Publish(1),
        StoreKey::Publish(2),
        StoreKey::Publish(3),
        StoreKey::Publish(4),
        StoreKey::Received(id(7)),
        StoreKey::Filter(1),
    ];
    assert_eq!(store.keys(), kinds);
    records
}

/// The checksum of a record: without it only damage would be tested, not malice.
fn sealed(key: StoreKey, mut record: Vec<u8>) -> Vec<u8> {
    let key = key.to_u64().to_be_bytes();
    let bytes = key.iter().chain(&record);
    let sum = bytes.fold(0x811C_9DC5_u32, |sum, &byte| {
        (sum ^ u32::from(byte)).wrapping_mul(0x0100_0193)
    });
    record.extend(sum.to_be_bytes());
    record
}

/// Lives on for a while: connects, resumes, publishes, ends.
fn live(restored: Restored, records: &Records, version: Version) {
    let mut damaged = restored.damaged.clone();
    // Of two records with one key the other one can be good.
    damaged.retain(|key| records.iter().filter(|(of, _)| of == key).count() == 1);
    let mut peer = Scripted::new(persistent(version));
    peer.session = restored.session;
    peer.store = Some(Store::new(Durability::Strict));
    peer.now = 5;
    // What is in there need not go together with what the watcher expects.
    peer.audit.client_gave_up();
    peer.drain();
    for key in damaged {
        let log = &peer.store.as_ref().unwrap().log;
        let of_it = |write: &Write| match write {
            Write::Put(of, _) | Write::Delete(of) => *of == key,
            Write::Clear => false,
        };
        assert!(log.iter().any(of_it), "{key:?} stays in the store");
    }
    let _ = peer.session.open_publishes().count() + peer.session.remembered().count();
    peer.publish("t", "new", QOS2);
    peer.subscribe(&[("in/#", QOS2), ("other", QOS1)]);
    peer.connect();
    peer.accept(false);
    peer.publish("t", "newer", QOS1);
    peer.advance(100_000);
    peer.act(Session::disconnect);
    peer.advance(10_000);
    assert_eq!(peer.state(), State::Closed);
}

#[test]
fn a_whole_store_is_used_whole() {
    for version in BOTH {
        let mut records = records(version);
        for _ in 0..2 {
            let restored = restore(persistent(version), &records).unwrap();
            assert_eq!(restored.damaged, []);
            assert_eq!(restored.session.open_publishes().count(), 4);
            assert_eq!(restored.session.remembered().count(), 1);
            live(restored, &records, version);
            records.reverse();
        }
    }
}

#[test]
fn a_record_that_is_damaged_costs_itself_and_no_more() {
    for version in BOTH {
        let whole = records(version);
        for (at, (key, value)) in whole.iter().enumerate() {
            let flips = (0..value.len() * 8).map(|bit| {
                let mut value = value.clone();
                value[bit / 8] ^= 1 << (bit % 8);
                value
            });
            let cuts = (0..value.len()).map(|len| value[..len].to_vec());
            let longer = std::iter::once([&value[..], &[0]].concat());
            for damaged in flips.chain(cuts).chain(longer) {
                let mut records = whole.clone();
                records[at].1 = damaged;
                let restored = restore(persistent(version), &records);
                if *key == StoreKey::Session {
                    let error = restored.err();
                    let known = [Some(RestoreError::Damaged), Some(RestoreError::Format)];
                    assert!(known.contains(&error), "{error:?}");
                    continue;
                }
                let restored = restored.unwrap();
                assert_eq!(restored.damaged, [*key]);
                let publish = matches!(key, StoreKey::Publish(_));
                let filter = matches!(key, StoreKey::Filter(_));
                let session = &restored.session;
                assert_eq!(session.open_publishes().count(), 4 - usize::from(publish));
                assert_eq!(session.remembered().count(), 1 - usize::from(filter));
            }
        }
    }
}

#[test]
fn a_record_under_another_key_is_damaged() {
    let mut records = records(Version::V5);
    let one = records[1].1.clone();
    records.push((StoreKey::Publish(9), one));
    let restored = restore(persistent(Version::V5), &records).unwrap();
    assert_eq!(restored.damaged, [StoreKey::Publish(9)]);
    live(restored, &records, Version::V5);
}

/// Whoever knows the checksum can write what he likes.
#[test]
fn forged_records_do_no_harm() {
    for seed in 0..4000 {
        let _seed = SeedOnFailure(seed);
        let mut random = Random::new(seed);
        let version = BOTH[random.index(2)];
        let mut records = records(version);
        for _ in 0..1 + random.index(4) {
            let at = random.index(records.len());
            let (mut key, mut value) = records[at].clone();
            value.truncate(value.len() - 4);
            for _ in 0..random.below(4) {
                let place = random.index(value.len());
                value[place] = match random.below(4) {
                    0 => 0,
                    1 => 0xFF,
                    2 => value[place] ^ 1 << random.below(8),
                    _ => random.next() as u8,
                };
            }
            if random.chance(20) {
                value.truncate(1 + random.index(value.len()));
            }
            if random.chance(30) {
                let numbers = [0, 1, 2, 5, u64::from(u32::MAX), (1 << 51) - 1, u64::MAX];
                let number = numbers[random.index(numbers.len())];
                key = match random.below(4) {
                    0 => StoreKey::Publish(number),
                    1 => StoreKey::Filter(number as u32),
                    2 => StoreKey::Received(id(random.next() as u16 | 1)),
                    _ => key,
                };
            }
            let forged = (key, sealed(key, value));
            if random.chance(50) {
                records[at] = forged;
            } else {
                records.push(forged);
            }
        }
        if let Ok(restored) = restore(persistent(version), &records) {
            live(restored, &records, version);
        }
    }
}

#[test]
fn a_store_without_a_session_has_none() {
    let none = restore(persistent(Version::V5), &Vec::new());
    assert_eq!(none.err(), Some(RestoreError::NoSession));
    let mut records = records(Version::V5);
    records.remove(0);
    let none = restore(persistent(Version::V5), &records);
    assert_eq!(none.err(), Some(RestoreError::NoSession));
}

/// REC-14
#[test]
fn a_session_is_not_used_with_another_version() {
    for (stored, wanted) in [(Version::V5, Version::V4), (Version::V4, Version::V5)] {
        let other = restore(persistent(wanted), &records(stored));
        assert_eq!(other.err(), Some(RestoreError::Version));
    }
}

#[test]
fn a_session_is_not_used_with_another_client_identifier() {
    let options = ConnectOptions {
        client_id: Some("somebody else".into()),
        ..persistent(Version::V5)
    };
    let other = restore(options, &records(Version::V5));
    assert_eq!(other.err(), Some(RestoreError::ClientId));
    let options = ConnectOptions {
        client_id: None,
        ..persistent(Version::V5)
    };
    let same = restore(options, &records(Version::V5)).unwrap();
    assert_eq!(same.session.client_id(), "tester");
}

#[test]
fn a_session_of_another_format_is_refused_as_such() {
    let mut records = records(Version::V5);
    let mut value = records[0].1.clone();
    value.truncate(value.len() - 4);
    value[0] = 2;
    records[0].1 = sealed(StoreKey::Session, value);
    let other = restore(persistent(Version::V5), &records);
    assert_eq!(other.err(), Some(RestoreError::Format));
}

#[test]
fn options_that_go_with_no_stored_session_are_refused() {
    for version in BOTH {
        let ends = restore(clean(version), &records(version));
        assert_eq!(ends.err(), Some(RestoreError::EndsWithConnection));
    }
    let invalid = ConnectOptions {
        receive_maximum: 0,
        ..persistent(Version::V5)
    };
    let invalid = restore(invalid, &records(Version::V5));
    assert_eq!(invalid.err(), Some(RestoreError::Options(Error::Option)));
}

/// A calendar that jumps back does not lengthen a life.
#[test]
fn no_time_by_the_calendar_does_harm() {
    let records = records(Version::V5);
    for millis in [0, 1, 1_700_000_000_000, u64::MAX] {
        for now in [0, 7, u64::MAX] {
            let (now, wall) = (Instant::from_millis(now), WallTime::from_millis(millis));
            let mut given = records.iter().map(|(key, value)| (*key, value.as_slice()));
            let options = persistent(Version::V5);
            let restored =
                Session::restore(now, wall, options, Durability::Strict, 1, &mut given).unwrap();
            let mut session = restored.session;
            while session.poll_event().is_some() {}
            while session.poll_store(wall).is_some() {}
            if let Some(deadline) = session.poll_timeout() {
                assert!(deadline.at - now <= webmqtt::time::Duration::from_secs(3600));
            }
        }
    }
}

/// More than a server's Receive Maximum, and more than the queue takes.
#[test]
fn a_large_store_is_restored_whole_and_quickly() {
    let options = || ConnectOptions {
        queue: webmqtt::session::QueueLimits {
            messages: 10,
            bytes: 1000,
            ..webmqtt::session::QueueLimits::default()
        },
        ..persistent(Version::V5)
    };
    let mut client = Client::with_store(persistent(Version::V5), Durability::Relaxed, 1);
    for nth in 0..20_000 {
        client.publish("t", &nth.to_string(), [QOS1, QOS2][nth % 2]);
    }
    let store = client.store.as_ref().unwrap();
    let records: Records = store.records().map(|(key, it)| (key, it.into())).collect();
    let restored = restore(options(), &records).unwrap();
    assert_eq!(restored.session.queued().0, 20_000);
    let mut peer = Scripted::new(options());
    peer.session = restored.session;
    peer.store = Some(Store::new(Durability::Relaxed));
    assert_eq!(peer.try_publish("t", b"x", QOS1), Err(Error::QueueFull));
}

/// What follows the highest order there is has no other.
#[test]
fn an_order_that_leaves_no_room_does_no_harm() {
    let mut records = records(Version::V5);
    let (key, value) = &mut records[2];
    assert_eq!(*key, StoreKey::Publish(2));
    value.truncate(value.len() - 4);
    value[13..21].fill(0xFF);
    *value = sealed(*key, value.clone());
    let mut peer = Scripted::new(persistent(Version::V5));
    peer.session = restore(persistent(Version::V5), &records).unwrap().session;
    peer.store = Some(Store::new(Durability::Strict));
    peer.audit.client_gave_up();
    peer.drain();
    peer.connect();
    peer.accept(true);
    peer.send(&pubrec(2));
    let again = peer.store.as_ref().unwrap();
    assert!(
        again
            .log
            .iter()
            .any(|write| matches!(write, Write::Put(StoreKey::Publish(2), _)))
    );
    peer.publish("t", "new", QOS2);
    peer.send(&pubrec(8));
}
