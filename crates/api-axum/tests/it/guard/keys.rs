//! The keys: fetched again for a `kid` that is not known, not too often, and kept while the issuer is down.

use std::sync::atomic::Ordering;
use std::time::Duration;

use auth_domain::model::RevocationKind;
use futures_util::future::join_all;

use super::issuer::TestIssuer;
use super::{guard_of, status, until};

const FLOOR: Duration = Duration::from_millis(300);

fn fetches(issuer: &TestIssuer) -> usize {
    issuer.hands.key_fetches.load(Ordering::Relaxed)
}

async fn pass_the_floor() {
    tokio::time::sleep(FLOOR + Duration::from_millis(20)).await;
}

#[tokio::test]
async fn a_token_with_a_new_key_is_let_in_after_one_fetch_that_all_who_wait_share() {
    let issuer = TestIssuer::start().await;
    let guard = guard_of(&issuer).key_fetch_floor(FLOOR).start().await.unwrap();
    let old = issuer.hands.token(1, 1);
    issuer.hands.add_key();
    let new = issuer.hands.token(1, 1);
    pass_the_floor().await;
    let statuses = join_all((0..50).map(|_| status(&guard, &new))).await;
    assert!(statuses.iter().all(|status| *status == 200), "{statuses:?}");
    assert_eq!(fetches(&issuer), 2, "one at the start, and one for the new key");
    assert_eq!(status(&guard, &old).await, 200);
    assert_eq!(guard.health().keys.count, 2);
}

#[tokio::test]
async fn made_up_keys_cost_the_issuer_one_fetch_in_each_floor() {
    let (issuer, stranger) = (TestIssuer::start().await, TestIssuer::start().await);
    let guard = guard_of(&issuer).key_fetch_floor(FLOOR).start().await.unwrap();
    pass_the_floor().await;
    for _ in 0..20 {
        stranger.hands.add_key();
        assert_eq!(status(&guard, &stranger.hands.token(1, 1)).await, 401);
    }
    assert_eq!(fetches(&issuer), 2);
    assert_eq!(status(&guard, &issuer.hands.token(1, 1)).await, 200);
    assert_eq!(guard.health().refused.unknown_key, 20);
}

#[tokio::test]
async fn keys_that_did_not_change_are_not_sent_again() {
    let (issuer, stranger) = (TestIssuer::start().await, TestIssuer::start().await);
    let guard = guard_of(&issuer).key_fetch_floor(FLOOR).start().await.unwrap();
    pass_the_floor().await;
    assert_eq!(status(&guard, &stranger.hands.token(1, 1)).await, 401);
    assert_eq!((fetches(&issuer), issuer.hands.not_modified.load(Ordering::Relaxed)), (2, 1));
    assert_eq!(status(&guard, &issuer.hands.token(1, 1)).await, 200);
}

#[tokio::test]
async fn the_old_keys_stay_while_the_issuer_is_down_and_the_new_ones_come_when_it_is_back() {
    let issuer = TestIssuer::start().await;
    let guard = guard_of(&issuer).key_fetch_floor(FLOOR).start().await.unwrap();
    let old = issuer.hands.token(1, 1);
    issuer.hands.add_key();
    let new = issuer.hands.token(1, 1);
    pass_the_floor().await;
    issuer.hands.status.store(503, Ordering::Relaxed);
    assert_eq!(status(&guard, &new).await, 401);
    assert_eq!(status(&guard, &old).await, 200);
    let health = guard.health().keys;
    assert!(health.last_error.is_some_and(|error| error.contains("503")));
    issuer.hands.status.store(200, Ordering::Relaxed);
    pass_the_floor().await;
    assert_eq!(status(&guard, &new).await, 200);
    assert_eq!(guard.health().keys.last_error, None);
}

#[tokio::test]
async fn rubbish_in_place_of_the_keys_changes_nothing() {
    let (issuer, stranger) = (TestIssuer::start().await, TestIssuer::start().await);
    let guard = guard_of(&issuer).key_fetch_floor(FLOOR).start().await.unwrap();
    let token = issuer.hands.token(1, 1);
    issuer.hands.add_key();
    for jwks in ["<html>", r#"{"keys":[]}"#] {
        *issuer.hands.jwks.lock().unwrap() = Some(jwks.to_owned());
        pass_the_floor().await;
        assert_eq!(status(&guard, &stranger.hands.token(1, 1)).await, 401);
        assert!(guard.health().keys.last_error.is_some());
        assert_eq!(status(&guard, &token).await, 200);
    }
}

#[tokio::test]
async fn a_key_that_the_issuer_publishes_no_more_is_trusted_no_more() {
    let issuer = TestIssuer::start().await;
    let guard = guard_of(&issuer).key_fetch_floor(FLOOR).start().await.unwrap();
    let old = issuer.hands.token(1, 1);
    assert_eq!(status(&guard, &old).await, 200);
    issuer.hands.add_key();
    issuer.hands.drop_old_keys();
    pass_the_floor().await;
    assert_eq!(status(&guard, &issuer.hands.token(1, 1)).await, 200);
    assert_eq!(status(&guard, &old).await, 401);
}

#[tokio::test]
async fn keys_that_are_published_before_they_sign_are_known_before_the_first_token() {
    let issuer = TestIssuer::start().await;
    issuer.hands.max_age.store(0, Ordering::Relaxed);
    let guard = guard_of(&issuer).key_fetch_floor(Duration::from_millis(50)).start().await.unwrap();
    let mut tokens = vec![issuer.hands.token(1, 1)];
    for rotation in 1..=2 {
        issuer.hands.add_key();
        until("the next key is known", async || guard.health().keys.count == rotation + 1).await;
        tokens.push(issuer.hands.token(1, 1));
        for token in &tokens {
            assert!(guard.verify::<token_core::NoClaims>(token).is_ok(), "without asking the issuer");
        }
    }
    assert_eq!(guard.health().refused.unknown_key, 0);
}

#[tokio::test]
async fn an_issuer_with_a_short_max_age_is_asked_no_more_often_than_the_floor() {
    let issuer = TestIssuer::start().await;
    issuer.hands.max_age.store(0, Ordering::Relaxed);
    let guard = guard_of(&issuer).key_fetch_floor(FLOOR).start().await.unwrap();
    tokio::time::sleep(4 * FLOOR).await;
    let fetches = fetches(&issuer);
    assert!((2..=5).contains(&fetches), "{fetches} in four floors");
    drop(guard);
}

#[tokio::test]
async fn a_revoked_key_is_dropped_at_once_though_the_issuers_cache_still_has_it() {
    let issuer = TestIssuer::start().await;
    let old = issuer.hands.token(1, 1);
    issuer.hands.add_key();
    let (stolen, kid) = (issuer.hands.token(1, 1), issuer.hands.kid());
    // The floor has not passed: what the issuer itself says does not wait for it.
    let guard = guard_of(&issuer).start().await.unwrap();
    assert_eq!((status(&guard, &stolen).await, guard.health().keys.count), (200, 2));
    let key = RevocationKind::from_parts("key", &kid).unwrap();
    issuer.hands.revoke(key);
    until("the key is dropped and the keys are fetched", async || fetches(&issuer) == 2).await;
    until("the answer is in", async || guard.health().keys.age_ms.is_some_and(|age| age < 1_000)).await;
    assert_eq!(guard.health().keys.count, 1, "what came still had the key in it");
    assert_eq!(status(&guard, &stolen).await, 401);
    assert_eq!(status(&guard, &old).await, 200);
    let refused = guard.health().refused;
    assert_eq!((refused.revoked, refused.unknown_key), (1, 0), "it is known why");
    issuer.hands.revoke(key);
    tokio::time::sleep(Duration::from_millis(50)).await;
    assert_eq!(fetches(&issuer), 2, "to hear it again costs nothing");

    let later = guard_of(&issuer).start().await.unwrap();
    assert_eq!(later.health().keys.count, 1, "one that starts afterwards never trusts it");
    assert_eq!(status(&later, &stolen).await, 401);
}
