//! API keys.

use auth_domain::api_key::ApiKeyError;
use auth_domain::model::{ApiScope, DisplayName};

use crate::world::World;

#[tokio::test]
async fn a_key_works_for_its_scopes_until_it_is_revoked() {
    let world = World::new();
    let keys = &world.auth.api_keys;
    let name = DisplayName::new("billing API").unwrap();
    let (key, text) = keys.create(&name, vec![ApiScope::Revocations]).await.unwrap();
    assert!(text.expose().starts_with("jak_"));
    assert_eq!(keys.authenticate(text.expose(), ApiScope::Revocations).await.unwrap(), key);
    let other = keys.authenticate(text.expose(), ApiScope::Introspect).await;
    assert!(matches!(other, Err(ApiKeyError::MissingScope(ApiScope::Introspect))));
    keys.revoke(key.id).await.unwrap();
    assert!(matches!(keys.authenticate(text.expose(), ApiScope::Revocations).await, Err(ApiKeyError::Invalid)));
    assert!(matches!(keys.revoke(key.id).await, Err(ApiKeyError::NotFound)));
}

#[tokio::test]
async fn what_is_no_key_is_refused() {
    let world = World::new();
    let name = DisplayName::new("billing API").unwrap();
    let (_, text) = world.auth.api_keys.create(&name, ApiScope::ALL.to_vec()).await.unwrap();
    let good = text.expose();
    let (head, tail) = good.split_at(40);
    let bent: String = tail.chars().rev().collect();
    for text in ["", "jak_", &good[4..], &good[..67], &format!("{good}A"), &format!("{head}{bent}"), "jrt_x"] {
        let refused = world.auth.api_keys.authenticate(text, ApiScope::Revocations).await;
        assert!(matches!(refused, Err(ApiKeyError::Invalid)), "{text}");
    }
}

#[tokio::test]
async fn a_key_is_kept_without_its_secret_and_never_shows_itself() {
    let world = World::new();
    let name = DisplayName::new("billing API").unwrap();
    let (key, text) = world.auth.api_keys.create(&name, ApiScope::ALL.to_vec()).await.unwrap();
    let shown = format!("{key:?} {text:?} {:?}", world.auth.api_keys.list().await.unwrap());
    assert!(!shown.contains(&text.expose()[30..]), "{shown}");
}
