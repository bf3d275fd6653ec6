//! `cargo xtask herd`: what many clients do that lose their broker at once, into `docs/scale.md`.

use crate::project;
use crate::step::{self, Done, Failure};

/// The program is `examples/herd`, since the sessions in it are the crate's.
pub fn run() -> Result<(), Failure> {
    step::one("herd", |step| {
        step.tell("playing 100,000 sessions; this takes some minutes");
        let mut cargo = project::command("cargo");
        cargo.args(["run", "--release", "--example", "herd", "--", "docs"]);
        print!("{}", step.output(&mut cargo)?);
        Ok(Done::Worked)
    })
    .map(|_| ())
}
