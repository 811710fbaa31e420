//! Why a token would be refused, as far as that can be said without its key.

use std::sync::Arc;

use aws_lc_rs::hmac;
use serde_json::{Map, Value, json};
use token_core::{Algorithm, Inspection, KeySet, Rules, TokenType, UnixTime, VerificationKey, VerifyError, strict};

use crate::commands::refusal::Refusal;
use crate::commands::verify;

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
    let typ = text("typ").filter(|typ| TokenType::AccessToken.accepts(typ));
    if typ.is_none() {
        found.push(VerifyError::WrongType { expected: TokenType::AccessToken.name().to_owned().into() }.into());
    } else if text("kid").is_none() {
        found.push(VerifyError::HeaderMember("kid").into());
    }
    found.extend(doubts(payload, typ.unwrap_or("JWT"), now).map(Refusal::from));
    found
}

/// Asks the verifier itself, so that no rule stands twice: the payload is signed again, with a key that everyone knows
/// and that is worth nothing.
fn doubts(payload: &Map<String, Value>, typ: &str, now: UnixTime) -> Option<VerifyError> {
    const KEY: [u8; 32] = [0; 32];
    let jwk = json!({ "kty": "oct", "alg": "HS256", "kid": "0", "k": strict::to_base64url(&KEY) });
    let keys = KeySet::new(VerificationKey::from_jwk(&jwk.to_string()));
    let parts = [json!({ "alg": "HS256", "kid": "0", "typ": typ }), Value::Object(payload.clone())];
    let signed = parts.map(|part| strict::to_base64url(part.to_string().as_bytes())).join(".");
    let mac = hmac::sign(&hmac::Key::new(hmac::HMAC_SHA256, &KEY), signed.as_bytes());
    let token = format!("{signed}.{}", strict::to_base64url(mac.as_ref()));
    let rules = Rules::access_token(verify::own_issuer(payload), verify::own_audience(payload));
    verify::check(&token, &Arc::new(keys), rules.with_type(TokenType::named(typ.to_owned())), now).err()
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
