//! The parts of a WebAssembly module, as far as they are looked into here.

pub const CUSTOM: u8 = 0;
pub const IMPORTS: u8 = 2;
pub const CODE: u8 = 10;
pub const DATA: u8 = 11;
/// Of the names: those of functions.
pub const FUNCTION_NAMES: u8 = 1;

/// A part of a module.
pub struct Section<'a> {
    pub id: u8,
    /// With what says what it is and how long.
    pub whole: &'a [u8],
    pub body: &'a [u8],
}

/// All of them. `None` if it is no module.
pub fn sections(module: &[u8]) -> Option<Vec<Section<'_>>> {
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
pub fn functions_among(mut imports: Bytes<'_>) -> Option<usize> {
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

/// What is left to read.
pub struct Bytes<'a>(pub &'a [u8]);

impl<'a> Bytes<'a> {
    pub fn take(&mut self, count: usize) -> Option<&'a [u8]> {
        let (taken, rest) = self.0.split_at_checked(count)?;
        self.0 = rest;
        Some(taken)
    }

    /// LEB128
    pub fn number(&mut self) -> Option<usize> {
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

/// As LEB128.
pub fn write(out: &mut Vec<u8>, mut number: usize) {
    loop {
        let byte = (number & 0x7F) as u8;
        number >>= 7;
        if number == 0 {
            return out.push(byte);
        }
        out.push(byte | 0x80);
    }
}
