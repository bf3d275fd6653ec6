//! Random commands to a session, a broker and a network, held against a small model of what must be true.
//!
//! A failing sequence is shrunk to a short one and printed. `WEBMQTT_MODEL_RUNS` asks for more runs,
//! `WEBMQTT_MODEL_SEED` for other ones.

mod pair;

#[path = "model/command.rs"]
mod command;
#[path = "model/run.rs"]
mod run;
#[path = "model/truth.rs"]
mod truth;

use std::cell::RefCell;
use std::panic::{AssertUnwindSafe, catch_unwind};
use std::sync::atomic::{AtomicU64, Ordering};

use proptest::test_runner::{Config, RngAlgorithm, TestCaseError, TestError, TestRng, TestRunner};

/// Takes about half a minute unoptimised.
const RUNS: u32 = 4_000;

fn from_environment(name: &str) -> Option<u64> {
    let text = std::env::var(name).ok()?;
    Some(
        text.parse()
            .unwrap_or_else(|_| panic!("{name} is a number")),
    )
}

thread_local! {
    /// What the last panic of a run said. Shrinking makes hundreds of them.
    static LAST_PANIC: RefCell<Option<String>> = const { RefCell::new(None) };
}

/// Panics of the threads that carry runs out are kept, not printed.
fn keep_panics_quiet() {
    let loud = std::panic::take_hook();
    std::panic::set_hook(Box::new(move |info| {
        let in_a_run = LAST_PANIC
            .with_borrow_mut(|last| last.as_mut().map(|last| *last = info.to_string()).is_some());
        if !in_a_run {
            loud(info);
        }
    }));
}

/// How much was tried.
#[derive(Default)]
struct Tried {
    runs: AtomicU64,
    steps: AtomicU64,
}

/// What failed first, before it was shrunk.
#[derive(Default)]
struct First {
    run: u64,
    steps: usize,
}

/// Carries runs out and gives the shortest failing one in readable form.
fn search(runs: u32, seed: u64, tried: &Tried) -> Result<(), String> {
    LAST_PANIC.set(Some(String::new()));
    let mut bytes = [0; 32];
    bytes[..8].copy_from_slice(&seed.to_le_bytes());
    let rng = TestRng::from_seed(RngAlgorithm::ChaCha, &bytes);
    let config = Config {
        cases: runs,
        failure_persistence: None,
        max_shrink_iters: 20_000,
        ..Config::default()
    };
    let mut runner = TestRunner::new_with_rng(config, rng);
    let first = RefCell::new(None);
    let outcome = runner.run(&command::run(), |(setup, commands)| {
        let shrinks = first.borrow().is_some();
        let steps = commands.len();
        let run = if shrinks {
            0
        } else {
            tried.steps.fetch_add(steps as u64, Ordering::Relaxed);
            tried.runs.fetch_add(1, Ordering::Relaxed) + 1
        };
        let carry_out = AssertUnwindSafe(|| run::carry_out(&setup, &commands));
        catch_unwind(carry_out).map_err(|_| {
            first.borrow_mut().get_or_insert(First { run, steps });
            let why = LAST_PANIC.with_borrow(|last| last.clone().unwrap_or_default());
            TestCaseError::fail(why)
        })
    });
    let First { run, steps } = first.take().unwrap_or_default();
    match outcome {
        Ok(()) => Ok(()),
        Err(TestError::Fail(why, (setup, commands))) => Err(format!(
            "found in run {run}, shrunk from {steps} to {} commands\n{}{why}",
            commands.len(),
            command::readable(&setup, &commands)
        )),
        Err(TestError::Abort(why)) => Err(why.to_string()),
    }
}

#[test]
fn whatever_happens_what_must_be_true_is_true() {
    keep_panics_quiet();
    let runs = from_environment("WEBMQTT_MODEL_RUNS").unwrap_or(RUNS.into());
    let seed = from_environment("WEBMQTT_MODEL_SEED").unwrap_or(1);
    let threads = std::thread::available_parallelism().map_or(1, |count| count.get() as u64);
    let tried = Tried::default();
    // A fixed number of parts, so that the runs do not depend on the machine.
    const PARTS: u64 = 32;
    let next = AtomicU64::new(0);
    let failures: Vec<String> = std::thread::scope(|scope| {
        let work = || {
            let mut failures = Vec::new();
            loop {
                let part = next.fetch_add(1, Ordering::Relaxed);
                if part >= PARTS || !failures.is_empty() {
                    return failures;
                }
                let share = runs / PARTS + u64::from(part < runs % PARTS);
                let share = u32::try_from(share).expect("not that many");
                if share > 0 {
                    failures.extend(search(share, seed * PARTS + part, &tried).err());
                }
            }
        };
        let workers: Vec<_> = (0..threads).map(|_| scope.spawn(work)).collect();
        let ends = workers.into_iter().map(|worker| worker.join());
        ends.flat_map(|failures| failures.expect("a search that ends"))
            .collect()
    });
    let (runs, steps) = (tried.runs.into_inner(), tried.steps.into_inner());
    let tried = format!("model: {runs} runs, {steps} steps");
    println!("{tried}");
    // For the report of `cargo xtask conformance`; without it the report has a line less.
    let _ = std::fs::write(concat!(env!("CARGO_TARGET_TMPDIR"), "/model.txt"), tried);
    assert!(failures.is_empty(), "{}", failures.join("\n\n"));
}
