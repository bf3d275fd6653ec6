//! `cargo xtask conformance`: what is shown, by which tests, and whether they ran and passed.
//!
//! The tables in `tests/` name tests for every statement of the specification that binds a client, for every scenario
//! and for every finding. A name counts if the last run of its suite, with the sources as they are, says that the test
//! passed. Native tests are run for it if there is no such run; tests in a browser are then only looked for by name,
//! and the report says how many those are.

mod ids;
mod page;
mod table;
mod vectors;

use std::collections::{BTreeMap, BTreeSet};
use std::fmt;
use std::fs;

use crate::coverage;
use crate::project;
use crate::record::{Outcome, Record, Tests};
use crate::stamp::files_below;
use crate::step::{self, Done, Failure, Step};
use crate::summary::Tally;
use crate::test;
use table::{Finding, How, Row, Test};

/// So many scenarios at least are played natively.
const PAIR_SCENARIOS: usize = 170;

/// `cargo xtask conformance [--write]`.
pub fn run(write: bool) -> Result<(), Failure> {
    step::one("conformance", |step| {
        check(step, write).map(|_| Done::Worked)
    })
    .map(|_| ())
}

/// The last suite of `cargo xtask test`: counts as one test. What only a browser shows is skipped without one.
pub fn suite() -> Tally {
    let mut by_name_only = 0;
    let result = step::one("conformance", |step| {
        by_name_only = check(step, false)?;
        Ok(Done::Worked)
    });
    let mut tally = Tally::default();
    match result {
        Ok(_) => tally.passed = 1,
        Err(failure) => {
            eprintln!("{}\n{}", failure.output, failure.sentence);
            tally.failed = 1;
        }
    }
    if by_name_only > 0 {
        tally.skip(
            "conformance in a browser",
            &format!("{by_name_only} tests named as proof did not run here"),
        );
    }
    tally
}

/// Prints the report; the number of tests in a browser that are known by name only.
fn check(step: &Step, write: bool) -> Result<usize, Failure> {
    let (statements, scenarios, findings) = (
        table::statements()?,
        table::scenarios()?,
        table::findings()?,
    );
    let mut evidence = Evidence::gather(step)?;
    let mut problems = Vec::new();
    compare_ids(
        "tests/conformance.tsv",
        statements.iter().map(|row| &row.id),
        &statement_ids(),
        &mut problems,
    );
    compare_ids(
        "tests/scenarios.tsv",
        scenarios.iter().map(|row| &row.id),
        &scenario_ids(),
        &mut problems,
    );
    compare_ids(
        "tests/findings.tsv",
        findings.iter().map(|row| &row.mark),
        &finding_ids(),
        &mut problems,
    );
    for row in statements.iter().chain(&scenarios) {
        evidence.judge_row(row, &mut problems);
    }
    for finding in &findings {
        evidence.judge_finding(finding, &mut problems);
    }
    let counts = Counts::of(&statements, &scenarios, &findings)?;
    if counts.pair < PAIR_SCENARIOS && counts.scenarios_missing == 0 {
        problems.push(format!(
            "only {} scenarios are played natively: there are to be {PAIR_SCENARIOS}",
            counts.pair
        ));
    }
    print!("{counts}{evidence}");
    for line in [last_model_run(), coverage::current()]
        .into_iter()
        .flatten()
    {
        println!("{line}");
    }
    problems.extend(page::bring_up_to_date(&counts, &findings, write)?);
    if problems.is_empty() {
        return Ok(evidence.by_name_only.len());
    }
    Err(Failure {
        output: problems.join("\n"),
        sentence: format!(
            "{} things are not shown; each line above says what is wanted.",
            problems.len()
        ),
    })
}

/// What `tests/model.rs` left of its last run.
fn last_model_run() -> Option<String> {
    fs::read_to_string(project::target().join("tmp/model.txt")).ok()
}

fn statement_ids() -> Vec<String> {
    let of_5 = ids::MQTT_5.iter().map(|id| format!("5 {id}"));
    let of_3 = ids::MQTT_3_1_1.iter().map(|id| format!("3.1.1 {id}"));
    of_5.chain(of_3).collect()
}

fn scenario_ids() -> Vec<String> {
    let groups = ids::SCENARIOS.iter();
    groups
        .flat_map(|(group, count)| (1..=*count).map(move |nth| format!("{group}-{nth:02}")))
        .collect()
}

fn finding_ids() -> Vec<String> {
    let clients = ids::FINDINGS.iter();
    clients
        .flat_map(|(client, marks)| marks.chars().map(move |mark| format!("{client}-{mark}")))
        .collect()
}

/// A row too few, too many or twice is a problem.
fn compare_ids<'a>(
    table: &str,
    found: impl Iterator<Item = &'a String>,
    known: &[String],
    problems: &mut Vec<String>,
) {
    let mut seen = BTreeSet::new();
    for id in found {
        if !seen.insert(id.as_str()) {
            problems.push(format!("{table}: {id} stands there twice"));
        }
        if !known.contains(id) {
            problems.push(format!("{table}: nobody knows {id}"));
        }
    }
    let absent = known.iter().filter(|id| !seen.contains(id.as_str()));
    problems.extend(absent.map(|id| format!("{table}: {id} has no row")));
}

/// Which tests ran, and what became of the names that were looked up.
struct Evidence {
    native: Tests,
    wasm: Option<Tests>,
    browser: Option<Tests>,
    passed: BTreeSet<String>,
    by_name_only: BTreeSet<String>,
    sources: Sources,
}

impl Evidence {
    fn gather(step: &Step) -> Result<Self, Failure> {
        let record = Record::of("native");
        let native = match record.current() {
            Some(tests) => tests,
            None => {
                step.tell("the native tests did not run with these sources: running them");
                test::run_native(step, &record)?
            }
        };
        Ok(Self {
            native,
            wasm: Record::of("wasm").current(),
            browser: Record::of("browser").current(),
            passed: BTreeSet::new(),
            by_name_only: BTreeSet::new(),
            sources: Sources::read(),
        })
    }

    fn judge_row(&mut self, row: &Row, problems: &mut Vec<String>) {
        if row.how == How::Missing {
            problems.push(format!("{}: {} (missing)", row.id, row.words));
        }
        let place_fits = match row.how {
            How::Pair => row.tests.iter().any(|it| matches!(it, Test::Native(_))),
            How::Browser => row.tests.iter().any(|it| !matches!(it, Test::Native(_))),
            _ => true,
        };
        if !place_fits {
            problems.push(format!("{}: no test runs where the row says", row.id));
        }
        self.judge(&row.id, &row.tests, problems);
    }

    fn judge_finding(&mut self, finding: &Finding, problems: &mut Vec<String>) {
        let mark = finding.mark.to_lowercase().replace('-', "_") + "_";
        let marked = |test: &Test| {
            let name = test.name();
            let name = name.split("::").last().unwrap_or(name);
            name.starts_with(&mark) || name.starts_with(&format!("{}:", finding.mark))
        };
        if !finding.tests.iter().any(marked) {
            problems.push(format!(
                "{}: no test has `{mark}` in front of its name",
                finding.mark
            ));
        }
        self.judge(&finding.mark, &finding.tests, problems);
    }

    fn judge(&mut self, id: &str, tests: &[Test], problems: &mut Vec<String>) {
        for named in tests {
            let ran = match named {
                Test::Native(_) => Some(&self.native),
                Test::Wasm(_) => self.wasm.as_ref(),
                Test::Browser(_) => self.browser.as_ref(),
            };
            let name = named.name();
            let outcome = ran.and_then(|tests| tests.get(name));
            let may_be_absent = !matches!(named, Test::Native(_));
            match outcome {
                Some(Outcome::Passed) => {
                    self.passed.insert(name.to_owned());
                }
                Some(Outcome::Failed) => problems.push(format!("{id}: {name} failed")),
                // Of a suite that ran without a browser or a broker the names are known.
                Some(Outcome::Skipped) if may_be_absent => {
                    self.by_name_only.insert(name.to_owned());
                }
                Some(Outcome::Skipped) => problems.push(format!("{id}: {name} was not run")),
                None if ran.is_none() && self.sources.have(named) => {
                    self.by_name_only.insert(name.to_owned());
                }
                None => problems.push(format!("{id}: there is no test {name}")),
            }
        }
    }
}

impl fmt::Display for Evidence {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        writeln!(f, "named tests that passed     {:>5}", self.passed.len())?;
        if !self.by_name_only.is_empty() {
            writeln!(
                f,
                "named, in a browser, not run{:>5}  (`cargo xtask test` runs them)",
                self.by_name_only.len()
            )?;
        }
        Ok(())
    }
}

/// The files that tests in a browser are in: enough to know whether a name exists.
struct Sources {
    rust: BTreeMap<String, String>,
    titles: Vec<Vec<String>>,
}

impl Sources {
    fn read() -> Self {
        let mut sources = Self {
            rust: BTreeMap::new(),
            titles: Vec::new(),
        };
        for file in files_below(&project::root().join("tests")) {
            let text = fs::read_to_string(&file).unwrap_or_default();
            let stem = file.file_stem().and_then(|stem| stem.to_str());
            match file.extension().and_then(|extension| extension.to_str()) {
                Some("rs") => {
                    let stem = stem.unwrap_or_default().to_owned();
                    sources.rust.insert(stem, text);
                }
                Some("mjs") => sources.titles.extend(strings(&text)),
                _ => {}
            }
        }
        sources
    }

    fn have(&self, test: &Test) -> bool {
        match test {
            Test::Native(_) => false,
            Test::Wasm(name) => name.split_once("::").is_some_and(|(file, name)| {
                let text = self.rust.get(file);
                text.is_some_and(|text| text.contains(&format!("fn {name}()")))
            }),
            Test::Browser(title) => self.titles.iter().any(|parts| fits(parts, title)),
        }
    }
}

/// The string literals of a script, each as the parts around its `${…}`.
fn strings(script: &str) -> Vec<Vec<String>> {
    let mut found = Vec::new();
    for line in script.lines() {
        for quote in ['"', '`'] {
            let pieces: Vec<&str> = line.split(quote).collect();
            for literal in pieces.iter().skip(1).step_by(2) {
                let mut parts = literal.split("${");
                let first = parts.next().unwrap_or_default().to_owned();
                let rest = parts.map(|part| part.split_once('}').map_or(part, |(_, rest)| rest));
                found.push([first].into_iter().chain(rest.map(str::to_owned)).collect());
            }
        }
    }
    found
}

/// Whether a title can come of a literal. One that is nothing but `${…}` says nothing.
fn fits(parts: &[String], title: &str) -> bool {
    let said: usize = parts.iter().map(String::len).sum();
    if said < 12 && parts.len() > 1 {
        return false;
    }
    let Some((first, rest)) = parts.split_first() else {
        return false;
    };
    let Some(mut title) = title.strip_prefix(first.as_str()) else {
        return false;
    };
    let Some((last, between)) = rest.split_last() else {
        return title.is_empty();
    };
    for part in between {
        let Some((_, after)) = title.split_once(part.as_str()) else {
            return false;
        };
        title = after;
    }
    title.ends_with(last.as_str())
}

/// What the report and the pages say in numbers.
#[derive(Debug, Default, PartialEq, Eq)]
pub struct Counts {
    /// For each version: its name, and how many statements are shown, not applicable, missing.
    statements: Vec<(&'static str, [usize; 3])>,
    pair: usize,
    in_browser: usize,
    argued: usize,
    scenarios_missing: usize,
    findings: usize,
    /// Packets with a verdict, each for every version and sender that it is for.
    vectors: usize,
}

impl Counts {
    fn of(statements: &[Row], scenarios: &[Row], findings: &[Finding]) -> Result<Self, Failure> {
        let of_version = |version: &str| {
            let rows = || {
                let mark = format!("{version} ");
                statements
                    .iter()
                    .filter(move |row| row.id.starts_with(&mark))
            };
            let with = |how| rows().filter(|row| row.how == how).count();
            [How::Shown, How::NotApplicable, How::Missing].map(with)
        };
        let with = |how| scenarios.iter().filter(|row| row.how == how).count();
        Ok(Self {
            statements: vec![
                ("MQTT 5.0", of_version("5")),
                ("MQTT 3.1.1", of_version("3.1.1")),
            ],
            pair: with(How::Pair),
            in_browser: with(How::Browser),
            argued: with(How::Argued),
            scenarios_missing: with(How::Missing),
            findings: findings.len(),
            vectors: vectors::count()?,
        })
    }

    fn all_statements(&self) -> [usize; 3] {
        let columns = |at: usize| self.statements.iter().map(|(_, counts)| counts[at]).sum();
        [columns(0), columns(1), columns(2)]
    }
}

impl fmt::Display for Counts {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        writeln!(
            f,
            "{:<20} {:>7} {:>14} {:>7}",
            "statements", "shown", "not applicable", "missing"
        )?;
        let all = ("in all", self.all_statements());
        for (version, [shown, not, missing]) in self.statements.iter().chain([&all]) {
            writeln!(f, "{version:<20} {shown:>7} {not:>14} {missing:>7}")?;
        }
        writeln!(
            f,
            "{:<20} {:>7} {:>14} {:>7} {:>7}",
            "scenarios", "native", "in a browser", "argued", "missing"
        )?;
        writeln!(
            f,
            "{:<20} {:>7} {:>14} {:>7} {:>7}",
            self.pair + self.in_browser + self.argued + self.scenarios_missing,
            self.pair,
            self.in_browser,
            self.argued,
            self.scenarios_missing
        )?;
        writeln!(f, "findings                    {:>5}", self.findings)?;
        writeln!(f, "packets with a verdict      {:>5}", self.vectors)
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn there_are_so_many_and_none_twice() {
        for (ids, count) in [
            (statement_ids(), 300),
            (scenario_ids(), 190),
            (finding_ids(), 27),
        ] {
            assert_eq!(ids.len(), count);
            assert_eq!(ids.iter().collect::<BTreeSet<_>>().len(), count);
        }
    }

    #[test]
    fn a_row_too_few_too_many_or_twice_is_noticed() {
        let known = ["A-1", "A-2"].map(str::to_owned);
        let found = ["A-1", "A-1", "B-1"].map(str::to_owned);
        let mut problems = Vec::new();
        compare_ids("t", found.iter(), &known, &mut problems);
        assert_eq!(
            problems,
            [
                "t: A-1 stands there twice",
                "t: nobody knows B-1",
                "t: A-2 has no row"
            ]
        );
    }

    fn evidence() -> Evidence {
        let native = [
            ("a::good", Outcome::Passed),
            ("a::bad", Outcome::Failed),
            ("a::idle", Outcome::Skipped),
        ];
        Evidence {
            native: native.map(|(name, end)| (name.to_owned(), end)).into(),
            wasm: None,
            browser: None,
            passed: BTreeSet::new(),
            by_name_only: BTreeSet::new(),
            sources: Sources {
                rust: BTreeMap::from([("web_a".to_owned(), "fn b() {".to_owned())]),
                titles: strings("test(`${version}: a close is told`, f)"),
            },
        }
    }

    #[test]
    fn a_named_test_has_to_be_there_to_run_and_to_pass() {
        let mut evidence = evidence();
        let mut problems = Vec::new();
        let names = ["a::good", "a::bad", "a::idle", "a::gone"];
        let tests = names.map(|name| Test::Native(name.to_owned()));
        evidence.judge("X", &tests, &mut problems);
        assert_eq!(
            problems,
            [
                "X: a::bad failed",
                "X: a::idle was not run",
                "X: there is no test a::gone"
            ]
        );
        assert_eq!(evidence.passed.len(), 1);
    }

    #[test]
    fn in_a_browser_that_did_not_run_the_name_has_to_be_there() {
        let mut evidence = evidence();
        let mut problems = Vec::new();
        let tests = [
            Test::Wasm("web_a::b".into()),
            Test::Wasm("web_a::c".into()),
            Test::Browser("MQTT 5.0: a close is told".into()),
            Test::Browser("a close is hidden".into()),
        ];
        evidence.judge("X", &tests, &mut problems);
        assert_eq!(
            problems,
            [
                "X: there is no test web_a::c",
                "X: there is no test a close is hidden"
            ]
        );
        assert_eq!(evidence.by_name_only.len(), 2);
    }

    #[test]
    fn a_finding_has_its_mark_in_the_name_of_a_test() {
        let mut problems = Vec::new();
        for (mark, test) in [("J-A", "a::j_a_x"), ("W-8", "a::good")] {
            let finding = Finding {
                mark: mark.into(),
                peer: String::new(),
                theirs: String::new(),
                ours: String::new(),
                tests: vec![Test::Native(test.into())],
            };
            let mut evidence = evidence();
            evidence.native.insert("a::j_a_x".into(), Outcome::Passed);
            evidence.judge_finding(&finding, &mut problems);
        }
        assert_eq!(problems, ["W-8: no test has `w_8_` in front of its name"]);
    }

    #[test]
    fn a_literal_fits_the_titles_that_can_come_of_it() {
        let parts = |literal: &str| strings(literal).remove(0);
        assert!(fits(&parts("\"a close\""), "a close"));
        assert!(!fits(&parts("\"a close\""), "a close is told"));
        assert!(fits(
            &parts("`${a}: it is ${b}, kept`"),
            "5: it is so, kept"
        ));
        assert!(!fits(&parts("`${a}: it is ${b}, kept`"), "5: it is so"));
        assert!(!fits(&parts("`${a}`"), "anything"));
    }
}
