//! A connection to the file, and the settings that make it durable.

use std::path::{Path, PathBuf};
use std::thread;
use std::time::{Duration, Instant};

use diesel::connection::SimpleConnection;
use diesel::prelude::*;
use diesel::sql_types::Text;

use crate::error::OpenError;

/// Where the file is, and how long to wait for another process that writes to it.
#[derive(Clone, Debug)]
pub(super) struct File {
    pub(super) path: PathBuf,
    pub(super) busy: Duration,
}

#[derive(QueryableByName)]
struct JournalMode {
    #[diesel(sql_type = Text)]
    journal_mode: String,
}

impl File {
    /// A connection that writes. An acknowledged commit survives a crash and a loss of power: with a write-ahead log and
    /// `synchronous=FULL` each commit is flushed to the disk, on macOS through the disk's own cache too.
    pub(super) fn writer(&self) -> Result<SqliteConnection, OpenError> {
        let mut connection = self.connect()?;
        self.switch_to_write_ahead_log(&mut connection)?;
        self.set(&mut connection, &format!("PRAGMA synchronous = {}", synchronous()))?;
        self.set(&mut connection, "PRAGMA fullfsync = ON")?;
        self.set(&mut connection, "PRAGMA checkpoint_fullfsync = ON")?;
        self.set(&mut connection, "PRAGMA foreign_keys = ON")?;
        Ok(connection)
    }

    /// A connection that cannot write.
    pub(super) fn reader(&self) -> Result<SqliteConnection, OpenError> {
        let mut connection = self.connect()?;
        self.set(&mut connection, "PRAGMA query_only = ON")?;
        Ok(connection)
    }

    fn connect(&self) -> Result<SqliteConnection, OpenError> {
        let mut connection =
            SqliteConnection::establish(&address(&self.path)).map_err(|error| self.unusable(&error))?;
        self.set(&mut connection, &format!("PRAGMA busy_timeout = {}", self.busy.as_millis()))?;
        self.set(&mut connection, "PRAGMA trusted_schema = OFF")?;
        Ok(connection)
    }

    fn set(&self, connection: &mut SqliteConnection, pragma: &str) -> Result<(), OpenError> {
        connection.batch_execute(pragma).map_err(|error| self.unusable(&error))
    }

    /// Switching a new file over needs it alone, and does not wait for others by itself as other statements do.
    fn switch_to_write_ahead_log(&self, connection: &mut SqliteConnection) -> Result<(), OpenError> {
        let began = Instant::now();
        loop {
            match diesel::sql_query("PRAGMA journal_mode = WAL").get_result::<JournalMode>(connection) {
                Ok(JournalMode { journal_mode }) if journal_mode == "wal" => return Ok(()),
                Ok(JournalMode { journal_mode }) => {
                    return Err(OpenError::NoWriteAheadLog { path: self.path.clone(), mode: journal_mode });
                }
                Err(error) if began.elapsed() > self.busy => return Err(self.unusable(&error)),
                Err(error) if error.to_string().contains("locked") => thread::sleep(Duration::from_millis(10)),
                Err(error) => return Err(self.unusable(&error)),
            }
        }
    }

    pub(super) fn unusable(&self, reason: &dyn std::fmt::Display) -> OpenError {
        OpenError::Unusable { path: self.path.clone(), reason: reason.to_string() }
    }
}

/// How much is flushed before a commit is acknowledged. The failpoint shows that tests find out what any other answer loses.
fn synchronous() -> String {
    fail::fail_point!("sqlite-synchronous", Option::unwrap_or_default);
    "FULL".to_owned()
}

/// The path as SQLite must be told it: a relative one that looks like a URI or like a special name stays a path.
fn address(path: &Path) -> String {
    let path = path.to_string_lossy();
    if path.starts_with('/') { path.into_owned() } else { format!("./{path}") }
}
