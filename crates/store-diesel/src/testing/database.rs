//! A database for one test: cloned from a template that is migrated once a server.

use std::error::Error;
use std::hash::{BuildHasher, DefaultHasher, Hash, Hasher, RandomState};
use std::time::Duration;

use tokio_postgres::Client;

use super::{TestPostgresError, admin};

const DROP_DEADLINE: Duration = Duration::from_secs(10);

/// A database of its own for a test. Dropping it drops the database, whoever is still connected.
#[derive(Debug)]
pub struct TestDatabase {
    server_url: String,
    url: String,
    name: String,
}

impl TestDatabase {
    /// Clones the template of these migrations, and makes that template first where the server has none yet.
    ///
    /// `server_url` is a server's administrative address, `migrations` the text of all the migrations (the template's name
    /// carries a hash of it, so that a changed migration gets a new template), and `migrate` brings the empty database at
    /// the address it is given up to date. Many processes may do this at once: one migrates, the others wait for it.
    /// Templates stay on the server; they are named `jeton_template_…`.
    ///
    /// # Errors
    /// [`TestPostgresError::Migration`] holds what `migrate` failed with; the others say that the server does not serve.
    pub async fn create<F, Fut, E>(server_url: &str, migrations: &str, migrate: F) -> Result<Self, TestPostgresError>
    where
        F: FnOnce(String) -> Fut,
        Fut: Future<Output = Result<(), E>>,
        E: Into<Box<dyn Error + Send + Sync>>,
    {
        let template = Template::of(migrations);
        let name = format!("jeton_test_{}_{:016x}", std::process::id(), RandomState::new().hash_one(0_u8));
        let url = admin::with_database(server_url, &name)?;
        let client = admin::connect(server_url, "create a test database").await?;
        if !template.is_ready(&client).await? {
            template.make(&client, server_url, migrate).await?;
        }
        let clone = format!("CREATE DATABASE {name} TEMPLATE {}", template.name);
        admin::run(&client, "clone the template database", &clone).await?;
        Ok(Self { server_url: server_url.to_owned(), url, name })
    }

    /// The address to connect to.
    #[must_use]
    pub fn url(&self) -> &str {
        &self.url
    }
}

impl Drop for TestDatabase {
    fn drop(&mut self) {
        let (server_url, name) = (self.server_url.clone(), self.name.clone());
        // A thread with a runtime of its own: the test's runtime may be single-threaded, or gone.
        let helper = std::thread::spawn(move || {
            let Ok(runtime) = tokio::runtime::Builder::new_current_thread().enable_all().build() else { return };
            let work = async {
                if let Ok(client) = admin::connect(&server_url, "drop a test database").await {
                    // Best effort: what is left goes with the server, or is harmless on one that stays.
                    let _ = client.batch_execute(&format!("DROP DATABASE IF EXISTS {name} WITH (FORCE)")).await;
                }
            };
            let _ = runtime.block_on(async { tokio::time::timeout(DROP_DEADLINE, work).await });
        });
        let _ = helper.join();
    }
}

/// A database that nobody connects to and others are cloned from.
pub(super) struct Template {
    pub(super) name: String,
    lock: i64,
}

impl Template {
    pub(super) fn of(migrations: &str) -> Self {
        let mut hasher = DefaultHasher::new();
        migrations.hash(&mut hasher);
        let hash = hasher.finish();
        Self { name: format!("jeton_template_{hash:016x}"), lock: hash.cast_signed() }
    }

    /// A database becomes a template by the last step of its making, so one that is half made is never taken for ready.
    async fn is_ready(&self, client: &Client) -> Result<bool, TestPostgresError> {
        let found = "SELECT 1 FROM pg_database WHERE datname = $1 AND datistemplate";
        let row = client.query_opt(found, &[&self.name]).await;
        Ok(row.map_err(|source| TestPostgresError::Refused { action: "look for the template", source })?.is_some())
    }

    async fn make<F, Fut, E>(&self, client: &Client, server_url: &str, migrate: F) -> Result<(), TestPostgresError>
    where
        F: FnOnce(String) -> Fut,
        Fut: Future<Output = Result<(), E>>,
        E: Into<Box<dyn Error + Send + Sync>>,
    {
        let name = &self.name;
        let url = admin::with_database(server_url, name)?;
        // Held by the session, so it is free again when this process dies.
        admin::run(client, "wait for the template", &format!("SELECT pg_advisory_lock({})", self.lock)).await?;
        if !self.is_ready(client).await? {
            let remove = format!("DROP DATABASE IF EXISTS {name} WITH (FORCE)");
            admin::run(client, "drop a half made template", &remove).await?;
            admin::run(client, "create the template database", &format!("CREATE DATABASE {name}")).await?;
            if let Err(error) = migrate(url).await {
                admin::run(client, "drop a half made template", &remove).await?;
                return Err(TestPostgresError::Migration(error.into()));
            }
            // A connection of the migrations that lingers would hinder every clone.
            let seal = format!("ALTER DATABASE {name} WITH ALLOW_CONNECTIONS false");
            admin::run(client, "close the template database", &seal).await?;
            let leave = format!("SELECT pg_terminate_backend(pid) FROM pg_stat_activity WHERE datname = '{name}'");
            admin::run(client, "close the template database", &leave).await?;
            let mark = format!("ALTER DATABASE {name} WITH IS_TEMPLATE true");
            admin::run(client, "mark the template database", &mark).await?;
        }
        admin::run(client, "free the template", &format!("SELECT pg_advisory_unlock({})", self.lock)).await
    }
}
