//! Keys from strangers: JWK sets, single JWKs and PEM. What is accepted prints and reads back as the same key.
#![no_main]

use libfuzzer_sys::fuzz_target;
use serde_json::Value;
use token_core::{Algorithm, KeySet, SigningKey, VerificationKey, thumbprint};

fuzz_target!(|text: &str| {
    if let Ok(set) = KeySet::from_jwks(text) {
        let printed = set.to_jwks();
        let again = KeySet::from_jwks(&printed).expect("what is printed can be read");
        assert_eq!(again.to_jwks(), printed);
        assert_eq!(again.len(), set.iter().filter(|key| key.to_jwk().is_some()).count());
        set.iter().for_each(check);
    }
    if let Ok(key) = VerificationKey::from_jwk(text) {
        check(&key);
    }
    if let Ok(key) = VerificationKey::from_pem(text, None) {
        check(&key);
        assert!(key.to_jwk().is_some(), "a secret has no PEM");
    }
    for key in [SigningKey::from_jwk(text, None), SigningKey::from_pem(text, None)].into_iter().flatten() {
        let again = SigningKey::from_bytes(key.algorithm(), &key.to_bytes()).expect("what is written can be read");
        assert_eq!((again.kid(), again.algorithm()), (again.verification_key().kid(), key.algorithm()));
        assert!(!format!("{key:?}").contains("\"d\""));
        check(&key.verification_key());
    }
});

fn check(key: &VerificationKey) {
    assert!(!key.kid().is_empty() && key.kid().len() <= 256);
    assert!(Algorithm::ALL.contains(&key.algorithm()));
    assert!(key.verify(b"message", b"signature").is_err(), "a bad signature was accepted");
    let Some(jwk) = key.to_jwk() else {
        assert!(key.algorithm().is_symmetric(), "a public key has a public form");
        return;
    };
    let printed = jwk.to_value();
    for private in ["d", "p", "q", "dp", "dq", "qi", "oth", "k"] {
        assert!(printed.get(private).is_none(), "`{private}` was printed");
    }
    let text = printed.to_string();
    let again = VerificationKey::from_jwk(&text).expect("what is printed can be read");
    assert_eq!((again.kid(), again.algorithm()), (key.kid(), key.algorithm()));
    assert_eq!(again.to_jwk().map(|jwk| jwk.to_value()), Some(printed.clone()));
    assert!(thumbprint(&text).is_ok());
    let pem = key.to_pem().expect("a public key has a PEM form");
    let from_pem = VerificationKey::from_pem(&pem, Some(key.algorithm())).expect("what is printed can be read");
    assert_eq!(parameters(from_pem.to_jwk().map(|jwk| jwk.to_value())), parameters(Some(printed)));
}

/// What makes up the key, without its name.
fn parameters(jwk: Option<Value>) -> Option<Value> {
    let mut jwk = jwk?;
    jwk.as_object_mut()?.remove("kid");
    Some(jwk)
}
