//! bcrypt as everybody writes it, and bcrypt of a SHA-256 digest as Django and passlib write it.
//!
//! bcrypt reads 72 bytes of a password and no more. A hash that was made so can only be verified so; the one that replaces
//! it at the first login is of the whole password.

use std::str::FromStr;

use aws_lc_rs::digest::{SHA256, digest};
use aws_lc_rs::hmac::{HMAC_SHA256, Key, sign};
use base64::Engine;
use base64::engine::general_purpose::STANDARD;
use bcrypt::HashParts;
use zeroize::Zeroizing;

use super::{Reader, UnusableHash};
use crate::model::Password;
use crate::ports::HashError;

/// Each step doubles the work: 14 takes a second or two. Common are 10 to 13.
const MOST_COST: u32 = 14;
const LEAST_COST: u32 = 4;

const READER: Reader = Reader("bcrypt");

/// A bcrypt hash, and what is done to a password before it.
pub(in crate::credential) struct BcryptHash {
    /// `$2b$`, cost, salt and digest: 60 characters.
    canonical: String,
    of: Of,
}

/// What bcrypt is given.
enum Of {
    /// The password.
    Password,
    /// The hexadecimal digits of its SHA-256 (Django).
    HexDigest,
    /// The base64 of its SHA-256 (passlib, version 1).
    Digest,
    /// The base64 of its HMAC-SHA-256 under the salt's text (passlib, version 2).
    Hmac {
        /// The salt as 22 characters.
        salt: String,
    },
}

impl BcryptHash {
    /// `None` when it does not begin like one.
    pub(super) fn parse(text: &str) -> Option<Result<Self, UnusableHash>> {
        if let Some(rest) = text.strip_prefix("$bcrypt-sha256$") {
            return Some(passlib(rest));
        }
        if let Some(rest) = text.strip_prefix("bcrypt_sha256$") {
            return Some(plain(rest, Of::HexDigest));
        }
        if let Some(rest) = text.strip_prefix("bcrypt$") {
            return Some(plain(rest, Of::Password));
        }
        if text.starts_with("$2x$") {
            let why = "its digest is of another password than the one that was typed; let the owner reset it";
            return Some(Err(UnusableHash::Unsupported { format: "bcrypt $2x$", why }));
        }
        text.starts_with("$2").then(|| plain(text, Of::Password))
    }

    pub(super) fn verify(&self, password: &Password) -> Result<bool, HashError> {
        let verify = |bytes: &[u8]| bcrypt::verify(bytes, &self.canonical);
        let password = password.expose();
        let result = match &self.of {
            Of::Password => verify(password),
            Of::HexDigest => {
                let digest = digest(&SHA256, password);
                let hex = digest.as_ref().iter().fold(Zeroizing::new(String::with_capacity(64)), |mut hex, byte| {
                    hex.extend([byte >> 4, byte & 15].map(|digit| char::from_digit(digit.into(), 16).unwrap_or('0')));
                    hex
                });
                verify(hex.as_bytes())
            }
            Of::Digest => verify(Zeroizing::new(STANDARD.encode(digest(&SHA256, password))).as_bytes()),
            Of::Hmac { salt } => {
                let tag = sign(&Key::new(HMAC_SHA256, salt.as_bytes()), password);
                verify(Zeroizing::new(STANDARD.encode(tag)).as_bytes())
            }
        };
        result.map_err(|error| HashError::Failed(error.to_string()))
    }
}

fn plain(text: &str, of: Of) -> Result<BcryptHash, UnusableHash> {
    if !["$2a$", "$2b$", "$2y$"].iter().any(|prefix| text.starts_with(prefix)) {
        return Err(READER.malformed("it is neither $2a$ nor $2b$ nor $2y$"));
    }
    let parts = HashParts::from_str(text)
        .map_err(|_| READER.malformed("it has not 60 characters, or its salt or digest is not bcrypt's base64"))?;
    if parts.get_cost() > MOST_COST {
        return Err(READER.too_expensive("cost 14"));
    }
    if parts.get_cost() < LEAST_COST {
        return Err(READER.malformed("its cost is below 4"));
    }
    Ok(BcryptHash { canonical: parts.to_string(), of })
}

/// `v=2,t=2b,r=12$salt$digest`, or `2b,12$salt$digest` in version 1.
fn passlib(rest: &str) -> Result<BcryptHash, UnusableHash> {
    let mut fields = rest.split('$');
    let parameters = fields.next().unwrap_or_default();
    let (Some(salt), Some(digest), None) = (fields.next(), fields.next(), fields.next()) else {
        return Err(READER.malformed("it has not a salt and a digest"));
    };
    let (cost, of) = match parameters.split(',').collect::<Vec<_>>().as_slice() {
        ["v=2", "t=2b", cost] => {
            (READER.named_number(Some(cost), "r=", "its rounds are no number")?, Of::Hmac { salt: salt.to_owned() })
        }
        ["2b" | "2a", cost] => (READER.number(Some(cost), "its rounds are no number")?, Of::Digest),
        _ => return Err(READER.malformed("its parameters are not passlib's")),
    };
    plain(&format!("$2b${cost:02}${salt}{digest}"), of)
}
