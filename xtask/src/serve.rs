//! A file server for the built page, on loopback only.

use std::fs::{self, File};
use std::path::{Component, Path, PathBuf};
use std::sync::Arc;
use std::{io, thread};

use tiny_http::{Header, Method, Request, Response, Server};

use crate::step::Failure;

/// The page's scripts come over several connections at once.
const THREADS: usize = 4;

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
    let server = Server::http(("127.0.0.1", port)).map_err(|_| {
        Failure::new(format!(
            "port {port} is in use: choose another for the page with --port, or 0 for any free one."
        ))
    })?;
    let port = server
        .server_addr()
        .to_ip()
        .map_or(port, |address| address.port());
    let (server, site) = (Arc::new(server), Arc::new(site));
    for _ in 0..THREADS {
        let (server, site) = (Arc::clone(&server), Arc::clone(&site));
        thread::spawn(move || {
            while let Ok(request) = server.recv() {
                // A browser that went away is no concern of the others.
                let _ = answer(&site, request);
            }
        });
    }
    Ok(port)
}

fn answer(site: &Site, request: Request) -> io::Result<()> {
    let path = request.url().split(['?', '#']).next().unwrap_or("/");
    if !matches!(request.method(), Method::Get | Method::Head) {
        return respond(
            site,
            request,
            405,
            "text/plain",
            Response::from_string("only GET"),
        );
    }
    if path == "/demo.json" {
        let body = Response::from_string(&site.demo);
        return respond(site, request, 200, "application/json", body);
    }
    let found = file_for(&site.folder, path).and_then(|file| Some((File::open(&file).ok()?, file)));
    match found {
        Some((open, file)) => {
            let kind = media_type(&file);
            respond(site, request, 200, kind, Response::from_file(open))
        }
        None => respond(
            site,
            request,
            404,
            "text/plain",
            Response::from_string("not found"),
        ),
    }
}

fn respond<R: io::Read>(
    site: &Site,
    request: Request,
    status: u16,
    media_type: &str,
    response: Response<R>,
) -> io::Result<()> {
    let mut response = response.with_status_code(status);
    let mut headers = vec![
        ("Content-Type", media_type),
        ("Cache-Control", "no-cache"),
        ("X-Content-Type-Options", "nosniff"),
    ];
    if let Some(policy) = &site.security_policy {
        headers.push(("Content-Security-Policy", policy));
    }
    for (name, value) in headers {
        if let Ok(header) = Header::from_bytes(name, value) {
            // Replaces what the response had for Content-Type.
            response.add_header(header);
        }
    }
    request.respond(response)
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
