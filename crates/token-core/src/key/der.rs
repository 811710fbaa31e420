//! Keys in DER: PKCS#8, PKCS#1 and SEC 1 for private ones, SPKI and PKCS#1 for public ones.

use super::scheme::{Scheme, choose};
use super::{KeyError, SigningKey, VerificationKey, strength};
use crate::{Algorithm, KeyType};
use aws_lc_rs::signature::{EcdsaKeyPair, Ed25519KeyPair, RsaKeyPair};
use pkcs1::{RsaPrivateKeyRef, RsaPublicKeyRef};
use pkcs8::{
    AlgorithmIdentifierRef, ObjectIdentifier, PrivateKeyInfoRef, SubjectPublicKeyInfoRef, spki::AlgorithmIdentifier,
};

const ED25519: ObjectIdentifier = ObjectIdentifier::new_unwrap("1.3.101.112");
const EC_PUBLIC_KEY: ObjectIdentifier = ObjectIdentifier::new_unwrap("1.2.840.10045.2.1");
const P256: ObjectIdentifier = ObjectIdentifier::new_unwrap("1.2.840.10045.3.1.7");
const P384: ObjectIdentifier = ObjectIdentifier::new_unwrap("1.3.132.0.34");

/// PKCS#8 (RFC 5958).
pub(super) fn private_key_info(der: &[u8], wanted: Option<Algorithm>) -> Result<SigningKey, KeyError> {
    const LABEL: &str = "PRIVATE KEY";
    let invalid = |_| KeyError::Der(LABEL);
    let info = PrivateKeyInfoRef::try_from(der).map_err(|_| KeyError::Der(LABEL))?;
    let algorithm = choose(key_type(&info.algorithm)?, wanted, None)?;
    match Scheme::of(algorithm) {
        Scheme::Ed25519 => SigningKey::of_ed25519(algorithm, Ed25519KeyPair::from_pkcs8(der).map_err(invalid)?),
        Scheme::Ecdsa { signing, .. } => {
            SigningKey::of_ecdsa(algorithm, EcdsaKeyPair::from_pkcs8(signing, der).map_err(invalid)?)
        }
        Scheme::Rsa { .. } => rsa(info.private_key.as_bytes(), algorithm, LABEL),
        Scheme::Hmac(_) => Err(KeyError::UnsupportedKey),
    }
}

/// PKCS#1 (RFC 8017 appendix A.1.2).
pub(super) fn rsa_private_key(der: &[u8], wanted: Option<Algorithm>) -> Result<SigningKey, KeyError> {
    rsa(der, choose(KeyType::Rsa, wanted, None)?, "RSA PRIVATE KEY")
}

fn rsa(der: &[u8], algorithm: Algorithm, label: &'static str) -> Result<SigningKey, KeyError> {
    let key = RsaPrivateKeyRef::try_from(der).map_err(|_| KeyError::Der(label))?;
    // Before AWS-LC sees it, which would not say why.
    strength::check_rsa_signing(key.modulus.as_bytes(), key.public_exponent.as_bytes())?;
    SigningKey::of_rsa(algorithm, RsaKeyPair::from_der(der).map_err(|_| KeyError::Der(label))?)
}

/// SEC 1 (RFC 5915). AWS-LC reads it for a given curve; a key names its own.
pub(super) fn ec_private_key(der: &[u8], wanted: Option<Algorithm>) -> Result<SigningKey, KeyError> {
    const LABEL: &str = "EC PRIVATE KEY";
    for kind in [KeyType::P256, KeyType::P384] {
        let Some(algorithm) = kind.default_algorithm() else { continue };
        let Scheme::Ecdsa { signing, .. } = Scheme::of(algorithm) else { continue };
        if let Ok(pair) = EcdsaKeyPair::from_private_key_der(signing, der) {
            return SigningKey::of_ecdsa(choose(kind, wanted, None)?, pair);
        }
    }
    Err(KeyError::Der(LABEL))
}

/// SPKI (RFC 5280 §4.1.2.7).
pub(super) fn subject_public_key_info(der: &[u8], wanted: Option<Algorithm>) -> Result<VerificationKey, KeyError> {
    const LABEL: &str = "PUBLIC KEY";
    let info = SubjectPublicKeyInfoRef::try_from(der).map_err(|_| KeyError::Der(LABEL))?;
    let algorithm = choose(key_type(&info.algorithm)?, wanted, None)?;
    let key = info.subject_public_key.as_bytes().ok_or(KeyError::Der(LABEL))?;
    match algorithm.key_type() {
        KeyType::Ed25519 => VerificationKey::ed25519(algorithm, key),
        KeyType::P256 | KeyType::P384 => VerificationKey::ec(algorithm, key),
        KeyType::Rsa => rsa_public(key, algorithm, LABEL),
        KeyType::Secret => Err(KeyError::UnsupportedKey),
    }
}

/// PKCS#1 (RFC 8017 appendix A.1.1).
pub(super) fn rsa_public_key(der: &[u8], wanted: Option<Algorithm>) -> Result<VerificationKey, KeyError> {
    rsa_public(der, choose(KeyType::Rsa, wanted, None)?, "RSA PUBLIC KEY")
}

fn rsa_public(der: &[u8], algorithm: Algorithm, label: &'static str) -> Result<VerificationKey, KeyError> {
    let key = RsaPublicKeyRef::try_from(der).map_err(|_| KeyError::Der(label))?;
    VerificationKey::rsa(algorithm, key.modulus.as_bytes(), key.public_exponent.as_bytes())
}

/// The kind of key that an algorithm identifier names (RFC 5480, RFC 8017, RFC 8410).
fn key_type(identifier: &AlgorithmIdentifierRef<'_>) -> Result<KeyType, KeyError> {
    let AlgorithmIdentifier { oid, .. } = identifier;
    if *oid == ED25519 {
        return Ok(KeyType::Ed25519);
    }
    if *oid == pkcs1::ALGORITHM_OID {
        return Ok(KeyType::Rsa);
    }
    match identifier.parameters_oid() {
        Ok(curve) if *oid == EC_PUBLIC_KEY && curve == P256 => Ok(KeyType::P256),
        Ok(curve) if *oid == EC_PUBLIC_KEY && curve == P384 => Ok(KeyType::P384),
        _ => Err(KeyError::UnsupportedKey),
    }
}
