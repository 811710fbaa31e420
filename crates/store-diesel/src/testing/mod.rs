//! A PostgreSQL server for tests, and a fresh database for each test.
//!
//! [`PostgresServer::start`] takes the first of these that is to be had:
//!
//! 1. the server that `TEST_DATABASE_URL` names (a role that may create databases),
//! 2. Docker, through testcontainers, with the image that `JETON_TEST_POSTGRES_IMAGE` names (`postgres:17-alpine`),
//! 3. a throw-away cluster made with the server programs of this machine; root becomes the user `postgres` for it.
//!
//! `JETON_TEST_POSTGRES=url`, `docker` or `cluster` forces one way. Where none serves, the error says what to install;
//! nothing is ever skipped. A server of the second or third way ends with its owner, even when that is killed.
//!
//! [`TestDatabase::create`] migrates a template once a server and clones it for each test.
//!
//! ```no_run
//! # use store_diesel::testing::{TestDatabase, TestPostgresError, shared_server};
//! # async fn example() -> Result<(), TestPostgresError> {
//! let server = shared_server().await?;
//! let migrations = "CREATE TABLE notes (text TEXT NOT NULL)";
//! let database = TestDatabase::create(server.url(), migrations, |url| async move {
//!     println!("run the migrations against {url}");
//!     Ok::<(), std::io::Error>(())
//! })
//! .await?;
//! println!("a database of its own: {}", database.url());
//! # Ok(())
//! # }
//! ```

mod admin;
mod cluster;
mod database;
mod docker;
mod error;
mod server;
mod sqlite;
#[cfg(test)]
mod tests;

pub use self::cluster::server_program;
pub use self::database::TestDatabase;
pub use self::error::TestPostgresError;
pub use self::server::{Origin, PostgresServer, shared_server};
pub use self::sqlite::{sqlite_execute, sqlite_integrity};
