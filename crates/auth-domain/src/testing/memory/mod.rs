//! Every storage port in memory: one lock, taken once a step.

mod accounts;
mod factors;
mod feed;
mod keys;
mod one_time;
mod sessions;
mod webhooks;

use std::collections::{BTreeMap, BTreeSet};
use std::sync::{Arc, Mutex, MutexGuard, PoisonError};

use async_trait::async_trait;

use crate::model::{
    AccountId, Actor, ApiKey, Credentials, EndReason, Ended, EventId, OneTimeId, RetiredMasterKey, Revocation,
    RevocationKind, SecurityEvent, SessionId, SessionRecord, StoredKey, Timestamp,
};
use crate::ports::{Housekeeping, Retention, StoreError, StoreHealth, Stores};
use crate::throttle::MemoryThrottle;
use webhooks::Queued;

/// A database that forgets everything when it is dropped.
#[derive(Default)]
pub struct MemoryStores {
    state: Mutex<State>,
    throttle: Arc<MemoryThrottle>,
}

#[derive(Default)]
pub(super) struct State {
    accounts: BTreeMap<AccountId, Credentials>,
    sessions: BTreeMap<SessionId, SessionRecord>,
    revocations: Vec<Revocation>,
    last_seq: i64,
    events: Vec<SecurityEvent>,
    spread: BTreeSet<EventId>,
    deliveries: Vec<Queued>,
    keys: Vec<StoredKey>,
    retired_masters: BTreeMap<u8, RetiredMasterKey>,
    api_keys: Vec<ApiKey>,
    one_time: BTreeMap<OneTimeId, one_time::Kept>,
    factors: BTreeMap<AccountId, factors::Kept>,
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
            one_time: Arc::clone(self) as _,
            factors: Arc::clone(self) as _,
            throttle: Arc::clone(&self.throttle) as _,
            events: Arc::clone(self) as _,
            keys: Arc::clone(self) as _,
            api_keys: Arc::clone(self) as _,
            webhooks: Arc::clone(self) as _,
            housekeeping: Arc::clone(self) as _,
            health: Arc::clone(self) as _,
        }
    }

    /// Records an event, for an adapter of another port that keeps no events itself.
    pub fn note_event(&self, event: SecurityEvent) {
        self.state().events.push(event);
    }

    /// Adds an entry to the feed, for an adapter of another port that keeps no feed itself.
    pub fn note_revocation(&self, kind: RevocationKind, not_before: Timestamp, expires_at: Timestamp) -> Revocation {
        self.state().revoke(kind, not_before, expires_at)
    }

    pub(super) fn state(&self) -> MutexGuard<'_, State> {
        self.state.lock().unwrap_or_else(PoisonError::into_inner)
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

    /// The account's live sessions, newest first.
    fn live(&self, account: AccountId, now: Timestamp) -> Vec<SessionRecord> {
        self.rows_of(account).into_iter().rev().filter(|row| row.is_live(now)).collect()
    }

    fn end_one(
        &mut self,
        id: SessionId,
        (by, reason): (Actor, EndReason),
        now: Timestamp,
        tokens_until: Timestamp,
    ) -> Option<Revocation> {
        let row = self.sessions.get_mut(&id).filter(|row| row.ended.is_none())?;
        row.ended = Some(Ended { at: now, by, reason });
        Some(self.revoke(RevocationKind::Session(id), now, tokens_until))
    }

    fn revoke(&mut self, kind: RevocationKind, now: Timestamp, tokens_until: Timestamp) -> Revocation {
        self.last_seq += 1;
        let entry = Revocation { seq: self.last_seq, kind, not_before: now, expires_at: tokens_until };
        self.revocations.push(entry);
        entry
    }
}

#[async_trait]
impl Housekeeping for MemoryStores {
    async fn sweep(&self, retention: Retention, batch: u32) -> Result<u64, StoreError> {
        fn remove<T>(rows: &mut Vec<T>, batch: u32, mut gone: impl FnMut(&T) -> bool) -> u64 {
            let mut left = batch;
            let before = rows.len();
            rows.retain(|row| {
                let goes = left > 0 && gone(row);
                left -= u32::from(goes);
                !goes
            });
            (before - rows.len()) as u64
        }
        let mut state = self.state();
        let state = &mut *state;
        let over = |row: &SessionRecord| {
            let expired = row.facts.refresh_expires_at();
            row.ended.map_or(expired, |ended| ended.at.min(expired)) <= retention.sessions
        };
        let sessions: Vec<_> = state.sessions.iter().filter(|(_, row)| over(row)).map(|(id, _)| *id).collect();
        let sessions: Vec<_> = sessions.into_iter().take(batch as usize).collect();
        for id in &sessions {
            state.sessions.remove(id);
        }
        let revocations = remove(&mut state.revocations, batch, |entry| entry.expires_at <= retention.revocations);
        let deliveries = remove(&mut state.deliveries, batch, |queued| queued.done_by(retention.deliveries));
        let expired: Vec<_> = state
            .one_time
            .values()
            .filter(|kept| kept.token.expires_at <= retention.one_time)
            .map(|kept| kept.token.id)
            .collect();
        let expired: Vec<_> = expired.into_iter().take(batch as usize).collect();
        for id in &expired {
            state.one_time.remove(id);
        }
        let (spread, open) = (&state.spread, &state.deliveries);
        let events = remove(&mut state.events, batch, |event| {
            event.at <= retention.events
                && spread.contains(&event.id)
                && !open.iter().any(|queued| queued.is_of(event.id))
        });
        Ok(sessions.len() as u64 + expired.len() as u64 + revocations + deliveries + events)
    }
}

#[async_trait]
impl StoreHealth for MemoryStores {
    async fn check(&self) -> Result<(), StoreError> {
        Ok(())
    }
}
