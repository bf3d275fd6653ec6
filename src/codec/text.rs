//! Text: UTF-8 strings (section 1.5.4), topic names and topic filters (sections 4.7 and 4.8.2).
//!
//! Knows what a well-formed topic is, not what a topic means: matching lives in the session's topic trie.

use super::error::{DecodeErrorKind, TopicError};

const TEXT_MAX: usize = 65_535;
const SHARE_PREFIX: &[u8] = b"$share/";

/// Bytes that are no text of MQTT.
pub(super) fn decode_text(bytes: &[u8]) -> Result<&str, DecodeErrorKind> {
    let text = core::str::from_utf8(bytes).map_err(|_| DecodeErrorKind::Utf8)?;
    if has_nul(bytes) {
        Err(DecodeErrorKind::Nul)
    } else {
        Ok(text)
    }
}

/// The same where nobody wants the text. ASCII without U+0000 is right, and found eight bytes at a time.
#[inline]
pub(super) fn check_text(bytes: &[u8]) -> Result<(), DecodeErrorKind> {
    #[cfg(not(target_arch = "wasm32"))]
    if !marked(bytes, |word| word.wrapping_sub(ONES) | word) {
        return Ok(());
    }
    decode_text(bytes).map(drop)
}

/// Reads well-formed UTF-8 without U+0000 [MQTT-1.5.4-1] [MQTT-1.5.4-2].
///
/// A byte order mark is a character like any other and is kept [MQTT-1.5.4-3]. Control characters and
/// non-characters are accepted: the specification allows both, and refusing them only loses messages.
///
/// # Errors
///
/// [`DecodeErrorKind::Utf8`] or [`DecodeErrorKind::Nul`], in a [`DecodeError`](super::DecodeError).
pub fn validate_text(bytes: &[u8]) -> Result<&str, super::DecodeError> {
    Ok(decode_text(bytes)?)
}

/// Looks for what a topic name must not contain. It visits every byte, so that it can be vectorised.
#[cfg(target_arch = "wasm32")]
#[inline]
fn name_has_forbidden(bytes: &[u8]) -> bool {
    bytes.iter().fold(false, |found, &byte| {
        found | matches!(byte, 0 | b'+' | b'#')
    })
}

/// The same, eight bytes at a time: faster, but more code than a page should load.
#[cfg(not(target_arch = "wasm32"))]
#[inline(always)]
fn name_has_forbidden(bytes: &[u8]) -> bool {
    #[cold]
    fn has_forbidden(bytes: &[u8]) -> bool {
        bytes.iter().any(|byte| matches!(byte, 0 | b'+' | b'#'))
    }
    // Most names have nothing below `,`, where all that is forbidden is, and nothing above ASCII.
    marked(bytes, |word| word.wrapping_sub(ONES * 0x2C) | word) && has_forbidden(bytes)
}

/// Whether there is U+0000.
#[inline]
pub(super) fn has_nul(bytes: &[u8]) -> bool {
    #[cfg(target_arch = "wasm32")]
    return bytes.iter().fold(false, |found, &byte| found | (byte == 0));
    #[cfg(not(target_arch = "wasm32"))]
    marked(bytes, |word| word.wrapping_sub(ONES) & !word)
}

#[cfg(not(target_arch = "wasm32"))]
const ONES: u64 = u64::from_ne_bytes([1; 8]);

/// Whether `mark` sets the highest bit of any byte, eight at a time.
#[cfg(not(target_arch = "wasm32"))]
#[inline(always)]
fn marked(bytes: &[u8], mark: impl Fn(u64) -> u64) -> bool {
    let mut found = 0;
    if let Some(last) = bytes.last_chunk::<8>() {
        // Some bytes are looked at twice.
        found = mark(u64::from_ne_bytes(*last));
        let mut rest = bytes;
        while let Some((word, after)) = rest.split_first_chunk::<8>() {
            found |= mark(u64::from_ne_bytes(*word));
            rest = after;
        }
    } else if let (Some(first), Some(last)) = (bytes.first_chunk::<4>(), bytes.last_chunk::<4>()) {
        let [first, last] = [first, last].map(|half| u64::from(u32::from_ne_bytes(*half)));
        found = mark(first | last << 32);
    } else {
        for byte in bytes {
            found |= mark(ONES * u64::from(*byte));
        }
    }
    found & (ONES << 7) != 0
}

/// A topic name, or nothing.
#[cfg_attr(target_arch = "wasm32", inline)]
#[cfg_attr(not(target_arch = "wasm32"), inline(always))]
pub(super) fn decode_topic_name(bytes: &[u8]) -> Result<&str, DecodeErrorKind> {
    let name = core::str::from_utf8(bytes).map_err(|_| DecodeErrorKind::Utf8)?;
    if name_has_forbidden(bytes) {
        return Err(if has_nul(bytes) {
            DecodeErrorKind::Nul
        } else {
            DecodeErrorKind::TopicWildcard
        });
    }
    Ok(name)
}

/// The parts of `$share/{name}/{filter}`; `None` without the prefix.
fn split_share(filter: &str) -> Option<Option<(&str, &str)>> {
    let rest = filter.strip_prefix("$share/")?;
    let slash = rest.bytes().position(|byte| byte == b'/');
    let parts = slash.and_then(|at| Some((rest.get(..at)?, rest.get(at + 1..)?)));
    Some(parts.filter(|(name, inner)| {
        !name.is_empty()
            && !inner.is_empty()
            && !name.bytes().any(|byte| matches!(byte, b'+' | b'#'))
    }))
}

/// Checks where the wildcards of a filter stand, and that there is no U+0000.
fn check_levels(bytes: &[u8]) -> Result<(), TopicError> {
    // What stands before the first character starts a level just as a separator does.
    let mut previous = b'/';
    for &byte in bytes {
        match (previous, byte) {
            (_, 0) => return Err(TopicError::Nul),
            (b'#', _) => return Err(TopicError::MultiLevelWildcard),
            (b'/', _) | (_, b'/') => {}
            (_, b'#') => return Err(TopicError::MultiLevelWildcard),
            (b'+', _) | (_, b'+') => return Err(TopicError::SingleLevelWildcard),
            _ => {}
        }
        previous = byte;
    }
    Ok(())
}

/// Whether a filter is right at a glance: ASCII without U+0000, each wildcard a level of its own, and no share.
fn is_ordinary_filter(bytes: &[u8]) -> bool {
    if bytes.is_empty() || bytes.starts_with(SHARE_PREFIX) {
        return false;
    }
    let (mut previous, mut rest) = (b'/', bytes);
    while let [byte, after @ ..] = rest {
        match byte {
            // All that is forbidden is below `,` or above ASCII.
            b','..=0x7F => {}
            b'+' if previous == b'/' && matches!(after, [] | [b'/', ..]) => {}
            b'#' if previous == b'/' && after.is_empty() => {}
            0 | b'+' | b'#' | 0x80.. => return false,
            _ => {}
        }
        (previous, rest) = (*byte, after);
    }
    true
}

/// Checks a filter; `shared` says whether the rules of shared subscriptions hold, which came with MQTT 5.
fn check_filter(filter: &str, shared: bool) -> Result<(), TopicError> {
    let bytes = filter.as_bytes();
    if bytes.is_empty() {
        return Err(TopicError::Empty);
    }
    if bytes.len() > TEXT_MAX {
        return Err(TopicError::TooLong);
    }
    if shared && split_share(filter) == Some(None) {
        return Err(TopicError::ShareName);
    }
    if cfg!(not(target_arch = "wasm32")) && !name_has_forbidden(bytes) {
        return Ok(());
    }
    check_levels(bytes)
}

/// A topic name: at least one character, no wildcard, at most 65 535 bytes.
#[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord, Hash)]
pub struct TopicName<'a>(&'a str);

impl<'a> TopicName<'a> {
    /// Checks a topic name.
    ///
    /// # Errors
    ///
    /// Says which rule of section 4.7 is broken.
    pub fn new(name: &'a str) -> Result<Self, TopicError> {
        let bytes = name.as_bytes();
        if bytes.is_empty() {
            return Err(TopicError::Empty);
        }
        if bytes.len() > TEXT_MAX {
            return Err(TopicError::TooLong);
        }
        if name_has_forbidden(bytes) {
            return Err(if has_nul(bytes) {
                TopicError::Nul
            } else {
                TopicError::Wildcard
            });
        }
        Ok(Self(name))
    }

    /// The name as text.
    #[must_use]
    #[inline]
    pub const fn as_str(&self) -> &'a str {
        self.0
    }

    /// A received name; `None` is an empty one.
    #[cfg_attr(target_arch = "wasm32", inline)]
    #[cfg_attr(not(target_arch = "wasm32"), inline(always))]
    pub(super) fn decode(bytes: &'a [u8]) -> Result<Option<Self>, DecodeErrorKind> {
        let name = decode_topic_name(bytes)?;
        Ok((!name.is_empty()).then_some(Self(name)))
    }
}

/// A topic filter: what one subscribes to.
///
/// `+` and `#` are whole levels and `#` is the last one. A filter that begins with `$share/` is a shared
/// subscription and has a share name and a filter behind it. (In MQTT 3 such a filter has no meaning of its own,
/// but the brokers that offer shared subscriptions there use the same form.)
#[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord, Hash)]
pub struct TopicFilter<'a>(&'a str);

impl<'a> TopicFilter<'a> {
    /// Checks a topic filter.
    ///
    /// # Errors
    ///
    /// Says which rule of section 4.7 or 4.8.2 is broken.
    pub fn new(filter: &'a str) -> Result<Self, TopicError> {
        check_filter(filter, true)?;
        Ok(Self(filter))
    }

    /// The filter as text.
    #[must_use]
    #[inline]
    pub const fn as_str(&self) -> &'a str {
        self.0
    }

    /// Whether it is a shared subscription.
    #[must_use]
    pub fn is_shared(&self) -> bool {
        self.share().is_some()
    }

    /// The share name of a shared subscription.
    #[must_use]
    pub fn share_name(&self) -> Option<&'a str> {
        self.share().map(|(name, _)| name)
    }

    /// The filter that topics are matched against.
    #[must_use]
    pub fn filter_without_share(&self) -> &'a str {
        self.share().map_or(self.0, |(_, filter)| filter)
    }

    /// Whether it can match more than one topic.
    #[must_use]
    pub fn has_wildcard(&self) -> bool {
        self.0.bytes().any(|byte| matches!(byte, b'+' | b'#'))
    }

    fn share(&self) -> Option<(&'a str, &'a str)> {
        split_share(self.0).flatten()
    }

    /// Checks a received filter. The rules of shared subscriptions hold in MQTT 5 only.
    pub(super) fn check_bytes(bytes: &[u8], shared: bool) -> Result<(), DecodeErrorKind> {
        if cfg!(not(target_arch = "wasm32")) && is_ordinary_filter(bytes) {
            return Ok(());
        }
        let filter = decode_text(bytes)?;
        check_filter(filter, shared).map_err(|_| DecodeErrorKind::Filter)
    }

    /// A filter out of a list that was validated as a whole.
    pub(super) const fn from_validated(filter: &'a str) -> Self {
        Self(filter)
    }

    /// Whether these validated bytes are a shared subscription.
    pub(super) fn bytes_are_shared(bytes: &[u8]) -> bool {
        bytes.starts_with(SHARE_PREFIX)
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn what_no_topic_name_has_is_found_wherever_it_stands() {
        let around = [
            0x01, b'"', b'$', b'*', b',', 0x2A, 0x7F, 0x80, 0xA3, 0xAB, 0xFF,
        ];
        for len in 0..40 {
            for plain in around {
                let mut bytes = alloc::vec![plain; len];
                assert!(!name_has_forbidden(&bytes), "{plain:02X} {len} times");
                assert!(!has_nul(&bytes), "{plain:02X} {len} times");
                for at in 0..len {
                    for forbidden in [0, b'+', b'#'] {
                        bytes[at] = forbidden;
                        assert!(
                            name_has_forbidden(&bytes),
                            "{forbidden:02X} at {at} of {len}"
                        );
                        assert_eq!(has_nul(&bytes), forbidden == 0, "{at} of {len}");
                    }
                    bytes[at] = plain;
                }
            }
        }
    }

    #[test]
    fn a_wildcard_is_a_level_of_its_own() {
        use TopicError::{MultiLevelWildcard as Hash, SingleLevelWildcard as Plus};
        let cases = [
            ("#", Ok(())),
            ("+", Ok(())),
            ("/", Ok(())),
            ("/#", Ok(())),
            ("+/#", Ok(())),
            ("+/+/+", Ok(())),
            ("/+/", Ok(())),
            ("a//b", Ok(())),
            ("a/+/#", Ok(())),
            ("##", Err(Hash)),
            ("#/", Err(Hash)),
            ("a#", Err(Hash)),
            ("a/#/b", Err(Hash)),
            ("+#", Err(Hash)),
            ("#+", Err(Hash)),
            ("++", Err(Plus)),
            ("a+", Err(Plus)),
            ("+a", Err(Plus)),
            ("a/b+/c", Err(Plus)),
            ("a/+b/c", Err(Plus)),
        ];
        for (filter, expected) in cases {
            assert_eq!(TopicFilter::new(filter).map(|_| ()), expected, "{filter}");
        }
    }

    #[test]
    fn a_share_has_a_name_and_a_filter() {
        let filter = TopicFilter::new("$share/group/a/+/#").unwrap();
        assert_eq!(
            (filter.share_name(), filter.filter_without_share()),
            (Some("group"), "a/+/#")
        );
        let rooted = TopicFilter::new("$share/g//a").unwrap();
        assert_eq!(rooted.filter_without_share(), "/a");
        let plain = TopicFilter::new("$share").unwrap();
        assert_eq!(
            (plain.is_shared(), plain.filter_without_share()),
            (false, "$share")
        );
        for bad in [
            "$share/",
            "$share//a",
            "$share/g",
            "$share/g/",
            "$share/+/a",
            "$share/g#/a",
            "$share/#",
        ] {
            assert_eq!(TopicFilter::new(bad), Err(TopicError::ShareName), "{bad}");
        }
        assert_eq!(
            TopicFilter::new("$share/g/a#"),
            Err(TopicError::MultiLevelWildcard)
        );
    }

    /// What is found right at a glance is what the careful checks find right.
    #[test]
    fn no_glance_accepts_what_a_careful_look_refuses() {
        let alphabet = [b'/', b'+', b'#', b'a', b'$', 0, 0x7F, 0xC3, 0xA4];
        let (mut accepted, mut text) = (0, alloc::vec::Vec::new());
        for number in 0..alphabet.len().pow(5) {
            text.clear();
            let mut rest = number;
            while rest > 0 {
                text.push(alphabet[rest % alphabet.len()]);
                rest /= alphabet.len();
            }
            for long in [false, true] {
                // Long enough to be looked at eight bytes at a time.
                if long {
                    text.extend_from_slice(b"/kitchen/temp");
                }
                let careful = decode_text(&text);
                assert_eq!(check_text(&text), careful.map(drop), "{text:02X?}");
                let filter = careful.is_ok_and(|text| check_filter(text, true).is_ok());
                assert!(filter || !is_ordinary_filter(&text), "{text:02X?}");
                assert_eq!(TopicFilter::check_bytes(&text, true).is_ok(), filter);
                accepted += u32::from(is_ordinary_filter(&text));
            }
        }
        assert!(accepted > 1000, "{accepted}");
        assert!(!is_ordinary_filter(b"$share/g/a"));
    }

    #[test]
    fn mqtt_3_knows_no_shares() {
        assert_eq!(
            TopicFilter::check_bytes(b"$share/g", true),
            Err(DecodeErrorKind::Filter)
        );
        assert_eq!(TopicFilter::check_bytes(b"$share/g", false), Ok(()));
        let filter = TopicFilter::from_validated("$share/g");
        assert_eq!(
            (filter.is_shared(), filter.filter_without_share()),
            (false, "$share/g")
        );
    }
}
