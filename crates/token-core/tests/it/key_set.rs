//! Sets of keys: what is published, and which sets are read.

use crate::keys::{ED25519, P256, with};
use serde_json::{Value, json};
use token_core::{Algorithm, KeyError, KeySet, SigningKey, VerificationKey, strict::JsonError};

#[test]
fn a_set_is_published_in_a_stable_order() {
    let keys: Vec<VerificationKey> =
        (0..6).map(|_| SigningKey::generate(Algorithm::EdDsa).unwrap().verification_key()).collect();
    let forwards = KeySet::new(keys.iter().cloned());
    let backwards: KeySet = keys.iter().rev().cloned().collect();
    assert_eq!(forwards.to_jwks(), backwards.to_jwks());
    let again = KeySet::from_jwks(&forwards.to_jwks()).unwrap();
    assert_eq!(again.to_jwks(), forwards.to_jwks());
    let names: Vec<&str> = forwards.iter().map(VerificationKey::kid).collect();
    assert!(names.is_sorted());
    assert!(keys.iter().all(|key| forwards.get(key.kid()).is_some()));
    assert_eq!(KeySet::default().to_jwks(), r#"{"keys":[]}"#);
    assert!(KeySet::default().is_empty());
}

#[test]
fn a_set_leaves_out_keys_of_other_types_and_purposes() {
    let set = json!({"keys": [
        serde_json::from_str::<Value>(ED25519).unwrap(),
        serde_json::from_str::<Value>(&with(P256, "use", json!("enc"))).unwrap(),
        {"kty": "RSA", "n": "AQAB", "e": "AQAB", "alg": "RSA-OAEP"},
        {"kty": "EC", "crv": "P-521", "x": "AA", "y": "AA"},
        {"kty": "OKP", "crv": "X25519", "x": "AA"},
        {"kty": "AKP", "alg": "ML-DSA-44", "pub": "AA"},
    ], "more": 1});
    let set = KeySet::from_jwks(&set.to_string()).unwrap();
    assert_eq!(set.iter().map(VerificationKey::algorithm).collect::<Vec<_>>(), [Algorithm::EdDsa]);
}

#[test]
fn a_malformed_set_is_refused() {
    let set = |keys: &[&str]| format!(r#"{{"keys":[{}]}}"#, keys.join(","));
    let refused = |text: &str| KeySet::from_jwks(text).expect_err(text);
    assert_eq!(refused("{}"), KeyError::Missing("keys"));
    assert_eq!(refused(r#"{"keys":{}}"#), KeyError::Member("keys"));
    assert_eq!(refused(r#"{"keys":[1]}"#), KeyError::Member("keys"));
    assert_eq!(refused("[]"), KeyError::Json(JsonError::NotAnObject));
    assert_eq!(refused(&set(&[ED25519, ED25519])), KeyError::DuplicateKeyId);
    let (one, other) = (with(ED25519, "kid", json!("a")), with(P256, "kid", json!("a")));
    assert_eq!(refused(&set(&[&one, &other])), KeyError::DuplicateKeyId);
    assert_eq!(refused(&set(&[ED25519, &with(P256, "d", json!("AA"))])), KeyError::PrivateMember("d"));
    let rsa = r#"{"kty":"RSA","alg":"RS256","use":"enc","n":"AQAB","e":"AQAB","d":"AQAB"}"#;
    assert_eq!(refused(&set(&[ED25519, rsa])), KeyError::PrivateMember("d"), "even in a key that is not for us");
    assert_eq!(refused(&set(&[&with(ED25519, "x", json!("AA"))])), KeyError::Member("x"));
}
