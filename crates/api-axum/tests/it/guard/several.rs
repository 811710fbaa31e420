//! Several issuers and several audiences behind one guard.

use std::sync::atomic::Ordering;
use std::time::Duration;

use api_axum::{Guard, GuardError};
use auth_domain::model::RevocationKind;
use token_core::{NoClaims, VerifyError};
use tokio::time::Instant;

use super::issuer::{API_KEY, AUDIENCE, TestIssuer};
use super::{guard_of, status, until};

const FLOOR: Duration = Duration::from_millis(50);

struct World {
    ours: TestIssuer,
    theirs: TestIssuer,
    guard: Guard,
}

impl World {
    async fn new() -> Self {
        let (ours, theirs) = (TestIssuer::start().await, TestIssuer::start().await);
        let start = async |issuer| guard_of(issuer).key_fetch_floor(FLOOR).start().await.unwrap();
        let guard = Guard::any_of([start(&ours).await, start(&theirs).await]);
        Self { ours, theirs, guard }
    }

    fn refusal(&self, token: &str) -> Option<GuardError> {
        self.guard.verify::<NoClaims>(token).err()
    }
}

#[tokio::test]
async fn the_tokens_of_each_issuer_are_let_in_and_those_of_a_third_are_not() {
    let world = World::new().await;
    for issuer in [&world.ours, &world.theirs] {
        assert_eq!(status(&world.guard, &issuer.hands.token(1, 1)).await, 200);
    }
    let third = TestIssuer::start().await;
    assert_eq!(status(&world.guard, &third.hands.token(1, 1)).await, 401);
    let health = world.guard.health();
    assert_eq!((health.accepted, health.refused.unknown_key), (2, 1));
}

#[tokio::test]
async fn an_issuers_key_counts_under_its_own_name_alone() {
    let ours = TestIssuer::start().await;
    // It signs tokens in our name, with a key that is trusted for another one.
    let liar = TestIssuer::start_as(&ours.url).await;
    let address = format!("http://{}", liar.address);
    let theirs = Guard::builder("http://theirs.example")
        .audience(AUDIENCE)
        .api_key(API_KEY.into())
        .jwks_url(format!("{address}/.well-known/jwks.json"))
        .feed_url(format!("{address}/v1/revocations"));
    let (one, other) = (guard_of(&ours).start().await.unwrap(), theirs.start().await.unwrap());
    for guard in [Guard::any_of([one.clone(), other.clone()]), Guard::any_of([other, one])] {
        let lie = guard.verify::<NoClaims>(&liar.hands.token(1, 1));
        assert_eq!(lie.err(), Some(GuardError::Refused(VerifyError::Issuer)));
        assert_eq!(status(&guard, &liar.hands.token(1, 1)).await, 401);
        assert_eq!(status(&guard, &ours.hands.token(1, 1)).await, 200);
    }
}

#[tokio::test]
async fn what_one_issuer_revokes_is_revoked_for_its_own_tokens_alone() {
    let world = World::new().await;
    let (ended, other) = (world.ours.hands.token(1, 1), world.theirs.hands.token(1, 1));
    world.ours.hands.revoke_session(1);
    until("our session is refused", async || status(&world.guard, &ended).await == 401).await;
    assert_eq!(world.refusal(&ended), Some(GuardError::Revoked));
    assert_eq!(status(&world.guard, &other).await, 200, "the same account and session of another issuer");
    world.ours.hands.revoke(RevocationKind::from_parts("key", &world.theirs.hands.kid()).unwrap());
    until("it is heard", async || world.guard.health().revocations == 2).await;
    assert_eq!(status(&world.guard, &other).await, 200, "nobody revokes another's key");
}

#[tokio::test]
async fn an_issuer_that_publishes_anothers_keys_shuts_nobody_out() {
    let world = World::new().await;
    // It hands out our next key as its own before we publish it.
    world.ours.hands.add_key();
    *world.theirs.hands.jwks.lock().unwrap() = Some(world.ours.hands.published());
    tokio::time::sleep(FLOOR).await;
    let theirs = world.theirs.hands.token(1, 1);
    world.theirs.hands.add_key();
    assert_eq!(status(&world.guard, &world.theirs.hands.token(1, 1)).await, 401, "it fetched, and has ours now");
    assert_eq!(status(&world.guard, &theirs).await, 401, "its own it has dropped");
    for _ in 0..2 {
        assert_eq!(status(&world.guard, &world.ours.hands.token(1, 1)).await, 200);
        world.ours.hands.add_key();
        tokio::time::sleep(FLOOR).await;
    }
}

#[tokio::test]
async fn an_issuer_that_does_not_answer_keeps_nobody_waiting_for_the_other() {
    let world = World::new().await;
    world.ours.hands.hangs.store(1, Ordering::Relaxed);
    world.theirs.hands.add_key();
    tokio::time::sleep(FLOOR).await;
    let began = Instant::now();
    assert_eq!(status(&world.guard, &world.theirs.hands.token(1, 1)).await, 200);
    assert!(began.elapsed() < Duration::from_secs(4), "a fetch is given up after five");
}

#[tokio::test]
async fn the_refusal_that_says_most_is_told_whichever_issuer_was_asked_first() {
    let (ours, theirs) = (TestIssuer::start().await, TestIssuer::start().await);
    let (one, other) = (guard_of(&ours).start().await.unwrap(), guard_of(&theirs).start().await.unwrap());
    ours.hands.revoke_session(1);
    until("it is heard", async || one.health().revocations == 1).await;
    let (ended, mut bent) = (ours.hands.token(1, 1), ours.hands.token(1, 2));
    let last = if bent.ends_with("AA") { "BA" } else { "AA" };
    bent.replace_range(bent.len() - 4..bent.len() - 2, last);
    for guard in [Guard::any_of([one.clone(), other.clone()]), Guard::any_of([other, one])] {
        let refusal = |token: &str| guard.verify::<NoClaims>(token).err();
        assert_eq!(refusal(&ended), Some(GuardError::Revoked));
        assert_eq!(refusal(&bent), Some(GuardError::Refused(VerifyError::Signature)));
        assert_eq!(refusal("rubbish"), Some(GuardError::Refused(VerifyError::NotAJwt)));
    }
}

#[tokio::test]
async fn the_health_view_has_each_issuer_and_is_as_bad_as_the_worst() {
    let world = World::new().await;
    let health = world.guard.health();
    assert!(health.healthy);
    assert_eq!((health.keys.count, health.issuers.len()), (2, 2));
    let names: Vec<_> = health.issuers.iter().map(|issuer| issuer.issuer.as_str()).collect();
    assert_eq!(names, [&world.ours.url, &world.theirs.url]);
    world.theirs.hands.age_ms.store(3_600_000, Ordering::Relaxed);
    assert!(health.feed.is_some_and(|feed| !feed.stale));
    let alone = guard_of(&world.theirs).start().await.unwrap();
    let worst = Guard::any_of([world.guard.clone(), alone]).health();
    assert!(worst.feed.is_some_and(|feed| feed.stale));
    assert_eq!(worst.issuers.len(), 3, "a guard of several joins as they are");
}

#[test]
fn a_guard_of_no_issuer_lets_nobody_in() {
    let guard = Guard::any_of([]);
    assert_eq!(guard.verify::<NoClaims>("x").err(), Some(GuardError::Refused(VerifyError::UnknownKey)));
    assert!(!guard.health().healthy);
}

#[tokio::test]
async fn a_token_for_any_of_several_audiences_is_let_in() {
    let issuer = TestIssuer::start().await;
    let token = issuer.hands.token(1, 1);
    let guard = guard_of(&issuer).audience("files").start().await.unwrap();
    assert_eq!(status(&guard, &token).await, 200);
    let others = Guard::builder(&issuer.url).audience("files").audience("mail").api_key(API_KEY.into());
    let refusal = others.start().await.unwrap().verify::<NoClaims>(&token).err();
    assert_eq!(refusal, Some(GuardError::Refused(VerifyError::Audience)));
}
