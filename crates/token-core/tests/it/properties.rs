//! What holds for any claims and any input, not only for those that somebody thought of.

use crate::strict::any_json;
use crate::support::{AUDIENCE, Bench, ISSUER, NOW, TTL, at, key, key_file, pair};
use proptest::prelude::*;
use serde_json::{Map, Value};
use token_core::{
    Algorithm, Grant, Jws, KeySet, NoClaims, REGISTERED_CLAIMS, SigningKey, UnixTime, VerificationKey, VerifyError,
    thumbprint,
};
use uuid::Uuid;

fn any_grant() -> impl Strategy<Value = Grant<Map<String, Value>>> {
    let text = || "\\PC{0,12}";
    let texts = || prop::collection::vec(text(), 0..4);
    let extra = prop::collection::hash_map(text(), any_json(), 0..4);
    (any::<[u128; 3]>(), text(), text(), 0..=UnixTime::MAX.as_secs(), texts(), texts(), extra).prop_map(
        |([subject, session, token_id], client_id, scope, auth_time, amr, roles, extra)| Grant {
            subject: Uuid::from_u128(subject),
            session: Uuid::from_u128(session),
            token_id: Uuid::from_u128(token_id),
            client_id,
            scope,
            auth_time: at(auth_time),
            amr,
            roles,
            extra: extra.into_iter().filter(|(name, _)| !REGISTERED_CLAIMS.contains(&name.as_str())).collect(),
        },
    )
}

proptest! {
    #![proptest_config(ProptestConfig::with_cases(64))]

    #[test]
    fn whatever_is_granted_comes_back(
        algorithm in prop::sample::select(Algorithm::ALL),
        grant in any_grant(),
        now in 0..UnixTime::MAX.as_secs() - TTL,
    ) {
        let (issuer, verifier) = pair(algorithm);
        let token = issuer.issue(grant.clone(), at(now)).unwrap();
        let claims = verifier.verify::<Map<String, Value>>(token.expose(), at(now)).unwrap();
        prop_assert_eq!(claims.sub, grant.subject);
        prop_assert_eq!(claims.sid, grant.session);
        prop_assert_eq!(claims.jti, grant.token_id);
        prop_assert_eq!(claims.client_id, grant.client_id);
        prop_assert_eq!(claims.scope, grant.scope);
        prop_assert_eq!(claims.auth_time, grant.auth_time);
        prop_assert_eq!(claims.amr, grant.amr);
        prop_assert_eq!(claims.roles, grant.roles);
        prop_assert_eq!(claims.extra, grant.extra);
        prop_assert_eq!((claims.iss.as_str(), claims.aud.contains(AUDIENCE)), (ISSUER, true));
        prop_assert_eq!((claims.iat, claims.exp, claims.nbf), (at(now), token.expires_at(), None));
    }

    /// SECURITY J1: whatever the times and the leeway, a token is good exactly in [iat - leeway, exp + leeway).
    #[test]
    fn j1_a_token_is_good_exactly_within_its_time(
        issued in 1_000_u64..2_000,
        ttl in 0_u64..100,
        now in 900_u64..2_200,
        expiry in 0_u64..50,
        not_before in 0_u64..50,
    ) {
        let bench = Bench::with_leeway(Algorithm::Hs256, token_core::Leeway { expiry, not_before });
        let issuer = token_core::Issuer::new(
            token_core::SigningKey::from_bytes(Algorithm::Hs256, &bench.key.to_bytes()).unwrap(),
            ISSUER.into(),
            AUDIENCE.into(),
            ttl,
        );
        let token = issuer.issue(crate::support::grant(), at(issued)).unwrap();
        let verdict = bench.verifier.verify::<NoClaims>(token.expose(), at(now));
        let within = issued <= now + not_before && now < issued + ttl + expiry;
        prop_assert_eq!(verdict.is_ok(), within, "{:?}", verdict);
    }

    /// SECURITY J4: no JSON value but an integer in range passes for a time.
    #[test]
    fn j4_only_integers_in_range_are_times(
        name in prop::sample::select(vec!["exp", "iat", "nbf", "auth_time"]),
        value in any_json(),
    ) {
        let bench = Bench::new(Algorithm::Hs256);
        let verdict = bench.judge_claim(name, &value.to_string());
        if value.as_u64().is_none_or(|secs| secs > UnixTime::MAX.as_secs()) {
            prop_assert_eq!(verdict, Err(VerifyError::ClaimType(name)));
        }
    }

    #[test]
    fn no_text_makes_a_reader_panic(text in ".{0,300}") {
        let bench = Bench::new(Algorithm::Hs256);
        prop_assert!(bench.verifier.verify::<NoClaims>(&text, NOW).is_err());
        prop_assert!(Jws::read(&text).is_err());
        prop_assert!(VerificationKey::from_jwk(&text).is_err());
        prop_assert!(VerificationKey::from_pem(&text, None).is_err());
        prop_assert!(SigningKey::from_jwk(&text, None).is_err());
        prop_assert!(SigningKey::from_pem(&text, None).is_err());
        prop_assert!(SigningKey::list_from_jwks(&text, None).is_err());
        prop_assert!(KeySet::from_jwks(&text).is_err());
        prop_assert!(thumbprint(&text).is_err());
        prop_assert!(text.parse::<Algorithm>().is_err());
    }

    /// Bytes under a key's PEM label are refused or accepted, never a panic.
    #[test]
    fn no_bytes_in_a_pem_block_make_a_reader_panic(
        label in prop::sample::select(vec!["PRIVATE KEY", "EC PRIVATE KEY", "RSA PRIVATE KEY", "PUBLIC KEY", "RSA PUBLIC KEY"]),
        bytes in prop::collection::vec(any::<u8>(), 0..200),
    ) {
        let text = pem::encode(&pem::Pem::new(label, bytes));
        prop_assert!(SigningKey::from_pem(&text, None).is_err());
        prop_assert!(VerificationKey::from_pem(&text, None).is_err());
    }

    /// One byte of a good key's DER changed: another reading, or none, and never a key that contradicts itself.
    #[test]
    fn a_changed_private_key_is_refused_or_still_a_pair(
        file in prop::sample::select(vec!["ed25519.pkcs8", "p256.sec1", "p384.pkcs8", "rsa.pkcs1"]),
        at in any::<prop::sample::Index>(),
        bit in 0..8,
    ) {
        let blocks = pem::parse_many(key_file(file)).unwrap();
        let block = blocks.last().unwrap();
        let mut der = block.contents().to_vec();
        *at.get_mut(&mut der) ^= 1_u8 << bit;
        let text = pem::encode(&pem::Pem::new(block.tag(), der));
        if let Ok(key) = SigningKey::from_pem(&text, None) {
            let signature = crate::support::sign(&key, b"message");
            prop_assert_eq!(key.verification_key().verify(b"message", &signature), Ok(()));
        }
    }

    /// Every algorithm: what is signed verifies, and not for another message.
    #[test]
    fn a_signature_is_good_for_its_message_only(
        algorithm in prop::sample::select(Algorithm::ALL),
        message in prop::collection::vec(any::<u8>(), 0..200),
        other in prop::collection::vec(any::<u8>(), 0..200),
    ) {
        let key = key(algorithm);
        let signature = signature::Signer::try_sign(&key, &message).unwrap();
        prop_assert_eq!(key.verification_key().verify(&message, &signature), Ok(()));
        prop_assert_eq!(key.verification_key().verify(&other, &signature).is_ok(), other == message);
    }

    /// A signed header and payload of any JSON are refused or accepted, never a panic, and never accepted by chance.
    #[test]
    fn signed_rubbish_is_refused(header in any_json(), payload in any_json()) {
        let bench = Bench::new(Algorithm::Hs256);
        let (header, payload) = (header.to_string(), payload.to_string());
        prop_assert!(bench.judge_bytes(header.as_bytes(), payload.as_bytes()).is_err());
        prop_assert!(bench.judge_payload(&payload).is_err());
    }
}
