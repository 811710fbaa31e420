//! The guard remembers which tokens have verified, and lets nobody in for longer because of it.

use std::sync::Arc;

use api_axum::{Guard, GuardError, SystemClock};
use auth_domain::ports::Clock as _;
use token_core::{Claims, KeySet, NoClaims, RevocationSet, Rules, VerifiedCache, Verifier};
use uuid::Uuid;

use super::issuer::TestIssuer;
use super::{guard_of, status, until};

async fn ask(guard: &Guard, token: &str) -> Result<Arc<Claims>, GuardError> {
    guard.authenticate::<NoClaims>(token).await
}

/// Whether the guard gave out the very claims that it has read before.
async fn is_remembered(guard: &Guard, token: &str) -> bool {
    Arc::ptr_eq(&ask(guard, token).await.unwrap(), &ask(guard, token).await.unwrap())
}

#[tokio::test]
async fn a_token_that_comes_again_is_remembered_unless_the_owner_wants_it_verified_anew() {
    let issuer = TestIssuer::start().await;
    let token = issuer.hands.token(1, 1);
    let guard = guard_of(&issuer).start().await.unwrap();
    assert!(is_remembered(&guard, &token).await);
    assert!(is_remembered(&Guard::any_of([guard]), &token).await);
    let off = guard_of(&issuer).verified_cache(0).start().await.unwrap();
    assert!(!is_remembered(&off, &token).await);
}

#[tokio::test]
async fn a_remembered_token_is_refused_as_soon_as_its_session_is_revoked() {
    let issuer = TestIssuer::start().await;
    let token = issuer.hands.token(1, 1);
    let guard = guard_of(&issuer).start().await.unwrap();
    assert!(is_remembered(&guard, &token).await);
    assert_eq!(status(&guard, &token).await, 200, "the extractor takes what is remembered");
    issuer.hands.revoke_session(1);
    until("the session's token is refused", async || status(&guard, &token).await == 401).await;
    assert_eq!(ask(&guard, &token).await.unwrap_err(), GuardError::Revoked);
}

#[tokio::test]
async fn a_remembered_token_is_refused_when_the_verifier_has_other_keys() {
    let issuer = TestIssuer::start().await;
    let token = issuer.hands.token(1, 1);
    let rules = Rules::access_token(&issuer.url, super::AUDIENCE);
    let keys = Arc::new(KeySet::from_jwks(&issuer.hands.published()).unwrap());
    let verifier = Arc::new(Verifier::new(keys, rules.clone()));
    let guard = Guard::new(Arc::clone(&verifier), Arc::new(RevocationSet::new()), Arc::new(SystemClock))
        .with_verified_cache(VerifiedCache::new(10, [3; 32]));
    assert!(is_remembered(&guard, &token).await);
    guard.replace_verifier(Arc::new(Verifier::new(Arc::default(), rules)));
    assert_eq!(status(&guard, &token).await, 401);
    guard.replace_verifier(verifier);
    assert_eq!(status(&guard, &token).await, 200);
}

#[tokio::test]
async fn one_guard_of_several_remembers_nothing_for_another() {
    let (one, other) = (TestIssuer::start().await, TestIssuer::start().await);
    let guards = [guard_of(&one).start().await.unwrap(), guard_of(&other).start().await.unwrap()];
    let both = Guard::any_of(guards.clone());
    let token = one.hands.token(1, 1);
    assert!(is_remembered(&both, &token).await);
    assert_eq!(status(&guards[1], &token).await, 401);
    other.hands.revoke_session(1);
    until("the other issuer's revocation is known", async || guards[1].health().revocations == 1).await;
    assert!(is_remembered(&both, &token).await, "it speaks of another session");
    let claims = ask(&both, &token).await.unwrap();
    assert_eq!(claims.sub, Uuid::from_u128(1));
    assert!(claims.exp > SystemClock.now().unix());
}
