//! A certificate authority for one broker, and the certificate that it gave to 127.0.0.1; for tests, good for two days.

use std::fs;
use std::io::{self, Write as _};
use std::path::Path;

use crate::project;
use crate::step::{Failure, tail};

/// Of `server.p12`.
pub const P12_PASSWORD: &str = "secret";

/// `ca.crt`, `server.crt`, `server.key` and, with the latter two, `server.p12`, unless they are in the folder already.
pub fn make(folder: &Path) -> Result<(), Failure> {
    if folder.join("server.p12").is_file() {
        return Ok(());
    }
    fs::write(
        folder.join("server.ext"),
        "subjectAltName=IP:127.0.0.1,DNS:localhost\nextendedKeyUsage=serverAuth\n",
    )
    .map_err(|error| Failure::io("writing a certificate's extensions", &error))?;
    let key = "-newkey ec -pkeyopt ec_paramgen_curve:P-256 -nodes";
    for line in [
        format!("req -x509 {key} -days 2 -subj /CN=webmqtt-tests -keyout ca.key -out ca.crt"),
        format!("req {key} -subj /CN=127.0.0.1 -keyout server.key -out server.csr"),
        "x509 -req -in server.csr -CA ca.crt -CAkey ca.key -CAcreateserial -days 2 -extfile server.ext -out server.crt"
            .to_owned(),
        format!(
            "pkcs12 -export -in server.crt -certfile ca.crt -inkey server.key -name server -passout pass:{P12_PASSWORD} -out server.p12"
        ),
    ] {
        openssl(folder, &line)?;
    }
    // The broker shows the authority's certificate too: a browser that was told its key finds it there.
    let chain = || -> io::Result<()> {
        let authority = fs::read(folder.join("ca.crt"))?;
        let mut file = fs::OpenOptions::new()
            .append(true)
            .open(folder.join("server.crt"))?;
        file.write_all(&authority)
    };
    chain().map_err(|error| Failure::io("writing a chain of certificates", &error))
}

fn openssl(folder: &Path, line: &str) -> Result<(), Failure> {
    let output = project::command("openssl")
        .args(line.split(' '))
        .current_dir(folder)
        .output()
        .map_err(|error| Failure::io("starting openssl", &error))?;
    if output.status.success() {
        return Ok(());
    }
    Err(Failure {
        sentence: format!("`openssl {line}` failed."),
        output: tail(&String::from_utf8_lossy(&output.stderr), 20),
    })
}
