//! Where migrations run on PostgreSQL: each in a transaction of its own, on a session that holds an advisory lock.

use std::time::Duration;

use diesel::connection::{Connection as _, SimpleConnection};
use diesel::pg::Pg;
use diesel::prelude::*;
use diesel_async::AsyncPgConnection;
use diesel_async::async_connection_wrapper::AsyncConnectionWrapper;

use super::connection::{self, Limits};
use crate::error::OpenError;
use crate::migrate::{MigrateError, Session};
use crate::servers::Servers;
use crate::url::Address;

/// How long to wait while another process migrates, and for any lock that a migration needs.
const PATIENCE: Duration = Duration::from_secs(60);

/// The number of the advisory lock: the first eight bytes of "jeton/migrations".
const LOCK: i64 = i64::from_be_bytes(*b"jeton/mi");

/// Migrations are written for a synchronous connection; this one blocks its thread, which is not the runtime's.
pub(crate) type Connection = AsyncConnectionWrapper<AsyncPgConnection>;

impl Session<Pg> for Connection {
    fn has_record(&mut self) -> QueryResult<bool> {
        diesel::dsl::sql::<diesel::sql_types::Bool>("SELECT to_regclass('__diesel_schema_migrations') IS NOT NULL")
            .get_result(self)
    }
}

/// Runs `work` while no other process migrates. The lock ends with the session, should this process die.
pub(crate) async fn locked<T: Send + 'static>(
    address: &Address,
    work: impl FnOnce(&mut Connection) -> Result<T, MigrateError> + Send + 'static,
) -> Result<T, MigrateError> {
    let is_pooled = address.is_pooled;
    unlocked(address, move |session| {
        if is_pooled {
            // Behind a pooler a session keeps no lock; the transaction that this runs in does.
            session.batch_execute(&format!("SELECT pg_advisory_xact_lock({LOCK})"))?;
            return work(session);
        }
        session.batch_execute(&format!("SELECT pg_advisory_lock({LOCK})"))?;
        let done = work(session);
        session.batch_execute(&format!("SELECT pg_advisory_unlock({LOCK})"))?;
        done
    })
    .await
}

/// Runs `work`, which only reads. Behind a pooler it is one transaction, and so is all that is locked.
pub(crate) async fn unlocked<T: Send + 'static>(
    address: &Address,
    work: impl FnOnce(&mut Connection) -> Result<T, MigrateError> + Send + 'static,
) -> Result<T, MigrateError> {
    let limits = Limits { connect: Duration::from_secs(10), lock: PATIENCE, statement: Duration::ZERO };
    let is_pooled = address.is_pooled;
    let session = connection::open(&Servers::new(address)?, limits).await?;
    #[expect(clippy::disallowed_methods, reason = "the pool's steps are not what migrates")]
    let run = move || {
        let mut session = Connection::from(session);
        if !is_pooled {
            return work(&mut session);
        }
        session.transaction(|session| {
            session.batch_execute(&format!(
                "SET LOCAL lock_timeout = {}; SET LOCAL statement_timeout = 0",
                limits.lock.as_millis()
            ))?;
            work(session)
        })
    };
    let done = tokio::task::spawn_blocking(run).await;
    done.unwrap_or_else(|error| Err(OpenError::NoThread(error.into()).into()))
}
