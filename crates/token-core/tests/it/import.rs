//! Keys from files: PEM in every form that OpenSSL writes, JWK and JWK sets, and what is refused with which words.

use crate::support::{key, key_file};
use serde_json::{Value, json};
use std::{fs, path::Path};
use token_core::{Algorithm, KeyError, KeySet, KeyType, SigningKey, VerificationKey, strict, strict::JsonError};

fn private(file: &str) -> Result<SigningKey, KeyError> {
    SigningKey::from_pem(&key_file(file), None)
}

fn public(file: &str) -> Result<VerificationKey, KeyError> {
    VerificationKey::from_pem(&key_file(file), None)
}

/// RFC 7520 §3, the private keys: EC is on P-521, which is not supported.
fn rfc7520(file: &str) -> String {
    let path = Path::new(env!("CARGO_MANIFEST_DIR")).join("tests/vectors/rfc7520/jwk").join(file);
    fs::read_to_string(path).unwrap()
}

/// The private JWK of a key, put together from its stored bytes.
fn private_jwk(algorithm: Algorithm) -> Value {
    let own = key(algorithm);
    let bytes = own.to_bytes();
    let of = strict::to_base64url;
    let Some(jwk) = own.verification_key().to_jwk() else {
        return json!({"kty": "oct", "alg": algorithm.name(), "k": of(&bytes)});
    };
    let mut jwk = jwk.to_value();
    match algorithm.key_type() {
        // RFC 8410 §7 and RFC 5915 §3: the private number is the one octet string of its length.
        KeyType::Ed25519 => jwk["d"] = of(&bytes[16..48]).into(),
        KeyType::P256 => jwk["d"] = of(&bytes[36..68]).into(),
        KeyType::P384 => jwk["d"] = of(&bytes[35..83]).into(),
        _ => {
            jwk = serde_json::from_str(&rfc7520("3_4.rsa_private_key.json")).unwrap();
            jwk["alg"] = algorithm.name().into();
        }
    }
    jwk
}

#[test]
fn private_keys_in_pem_are_read_in_every_form() {
    for (files, algorithm) in [
        (&["ed25519.pkcs8"][..], Algorithm::EdDsa),
        (&["p256.pkcs8", "p256.sec1"], Algorithm::Es256),
        (&["p384.pkcs8", "p384.sec1"], Algorithm::Es384),
        (&["rsa.pkcs8", "rsa.pkcs1"], Algorithm::Rs256),
    ] {
        let stem = files[0].split('.').next().unwrap();
        let expected = public(&format!("{stem}.public")).unwrap();
        for file in files {
            let read = private(file).unwrap();
            assert_eq!((read.algorithm(), read.kid()), (algorithm, expected.kid()), "{file}");
            let again = SigningKey::from_bytes(algorithm, &read.to_bytes()).unwrap();
            assert_eq!(again.to_bytes(), read.to_bytes());
            let signature = crate::support::sign(&read, b"message");
            assert_eq!(expected.verify(b"message", &signature), Ok(()));
        }
    }
}

#[test]
fn line_ends_and_text_around_a_pem_block_do_not_matter() {
    let text = key_file("p256.sec1");
    let plain = private("p256.sec1").unwrap();
    for other in [text.replace('\n', "\r\n"), format!("a comment\n{text}\nand more"), text.trim().to_owned()] {
        assert_eq!(SigningKey::from_pem(&other, None).unwrap().kid(), plain.kid());
    }
}

#[test]
fn public_keys_in_pem_are_read_and_written() {
    for stem in ["ed25519", "p256", "p384", "rsa"] {
        let file = format!("{stem}.public");
        let read = public(&file).unwrap();
        assert_eq!(read.to_pem().unwrap(), key_file(&file), "as OpenSSL writes it");
        let jwk = read.to_jwk().unwrap().to_value().to_string();
        assert_eq!(VerificationKey::from_jwk(&jwk).unwrap().to_pem(), read.to_pem());
    }
    assert_eq!(public("rsa.public-pkcs1").unwrap().to_pem().unwrap(), key_file("rsa.public"));
    assert_eq!(key(Algorithm::Hs256).verification_key().to_pem(), None, "a secret has no public half");
}

#[test]
fn the_algorithm_of_a_pem_is_the_callers_to_choose_within_its_kind() {
    for algorithm in Algorithm::ALL {
        for (file, kind) in
            [("ed25519", KeyType::Ed25519), ("p256", KeyType::P256), ("p384", KeyType::P384), ("rsa", KeyType::Rsa)]
        {
            let signing = SigningKey::from_pem(&key_file(&format!("{file}.pkcs8")), Some(*algorithm));
            let verifying = VerificationKey::from_pem(&key_file(&format!("{file}.public")), Some(*algorithm));
            if algorithm.key_type() == kind {
                assert_eq!(signing.unwrap().algorithm(), *algorithm);
                assert_eq!(verifying.unwrap().algorithm(), *algorithm);
            } else {
                let refusal = KeyError::OtherKeyType { algorithm: *algorithm, got: kind };
                assert_eq!((signing.err(), verifying.err()), (Some(refusal.clone()), Some(refusal)));
            }
        }
    }
}

/// Each refusal, with words from its message that say what to do.
#[test]
fn j11_weak_foreign_and_encrypted_pem_files_are_refused_with_the_remedy() {
    for (file, refusal, words) in [
        ("rsa1024.pkcs8", KeyError::RsaTooShort { bits: 1024 }, "rsa_keygen_bits:3072"),
        ("rsa-exponent3.pkcs8", KeyError::RsaExponent, "65537"),
        ("rsa.encrypted-pkcs1", KeyError::Encrypted, "openssl pkey -in FILE -out PLAIN"),
        ("ed25519.encrypted-pkcs8", KeyError::Encrypted, "encrypted"),
        ("ed448.pkcs8", KeyError::UnsupportedKey, "openssl genpkey -algorithm ED25519"),
        ("p521.pkcs8", KeyError::UnsupportedKey, "P-384"),
        ("p521.sec1", KeyError::Der("EC PRIVATE KEY"), "openssl pkey"),
        ("rsa.public", KeyError::NotPrivate, "private"),
        ("rsa.public-pkcs1", KeyError::NotPrivate, "private"),
        ("certificate", KeyError::PemLabel("CERTIFICATE".into()), "openssl x509"),
    ] {
        let refused = private(file).expect_err(file);
        assert_eq!(refused, refusal, "{file}");
        assert!(refused.to_string().contains(words), "{refused}");
    }
    for (file, refusal) in [
        ("rsa1024.public", KeyError::RsaTooShort { bits: 1024 }),
        ("p521.public", KeyError::UnsupportedKey),
        ("p256.compressed-public", KeyError::InvalidPublicKey),
        ("rsa.pkcs8", KeyError::PrivatePem),
        ("rsa.pkcs1", KeyError::PrivatePem),
        ("rsa.encrypted-pkcs1", KeyError::PrivatePem),
        ("p256.sec1", KeyError::PrivatePem),
        ("ed25519.encrypted-pkcs8", KeyError::PrivatePem),
        ("certificate", KeyError::PemLabel("CERTIFICATE".into())),
    ] {
        assert_eq!(public(file).expect_err(file), refusal, "{file}");
    }
}

#[test]
fn damaged_and_ambiguous_pem_is_refused() {
    let text = key_file("ed25519.pkcs8");
    let refused = |text: &str| SigningKey::from_pem(text, None).expect_err(text);
    for damaged in ["", "MC4CAQAwBQYDK2Vw", "{\"kty\":\"OKP\"}", &text[..60], &text.replace("END", "ENDE")] {
        assert_eq!(refused(damaged), KeyError::NotPem);
    }
    assert_eq!(refused(&text.replace("MC4C", "MC?C")), KeyError::NotPem);
    assert_eq!(refused(&text.replace("MC4C", "MC5C")), KeyError::Der("PRIVATE KEY"));
    assert_eq!(refused(&text.replace("PRIVATE", "EC PRIVATE")), KeyError::Der("EC PRIVATE KEY"));
    assert_eq!(refused(&text.replace("PRIVATE", "RSA PRIVATE")), KeyError::Der("RSA PRIVATE KEY"));
    assert_eq!(refused(&format!("{text}{text}")), KeyError::SeveralKeys);
    let long = text.replace("PRIVATE KEY", &"\u{1b}".repeat(500));
    let message = refused(&long).to_string();
    assert!(!message.contains('\u{1b}') && message.len() < 800, "{message}");
}

#[test]
fn private_jwks_of_every_algorithm_are_read() {
    for algorithm in Algorithm::ALL {
        let jwk = private_jwk(*algorithm);
        let read = SigningKey::from_jwk(&jwk.to_string(), None).unwrap();
        assert_eq!((read.algorithm(), read.kid()), (*algorithm, &*token_core::thumbprint(&jwk.to_string()).unwrap()));
        let signature = crate::support::sign(&read, b"message");
        assert_eq!(read.verification_key().verify(b"message", &signature), Ok(()));
        for other in Algorithm::ALL.iter().filter(|other| *other != algorithm) {
            let refused = SigningKey::from_jwk(&jwk.to_string(), Some(*other)).expect_err("another algorithm");
            assert_eq!(refused, KeyError::AlgorithmDisagrees);
        }
    }
}

/// RFC 8037 appendix A.1 and A.2.
#[test]
fn the_rfc_8037_private_key_is_read() {
    let jwk = r#"{"kty":"OKP","crv":"Ed25519","d":"nWGxne_9WmC6hEr0kuwsxERJxWl7MmkZcDusAxyuf2A","x":"11qYAYKxCrfVS_7TyWQHOg7hcvPapiMlrwIaaPcHURo"}"#;
    let key = SigningKey::from_jwk(jwk, None).unwrap();
    assert_eq!((key.algorithm(), key.kid()), (Algorithm::EdDsa, "kPrK_qmxVWaYVA9wwBF6Iuo3vVzz7TxHCTwXBygrS4k"));
    assert_eq!(SigningKey::from_jwk(jwk, Some(Algorithm::Ed25519)).unwrap().algorithm(), Algorithm::Ed25519);
}

#[test]
fn a_private_jwk_whose_halves_do_not_belong_together_is_refused() {
    let mut judged = 0;
    for (algorithm, names) in [
        (Algorithm::EdDsa, &["d", "x"][..]),
        (Algorithm::Es256, &["d", "x", "y"]),
        (Algorithm::Es384, &["d", "x", "y"]),
        (Algorithm::Rs256, &["n", "d", "p", "q", "dp", "dq", "qi"]),
    ] {
        let own = private_jwk(algorithm);
        for name in names {
            let mut bytes = strict::base64url(own[*name].as_str().unwrap()).unwrap();
            bytes[8] ^= 1;
            let mut jwk = own.clone();
            jwk[*name] = strict::to_base64url(&bytes).into();
            let refused = SigningKey::from_jwk(&jwk.to_string(), None).expect_err(name);
            assert_eq!(refused, KeyError::Mismatched, "{algorithm} {name}");
            judged += 1;
        }
    }
    assert_eq!(judged, 15);
}

#[test]
fn j12_a_private_jwk_for_another_purpose_is_refused() {
    for algorithm in [Algorithm::EdDsa, Algorithm::Es384, Algorithm::Ps256, Algorithm::Hs512] {
        let with = |name: &str, value: Value| {
            let mut jwk = private_jwk(algorithm);
            jwk.as_object_mut().unwrap().remove("use");
            jwk[name] = value;
            SigningKey::from_jwk(&jwk.to_string(), None).map(|key| key.algorithm())
        };
        assert_eq!(with("use", json!("sig")), Ok(algorithm));
        assert_eq!(with("key_ops", json!(["sign"])), Ok(algorithm));
        assert_eq!(with("use", json!("enc")), Err(KeyError::Purpose("use")));
        assert_eq!(with("key_ops", json!(["verify"])), Err(KeyError::Purpose("key_ops")));
        assert_eq!(with("alg", json!("RSA-OAEP")), Err(KeyError::Unsupported("alg")));
        let other = if algorithm == Algorithm::EdDsa { "ES256" } else { "EdDSA" };
        assert_eq!(with("alg", json!(other)), Err(KeyError::AlgorithmDisagrees));
    }
}

#[test]
fn a_private_jwk_lacks_nothing() {
    for (algorithm, names) in [
        (Algorithm::EdDsa, &["kty", "crv", "x"][..]),
        (Algorithm::Es256, &["kty", "crv", "x", "y"]),
        (Algorithm::Ps384, &["kty", "n", "e", "p", "q", "dp", "dq", "qi"]),
        (Algorithm::Hs256, &["kty", "alg"]),
    ] {
        for name in names {
            let mut jwk = private_jwk(algorithm);
            jwk.as_object_mut().unwrap().remove(*name);
            assert_eq!(SigningKey::from_jwk(&jwk.to_string(), None).expect_err(name), KeyError::Missing(name));
            jwk[*name] = json!(7);
            assert_eq!(SigningKey::from_jwk(&jwk.to_string(), None).expect_err(name), KeyError::Member(name));
        }
    }
    for algorithm in Algorithm::ALL {
        let mut jwk = private_jwk(*algorithm);
        let members = jwk.as_object_mut().unwrap();
        members.remove("d");
        members.remove("k");
        assert_eq!(SigningKey::from_jwk(&jwk.to_string(), None).err(), Some(KeyError::NotPrivate));
    }
    let mut jwk = private_jwk(Algorithm::Rs256);
    jwk["oth"] = json!([]);
    assert_eq!(SigningKey::from_jwk(&jwk.to_string(), None).err(), Some(KeyError::Unsupported("oth")));
}

#[test]
fn j5_a_private_jwk_is_strict_json() {
    let jwk = private_jwk(Algorithm::Es256).to_string();
    let twice = jwk.replacen('{', r#"{"crv":"P-256","#, 1);
    let expected = KeyError::Json(JsonError::DuplicateMember("crv".into()));
    assert_eq!(SigningKey::from_jwk(&twice, None).err(), Some(expected.clone()));
    let set = format!(r#"{{"keys":[{twice}]}}"#);
    assert_eq!(SigningKey::list_from_jwks(&set, None).err(), Some(expected));
    assert_eq!(
        SigningKey::from_jwk(&format!("\u{feff}{jwk}"), None).err(),
        Some(KeyError::Json(JsonError::ByteOrderMark))
    );
    assert!(matches!(SigningKey::from_jwk(&format!("{jwk} {jwk}"), None), Err(KeyError::Json(_))));
}

#[test]
fn a_set_of_private_keys_is_read_in_order_without_those_that_are_not_for_signing() {
    let keys: Vec<Value> =
        [Algorithm::Es384, Algorithm::EdDsa, Algorithm::Rs512, Algorithm::Hs384].map(private_jwk).into();
    let mut listed = keys.clone();
    listed.insert(1, json!({"kty": "OKP", "crv": "X25519", "x": "AA", "d": "AA"}));
    listed.push(json!({"kty": "oct", "use": "enc", "k": "AA"}));
    let read = SigningKey::list_from_jwks(&json!({"keys": listed}).to_string(), None).unwrap();
    let algorithms: Vec<Algorithm> = read.iter().map(SigningKey::algorithm).collect();
    assert_eq!(algorithms, [Algorithm::Es384, Algorithm::EdDsa, Algorithm::Rs512, Algorithm::Hs384]);
    let set = |keys: Value| SigningKey::list_from_jwks(&json!({"keys": keys}).to_string(), None).map(|keys| keys.len());
    assert_eq!(set(json!([])), Ok(0));
    assert_eq!(set(json!([keys[0], keys[0]])), Err(KeyError::DuplicateKeyId));
    assert_eq!(set(json!([1])), Err(KeyError::Member("keys")));
    assert_eq!(set(json!(1)), Err(KeyError::Member("keys")));
    let public = key(Algorithm::EdDsa).verification_key().to_jwk().unwrap().to_value();
    assert_eq!(set(json!([public])), Err(KeyError::NotPrivate));
    assert_eq!(SigningKey::list_from_jwks("{}", None).err(), Some(KeyError::Missing("keys")));
}

#[test]
fn j11_rsa_numbers_that_make_no_sound_key_are_refused() {
    let good = key(Algorithm::Rs256).verification_key().to_jwk().unwrap().to_value();
    let with = |name: &str, bytes: &[u8]| {
        let mut jwk = good.clone();
        jwk[name] = strict::to_base64url(bytes).into();
        VerificationKey::from_jwk(&jwk.to_string()).map(|_| ()).err()
    };
    let odd = |bits: usize| {
        let mut modulus = vec![0xff; bits.div_ceil(8)];
        modulus[0] = 0xff_u8.checked_shr(u32::try_from(modulus.len() * 8 - bits).unwrap()).unwrap();
        modulus
    };
    assert_eq!(with("n", &odd(2048)), None);
    assert_eq!(with("n", &odd(8192)), None);
    for bits in [8, 512, 1024, 2047] {
        assert_eq!(with("n", &odd(bits)), Some(KeyError::RsaTooShort { bits }));
    }
    for bits in [8193, 16384] {
        assert_eq!(with("n", &odd(bits)), Some(KeyError::RsaTooLong { bits }));
    }
    assert_eq!(with("n", &[&[0], &odd(2048)[..]].concat()), Some(KeyError::Member("n")), "a leading zero");
    assert_eq!(with("n", &[]), Some(KeyError::Member("n")));
    assert_eq!(with("n", &[&odd(2048)[..255], &[2]].concat()), Some(KeyError::InvalidPublicKey), "even");
    for good in [&[3][..], &[1, 0, 1], &[1, 0, 0, 0, 1]] {
        assert_eq!(with("e", good), None);
    }
    for bad in [&[1][..], &[2], &[1, 0, 0], &[2, 0, 0, 0, 1], &[1, 0, 0, 0, 0, 1]] {
        assert_eq!(with("e", bad), Some(KeyError::RsaExponent), "{bad:?}");
    }
    for malformed in [&[][..], &[0], &[0, 1, 0, 1]] {
        assert_eq!(with("e", malformed), Some(KeyError::Member("e")));
    }
}

#[test]
fn j13_a_set_made_of_imported_keys_publishes_their_public_half_only() {
    let keys: Vec<SigningKey> =
        ["ed25519.pkcs8", "p256.sec1", "p384.pkcs8", "rsa.pkcs1"].map(|file| private(file).unwrap()).into();
    let jwks = KeySet::new(keys.iter().map(SigningKey::verification_key)).to_jwks();
    for name in ["d", "p", "q", "dp", "dq", "qi", "oth", "k"] {
        assert!(!jwks.contains(&format!("\"{name}\":")), "{name}");
    }
    assert_eq!(KeySet::from_jwks(&jwks).unwrap().len(), 4);
}
