//! A certificate authority for one broker, and the certificate that it gave to 127.0.0.1; for tests, good for two days, and
//! made anew when they are older than one.

use std::fs;
use std::io;
use std::path::Path;
use std::time::Duration;

use crate::project;
use crate::step::{Failure, tail};

/// Of `server.p12`.
pub const P12_PASSWORD: &str = "secret";

/// Older ones are made anew.
const AGE: Duration = Duration::from_secs(24 * 60 * 60);

/// `ca.crt`, `server.crt`, `server.key` and, with the latter two, `server.p12`, unless good ones are in the folder already.
pub fn make(folder: &Path) -> Result<(), Failure> {
    if are_good(folder) {
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
        "x509 -req -in server.csr -CA ca.crt -CAkey ca.key -CAcreateserial -days 2 -extfile server.ext -out leaf.crt"
            .to_owned(),
        format!(
            "pkcs12 -export -in leaf.crt -certfile ca.crt -inkey server.key -name server -passout pass:{P12_PASSWORD} -out new.p12"
        ),
    ] {
        openssl(folder, &line)?;
    }
    // The broker shows the authority's certificate too: a browser that was told its key finds it there.
    let chain = || -> io::Result<()> {
        let mut chain = fs::read(folder.join("leaf.crt"))?;
        chain.extend(fs::read(folder.join("ca.crt"))?);
        fs::write(folder.join("server.crt"), chain)?;
        // The last one, complete: where it is, all of them are.
        fs::rename(folder.join("new.p12"), folder.join("server.p12"))
    };
    chain().map_err(|error| Failure::io("writing a chain of certificates", &error))
}

fn are_good(folder: &Path) -> bool {
    fs::metadata(folder.join("server.p12"))
        .and_then(|file| file.modified())
        .is_ok_and(|made| made.elapsed().is_ok_and(|age| age < AGE))
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

#[cfg(test)]
mod tests {
    use std::time::SystemTime;

    use super::*;
    use crate::process::TemporaryFolder;

    #[test]
    fn those_of_yesterday_are_made_anew() {
        let folder = TemporaryFolder::new("certificates").expect("a folder");
        let folder = folder.path();
        assert!(!are_good(folder));
        let file = fs::File::create(folder.join("server.p12")).expect("a file");
        assert!(are_good(folder));
        file.set_modified(SystemTime::now() - AGE)
            .expect("its time is set");
        assert!(!are_good(folder));
    }
}
