//! A look at the server, as an operator wants to know it.

use std::time::{Duration, Instant};

use diesel::prelude::*;
use diesel::sql_types::{BigInt, Bool, Nullable, Text};
use diesel_async::{AsyncPgConnection, RunQueryDsl, SimpleAsyncConnection as _};

use super::connection::{self, Limits};
use crate::error::OpenError;
use crate::examine::{Peer, PostgresExamination};
use crate::servers::Servers;
use crate::url::Address;

/// How often the clock is asked: the quickest answer tells most.
const QUESTIONS: u32 = 5;

#[derive(QueryableByName)]
struct Settings {
    #[diesel(sql_type = Text)]
    version: String,
    #[diesel(sql_type = Nullable<Text>)]
    unwritable: Option<String>,
    #[diesel(sql_type = Bool)]
    fsync: bool,
    #[diesel(sql_type = Bool)]
    full_page_writes: bool,
    #[diesel(sql_type = Text)]
    synchronous_commit: String,
    #[diesel(sql_type = BigInt)]
    connections: i64,
    #[diesel(sql_type = BigInt)]
    max_connections: i64,
}

/// Where the tables are there, whether we may change them; otherwise, whether we may make them.
const SETTINGS: &str = "
    SELECT current_setting('server_version') AS version,
        CASE WHEN pg_is_in_recovery() THEN 'it is a standby'
            WHEN current_setting('transaction_read_only') = 'on' THEN 'it is set to read-only (default_transaction_read_only)'
            WHEN to_regclass('sessions') IS NULL AND coalesce(has_schema_privilege(current_schema(), 'CREATE'), false) THEN NULL
            WHEN has_table_privilege(to_regclass('sessions'), 'INSERT')
                AND has_table_privilege(to_regclass('sessions'), 'UPDATE')
                AND has_table_privilege(to_regclass('sessions'), 'DELETE') THEN NULL
            ELSE 'the user ' || current_user || ' may not write to its tables' END AS unwritable,
        current_setting('fsync') = 'on' AS fsync,
        current_setting('full_page_writes') = 'on' AS full_page_writes,
        current_setting('synchronous_commit') AS synchronous_commit,
        (SELECT count(*) FROM pg_stat_activity WHERE backend_type = 'client backend') AS connections,
        current_setting('max_connections')::bigint AS max_connections";

#[derive(QueryableByName)]
struct Clock {
    #[diesel(sql_type = BigInt)]
    micros: i64,
}

const CLOCK: &str = "SELECT (extract(epoch FROM clock_timestamp()) * 1000000)::bigint AS micros";

#[derive(QueryableByName)]
struct Program {
    #[diesel(sql_type = Text)]
    name: String,
    #[diesel(sql_type = Nullable<Text>)]
    address: Option<String>,
    #[diesel(sql_type = BigInt)]
    connections: i64,
}

const PROGRAMS: &str = "
    SELECT application_name AS name, host(client_addr) AS address, count(*) AS connections
    FROM pg_stat_activity
    WHERE datname = current_database() AND pid <> pg_backend_pid() AND application_name LIKE 'jeton%'
    GROUP BY 1, 2 ORDER BY 1, 2";

/// Looks at the server that an address leads to.
pub(crate) async fn examine(address: &Address, patience: Duration) -> Result<PostgresExamination, OpenError> {
    let began = Instant::now();
    let limits = Limits { connect: patience, lock: patience, statement: patience };
    let mut session = connection::open(&Servers::new(address)?, limits).await?;
    let left = patience.saturating_sub(began.elapsed()).max(Duration::from_secs(1));
    match tokio::time::timeout(left, look(&mut session, address.is_pooled)).await {
        Ok(found) => found.map_err(|error| OpenError::Unreachable(error.to_string())),
        Err(_) => Err(OpenError::Unreachable(format!("it did not answer within {} s", patience.as_secs()))),
    }
}

async fn look(session: &mut AsyncPgConnection, is_pooled: bool) -> QueryResult<PostgresExamination> {
    // One transaction is one connection, also behind a pooler.
    session.batch_execute("BEGIN").await?;
    let settings: Settings = diesel::sql_query(SETTINGS).get_result(session).await?;
    let programs: Vec<Program> = diesel::sql_query(PROGRAMS).load(session).await?;
    let mut clock = None;
    for _ in 0..QUESTIONS {
        let asked = Instant::now();
        let Clock { micros } = diesel::sql_query(CLOCK).get_result(session).await?;
        let round_trip = asked.elapsed();
        if clock.is_none_or(|(_, quickest, _)| round_trip < quickest) {
            clock = Some((micros, round_trip, asked + round_trip / 2));
        }
    }
    session.batch_execute("COMMIT").await?;
    let (clock_micros, round_trip, clock_read_at) = clock.unwrap_or((0, Duration::ZERO, Instant::now()));
    Ok(PostgresExamination {
        version: settings.version,
        round_trip,
        clock_micros,
        clock_read_at,
        is_pooled,
        unwritable: settings.unwritable,
        fsync: settings.fsync,
        full_page_writes: settings.full_page_writes,
        synchronous_commit: settings.synchronous_commit,
        connections: settings.connections,
        max_connections: settings.max_connections,
        peers: programs
            .into_iter()
            .map(|Program { name, address, connections }| Peer { name, address, connections })
            .collect(),
    })
}
