//! Project Wycheproof's vectors (`tests/vectors`, Apache-2.0), with every deviation listed and explained.

use serde_json::{Value, json};
use std::fs;
use token_core::{Algorithm, Jws, KeyError, SigningKey, VerificationKey, strict};

/// Valid by the file, refused here.
///
/// 346 and 350 (RFC 7520 figure 20): the key's `alg` is PS256 and the token says PS384. A key has one algorithm.
///
/// 372 and 373: `?` stands inside the base64url of the header (372) or the payload (373). The
/// vectors sign the text without it, so a reader would have to drop characters that RFC 7515 §2 does not allow and
/// verify something else than what it was given.
const JWS_REFUSED_THOUGH_VALID: [u64; 4] = [346, 350, 372, 373];

/// Invalid by the file, accepted here: their names speak of padding, but the file's texts have none and are, byte for
/// byte, that of the valid vector 357.
const JWS_ACCEPTED_THOUGH_INVALID: [u64; 2] = [367, 370];

fn vectors(file: &str) -> Value {
    let path = format!("{}/tests/vectors/{file}", env!("CARGO_MANIFEST_DIR"));
    serde_json::from_str(&fs::read_to_string(path).unwrap()).unwrap()
}

fn array<'a>(value: &'a Value, name: &str) -> &'a [Value] {
    value[name].as_array().unwrap()
}

fn text<'a>(value: &'a Value, name: &str) -> &'a str {
    value[name].as_str().unwrap()
}

fn hex(text: &str) -> Vec<u8> {
    assert_eq!(text.len() % 2, 0);
    (0..text.len() / 2).map(|index| u8::from_str_radix(&text[2 * index..2 * index + 2], 16).unwrap()).collect()
}

fn id(test: &Value) -> u64 {
    test["tcId"].as_u64().unwrap()
}

/// `acceptable` does not occur in these files; if it ever does, someone must decide.
fn is_valid(test: &Value) -> bool {
    match text(test, "result") {
        "valid" => true,
        "invalid" => false,
        other => panic!("{other} has no rule here"),
    }
}

#[test]
fn the_jws_vectors() {
    let file = vectors("json_web_signature_test.json");
    let groups = array(&file, "testGroups");
    let plain = groups.iter().flat_map(|group| array(group, "tests")).find(|test| id(test) == 357).unwrap();
    let (mut accepted, mut refused, mut key_refused, mut not_ours) = (0, 0, 0, 0);
    let (mut refused_though_valid, mut accepted_though_invalid) = (Vec::new(), Vec::new());
    for group in groups {
        let jwk = if group["public"].is_object() { &group["public"] } else { &group["private"] };
        let key = VerificationKey::from_jwk(&jwk.to_string());
        for test in array(group, "tests") {
            let key = match &key {
                Ok(key) => key,
                // ES512 is not supported.
                Err(KeyError::Unsupported("crv")) if text(jwk, "crv") == "P-521" => {
                    not_ours += 1;
                    continue;
                }
                // Keys for encryption, where the vector is that a reader must not verify with them.
                Err(KeyError::Purpose(_)) => {
                    assert!(!is_valid(test));
                    assert!(matches!(text(test, "comment"), "rejectWrongUse" | "rejectWrongKeyOps"));
                    key_refused += 1;
                    continue;
                }
                Err(other) => panic!("the key of {} is refused: {other}", group["comment"]),
            };
            // JSON serialisation stands there as an object.
            let token = test["jws"].as_str().map_or_else(|| test["jws"].to_string(), str::to_owned);
            let verdict = Jws::read(&token).and_then(|jws| jws.verify(key));
            match (is_valid(test), verdict) {
                (true, Ok(payload)) => {
                    let part = token.split('.').nth(1).unwrap();
                    assert_eq!(payload, strict::base64url(part).unwrap());
                    accepted += 1;
                }
                (false, Err(_)) => refused += 1,
                (true, Err(_)) => refused_though_valid.push(id(test)),
                (false, Ok(_)) => {
                    assert_eq!(test["jws"], plain["jws"], "{}, {} is accepted", id(test), test["comment"]);
                    accepted_though_invalid.push(id(test));
                }
            }
        }
    }
    println!("JWS: {accepted} accepted, {refused} refused, {key_refused} keys refused, {not_ours} of ES512");
    println!("JWS: {refused_though_valid:?} refused though valid, {accepted_though_invalid:?} accepted though invalid");
    assert_eq!(refused_though_valid, JWS_REFUSED_THOUGH_VALID);
    assert_eq!(accepted_though_invalid, JWS_ACCEPTED_THOUGH_INVALID);
    assert_eq!((accepted, refused, key_refused, not_ours), (40, 349, 4, 2));
    assert_eq!(accepted + refused + key_refused + not_ours + 6, 401);
}

#[test]
fn the_ed25519_vectors() {
    let file = vectors("ed25519_test.json");
    let (mut accepted, mut refused) = (0, 0);
    for group in array(&file, "testGroups") {
        let x = strict::to_base64url(&hex(text(&group["publicKey"], "pk")));
        let key = VerificationKey::from_jwk(&json!({"kty": "OKP", "crv": "Ed25519", "x": x}).to_string()).unwrap();
        for test in array(group, "tests") {
            let verdict = key.verify(&hex(text(test, "msg")), &hex(text(test, "sig")));
            assert_eq!(verdict.is_ok(), is_valid(test), "{}: {}", id(test), test["comment"]);
            if verdict.is_ok() { accepted += 1 } else { refused += 1 }
        }
    }
    println!("Ed25519: {accepted} accepted, {refused} refused, none deviates");
    assert_eq!((accepted, refused), (88, 63));
}

#[test]
fn the_p256_vectors() {
    let file = vectors("ecdsa_secp256r1_sha256_p1363_test.json");
    let (mut accepted, mut refused) = (0, 0);
    for group in array(&file, "testGroups") {
        let point = hex(text(&group["publicKey"], "uncompressed"));
        assert_eq!((point[0], point.len()), (4, 65));
        let [x, y] = [&point[1..33], &point[33..]].map(strict::to_base64url);
        let jwk = json!({"kty": "EC", "crv": "P-256", "x": x, "y": y}).to_string();
        let key = VerificationKey::from_jwk(&jwk).unwrap();
        for test in array(group, "tests") {
            let verdict = key.verify(&hex(text(test, "msg")), &hex(text(test, "sig")));
            assert_eq!(verdict.is_ok(), is_valid(test), "{}: {}", id(test), test["comment"]);
            if verdict.is_ok() { accepted += 1 } else { refused += 1 }
        }
    }
    println!("ES256: {accepted} accepted, {refused} refused, none deviates");
    assert_eq!((accepted, refused), (173, 89));
}

/// Valid or tolerated by the file, refused here: a digest info without its NULL (RFC 8017 §9.2 note 1 says that it must
/// be there; others take it without).
const RSA_REFUSED_THOUGH_ACCEPTABLE: [u64; 1] = [8];

#[test]
fn the_rsa_pkcs1_vectors() {
    let file = vectors("rsa_signature_2048_sha256_test.json");
    let (mut accepted, mut refused, mut refused_though_acceptable) = (0, 0, Vec::new());
    for group in array(&file, "testGroups") {
        let key = rsa_key(group, &group["keyJwk"], Algorithm::Rs256);
        for test in array(group, "tests") {
            let verdict = key.verify(&hex(text(test, "msg")), &hex(text(test, "sig")));
            if test["result"] == "acceptable" {
                assert!(verdict.is_err(), "{}: {}", id(test), test["comment"]);
                refused_though_acceptable.push(id(test));
                continue;
            }
            assert_eq!(verdict.is_ok(), is_valid(test), "{}: {}", id(test), test["comment"]);
            if verdict.is_ok() { accepted += 1 } else { refused += 1 }
        }
    }
    println!("RS256: {accepted} accepted, {refused} refused, {refused_though_acceptable:?} refused though acceptable");
    assert_eq!(refused_though_acceptable, RSA_REFUSED_THOUGH_ACCEPTABLE);
    assert_eq!((accepted, refused), (9, 249));
}

#[test]
fn the_rsa_pss_vectors() {
    let file = vectors("rsa_pss_2048_sha256_mgf1_32_test.json");
    let (mut accepted, mut refused) = (0, 0);
    for group in array(&file, "testGroups") {
        let key = rsa_key(group, &group["publicKeyJwk"], Algorithm::Ps256);
        for test in array(group, "tests") {
            let verdict = key.verify(&hex(text(test, "msg")), &hex(text(test, "sig")));
            assert_eq!(verdict.is_ok(), is_valid(test), "{}: {}", id(test), test["comment"]);
            if verdict.is_ok() { accepted += 1 } else { refused += 1 }
        }
    }
    println!("PS256: {accepted} accepted, {refused} refused, none deviates");
    assert_eq!((accepted, refused), (63, 45));
}

/// A group's key, the same from JWK and from both forms of PEM.
fn rsa_key(group: &Value, jwk: &Value, algorithm: Algorithm) -> VerificationKey {
    let key = VerificationKey::from_jwk(&jwk.to_string()).unwrap();
    let pem = VerificationKey::from_pem(text(group, "publicKeyPem"), Some(algorithm)).unwrap();
    let pkcs1 = pem::encode(&pem::Pem::new("RSA PUBLIC KEY", hex(text(group, "publicKeyAsn"))));
    let pkcs1 = VerificationKey::from_pem(&pkcs1, Some(algorithm)).unwrap();
    assert_eq!((key.algorithm(), key.to_pem()), (algorithm, pem.to_pem()));
    assert_eq!(pkcs1.to_pem(), pem.to_pem());
    key
}

/// Two kinds of vector are valid HMAC and not valid HS256 (RFC 7518 §3.2): tags cut to 16 bytes, and keys of 16 bytes.
#[test]
fn the_hmac_vectors() {
    let file = vectors("hmac_sha256_test.json");
    let (mut accepted, mut refused, mut cut_tags, mut short_keys) = (0, 0, 0, 0);
    for group in array(&file, "testGroups") {
        let full_tag = group["tagSize"] == 256;
        let long_key = group["keySize"].as_u64().unwrap() >= 256;
        for test in array(group, "tests") {
            let secret = hex(text(test, "key"));
            let key = match SigningKey::from_bytes(Algorithm::Hs256, &secret) {
                Ok(key) => key.verification_key(),
                Err(refusal) => {
                    assert!(!long_key);
                    assert_eq!(refusal, KeyError::SecretTooShort { algorithm: Algorithm::Hs256, need: 32, got: 16 });
                    short_keys += 1;
                    continue;
                }
            };
            assert!(long_key);
            let verdict = key.verify(&hex(text(test, "msg")), &hex(text(test, "tag")));
            if !full_tag {
                assert!(verdict.is_err(), "{}: a cut tag is accepted", id(test));
                cut_tags += 1;
                continue;
            }
            assert_eq!(verdict.is_ok(), is_valid(test), "{}: {}", id(test), test["comment"]);
            if verdict.is_ok() { accepted += 1 } else { refused += 1 }
        }
    }
    println!("HS256: {accepted} accepted, {refused} refused, {cut_tags} cut tags and {short_keys} short keys refused");
    assert_eq!(accepted + refused + cut_tags + short_keys, 174);
    assert_eq!((cut_tags, short_keys), (84, 6));
}
