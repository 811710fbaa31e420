//! Registration, and an owner's own account.

use auth_domain::account::{AccountError, RegisterError, Registered, RegisteredBy};
use auth_domain::model::{DisplayName, PasswordRefused};
use secrecy::SecretString;

use crate::world::{PASSWORD, World, owner};

async fn register(world: &World, email: &str, password: &str) -> Result<Registered, RegisterError> {
    world.register_as(email, password, RegisteredBy::Owner { invite: None }).await
}

#[tokio::test]
async fn an_address_is_registered_once_however_it_is_spelt() {
    let world = World::new();
    assert!(register(&world, "Mike@example.com", PASSWORD).await.is_ok());
    for spelling in ["mike@example.com", " MIKE@EXAMPLE.COM ", "mi\u{212a}e@example.com"] {
        assert!(matches!(register(&world, spelling, PASSWORD).await, Err(RegisterError::EmailTaken)), "{spelling}");
    }
}

#[tokio::test]
async fn a_password_or_an_address_that_is_refused_says_why() {
    let world = World::new();
    let short = register(&world, "alice@example.com", "too short").await.unwrap_err();
    assert!(matches!(short, RegisterError::Password(PasswordRefused::TooShort { length: 9, min: 15 })));
    let long = register(&world, "alice@example.com", &"x".repeat(1025)).await.unwrap_err();
    assert!(matches!(long, RegisterError::Password(PasswordRefused::TooLong(_))));
    assert!(matches!(register(&world, "alice", PASSWORD).await, Err(RegisterError::Email(_))));
}

#[tokio::test]
async fn a_display_name_is_changed_and_cleared() {
    let world = World::new();
    let account = world.register("alice@example.com").await;
    let name = DisplayName::new("Alice").unwrap();
    let renamed = world.auth.accounts.rename(account.id, Some(name.clone())).await.unwrap();
    assert_eq!(renamed.display_name, Some(name));
    assert_eq!(world.auth.accounts.rename(account.id, None).await.unwrap().display_name, None);
}

#[tokio::test]
async fn s3_deleting_an_account_asks_for_its_password_and_ends_everything() {
    let world = World::new();
    let tokens = world.signed_in().await;
    let (account, owner) = (tokens.facts.account, owner(&tokens));
    let wrong = world.auth.accounts.delete(&owner, &SecretString::from("wrong password, quite long")).await;
    assert!(matches!(wrong, Err(AccountError::WrongPassword)));
    assert!(world.lets_in(&tokens));

    world.auth.accounts.delete(&owner, &SecretString::from(PASSWORD)).await.unwrap();
    assert!(!world.lets_in(&tokens));
    assert!(world.refresh(tokens.refresh_token.expose()).await.is_err());
    assert!(matches!(world.auth.accounts.get(account).await, Err(AccountError::Gone)));
    assert!(register(&world, "alice@example.com", PASSWORD).await.is_ok(), "the address is free again");
}

#[tokio::test]
async fn a_disabled_account_is_gone_for_its_owner() {
    let world = World::new();
    let tokens = world.signed_in().await;
    world.disable(tokens.facts.account).await;
    assert!(matches!(world.auth.accounts.get(tokens.facts.account).await, Err(AccountError::Gone)));
    assert!(world.refresh(tokens.refresh_token.expose()).await.is_err());
}
