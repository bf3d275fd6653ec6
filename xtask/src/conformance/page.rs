//! The blocks of Markdown that say in numbers what is shown: made of the tables, between two comments of a page.

use std::fmt::Write as _;
use std::fs;

use super::Counts;
use super::table::Finding;
use crate::project;
use crate::step::Failure;

/// The pages with blocks in them.
const PAGES: [&str; 2] = ["docs/correctness.md", "README.md"];

/// The findings that most applications would run into.
const SOME: [&str; 11] = [
    "J-A", "J-B", "J-C", "J-F", "J-I", "J-L", "J-M", "U-R", "W-1", "W-3", "W-6",
];

/// Rewrites the blocks, or says which pages are not up to date.
pub fn bring_up_to_date(
    counts: &Counts,
    findings: &[Finding],
    write: bool,
) -> Result<Vec<String>, Failure> {
    let blocks = [
        ("counts", counts_block(counts)),
        ("findings", findings_block(findings)),
        ("some findings", short_block(findings)),
    ];
    let mut problems = Vec::new();
    for page in PAGES {
        let file = project::root().join(page);
        let old = fs::read_to_string(&file)
            .map_err(|error| Failure::io(&format!("reading {page}"), &error))?;
        let mut new = old.clone();
        for (name, block) in &blocks {
            if let Some(with) = replaced(&new, name, block) {
                new = with;
            }
        }
        if new == old {
            continue;
        }
        if write {
            fs::write(&file, new)
                .map_err(|error| Failure::io(&format!("writing {page}"), &error))?;
        } else {
            problems.push(format!(
                "{page} is not up to date: `cargo xtask conformance --write` rewrites its numbers"
            ));
        }
    }
    Ok(problems)
}

/// The page with another block between `<!-- name -->` and `<!-- /name -->`; None without such comments.
fn replaced(page: &str, name: &str, block: &str) -> Option<String> {
    let (start, end) = (format!("<!-- {name} -->\n"), format!("<!-- /{name} -->"));
    let (before, rest) = page.split_once(&start)?;
    let (_, after) = rest.split_once(&end)?;
    Some(format!("{before}{start}{block}{end}{after}"))
}

fn counts_block(counts: &Counts) -> String {
    let mut out = String::from(
        "| statements that bind a client | shown | not applicable | missing |\n|---|---|---|---|\n",
    );
    let all = ("in all", counts.all_statements());
    for (version, [shown, not, missing]) in counts.statements.iter().chain([&all]) {
        let _ = writeln!(out, "| {version} | {shown} | {not} | {missing} |");
    }
    let Counts {
        pair,
        in_browser,
        argued,
        scenarios_missing,
        findings,
        vectors,
        ..
    } = counts;
    let scenarios = pair + in_browser + argued + scenarios_missing;
    let _ = write!(
        out,
        "\n{scenarios} scenarios: {pair} played natively, {in_browser} in a browser, {argued} argued"
    );
    if *scenarios_missing > 0 {
        let _ = write!(out, ", {scenarios_missing} missing");
    }
    let _ = writeln!(
        out,
        ". {findings} findings. {vectors} packets with a verdict."
    );
    out
}

fn findings_block(findings: &[Finding]) -> String {
    let mut out =
        String::from("| mark | client | what it does | webmqtt | test |\n|---|---|---|---|---|\n");
    for finding in findings {
        let Finding {
            mark,
            peer,
            theirs,
            ours,
            tests,
        } = finding;
        let tests: Vec<String> = tests
            .iter()
            .map(|test| format!("`{}`", test.name()))
            .collect();
        let tests = tests.join(", ");
        let _ = writeln!(out, "| {mark} | {peer} | {theirs} | {ours} | {tests} |");
    }
    out
}

/// Some of them, without tests.
fn short_block(findings: &[Finding]) -> String {
    let mut out = String::from("| seen with | what it does | webmqtt |\n|---|---|---|\n");
    let some = findings
        .iter()
        .filter(|finding| SOME.contains(&finding.mark.as_str()));
    for finding in some {
        let Finding {
            peer, theirs, ours, ..
        } = finding;
        let _ = writeln!(out, "| {peer} | {theirs} | {ours} |");
    }
    out
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_block_is_replaced_and_the_rest_stays() {
        let page = "a\n<!-- counts -->\nold\n<!-- /counts -->\nb\n";
        let found = replaced(page, "counts", "new\n");
        assert_eq!(
            found.as_deref(),
            Some("a\n<!-- counts -->\nnew\n<!-- /counts -->\nb\n")
        );
        assert_eq!(replaced(page, "findings", "new\n"), None);
    }

    #[test]
    fn numbers_read_well() {
        let counts = Counts {
            statements: vec![("MQTT 5.0", [2, 1, 0]), ("MQTT 3.1.1", [3, 0, 1])],
            pair: 4,
            in_browser: 1,
            vectors: 7,
            ..Counts::default()
        };
        let block = counts_block(&counts);
        assert!(block.contains("| in all | 5 | 1 | 1 |\n"), "{block}");
        assert!(
            block.contains("5 scenarios: 4 played natively, 1 in a browser, 0 argued. "),
            "{block}"
        );
    }
}
