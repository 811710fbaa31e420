//! The half of a key that verifies.

use super::jwk::{self, PublicJwk, PublicParameters};
use super::scheme::{Scheme, choose};
use super::{KeyError, SigningKey, pem, strength};
use crate::{Algorithm, KeyType, VerifyError, strict};
use aws_lc_rs::{
    encoding::AsDer,
    hmac,
    signature::{ED25519, ParsedPublicKey, RsaPublicKeyComponents},
};
use jsonwebtoken::crypto::JwtVerifier;
use serde_json::{Map, Value};
use std::{
    fmt,
    sync::{Arc, Weak},
};
use zeroize::Zeroizing;

/// A key that verifies signatures of one algorithm. A clone shares the parsed key.
///
/// For a key pair it is the public half. For HMAC it is the secret itself: it then has no public form, and neither
/// `Debug` nor a JWK shows it.
#[derive(Clone)]
pub struct VerificationKey(Arc<Inner>);

/// Which parsed key it was. It keeps no key alive, and no other key ever has it, since it keeps the key's place in memory.
#[derive(Clone)]
pub(crate) struct KeyIdentity(Weak<Inner>);

impl KeyIdentity {
    #[inline]
    pub(crate) fn is_of(&self, key: &VerificationKey) -> bool {
        std::ptr::eq(self.0.as_ptr(), Arc::as_ptr(&key.0))
    }
}

struct Inner {
    algorithm: Algorithm,
    kid: String,
    material: Material,
}

enum Material {
    Public { parameters: PublicParameters, key: ParsedPublicKey },
    Secret(Box<hmac::Key>),
}

/// Longest `kid` that is taken from a JWK, in bytes.
const MAX_KID_LEN: usize = 256;

/// Members that only private keys have (RFC 7518 §6.2.2, §6.3.2, RFC 8037 §2).
const PRIVATE_MEMBERS: [&str; 7] = ["d", "p", "q", "dp", "dq", "qi", "oth"];

impl VerificationKey {
    /// Reads a JWK (RFC 7517): `OKP` with Ed25519, `EC` with P-256 or P-384, `RSA`, or `oct` with an `alg`.
    ///
    /// The key keeps the JWK's `kid`; without one it is named by its RFC 7638 thumbprint. Without `alg` the algorithm
    /// is the key type's own ([`KeyType::default_algorithm`]).
    ///
    /// # Errors
    /// [`KeyError`]: not strict JSON, a member missing or malformed, an unsupported type, `use`, `key_ops` or `alg`
    /// that disagrees, a private member, a point that is not on the curve or of small order, an RSA key or a secret
    /// that is too short.
    pub fn from_jwk(jwk: &str) -> Result<Self, KeyError> {
        Self::from_members(&strict::object(jwk.as_bytes())?)
    }

    /// Reads a public key in PEM: `PUBLIC KEY` (RFC 5280) or `RSA PUBLIC KEY` (RFC 8017).
    ///
    /// The algorithm is the one given, else the key type's own ([`KeyType::default_algorithm`]). The key is named by
    /// its RFC 7638 thumbprint.
    ///
    /// # Errors
    /// [`KeyError`]: not PEM, another kind of block, a private key, a key that is weak, malformed or of another type
    /// than the algorithm's.
    pub fn from_pem(pem: &str, algorithm: Option<Algorithm>) -> Result<Self, KeyError> {
        pem::public(pem, algorithm)
    }

    pub(crate) fn from_members(members: &Map<String, Value>) -> Result<Self, KeyError> {
        let kty = jwk::string(members, "kty")?;
        // First, so that a private key is never passed over in silence because something else is wrong with it.
        if kty != "oct"
            && let Some(name) = PRIVATE_MEMBERS.into_iter().find(|name| members.contains_key(*name))
        {
            return Err(KeyError::PrivateMember(name));
        }
        jwk::check_purpose(members, "verify")?;
        let algorithm = choose(jwk::key_type(members)?, None, jwk::algorithm(members)?)?;
        let mut key = match algorithm.key_type() {
            KeyType::Ed25519 => Inner::ed25519(algorithm, &jwk::bytes(members, "x")?)?,
            KeyType::P256 | KeyType::P384 => {
                Inner::ec(algorithm, &jwk::bytes(members, "x")?, &jwk::bytes(members, "y")?)?
            }
            KeyType::Rsa => Inner::rsa(algorithm, &jwk::bytes(members, "n")?, &jwk::bytes(members, "e")?)?,
            KeyType::Secret => Inner::secret(algorithm, &Zeroizing::new(jwk::bytes(members, "k")?))?,
        };
        if let Some(kid) = jwk::optional_string(members, "kid")? {
            if kid.is_empty() || kid.len() > MAX_KID_LEN {
                return Err(KeyError::Member("kid"));
            }
            kid.clone_into(&mut key.kid);
        }
        Ok(Self(Arc::new(key)))
    }

    pub(super) fn ed25519(algorithm: Algorithm, point: &[u8]) -> Result<Self, KeyError> {
        Inner::ed25519(algorithm, point).map(|key| Self(Arc::new(key)))
    }

    /// From an uncompressed point: 4, x, y (SEC 1 §2.3.3).
    pub(super) fn ec(algorithm: Algorithm, point: &[u8]) -> Result<Self, KeyError> {
        match point {
            [4, coordinates @ ..] if coordinates.len() % 2 == 0 => {
                let (x, y) = coordinates.split_at(coordinates.len() / 2);
                Inner::ec(algorithm, x, y).map(|key| Self(Arc::new(key)))
            }
            _ => Err(KeyError::InvalidPublicKey),
        }
    }

    pub(super) fn rsa(algorithm: Algorithm, modulus: &[u8], exponent: &[u8]) -> Result<Self, KeyError> {
        Inner::rsa(algorithm, modulus, exponent).map(|key| Self(Arc::new(key)))
    }

    pub(super) fn secret(algorithm: Algorithm, secret: &[u8]) -> Result<Self, KeyError> {
        Inner::secret(algorithm, secret).map(|key| Self(Arc::new(key)))
    }

    pub(crate) fn identity(&self) -> KeyIdentity {
        KeyIdentity(Arc::downgrade(&self.0))
    }

    /// The key's name, which a token's `kid` must equal.
    #[must_use]
    pub fn kid(&self) -> &str {
        &self.0.kid
    }

    /// The only algorithm whose signatures it accepts.
    #[must_use]
    pub fn algorithm(&self) -> Algorithm {
        self.0.algorithm
    }

    /// The public key as a JWK; `None` for a secret, which has no public half.
    #[must_use]
    pub fn to_jwk(&self) -> Option<PublicJwk> {
        let Material::Public { parameters, .. } = &self.0.material else { return None };
        let parameters = parameters.clone();
        Some(PublicJwk { parameters, kid: self.0.kid.clone(), alg: self.0.algorithm, usage: "sig" })
    }

    /// The public key in PEM, as `PUBLIC KEY` (RFC 5280); `None` for a secret, which has no public half.
    #[must_use]
    pub fn to_pem(&self) -> Option<String> {
        let Material::Public { key, .. } = &self.0.material else { return None };
        Some(pem::of_public(key.as_der().ok()?.as_ref()))
    }

    /// Verifies a bare signature over a message: the primitive, without any rule about tokens.
    ///
    /// Use [`Verifier`](crate::Verifier) for access tokens and [`Jws`](crate::Jws) for other signed objects.
    ///
    /// # Errors
    /// [`VerifyError::Signature`] unless the signature is good, of the right length and in the algorithm's JWA form.
    pub fn verify(&self, message: &[u8], signature: &[u8]) -> Result<(), VerifyError> {
        match &self.0.material {
            Material::Public { key, .. } => key.verify_sig(message, signature),
            Material::Secret(secret) => hmac::verify(secret, message, signature),
        }
        .map_err(|_| VerifyError::Signature)
    }
}

impl Inner {
    fn ed25519(algorithm: Algorithm, point: &[u8]) -> Result<Self, KeyError> {
        let point = point.try_into().map_err(|_| KeyError::Member("x"))?;
        if strength::is_weak_ed25519(point) {
            return Err(KeyError::InvalidPoint);
        }
        let key = ParsedPublicKey::new(&ED25519, point).map_err(|_| KeyError::InvalidPoint)?;
        let parameters = PublicParameters::Okp { crv: "Ed25519", x: strict::to_base64url(point) };
        Ok(Self::of_pair(algorithm, parameters, key))
    }

    fn ec(algorithm: Algorithm, x: &[u8], y: &[u8]) -> Result<Self, KeyError> {
        let Scheme::Ecdsa { verifying, size, .. } = Scheme::of(algorithm) else {
            return Err(KeyError::AlgorithmDisagrees);
        };
        for (name, coordinate) in [("x", x), ("y", y)] {
            if coordinate.len() != size {
                return Err(KeyError::Member(name));
            }
        }
        let point = [&[4], x, y].concat();
        let key = ParsedPublicKey::new(verifying, &point).map_err(|_| KeyError::InvalidPoint)?;
        let crv = algorithm.key_type().crv().unwrap_or_default();
        let parameters = PublicParameters::Ec { crv, x: strict::to_base64url(x), y: strict::to_base64url(y) };
        Ok(Self::of_pair(algorithm, parameters, key))
    }

    fn rsa(algorithm: Algorithm, n: &[u8], e: &[u8]) -> Result<Self, KeyError> {
        let Scheme::Rsa { verifying, .. } = Scheme::of(algorithm) else { return Err(KeyError::AlgorithmDisagrees) };
        strength::check_rsa(n, e)?;
        let components = RsaPublicKeyComponents { n, e };
        let key = components.to_parsed_public_key(verifying).map_err(|_| KeyError::InvalidPublicKey)?;
        let parameters = PublicParameters::Rsa { n: strict::to_base64url(n), e: strict::to_base64url(e) };
        Ok(Self::of_pair(algorithm, parameters, key))
    }

    fn secret(algorithm: Algorithm, secret: &[u8]) -> Result<Self, KeyError> {
        let Scheme::Hmac(hash) = Scheme::of(algorithm) else { return Err(KeyError::AlgorithmDisagrees) };
        let need = algorithm.min_secret_len();
        if secret.len() < need {
            return Err(KeyError::SecretTooShort { algorithm, need, got: secret.len() });
        }
        let kid = jwk::thumbprint_of_secret(secret);
        Ok(Self { algorithm, kid, material: Material::Secret(Box::new(hmac::Key::new(hash, secret))) })
    }

    fn of_pair(algorithm: Algorithm, parameters: PublicParameters, key: ParsedPublicKey) -> Self {
        Self { algorithm, kid: parameters.thumbprint(), material: Material::Public { parameters, key } }
    }
}

impl signature::Verifier<Vec<u8>> for VerificationKey {
    fn verify(&self, message: &[u8], signature: &Vec<u8>) -> Result<(), signature::Error> {
        Self::verify(self, message, signature).map_err(|_| signature::Error::new())
    }
}

impl JwtVerifier for VerificationKey {
    fn algorithm(&self) -> jsonwebtoken::Algorithm {
        self.0.algorithm.into()
    }
}

impl From<&SigningKey> for VerificationKey {
    fn from(key: &SigningKey) -> Self {
        key.verification_key()
    }
}

impl fmt::Debug for VerificationKey {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.debug_struct("VerificationKey")
            .field("algorithm", &self.0.algorithm)
            .field("kid", &self.0.kid)
            .finish_non_exhaustive()
    }
}
