//! What a hundred thousand clients do that lose their broker at once: connection attempts per second, with the
//! back-off of the session and with a retry after a fixed second, as a picture and as tables for `docs/scale.md`.
//!
//! ```sh
//! cargo xtask herd                                 # writes both into docs
//! cargo run --release --example herd -- FOLDER     # and into any folder
//! ```

mod plot;
mod simulation;

use std::error::Error;
use std::fmt::Write as _;
use std::fs;
use std::path::Path;

use plot::{Line, Panel};
use simulation::{Fault, Outcome, Policy, play};
use webmqtt::session::ReconnectOptions;
use webmqtt::time::Duration;

const SESSIONS: u32 = 100_000;
/// How many wait at a broker's door before it turns others away; Linux's own bound for a listening socket.
const BACKLOG: u64 = 4_096;
/// What MQTT.js does unless it is told otherwise.
const FIXED: Policy = Policy::Fixed(1_000);

/// The faults of the picture and of the first table, and how much of each is drawn, in seconds.
const FAULTS: [(&str, Fault, u64); 5] = [
    ("away for 1 s", fault(1_000, None), 12),
    ("away for 30 s", fault(30_000, None), 75),
    ("away for 5 min", fault(300_000, None), 360),
    (
        "every connection cut, then 1,000 let in per second",
        fault(0, Some(1_000)),
        150,
    ),
    (
        "away for 30 s, then 1,000 let in per second",
        fault(30_000, Some(1_000)),
        180,
    ),
];

const fn fault(away: u64, per_second: Option<u64>) -> Fault {
    Fault {
        away,
        per_second,
        backlog: BACKLOG,
    }
}

fn main() -> Result<(), Box<dyn Error>> {
    let folder = std::env::args().nth(1).unwrap_or_else(|| "docs".to_owned());
    let folder = Path::new(&folder);
    let by_default = Policy::BackOff(ReconnectOptions::default());
    let mut panels = Vec::new();
    let mut rows = String::from(HEAD);
    for (title, fault, seconds) in FAULTS {
        let fixed = play(SESSIONS, FIXED, fault);
        let backed_off = play(SESSIONS, by_default, fault);
        row(&mut rows, title, "1 s, fixed", &fixed, fault);
        row(&mut rows, "", "the default", &backed_off, fault);
        panels.push(Panel {
            title: title.to_owned(),
            seconds,
            away: fault.away,
            lines: vec![
                Line {
                    name: "a retry after 1 s",
                    colour: "#c2410c",
                    counts: fixed.arrivals,
                },
                Line {
                    name: "the default back-off",
                    colour: "#1d4ed8",
                    counts: backed_off.arrivals,
                },
            ],
        });
    }
    let mut choice = String::from(HEAD);
    for (title, fault, _) in [FAULTS[0], FAULTS[1], FAULTS[4]] {
        for (nth, (min, max)) in CANDIDATES.into_iter().enumerate() {
            let options = ReconnectOptions {
                min: Duration::from_millis(min),
                max: Duration::from_millis(max),
                attempts: None,
            };
            let outcome = play(SESSIONS, Policy::BackOff(options), fault);
            let title = if nth == 0 { title } else { "" };
            let mark = if options == ReconnectOptions::default() {
                ", the default"
            } else {
                ""
            };
            let policy = format!("{} to {}{mark}", seconds(min), seconds(max));
            row(&mut choice, title, &policy, &outcome, fault);
        }
    }
    print!("{rows}\n{choice}");
    fs::create_dir_all(folder)?;
    fs::write(folder.join("herd.svg"), plot::draw(&panels))?;
    let page = folder.join("scale.md");
    let mut text = fs::read_to_string(&page).unwrap_or_else(|_| {
        "<!-- herd -->\n<!-- /herd -->\n<!-- choice -->\n<!-- /choice -->\n".to_owned()
    });
    for (name, block) in [("herd", rows), ("choice", choice)] {
        text = with_block(&text, name, &block)
            .ok_or_else(|| format!("no block `{name}` in {}", page.display()))?;
    }
    fs::write(page, text)?;
    Ok(())
}

/// Bounds of the first delay and of any, in milliseconds.
const CANDIDATES: [(u64, u64); 6] = [
    (500, 30_000),
    (1_000, 30_000),
    (2_000, 30_000),
    (2_000, 60_000),
    (2_000, 120_000),
    (10_000, 300_000),
];

const HEAD: &str = "\
| broker | delay | busiest second | busiest tenth of a second | attempts | in vain though it was up | 50 % back | 99 % | all |
|---|---|---:|---:|---:|---:|---:|---:|---:|
";

fn row(table: &mut String, title: &str, policy: &str, outcome: &Outcome, fault: Fault) {
    let back = |percent| seconds(outcome.back_after(percent).saturating_sub(fault.away));
    let _ = writeln!(
        table,
        "| {title} | {policy} | {} | {} | {} | {} | {} | {} | {} |",
        grouped(outcome.peak(10)),
        grouped(outcome.peak(1)),
        grouped(outcome.attempts()),
        grouped(outcome.wasted),
        back(50),
        back(99),
        back(100),
    );
}

/// Milliseconds in seconds, as short as the reader wants them.
fn seconds(millis: u64) -> String {
    match millis {
        0..10_000 if !millis.is_multiple_of(1_000) => {
            format!("{}.{} s", millis / 1_000, millis % 1_000 / 100)
        }
        _ => format!("{} s", (millis + 500) / 1_000),
    }
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

/// The page with another block between `<!-- name -->` and `<!-- /name -->`.
fn with_block(page: &str, name: &str, block: &str) -> Option<String> {
    let (start, end) = (format!("<!-- {name} -->\n"), format!("<!-- /{name} -->"));
    let (before, rest) = page.split_once(&start)?;
    let (_, after) = rest.split_once(&end)?;
    Some(format!("{before}{start}{block}{end}{after}"))
}
