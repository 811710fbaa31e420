//! The revocation feed on SQLite.

use async_trait::async_trait;
use auth_domain::model::{Revocation, RevocationKind, SessionId, Timestamp};
use auth_domain::ports::{RevocationStore, StoreError};
use diesel::prelude::*;

use super::Sqlite;
use super::pool::Step;
use super::schema::revocations;
use crate::column::{At, StoredId};
use crate::error::Failure;
use crate::row::RevocationRow;

#[async_trait]
impl RevocationStore for Sqlite {
    async fn live(&self, now: Timestamp) -> Result<Vec<Revocation>, StoreError> {
        self.pool.read(Live(now)).await
    }
}

struct Live(Timestamp);

impl Step for Live {
    type Answer = Vec<Revocation>;

    fn run(&self, connection: &mut SqliteConnection) -> Result<Self::Answer, Failure> {
        let rows: Vec<RevocationRow<Vec<u8>>> = revocations::table
            .filter(revocations::expires_at.gt(self.0.as_micros()))
            .order(revocations::seq)
            .load(connection)?;
        Ok(rows.into_iter().map(RevocationRow::revocation).collect::<Result<_, _>>()?)
    }
}

/// Writes one entry for each session.
pub(super) fn write(
    connection: &mut SqliteConnection,
    sessions: Vec<Vec<u8>>,
    not_before: Timestamp,
    expires_at: Timestamp,
) -> Result<Vec<Revocation>, Failure> {
    let mut written = Vec::with_capacity(sessions.len());
    for id in sessions {
        let kind = RevocationKind::Session(SessionId::from_uuid(id.read(At("sessions", "id"))?));
        let seq = diesel::insert_into(revocations::table)
            .values((
                revocations::kind.eq(kind.as_str()),
                revocations::subject.eq(id),
                revocations::not_before.eq(not_before.as_micros()),
                revocations::expires_at.eq(expires_at.as_micros()),
            ))
            .returning(revocations::seq)
            .get_result(connection)?;
        written.push(Revocation { seq, kind, not_before, expires_at });
    }
    Ok(written)
}
