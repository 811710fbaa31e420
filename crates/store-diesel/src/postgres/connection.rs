//! A connection to the server, and what it is told once, when it is made.

use std::error::Error;
use std::time::Duration;

use diesel::result::{ConnectionError, ConnectionResult};
use diesel_async::{AsyncPgConnection, SimpleAsyncConnection};
use tokio_postgres::{Config, NoTls};

use crate::error::OpenError;
use crate::options::Options;

/// How patient a connection is.
#[derive(Clone, Copy, Debug)]
pub(super) struct Limits {
    pub(super) connect: Duration,
    pub(super) lock: Duration,
    /// Zero is no limit.
    pub(super) statement: Duration,
}

impl From<&Options> for Limits {
    fn from(options: &Options) -> Self {
        Self { connect: options.postgres_connect, lock: options.postgres_lock, statement: options.postgres_statement }
    }
}

/// A connection, or why there is none within `limits.connect`.
pub(super) async fn open(config: &Config, limits: Limits) -> Result<AsyncPgConnection, OpenError> {
    match tokio::time::timeout(limits.connect, establish(config.clone(), limits)).await {
        Ok(connected) => connected.map_err(|error| OpenError::Unreachable(error.to_string())),
        Err(_) => Err(OpenError::Unreachable(format!("no connection within {} ms", limits.connect.as_millis()))),
    }
}

/// Connects and sets the session up. What the operator's URL sets itself is kept.
pub(super) async fn establish(config: Config, limits: Limits) -> ConnectionResult<AsyncPgConnection> {
    let config = with_defaults(config);
    let (client, connection) = config.connect(NoTls).await.map_err(|error| unreachable_server(&error))?;
    let mut session = AsyncPgConnection::try_from_client_and_connection(client, connection).await?;
    session.batch_execute(&settings(limits)).await.map_err(ConnectionError::CouldntSetupConfiguration)?;
    Ok(session)
}

/// The operator's settings, and ours where he has none.
pub(super) fn with_defaults(mut config: Config) -> Config {
    if config.get_application_name().is_none() {
        config.application_name("jeton");
    }
    if config.get_tcp_user_timeout().is_none() {
        // A server that vanished without a word is noticed; otherwise a step could wait for it for many minutes.
        config.tcp_user_timeout(Duration::from_secs(30));
    }
    config
}

/// Read committed is what the steps are written for: each statement sees what was committed before it, and a row that
/// another transaction has just changed is looked at again. Messages are in English where we may choose, since only the
/// message tells a deadlock from other errors (see `error`).
fn settings(limits: Limits) -> String {
    format!(
        "SET lock_timeout = {};\
         SET statement_timeout = {};\
         SET idle_in_transaction_session_timeout = 60000;\
         SET SESSION CHARACTERISTICS AS TRANSACTION ISOLATION LEVEL READ COMMITTED;\
         SELECT set_config('lc_messages', 'C', false) WHERE current_setting('is_superuser') = 'on'",
        limits.lock.as_millis(),
        limits.statement.as_millis(),
    )
}

/// The driver's error says only that there is no connection; its source says why. Neither shows the password.
fn unreachable_server(error: &tokio_postgres::Error) -> ConnectionError {
    let reason = error.source().map_or_else(|| error.to_string(), |source| format!("{error}: {source}"));
    ConnectionError::BadConnection(reason)
}
