//! Keys and signatures of one kind passed off as another: what has broken other libraries.

use crate::support::{AUDIENCE, Bench, ISSUER, NOW, forge, payload, sign};
use aws_lc_rs::{
    encoding::{AsDer, PublicKeyX509Der},
    hmac,
    rand::SystemRandom,
    signature::{ECDSA_P256_SHA256_ASN1_SIGNING, EcdsaKeyPair, Ed25519KeyPair, KeyPair},
};
use base64::Engine;
use serde_json::json;
use std::sync::Arc;
use token_core::{Algorithm, KeySet, NoClaims, Rules, SigningKey, VerificationKey, Verifier, VerifyError, strict};

fn public_forms<K: AsRef<[u8]> + AsDer<PublicKeyX509Der<'static>>>(key: &K) -> (Vec<u8>, Vec<u8>) {
    (key.as_ref().to_vec(), key.as_der().unwrap().as_ref().to_vec())
}

/// The public key as an attacker may have it: raw, DER, PEM, JWK, and the JWK's coordinate.
fn encodings(key: &SigningKey) -> Vec<Vec<u8>> {
    let (raw, der) = if key.algorithm() == Algorithm::EdDsa {
        public_forms(Ed25519KeyPair::from_pkcs8(&key.to_bytes()).unwrap().public_key())
    } else {
        let pair = EcdsaKeyPair::from_pkcs8(&ECDSA_P256_SHA256_ASN1_SIGNING, &key.to_bytes()).unwrap();
        public_forms(pair.public_key())
    };
    let body = base64::engine::general_purpose::STANDARD.encode(&der);
    let pem = format!("-----BEGIN PUBLIC KEY-----\n{body}\n-----END PUBLIC KEY-----\n");
    let jwk = key.verification_key().to_jwk().unwrap().to_value();
    let x = jwk["x"].as_str().unwrap().as_bytes().to_vec();
    vec![raw, der, pem.trim_end().as_bytes().to_vec(), pem.into_bytes(), jwk.to_string().into_bytes(), x]
}

/// CVE-2015-9235, CVE-2022-29217, CVE-2024-33663, CVE-2026-48526.
#[test]
fn j15_the_public_key_as_hmac_secret_is_refused_in_every_encoding() {
    for algorithm in [Algorithm::EdDsa, Algorithm::Es256] {
        let bench = Bench::new(algorithm);
        for secret in encodings(&bench.key) {
            for alg in ["HS256", "HS384", "HS512", algorithm.name()] {
                let header = json!({"typ": "at+jwt", "alg": alg, "kid": bench.key.kid()});
                let signed = format!(
                    "{}.{}",
                    strict::to_base64url(header.to_string().as_bytes()),
                    strict::to_base64url(payload().to_string().as_bytes())
                );
                for hash in [hmac::HMAC_SHA256, hmac::HMAC_SHA384, hmac::HMAC_SHA512] {
                    let tag = hmac::sign(&hmac::Key::new(hash, &secret), signed.as_bytes());
                    let token = format!("{signed}.{}", strict::to_base64url(tag.as_ref()));
                    let refused = bench.verifier.verify::<NoClaims>(&token, NOW).unwrap_err();
                    let expected =
                        if alg == algorithm.name() { VerifyError::Signature } else { VerifyError::AlgorithmMismatch };
                    assert_eq!(refused, expected);
                }
            }
        }
    }
}

/// One verifier trusts keys of every algorithm: a token signed by one of them must not pass under another's name.
#[test]
fn j15_every_key_verifies_only_its_own_signatures() {
    let keys: Vec<SigningKey> = Algorithm::ALL
        .iter()
        .chain(Algorithm::ALL)
        .map(|algorithm| SigningKey::generate(*algorithm).unwrap())
        .collect();
    let set = Arc::new(KeySet::new(keys.iter().map(SigningKey::verification_key)));
    assert_eq!(set.len(), keys.len());
    let verifier = Verifier::new(set, Rules::access_token(ISSUER, AUDIENCE));
    for signer in &keys {
        for named in &keys {
            for alg in Algorithm::ALL {
                let header = json!({"typ": "at+jwt", "alg": alg.name(), "kid": named.kid()});
                let token = forge(signer, header.to_string().as_bytes(), payload().to_string().as_bytes());
                let verdict = verifier.verify::<NoClaims>(&token, NOW).map(|_| ());
                let expected = if *alg != named.algorithm() {
                    Err(VerifyError::AlgorithmMismatch)
                } else if signer.kid() != named.kid() {
                    Err(VerifyError::Signature)
                } else {
                    Ok(())
                };
                assert_eq!(verdict, expected, "signed with {signer:?}, names {named:?}, says {alg}");
            }
        }
    }
}

#[test]
fn a_key_that_left_the_set_verifies_nothing() {
    let bench = Bench::new(Algorithm::EdDsa);
    let other = SigningKey::generate(Algorithm::EdDsa).unwrap();
    for keys in [KeySet::default(), KeySet::new([other.verification_key()])] {
        let verifier = Verifier::new(Arc::new(keys), Rules::access_token(ISSUER, AUDIENCE));
        let token = forge(&bench.key, bench.header().to_string().as_bytes(), payload().to_string().as_bytes());
        assert_eq!(verifier.verify::<NoClaims>(&token, NOW), Err(VerifyError::UnknownKey));
    }
}

/// CVE-2022-21449: r = s = 0 satisfied every key.
#[test]
fn es256_signatures_of_zeros_and_other_extremes_are_refused() {
    let bench = Bench::new(Algorithm::Es256);
    let header = bench.header().to_string();
    let good = forge(&bench.key, header.as_bytes(), payload().to_string().as_bytes());
    let signed = &good[..=good.rfind('.').unwrap()];
    for signature in [vec![0; 64], vec![0xff; 64], [[0; 32], [1; 32]].concat(), [[1; 32], [0; 32]].concat(), vec![0; 1]]
    {
        let token = signed.to_owned() + &strict::to_base64url(&signature);
        assert_eq!(bench.verifier.verify::<NoClaims>(&token, NOW), Err(VerifyError::Signature));
    }
}

#[test]
fn es256_signatures_in_der_are_refused() {
    let bench = Bench::new(Algorithm::Es256);
    let pair = EcdsaKeyPair::from_pkcs8(&ECDSA_P256_SHA256_ASN1_SIGNING, &bench.key.to_bytes()).unwrap();
    let header = bench.header().to_string();
    let good = forge(&bench.key, header.as_bytes(), payload().to_string().as_bytes());
    let (signed, _) = good.rsplit_once('.').unwrap();
    let der = pair.sign(&SystemRandom::new(), signed.as_bytes()).unwrap();
    let token = format!("{signed}.{}", strict::to_base64url(der.as_ref()));
    assert_eq!(bench.verifier.verify::<NoClaims>(&token, NOW), Err(VerifyError::Signature));
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
