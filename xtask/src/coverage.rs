//! `cargo xtask coverage`: how many lines of the codec and the session the native tests run through.
//!
//! Not a part of `cargo xtask test`: everything is built once more for it. The compiler's own tools are used.

use std::collections::BTreeMap;
use std::fmt;
use std::fs;
use std::path::{Path, PathBuf};

use crate::project;
use crate::record;
use crate::stamp::{Stamp, files_below};
use crate::step::{self, Done, Failure};

/// Runs of the model: its usual number would take long in a build that counts.
const MODEL_RUNS: &str = "500";

/// The codec and the session are to be run through this far, in per mille.
const FLOOR: u64 = 980;

/// Lines, and how many of them some test ran through, for each part of the crate.
#[derive(Debug, Default, PartialEq, Eq)]
pub struct Coverage(BTreeMap<String, [u64; 2]>);

/// `cargo xtask coverage`.
pub fn run() -> Result<(), Failure> {
    step::one("coverage", |step| {
        let tools = tools()?;
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
        println!("{coverage}");
        if let Some(part) = coverage.below_floor() {
            return Err(Failure::new(format!(
                "the tests run through less than {} % of the {part}: {} shows which lines are left.",
                FLOOR / 10,
                merged.display()
            )));
        }
        if fs::write(&file, coverage.to_string()).is_ok() {
            stamp.set();
        }
        Ok(Done::Worked)
    })
    .map(|_| ())
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
fn tools() -> Result<PathBuf, Failure> {
    let ask = |arguments: &[&str]| project::output_of(project::command("rustc").args(arguments));
    let sysroot = ask(&["--print", "sysroot"]).unwrap_or_default();
    let about = ask(&["-vV"]).unwrap_or_default();
    let host = about.lines().find_map(|line| line.strip_prefix("host: "));
    let folder = Path::new(&sysroot)
        .join("lib/rustlib")
        .join(host.unwrap_or_default())
        .join("bin");
    if folder.join("llvm-cov").is_file() {
        return Ok(folder);
    }
    Err(Failure::new(
        "the compiler's tools for coverage are missing: run `rustup component add llvm-tools`.",
    ))
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
        let mut parts = Self::default();
        for line in report.lines() {
            let columns: Vec<&str> = line.split_whitespace().collect();
            let [file, ..] = columns[..] else { continue };
            let number = |at: usize| columns.get(at)?.parse::<u64>().ok();
            let (Some(lines), Some(missed)) = (number(7), number(8)) else {
                continue;
            };
            if !file.ends_with(".rs") {
                continue;
            }
            let part = match file.split_once('/') {
                Some((folder, _)) => folder,
                None => "the rest",
            };
            let sum = parts.0.entry(part.to_owned()).or_default();
            sum[0] += lines;
            sum[1] += lines - missed;
        }
        parts
    }
}

impl Coverage {
    fn below_floor(&self) -> Option<&str> {
        let parts = ["codec", "session"];
        parts.into_iter().find(|part| {
            let counts = self.0.get(*part);
            counts.is_none_or(|counts| per_mille(*counts) < FLOOR)
        })
    }
}

fn per_mille([lines, covered]: [u64; 2]) -> u64 {
    covered * 1000 / lines.max(1)
}

impl fmt::Display for Coverage {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        let parts = self.0.iter().map(|(part, counts)| {
            let (per_mille, lines) = (per_mille(*counts), counts[0]);
            format!("{part} {}.{} % of {lines}", per_mille / 10, per_mille % 10)
        });
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
        assert_eq!(
            Coverage::of_report(report).to_string(),
            "lines that tests ran through: codec 95.0 % of 200, the rest 100.0 % of 50"
        );
        assert_eq!(Coverage::of_report(report).below_floor(), Some("codec"));
        let good = report.replace("        10    90.00%\ncodec", "         4    96.00%\ncodec");
        let good = good.replace("topic.rs  ", "session/x.rs");
        assert_eq!(Coverage::of_report(&good).below_floor(), None);
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
