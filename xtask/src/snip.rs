//! Takes the words of panics out of the module: nobody reads them, since its panic handler traps at once, but the code
//! that puts them together would be a thirtieth of it.
//!
//! Bodies of functions that only panics use become a trap; what only they called goes with wasm-opt.

/// `unreachable` in a function without locals.
const TRAP: [u8; 3] = [0, 0, 0x0B];

const CUSTOM: u8 = 0;
const IMPORTS: u8 = 2;
const CODE: u8 = 10;
/// Of the names: those of functions.
const FUNCTIONS: u8 = 1;

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

struct Section<'a> {
    id: u8,
    whole: &'a [u8],
    body: &'a [u8],
}

fn sections(module: &[u8]) -> Option<Vec<Section<'_>>> {
    let mut rest = Bytes(module.strip_prefix(b"\0asm\x01\0\0\0")?);
    let mut found = Vec::new();
    while let Some(&id) = rest.0.first() {
        let before = rest.0;
        rest.take(1)?;
        let length = rest.number()?;
        let body = rest.take(length)?;
        let whole = before.get(..before.len() - rest.0.len())?;
        found.push(Section { id, whole, body });
    }
    Some(found)
}

/// How many of the imports are functions; they have the first numbers.
fn functions_among(mut imports: Bytes<'_>) -> Option<usize> {
    let mut functions = 0;
    for _ in 0..imports.number()? {
        for _ in ["module", "field"] {
            let length = imports.number()?;
            imports.take(length)?;
        }
        // wasm-bindgen's modules import functions alone.
        if imports.take(1)? != [0] {
            return None;
        }
        imports.number()?;
        functions += 1;
    }
    Some(functions)
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
            if kind != FUNCTIONS {
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

/// What is left to read.
struct Bytes<'a>(&'a [u8]);

impl<'a> Bytes<'a> {
    fn take(&mut self, count: usize) -> Option<&'a [u8]> {
        let (taken, rest) = self.0.split_at_checked(count)?;
        self.0 = rest;
        Some(taken)
    }

    /// LEB128
    fn number(&mut self) -> Option<usize> {
        let mut number = 0;
        for shift in (0..32).step_by(7) {
            let &[byte] = self.take(1)? else { return None };
            number |= usize::from(byte & 0x7F) << shift;
            if byte < 0x80 {
                return Some(number);
            }
        }
        None
    }
}

fn write(out: &mut Vec<u8>, mut number: usize) {
    loop {
        let byte = (number & 0x7F) as u8;
        number >>= 7;
        if number == 0 {
            return out.push(byte);
        }
        out.push(byte | 0x80);
    }
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
