//! Keys and JWKs: SECURITY J5, J10, J12, J13, J14, J18.

use crate::support::{key, other_key};
use serde_json::{Value, json};
use token_core::{Algorithm, KeyError, KeySet, KeyType, SigningKey, VerificationKey, strict::JsonError, thumbprint};

/// RFC 8037 appendix A.2.
pub(crate) const ED25519: &str = r#"{"kty":"OKP","crv":"Ed25519","x":"11qYAYKxCrfVS_7TyWQHOg7hcvPapiMlrwIaaPcHURo"}"#;
/// RFC 7515 appendix A.3.1, the public half.
pub(crate) const P256: &str = r#"{"kty":"EC","crv":"P-256","x":"f83OJ3D2xF1Bg8vub9tLe1gHMzV76e8Tus9uPHvRVEU","y":"x_FEzRu9m36HLN_tue659LNpXW6pCyStikYjKIWI5a0"}"#;
/// RFC 7638 §3.1.
const RSA: &str = r#"{"kty":"RSA","n":"0vx7agoebGcQSuuPiLJXZptN9nndrQmbXEps2aiAFbWhM78LhWx4cbbfAAtVT86zwu1RK7aPFFxuhDR1L6tSoc_BJECPebWKRXjBZCiFV4n3oknjhMstn64tZ_2W-5JsGY4Hc5n9yBXArwl93lqt7_RN5w6Cf0h4QyQ5v-65YGjQR0_FDW2QvzqY368QQMicAtaSqzs8KJZgnYb9c7d0zgdAZHzu6qMQvRL5hajrn1n91CbOpbISD08qNLyrdkt-bFTWhAI4vMQFh6WeZu0fM4lFd2NcRwr3XPksINHaQ-G_xBniIqbw0Ls1jF44-csFCur-kEgU8awapJzKnqDKgw","e":"AQAB"}"#;
/// RFC 7515 appendix A.1.1, with its algorithm.
const SECRET: &str = r#"{"kty":"oct","alg":"HS256","k":"AyM1SysPpbyDfgZld3umj1qzKObwVMkoqQ-EstJQLr_T-1qS0gZH75aKtMN3Yj0iPS4hcgUuTwjAzZr1Z9CAow"}"#;

/// As version 0.1 stored them.
const STORED: [(Algorithm, &str, &str); 3] = [
    (
        Algorithm::EdDsa,
        "3051020101300506032b657004220420a02422f7155964bdbe3e0f7dd6c25a67a12f262e56df955126060e3130d1c18d8121002801a5c200a79f1e2aa7deacc2f073eea9216c6a1239710d211695c59b492832",
        "6PQnnxQDU6RdrgQ3dw7lZNshJ-Lflhng6Nz2reXHDeY",
    ),
    (
        Algorithm::Es256,
        "308187020100301306072a8648ce3d020106082a8648ce3d030107046d306b02010104203cd2a78f11193f7cb4697f5ab6ee6d5d9ca8e1eb81de3c37efe985311a972b27a144034200047f6965713c662be8b6b03438039f23ffe6263fd748bae4b83d1df0779c1576aef9c373142ad7a5a07d821baac82ba4d551c71bca14e70687b64fcfe177c48077",
        "8g6Pzr2URF1kTu0wqAOFt4pjNwgSnT_asCOVt7bqmkI",
    ),
    (
        Algorithm::Hs256,
        "8329299c08e00d7070f09e65cbe4176e58bc1dd6ee710b7e0f891c34bf36a76a",
        "9MS143xVBlTmhaR8MxbE4tM8Hn71tpdDhsPxYZtYXZk",
    ),
];

pub(crate) fn with(jwk: &str, name: &str, value: Value) -> String {
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
    let jwk = &with(&with(RSA, "alg", json!("RS256")), "kid", json!("2011-04-29"));
    assert_eq!(thumbprint(jwk).unwrap(), "NzbLsXh8uDCcd-6MNwXF4W_7noWXFZAfHkxZsRGC9Xs");
    assert_eq!(VerificationKey::from_jwk(RSA).unwrap().kid(), "NzbLsXh8uDCcd-6MNwXF4W_7noWXFZAfHkxZsRGC9Xs");
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
        let key = key(*algorithm);
        let again = SigningKey::from_bytes(*algorithm, &key.to_bytes()).unwrap();
        assert_eq!((key.kid(), key.algorithm()), (again.kid(), again.algorithm()));
        assert_eq!(key.to_bytes(), again.to_bytes());
    }
}

#[test]
fn two_keys_differ_in_name() {
    for algorithm in Algorithm::ALL {
        let (one, other) = (key(*algorithm), other_key(*algorithm));
        assert_ne!(one.kid(), other.kid());
    }
}

#[test]
fn bytes_that_are_no_key_of_the_algorithm_are_refused() {
    let pairs: Vec<SigningKey> =
        Algorithm::ALL.iter().filter(|algorithm| !algorithm.is_symmetric()).map(|algorithm| key(*algorithm)).collect();
    let refused = |algorithm, bytes: &[u8]| {
        assert_eq!(SigningKey::from_bytes(algorithm, bytes).err(), Some(KeyError::Pkcs8(algorithm)));
    };
    for own in &pairs {
        let (algorithm, bytes) = (own.algorithm(), own.to_bytes());
        for junk in [&b""[..], b"\0", &[0x30; 64], &[0; 32]] {
            refused(algorithm, junk);
        }
        for other in pairs.iter().filter(|other| other.algorithm().key_type() != algorithm.key_type()) {
            refused(algorithm, &other.to_bytes());
        }
        refused(algorithm, &bytes[..bytes.len() - 1]);
        refused(algorithm, &[&bytes[..], b"\0"].concat());
    }
}

/// What version 0.1 stored: an Ed25519 key of version 2, a P-256 key of version 1, a secret as it is.
#[test]
fn keys_stored_before_still_open() {
    let hex = |text: &str| -> Vec<u8> {
        (0..text.len() / 2).map(|index| u8::from_str_radix(&text[2 * index..2 * index + 2], 16).unwrap()).collect()
    };
    for (algorithm, bytes, kid) in STORED {
        assert_eq!(SigningKey::from_bytes(algorithm, &hex(bytes)).unwrap().kid(), kid);
    }
}

#[test]
fn j10_hmac_secrets_below_the_hashs_size_are_refused() {
    for (algorithm, need) in [(Algorithm::Hs256, 32), (Algorithm::Hs384, 48), (Algorithm::Hs512, 64)] {
        let secret = with(SECRET, "alg", json!(algorithm.name()));
        let of_length = |length| with(&secret, "k", json!(token_core::strict::to_base64url(&vec![7; length])));
        for got in 0..need {
            let short = KeyError::SecretTooShort { algorithm, need, got };
            assert_eq!(SigningKey::from_bytes(algorithm, &vec![7; got]).err(), Some(short.clone()));
            assert_eq!(SigningKey::from_jwk(&of_length(got), None).err(), Some(short.clone()));
            assert_eq!(refusal(&of_length(got)), short);
        }
        for enough in [need, need + 1, 100, 1000] {
            SigningKey::from_bytes(algorithm, &vec![7; enough]).unwrap();
            VerificationKey::from_jwk(&of_length(enough)).unwrap();
        }
        let message = refusal(&of_length(0)).to_string();
        assert!(message.contains(&format!("openssl rand {need}")), "{message}");
    }
}

#[test]
fn jwks_from_the_rfcs_are_read() {
    for (jwk, algorithm) in
        [(ED25519, Algorithm::EdDsa), (P256, Algorithm::Es256), (RSA, Algorithm::Rs256), (SECRET, Algorithm::Hs256)]
    {
        let key = VerificationKey::from_jwk(jwk).unwrap();
        assert_eq!(key.algorithm(), algorithm);
        assert_eq!(key.kid(), thumbprint(jwk).unwrap());
        let named = VerificationKey::from_jwk(&with(jwk, "kid", json!("mine"))).unwrap();
        assert_eq!(named.kid(), "mine");
    }
}

#[test]
fn a_public_key_survives_being_published() {
    for &algorithm in Algorithm::ALL.iter().filter(|algorithm| !algorithm.is_symmetric()) {
        let key = key(algorithm).verification_key();
        let text = serde_json::to_string(&key.to_jwk().unwrap()).unwrap();
        let again = VerificationKey::from_jwk(&text).unwrap();
        assert_eq!((again.kid(), again.algorithm(), again.to_jwk()), (key.kid(), algorithm, key.to_jwk()));
        assert_eq!(serde_json::from_str::<Value>(&text).unwrap(), key.to_jwk().unwrap().to_value());
    }
}

#[test]
fn j12_a_key_whose_alg_disagrees_is_refused() {
    for (jwk, own) in [
        (ED25519, &["EdDSA", "Ed25519"][..]),
        (P256, &["ES256"]),
        (RSA, &["RS256", "RS384", "RS512", "PS256", "PS384", "PS512"]),
        (SECRET, &["HS256", "HS384", "HS512"]),
    ] {
        for name in own {
            let key = VerificationKey::from_jwk(&with(jwk, "alg", json!(name))).unwrap();
            assert_eq!(key.algorithm().name(), *name);
        }
        for other in Algorithm::ALL.iter().map(|algorithm| algorithm.name()).filter(|other| !own.contains(other)) {
            assert_eq!(refusal(&with(jwk, "alg", json!(other))), KeyError::AlgorithmDisagrees, "{jwk} {other}");
        }
        for other in ["none", "ES512", "eddsa", "", "ECDH-ES", "A256GCM", "RSA-OAEP"] {
            assert_eq!(refusal(&with(jwk, "alg", json!(other))), KeyError::Unsupported("alg"), "{jwk} {other}");
        }
        assert_eq!(refusal(&with(jwk, "alg", json!(null))), KeyError::Member("alg"));
    }
    assert_eq!(refusal(&without(SECRET, "alg")), KeyError::Missing("alg"));
}

#[test]
fn j12_a_key_that_is_not_for_verifying_is_refused() {
    for jwk in [ED25519, P256, RSA, SECRET] {
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
    for jwk in [ED25519, P256, RSA] {
        for name in ["d", "p", "q", "dp", "dq", "qi", "oth"] {
            assert_eq!(refusal(&with(jwk, name, json!("AA"))), KeyError::PrivateMember(name));
        }
    }
}

#[test]
fn j13_no_private_member_and_no_secret_is_ever_published() {
    let keys: Vec<SigningKey> = (0..3)
        .flat_map(|_| Algorithm::ALL)
        .filter(|algorithm| algorithm.key_type() != KeyType::Rsa)
        .map(|algorithm| key(*algorithm))
        .chain([key(Algorithm::Rs256), other_key(Algorithm::Ps512)])
        .collect();
    let set = KeySet::new(keys.iter().map(SigningKey::verification_key));
    assert_eq!(set.len(), 3 * 7 + 2);
    let jwks = set.to_jwks();
    let published: Value = serde_json::from_str(&jwks).unwrap();
    let published = published["keys"].as_array().unwrap();
    assert_eq!(published.len(), 3 * 4 + 2, "key pairs only");
    for jwk in published {
        let public = ["alg", "crv", "e", "kid", "kty", "n", "use", "x", "y"];
        let members = jwk.as_object().unwrap();
        assert!(members.keys().all(|name| public.contains(&name.as_str())), "{jwk}");
        assert!(matches!(members["kty"].as_str(), Some("OKP" | "EC" | "RSA")));
        assert_eq!(members["use"], "sig");
    }
    for key in keys.iter().filter(|key| key.algorithm().is_symmetric()) {
        assert!(key.verification_key().to_jwk().is_none());
        assert!(!jwks.contains(key.kid()));
        assert!(!jwks.contains(&token_core::strict::to_base64url(&key.to_bytes())));
    }
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
    assert_eq!(refusal(&with(P256, "crv", json!("P-384"))), KeyError::Member("x"));
    assert_eq!(refusal(&with(P256, "crv", json!("P-521"))), KeyError::Unsupported("crv"));
    assert_eq!(refusal(&with(P256, "crv", json!("Ed25519"))), KeyError::Unsupported("crv"));
    assert_eq!(refusal(&with(P256, "kty", json!("RSA"))), KeyError::Missing("n"));
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
    let names: Vec<&str> = Algorithm::ALL.iter().map(|algorithm| algorithm.name()).collect();
    let unknown = "ES512".parse::<Algorithm>().unwrap_err().to_string();
    assert_eq!(names.len(), 13);
    assert!(names.iter().all(|name| unknown.contains(name)), "{unknown}");
}
