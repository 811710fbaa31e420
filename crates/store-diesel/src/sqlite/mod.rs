//! SQLite: a file, one writer that commits in groups, readers beside it.

mod accounts;
mod api_keys;
mod close;
mod connection;
mod email;
mod end;
mod events;
mod factors;
mod housekeeping;
mod keys;
mod listener;
pub(crate) mod migrate;
mod one_time;
mod open;
mod passkeys;
mod password;
mod pool;
mod recovery_codes;
mod registration;
mod revocations;
mod schema;
mod sessions;
mod throttle;
mod webhooks;

use std::path::Path;
use std::sync::Arc;

use async_trait::async_trait;
use auth_domain::ports::{StoreError, StoreHealth, Stores};
use diesel::prelude::*;
use uuid::Uuid;

use self::connection::File;
use self::pool::{Pool, Step};
use crate::database::GroupCommits;
use crate::error::{Failure, OpenError};
use crate::options::Options;

/// An open file. Every port is the same pool.
#[derive(Clone)]
pub(crate) struct Sqlite {
    pool: Arc<Pool>,
}

impl Sqlite {
    pub(crate) async fn open(path: &Path, options: &Options) -> Result<Self, OpenError> {
        if !path.exists() {
            return Err(OpenError::Missing(path.to_owned()));
        }
        let file = File { path: path.to_owned(), busy: options.sqlite_busy };
        let options = options.clone();
        let opened = tokio::task::spawn_blocking(move || Pool::open(&file, &options));
        let pool = opened.await.map_err(std::io::Error::from)??;
        Ok(Self { pool: Arc::new(pool) })
    }

    pub(crate) fn stores(&self) -> Stores {
        Stores {
            accounts: Arc::new(self.clone()),
            sessions: Arc::new(self.clone()),
            revocations: Arc::new(self.clone()),
            one_time: Arc::new(self.clone()),
            factors: Arc::new(self.clone()),
            throttle: Arc::new(self.clone()),
            events: Arc::new(self.clone()),
            keys: Arc::new(self.clone()),
            api_keys: Arc::new(self.clone()),
            webhooks: Arc::new(self.clone()),
            housekeeping: Arc::new(self.clone()),
            health: Arc::new(self.clone()),
        }
    }

    pub(crate) async fn close(&self) {
        self.pool.close().await;
    }

    pub(crate) fn group_commits(&self) -> GroupCommits {
        self.pool.group_commits()
    }
}

#[async_trait]
impl StoreHealth for Sqlite {
    async fn check(&self) -> Result<(), StoreError> {
        self.pool.read(Check).await
    }
}

/// An identifier as a column keeps it.
fn bytes(id: Uuid) -> Vec<u8> {
    id.into_bytes().to_vec()
}

struct Check;

impl Step for Check {
    type Answer = ();

    fn run(&self, connection: &mut SqliteConnection) -> Result<(), Failure> {
        use schema::users::dsl::{created_at, users};
        // Reads the file itself; `SELECT 1` would be answered without it.
        users.select(created_at).limit(1).load::<i64>(connection)?;
        Ok(())
    }
}
