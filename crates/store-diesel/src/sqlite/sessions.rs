//! One refresh on SQLite, from the top: [`Advance`] moves the row; where it could not, [`Settle`] finds out why and
//! applies what follows. Both run on the writer's thread, so nothing changes between the statements of a step.

use async_trait::async_trait;
use auth_domain::model::{
    AccountId, Advance, EndSessions, Ending, Judge, LateRetry, NewSession, Opened, Ruling, SessionFacts, SessionId,
    SessionLimit, SessionRecord, Timestamp,
};
use auth_domain::ports::{SessionStore, StoreError};
use diesel::dsl::exists;
use diesel::prelude::*;

use super::end::{self, End};
use super::open::Open;
use super::pool::Step;
use super::schema::{FACTS, SESSION, sessions, users};
use super::{Sqlite, bytes, events};
use crate::column;
use crate::error::Failure;
use crate::row::{FactsRow, SessionRow};

#[async_trait]
impl SessionStore for Sqlite {
    async fn open(&self, new: NewSession, limit: SessionLimit) -> Result<Opened, StoreError> {
        self.pool.write(Open { new, limit }).await
    }

    async fn advance(&self, step: Advance) -> Result<Option<SessionFacts>, StoreError> {
        self.pool.write(step).await
    }

    async fn settle(&self, session: SessionId, judge: Judge) -> Result<Ruling, StoreError> {
        self.pool.write(Settle { session, judge }).await
    }

    async fn end(&self, end: EndSessions) -> Result<Ending, StoreError> {
        self.pool.write(End(end)).await
    }

    async fn list(&self, account: AccountId, now: Timestamp) -> Result<Vec<SessionRecord>, StoreError> {
        self.pool.read(List { account, now }).await
    }
}

/// The straight way. `RETURNING` does not see the account here, so its facts are read by a second statement.
impl Step for Advance {
    type Answer = Option<SessionFacts>;

    fn run(&self, connection: &mut SqliteConnection) -> Result<Self::Answer, Failure> {
        let now = self.now.as_micros();
        let id = bytes(self.session.as_uuid());
        let owner = users::table.filter(users::id.eq(sessions::user_id)).filter(users::disabled_at.is_null());
        let row = sessions::table
            .filter(sessions::id.eq(&id))
            .filter(sessions::generation.eq(i64::from(self.from_generation)))
            .filter(sessions::token_hash.eq(self.from_hash.as_bytes().as_slice()))
            .filter(sessions::revoked_at.is_null())
            .filter(sessions::idle_expires_at.gt(now))
            .filter(sessions::expires_at.gt(now))
            .filter(exists(owner));
        let moved = diesel::update(row)
            .set((
                sessions::generation.eq(i64::from(self.to_generation)),
                sessions::token_hash.eq(self.to_hash.as_bytes().as_slice()),
                sessions::nonce.eq(self.nonce.as_bytes().as_slice()),
                sessions::key_id.eq(i16::from(self.key_id)),
                sessions::attempt_hash.eq(self.attempt_hash.as_ref().map(|hash| hash.as_bytes().as_slice())),
                sessions::rotated_at.eq(now),
                sessions::last_used_at.eq(now),
                sessions::idle_expires_at.eq(self.idle_expires_at.as_micros()),
                sessions::ip.eq(column::ip(&self.presenter)),
                sessions::user_agent.eq(self.presenter.user_agent.as_deref()),
            ))
            .execute(connection)?;
        if moved == 0 {
            return Ok(None);
        }
        let facts: FactsRow<Vec<u8>> =
            sessions::table.inner_join(users::table).filter(sessions::id.eq(&id)).select(FACTS).first(connection)?;
        Ok(Some(facts.facts()?))
    }

    fn committed() {
        fail::fail_point!("advance-committed");
    }
}

/// Why the row did not move, and what follows.
struct Settle {
    session: SessionId,
    judge: Judge,
}

impl Step for Settle {
    type Answer = Ruling;

    fn run(&self, connection: &mut SqliteConnection) -> Result<Ruling, Failure> {
        let row: Option<SessionRow<Vec<u8>>> = sessions::table
            .inner_join(users::table)
            .filter(sessions::id.eq(bytes(self.session.as_uuid())))
            .select(SESSION)
            .first(connection)
            .optional()?;
        let record = row.map(SessionRow::record).transpose()?;
        let ruling = (self.judge)(record.as_ref());
        match &ruling {
            Ruling::Ended | Ruling::Raced | Ruling::Retry { late: None, .. } => {}
            Ruling::Retry { late: Some(late), .. } => count(connection, self.session, *late)?,
            Ruling::Diverged(event) => events::record(connection, event)?,
            Ruling::Replay(sessions) => {
                end::end(connection, sessions)?;
            }
        }
        Ok(ruling)
    }

    fn committed() {
        fail::fail_point!("settle-committed");
    }
}

fn count(connection: &mut SqliteConnection, session: SessionId, late: LateRetry) -> Result<(), Failure> {
    diesel::update(sessions::table.find(bytes(session.as_uuid())))
        .set((
            sessions::late_retries.eq(i64::from(late.retries)),
            sessions::late_generation.eq(i64::from(late.generation)),
        ))
        .execute(connection)?;
    Ok(())
}

struct List {
    account: AccountId,
    now: Timestamp,
}

impl Step for List {
    type Answer = Vec<SessionRecord>;

    fn run(&self, connection: &mut SqliteConnection) -> Result<Self::Answer, Failure> {
        let now = self.now.as_micros();
        let rows: Vec<SessionRow<Vec<u8>>> = sessions::table
            .inner_join(users::table)
            .filter(sessions::user_id.eq(bytes(self.account.as_uuid())))
            .filter(sessions::revoked_at.is_null())
            .filter(sessions::idle_expires_at.gt(now))
            .filter(sessions::expires_at.gt(now))
            .filter(users::disabled_at.is_null())
            .order((sessions::created_at.desc(), sessions::id.desc()))
            .select(SESSION)
            .load(connection)?;
        Ok(rows.into_iter().map(SessionRow::record).collect::<Result<_, _>>()?)
    }
}
