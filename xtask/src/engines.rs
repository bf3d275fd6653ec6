//! The suite `engines`: the part of the browser tests that has to pass in every engine, and there in a window, in a
//! worker and in a shared worker. `tests/browser/suites/everywhere.mjs` says which tests these are.

use crate::setup::{self, Need};
use crate::summary::Tally;
use crate::test;

pub const NEEDS: [Need; 4] = [Need::Chromium, Need::Firefox, Need::WebKit, Need::Debian13];

/// Each file runs the tests in one engine and one place. Chromium's window is the suite `browser`.
const PREFIX: &str = "engine_";

/// Most of them wait for a broker or for a deadline.
const AT_ONCE: u8 = 4;

struct Engine {
    title: &'static str,
    /// In the names of its files.
    name: &'static str,
    need: Need,
}

const ENGINES: [Engine; 3] = [
    Engine {
        title: "Chromium",
        name: "chromium",
        need: Need::Chromium,
    },
    Engine {
        title: "Firefox",
        name: "firefox",
        need: Need::Firefox,
    },
    Engine {
        title: "WebKit",
        name: "webkit",
        need: Need::WebKit,
    },
];

/// Whether a file of `tests/browser` belongs to this suite.
pub fn is_one_of(file: &str) -> bool {
    file.starts_with(PREFIX)
}

pub fn suite() -> Tally {
    let mut tally = Tally::default();
    let mut files = Vec::new();
    for engine in ENGINES {
        if let Some(why) = setup::reason(engine.need) {
            tally.skip(&format!("browser tests in {}", engine.title), &why);
        } else {
            files.extend(test::test_files("tests/browser", |file| engine.runs(file)));
        }
    }
    if !files.is_empty() {
        tally += test::node_tests("engines", &files, AT_ONCE);
    }
    tally
}

impl Engine {
    /// Whether the tests of a file run in this engine.
    fn runs(&self, file: &str) -> bool {
        file.strip_prefix(PREFIX)
            .and_then(|rest| rest.strip_prefix(self.name))
            .is_some_and(|rest| rest.starts_with('_'))
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn every_file_of_the_suite_belongs_to_one_engine() {
        let files = test::test_files("tests/browser", is_one_of);
        assert!(!files.is_empty());
        for file in files {
            let name = file.file_name().and_then(|name| name.to_str());
            let engines = ENGINES
                .iter()
                .filter(|it| it.runs(name.unwrap_or_default()));
            assert_eq!(engines.count(), 1, "{}", file.display());
        }
    }

    #[test]
    fn every_engine_runs_in_a_worker_and_in_a_shared_worker() {
        for engine in ENGINES {
            for place in ["worker", "shared_worker"] {
                let wanted = format!("{PREFIX}{}_{place}.test.mjs", engine.name);
                let found = test::test_files("tests/browser", |file| file == wanted);
                assert_eq!(found.len(), 1, "{wanted}");
            }
        }
    }
}
