//! Takes the words of panics out of the module: nobody reads them, since its panic handler traps at once, but the code
//! that puts them together would be a thirtieth of it.
//!
//! Bodies of functions that only panics use become a trap; what only they called goes with wasm-opt. What they would have
//! said is blanked in the module's data, too, with the places in files where it would have happened: blanks cost nothing
//! after compression, and wasm-opt leaves out long ones.

use std::ops::Range;

use crate::sections::{
    Bytes, CODE, CUSTOM, DATA, FUNCTION_NAMES, IMPORTS, Section, functions_among, sections, write,
};

/// `unreachable` in a function without locals.
const TRAP: [u8; 3] = [0, 0, 0x0B];

/// The module with a trap in the place of each function that `of_panics` says yes to by its name. `None` if it is no
/// module that this can read.
pub fn snip(module: &[u8], of_panics: impl Fn(&str) -> bool) -> Option<Vec<u8>> {
    let (mut imported, mut snipped) = (0, Vec::new());
    for section in sections(module)? {
        match section {
            Section {
                id: IMPORTS, body, ..
            } => imported = functions_among(Bytes(body))?,
            Section {
                id: CUSTOM, body, ..
            } => snipped.extend(named(Bytes(body), &of_panics)),
            _ => {}
        }
    }
    let mut out = module.get(..8)?.to_vec();
    for Section { id, whole, body } in sections(module)? {
        if id != CODE {
            out.extend_from_slice(whole);
            continue;
        }
        let mut bodies = Bytes(body);
        let count = bodies.number()?;
        let mut code = Vec::new();
        write(&mut code, count);
        for index in 0..count {
            let length = bodies.number()?;
            let mut function = bodies.take(length)?;
            if snipped.contains(&(imported + index)) {
                function = &TRAP;
            }
            write(&mut code, function.len());
            code.extend_from_slice(function);
        }
        out.push(CODE);
        write(&mut out, code.len());
        out.append(&mut code);
    }
    Some(out)
}

/// Whether a function is for the words of panics, by its name: what formats, what panics, and what Rust's library calls
/// for nothing else.
pub fn is_for_panics(name: &str) -> bool {
    const PARTS: [&str; 7] = [
        "core::fmt::",
        "core::panicking::",
        "core::str::count::",
        "::slice_index_fail",
        "::len_mismatch_fail",
        "::assert_failed",
        "::expect_failed",
    ];
    let name = without_hashes(name);
    PARTS.iter().any(|part| name.contains(part))
}

/// A crate's name can come with a hash: `core[c5930c85a12de822]::fmt`.
fn without_hashes(name: &str) -> String {
    let mut parts = name.split('[');
    let first = parts.next().unwrap_or_default().to_owned();
    parts.fold(first, |before, part| match part.split_once(']') {
        Some((_, after)) => before + after,
        None => before + part,
    })
}

/// What Rust's library says when it panics, as it lies in a module: texts, and templates with a length before each text
/// and a byte for each value. One that is not there any more does no harm.
const SAID: [&[u8]; 20] = [
    b"\x16slice index starts at \xC0\r but ends at \xC0\0",
    b"\x12range start index \xC0\" out of range for slice of length \xC0\0",
    b"\x10range end index \xC0\" out of range for slice of length \xC0\0",
    b"\x15memory allocation of \xC0\r bytes failed\0",
    b"&copy_from_slice: source slice length (\xC0+) does not match destination slice length (\xC0\x01)\0",
    b"\x14insertion index (is \xC0\x17) should be <= len (is \xC0\x01)\0",
    b"\x12removal index (is \xC0\x16) should be < len (is \xC0\x01)\0",
    b"\x15swap_remove index (is \xC0\x16) should be < len (is \xC0\x01)\0",
    b"\x18`at` split index (is \xC0\x17) should be <= len (is \xC0\x01)\0",
    b"capacity overflow",
    b"dest is out of bounds",
    b"mid > len",
    b"index out of bounds",
    b"assertion failed: i < self.len()",
    b"assertion failed: j < self.len()",
    b"attempt to join into collection with len > usize::MAX",
    b"Tried to shrink to a larger capacity",
    b"RefCell already mutably borrowed",
    b"RefCell already borrowed",
    b"called `Option::unwrap()` on a `None` value",
];

/// The module without what panics say and where they happen. `None` if it is no module that this can read.
pub fn hush(module: &[u8]) -> Option<Vec<u8>> {
    let mut hushed = module.to_vec();
    for section in sections(module)? {
        if section.id != DATA {
            continue;
        }
        let pieces = pieces(module, section.body)?;
        for piece in &pieces {
            let bytes = module.get(piece.at.clone())?;
            for said in SAID {
                for (place, part) in bytes.windows(said.len()).enumerate() {
                    if part == said {
                        let start = piece.at.start + place;
                        hushed[start..start + said.len()].fill(0);
                    }
                }
            }
            // Structs begin at multiples of four.
            let first = piece.address.wrapping_neg() % 4;
            for start in (piece.at.start + first..piece.at.end).step_by(4) {
                if let Some(file) = file_of(module, &pieces, start) {
                    hushed[file].fill(0);
                    hushed[start..start + 16].fill(0);
                }
            }
        }
    }
    Some(hushed)
}

/// What the memory begins with, from an address on, and which bytes of the module these are.
struct Piece {
    address: usize,
    at: Range<usize>,
}

fn pieces(module: &[u8], section: &[u8]) -> Option<Vec<Piece>> {
    let end = section.as_ptr() as usize - module.as_ptr() as usize + section.len();
    let mut rest = Bytes(section);
    let mut pieces = Vec::new();
    for _ in 0..rest.number()? {
        // In the only memory, at a constant address.
        if rest.take(2)? != [0, 0x41] {
            return None;
        }
        let address = rest.number()?;
        if rest.take(1)? != [0x0B] {
            return None;
        }
        let length = rest.number()?;
        let start = end - rest.0.len();
        rest.take(length)?;
        pieces.push(Piece {
            address,
            at: start..start + length,
        });
    }
    Some(pieces)
}

/// The name of the file if here is a `core::panic::Location`: where the name is, its length, line and column. The name
/// ends with a zero.
fn file_of(module: &[u8], pieces: &[Piece], start: usize) -> Option<Range<usize>> {
    let word = |index: usize| {
        let bytes = module.get(start + 4 * index..)?.first_chunk()?;
        usize::try_from(u32::from_le_bytes(*bytes)).ok()
    };
    let (address, length) = (word(0)?, word(1)?);
    let is_in = |piece: &&Piece| {
        address >= piece.address && address + length < piece.address + piece.at.len()
    };
    let piece = pieces.iter().find(is_in)?;
    let start = piece.at.start + address - piece.address;
    let name = module.get(start..start + length)?;
    let is_name = name.ends_with(b".rs") && module.get(start + length) == Some(&0);
    is_name.then_some(start..start + length)
}

/// The numbers of the functions with such names, if the custom section has names.
fn named(mut section: Bytes<'_>, wanted: impl Fn(&str) -> bool) -> Vec<usize> {
    let mut found = Vec::new();
    let mut read = || {
        let length = section.number()?;
        if section.take(length)? != b"name" {
            return None;
        }
        while let [kind, ..] = *section.take(1)? {
            let length = section.number()?;
            let mut names = Bytes(section.take(length)?);
            if kind != FUNCTION_NAMES {
                continue;
            }
            for _ in 0..names.number()? {
                let number = names.number()?;
                let length = names.number()?;
                let name = std::str::from_utf8(names.take(length)?).ok()?;
                if wanted(name) {
                    found.push(number);
                }
            }
        }
        Some(())
    };
    let _ = read();
    found
}

#[cfg(test)]
mod tests {
    use super::*;

    /// One imported function and three of its own, which do nothing; the second is called `core::fmt::write`.
    fn module() -> Vec<u8> {
        let mut module = b"\0asm\x01\0\0\0".to_vec();
        let imports = b"\x01\x01a\x01b\x00\x00";
        let code = b"\x03\x02\x00\x0B\x03\x00\x01\x0B\x02\x00\x0B";
        let names = b"\x01\x13\x01\x02\x10core::fmt::write";
        let name_section = [&b"\x04name"[..], names].concat();
        for (id, body) in [(2, &imports[..]), (10, code), (0, &name_section)] {
            module.push(id);
            write(&mut module, body.len());
            module.extend_from_slice(body);
        }
        module
    }

    #[test]
    fn what_is_for_panics_becomes_a_trap_and_the_rest_stays() {
        let before = module();
        let after = snip(&before, is_for_panics).expect("a module");
        let nop = b"\x03\x00\x01\x0B";
        let at = before.windows(4).position(|part| part == nop).unwrap();
        assert_eq!(after[at..at + 4], [3, 0, 0, 0x0B]);
        let mut expected = before;
        expected[at..at + 4].copy_from_slice(&[3, 0, 0, 0x0B]);
        assert_eq!(after, expected);
    }

    /// Data from address 1024 on: a text of the program, a file's name, where in it something happens, what is said.
    fn data(name: &[u8], said: &[u8]) -> Vec<u8> {
        let name_at = 1024 + 4;
        let place = (name_at + name.len() + 1).next_multiple_of(4);
        let mut bytes = b"mine".to_vec();
        bytes.extend_from_slice(name);
        bytes.resize(place - 1024, 0);
        for word in [name_at, name.len(), 12, 34] {
            bytes.extend_from_slice(&(word as u32).to_le_bytes());
        }
        bytes.extend_from_slice(said);
        let mut section = b"\x01\0\x41\x80\x08\x0B".to_vec();
        write(&mut section, bytes.len());
        section.append(&mut bytes);
        let mut module = b"\0asm\x01\0\0\0\x0B".to_vec();
        write(&mut module, section.len());
        module.append(&mut section);
        module
    }

    #[test]
    fn what_panics_say_and_where_is_blanked_and_the_rest_stays() {
        let before = data(b"/rust/library/a.rs", b"yours: mid > len");
        let after = hush(&before).expect("a module");
        assert_eq!(after.len(), before.len());
        let kept = |bytes: &[u8], what: &[u8]| bytes.windows(what.len()).any(|part| part == what);
        for what in [&b"mine"[..], b"yours: "] {
            assert!(kept(&after, what));
        }
        for what in [&b"a.rs"[..], b"mid", &12u32.to_le_bytes()] {
            assert!(kept(&before, what) && !kept(&after, what));
        }
    }

    #[test]
    fn what_is_no_place_in_a_file_stays() {
        let before = data(b"/rust/library/a.js", b"yours");
        assert_eq!(hush(&before), Some(before));
    }

    #[test]
    fn without_names_nothing_is_changed() {
        let before = module();
        assert_eq!(snip(&before, |_| false), Some(before));
    }

    #[test]
    fn what_is_no_module_is_refused() {
        assert_eq!(snip(b"", is_for_panics), None);
        let module = module();
        assert_eq!(snip(&module[..module.len() - 1], is_for_panics), None);
        assert_eq!(hush(b""), None);
    }

    #[test]
    fn names_say_what_is_for_panics() {
        for name in [
            "<usize as core::fmt::Display>::fmt",
            "<&usize as core[c5930c85a12de822]::fmt::Debug>::fmt",
            "core::panicking::panic_fmt::h0123456789abcdef",
        ] {
            assert!(is_for_panics(name));
        }
        for name in [
            "webmqtt::session::Session::new",
            "webmqtt::session::Session::preparation_failed",
            "",
        ] {
            assert!(!is_for_panics(name));
        }
    }
}
