//! The examples do what they say.

#[path = "../examples/bare.rs"]
#[allow(
    missing_docs,
    unused_attributes,
    reason = "an example is a crate of its own"
)]
mod bare;
#[path = "../examples/dissect.rs"]
#[allow(dead_code, missing_docs, reason = "an example has a main of its own")]
mod dissect;

use bare::{Closed, Link};
use dissect::{bytes_of, dissect};
use webmqtt::codec::Version;
use webmqtt::session::{ConnectOptions, Event, Session, State};
use webmqtt::time::{Duration, Instant};

/// A server that accepts, delivers one message and closes after a DISCONNECT, in a time that does not pass by itself.
#[derive(Default)]
struct Wire {
    millis: u64,
    to_client: Vec<u8>,
    from_client: Vec<u8>,
}

impl Link for Wire {
    fn open(&mut self) -> Result<(), Closed> {
        Ok(())
    }

    fn close(&mut self) {}

    fn send(&mut self, bytes: &[u8]) -> Result<(), Closed> {
        self.from_client.extend(bytes);
        match bytes[0] >> 4 {
            1 => self.to_client.extend([0x20, 3, 0, 0, 0]),
            8 => {
                let answer = [0x90, 4, bytes[2], bytes[3], 0, 0];
                self.to_client.extend(answer);
                self.to_client.extend([0x30, 6, 0, 1, b'a', 0, b'h', b'i']);
            }
            _ => {}
        }
        Ok(())
    }

    fn receive(&mut self, buffer: &mut [u8], until: Option<Instant>) -> Result<usize, Closed> {
        if self.from_client.ends_with(&[0xE0, 0]) {
            return Err(Closed);
        }
        let len = self.to_client.len().min(buffer.len());
        buffer[..len].copy_from_slice(&self.to_client[..len]);
        self.to_client.drain(..len);
        let waited = until.filter(|_| len == 0).map(Instant::as_millis);
        self.millis = self.millis.max(waited.unwrap_or(0));
        Ok(len)
    }

    fn now(&self) -> Instant {
        Instant::from_millis(self.millis)
    }
}

#[test]
fn a_session_without_std_connects_subscribes_receives_and_ends() {
    let mut session = Session::new(ConnectOptions::default(), 1).unwrap();
    session.connect(Instant::default()).unwrap();
    let mut wire = Wire::default();
    let received = std::cell::RefCell::new(Vec::new());
    let mut subscribed = false;
    bare::run(
        &mut session,
        &mut wire,
        |event| {
            if let Event::Message(message) = event {
                received.borrow_mut().extend_from_slice(message.payload);
            }
        },
        |session, now| {
            if session.state() == State::Connected && !subscribed {
                subscribed = true;
                let filter = webmqtt::codec::TopicFilter::new("a").unwrap();
                session
                    .subscribe(now, &[(filter, Default::default())])
                    .unwrap();
            }
            if !received.borrow().is_empty() {
                session.disconnect(now);
            }
        },
    );
    assert_eq!(received.into_inner(), b"hi");
    assert!(wire.now() - Instant::default() < Duration::from_secs(1));
}

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

#[test]
fn the_readme_shows_the_program_that_is_compiled() {
    let program = include_str!("../examples/yew/src/bin/minimal.rs");
    let (_, program) = program.split_once("\n\n").unwrap();
    assert!(include_str!("../README.md").contains(program));
}
