//! Refresh, end to end on in-memory stores.

use std::sync::Arc;
use std::time::Duration;

use async_trait::async_trait;
use auth_domain::Policies;
use auth_domain::model::{
    AccountId, Advance, DisplayName, EmailAddress, EndReason, EndSessions, Ending, EventKind, Judge, NewSession,
    Opened, Over, RefreshPolicy, Ruling, SessionFacts, SessionId, SessionLimit, SessionRecord, Timestamp,
};
use auth_domain::ports::{Entropy, EntropyUnavailable, Reauthenticate, SessionStore, StoreError, Stores};
use auth_domain::refresh::{MasterKey, RefreshError};
use auth_domain::testing::MemoryStores;

use crate::world::{PASSWORD, Setup, World};

const KEY: &str = "b8b3c7a0-idempotency-key";

mockall::mock! {
    Sessions {}
    #[async_trait]
    impl SessionStore for Sessions {
        async fn open(&self, new: NewSession, limit: SessionLimit) -> Result<Opened, StoreError>;
        async fn advance(&self, step: Advance) -> Result<Option<SessionFacts>, StoreError>;
        async fn settle(&self, session: SessionId, judge: Judge) -> Result<Ruling, StoreError>;
        async fn end(&self, end: EndSessions) -> Result<Ending, StoreError>;
        async fn list(&self, account: AccountId, now: Timestamp) -> Result<Vec<SessionRecord>, StoreError>;
        async fn get(&self, session: SessionId) -> Result<Option<SessionRecord>, StoreError>;
        async fn reauthenticate(&self, again: Reauthenticate) -> Result<Option<SessionFacts>, StoreError>;
        async fn rename(&self, account: AccountId, session: SessionId, name: Option<DisplayName>) -> Result<bool, StoreError>;
    }
}

mockall::mock! {
    Noise {}
    impl Entropy for Noise {
        fn fill(&self, buffer: &mut [u8]) -> Result<(), EntropyUnavailable>;
    }
}

fn with_sessions(sessions: MockSessions) -> World {
    let stores = Stores { sessions: Arc::new(sessions), ..MemoryStores::new().stores() };
    Setup { stores, ..Setup::default() }.build()
}

/// A token that this server issued, for worlds whose store is a mock: all worlds share one master key.
async fn some_token() -> String {
    World::new().signed_in().await.refresh_token.expose().to_owned()
}

#[tokio::test]
async fn a_refresh_gives_the_next_token_and_a_fresh_access_token() {
    let world = World::new();
    let first = world.signed_in().await;
    world.wait(60);
    let second = world.refresh(first.refresh_token.expose()).await.unwrap();
    assert_eq!(second.facts.generation, 1);
    assert_ne!(second.refresh_token.expose(), first.refresh_token.expose());
    assert_ne!(second.access_token.expose(), first.access_token.expose());
    assert_eq!(second.facts.session, first.facts.session);
    assert!(world.lets_in(&second));
}

#[tokio::test]
async fn a_lost_answer_is_recovered_by_the_same_request() {
    let world = World::new();
    let first = world.signed_in().await;
    let lost = world.refresh(first.refresh_token.expose()).await.unwrap();
    world.wait(3);
    let again = world.refresh(first.refresh_token.expose()).await.unwrap();
    assert_eq!(again.refresh_token.expose(), lost.refresh_token.expose());
    assert_eq!(again.facts.generation, 1);
    assert!(world.refresh(again.refresh_token.expose()).await.is_ok());
}

#[tokio::test]
async fn i1_all_requests_at_once_get_one_successor() {
    let world = Arc::new(World::new());
    let first = world.signed_in().await;
    let token = first.refresh_token.expose().to_owned();
    let requests = (0..200).map(|_| {
        let (world, token) = (Arc::clone(&world), token.clone());
        tokio::spawn(async move { world.refresh(&token).await.unwrap().refresh_token.expose().to_owned() })
    });
    let mut successors = Vec::new();
    for request in requests.collect::<Vec<_>>() {
        successors.push(request.await.unwrap());
    }
    successors.dedup();
    assert_eq!(successors.len(), 1);
    let sessions = world.sessions(&first).await;
    assert_eq!(sessions.iter().map(|row| row.facts.generation).collect::<Vec<_>>(), [1]);
}

#[tokio::test]
async fn i3_a_token_two_generations_old_ends_the_session_and_its_access_tokens() {
    let world = World::new();
    let first = world.signed_in().await;
    let second = world.refresh(first.refresh_token.expose()).await.unwrap();
    let third = world.refresh(second.refresh_token.expose()).await.unwrap();
    assert!(world.lets_in(&third));

    assert!(matches!(world.refresh(first.refresh_token.expose()).await, Err(RefreshError::InvalidGrant)));
    for tokens in [&first, &second, &third] {
        assert!(world.refresh(tokens.refresh_token.expose()).await.is_err());
        assert!(!world.lets_in(tokens), "generation {}", tokens.facts.generation);
    }
    assert!(world.sessions(&first).await.is_empty());
}

#[tokio::test]
async fn a_replay_is_recorded_with_both_parties_and_mailed_to_the_stored_address() {
    let world = World::new();
    let first = world.signed_in().await;
    let second = world.refresh(first.refresh_token.expose()).await.unwrap();
    world.wait(31);
    assert!(world.refresh(first.refresh_token.expose()).await.is_err());

    let events = world.events(first.facts.account).await;
    let [event, ..] = events.as_slice() else { panic!("{events:?}") };
    assert_eq!((event.kind, event.session), (EventKind::RefreshReplayed, Some(second.facts.session)));
    let to = EmailAddress::parse("alice@example.com").unwrap();
    let mails = world.mail().await;
    let mail = mails.iter().find(|mail| mail.event.as_ref() == Some(event)).unwrap();
    assert_eq!(mail.to, to);
}

#[tokio::test]
async fn i6_the_idempotency_key_recovers_after_the_window_and_another_key_does_not() {
    for (key, recovers) in [(Some(KEY), true), (Some("another-key-of-somebody"), false), (None, false)] {
        let world = World::new();
        let first = world.signed_in().await;
        let lost = world.refresh_with(first.refresh_token.expose(), Some(KEY)).await.unwrap();
        world.wait(3_600);
        match world.refresh_with(first.refresh_token.expose(), key).await {
            Ok(again) => {
                assert!(recovers);
                assert_eq!(again.refresh_token.expose(), lost.refresh_token.expose());
            }
            Err(error) => assert!(!recovers && matches!(error, RefreshError::InvalidGrant), "{error}"),
        }
        assert!(!world.lets_in(&lost), "the access token has expired or is revoked");
    }
}

#[tokio::test]
async fn i7_with_keys_a_second_holder_is_found_at_his_first_refresh() {
    for thief_first in [true, false] {
        let world = World::new();
        let stolen = world.signed_in().await;
        let (first, second) = if thief_first { (None, Some(KEY)) } else { (Some(KEY), None) };
        assert!(world.refresh_with(stolen.refresh_token.expose(), first).await.is_ok());
        world.wait(1);
        assert!(world.refresh_with(stolen.refresh_token.expose(), second).await.is_err());
        assert!(world.sessions(&stolen).await.is_empty(), "thief first: {thief_first}");
    }
}

#[tokio::test]
async fn i7_without_keys_a_thief_who_shadows_his_victim_is_found_within_three_generations() {
    let world = World::new();
    let mut tokens = world.signed_in().await;
    let mut generations = 0;
    let found = loop {
        let next = world.refresh(tokens.refresh_token.expose()).await.unwrap();
        world.wait(6);
        generations += 1;
        if world.refresh(tokens.refresh_token.expose()).await.is_err() {
            break generations;
        }
        tokens = next;
    };
    assert_eq!(found, 3);
    assert!(world.sessions(&tokens).await.is_empty());
}

#[tokio::test]
async fn i8_a_client_with_a_bad_network_is_not_taken_for_a_thief() {
    let world = World::new();
    let mut tokens = world.signed_in().await;
    for generation in 0..40 {
        let next = world.refresh(tokens.refresh_token.expose()).await.unwrap();
        // Two of three answers come late, never three in a row.
        if generation % 3 != 2 {
            world.wait(20);
            assert!(world.refresh(tokens.refresh_token.expose()).await.is_ok());
        }
        world.wait(300);
        tokens = next;
    }
    assert_eq!(world.sessions(&tokens).await.len(), 1);
}

#[tokio::test]
async fn i9_a_forged_token_ends_nothing_and_asks_no_database() {
    let mut sessions = MockSessions::new();
    sessions.expect_advance().never();
    sessions.expect_settle().never();
    let world = with_sessions(sessions);
    let good = some_token().await;
    let flipped = format!("{}{}", &good[..60], good[60..].chars().rev().collect::<String>());
    for token in ["", "jrt_", "garbage", &good[4..], &good[..97], flipped.as_str()] {
        assert!(matches!(world.refresh(token).await, Err(RefreshError::InvalidGrant)), "{token}");
    }
}

#[tokio::test]
async fn o7_a_session_ends_when_idle_and_at_its_absolute_age() {
    let refresh = RefreshPolicy {
        idle: Duration::from_secs(100),
        absolute: Duration::from_secs(250),
        ..RefreshPolicy::default()
    };
    let policies = Policies { refresh, ..Policies::default() };
    let world = Setup { policies, ..Setup::default() }.build();
    let idle = world.signed_in().await;
    world.wait(100);
    let over = world.refresh(idle.refresh_token.expose()).await;
    assert!(matches!(over, Err(RefreshError::SessionOver(Over::Expired))));

    let mut used = world.try_login("alice@example.com", PASSWORD).await.unwrap();
    for _ in 0..3 {
        world.wait(80);
        used = world.refresh(used.refresh_token.expose()).await.unwrap();
    }
    assert_eq!(used.facts.refresh_expires_at(), used.facts.expires_at, "the absolute age comes first now");
    world.wait(10);
    let over = world.refresh(used.refresh_token.expose()).await;
    assert!(matches!(over, Err(RefreshError::SessionOver(Over::Expired))));
}

#[tokio::test]
async fn a_master_key_is_replaced_without_ending_a_session() {
    let stores = MemoryStores::new().stores();
    let old = Setup { stores: stores.clone(), ..Setup::default() }.build();
    let first = old.signed_in().await;
    let lost = old.refresh(first.refresh_token.expose()).await.unwrap();

    let masters = vec![MasterKey::new(2, [8; 32]), MasterKey::new(1, [7; 32])];
    let new = Setup { stores, masters, ..Setup::default() }.build();
    let again = new.refresh(first.refresh_token.expose()).await.unwrap();
    assert_eq!(again.refresh_token.expose(), lost.refresh_token.expose(), "the retry is made under the old key");
    let next = new.refresh(again.refresh_token.expose()).await.unwrap();
    assert!(old.refresh(next.refresh_token.expose()).await.is_err(), "the rotation is made under the new key");
}

#[tokio::test]
async fn a_store_that_cannot_work_leaves_the_token_good() {
    let mut sessions = MockSessions::new();
    sessions.expect_advance().times(1).returning(|_| Err(StoreError::Busy));
    sessions.expect_settle().never();
    let world = with_sessions(sessions);
    let result = world.refresh(&some_token().await).await;
    assert!(matches!(result, Err(RefreshError::Store(StoreError::Busy))));
}

#[tokio::test]
async fn a_race_is_tried_again_and_given_up_in_the_end() {
    let mut sessions = MockSessions::new();
    sessions.expect_advance().times(8).returning(|_| Ok(None));
    sessions.expect_settle().times(8).returning(|_, _| Ok(Ruling::Raced));
    let world = with_sessions(sessions);
    assert!(matches!(world.refresh(&some_token().await).await, Err(RefreshError::Contended)));
}

#[tokio::test]
async fn without_randomness_nothing_is_moved() {
    let mut noise = MockNoise::new();
    noise.expect_fill().returning(|_| Err(EntropyUnavailable));
    let mut sessions = MockSessions::new();
    sessions.expect_advance().never();
    let stores = Stores { sessions: Arc::new(sessions), ..MemoryStores::new().stores() };
    let world = Setup { stores, entropy: Arc::new(noise), ..Setup::default() }.build();
    assert!(matches!(world.refresh(&some_token().await).await, Err(RefreshError::Entropy(_))));
}

#[tokio::test]
async fn the_holder_of_the_last_token_learns_how_his_session_ended_and_a_thief_does_not() {
    let world = World::new();
    let stolen = world.signed_in().await;
    let second = world.refresh(stolen.refresh_token.expose()).await.unwrap();
    let third = world.refresh(second.refresh_token.expose()).await.unwrap();
    world.auth.sessions.logout(third.facts.session).await.unwrap();
    for told in [&second, &third] {
        let over = world.refresh(told.refresh_token.expose()).await;
        assert!(matches!(over, Err(RefreshError::SessionOver(Over::Ended(EndReason::Logout)))));
    }
    assert!(matches!(world.refresh(stolen.refresh_token.expose()).await, Err(RefreshError::InvalidGrant)));
}
