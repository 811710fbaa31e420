//! Keys, JWKs and sets of them: SECURITY J5, J10, J12, J13, J14, J18.

use serde_json::{Value, json};
use token_core::{Algorithm, KeyError, KeySet, SigningKey, VerificationKey, strict::JsonError, thumbprint};

/// RFC 8037 appendix A.2.
const ED25519: &str = r#"{"kty":"OKP","crv":"Ed25519","x":"11qYAYKxCrfVS_7TyWQHOg7hcvPapiMlrwIaaPcHURo"}"#;
/// RFC 7515 appendix A.3.1, the public half.
const P256: &str = r#"{"kty":"EC","crv":"P-256","x":"f83OJ3D2xF1Bg8vub9tLe1gHMzV76e8Tus9uPHvRVEU","y":"x_FEzRu9m36HLN_tue659LNpXW6pCyStikYjKIWI5a0"}"#;
/// RFC 7515 appendix A.1.1, with its algorithm.
const SECRET: &str = r#"{"kty":"oct","alg":"HS256","k":"AyM1SysPpbyDfgZld3umj1qzKObwVMkoqQ-EstJQLr_T-1qS0gZH75aKtMN3Yj0iPS4hcgUuTwjAzZr1Z9CAow"}"#;

fn with(jwk: &str, name: &str, value: Value) -> String {
    let mut members: Value = serde_json::from_str(jwk).unwrap();
    members[name] = value;
    members.to_string()
}

fn without(jwk: &str, name: &str) -> String {
    let mut members: Value = serde_json::from_str(jwk).unwrap();
    members.as_object_mut().unwrap().remove(name);
    members.to_string()
}

fn refusal(jwk: &str) -> KeyError {
    VerificationKey::from_jwk(jwk).expect_err(jwk)
}

#[test]
fn j14_the_rfc_7638_example_reproduces() {
    let jwk = r#"{"kty":"RSA","n":"0vx7agoebGcQSuuPiLJXZptN9nndrQmbXEps2aiAFbWhM78LhWx4cbbfAAtVT86zwu1RK7aPFFxuhDR1L6tSoc_BJECPebWKRXjBZCiFV4n3oknjhMstn64tZ_2W-5JsGY4Hc5n9yBXArwl93lqt7_RN5w6Cf0h4QyQ5v-65YGjQR0_FDW2QvzqY368QQMicAtaSqzs8KJZgnYb9c7d0zgdAZHzu6qMQvRL5hajrn1n91CbOpbISD08qNLyrdkt-bFTWhAI4vMQFh6WeZu0fM4lFd2NcRwr3XPksINHaQ-G_xBniIqbw0Ls1jF44-csFCur-kEgU8awapJzKnqDKgw","e":"AQAB","alg":"RS256","kid":"2011-04-29"}"#;
    assert_eq!(thumbprint(jwk).unwrap(), "NzbLsXh8uDCcd-6MNwXF4W_7noWXFZAfHkxZsRGC9Xs");
}

#[test]
fn j14_the_rfc_8037_example_reproduces() {
    let expected = "kPrK_qmxVWaYVA9wwBF6Iuo3vVzz7TxHCTwXBygrS4k";
    assert_eq!(thumbprint(ED25519).unwrap(), expected);
    assert_eq!(VerificationKey::from_jwk(ED25519).unwrap().kid(), expected);
}

/// RFC 8037 appendix A.1: the seed, wrapped as PKCS#8 version 1, which is what `openssl genpkey` writes.
#[test]
fn j14_the_rfc_8037_private_key_has_the_same_name() {
    let seed = token_core::strict::base64url("nWGxne_9WmC6hEr0kuwsxERJxWl7MmkZcDusAxyuf2A").unwrap();
    let prefix = [0x30, 0x2e, 2, 1, 0, 0x30, 5, 6, 3, 0x2b, 0x65, 0x70, 4, 0x22, 4, 0x20];
    let key = SigningKey::from_bytes(Algorithm::EdDsa, &[&prefix[..], &seed].concat()).unwrap();
    assert_eq!(key.kid(), "kPrK_qmxVWaYVA9wwBF6Iuo3vVzz7TxHCTwXBygrS4k");
}

#[test]
fn j14_every_generated_key_is_named_by_its_thumbprint() {
    for algorithm in Algorithm::ALL {
        let key = SigningKey::generate(*algorithm).unwrap();
        assert_eq!(key.kid(), key.verification_key().kid());
        let jwk = match key.verification_key().to_jwk() {
            Some(jwk) => jwk.to_value(),
            None => json!({"kty": "oct", "k": token_core::strict::to_base64url(&key.to_bytes())}),
        };
        assert_eq!(key.kid(), thumbprint(&jwk.to_string()).unwrap());
    }
}

#[test]
fn a_thumbprint_needs_the_members_that_name_the_key() {
    assert_eq!(thumbprint(r#"{"kty":"RSA","e":"AQAB"}"#), Err(KeyError::Missing("n")));
    assert_eq!(thumbprint(r#"{"kty":"EC","crv":"P-256","x":"AA","y":1}"#), Err(KeyError::Member("y")));
    assert_eq!(thumbprint(r#"{"kty":"AKP"}"#), Err(KeyError::Unsupported("kty")));
    assert!(matches!(thumbprint(r#"{"kty":"EC","kty":"EC"}"#), Err(KeyError::Json(_))));
}

#[test]
fn a_key_survives_being_stored() {
    for algorithm in Algorithm::ALL {
        let key = SigningKey::generate(*algorithm).unwrap();
        let again = SigningKey::from_bytes(*algorithm, &key.to_bytes()).unwrap();
        assert_eq!((key.kid(), key.algorithm()), (again.kid(), again.algorithm()));
        assert_eq!(key.to_bytes(), again.to_bytes());
    }
}

#[test]
fn two_generated_keys_differ() {
    for algorithm in Algorithm::ALL {
        let (one, other) = (SigningKey::generate(*algorithm).unwrap(), SigningKey::generate(*algorithm).unwrap());
        assert_ne!(one.kid(), other.kid());
    }
}

#[test]
fn bytes_that_are_no_key_of_the_algorithm_are_refused() {
    let ed25519 = SigningKey::generate(Algorithm::EdDsa).unwrap().to_bytes();
    let p256 = SigningKey::generate(Algorithm::Es256).unwrap().to_bytes();
    let refused = |algorithm, bytes: &[u8]| {
        assert_eq!(SigningKey::from_bytes(algorithm, bytes).err(), Some(KeyError::Pkcs8(algorithm)));
    };
    for junk in [&b""[..], b"\0", &[0x30; 64], &[0; 32]] {
        refused(Algorithm::EdDsa, junk);
        refused(Algorithm::Es256, junk);
    }
    refused(Algorithm::EdDsa, &p256);
    refused(Algorithm::Es256, &ed25519);
    for (algorithm, bytes) in [(Algorithm::EdDsa, ed25519), (Algorithm::Es256, p256)] {
        refused(algorithm, &bytes[..bytes.len() - 1]);
        refused(algorithm, &[&bytes[..], b"\0"].concat());
    }
}

#[test]
fn j10_hmac_secrets_below_the_hashs_size_are_refused() {
    for got in 0..32 {
        let short = KeyError::SecretTooShort { algorithm: Algorithm::Hs256, need: 32, got };
        assert_eq!(SigningKey::from_bytes(Algorithm::Hs256, &vec![7; got]).err(), Some(short.clone()));
        let jwk = with(SECRET, "k", json!(token_core::strict::to_base64url(&vec![7; got])));
        assert_eq!(refusal(&jwk), short);
    }
    for enough in [32, 33, 64, 1000] {
        SigningKey::from_bytes(Algorithm::Hs256, &vec![7; enough]).unwrap();
    }
    let message = refusal(&with(SECRET, "k", json!(""))).to_string();
    assert!(message.contains("openssl rand 32"), "{message}");
}

#[test]
fn jwks_from_the_rfcs_are_read() {
    for (jwk, algorithm) in [(ED25519, Algorithm::EdDsa), (P256, Algorithm::Es256), (SECRET, Algorithm::Hs256)] {
        let key = VerificationKey::from_jwk(jwk).unwrap();
        assert_eq!(key.algorithm(), algorithm);
        assert_eq!(key.kid(), thumbprint(jwk).unwrap());
        let named = VerificationKey::from_jwk(&with(jwk, "kid", json!("mine"))).unwrap();
        assert_eq!(named.kid(), "mine");
    }
}

#[test]
fn a_public_key_survives_being_published() {
    for algorithm in [Algorithm::EdDsa, Algorithm::Es256] {
        let key = SigningKey::generate(algorithm).unwrap().verification_key();
        let text = serde_json::to_string(&key.to_jwk().unwrap()).unwrap();
        let again = VerificationKey::from_jwk(&text).unwrap();
        assert_eq!((again.kid(), again.algorithm(), again.to_jwk()), (key.kid(), algorithm, key.to_jwk()));
        assert_eq!(serde_json::from_str::<Value>(&text).unwrap(), key.to_jwk().unwrap().to_value());
    }
}

#[test]
fn j12_a_key_whose_alg_disagrees_is_refused() {
    for (jwk, own) in [(ED25519, "EdDSA"), (P256, "ES256"), (SECRET, "HS256")] {
        VerificationKey::from_jwk(&with(jwk, "alg", json!(own))).unwrap();
        for other in ["EdDSA", "ES256", "HS256"].into_iter().filter(|other| *other != own) {
            assert_eq!(refusal(&with(jwk, "alg", json!(other))), KeyError::AlgorithmDisagrees, "{jwk} {other}");
        }
        for other in ["none", "RS256", "eddsa", "", "ECDH-ES", "A256GCM"] {
            assert_eq!(refusal(&with(jwk, "alg", json!(other))), KeyError::Unsupported("alg"), "{jwk} {other}");
        }
        assert_eq!(refusal(&with(jwk, "alg", json!(null))), KeyError::Member("alg"));
    }
    assert_eq!(refusal(&without(SECRET, "alg")), KeyError::Missing("alg"));
}

#[test]
fn j12_a_key_that_is_not_for_verifying_is_refused() {
    for jwk in [ED25519, P256, SECRET] {
        for (name, good) in
            [("use", json!("sig")), ("key_ops", json!(["verify"])), ("key_ops", json!(["sign", "verify"]))]
        {
            VerificationKey::from_jwk(&with(jwk, name, good)).unwrap();
        }
        for usage in ["enc", "", "SIG", "sig "] {
            assert_eq!(refusal(&with(jwk, "use", json!(usage))), KeyError::Purpose("use"));
        }
        for operations in [json!([]), json!(["encrypt"]), json!(["sign"]), json!(["VERIFY"]), json!(["sign, verify"])] {
            assert_eq!(refusal(&with(jwk, "key_ops", operations)), KeyError::Purpose("key_ops"));
        }
        for malformed in [json!("verify"), json!(null), json!([1]), json!(["verify", "verify"]), json!({})] {
            assert_eq!(refusal(&with(jwk, "key_ops", malformed)), KeyError::Member("key_ops"));
        }
        assert_eq!(refusal(&with(jwk, "use", json!(1))), KeyError::Member("use"));
        let both = with(&with(jwk, "use", json!("sig")), "key_ops", json!(["verify", "encrypt"]));
        assert_eq!(refusal(&both), KeyError::Purpose("key_ops"));
    }
}

#[test]
fn j13_a_private_key_is_refused_where_a_public_one_belongs() {
    for jwk in [ED25519, P256] {
        for name in ["d", "p", "q", "dp", "dq", "qi", "oth"] {
            assert_eq!(refusal(&with(jwk, name, json!("AA"))), KeyError::PrivateMember(name));
        }
    }
}

#[test]
fn j13_no_private_member_and_no_secret_is_ever_published() {
    let keys: Vec<SigningKey> =
        (0..4).flat_map(|_| Algorithm::ALL).map(|algorithm| SigningKey::generate(*algorithm).unwrap()).collect();
    let set = KeySet::new(keys.iter().map(SigningKey::verification_key));
    assert_eq!(set.len(), 12);
    let jwks = set.to_jwks();
    let published: Value = serde_json::from_str(&jwks).unwrap();
    let published = published["keys"].as_array().unwrap();
    assert_eq!(published.len(), 8, "key pairs only");
    for jwk in published {
        let public = ["alg", "crv", "kid", "kty", "use", "x", "y"];
        let members = jwk.as_object().unwrap();
        assert!(members.keys().all(|name| public.contains(&name.as_str())), "{jwk}");
        assert!(matches!(members["kty"].as_str(), Some("OKP" | "EC")));
        assert_eq!(members["use"], "sig");
    }
    for key in keys.iter().filter(|key| key.algorithm().is_symmetric()) {
        assert!(key.verification_key().to_jwk().is_none());
        assert!(!jwks.contains(key.kid()));
        assert!(!jwks.contains(&token_core::strict::to_base64url(&key.to_bytes())));
    }
}

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
        {"kty": "RSA", "n": "AQAB", "e": "AQAB", "alg": "RS256"},
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

#[test]
fn j5_a_member_twice_in_a_jwk_or_set_is_refused() {
    let twice = |name: &str| KeyError::Json(JsonError::DuplicateMember(name.into()));
    let jwk = ED25519.replacen('{', r#"{"crv":"Ed25519","#, 1);
    assert_eq!(refusal(&jwk), twice("crv"));
    let refused = |text: &str| KeySet::from_jwks(text).expect_err(text);
    assert_eq!(refused(&format!(r#"{{"keys":[{jwk}]}}"#)), twice("crv"));
    assert_eq!(refused(&format!(r#"{{"keys":[],"keys":[{ED25519}]}}"#)), twice("keys"));
    assert_eq!(refused(&format!("\u{feff}{{\"keys\":[{ED25519}]}}")), KeyError::Json(JsonError::ByteOrderMark));
}

#[test]
fn j18_points_that_are_not_on_the_curve_are_refused() {
    let x = "f83OJ3D2xF1Bg8vub9tLe1gHMzV76e8Tus9uPHvRVEU";
    let zero = token_core::strict::to_base64url(&[0; 32]);
    let ones = token_core::strict::to_base64url(&[0xff; 32]);
    for (name, value) in [("y", x), ("x", &zero), ("y", &zero), ("x", &ones), ("y", &ones)] {
        assert_eq!(refusal(&with(P256, name, json!(value))), KeyError::InvalidPoint, "{name} = {value}");
    }
}

/// Anyone can sign for a point of small order; the list is that of the eight torsion points and their other encodings.
#[test]
fn j18_ed25519_points_of_small_order_are_refused() {
    let hex = |text: &str| -> Vec<u8> {
        (0..32).map(|index| u8::from_str_radix(&text[2 * index..2 * index + 2], 16).unwrap()).collect()
    };
    for text in [
        "0000000000000000000000000000000000000000000000000000000000000000",
        "0100000000000000000000000000000000000000000000000000000000000000",
        "26e8958fc2b227b045c3f489f2ef98f0d5dfac05d3c63339b13802886d53fc05",
        "c7176a703d4dd84fba3c0b760d10670f2a2053fa2c39ccc64ec7fd7792ac037a",
        "ecffffffffffffffffffffffffffffffffffffffffffffffffffffffffffff7f",
        "edffffffffffffffffffffffffffffffffffffffffffffffffffffffffffff7f",
        "eeffffffffffffffffffffffffffffffffffffffffffffffffffffffffffff7f",
        "ffffffffffffffffffffffffffffffffffffffffffffffffffffffffffffff7f",
    ] {
        for sign in [0, 0x80] {
            let mut point = hex(text);
            point[31] |= sign;
            let jwk = with(ED25519, "x", json!(token_core::strict::to_base64url(&point)));
            assert_eq!(refusal(&jwk), KeyError::InvalidPoint, "{text}");
        }
    }
}

#[test]
fn coordinates_have_their_full_length_in_canonical_base64url() {
    for (jwk, name) in [(ED25519, "x"), (P256, "x"), (P256, "y")] {
        let bytes = token_core::strict::to_base64url;
        for value in [bytes(&[1; 31]), bytes(&[1; 33]), bytes(&[]), "A".repeat(42) + "B", "A".repeat(43) + "="] {
            assert_eq!(refusal(&with(jwk, name, json!(value))), KeyError::Member(name), "{value}");
        }
        assert_eq!(refusal(&with(jwk, name, json!(1))), KeyError::Member(name));
        assert_eq!(refusal(&without(jwk, name)), KeyError::Missing(name));
    }
}

#[test]
fn key_types_and_names_are_checked() {
    assert_eq!(refusal(&without(ED25519, "kty")), KeyError::Missing("kty"));
    assert_eq!(refusal(&without(ED25519, "crv")), KeyError::Missing("crv"));
    assert_eq!(refusal(&with(ED25519, "crv", json!("Ed448"))), KeyError::Unsupported("crv"));
    assert_eq!(refusal(&with(P256, "crv", json!("P-384"))), KeyError::Unsupported("crv"));
    assert_eq!(refusal(&with(P256, "crv", json!("Ed25519"))), KeyError::Unsupported("crv"));
    assert_eq!(refusal(&with(P256, "kty", json!("RSA"))), KeyError::Unsupported("kty"));
    assert_eq!(refusal(&with(P256, "kty", json!("ec"))), KeyError::Unsupported("kty"));
    assert_eq!(refusal(&with(SECRET, "k", json!("++++"))), KeyError::Member("k"));
    for kid in [json!(""), json!(1), json!(null), json!("k".repeat(257))] {
        assert_eq!(refusal(&with(ED25519, "kid", kid)), KeyError::Member("kid"));
    }
}

#[test]
fn algorithm_names_are_exact() {
    for algorithm in Algorithm::ALL {
        assert_eq!(algorithm.name().parse(), Ok(*algorithm));
        assert_eq!(algorithm.to_string(), algorithm.name());
        assert_eq!(serde_json::to_value(algorithm).unwrap(), json!(algorithm.name()));
        assert!(algorithm.name().to_lowercase().parse::<Algorithm>().is_err());
    }
}
