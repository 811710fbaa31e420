//! Shows what a token says, without believing any of it.

use crate::{Jws, MAX_TOKEN_LEN, UnixTime, VerifyError, strict, verify_error::Part};
use serde::Serialize;
use serde_json::{Map, Value};
use std::fmt;

/// A token taken apart. Nothing in it is verified: anyone may have written it.
#[derive(Clone, Debug, PartialEq, Serialize)]
pub struct Inspection {
    /// The first part.
    pub header: InspectedPart,
    /// The second part.
    pub payload: InspectedPart,
    /// The third part.
    pub signature: InspectedSignature,
    /// Why a verifier would refuse the token whatever its key and the time. Empty when its form is sound.
    pub problems: Vec<String>,
}

/// The header or the payload of a token.
#[derive(Clone, Debug, Default, PartialEq, Serialize)]
pub struct InspectedPart {
    /// As it stands in the token.
    pub encoded: String,
    /// Decoded, when it is base64url and UTF-8.
    pub text: Option<String>,
    /// Parsed, when it is a JSON object of unique members.
    pub json: Option<Map<String, Value>>,
    /// The object's members, explained, in the order of RFC 7519 with unknown ones last.
    pub members: Vec<ExplainedMember>,
    /// What is wrong with this part.
    pub problem: Option<String>,
}

/// The signature of a token. `Debug` hides it: without it the rest is no credential.
#[derive(Clone, Default, PartialEq, Eq, Serialize)]
pub struct InspectedSignature {
    /// As it stands in the token.
    pub encoded: String,
    /// How many bytes it has, when it is base64url.
    pub length: Option<usize>,
    /// What is wrong with this part.
    pub problem: Option<String>,
}

impl fmt::Debug for InspectedSignature {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.debug_struct("InspectedSignature")
            .field("length", &self.length)
            .field("problem", &self.problem)
            .finish_non_exhaustive()
    }
}

/// A member of the header or the payload, and what it means.
#[derive(Clone, Debug, PartialEq, Serialize)]
pub struct ExplainedMember {
    /// Its name.
    pub name: String,
    /// Its value.
    pub value: Value,
    /// What it means.
    pub meaning: &'static str,
    /// The value as a time, for members that are one and are in range.
    pub time: Option<UnixTime>,
}

const OWN_MEANING: &str = "not registered: the application's own";

/// RFC 7515 §4.1, RFC 7519 §5, and what others registered for signed tokens.
const HEADER_MEANINGS: &[(&str, &str)] = &[
    ("typ", "the kind of token; an access token is `at+jwt` (RFC 9068)"),
    ("alg", "the algorithm that the signature claims; a verifier takes the key's instead"),
    ("kid", "the name of the key that signed"),
    ("cty", "the kind of content; `JWT` when a token stands inside"),
    ("crit", "extensions that a verifier must understand; none is supported, so the token is refused"),
    ("b64", "says that the payload is not encoded (RFC 7797); refused"),
    ("zip", "says that the payload is compressed; refused"),
    ("enc", "how the content is encrypted (RFC 7516); a signed token has none"),
    ("jku", "an address to fetch keys from; never followed, refused"),
    ("jwk", "a key that the token brings along; never believed, refused"),
    ("x5u", "an address to fetch certificates from; never followed, refused"),
    ("x5c", "certificates that the token brings along; never believed, refused"),
    ("x5t", "the SHA-1 fingerprint of a certificate; ignored"),
    ("x5t#S256", "the SHA-256 fingerprint of a certificate; ignored"),
    ("iss", "a copy of the claim `iss` (RFC 7519 §5.3); ignored"),
    ("sub", "a copy of the claim `sub` (RFC 7519 §5.3); ignored"),
    ("aud", "a copy of the claim `aud` (RFC 7519 §5.3); ignored"),
    ("nonce", "a value that makes the request unique (RFC 8555, RFC 9449)"),
    ("url", "the address that the request is meant for (RFC 8555)"),
    ("trust_chain", "a chain of statements about the signer (OpenID Federation); ignored"),
];

/// RFC 7519 §4.1, RFC 9068 §2.2, then what OpenID Connect and later RFCs registered.
const CLAIM_MEANINGS: &[(&str, &str)] = &[
    ("iss", "who issued the token"),
    ("sub", "the account that it speaks of"),
    ("aud", "for whom it is meant; others must refuse it"),
    ("exp", "from then on it is refused"),
    ("nbf", "before then it is refused"),
    ("iat", "when it was issued"),
    ("jti", "the token's own id"),
    ("client_id", "the client that it was issued to"),
    ("scope", "what it allows"),
    ("sid", "the session that it belongs to; ending the session ends the token"),
    ("auth_time", "when the user last proved who he is"),
    (
        "amr",
        "how he proved it (RFC 8176): `pwd` password, `pin` PIN, `otp` one-time code, `sms` text message, `hwk` or `swk` key in hardware or software, `fpt` or `face` body, `mfa` several of them",
    ),
    ("acr", "how strong that proof was, by the issuer's own scale"),
    ("roles", "the account's roles"),
    ("groups", "the groups that the account belongs to (RFC 9068)"),
    ("entitlements", "what the account may do (RFC 9068)"),
    ("authorization_details", "what it allows, in detail (RFC 9396)"),
    ("azp", "the client that an ID token was issued to (OpenID Connect)"),
    ("nonce", "ties an ID token to the request that asked for it"),
    ("at_hash", "ties an ID token to its access token"),
    ("c_hash", "ties an ID token to its authorization code"),
    ("s_hash", "ties an ID token to the request's `state`"),
    ("cnf", "the key that its holder must prove to have (RFC 7800); without that proof it is worth nothing"),
    ("act", "who acts in the account's place (RFC 8693)"),
    ("may_act", "who may act in the account's place (RFC 8693)"),
    ("events", "what happened; the token is a notice of events (RFC 8417), such as a logout"),
    ("toe", "when the event happened (RFC 8417)"),
    ("txn", "the transaction that it belongs to (RFC 8417)"),
    ("htm", "the HTTP method that a proof is for (RFC 9449)"),
    ("htu", "the address that a proof is for (RFC 9449)"),
    ("ath", "the hash of the access token that a proof belongs to (RFC 9449)"),
    ("token_introspection", "what an introspection endpoint answered (RFC 9701)"),
    ("status", "where to ask whether it has been revoked"),
    ("name", "the user's whole name"),
    ("given_name", "the user's given name"),
    ("family_name", "the user's family name"),
    ("middle_name", "the user's middle name"),
    ("nickname", "the name that the user goes by"),
    ("preferred_username", "the name that the user likes to be called by; it may change and be shared"),
    ("profile", "the address of the user's page"),
    ("picture", "the address of the user's picture"),
    ("website", "the address of the user's own pages"),
    ("email", "the user's mail address"),
    ("email_verified", "whether the issuer verified the mail address"),
    ("gender", "the user's gender"),
    ("birthdate", "the user's birthday"),
    ("zoneinfo", "the user's time zone"),
    ("locale", "the user's language and region"),
    ("phone_number", "the user's telephone number"),
    ("phone_number_verified", "whether the issuer verified the telephone number"),
    ("address", "the user's postal address"),
    ("updated_at", "when what it says of the user last changed"),
];

/// Claims that a verifier reads as times.
const TIMES: [&str; 4] = ["exp", "nbf", "iat", "auth_time"];

/// Claims that are times and that no verifier here reads.
const OTHER_TIMES: [&str; 2] = ["toe", "updated_at"];

/// Takes a token apart, explains what it finds and lists what is wrong. It never fails and trusts nothing.
///
/// Of a text longer than [`MAX_TOKEN_LEN`] nothing is shown, as no verifier would read it.
#[must_use]
pub fn inspect(token: &str) -> Inspection {
    let shown = if token.len() > MAX_TOKEN_LEN { "" } else { token };
    let mut parts = shown.splitn(3, '.');
    let mut next = || parts.next().unwrap_or_default();
    let header = inspect_part(Part::Header, next(), HEADER_MEANINGS);
    let payload = inspect_part(Part::Payload, next(), CLAIM_MEANINGS);
    let signature = inspect_signature(next());

    let mut problems = Vec::new();
    if let Err(error) = Jws::read(token) {
        problems.push(error.to_string());
    }
    if !shown.is_empty() {
        let found = [&header.problem, &payload.problem, &signature.problem].into_iter().flatten();
        for problem in found.chain(&claim_problems(&payload)) {
            if !problems.contains(problem) {
                problems.push(problem.clone());
            }
        }
    }
    Inspection { header, payload, signature, problems }
}

fn inspect_part(part: Part, encoded: &str, meanings: &[(&str, &'static str)]) -> InspectedPart {
    let shown = InspectedPart { encoded: encoded.to_owned(), ..InspectedPart::default() };
    let problem = |error: VerifyError| Some(error.to_string());
    if encoded.is_empty() {
        return InspectedPart { problem: problem(VerifyError::EmptyPart(part)), ..shown };
    }
    let Ok(bytes) = strict::base64url(encoded) else {
        return InspectedPart { problem: problem(VerifyError::Base64(part)), ..shown };
    };
    let shown = InspectedPart { text: std::str::from_utf8(&bytes).ok().map(str::to_owned), ..shown };
    match strict::object(&bytes) {
        Ok(json) => InspectedPart { members: explain(&json, meanings), json: Some(json), ..shown },
        Err(reason) => InspectedPart { problem: problem(VerifyError::json(part, reason)), ..shown },
    }
}

fn explain(json: &Map<String, Value>, meanings: &[(&str, &'static str)]) -> Vec<ExplainedMember> {
    let member = |name: &str, value: &Value, meaning| ExplainedMember {
        name: name.to_owned(),
        value: value.clone(),
        meaning,
        time: value
            .as_u64()
            .filter(|_| TIMES.contains(&name) || OTHER_TIMES.contains(&name))
            .and_then(|secs| UnixTime::try_from(secs).ok()),
    };
    let registered =
        meanings.iter().filter_map(|(name, meaning)| json.get(*name).map(|value| member(name, value, meaning)));
    let own = json
        .iter()
        .filter(|(name, _)| !meanings.iter().any(|(registered, _)| registered == name))
        .map(|(name, value)| member(name, value, OWN_MEANING));
    registered.chain(own).collect()
}

fn inspect_signature(encoded: &str) -> InspectedSignature {
    let shown = InspectedSignature { encoded: encoded.to_owned(), ..InspectedSignature::default() };
    if encoded.is_empty() {
        return InspectedSignature { problem: Some(VerifyError::EmptyPart(Part::Signature).to_string()), ..shown };
    }
    match strict::base64url(encoded) {
        Ok(bytes) => InspectedSignature { length: Some(bytes.len()), ..shown },
        Err(_) => InspectedSignature { problem: Some(VerifyError::Base64(Part::Signature).to_string()), ..shown },
    }
}

/// Times that are there but are none.
fn claim_problems(payload: &InspectedPart) -> Vec<String> {
    let wrong = |name: &&&str| payload.members.iter().any(|member| member.name == **name && member.time.is_none());
    // The message needs the name for longer than the token lives, hence from the table.
    TIMES.iter().filter(wrong).map(|name| VerifyError::ClaimType(name).to_string()).collect()
}
