//! The keys: fetched again for a `kid` that is not known, not too often, and kept while the issuer is down.

use std::sync::atomic::Ordering;
use std::time::Duration;

use futures_util::future::join_all;

use super::issuer::TestIssuer;
use super::{guard_of, status};

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
