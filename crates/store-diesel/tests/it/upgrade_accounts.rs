//! A database of the version before second factors and mail goes forward, back, and forward again.

use auth_domain::model::{
    AccountId, EventKind, EventQuery, Factors, Locale, Passkey, PasskeyId, Purpose, SealedBytes, ThrottleKey,
};
use auth_domain::ports::{Stores, Subscription};
use store_diesel::{Database, Options, migrate};
use uuid::Uuid;

use crate::scene::{START, at, event, redeem, reset, token, unmigrated};
use crate::upgrade::{Engine, undo};

const ACCOUNTS: &str = "2026-01-01-000008_accounts";

fn account(n: u128) -> AccountId {
    AccountId::from_uuid(Uuid::from_u128(n))
}

async fn kinds(stores: &Stores) -> Vec<EventKind> {
    let page = stores.events.page(EventQuery { account: None, before: None, limit: 100 }).await.unwrap();
    page.into_iter().map(|event| event.kind).collect()
}

/// Two users, the one without a password, and an event that was told to nobody yet.
async fn fill(engine: &Engine) {
    let row = "INSERT INTO users (id, email, email_canonical, roles, password_hash, created_at) VALUES";
    let (alice, bob) = (engine.id(1), engine.id(2));
    engine
        .run(&format!(
            "{row} ({alice}, 'user1@example.com', 'user1@example.com', 'admin', '$argon2id$', 0);
             {row} ({bob}, 'Bob@example.com', 'bob@example.com', '', NULL, 0);
             INSERT INTO security_events (id, at, kind, user_id, actor)
                 VALUES ({}, {}, 'account_enabled', {bob}, 'operator');",
            engine.id(9),
            START.as_micros(),
        ))
        .await;
}

async fn users_are_as_they_were(stores: &Stores) {
    for (n, address, has_password) in [(1, "user1@example.com", true), (2, "Bob@example.com", false)] {
        let found = stores.accounts.by_id(account(n)).await.unwrap().unwrap();
        assert_eq!(found.account.email.address(), address);
        assert_eq!((found.account.locale, found.account.email_verified_at), (Locale::En, None));
        assert_eq!((found.password_hash.is_some(), found.password_changed_at), (has_password, None));
        assert!(!found.second_factor);
        assert_eq!(stores.factors.of(account(n)).await.unwrap(), Factors::default());
    }
    assert_eq!(kinds(stores).await, [EventKind::AccountEnabled]);
}

/// A password by mail, a passkey, and a notice of it that is on its way.
async fn writes_new_rows(stores: &Stores) {
    let alice = account(1);
    let mailed = token(1, Purpose::ResetPassword, Some(alice));
    stores.one_time.add(mailed.clone()).await.unwrap();
    assert!(stores.accounts.set_password(reset(alice, &mailed)).await.unwrap().is_some());
    assert!(stores.one_time.peek(&redeem(&mailed)).await.unwrap().is_none());
    assert!(stores.factors.begin_totp(alice, SealedBytes { key_id: 1, bytes: vec![1] }).await.unwrap());
    let passkey = Passkey {
        id: PasskeyId::from_uuid(Uuid::from_u128(1)),
        account: alice,
        credential_id: vec![1],
        name: "Laptop".into(),
        data: "{}".into(),
        created_at: START,
        last_used_at: None,
    };
    let added = event(alice, EventKind::PasskeyAdded, 1, at(2)).with_detail("Laptop");
    assert!(stores.factors.add_passkey(passkey, None, added.clone()).await.unwrap());
    let page = stores.events.page(EventQuery { account: Some(alice), before: None, limit: 1 }).await.unwrap();
    assert_eq!(page, [added]);
    assert_eq!(stores.throttle.charge(&[ThrottleKey { hash: [1; 16], free: 1 }], at(0)).await.unwrap(), None);
    let endpoint = auth_domain::model::Endpoint("jeton:mail".into());
    let mail = Subscription { endpoint, kinds: EventKind::ALL.to_vec() };
    assert_eq!(stores.webhooks.spread(&[mail], at(3), 10).await.unwrap(), 3);
}

async fn users_of_the_version_before_go_forward_back_and_forward(engine: &Engine) {
    let url = engine.url();
    migrate::up(&url).await.unwrap();
    undo(&url, ACCOUNTS).await;
    fill(engine).await;
    migrate::up(&url).await.unwrap();
    let database = Database::open(&url, &Options::default()).await.unwrap();
    users_are_as_they_were(&database.stores()).await;
    writes_new_rows(&database.stores()).await;
    database.close().await;

    undo(&url, ACCOUNTS).await;
    // The older program reads no event of a kind that it does not know, and makes no delivery by mail.
    engine
        .run(
            "CREATE TABLE none (ok INTEGER NOT NULL CHECK (ok = 0));
             INSERT INTO none SELECT count(*) FROM security_events WHERE kind <> 'account_enabled';
             INSERT INTO none SELECT count(*) FROM webhook_deliveries;
             DROP TABLE none;",
        )
        .await;
    migrate::up(&url).await.unwrap();
    let database = Database::open(&url, &Options::default()).await.unwrap();
    users_are_as_they_were(&database.stores()).await;
    let found = database.stores().accounts.by_id(account(1)).await.unwrap().unwrap();
    assert_eq!(found.password_hash.unwrap().expose(), "$argon2id$new", "the new password stays");
    database.close().await;
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn users_of_the_version_before_go_forward_back_and_forward_on_sqlite() {
    let folder = tempfile::tempdir().unwrap();
    let engine = Engine::Sqlite(folder.path().join("jeton.db"));
    users_of_the_version_before_go_forward_back_and_forward(&engine).await;
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn users_of_the_version_before_go_forward_back_and_forward_on_postgresql() {
    let postgres = unmigrated().await;
    users_of_the_version_before_go_forward_back_and_forward(&Engine::Postgres(postgres.url().to_owned())).await;
}
