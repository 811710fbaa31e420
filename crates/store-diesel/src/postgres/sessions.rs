//! One refresh on PostgreSQL, from the top: [`Advance`] moves the row, in one statement and one round trip; where it could
//! not, [`Look`] finds out why, and [`Settle`] applies what follows, if anything does, in one transaction.

use std::sync::Arc;

use async_trait::async_trait;
use auth_domain::model::{
    AccountId, Advance, DisplayName, EndSessions, Ending, Judge, LateRetry, NewSession, Opened, Ruling, SessionFacts,
    SessionId, SessionLimit, SessionRecord, Timestamp,
};
use auth_domain::ports::{Reauthenticate, SessionStore, StoreError};
use diesel::dsl::exists;
use diesel::pg::Pg;
use diesel::prelude::*;
use diesel::query_builder::{AstPass, Query, QueryFragment, QueryId};
use diesel::sql_types::{BigInt, Binary, Nullable, SmallInt, Text, Uuid};
use diesel_async::{AsyncPgConnection, RunQueryDsl};

use super::end::{self, End};
use super::open::Open;
use super::pool::Step;
use super::schema::{FACTS, SESSION, sessions, users};
use super::{Postgres, events};
use crate::error::Failure;
use crate::row::{FactsRow, SessionRow};
use crate::{column, effect};

#[async_trait]
impl SessionStore for Postgres {
    async fn open(&self, new: NewSession, limit: SessionLimit) -> Result<Opened, StoreError> {
        self.pool.transact(Open { new, limit }).await
    }

    async fn advance(&self, step: Advance) -> Result<Option<SessionFacts>, StoreError> {
        self.pool.statement(step).await
    }

    async fn settle(&self, session: SessionId, judge: Judge) -> Result<Ruling, StoreError> {
        let ruling = self.pool.statement(Look { session, judge: Arc::clone(&judge) }).await?;
        if effect::has_effect(&ruling) { self.pool.transact(Settle { session, judge }).await } else { Ok(ruling) }
    }

    async fn end(&self, end: EndSessions) -> Result<Ending, StoreError> {
        self.pool.transact(End(end)).await
    }

    async fn list(&self, account: AccountId, now: Timestamp) -> Result<Vec<SessionRecord>, StoreError> {
        self.pool.statement(List { account, now }).await
    }

    async fn get(&self, session: SessionId) -> Result<Option<SessionRecord>, StoreError> {
        self.pool.statement(Get(session)).await
    }

    async fn reauthenticate(&self, again: Reauthenticate) -> Result<Option<SessionFacts>, StoreError> {
        self.pool.transact(again).await
    }

    async fn rename(
        &self,
        account: AccountId,
        session: SessionId,
        name: Option<DisplayName>,
    ) -> Result<bool, StoreError> {
        self.pool.statement(Rename { account, session, name }).await
    }
}

/// The straight way.
impl Step for Advance {
    type Answer = Option<SessionFacts>;

    async fn run(&self, connection: &mut AsyncPgConnection) -> Result<Self::Answer, Failure> {
        let moved: Option<FactsRow<uuid::Uuid>> = CompareAndSet::new(self).get_result(connection).await.optional()?;
        Ok(moved.map(FactsRow::facts).transpose()?)
    }

    fn committed(moved: &Self::Answer) {
        if moved.is_some() {
            fail::fail_point!("advance-committed");
        }
    }
}

/// The statement of the straight way, prepared once a connection.
///
/// diesel has no `UPDATE … FROM`, and prepares `sql_query` anew each time, which would be a second round trip. Of many at
/// once for one row the first locks it; the others wait, look at it again, and find another generation. A session that is
/// just being ended is waited for in the same way, so no refresh outruns a revocation. The account is seen as it was when
/// the statement began: who disables one ends its sessions too.
struct CompareAndSet<'a> {
    step: &'a Advance,
    now: i64,
    idle_expires_at: i64,
    ip: Option<String>,
    from_generation: i64,
    to_generation: i64,
    key_id: i16,
    attempt_hash: Option<&'a [u8]>,
    session: uuid::Uuid,
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
            session: step.session.as_uuid(),
        }
    }
}

impl QueryFragment<Pg> for CompareAndSet<'_> {
    fn walk_ast<'b>(&'b self, mut out: AstPass<'_, 'b, Pg>) -> QueryResult<()> {
        out.push_sql("UPDATE sessions SET rotated_at = ");
        out.push_bind_param::<BigInt, _>(&self.now)?;
        out.push_sql(", last_used_at = $1, idle_expires_at = ");
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
        out.push_sql(" FROM users WHERE sessions.id = ");
        out.push_bind_param::<Uuid, _>(&self.session)?;
        out.push_sql(" AND sessions.generation = ");
        out.push_bind_param::<BigInt, _>(&self.from_generation)?;
        out.push_sql(" AND sessions.token_hash = ");
        out.push_bind_param::<Binary, _>(self.step.from_hash.as_bytes())?;
        out.push_sql(
            " AND sessions.revoked_at IS NULL AND sessions.idle_expires_at > $1 AND sessions.expires_at > $1 \
             AND users.id = sessions.user_id AND users.disabled_at IS NULL \
             RETURNING sessions.id, sessions.user_id, sessions.generation, sessions.client_id, sessions.scope, \
             sessions.auth_time, sessions.amr, sessions.idle_expires_at, sessions.expires_at, users.roles",
        );
        Ok(())
    }
}

impl Query for CompareAndSet<'_> {
    type SqlType = (Uuid, Uuid, BigInt, Text, Text, BigInt, Text, BigInt, BigInt, Text);
}

/// The text is always the same, so the type alone finds the prepared statement.
impl QueryId for CompareAndSet<'_> {
    type QueryId = CompareAndSet<'static>;

    const HAS_STATIC_QUERY_ID: bool = true;
}

/// Why the row did not move: the ruling on what is committed, if it has no effect (see [`effect`]).
struct Look {
    session: SessionId,
    judge: Judge,
}

impl Step for Look {
    type Answer = Ruling;

    async fn run(&self, connection: &mut AsyncPgConnection) -> Result<Ruling, Failure> {
        Ok((self.judge)(find(connection, self.session).await?.as_ref()))
    }
}

/// Gives the ruling while it holds the row, and applies what follows.
struct Settle {
    session: SessionId,
    judge: Judge,
}

impl Step for Settle {
    type Answer = Ruling;

    async fn run(&self, connection: &mut AsyncPgConnection) -> Result<Ruling, Failure> {
        // Locked by a statement of its own, so that what is then read, the account included, is not older than the lock.
        sessions::table.find(self.session.as_uuid()).select(sessions::id).for_update().execute(connection).await?;
        let ruling = (self.judge)(find(connection, self.session).await?.as_ref());
        match &ruling {
            Ruling::Ended(_) | Ruling::Raced | Ruling::Retry { late: None, .. } => {}
            Ruling::Retry { late: Some(late), .. } => count(connection, self.session, *late).await?,
            Ruling::Diverged(event) => events::record(connection, event).await?,
            Ruling::Replay(sessions) => {
                end::end(connection, sessions).await?;
            }
        }
        Ok(ruling)
    }

    fn committed(_: &Ruling) {
        fail::fail_point!("settle-committed");
    }
}

/// The row, joined with its account.
async fn find(connection: &mut AsyncPgConnection, session: SessionId) -> Result<Option<SessionRecord>, Failure> {
    let row: Option<SessionRow<uuid::Uuid>> = sessions::table
        .inner_join(users::table)
        .filter(sessions::id.eq(session.as_uuid()))
        .select(SESSION)
        .first(connection)
        .await
        .optional()?;
    Ok(row.map(SessionRow::record).transpose()?)
}

async fn count(connection: &mut AsyncPgConnection, session: SessionId, late: LateRetry) -> Result<(), Failure> {
    diesel::update(sessions::table.find(session.as_uuid()))
        .set((
            sessions::late_retries.eq(i64::from(late.retries)),
            sessions::late_generation.eq(i64::from(late.generation)),
        ))
        .execute(connection)
        .await?;
    Ok(())
}

struct List {
    account: AccountId,
    now: Timestamp,
}

impl Step for List {
    type Answer = Vec<SessionRecord>;

    async fn run(&self, connection: &mut AsyncPgConnection) -> Result<Self::Answer, Failure> {
        let now = self.now.as_micros();
        let rows: Vec<SessionRow<uuid::Uuid>> = sessions::table
            .inner_join(users::table)
            .filter(sessions::user_id.eq(self.account.as_uuid()))
            .filter(sessions::revoked_at.is_null())
            .filter(sessions::idle_expires_at.gt(now))
            .filter(sessions::expires_at.gt(now))
            .filter(users::disabled_at.is_null())
            .order((sessions::created_at.desc(), sessions::id.desc()))
            .select(SESSION)
            .load(connection)
            .await?;
        Ok(rows.into_iter().map(SessionRow::record).collect::<Result<_, _>>()?)
    }
}

struct Get(SessionId);

impl Step for Get {
    type Answer = Option<SessionRecord>;

    async fn run(&self, connection: &mut AsyncPgConnection) -> Result<Self::Answer, Failure> {
        find(connection, self.0).await
    }
}

impl Step for Reauthenticate {
    type Answer = Option<SessionFacts>;

    async fn run(&self, connection: &mut AsyncPgConnection) -> Result<Self::Answer, Failure> {
        let now = self.now.as_micros();
        let enabled = users::table.filter(users::id.eq(sessions::user_id)).filter(users::disabled_at.is_null());
        let live = sessions::table
            .filter(sessions::id.eq(self.session.as_uuid()))
            .filter(sessions::revoked_at.is_null())
            .filter(sessions::idle_expires_at.gt(now))
            .filter(sessions::expires_at.gt(now))
            .filter(exists(enabled));
        let amr = column::words(self.amr.iter().map(String::as_str));
        let noted = diesel::update(live).set((sessions::auth_time.eq(now), sessions::amr.eq(amr)));
        if noted.execute(connection).await? == 0 {
            return Ok(None);
        }
        events::record(connection, &self.event).await?;
        let facts: FactsRow<uuid::Uuid> = sessions::table
            .inner_join(users::table)
            .filter(sessions::id.eq(self.session.as_uuid()))
            .select(FACTS)
            .first(connection)
            .await?;
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

    async fn run(&self, connection: &mut AsyncPgConnection) -> Result<bool, Failure> {
        let own = sessions::table
            .filter(sessions::id.eq(self.session.as_uuid()))
            .filter(sessions::user_id.eq(self.account.as_uuid()))
            .filter(sessions::revoked_at.is_null());
        let renamed = diesel::update(own)
            .set(sessions::device_name.eq(self.name.as_ref().map(DisplayName::as_str)))
            .execute(connection)
            .await?;
        Ok(renamed > 0)
    }
}
