//! The real router over real stores, on a clock that a simulation moves: 30 days in seconds.

use std::time::Duration;

use auth_domain::model::Timestamp;
use auth_domain::ports::{Clock as _, Stores};
use auth_domain::testing::MemoryStores;
use serde_json::json;
use store_diesel::{Database, migrate};

use super::home::Home;
use super::support::{Answer, Setup, TestApp, Tokens};

const OWNER: &str = "alice@example.com";

/// A server whose time stands still until it is moved.
pub(crate) struct Simulated {
    app: TestApp,
    began: Timestamp,
    /// What the stores stand on.
    engine: Option<(Home, Database)>,
}

/// A time in the simulation: microseconds since its beginning.
pub(crate) type Micros = u64;

pub(crate) const SECOND: Micros = 1_000_000;
pub(crate) const MINUTE: Micros = 60 * SECOND;
pub(crate) const HOUR: Micros = 60 * MINUTE;
pub(crate) const DAY: Micros = 24 * HOUR;

impl Simulated {
    pub(crate) async fn in_memory() -> Self {
        Self::over(MemoryStores::new().stores(), None).await
    }

    /// On the database of a home in which no server runs.
    pub(crate) async fn on(home: Home) -> Self {
        std::fs::create_dir_all(home.data()).unwrap();
        migrate::up(&home.database_url().parse().unwrap()).await.unwrap();
        let database = home.database().await;
        Self::over(database.stores(), Some((home, database))).await
    }

    async fn over(stores: Stores, engine: Option<(Home, Database)>) -> Self {
        let app = Setup::over(stores).start();
        app.register(OWNER).await;
        let began = app.clock.now();
        Self { app, began, engine }
    }

    /// Moves the server's clock to this time.
    pub(crate) fn set(&self, time: Micros) {
        self.app.clock.set(self.began.plus(Duration::from_micros(time)));
    }

    /// Signs the owner in, now.
    pub(crate) async fn login(&self) -> Tokens {
        self.app.login(OWNER).await
    }

    /// Refreshes, now.
    pub(crate) async fn refresh(&self, token: &str, key: Option<&str>) -> Answer {
        let request = self.app.post("/v1/refresh").json(json!({ "refresh_token": token }));
        let request = match key {
            Some(key) => request.header("idempotency-key", key),
            None => request,
        };
        request.send().await
    }

    /// Whether an access token is let in, now.
    pub(crate) async fn lets_in(&self, access: &str) -> bool {
        match self.app.me(access).await.status {
            200 => true,
            401 => false,
            other => panic!("{other}"),
        }
    }

    pub(crate) async fn close(self) {
        if let Some((home, database)) = self.engine {
            database.close().await;
            drop(home);
        }
    }
}
