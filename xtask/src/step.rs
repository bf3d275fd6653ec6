//! Steps: named pieces of work that run side by side, say when they start and end and how long they took,
//! and keep the output of the one that failed.
//!
//! Knows nothing of what a step does.

use std::collections::HashMap;
use std::fs::{self, File, OpenOptions};
use std::io::{self, Write as _};
use std::path::PathBuf;
use std::process::{Command, Stdio};
use std::sync::atomic::{AtomicBool, Ordering};
use std::sync::mpsc::{self, RecvTimeoutError};
use std::sync::{Condvar, LazyLock, Mutex, MutexGuard, PoisonError};
use std::thread;
use std::time::{Duration, Instant};

use crate::project;

static STARTED: LazyLock<Instant> = LazyLock::new(Instant::now);

/// A long step says that it is still at work this often.
const HEARTBEAT: Duration = Duration::from_secs(20);
const TAIL_LINES: usize = 60;
/// How often something is tried that depends on others.
pub const TRIES: usize = 3;
/// What is printed by whoever had to start a program of others once more, with which and why behind it.
pub const STARTED_AGAIN: &str = "started again: ";
const BETWEEN_TRIES: Duration = Duration::from_secs(3);

/// Why a command stopped: one sentence that says what to do, and the output that led to it.
#[derive(Debug, Clone)]
pub struct Failure {
    pub sentence: String,
    pub output: String,
}

impl Failure {
    pub fn new(sentence: impl Into<String>) -> Self {
        Self {
            sentence: sentence.into(),
            output: String::new(),
        }
    }

    /// For a file or a process that could not be used.
    pub fn io(what: &str, error: &io::Error) -> Self {
        Self::new(format!(
            "{what} failed ({error}); check the permissions and the free space there and try again."
        ))
    }
}

/// How a step ended well.
#[derive(Debug, Clone, PartialEq, Eq)]
pub enum Done {
    Worked,
    UpToDate,
    /// Not to be had here, and why; what needs it is skipped later, in these words.
    Without(String),
}

/// Prints one line with the time since the command started.
pub fn say(line: &str) {
    let seconds = STARTED.elapsed().as_secs_f64();
    // Whoever read this may have gone, for instance a test that was killed: no reason to fall over.
    let _ = writeln!(io::stdout(), "{seconds:7.1} s  {line}");
}

/// Starts the clock that [`say`] prints.
pub fn start_clock() {
    LazyLock::force(&STARTED);
}

/// Hands a step its name and its log file.
pub struct Step {
    name: String,
    log: PathBuf,
    announced: AtomicBool,
    started: Instant,
}

impl Step {
    fn new(name: &str) -> Self {
        let file: String = name
            .chars()
            .map(|c| if c.is_ascii_alphanumeric() { c } else { '-' })
            .collect();
        Self {
            name: name.to_owned(),
            log: project::notes().join("logs").join(format!("{file}.log")),
            announced: AtomicBool::new(false),
            started: Instant::now(),
        }
    }

    /// Says that the step starts. A step that finds nothing to do never says it.
    pub fn announce(&self) {
        if !self.announced.swap(true, Ordering::Relaxed) {
            say(&format!("{} ...", self.name));
        }
    }

    /// A line of its own, for what the user should know before it happens.
    pub fn tell(&self, line: &str) {
        self.announce();
        say(&format!("{}: {line}", self.name));
    }

    /// Runs a command with its output in the step's log.
    pub fn run(&self, command: &mut Command) -> Result<(), Failure> {
        self.output(command).map(|_| ())
    }

    /// Runs a command with its output in the step's log, and returns that output.
    pub fn output(&self, command: &mut Command) -> Result<String, Failure> {
        let (ok, output) = self.attempt(command)?;
        if ok {
            return Ok(output);
        }
        Err(Failure {
            sentence: format!(
                "{} failed at `{}`; its last output is above, all of it is in {}: mend what it names and run the same command again.",
                self.name,
                shown(command),
                self.log.display()
            ),
            output: tail(&output, TAIL_LINES),
        })
    }

    /// As [`Step::run`], for a command that gets something from a server, which may fail once; says so when it does.
    pub fn fetch(&self, command: &mut Command) -> Result<(), Failure> {
        self.patiently(BETWEEN_TRIES, || self.run(command))
    }

    /// Tries what depends on others, a server or a program of theirs, up to so many times; says so when it fails.
    pub fn patiently<T>(
        &self,
        pause: Duration,
        mut work: impl FnMut() -> Result<T, Failure>,
    ) -> Result<T, Failure> {
        for _ in 1..TRIES {
            match work() {
                Ok(done) => return Ok(done),
                Err(failure) => self.tell(&format!("trying again: {}", failure.sentence)),
            }
            thread::sleep(pause);
        }
        work()
    }

    /// As [`Step::output`], for commands whose failure is a result: whether it succeeded, and its output.
    pub fn attempt(&self, command: &mut Command) -> Result<(bool, String), Failure> {
        self.announce();
        let offset = fs::metadata(&self.log).map_or(0, |meta| meta.len());
        let log = self.open_log()?;
        let errors = log
            .try_clone()
            .map_err(|error| Failure::io("opening a log", &error))?;
        let mut child = command
            .stdin(Stdio::null())
            .stdout(log)
            .stderr(errors)
            .spawn()
            .map_err(|error| {
                Failure::new(format!(
                    "{} could not start `{}` ({error}); run `cargo xtask doctor` to see what is missing.",
                    self.name,
                    shown(command)
                ))
            })?;
        let status = thread::scope(|scope| {
            let (ended, waiting) = mpsc::channel::<()>();
            scope.spawn(move || {
                while waiting.recv_timeout(HEARTBEAT) == Err(RecvTimeoutError::Timeout) {
                    say(&format!(
                        "{} ... still at work ({:.0} s)",
                        self.name,
                        self.started.elapsed().as_secs_f64()
                    ));
                }
            });
            let status = child.wait();
            drop(ended);
            status
        })
        .map_err(|error| Failure::io("waiting for a process", &error))?;
        let bytes = fs::read(&self.log).unwrap_or_default();
        let from = usize::try_from(offset).unwrap_or(0).min(bytes.len());
        let output = String::from_utf8_lossy(&bytes[from..]).into_owned();
        Ok((status.success(), output))
    }

    fn open_log(&self) -> Result<File, Failure> {
        if let Some(folder) = self.log.parent() {
            fs::create_dir_all(folder)
                .map_err(|error| Failure::io("making target/xtask", &error))?;
        }
        OpenOptions::new()
            .create(true)
            .append(true)
            .open(&self.log)
            .map_err(|error| Failure::io("opening a log", &error))
    }
}

fn shown(command: &Command) -> String {
    let program = command.get_program().to_string_lossy();
    let mut text = program.rsplit('/').next().unwrap_or(&program).to_owned();
    for argument in command.get_args() {
        text.push(' ');
        text.push_str(&argument.to_string_lossy());
    }
    if text.chars().count() <= 160 {
        return text;
    }
    text.chars().take(157).chain("...".chars()).collect()
}

/// The last `lines` lines.
pub fn tail(text: &str, lines: usize) -> String {
    let all: Vec<&str> = text.lines().collect();
    all[all.len().saturating_sub(lines)..].join("\n")
}

/// Runs one step and says how it went.
pub fn one(name: &str, work: impl FnOnce(&Step) -> Result<Done, Failure>) -> Result<Done, Failure> {
    let step = Step::new(name);
    let _ = fs::remove_file(&step.log);
    let result = work(&step);
    let took = step.started.elapsed().as_secs_f64();
    match &result {
        Ok(Done::Worked) => say(&format!("{name}: done in {took:.1} s")),
        Ok(Done::UpToDate) => say(&format!("{name}: up to date")),
        Ok(Done::Without(why)) => say(&format!("{name}: not available: {why}")),
        Err(_) => say(&format!("{name}: FAILED after {took:.1} s")),
    }
    result
}

type Work<'a> = Box<dyn FnOnce(&Step) -> Result<Done, Failure> + Send + 'a>;

/// Steps that run side by side, each as soon as those it comes after are done.
#[derive(Default)]
pub struct Plan<'a> {
    steps: Vec<(&'static str, Vec<&'static str>, Work<'a>)>,
}

impl<'a> Plan<'a> {
    /// Adds a step. A name in `after` that is not in the plan counts as done.
    pub fn add(
        &mut self,
        name: &'static str,
        after: &[&'static str],
        work: impl FnOnce(&Step) -> Result<Done, Failure> + Send + 'a,
    ) {
        if !self.has(name) {
            self.steps.push((name, after.to_vec(), Box::new(work)));
        }
    }

    pub fn has(&self, name: &str) -> bool {
        self.steps.iter().any(|(known, ..)| *known == name)
    }

    /// Runs them all. Steps after a failed one are left out; the first failure is returned.
    pub fn run(self) -> Result<(), Failure> {
        let results: Mutex<HashMap<&'static str, Option<bool>>> =
            Mutex::new(self.steps.iter().map(|(name, ..)| (*name, None)).collect());
        let changed = Condvar::new();
        let first_failure = Mutex::new(None);
        thread::scope(|scope| {
            for (name, after, work) in self.steps {
                let (results, changed, first_failure) = (&results, &changed, &first_failure);
                scope.spawn(move || {
                    let ready = wait_for(results, changed, &after);
                    let ok = ready
                        && match one(name, work) {
                            Ok(_) => true,
                            Err(failure) => {
                                locked(first_failure).get_or_insert(failure);
                                false
                            }
                        };
                    locked(results).insert(name, Some(ok));
                    changed.notify_all();
                });
            }
        });
        match locked(&first_failure).take() {
            Some(failure) => Err(failure),
            None => Ok(()),
        }
    }
}

fn wait_for(
    results: &Mutex<HashMap<&'static str, Option<bool>>>,
    changed: &Condvar,
    after: &[&'static str],
) -> bool {
    let mut guard = locked(results);
    loop {
        let states: Vec<Option<bool>> = after
            .iter()
            .map(|name| guard.get(name).copied().unwrap_or(Some(true)))
            .collect();
        if states.contains(&Some(false)) {
            return false;
        }
        if states.iter().all(|state| *state == Some(true)) {
            return true;
        }
        guard = changed.wait(guard).unwrap_or_else(PoisonError::into_inner);
    }
}

/// The lock, also after a panic elsewhere: what it guards is only ever replaced whole.
pub fn locked<T>(mutex: &Mutex<T>) -> MutexGuard<'_, T> {
    mutex.lock().unwrap_or_else(PoisonError::into_inner)
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_step_runs_after_those_it_names() {
        let order = Mutex::new(Vec::new());
        let mut plan = Plan::default();
        plan.add("last", &["middle", "absent"], |_| {
            locked(&order).push(3);
            Ok(Done::Worked)
        });
        plan.add("middle", &["first"], |_| {
            locked(&order).push(2);
            Ok(Done::Worked)
        });
        plan.add("first", &[], |_| {
            locked(&order).push(1);
            Ok(Done::Worked)
        });
        plan.run().expect("no step fails");
        assert_eq!(*locked(&order), [1, 2, 3]);
    }

    #[test]
    fn steps_after_a_failed_one_are_left_out() {
        let ran = Mutex::new(false);
        let mut plan = Plan::default();
        plan.add("bad", &[], |_| Err(Failure::new("mend it.")));
        plan.add("next", &["bad"], |_| {
            *locked(&ran) = true;
            Ok(Done::Worked)
        });
        let failure = plan.run().expect_err("one step fails");
        assert_eq!(failure.sentence, "mend it.");
        assert!(!*locked(&ran));
    }

    #[test]
    fn what_depends_on_others_is_tried_more_than_once_but_not_for_ever() {
        let tried = |failures: usize| {
            let mut tries = 0;
            let result = Step::new("test of tries").patiently(Duration::ZERO, || {
                tries += 1;
                if tries <= failures {
                    return Err(Failure::new("503"));
                }
                Ok(())
            });
            (tries, result.is_ok())
        };
        assert_eq!(tried(0), (1, true));
        assert_eq!(tried(2), (3, true));
        assert_eq!(tried(3), (3, false));
    }

    #[test]
    fn a_tail_keeps_the_last_lines() {
        assert_eq!(tail("a\nb\nc\n", 2), "b\nc");
        assert_eq!(tail("a", 2), "a");
    }
}
