//! The revocation feed on PostgreSQL.

use async_trait::async_trait;
use auth_domain::model::{Revocation, RevocationKind, Timestamp};
use auth_domain::ports::{RevocationStore, StoreError};
use diesel::prelude::*;
use diesel::sql_types::{Array, BigInt};
use diesel_async::{AsyncPgConnection, RunQueryDsl, SimpleAsyncConnection};

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

    async fn after(&self, reached: i64, missing: &[(i64, i64)]) -> Result<Vec<Revocation>, StoreError> {
        if missing.is_empty() {
            return self.pool.statement(After(reached)).await;
        }
        let (starts, ends) = missing.iter().copied().unzip();
        self.pool.statement(AfterMissing { reached, starts, ends }).await
    }

    async fn changed(&self) {
        self.listener.changed().await;
    }
}

struct Live(Timestamp);

impl Step for Live {
    type Answer = Vec<Revocation>;

    async fn run(&self, connection: &mut AsyncPgConnection) -> Result<Self::Answer, Failure> {
        let rows: Vec<RevocationRow> = revocations::table
            .filter(revocations::expires_at.gt(self.0.as_micros()))
            .order(revocations::seq)
            .load(connection)
            .await?;
        read(rows)
    }
}

/// What is asked again and again.
struct After(i64);

impl Step for After {
    type Answer = Vec<Revocation>;

    async fn run(&self, connection: &mut AsyncPgConnection) -> Result<Self::Answer, Failure> {
        let new = revocations::table.filter(revocations::seq.gt(self.0)).order(revocations::seq);
        read(new.load(connection).await?)
    }
}

/// What is asked while a number is missing.
struct AfterMissing {
    reached: i64,
    starts: Vec<i64>,
    ends: Vec<i64>,
}

/// Each range is looked up by the primary key: `OFFSET 0` keeps the planner from reading the table through instead.
const AFTER_MISSING: &str = "SELECT seq, kind, subject, not_before, expires_at FROM revocations WHERE seq > $1
    UNION SELECT found.* FROM unnest($2, $3) AS missing (first, last), LATERAL (
        SELECT seq, kind, subject, not_before, expires_at FROM revocations
        WHERE seq BETWEEN missing.first AND missing.last OFFSET 0
    ) AS found
    ORDER BY seq";

impl Step for AfterMissing {
    type Answer = Vec<Revocation>;

    async fn run(&self, connection: &mut AsyncPgConnection) -> Result<Self::Answer, Failure> {
        let asked = diesel::sql_query(AFTER_MISSING)
            .bind::<BigInt, _>(self.reached)
            .bind::<Array<BigInt>, _>(&self.starts)
            .bind::<Array<BigInt>, _>(&self.ends);
        read(asked.load(connection).await?)
    }
}

fn read(rows: Vec<RevocationRow>) -> Result<Vec<Revocation>, Failure> {
    Ok(rows.into_iter().map(RevocationRow::revocation).collect::<Result<_, _>>()?)
}

/// Writes one entry for each, numbered in this order, and wakes every node that listens once they are committed.
pub(super) async fn write(
    connection: &mut AsyncPgConnection,
    kinds: &[RevocationKind],
    not_before: Timestamp,
    expires_at: Timestamp,
) -> Result<Vec<Revocation>, Failure> {
    if kinds.is_empty() {
        return Ok(Vec::new());
    }
    let entries: Vec<_> = kinds
        .iter()
        .map(|kind| {
            (
                revocations::kind.eq(kind.as_str()),
                revocations::subject.eq(kind.subject_bytes()),
                revocations::not_before.eq(not_before.as_micros()),
                revocations::expires_at.eq(expires_at.as_micros()),
            )
        })
        .collect();
    let rows: Vec<RevocationRow> = diesel::insert_into(revocations::table)
        .values(&entries)
        .returning(revocations::all_columns)
        .get_results(connection)
        .await?;
    connection.batch_execute("NOTIFY jeton_revocations").await?;
    read(rows)
}
