//! Puts functions of a module that are alike beside each other, since compression finds what is alike only within the last
//! 32 KiB, and is cheaper the nearer it is.
//!
//! wasm-opt can sort functions by their names; here they get names for it.

use std::collections::HashMap;

use crate::sections::{
    Bytes, CODE, CUSTOM, FUNCTION_NAMES, IMPORTS, functions_among, sections, write,
};

/// What is counted as alike: so many bytes in a row.
const RUN: usize = 4;
/// So many functions before are what the next one should be like.
const BEFORE: usize = 3;
/// Keeps very short functions, which are like everything, from being next always.
const SHORT: usize = 20;

/// The module with names that stand for the order that its functions should have. `None` if it is no module that this can
/// read.
pub fn name_in_order(module: &[u8]) -> Option<Vec<u8>> {
    let (mut imported, mut bodies) = (0, Vec::new());
    for section in sections(module)? {
        match section.id {
            IMPORTS => imported = functions_among(Bytes(section.body))?,
            CODE => {
                let mut rest = Bytes(section.body);
                for _ in 0..rest.number()? {
                    let length = rest.number()?;
                    bodies.push(rest.take(length)?);
                }
            }
            _ => {}
        }
    }
    let mut places = vec![0; bodies.len()];
    for (place, function) in order(&bodies).into_iter().enumerate() {
        places[function] = place;
    }
    let mut names = Vec::new();
    write(&mut names, places.len());
    for (function, place) in places.iter().enumerate() {
        let name = format!("{place:05}");
        write(&mut names, imported + function);
        write(&mut names, name.len());
        names.extend_from_slice(name.as_bytes());
    }
    let mut section = b"\x04name".to_vec();
    section.push(FUNCTION_NAMES);
    write(&mut section, names.len());
    section.append(&mut names);
    let mut named = module.to_vec();
    named.push(CUSTOM);
    write(&mut named, section.len());
    named.append(&mut section);
    Some(named)
}

/// Beginning with the longest, always the one next that has most in common with those before it, for its length.
fn order(bodies: &[&[u8]]) -> Vec<usize> {
    let mut numbers = HashMap::new();
    let runs: Vec<Vec<usize>> = bodies
        .iter()
        .map(|body| {
            let number = |run| {
                let next = numbers.len();
                *numbers.entry(run).or_insert(next)
            };
            let mut runs: Vec<_> = body.windows(RUN).map(number).collect();
            runs.sort_unstable();
            runs.dedup();
            runs
        })
        .collect();
    let mut left: Vec<usize> = (0..bodies.len()).collect();
    let mut ordered: Vec<usize> = Vec::new();
    let mut before = vec![false; numbers.len()];
    while !left.is_empty() {
        before.fill(false);
        for &function in ordered.iter().rev().take(BEFORE) {
            for &run in &runs[function] {
                before[run] = true;
            }
        }
        let mut best = (0, 0, 1);
        for (place, &function) in left.iter().enumerate() {
            let (common, length) = if ordered.is_empty() {
                (bodies[function].len(), 1)
            } else {
                let common = runs[function].iter().filter(|&&run| before[run]).count();
                (common, runs[function].len() + SHORT)
            };
            // Of two fractions the greater one.
            if common * best.2 > best.1 * length {
                best = (place, common, length);
            }
        }
        ordered.push(left.remove(best.0));
    }
    ordered
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn what_is_alike_comes_together() {
        let bodies: [&[u8]; 5] = [
            b"abcdefghij",
            b"0123456789 and more of it",
            b"abcdefgh",
            b"0123456789",
            b"",
        ];
        assert_eq!(order(&bodies), [1, 3, 0, 2, 4]);
        assert_eq!(order(&[]), [0; 0]);
    }

    #[test]
    fn functions_are_named_after_their_places_behind_those_that_are_imported() {
        let mut module = b"\0asm\x01\0\0\0".to_vec();
        let imports = b"\x01\x01a\x01b\x00\x00";
        let code = b"\x02\x02\x00\x0B\x03\x00\x01\x0B";
        for (id, body) in [(IMPORTS, &imports[..]), (CODE, code)] {
            module.push(id);
            write(&mut module, body.len());
            module.extend_from_slice(body);
        }
        let named = name_in_order(&module).expect("a module");
        let names = named.strip_prefix(&module[..]).expect("what was there");
        assert_eq!(
            names,
            b"\0\x16\x04name\x01\x0F\x02\x01\x0500001\x02\x0500000"
        );
        assert_eq!(name_in_order(b""), None);
    }
}
