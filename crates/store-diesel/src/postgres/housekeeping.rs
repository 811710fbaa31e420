//! Clean-up on PostgreSQL: each kind of rows in a statement of its own, which passes over what others hold.

use async_trait::async_trait;
use auth_domain::model::Tally;
use auth_domain::ports::{Housekeeping, Retention, StoreError};
use diesel::sql_types::BigInt;
use diesel_async::{AsyncPgConnection, RunQueryDsl};

use super::Postgres;
use super::pool::Step;
use crate::error::Failure;

// The rows are chosen once, in an array, so that no plan chooses more than the limit says.

/// A refresh moves `idle_expires_at`, so no index may hold it, and the table is read through. Nobody waits for that.
const SESSIONS: &str = "DELETE FROM sessions WHERE id = ANY (ARRAY(
    SELECT id FROM sessions WHERE revoked_at <= $1 OR idle_expires_at <= $1 OR expires_at <= $1
    LIMIT $2 FOR UPDATE SKIP LOCKED))";

const REVOCATIONS: &str = "DELETE FROM revocations WHERE seq = ANY (ARRAY(
    SELECT seq FROM revocations WHERE expires_at <= $1 ORDER BY expires_at LIMIT $2 FOR UPDATE SKIP LOCKED))";

const DELIVERIES: &str = "DELETE FROM webhook_deliveries WHERE id = ANY (ARRAY(
    SELECT id FROM webhook_deliveries WHERE done_at <= $1 ORDER BY done_at LIMIT $2 FOR UPDATE SKIP LOCKED))";

const EVENTS: &str = "DELETE FROM security_events WHERE id = ANY (ARRAY(
    SELECT id FROM security_events WHERE at <= $1 AND spread_at IS NOT NULL
        AND NOT EXISTS (SELECT FROM webhook_deliveries WHERE event_id = security_events.id)
    ORDER BY at LIMIT $2 FOR UPDATE OF security_events SKIP LOCKED))";

const ONE_TIME: &str = "DELETE FROM one_time_tokens WHERE id = ANY (ARRAY(
    SELECT id FROM one_time_tokens WHERE expires_at <= $1 ORDER BY expires_at LIMIT $2 FOR UPDATE SKIP LOCKED))";

/// Every attempt moves `last_at`, so here too the table is read through.
const THROTTLE: &str = "DELETE FROM login_throttle WHERE key = ANY (ARRAY(
    SELECT key FROM login_throttle WHERE last_at <= $1 LIMIT $2 FOR UPDATE SKIP LOCKED))";

#[async_trait]
impl Housekeeping for Postgres {
    async fn sweep(&self, retention: Retention, batch: u32) -> Result<u64, StoreError> {
        let Retention { revocations, sessions, events, one_time, deliveries } = retention;
        // Tokens go when they have expired, so that is now; and then these count for nothing any more.
        let forgotten = one_time.minus(Tally::FORGOTTEN);
        let mut removed = 0;
        for (delete, until) in [
            (SESSIONS, sessions),
            (REVOCATIONS, revocations),
            (ONE_TIME, one_time),
            (THROTTLE, forgotten),
            (DELIVERIES, deliveries),
            (EVENTS, events),
        ] {
            removed += self.pool.statement(Sweep { delete, until: until.as_micros(), batch }).await?;
        }
        Ok(removed)
    }
}

struct Sweep {
    delete: &'static str,
    until: i64,
    batch: u32,
}

impl Step for Sweep {
    type Answer = u64;

    async fn run(&self, connection: &mut AsyncPgConnection) -> Result<u64, Failure> {
        let delete =
            diesel::sql_query(self.delete).bind::<BigInt, _>(self.until).bind::<BigInt, _>(i64::from(self.batch));
        Ok(u64::try_from(delete.execute(connection).await?).unwrap_or(u64::MAX))
    }
}
