//! Clean-up on SQLite: each kind of rows in a job of its own on the writer.

use async_trait::async_trait;
use auth_domain::model::Tally;
use auth_domain::ports::{Housekeeping, Retention, StoreError};
use diesel::prelude::*;
use diesel::sql_types::BigInt;

use super::Sqlite;
use super::pool::Step;
use super::schema::{login_throttle, sessions};
use crate::error::Failure;

const REVOCATIONS: &str = "DELETE FROM revocations WHERE seq IN (
    SELECT seq FROM revocations WHERE expires_at <= ?1 ORDER BY expires_at LIMIT ?2)";

const DELIVERIES: &str = "DELETE FROM webhook_deliveries WHERE id IN (
    SELECT id FROM webhook_deliveries WHERE done_at <= ?1 ORDER BY done_at LIMIT ?2)";

const EVENTS: &str = "DELETE FROM security_events WHERE id IN (
    SELECT id FROM security_events WHERE at <= ?1 AND spread_at IS NOT NULL
        AND NOT EXISTS (SELECT 1 FROM webhook_deliveries WHERE event_id = security_events.id)
    ORDER BY at LIMIT ?2)";

const ONE_TIME: &str = "DELETE FROM one_time_tokens WHERE id IN (
    SELECT id FROM one_time_tokens WHERE expires_at <= ?1 ORDER BY expires_at LIMIT ?2)";

#[async_trait]
impl Housekeeping for Sqlite {
    async fn sweep(&self, retention: Retention, batch: u32) -> Result<u64, StoreError> {
        let Retention { revocations, sessions, events, one_time, deliveries } = retention;
        let until = sessions.as_micros();
        let over = self.pool.read(FindSessions { until, batch }).await?;
        let mut removed = if over.is_empty() { 0 } else { self.pool.write(SweepSessions { until, over }).await? };
        // Tokens go when they have expired, so that is now; and then these count for nothing any more.
        let until = one_time.minus(Tally::FORGOTTEN).as_micros();
        let over = self.pool.read(FindTallies { until, batch }).await?;
        removed += if over.is_empty() { 0 } else { self.pool.write(SweepTallies { until, over }).await? };
        for (delete, until) in
            [(REVOCATIONS, revocations), (ONE_TIME, one_time), (DELIVERIES, deliveries), (EVENTS, events)]
        {
            removed += self.pool.write(Sweep { delete, until: until.as_micros(), batch }).await?;
        }
        Ok(removed)
    }
}

/// A refresh moves `idle_expires_at`, so no index may hold it, and the table is read through: by a reader, since the writer
/// would hold the lock for as long.
struct FindSessions {
    until: i64,
    batch: u32,
}

impl Step for FindSessions {
    type Answer = Vec<Vec<u8>>;

    fn run(&self, connection: &mut SqliteConnection) -> Result<Self::Answer, Failure> {
        let over = sessions::revoked_at
            .le(self.until)
            .or(sessions::idle_expires_at.nullable().le(self.until))
            .or(sessions::expires_at.nullable().le(self.until));
        Ok(sessions::table.filter(over).limit(i64::from(self.batch)).select(sessions::id).load(connection)?)
    }
}

/// Deletes those of the sessions found that are still over.
struct SweepSessions {
    until: i64,
    over: Vec<Vec<u8>>,
}

impl Step for SweepSessions {
    type Answer = u64;

    fn run(&self, connection: &mut SqliteConnection) -> Result<u64, Failure> {
        let over = sessions::revoked_at
            .le(self.until)
            .or(sessions::idle_expires_at.nullable().le(self.until))
            .or(sessions::expires_at.nullable().le(self.until));
        let mut removed = 0;
        // In parts, since a statement takes only so many values.
        for part in self.over.chunks(500) {
            let part = sessions::table.filter(sessions::id.eq_any(part)).filter(over);
            removed += diesel::delete(part).execute(connection)?;
        }
        Ok(u64::try_from(removed).unwrap_or(u64::MAX))
    }
}

/// Every attempt moves `last_at`, so here too the table is read through, by a reader.
struct FindTallies {
    until: i64,
    batch: u32,
}

impl Step for FindTallies {
    type Answer = Vec<Vec<u8>>;

    fn run(&self, connection: &mut SqliteConnection) -> Result<Self::Answer, Failure> {
        let over = login_throttle::table.filter(login_throttle::last_at.le(self.until));
        Ok(over.limit(i64::from(self.batch)).select(login_throttle::key).load(connection)?)
    }
}

/// Deletes those of the tallies found that are still over.
struct SweepTallies {
    until: i64,
    over: Vec<Vec<u8>>,
}

impl Step for SweepTallies {
    type Answer = u64;

    fn run(&self, connection: &mut SqliteConnection) -> Result<u64, Failure> {
        let mut removed = 0;
        for part in self.over.chunks(500) {
            let part = login_throttle::table.filter(login_throttle::key.eq_any(part));
            removed += diesel::delete(part.filter(login_throttle::last_at.le(self.until))).execute(connection)?;
        }
        Ok(u64::try_from(removed).unwrap_or(u64::MAX))
    }
}

struct Sweep {
    delete: &'static str,
    until: i64,
    batch: u32,
}

impl Step for Sweep {
    type Answer = u64;

    fn run(&self, connection: &mut SqliteConnection) -> Result<u64, Failure> {
        let delete =
            diesel::sql_query(self.delete).bind::<BigInt, _>(self.until).bind::<BigInt, _>(i64::from(self.batch));
        Ok(u64::try_from(delete.execute(connection)?).unwrap_or(u64::MAX))
    }
}
