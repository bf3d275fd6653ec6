//! When to try again: exponential back-off with full jitter, from a seed.

use super::options::ReconnectOptions;
use crate::time::Duration;

/// A connection that lasts this long resets the back-off; a CONNACK alone does not.
pub(super) const STABLE_AFTER: Duration = Duration::from_secs(20);

/// SplitMix64: small, seedable, good enough for jitter and client identifiers, no good for secrets.
pub(super) struct Random(u64);

impl Random {
    pub(super) fn new(seed: u64) -> Self {
        Self(seed)
    }

    pub(super) fn next(&mut self) -> u64 {
        self.0 = self.0.wrapping_add(0x9E37_79B9_7F4A_7C15);
        let mut mixed = self.0;
        mixed = (mixed ^ (mixed >> 30)).wrapping_mul(0xBF58_476D_1CE4_E5B9);
        mixed = (mixed ^ (mixed >> 27)).wrapping_mul(0x94D0_49BB_1331_11EB);
        mixed ^ (mixed >> 31)
    }

    /// A number from 0 to `bound`, both included.
    pub(super) fn up_to(&mut self, bound: u64) -> u64 {
        match bound.checked_add(1) {
            Some(count) => self.next() % count,
            None => self.next(),
        }
    }
}

#[derive(Default)]
pub(super) struct Backoff {
    /// Attempts since the last stable connection.
    failures: u32,
    /// Attempts since the last connection of any length.
    attempt: u32,
}

impl Backoff {
    /// Number of the current attempt, from 1.
    pub(super) fn attempt(&self) -> u32 {
        self.attempt
    }

    pub(super) fn begin_attempt(&mut self) {
        self.attempt = self.attempt.saturating_add(1);
    }

    pub(super) fn connected(&mut self) {
        self.attempt = 0;
    }

    pub(super) fn reset(&mut self) {
        *self = Self {
            failures: 0,
            attempt: self.attempt,
        };
    }

    /// Whether there were as many attempts as are wanted.
    pub(super) fn is_enough(&self, options: &ReconnectOptions) -> bool {
        options.attempts.is_some_and(|limit| self.attempt >= limit)
    }

    /// The time to wait before the next attempt, or `None` when there were enough of them.
    pub(super) fn next_delay(
        &mut self,
        options: &ReconnectOptions,
        random: &mut Random,
    ) -> Option<Duration> {
        if self.is_enough(options) {
            return None;
        }
        let (min, max) = (options.min.as_millis(), options.max.as_millis());
        let doublings = self.failures.min(32);
        let bound = if doublings <= min.leading_zeros() {
            max.min(min << doublings)
        } else {
            max
        };
        self.failures = self.failures.saturating_add(1);
        Some(Duration::from_millis(random.up_to(bound)))
    }
}

/// Which of several servers has its turn.
#[derive(Default)]
pub(super) struct Turns {
    /// From 0.
    pub(super) server: u32,
    /// How many had one since the last connection or delay.
    had: u32,
}

impl Turns {
    pub(super) fn begin_round(&mut self) {
        self.had = 0;
    }

    /// The next one has its turn; `false` if each of them had one.
    pub(super) fn next(&mut self, servers: u32) -> bool {
        self.had += 1;
        self.server += 1;
        if self.server >= servers {
            self.server = 0;
        }
        let more = self.had < servers;
        if !more {
            self.begin_round();
        }
        more
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn delays_spread_over_a_range_that_doubles_up_to_the_maximum() {
        let options = ReconnectOptions::default();
        let mut highest = [0u64; 10];
        for seed in 0..500 {
            let (mut backoff, mut random) = (Backoff::default(), Random::new(seed));
            for slot in &mut highest {
                *slot = (*slot).max(
                    backoff
                        .next_delay(&options, &mut random)
                        .unwrap()
                        .as_millis(),
                );
            }
        }
        for (round, &seen) in highest.iter().enumerate() {
            let bound = (2_000u64 << round).min(30_000);
            assert!(
                seen <= bound && seen > bound * 9 / 10,
                "round {round}: {seen} of {bound}"
            );
        }
    }

    #[test]
    fn gives_up_after_the_configured_number_of_attempts() {
        let options = ReconnectOptions {
            attempts: Some(2),
            ..ReconnectOptions::default()
        };
        let (mut backoff, mut random) = (Backoff::default(), Random::new(1));
        backoff.begin_attempt();
        assert!(backoff.next_delay(&options, &mut random).is_some());
        backoff.begin_attempt();
        assert!(backoff.next_delay(&options, &mut random).is_none());
    }
}
