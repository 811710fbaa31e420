//! Ending sessions on PostgreSQL: the row, the entry in the feed and the event, in one transaction.

use auth_domain::model::{EndReason, EndSessions, EndTarget, Ending, Revocation, Timestamp};
use diesel::pg::Pg;
use diesel::prelude::*;
use diesel_async::{AsyncPgConnection, RunQueryDsl};
use uuid::Uuid;

use super::pool::Step;
use super::schema::sessions;
use super::{events, revocations};
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
    let found = targeted(end.target).load::<Uuid>(connection).await?;
    let ended = revoke(connection, found, end.reason, end.now, end.tokens_until).await?;
    match &end.event {
        Some(event) if !ended.is_empty() => events::record(connection, event).await?,
        _ => {}
    }
    Ok(ended)
}

type Targeted = sessions::BoxedQuery<'static, Pg, diesel::sql_types::Uuid>;

fn targeted(target: EndTarget) -> Targeted {
    let open = sessions::table.filter(sessions::revoked_at.is_null()).select(sessions::id).into_boxed();
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

/// Ends those of these sessions that nobody else has ended meanwhile, and writes their entries in the feed.
pub(super) async fn revoke(
    connection: &mut AsyncPgConnection,
    found: Vec<Uuid>,
    reason: EndReason,
    now: Timestamp,
    tokens_until: Timestamp,
) -> Result<Vec<Revocation>, Failure> {
    if found.is_empty() {
        return Ok(Vec::new());
    }
    if found.len() > 1 {
        // In order of their ids, as everyone does who locks several.
        sessions::table
            .filter(sessions::id.eq_any(&found))
            .order(sessions::id)
            .select(sessions::id)
            .for_update()
            .execute(connection)
            .await?;
    }
    let open = sessions::table.filter(sessions::id.eq_any(found)).filter(sessions::revoked_at.is_null());
    let mut ended: Vec<Uuid> = diesel::update(open)
        .set((sessions::revoked_at.eq(now.as_micros()), sessions::end_reason.eq(reason.as_str())))
        .returning(sessions::id)
        .get_results(connection)
        .await?;
    ended.sort_unstable();
    revocations::write(connection, &ended, now, tokens_until).await
}
