//! What AWS-LC calls each algorithm.

use super::KeyError;
use crate::{Algorithm, KeyType};
use aws_lc_rs::{hmac, signature as lc};

/// An algorithm as AWS-LC takes it: to sign, and to verify.
pub(super) enum Scheme {
    Ed25519,
    Ecdsa {
        signing: &'static lc::EcdsaSigningAlgorithm,
        verifying: &'static lc::EcdsaVerificationAlgorithm,
        /// Bytes in a coordinate.
        size: usize,
    },
    Rsa {
        signing: &'static lc::RsaSignatureEncoding,
        verifying: &'static lc::RsaParameters,
    },
    Hmac(hmac::Algorithm),
}

impl Scheme {
    pub(super) const fn of(algorithm: Algorithm) -> Self {
        match algorithm {
            Algorithm::EdDsa | Algorithm::Ed25519 => Self::Ed25519,
            Algorithm::Es256 => Self::Ecdsa {
                signing: &lc::ECDSA_P256_SHA256_FIXED_SIGNING,
                verifying: &lc::ECDSA_P256_SHA256_FIXED,
                size: 32,
            },
            Algorithm::Es384 => Self::Ecdsa {
                signing: &lc::ECDSA_P384_SHA384_FIXED_SIGNING,
                verifying: &lc::ECDSA_P384_SHA384_FIXED,
                size: 48,
            },
            Algorithm::Rs256 => Self::rsa(&lc::RSA_PKCS1_SHA256, &lc::RSA_PKCS1_2048_8192_SHA256),
            Algorithm::Rs384 => Self::rsa(&lc::RSA_PKCS1_SHA384, &lc::RSA_PKCS1_2048_8192_SHA384),
            Algorithm::Rs512 => Self::rsa(&lc::RSA_PKCS1_SHA512, &lc::RSA_PKCS1_2048_8192_SHA512),
            Algorithm::Ps256 => Self::rsa(&lc::RSA_PSS_SHA256, &lc::RSA_PSS_2048_8192_SHA256),
            Algorithm::Ps384 => Self::rsa(&lc::RSA_PSS_SHA384, &lc::RSA_PSS_2048_8192_SHA384),
            Algorithm::Ps512 => Self::rsa(&lc::RSA_PSS_SHA512, &lc::RSA_PSS_2048_8192_SHA512),
            Algorithm::Hs256 => Self::Hmac(hmac::HMAC_SHA256),
            Algorithm::Hs384 => Self::Hmac(hmac::HMAC_SHA384),
            Algorithm::Hs512 => Self::Hmac(hmac::HMAC_SHA512),
        }
    }

    const fn rsa(signing: &'static lc::RsaSignatureEncoding, verifying: &'static lc::RsaParameters) -> Self {
        Self::Rsa { signing, verifying }
    }
}

/// The algorithm of a key of this kind: the one that the caller wants, else the one that the key names, else the
/// kind's own. All of them must agree.
pub(super) fn choose(
    kind: KeyType,
    wanted: Option<Algorithm>,
    named: Option<Algorithm>,
) -> Result<Algorithm, KeyError> {
    if named.is_some_and(|named| named.key_type() != kind || wanted.is_some_and(|wanted| wanted != named)) {
        return Err(KeyError::AlgorithmDisagrees);
    }
    let algorithm = wanted.or(named).or(kind.default_algorithm()).ok_or(KeyError::Missing("alg"))?;
    if algorithm.key_type() == kind { Ok(algorithm) } else { Err(KeyError::OtherKeyType { algorithm, got: kind }) }
}
