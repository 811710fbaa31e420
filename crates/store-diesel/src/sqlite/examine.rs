//! A look at the file, as an operator wants to know it.

use std::path::Path;
use std::time::Duration;

use diesel::connection::SimpleConnection;
use diesel::prelude::*;
use diesel::sql_types::{Integer, Text};

use super::connection::File;
use crate::error::OpenError;
use crate::examine::SqliteExamination;

/// Looks at a file that is there.
pub(crate) async fn examine(path: &Path, patience: Duration) -> Result<SqliteExamination, OpenError> {
    if !path.exists() {
        return Err(OpenError::Missing(path.to_owned()));
    }
    let file = File { path: path.to_owned(), busy: patience };
    tokio::task::spawn_blocking(move || look(&file))
        .await
        .unwrap_or_else(|error| Err(OpenError::NoThread(error.into())))
}

fn look(file: &File) -> Result<SqliteExamination, OpenError> {
    // Reads the file itself: one that is no database ends here.
    let mut reader = file.reader()?;
    let version = diesel::dsl::sql::<Text>("SELECT sqlite_version() FROM (SELECT count(*) FROM sqlite_master)")
        .get_result(&mut reader)
        .map_err(|error| file.unusable(&error))?;
    let written = file.writer().and_then(|mut writer| {
        // A write that is taken back: it is refused where the file, its folder or its system are read-only.
        let tried = writer.batch_execute("BEGIN IMMEDIATE; CREATE TABLE jeton_examined (x); ROLLBACK");
        tried.map_err(|error| file.unusable(&error))?;
        let synchronous = diesel::dsl::sql::<Integer>("PRAGMA synchronous").get_result(&mut writer);
        synchronous.map_err(|error| file.unusable(&error))
    });
    Ok(SqliteExamination {
        path: file.path.clone(),
        version,
        synchronous: written.as_ref().ok().copied(),
        unwritable: written.err().map(|error| error.to_string()),
    })
}
