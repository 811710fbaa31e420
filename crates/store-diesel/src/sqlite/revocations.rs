//! The revocation feed on SQLite.

use async_trait::async_trait;
use auth_domain::model::{Revocation, RevocationKind, Timestamp};
use auth_domain::ports::{RevocationStore, StoreError};
use diesel::prelude::*;
use diesel::sql_types::{BigInt, Text};

use super::pool::Step;
use super::schema::revocations;
use super::{Sqlite, listener};
use crate::error::Failure;
use crate::row::RevocationRow;

#[async_trait]
impl RevocationStore for Sqlite {
    async fn live(&self, now: Timestamp) -> Result<Vec<Revocation>, StoreError> {
        self.pool.read(Live(now)).await
    }

    async fn after(&self, reached: i64, missing: &[(i64, i64)]) -> Result<Vec<Revocation>, StoreError> {
        if missing.is_empty() {
            return self.pool.read(After(reached)).await;
        }
        let missing: Vec<_> = missing.iter().map(|(first, last)| [first, last]).collect();
        let missing = serde_json::json!(missing).to_string();
        self.pool.read(AfterMissing { reached, missing }).await
    }

    async fn changed(&self) {
        listener::changed(self).await;
    }
}

struct Live(Timestamp);

impl Step for Live {
    type Answer = Vec<Revocation>;

    fn run(&self, connection: &mut SqliteConnection) -> Result<Self::Answer, Failure> {
        let rows: Vec<RevocationRow> = revocations::table
            .filter(revocations::expires_at.gt(self.0.as_micros()))
            .order(revocations::seq)
            .load(connection)?;
        read(rows)
    }
}

/// What is asked again and again.
struct After(i64);

impl Step for After {
    type Answer = Vec<Revocation>;

    fn run(&self, connection: &mut SqliteConnection) -> Result<Self::Answer, Failure> {
        read(revocations::table.filter(revocations::seq.gt(self.0)).order(revocations::seq).load(connection)?)
    }
}

/// What is asked while a number is missing: here one is only where an entry was written and cleaned up, or another process
/// numbers entries by hand.
struct AfterMissing {
    reached: i64,
    missing: String,
}

/// Each range is looked up by the primary key: a `CROSS JOIN` is not turned round.
const AFTER_MISSING: &str = "SELECT seq, kind, subject, not_before, expires_at FROM revocations WHERE seq > ?1
    UNION SELECT seq, kind, subject, not_before, expires_at FROM json_each(?2) AS missing CROSS JOIN revocations
        WHERE seq BETWEEN missing.value ->> 0 AND missing.value ->> 1
    ORDER BY seq";

impl Step for AfterMissing {
    type Answer = Vec<Revocation>;

    fn run(&self, connection: &mut SqliteConnection) -> Result<Self::Answer, Failure> {
        let asked = diesel::sql_query(AFTER_MISSING).bind::<BigInt, _>(self.reached).bind::<Text, _>(&self.missing);
        read(asked.load(connection)?)
    }
}

fn read(rows: Vec<RevocationRow>) -> Result<Vec<Revocation>, Failure> {
    Ok(rows.into_iter().map(RevocationRow::revocation).collect::<Result<_, _>>()?)
}

/// Writes one entry for each, numbered in this order.
pub(super) fn write(
    connection: &mut SqliteConnection,
    kinds: &[RevocationKind],
    not_before: Timestamp,
    expires_at: Timestamp,
) -> Result<Vec<Revocation>, Failure> {
    let mut written = Vec::with_capacity(kinds.len());
    for kind in kinds {
        let seq = diesel::insert_into(revocations::table)
            .values((
                revocations::kind.eq(kind.as_str()),
                revocations::subject.eq(kind.subject_bytes()),
                revocations::not_before.eq(not_before.as_micros()),
                revocations::expires_at.eq(expires_at.as_micros()),
            ))
            .returning(revocations::seq)
            .get_result(connection)?;
        written.push(Revocation { seq, kind: *kind, not_before, expires_at });
    }
    Ok(written)
}
