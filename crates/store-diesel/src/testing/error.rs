//! What keeps the tests from a PostgreSQL server, and what to do about it.

use std::error::Error;

/// Why there is no PostgreSQL server, or no database on it, for a test.
#[derive(Debug, thiserror::Error)]
#[non_exhaustive]
pub enum TestPostgresError {
    /// None of the ways serves here.
    #[error(
        "no PostgreSQL server for the tests.\n\
         {tried}\n\
         Do one of these:\n\
         - install the server programs (Debian, Ubuntu: `apt-get install postgresql`; Fedora: `dnf install postgresql-server`; \
         macOS: `brew install postgresql@17`); a throw-away cluster is then made for each run,\n\
         - start a Docker engine that this user may use,\n\
         - set TEST_DATABASE_URL=postgres://USER:PASSWORD@HOST:PORT/postgres, with a role that may create databases."
    )]
    NoServer {
        /// One line for each way: why it does not serve.
        tried: String,
    },
    /// `JETON_TEST_POSTGRES` holds a word that names no way.
    #[error("JETON_TEST_POSTGRES is `{0}`: set it to `url`, `docker` or `cluster`, or unset it")]
    UnknownWay(String),
    /// The server's address is not of the form `postgres://USER:PASSWORD@HOST:PORT/DATABASE`.
    #[error("the test server's address has to begin with postgres:// or postgresql://")]
    NotAnAddress,
    /// The server does not answer, or refuses the role.
    #[error(
        "the PostgreSQL server for the tests cannot be reached ({context}): check that it runs and lets the role in"
    )]
    Unreachable {
        /// What was to be done.
        context: &'static str,
        /// The driver's account.
        #[source]
        source: Box<dyn Error + Send + Sync>,
    },
    /// The server refused a statement of the harness.
    #[error("the PostgreSQL server refused to {action}: the role needs CREATEDB, and to be the owner of what is there")]
    Refused {
        /// What was to be done.
        action: &'static str,
        /// The driver's account.
        #[source]
        source: tokio_postgres::Error,
    },
    /// The caller's migrations failed on the template database.
    #[error("the migrations failed on the template database; it is dropped")]
    Migration(#[source] Box<dyn Error + Send + Sync>),
}
