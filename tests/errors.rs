//! The names of errors: stable, each with words in the package, and nothing but names and reason codes in them.

use std::collections::BTreeSet;

use webmqtt::codec::{self, EncodeError, ReasonCode, TopicError, Version};
use webmqtt::error::Error;

const PACKAGE: &str = include_str!("../pkg/src/errors.ts");

/// Every error that is not another one's.
fn own() -> Vec<Error> {
    let reason = ReasonCode::QuotaExceeded;
    vec![
        Error::Option,
        Error::SessionExpiry,
        Error::Closed,
        Error::Aborted,
        Error::Timeout,
        Error::QueueFull,
        Error::Dropped,
        Error::Expired,
        Error::PacketTooLarge,
        Error::QosNotSupported,
        Error::RetainNotSupported,
        Error::WildcardNotSupported,
        Error::SharedNotSupported,
        Error::IdentifierNotSupported,
        Error::NoPacketId,
        Error::Credentials,
        Error::Authentication,
        Error::Reauthentication,
        Error::RedirectRefused,
        Error::Unreachable,
        Error::Subprotocol,
        Error::ConnectTimeout,
        Error::ConnectRefused(reason),
        Error::ConnectionLost,
        Error::KeepAliveTimeout,
        Error::Suspended,
        Error::ServerDisconnect(reason),
        Error::SessionTakenOver,
        Error::Protocol(reason),
        Error::TextFrame,
        Error::PublishRefused(reason),
        Error::SubscribeRefused(reason),
        Error::UnsubscribeRefused(reason),
        Error::RequestTimeout,
        Error::Indeterminate,
        Error::Store,
        Error::UnclaimedDropped,
    ]
}

fn topics() -> [Error; 7] {
    [
        TopicError::Empty,
        TopicError::TooLong,
        TopicError::Nul,
        TopicError::Wildcard,
        TopicError::MultiLevelWildcard,
        TopicError::SingleLevelWildcard,
        TopicError::ShareName,
    ]
    .map(Error::from)
}

fn malformed() -> Error {
    Error::Malformed(codec::decode(&[0x00], Version::V5).unwrap_err())
}

#[test]
fn every_error_has_a_name_of_its_own() {
    let errors = [own(), topics().to_vec()].concat();
    let names: BTreeSet<_> = errors.iter().map(|error| error.code()).collect();
    assert_eq!(names.len(), errors.len());
    for name in names {
        let plain = |c: char| c.is_ascii_lowercase() || c.is_ascii_digit() || c == '-';
        assert!(!name.is_empty() && name.chars().all(plain), "{name:?}");
    }
    // For the application there is no difference between bytes that are no packet and a packet that must not come.
    assert_eq!(malformed().code(), "protocol-error");
}

#[test]
fn the_package_has_words_for_every_error() {
    let errors = own().into_iter().chain(topics()).chain([malformed()]);
    for error in errors {
        let name = error.code();
        let has = [format!("\n  \"{name}\": ["), format!("\n  {name}: [")];
        assert!(has.iter().any(|entry| PACKAGE.contains(entry)), "{name}");
    }
}

/// The texts that stand behind `start`, each at the beginning of a line, up to a line with `end`.
fn listed(start: &str, end: &str) -> Vec<&'static str> {
    let (_, rest) = PACKAGE.split_once(start).unwrap();
    let (list, _) = rest.split_once(end).unwrap();
    let entry = |line: &'static str| {
        let entry = line.strip_prefix("  ")?;
        let entry = entry.strip_prefix('"').unwrap_or(entry);
        let name = entry.split(['"', ':', ',']).next()?;
        name.starts_with(|c: char| c.is_ascii_lowercase())
            .then_some(name)
    };
    list.lines().filter_map(entry).collect()
}

/// The package's errors come from the module as numbers.
#[test]
fn the_package_knows_every_error_by_its_number() {
    let codes = listed("const TEXTS = {\n", "} as const");
    for error in own().into_iter().chain(topics()).chain([malformed()]) {
        assert_eq!(codes[usize::from(error.number())], error.code());
    }
    let encode = listed("const ENCODE_ERRORS: readonly string[] = [\n", "];");
    let last = EncodeError::SessionPresent;
    assert_eq!(encode.len(), last as usize + 1);
    for error in [
        EncodeError::PacketTooLarge,
        EncodeError::TextTooLong,
        EncodeError::NoFilters,
        EncodeError::PasswordWithoutUsername,
        last,
    ] {
        let number = usize::from(Error::from(error).number());
        assert_eq!(encode[number - 64], error.code());
    }
}

#[test]
fn an_error_tells_the_reason_code_that_a_server_gave_or_should_hear() {
    for (error, expected) in [
        (
            Error::ConnectRefused(ReasonCode::Banned),
            Some(ReasonCode::Banned),
        ),
        (
            Error::ServerDisconnect(ReasonCode::ServerBusy),
            Some(ReasonCode::ServerBusy),
        ),
        (
            Error::PublishRefused(ReasonCode::QuotaExceeded),
            Some(ReasonCode::QuotaExceeded),
        ),
        (
            Error::SubscribeRefused(ReasonCode::NotAuthorized),
            Some(ReasonCode::NotAuthorized),
        ),
        (
            Error::UnsubscribeRefused(ReasonCode::NotAuthorized),
            Some(ReasonCode::NotAuthorized),
        ),
        (
            Error::Protocol(ReasonCode::TopicAliasInvalid),
            Some(ReasonCode::TopicAliasInvalid),
        ),
        (Error::SessionTakenOver, Some(ReasonCode::SessionTakenOver)),
        (Error::PacketTooLarge, Some(ReasonCode::PacketTooLarge)),
        (Error::TextFrame, Some(ReasonCode::ProtocolError)),
        (malformed(), Some(ReasonCode::MalformedPacket)),
        (Error::ConnectionLost, None),
        (Error::from(EncodeError::TextTooLong), None),
    ] {
        assert_eq!(error.reason(), expected, "{error:?}");
    }
}

#[test]
fn an_error_shown_says_what_happened_with_the_servers_reason_what_to_do_and_its_name() {
    let refused = Error::ConnectRefused(ReasonCode::NotAuthorized);
    assert_eq!(
        refused.to_string(),
        "The server refused the connection: Not authorized. \
         Check user name, password and the server's access rules. [connect-refused]"
    );
    assert_eq!(
        Error::from(EncodeError::TextTooLong).to_string(),
        "a text is longer than 65535 bytes. Change the text or the option. [text-too-long]"
    );
    let malformed = malformed().to_string();
    let words = "The server sent something that breaks the MQTT specification: ";
    assert!(malformed.starts_with(words), "{malformed}");
}

#[test]
fn every_error_is_shown_in_two_sentences() {
    for error in [own(), topics().to_vec(), vec![malformed()]].concat() {
        let shown = error.to_string();
        let (words, name) = shown.rsplit_once(" [").unwrap();
        assert_eq!(name.strip_suffix(']'), Some(error.code()));
        let (what, remedy) = words.split_once(". ").unwrap();
        assert!(!what.is_empty() && remedy.ends_with('.'), "{shown}");
    }
}

#[test]
fn every_reason_code_has_a_name() {
    let known = (0..=u8::MAX).filter_map(ReasonCode::from_u8);
    let mut names = BTreeSet::new();
    for reason in known {
        assert_eq!(ReasonCode::from_u8(reason.as_u8()), Some(reason));
        assert!(names.insert(reason.name()), "{reason:?}: {}", reason.name());
    }
    assert_eq!(names.len(), 43);
}
