//! Tokens of the wrong kind, with signatures that are good.

use aws_lc_rs::signature::Ed25519KeyPair;
use base64::Engine as _;
use base64::engine::general_purpose::URL_SAFE_NO_PAD;
use serde_json::{Map, Value, json};
use token_core::SigningKey;

/// Signs whatever it is told to.
pub(super) struct Forger(SigningKey);

impl Forger {
    pub(super) fn new(key: SigningKey) -> Self {
        Self(key)
    }

    /// What the token says, signed by this forger's key.
    pub(super) fn again(&self, token: &str) -> String {
        self.with_typ(token, Some("at+jwt"))
    }

    /// What the token says, as a token of another kind.
    pub(super) fn with_typ(&self, token: &str, typ: Option<&str>) -> String {
        self.sign(typ, &claims_of(token))
    }

    /// The token with another value of one claim.
    pub(super) fn with_claim(&self, token: &str, claim: &str, value: &str) -> String {
        let mut claims = claims_of(token);
        claims.insert(claim.to_owned(), value.into());
        self.sign(Some("at+jwt"), &claims)
    }

    /// An `id_token` about whom the access token is for (OpenID Connect Core §2).
    pub(super) fn id_token(&self, token: &str) -> String {
        let mut claims = claims_of(token);
        claims.retain(|claim, _| ["iss", "sub", "exp", "iat", "auth_time", "sid"].contains(&claim.as_str()));
        claims.insert("aud".to_owned(), "jeton".into());
        claims.insert("nonce".to_owned(), "n-0S6_WzA2Mj".into());
        self.sign(Some("JWT"), &claims)
    }

    fn sign(&self, typ: Option<&str>, claims: &Map<String, Value>) -> String {
        let mut header = json!({"alg": "EdDSA", "kid": self.0.kid()});
        if let Some(typ) = typ {
            header["typ"] = typ.into();
        }
        let encode = |value: &[u8]| URL_SAFE_NO_PAD.encode(value);
        let payload = serde_json::to_vec(claims).unwrap();
        let signed = format!("{}.{}", encode(header.to_string().as_bytes()), encode(&payload));
        let key = Ed25519KeyPair::from_pkcs8(&self.0.to_bytes()).unwrap();
        let signature = encode(key.sign(signed.as_bytes()).as_ref());
        format!("{signed}.{signature}")
    }
}

fn claims_of(token: &str) -> Map<String, Value> {
    let payload = token.split('.').nth(1).unwrap();
    serde_json::from_slice(&URL_SAFE_NO_PAD.decode(payload).unwrap()).unwrap()
}
