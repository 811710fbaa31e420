//! What a stored hash says: its scheme, its parameters, its salt. Schemes of other software are understood, so that their
//! users can be imported; each is replaced by argon2id at its owner's first login.
//!
//! No stored parameter is believed without a bound: a row costs at most about what the dearest argon2id hash costs
//! (256 MiB; 16 passes over it).

mod argon2;
mod bcrypt;
mod pbkdf2;
mod scrypt;

use base64::Engine;
use base64::alphabet::STANDARD;
use base64::engine::{DecodePaddingMode, GeneralPurpose, GeneralPurposeConfig};

use self::argon2::Argon2Hash;
pub(super) use self::argon2::{
    MOST_ITERATIONS, MOST_MEMORY_KIB, MOST_PARALLELISM, Memory, allowed as argon2_allowed, hash_into,
};
use self::bcrypt::BcryptHash;
use self::pbkdf2::Pbkdf2Hash;
use self::scrypt::ScryptHash;
use crate::model::{Password, PasswordHash};
use crate::ports::HashError;

/// The longest text that is looked at. The longest hash of any scheme here has about 300 bytes.
const MOST_TEXT: usize = 1024;
/// The shortest output that counts as a proof, and the longest, in bytes.
const OUTPUT: std::ops::RangeInclusive<usize> = 16..=64;
/// Standard base64, with or without its padding.
const BASE64: GeneralPurpose = GeneralPurpose::new(
    &STANDARD,
    GeneralPurposeConfig::new().with_decode_padding_mode(DecodePaddingMode::Indifferent),
);

/// Why a hash can never be verified. An account can be imported without it; its owner then resets the password.
#[derive(Clone, Debug, PartialEq, Eq, thiserror::Error)]
pub enum UnusableHash {
    /// It looks like nothing that is known.
    #[error(
        "it is in no known format: known are argon2, bcrypt, scrypt and PBKDF2 as passlib, Django and Werkzeug write them"
    )]
    UnknownFormat,
    /// It is known, and not verified here.
    #[error("{format} is not supported: {why}")]
    Unsupported {
        /// The format.
        format: &'static str,
        /// Why it is not.
        why: &'static str,
    },
    /// It begins like a hash of the format and goes on otherwise.
    #[error("it is not a whole {format} hash: {what}")]
    Malformed {
        /// The format.
        format: &'static str,
        /// What is wrong with it.
        what: &'static str,
    },
    /// It asks for more memory or time than this server gives to one password.
    #[error("it asks for more than a {format} hash may cost here: {what}")]
    TooExpensive {
        /// The format.
        format: &'static str,
        /// The bound that it breaks.
        what: &'static str,
    },
}

impl PasswordHash {
    /// Takes a hash that other software made, if it can ever be verified: argon2 (version 19), bcrypt, scrypt and PBKDF2 as
    /// PHC strings and as passlib, Django and Werkzeug write them.
    ///
    /// # Errors
    /// When it cannot, and why.
    pub fn parse_foreign(text: &str) -> Result<Self, UnusableHash> {
        StoredHash::parse(text)?;
        Ok(Self::new(text.to_owned()))
    }
}

/// A stored hash, understood and within its bounds.
pub(super) enum StoredHash {
    /// argon2 in any variant.
    Argon2(Argon2Hash),
    /// bcrypt, perhaps of a digest.
    Bcrypt(BcryptHash),
    /// scrypt.
    Scrypt(ScryptHash),
    /// PBKDF2.
    Pbkdf2(Pbkdf2Hash),
}

impl StoredHash {
    /// Reads a stored hash without verifying anything.
    pub(super) fn parse(text: &str) -> Result<Self, UnusableHash> {
        if text.len() > MOST_TEXT {
            return Err(UnusableHash::UnknownFormat);
        }
        if let Some(found) = Argon2Hash::parse(text) {
            return found.map(Self::Argon2);
        }
        if let Some(found) = BcryptHash::parse(text) {
            return found.map(Self::Bcrypt);
        }
        if let Some(found) = ScryptHash::parse(text) {
            return found.map(Self::Scrypt);
        }
        if let Some(found) = Pbkdf2Hash::parse(text) {
            return found.map(Self::Pbkdf2);
        }
        Err(refused_by_name(text))
    }

    /// Whether it is the hash of the password. Slow.
    pub(super) fn verify(&self, password: &Password, memory: &mut Memory) -> Result<bool, HashError> {
        match self {
            Self::Argon2(hash) => hash.verify(password, memory),
            Self::Bcrypt(hash) => hash.verify(password),
            Self::Scrypt(hash) => hash.verify(password),
            Self::Pbkdf2(hash) => Ok(hash.verify(password)),
        }
    }
}

/// Formats that are known and not verified, so that an import says more than "unknown".
fn refused_by_name(text: &str) -> UnusableHash {
    const FAST: &str = "it is so fast that a stolen hash tells the password; let the owner reset it";
    const MISSING: &str = "let the owner reset the password";
    let known: [(&[&str], &str, &str); 6] = [
        (&["!", "*"], "an unusable password", "nothing matches it; import the account without a password"),
        (&["{"], "an LDAP scheme", FAST),
        (&["$1$", "$apr1$", "$md5$", "md5$", "unsalted_md5$"], "MD5", FAST),
        (&["sha1$", "sha256$", "sha512$", "sha224$", "sha384$", "unsalted_sha1$", "plain"], "a bare digest", FAST),
        (&["$5$", "$6$", "$y$", "$7$", "$gy$"], "crypt(3)", MISSING),
        (&["$P$", "$H$"], "phpass", MISSING),
    ];
    let named = known.iter().find(|(prefixes, _, _)| prefixes.iter().any(|prefix| text.starts_with(prefix)));
    named.map_or(UnusableHash::UnknownFormat, |&(_, format, why)| UnusableHash::Unsupported { format, why })
}

/// Reads one scheme's fields and says what is wrong with them in that scheme's name.
#[derive(Clone, Copy)]
struct Reader(&'static str);

impl Reader {
    fn malformed(self, what: &'static str) -> UnusableHash {
        UnusableHash::Malformed { format: self.0, what }
    }

    fn too_expensive(self, what: &'static str) -> UnusableHash {
        UnusableHash::TooExpensive { format: self.0, what }
    }

    fn number(self, text: Option<&str>, what: &'static str) -> Result<u32, UnusableHash> {
        let digits = text.filter(|text| !text.is_empty() && text.bytes().all(|byte| byte.is_ascii_digit()));
        let digits = digits.ok_or_else(|| self.malformed(what))?;
        // A number with more digits than fit is a number that asks for too much.
        digits.parse().map_err(|_| self.too_expensive(what))
    }

    fn named_number(self, text: Option<&str>, name: &str, what: &'static str) -> Result<u32, UnusableHash> {
        self.number(text.and_then(|text| text.strip_prefix(name)), what)
    }

    fn output(self, decoded: Option<Vec<u8>>) -> Result<Vec<u8>, UnusableHash> {
        decoded
            .filter(|output| OUTPUT.contains(&output.len()))
            .ok_or_else(|| self.malformed("its digest is not one of 16 to 64 bytes"))
    }

    fn salt(self, decoded: Option<Vec<u8>>) -> Result<Vec<u8>, UnusableHash> {
        decoded.filter(|salt| !salt.is_empty()).ok_or_else(|| self.malformed("it has no readable salt"))
    }

    fn end<'a>(self, mut fields: impl Iterator<Item = &'a str>) -> Result<(), UnusableHash> {
        fields.next().map_or(Ok(()), |_| Err(self.malformed("something follows its digest")))
    }
}

fn base64(text: Option<&str>) -> Option<Vec<u8>> {
    BASE64.decode(text?).ok()
}

/// passlib's own alphabet: standard base64 with a dot for the plus sign.
fn passlib_base64(text: Option<&str>) -> Option<Vec<u8>> {
    BASE64.decode(text?.replace('.', "+")).ok()
}

fn hex(text: Option<&str>) -> Option<Vec<u8>> {
    let text = text?;
    let digits: Option<Vec<u8>> = text.chars().map(|c| c.to_digit(16).and_then(|d| u8::try_from(d).ok())).collect();
    digits?.chunks(2).map(|pair| if let [high, low] = pair { Some(high << 4 | low) } else { None }).collect()
}

fn text_bytes(text: Option<&str>) -> Option<Vec<u8>> {
    text.map(|text| text.as_bytes().to_vec())
}
