//! Reads what test runners print at their end, and adds it up.

use std::fmt;
use std::ops::AddAssign;

/// Passed, failed, skipped; and for what was skipped, why.
#[derive(Debug, Default, Clone, PartialEq, Eq)]
pub struct Tally {
    pub passed: u64,
    pub failed: u64,
    pub skipped: u64,
    /// `what: why`, a line for each.
    pub reasons: Vec<String>,
}

impl Tally {
    pub fn skip(&mut self, what: &str, why: &str) {
        self.skipped += 1;
        self.reasons.push(format!("{what}: {why}"));
    }

    pub fn skipped(what: &str, why: &str) -> Self {
        let mut tally = Self::default();
        tally.skip(what, why);
        tally
    }

    pub fn failed() -> Self {
        Self {
            failed: 1,
            ..Self::default()
        }
    }
}

impl AddAssign for Tally {
    fn add_assign(&mut self, other: Self) {
        self.passed += other.passed;
        self.failed += other.failed;
        self.skipped += other.skipped;
        self.reasons.extend(other.reasons);
    }
}

impl fmt::Display for Tally {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        write!(
            f,
            "{} passed, {} failed, {} skipped",
            self.passed, self.failed, self.skipped
        )
    }
}

/// The summaries of libtest and of wasm-bindgen-test, of which there may be many. None without any.
pub fn of_libtest(output: &str) -> Option<Tally> {
    let mut tally = Tally::default();
    let mut found = false;
    for line in output.lines() {
        if let Some((_, counts)) = line.split_once("test result: ") {
            found = true;
            tally.passed += count_before(counts, " passed");
            tally.failed += count_before(counts, " failed");
            tally.skipped += count_before(counts, " ignored");
        } else if let Some(test) = line.strip_prefix("test ")
            && let Some((name, rest)) = test.split_once(" ... ignored")
        {
            let why = rest.trim_start_matches(',').trim();
            let why = if why.is_empty() {
                "marked as ignored"
            } else {
                why
            };
            tally.reasons.push(format!("{name}: {why}"));
        }
    }
    found.then_some(tally)
}

fn count_before(text: &str, word: &str) -> u64 {
    let before = text.split(word).next().unwrap_or_default();
    let digits = before.rsplit(|c: char| !c.is_ascii_digit()).next();
    digits.and_then(|digits| digits.parse().ok()).unwrap_or(0)
}

/// The TAP that `node --test` writes. None when it stops before its summary.
pub fn of_tap(output: &str) -> Option<Tally> {
    let count = |name: &str| {
        output.lines().rev().find_map(|line| {
            let number = line.strip_prefix("# ")?.strip_prefix(name)?;
            number.trim().parse::<u64>().ok()
        })
    };
    let mut tally = Tally {
        passed: count("pass ")?,
        failed: count("fail ")? + count("cancelled ").unwrap_or(0),
        skipped: count("skipped ")? + count("todo ").unwrap_or(0),
        reasons: Vec::new(),
    };
    for line in output.lines() {
        let line = line.trim_start();
        if !line.starts_with("ok ") && !line.starts_with("not ok ") {
            continue;
        }
        for mark in [" # SKIP", " # TODO"] {
            if let Some((test, why)) = line.split_once(mark) {
                let name = test.split_once(" - ").map_or(test, |(_, name)| name);
                let why = why.trim();
                let why = if why.is_empty() {
                    "no reason given"
                } else {
                    why
                };
                tally
                    .reasons
                    .push(format!("{name}: {why}").replace('\\', ""));
            }
        }
    }
    Some(tally)
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn summaries_of_several_test_binaries_add_up() {
        let output = "\
running 3 tests
test a ... ok
test b ... ignored, needs a network
test c ... FAILED
test result: FAILED. 1 passed; 1 failed; 1 ignored; 0 measured; 0 filtered out; finished in 0.01s
   Doc-tests webmqtt
test src/lib.rs - (line 4) ... ignored
test result: ok. 12 passed; 0 failed; 1 ignored; 0 measured; 0 filtered out; finished in 1.20s
";
        let tally = of_libtest(output).expect("two summaries");
        assert_eq!((tally.passed, tally.failed, tally.skipped), (13, 1, 2));
        assert_eq!(
            tally.reasons,
            [
                "b: needs a network",
                "src/lib.rs - (line 4): marked as ignored"
            ]
        );
    }

    #[test]
    fn a_run_in_the_browser_is_read_the_same_way() {
        let output =
            "test result: ok. 7 passed; 0 failed; 2 ignored; 0 filtered out; finished in 0.00s";
        let tally = of_libtest(output).expect("a summary");
        assert_eq!((tally.passed, tally.failed, tally.skipped), (7, 0, 2));
    }

    #[test]
    fn a_crash_has_no_summary() {
        assert_eq!(of_libtest("error: could not compile `webmqtt`"), None);
        assert_eq!(of_tap("TAP version 13\n# Subtest: a\n"), None);
    }

    #[test]
    fn tap_gives_counts_and_reasons() {
        let output = "\
TAP version 13
# Subtest: outer
    # Subtest: inner
    ok 1 - inner # SKIP RabbitMQ is not there
      ---
      ...
    1..1
ok 1 - outer
not ok 2 - later # TODO
ok 3 - plain
1..3
# tests 6
# suites 0
# pass 2
# fail 1
# cancelled 1
# skipped 1
# todo 1
# duration_ms 30.5
";
        let tally = of_tap(output).expect("a summary");
        assert_eq!((tally.passed, tally.failed, tally.skipped), (2, 2, 2));
        assert_eq!(
            tally.reasons,
            ["inner: RabbitMQ is not there", "later: no reason given"]
        );
    }

    #[test]
    fn the_last_line_reads_well() {
        let mut tally = Tally::skipped("x", "y");
        tally += Tally::failed();
        tally.passed = 3;
        assert_eq!(tally.to_string(), "3 passed, 1 failed, 1 skipped");
    }
}
