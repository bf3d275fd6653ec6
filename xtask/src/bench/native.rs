//! `cargo xtask bench --native`: what the codec costs next to others, in instructions and in time; and the test that the
//! instructions do not grow unseen. What is measured is in the package `bench/codec`.
//!
//! Instructions are counted by callgrind, so a busy machine does not matter; time is only told.

use std::collections::BTreeMap;
use std::fmt::Write as _;
use std::fs;
use std::path::PathBuf;
use std::process::Command;

use crate::project;
use crate::setup::{self, Need};
use crate::step::{self, Done, Failure, Step};
use crate::summary::Tally;
use crate::test;

pub const MANIFEST: &str = "bench/codec/Cargo.toml";
/// What was counted last, in the repository.
const KNOWN: &str = "bench/codec/instructions.tsv";
/// A count may grow by so many percent; with another compiler than the one that it was written down with, by more.
const GROWTH: [f64; 2] = [3.0, 20.0];
const OURS: &str = "webmqtt";

/// C's library copies with what the processor has. So that the counts are the same everywhere, it has little.
const PLAIN_COPIES: &str =
    "glibc.cpu.hwcaps=-AVX2_Usable,-AVX2,-AVX_Fast_Unaligned_Load,-AVX512F,-AVX512VL,-ERMS,-FSRM";

/// What one packet costs.
#[derive(Debug, Clone, PartialEq)]
struct Count {
    /// `decode`, `encode`, `frame` or `match`.
    group: String,
    case: String,
    codec: String,
    /// Packets in one run.
    packets: f64,
    instructions: f64,
}

/// By group and case in the order of the counts: what each codec costs.
type Table<'a> = Vec<((&'a str, &'a str), BTreeMap<&'a str, f64>)>;

/// `cargo xtask bench --native [--write]`.
pub fn run(write: bool) -> Result<(), Failure> {
    setup::provide(&[Need::Valgrind])?;
    if let Some(why) = cannot() {
        return Err(Failure::new(why));
    }
    step::one("codecs", |step| {
        let counts = counted(step, true)?;
        let times = timed(step, &counts)?;
        let (by_count, by_time) = (table(&counts), nanoseconds(&counts, &times));
        let text = compared(&by_count, &by_time);
        print!("{text}");
        let json = project::notes().join("bench-native.json");
        let file = |error| Failure::io("writing the numbers", &error);
        fs::write(&json, as_json(&counts, &times)).map_err(file)?;
        step.tell(&format!("all numbers are in {}", json.display()));
        if write {
            let ours = counted(step, false)?;
            fs::write(project::root().join(KNOWN), written(&ours)).map_err(file)?;
        }
        Ok(Done::Worked)
    })
    .map(|_| ())
}

/// Whether our counts are still what they were.
pub fn suite() -> Tally {
    const NAME: &str = "instructions of the codec";
    if let Some(why) = cannot() {
        return Tally::skipped(NAME, &why);
    }
    test::counted(NAME, |step| {
        let counts = counted(step, false)?;
        let known = fs::read_to_string(project::root().join(KNOWN)).unwrap_or_default();
        let grown = grown(&known, &counts, &compiler());
        if grown.is_empty() {
            return Ok(Done::Worked);
        }
        Err(Failure {
            sentence: format!(
                "the codec takes more instructions than {KNOWN} says; where that is worth it, `cargo xtask bench --native --write` writes them down."
            ),
            output: grown.join("\n"),
        })
    })
}

/// The lint of the package, with the other codecs.
pub fn clippy() -> Command {
    let mut cargo = project::command("cargo");
    cargo
        .args([
            "clippy",
            "--locked",
            "--all-targets",
            "--manifest-path",
            MANIFEST,
        ])
        .arg("--target-dir")
        .arg(folder())
        .args(["--", "-D", "warnings"]);
    cargo
}

pub fn rustfmt() -> Command {
    let mut cargo = project::command("cargo");
    cargo.args(["fmt", "--check", "--manifest-path", MANIFEST]);
    cargo
}

fn cannot() -> Option<String> {
    if !cfg!(all(target_arch = "x86_64", target_os = "linux")) {
        return Some("the instructions are those of x86-64 on Linux".to_owned());
    }
    setup::reason(Need::Valgrind)
}

fn compiler() -> String {
    project::output_of(project::command("rustc").arg("--version")).unwrap_or_default()
}

fn folder() -> PathBuf {
    project::target().join("bench-codec")
}

fn cargo(what: &str, with_peers: bool) -> Command {
    let mut cargo = project::command("cargo");
    cargo
        .args([
            what,
            "--locked",
            "--manifest-path",
            MANIFEST,
            "--target-dir",
        ])
        .arg(folder().join(if with_peers { "peers" } else { "alone" }))
        // Other settings inline other functions.
        .env("CARGO_INCREMENTAL", "0")
        .env_remove("RUSTFLAGS");
    if !with_peers {
        cargo.arg("--no-default-features");
    }
    cargo
}

fn counted(step: &Step, with_peers: bool) -> Result<Vec<Count>, Failure> {
    step.run(cargo("build", with_peers).args(["--release", "--bin", "count"]))?;
    let folder = folder().join(if with_peers { "peers" } else { "alone" });
    let out = folder.join("callgrind.out");
    let _ = fs::remove_file(&out);
    let mut valgrind = project::command("valgrind");
    valgrind
        .args(["--tool=callgrind", "--combine-dumps=yes"])
        .arg(format!("--callgrind-out-file={}", out.display()))
        .arg(folder.join("release/count"))
        .env("GLIBC_TUNABLES", PLAIN_COPIES);
    let (ok, said) = step.attempt(&mut valgrind)?;
    let counts = fs::read_to_string(&out).unwrap_or_default();
    let counts = counts_of(&counts);
    if !ok || counts.is_empty() {
        return Err(Failure {
            sentence: "callgrind has counted nothing.".to_owned(),
            output: step::tail(&said, 40),
        });
    }
    for line in said.lines().filter(|line| line.starts_with("left out: ")) {
        step.tell(line);
    }
    Ok(counts)
}

/// Nanoseconds of a run, for each of the counts that criterion could time.
fn timed(step: &Step, counts: &[Count]) -> Result<Vec<Option<f64>>, Failure> {
    step.tell("measuring time, some minutes");
    let mut cargo = cargo("bench", true);
    // Without it the results would be beside the sources.
    cargo.env("CRITERION_HOME", folder().join("criterion"));
    let output =
        step.output(cargo.args(["--bench", "codec", "--", "--output-format", "bencher"]))?;
    let times: BTreeMap<&str, f64> = output.lines().filter_map(time_of).collect();
    let name = |count: &Count| format!("{}, {}/{}", count.group, count.case, count.codec);
    let time = |count: &Count| times.get(name(count).as_str()).copied();
    Ok(counts.iter().map(time).collect())
}

/// `test NAME ... bench:   1,234 ns/iter (+/- 5)`.
fn time_of(line: &str) -> Option<(&str, f64)> {
    let (name, rest) = line.strip_prefix("test ")?.split_once(" ... bench:")?;
    let (number, _) = rest.trim().split_once(" ns/iter")?;
    Some((name, number.replace(',', "").parse().ok()?))
}

/// What callgrind wrote at each mark.
fn counts_of(text: &str) -> Vec<Count> {
    let mut counts = Vec::new();
    let mut name = None;
    for line in text.lines() {
        if let Some(mark) = line.strip_prefix("desc: Trigger: Client Request: ") {
            name = Some(mark);
        } else if let Some(sum) = line.strip_prefix("summary: ")
            && let Some(mark) = name.take()
        {
            counts.extend(count_of(mark, sum));
        }
    }
    counts
}

fn count_of(mark: &str, sum: &str) -> Option<Count> {
    let mut parts = mark.split('|').map(str::to_owned);
    let (group, case, codec) = (parts.next()?, parts.next()?, parts.next()?);
    let packets: f64 = parts.next()?.parse().ok()?;
    let sum: f64 = sum.trim().parse().ok()?;
    Some(Count {
        group,
        case,
        codec,
        packets,
        instructions: sum / packets,
    })
}

fn table(counts: &[Count]) -> Table<'_> {
    rows(counts, |_, count| Some(count.instructions))
}

fn nanoseconds<'a>(counts: &'a [Count], times: &[Option<f64>]) -> Table<'a> {
    rows(counts, |at, count| {
        times
            .get(at)
            .copied()
            .flatten()
            .map(|time| time / count.packets)
    })
}

fn rows<'a>(counts: &'a [Count], value: impl Fn(usize, &Count) -> Option<f64>) -> Table<'a> {
    let mut table: Table<'a> = Vec::new();
    for (at, count) in counts.iter().enumerate() {
        let Some(value) = value(at, count) else {
            continue;
        };
        let key = (count.group.as_str(), count.case.as_str());
        let row = match table.iter().position(|(known, _)| *known == key) {
            Some(row) => row,
            None => {
                table.push((key, BTreeMap::new()));
                table.len() - 1
            }
        };
        table[row].1.insert(count.codec.as_str(), value);
    }
    table
}

/// The fastest of the others.
fn fastest<'a>(row: &BTreeMap<&'a str, f64>) -> Option<(&'a str, f64)> {
    let others = row.iter().filter(|(codec, _)| **codec != OURS);
    others
        .min_by(|(_, one), (_, other)| one.total_cmp(other))
        .map(|(codec, cost)| (*codec, *cost))
}

/// Markdown: our cost per packet, that of the fastest other codec, and how many times ours is in it.
fn compared(by_count: &Table<'_>, by_time: &Table<'_>) -> String {
    let mut out = String::from(
        "| | instructions | fastest other | its | ratio | ns | its | ratio |\n|---|---:|---|---:|---:|---:|---:|---:|\n",
    );
    for (key, row) in by_count {
        let (group, case) = key;
        let ours = row.get(OURS).copied();
        let _ = write!(out, "| {group} {case} | {} |", shown(ours));
        let other = fastest(row);
        let _ = write!(
            out,
            " {} | {} | {} |",
            other.map_or("", |(codec, _)| codec),
            shown(other.map(|(_, cost)| cost)),
            ratio(other.map(|(_, cost)| cost), ours)
        );
        let times = by_time.iter().find(|(known, _)| known == key);
        let ours = times.and_then(|(_, row)| row.get(OURS).copied());
        let other = times
            .and_then(|(_, row)| fastest(row))
            .map(|(_, time)| time);
        let _ = writeln!(
            out,
            " {} | {} | {} |",
            shown(ours),
            shown(other),
            ratio(other, ours)
        );
    }
    out
}

fn shown(value: Option<f64>) -> String {
    value.map_or_else(String::new, |value| format!("{value:.0}"))
}

fn ratio(other: Option<f64>, ours: Option<f64>) -> String {
    match (other, ours) {
        (Some(other), Some(ours)) => format!("{:.2}", other / ours),
        _ => String::new(),
    }
}

fn as_json(counts: &[Count], times: &[Option<f64>]) -> String {
    let rows: Vec<String> = counts
        .iter()
        .enumerate()
        .map(|(at, count)| {
            let time = times.get(at).copied().flatten();
            let time = time.map_or("null".to_owned(), |time| {
                format!("{:.1}", time / count.packets)
            });
            // No name has anything in it that JSON would escape.
            format!(
                "{{\"group\":\"{}\",\"case\":\"{}\",\"codec\":\"{}\",\"instructions\":{:.1},\"nanoseconds\":{time}}}",
                count.group, count.case, count.codec, count.instructions
            )
        })
        .collect();
    format!("[\n{}\n]\n", rows.join(",\n"))
}

/// The committed file: the compiler, then a line for each of our counts.
fn written(counts: &[Count]) -> String {
    let mut out = format!("# {}\n", compiler());
    for count in counts.iter().filter(|count| count.codec == OURS) {
        let _ = writeln!(
            out,
            "{}\t{}\t{:.1}",
            count.group, count.case, count.instructions
        );
    }
    out
}

/// What grew by too much against the file, or is not in it.
fn grown(known: &str, counts: &[Count], compiler: &str) -> Vec<String> {
    let mut lines = known.lines();
    let same = lines.next().and_then(|line| line.strip_prefix("# ")) == Some(compiler);
    let allowed = GROWTH[usize::from(!same)];
    let mut before = BTreeMap::new();
    for line in lines {
        let mut parts = line.split('\t');
        if let (Some(group), Some(case), Some(count)) = (parts.next(), parts.next(), parts.next())
            && let Ok(count) = count.parse::<f64>()
        {
            before.insert((group, case), count);
        }
    }
    let ours = counts.iter().filter(|count| count.codec == OURS);
    ours.filter_map(|count| {
        let (group, case, now) = (&count.group, &count.case, count.instructions);
        match before.get(&(group.as_str(), case.as_str())) {
            None => Some(format!("{group} {case}: {now:.1}, and it is not in the file")),
            Some(before) if now > before * (1.0 + allowed / 100.0) => Some(format!(
                "{group} {case}: {now:.1} instructions, {before:.1} before; {allowed} % more are allowed"
            )),
            Some(_) => None,
        }
    })
    .collect()
}

#[cfg(test)]
mod tests {
    use super::*;

    const CALLGRIND: &str = "desc: Trigger: Client Request: encode|PUBACK, 5.0|webmqtt|64\n\npositions: line\nsummary: 6400\ntotals: 7000\ndesc: Trigger: Program termination\nsummary: 5\n";

    #[test]
    fn counts_are_those_between_two_marks() {
        let counts = counts_of(CALLGRIND);
        assert_eq!(counts.len(), 1);
        assert_eq!(
            (counts[0].case.as_str(), counts[0].instructions),
            ("PUBACK, 5.0", 100.0)
        );
    }

    #[test]
    fn growth_is_told_and_shrinking_is_not() {
        let counts = counts_of(CALLGRIND);
        let file = |count: &str| format!("# rustc 1\nencode\tPUBACK, 5.0\t{count}\n");
        assert!(grown(&file("98"), &counts, "rustc 1").is_empty());
        assert_eq!(grown(&file("96"), &counts, "rustc 1").len(), 1);
        assert!(grown(&file("96"), &counts, "rustc 2").is_empty());
        assert_eq!(grown(&file("80"), &counts, "rustc 2").len(), 1);
        assert!(grown(&file("200"), &counts, "rustc 1").is_empty());
        assert_eq!(grown("# rustc 1\n", &counts, "rustc 1").len(), 1);
        assert!(grown(&written(&counts), &counts, &compiler()).is_empty());
    }

    #[test]
    fn the_fastest_other_codec_is_compared() {
        let count = |codec: &str, instructions| Count {
            group: "encode".to_owned(),
            case: "x".to_owned(),
            codec: codec.to_owned(),
            packets: 2.0,
            instructions,
        };
        let counts = [count(OURS, 10.0), count("a", 30.0), count("b", 20.0)];
        let text = compared(
            &table(&counts),
            &nanoseconds(&counts, &[Some(4.0), None, Some(6.0)]),
        );
        assert!(
            text.ends_with("| encode x | 10 | b | 20 | 2.00 | 2 | 3 | 1.50 |\n"),
            "{text}"
        );
    }

    #[test]
    fn times_are_read_from_a_line() {
        let line = "test encode, PUBACK, 5.0/webmqtt ... bench:       1,234 ns/iter (+/- 5)";
        assert_eq!(time_of(line), Some(("encode, PUBACK, 5.0/webmqtt", 1234.0)));
        assert_eq!(time_of("running 3 tests"), None);
    }
}
