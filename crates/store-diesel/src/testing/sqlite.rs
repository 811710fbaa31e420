//! What tests do with a SQLite file beside the store.

use std::path::Path;

use diesel::connection::SimpleConnection;
use diesel::prelude::*;
use diesel::sql_types::Text;

#[derive(QueryableByName)]
struct Found {
    #[diesel(sql_type = Text)]
    integrity_check: String,
}

/// What `PRAGMA integrity_check` finds in this file, a line a fault: `ok` where there is none. Or why it cannot be opened.
/// Opens it as any program does: a log that lies beside it is recovered, and folded into the file.
#[must_use]
pub fn sqlite_integrity(path: &Path) -> String {
    let check = || {
        let mut connection = SqliteConnection::establish(&path.to_string_lossy()).map_err(|error| error.to_string())?;
        let found: Result<Vec<Found>, _> = diesel::sql_query("PRAGMA integrity_check").load(&mut connection);
        found.map_err(|error| error.to_string())
    };
    match check() {
        Ok(lines) => lines.into_iter().map(|line| line.integrity_check).collect::<Vec<_>>().join("\n"),
        Err(reason) => reason,
    }
}

/// Runs statements on this file.
///
/// # Errors
/// What SQLite said.
pub fn sqlite_execute(path: &Path, statements: &str) -> Result<(), String> {
    let mut connection = SqliteConnection::establish(&path.to_string_lossy()).map_err(|error| error.to_string())?;
    connection.batch_execute(&format!("PRAGMA busy_timeout = 10000; {statements}")).map_err(|error| error.to_string())
}
