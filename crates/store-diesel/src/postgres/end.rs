//! Ending sessions on PostgreSQL: the row, the entry in the feed and the event, in one transaction.

use auth_domain::model::{AccountId, EndSessions, EndTarget, Ending, Revocation, RevocationKind, SessionId};
use diesel::pg::Pg;
use diesel::prelude::*;
use diesel_async::{AsyncPgConnection, RunQueryDsl};
use uuid::Uuid;

use super::pool::Step;
use super::schema::sessions;
use super::{events, revocations};
use crate::ending::Cause;
use crate::error::Failure;

/// Ends what is targeted.
pub(super) struct End(pub(super) EndSessions);

impl Step for End {
    type Answer = Ending;

    async fn run(&self, connection: &mut AsyncPgConnection) -> Result<Ending, Failure> {
        Ok(Ending { revocations: end(connection, &self.0).await? })
    }

    fn committed(ending: &Ending) {
        if !ending.revocations.is_empty() {
            fail::fail_point!("end-committed");
        }
    }
}

/// Ends what is targeted and was not ended yet; records the event if there was any.
pub(super) async fn end(connection: &mut AsyncPgConnection, end: &EndSessions) -> Result<Vec<Revocation>, Failure> {
    let found = open(connection, end.target).await?;
    let ended = revoke(connection, &found, end.into()).await?;
    match &end.event {
        Some(event) if !ended.is_empty() => events::record(connection, event).await?,
        _ => {}
    }
    Ok(ended)
}

/// The account's sessions that were not ended yet, in the order they were opened.
pub(super) async fn open_of(connection: &mut AsyncPgConnection, account: AccountId) -> Result<Vec<SessionId>, Failure> {
    open(connection, EndTarget::All(account)).await
}

async fn open(connection: &mut AsyncPgConnection, target: EndTarget) -> Result<Vec<SessionId>, Failure> {
    Ok(targeted(target).load(connection).await?.into_iter().map(SessionId::from_uuid).collect())
}

type Targeted = sessions::BoxedQuery<'static, Pg, diesel::sql_types::Uuid>;

fn targeted(target: EndTarget) -> Targeted {
    let open = sessions::table
        .filter(sessions::revoked_at.is_null())
        .order((sessions::created_at.asc(), sessions::id.asc()))
        .select(sessions::id)
        .into_boxed();
    match target {
        EndTarget::Session(session) => open.filter(sessions::id.eq(session.as_uuid())),
        EndTarget::Owned { account, session } => {
            open.filter(sessions::user_id.eq(account.as_uuid())).filter(sessions::id.eq(session.as_uuid()))
        }
        EndTarget::Others { account, keep } => {
            open.filter(sessions::user_id.eq(account.as_uuid())).filter(sessions::id.ne(keep.as_uuid()))
        }
        EndTarget::All(account) => open.filter(sessions::user_id.eq(account.as_uuid())),
    }
}

/// Ends those of these sessions that nobody else has ended meanwhile, and writes their entries in the feed, in this order.
pub(super) async fn revoke(
    connection: &mut AsyncPgConnection,
    found: &[SessionId],
    cause: Cause,
) -> Result<Vec<Revocation>, Failure> {
    if found.is_empty() {
        return Ok(Vec::new());
    }
    let ids: Vec<Uuid> = found.iter().map(SessionId::as_uuid).collect();
    if ids.len() > 1 {
        // In order of their ids, as everyone does who locks several.
        sessions::table
            .filter(sessions::id.eq_any(&ids))
            .order(sessions::id)
            .select(sessions::id)
            .for_update()
            .execute(connection)
            .await?;
    }
    let open = sessions::table.filter(sessions::id.eq_any(ids)).filter(sessions::revoked_at.is_null());
    let ended: Vec<Uuid> = diesel::update(open)
        .set((
            sessions::revoked_at.eq(cause.now.as_micros()),
            sessions::end_reason.eq(cause.reason.as_str()),
            sessions::ended_by.eq(cause.by.as_str()),
            sessions::ended_by_id.eq(cause.by.id()),
        ))
        .returning(sessions::id)
        .get_results(connection)
        .await?;
    let ended = found.iter().filter(|session| ended.contains(&session.as_uuid()));
    let kinds: Vec<_> = ended.map(|session| RevocationKind::Session(*session)).collect();
    revocations::write(connection, &kinds, cause.now, cause.tokens_until).await
}
