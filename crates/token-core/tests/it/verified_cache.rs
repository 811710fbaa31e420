//! The cache of verified tokens: it saves the cryptography and lets nobody in for longer than without it.

use crate::support::{AUDIENCE, ISSUER, NOW, TTL, at, grant, grant_with, key};
use proptest::prelude::*;
use serde::{Deserialize, Serialize};
use std::sync::Arc;
use token_core::{
    Algorithm, Claims, Issuer, KeySet, Leeway, NoClaims, RevocationSet, Rules, SigningKey, TokenType, UnixTime,
    VerificationKey, VerifiedCache, Verifier, VerifyError,
};
use uuid::Uuid;

/// An issuer, a verifier that trusts it, what is revoked, and a cache.
struct House {
    key: SigningKey,
    verifier: Verifier,
    revoked: RevocationSet,
    cache: VerifiedCache,
}

impl House {
    fn new() -> Self {
        Self::with_leeway(Leeway::default())
    }

    fn with_leeway(leeway: Leeway) -> Self {
        let key = key(Algorithm::EdDsa);
        let verifier = verifier_of(&[&key], leeway);
        Self { key, verifier, revoked: RevocationSet::new(), cache: VerifiedCache::new(100, [7; 32]) }
    }

    fn token(&self) -> String {
        issue(&self.key)
    }

    fn judge(&self, token: &str, now: UnixTime) -> Result<Arc<Claims>, VerifyError> {
        let cached = self.verifier.verify_cached(token, now, &self.revoked, &self.cache);
        let uncached: Result<Claims, _> = self.verifier.verify_unrevoked(token, now, &self.revoked);
        assert_eq!(cached.as_deref(), uncached.as_ref(), "the cache changes no ruling");
        cached
    }

    /// Verifies a token twice; the second time it is remembered.
    fn remember(&self, token: &str) -> Arc<Claims> {
        let first = self.judge(token, NOW).unwrap();
        let second = self.judge(token, NOW).unwrap();
        assert!(Arc::ptr_eq(&first, &second), "the second time it is remembered");
        second
    }
}

fn issue(key: &SigningKey) -> String {
    let issuer = Issuer::new(key.clone(), ISSUER.into(), AUDIENCE.into(), TTL);
    issuer.issue(grant(), NOW).unwrap().into_string()
}

fn verifier_of(keys: &[&SigningKey], leeway: Leeway) -> Verifier {
    let keys = KeySet::new(keys.iter().map(|key| key.verification_key()));
    Verifier::new(Arc::new(keys), Rules::access_token(ISSUER, AUDIENCE).with_leeway(leeway))
}

#[test]
fn a_remembered_token_gives_the_same_claims() {
    let house = House::new();
    let token = house.token();
    let claims = house.remember(&token);
    assert_eq!(*claims, house.verifier.verify(&token, NOW).unwrap());
    assert_eq!(house.cache.len(), 1);
}

#[test]
fn a_remembered_token_expires_in_its_second() {
    for expiry in [0, 20] {
        let house = House::with_leeway(Leeway { expiry, ..Leeway::default() });
        let token = house.token();
        house.remember(&token);
        let end = NOW.as_secs() + TTL + expiry;
        assert!(house.judge(&token, at(end - 1)).is_ok());
        assert!(matches!(house.judge(&token, at(end)), Err(VerifyError::Expired { .. })));
        assert!(house.cache.is_empty(), "what has expired goes when it is asked for");
    }
}

#[test]
fn a_remembered_token_is_refused_by_a_clock_that_was_set_back() {
    let house = House::new();
    let token = house.token();
    house.remember(&token);
    assert!(matches!(house.judge(&token, at(NOW.as_secs() - 31)), Err(VerifyError::IssuedInFuture { .. })));
    assert!(house.judge(&token, NOW).is_ok());
}

#[test]
fn a_remembered_token_of_a_revoked_session_is_refused_at_once() {
    let house = House::new();
    let token = house.token();
    let claims = house.remember(&token);
    house.revoked.revoke_session(claims.sid, claims.exp);
    assert_eq!(house.judge(&token, NOW), Err(VerifyError::Revoked));
    house.revoked.purge(claims.exp);
    assert!(matches!(house.judge(&token, claims.exp), Err(VerifyError::Expired { .. })));
}

#[test]
fn a_remembered_token_of_a_revoked_account_is_refused_at_once() {
    let house = House::new();
    let token = house.token();
    let claims = house.remember(&token);
    house.revoked.revoke_subject(claims.sub, at(NOW.as_secs() - 1), claims.exp);
    assert!(house.judge(&token, NOW).is_ok(), "it was issued later");
    house.revoked.revoke_subject(claims.sub, NOW, claims.exp);
    assert_eq!(house.judge(&token, NOW), Err(VerifyError::Revoked));
}

#[test]
fn a_remembered_token_of_a_revoked_key_is_refused_at_once() {
    let house = House::new();
    let token = house.token();
    house.remember(&token);
    house.revoked.revoke_key(house.key.kid(), at(NOW.as_secs() + TTL));
    assert_eq!(house.judge(&token, NOW), Err(VerifyError::Revoked));
}

#[test]
fn a_remembered_token_is_refused_when_its_key_is_gone() {
    let mut house = House::new();
    let token = house.token();
    house.remember(&token);
    house.verifier = verifier_of(&[&key(Algorithm::EdDsa)], Leeway::default());
    assert_eq!(house.judge(&token, NOW), Err(VerifyError::UnknownKey));
    house.verifier = verifier_of(&[&house.key], Leeway::default());
    assert!(house.judge(&token, NOW).is_ok(), "a key that comes back is trusted again");
}

/// Another key under the same `kid`: the name is not the key.
#[test]
fn a_remembered_token_is_verified_anew_when_another_key_has_the_name() {
    let mut house = House::new();
    let token = house.token();
    house.remember(&token);
    let mut jwk = key(Algorithm::EdDsa).verification_key().to_jwk().unwrap().to_value();
    jwk["kid"] = house.key.kid().into();
    let other = VerificationKey::from_jwk(&jwk.to_string()).unwrap();
    house.verifier = Verifier::new(Arc::new(KeySet::new([other])), house.verifier.rules().clone());
    assert_eq!(house.judge(&token, NOW), Err(VerifyError::Signature));
}

#[test]
fn a_remembered_token_stays_remembered_while_its_key_does() {
    let mut house = House::new();
    let token = house.token();
    let before = house.remember(&token);
    house.verifier = verifier_of(&[&house.key, &key(Algorithm::Es256)], Leeway::default());
    assert!(Arc::ptr_eq(&before, &house.judge(&token, NOW).unwrap()));
}

#[test]
fn a_remembered_token_must_meet_the_rules_of_who_asks() {
    let mut house = House::new();
    let token = house.token();
    house.remember(&token);
    let keys = Arc::clone(house.verifier.keys());
    house.verifier = Verifier::new(Arc::clone(&keys), Rules::access_token(ISSUER, "https://other.example"));
    assert_eq!(house.judge(&token, NOW), Err(VerifyError::Audience));
    house.verifier = Verifier::new(Arc::clone(&keys), Rules::access_token("https://other.example", AUDIENCE));
    assert_eq!(house.judge(&token, NOW), Err(VerifyError::Issuer));
    let logout = Rules::access_token(ISSUER, AUDIENCE).with_type(TokenType::named("logout+jwt"));
    house.verifier = Verifier::new(keys, logout);
    assert_eq!(house.judge(&token, NOW), Err(VerifyError::WrongType { expected: "logout+jwt".into() }));
}

#[test]
fn a_refused_token_leaves_no_trace() {
    let house = House::new();
    let token = house.token();
    let forged = issue(&key(Algorithm::EdDsa));
    assert!(house.judge(&forged, NOW).is_err());
    assert!(house.judge(&token, at(NOW.as_secs() + TTL)).is_err());
    assert!(house.judge(&format!("{token}A"), NOW).is_err());
    assert!(house.judge(&"A".repeat(9_000), NOW).is_err());
    assert!(house.cache.is_empty());
}

#[test]
fn a_cache_never_holds_more_than_it_was_told_to() {
    let house = House { cache: VerifiedCache::new(50, [1; 32]), ..House::new() };
    let issuer = Issuer::new(house.key.clone(), ISSUER.into(), AUDIENCE.into(), TTL);
    for n in 0..500 {
        let token = issuer.issue(token_core::Grant { token_id: Uuid::from_u128(n), ..grant() }, NOW).unwrap();
        house.judge(token.expose(), NOW).unwrap();
        assert!(house.cache.len() <= 50, "{} after {n}", house.cache.len());
    }
    assert!(!house.cache.is_empty());
    house.cache.clear();
    assert!(house.cache.is_empty());
}

#[test]
fn a_cache_that_is_off_remembers_nothing() {
    for cache in [VerifiedCache::off(), VerifiedCache::new(0, [1; 32])] {
        let house = House { cache, ..House::new() };
        let token = house.token();
        let first = house.judge(&token, NOW).unwrap();
        assert!(!Arc::ptr_eq(&first, &house.judge(&token, NOW).unwrap()));
        assert!(house.cache.is_off() && house.cache.is_empty());
    }
}

#[derive(Clone, Debug, PartialEq, Serialize, Deserialize)]
struct Tenant {
    tenant: String,
}

#[test]
fn one_token_is_remembered_once_for_each_type_of_claims() {
    let house = House::new();
    let issuer = Issuer::new(house.key.clone(), ISSUER.into(), AUDIENCE.into(), TTL);
    let token = issuer.issue(grant_with(Tenant { tenant: "north".into() }), NOW).unwrap();
    let token = token.expose();
    let House { verifier, revoked, cache, .. } = &house;
    for _ in 0..2 {
        assert!(verifier.verify_cached::<NoClaims>(token, NOW, revoked, cache).is_ok());
        let claims = verifier.verify_cached::<Tenant>(token, NOW, revoked, cache).unwrap();
        assert_eq!(claims.extra.tenant, "north");
    }
    assert_eq!(cache.len(), 2);
    let plain = house.token();
    house.remember(&plain);
    let refused = verifier.verify_cached::<Tenant>(&plain, NOW, revoked, cache);
    assert!(matches!(refused, Err(VerifyError::Extra(_))), "what one type accepts is not accepted for another");
}

#[test]
fn no_part_of_a_token_is_printed() {
    let house = House::new();
    house.remember(&house.token());
    assert_eq!(format!("{:?}", house.cache), "VerifiedCache { len: 1, .. }");
}

/// What may happen to a house between two requests.
#[derive(Clone, Debug)]
enum Event {
    Ask { token: usize, now: u64 },
    RevokeSession(usize),
    RevokeAccount { until: u64 },
    RevokeKey(usize),
    Purge(u64),
    Trust(Vec<bool>),
}

fn any_event() -> impl Strategy<Value = Event> {
    let time = || NOW.as_secs() - 40..NOW.as_secs() + TTL + 40;
    prop_oneof![
        12 => (0..6_usize, prop_oneof![Just(NOW.as_secs()), time()]).prop_map(|(token, now)| Event::Ask { token, now }),
        1 => (0..6_usize).prop_map(Event::RevokeSession),
        1 => time().prop_map(|until| Event::RevokeAccount { until }),
        1 => (0..2_usize).prop_map(Event::RevokeKey),
        1 => time().prop_map(Event::Purge),
        2 => prop::collection::vec(any::<bool>(), 2).prop_map(Event::Trust),
    ]
}

proptest! {
    #![proptest_config(ProptestConfig::with_cases(200))]

    /// `House::judge` compares every ruling with the one without a cache.
    #[test]
    fn whatever_happens_the_cache_changes_no_ruling(events in prop::collection::vec(any_event(), 1..60)) {
        let keys = [key(Algorithm::EdDsa), key(Algorithm::Hs256)];
        let mut house = House::new();
        house.verifier = verifier_of(&[&keys[0], &keys[1]], Leeway::default());
        let session = |n: usize| Uuid::from_u128(100 + n as u128);
        let tokens: Vec<String> = (0..6).map(|n| {
            let issuer = Issuer::new(keys[n % 2].clone(), ISSUER.into(), AUDIENCE.into(), TTL);
            issuer.issue(token_core::Grant { session: session(n), ..grant() }, NOW).unwrap().into_string()
        }).collect();
        let end = at(NOW.as_secs() + TTL);
        for event in events {
            match event {
                Event::Ask { token, now } => drop(house.judge(&tokens[token], at(now))),
                Event::RevokeSession(n) => house.revoked.revoke_session(session(n), end),
                Event::RevokeAccount { until } => house.revoked.revoke_subject(grant().subject, at(until), end),
                Event::RevokeKey(n) => house.revoked.revoke_key(keys[n].kid(), end),
                Event::Purge(now) => house.revoked.purge(at(now)),
                Event::Trust(trusted) => {
                    let trusted: Vec<&SigningKey> =
                        keys.iter().zip(trusted).filter(|(_, trusted)| *trusted).map(|(key, _)| key).collect();
                    house.verifier = verifier_of(&trusted, Leeway::default());
                }
            }
        }
    }
}
