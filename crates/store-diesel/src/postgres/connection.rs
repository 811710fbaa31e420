//! A connection to the server, and what it is told once, when it is made.

use std::future::{Future, poll_fn};
use std::pin::pin;
use std::task::Poll;
use std::time::Duration;

use diesel::connection::CacheSize;
use diesel::result::{ConnectionError, ConnectionResult};
use diesel_async::{AsyncConnection as _, AsyncPgConnection, SimpleAsyncConnection as _};

use crate::error::OpenError;
use crate::options::Options;
use crate::servers::Servers;

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
pub(super) async fn open(servers: &Servers, limits: Limits) -> Result<AsyncPgConnection, OpenError> {
    match tokio::time::timeout(limits.connect, establish(servers, limits)).await {
        Ok(connected) => connected.map_err(|error| OpenError::Unreachable(error.to_string())),
        Err(_) => Err(OpenError::Unreachable(format!("no connection within {} ms", limits.connect.as_millis()))),
    }
}

/// Connects and sets the session up. What the operator's URL sets itself is kept.
///
/// Behind a pooler nothing outlives a transaction: there each begins with what is to hold in it (see [`begin`]), and no
/// statement stays prepared.
pub(super) async fn establish(servers: &Servers, limits: Limits) -> ConnectionResult<AsyncPgConnection> {
    let (client, mut connection) = servers.connect(limits.connect).await.map_err(ConnectionError::BadConnection)?;
    if !servers.is_pooled() {
        let mut session = AsyncPgConnection::try_from_client_and_connection(client, connection).await?;
        session.batch_execute(&settings(limits)).await.map_err(ConnectionError::CouldntSetupConfiguration)?;
        return Ok(session);
    }
    // Diesel prepares two statements here, which must be executed where they were prepared.
    {
        let mut beginning = pin!(client.batch_execute("BEGIN"));
        let begun = poll_fn(|context| match connection_ended(&mut connection, context) {
            Some(error) => Poll::Ready(Err(error)),
            None => beginning.as_mut().poll(context).map_err(|error| error.to_string()),
        });
        begun.await.map_err(ConnectionError::BadConnection)?;
    }
    let mut session = AsyncPgConnection::try_from_client_and_connection(client, connection).await?;
    session.batch_execute("COMMIT").await.map_err(ConnectionError::CouldntSetupConfiguration)?;
    session.set_prepared_statement_cache_size(CacheSize::Disabled);
    Ok(session)
}

/// Lets the connection work, and says why it ended if it has.
fn connection_ended<T>(
    connection: &mut tokio_postgres::Connection<tokio_postgres::Socket, T>,
    context: &mut std::task::Context<'_>,
) -> Option<String>
where
    T: tokio_postgres::tls::TlsStream + Unpin,
{
    match pin!(connection).poll(context) {
        Poll::Ready(Err(error)) => Some(error.to_string()),
        Poll::Ready(Ok(())) => Some("the server closed the connection".into()),
        Poll::Pending => None,
    }
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

/// Begins a transaction behind a pooler, in one round trip: the same settings, for this transaction alone.
pub(super) fn begin(limits: Limits) -> String {
    format!(
        "BEGIN ISOLATION LEVEL READ COMMITTED;\
         SET LOCAL lock_timeout = {};\
         SET LOCAL statement_timeout = {};\
         SET LOCAL idle_in_transaction_session_timeout = 60000",
        limits.lock.as_millis(),
        limits.statement.as_millis(),
    )
}
