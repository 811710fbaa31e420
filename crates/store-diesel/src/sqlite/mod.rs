//! SQLite: a file, one writer that commits in groups, readers beside it.
//!
//! One row is read by `get_result`, never by `first`, which binds a `LIMIT`: SQLite looks at the value when it plans, and so
//! prepares such a statement anew each time it is run, which costs several times what running it does.

mod accounts;
mod api_keys;
mod close;
mod connection;
mod email;
mod end;
mod events;
pub(crate) mod examine;
mod factors;
mod health;
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

use auth_domain::ports::Stores;
use uuid::Uuid;

use self::connection::File;
use self::pool::Pool;
use crate::error::OpenError;
use crate::load::SqliteLoad;
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

    pub(crate) fn load(&self) -> SqliteLoad {
        self.pool.load()
    }
}

/// An identifier as a column keeps it.
fn bytes(id: Uuid) -> Vec<u8> {
    id.into_bytes().to_vec()
}
