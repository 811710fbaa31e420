//! The half of a key that signs.

use super::{KeyError, VerificationKey};
use crate::Algorithm;
use aws_lc_rs::{
    rand::{self, SystemRandom},
    signature::{ECDSA_P256_SHA256_FIXED_SIGNING, EcdsaKeyPair, Ed25519KeyPair, KeyPair},
};
use jsonwebtoken::{EncodingKey, crypto::aws_lc::DEFAULT_PROVIDER};
use std::fmt;
use zeroize::Zeroizing;

/// A key that signs with one algorithm. Its memory is wiped when it is dropped, and `Debug` shows none of it.
pub struct SigningKey {
    material: EncodingKey,
    verification: VerificationKey,
}

/// The cryptographic library could not sign.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(crate) struct SigningFailed;

impl SigningKey {
    /// Makes a new key from the random generator of AWS-LC.
    ///
    /// # Errors
    /// [`KeyError::Generation`] when the generator fails.
    pub fn generate(algorithm: Algorithm) -> Result<Self, KeyError> {
        match algorithm {
            Algorithm::EdDsa => {
                let pkcs8 = Ed25519KeyPair::generate_pkcs8(&SystemRandom::new()).map_err(|_| KeyError::Generation)?;
                Self::from_bytes(algorithm, pkcs8.as_ref())
            }
            Algorithm::Es256 => {
                let pkcs8 = EcdsaKeyPair::generate_pkcs8(&ECDSA_P256_SHA256_FIXED_SIGNING, &SystemRandom::new())
                    .map_err(|_| KeyError::Generation)?;
                Self::from_bytes(algorithm, pkcs8.as_ref())
            }
            Algorithm::Hs256 => {
                let mut secret = Zeroizing::new([0; 32]);
                rand::fill(secret.as_mut_slice()).map_err(|_| KeyError::Generation)?;
                Self::from_bytes(algorithm, secret.as_slice())
            }
        }
    }

    /// Reads a key: PKCS#8 DER (RFC 5958, unencrypted) for `EdDSA` and `ES256`, the raw secret for `HS256`.
    ///
    /// # Errors
    /// [`KeyError::Pkcs8`] when the bytes are not such a key, [`KeyError::SecretTooShort`] for a secret below the
    /// hash's size.
    pub fn from_bytes(algorithm: Algorithm, bytes: &[u8]) -> Result<Self, KeyError> {
        let refused = |_| KeyError::Pkcs8(algorithm);
        if !algorithm.is_symmetric() && !is_one_der_sequence(bytes) {
            return Err(KeyError::Pkcs8(algorithm));
        }
        match algorithm {
            Algorithm::EdDsa => {
                let pair = Ed25519KeyPair::from_pkcs8(bytes).map_err(refused)?;
                let point = pair.public_key().as_ref().try_into().map_err(|_| KeyError::Pkcs8(algorithm))?;
                let verification = VerificationKey::ed25519(point)?;
                Ok(Self { material: EncodingKey::from_ed_der(bytes), verification })
            }
            Algorithm::Es256 => {
                let pair = EcdsaKeyPair::from_pkcs8(&ECDSA_P256_SHA256_FIXED_SIGNING, bytes).map_err(refused)?;
                // Uncompressed: 0x04, x, y (SEC 1 §2.3.3).
                let (x, y) = match pair.public_key().as_ref().split_first() {
                    Some((4, coordinates)) if coordinates.len() == 64 => coordinates.split_at(32),
                    _ => return Err(KeyError::Pkcs8(algorithm)),
                };
                let coordinate = |bytes: &[u8]| bytes.try_into().map_err(|_| KeyError::Pkcs8(algorithm));
                let verification = VerificationKey::p256(&coordinate(x)?, &coordinate(y)?)?;
                Ok(Self { material: EncodingKey::from_ec_der(bytes), verification })
            }
            Algorithm::Hs256 => {
                let verification = VerificationKey::secret(algorithm, bytes)?;
                Ok(Self { material: EncodingKey::from_secret(bytes), verification })
            }
        }
    }

    /// The key in the form that [`SigningKey::from_bytes`] reads. Whoever holds these bytes can sign: seal them.
    #[must_use]
    pub fn to_bytes(&self) -> Zeroizing<Vec<u8>> {
        Zeroizing::new(self.material.as_bytes().to_vec())
    }

    /// The key's name: its RFC 7638 thumbprint.
    ///
    /// For a secret it is a hash of the secret, which tells a guesser no more than any token signed with it does.
    #[must_use]
    pub fn kid(&self) -> &str {
        self.verification.kid()
    }

    /// The only algorithm that it signs with.
    #[must_use]
    pub const fn algorithm(&self) -> Algorithm {
        self.verification.algorithm()
    }

    /// The half that verifies what this one signs.
    #[must_use]
    pub fn verification_key(&self) -> VerificationKey {
        self.verification.clone()
    }

    pub(crate) fn sign(&self, message: &[u8]) -> Result<Vec<u8>, SigningFailed> {
        let signer = (DEFAULT_PROVIDER.signer_factory)(&self.algorithm().to_jsonwebtoken(), &self.material)
            .map_err(|_| SigningFailed)?;
        signer.try_sign(message).map_err(|_| SigningFailed)
    }
}

impl fmt::Debug for SigningKey {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.debug_struct("SigningKey")
            .field("algorithm", &self.algorithm())
            .field("kid", &self.kid())
            .finish_non_exhaustive()
    }
}

/// Whether a DER sequence fills the bytes to the end (X.690 §8.1.3): AWS-LC would ignore whatever follows it.
fn is_one_der_sequence(bytes: &[u8]) -> bool {
    match *bytes {
        [0x30, 0x82, high, low, ref content @ ..] => usize::from(u16::from_be_bytes([high, low])) == content.len(),
        [0x30, 0x81, length, ref content @ ..] | [0x30, length, ref content @ ..] => {
            usize::from(length) == content.len()
        }
        _ => false,
    }
}
