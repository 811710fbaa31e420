//! The feed: what the issuer revokes is refused here within a moment, and nothing is skipped.

use std::sync::atomic::Ordering;
use std::time::Duration;

use auth_domain::model::RevocationKind;
use tokio::time::sleep;

use super::issuer::TestIssuer;
use super::proxy::Proxy;
use super::{guard_of, status, until};

/// SECURITY I3.
#[tokio::test]
async fn i3_a_session_that_ends_at_the_issuer_is_refused_here_and_the_others_are_not() {
    let issuer = TestIssuer::start().await;
    let guard = guard_of(&issuer).start().await.unwrap();
    let (ended, other) = (issuer.hands.token(1, 1), issuer.hands.token(1, 2));
    assert_eq!(status(&guard, &ended).await, 200);
    issuer.hands.revoke_session(1);
    until("the ended session is refused", async || status(&guard, &ended).await == 401).await;
    assert_eq!(status(&guard, &other).await, 200);
    let health = guard.health();
    assert_eq!((health.revocations, health.feed.unwrap().received), (1, 1));
}

#[tokio::test]
async fn a_revoked_account_is_refused_here_with_all_its_sessions() {
    let issuer = TestIssuer::start().await;
    let guard = guard_of(&issuer).start().await.unwrap();
    let (one, two, other) = (issuer.hands.token(1, 1), issuer.hands.token(1, 2), issuer.hands.token(2, 3));
    issuer.hands.revoke_account(1);
    until("the account is refused", async || status(&guard, &one).await == 401).await;
    assert_eq!(status(&guard, &two).await, 401);
    assert_eq!(status(&guard, &other).await, 200);
}

#[tokio::test]
async fn a_revoked_key_is_refused_here_with_all_it_signed() {
    let issuer = TestIssuer::start().await;
    issuer.hands.add_key();
    let guard = guard_of(&issuer).start().await.unwrap();
    let token = issuer.hands.token(1, 1);
    assert_eq!(status(&guard, &token).await, 200);
    issuer.hands.revoke(RevocationKind::from_parts("key", &issuer.hands.kid()).unwrap());
    until("what the key signed is refused", async || status(&guard, &token).await == 401).await;
    assert_eq!(guard.health().refused.revoked, 1);
}

#[tokio::test]
async fn what_is_revoked_while_the_connection_is_cut_is_refused_after_it() {
    let proxy = Proxy::start().await;
    let issuer = TestIssuer::start_as(&proxy.url).await;
    proxy.lead_to(issuer.address);
    let guard = guard_of(&issuer).max_staleness(Duration::from_secs(3)).start().await.unwrap();
    let tokens: Vec<_> = (0..20).map(|session| issuer.hands.token(1, session)).collect();
    proxy.cut();
    for session in 0..20 {
        issuer.hands.revoke_session(session);
        sleep(Duration::from_millis(20)).await;
    }
    assert_eq!(status(&guard, &tokens[0]).await, 200, "nobody could tell the guard");
    proxy.mend();
    for token in &tokens {
        until("a session that ended in the cut is refused", async || status(&guard, token).await == 401).await;
    }
    let questions = issuer.hands.questions.lock().unwrap().clone();
    assert_eq!(questions.iter().filter(|after| after.is_none()).count(), 1, "it went on where it was: {questions:?}");
}

#[tokio::test]
async fn an_issuer_that_does_not_know_the_cursor_is_asked_for_everything_again() {
    let issuer = TestIssuer::start().await;
    let guard = guard_of(&issuer).max_staleness(Duration::from_secs(3)).start().await.unwrap();
    let token = issuer.hands.token(1, 1);
    issuer.hands.forgets.store(1, Ordering::Relaxed);
    issuer.hands.revoke_session(1);
    until("the snapshot has come", async || status(&guard, &token).await == 401).await;
    let questions = issuer.hands.questions.lock().unwrap().clone();
    assert!(questions.iter().filter(|after| after.is_none()).count() >= 2, "{questions:?}");
}

#[tokio::test]
async fn an_issuer_that_does_not_wait_is_not_asked_all_the_time() {
    let issuer = TestIssuer::start().await;
    issuer.hands.hasty.store(1, Ordering::Relaxed);
    let _guard = guard_of(&issuer).start().await.unwrap();
    sleep(Duration::from_secs(1)).await;
    assert!(issuer.hands.asked() <= 8, "it was asked {} times in a second", issuer.hands.asked());
}

#[tokio::test]
async fn an_issuer_in_trouble_is_asked_less_and_less_often() {
    let issuer = TestIssuer::start().await;
    let guard = guard_of(&issuer).max_staleness(Duration::from_secs(3)).start().await.unwrap();
    issuer.hands.status.store(500, Ordering::Relaxed);
    let before = issuer.hands.asked();
    sleep(Duration::from_secs(3)).await;
    let asked = issuer.hands.asked() - before;
    assert!((2..=25).contains(&asked), "it was asked {asked} times in three seconds");
    assert!(guard.health().feed.unwrap().last_error.unwrap().contains("500"));
}

#[tokio::test]
async fn a_guard_that_is_dropped_asks_no_more() {
    let issuer = TestIssuer::start().await;
    let guard = guard_of(&issuer).max_staleness(Duration::from_secs(3)).start().await.unwrap();
    let clone = guard.clone();
    drop(guard);
    issuer.hands.revoke_session(1);
    until("a clone goes on", async || status(&clone, &issuer.hands.token(1, 1)).await == 401).await;
    drop(clone);
    sleep(Duration::from_millis(50)).await;
    let asked = issuer.hands.asked();
    issuer.hands.revoke_session(2);
    sleep(Duration::from_millis(1_500)).await;
    assert_eq!(issuer.hands.asked(), asked);
}
