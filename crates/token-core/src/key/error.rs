//! Why a key is refused.

use crate::{Algorithm, KeyType, strict::JsonError};

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
    /// An RSA modulus below 2048 bits.
    #[error(
        "an RSA key needs at least 2048 bits and this one has {bits}: make one with `openssl genpkey -algorithm RSA -pkeyopt rsa_keygen_bits:3072`"
    )]
    RsaTooShort {
        /// Bits of its modulus.
        bits: usize,
    },
    /// An RSA modulus beyond 8192 bits.
    #[error(
        "an RSA key may have at most 8192 bits and this one has {bits}: make one with `openssl genpkey -algorithm RSA -pkeyopt rsa_keygen_bits:3072`"
    )]
    RsaTooLong {
        /// Bits of its modulus.
        bits: usize,
    },
    /// An RSA public exponent that is even, 1, longer than 33 bits, or below 65537 in a key that is to sign.
    #[error(
        "the RSA key's public exponent is not acceptable (65537 is usual, and the least for signing): make a key with `openssl genpkey -algorithm RSA -pkeyopt rsa_keygen_bits:3072`"
    )]
    RsaExponent,
    /// The bytes are not a private key of that algorithm.
    #[error("not an unencrypted PKCS#8 private key in DER for {0}")]
    Pkcs8(Algorithm),
    /// There is no PEM block in the text, or it is damaged.
    #[error("the text is not PEM: expected one block such as `-----BEGIN PRIVATE KEY-----` and its end")]
    NotPem,
    /// The PEM block is something else than a key of a known form. Its label, cut to 64 characters.
    #[error(
        "a PEM block {0:?} is not a key that can be read: convert a private key with `openssl pkcs8 -topk8 -nocrypt -in FILE`, take a certificate's key with `openssl x509 -in FILE -noout -pubkey`"
    )]
    PemLabel(String),
    /// The text holds several keys where one is meant.
    #[error("the text holds several keys: hand over one at a time")]
    SeveralKeys,
    /// The private key is protected by a passphrase.
    #[error(
        "the private key is encrypted: decrypt it with `openssl pkey -in FILE -out PLAIN`, import PLAIN, then delete it"
    )]
    Encrypted,
    /// The DER inside a PEM block is not what its label says, or the key in it is not valid.
    #[error("the PEM block {0:?} holds no valid key: check it with `openssl pkey -in FILE -check`")]
    Der(&'static str),
    /// The key is of a kind that this version cannot do.
    #[error(
        "the key is neither Ed25519 nor on P-256 or P-384 nor RSA: make one with `openssl genpkey -algorithm ED25519`"
    )]
    UnsupportedKey,
    /// The algorithm that was asked for takes another kind of key.
    #[error("{algorithm} does not work with {got}: it takes {}", algorithm.key_type())]
    OtherKeyType {
        /// The algorithm that was asked for.
        algorithm: Algorithm,
        /// The kind that was given.
        got: KeyType,
    },
    /// The JWK or JWK set is not acceptable JSON.
    #[error("the JWK is refused: {0}")]
    Json(#[from] JsonError),
    /// A member is missing.
    #[error("the JWK has no `{0}`")]
    Missing(&'static str),
    /// A member has the wrong type, encoding or length.
    #[error("the JWK's `{0}` is malformed")]
    Member(&'static str),
    /// `kty`, `crv` or `alg` names something that this version cannot do, or the key has more than two primes (`oth`).
    #[error(
        "the JWK's `{0}` is not supported: use OKP with Ed25519, EC with P-256 or P-384, RSA of two primes, or oct with HS256, HS384 or HS512"
    )]
    Unsupported(&'static str),
    /// `alg` does not fit `kty` and `crv`, or is not the algorithm that was asked for.
    #[error("the JWK's `alg` disagrees with its key type or with the algorithm that was asked for")]
    AlgorithmDisagrees,
    /// `use` or `key_ops` says that the key is not for signatures (RFC 7517 §4.2, §4.3), or the two disagree.
    #[error("the JWK's `{0}` says that it is not for this end of signatures: signing needs `sign`, verifying `verify`")]
    Purpose(&'static str),
    /// A private member stands where a public key belongs.
    #[error(
        "the JWK holds a private key (`{0}`): hand over the public half, and replace the key if this text was shared"
    )]
    PrivateMember(&'static str),
    /// A private key in PEM stands where a public key belongs.
    #[error(
        "the PEM holds a private key: hand over its public half (`openssl pkey -in FILE -pubout`), and replace the key if this text was shared"
    )]
    PrivatePem,
    /// A public key stands where a private key belongs.
    #[error("this is a public key, which cannot sign: hand over the private one")]
    NotPrivate,
    /// The private and the public half do not belong together, or the private numbers contradict each other.
    #[error("the private and the public half of the key do not belong together: export the key again")]
    Mismatched,
    /// The coordinates are not a point that may serve as a public key.
    #[error("the JWK's coordinates are not a valid public key on its curve")]
    InvalidPoint,
    /// The numbers are not a public key.
    #[error("the numbers are not a valid public key: export the key again")]
    InvalidPublicKey,
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
