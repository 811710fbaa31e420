//! The half of a key that verifies.

use super::jwk::{self, PublicJwk, PublicParameters};
use super::{KeyError, SigningKey};
use crate::{Algorithm, VerifyError, strict};
use aws_lc_rs::signature::{ECDSA_P256_SHA256_FIXED, UnparsedPublicKey};
use jsonwebtoken::{DecodingKey, crypto::aws_lc::DEFAULT_PROVIDER};
use serde_json::{Map, Value};
use std::fmt;
use zeroize::Zeroizing;

/// A key that verifies signatures of one algorithm.
///
/// For a key pair it is the public half. For HMAC it is the secret itself: it then has no public form, and neither
/// `Debug` nor a JWK shows it.
#[derive(Clone)]
pub struct VerificationKey {
    algorithm: Algorithm,
    kid: String,
    /// `None` for a secret.
    public: Option<PublicParameters>,
    material: DecodingKey,
}

/// Longest `kid` that is taken from a JWK, in bytes.
const MAX_KID_LEN: usize = 256;

/// Members that only private keys have (RFC 7518 §6.2.2, §6.3.2, RFC 8037 §2).
const PRIVATE_MEMBERS: [&str; 7] = ["d", "p", "q", "dp", "dq", "qi", "oth"];

impl VerificationKey {
    /// Reads a JWK (RFC 7517): `OKP` with Ed25519, `EC` with P-256, or `oct` with an `alg`.
    ///
    /// The key keeps the JWK's `kid`; without one it is named by its RFC 7638 thumbprint. Without `alg` the algorithm
    /// follows from the curve.
    ///
    /// # Errors
    /// [`KeyError`]: not strict JSON, a member missing or malformed, an unsupported type, `use`, `key_ops` or `alg`
    /// that disagrees, a private member, a point that is not on the curve or of small order, a secret that is too short.
    pub fn from_jwk(jwk: &str) -> Result<Self, KeyError> {
        Self::from_members(&strict::object(jwk.as_bytes())?)
    }

    pub(crate) fn from_members(members: &Map<String, Value>) -> Result<Self, KeyError> {
        let kty = jwk::string(members, "kty")?;
        // First, so that a private key is never passed over in silence because something else is wrong with it.
        if kty != "oct"
            && let Some(name) = PRIVATE_MEMBERS.into_iter().find(|name| members.contains_key(*name))
        {
            return Err(KeyError::PrivateMember(name));
        }
        jwk::check_purpose(members)?;
        let alg = match jwk::optional_string(members, "alg")? {
            None => None,
            Some(name) => Some(name.parse::<Algorithm>().map_err(|_| KeyError::Unsupported("alg"))?),
        };
        let mut key = match kty {
            "OKP" => match jwk::string(members, "crv")? {
                "Ed25519" => Self::ed25519(&coordinate(members, "x")?)?,
                _ => return Err(KeyError::Unsupported("crv")),
            },
            "EC" => match jwk::string(members, "crv")? {
                "P-256" => Self::p256(&coordinate(members, "x")?, &coordinate(members, "y")?)?,
                _ => return Err(KeyError::Unsupported("crv")),
            },
            "oct" => {
                let algorithm = alg.ok_or(KeyError::Missing("alg"))?;
                if !algorithm.is_symmetric() {
                    return Err(KeyError::AlgorithmDisagrees);
                }
                let k = strict::base64url(jwk::string(members, "k")?).map_err(|_| KeyError::Member("k"))?;
                Self::secret(algorithm, &Zeroizing::new(k))?
            }
            _ => return Err(KeyError::Unsupported("kty")),
        };
        if alg.is_some_and(|alg| alg != key.algorithm) {
            return Err(KeyError::AlgorithmDisagrees);
        }
        if let Some(kid) = jwk::optional_string(members, "kid")? {
            if kid.is_empty() || kid.len() > MAX_KID_LEN {
                return Err(KeyError::Member("kid"));
            }
            kid.clone_into(&mut key.kid);
        }
        Ok(key)
    }

    pub(super) fn ed25519(point: &[u8; 32]) -> Result<Self, KeyError> {
        if is_weak_ed25519(point) {
            return Err(KeyError::InvalidPoint);
        }
        let public = PublicParameters::Okp { crv: "Ed25519", x: strict::to_base64url(point) };
        Ok(Self::of_pair(Algorithm::EdDsa, public, DecodingKey::from_ed_der(point)))
    }

    pub(super) fn p256(x: &[u8; 32], y: &[u8; 32]) -> Result<Self, KeyError> {
        let point = [&[4], x.as_slice(), y].concat();
        UnparsedPublicKey::new(&ECDSA_P256_SHA256_FIXED, &point).parse().map_err(|_| KeyError::InvalidPoint)?;
        let public = PublicParameters::Ec { crv: "P-256", x: strict::to_base64url(x), y: strict::to_base64url(y) };
        Ok(Self::of_pair(Algorithm::Es256, public, DecodingKey::from_ec_der(&point)))
    }

    pub(super) fn secret(algorithm: Algorithm, secret: &[u8]) -> Result<Self, KeyError> {
        let need = algorithm.min_secret_len();
        if secret.len() < need {
            return Err(KeyError::SecretTooShort { algorithm, need, got: secret.len() });
        }
        let kid = jwk::thumbprint_of_secret(secret);
        Ok(Self { algorithm, kid, public: None, material: DecodingKey::from_secret(secret) })
    }

    fn of_pair(algorithm: Algorithm, public: PublicParameters, material: DecodingKey) -> Self {
        Self { algorithm, kid: public.thumbprint(), public: Some(public), material }
    }

    /// The key's name, which a token's `kid` must equal.
    #[must_use]
    pub fn kid(&self) -> &str {
        &self.kid
    }

    /// The only algorithm whose signatures it accepts.
    #[must_use]
    pub const fn algorithm(&self) -> Algorithm {
        self.algorithm
    }

    /// The public key as a JWK; `None` for a secret, which has no public half.
    #[must_use]
    pub fn to_jwk(&self) -> Option<PublicJwk> {
        let parameters = self.public.clone()?;
        Some(PublicJwk { parameters, kid: self.kid.clone(), alg: self.algorithm, usage: "sig" })
    }

    /// Verifies a bare signature over a message: the primitive, without any rule about tokens.
    ///
    /// Use [`Verifier`](crate::Verifier) for access tokens and [`Jws`](crate::Jws) for other signed objects.
    ///
    /// # Errors
    /// [`VerifyError::Signature`] unless the signature is good, of the right length and in the algorithm's JWA form.
    pub fn verify(&self, message: &[u8], signature: &[u8]) -> Result<(), VerifyError> {
        // The provider is named here, not looked up in the process: nobody can install another, and a second crypto
        // feature switched on elsewhere in the build changes nothing.
        let verifier = (DEFAULT_PROVIDER.verifier_factory)(&self.algorithm.to_jsonwebtoken(), &self.material)
            .map_err(|_| VerifyError::Signature)?;
        verifier.verify(message, &signature.to_vec()).map_err(|_| VerifyError::Signature)
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
            .field("algorithm", &self.algorithm)
            .field("kid", &self.kid)
            .finish_non_exhaustive()
    }
}

fn coordinate(members: &Map<String, Value>, name: &'static str) -> Result<[u8; 32], KeyError> {
    let bytes = strict::base64url(jwk::string(members, name)?).map_err(|_| KeyError::Member(name))?;
    bytes.try_into().map_err(|_| KeyError::Member(name))
}

/// Whether the point is of small order, so that anyone can sign for it, or its encoding is not canonical (y >= p).
fn is_weak_ed25519(point: &[u8; 32]) -> bool {
    const ORDER_8: [[u8; 32]; 2] = [
        [
            0x26, 0xe8, 0x95, 0x8f, 0xc2, 0xb2, 0x27, 0xb0, 0x45, 0xc3, 0xf4, 0x89, 0xf2, 0xef, 0x98, 0xf0, 0xd5, 0xdf,
            0xac, 0x05, 0xd3, 0xc6, 0x33, 0x39, 0xb1, 0x38, 0x02, 0x88, 0x6d, 0x53, 0xfc, 0x05,
        ],
        [
            0xc7, 0x17, 0x6a, 0x70, 0x3d, 0x4d, 0xd8, 0x4f, 0xba, 0x3c, 0x0b, 0x76, 0x0d, 0x10, 0x67, 0x0f, 0x2a, 0x20,
            0x53, 0xfa, 0x2c, 0x39, 0xcc, 0xc6, 0x4e, 0xc7, 0xfd, 0x77, 0x92, 0xac, 0x03, 0x7a,
        ],
    ];
    let mut y = *point;
    let [first, middle @ .., last] = &mut y;
    // The highest bit is the sign of x and says nothing about the order.
    *last &= 0x7f;
    let zero_or_one = *first <= 1 && middle.iter().all(|byte| *byte == 0) && *last == 0;
    // p ends in 0xed: from p - 1 (order 2) upwards nothing is acceptable.
    let minus_one_or_beyond = *first >= 0xec && middle.iter().all(|byte| *byte == 0xff) && *last == 0x7f;
    zero_or_one || minus_one_or_beyond || ORDER_8.contains(&y)
}
