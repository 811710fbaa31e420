//! Why a key is refused.

use crate::{Algorithm, strict::JsonError};

/// Why a key could not be made, read or taken into a set.
#[derive(Clone, Debug, PartialEq, Eq, thiserror::Error)]
#[non_exhaustive]
pub enum KeyError {
    /// The random generator or the key generation of the cryptographic library failed.
    #[error("the cryptographic library could not generate a key: try again")]
    Generation,
    /// A secret shorter than the hash (RFC 7518 §3.2), or empty.
    #[error(
        "a secret for {algorithm} needs at least {need} bytes and this one has {got}: generate one with `openssl rand {need}`"
    )]
    SecretTooShort {
        /// The algorithm it was meant for.
        algorithm: Algorithm,
        /// Bytes that it needs.
        need: usize,
        /// Bytes that it has.
        got: usize,
    },
    /// The bytes are not a private key of that algorithm.
    #[error("not an unencrypted PKCS#8 private key in DER for {0}")]
    Pkcs8(Algorithm),
    /// The JWK or JWK set is not acceptable JSON.
    #[error("the JWK is refused: {0}")]
    Json(#[from] JsonError),
    /// A member is missing.
    #[error("the JWK has no `{0}`")]
    Missing(&'static str),
    /// A member has the wrong type, encoding or length.
    #[error("the JWK's `{0}` is malformed")]
    Member(&'static str),
    /// `kty`, `crv` or `alg` names something that this version cannot do.
    #[error("the JWK's `{0}` is not supported: use OKP with Ed25519, EC with P-256, or oct with HS256")]
    Unsupported(&'static str),
    /// `alg` does not fit `kty` and `crv`.
    #[error("the JWK's `alg` disagrees with its key type")]
    AlgorithmDisagrees,
    /// `use` or `key_ops` says that the key does not verify signatures (RFC 7517 §4.2, §4.3), or the two disagree.
    #[error("the JWK's `{0}` says that it is not for verifying signatures")]
    Purpose(&'static str),
    /// A private member stands where a public key belongs.
    #[error(
        "the JWK holds a private key (`{0}`): hand over the public half, and replace the key if this text was shared"
    )]
    PrivateMember(&'static str),
    /// The coordinates are not a point that may serve as a public key.
    #[error("the JWK's coordinates are not a valid public key on its curve")]
    InvalidPoint,
    /// Two keys of one set share a `kid`.
    #[error("two keys of the set share one `kid`: give each its own")]
    DuplicateKeyId,
}

impl KeyError {
    /// Whether the key is sound but not for us: of another type, or for another purpose. Sets may hold such keys.
    pub(crate) const fn is_foreign(&self) -> bool {
        matches!(self, Self::Unsupported(_) | Self::Purpose(_))
    }
}
