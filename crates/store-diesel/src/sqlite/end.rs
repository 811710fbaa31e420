//! Ending sessions on SQLite: the row, the entry in the feed and the event, in one transaction.

use auth_domain::model::{EndReason, EndSessions, EndTarget, Ending, Revocation, Timestamp};
use diesel::prelude::*;
use diesel::sqlite::Sqlite;

use super::pool::Step;
use super::schema::sessions;
use super::{bytes, events, revocations};
use crate::error::Failure;

/// Ends what is targeted.
pub(super) struct End(pub(super) EndSessions);

impl Step for End {
    type Answer = Ending;

    fn run(&self, connection: &mut SqliteConnection) -> Result<Ending, Failure> {
        Ok(Ending { revocations: end(connection, &self.0)? })
    }

    fn committed(ending: &Ending) {
        if !ending.revocations.is_empty() {
            fail::fail_point!("end-committed");
        }
    }
}

/// Ends what is targeted and was not ended yet; records the event if there was any.
pub(super) fn end(connection: &mut SqliteConnection, end: &EndSessions) -> Result<Vec<Revocation>, Failure> {
    let found = targeted(end.target).load::<Vec<u8>>(connection)?;
    let ended = revoke(connection, found, end.reason, end.now, end.tokens_until)?;
    match &end.event {
        Some(event) if !ended.is_empty() => events::record(connection, event)?,
        _ => {}
    }
    Ok(ended)
}

type Targeted = sessions::BoxedQuery<'static, Sqlite, diesel::sql_types::Binary>;

fn targeted(target: EndTarget) -> Targeted {
    let open = sessions::table
        .filter(sessions::revoked_at.is_null())
        .order((sessions::created_at.asc(), sessions::id.asc()))
        .select(sessions::id)
        .into_boxed();
    match target {
        EndTarget::Session(session) => open.filter(sessions::id.eq(bytes(session.as_uuid()))),
        EndTarget::Owned { account, session } => open
            .filter(sessions::user_id.eq(bytes(account.as_uuid())))
            .filter(sessions::id.eq(bytes(session.as_uuid()))),
        EndTarget::Others { account, keep } => {
            open.filter(sessions::user_id.eq(bytes(account.as_uuid()))).filter(sessions::id.ne(bytes(keep.as_uuid())))
        }
        EndTarget::All(account) => open.filter(sessions::user_id.eq(bytes(account.as_uuid()))),
    }
}

/// Ends these sessions, none of which was ended yet, and writes their entries in the feed.
pub(super) fn revoke(
    connection: &mut SqliteConnection,
    found: Vec<Vec<u8>>,
    reason: EndReason,
    now: Timestamp,
    tokens_until: Timestamp,
) -> Result<Vec<Revocation>, Failure> {
    for id in &found {
        diesel::update(sessions::table.find(id))
            .set((sessions::revoked_at.eq(now.as_micros()), sessions::end_reason.eq(reason.as_str())))
            .execute(connection)?;
    }
    revocations::write(connection, found, now, tokens_until)
}
