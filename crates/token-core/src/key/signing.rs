//! The half of a key that signs.

use super::scheme::Scheme;
use super::{KeyError, VerificationKey, der, pem, private_jwk, strength};
use crate::Algorithm;
use aws_lc_rs::{
    encoding::AsDer,
    hmac,
    rand::{self, SystemRandom},
    rsa::KeySize,
    signature::{EcdsaKeyPair, Ed25519KeyPair, KeyPair, RsaKeyPair, RsaPublicKeyComponents, RsaSignatureEncoding},
};
use jsonwebtoken::crypto::JwtSigner;
use std::{fmt, sync::Arc};
use zeroize::Zeroizing;

/// A key that signs with one algorithm. A clone shares the parsed key.
///
/// Its memory is wiped when the last clone is dropped, and `Debug` shows none of it.
#[derive(Clone)]
pub struct SigningKey(Arc<Inner>);

struct Inner {
    pair: Pair,
    /// What [`SigningKey::to_bytes`] gives out.
    stored: Zeroizing<Vec<u8>>,
    verification: VerificationKey,
}

enum Pair {
    Ed25519(Ed25519KeyPair),
    Ecdsa(EcdsaKeyPair),
    Rsa(RsaKeyPair, &'static RsaSignatureEncoding),
    Secret(Box<hmac::Key>),
}

impl SigningKey {
    /// Makes a new key from the random generator of AWS-LC. An RSA key has 3072 bits, a secret the hash's size.
    ///
    /// # Errors
    /// [`KeyError::Generation`] when the generator fails.
    pub fn generate(algorithm: Algorithm) -> Result<Self, KeyError> {
        let failed = |_| KeyError::Generation;
        match Scheme::of(algorithm) {
            Scheme::Ed25519 => Self::of_ed25519(algorithm, Ed25519KeyPair::generate().map_err(failed)?),
            Scheme::Ecdsa { signing, .. } => {
                Self::of_ecdsa(algorithm, EcdsaKeyPair::generate(signing).map_err(failed)?)
            }
            Scheme::Rsa { .. } => Self::of_rsa(algorithm, RsaKeyPair::generate(KeySize::Rsa3072).map_err(failed)?),
            Scheme::Hmac(_) => {
                let mut secret = Zeroizing::new(vec![0; algorithm.min_secret_len()]);
                rand::fill(&mut secret).map_err(failed)?;
                Self::of_secret(algorithm, &secret)
            }
        }
    }

    /// Reads a key as [`to_bytes`](Self::to_bytes) gives it: PKCS#8 DER (RFC 5958, unencrypted) for key pairs, the raw
    /// secret for `HS*`.
    ///
    /// # Errors
    /// [`KeyError::Pkcs8`] when the bytes are not such a key of this algorithm, or why the key is too weak.
    pub fn from_bytes(algorithm: Algorithm, bytes: &[u8]) -> Result<Self, KeyError> {
        if algorithm.is_symmetric() {
            return Self::of_secret(algorithm, bytes);
        }
        der::private_key_info(bytes, Some(algorithm)).map_err(|error| match error {
            KeyError::RsaTooShort { .. } | KeyError::RsaTooLong { .. } | KeyError::RsaExponent => error,
            _ => KeyError::Pkcs8(algorithm),
        })
    }

    /// Reads an unencrypted private key in PEM: `PRIVATE KEY` (PKCS#8), `EC PRIVATE KEY` (SEC 1) or `RSA PRIVATE KEY`
    /// (PKCS#1). `EC PARAMETERS` beside it are passed over.
    ///
    /// The algorithm is the one given, else the key type's own
    /// ([`KeyType::default_algorithm`](crate::KeyType::default_algorithm)).
    ///
    /// # Errors
    /// [`KeyError`], saying what is wrong and how to make a good key.
    pub fn from_pem(pem: &str, algorithm: Option<Algorithm>) -> Result<Self, KeyError> {
        pem::private(pem, algorithm)
    }

    /// Reads a private JWK (RFC 7517) as strictly as a public one: `OKP` with Ed25519, `EC` with P-256 or P-384, `RSA`
    /// with its primes, or `oct`. The public members must belong to the private ones.
    ///
    /// The algorithm is the one given, else the JWK's `alg`, else the key type's own. The key is named by its
    /// thumbprint, whatever the JWK's `kid` says.
    ///
    /// # Errors
    /// [`KeyError`], saying what is wrong; [`KeyError::NotPrivate`] for a public key.
    pub fn from_jwk(jwk: &str, algorithm: Option<Algorithm>) -> Result<Self, KeyError> {
        private_jwk::read(jwk, algorithm)
    }

    /// Reads the private keys of a JWK set (RFC 7517 §5), in its order.
    ///
    /// Keys of an unsupported type, or for another purpose than signing, are left out, as the RFC asks.
    ///
    /// # Errors
    /// [`KeyError`] when the text is not strict JSON with an array `keys`, a key is malformed, weak or public, or a key
    /// occurs twice.
    pub fn list_from_jwks(jwks: &str, algorithm: Option<Algorithm>) -> Result<Vec<Self>, KeyError> {
        private_jwk::read_set(jwks, algorithm)
    }

    pub(super) fn of_ed25519(algorithm: Algorithm, pair: Ed25519KeyPair) -> Result<Self, KeyError> {
        let verification = VerificationKey::ed25519(algorithm, pair.public_key().as_ref())?;
        let stored = pair.to_pkcs8().map_err(|_| KeyError::Generation)?;
        Ok(Self::assemble(stored.as_ref(), Pair::Ed25519(pair), verification))
    }

    pub(super) fn of_ecdsa(algorithm: Algorithm, pair: EcdsaKeyPair) -> Result<Self, KeyError> {
        let verification = VerificationKey::ec(algorithm, pair.public_key().as_ref())?;
        let stored = pair.to_pkcs8v1().map_err(|_| KeyError::Generation)?;
        Ok(Self::assemble(stored.as_ref(), Pair::Ecdsa(pair), verification))
    }

    pub(super) fn of_rsa(algorithm: Algorithm, pair: RsaKeyPair) -> Result<Self, KeyError> {
        let Scheme::Rsa { signing, .. } = Scheme::of(algorithm) else { return Err(KeyError::AlgorithmDisagrees) };
        let public = RsaPublicKeyComponents::<Vec<u8>>::from(pair.public_key());
        strength::check_rsa_signing(&public.n, &public.e)?;
        let verification = VerificationKey::rsa(algorithm, &public.n, &public.e)?;
        let stored = pair.as_der().map_err(|_| KeyError::Generation)?;
        Ok(Self::assemble(stored.as_ref(), Pair::Rsa(pair, signing), verification))
    }

    pub(super) fn of_secret(algorithm: Algorithm, secret: &[u8]) -> Result<Self, KeyError> {
        let Scheme::Hmac(hash) = Scheme::of(algorithm) else { return Err(KeyError::AlgorithmDisagrees) };
        let verification = VerificationKey::secret(algorithm, secret)?;
        Ok(Self::assemble(secret, Pair::Secret(Box::new(hmac::Key::new(hash, secret))), verification))
    }

    fn assemble(stored: &[u8], pair: Pair, verification: VerificationKey) -> Self {
        Self(Arc::new(Inner { pair, stored: Zeroizing::new(stored.to_vec()), verification }))
    }

    /// The key in the form that [`SigningKey::from_bytes`] reads. Whoever holds these bytes can sign: seal them.
    #[must_use]
    pub fn to_bytes(&self) -> Zeroizing<Vec<u8>> {
        self.0.stored.clone()
    }

    /// The key's name: its RFC 7638 thumbprint.
    ///
    /// For a secret it is a hash of the secret, which tells a guesser no more than any token signed with it does.
    #[must_use]
    pub fn kid(&self) -> &str {
        self.0.verification.kid()
    }

    /// The only algorithm that it signs with.
    #[must_use]
    pub fn algorithm(&self) -> Algorithm {
        self.0.verification.algorithm()
    }

    /// The half that verifies what this one signs.
    #[must_use]
    pub fn verification_key(&self) -> VerificationKey {
        self.0.verification.clone()
    }
}

impl SigningKey {
    /// Signs a message and shows the signature, which is nowhere but on the stack save for RSA.
    pub(crate) fn sign_with<T>(&self, message: &[u8], show: impl FnOnce(&[u8]) -> T) -> Result<T, signature::Error> {
        // AWS-LC takes no generator from outside; its interface asks for one all the same.
        let random = SystemRandom::new();
        match &self.0.pair {
            Pair::Ed25519(pair) => pair.try_sign(message).map(|signature| show(signature.as_ref())),
            Pair::Ecdsa(pair) => pair.sign(&random, message).map(|signature| show(signature.as_ref())),
            Pair::Rsa(pair, encoding) => {
                let mut signature = vec![0; pair.public_modulus_len()];
                pair.sign(*encoding, &random, message, &mut signature).map(|()| show(&signature))
            }
            Pair::Secret(secret) => Ok(show(hmac::sign(secret, message).as_ref())),
        }
        .map_err(|_| signature::Error::new())
    }
}

impl signature::Signer<Vec<u8>> for SigningKey {
    fn try_sign(&self, message: &[u8]) -> Result<Vec<u8>, signature::Error> {
        self.sign_with(message, <[u8]>::to_vec)
    }
}

impl JwtSigner for SigningKey {
    fn algorithm(&self) -> jsonwebtoken::Algorithm {
        Self::algorithm(self).into()
    }
}

impl fmt::Debug for SigningKey {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.debug_struct("SigningKey")
            .field("algorithm", &Self::algorithm(self))
            .field("kid", &self.kid())
            .finish_non_exhaustive()
    }
}
