//! A bench to forge tokens on: any header and any payload, signed for real, by the cryptographic library itself.

use aws_lc_rs::{
    hmac,
    rand::SystemRandom,
    signature::{ECDSA_P256_SHA256_FIXED_SIGNING, EcdsaKeyPair, Ed25519KeyPair},
};
use serde_json::{Value, json};
use std::sync::Arc;
use token_core::{
    Algorithm, Audience, Claims, Grant, Issuer, KeySet, Leeway, NoClaims, Rules, SigningKey, UnixTime, Verifier,
    VerifyError, strict,
};
use uuid::Uuid;

pub(crate) const NOW: UnixTime = UnixTime::from_secs(1_800_000_000);
pub(crate) const ISSUER: &str = "https://login.example";
pub(crate) const AUDIENCE: &str = "https://api.example";
pub(crate) const TTL: u64 = 900;

pub(crate) fn at(secs: u64) -> UnixTime {
    UnixTime::from_secs(secs)
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
        let key = SigningKey::generate(algorithm).unwrap();
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
    match key.algorithm() {
        Algorithm::EdDsa => Ed25519KeyPair::from_pkcs8(&bytes).unwrap().sign(message).as_ref().to_vec(),
        Algorithm::Es256 => {
            let pair = EcdsaKeyPair::from_pkcs8(&ECDSA_P256_SHA256_FIXED_SIGNING, &bytes).unwrap();
            pair.sign(&SystemRandom::new(), message).unwrap().as_ref().to_vec()
        }
        Algorithm::Hs256 => hmac::sign(&hmac::Key::new(hmac::HMAC_SHA256, &bytes), message).as_ref().to_vec(),
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
    let key = SigningKey::generate(algorithm).unwrap();
    let issuer = Issuer::new(key, ISSUER.into(), Audience::new(AUDIENCE), TTL);
    let keys = Arc::new(KeySet::new([issuer.verification_key()]));
    (issuer, Verifier::new(keys, Rules::access_token(ISSUER, AUDIENCE)))
}
