//! Seeing and ending sessions.

use std::time::Duration;

use auth_domain::model::SessionId;
use auth_domain::session::SessionError;

use crate::world::{PASSWORD, Setup, World, owner};

#[tokio::test]
async fn every_signed_in_device_is_listed_newest_first() {
    let world = World::new();
    let phone = world.signed_in().await;
    world.wait(1);
    let laptop = world.try_login("alice@example.com", PASSWORD).await.unwrap();
    let listed: Vec<_> = world.sessions(&phone).await.iter().map(|row| row.facts.session).collect();
    assert_eq!(listed, [laptop.facts.session, phone.facts.session]);
}

#[tokio::test]
async fn s3_a_logout_ends_refresh_and_access_token_at_once() {
    let world = World::new();
    let tokens = world.signed_in().await;
    world.auth.sessions.logout(tokens.facts.session).await.unwrap();
    assert!(!world.lets_in(&tokens));
    assert!(world.refresh(tokens.refresh_token.expose()).await.is_err());
    assert!(world.auth.sessions.logout(tokens.facts.session).await.is_ok(), "a second logout changes nothing");
}

#[tokio::test]
async fn a_refresh_token_signs_its_device_out_and_rubbish_signs_nobody_out() {
    let world = World::new();
    let tokens = world.signed_in().await;
    world.auth.sessions.logout_by_token("jrt_rubbish").await.unwrap();
    assert!(world.lets_in(&tokens));
    world.auth.sessions.logout_by_token(tokens.refresh_token.expose()).await.unwrap();
    assert!(!world.lets_in(&tokens));
}

#[tokio::test]
async fn an_owner_ends_another_device_of_his_own_and_nobody_elses() {
    let world = World::new();
    let phone = world.signed_in().await;
    let laptop = world.try_login("alice@example.com", PASSWORD).await.unwrap();
    world.register("mallory@example.com").await;
    let mallory = world.try_login("mallory@example.com", PASSWORD).await.unwrap();

    let stolen = world.auth.sessions.end(&owner(&mallory), phone.facts.session).await;
    assert!(matches!(stolen, Err(SessionError::NotFound)));
    assert!(world.lets_in(&phone));

    world.auth.sessions.end(&owner(&laptop), phone.facts.session).await.unwrap();
    assert!(!world.lets_in(&phone));
    assert!(world.lets_in(&laptop));
    let nobody = SessionId::from_uuid(uuid::Uuid::from_u128(1));
    assert!(matches!(world.auth.sessions.end(&owner(&laptop), nobody).await, Err(SessionError::NotFound)));
}

#[tokio::test]
async fn the_others_are_ended_or_all() {
    let world = World::new();
    let phone = world.signed_in().await;
    let laptop = world.try_login("alice@example.com", PASSWORD).await.unwrap();
    let owner = owner(&laptop);
    assert_eq!(world.auth.sessions.end_others(&owner).await.unwrap(), 1);
    assert!(!world.lets_in(&phone) && world.lets_in(&laptop));
    assert_eq!(world.auth.sessions.end_all(&owner).await.unwrap(), 1);
    assert!(!world.lets_in(&laptop));
}

#[tokio::test]
async fn a_node_that_starts_refuses_what_another_has_ended() {
    let ending = World::new();
    let tokens = ending.signed_in().await;
    ending.auth.sessions.logout(tokens.facts.session).await.unwrap();

    let starting = Setup { stores: ending.stores.clone(), ..Setup::default() }.build();
    let facts = &tokens.facts;
    let (sid, sub, iat) = (facts.session.as_uuid(), facts.account.as_uuid(), facts.auth_time.unix());
    assert!(!starting.revocations.is_revoked(sid, sub, iat));
    assert_eq!(starting.auth.feed.age(), None);
    assert_eq!(starting.auth.feed.follow().await.unwrap(), 1);
    starting.wait(3);
    assert_eq!(starting.auth.feed.age(), Some(Duration::from_secs(3)));
    assert!(starting.revocations.is_revoked(sid, sub, iat));
}

#[tokio::test]
async fn an_entry_is_kept_for_as_long_as_an_access_token_can_live_and_a_minute_more() {
    let world = World::new();
    let tokens = world.signed_in().await;
    world.auth.sessions.logout(tokens.facts.session).await.unwrap();
    let now = tokens.now;
    assert_eq!(world.stores.revocations.live(now.plus(Duration::from_secs(959))).await.unwrap().len(), 1);
    assert!(world.stores.revocations.live(now.plus(Duration::from_secs(960))).await.unwrap().is_empty());
}
