//! SCRAM-SHA-256 (RFC 5802, RFC 7677): one exchange of enhanced authentication, from the client's side.
//!
//! The server never gets the password, and proves that it knows it. This file knows neither session nor randomness: it
//! takes and gives the Authentication Data of a [`Session`](crate::session::Session) with the method
//! [`METHOD`](ScramSha256::METHOD).
//!
//! | the session says | the application does |
//! |---|---|
//! | `Event::Prepare` | `ScramSha256::new`, then `prepared` with its `first` as `authentication_data` |
//! | `Event::Authentication` with `Continue` | `authenticate` with its `answer` to the data |
//! | `Event::Authentication` with `Success` | `authenticate` without data, if `finish` is satisfied |
//! | one of them gave an error | `authentication_failed` |
//!
//! There is no channel binding.

use alloc::string::String;
use alloc::vec::Vec;
use core::fmt;

use base64ct::{Base64, Encoding};
use hmac::{Hmac, KeyInit, Mac};
use sha2::{Digest, Sha256};

/// RFC 7677 says that there should be no fewer.
const MINIMUM_ITERATIONS: u32 = 4096;
/// More would be a way to keep us busy: it is about a second.
const MAXIMUM_ITERATIONS: u32 = 1_000_000;
/// The GS2 header without channel binding, and in Base64.
const HEADER: &str = "n,,";
const HEADER_BASE64: &str = "biws";

/// Why an exchange cannot go on. Nothing that was sent or kept secret is in here.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
#[non_exhaustive]
pub enum ScramError {
    /// User name or password is empty or has a control character.
    Credentials,
    /// The server's message is not one of SCRAM, or not for this exchange.
    Message,
    /// The server asks for fewer than 4,096 or more than 1,000,000 iterations.
    Iterations,
    /// The server has not proved that it knows the password.
    Proof,
}

impl fmt::Display for ScramError {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str(match self {
            Self::Credentials => "user name or password is empty or has a control character",
            Self::Message => "the server's message is not valid",
            Self::Iterations => "the server asks for too few or too many iterations",
            Self::Proof => "the server did not prove that it knows the password",
        })
    }
}

impl core::error::Error for ScramError {}

/// One exchange. Every one needs a new one of these.
///
/// There is no `Debug`: the password would end up in a log.
pub struct ScramSha256 {
    password: String,
    nonce: String,
    first_bare: String,
    /// What the server has to sign, in the function that checks it.
    expected: Option<Hmac<Sha256>>,
}

impl ScramSha256 {
    /// The Authentication Method.
    pub const METHOD: &'static str = "SCRAM-SHA-256";

    /// Begins an exchange. `random` must come from a cryptographic source, and be other bytes each time.
    ///
    /// User name and password have to be normalised with SASLprep (RFC 4013) or NFKC, which for ASCII changes nothing.
    ///
    /// # Errors
    /// [`ScramError::Credentials`].
    pub fn new(username: &str, password: &str, random: [u8; 15]) -> Result<Self, ScramError> {
        let bad = |text: &str| text.is_empty() || text.chars().any(char::is_control);
        if bad(username) || bad(password) {
            return Err(ScramError::Credentials);
        }
        let nonce = Base64::encode_string(&random);
        let name = username.replace('=', "=3D").replace(',', "=2C");
        Ok(Self {
            password: password.into(),
            first_bare: ["n=", &name, ",r=", &nonce].concat(),
            nonce,
            expected: None,
        })
    }

    /// The Authentication Data of CONNECT or of a re-authentication.
    #[must_use]
    pub fn first(&self) -> Vec<u8> {
        [HEADER, &self.first_bare].concat().into_bytes()
    }

    /// Answers the server's challenge with the proof that we know the password. It takes as long as the server wants
    /// it to, up to about a second.
    ///
    /// # Errors
    /// [`ScramError::Message`], also for a second challenge, and [`ScramError::Iterations`].
    pub fn answer(&mut self, data: &[u8]) -> Result<Vec<u8>, ScramError> {
        let (None, Ok(challenge)) = (&self.expected, str::from_utf8(data)) else {
            return Err(ScramError::Message);
        };
        let (nonce, salt, iterations) = self.parse(challenge).ok_or(ScramError::Message)?;
        if !(MINIMUM_ITERATIONS..=MAXIMUM_ITERATIONS).contains(&iterations) {
            return Err(ScramError::Iterations);
        }
        let last = ["c=", HEADER_BASE64, ",r=", nonce].concat();
        let signed = [&self.first_bare, ",", challenge, ",", &last].concat();

        let mut salted = [0; 32];
        pbkdf2::pbkdf2_hmac::<Sha256>(self.password.as_bytes(), &salt, iterations, &mut salted);
        let client_key = sign(&salted, b"Client Key")?;
        let stored_key: [u8; 32] = Sha256::digest(client_key).into();
        let mut proof = sign(&stored_key, signed.as_bytes())?;
        for (byte, key) in proof.iter_mut().zip(client_key) {
            *byte ^= key;
        }
        let server_key = sign(&salted, b"Server Key")?;
        self.expected = Some(hmac(&server_key, signed.as_bytes())?);
        Ok([&last, ",p=", &Base64::encode_string(&proof)]
            .concat()
            .into_bytes())
    }

    /// Judges the server's last message, in constant time.
    ///
    /// # Errors
    /// [`ScramError::Proof`], also if there was no challenge.
    pub fn finish(&self, data: &[u8]) -> Result<(), ScramError> {
        let message = str::from_utf8(data).ok();
        let signature = message
            .and_then(|message| message.split(',').next()?.strip_prefix("v="))
            .and_then(|signature| Base64::decode_vec(signature).ok());
        let (Some(expected), Some(signature)) = (&self.expected, signature) else {
            return Err(ScramError::Proof);
        };
        let checked = expected.clone().verify_slice(&signature);
        checked.map_err(|_| ScramError::Proof)
    }

    /// Both nonces, salt and iteration count. An extension that must be known would come first; others are ignored.
    fn parse<'a>(&self, challenge: &'a str) -> Option<(&'a str, Vec<u8>, u32)> {
        let mut fields = challenge.split(',');
        let nonce = fields.next()?.strip_prefix("r=")?;
        let salt = fields.next()?.strip_prefix("s=")?;
        let iterations = fields.next()?.strip_prefix("i=")?;
        let ours = nonce.strip_prefix(self.nonce.as_str())?;
        let printable = |byte: u8| byte.is_ascii_graphic();
        let number = |byte: u8| byte.is_ascii_digit();
        if ours.is_empty() || !ours.bytes().all(printable) || !iterations.bytes().all(number) {
            return None;
        }
        let salt = Base64::decode_vec(salt)
            .ok()
            .filter(|salt| !salt.is_empty())?;
        Some((nonce, salt, iterations.parse().ok()?))
    }
}

fn hmac(key: &[u8], message: &[u8]) -> Result<Hmac<Sha256>, ScramError> {
    // HMAC takes keys of any length.
    let mut hmac = Hmac::<Sha256>::new_from_slice(key).map_err(|_| ScramError::Message)?;
    hmac.update(message);
    Ok(hmac)
}

fn sign(key: &[u8], message: &[u8]) -> Result<[u8; 32], ScramError> {
    Ok(hmac(key, message)?.finalize().into_bytes().into())
}
