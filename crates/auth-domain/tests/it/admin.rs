//! What operators do.

use auth_domain::admin::{AdminError, Operator};
use auth_domain::login::LoginError;
use auth_domain::model::{Actor, EventKind, Presenter, Role, SessionId};

use crate::world::{PASSWORD, World};

fn on_the_command_line() -> Operator {
    Operator { actor: Actor::Operator, presenter: Presenter::default() }
}

#[tokio::test]
async fn s3_disabling_ends_everything_at_once_and_enabling_lets_in_again() {
    let world = World::new();
    let tokens = world.signed_in().await;
    let account = tokens.facts.account;
    world.wait(1);
    world.auth.admin.disable(&on_the_command_line(), account).await.unwrap();
    assert!(!world.lets_in(&tokens));
    assert!(world.refresh(tokens.refresh_token.expose()).await.is_err());
    let refused = world.try_login("alice@example.com", PASSWORD).await;
    assert!(matches!(refused, Err(LoginError::InvalidCredentials)));

    world.wait(1);
    world.auth.admin.enable(&on_the_command_line(), account).await.unwrap();
    world.wait(1);
    let again = world.try_login("alice@example.com", PASSWORD).await.unwrap();
    assert!(world.lets_in(&again));
    assert!(!world.lets_in(&tokens), "what was ended stays ended");
    let kinds: Vec<_> = world.events(account).await.iter().map(|event| event.kind).collect();
    let expected =
        [EventKind::SessionOpened, EventKind::AccountEnabled, EventKind::AccountDisabled, EventKind::SessionOpened];
    assert_eq!(kinds, expected);
}

#[tokio::test]
async fn s4_an_operator_ends_one_session_or_all() {
    let world = World::new();
    let phone = world.signed_in().await;
    let laptop = world.try_login("alice@example.com", PASSWORD).await.unwrap();
    let account = phone.facts.account;
    let operator = on_the_command_line();
    assert_eq!(world.auth.admin.end_sessions(&operator, account, Some(phone.facts.session)).await.unwrap(), 1);
    assert!(!world.lets_in(&phone) && world.lets_in(&laptop));
    let again = world.auth.admin.end_sessions(&operator, account, Some(phone.facts.session)).await;
    assert!(matches!(again, Err(AdminError::NoSuchSession)));
    assert_eq!(world.auth.admin.end_sessions(&operator, account, None).await.unwrap(), 1);
    assert!(!world.lets_in(&laptop));
    assert_eq!(world.auth.admin.end_sessions(&operator, account, None).await.unwrap(), 0, "there are none left");
    let nobody = auth_domain::model::AccountId::from_uuid(uuid::Uuid::from_u128(1));
    let unknown = world.auth.admin.end_sessions(&operator, nobody, Some(SessionId::from_uuid(uuid::Uuid::max()))).await;
    assert!(matches!(unknown, Err(AdminError::NoSuchAccount)));
}

#[tokio::test]
async fn roles_are_in_the_next_access_token() {
    let world = World::new();
    let tokens = world.signed_in().await;
    let role = |name| Role::new(name).unwrap();
    let roles = vec![role("support"), role("admin"), role("support")];
    let account = world.auth.admin.set_roles(&on_the_command_line(), tokens.facts.account, roles).await.unwrap();
    assert_eq!(account.roles, [role("admin"), role("support")]);
    let next = world.refresh(tokens.refresh_token.expose()).await.unwrap();
    assert_eq!(next.facts.roles, account.roles);
}

#[tokio::test]
async fn an_operator_cannot_lock_himself_out() {
    let world = World::new();
    let account = world.register("admin@example.com").await.id;
    let operator = Operator { actor: Actor::Admin(account), presenter: Presenter::default() };
    assert!(matches!(world.auth.admin.disable(&operator, account).await, Err(AdminError::OwnAccount)));
    assert!(matches!(world.auth.admin.delete(&operator, account).await, Err(AdminError::OwnAccount)));
    assert!(matches!(world.auth.admin.set_roles(&operator, account, vec![]).await, Err(AdminError::OwnAccount)));
    let admin = vec![Role::new("admin").unwrap()];
    assert!(world.auth.admin.set_roles(&operator, account, admin).await.is_ok());
}

#[tokio::test]
async fn a_deleted_account_leaves_its_events() {
    let world = World::new();
    let tokens = world.signed_in().await;
    let account = tokens.facts.account;
    world.wait(1);
    world.auth.admin.delete(&on_the_command_line(), account).await.unwrap();
    assert!(!world.lets_in(&tokens));
    assert!(matches!(world.auth.admin.account(account).await, Err(AdminError::NoSuchAccount)));
    let kinds: Vec<_> = world.events(account).await.iter().map(|event| event.kind).collect();
    assert_eq!(kinds, [EventKind::AccountDeleted, EventKind::SessionOpened]);
}
