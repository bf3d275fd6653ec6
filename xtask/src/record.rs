//! Which tests ran and how each one ended: kept by the suites, read where a test is named as proof.
//!
//! A record counts as long as the sources are the ones that it was made of.

use std::collections::BTreeMap;
use std::fs;
use std::path::PathBuf;

use crate::project;
use crate::stamp::{Inputs, Stamp, files_below};

/// How a test ended. Of several tests with one name the worst counts.
#[derive(Debug, Clone, Copy, PartialEq, Eq, PartialOrd, Ord)]
pub enum Outcome {
    Skipped,
    Passed,
    Failed,
}

impl Outcome {
    const ALL: [Self; 3] = [Self::Skipped, Self::Passed, Self::Failed];

    fn word(self) -> &'static str {
        match self {
            Self::Skipped => "skipped",
            Self::Passed => "passed",
            Self::Failed => "failed",
        }
    }
}

/// Tests by name: `file::test` in Rust, the title in JavaScript.
pub type Tests = BTreeMap<String, Outcome>;

/// The record of one suite, begun before its tests run.
pub struct Record {
    file: PathBuf,
    stamp: Stamp,
}

impl Record {
    /// What is tested is taken down now, so that a change during the run makes the record an old one.
    pub fn of(suite: &str) -> Self {
        Self {
            file: project::notes().join("ran").join(suite),
            stamp: sources().stamp(&format!("ran-{suite}")),
        }
    }

    pub fn keep(&self, tests: &Tests) {
        self.stamp.clear();
        let lines: String = tests
            .iter()
            .map(|(name, outcome)| format!("{}\t{name}\n", outcome.word()))
            .collect();
        let folder = self.file.parent().map(fs::create_dir_all);
        // Without a record the tests count as not run, which whoever needs them says.
        if folder.is_some_and(|made| made.is_ok()) && fs::write(&self.file, lines).is_ok() {
            self.stamp.set();
        }
    }

    /// The tests of the last run, if it was of these sources.
    pub fn current(&self) -> Option<Tests> {
        if !self.stamp.is_current(std::slice::from_ref(&self.file)) {
            return None;
        }
        let text = fs::read_to_string(&self.file).ok()?;
        Some(text.lines().filter_map(read).collect())
    }
}

fn read(line: &str) -> Option<(String, Outcome)> {
    let (word, name) = line.split_once('\t')?;
    let outcome = Outcome::ALL.into_iter().find(|it| it.word() == word)?;
    Some((name.to_owned(), outcome))
}

/// Everything that can change how a test ends. The tables that name tests are no part of it.
pub fn sources() -> Inputs {
    let inputs = Inputs::default().paths(&["src", "pkg/src", "Cargo.toml", "Cargo.lock"]);
    let tests = project::root().join("tests");
    files_below(&tests)
        .into_iter()
        .filter(|file| {
            let is_table = file.extension().is_some_and(|extension| extension == "tsv");
            !(is_table && file.parent() == Some(tests.as_path()))
        })
        .fold(inputs, |inputs, file| inputs.path(&file))
}

fn add(tests: &mut Tests, name: String, outcome: Outcome) {
    tests
        .entry(name)
        .and_modify(|old| *old = (*old).max(outcome))
        .or_insert(outcome);
}

/// What `cargo test` printed, standard output and standard error together.
pub fn of_libtest(output: &str) -> Tests {
    let mut tests = Tests::new();
    let mut file = String::new();
    for line in output.lines() {
        let line = line.trim_start();
        if let Some(running) = line.strip_prefix("Running ") {
            let path = running.trim_start_matches("unittests ");
            let path = path.split(' ').next().unwrap_or_default();
            let name = path.rsplit('/').next().unwrap_or_default();
            // Runners in a browser say what else they are running.
            if let Some(stem) = name.strip_suffix(".rs") {
                file = stem.to_owned();
            }
        } else if line.starts_with("Doc-tests ") {
            file = "doc".to_owned();
        } else if let Some((name, end)) = line
            .strip_prefix("test ")
            .and_then(|test| test.rsplit_once(" ... "))
        {
            let outcome = match end.split([',', ' ']).next() {
                Some("ok") => Outcome::Passed,
                Some("ignored") => Outcome::Skipped,
                _ => Outcome::Failed,
            };
            let name = name.trim_end_matches(" - should panic");
            add(&mut tests, format!("{file}::{name}"), outcome);
        }
    }
    tests
}

/// The TAP that `node --test` writes; groups count like tests.
pub fn of_tap(output: &str) -> Tests {
    let mut tests = Tests::new();
    for line in output.lines() {
        let line = line.trim_start();
        let (line, mut outcome) = match line.strip_prefix("not ok ") {
            Some(rest) => (rest, Outcome::Failed),
            None => match line.strip_prefix("ok ") {
                Some(rest) => (rest, Outcome::Passed),
                None => continue,
            },
        };
        let Some((_, title)) = line.split_once(" - ") else {
            continue;
        };
        let marks = [" # SKIP", " # TODO"];
        let (title, skipped) = marks
            .iter()
            .find_map(|mark| title.split_once(mark))
            .map_or((title, false), |(title, _)| (title, true));
        if skipped {
            outcome = Outcome::Skipped;
        }
        let title = title.replace("\\#", "#").replace("\\\\", "\\");
        add(&mut tests, title, outcome);
    }
    tests
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn tests_of_cargo_are_named_after_their_file() {
        let output = "\
     Running unittests src/lib.rs (target/debug/deps/webmqtt-1)
test topic::tests::a_plus ... ok
     Running tests/session_publish.rs (target/debug/deps/session_publish-2)
Running headless tests in Chrome on `http://127.0.0.1:37731/`

running 3 tests
test qos_0 ... ok
test qos_1 ... FAILED
test qos_2 ... ignored, takes an hour
test result: FAILED. 1 passed; 1 failed; 1 ignored
   Doc-tests webmqtt
test src/lib.rs - (line 4) ... ok
";
        let tests = of_libtest(output);
        let found: Vec<_> = tests.iter().map(|(name, end)| (&name[..], *end)).collect();
        assert_eq!(
            found,
            [
                ("doc::src/lib.rs - (line 4)", Outcome::Passed),
                ("lib::topic::tests::a_plus", Outcome::Passed),
                ("session_publish::qos_0", Outcome::Passed),
                ("session_publish::qos_1", Outcome::Failed),
                ("session_publish::qos_2", Outcome::Skipped),
            ]
        );
    }

    #[test]
    fn of_several_tests_with_one_title_the_worst_counts() {
        let output = "\
TAP version 13
# Subtest: Mosquitto
    ok 1 - a will \\# 1
    ok 2 - a restart # SKIP not there
ok 1 - Mosquitto
    not ok 1 - a will \\# 1
    ok 2 - a restart
";
        let tests = of_tap(output);
        assert_eq!(tests.get("a will # 1"), Some(&Outcome::Failed));
        assert_eq!(tests.get("a restart"), Some(&Outcome::Passed));
        assert_eq!(tests.get("Mosquitto"), Some(&Outcome::Passed));
        assert_eq!(tests.len(), 3);
    }

    #[test]
    fn a_line_of_the_record_is_read_back() {
        for outcome in Outcome::ALL {
            let line = format!("{}\ta::b", outcome.word());
            assert_eq!(read(&line), Some(("a::b".to_owned(), outcome)));
        }
        assert_eq!(read("unheard of\ta::b"), None);
    }
}
