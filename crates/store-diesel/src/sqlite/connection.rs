//! A connection to the file, and the settings that make it durable; and who folds the write-ahead log into it.

use std::path::{Path, PathBuf};
use std::sync::mpsc::{Receiver, SyncSender, sync_channel};
use std::thread::{self, JoinHandle};
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

/// How many steps are committed between two checkpoints. Most write one page of their own in a large database, and at a
/// thousand pages the writer's own connection makes a checkpoint: it finds most of it done, and begins the log anew.
/// Commits wait for the disk while a checkpoint is flushed, so many small ones make a better p99 than a few large ones.
const STEPS_A_CHECKPOINT: usize = 64;

/// Folds the log into the file beside the writer, which would otherwise wait for that at every thousandth page: a thread with a
/// connection of its own, from the first time on.
pub(super) struct Checkpointer {
    wake: SyncSender<()>,
    thread: JoinHandle<()>,
    /// Committed since it was woken last.
    steps: usize,
}

impl Checkpointer {
    pub(super) fn start(file: &File) -> Result<Self, OpenError> {
        let (wake, woken) = sync_channel(1);
        let file = file.clone();
        let folding = move || fold(&file, &woken);
        let thread = thread::Builder::new().name("jeton-sqlite-checkpoint".into()).spawn(folding)?;
        Ok(Self { wake, thread, steps: 0 })
    }

    /// Tells it that the log has grown.
    pub(super) fn committed(&mut self, steps: usize) {
        self.steps += steps;
        if self.steps >= STEPS_A_CHECKPOINT {
            self.steps = 0;
            // Where it is still at work it is woken already.
            let _ = self.wake.try_send(());
        }
    }

    /// Ends it, so that its connection is not the last that closes.
    pub(super) fn end(self) {
        drop(self.wake);
        let _ = self.thread.join();
    }
}

fn fold(file: &File, woken: &Receiver<()>) {
    let mut connection = None;
    for () in woken {
        let folded = connection.take().map_or_else(|| file.writer(), Ok).and_then(|mut open| {
            file.set(&mut open, "PRAGMA wal_checkpoint(PASSIVE)")?;
            Ok(open)
        });
        match folded {
            Ok(open) => connection = Some(open),
            // It stays in the log, as on a full disk: the next time, or the writer, does it.
            Err(error) => tracing::debug!(%error, "the write-ahead log was not folded into the file"),
        }
    }
}
