//! Login, and its sameness in failure.

use std::num::NonZeroU32;
use std::sync::Arc;
use std::sync::atomic::{AtomicUsize, Ordering};

use async_trait::async_trait;
use auth_domain::Policies;
use auth_domain::account::RegisteredBy;
use auth_domain::login::{Device, LoginError};
use auth_domain::model::{DeviceClass, EventKind, OnLimit, Password, PasswordHash, SessionLimit, ThrottlePolicy};
use auth_domain::ports::{Clock, HashError, PasswordHasher, Verdict};
use auth_domain::testing::PlainHasher;
use token_core::Claims;

use crate::world::{PASSWORD, Setup, World, device};

/// Counts what it is asked, and the bytes of the longest password.
#[derive(Default)]
struct CountingHasher {
    verified: AtomicUsize,
    longest: AtomicUsize,
}

#[async_trait]
impl PasswordHasher for CountingHasher {
    async fn hash(&self, password: Password) -> Result<PasswordHash, HashError> {
        PlainHasher.hash(password).await
    }

    async fn verify(&self, password: Password, hash: Option<PasswordHash>) -> Result<Verdict, HashError> {
        self.verified.fetch_add(1, Ordering::SeqCst);
        self.longest.fetch_max(password.expose().len(), Ordering::SeqCst);
        PlainHasher.verify(password, hash).await
    }
}

fn limited(max: u32, on_limit: OnLimit) -> World {
    let sessions = SessionLimit { max_per_account: NonZeroU32::new(max), on_limit, ..SessionLimit::default() };
    Setup { policies: Policies { sessions, ..Policies::default() }, ..Setup::default() }.build()
}

#[tokio::test]
async fn a_login_gives_tokens_that_say_who_how_and_when() {
    let world = World::new();
    let account = world.register("alice@example.com").await;
    world.wait(5);
    let tokens = world.try_login(" ALICE@example.com", PASSWORD).await.unwrap();
    let claims: Claims = world.verifier.verify(tokens.access_token.expose(), world.clock.now().unix()).unwrap();
    assert_eq!((claims.sub, claims.sid), (account.id.as_uuid(), tokens.facts.session.as_uuid()));
    assert_eq!((claims.client_id.as_str(), claims.scope.as_str()), ("jeton", "account"));
    assert_eq!((claims.amr, claims.auth_time), (vec!["pwd".to_owned()], world.clock.now().unix()));
    assert_eq!(tokens.access_token.expires_in(), 900);
}

#[tokio::test]
async fn p11_every_failure_gives_the_same_answer_after_the_same_work() {
    let hasher = Arc::new(CountingHasher::default());
    let throttle = ThrottlePolicy { enabled: false, ..ThrottlePolicy::default() };
    let policies = Policies { throttle, ..Policies::default() };
    let world = Setup { hasher: Arc::clone(&hasher) as _, policies, ..Setup::default() }.build();
    world.register("alice@example.com").await;
    let disabled = world.register("disabled@example.com").await;
    world.disable(disabled.id).await;

    let long = "x".repeat(1025);
    for (email, password) in [
        ("alice@example.com", "wrong password, quite long"),
        ("alice@example.com", ""),
        ("alice@example.com", long.as_str()),
        ("nobody@example.com", PASSWORD),
        ("nobody@example.com", ""),
        ("nobody@example.com", long.as_str()),
        ("not an address", PASSWORD),
        ("disabled@example.com", PASSWORD),
        ("disabled@example.com", "wrong password, quite long"),
    ] {
        let before = hasher.verified.load(Ordering::SeqCst);
        let error = world.try_login(email, password).await.unwrap_err();
        assert!(matches!(error, LoginError::InvalidCredentials), "{email}: {error}");
        assert_eq!(hasher.verified.load(Ordering::SeqCst), before + 1, "one verification for {email}");
    }
}

#[tokio::test]
async fn p2_a_password_that_is_too_long_is_never_hashed() {
    let hasher = Arc::new(CountingHasher::default());
    let world = Setup { hasher: Arc::clone(&hasher) as _, ..Setup::default() }.build();
    world.register("alice@example.com").await;
    assert!(world.try_login("alice@example.com", &"x".repeat(100_000)).await.is_err());
    assert!(hasher.longest.load(Ordering::SeqCst) <= 1024);
}

#[tokio::test]
async fn p6_the_same_text_in_another_unicode_form_signs_in() {
    let world = World::new();
    let password = "cafe\u{301} au lait, two sugars";
    world.register_as("alice@example.com", password, RegisteredBy::Operator).await.unwrap();
    assert!(world.try_login("alice@example.com", "caf\u{e9} au lait, two sugars").await.is_ok());
}

#[tokio::test]
async fn a_login_beyond_the_limit_evicts_the_oldest_device_at_once() {
    let world = limited(1, OnLimit::EvictOldest);
    let first = world.signed_in().await;
    assert!(world.lets_in(&first));
    let second = world.try_login("alice@example.com", PASSWORD).await.unwrap();
    assert!(!world.lets_in(&first), "the evicted device's access token is refused before the answer leaves");
    assert!(world.refresh(first.refresh_token.expose()).await.is_err());
    assert!(world.lets_in(&second));
}

#[tokio::test]
async fn a_login_beyond_the_limit_is_refused_where_the_policy_denies() {
    let world = limited(1, OnLimit::Deny);
    let first = world.signed_in().await;
    let refused = world.try_login("alice@example.com", PASSWORD).await.unwrap_err();
    let LoginError::SessionLimitReached { live } = refused else { panic!("{refused}") };
    assert_eq!(live.iter().map(|row| row.facts.session).collect::<Vec<_>>(), [first.facts.session]);
    assert!(world.lets_in(&first));
    let wrong = world.try_login("alice@example.com", "wrong password, quite long").await.unwrap_err();
    assert!(matches!(wrong, LoginError::InvalidCredentials), "the limit is told only to who knows the password");
}

#[tokio::test]
async fn a_busy_hasher_is_told_as_such() {
    struct BusyHasher;
    #[async_trait]
    impl PasswordHasher for BusyHasher {
        async fn hash(&self, _: Password) -> Result<PasswordHash, HashError> {
            Err(HashError::Busy)
        }
        async fn verify(&self, _: Password, _: Option<PasswordHash>) -> Result<Verdict, HashError> {
            Err(HashError::Busy)
        }
    }
    let world = Setup { hasher: Arc::new(BusyHasher), ..Setup::default() }.build();
    let error = world.try_login("alice@example.com", PASSWORD).await.unwrap_err();
    assert!(matches!(error, LoginError::Hash(HashError::Busy)));
}

#[tokio::test]
async fn at_the_limit_the_owner_chooses_a_device_to_end_and_goes_on() {
    let world = limited(1, OnLimit::Deny);
    let first = world.signed_in().await;
    let chosen = Device {
        class: Some(DeviceClass::Desktop),
        end_session: Some(first.facts.session),
        ..device("192.0.2.1", None)
    };
    let second = world.login_on("alice@example.com", PASSWORD, chosen).await.unwrap().tokens;
    assert!(!world.lets_in(&first) && world.lets_in(&second));
    let listed = world.sessions(&second).await;
    assert_eq!(listed.iter().map(|row| row.device_class).collect::<Vec<_>>(), [DeviceClass::Desktop]);
}

#[tokio::test]
async fn a_login_is_recorded_with_its_device() {
    let world = World::new();
    let tokens = world.signed_in().await;
    let events = world.events(tokens.facts.account).await;
    let [event] = events.as_slice() else { panic!("{events:?}") };
    assert_eq!((event.kind, event.session), (EventKind::SessionOpened, Some(tokens.facts.session)));
    assert_eq!(event.presenter.user_agent.as_deref(), Some("victim/1.0"));
}
