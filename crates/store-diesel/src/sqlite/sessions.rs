//! One refresh on SQLite, from the top: [`Advance`] moves the row; where it could not, [`Look`] finds out why, and [`Settle`]
//! applies what follows, if anything does. What writes runs on the writer's thread, so nothing changes between the
//! statements of a step.

use std::sync::Arc;

use async_trait::async_trait;
use auth_domain::model::{
    AccountId, Advance, DisplayName, EndSessions, Ending, Judge, LateRetry, NewSession, Opened, Ruling, SessionFacts,
    SessionId, SessionLimit, SessionRecord, Timestamp,
};
use auth_domain::ports::{Reauthenticate, SessionStore, StoreError};
use diesel::dsl::exists;
use diesel::prelude::*;
use diesel::query_builder::{AstPass, QueryFragment, QueryId};
use diesel::sql_types::{BigInt, Binary, Nullable, SmallInt, Text};

use super::end::{self, End};
use super::open::Open;
use super::pool::Step;
use super::schema::{FACTS, SESSION, sessions, users};
use super::{Sqlite, bytes, events};
use crate::error::Failure;
use crate::row::{FactsRow, SessionRow};
use crate::{column, effect};

#[async_trait]
impl SessionStore for Sqlite {
    async fn open(&self, new: NewSession, limit: SessionLimit) -> Result<Opened, StoreError> {
        self.pool.write(Open { new, limit }).await
    }

    async fn advance(&self, step: Advance) -> Result<Option<SessionFacts>, StoreError> {
        self.pool.write(step).await
    }

    async fn settle(&self, session: SessionId, judge: Judge) -> Result<Ruling, StoreError> {
        let ruling = self.pool.read(Look { session, judge: Arc::clone(&judge) }).await?;
        if effect::has_effect(&ruling) { self.pool.write(Settle { session, judge }).await } else { Ok(ruling) }
    }

    async fn end(&self, end: EndSessions) -> Result<Ending, StoreError> {
        self.pool.write(End(end)).await
    }

    async fn list(&self, account: AccountId, now: Timestamp) -> Result<Vec<SessionRecord>, StoreError> {
        self.pool.read(List { account, now }).await
    }

    async fn get(&self, session: SessionId) -> Result<Option<SessionRecord>, StoreError> {
        self.pool.read(Get(session)).await
    }

    async fn reauthenticate(&self, again: Reauthenticate) -> Result<Option<SessionFacts>, StoreError> {
        self.pool.write(again).await
    }

    async fn rename(
        &self,
        account: AccountId,
        session: SessionId,
        name: Option<DisplayName>,
    ) -> Result<bool, StoreError> {
        self.pool.write(Rename { account, session, name }).await
    }
}

/// The straight way. `RETURNING` does not see the account here, so its facts are read by a second statement.
impl Step for Advance {
    type Answer = Option<SessionFacts>;

    fn run(&self, connection: &mut SqliteConnection) -> Result<Self::Answer, Failure> {
        let moved = CompareAndSet::new(self).execute(connection)?;
        if moved == 0 {
            return Ok(None);
        }
        let facts: FactsRow<Vec<u8>> = sessions::table
            .inner_join(users::table)
            .filter(sessions::id.eq(bytes(self.session.as_uuid())))
            .select(FACTS)
            .get_result(connection)?;
        Ok(Some(facts.facts()?))
    }

    fn committed(moved: &Self::Answer) {
        if moved.is_some() {
            fail::fail_point!("advance-committed");
        }
    }
}

/// The statement of the straight way, prepared once. It is written out because diesel never keeps a prepared `UPDATE`.
struct CompareAndSet<'a> {
    step: &'a Advance,
    now: i64,
    idle_expires_at: i64,
    ip: Option<String>,
    from_generation: i64,
    to_generation: i64,
    key_id: i16,
    attempt_hash: Option<&'a [u8]>,
    session: [u8; 16],
}

impl<'a> CompareAndSet<'a> {
    fn new(step: &'a Advance) -> Self {
        Self {
            step,
            now: step.now.as_micros(),
            idle_expires_at: step.idle_expires_at.as_micros(),
            ip: column::ip(&step.presenter),
            from_generation: i64::from(step.from_generation),
            to_generation: i64::from(step.to_generation),
            key_id: i16::from(step.key_id),
            attempt_hash: step.attempt_hash.as_ref().map(|hash| hash.as_bytes().as_slice()),
            session: step.session.as_uuid().into_bytes(),
        }
    }
}

impl QueryFragment<diesel::sqlite::Sqlite> for CompareAndSet<'_> {
    fn walk_ast<'b>(&'b self, mut out: AstPass<'_, 'b, diesel::sqlite::Sqlite>) -> QueryResult<()> {
        out.push_sql("UPDATE sessions SET rotated_at = ");
        out.push_bind_param::<BigInt, _>(&self.now)?;
        out.push_sql(", last_used_at = ?1, idle_expires_at = ");
        out.push_bind_param::<BigInt, _>(&self.idle_expires_at)?;
        out.push_sql(", generation = ");
        out.push_bind_param::<BigInt, _>(&self.to_generation)?;
        out.push_sql(", token_hash = ");
        out.push_bind_param::<Binary, _>(self.step.to_hash.as_bytes())?;
        out.push_sql(", nonce = ");
        out.push_bind_param::<Binary, _>(self.step.nonce.as_bytes())?;
        out.push_sql(", key_id = ");
        out.push_bind_param::<SmallInt, _>(&self.key_id)?;
        out.push_sql(", attempt_hash = ");
        out.push_bind_param::<Nullable<Binary>, _>(&self.attempt_hash)?;
        out.push_sql(", ip = ");
        out.push_bind_param::<Nullable<Text>, _>(&self.ip)?;
        out.push_sql(", user_agent = ");
        out.push_bind_param::<Nullable<Text>, _>(&self.step.presenter.user_agent)?;
        out.push_sql(" WHERE id = ");
        out.push_bind_param::<Binary, _>(&self.session)?;
        out.push_sql(" AND generation = ");
        out.push_bind_param::<BigInt, _>(&self.from_generation)?;
        out.push_sql(" AND token_hash = ");
        out.push_bind_param::<Binary, _>(self.step.from_hash.as_bytes())?;
        out.push_sql(
            " AND revoked_at IS NULL AND idle_expires_at > ?1 AND expires_at > ?1 \
             AND EXISTS (SELECT 1 FROM users WHERE users.id = sessions.user_id AND users.disabled_at IS NULL)",
        );
        Ok(())
    }
}

/// The text is always the same, so the type alone finds the prepared statement.
impl QueryId for CompareAndSet<'_> {
    type QueryId = CompareAndSet<'static>;

    const HAS_STATIC_QUERY_ID: bool = true;
}

impl RunQueryDsl<SqliteConnection> for CompareAndSet<'_> {}

/// Why the row did not move: the ruling on what is committed, if it has no effect (see [`effect`]).
struct Look {
    session: SessionId,
    judge: Judge,
}

impl Step for Look {
    type Answer = Ruling;

    fn run(&self, connection: &mut SqliteConnection) -> Result<Ruling, Failure> {
        Ok((self.judge)(find(connection, self.session)?.as_ref()))
    }
}

/// Gives the ruling on the writer's thread, where nobody else changes the row, and applies what follows.
struct Settle {
    session: SessionId,
    judge: Judge,
}

impl Step for Settle {
    type Answer = Ruling;

    fn run(&self, connection: &mut SqliteConnection) -> Result<Ruling, Failure> {
        let ruling = (self.judge)(find(connection, self.session)?.as_ref());
        match &ruling {
            Ruling::Ended(_) | Ruling::Raced | Ruling::Retry { late: None, .. } => {}
            Ruling::Retry { late: Some(late), .. } => count(connection, self.session, *late)?,
            Ruling::Diverged(event) => events::record(connection, event)?,
            Ruling::Replay(sessions) => {
                end::end(connection, sessions)?;
            }
        }
        Ok(ruling)
    }

    fn is_news(ruling: &Ruling) -> bool {
        matches!(ruling, Ruling::Replay(_))
    }

    fn committed(_: &Ruling) {
        fail::fail_point!("settle-committed");
    }
}

/// The row, joined with its account.
fn find(connection: &mut SqliteConnection, session: SessionId) -> Result<Option<SessionRecord>, Failure> {
    let row: Option<SessionRow<Vec<u8>>> = sessions::table
        .inner_join(users::table)
        .filter(sessions::id.eq(bytes(session.as_uuid())))
        .select(SESSION)
        .get_result(connection)
        .optional()?;
    Ok(row.map(SessionRow::record).transpose()?)
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
        live(connection, self.account, self.now)
    }
}

/// The account's live sessions, newest first.
pub(super) fn live(
    connection: &mut SqliteConnection,
    account: AccountId,
    now: Timestamp,
) -> Result<Vec<SessionRecord>, Failure> {
    let now = now.as_micros();
    let rows: Vec<SessionRow<Vec<u8>>> = sessions::table
        .inner_join(users::table)
        .filter(sessions::user_id.eq(bytes(account.as_uuid())))
        .filter(sessions::revoked_at.is_null())
        .filter(sessions::idle_expires_at.gt(now))
        .filter(sessions::expires_at.gt(now))
        .filter(users::disabled_at.is_null())
        .order((sessions::created_at.desc(), sessions::id.desc()))
        .select(SESSION)
        .load(connection)?;
    Ok(rows.into_iter().map(SessionRow::record).collect::<Result<_, _>>()?)
}

struct Get(SessionId);

impl Step for Get {
    type Answer = Option<SessionRecord>;

    fn run(&self, connection: &mut SqliteConnection) -> Result<Self::Answer, Failure> {
        find(connection, self.0)
    }
}

impl Step for Reauthenticate {
    type Answer = Option<SessionFacts>;

    fn run(&self, connection: &mut SqliteConnection) -> Result<Self::Answer, Failure> {
        let now = self.now.as_micros();
        let enabled = users::table.filter(users::id.eq(sessions::user_id)).filter(users::disabled_at.is_null());
        let live = sessions::table
            .filter(sessions::id.eq(bytes(self.session.as_uuid())))
            .filter(sessions::revoked_at.is_null())
            .filter(sessions::idle_expires_at.gt(now))
            .filter(sessions::expires_at.gt(now))
            .filter(exists(enabled));
        let amr = column::words(self.amr.iter().map(String::as_str));
        let noted = diesel::update(live).set((sessions::auth_time.eq(now), sessions::amr.eq(amr)));
        if noted.execute(connection)? == 0 {
            return Ok(None);
        }
        events::record(connection, &self.event)?;
        let facts: FactsRow<Vec<u8>> = sessions::table
            .inner_join(users::table)
            .filter(sessions::id.eq(bytes(self.session.as_uuid())))
            .select(FACTS)
            .get_result(connection)?;
        Ok(Some(facts.facts()?))
    }
}

struct Rename {
    account: AccountId,
    session: SessionId,
    name: Option<DisplayName>,
}

impl Step for Rename {
    type Answer = bool;

    fn run(&self, connection: &mut SqliteConnection) -> Result<bool, Failure> {
        let own = sessions::table
            .filter(sessions::id.eq(bytes(self.session.as_uuid())))
            .filter(sessions::user_id.eq(bytes(self.account.as_uuid())))
            .filter(sessions::revoked_at.is_null());
        let renamed = diesel::update(own)
            .set(sessions::device_name.eq(self.name.as_ref().map(DisplayName::as_str)))
            .execute(connection)?;
        Ok(renamed > 0)
    }
}
