//! Where migrations run on SQLite: all of them in one transaction, which holds the file's write lock.

use std::fs::OpenOptions;
use std::io;
use std::path::Path;
use std::time::Duration;

use diesel::prelude::*;
use diesel::sqlite::Sqlite;

use super::connection::File;
use crate::error::OpenError;
use crate::migrate::{MigrateError, Session};

/// How long to wait while another process migrates.
const PATIENCE: Duration = Duration::from_secs(60);

impl Session<Sqlite> for SqliteConnection {
    fn has_record(&mut self) -> QueryResult<bool> {
        let table = diesel::dsl::sql::<diesel::sql_types::BigInt>(
            "SELECT count(*) FROM sqlite_master WHERE name = '__diesel_schema_migrations'",
        );
        table.get_result::<i64>(self).map(|found| found > 0)
    }
}

/// Creates the file if there is none, readable by its owner alone: it holds password hashes.
pub(crate) fn create(path: &Path) -> Result<(), OpenError> {
    let mut options = OpenOptions::new();
    options.write(true).create_new(true);
    #[cfg(unix)]
    std::os::unix::fs::OpenOptionsExt::mode(&mut options, 0o600);
    match options.open(path) {
        Ok(_) => Ok(()),
        Err(error) if error.kind() == io::ErrorKind::AlreadyExists => Ok(()),
        Err(error) => Err(file(path).unusable(&error)),
    }
}

/// Runs `work` while no other process migrates or writes.
pub(crate) async fn locked<T: Send + 'static>(
    path: &Path,
    work: impl FnOnce(&mut SqliteConnection) -> Result<T, MigrateError> + Send + 'static,
) -> Result<T, MigrateError> {
    on_a_thread(path, move |file| file.writer()?.immediate_transaction(work)).await
}

/// Runs `work`, which only reads.
pub(crate) async fn unlocked<T: Send + 'static>(
    path: &Path,
    work: impl FnOnce(&mut SqliteConnection) -> Result<T, MigrateError> + Send + 'static,
) -> Result<T, MigrateError> {
    on_a_thread(path, move |file| work(&mut file.reader()?)).await
}

async fn on_a_thread<T: Send + 'static>(
    path: &Path,
    work: impl FnOnce(File) -> Result<T, MigrateError> + Send + 'static,
) -> Result<T, MigrateError> {
    if !path.exists() {
        return Err(OpenError::Missing(path.to_owned()).into());
    }
    let file = file(path);
    tokio::task::spawn_blocking(move || work(file))
        .await
        .unwrap_or_else(|error| Err(OpenError::NoThread(error.into()).into()))
}

fn file(path: &Path) -> File {
    File { path: path.to_owned(), busy: PATIENCE }
}
