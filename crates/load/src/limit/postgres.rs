//! Bare commits on PostgreSQL: one row, one prepared statement, through the driver and the kind of pool that the server uses.

use std::sync::Arc;
use std::sync::atomic::{AtomicI64, Ordering};
use std::time::Instant;

use diesel::pg::Pg;
use diesel::prelude::*;
use diesel::query_builder::{AstPass, QueryFragment, QueryId};
use diesel::sql_types::{BigInt, Binary};
use diesel_async::pooled_connection::deadpool::Pool;
use diesel_async::pooled_connection::{AsyncDieselConnectionManager, ManagerConfig, RecyclingMethod};
use diesel_async::{AsyncConnection as _, AsyncPgConnection, RunQueryDsl as _, SimpleAsyncConnection as _};
use tokio::task::JoinSet;

use crate::drive::Pace;
use crate::figures::Run;
use crate::outcome::{Outcome, While as _};

/// As many rows as the load refreshes sessions.
pub(crate) const ROWS: i64 = 10_000;

/// The connections, and which row is next.
pub(crate) struct Commits {
    pool: Pool<AsyncPgConnection>,
    next: Arc<AtomicI64>,
}

impl Commits {
    /// Makes the table in the server's own database, and the pool.
    pub(crate) async fn prepare(url: &str, connections: usize) -> Outcome<Self> {
        let mut connection = AsyncPgConnection::establish(url).await.doing("connect to PostgreSQL")?;
        let make = format!(
            "CREATE TABLE bare_commits (id BIGINT PRIMARY KEY, value BYTEA NOT NULL, padding TEXT NOT NULL) WITH (fillfactor = 80);
             INSERT INTO bare_commits SELECT n, sha256('x'), repeat('x', 200) FROM generate_series(0, {ROWS} - 1) n;
             ANALYZE bare_commits"
        );
        connection.batch_execute(&make).await.doing("make the table of bare commits")?;
        let mut config = ManagerConfig::default();
        config.recycling_method = RecyclingMethod::Fast;
        let manager = AsyncDieselConnectionManager::new_with_config(url, config);
        let pool = Pool::builder(manager).max_size(connections).build()?;
        Ok(Self { pool, next: Arc::default() })
    }

    /// Commits from so many tasks at once.
    pub(crate) async fn run(&self, clients: usize, pace: Pace) -> Outcome<Run> {
        let (from, until) = (Instant::now() + pace.warm_up, Instant::now() + pace.warm_up + pace.length);
        let mut tasks = JoinSet::new();
        for _ in 0..clients {
            let (pool, next) = (self.pool.clone(), Arc::clone(&self.next));
            tasks.spawn(async move {
                let mut run = Run::of(pace.length);
                loop {
                    let began = Instant::now();
                    if began >= until {
                        return Ok(run);
                    }
                    // A prime's step: neighbours in time are not neighbours in the table.
                    let n = next.fetch_add(7_919, Ordering::Relaxed);
                    let commit = Commit { id: n % ROWS, value: n.to_be_bytes().repeat(4) };
                    let mut connection = pool.get().await?;
                    commit.execute(&mut connection).await?;
                    drop(connection);
                    let ended = Instant::now();
                    if ended >= from && ended < until {
                        run.took(ended - began);
                    }
                }
            });
        }
        let mut all = Run::of(pace.length);
        for run in tasks.join_all().await {
            let run: Outcome<Run> = run;
            all.add(&run.doing("bare commits")?);
        }
        Ok(all)
    }
}

/// The statement, prepared once a connection: diesel never keeps an `UPDATE` of its own making.
struct Commit {
    id: i64,
    value: Vec<u8>,
}

impl QueryFragment<Pg> for Commit {
    fn walk_ast<'b>(&'b self, mut out: AstPass<'_, 'b, Pg>) -> QueryResult<()> {
        out.push_sql("UPDATE bare_commits SET value = ");
        out.push_bind_param::<Binary, _>(&self.value)?;
        out.push_sql(" WHERE id = ");
        out.push_bind_param::<BigInt, _>(&self.id)?;
        Ok(())
    }
}

impl QueryId for Commit {
    type QueryId = Self;

    const HAS_STATIC_QUERY_ID: bool = true;
}
