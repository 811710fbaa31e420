//! Another implementation agrees: what is signed here, `jsonwebtoken` accepts, and the other way round.
#![expect(clippy::disallowed_methods, reason = "jsonwebtoken's own decode is what is compared with")]

use crate::support::{AUDIENCE, ISSUER, NOW, TTL, grant, key, key_file, pair, payload};
use aws_lc_rs::signature::{
    ECDSA_P256_SHA256_FIXED_SIGNING, ECDSA_P384_SHA384_FIXED_SIGNING, EcdsaKeyPair, Ed25519KeyPair, KeyPair,
};
use jsonwebtoken::{
    DecodingKey, EncodingKey, Header, Validation,
    crypto::{JwtSigner, JwtVerifier},
};
use serde_json::Value;
use std::sync::Arc;
use token_core::{Algorithm, KeySet, KeyType, NoClaims, Rules, SigningKey, Verifier, strict};

fn encoding_key(key: &SigningKey) -> EncodingKey {
    let bytes = key.to_bytes();
    match key.algorithm().key_type() {
        KeyType::Ed25519 => EncodingKey::from_ed_der(&bytes),
        KeyType::P256 | KeyType::P384 => EncodingKey::from_ec_der(&bytes),
        // PKCS#1 there: the same key from its other file.
        KeyType::Rsa => EncodingKey::from_rsa_der(pem::parse(key_file("rsa.pkcs1")).unwrap().contents()),
        _ => EncodingKey::from_secret(&bytes),
    }
}

fn decoding_key(key: &SigningKey) -> DecodingKey {
    let bytes = key.to_bytes();
    let ec = |scheme| {
        let pair = EcdsaKeyPair::from_pkcs8(scheme, &bytes).unwrap();
        DecodingKey::from_ec_der(pair.public_key().as_ref())
    };
    match key.algorithm().key_type() {
        KeyType::Ed25519 => DecodingKey::from_ed_der(Ed25519KeyPair::from_pkcs8(&bytes).unwrap().public_key().as_ref()),
        KeyType::P256 => ec(&ECDSA_P256_SHA256_FIXED_SIGNING),
        KeyType::P384 => ec(&ECDSA_P384_SHA384_FIXED_SIGNING),
        KeyType::Rsa => {
            let jwk = key.verification_key().to_jwk().unwrap().to_value();
            DecodingKey::from_rsa_components(jwk["n"].as_str().unwrap(), jwk["e"].as_str().unwrap()).unwrap()
        }
        _ => DecodingKey::from_secret(&bytes),
    }
}

#[test]
fn jsonwebtoken_accepts_what_is_issued_here() {
    let mut accepted = 0;
    // It knows Ed25519 by its older name only.
    for algorithm in Algorithm::ALL.iter().copied().filter(|algorithm| *algorithm != Algorithm::Ed25519) {
        let key = key(algorithm);
        let issuer = token_core::Issuer::new(key.clone(), ISSUER.into(), AUDIENCE.into(), TTL);
        let token = issuer.issue(grant(), NOW).unwrap();
        let mut rules = Validation::new(algorithm.into());
        rules.validate_exp = false;
        rules.set_issuer(&[ISSUER]);
        rules.set_audience(&[AUDIENCE]);
        let read = jsonwebtoken::decode::<Value>(token.expose(), &decoding_key(&key), &rules).unwrap();
        assert_eq!(read.header.kid.as_deref(), Some(key.kid()));
        assert_eq!(read.claims["exp"], NOW.as_secs() + TTL);
        accepted += 1;
    }
    assert_eq!(accepted, 12);
}

#[test]
fn what_jsonwebtoken_signs_is_accepted_here() {
    let mut accepted = 0;
    for algorithm in Algorithm::ALL.iter().copied().filter(|algorithm| *algorithm != Algorithm::Ed25519) {
        let key = key(algorithm);
        let mut header = Header::new(algorithm.into());
        header.typ = Some("at+jwt".into());
        header.kid = Some(key.kid().into());
        let token = jsonwebtoken::encode(&header, &payload(), &encoding_key(&key)).unwrap();
        let keys = Arc::new(KeySet::new([key.verification_key()]));
        let verifier = Verifier::new(keys, Rules::access_token(ISSUER, AUDIENCE));
        verifier.verify::<NoClaims>(&token, NOW).unwrap();
        accepted += 1;
    }
    assert_eq!(accepted, 12);
}

/// Code written for `jsonwebtoken`'s traits takes these keys.
#[test]
fn the_keys_are_jsonwebtokens_signers_and_verifiers() {
    for algorithm in Algorithm::ALL {
        let key = key(*algorithm);
        let signer: Box<dyn JwtSigner> = Box::new(key.clone());
        let verifier: Box<dyn JwtVerifier> = Box::new(key.verification_key());
        assert_eq!((signer.algorithm(), verifier.algorithm()), ((*algorithm).into(), (*algorithm).into()));
        let signature = signer.try_sign(b"message").unwrap();
        verifier.verify(b"message", &signature).unwrap();
        assert!(verifier.verify(b"another", &signature).is_err());
    }
}

#[test]
fn a_clone_signs_like_its_original() {
    let (issuer, verifier) = pair(Algorithm::EdDsa);
    let token = issuer.issue(grant(), NOW).unwrap();
    assert!(verifier.verify::<NoClaims>(token.expose(), NOW).is_ok());
    let key = key(Algorithm::Hs256);
    assert_eq!(strict::to_base64url(&key.to_bytes()), strict::to_base64url(&key.clone().to_bytes()));
}
