//! The notation of the tables: rows of tab-separated columns, and packets that can be read and written by hand.

use webmqtt::codec::{Sender, Version};

/// The rows of a table without comments and empty lines.
pub fn rows(table: &str) -> impl Iterator<Item = Vec<&str>> {
    table
        .lines()
        .filter(|line| !line.is_empty() && !line.starts_with('#'))
        .map(|line| line.split('\t').collect())
}

/// Reads `345CS`: every pair of version and sender.
pub fn who(text: &str) -> Vec<(Version, Sender)> {
    let mut pairs = Vec::new();
    for (digit, version) in [('3', Version::V3), ('4', Version::V4), ('5', Version::V5)] {
        for (letter, sender) in [('C', Sender::Client), ('S', Sender::Server)] {
            if text.contains(digit) && text.contains(letter) {
                pairs.push((version, sender));
            }
        }
    }
    assert!(!pairs.is_empty(), "nobody in {text:?}");
    pairs
}

/// Reads a packet: hex digits, `'text'` with its length, `"text"` without, `<…>` with its length in front.
pub fn packet(text: &str) -> Vec<u8> {
    let mut parts = vec![Vec::new()];
    let mut chars = text.chars();
    while let Some(char) = chars.next() {
        match char {
            ' ' => {}
            '<' => parts.push(Vec::new()),
            '>' => {
                let part = parts.pop().expect("an open part");
                let outer = parts.last_mut().expect("'>' closes a '<'");
                outer.extend(varint(part.len()));
                outer.extend(part);
            }
            '\'' | '"' => {
                let quoted: String = chars.by_ref().take_while(|next| *next != char).collect();
                let part = parts.last_mut().expect("an open part");
                if char == '\'' {
                    part.extend(
                        u16::try_from(quoted.len())
                            .expect("a short text")
                            .to_be_bytes(),
                    );
                }
                part.extend(quoted.bytes());
            }
            high => {
                let low = chars.next().expect("two hex digits");
                let digit = |char: char| char.to_digit(16).expect("a hex digit") as u8;
                parts
                    .last_mut()
                    .expect("an open part")
                    .push(digit(high) << 4 | digit(low));
            }
        }
    }
    assert_eq!(parts.len(), 1, "'<' without '>' in {text:?}");
    parts.remove(0)
}

/// A variable byte integer in its shortest form.
pub fn varint(mut value: usize) -> Vec<u8> {
    let mut bytes = Vec::new();
    loop {
        let low = (value % 128) as u8;
        value /= 128;
        if value == 0 {
            bytes.push(low);
            return bytes;
        }
        bytes.push(low | 0x80);
    }
}

/// Reads hex codes separated by spaces.
pub fn codes(text: &str) -> Vec<u8> {
    text.split(' ')
        .map(|code| u8::from_str_radix(code, 16).expect("a hex code"))
        .collect()
}
