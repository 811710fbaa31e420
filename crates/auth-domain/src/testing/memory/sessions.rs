//! Sessions in memory.

use async_trait::async_trait;

use super::{MemoryStores, State};
use crate::model::{
    AccountId, Actor, Advance, Credentials, DisplayName, EndReason, EndSessions, EndTarget, Ending, Judge, NewSession,
    Occupied, Opened, Ruling, SessionFacts, SessionId, SessionLimit, SessionRecord, Timestamp,
};
use crate::ports::{Reauthenticate, SessionStore, StoreError};

impl State {
    /// Whether the account may have one more session: after these have been ended, or not at all.
    pub(in crate::testing) fn room(
        &self,
        new: &NewSession,
        limit: SessionLimit,
    ) -> Result<Vec<(SessionId, EndReason)>, Box<Opened>> {
        let usable =
            |found: &Credentials| found.account.disabled_at.is_none() && new.rests_on.holds(found.password_changed_at);
        if !self.accounts.get(&new.account).is_some_and(usable) {
            return Err(Box::new(Opened::AccountUnavailable));
        }
        let live = self.live(new.account, new.now);
        let chosen = new.end_first.filter(|chosen| live.iter().any(|row| row.facts.session == *chosen));
        let counted = live.iter().filter(|row| Some(row.facts.session) != chosen).map(|row| Occupied {
            id: row.facts.session,
            class: row.device_class,
            created_at: row.created_at,
            last_used_at: row.last_used_at,
        });
        let Some(evicted) = limit.make_room(counted.collect(), new.device_class) else {
            return Err(Box::new(Opened::LimitReached { live }));
        };
        let chosen = chosen.map(|id| (id, EndReason::Limit));
        Ok(chosen.into_iter().chain(evicted.into_iter().map(|id| (id, EndReason::Evicted))).collect())
    }

    pub(in crate::testing) fn insert(&mut self, new: NewSession, end: &[(SessionId, EndReason)]) -> Opened {
        let mut evicted = Vec::new();
        for (id, reason) in end {
            let by = if *reason == EndReason::Limit { Actor::Owner(Some(new.id)) } else { Actor::Server };
            evicted.extend(self.end_one(*id, (by, *reason), new.now, new.tokens_until));
        }
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
            device_class: new.device_class,
            presenter: new.presenter,
            created_at: new.now,
            last_used_at: new.now,
            ended: None,
            account_disabled: false,
        };
        self.sessions.insert(new.id, row);
        self.events.push(new.event);
        Opened::Opened { facts, evicted }
    }

    /// Whether the step fits its row.
    pub(in crate::testing) fn fits(&self, step: &Advance) -> bool {
        self.row(step.session).is_some_and(|row| {
            row.is_live(step.now) && row.facts.generation == step.from_generation && row.token_hash == step.from_hash
        })
    }

    /// Moves the row, whether or not the step fits it.
    pub(in crate::testing) fn apply(&mut self, step: Advance) -> Option<SessionFacts> {
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

    pub(super) fn end(&mut self, end: &EndSessions) -> Ending {
        let of = |account| self.rows_of(account).into_iter().map(|row| row.facts.session);
        let targets: Vec<SessionId> = match end.target {
            EndTarget::Session(session) => vec![session],
            EndTarget::Owned { account, session } => of(account).filter(|id| *id == session).collect(),
            EndTarget::Others { account, keep } => of(account).filter(|id| *id != keep).collect(),
            EndTarget::All(account) => of(account).collect(),
        };
        let ended =
            targets.into_iter().filter_map(|id| self.end_one(id, (end.by, end.reason), end.now, end.tokens_until));
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
            Ok(end) => Ok(state.insert(new, &end)),
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
            Ruling::Ended(_) | Ruling::Raced => {}
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
        Ok(self.state().live(account, now))
    }

    async fn get(&self, session: SessionId) -> Result<Option<SessionRecord>, StoreError> {
        Ok(self.state().row(session))
    }

    async fn reauthenticate(&self, again: Reauthenticate) -> Result<Option<SessionFacts>, StoreError> {
        let mut state = self.state();
        if state.row(again.session).is_none_or(|row| !row.is_live(again.now)) {
            return Ok(None);
        }
        if let Some(row) = state.sessions.get_mut(&again.session) {
            row.facts.auth_time = again.now;
            row.facts.amr = again.amr;
        }
        state.events.push(again.event);
        Ok(state.row(again.session).map(|row| row.facts))
    }

    async fn rename(
        &self,
        account: AccountId,
        session: SessionId,
        name: Option<DisplayName>,
    ) -> Result<bool, StoreError> {
        let mut state = self.state();
        let row = state.sessions.get_mut(&session).filter(|row| row.facts.account == account && row.ended.is_none());
        Ok(row.map(|row| row.device_name = name.map(|name| name.as_str().to_owned())).is_some())
    }
}
