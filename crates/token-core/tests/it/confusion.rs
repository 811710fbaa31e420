//! Keys and signatures of one kind passed off as another: what has broken other libraries.

use crate::support::{AUDIENCE, Bench, ISSUER, NOW, forge, key, key_file, other_key, payload, sign};
use aws_lc_rs::{
    hmac,
    rand::SystemRandom,
    signature::{ECDSA_P256_SHA256_ASN1_SIGNING, ECDSA_P384_SHA384_ASN1_SIGNING, EcdsaKeyPair, EcdsaSigningAlgorithm},
};
use serde_json::{Value, json};
use std::sync::Arc;
use token_core::{
    Algorithm, KeySet, KeyType, NoClaims, Rules, SigningKey, VerificationKey, Verifier, VerifyError, strict,
};

fn asymmetric() -> impl Iterator<Item = Algorithm> {
    Algorithm::ALL.iter().copied().filter(|algorithm| !algorithm.is_symmetric())
}

/// The public key as an attacker may have it: PEM, DER, JWK, the second PEM of RSA or the whole point, and the bare
/// modulus or coordinate.
fn encodings(key: &SigningKey) -> [Vec<u8>; 5] {
    let key = key.verification_key();
    let pem = key.to_pem().unwrap();
    let der = pem::parse(&pem).unwrap().into_contents();
    let jwk = key.to_jwk().unwrap().to_value();
    let member = |name: &str| strict::base64url(jwk[name].as_str().unwrap()).unwrap();
    let (other, raw) = match key.algorithm().key_type() {
        KeyType::Rsa => (key_file("rsa.public-pkcs1").into_bytes(), member("n")),
        KeyType::Ed25519 => (jwk["x"].as_str().unwrap().as_bytes().to_vec(), member("x")),
        _ => ([vec![4], member("x"), member("y")].concat(), member("x")),
    };
    [pem.into_bytes(), other, der, jwk.to_string().into_bytes(), raw]
}

/// CVE-2015-9235, CVE-2022-29217, CVE-2024-33663, CVE-2026-48526: every key type, every encoding of its public half as
/// the secret, every hash, and every algorithm that the header may name.
#[test]
fn j15_the_public_key_as_hmac_secret_is_refused_in_every_encoding() {
    let mut refused = 0;
    for algorithm in asymmetric() {
        let bench = Bench::new(algorithm);
        for secret in encodings(&bench.key) {
            for alg in Algorithm::ALL {
                let header = json!({"typ": "at+jwt", "alg": alg.name(), "kid": bench.key.kid()});
                let signed = format!(
                    "{}.{}",
                    strict::to_base64url(header.to_string().as_bytes()),
                    strict::to_base64url(payload().to_string().as_bytes())
                );
                for hash in [hmac::HMAC_SHA256, hmac::HMAC_SHA384, hmac::HMAC_SHA512] {
                    let tag = hmac::sign(&hmac::Key::new(hash, &secret), signed.as_bytes());
                    let token = format!("{signed}.{}", strict::to_base64url(tag.as_ref()));
                    let verdict = bench.verifier.verify::<NoClaims>(&token, NOW);
                    let expected =
                        if *alg == algorithm { VerifyError::Signature } else { VerifyError::AlgorithmMismatch };
                    assert_eq!(verdict, Err(expected));
                    refused += 1;
                }
            }
        }
    }
    println!("algorithm confusion: {refused} forged tokens, all refused");
    assert_eq!(refused, 10 * 5 * 13 * 3);
}

/// A key and its JWK under a name of its own, so that one RSA key can stand in a set under six algorithms.
fn named(algorithm: Algorithm) -> (SigningKey, VerificationKey) {
    let key = key(algorithm);
    let mut jwk: Value = match key.verification_key().to_jwk() {
        Some(jwk) => jwk.to_value(),
        None => json!({"kty": "oct", "alg": algorithm.name(), "k": strict::to_base64url(&key.to_bytes())}),
    };
    jwk["kid"] = algorithm.name().into();
    (key, VerificationKey::from_jwk(&jwk.to_string()).unwrap())
}

/// One verifier trusts keys of every algorithm: a token signed by one of them must not pass under another's name.
#[test]
fn j15_every_key_verifies_only_its_own_signatures() {
    let keys: Vec<(SigningKey, VerificationKey)> = Algorithm::ALL.iter().map(|algorithm| named(*algorithm)).collect();
    let set = Arc::new(KeySet::new(keys.iter().map(|(_, key)| key.clone())));
    assert_eq!(set.len(), keys.len());
    let verifier = Verifier::new(set, Rules::access_token(ISSUER, AUDIENCE));
    let mut accepted = 0;
    for (signer, own) in &keys {
        for (_, named) in &keys {
            for alg in Algorithm::ALL {
                let header = json!({"typ": "at+jwt", "alg": alg.name(), "kid": named.kid()});
                let token = forge(signer, header.to_string().as_bytes(), payload().to_string().as_bytes());
                let verdict = verifier.verify::<NoClaims>(&token, NOW).map(|_| ());
                let expected = if *alg != named.algorithm() {
                    Err(VerifyError::AlgorithmMismatch)
                } else if own.kid() != named.kid() {
                    Err(VerifyError::Signature)
                } else {
                    Ok(())
                };
                assert_eq!(verdict, expected, "signed with {signer:?}, names {named:?}, says {alg}");
                accepted += usize::from(verdict.is_ok());
            }
        }
    }
    assert_eq!(accepted, 13);
}

/// RFC 9864: one curve, two names, and the name is the key's.
#[test]
fn j15_ed25519_under_its_other_name_is_refused() {
    for (own, other) in [(Algorithm::EdDsa, Algorithm::Ed25519), (Algorithm::Ed25519, Algorithm::EdDsa)] {
        let bench = Bench::new(own);
        let good = bench.header();
        assert!(bench.judge_header(&good).is_ok());
        let mut header = good.clone();
        header["alg"] = other.name().into();
        assert_eq!(bench.judge_header(&header), Err(VerifyError::AlgorithmMismatch));
        let renamed = SigningKey::from_bytes(other, &bench.key.to_bytes()).unwrap();
        assert_eq!(renamed.kid(), bench.key.kid());
        assert_eq!(renamed.verification_key().verify(b"m", &sign(&bench.key, b"m")), Ok(()));
    }
}

#[test]
fn a_key_that_left_the_set_verifies_nothing() {
    let bench = Bench::new(Algorithm::EdDsa);
    let other = other_key(Algorithm::EdDsa);
    for keys in [KeySet::default(), KeySet::new([other.verification_key()])] {
        let verifier = Verifier::new(Arc::new(keys), Rules::access_token(ISSUER, AUDIENCE));
        let token = forge(&bench.key, bench.header().to_string().as_bytes(), payload().to_string().as_bytes());
        assert_eq!(verifier.verify::<NoClaims>(&token, NOW), Err(VerifyError::UnknownKey));
    }
}

const CURVES: [(Algorithm, usize, &EcdsaSigningAlgorithm); 2] =
    [(Algorithm::Es256, 32, &ECDSA_P256_SHA256_ASN1_SIGNING), (Algorithm::Es384, 48, &ECDSA_P384_SHA384_ASN1_SIGNING)];

/// CVE-2022-21449: r = s = 0 satisfied every key.
#[test]
fn ecdsa_signatures_of_zeros_and_other_extremes_are_refused() {
    for (algorithm, size, _) in CURVES {
        let bench = Bench::new(algorithm);
        let header = bench.header().to_string();
        let good = forge(&bench.key, header.as_bytes(), payload().to_string().as_bytes());
        let signed = &good[..=good.rfind('.').unwrap()];
        let (zero, one) = (vec![0; size], vec![1; size]);
        for signature in
            [vec![0; 2 * size], vec![0xff; 2 * size], [&zero[..], &one].concat(), [&one[..], &zero].concat(), vec![0]]
        {
            let token = signed.to_owned() + &strict::to_base64url(&signature);
            assert_eq!(bench.verifier.verify::<NoClaims>(&token, NOW), Err(VerifyError::Signature));
        }
    }
}

#[test]
fn ecdsa_signatures_in_der_are_refused() {
    for (algorithm, _, scheme) in CURVES {
        let bench = Bench::new(algorithm);
        let pair = EcdsaKeyPair::from_pkcs8(scheme, &bench.key.to_bytes()).unwrap();
        let header = bench.header().to_string();
        let good = forge(&bench.key, header.as_bytes(), payload().to_string().as_bytes());
        let (signed, _) = good.rsplit_once('.').unwrap();
        let der = pair.sign(&SystemRandom::new(), signed.as_bytes()).unwrap();
        let token = format!("{signed}.{}", strict::to_base64url(der.as_ref()));
        assert_eq!(bench.verifier.verify::<NoClaims>(&token, NOW), Err(VerifyError::Signature));
    }
}

/// A number has one length in bytes (RFC 8017 §8.2.2 step 1): with a zero before it, it is another text.
#[test]
fn rsa_signatures_with_a_leading_zero_or_cut_are_refused() {
    for algorithm in asymmetric().filter(|algorithm| algorithm.key_type() == KeyType::Rsa) {
        let key = key(algorithm);
        let good = sign(&key, b"message");
        let verifying = key.verification_key();
        assert_eq!(verifying.verify(b"message", &good), Ok(()));
        for bad in [[&[0], &good[..]].concat(), [&good[..], &[0]].concat(), good[1..].to_vec(), vec![0; 256], vec![]] {
            assert_eq!(verifying.verify(b"message", &bad), Err(VerifyError::Signature), "{algorithm}");
        }
    }
}

#[test]
fn signatures_of_another_length_are_refused() {
    for algorithm in Algorithm::ALL {
        let bench = Bench::new(*algorithm);
        let signature = sign(&bench.key, b"message");
        let key: VerificationKey = bench.key.verification_key();
        assert_eq!(key.verify(b"message", &signature), Ok(()));
        for length in 0..signature.len() {
            assert_eq!(key.verify(b"message", &signature[..length]), Err(VerifyError::Signature));
        }
        for extra in [&[0][..], &[0; 64]] {
            assert_eq!(key.verify(b"message", &[&signature, extra].concat()), Err(VerifyError::Signature));
            assert_eq!(key.verify(b"message", &[extra, &signature].concat()), Err(VerifyError::Signature));
        }
    }
}
