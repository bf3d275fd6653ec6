//! `cargo xtask coverage`: how many lines of the codec and the session the native tests run through.
//!
//! Everything is built once more for it. The compiler's own tools are used; rustup adds them when they are missing.

use std::collections::BTreeMap;
use std::fmt;
use std::fs;
use std::path::{Path, PathBuf};

use crate::project;
use crate::record;
use crate::stamp::{Stamp, files_below};
use crate::step::{self, Done, Failure, Step};

/// Runs of the model: its usual number would take long in a build that counts.
const MODEL_RUNS: &str = "500";

/// What is not in a folder of its own: routing, time, errors.
const THE_REST: &str = "the rest";

/// How far each part of the crate is to be run through, in per mille.
const FLOORS: [(&str, u64); 3] = [("codec", 980), ("session", 980), (THE_REST, 950)];

/// Lines, and how many of them some test ran through, for each file.
#[derive(Debug, Default, PartialEq, Eq)]
pub struct Coverage(BTreeMap<String, [u64; 2]>);

/// `cargo xtask coverage`.
pub fn run() -> Result<(), Failure> {
    match step::one("coverage", measure)? {
        Done::Without(why) => Err(Failure::new(format!(
            "coverage cannot be measured here: {why}."
        ))),
        _ => Ok(()),
    }
}

/// Measures, prints a line for each file, and fails where too little is tested.
pub fn measure(step: &Step) -> Result<Done, Failure> {
    let Some(tools) = tools(step)? else {
        return Ok(Done::Without(
            "`llvm-cov` is missing, and `rustup component add llvm-tools` does not get it"
                .to_owned(),
        ));
    };
    let folder = project::target().join("coverage");
    let profiles = folder.join("profiles");
    let _ = fs::remove_dir_all(&profiles);
    let (file, stamp) = kept();
    stamp.clear();
    let mut cargo = project::command("cargo");
    cargo
        .args(["test", "--package=webmqtt", "--tests", "--target-dir"])
        .arg(&folder)
        .env("RUSTFLAGS", "-C instrument-coverage")
        .env("CARGO_TERM_COLOR", "never")
        .env("WEBMQTT_MODEL_RUNS", MODEL_RUNS)
        .env("LLVM_PROFILE_FILE", profiles.join("%p-%m.profraw"));
    let output = step.output(&mut cargo)?;
    let merged = folder.join("all.profdata");
    step.run(
        project::command(tools.join("llvm-profdata"))
            .args(["merge", "--sparse", "--output"])
            .arg(&merged)
            .args(files_below(&profiles)),
    )?;
    let mut report = project::command(tools.join("llvm-cov"));
    report.args(["report", "--instr-profile"]).arg(&merged);
    for binary in binaries(&output) {
        report.arg("--object").arg(project::root().join(binary));
    }
    report.arg("--sources").arg(project::root().join("src"));
    let coverage = Coverage::of_report(&step.output(&mut report)?);
    print!("{}", coverage.table());
    println!("{coverage}");
    if let Some((part, floor)) = coverage.below_floor() {
        return Err(Failure::new(format!(
            "the tests run through less than {} % of the lines of {part}: the table names the files, {} has the lines.",
            floor / 10,
            merged.display()
        )));
    }
    if fs::write(&file, coverage.to_string()).is_ok() {
        stamp.set();
    }
    Ok(Done::Worked)
}

/// What the last run found, if it was of these sources.
pub fn current() -> Option<String> {
    let (file, stamp) = kept();
    if !stamp.is_current(std::slice::from_ref(&file)) {
        return None;
    }
    fs::read_to_string(file).ok()
}

fn kept() -> (PathBuf, Stamp) {
    let file = project::notes().join("coverage.txt");
    (file, record::sources().stamp("coverage"))
}

/// Where the compiler keeps its tools.
fn tools(step: &Step) -> Result<Option<PathBuf>, Failure> {
    let ask = |arguments: &[&str]| project::output_of(project::command("rustc").args(arguments));
    let sysroot = ask(&["--print", "sysroot"]).unwrap_or_default();
    let about = ask(&["-vV"]).unwrap_or_default();
    let host = about.lines().find_map(|line| line.strip_prefix("host: "));
    let folder = Path::new(&sysroot)
        .join("lib/rustlib")
        .join(host.unwrap_or_default())
        .join("bin");
    let there = || folder.join("llvm-cov").is_file() && folder.join("llvm-profdata").is_file();
    if !there() && project::program("rustup").is_some() {
        step.tell("adding llvm-tools to the Rust toolchain with rustup");
        step.attempt(project::command("rustup").args(["component", "add", "llvm-tools"]))?;
    }
    Ok(there().then_some(folder))
}

/// The programs that cargo says it runs.
fn binaries(output: &str) -> impl Iterator<Item = &str> {
    output
        .lines()
        .filter(|line| line.trim_start().starts_with("Running "))
        .filter_map(|line| Some(line.rsplit_once('(')?.1.trim_end_matches(')')))
}

impl Coverage {
    /// The table of `llvm-cov report`: a line for each file, with lines and missed lines in the columns 8 and 9.
    fn of_report(report: &str) -> Self {
        let mut files = Self::default();
        for line in report.lines() {
            let columns: Vec<&str> = line.split_whitespace().collect();
            let [file, ..] = columns[..] else { continue };
            let number = |at: usize| columns.get(at)?.parse::<u64>().ok();
            let (Some(lines), Some(missed)) = (number(7), number(8)) else {
                continue;
            };
            if file.ends_with(".rs") {
                files.0.insert(file.to_owned(), [lines, lines - missed]);
            }
        }
        files
    }

    /// The files of each folder together.
    fn parts(&self) -> BTreeMap<&str, [u64; 2]> {
        let mut parts = BTreeMap::<_, [u64; 2]>::new();
        for (file, [lines, covered]) in &self.0 {
            let part = file.split_once('/').map_or(THE_REST, |(folder, _)| folder);
            let sum = parts.entry(part).or_default();
            sum[0] += lines;
            sum[1] += covered;
        }
        parts
    }

    fn table(&self) -> String {
        let line = |(file, counts): (&String, &[u64; 2])| {
            let [lines, covered] = counts;
            format!(
                "{:>7} %  {covered:>5} of {lines:>5}  {file}\n",
                percent(*counts)
            )
        };
        self.0.iter().map(line).collect()
    }

    /// A part that is run through too little, and how far it is to be. One that is not there is such a part.
    fn below_floor(&self) -> Option<(&'static str, u64)> {
        let parts = self.parts();
        FLOORS.into_iter().find(|(part, floor)| {
            let counts = parts.get(part);
            counts.is_none_or(|counts| per_mille(*counts) < *floor)
        })
    }
}

fn per_mille([lines, covered]: [u64; 2]) -> u64 {
    covered * 1000 / lines.max(1)
}

fn percent(counts: [u64; 2]) -> String {
    let per_mille = per_mille(counts);
    format!("{}.{}", per_mille / 10, per_mille % 10)
}

impl fmt::Display for Coverage {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        let parts = self.parts();
        let parts = parts
            .iter()
            .map(|(part, counts)| format!("{part} {} % of {}", percent(*counts), counts[0]));
        write!(
            f,
            "lines that tests ran through: {}",
            parts.collect::<Vec<_>>().join(", ")
        )
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn lines_of_the_report_are_added_up_by_folder() {
        let report = "\
Filename             Regions    Missed Regions     Cover   Functions  Missed Functions  Executed       Lines      Missed Lines     Cover
----
codec/ack.rs              10                 1    90.00%           2                 0   100.00%         100                10    90.00%
codec/auth.rs             10                 1    90.00%           2                 0   100.00%         100                 0   100.00%
topic.rs                  10                 1    90.00%           2                 0   100.00%          50                 0   100.00%
----
TOTAL                     30                 3    90.00%           6                 0   100.00%         250                10    96.00%
";
        let coverage = Coverage::of_report(report);
        assert_eq!(
            coverage.to_string(),
            "lines that tests ran through: codec 95.0 % of 200, the rest 100.0 % of 50"
        );
        assert_eq!(
            coverage.table().lines().next(),
            Some("   90.0 %     90 of   100  codec/ack.rs")
        );
    }

    #[test]
    fn a_part_below_its_floor_is_named_and_so_is_one_that_is_missing() {
        let of = |counts: &[(&str, u64)]| {
            let files = counts
                .iter()
                .map(|(file, covered)| ((*file).to_owned(), [100, *covered]));
            Coverage(files.collect()).below_floor()
        };
        let good = [("codec/a.rs", 98), ("session/b.rs", 99), ("time.rs", 95)];
        assert_eq!(of(&good), None);
        assert_eq!(of(&good[..2]), Some(("the rest", 950)));
        let bad = [("codec/a.rs", 98), ("session/b.rs", 97), ("time.rs", 95)];
        assert_eq!(of(&bad), Some(("session", 980)));
    }

    #[test]
    fn the_programs_are_those_in_brackets() {
        let output = "     Running tests/a.rs (target/coverage/debug/deps/a-1)\nrunning 1 test\n";
        assert_eq!(
            binaries(output).collect::<Vec<_>>(),
            ["target/coverage/debug/deps/a-1"]
        );
    }
}
