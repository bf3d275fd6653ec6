//! `cargo xtask size`: what the package costs a page, against its budget.

use std::fs;
use std::path::{Path, PathBuf};

use crate::build::{self, BROWSERS, Extent};
use crate::project;
use crate::setup::{self, Need};
use crate::step::{self, Done, Failure, Plan, Step};

/// Gzip bytes of wasm and JavaScript together: what the whole protocol weighs today, with a little air. The goal is
/// 45,000.
const BUDGET: u64 = 60_200;

/// One file's bytes.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
struct Weight {
    raw: u64,
    gzip: u64,
    brotli: u64,
}

impl Weight {
    fn and(self, other: Self) -> Self {
        Self {
            raw: self.raw + other.raw,
            gzip: self.gzip + other.gzip,
            brotli: self.brotli + other.brotli,
        }
    }
}

/// `cargo xtask size`.
pub fn run() -> Result<(), Failure> {
    setup::provide(&Need::FOR_BUILD)?;
    {
        let _lock = build::lock()?;
        let mut plan = Plan::default();
        build::add_to(&mut plan, Extent::Code);
        plan.run()?;
    }
    step::one("size", weigh).map(|_| ())
}

/// Builds the minimal application, prints the table, fails over budget.
pub fn weigh(step: &Step) -> Result<Done, Failure> {
    let script = bundle(step)?;
    let wasm = project::root().join("pkg/dist/webmqtt_bg.wasm");
    let weights = weights(step, &[&wasm, &script])?;
    let [wasm, script] = weights[..] else {
        return Err(Failure::new(
            "xtask/size/weigh.mjs printed something else than three numbers a file; run it by hand.",
        ));
    };
    let total = wasm.and(script);
    println!(
        "{:<12} {:>10} {:>10} {:>10}",
        "bytes", "raw", "gzip", "brotli"
    );
    for (name, weight) in [("wasm", wasm), ("JavaScript", script), ("total", total)] {
        println!(
            "{name:<12} {:>10} {:>10} {:>10}",
            grouped(weight.raw),
            grouped(weight.gzip),
            grouped(weight.brotli)
        );
    }
    println!("budget       {:>21} gzip", grouped(BUDGET));
    if total.gzip > BUDGET {
        return Err(Failure::new(format!(
            "the minimal application is {} bytes over its budget of {} bytes gzip: make it smaller.",
            grouped(total.gzip - BUDGET),
            grouped(BUDGET)
        )));
    }
    Ok(Done::Worked)
}

fn bundle(step: &Step) -> Result<PathBuf, Failure> {
    let folder = project::notes().join("size");
    // What an application's bundler sees of the published package.
    let package = folder.join("node_modules/webmqtt");
    let source = folder.join("minimal.ts");
    let lay_out = || -> std::io::Result<()> {
        fs::create_dir_all(package.parent().unwrap_or(&folder))?;
        let _ = fs::remove_file(&package);
        std::os::unix::fs::symlink(project::root().join("pkg"), &package)?;
        fs::copy(project::root().join("xtask/size/minimal.ts"), &source).map(|_| ())
    };
    lay_out().map_err(|error| Failure::io("laying out the minimal application", &error))?;
    let loaded = folder.join("loaded");
    let _ = fs::remove_dir_all(&loaded);
    step.run(
        project::command(project::node_tool("esbuild"))
            .arg(&source)
            .args([
                "--bundle",
                "--minify",
                "--format=esm",
                "--legal-comments=none",
                // What is imported only when it is asked for is a file of its own, which this application never loads.
                "--splitting",
            ])
            .args([
                "--log-level=warning",
                BROWSERS,
                "--supported:top-level-await=true",
            ])
            .arg(format!("--outdir={}", loaded.display())),
    )?;
    Ok(loaded.join("minimal.js"))
}

fn weights(step: &Step, files: &[&Path]) -> Result<Vec<Weight>, Failure> {
    let output = step.output(
        project::command("node")
            .arg("xtask/size/weigh.mjs")
            .args(files),
    )?;
    Ok(output.lines().filter_map(parse).collect())
}

fn parse(line: &str) -> Option<Weight> {
    let mut numbers = line.split(' ').map(|word| word.parse().ok());
    let weight = Weight {
        raw: numbers.next()??,
        gzip: numbers.next()??,
        brotli: numbers.next()??,
    };
    numbers.next().is_none().then_some(weight)
}

/// Digits in groups of three.
fn grouped(number: u64) -> String {
    let digits = number.to_string();
    let mut out = String::new();
    for (index, digit) in digits.chars().enumerate() {
        if index > 0 && (digits.len() - index).is_multiple_of(3) {
            out.push(',');
        }
        out.push(digit);
    }
    out
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn numbers_are_grouped_by_thousands() {
        assert_eq!(grouped(0), "0");
        assert_eq!(grouped(999), "999");
        assert_eq!(grouped(60_000), "60,000");
        assert_eq!(grouped(1_234_567), "1,234,567");
    }

    #[test]
    fn a_line_of_three_numbers_is_a_weight() {
        let weight = parse("100 20 10").expect("three numbers");
        assert_eq!(weight.and(weight).gzip, 40);
        assert_eq!(parse("100 20"), None);
        assert_eq!(parse("100 20 10 5"), None);
        assert_eq!(parse("(node:1) Warning x"), None);
    }
}
