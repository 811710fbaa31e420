//! Every storage port in memory: one lock, taken once a step.

use std::collections::BTreeMap;
use std::sync::{Arc, Mutex, MutexGuard, PoisonError};

use async_trait::async_trait;

use crate::model::{
    Account, AccountId, Advance, Credentials, DisplayName, EmailAddress, EndReason, EndSessions, EndTarget, Ending,
    Judge, NewAccount, NewSession, OnLimit, Opened, Revocation, RevocationKind, Ruling, SealedKey, SecurityEvent,
    SessionFacts, SessionId, SessionLimit, SessionRecord, Timestamp,
};
use crate::ports::{
    AccountStore, Created, EventStore, KeyStore, RevocationStore, SessionStore, StoreError, StoreHealth, Stores,
};

/// A database that forgets everything when it is dropped.
#[derive(Default)]
pub struct MemoryStores(Mutex<State>);

#[derive(Default)]
pub(super) struct State {
    accounts: BTreeMap<AccountId, Credentials>,
    sessions: BTreeMap<SessionId, SessionRecord>,
    revocations: Vec<Revocation>,
    events: Vec<SecurityEvent>,
    keys: Vec<SealedKey>,
}

impl MemoryStores {
    /// An empty database.
    #[must_use]
    pub fn new() -> Arc<Self> {
        Arc::new(Self::default())
    }

    /// It, as the storage ports.
    #[must_use]
    pub fn stores(self: &Arc<Self>) -> Stores {
        Stores {
            accounts: Arc::clone(self) as _,
            sessions: Arc::clone(self) as _,
            revocations: Arc::clone(self) as _,
            events: Arc::clone(self) as _,
            keys: Arc::clone(self) as _,
            health: Arc::clone(self) as _,
        }
    }

    pub(super) fn state(&self) -> MutexGuard<'_, State> {
        self.0.lock().unwrap_or_else(PoisonError::into_inner)
    }
}

impl State {
    /// The row, joined with its account.
    fn row(&self, id: SessionId) -> Option<SessionRecord> {
        let mut row = self.sessions.get(&id)?.clone();
        let account = &self.accounts.get(&row.facts.account)?.account;
        row.account_disabled = account.disabled_at.is_some();
        row.facts.roles.clone_from(&account.roles);
        Some(row)
    }

    fn rows_of(&self, account: AccountId) -> Vec<SessionRecord> {
        let of_account = self.sessions.values().filter(|row| row.facts.account == account);
        let mut rows: Vec<_> = of_account.filter_map(|row| self.row(row.facts.session)).collect();
        rows.sort_by_key(|row| (row.created_at, row.facts.session));
        rows
    }

    fn live(&self, account: AccountId, now: Timestamp) -> Vec<SessionRecord> {
        self.rows_of(account).into_iter().filter(|row| row.is_live(now)).collect()
    }

    /// Whether the account may have one more session: as it is, after these have been ended, or not at all.
    pub(super) fn room(&self, new: &NewSession, limit: SessionLimit) -> Result<Vec<SessionId>, Box<Opened>> {
        let account = self.accounts.get(&new.account).filter(|found| found.account.disabled_at.is_none());
        if account.is_none() {
            return Err(Box::new(Opened::AccountUnavailable));
        }
        let live = self.live(new.account, new.now);
        let max = limit.max_per_account.map_or(usize::MAX, |max| max.get() as usize);
        let surplus = (live.len() + 1).saturating_sub(max);
        if surplus > 0 && limit.on_limit == OnLimit::Deny {
            return Err(Box::new(Opened::LimitReached { live: u32::try_from(live.len()).unwrap_or(u32::MAX) }));
        }
        Ok(live.iter().take(surplus).map(|row| row.facts.session).collect())
    }

    pub(super) fn insert(&mut self, new: NewSession, evict: &[SessionId]) -> Opened {
        let evicted =
            evict.iter().filter_map(|id| self.end_one(*id, EndReason::Evicted, new.now, new.tokens_until)).collect();
        let facts = SessionFacts {
            session: new.id,
            account: new.account,
            generation: 0,
            client_id: new.client_id,
            scope: new.scope,
            auth_time: new.now,
            amr: new.amr,
            roles: self.accounts.get(&new.account).map(|found| found.account.roles.clone()).unwrap_or_default(),
            idle_expires_at: new.idle_expires_at,
            expires_at: new.expires_at,
        };
        let row = SessionRecord {
            facts: facts.clone(),
            token_hash: new.token_hash,
            nonce: None,
            key_id: new.key_id,
            attempt_hash: None,
            rotated_at: new.now,
            late_retries: 0,
            late_generation: None,
            device_name: new.device_name,
            presenter: new.presenter,
            created_at: new.now,
            last_used_at: new.now,
            ended: None,
            account_disabled: false,
        };
        self.sessions.insert(new.id, row);
        Opened::Opened { facts, evicted }
    }

    /// Whether the step fits its row.
    pub(super) fn fits(&self, step: &Advance) -> bool {
        self.row(step.session).is_some_and(|row| {
            row.is_live(step.now) && row.facts.generation == step.from_generation && row.token_hash == step.from_hash
        })
    }

    /// Moves the row, whether or not the step fits it.
    pub(super) fn apply(&mut self, step: Advance) -> Option<SessionFacts> {
        let row = self.sessions.get_mut(&step.session)?;
        row.facts.generation = step.to_generation;
        row.facts.idle_expires_at = step.idle_expires_at;
        row.token_hash = step.to_hash;
        row.nonce = Some(step.nonce);
        row.key_id = step.key_id;
        row.attempt_hash = step.attempt_hash;
        row.presenter = step.presenter;
        row.rotated_at = step.now;
        row.last_used_at = step.now;
        self.row(step.session).map(|row| row.facts)
    }

    fn end_one(
        &mut self,
        id: SessionId,
        reason: EndReason,
        now: Timestamp,
        tokens_until: Timestamp,
    ) -> Option<Revocation> {
        let row = self.sessions.get_mut(&id).filter(|row| row.ended.is_none())?;
        row.ended = Some((now, reason));
        Some(self.revoke(id, now, tokens_until))
    }

    fn revoke(&mut self, id: SessionId, now: Timestamp, tokens_until: Timestamp) -> Revocation {
        let seq = self.revocations.last().map_or(1, |last| last.seq + 1);
        let kind = RevocationKind::Session(id);
        let entry = Revocation { seq, kind, not_before: now, expires_at: tokens_until };
        self.revocations.push(entry);
        entry
    }

    fn end(&mut self, end: &EndSessions) -> Ending {
        let of = |account| self.rows_of(account).into_iter().map(|row| row.facts.session);
        let targets: Vec<SessionId> = match end.target {
            EndTarget::Session(session) => vec![session],
            EndTarget::Owned { account, session } => of(account).filter(|id| *id == session).collect(),
            EndTarget::Others { account, keep } => of(account).filter(|id| *id != keep).collect(),
            EndTarget::All(account) => of(account).collect(),
        };
        let ended = targets.into_iter().filter_map(|id| self.end_one(id, end.reason, end.now, end.tokens_until));
        let ending = Ending { revocations: ended.collect() };
        if !ending.revocations.is_empty() {
            self.events.extend(end.event.clone());
        }
        ending
    }
}

#[async_trait]
impl SessionStore for MemoryStores {
    async fn open(&self, new: NewSession, limit: SessionLimit) -> Result<Opened, StoreError> {
        let mut state = self.state();
        match state.room(&new, limit) {
            Ok(evict) => Ok(state.insert(new, &evict)),
            Err(refused) => Ok(*refused),
        }
    }

    async fn advance(&self, step: Advance) -> Result<Option<SessionFacts>, StoreError> {
        let mut state = self.state();
        Ok(if state.fits(&step) { state.apply(step) } else { None })
    }

    async fn settle(&self, session: SessionId, judge: Judge) -> Result<Ruling, StoreError> {
        let mut state = self.state();
        let ruling = judge(state.row(session).as_ref());
        match &ruling {
            Ruling::Ended | Ruling::Raced => {}
            Ruling::Retry { late, .. } => {
                if let (Some(late), Some(row)) = (late, state.sessions.get_mut(&session)) {
                    row.late_retries = late.retries;
                    row.late_generation = Some(late.generation);
                }
            }
            Ruling::Diverged(event) => state.events.push(event.clone()),
            Ruling::Replay(end) => drop(state.end(end)),
        }
        Ok(ruling)
    }

    async fn end(&self, end: EndSessions) -> Result<Ending, StoreError> {
        Ok(self.state().end(&end))
    }

    async fn list(&self, account: AccountId, now: Timestamp) -> Result<Vec<SessionRecord>, StoreError> {
        let mut live = self.state().live(account, now);
        live.reverse();
        Ok(live)
    }
}

#[async_trait]
impl AccountStore for MemoryStores {
    async fn create(&self, new: NewAccount) -> Result<Created, StoreError> {
        let mut state = self.state();
        let mut accounts = state.accounts.values();
        if accounts.any(|found| found.account.email.canonical() == new.email.canonical()) {
            return Ok(Created::EmailTaken);
        }
        let account = Account {
            id: new.id,
            email: new.email,
            display_name: new.display_name,
            roles: new.roles,
            created_at: new.created_at,
            disabled_at: None,
        };
        let credentials = Credentials { account: account.clone(), password_hash: Some(new.password_hash) };
        state.accounts.insert(new.id, credentials);
        Ok(Created::Created(account))
    }

    async fn credentials(&self, email: &EmailAddress) -> Result<Option<Credentials>, StoreError> {
        let state = self.state();
        let found = state.accounts.values().find(|found| found.account.email.canonical() == email.canonical());
        Ok(found.cloned())
    }

    async fn by_id(&self, account: AccountId) -> Result<Option<Credentials>, StoreError> {
        Ok(self.state().accounts.get(&account).cloned())
    }

    async fn rename(&self, account: AccountId, name: Option<DisplayName>) -> Result<Option<Account>, StoreError> {
        Ok(self.state().accounts.get_mut(&account).map(|found| {
            found.account.display_name = name;
            found.account.clone()
        }))
    }

    async fn set_disabled(&self, account: AccountId, since: Option<Timestamp>) -> Result<bool, StoreError> {
        Ok(self.state().accounts.get_mut(&account).map(|found| found.account.disabled_at = since).is_some())
    }

    async fn delete(
        &self,
        account: AccountId,
        now: Timestamp,
        tokens_until: Timestamp,
    ) -> Result<Option<Ending>, StoreError> {
        let mut state = self.state();
        let live: Vec<_> = state.live(account, now).iter().map(|row| row.facts.session).collect();
        if state.accounts.remove(&account).is_none() {
            return Ok(None);
        }
        state.sessions.retain(|_, row| row.facts.account != account);
        let revocations = live.into_iter().map(|id| state.revoke(id, now, tokens_until)).collect();
        Ok(Some(Ending { revocations }))
    }
}

#[async_trait]
impl RevocationStore for MemoryStores {
    async fn live(&self, now: Timestamp) -> Result<Vec<Revocation>, StoreError> {
        Ok(self.state().revocations.iter().filter(|entry| entry.expires_at > now).copied().collect())
    }
}

#[async_trait]
impl EventStore for MemoryStores {
    async fn of_account(&self, account: AccountId, limit: u32) -> Result<Vec<SecurityEvent>, StoreError> {
        let mut events: Vec<_> = self.state().events.iter().filter(|event| event.account == account).cloned().collect();
        events.sort_by_key(|event| std::cmp::Reverse((event.at, event.id)));
        events.truncate(limit as usize);
        Ok(events)
    }
}

#[async_trait]
impl KeyStore for MemoryStores {
    async fn list(&self) -> Result<Vec<SealedKey>, StoreError> {
        let mut keys = self.state().keys.clone();
        keys.sort_by(|a, b| (a.created_at, &a.kid).cmp(&(b.created_at, &b.kid)));
        Ok(keys)
    }

    async fn adopt(&self, first: SealedKey) -> Result<Vec<SealedKey>, StoreError> {
        {
            let mut state = self.state();
            if !state.keys.iter().any(|key| key.algorithm == first.algorithm) {
                state.keys.push(first);
            }
        }
        KeyStore::list(self).await
    }
}

#[async_trait]
impl StoreHealth for MemoryStores {
    async fn check(&self) -> Result<(), StoreError> {
        Ok(())
    }
}
