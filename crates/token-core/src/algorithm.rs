//! The signature algorithms, by their JWA names.

use serde::{Deserialize, Serialize};
use std::{fmt, str::FromStr};

/// A signature algorithm (RFC 7518 §3, RFC 8037 §3).
///
/// It is a property of a key. What a token's header says is only ever compared with it.
#[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord, Hash, Serialize, Deserialize)]
#[non_exhaustive]
pub enum Algorithm {
    /// Ed25519, the default.
    #[serde(rename = "EdDSA")]
    EdDsa,
    /// ECDSA on P-256 with SHA-256; signatures are `r || s`, 64 bytes.
    #[serde(rename = "ES256")]
    Es256,
    /// HMAC with SHA-256: whoever can verify can also sign, so it never leaves one party.
    #[serde(rename = "HS256")]
    Hs256,
}

/// A name that is not one of the supported algorithms. `none` is among them in no spelling.
#[derive(Clone, Copy, Debug, PartialEq, Eq, thiserror::Error)]
#[error("not a supported algorithm: use EdDSA, ES256 or HS256, spelled exactly so")]
pub struct UnknownAlgorithm;

impl Algorithm {
    /// Every supported algorithm.
    pub const ALL: &'static [Self] = &[Self::EdDsa, Self::Es256, Self::Hs256];

    /// The name that stands in `alg`.
    #[must_use]
    pub const fn name(self) -> &'static str {
        match self {
            Self::EdDsa => "EdDSA",
            Self::Es256 => "ES256",
            Self::Hs256 => "HS256",
        }
    }

    /// Whether one secret both signs and verifies. Such a key is never published.
    #[must_use]
    pub const fn is_symmetric(self) -> bool {
        matches!(self, Self::Hs256)
    }

    /// The fewest bytes that a secret may have: the size of the hash (RFC 7518 §3.2). Zero for key pairs.
    #[must_use]
    pub const fn min_secret_len(self) -> usize {
        match self {
            Self::EdDsa | Self::Es256 => 0,
            Self::Hs256 => 32,
        }
    }

    pub(crate) const fn to_jsonwebtoken(self) -> jsonwebtoken::Algorithm {
        match self {
            Self::EdDsa => jsonwebtoken::Algorithm::EdDSA,
            Self::Es256 => jsonwebtoken::Algorithm::ES256,
            Self::Hs256 => jsonwebtoken::Algorithm::HS256,
        }
    }
}

impl FromStr for Algorithm {
    type Err = UnknownAlgorithm;

    fn from_str(name: &str) -> Result<Self, UnknownAlgorithm> {
        Self::ALL.iter().copied().find(|algorithm| algorithm.name() == name).ok_or(UnknownAlgorithm)
    }
}

impl fmt::Display for Algorithm {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str(self.name())
    }
}
