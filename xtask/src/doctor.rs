//! `cargo xtask doctor`: what is present, what is missing, and why it matters.

use crate::brokers;
use crate::setup::{self, Need};
use crate::step::Failure;

/// Prints the tables. Only with `strict` is something missing a failure.
pub fn run(strict: bool) -> Result<(), Failure> {
    let mut missing = Vec::new();
    println!("{:<16} {:<10} what for, and where", "tool", "version");
    for need in Need::ALL {
        match need.find() {
            Ok(found) => {
                let (short, rest) = if found.version.len() <= 10 {
                    (found.version, String::new())
                } else {
                    ("present".to_owned(), format!("{}, ", found.version))
                };
                println!("{:<16} {short:<10} {}", need.name(), need.matters());
                println!("{:<16} {:<10} {rest}{}", "", "", found.place);
            }
            Err(_) => {
                missing.push(need.name());
                println!("{:<16} {:<10} {}", need.name(), "MISSING", need.matters());
                println!(
                    "{:<16} {:<10} {}",
                    "",
                    "",
                    setup::reason(need).unwrap_or_default()
                );
            }
        }
    }
    println!("\nbrokers (`cargo xtask broker NAME` starts one)");
    print!("{}", brokers::list());
    if missing.is_empty() {
        println!("\nnothing is missing");
        return Ok(());
    }
    let sentence = format!(
        "{} missing: `cargo xtask setup` gets what can be had here.",
        missing.join(", ")
    );
    if strict {
        return Err(Failure::new(sentence));
    }
    println!("\n{sentence}");
    Ok(())
}
