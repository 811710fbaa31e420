//! Bare commits on PostgreSQL: one row, one prepared statement, through the driver and the kind of pool that the server uses.

use std::sync::Arc;
use std::sync::atomic::{AtomicI64, Ordering};
use std::time::Instant;

use diesel_async::pooled_connection::deadpool::Pool;
use diesel_async::pooled_connection::{AsyncDieselConnectionManager, ManagerConfig, RecyclingMethod};
use diesel_async::{AsyncConnection as _, AsyncPgConnection, RunQueryDsl as _, SimpleAsyncConnection as _};
use tokio::task::JoinSet;

use super::commit::{Commit, ROWS};
use crate::drive::Pace;
use crate::figures::Run;
use crate::outcome::{Outcome, While as _};

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
                    let commit = Commit::of(next.fetch_add(1, Ordering::Relaxed));
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
