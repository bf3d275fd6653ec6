//! Use Another Server and Server Moved: which server the next attempt goes to, and what its URL is.
//!
//! A session knows no URL. It keeps the Server Reference; the host of the session resolves it against its own URL.

use alloc::string::String;

use super::Core;
use crate::codec::{Properties, PropertyId, ReasonCode};
use crate::error::Error;

/// Where the server has sent us.
#[derive(Default)]
pub(super) struct Redirects {
    /// For the connection that follows, and no longer (0x9C).
    now: Option<String>,
    /// From now on (0x9D).
    moved: Option<String>,
    /// An attempt there has failed: the host's own server has its turn, and may name another one.
    back: bool,
    /// How many were followed in a row.
    followed: u8,
}

impl Redirects {
    pub(super) fn reference(&self) -> Option<&str> {
        let moved = self.moved.as_deref().filter(|_| !self.back);
        self.now.as_deref().or(moved)
    }

    /// An attempt has failed. Where the server has moved to and where it was have their turns: either can be gone.
    pub(super) fn attempt_failed(&mut self) {
        self.back = !self.back;
    }

    /// A server has accepted; if it is the host's own, it has not moved after all.
    pub(super) fn connected(&mut self) {
        if core::mem::take(&mut self.back) {
            self.moved = None;
        }
    }

    /// The connection, or the attempt to make one, is over.
    pub(super) fn connection_lost(&mut self) {
        self.now = None;
    }

    /// A row ends with a connection that lasts, and with a pause before the next attempt.
    pub(super) fn row_ends(&mut self) {
        self.followed = 0;
    }
}

impl Core {
    /// Whether the next attempt goes to the server that this one has named.
    pub(super) fn follows(&mut self, cause: Error, properties: Properties<'_>) -> bool {
        let redirects = &mut self.redirects;
        let Some(reference) = properties.text(PropertyId::ServerReference) else {
            return false;
        };
        if redirects.followed >= self.options.redirects {
            return false;
        }
        redirects.followed += 1;
        if cause.reason() == Some(ReasonCode::ServerMoved) {
            redirects.moved = Some(reference.into());
            redirects.back = false;
        } else {
            redirects.now = Some(reference.into());
        }
        true
    }

    /// The host cannot go where the server has sent us.
    pub(super) fn redirect_refused(&mut self) {
        self.redirects = Redirects::default();
        self.fail(Error::RedirectRefused, None, Properties::EMPTY);
    }
}

/// The URL of the server that a Server Reference names, as seen from the WebSocket URL `url`. Of several, separated by
/// spaces, the first that can be used; `None` if none can.
///
/// A reference is `host` or `host:port`, which takes everything else but the query from `url`, or a whole `ws:` or `wss:`
/// URL, which takes the path from `url` if it has none. The query, in which there can be a token or a signature, goes to
/// nobody else. From `wss:` there is no way to `ws:`, and references never bring credentials.
///
/// ```
/// use webmqtt::session::redirect::resolve;
///
/// let url = "wss://one.example:8084/mqtt?v=1";
/// assert_eq!(resolve(url, "two.example").unwrap(), "wss://two.example:8084/mqtt");
/// assert_eq!(resolve(url, "[::1]:443").unwrap(), "wss://[::1]:443/mqtt");
/// assert_eq!(resolve(url, "wss://two.example/ws?v=2").unwrap(), "wss://two.example/ws?v=2");
/// assert_eq!(resolve(url, "ws://two.example/ws"), None);
/// ```
#[must_use]
pub fn resolve(url: &str, reference: &str) -> Option<String> {
    let mut rest = reference;
    loop {
        let (first, others) = split(rest, |byte| byte == b' ');
        if let Some(resolved) = resolve_one(url, first) {
            return Some(resolved);
        }
        rest = others.get(1..)?;
    }
}

fn resolve_one(url: &str, reference: &str) -> Option<String> {
    let (scheme, rest) = split_scheme(url)?;
    let (authority, path) = split_path(rest);
    let (path, _) = split(path, |byte| byte == b'?');
    let whole = split_scheme(reference);
    let (to_scheme, to) = whole.unwrap_or((scheme, reference));
    let (to_authority, to_path) = split_path(to);
    let (host, port) = split_port(to_authority)?;
    let secure = |scheme: &str| scheme.eq_ignore_ascii_case("wss");
    let plain = to_scheme.eq_ignore_ascii_case("ws") && !secure(scheme);
    let printable = |byte: u8| byte.is_ascii_graphic() && byte != b'#';
    if !(secure(to_scheme) || plain) || !all(to_path, printable) {
        return None;
    }
    let (port, to_path) = match whole {
        Some(_) if to_path.is_empty() => (port, path),
        Some(_) => (port, to_path),
        None if !to_path.is_empty() => return None,
        None => {
            let own = split_port(without_credentials(authority));
            (port.or(own.and_then(|(_, port)| port)), path)
        }
    };
    let mut resolved = String::from(to_scheme);
    let (colon, port) = port.map_or(("", ""), |port| (":", port));
    for part in ["://", host, colon, port, to_path] {
        resolved.push_str(part);
    }
    Some(resolved)
}

// What follows looks at bytes: searches in text would weigh more than all of this file.

/// What is before the first such byte, and it with the rest.
fn split(text: &str, at: fn(u8) -> bool) -> (&str, &str) {
    let place = text.bytes().position(at);
    place
        .and_then(|place| text.split_at_checked(place))
        .unwrap_or((text, ""))
}

fn all(text: &str, is: fn(u8) -> bool) -> bool {
    text.bytes().all(is)
}

fn split_scheme(url: &str) -> Option<(&str, &str)> {
    let (scheme, rest) = split(url, |byte| byte == b':');
    Some((scheme, rest.strip_prefix("://")?))
}

/// Authority, and path and query.
fn split_path(rest: &str) -> (&str, &str) {
    split(rest, |byte| matches!(byte, b'/' | b'?'))
}

fn without_credentials(authority: &str) -> &str {
    let mut rest = authority;
    while let Some(behind) = split(rest, |byte| byte == b'@').1.get(1..) {
        rest = behind;
    }
    rest
}

/// Host and port, if they can be that.
fn split_port(authority: &str) -> Option<(&str, Option<&str>)> {
    let (host, behind) = match authority.strip_prefix("[") {
        Some(rest) => {
            let (address, behind) = split(rest, |byte| byte == b']');
            let hexadecimal = |byte: u8| byte.is_ascii_hexdigit() || matches!(byte, b':' | b'.');
            (
                all(address, hexadecimal).then_some(address)?,
                behind.get(1..)?,
            )
        }
        None => {
            let (name, behind) = split(authority, |byte| byte == b':');
            let named =
                |byte: u8| byte.is_ascii_alphanumeric() || matches!(byte, b'-' | b'.' | b'_');
            (all(name, named).then_some(name)?, behind)
        }
    };
    if host.is_empty() {
        return None;
    }
    let whole = authority.get(..authority.len() - behind.len())?;
    if behind.is_empty() {
        return Some((whole, None));
    }
    let port = behind.strip_prefix(":")?;
    let mut number = 0_u32;
    for byte in port.bytes() {
        let digit = char::from(byte).to_digit(10)?;
        number = (number * 10 + digit).min(1 << 16);
    }
    (1..1 << 16)
        .contains(&number)
        .then_some((whole, Some(port)))
}
