//! What the guard does when it has not heard for too long what was revoked: what its owner chose.

use std::sync::atomic::Ordering;
use std::time::Duration;

use api_axum::{Guard, OnStale};
use tokio::time::sleep;

use super::issuer::TestIssuer;
use super::proxy::Proxy;
use super::{guard_of, status, until, whoami};

const LIMIT: Duration = Duration::from_secs(2);

async fn behind_a_proxy(on_stale: OnStale) -> (Proxy, TestIssuer, Guard) {
    let proxy = Proxy::start().await;
    let issuer = TestIssuer::start_as(&proxy.url).await;
    proxy.lead_to(issuer.address);
    let guard = guard_of(&issuer).max_staleness(LIMIT).on_stale(on_stale).start().await.unwrap();
    (proxy, issuer, guard)
}

#[tokio::test]
async fn who_denies_lets_nobody_in_past_the_limit_and_everybody_when_the_feed_is_back() {
    let (proxy, issuer, guard) = behind_a_proxy(OnStale::Deny).await;
    let (good, ended) = (issuer.hands.token(1, 1), issuer.hands.token(1, 2));
    assert_eq!(status(&guard, &good).await, 200);
    assert!(guard.health().healthy);
    proxy.cut();
    issuer.hands.revoke_session(2);
    sleep(LIMIT + Duration::from_millis(100)).await;
    let answer = whoami(&guard, &good).await;
    assert_eq!(answer.problem(), (503, "revocations_stale".to_owned()));
    assert_eq!(answer.header("retry-after"), Some("5"));
    let health = guard.health();
    let feed = health.feed.unwrap();
    assert!(!health.healthy && feed.stale && feed.last_error.is_some());
    assert_eq!(status(&guard, "rubbish").await, 401, "a bad token is a bad token");
    proxy.mend();
    until("good tokens are let in again", async || status(&guard, &good).await == 200).await;
    assert_eq!(status(&guard, &ended).await, 401, "nothing was missed");
    assert!(guard.health().healthy);
}

#[tokio::test]
async fn who_allows_lets_good_tokens_in_past_the_limit_and_says_that_it_is_stale() {
    let (proxy, issuer, guard) = behind_a_proxy(OnStale::Allow).await;
    let (good, ended) = (issuer.hands.token(1, 1), issuer.hands.token(1, 2));
    proxy.cut();
    issuer.hands.revoke_session(2);
    sleep(LIMIT + Duration::from_millis(100)).await;
    assert_eq!(status(&guard, &good).await, 200);
    assert_eq!(status(&guard, &ended).await, 200, "this is what was chosen");
    let health = guard.health();
    assert!(health.healthy && health.feed.unwrap().stale);
    proxy.mend();
    until("the ended session is refused", async || status(&guard, &ended).await == 401).await;
    assert_eq!(status(&guard, &good).await, 200);
}

#[tokio::test]
async fn answers_of_a_node_that_has_not_heard_itself_count_for_nothing() {
    let issuer = TestIssuer::start().await;
    let guard = guard_of(&issuer).max_staleness(LIMIT).on_stale(OnStale::Deny).start().await.unwrap();
    let token = issuer.hands.token(1, 1);
    issuer.hands.age_ms.store(3_600_000, Ordering::Relaxed);
    sleep(LIMIT + Duration::from_millis(100)).await;
    assert_eq!(whoami(&guard, &token).await.problem(), (503, "revocations_stale".to_owned()));
    issuer.hands.age_ms.store(0, Ordering::Relaxed);
    until("the node is in order again", async || status(&guard, &token).await == 200).await;
}

#[tokio::test]
async fn a_quiet_issuer_does_not_make_the_guard_stale() {
    for limit in [Duration::from_secs(1), Duration::from_secs(3)] {
        let issuer = TestIssuer::start().await;
        let guard = guard_of(&issuer).max_staleness(limit).on_stale(OnStale::Deny).start().await.unwrap();
        let token = issuer.hands.token(1, 1);
        for _ in 0..80 {
            assert_eq!(status(&guard, &token).await, 200, "{:?}", guard.health());
            sleep(Duration::from_millis(50)).await;
        }
    }
}
