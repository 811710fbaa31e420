//! An open database: the ports on whichever engine its address names.

use auth_domain::ports::Stores;

use crate::error::OpenError;
use crate::load::{SqliteLoad, StoreLoad};
use crate::options::Options;
use crate::url::{DatabaseUrl, Target};
use crate::{postgres, sqlite};

/// An open database.
pub struct Database(Engine);

enum Engine {
    Sqlite(sqlite::Sqlite),
    Postgres(postgres::Postgres),
}

/// What group commit has saved since the database was opened: many steps share one commit when they come together.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq)]
pub struct GroupCommits {
    /// The steps that the writer has run.
    pub steps: u64,
    /// The commits that made them durable.
    pub commits: u64,
}

impl Database {
    /// Connects. Runs no migration: [`migrate::up`](crate::migrate::up) does.
    ///
    /// # Errors
    /// When the database is not there or does not answer; the error says what was tried.
    pub async fn open(url: &DatabaseUrl, options: &Options) -> Result<Self, OpenError> {
        Ok(Self(match url.target() {
            Target::Sqlite(path) => Engine::Sqlite(sqlite::Sqlite::open(path, options).await?),
            Target::Postgres(config) => Engine::Postgres(postgres::Postgres::open(config, options).await?),
        }))
    }

    /// The ports, for the use cases.
    #[must_use]
    pub fn stores(&self) -> Stores {
        match &self.0 {
            Engine::Sqlite(sqlite) => sqlite.stores(),
            Engine::Postgres(postgres) => postgres.stores(),
        }
    }

    /// Finishes every step that has begun or waits, then closes the connections. Steps that come later are answered
    /// [`StoreError::Unavailable`](auth_domain::ports::StoreError::Unavailable).
    pub async fn close(&self) {
        match &self.0 {
            Engine::Sqlite(sqlite) => sqlite.close().await,
            Engine::Postgres(postgres) => postgres.close().await,
        }
    }

    /// How much it has to do.
    #[must_use]
    pub fn load(&self) -> StoreLoad {
        match &self.0 {
            Engine::Sqlite(sqlite) => StoreLoad::Sqlite(sqlite.load()),
            Engine::Postgres(postgres) => StoreLoad::Postgres(postgres.load()),
        }
    }

    /// What group commit has saved so far; `None` on PostgreSQL, whose server does that by itself.
    #[must_use]
    pub fn group_commits(&self) -> Option<GroupCommits> {
        match &self.0 {
            Engine::Sqlite(sqlite) => {
                let SqliteLoad { steps, commits, .. } = sqlite.load();
                Some(GroupCommits { steps, commits })
            }
            Engine::Postgres(_) => None,
        }
    }
}
