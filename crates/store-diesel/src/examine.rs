//! What an operator should know of a database before a server works on it. Nothing is written, and no file is made.

use std::path::PathBuf;
use std::time::{Duration, Instant};

use crate::error::OpenError;
use crate::url::{DatabaseUrl, Target};
use crate::{postgres, sqlite};

/// What was found of a database.
#[derive(Clone, Debug)]
pub enum Examination {
    /// Of a file.
    Sqlite(SqliteExamination),
    /// Of a server.
    Postgres(PostgresExamination),
}

/// What was found of an SQLite database.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct SqliteExamination {
    /// The file.
    pub path: PathBuf,
    /// The version of SQLite in this program, such as `3.50.2`.
    pub version: String,
    /// How a commit is flushed (`PRAGMA synchronous`): 0 off, 1 normal, 2 full, 3 extra. `None` where it cannot be written.
    pub synchronous: Option<i32>,
    /// Why it cannot be written, if it cannot.
    pub unwritable: Option<String>,
}

/// What was found of a PostgreSQL database.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct PostgresExamination {
    /// The server's version, such as `15.6`.
    pub version: String,
    /// How long a question and its answer took.
    pub round_trip: Duration,
    /// Its clock, in microseconds since 1970, when half of `round_trip` was over.
    pub clock_micros: i64,
    /// When half of `round_trip` was over.
    pub clock_read_at: Instant,
    /// Whether a pooler that gives connections away after each transaction stands before it.
    pub is_pooled: bool,
    /// Why it cannot be written, if it cannot.
    pub unwritable: Option<String>,
    /// `fsync`: whether commits reach the disk at all.
    pub fsync: bool,
    /// `full_page_writes`: whether a page that was half written when the power went can be mended.
    pub full_page_writes: bool,
    /// `synchronous_commit` of our connections: `on`, `off`, `local`, `remote_write` or `remote_apply`.
    pub synchronous_commit: String,
    /// How many connections the server has, of all programs.
    pub connections: i64,
    /// How many it allows (`max_connections`).
    pub max_connections: i64,
    /// The other programs of ours on this database, by name.
    pub peers: Vec<Peer>,
}

/// Another program of ours on the same database.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Peer {
    /// What it calls itself (`application_name`), such as `jeton/0.1.0 node-1:4711`.
    pub name: String,
    /// From where it is connected; `None` for a socket of the same machine.
    pub address: Option<String>,
    /// How many connections it has.
    pub connections: i64,
}

/// Looks at the database, for at most about `patience`.
///
/// # Errors
/// When it is not there, or does not answer.
pub async fn examine(url: &DatabaseUrl, patience: Duration) -> Result<Examination, OpenError> {
    match url.target() {
        Target::Sqlite(path) => sqlite::examine::examine(path, patience).await.map(Examination::Sqlite),
        Target::Postgres(address) => postgres::examine::examine(address, patience).await.map(Examination::Postgres),
    }
}
