//! A database with rows in it goes from the first release's tables to today's, back, and forward again.

use std::sync::Arc;

use auth_domain::model::{
    AccountId, Actor, ApiKey, ApiKeyId, DeviceClass, EndReason, EndTarget, Endpoint, EventKind, EventQuery, KeyChange,
    KeyPolicy, KeyState, NewSession, RetiredMasterKey, RevocationKind, SessionLimit, StoredKey, TokenHash,
};
use auth_domain::ports::{Stores, Subscription};
use auth_domain::refresh::MasterKey;
use auth_domain::sealing::Sealer;
use auth_domain::signing::{IssuerName, Keys};
use auth_domain::testing::ManualClock;
use diesel::connection::SimpleConnection;
use store_diesel::{Database, DatabaseUrl, Options, migrate};
use uuid::Uuid;

use crate::scene::{
    START, at, change_keys, client, close, connection, end, new_session, session_id, signing_key, sqlite_url,
    unmigrated,
};

/// How many migrations the first release has not.
const NEWER: usize = 6;

/// Runs SQL beside the store.
pub(crate) enum Engine {
    Sqlite(std::path::PathBuf),
    Postgres(String),
}

impl Engine {
    pub(crate) async fn run(&self, sql: &str) {
        match self {
            Self::Sqlite(path) => connection(path).batch_execute(sql).unwrap(),
            Self::Postgres(url) => client(url).await.batch_execute(sql).await.unwrap(),
        }
    }

    pub(crate) fn id(&self, n: u8) -> String {
        match self {
            Self::Sqlite(_) => format!("x'000000000000000000000000000000{n:02x}'"),
            Self::Postgres(_) => format!("'00000000-0000-0000-0000-0000000000{n:02x}'"),
        }
    }

    fn bytes(&self, count: usize) -> String {
        match self {
            Self::Sqlite(_) => format!("x'{}'", "ab".repeat(count)),
            Self::Postgres(_) => format!("decode('{}', 'hex')", "ab".repeat(count)),
        }
    }

    pub(crate) fn url(&self) -> DatabaseUrl {
        match self {
            Self::Sqlite(path) => sqlite_url(path),
            Self::Postgres(url) => url.parse().unwrap(),
        }
    }

    /// What the first release wrote: a live session and three that ended, their entries, of which the last is gone, events.
    async fn fill(&self) {
        let (user, hash, start) = (self.id(1), self.bytes(32), START.as_micros());
        let mut sql = vec![format!(
            "INSERT INTO users (id, email, email_canonical, roles, created_at)
                 VALUES ({user}, 'Alice@example.com', 'alice@example.com', 'admin', 0);"
        )];
        for (n, ended) in [(1, "NULL, NULL"), (2, "5, 'ended_by_owner'"), (3, "6, 'evicted'"), (4, "7, 'logout_all'")] {
            sql.push(format!(
                "INSERT INTO sessions (id, user_id, client_id, scope, auth_time, amr, generation, token_hash, key_id,
                     rotated_at, late_retries, created_at, last_used_at, idle_expires_at, expires_at, revoked_at, end_reason)
                     VALUES ({}, {user}, 'c', 's', 1, 'pwd', 0, {hash}, 7, 1, 0, {start}, {start}, {start} + 9000000000,
                     {start} + 9000000000, {ended});
                 INSERT INTO revocations (kind, subject, not_before, expires_at)
                     VALUES ('session', {}, {start}, {start} + 900000000);",
                self.id(n),
                self.id(n),
            ));
        }
        sql.push(format!(
            "DELETE FROM revocations WHERE seq = 4;
             INSERT INTO security_events (id, at, kind, user_id, session_id, ip, evidence)
                 VALUES ({}, {start}, 'refresh_replayed', {user}, {}, '192.0.2.1', NULL);",
            self.id(9),
            self.id(3),
        ));
        self.run(&sql.concat()).await;
    }
}

fn alice() -> AccountId {
    AccountId::from_uuid(Uuid::from_u128(1))
}

async fn events(stores: &Stores) -> Vec<(EventKind, Actor)> {
    let page = stores.events.page(EventQuery { account: Some(alice()), before: None, limit: 100 }).await.unwrap();
    page.into_iter().map(|event| (event.kind, event.actor)).collect()
}

async fn ended(stores: &Stores, n: u128) -> Option<(Actor, EndReason)> {
    stores.sessions.get(session_id(n)).await.unwrap().unwrap().ended.map(|ended| (ended.by, ended.reason))
}

/// What the first release wrote, as it is read today.
async fn reads_the_old_rows(stores: &Stores) {
    let live = stores.sessions.list(alice(), at(1)).await.unwrap();
    assert_eq!(
        live.iter().map(|row| (row.facts.session, row.device_class)).collect::<Vec<_>>(),
        [(session_id(1), DeviceClass::Web)]
    );
    assert_eq!(ended(stores, 2).await, Some((Actor::Owner(None), EndReason::Logout)));
    assert_eq!(ended(stores, 3).await, Some((Actor::Server, EndReason::Evicted)));
    assert_eq!(ended(stores, 4).await, Some((Actor::Owner(None), EndReason::LogoutAll)));
    assert!(events(stores).await.contains(&(EventKind::RefreshReplayed, Actor::Server)));
    let feed = stores.revocations.after(0, &[]).await.unwrap();
    let old: Vec<(i64, RevocationKind)> = feed.iter().take(3).map(|entry| (entry.seq, entry.kind)).collect();
    assert_eq!(old, [1, 2, 3].map(|n: u32| (n.into(), RevocationKind::Session(session_id(n.into())))));
}

/// What only today's tables can hold.
async fn writes_new_rows(stores: &Stores, engine: &Engine) {
    let spread = stores.webhooks.spread(&[], at(1), 10).await.unwrap();
    assert_eq!(spread, 0, "what happened before is told to nobody");
    let new = NewSession { end_first: Some(session_id(1)), ..new_session(alice(), 5) };
    assert_eq!(new.device_class, DeviceClass::Mobile);
    assert!(matches!(
        stores.sessions.open(new, SessionLimit::default()).await.unwrap(),
        auth_domain::model::Opened::Opened { evicted, .. } if evicted[0].seq == 5
    ));
    assert_eq!(ended(stores, 1).await, Some((Actor::Owner(Some(session_id(5))), EndReason::Limit)));
    let disabled = stores.accounts.disable(close(alice(), EventKind::AccountDisabled)).await.unwrap().unwrap();
    assert_eq!(disabled.revocations.len(), 2);
    let wanted = Subscription { endpoint: Endpoint("e".into()), kinds: EventKind::ALL.to_vec() };
    assert_eq!(stores.webhooks.spread(&[wanted], at(3), 10).await.unwrap(), 2);
    let key = ApiKey {
        id: ApiKeyId::from_uuid(Uuid::from_u128(1)),
        name: "billing".into(),
        secret_hash: TokenHash::from_bytes([1; 32]),
        scopes: Vec::new(),
        created_at: START,
        revoked_at: None,
    };
    stores.api_keys.add(key).await.unwrap();
    let entry = "INSERT INTO revocations (kind, subject, not_before, expires_at) VALUES ('key', ";
    engine.run(&format!("{entry}{}, {}, {})", engine.bytes(32), START.as_micros(), at(900).as_micros())).await;
    let feed = stores.revocations.after(7, &[]).await.unwrap();
    assert_eq!(feed.iter().map(|entry| entry.kind).collect::<Vec<_>>(), [RevocationKind::Key([0xab; 32])]);
}

async fn a_database_with_rows_goes_forward_back_and_forward(engine: &Engine) {
    let url = engine.url();
    migrate::up(&url).await.unwrap();
    assert_eq!(migrate::down(&url, NEWER).await.unwrap().len(), NEWER);
    engine.fill().await;
    assert_eq!(migrate::up(&url).await.unwrap().len(), NEWER);
    let database = Database::open(&url, &Options::default()).await.unwrap();
    reads_the_old_rows(&database.stores()).await;
    writes_new_rows(&database.stores(), engine).await;
    database.close().await;

    assert_eq!(migrate::down(&url, NEWER).await.unwrap().len(), NEWER);
    // The first release's own words, and none that it does not know.
    engine
        .run(
            "CREATE TABLE known (reason TEXT PRIMARY KEY);
             INSERT INTO known VALUES ('logout'), ('logout_all'), ('evicted'), ('replay');
             CREATE TABLE all_known (ok INTEGER NOT NULL CHECK (ok = 0));
             INSERT INTO all_known SELECT count(*) FROM sessions WHERE end_reason NOT IN (SELECT reason FROM known);
             INSERT INTO all_known SELECT count(*) FROM security_events WHERE kind <> 'refresh_replayed';
             INSERT INTO all_known SELECT count(*) FROM revocations WHERE kind = 'key';
             DROP TABLE known; DROP TABLE all_known;",
        )
        .await;

    assert_eq!(migrate::up(&url).await.unwrap().len(), NEWER);
    let database = Database::open(&url, &Options::default()).await.unwrap();
    let stores = database.stores();
    assert_eq!(ended(&stores, 1).await, Some((Actor::Server, EndReason::Evicted)), "as the first release knew it");
    assert_eq!(ended(&stores, 5).await, Some((Actor::Owner(None), EndReason::LogoutAll)));
    assert_eq!(events(&stores).await, [(EventKind::RefreshReplayed, Actor::Server)]);
    assert_eq!(stores.api_keys.list().await.unwrap(), []);
    assert!(stores.accounts.by_id(alice()).await.unwrap().unwrap().account.disabled_at.is_some());
    assert!(stores.accounts.enable(close(alice(), EventKind::AccountEnabled).event).await.unwrap());
    let opened = stores.sessions.open(new_session(alice(), 6), SessionLimit::default()).await.unwrap();
    assert!(matches!(opened, auth_domain::model::Opened::Opened { .. }));
    let mut all = end(alice(), session_id(6));
    all.target = EndTarget::All(alice());
    let ended = stores.sessions.end(all).await.unwrap().revocations;
    assert_eq!(ended.iter().map(|entry| entry.seq).collect::<Vec<_>>(), [9], "no number is used twice");
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn a_database_with_rows_goes_forward_back_and_forward_on_sqlite() {
    let folder = tempfile::tempdir().unwrap();
    a_database_with_rows_goes_forward_back_and_forward(&Engine::Sqlite(folder.path().join("jeton.db"))).await;
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn a_database_with_rows_goes_forward_back_and_forward_on_postgresql() {
    let postgres = unmigrated().await;
    a_database_with_rows_goes_forward_back_and_forward(&Engine::Postgres(postgres.url().to_owned())).await;
}

/// What the version before the states of keys wrote: an EdDSA key, sealed under the master key 7, which is 32 bytes of 1.
const KID: &str = "W1bMEKisEYWYVG1LWfecyjcncLSZ2-Butk6gqXKcsBs";
const SEALED: &str = "3c40fe17b71fa89179827f3438e9f7fb00a931c939e137788384f6894ff3e5d17e0716c228511e78116b142b57b534ea53ab\
    c17c25f6a9536098af64dbf32f07c27df2edecd9e0af0d9ee96aeb215a15f54544e1e59aa94519623fbecf49831a702495ee82ad6e409560323b7de30a";

/// Undoes the migration of this name and those after it.
pub(crate) async fn undo(url: &DatabaseUrl, name: &str) {
    let steps = migrate::status(url).await.unwrap().iter().rev().position(|status| status.name == name).unwrap() + 1;
    assert_eq!(migrate::down(url, steps).await.unwrap().last().unwrap(), name);
}

async fn states(stores: &Stores) -> Vec<(String, KeyState)> {
    stores.keys.list().await.unwrap().into_iter().map(|key| (key.kid, key.state)).collect()
}

async fn a_signing_key_becomes_active_and_opens_and_an_older_version_gets_no_key_that_must_not_sign(engine: &Engine) {
    const STATES: &str = "2026-01-01-000007_key_states";
    let url = engine.url();
    migrate::up(&url).await.unwrap();
    undo(&url, STATES).await;
    let bytes = match engine {
        Engine::Sqlite(_) => format!("x'{SEALED}'"),
        Engine::Postgres(_) => format!("decode('{SEALED}', 'hex')"),
    };
    let row = "INSERT INTO signing_keys (kid, algorithm, key_id, sealed, created_at) VALUES";
    engine.run(&format!("{row} ('{KID}', 'EdDSA', 7, {bytes}, {})", START.as_micros())).await;
    migrate::up(&url).await.unwrap();

    let database = Database::open(&url, &Options::default()).await.unwrap();
    let stores = database.stores();
    let active = (KID.to_owned(), KeyState::Active { since: START });
    assert_eq!(states(&stores).await, std::slice::from_ref(&active));
    let sealer = Sealer::new(7, [MasterKey::new(7, [1; 32])]).unwrap();
    let name = IssuerName { issuer: "https://id.example".to_owned(), audience: "jeton".into() };
    let clock = Arc::new(ManualClock::at(at(1)));
    let keys = Keys::start(Arc::clone(&stores.keys), clock, sealer, KeyPolicy::default(), name, Arc::default());
    let keys = keys.await.unwrap();
    assert!(keys.ring().trusted().to_jwks().contains(KID), "it opens and verifies");
    let [first, (next, waits)]: [_; 2] = states(&stores).await.try_into().unwrap();
    assert_eq!((first, waits), (active.clone(), KeyState::Next), "another waits");

    let dead = KeyState::Revoked { since: at(1), until: at(9) };
    let put = vec![
        signing_key("retired", KeyState::Retired { since: at(1), until: at(9) }),
        StoredKey { sealed: Vec::new(), ..signing_key("revoked", dead) },
    ];
    let keep = vec![RetiredMasterKey { id: 1, key_id: 7, sealed: vec![1], retired_at: START }];
    assert_eq!(change_keys(&stores, KeyChange { put, keep, ..KeyChange::default() }).await.keys.len(), 4);
    database.close().await;
    undo(&url, STATES).await;
    migrate::up(&url).await.unwrap();
    let database = Database::open(&url, &Options::default()).await.unwrap();
    let retired = ("retired".to_owned(), KeyState::Active { since: START });
    assert_eq!(states(&database.stores()).await, [active, retired], "neither the revoked one nor {next}");
    assert_eq!(database.stores().keys.retired_masters().await.unwrap(), []);
    database.close().await;
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn a_signing_key_of_the_version_before_becomes_active_and_opens_on_sqlite() {
    let folder = tempfile::tempdir().unwrap();
    let engine = Engine::Sqlite(folder.path().join("jeton.db"));
    a_signing_key_becomes_active_and_opens_and_an_older_version_gets_no_key_that_must_not_sign(&engine).await;
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn a_signing_key_of_the_version_before_becomes_active_and_opens_on_postgresql() {
    let postgres = unmigrated().await;
    let engine = Engine::Postgres(postgres.url().to_owned());
    a_signing_key_becomes_active_and_opens_and_an_older_version_gets_no_key_that_must_not_sign(&engine).await;
}
