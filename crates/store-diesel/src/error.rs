//! What a database's complaint means to the caller.

use std::path::PathBuf;

use auth_domain::ports::StoreError;
use diesel::result::{DatabaseErrorInformation, DatabaseErrorKind, Error};

/// Why a database could not be opened.
#[derive(Debug, thiserror::Error)]
pub enum OpenError {
    /// There is no such file.
    #[error("there is no database at {}; run the migrations first, which create it", .0.display())]
    Missing(PathBuf),
    /// The file cannot be used.
    #[error("the database {} cannot be opened: {reason}; do its folder and the file allow this user to write?", path.display())]
    Unusable {
        /// The file.
        path: PathBuf,
        /// What SQLite or the system said.
        reason: String,
    },
    /// The file system does not allow a write-ahead log.
    #[error("the database {} cannot keep a write-ahead log (it stays in mode `{mode}`); a network file system cannot hold it", path.display())]
    NoWriteAheadLog {
        /// The file.
        path: PathBuf,
        /// The journal mode that SQLite fell back to.
        mode: String,
    },
    /// The server does not answer, or refuses us.
    #[error("PostgreSQL cannot be reached: {0}")]
    Unreachable(String),
    /// Nobody could vouch for the server of an encrypted connection.
    #[error(
        "the certificates to check PostgreSQL's with cannot be read: {file}: {reason}; `sslrootcert` names a PEM file"
    )]
    NoAuthorities {
        /// Where they should be.
        file: String,
        /// What is wrong with it.
        reason: String,
    },
    /// The system gave no thread.
    #[error("the system gave no thread: {0}")]
    NoThread(#[from] std::io::Error),
}

/// What stopped a step.
#[derive(Debug)]
pub(crate) enum Failure {
    /// The database said so.
    Database(Error),
    /// A row could not be read, or another part of the store failed.
    Store(StoreError),
}

impl From<Error> for Failure {
    fn from(error: Error) -> Self {
        Self::Database(error)
    }
}

impl From<StoreError> for Failure {
    fn from(error: StoreError) -> Self {
        Self::Store(error)
    }
}

impl Failure {
    /// What it means when SQLite said it. Its messages are fixed and in English; diesel hands on nothing else.
    pub(crate) fn on_sqlite(self) -> StoreError {
        let error = match self {
            Self::Store(error) => return error,
            Self::Database(error) => error,
        };
        match &error {
            Error::DatabaseError(DatabaseErrorKind::UniqueViolation, _) => StoreError::Conflict,
            Error::DatabaseError(_, said) if said.message().contains("is locked") => StoreError::Busy,
            _ => unavailable(&error),
        }
    }

    /// What it means when PostgreSQL said it, after retries.
    pub(crate) fn on_postgres(self) -> StoreError {
        let error = match self {
            Self::Store(error) => return error,
            Self::Database(error) => error,
        };
        match &error {
            Error::DatabaseError(DatabaseErrorKind::UniqueViolation | DatabaseErrorKind::SerializationFailure, _) => {
                StoreError::Conflict
            }
            Error::DatabaseError(DatabaseErrorKind::Unknown, said) if is_deadlock(&**said) => StoreError::Conflict,
            Error::DatabaseError(DatabaseErrorKind::Unknown, said) if is_timeout(&**said) => StoreError::Busy,
            _ => unavailable(&error),
        }
    }

    /// Whether PostgreSQL may let the same transaction pass the next time.
    ///
    /// The driver hands on no SQLSTATE but as diesel's kind, and diesel has no kind for a deadlock (40P01): it is
    /// `Unknown`, with a message that the server may have translated. So everything unknown is tried again, except for
    /// timeouts, which have cost enough patience already; a step that can never pass only fails a moment later.
    pub(crate) fn may_pass_later(&self) -> bool {
        match self {
            Self::Database(Error::DatabaseError(
                DatabaseErrorKind::SerializationFailure | DatabaseErrorKind::ReadOnlyTransaction,
                _,
            )) => true,
            Self::Database(Error::DatabaseError(DatabaseErrorKind::Unknown, said)) => !is_timeout(&**said),
            _ => false,
        }
    }

    /// Whether the server takes no writes: it is a standby, or was made one. Nothing was written.
    pub(crate) const fn is_read_only(&self) -> bool {
        matches!(self, Self::Database(Error::DatabaseError(DatabaseErrorKind::ReadOnlyTransaction, _)))
    }

    /// Whether PostgreSQL itself undid the transaction because of others, and says so by kind.
    pub(crate) fn is_serialization_failure(&self) -> bool {
        matches!(self, Self::Database(Error::DatabaseError(DatabaseErrorKind::SerializationFailure, _)))
    }
}

fn is_deadlock(said: &dyn DatabaseErrorInformation) -> bool {
    said.message().contains("deadlock detected")
}

/// `lock_timeout` (55P03) and `statement_timeout` (57014).
fn is_timeout(said: &dyn DatabaseErrorInformation) -> bool {
    said.message().starts_with("canceling statement due to")
}

/// Carries the message alone: details of a PostgreSQL error may quote the row.
fn unavailable(error: &Error) -> StoreError {
    StoreError::Unavailable(match error {
        Error::DatabaseError(_, said) => said.message().to_owned(),
        other => other.to_string(),
    })
}

/// The same error once more, for another step of the same batch.
pub(crate) fn copy(error: &StoreError) -> StoreError {
    match error {
        StoreError::Conflict => StoreError::Conflict,
        StoreError::Busy => StoreError::Busy,
        StoreError::Unavailable(reason) => StoreError::Unavailable(reason.clone()),
        StoreError::Corrupt { table, column } => StoreError::Corrupt { table, column },
    }
}
