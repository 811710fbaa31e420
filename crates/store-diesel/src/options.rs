//! What an operator may tune about storage.

use std::time::Duration;

/// Sizes and patience of both engines; each uses what concerns it.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Options {
    /// PostgreSQL: the most connections of this process. A step occupies one; at least 1.
    pub postgres_connections: usize,
    /// PostgreSQL: how long a step waits for a free connection before it is `Busy`.
    pub postgres_wait: Duration,
    /// PostgreSQL: how many steps may wait for a free connection before one more is `Busy` at once.
    pub postgres_queue: usize,
    /// PostgreSQL: how long making a connection may take before the store is `Unavailable`.
    pub postgres_connect: Duration,
    /// PostgreSQL: how long a statement waits for another's row before the step is `Busy`.
    pub postgres_lock: Duration,
    /// PostgreSQL: how long a statement may run at all before the step is `Busy`.
    pub postgres_statement: Duration,
    /// SQLite: the connections that read beside the writer; at least 1.
    pub sqlite_readers: usize,
    /// SQLite: how many steps may wait for the writer, and how many for the readers, before one more is `Busy`.
    pub sqlite_queue: usize,
    /// SQLite: how long to wait for another process that writes to the file before the waiting steps are `Busy`.
    pub sqlite_busy: Duration,
}

/// 16 PostgreSQL connections, 2 SQLite readers, queues of 1,024, 5 s of patience; 10 s for one statement.
impl Default for Options {
    fn default() -> Self {
        Self {
            postgres_connections: 16,
            postgres_wait: Duration::from_secs(5),
            postgres_queue: 1024,
            postgres_connect: Duration::from_secs(5),
            postgres_lock: Duration::from_secs(5),
            postgres_statement: Duration::from_secs(10),
            sqlite_readers: 2,
            sqlite_queue: 1024,
            sqlite_busy: Duration::from_secs(5),
        }
    }
}
