//! The signature algorithms, by their JWA names.

use serde::{Deserialize, Serialize};
use std::{fmt, str::FromStr};

/// A signature algorithm (RFC 7518 §3, RFC 8037 §3, RFC 9864 §2.2).
///
/// It is a property of a key. What a token's header says is only ever compared with it.
#[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord, Hash, Serialize, Deserialize)]
#[non_exhaustive]
pub enum Algorithm {
    /// Ed25519 under its older name, the default.
    #[serde(rename = "EdDSA")]
    EdDsa,
    /// Ed25519 under the name that RFC 9864 gives it. The signatures are the same; the name belongs to the key, so a
    /// token that says the other one is refused.
    Ed25519,
    /// ECDSA on P-256 with SHA-256; signatures are `r || s`, 64 bytes.
    #[serde(rename = "ES256")]
    Es256,
    /// ECDSA on P-384 with SHA-384; signatures are `r || s`, 96 bytes.
    #[serde(rename = "ES384")]
    Es384,
    /// RSASSA-PKCS1-v1_5 with SHA-256.
    #[serde(rename = "RS256")]
    Rs256,
    /// RSASSA-PKCS1-v1_5 with SHA-384.
    #[serde(rename = "RS384")]
    Rs384,
    /// RSASSA-PKCS1-v1_5 with SHA-512.
    #[serde(rename = "RS512")]
    Rs512,
    /// RSASSA-PSS with SHA-256, MGF1 with the same and a salt of the hash's size.
    #[serde(rename = "PS256")]
    Ps256,
    /// RSASSA-PSS with SHA-384.
    #[serde(rename = "PS384")]
    Ps384,
    /// RSASSA-PSS with SHA-512.
    #[serde(rename = "PS512")]
    Ps512,
    /// HMAC with SHA-256: whoever can verify can also sign, so it never leaves one party.
    #[serde(rename = "HS256")]
    Hs256,
    /// HMAC with SHA-384.
    #[serde(rename = "HS384")]
    Hs384,
    /// HMAC with SHA-512.
    #[serde(rename = "HS512")]
    Hs512,
}

/// A name that is not one of the supported algorithms. `none` is among them in no spelling.
#[derive(Clone, Copy, Debug, PartialEq, Eq, thiserror::Error)]
#[error(
    "not a supported algorithm: use EdDSA, Ed25519, ES256, ES384, RS256, RS384, RS512, PS256, PS384, PS512, HS256, HS384 or HS512, spelled exactly so"
)]
pub struct UnknownAlgorithm;

/// The kinds of key. One kind may serve several algorithms; a key serves one of them.
#[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord, Hash)]
#[non_exhaustive]
pub enum KeyType {
    /// The Edwards curve (RFC 8037).
    Ed25519,
    /// The NIST curve of 256 bits (RFC 7518 §6.2).
    P256,
    /// The NIST curve of 384 bits.
    P384,
    /// RSA (RFC 7518 §6.3).
    Rsa,
    /// A shared secret (RFC 7518 §6.4).
    Secret,
}

impl KeyType {
    /// What stands in a JWK's `kty`.
    #[must_use]
    pub const fn kty(self) -> &'static str {
        match self {
            Self::Ed25519 => "OKP",
            Self::P256 | Self::P384 => "EC",
            Self::Rsa => "RSA",
            Self::Secret => "oct",
        }
    }

    /// What stands in a JWK's `crv`, for keys on curves.
    #[must_use]
    pub const fn crv(self) -> Option<&'static str> {
        match self {
            Self::Ed25519 => Some("Ed25519"),
            Self::P256 => Some("P-256"),
            Self::P384 => Some("P-384"),
            Self::Rsa | Self::Secret => None,
        }
    }

    /// The algorithm of a key that does not say which. A secret always has to.
    #[must_use]
    pub const fn default_algorithm(self) -> Option<Algorithm> {
        match self {
            Self::Ed25519 => Some(Algorithm::EdDsa),
            Self::P256 => Some(Algorithm::Es256),
            Self::P384 => Some(Algorithm::Es384),
            Self::Rsa => Some(Algorithm::Rs256),
            Self::Secret => None,
        }
    }
}

impl fmt::Display for KeyType {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str(match self {
            Self::Ed25519 => "an Ed25519 key",
            Self::P256 => "a P-256 key",
            Self::P384 => "a P-384 key",
            Self::Rsa => "an RSA key",
            Self::Secret => "a shared secret",
        })
    }
}

impl Algorithm {
    /// Every supported algorithm.
    pub const ALL: &'static [Self] = &[
        Self::EdDsa,
        Self::Ed25519,
        Self::Es256,
        Self::Es384,
        Self::Rs256,
        Self::Rs384,
        Self::Rs512,
        Self::Ps256,
        Self::Ps384,
        Self::Ps512,
        Self::Hs256,
        Self::Hs384,
        Self::Hs512,
    ];

    /// The name that stands in `alg`.
    #[must_use]
    pub const fn name(self) -> &'static str {
        match self {
            Self::EdDsa => "EdDSA",
            Self::Ed25519 => "Ed25519",
            Self::Es256 => "ES256",
            Self::Es384 => "ES384",
            Self::Rs256 => "RS256",
            Self::Rs384 => "RS384",
            Self::Rs512 => "RS512",
            Self::Ps256 => "PS256",
            Self::Ps384 => "PS384",
            Self::Ps512 => "PS512",
            Self::Hs256 => "HS256",
            Self::Hs384 => "HS384",
            Self::Hs512 => "HS512",
        }
    }

    /// The kind of key that it takes.
    #[must_use]
    pub const fn key_type(self) -> KeyType {
        match self {
            Self::EdDsa | Self::Ed25519 => KeyType::Ed25519,
            Self::Es256 => KeyType::P256,
            Self::Es384 => KeyType::P384,
            Self::Rs256 | Self::Rs384 | Self::Rs512 | Self::Ps256 | Self::Ps384 | Self::Ps512 => KeyType::Rsa,
            Self::Hs256 | Self::Hs384 | Self::Hs512 => KeyType::Secret,
        }
    }

    /// Whether one secret both signs and verifies. Such a key is never published.
    #[must_use]
    pub const fn is_symmetric(self) -> bool {
        matches!(self.key_type(), KeyType::Secret)
    }

    /// The fewest bytes that a secret may have: the size of the hash (RFC 7518 §3.2). Zero for key pairs.
    #[must_use]
    pub const fn min_secret_len(self) -> usize {
        match self {
            Self::Hs256 => 32,
            Self::Hs384 => 48,
            Self::Hs512 => 64,
            _ => 0,
        }
    }
}

impl From<Algorithm> for jsonwebtoken::Algorithm {
    /// Both names of Ed25519 are `EdDSA` there.
    fn from(algorithm: Algorithm) -> Self {
        match algorithm {
            Algorithm::EdDsa | Algorithm::Ed25519 => Self::EdDSA,
            Algorithm::Es256 => Self::ES256,
            Algorithm::Es384 => Self::ES384,
            Algorithm::Rs256 => Self::RS256,
            Algorithm::Rs384 => Self::RS384,
            Algorithm::Rs512 => Self::RS512,
            Algorithm::Ps256 => Self::PS256,
            Algorithm::Ps384 => Self::PS384,
            Algorithm::Ps512 => Self::PS512,
            Algorithm::Hs256 => Self::HS256,
            Algorithm::Hs384 => Self::HS384,
            Algorithm::Hs512 => Self::HS512,
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
