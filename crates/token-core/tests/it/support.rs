//! A bench to forge tokens on: any header and any payload, signed for real, by the cryptographic library itself.

use aws_lc_rs::{
    hmac,
    rand::SystemRandom,
    signature::{
        ECDSA_P256_SHA256_FIXED_SIGNING, ECDSA_P384_SHA384_FIXED_SIGNING, EcdsaKeyPair, Ed25519KeyPair,
        RSA_PKCS1_SHA256, RSA_PKCS1_SHA384, RSA_PKCS1_SHA512, RSA_PSS_SHA256, RSA_PSS_SHA384, RSA_PSS_SHA512,
        RsaKeyPair,
    },
};
use serde_json::{Value, json};
use std::{fs, sync::Arc};
use token_core::{
    Algorithm, Audience, Claims, Grant, Issuer, KeySet, KeyType, Leeway, NoClaims, Rules, SigningKey, UnixTime,
    Verifier, VerifyError, strict,
};
use uuid::Uuid;

pub(crate) const NOW: UnixTime = UnixTime::from_secs(1_800_000_000);
pub(crate) const ISSUER: &str = "https://login.example";
pub(crate) const AUDIENCE: &str = "https://api.example";
pub(crate) const TTL: u64 = 900;

pub(crate) fn at(secs: u64) -> UnixTime {
    UnixTime::from_secs(secs)
}

/// A file of `tests/keys`.
pub(crate) fn key_file(name: &str) -> String {
    fs::read_to_string(format!("{}/tests/keys/{name}.pem", env!("CARGO_MANIFEST_DIR"))).expect(name)
}

/// A key of this algorithm: a fresh one, but for RSA, where making one takes long.
pub(crate) fn key(algorithm: Algorithm) -> SigningKey {
    match algorithm.key_type() {
        KeyType::Rsa => SigningKey::from_pem(&key_file("rsa.pkcs8"), Some(algorithm)).unwrap(),
        _ => SigningKey::generate(algorithm).unwrap(),
    }
}

/// A key of this algorithm that is not [`key`]'s.
pub(crate) fn other_key(algorithm: Algorithm) -> SigningKey {
    match algorithm.key_type() {
        KeyType::Rsa => SigningKey::from_pem(&key_file("rsa-other.pkcs8"), Some(algorithm)).unwrap(),
        _ => SigningKey::generate(algorithm).unwrap(),
    }
}

/// A key, and a verifier that trusts it.
pub(crate) struct Bench {
    pub(crate) key: SigningKey,
    pub(crate) verifier: Verifier,
}

impl Bench {
    pub(crate) fn new(algorithm: Algorithm) -> Self {
        Self::with_leeway(algorithm, Leeway::default())
    }

    pub(crate) fn with_leeway(algorithm: Algorithm, leeway: Leeway) -> Self {
        let key = key(algorithm);
        let keys = Arc::new(KeySet::new([key.verification_key()]));
        let verifier = Verifier::new(keys, Rules::access_token(ISSUER, AUDIENCE).with_leeway(leeway));
        Self { key, verifier }
    }

    pub(crate) fn header(&self) -> Value {
        json!({"typ": "at+jwt", "alg": self.key.algorithm().name(), "kid": self.key.kid()})
    }

    /// Verifies a token of this header and payload, as they are, with a good signature, at [`NOW`].
    pub(crate) fn judge_bytes(&self, header: &[u8], payload: &[u8]) -> Result<Claims, VerifyError> {
        self.verifier.verify(&forge(&self.key, header, payload), NOW)
    }

    pub(crate) fn judge_header(&self, header: &Value) -> Result<Claims, VerifyError> {
        self.judge_bytes(header.to_string().as_bytes(), payload().to_string().as_bytes())
    }

    pub(crate) fn judge_payload(&self, payload: &str) -> Result<Claims, VerifyError> {
        self.judge_bytes(self.header().to_string().as_bytes(), payload.as_bytes())
    }

    /// The good payload with one claim written differently; `literal` is JSON text and may be bad JSON.
    pub(crate) fn judge_claim(&self, name: &str, literal: &str) -> Result<Claims, VerifyError> {
        self.judge_payload(&payload_with(name, literal))
    }
}

/// A token of any bytes with a good signature.
pub(crate) fn forge(key: &SigningKey, header: &[u8], payload: &[u8]) -> String {
    let signed = format!("{}.{}", strict::to_base64url(header), strict::to_base64url(payload));
    let signature = sign(key, signed.as_bytes());
    format!("{signed}.{}", strict::to_base64url(&signature))
}

pub(crate) fn sign(key: &SigningKey, message: &[u8]) -> Vec<u8> {
    let bytes = key.to_bytes();
    let ecdsa = |scheme| {
        let pair = EcdsaKeyPair::from_pkcs8(scheme, &bytes).unwrap();
        pair.sign(&SystemRandom::new(), message).unwrap().as_ref().to_vec()
    };
    let rsa = |scheme| {
        let pair = RsaKeyPair::from_pkcs8(&bytes).unwrap();
        let mut signature = vec![0; pair.public_modulus_len()];
        pair.sign(scheme, &SystemRandom::new(), message, &mut signature).unwrap();
        signature
    };
    let mac = |hash| hmac::sign(&hmac::Key::new(hash, &bytes), message).as_ref().to_vec();
    match key.algorithm() {
        Algorithm::EdDsa | Algorithm::Ed25519 => {
            Ed25519KeyPair::from_pkcs8(&bytes).unwrap().sign(message).as_ref().to_vec()
        }
        Algorithm::Es256 => ecdsa(&ECDSA_P256_SHA256_FIXED_SIGNING),
        Algorithm::Es384 => ecdsa(&ECDSA_P384_SHA384_FIXED_SIGNING),
        Algorithm::Rs256 => rsa(&RSA_PKCS1_SHA256),
        Algorithm::Rs384 => rsa(&RSA_PKCS1_SHA384),
        Algorithm::Rs512 => rsa(&RSA_PKCS1_SHA512),
        Algorithm::Ps256 => rsa(&RSA_PSS_SHA256),
        Algorithm::Ps384 => rsa(&RSA_PSS_SHA384),
        Algorithm::Ps512 => rsa(&RSA_PSS_SHA512),
        Algorithm::Hs256 => mac(hmac::HMAC_SHA256),
        Algorithm::Hs384 => mac(hmac::HMAC_SHA384),
        Algorithm::Hs512 => mac(hmac::HMAC_SHA512),
        other => panic!("the bench cannot sign with {other}"),
    }
}

/// A payload that is good at [`NOW`].
pub(crate) fn payload() -> Value {
    json!({
        "iss": ISSUER,
        "sub": Uuid::from_u128(1),
        "aud": AUDIENCE,
        "exp": NOW.as_secs() + TTL,
        "iat": NOW,
        "nbf": NOW,
        "jti": Uuid::from_u128(3),
        "client_id": "web",
        "scope": "notes:read notes:write",
        "sid": Uuid::from_u128(2),
        "auth_time": NOW.as_secs() - 60,
        "amr": ["pwd", "otp"],
        "roles": ["admin"],
    })
}

pub(crate) fn payload_with(name: &str, literal: &str) -> String {
    let mut members = payload();
    members[name] = json!("\u{1}here");
    members.to_string().replace("\"\\u0001here\"", literal)
}

pub(crate) fn payload_without(name: &str) -> String {
    let mut members = payload();
    members.as_object_mut().unwrap().remove(name);
    members.to_string()
}

pub(crate) fn grant() -> Grant {
    grant_with(NoClaims)
}

pub(crate) fn grant_with<X>(extra: X) -> Grant<X> {
    Grant {
        subject: Uuid::from_u128(1),
        session: Uuid::from_u128(2),
        token_id: Uuid::from_u128(3),
        client_id: "web".into(),
        scope: "notes:read notes:write".into(),
        auth_time: NOW.saturating_sub_secs(60),
        amr: vec!["pwd".into(), "otp".into()],
        roles: vec!["admin".into()],
        extra,
    }
}

/// An issuer and a verifier that trusts it.
pub(crate) fn pair(algorithm: Algorithm) -> (Issuer, Verifier) {
    let key = key(algorithm);
    let issuer = Issuer::new(key, ISSUER.into(), Audience::new(AUDIENCE), TTL);
    let keys = Arc::new(KeySet::new([issuer.verification_key()]));
    (issuer, Verifier::new(keys, Rules::access_token(ISSUER, AUDIENCE)))
}
