//! Doubles for what can fail: a store in trouble, a hasher that counts, a health check that misbehaves.

use std::sync::atomic::{AtomicBool, AtomicUsize, Ordering};
use std::sync::{Arc, Mutex};
use std::time::Duration;

use async_trait::async_trait;
use auth_domain::model::{
    Account, AccountId, AccountQuery, Advance, ApiKey, ApiKeyId, Credentials, DisplayName, EmailAddress, EndSessions,
    Ending, EventQuery, Judge, NewAccount, NewSession, Opened, Password, PasswordHash, Redeem, Role, Ruling,
    SecurityEvent, SessionFacts, SessionId, SessionLimit, SessionRecord, Timestamp,
};
use auth_domain::ports::{
    AccountStore, ApiKeyStore, CloseAccount, Created, EmailChange, EventStore, HashError, HashingLoad, PasswordHasher,
    Reauthenticate, SessionStore, SetPassword, StoreError, StoreHealth, Stores, Verdict,
};
use auth_domain::testing::{MemoryStores, PlainHasher};

/// What the inside of a server says and the outside must never hear.
pub(crate) const INSIDE: &str = "connection to db.internal:5432 as jeton failed";

/// Why a store does not work.
#[derive(Clone, Copy, Debug)]
pub(crate) enum Trouble {
    Conflict,
    Busy,
    Unavailable,
    Corrupt,
}

impl From<Trouble> for StoreError {
    fn from(trouble: Trouble) -> Self {
        match trouble {
            Trouble::Conflict => Self::Conflict,
            Trouble::Busy => Self::Busy,
            Trouble::Unavailable => Self::Unavailable(INSIDE.to_owned()),
            Trouble::Corrupt => Self::Corrupt { table: "sessions", column: "token_hash" },
        }
    }
}

/// Stores in memory that work until they are broken.
pub(crate) struct Broken {
    inner: Stores,
    trouble: Mutex<Option<Trouble>>,
    delay: Mutex<Duration>,
    without_passwords: AtomicBool,
}

impl Broken {
    pub(crate) fn new() -> Arc<Self> {
        let inner = MemoryStores::new().stores();
        Arc::new(Self {
            inner,
            trouble: Mutex::default(),
            delay: Mutex::default(),
            without_passwords: AtomicBool::default(),
        })
    }

    pub(crate) fn stores(self: &Arc<Self>) -> Stores {
        Stores {
            accounts: Arc::clone(self) as _,
            sessions: Arc::clone(self) as _,
            events: Arc::clone(self) as _,
            api_keys: Arc::clone(self) as _,
            ..self.inner.clone()
        }
    }

    /// From now on every step of accounts, sessions, events and API keys fails so, or works again.
    pub(crate) fn set(&self, trouble: Option<Trouble>) {
        *self.trouble.lock().unwrap() = trouble;
    }

    /// From now on no account has a password.
    pub(crate) fn forget_passwords(&self) {
        self.without_passwords.store(true, Ordering::SeqCst);
    }

    /// From now on every step of them takes this long before it begins.
    pub(crate) fn slow_down(&self, delay: Duration) {
        *self.delay.lock().unwrap() = delay;
    }

    async fn works(&self) -> Result<&Stores, StoreError> {
        let delay = *self.delay.lock().unwrap();
        if !delay.is_zero() {
            tokio::time::sleep(delay).await;
        }
        match *self.trouble.lock().unwrap() {
            Some(trouble) => Err(trouble.into()),
            None => Ok(&self.inner),
        }
    }

    fn proof(&self, found: Option<Credentials>) -> Option<Credentials> {
        let without = self.without_passwords.load(Ordering::SeqCst);
        found.map(|found| if without { Credentials { password_hash: None, ..found } } else { found })
    }
}

#[async_trait]
impl AccountStore for Broken {
    async fn create(&self, new: NewAccount) -> Result<Created, StoreError> {
        self.works().await?.accounts.create(new).await
    }

    async fn credentials(&self, email: &EmailAddress) -> Result<Option<Credentials>, StoreError> {
        self.works().await?.accounts.credentials(email).await.map(|found| self.proof(found))
    }

    async fn by_id(&self, account: AccountId) -> Result<Option<Credentials>, StoreError> {
        self.works().await?.accounts.by_id(account).await.map(|found| self.proof(found))
    }

    async fn rename(&self, account: AccountId, name: Option<DisplayName>) -> Result<Option<Account>, StoreError> {
        self.works().await?.accounts.rename(account, name).await
    }

    async fn search(&self, query: AccountQuery) -> Result<Vec<Account>, StoreError> {
        self.works().await?.accounts.search(query).await
    }

    async fn set_roles(&self, roles: Vec<Role>, event: SecurityEvent) -> Result<Option<Account>, StoreError> {
        self.works().await?.accounts.set_roles(roles, event).await
    }

    async fn verify_email(&self, redeem: Redeem, event: SecurityEvent) -> Result<bool, StoreError> {
        self.works().await?.accounts.verify_email(redeem, event).await
    }

    async fn change_email(&self, redeem: Redeem, event: SecurityEvent) -> Result<EmailChange, StoreError> {
        self.works().await?.accounts.change_email(redeem, event).await
    }

    async fn set_password(&self, set: SetPassword) -> Result<Option<Ending>, StoreError> {
        self.works().await?.accounts.set_password(set).await
    }

    async fn rehash(&self, account: AccountId, old: PasswordHash, new: PasswordHash) -> Result<bool, StoreError> {
        self.works().await?.accounts.rehash(account, old, new).await
    }

    async fn disable(&self, close: CloseAccount) -> Result<Option<Ending>, StoreError> {
        self.works().await?.accounts.disable(close).await
    }

    async fn enable(&self, event: SecurityEvent) -> Result<bool, StoreError> {
        self.works().await?.accounts.enable(event).await
    }

    async fn delete(&self, close: CloseAccount) -> Result<Option<Ending>, StoreError> {
        self.works().await?.accounts.delete(close).await
    }
}

#[async_trait]
impl SessionStore for Broken {
    async fn open(&self, new: NewSession, limit: SessionLimit) -> Result<Opened, StoreError> {
        self.works().await?.sessions.open(new, limit).await
    }

    async fn advance(&self, step: Advance) -> Result<Option<SessionFacts>, StoreError> {
        self.works().await?.sessions.advance(step).await
    }

    async fn settle(&self, session: SessionId, judge: Judge) -> Result<Ruling, StoreError> {
        self.works().await?.sessions.settle(session, judge).await
    }

    async fn end(&self, end: EndSessions) -> Result<Ending, StoreError> {
        self.works().await?.sessions.end(end).await
    }

    async fn list(&self, account: AccountId, now: Timestamp) -> Result<Vec<SessionRecord>, StoreError> {
        self.works().await?.sessions.list(account, now).await
    }

    async fn get(&self, session: SessionId) -> Result<Option<SessionRecord>, StoreError> {
        self.works().await?.sessions.get(session).await
    }

    async fn reauthenticate(&self, again: Reauthenticate) -> Result<Option<SessionFacts>, StoreError> {
        self.works().await?.sessions.reauthenticate(again).await
    }

    async fn rename(
        &self,
        account: AccountId,
        session: SessionId,
        name: Option<DisplayName>,
    ) -> Result<bool, StoreError> {
        self.works().await?.sessions.rename(account, session, name).await
    }
}

#[async_trait]
impl EventStore for Broken {
    async fn page(&self, query: EventQuery) -> Result<Vec<SecurityEvent>, StoreError> {
        self.works().await?.events.page(query).await
    }
}

#[async_trait]
impl ApiKeyStore for Broken {
    async fn add(&self, key: ApiKey) -> Result<(), StoreError> {
        self.works().await?.api_keys.add(key).await
    }

    async fn get(&self, id: ApiKeyId) -> Result<Option<ApiKey>, StoreError> {
        self.works().await?.api_keys.get(id).await
    }

    async fn list(&self) -> Result<Vec<ApiKey>, StoreError> {
        self.works().await?.api_keys.list().await
    }

    async fn revoke(&self, id: ApiKeyId, now: Timestamp) -> Result<bool, StoreError> {
        self.works().await?.api_keys.revoke(id, now).await
    }
}

/// Hashes without taking time, counts what it did, and can be busy.
#[derive(Default)]
pub(crate) struct CountingHasher {
    inner: PlainHasher,
    done: AtomicUsize,
    busy: AtomicBool,
    full: AtomicBool,
}

impl CountingHasher {
    /// How many passwords were hashed or verified since the last time.
    pub(crate) fn take(&self) -> usize {
        self.done.swap(0, Ordering::SeqCst)
    }

    pub(crate) fn set_busy(&self) {
        self.busy.store(true, Ordering::SeqCst);
    }

    /// From now on as many passwords wait as may.
    pub(crate) fn set_full(&self, full: bool) {
        self.full.store(full, Ordering::SeqCst);
    }

    fn count(&self) -> Result<(), HashError> {
        self.done.fetch_add(1, Ordering::SeqCst);
        if self.busy.load(Ordering::SeqCst) { Err(HashError::Busy) } else { Ok(()) }
    }
}

#[async_trait]
impl PasswordHasher for CountingHasher {
    async fn hash(&self, password: Password) -> Result<PasswordHash, HashError> {
        self.count()?;
        self.inner.hash(password).await
    }

    async fn verify(&self, password: Password, hash: Option<PasswordHash>) -> Result<Verdict, HashError> {
        self.count()?;
        self.inner.verify(password, hash).await
    }

    fn load(&self) -> HashingLoad {
        let waiting = if self.full.load(Ordering::SeqCst) { 4 } else { 0 };
        HashingLoad { running: 0, threads: 2, waiting, queue: 4 }
    }
}

/// A health check that misbehaves, to drive the layers from outside.
#[derive(Clone, Copy)]
pub(crate) enum Health {
    /// It works, and lacks this many migrations.
    Lacks(usize),
    Unavailable,
    Panics,
    NeverAnswers,
}

#[async_trait]
impl StoreHealth for Health {
    async fn check(&self) -> Result<(), StoreError> {
        match self {
            Self::Lacks(_) => Ok(()),
            Self::Unavailable => Err(Trouble::Unavailable.into()),
            Self::Panics => panic!("{INSIDE}"),
            Self::NeverAnswers => std::future::pending().await,
        }
    }

    async fn missing_migrations(&self) -> Result<usize, StoreError> {
        if let Self::Lacks(missing) = self { Ok(*missing) } else { self.check().await.map(|()| 0) }
    }
}
