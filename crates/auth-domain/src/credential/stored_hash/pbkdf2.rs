//! PBKDF2 (RFC 8018) as Django, Werkzeug and passlib write it.

use std::num::NonZeroU32;

use aws_lc_rs::pbkdf2::{
    self, Algorithm, PBKDF2_HMAC_SHA1, PBKDF2_HMAC_SHA256, PBKDF2_HMAC_SHA384, PBKDF2_HMAC_SHA512,
};

use super::{Reader, UnusableHash, base64, hex, passlib_base64, text_bytes};
use crate::model::Password;

/// A few seconds of HMAC-SHA-512. Django 5.2 asks for one million.
const MOST_ITERATIONS: u32 = 3_000_000;
/// passlib writes digests as long as the hash; Werkzeug and Django too. A longer one is that much more work.
const MOST_BLOCKS: usize = 2;

const READER: Reader = Reader("PBKDF2");

/// A PBKDF2 hash.
pub(in crate::credential) struct Pbkdf2Hash {
    algorithm: Algorithm,
    iterations: NonZeroU32,
    salt: Vec<u8>,
    output: Vec<u8>,
}

impl Pbkdf2Hash {
    /// `None` when it does not begin like one.
    pub(super) fn parse(text: &str) -> Option<Result<Self, UnusableHash>> {
        if let Some(rest) = text.strip_prefix("pbkdf2:") {
            return Some(werkzeug(rest));
        }
        if let Some(rest) = text.strip_prefix("pbkdf2_") {
            return Some(django(rest));
        }
        if let Some(rest) = text.strip_prefix("$pbkdf2$") {
            return Some(passlib("sha1", rest));
        }
        let (name, rest) = text.strip_prefix("$pbkdf2-")?.split_once('$')?;
        Some(passlib(name, rest))
    }

    pub(super) fn verify(&self, password: &Password) -> bool {
        pbkdf2::verify(self.algorithm, self.iterations, &self.salt, password.expose(), &self.output).is_ok()
    }

    fn new(name: &str, iterations: Option<&str>, salt: Vec<u8>, output: Vec<u8>) -> Result<Self, UnusableHash> {
        let (algorithm, block) = match name {
            "sha1" => (PBKDF2_HMAC_SHA1, 20),
            "sha256" => (PBKDF2_HMAC_SHA256, 32),
            "sha384" => (PBKDF2_HMAC_SHA384, 48),
            "sha512" => (PBKDF2_HMAC_SHA512, 64),
            _ => return Err(READER.malformed("its hash is none of sha1, sha256, sha384, sha512")),
        };
        let iterations = READER.number(iterations, "its iterations")?;
        if iterations > MOST_ITERATIONS || output.len().div_ceil(block) > MOST_BLOCKS {
            return Err(READER.too_expensive("3,000,000 iterations, a digest of two blocks"));
        }
        let iterations = NonZeroU32::new(iterations).ok_or_else(|| READER.malformed("it has no iterations"))?;
        Ok(Self { algorithm, iterations, salt, output })
    }
}

/// `sha256$iterations$salt$digest`.
fn django(rest: &str) -> Result<Pbkdf2Hash, UnusableHash> {
    let mut fields = rest.split('$');
    let (name, iterations) = (fields.next().unwrap_or_default(), fields.next());
    let (salt, output) = (READER.salt(text_bytes(fields.next()))?, READER.output(base64(fields.next()))?);
    READER.end(fields)?;
    Pbkdf2Hash::new(name, iterations, salt, output)
}

/// `sha256:iterations$salt$digest`.
fn werkzeug(rest: &str) -> Result<Pbkdf2Hash, UnusableHash> {
    let mut fields = rest.split('$');
    let mut parameters = fields.next().unwrap_or_default().split(':');
    let (name, iterations) = (parameters.next().unwrap_or_default(), parameters.next());
    READER.end(parameters)?;
    let (salt, output) = (READER.salt(text_bytes(fields.next()))?, READER.output(hex(fields.next()))?);
    READER.end(fields)?;
    Pbkdf2Hash::new(name, iterations, salt, output)
}

/// `iterations$salt$digest`.
fn passlib(name: &str, rest: &str) -> Result<Pbkdf2Hash, UnusableHash> {
    let mut fields = rest.split('$');
    let iterations = fields.next();
    let salt = READER.salt(passlib_base64(fields.next()))?;
    let output = READER.output(passlib_base64(fields.next()))?;
    READER.end(fields)?;
    Pbkdf2Hash::new(name, iterations, salt, output)
}
