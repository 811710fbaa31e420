//! Ending sessions on SQLite: the row, the entry in the feed and the event, in one transaction.

use auth_domain::model::{AccountId, EndSessions, EndTarget, Ending, Revocation, RevocationKind, SessionId};
use diesel::prelude::*;
use diesel::sqlite::Sqlite;

use super::pool::Step;
use super::schema::sessions;
use super::{bytes, events, revocations};
use crate::column::{At, StoredId};
use crate::ending::Cause;
use crate::error::Failure;

/// Ends what is targeted.
pub(super) struct End(pub(super) EndSessions);

impl Step for End {
    type Answer = Ending;

    fn run(&self, connection: &mut SqliteConnection) -> Result<Ending, Failure> {
        Ok(Ending { revocations: end(connection, &self.0)? })
    }

    fn is_news(ending: &Ending) -> bool {
        !ending.revocations.is_empty()
    }

    fn committed(ending: &Ending) {
        if !ending.revocations.is_empty() {
            fail::fail_point!("end-committed");
        }
    }
}

/// Ends what is targeted and was not ended yet; records the event if there was any.
pub(super) fn end(connection: &mut SqliteConnection, end: &EndSessions) -> Result<Vec<Revocation>, Failure> {
    let found = open(connection, end.target)?;
    let ended = revoke(connection, &found, end.into())?;
    match &end.event {
        Some(event) if !ended.is_empty() => events::record(connection, event)?,
        _ => {}
    }
    Ok(ended)
}

/// The account's sessions that were not ended yet, in the order they were opened.
pub(super) fn open_of(connection: &mut SqliteConnection, account: AccountId) -> Result<Vec<SessionId>, Failure> {
    open(connection, EndTarget::All(account))
}

fn open(connection: &mut SqliteConnection, target: EndTarget) -> Result<Vec<SessionId>, Failure> {
    let ids: Vec<Vec<u8>> = targeted(target).load(connection)?;
    let ids = ids.into_iter().map(|id| Ok(SessionId::from_uuid(id.read(At("sessions", "id"))?)));
    ids.collect()
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

/// Ends these sessions, none of which was ended yet, and writes their entries in the feed, in this order.
pub(super) fn revoke(
    connection: &mut SqliteConnection,
    found: &[SessionId],
    cause: Cause,
) -> Result<Vec<Revocation>, Failure> {
    for session in found {
        diesel::update(sessions::table.find(bytes(session.as_uuid())))
            .set((
                sessions::revoked_at.eq(cause.now.as_micros()),
                sessions::end_reason.eq(cause.reason.as_str()),
                sessions::ended_by.eq(cause.by.as_str()),
                sessions::ended_by_id.eq(cause.by.id().map(bytes)),
            ))
            .execute(connection)?;
    }
    let kinds: Vec<_> = found.iter().map(|session| RevocationKind::Session(*session)).collect();
    revocations::write(connection, &kinds, cause.now, cause.tokens_until)
}
