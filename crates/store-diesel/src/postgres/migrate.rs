//! Where migrations run on PostgreSQL: each in a transaction of its own, on a session that holds an advisory lock.

use std::time::Duration;

use diesel::connection::SimpleConnection;
use diesel::pg::Pg;
use diesel::prelude::*;
use diesel_async::AsyncPgConnection;
use diesel_async::async_connection_wrapper::AsyncConnectionWrapper;
use tokio_postgres::Config;

use super::connection::{self, Limits};
use crate::error::OpenError;
use crate::migrate::{MigrateError, Session};

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
    config: &Config,
    work: impl FnOnce(&mut Connection) -> Result<T, MigrateError> + Send + 'static,
) -> Result<T, MigrateError> {
    unlocked(config, move |session| {
        session.batch_execute(&format!("SELECT pg_advisory_lock({LOCK})"))?;
        let done = work(session);
        session.batch_execute(&format!("SELECT pg_advisory_unlock({LOCK})"))?;
        done
    })
    .await
}

/// Runs `work`, which only reads.
pub(crate) async fn unlocked<T: Send + 'static>(
    config: &Config,
    work: impl FnOnce(&mut Connection) -> Result<T, MigrateError> + Send + 'static,
) -> Result<T, MigrateError> {
    let limits = Limits { connect: Duration::from_secs(10), lock: PATIENCE, statement: Duration::ZERO };
    let session = connection::open(config, limits).await?;
    tokio::task::spawn_blocking(move || work(&mut Connection::from(session)))
        .await
        .unwrap_or_else(|error| Err(OpenError::NoThread(error.into()).into()))
}
