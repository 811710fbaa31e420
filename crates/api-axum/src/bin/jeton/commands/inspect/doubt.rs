//! Why a token would be refused, as far as that can be said without its key.

use std::sync::Arc;

use serde_json::{Map, Value};
use token_core::{
    Algorithm, Inspection, KeySet, NoClaims, Rules, TokenType, UnixTime, VerificationKey, Verifier, VerifyError, strict,
};

use crate::commands::refusal::Refusal;
use crate::commands::verify::{self, Demands};

/// What a verifier of access tokens would find at `now`, if it trusted the key, the issuer and the audience. Nothing is
/// said of a token whose form is refused already.
pub(super) fn find(inspection: &Inspection, now: UnixTime) -> Vec<Refusal> {
    let (Some(header), Some(payload)) = (&inspection.header.json, &inspection.payload.json) else { return Vec::new() };
    if !inspection.problems.is_empty() {
        return Vec::new();
    }
    let text = |name: &str| header.get(name).and_then(Value::as_str);
    let mut found = Vec::new();
    // `none` is among the unknown ones.
    if text("alg").is_none_or(|alg| alg.parse::<Algorithm>().is_err()) {
        let message = "no key can fit the header's `alg`: it is no algorithm that is supported".to_owned();
        found.push(Refusal::new(&VerifyError::AlgorithmMismatch, message));
    }
    if text("typ").is_some_and(|typ| TokenType::AccessToken.accepts(typ)) {
        if text("kid").is_none() {
            found.push(VerifyError::HeaderMember("kid").into());
        }
        found.extend(as_access_token(payload, now).map(Refusal::from));
    } else {
        found.push(VerifyError::WrongType { expected: TokenType::AccessToken.name() }.into());
        found.extend(verify::check_claims(payload, &Demands::default(), now).err().map(Refusal::from));
    }
    found
}

/// Asks the verifier itself, so that no rule stands twice: the payload is signed again with a key that is known to
/// everyone and worth nothing.
fn as_access_token(payload: &Map<String, Value>, now: UnixTime) -> Option<VerifyError> {
    const KEY: [u8; 32] = [0; 32];
    let jwk = format!("{{\"kty\":\"oct\",\"alg\":\"HS256\",\"kid\":\"0\",\"k\":\"{}\"}}", strict::to_base64url(&KEY));
    let key = VerificationKey::from_jwk(&jwk).ok()?;
    let header = strict::to_base64url(b"{\"alg\":\"HS256\",\"typ\":\"at+jwt\",\"kid\":\"0\"}");
    let signed = format!("{header}.{}", strict::to_base64url(Value::Object(payload.clone()).to_string().as_bytes()));
    let mac = aws_lc_rs::hmac::sign(&aws_lc_rs::hmac::Key::new(aws_lc_rs::hmac::HMAC_SHA256, &KEY), signed.as_bytes());
    let token = format!("{signed}.{}", strict::to_base64url(mac.as_ref()));
    let rules = Rules::access_token(own_issuer(payload), own_audience(payload));
    Verifier::new(Arc::new(KeySet::new([key])), rules).verify::<NoClaims>(&token, now).err()
}

fn own_issuer(payload: &Map<String, Value>) -> &str {
    payload.get("iss").and_then(Value::as_str).unwrap_or_default()
}

fn own_audience(payload: &Map<String, Value>) -> &str {
    let named = payload.get("aud").and_then(|aud| aud.as_str().or_else(|| aud.get(0).and_then(Value::as_str)));
    named.unwrap_or_default()
}

#[cfg(test)]
mod tests {
    use token_core::inspect;

    use super::*;

    const HEADER: &str = "{\"alg\":\"EdDSA\",\"typ\":\"at+jwt\",\"kid\":\"k\"}";
    const CLAIMS: &str = "{\"iss\":\"i\",\"sub\":\"00000000-0000-0000-0000-000000000001\",\"aud\":[\"a\",\"b\"],\
        \"exp\":1000,\"iat\":100,\"jti\":\"00000000-0000-0000-0000-000000000002\",\"client_id\":\"c\",\
        \"sid\":\"00000000-0000-0000-0000-000000000003\",\"auth_time\":100}";

    fn codes(header: &str, claims: &str, now: u64) -> Vec<&'static str> {
        let token = [header, claims].map(|part| strict::to_base64url(part.as_bytes())).join(".") + ".AAAA";
        find(&inspect(&token), UnixTime::from_secs(now)).iter().map(|refusal| refusal.code).collect()
    }

    #[test]
    fn what_speaks_against_a_token_is_found_without_its_key() {
        for (header, claims, now, expected) in [
            (HEADER.to_owned(), CLAIMS.to_owned(), 999, &[][..]),
            (HEADER.to_owned(), CLAIMS.to_owned(), 1000, &["expired"]),
            (HEADER.to_owned(), CLAIMS.to_owned(), 69, &["issued_in_future"]),
            (HEADER.replace("EdDSA", "none"), CLAIMS.to_owned(), 999, &["algorithm_mismatch"]),
            (HEADER.replace("kid", "kib"), CLAIMS.replace("\"sid\"", "\"sit\""), 999, &["bad_header", "missing_claim"]),
            (HEADER.replace("at+jwt", "JWT"), CLAIMS.to_owned(), 1000, &["wrong_type", "expired"]),
            (HEADER.to_owned(), CLAIMS.replace("\"a\",\"b\"", ""), 999, &["bad_claim"]),
        ] {
            assert_eq!(codes(&header, &claims, now), expected, "{header} {claims}");
        }
    }
}
