//! The main job over HTTP, as one specification that runs on every store.
//!
//! To add a store, write a function that gives an [`Engine`] and name it in `on_every_store!`.

mod control;
mod factors;
mod keys;
mod recovery;
mod rotation;
mod sessions;

use std::any::Any;

use auth_domain::ports::Stores;
use auth_domain::testing::MemoryStores;
use store_diesel::testing::{TestDatabase, shared_server};
use store_diesel::{Database, DatabaseUrl, Options, migrate};

use crate::support::Setup;

/// A store under test, and what must live as long as it.
pub(crate) struct Engine {
    stores: Stores,
    _keep: Box<dyn Any + Send + Sync>,
}

impl Engine {
    fn memory() -> impl Future<Output = Self> {
        let stores = MemoryStores::new().stores();
        std::future::ready(Self { stores, _keep: Box::new(()) })
    }

    async fn sqlite() -> Self {
        let folder = tempfile::tempdir().unwrap();
        let url = format!("sqlite:{}", folder.path().join("jeton.db").display()).parse().unwrap();
        migrate::up(&url).await.unwrap();
        Self::open(&url, folder).await
    }

    async fn postgres() -> Self {
        let server = shared_server().await.unwrap();
        let migrated = async |url: String| migrate::up(&url.parse().unwrap()).await.map(|_| ());
        let database = TestDatabase::create(server.url(), migrate::text(), migrated).await.unwrap();
        let url = database.url().parse().unwrap();
        Self::open(&url, database).await
    }

    async fn open(url: &DatabaseUrl, owner: impl Any + Send + Sync) -> Self {
        let database = Database::open(url, &Options::default()).await.unwrap();
        // The connections go first, then what they lead to.
        Self { stores: database.stores(), _keep: Box::new((database, owner)) }
    }

    /// An application on this store.
    fn setup(&self) -> Setup {
        Setup::over(self.stores.clone())
    }
}

/// Runs each case on each store.
macro_rules! on_every_store {
    ($($case:ident,)*) => {
        mod memory { $(super::on_store!(memory, $case);)* }
        mod sqlite { $(super::on_store!(sqlite, $case);)* }
        mod postgres { $(super::on_store!(postgres, $case);)* }
    };
}

macro_rules! on_store {
    ($engine:ident, $case:ident) => {
        #[tokio::test(flavor = "multi_thread", worker_threads = 2)]
        async fn $case() {
            super::$case($crate::main_job::Engine::$engine().await).await;
        }
    };
}

pub(crate) use {on_every_store, on_store};
