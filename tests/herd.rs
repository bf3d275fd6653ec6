//! Many sessions lose their broker at once, and what the default back-off makes of it. `cargo xtask herd` plays more of
//! them for `docs/scale.md`.

#[path = "../examples/herd/simulation.rs"]
mod simulation;

use simulation::{Fault, Outcome, Policy, play};
use webmqtt::session::ReconnectOptions;

const SESSIONS: u32 = 5_000;
const HERD: u64 = SESSIONS as u64;
/// MQTT.js's.
const FIXED: Policy = Policy::Fixed(1_000);
/// The longest delay by default and the longest round trip, in milliseconds.
const LATEST: u64 = 30_200;

fn by_default(fault: Fault) -> Outcome {
    play(
        SESSIONS,
        Policy::BackOff(ReconnectOptions::default()),
        fault,
    )
}

fn away(millis: u64) -> Fault {
    Fault {
        away: millis,
        per_second: None,
        backlog: 0,
    }
}

/// A door that takes 100 s for the whole herd.
fn narrow(millis: u64) -> Fault {
    Fault {
        away: millis,
        per_second: Some(HERD / 100),
        backlog: HERD / 25,
    }
}

#[test]
fn the_busiest_moments_are_quieter_than_with_a_fixed_retry() {
    for fault in [away(1_000), away(10_000)] {
        let (backed_off, fixed) = (by_default(fault), play(SESSIONS, FIXED, fault));
        assert!(fixed.peak(10) >= HERD, "everybody within a second");
        assert!(fixed.peak(1) > HERD / 2, "most within a tenth of it");
        assert!(
            backed_off.peak(10) < HERD * 3 / 4,
            "{}",
            backed_off.peak(10)
        );
        assert!(backed_off.peak(1) < HERD / 10, "{}", backed_off.peak(1));
    }
}

#[test]
fn while_the_broker_is_away_the_rate_falls_and_has_no_waves() {
    let outcome = by_default(away(300_000));
    // Each session waits 15 s in the mean.
    let expected = HERD / 15;
    let minutes = &outcome.arrivals[600..3_000];
    for (nth, second) in minutes.chunks(10).enumerate() {
        let rate = u64::from(second.iter().sum::<u32>());
        assert!(
            (expected / 2..expected * 2).contains(&rate),
            "{rate} in second {}",
            60 + nth
        );
    }
    assert!(outcome.attempts() < HERD * 30, "{}", outcome.attempts());
}

#[test]
fn everybody_is_back_as_soon_as_their_delay_allows() {
    for millis in [0, 1_000, 60_000] {
        let outcome = by_default(away(millis));
        assert_eq!(outcome.back.len(), SESSIONS as usize);
        assert!(outcome.back_after(100) <= millis + LATEST);
        assert_eq!(outcome.wasted, 0);
    }
}

#[test]
fn the_herd_comes_back_spread_over_time() {
    let outcome = by_default(away(30_000));
    let mut per_second = [0; 32];
    for at in &outcome.back {
        per_second[(at - 30_000) as usize / 1_000] += 1;
    }
    let most = per_second.into_iter().max().unwrap_or_default();
    assert!(most < HERD / 10, "{most} within a second: {per_second:?}");
}

#[test]
fn a_narrow_door_is_kept_busy_and_not_overrun() {
    let (backed_off, fixed) = (
        by_default(narrow(30_000)),
        play(SESSIONS, FIXED, narrow(30_000)),
    );
    for outcome in [&backed_off, &fixed] {
        assert_eq!(outcome.back.len(), SESSIONS as usize);
    }
    // As fast as the door allows, but for those who sleep when the last ones are let in.
    assert!(backed_off.back_after(90) < 30_000 + 95_000);
    assert!(backed_off.back_after(100) < 30_000 + 100_000 + LATEST);
    assert!(backed_off.wasted < HERD * 4, "{}", backed_off.wasted);
    assert!(fixed.wasted > backed_off.wasted * 8, "{}", fixed.wasted);
}
