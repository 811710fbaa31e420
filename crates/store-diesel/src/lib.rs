//! The storage ports of `auth-domain` on SQLite and on PostgreSQL, with diesel.
//!
//! ```no_run
//! use store_diesel::{Database, DatabaseUrl, Options, migrate};
//!
//! # async fn example() -> Result<(), Box<dyn std::error::Error>> {
//! let url: DatabaseUrl = "sqlite:jeton-data/jeton.db".parse()?;
//! migrate::up(&url).await?;
//! let database = Database::open(&url, &Options::default()).await?;
//! let stores = database.stores(); // one `Arc` a port, for the use cases
//! # drop(stores);
//! database.close().await;
//! # Ok(())
//! # }
//! ```
//!
//! Each engine has a folder of its own, with the same file names in both: `connection` (settings), `pool` (who runs a
//! step, and how it is committed), `schema`, and one file a port or step. To follow one refresh, read `sessions` of either
//! engine from the top; `listener` is how a node hears of another's revocations. Beside them is what both share: `column`
//! and `row` (what a column or row means to the model), `opening`, `ending`, `effect` and `tally` (rules of the steps), `news`
//! (who waits for the feed), `load` (how much there is to do), `error` (what a database's complaint means to the caller), [`migrate`], `url`.
//!
//! What it never does: leave a step half done when its caller goes away; answer before the commit; run a migration unless
//! asked; show a password of a database in an error or a log.

mod column;
mod database;
mod edge;
mod effect;
mod encryption;
mod ending;
mod error;
pub mod examine;
mod load;
pub mod migrate;
mod news;
mod opening;
mod options;
mod postgres;
pub mod restore;
mod row;
mod servers;
mod sqlite;
mod tally;
#[cfg(feature = "testing")]
pub mod testing;
mod url;

pub use database::{Database, GroupCommits};
pub use error::OpenError;
pub use load::{PostgresLoad, SqliteLoad, StoreLoad};
pub use options::Options;
pub use url::{DatabaseUrl, Engine, InvalidDatabaseUrl};
