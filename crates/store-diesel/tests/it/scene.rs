//! Databases to test on, and the accounts, sessions, keys and steps to test with.

use std::path::PathBuf;
use std::sync::Arc;
use std::time::Duration;

use auth_domain::model::{
    AccountId, Actor, Advance, DeviceClass, EmailAddress, EndReason, EndSessions, EndTarget, EventId, EventKind,
    EventQuery, KeyChange, KeyChanged, KeyState, Locale, NewAccount, NewSession, Nonce, OneTimeId, OneTimeToken,
    Opened, PasswordHash, Presenter, Purpose, Redeem, RestsOn, Role, SealedBytes, SecurityEvent, SessionId,
    SessionLimit, StoredKey, Timestamp, TokenHash, TokenMail, TokenMailKind,
};
use auth_domain::ports::{CloseAccount, Created, PasswordAuthority, SetPassword, Stores};
use diesel::connection::SimpleConnection;
use diesel::prelude::*;
use store_diesel::testing::{TestDatabase, shared_server};
use store_diesel::{Database, DatabaseUrl, Options, migrate};
use tempfile::TempDir;
use tokio_postgres::{Client, NoTls};
use uuid::Uuid;

/// The moment at which every test begins.
pub(crate) const START: Timestamp = Timestamp::from_secs(1_700_000_000);

/// `secs` after the start.
pub(crate) fn at(secs: u64) -> Timestamp {
    START.plus(Duration::from_secs(secs))
}

/// A migrated PostgreSQL database of its own, open.
pub(crate) struct Postgres {
    pub(crate) database: Database,
    pub(crate) stores: Stores,
    pub(crate) url: String,
    _keep: TestDatabase,
}

impl Postgres {
    pub(crate) async fn open() -> Self {
        Self::open_with(Options { postgres_connections: 8, ..Options::default() }).await
    }

    pub(crate) async fn open_with(options: Options) -> Self {
        let keep = empty_clone(migrate::text(), true).await;
        let url = keep.url().to_owned();
        let database = Database::open(&url.parse().unwrap(), &options).await.unwrap();
        Self { stores: database.stores(), database, url, _keep: keep }
    }

    /// A connection beside the pool.
    pub(crate) async fn client(&self) -> Client {
        client(&self.url).await
    }

    /// Waits until a step waits for a row that another transaction holds.
    pub(crate) async fn a_step_waits(&self) {
        const WAITING: &str = "SELECT count(*) FROM pg_stat_activity
            WHERE datname = current_database() AND application_name = 'jeton' AND wait_event_type = 'Lock'";
        let client = self.client().await;
        eventually(1, async || client.query_one(WAITING, &[]).await.unwrap().get::<_, i64>(0)).await;
    }
}

/// A PostgreSQL database without any migration.
pub(crate) async fn unmigrated() -> TestDatabase {
    empty_clone("-- nothing", false).await
}

async fn empty_clone(migrations: &str, migrated: bool) -> TestDatabase {
    let server = shared_server().await.unwrap();
    let migrate = |url: String| async move {
        if migrated {
            migrate::up(&url.parse().expect("the server's address")).await?;
        }
        Ok::<(), migrate::MigrateError>(())
    };
    TestDatabase::create(server.url(), migrations, migrate).await.unwrap()
}

pub(crate) async fn client(url: &str) -> Client {
    let (client, connection) = tokio_postgres::connect(url, NoTls).await.unwrap();
    tokio::spawn(connection);
    client
}

/// A migrated SQLite database in a folder of its own, open.
pub(crate) struct Sqlite {
    pub(crate) database: Database,
    pub(crate) stores: Stores,
    pub(crate) url: DatabaseUrl,
    pub(crate) path: PathBuf,
    _keep: TempDir,
}

impl Sqlite {
    pub(crate) async fn open() -> Self {
        Self::open_with(Options::default()).await
    }

    pub(crate) async fn open_with(options: Options) -> Self {
        let keep = tempfile::tempdir().unwrap();
        let path = keep.path().join("jeton.db");
        let url = sqlite_url(&path);
        migrate::up(&url).await.unwrap();
        let database = Database::open(&url, &options).await.unwrap();
        Self { stores: database.stores(), database, url, path, _keep: keep }
    }

    /// A connection beside the writer, as another process has it.
    pub(crate) fn connection(&self) -> SqliteConnection {
        connection(&self.path)
    }
}

pub(crate) fn sqlite_url(path: &std::path::Path) -> DatabaseUrl {
    format!("sqlite:{}", path.display()).parse().unwrap()
}

pub(crate) fn connection(path: &std::path::Path) -> SqliteConnection {
    let mut connection = SqliteConnection::establish(path.to_str().unwrap()).unwrap();
    connection.batch_execute("PRAGMA busy_timeout = 5000; PRAGMA foreign_keys = ON").unwrap();
    connection
}

/// Registers account `n`.
pub(crate) async fn account(stores: &Stores, n: u128) -> AccountId {
    let new = NewAccount {
        id: AccountId::from_uuid(Uuid::from_u128(n)),
        email: EmailAddress::parse(&format!("user{n}@example.com")).unwrap(),
        display_name: None,
        roles: vec![Role::new("admin").unwrap()],
        password_hash: Some(PasswordHash::new("$argon2id$".to_owned())),
        locale: Locale::En,
        email_verified: false,
        created_at: START,
        invite: None,
        verification: None,
        event: SecurityEvent {
            session: None,
            ..event(AccountId::from_uuid(Uuid::from_u128(n)), EventKind::AccountRegistered, n, START)
        },
    };
    match stores.accounts.create(new).await.unwrap() {
        Created::Created(account) => account.id,
        refused => panic!("account {n}: {refused:?}"),
    }
}

pub(crate) fn session_id(n: u128) -> SessionId {
    SessionId::from_uuid(Uuid::from_u128(n))
}

fn hash(generation: u32) -> TokenHash {
    TokenHash::from_bytes([u8::try_from(generation % 256).unwrap(); 32])
}

pub(crate) fn new_session(account: AccountId, n: u128) -> NewSession {
    NewSession {
        id: session_id(n),
        account,
        client_id: "jeton".to_owned(),
        scope: "account".to_owned(),
        token_hash: hash(0),
        key_id: 1,
        device_name: None,
        device_class: DeviceClass::ALL[usize::try_from(n % 4).unwrap()],
        presenter: Presenter::new("192.0.2.1".parse().ok(), Some("curl/8.0")),
        amr: vec!["pwd".to_owned()],
        rests_on: RestsOn::Password { changed_at: None },
        now: START,
        idle_expires_at: at(6_000),
        expires_at: at(60_000),
        tokens_until: at(900),
        end_first: None,
        event: event(account, EventKind::SessionOpened, n, START),
    }
}

/// An event of an account, whose id is that of session `n` with a mark of its kind.
pub(crate) fn event(account: AccountId, kind: EventKind, n: u128, at: Timestamp) -> SecurityEvent {
    let place = EventKind::ALL.iter().position(|known| *known == kind).unwrap();
    SecurityEvent {
        id: EventId::from_uuid(Uuid::from_u128(n | (u128::try_from(place).unwrap() + 1) << 64)),
        at,
        kind,
        account,
        session: Some(session_id(n)),
        actor: Actor::Server,
        presenter: Presenter::default(),
        evidence: None,
        detail: None,
    }
}

/// A token of an account, or of none, that is to be mailed, made at the start.
pub(crate) fn token(n: u8, purpose: Purpose, account: Option<AccountId>) -> OneTimeToken {
    OneTimeToken {
        id: OneTimeId::from_uuid(Uuid::from_u128(n.into())),
        purpose,
        account,
        secret_hash: TokenHash::from_bytes([n; 32]),
        bound_to: None,
        email: Some(EmailAddress::parse(&format!("user{n}@example.com")).unwrap()),
        sealed: Some(SealedBytes { key_id: 1, bytes: vec![n] }),
        mail: Some(TokenMail { kind: TokenMailKind::ResetPassword, locale: Locale::En, attempts: 0 }),
        created_at: START,
        expires_at: at(60),
    }
}

/// The token as it is presented.
pub(crate) fn redeem(token: &OneTimeToken) -> Redeem {
    Redeem { id: token.id, secret_hash: token.secret_hash.clone(), purpose: token.purpose, now: at(1) }
}

/// A new password by a token that was mailed: every session ends.
pub(crate) fn reset(account: AccountId, token: &OneTimeToken) -> SetPassword {
    SetPassword {
        authority: PasswordAuthority::Mailed(redeem(token)),
        hash: PasswordHash::new("$argon2id$new".to_owned()),
        end: EndTarget::All(account),
        by: Actor::Owner(None),
        now: at(2),
        tokens_until: at(900),
        event: SecurityEvent { session: None, ..event(account, EventKind::PasswordReset, 0, at(2)) },
    }
}

/// What is left of an account's password, tokens, sessions and feed: whether the password is new, whether the token is still
/// good, how many sessions are live, and how many entries and events of a reset there are.
pub(crate) async fn left_by_reset(
    stores: &Stores,
    account: AccountId,
    token: &OneTimeToken,
) -> (bool, bool, usize, usize, usize) {
    let found = stores.accounts.by_id(account).await.unwrap().unwrap();
    let events = stores.events.page(EventQuery { account: Some(account), before: None, limit: 100 }).await.unwrap();
    (
        found.password_changed_at == Some(at(2)) && found.password_hash.unwrap().expose() == "$argon2id$new",
        stores.one_time.peek(&redeem(token)).await.unwrap().is_some(),
        stores.sessions.list(account, at(2)).await.unwrap().len(),
        stores.revocations.live(at(2)).await.unwrap().len(),
        events.iter().filter(|event| event.kind == EventKind::PasswordReset).count(),
    )
}

/// The account to disable or delete, by an operator.
pub(crate) fn close(account: AccountId, kind: EventKind) -> CloseAccount {
    let event = SecurityEvent { actor: Actor::Operator, session: None, ..event(account, kind, 0, at(2)) };
    CloseAccount { by: Actor::Operator, now: at(2), tokens_until: at(900), event }
}

/// Opens session `n` without a limit.
pub(crate) async fn open(stores: &Stores, account: AccountId, n: u128) -> SessionId {
    match stores.sessions.open(new_session(account, n), SessionLimit::default()).await.unwrap() {
        Opened::Opened { facts, .. } => facts.session,
        refused => panic!("not opened: {refused:?}"),
    }
}

/// The step of a session from generation `from` to the next.
pub(crate) fn step(session: SessionId, from: u32) -> Advance {
    Advance {
        session,
        from_generation: from,
        from_hash: hash(from),
        to_generation: from + 1,
        to_hash: hash(from + 1),
        nonce: Nonce::from_bytes([7; 32]),
        key_id: 1,
        attempt_hash: None,
        presenter: Presenter::new("192.0.2.2".parse().ok(), Some("curl/8.0")),
        now: at(1),
        idle_expires_at: at(6_001),
    }
}

/// Ends one session and records an event.
pub(crate) fn end(account: AccountId, session: SessionId) -> EndSessions {
    EndSessions {
        target: EndTarget::Session(session),
        by: Actor::Server,
        reason: EndReason::Replay,
        now: at(2),
        tokens_until: at(900),
        event: Some(event(account, EventKind::RefreshReplayed, session.as_uuid().as_u128(), at(2))),
    }
}

/// A signing key, made at the start.
pub(crate) fn signing_key(kid: &str, state: KeyState) -> StoredKey {
    let kid = kid.to_owned();
    StoredKey { kid, algorithm: "EdDSA".to_owned(), key_id: 1, sealed: vec![1], created_at: START, state }
}

/// Changes the keys whatever they are.
pub(crate) async fn change_keys(stores: &Stores, change: KeyChange) -> KeyChanged {
    stores.keys.change(Arc::new(move |_| Ok(change.clone()))).await.unwrap().unwrap()
}

/// How many sessions, entries in the feed and events there are of what [`end`] ends.
pub(crate) async fn left_by_end(stores: &Stores, account: AccountId) -> (usize, usize, usize) {
    let events = stores.events.page(EventQuery { account: Some(account), before: None, limit: 100 }).await.unwrap();
    (
        stores.sessions.list(account, at(2)).await.unwrap().len(),
        stores.revocations.live(at(2)).await.unwrap().len(),
        events.iter().filter(|event| event.kind == EventKind::RefreshReplayed).count(),
    )
}

/// Waits until `probe` answers `expected`; fails with what it answers after five seconds.
pub(crate) async fn eventually<T: PartialEq + std::fmt::Debug>(expected: T, mut probe: impl AsyncFnMut() -> T) {
    for _ in 0..100 {
        if probe().await == expected {
            return;
        }
        tokio::time::sleep(Duration::from_millis(50)).await;
    }
    assert_eq!(probe().await, expected);
}

/// Long enough for a step to reach the lock that it has to wait for.
pub(crate) async fn a_moment() {
    tokio::time::sleep(Duration::from_millis(300)).await;
}
