//! The examples do what they say.

#[path = "../examples/dissect.rs"]
#[allow(dead_code, missing_docs, reason = "an example has a main of its own")]
mod dissect;

use dissect::{bytes_of, dissect};
use webmqtt::codec::Version;

#[test]
fn a_conversation_is_dissected_by_the_version_that_its_connect_names() {
    let bytes = bytes_of(
        "10 0c 00 04 4d 51 54 54 04 02 00 3c 00 00
         20 02 00 00
         32:0b:00:03:61:2f:62:00:07:32:31:2e:35
         40 02 00 07",
    );
    let text = dissect(&bytes.unwrap(), Version::V5).unwrap();
    let lines: Vec<&str> = text.lines().collect();
    assert_eq!(lines[0], "Connect, 14 bytes at 0");
    assert_eq!(lines[1], "  version: V4");
    assert!(lines.contains(&"Publish, 13 bytes at 18"));
    assert!(lines.contains(&"  packet identifier: 7"));
    assert!(lines.contains(&"  payload: \"21.5\""));
    assert_eq!(
        *lines.last().unwrap(),
        "  reason: Success (0x00)",
        "of PUBACK"
    );
}

#[test]
fn a_password_is_not_shown() {
    let bytes = bytes_of("10 14 0004 4d515454 04 c2 003c 0000 0001 61 0003 702178");
    let text = dissect(&bytes.unwrap(), Version::V4).unwrap();
    assert!(text.contains("user name: \"a\""));
    assert!(text.contains("password: 3 bytes, not shown"));
    assert!(!text.contains("p!x"));
}

#[test]
fn what_is_no_packet_is_refused_with_its_reason() {
    let refused = dissect(&[0x36, 0x00], Version::V5).unwrap_err();
    assert!(refused.starts_with("refused at 0: "), "{refused}");
    assert!(
        refused.contains("(qos; DISCONNECT with MalformedPacket)"),
        "{refused}"
    );
    let incomplete = dissect(&[0xC0, 0x00, 0x30], Version::V5).unwrap_err();
    assert!(incomplete.ends_with("incomplete at 2: 1 bytes of at least 2\n"));
    assert_eq!(bytes_of("1"), None);
    assert_eq!(bytes_of("xy"), None);
    assert_eq!(bytes_of(""), None);
}
