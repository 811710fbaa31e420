//! The storage ports of `auth-domain` on SQLite and on PostgreSQL, with diesel.
//!
//! # What is inside
//!
//! Room | Holds
//! --- | ---
//! [`Database`], [`Options`] | an open database, and its ports: [`Database::stores`]
//! [`DatabaseUrl`], [`Engine`] | `sqlite:…` or `postgres://…`: the URL picks the engine
//! [`migrate`] | the schema: what is there, what is missing, forth and back
//! [`restore`] | what has to be done after a backup was put back
//! [`StoreLoad`] | how much there is to do, for who sheds load
//!
//! # What it never does
//!
//! - **No step half done.** A caller who goes away cancels nothing; an answer leaves after the commit.
//! - **No migration unasked.** A schema that does not fit is an error that says which command to run.
//! - **No password of a database** in an error or a log.
//!
//! # Features
//!
//! Feature | On by default | Brings
//! --- | --- | ---
//! `testing` | no | a PostgreSQL server for tests, and a fresh database for each
//! `failpoints` | no | stops the process at named places, for tests of what survives a crash; never in a release
//!
//! # The whole of it
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
//! # For who changes it
//!
//! Each engine has a folder of its own, with the same file names in both: `connection` (settings), `pool` (who runs a
//! step, and how it is committed), `schema`, and one file a port or step. To follow one refresh, read `sessions` of either
//! engine from the top; `listener` is how a node hears of another's revocations. Beside them is what both share: `column`
//! and `row` (what a column or row means to the model), `opening`, `ending`, `effect` and `tally` (rules of the steps), `news`
//! (who waits for the feed), `load` (how much there is to do), `error` (what a database's complaint means to the caller), [`migrate`], `url`.

#![cfg_attr(docsrs, feature(doc_cfg))]

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

/// The README's example compiles.
#[cfg(doctest)]
#[doc = include_str!("../README.md")]
struct Readme;
