//! PostgreSQL: a pool of connections; a refresh is one statement and one round trip.
//!
//! Locks are taken in one order everywhere, the account's row before its sessions' rows and these by id, so that steps of
//! this program never wait for each other in a circle.

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

use std::sync::Arc;

use auth_domain::ports::Stores;

use self::listener::Listener;
use self::pool::Pool;
use crate::error::OpenError;
use crate::load::PostgresLoad;
use crate::options::Options;
use crate::servers::Servers;
use crate::url::Address;

/// An open pool. Every port is the same pool; beside it one connection listens for news of the feed, once somebody asks.
#[derive(Clone)]
pub(crate) struct Postgres {
    pool: Pool,
    listener: Arc<Listener>,
}

impl Postgres {
    pub(crate) async fn open(address: &Address, options: &Options) -> Result<Self, OpenError> {
        let pool = Pool::open(&Arc::new(Servers::new(address)?), options).await?;
        Ok(Self { pool, listener: Arc::new(Listener::new(address)?) })
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

    pub(crate) fn load(&self) -> PostgresLoad {
        self.pool.load()
    }

    pub(crate) async fn close(&self) {
        self.listener.close();
        self.pool.close().await;
    }
}
