//! `jeton verify`: whether a token is good, without server, database or settings.

mod batch;
mod keys;

use std::sync::Arc;

use api_axum::SystemClock;
use auth_domain::ports::Clock as _;
use serde_json::{Map, Value, json};
use token_core::{
    Jws, KeySet, Leeway, NoClaims, Rules, TokenType, UnixTime, VerificationKey, Verifier, VerifyError, inspect, strict,
};

use self::keys::Keys;
use super::paint::{self, BAD, FAINT, GOOD, PAYLOAD, harmless, painted};
use super::refusal::Refusal;
use super::token;
use crate::cli::VerifyArgs;
use crate::failure::{Doing as _, Failure};

pub(super) fn run(arguments: VerifyArgs) -> Result<(), Failure> {
    let VerifyArgs {
        token,
        jwks,
        issuer,
        audience,
        typ,
        at,
        leeway,
        signature_only,
        algorithm,
        batch,
        json,
        colours,
        ..
    } = arguments;
    if !batch && !signature_only && (issuer.is_none() || audience.is_empty()) {
        return Err(Failure::usage(
            "--issuer and --audience are needed: a good signature does not say that the token is meant for you; \
             to check nothing else, say --signature-only",
        ));
    }
    let demands = Demands { issuer, audiences: audience, typ, leeway };
    let keys = |source: String| super::block_on(async move { Keys::load(&source, algorithm).await });
    if batch {
        let keys = jwks.map(keys).transpose()?;
        return batch::run(&batch::Defaults { keys, demands, at, signature_only });
    }
    let token = token::read(token.as_deref())?;
    let keys = keys(jwks.unwrap_or_default())?;
    let now = at.unwrap_or_else(|| SystemClock.now().unix());
    let outcome = if signature_only { verify_signature(&token, &keys) } else { demands.verify(&token, &keys, now) };
    let outcome = outcome.map_err(Refusal::from);
    if json {
        let text = serde_json::to_string_pretty(&as_json(&outcome, now)).doing("write JSON")?;
        super::print(&(text + "\n"))?;
    } else {
        paint::print(&in_words(&outcome, now), colours.choice())?;
    }
    // The answer says why; only the exit code is left to set.
    outcome.map(|_| ()).map_err(|_| Failure::new(""))
}

/// What is demanded of a token beside a good signature. What is not given is not checked.
#[derive(Clone, Debug)]
struct Demands {
    issuer: Option<String>,
    audiences: Vec<String>,
    typ: String,
    leeway: Option<u64>,
}

/// A token that is good.
struct Good {
    kid: String,
    algorithm: &'static str,
    payload: Vec<u8>,
    /// The claims, where they were checked.
    claims: Option<Map<String, Value>>,
}

impl Demands {
    fn verify(&self, token: &str, keys: &Keys, now: UnixTime) -> Result<Good, VerifyError> {
        let jws = Jws::read(token)?;
        let keys = Arc::new(keys.for_kid(jws.header().kid()));
        let claims = inspect(token).payload.json.unwrap_or_default();
        check(token, &keys, self.rules(&claims), now)?;
        let good = signed(&jws, &keys)?;
        Ok(Good { claims: Some(claims), ..good })
    }

    /// What the token says of itself stands for what is not demanded, so that it is required and has its type.
    fn rules(&self, said: &Map<String, Value>) -> Rules {
        let leeway = self.leeway.map_or_else(Leeway::default, |secs| Leeway { expiry: secs, not_before: secs });
        let issuer = self.issuer.as_deref().unwrap_or_else(|| own_issuer(said));
        let mut audiences = self.audiences.iter().map(String::as_str);
        let rules = Rules::access_token(issuer, audiences.next().unwrap_or_else(|| own_audience(said)));
        audiences.fold(rules, Rules::accepting).with_type(TokenType::named(self.typ.clone())).with_leeway(leeway)
    }
}

/// Holds a token to rules: an access token to those of RFC 9068, another to those of RFC 7519.
pub(super) fn check(token: &str, keys: &Arc<KeySet>, rules: Rules, now: UnixTime) -> Result<(), VerifyError> {
    let verifier = Verifier::new(Arc::clone(keys), rules);
    match verifier.rules().typ {
        TokenType::AccessToken => verifier.verify::<NoClaims>(token, now).map(|_| ()),
        _ => verifier.verify_jwt(token, now).map(|_| ()),
    }
}

/// The issuer that a token names.
pub(super) fn own_issuer(said: &Map<String, Value>) -> &str {
    said.get("iss").and_then(Value::as_str).unwrap_or_default()
}

/// The first audience that a token names.
pub(super) fn own_audience(said: &Map<String, Value>) -> &str {
    let named = said.get("aud").and_then(|aud| aud.as_str().or_else(|| aud.get(0).and_then(Value::as_str)));
    named.unwrap_or_default()
}

/// Form, header and signature of any JWS, and nothing else.
fn verify_signature(token: &str, keys: &Keys) -> Result<Good, VerifyError> {
    let jws = Jws::read(token)?;
    signed(&jws, &keys.for_kid(jws.header().kid()))
}

/// Verifies with the key that the header names; where it names none, with any key of the set.
fn signed(jws: &Jws<'_>, keys: &KeySet) -> Result<Good, VerifyError> {
    let candidates: Vec<&VerificationKey> = match jws.header().kid() {
        Some(kid) => keys.get(kid).into_iter().collect(),
        None => keys.iter().collect(),
    };
    let mut refused = VerifyError::UnknownKey;
    for key in candidates {
        match jws.clone().verify(key) {
            Ok(payload) => {
                let (kid, algorithm) = (key.kid().to_owned(), key.algorithm().name());
                return Ok(Good { kid, algorithm, payload, claims: None });
            }
            // A bad signature says more than a key of another algorithm.
            Err(error) if refused != VerifyError::Signature => refused = error,
            Err(_) => {}
        }
    }
    Err(refused)
}

impl Good {
    fn expires(&self) -> Option<UnixTime> {
        let secs = self.claims.as_ref()?.get("exp")?.as_u64()?;
        UnixTime::try_from(secs).ok()
    }
}

fn as_json(outcome: &Result<Good, Refusal>, now: UnixTime) -> Value {
    let good = match outcome {
        Err(refusal) => return json!({ "valid": false, "reason": refusal.reason() }),
        Ok(good) => good,
    };
    let Good { kid, algorithm, payload, claims } = good;
    if let Some(claims) = claims {
        let left = good.expires().map(|at| at.as_secs().saturating_sub(now.as_secs()));
        return json!({
            "valid": true, "reason": null, "kid": kid, "alg": algorithm, "claims": claims, "expires_in": left,
        });
    }
    json!({
        "valid": true, "reason": null, "kid": kid, "alg": algorithm,
        "payload": std::str::from_utf8(payload).ok(), "payload_base64url": strict::to_base64url(payload),
    })
}

fn in_words(outcome: &Result<Good, Refusal>, now: UnixTime) -> String {
    let good = match outcome {
        Err(refusal) => return format!("{}: {} ({})\n", painted(BAD, "not valid"), refusal.words, refusal.code),
        Ok(good) => good,
    };
    let signer = painted(FAINT, &format!("signed with {} by the key {}", good.algorithm, harmless(&good.kid)));
    let Some(claims) = &good.claims else {
        let payload = match std::str::from_utf8(&good.payload) {
            Ok(text) => harmless(text),
            Err(_) => format!("{} (base64url; it is no text)", strict::to_base64url(&good.payload)),
        };
        let head = painted(GOOD, "the signature is valid");
        return format!("{head}; claims and times were not looked at\n{signer}\n{}\n", painted(PAYLOAD, &payload));
    };
    let expiry = good.expires().map(|at| paint::expiry(at, now)).unwrap_or_default();
    let mut lines = vec![format!("{}, {expiry}", painted(GOOD, "valid")), signer];
    let width = claims.keys().map(|name| harmless(name).chars().count()).max().unwrap_or_default();
    for (name, value) in claims {
        let value = painted(PAYLOAD, &harmless(&value.to_string()));
        lines.push(format!("  {:width$}  {value}", harmless(name)));
    }
    lines.join("\n") + "\n"
}
