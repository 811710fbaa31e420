//! Tokens from strangers. Without a line break the input is a whole token; with one it is a header and a payload, which are
//! signed here, so that the claims are reached as well.
#![no_main]

use std::collections::HashSet;
use std::sync::LazyLock;

use aws_lc_rs::hmac;
use fuzz::{AUDIENCE, ISSUER, NOW, SECRET, VERIFIER, tokens};
use libfuzzer_sys::fuzz_target;
use serde_json::Value;
use token_core::{Claims, NoClaims, inspect, strict};

/// What the keys have ever signed, up to the second dot.
static SIGNED: LazyLock<HashSet<String>> = LazyLock::new(|| {
    tokens().iter().filter_map(|token| token.rsplit_once('.')).map(|(signed, _)| signed.to_owned()).collect()
});

fuzz_target!(|text: &str| {
    let own = text.split_once('\n').map(|(header, payload)| sign(header, payload));
    let token = own.as_deref().unwrap_or(text);
    let outcome = VERIFIER.verify::<NoClaims>(token, NOW);
    let _ = VERIFIER.verify_jwt(token, NOW);
    let shown = inspect(token);
    match outcome {
        Ok(claims) => {
            assert!(own.is_some() || is_signed(token), "accepted, and never signed");
            assert_eq!(shown.problems, Vec::<String>::new(), "accepted, and refused by every verifier");
            check(token, &claims);
        }
        Err(error) => {
            let said = error.to_string();
            assert!(!said.chars().any(char::is_control), "{said:?} cannot be logged");
        }
    }
});

fn sign(header: &str, payload: &str) -> String {
    let signed = [header, payload].map(|part| strict::to_base64url(part.as_bytes())).join(".");
    let mac = hmac::sign(&hmac::Key::new(hmac::HMAC_SHA256, &SECRET), signed.as_bytes());
    format!("{signed}.{}", strict::to_base64url(mac.as_ref()))
}

fn is_signed(token: &str) -> bool {
    token.rsplit_once('.').is_some_and(|(signed, _)| SIGNED.contains(signed))
}

/// An accepted token has one text, and another reader finds the same in it.
fn check(token: &str, claims: &Claims) {
    let parts: Vec<Vec<u8>> = token.split('.').map(|part| strict::base64url(part).expect("it was read")).collect();
    let again: Vec<String> = parts.iter().map(|part| strict::to_base64url(part)).collect();
    assert_eq!(again.join("."), token, "two texts of one token");

    let header: Value = serde_json::from_slice(&parts[0]).expect("it was read");
    let kid = header["kid"].as_str().expect("it is required");
    assert_eq!(header["alg"], VERIFIER.keys().get(kid).expect("it was found").algorithm().name());
    for name in ["crit", "b64", "zip", "jku", "jwk", "x5u", "x5c"] {
        assert!(header.get(name).is_none(), "{name} was passed over");
    }

    let payload: Value = serde_json::from_slice(&parts[1]).expect("it was read");
    assert_eq!(payload["iss"], ISSUER);
    let meant = |aud: &Value| *aud == AUDIENCE;
    assert!(meant(&payload["aud"]) || payload["aud"].as_array().is_some_and(|names| names.iter().any(meant)));
    assert!(payload["exp"].as_u64().is_some_and(|exp| exp > NOW.as_secs()));
    assert!(payload.get("nbf").is_none_or(|nbf| nbf.as_u64().is_some_and(|nbf| nbf <= NOW.as_secs() + 30)));
    let printed = serde_json::to_value(claims).expect("claims are JSON");
    for (name, value) in printed.as_object().expect("claims are an object") {
        let absent = matches!(name.as_str(), "scope" | "amr" | "roles") && payload.get(name).is_none();
        // One audience may come as an array of one, and goes as a string.
        let one = name == "aud" && payload["aud"] == Value::Array(vec![value.clone()]);
        assert!(absent || one || payload[name] == *value, "{name} was read as something else");
    }
}
