//! What verifying asks of the allocator. A program of its own, since it counts with an allocator of its own.
#![expect(clippy::unwrap_used, reason = "a test fails by panicking")]

#[path = "../benches/token/mod.rs"]
mod token;

use std::{hint::black_box, sync::Arc};

use allocation_counter::measure;
use token::{AUDIENCE, ISSUER, NOW, grant};
use token_core::{
    Algorithm, Audience, Claims, Issuer, KeySet, NoClaims, RevocationSet, Rules, SigningKey, VerifiedCache, Verifier,
};
use uuid::Uuid;

fn token_and_verifier(algorithm: Algorithm) -> (String, Verifier) {
    let key = SigningKey::generate(algorithm).unwrap();
    let issuer = Issuer::new(key, ISSUER.into(), Audience::new(AUDIENCE), 900);
    let token = issuer.issue(grant(3), NOW).unwrap().into_string();
    let keys = Arc::new(KeySet::new([issuer.verification_key()]));
    (token, Verifier::new(keys, Rules::access_token(ISSUER, AUDIENCE)))
}

/// Sessions, accounts and keys enough to be looked for among.
fn revoked() -> RevocationSet {
    let revoked = RevocationSet::new();
    let end = NOW.saturating_add_secs(900);
    for n in 1_000..2_000 {
        revoked.revoke_session(Uuid::from_u128(n), end);
        revoked.revoke_subject(Uuid::from_u128(n), NOW, end);
    }
    revoked.revoke_key("gone", end);
    revoked
}

#[test]
fn a_remembered_token_is_decided_about_without_an_allocation() {
    let revoked = revoked();
    for algorithm in [Algorithm::EdDsa, Algorithm::Es256, Algorithm::Hs256] {
        let (token, verifier) = token_and_verifier(algorithm);
        let cache = VerifiedCache::new(100, [7; 32]);
        let ask = || black_box(verifier.verify_cached::<NoClaims>(&token, NOW, &revoked, &cache).unwrap());
        let (first, second) = (ask(), ask());
        assert!(Arc::ptr_eq(&first, &second), "it is remembered");
        let counted = measure(|| {
            for _ in 0..1_000 {
                drop(ask());
            }
        });
        assert_eq!((counted.count_total, counted.bytes_total), (0, 0), "{algorithm}");
    }
}

/// The claims are given out as texts of their own; beyond these the verifier asks the allocator for nothing, and what the
/// cryptographic library asks for is not the verifier's.
#[test]
fn an_ordinary_token_costs_the_allocations_of_its_claims() {
    let (token, verifier) = token_and_verifier(Algorithm::Hs256);
    let claims: Claims = verifier.verify(&token, NOW).unwrap();
    let of_the_claims = measure(|| drop(black_box(claims.clone()))).count_total;
    assert!(of_the_claims >= 9, "they are counted: {of_the_claims}");
    let counted = measure(|| drop(black_box(verifier.verify::<NoClaims>(&token, NOW).unwrap()))).count_total;
    assert_eq!(counted, of_the_claims);
}
