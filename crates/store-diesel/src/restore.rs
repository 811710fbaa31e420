//! After a backup was put back: nothing of the time between the backup and its return is known any more, so nothing that
//! might have been taken back in it may come back to life.

use auth_domain::model::{Actor, EndReason, Timestamp};
use diesel::prelude::*;

use crate::error::OpenError;
use crate::migrate::MigrateError;
use crate::url::{DatabaseUrl, Target};
use crate::{postgres, sqlite};

/// What [`end_all`] ended.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq)]
pub struct Ended {
    /// Sessions that were alive in the backup.
    pub sessions: usize,
    /// Links and codes that were waiting to be used.
    pub one_time_tokens: usize,
}

/// Why [`end_all`] did nothing.
#[derive(Debug, thiserror::Error)]
pub enum RestoreError {
    /// The database cannot be opened.
    #[error(transparent)]
    Open(OpenError),
    /// A statement failed. Nothing was done.
    #[error("the restored database could not be changed: {0}")]
    Failed(String),
}

impl From<MigrateError> for RestoreError {
    fn from(error: MigrateError) -> Self {
        match error {
            MigrateError::Open(error) => Self::Open(error),
            other => Self::Failed(other.to_string()),
        }
    }
}

/// Ends every session, takes back every link and code that waits to be used, and lets the revocation feed go on with numbers
/// beyond all that any reader can have seen: from now on they begin with the moment of this call, in microseconds. All in
/// one transaction, which takes as long as writing every live session does.
///
/// A session of the backup may have been ended since, and its refresh token would work again; a link may have been used. The
/// feed would give old numbers to new entries, which readers that are ahead would skip.
///
/// # Errors
/// When the database cannot be opened or changed.
#[expect(
    clippy::disallowed_methods,
    reason = "as migrations, it has a session of its own beside the pool, which is not open yet"
)]
pub async fn end_all(url: &DatabaseUrl, now: Timestamp) -> Result<Ended, RestoreError> {
    let done = match url.target() {
        Target::Sqlite(path) => {
            // The lock's transaction is the whole.
            sqlite::migrate::locked(path, move |session| Ok(end(session, NUMBERS_ON_SQLITE, now)?)).await
        }
        Target::Postgres(config) => {
            postgres::migrate::locked(config, move |session| {
                Ok(session.transaction(|session| end(session, NUMBERS_ON_POSTGRES, now))?)
            })
            .await
        }
    };
    Ok(done?)
}

/// Numbers are handed out in their order; a table that never had a row has no count yet.
const NUMBERS_ON_SQLITE: &[&str] = &[
    "INSERT INTO sqlite_sequence (name, seq) SELECT 'revocations', 0
        WHERE NOT EXISTS (SELECT 1 FROM sqlite_sequence WHERE name = 'revocations')",
    "UPDATE sqlite_sequence SET seq = max(seq, {now}) WHERE name = 'revocations'",
];
const NUMBERS_ON_POSTGRES: &[&str] = &["SELECT setval(sequence, greatest(nextval(sequence), {now}))
        FROM (SELECT pg_get_serial_sequence('revocations', 'seq')::regclass AS sequence) AS found"];

fn end<C>(session: &mut C, numbers: &[&str], now: Timestamp) -> QueryResult<Ended>
where
    C: Connection,
    diesel::query_builder::SqlQuery: diesel::query_dsl::methods::ExecuteDsl<C>,
{
    let now = now.as_micros();
    let (reason, by) = (EndReason::Admin.as_str(), Actor::Operator.as_str());
    let mut run = |statement: String| diesel::sql_query(statement).execute(session);
    let sessions = run(format!(
        "UPDATE sessions SET revoked_at = {now}, end_reason = '{reason}', ended_by = '{by}' WHERE revoked_at IS NULL"
    ))?;
    let one_time_tokens = run("DELETE FROM one_time_tokens".to_owned())?;
    for statement in numbers {
        run(statement.replace("{now}", &now.to_string()))?;
    }
    Ok(Ended { sessions, one_time_tokens })
}
