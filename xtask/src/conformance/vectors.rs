//! How many packets the codec's tables judge.

use std::fs;

use super::table::lines;
use crate::project;
use crate::stamp::files_below;
use crate::step::Failure;

/// The tables of packets: each row counts once for every version and sender that it is for.
pub fn count() -> Result<usize, Failure> {
    let mut all = 0;
    for file in files_below(&project::root().join("tests/codec_vectors")) {
        if file.extension().is_some_and(|extension| extension == "tsv") {
            let text = fs::read_to_string(&file)
                .map_err(|error| Failure::io("reading a table of packets", &error))?;
            all += in_table(&text);
        }
    }
    Ok(all)
}

fn in_table(text: &str) -> usize {
    let senders = |line: &str| {
        let columns: Vec<&str> = line.split('\t').collect();
        // The tables of properties and reason codes have other columns, and no version in the second.
        let [_, senders, _, _] = columns[..] else {
            return 0;
        };
        let versions = senders.chars().filter(char::is_ascii_digit).count();
        versions * (senders.len() - versions)
    };
    lines(text).map(|(_, line)| senders(line)).sum()
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_row_counts_for_each_version_and_sender() {
        let text =
            "# a\tb\n\nPUBACK\t345CS\t40 <0001>\tok\nPING\t5C\tC0 00\tok\nPUBACK\tS\t00 10\n";
        assert_eq!(in_table(text), 7);
    }
}
