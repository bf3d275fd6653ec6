//! Texts, topic names and topic filters, alone and in every field that holds one.

#[path = "codec_vectors/notation.rs"]
#[allow(dead_code, reason = "each test takes what it needs")]
mod notation;
#[path = "codec_vectors/samples.rs"]
#[allow(dead_code, reason = "each test takes what it needs")]
mod samples;

use notation::packet;
use samples::{decode_whole, publish, verdict};
use webmqtt::codec::{self, Packet, Sender, TopicError, TopicFilter, TopicName, Version};

#[test]
fn texts_are_well_formed_utf8_without_nul() {
    let cases: &[(&str, &[u8], &str)] = &[
        ("empty", b"", "ok"),
        ("ASCII", b"abc", "ok"),
        ("every length", "aß水😀".as_bytes(), "ok"),
        ("U+0001", &[0x01], "ok"),
        ("U+001F", &[0x1F], "ok"),
        ("U+007F", &[0x7F], "ok"),
        ("U+009F", &[0xC2, 0x9F], "ok"),
        ("U+0080, the first of two bytes", &[0xC2, 0x80], "ok"),
        ("U+07FF, the last of two bytes", &[0xDF, 0xBF], "ok"),
        (
            "U+0800, the first of three bytes",
            &[0xE0, 0xA0, 0x80],
            "ok",
        ),
        ("U+D7FF, before the surrogates", &[0xED, 0x9F, 0xBF], "ok"),
        ("U+D800, a surrogate", &[0xED, 0xA0, 0x80], "text-utf8"),
        ("U+DFFF, a surrogate", &[0xED, 0xBF, 0xBF], "text-utf8"),
        (
            "a pair of surrogates",
            &[0xED, 0xA0, 0xBD, 0xED, 0xB8, 0x80],
            "text-utf8",
        ),
        ("U+E000, after the surrogates", &[0xEE, 0x80, 0x80], "ok"),
        ("U+FDD0, a non-character", &[0xEF, 0xB7, 0x90], "ok"),
        ("U+FFFD", &[0xEF, 0xBF, 0xBD], "ok"),
        ("U+FFFE, a non-character", &[0xEF, 0xBF, 0xBE], "ok"),
        ("U+FFFF, a non-character", &[0xEF, 0xBF, 0xBF], "ok"),
        (
            "U+10000, the first of four bytes",
            &[0xF0, 0x90, 0x80, 0x80],
            "ok",
        ),
        ("U+10FFFF, the last one", &[0xF4, 0x8F, 0xBF, 0xBF], "ok"),
        (
            "U+110000, behind the last one",
            &[0xF4, 0x90, 0x80, 0x80],
            "text-utf8",
        ),
        ("five bytes", &[0xF8, 0x88, 0x80, 0x80, 0x80], "text-utf8"),
        ("overlong U+0000", &[0xC0, 0x80], "text-utf8"),
        ("overlong /", &[0xC0, 0xAF], "text-utf8"),
        ("overlong in three bytes", &[0xE0, 0x80, 0xAF], "text-utf8"),
        (
            "overlong in four bytes",
            &[0xF0, 0x80, 0x80, 0xAF],
            "text-utf8",
        ),
        ("continuation first", &[0x80], "text-utf8"),
        ("continuation missing", &[0xC3, 0x28], "text-utf8"),
        ("cut off after one of two", &[b'a', 0xC3], "text-utf8"),
        (
            "cut off after three of four",
            &[0xF0, 0x9F, 0x98],
            "text-utf8",
        ),
        ("FE", &[0xFE], "text-utf8"),
        ("FF", &[0xFF], "text-utf8"),
        ("U+0000 alone", &[0x00], "text-nul"),
        ("U+0000 first", b"\0a", "text-nul"),
        ("U+0000 in the middle", b"a\0b", "text-nul"),
        ("U+0000 last", b"abcdefgh\0", "text-nul"),
        ("byte order mark", &[0xEF, 0xBB, 0xBF, b'a'], "ok"),
        (
            "byte order mark in the middle",
            &[b'a', 0xEF, 0xBB, 0xBF],
            "ok",
        ),
    ];
    for (name, bytes, expected) in cases {
        let found = match codec::validate_text(bytes) {
            Ok(text) => {
                assert_eq!(text.as_bytes(), *bytes, "{name}");
                "ok"
            }
            Err(error) => error.code(),
        };
        assert_eq!(found, *expected, "{name}");

        // As every kind of text field.
        let mut field = u16::try_from(bytes.len()).unwrap().to_be_bytes().to_vec();
        field.extend(*bytes);
        let hex: String = field.iter().map(|byte| format!("{byte:02X}")).collect();
        let expected = if *expected == "ok" {
            "ok".into()
        } else {
            format!("{expected} 81")
        };
        for (place, text) in [
            (
                "client identifier",
                format!("10 <'MQTT' 05 02 0000 00 {hex}>"),
            ),
            ("user name", format!("10 <'MQTT' 05 82 0000 00 'me' {hex}>")),
            (
                "will topic",
                format!("10 <'MQTT' 05 06 0000 00 'me' 00 {hex} 'gone'>"),
            ),
            ("topic name", format!("30 <{hex} 00>")),
            ("response topic", format!("30 <'a' <08 {hex}>>")),
            ("content type", format!("30 <'a' <03 {hex}>>")),
            ("user property name", format!("30 <'a' <26 {hex} 'v'>>")),
            ("user property value", format!("30 <'a' <26 'n' {hex}>>")),
            ("topic filter", format!("82 <0001 00 {hex} 00>")),
            ("filter to unsubscribe", format!("A2 <0001 00 {hex}>")),
        ] {
            let may_not_be_empty = place.contains("topic") || place.contains("filter");
            if bytes.is_empty() && may_not_be_empty {
                continue;
            }
            let packet = packet(&text);
            assert_eq!(
                verdict(Sender::Client, &packet, Version::V5),
                expected,
                "{name} as {place}"
            );
        }
    }
}

#[test]
fn a_byte_order_mark_is_kept() {
    let bytes = packet("30 <'\u{FEFF}a' <26 '\u{FEFF}' 'b\u{FEFF}'>>");
    let Packet::Publish(message) = decode_whole(Sender::Server, &bytes, Version::V5) else {
        panic!()
    };
    assert_eq!(message.topic_text(), "\u{FEFF}a");
    assert_eq!(
        message.properties.user_properties().collect::<Vec<_>>(),
        [("\u{FEFF}", "b\u{FEFF}")]
    );
}

#[test]
fn topic_names_have_no_wildcards() {
    let cases = [
        ("a", Ok(())),
        ("/", Ok(())),
        ("//", Ok(())),
        ("a/b c/d", Ok(())),
        ("$SYS/x", Ok(())),
        ("$share/g/a", Ok(())),
        ("größe/水", Ok(())),
        ("", Err(TopicError::Empty)),
        ("+", Err(TopicError::Wildcard)),
        ("#", Err(TopicError::Wildcard)),
        ("a/+", Err(TopicError::Wildcard)),
        ("a/#", Err(TopicError::Wildcard)),
        ("a+b", Err(TopicError::Wildcard)),
        ("a\0", Err(TopicError::Nul)),
        ("\0+", Err(TopicError::Nul)),
    ];
    for (name, expected) in cases {
        assert_eq!(
            TopicName::new(name).map(|name| name.as_str().len()),
            expected.map(|()| name.len())
        );
        // A PUBLISH says the same on both ends.
        let mut out = Vec::new();
        let sent = codec::encode(&Packet::Publish(publish(name, b"")), Version::V4, &mut out);
        assert_eq!(sent.is_ok(), expected.is_ok(), "{name:?}");
        let field: String = name.bytes().map(|byte| format!("{byte:02X}")).collect();
        let bytes = packet(&format!("30 <{:04X} {field}>", name.len()));
        let expected = match expected {
            Ok(()) => "ok",
            Err(TopicError::Empty) => "topic-empty 82",
            Err(TopicError::Nul) => "text-nul 81",
            Err(_) => "topic-wildcard 90",
        };
        assert_eq!(
            verdict(Sender::Server, &bytes, Version::V4),
            expected,
            "{name:?}"
        );
    }
}

#[test]
fn topic_filters_have_wildcards_as_whole_levels() {
    for (filter, code) in [
        ("a", "ok"),
        ("#", "ok"),
        ("+", "ok"),
        ("/", "ok"),
        ("/+", "ok"),
        ("+/", "ok"),
        ("+/+/#", "ok"),
        ("a//#", "ok"),
        ("$SYS/#", "ok"),
        ("$share", "ok"),
        ("$shared/a", "ok"),
        ("$share/g/a", "ok"),
        ("$share/g//", "ok"),
        ("$share/g/#", "ok"),
        ("$share/g/$share/h/a", "ok"),
        ("", "topic-empty"),
        ("a\0", "topic-nul"),
        ("a#", "filter-hash"),
        ("#a", "filter-hash"),
        ("#/a", "filter-hash"),
        ("a/#/", "filter-hash"),
        ("##", "filter-hash"),
        ("+#", "filter-hash"),
        ("a+", "filter-plus"),
        ("+a", "filter-plus"),
        ("a/+b", "filter-plus"),
        ("a/b+/c", "filter-plus"),
        ("++", "filter-plus"),
        ("$share/", "filter-share"),
        ("$share/g", "filter-share"),
        ("$share/g/", "filter-share"),
        ("$share//a", "filter-share"),
        ("$share/+/a", "filter-share"),
        ("$share/g#/a", "filter-share"),
        ("$share/g/a+", "filter-plus"),
    ] {
        let found = TopicFilter::new(filter).map_or_else(TopicError::code, |_| "ok");
        assert_eq!(found, code, "{filter:?}");

        let field: String = filter.bytes().map(|byte| format!("{byte:02X}")).collect();
        let expected = match code {
            "ok" => "ok",
            "topic-nul" => "text-nul 81",
            _ => "filter 8F",
        };
        for text in ["82 <0001 00 FIELD 02>", "A2 <0001 00 FIELD>"] {
            let field = format!("{:04X} {field}", filter.len());
            let bytes = packet(&text.replace("FIELD", &field));
            assert_eq!(
                verdict(Sender::Client, &bytes, Version::V5),
                expected,
                "{filter:?}"
            );
        }
    }
}

#[test]
fn a_shared_subscription_has_a_name_and_a_filter() {
    let filter = TopicFilter::new("$share/group/a/+").unwrap();
    assert!(filter.is_shared() && filter.has_wildcard());
    assert_eq!(
        (filter.share_name(), filter.filter_without_share()),
        (Some("group"), "a/+")
    );
    let plain = TopicFilter::new("a/b").unwrap();
    assert!(!plain.is_shared() && !plain.has_wildcard());
    assert_eq!(
        (plain.share_name(), plain.filter_without_share()),
        (None, "a/b")
    );
}
