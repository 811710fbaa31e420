//! The registered claims of RFC 7519, for tokens that are no access tokens.

use serde_json::{Map, Value};
use token_core::{Leeway, UnixTime, VerifyError};

use super::Demands;

/// Holds a payload to the demands at `now`: `exp` is required, and what is there must have its type.
///
/// # Errors
/// The first reason to refuse it, in the order in which [`token_core::Verifier`] looks.
pub(in crate::commands) fn check(
    payload: &Map<String, Value>,
    demands: &Demands,
    now: UnixTime,
) -> Result<(), VerifyError> {
    let issuer = string(payload, "iss")?;
    let audiences = audiences(payload)?;
    let exp = time(payload, "exp")?.ok_or(VerifyError::MissingClaim("exp"))?;
    let (nbf, iat) = (time(payload, "nbf")?, time(payload, "iat")?);

    if let Some(expected) = &demands.issuer
        && issuer.ok_or(VerifyError::MissingClaim("iss"))? != expected
    {
        return Err(VerifyError::Issuer);
    }
    if !demands.audiences.is_empty() {
        let named = audiences.ok_or(VerifyError::MissingClaim("aud"))?;
        if !named.iter().any(|name| demands.audiences.iter().any(|audience| audience == name)) {
            return Err(VerifyError::Audience);
        }
    }
    let Leeway { expiry, not_before } = demands.leeway();
    if now.as_secs() >= exp.as_secs().saturating_add(expiry) {
        return Err(VerifyError::Expired { at: exp, now });
    }
    let horizon = now.as_secs().saturating_add(not_before);
    if let Some(from) = nbf.filter(|nbf| nbf.as_secs() > horizon) {
        return Err(VerifyError::NotYetValid { from, now });
    }
    if let Some(at) = iat.filter(|iat| iat.as_secs() > horizon) {
        return Err(VerifyError::IssuedInFuture { at, now });
    }
    Ok(())
}

fn string<'a>(payload: &'a Map<String, Value>, name: &'static str) -> Result<Option<&'a str>, VerifyError> {
    payload.get(name).map(|value| value.as_str().ok_or(VerifyError::ClaimType(name))).transpose()
}

fn time(payload: &Map<String, Value>, name: &'static str) -> Result<Option<UnixTime>, VerifyError> {
    let read = |value: &Value| value.as_u64().and_then(|secs| UnixTime::try_from(secs).ok());
    payload.get(name).map(|value| read(value).ok_or(VerifyError::ClaimType(name))).transpose()
}

/// One name or several (RFC 7519 §4.1.3), never none.
fn audiences(payload: &Map<String, Value>) -> Result<Option<Vec<&str>>, VerifyError> {
    let names = match payload.get("aud") {
        None => return Ok(None),
        Some(Value::String(name)) => Some(vec![name.as_str()]),
        Some(Value::Array(names)) if !names.is_empty() => names.iter().map(Value::as_str).collect(),
        Some(_) => None,
    };
    names.map(Some).ok_or(VerifyError::ClaimType("aud"))
}

#[cfg(test)]
mod tests {
    use super::*;

    fn code(payload: &str, now: u64) -> Option<&'static str> {
        let demands = Demands {
            issuer: Some("i".to_owned()),
            audiences: vec!["a".to_owned(), "b".to_owned()],
            ..Demands::default()
        };
        let payload = token_core::strict::object(payload.as_bytes()).unwrap();
        check(&payload, &demands, UnixTime::from_secs(now)).err().map(|error| error.code())
    }

    #[test]
    fn every_demand_is_held_to_its_boundary() {
        let good = "{\"iss\":\"i\",\"aud\":[\"x\",\"b\"],\"exp\":1000,\"nbf\":130,\"iat\":130}";
        for (payload, now, expected) in [
            (good.to_owned(), 100, None),
            (good.to_owned(), 999, None),
            (good.to_owned(), 1000, Some("expired")),
            (good.to_owned(), 99, Some("not_yet_valid")),
            (good.replace("\"nbf\":130,", ""), 99, Some("issued_in_future")),
            (good.replace("\"i\"", "\"j\""), 100, Some("wrong_issuer")),
            (good.replace("\"iss\"", "\"isz\""), 100, Some("missing_claim")),
            (good.replace("\"b\"", "\"c\""), 100, Some("wrong_audience")),
            (good.replace("\"aud\"", "\"oud\""), 100, Some("missing_claim")),
            (good.replace("\"exp\"", "\"axp\""), 100, Some("missing_claim")),
        ] {
            assert_eq!(code(&payload, now), expected, "{payload} at {now}");
        }
    }

    #[test]
    fn j4_a_claim_of_another_type_is_refused_and_never_treated_as_absent() {
        for wrong in ["\"1000\"", "null", "[1000]", "-1", "1e3", "9007199254740993", "1e300"] {
            assert_eq!(
                code(&format!("{{\"iss\":\"i\",\"aud\":\"a\",\"exp\":{wrong}}}"), 100),
                Some("bad_claim"),
                "{wrong}"
            );
        }
        for wrong in ["null", "1", "{}", "[]", "[1]"] {
            assert_eq!(
                code(&format!("{{\"iss\":\"i\",\"aud\":{wrong},\"exp\":1000}}"), 1),
                Some("bad_claim"),
                "{wrong}"
            );
        }
    }
}
