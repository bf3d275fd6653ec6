//! A file server for the built page, on loopback only.

use std::fs;
use std::io::{self, BufRead, BufReader, Read, Write};
use std::net::{Ipv4Addr, TcpListener, TcpStream};
use std::path::{Component, Path, PathBuf};
use std::sync::Arc;
use std::thread;
use std::time::Duration;

use crate::step::Failure;

/// For a whole request, and for a browser to take the answer.
const PATIENCE: Duration = Duration::from_secs(120);
/// Bytes of a request; it has no body.
const LARGEST_REQUEST: u64 = 32 * 1024;

/// What is served.
pub struct Site {
    pub folder: PathBuf,
    /// The value of the header, when the page has a policy.
    pub security_policy: Option<String>,
    /// What `/demo.json` answers: where the demo's broker is.
    pub demo: String,
}

/// Serves until the process ends; returns the port.
pub fn start(site: Site, port: u16) -> Result<u16, Failure> {
    let listener = TcpListener::bind((Ipv4Addr::LOCALHOST, port)).map_err(|_| {
        Failure::new(format!(
            "port {port} is in use: choose another for the page with --port, or 0 for any free one."
        ))
    })?;
    let port = listener.local_addr().map_or(port, |address| address.port());
    let site = Arc::new(site);
    thread::spawn(move || {
        for stream in listener.incoming().flatten() {
            let site = Arc::clone(&site);
            // One thread for each connection, which has one request: a browser opens several at once and keeps none.
            thread::spawn(move || {
                // A browser that went away is no concern of the others.
                let _ = converse(&site, &stream);
            });
        }
    });
    Ok(port)
}

/// What is answered.
struct Answer {
    status: &'static str,
    media_type: &'static str,
    body: Vec<u8>,
}

fn converse(site: &Site, mut stream: &TcpStream) -> io::Result<()> {
    stream.set_read_timeout(Some(PATIENCE))?;
    stream.set_write_timeout(Some(PATIENCE))?;
    let mut lines = BufReader::new(stream.take(LARGEST_REQUEST));
    let mut request = String::new();
    lines.read_line(&mut request)?;
    let mut header = String::from("header");
    while !header.trim().is_empty() {
        header.clear();
        lines.read_line(&mut header)?;
    }
    let mut words = request.split_whitespace();
    let (method, target) = (words.next().unwrap_or(""), words.next().unwrap_or("/"));
    let answer = answer(site, method, target);
    let policy = site
        .security_policy
        .as_ref()
        .map_or(String::new(), |policy| {
            format!("Content-Security-Policy: {policy}\r\n")
        });
    let head = format!(
        "HTTP/1.1 {}\r\nContent-Type: {}\r\nContent-Length: {}\r\nCache-Control: no-cache\r\n\
         X-Content-Type-Options: nosniff\r\n{policy}Connection: close\r\n\r\n",
        answer.status,
        answer.media_type,
        answer.body.len()
    );
    stream.write_all(head.as_bytes())?;
    if method != "HEAD" {
        stream.write_all(&answer.body)?;
    }
    stream.flush()
}

fn answer(site: &Site, method: &str, target: &str) -> Answer {
    let text = |status, text: &str| Answer {
        status,
        media_type: "text/plain",
        body: text.into(),
    };
    if !matches!(method, "GET" | "HEAD") {
        return text("405 Method Not Allowed", "only GET");
    }
    let path = target.split(['?', '#']).next().unwrap_or("/");
    if path == "/demo.json" {
        return Answer {
            status: "200 OK",
            media_type: "application/json",
            body: site.demo.clone().into_bytes(),
        };
    }
    let found = file_for(&site.folder, path).and_then(|file| Some((fs::read(&file).ok()?, file)));
    match found {
        Some((body, file)) => Answer {
            status: "200 OK",
            media_type: media_type(&file),
            body,
        },
        None => text("404 Not Found", "not found"),
    }
}

/// The file below `folder` that a path asks for. Nothing for one that is absent or outside.
fn file_for(folder: &Path, path: &str) -> Option<PathBuf> {
    let asked = percent_decoded(path)?;
    let relative = Path::new(asked.trim_start_matches('/'));
    let inside = relative
        .components()
        .all(|part| matches!(part, Component::Normal(_)));
    if !inside || asked.contains('\0') {
        return None;
    }
    let mut file = folder.join(relative);
    if file.is_dir() {
        file.push("index.html");
    }
    // A link must not lead out either.
    let (file, folder) = (fs::canonicalize(file).ok()?, fs::canonicalize(folder).ok()?);
    (file.starts_with(&folder) && file.is_file()).then_some(file)
}

fn percent_decoded(path: &str) -> Option<String> {
    let mut bytes = Vec::with_capacity(path.len());
    let mut rest = path.bytes();
    while let Some(byte) = rest.next() {
        if byte == b'%' {
            let digits = [rest.next()?, rest.next()?];
            let digits = std::str::from_utf8(&digits).ok()?;
            bytes.push(u8::from_str_radix(digits, 16).ok()?);
        } else {
            bytes.push(byte);
        }
    }
    String::from_utf8(bytes).ok()
}

fn media_type(file: &Path) -> &'static str {
    match file.extension().and_then(|extension| extension.to_str()) {
        Some("html") => "text/html; charset=utf-8",
        Some("js" | "mjs") => "text/javascript; charset=utf-8",
        Some("css") => "text/css; charset=utf-8",
        Some("json" | "map") => "application/json",
        Some("webmanifest") => "application/manifest+json",
        Some("wasm") => "application/wasm",
        Some("svg") => "image/svg+xml",
        Some("png") => "image/png",
        Some("ico") => "image/x-icon",
        Some("woff2") => "font/woff2",
        Some("txt") => "text/plain; charset=utf-8",
        _ => "application/octet-stream",
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn only_files_below_the_folder_are_found() {
        let base = std::env::temp_dir().join(format!("xtask-serve-{}", std::process::id()));
        let folder = base.join("site");
        fs::create_dir_all(folder.join("sub")).expect("a temporary folder");
        fs::write(base.join("secret"), "no").expect("a file");
        for name in ["index.html", "a b.js", "sub/index.html"] {
            fs::write(folder.join(name), "yes").expect("a file");
        }
        std::os::unix::fs::symlink(base.join("secret"), folder.join("link")).expect("a link");

        for path in ["/", "/index.html", "/a%20b.js", "/sub", "/sub/"] {
            assert!(file_for(&folder, path).is_some(), "{path}");
        }
        for path in [
            "/../secret",
            "/%2e%2e/secret",
            "/sub/..%2f..%2fsecret",
            "/link",
            "/absent",
            "/%",
            "/%zz",
            "/a%00b",
        ] {
            assert!(file_for(&folder, path).is_none(), "{path}");
        }
        fs::remove_dir_all(&base).expect("the folder goes");
    }

    #[test]
    fn many_connections_at_once_are_all_answered() {
        let folder = std::env::temp_dir().join(format!("xtask-serve-many-{}", std::process::id()));
        fs::create_dir_all(&folder).expect("a temporary folder");
        fs::write(folder.join("index.html"), "yes").expect("a file");
        let site = Site {
            folder: folder.clone(),
            security_policy: None,
            demo: "{}".to_owned(),
        };
        let port = start(site, 0).expect("a free port");
        let mut streams: Vec<TcpStream> = (0..12)
            .map(|_| TcpStream::connect((Ipv4Addr::LOCALHOST, port)).expect("a connection"))
            .collect();
        for stream in &mut streams {
            let request = b"GET / HTTP/1.1\r\nHost: localhost\r\n\r\n";
            stream.write_all(request).expect("a request");
        }
        for stream in &mut streams {
            let mut text = String::new();
            stream.read_to_string(&mut text).expect("an answer");
            assert!(text.starts_with("HTTP/1.1 200 OK\r\n"), "{text}");
            assert!(text.ends_with("\r\n\r\nyes"), "{text}");
        }
        fs::remove_dir_all(&folder).expect("the folder goes");
    }

    #[test]
    fn browsers_get_the_types_that_they_insist_on() {
        assert_eq!(
            media_type(Path::new("x/webmqtt_bg.wasm")),
            "application/wasm"
        );
        assert_eq!(
            media_type(Path::new("app.js")),
            "text/javascript; charset=utf-8"
        );
        assert_eq!(media_type(Path::new("noext")), "application/octet-stream");
    }
}
