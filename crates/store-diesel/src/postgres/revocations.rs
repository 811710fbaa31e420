//! The revocation feed on PostgreSQL.

use async_trait::async_trait;
use auth_domain::model::{Revocation, Timestamp};
use auth_domain::ports::{RevocationStore, StoreError};
use diesel::prelude::*;
use diesel_async::{AsyncPgConnection, RunQueryDsl};
use uuid::Uuid;

use super::Postgres;
use super::pool::Step;
use super::schema::revocations;
use crate::error::Failure;
use crate::row::RevocationRow;

#[async_trait]
impl RevocationStore for Postgres {
    async fn live(&self, now: Timestamp) -> Result<Vec<Revocation>, StoreError> {
        self.pool.statement(Live(now)).await
    }
}

struct Live(Timestamp);

impl Step for Live {
    type Answer = Vec<Revocation>;

    async fn run(&self, connection: &mut AsyncPgConnection) -> Result<Self::Answer, Failure> {
        let rows: Vec<RevocationRow<Uuid>> = revocations::table
            .filter(revocations::expires_at.gt(self.0.as_micros()))
            .order(revocations::seq)
            .load(connection)
            .await?;
        Ok(rows.into_iter().map(RevocationRow::revocation).collect::<Result<_, _>>()?)
    }
}

/// Writes one entry for each session.
pub(super) async fn write(
    connection: &mut AsyncPgConnection,
    sessions: &[Uuid],
    not_before: Timestamp,
    expires_at: Timestamp,
) -> Result<Vec<Revocation>, Failure> {
    if sessions.is_empty() {
        return Ok(Vec::new());
    }
    let entries: Vec<_> = sessions
        .iter()
        .map(|session| {
            (
                revocations::kind.eq("session"),
                revocations::subject.eq(session),
                revocations::not_before.eq(not_before.as_micros()),
                revocations::expires_at.eq(expires_at.as_micros()),
            )
        })
        .collect();
    let rows: Vec<RevocationRow<Uuid>> = diesel::insert_into(revocations::table)
        .values(&entries)
        .returning(revocations::all_columns)
        .get_results(connection)
        .await?;
    Ok(rows.into_iter().map(RevocationRow::revocation).collect::<Result<_, _>>()?)
}
