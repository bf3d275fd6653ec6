//! The tables in `tests/` that say which test shows what: statements, scenarios and findings.
//!
//! Tab-separated columns; a line that begins with `#` is a comment. The last column names tests, separated by ` | `, or
//! says in words why there is none.

use std::fs;

use crate::project;
use crate::step::Failure;

/// Where a test named in a table runs.
#[derive(Debug, Clone, PartialEq, Eq)]
pub enum Test {
    /// `file::test`, run by `cargo test`.
    Native(String),
    /// `web_file::test`, run by `cargo test` in a browser.
    Wasm(String),
    /// `browser: title`, run by Node, which drives a browser.
    Browser(String),
}

impl Test {
    fn read(text: &str) -> Self {
        if let Some(title) = text.strip_prefix("browser: ") {
            Self::Browser(title.to_owned())
        } else if text.starts_with("web_") {
            Self::Wasm(text.to_owned())
        } else {
            Self::Native(text.to_owned())
        }
    }

    pub fn name(&self) -> &str {
        match self {
            Self::Native(name) | Self::Wasm(name) | Self::Browser(name) => name,
        }
    }
}

/// How a statement or scenario is accounted for.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum How {
    /// A statement that the named tests show.
    Shown,
    /// A statement that cannot apply here.
    NotApplicable,
    /// A scenario played natively, a session against a scripted server.
    Pair,
    /// A scenario played in a browser.
    Browser,
    /// A scenario that no test plays, and why.
    Argued,
    /// Not accounted for yet.
    Missing,
}

impl How {
    const WORDS: [(&str, Self); 6] = [
        ("shown", Self::Shown),
        ("n/a", Self::NotApplicable),
        ("pair", Self::Pair),
        ("browser", Self::Browser),
        ("argued", Self::Argued),
        ("missing", Self::Missing),
    ];

    fn read(word: &str) -> Option<Self> {
        let found = Self::WORDS.iter().find(|(known, _)| *known == word)?;
        Some(found.1)
    }

    /// Whether the last column names tests.
    pub fn has_tests(self) -> bool {
        matches!(self, Self::Shown | Self::Pair | Self::Browser)
    }
}

/// One statement or scenario.
#[derive(Debug)]
pub struct Row {
    /// With the version in front where two versions use one number for different things.
    pub id: String,
    pub words: String,
    pub how: How,
    pub tests: Vec<Test>,
}

/// What another client gets wrong, and what shows that webmqtt does not.
#[derive(Debug)]
pub struct Finding {
    pub mark: String,
    pub peer: String,
    pub theirs: String,
    pub ours: String,
    pub tests: Vec<Test>,
}

/// `tests/conformance.tsv`: version, statement, words, how, evidence.
pub fn statements() -> Result<Vec<Row>, Failure> {
    rows("tests/conformance.tsv", |columns| {
        let [version, id, words, how, evidence] = columns else {
            return None;
        };
        row(format!("{version} {id}"), words, how, evidence)
    })
}

/// `tests/scenarios.tsv`: scenario, words, how, evidence.
pub fn scenarios() -> Result<Vec<Row>, Failure> {
    rows("tests/scenarios.tsv", |columns| {
        let [id, words, how, evidence] = columns else {
            return None;
        };
        row((*id).to_owned(), words, how, evidence)
    })
}

/// `tests/findings.tsv`: mark, client, what it does, what webmqtt does, evidence.
pub fn findings() -> Result<Vec<Finding>, Failure> {
    rows("tests/findings.tsv", |columns| {
        let [mark, peer, theirs, ours, evidence] = columns else {
            return None;
        };
        Some(Finding {
            mark: (*mark).to_owned(),
            peer: (*peer).to_owned(),
            theirs: (*theirs).to_owned(),
            ours: (*ours).to_owned(),
            tests: tests(evidence),
        })
    })
}

fn row(id: String, words: &str, how: &str, evidence: &str) -> Option<Row> {
    let how = How::read(how)?;
    if words.is_empty() || evidence.is_empty() {
        return None;
    }
    let tests = if how.has_tests() {
        tests(evidence)
    } else {
        Vec::new()
    };
    Some(Row {
        id,
        words: words.to_owned(),
        how,
        tests,
    })
}

fn tests(evidence: &str) -> Vec<Test> {
    evidence.split(" | ").map(Test::read).collect()
}

fn rows<T>(file: &str, read: impl Fn(&[&str]) -> Option<T>) -> Result<Vec<T>, Failure> {
    let text = fs::read_to_string(project::root().join(file))
        .map_err(|error| Failure::io(&format!("reading {file}"), &error))?;
    lines(&text)
        .map(|(number, line)| {
            let columns: Vec<&str> = line.split('\t').collect();
            read(&columns).ok_or_else(|| {
                Failure::new(format!(
                    "line {number} of {file} cannot be read: see the comment at its top."
                ))
            })
        })
        .collect()
}

/// The lines that are no comment, with their numbers.
pub fn lines(text: &str) -> impl Iterator<Item = (usize, &str)> {
    text.lines()
        .enumerate()
        .map(|(index, line)| (index + 1, line))
        .filter(|(_, line)| !line.is_empty() && !line.starts_with('#'))
}

#[cfg(test)]
mod self_tests {
    use super::*;

    #[test]
    fn the_last_column_names_tests_or_says_why_there_is_none() {
        let shown = row(
            "5 X-1".into(),
            "words",
            "shown",
            "a::b | web_c::d | browser: e; f",
        )
        .expect("a row");
        assert_eq!(
            shown.tests,
            [
                Test::Native("a::b".into()),
                Test::Wasm("web_c::d".into()),
                Test::Browser("e; f".into())
            ]
        );
        let other = row("5 X-2".into(), "words", "n/a", "there is no such thing").expect("a row");
        assert!(other.tests.is_empty());
    }

    #[test]
    fn a_row_without_words_evidence_or_a_known_word_is_none() {
        assert!(row("X".into(), "", "shown", "a::b").is_none());
        assert!(row("X".into(), "words", "shown", "").is_none());
        assert!(row("X".into(), "words", "perhaps", "a::b").is_none());
    }

    #[test]
    fn comments_are_no_lines() {
        let found: Vec<_> = lines("# a\n\nb\tc\n").collect();
        assert_eq!(found, [(3, "b\tc")]);
    }
}
