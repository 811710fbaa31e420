//! The port: sessions in a file of our own, beside accounts, feed and events that somebody else keeps.

use std::path::Path;
use std::sync::Arc;

use async_trait::async_trait;
use auth_domain::model::{
    Account, AccountId, Actor, Advance, DisplayName, EndReason, EndSessions, EndTarget, Ended, Ending, Judge,
    NewSession, Occupied, Opened, Revocation, RevocationKind, Ruling, SessionFacts, SessionId, SessionLimit,
    SessionRecord, Timestamp,
};
use auth_domain::ports::{AccountStore as _, Reauthenticate, SessionStore, StoreError, Stores};
use auth_domain::testing::MemoryStores;
use tokio::sync::{Mutex, MutexGuard};

use super::file::File;

/// Sessions in a file. One step at a time: whoever holds `turn` reads, decides and writes, and nobody in between.
pub(crate) struct FileSessions {
    pub(super) file: File,
    pub(super) others: Arc<MemoryStores>,
    turn: Mutex<()>,
}

impl FileSessions {
    /// Opens the file, or makes it. `others` keeps everything but sessions.
    pub(crate) fn open(path: &Path, others: Arc<MemoryStores>) -> Result<Arc<Self>, StoreError> {
        Ok(Arc::new(Self { file: File::open(path)?, others, turn: Mutex::default() }))
    }

    /// All storage ports. Steps of accounts end sessions, and housekeeping removes them: these two are ours as well.
    pub(crate) fn stores(self: &Arc<Self>) -> Stores {
        Stores {
            sessions: Arc::clone(self) as _,
            accounts: Arc::clone(self) as _,
            housekeeping: Arc::clone(self) as _,
            ..self.others.stores()
        }
    }

    /// After this nothing waits until the step is done, so a caller who goes away leaves none half done.
    pub(super) async fn turn(&self) -> MutexGuard<'_, ()> {
        self.turn.lock().await
    }

    /// The row, joined with its account; a row whose account is gone is no row.
    async fn joined(&self, session: SessionId) -> Result<Option<SessionRecord>, StoreError> {
        let Some(row) = self.file.get(session)? else { return Ok(None) };
        let account = self.others.by_id(row.facts.account).await?;
        Ok(account.map(|found| of_account(row, &found.account)))
    }

    /// The account's live sessions, newest first.
    fn live(&self, account: &Account, now: Timestamp) -> Result<Vec<SessionRecord>, StoreError> {
        let rows = self.file.of_account(account.id)?.into_iter().rev();
        Ok(rows.map(|row| of_account(row, account)).filter(|row| row.is_live(now)).collect())
    }

    /// Ends what is not ended yet, and tells the feed. To be called by who has the turn.
    pub(super) fn end_in_turn(&self, end: &EndSessions) -> Result<Ending, StoreError> {
        let (account, wanted): (_, Box<dyn Fn(SessionId) -> bool>) = match end.target {
            EndTarget::Session(id) => match self.file.get(id)? {
                Some(row) => (row.facts.account, Box::new(move |found| found == id)),
                None => return Ok(Ending::default()),
            },
            EndTarget::Owned { account, session } => (account, Box::new(move |found| found == session)),
            EndTarget::Others { account, keep } => (account, Box::new(move |found| found != keep)),
            EndTarget::All(account) => (account, Box::new(|_| true)),
        };
        let rows = self.file.of_account(account)?.into_iter();
        let rows = rows.filter(|row| row.ended.is_none() && wanted(row.facts.session));
        let ended = Ended { at: end.now, by: end.by, reason: end.reason };
        let rows: Vec<_> = rows.map(|row| SessionRecord { ended: Some(ended), ..row }).collect();
        if rows.is_empty() {
            return Ok(Ending::default());
        }
        self.file.commit(&rows)?;
        let revocations = self.revoke(&rows, end.now, end.tokens_until);
        if let Some(event) = &end.event {
            self.others.note_event(event.clone());
        }
        Ok(Ending { revocations })
    }

    /// One entry in the feed for each. Where the feed is in the same database, it is written by the same transaction.
    fn revoke(&self, rows: &[SessionRecord], now: Timestamp, until: Timestamp) -> Vec<Revocation> {
        let kinds = rows.iter().map(|row| RevocationKind::Session(row.facts.session));
        kinds.map(|kind| self.others.note_revocation(kind, now, until)).collect()
    }
}

fn of_account(mut row: SessionRecord, account: &Account) -> SessionRecord {
    row.facts.roles.clone_from(&account.roles);
    row.account_disabled = account.disabled_at.is_some();
    row
}

// ANCHOR: port
#[async_trait]
impl SessionStore for FileSessions {
    async fn open(&self, new: NewSession, limit: SessionLimit) -> Result<Opened, StoreError> {
        let _turn = self.turn().await;
        let found = self.others.by_id(new.account).await?;
        let usable =
            found.filter(|found| found.account.disabled_at.is_none() && new.rests_on.holds(found.password_changed_at));
        let Some(found) = usable else { return Ok(Opened::AccountUnavailable) };

        let live = self.live(&found.account, new.now)?;
        let chosen = new.end_first.filter(|chosen| live.iter().any(|row| row.facts.session == *chosen));
        let counted = live.iter().filter(|row| Some(row.facts.session) != chosen).map(|row| Occupied {
            id: row.facts.session,
            class: row.device_class,
            created_at: row.created_at,
            last_used_at: row.last_used_at,
        });
        let Some(evicted) = limit.make_room(counted.collect(), new.device_class) else {
            return Ok(Opened::LimitReached { live });
        };

        let end = |id: SessionId, by, reason| {
            let row = live.iter().find(|row| row.facts.session == id)?;
            Some(SessionRecord { ended: Some(Ended { at: new.now, by, reason }), ..row.clone() })
        };
        let chosen = chosen.into_iter().filter_map(|id| end(id, Actor::Owner(Some(new.id)), EndReason::Limit));
        let evicted = evicted.into_iter().filter_map(|id| end(id, Actor::Server, EndReason::Evicted));
        let ended: Vec<_> = chosen.chain(evicted).collect();
        let row = first_row(&new, &found.account);
        let facts = row.facts.clone();
        self.file.commit(&[ended.clone(), vec![row]].concat())?;
        let evicted = self.revoke(&ended, new.now, new.tokens_until);
        self.others.note_event(new.event);
        Ok(Opened::Opened { facts, evicted })
    }

    async fn advance(&self, step: Advance) -> Result<Option<SessionFacts>, StoreError> {
        let _turn = self.turn().await;
        let fits = |row: &SessionRecord| {
            row.is_live(step.now) && row.facts.generation == step.from_generation && row.token_hash == step.from_hash
        };
        let Some(mut row) = self.joined(step.session).await?.filter(fits) else { return Ok(None) };
        row.facts.generation = step.to_generation;
        row.facts.idle_expires_at = step.idle_expires_at;
        row.token_hash = step.to_hash;
        row.nonce = Some(step.nonce);
        row.key_id = step.key_id;
        row.attempt_hash = step.attempt_hash;
        row.presenter = step.presenter;
        row.rotated_at = step.now;
        row.last_used_at = step.now;
        self.file.commit(std::slice::from_ref(&row))?;
        Ok(Some(row.facts))
    }

    async fn settle(&self, session: SessionId, judge: Judge) -> Result<Ruling, StoreError> {
        let _turn = self.turn().await;
        let row = self.joined(session).await?;
        let ruling = judge(row.as_ref());
        match &ruling {
            Ruling::Ended(_) | Ruling::Raced => {}
            Ruling::Retry { late, .. } => {
                if let (Some(late), Some(mut row)) = (late, row) {
                    row.late_retries = late.retries;
                    row.late_generation = Some(late.generation);
                    self.file.commit(&[row])?;
                }
            }
            Ruling::Diverged(event) => self.others.note_event(event.clone()),
            Ruling::Replay(end) => drop(self.end_in_turn(end)?),
        }
        Ok(ruling)
    }

    async fn end(&self, end: EndSessions) -> Result<Ending, StoreError> {
        let _turn = self.turn().await;
        self.end_in_turn(&end)
    }

    async fn list(&self, account: AccountId, now: Timestamp) -> Result<Vec<SessionRecord>, StoreError> {
        match self.others.by_id(account).await? {
            Some(found) => self.live(&found.account, now),
            None => Ok(Vec::new()),
        }
    }

    async fn get(&self, session: SessionId) -> Result<Option<SessionRecord>, StoreError> {
        self.joined(session).await
    }

    async fn reauthenticate(&self, again: Reauthenticate) -> Result<Option<SessionFacts>, StoreError> {
        let _turn = self.turn().await;
        let live = self.joined(again.session).await?.filter(|row| row.is_live(again.now));
        let Some(mut row) = live else { return Ok(None) };
        row.facts.auth_time = again.now;
        row.facts.amr = again.amr;
        self.file.commit(std::slice::from_ref(&row))?;
        self.others.note_event(again.event);
        Ok(Some(row.facts))
    }

    async fn rename(
        &self,
        account: AccountId,
        session: SessionId,
        name: Option<DisplayName>,
    ) -> Result<bool, StoreError> {
        let _turn = self.turn().await;
        let own = |row: &SessionRecord| row.facts.account == account && row.ended.is_none();
        let Some(mut row) = self.file.get(session)?.filter(own) else { return Ok(false) };
        row.device_name = name.map(|name| name.as_str().to_owned());
        self.file.commit(&[row])?;
        Ok(true)
    }
}
// ANCHOR_END: port

/// A new session's row, at generation 0.
fn first_row(new: &NewSession, account: &Account) -> SessionRecord {
    let facts = SessionFacts {
        session: new.id,
        account: new.account,
        generation: 0,
        client_id: new.client_id.clone(),
        scope: new.scope.clone(),
        auth_time: new.now,
        amr: new.amr.clone(),
        roles: account.roles.clone(),
        idle_expires_at: new.idle_expires_at,
        expires_at: new.expires_at,
    };
    SessionRecord {
        facts,
        token_hash: new.token_hash.clone(),
        nonce: None,
        key_id: new.key_id,
        attempt_hash: None,
        rotated_at: new.now,
        late_retries: 0,
        late_generation: None,
        device_name: new.device_name.clone(),
        device_class: new.device_class,
        presenter: new.presenter.clone(),
        created_at: new.now,
        last_used_at: new.now,
        ended: None,
        account_disabled: false,
    }
}
