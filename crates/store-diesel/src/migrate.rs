//! Migrations: embedded in the program, forward and back, recorded as the diesel command line does.
//!
//! Several servers may start at once: one migrates while the others wait, and then they find nothing left to do.

use std::fmt;

use diesel::backend::Backend;
use diesel::connection::BoxableConnection;
use diesel::migration::{self, MigrationMetadata, MigrationName, MigrationVersion};
use diesel_migrations::MigrationHarness;

use crate::error::OpenError;
use crate::url::{DatabaseUrl, Target};
use crate::{postgres, sqlite};

/// One migration, and whether the database has it.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Status {
    /// Its name, such as `2026-01-01-000000_accounts_and_sessions`; or its bare version, when this program does not know it.
    pub name: String,
    /// Whether the database has it.
    pub applied: bool,
}

/// Why the migrations did not run, or do not fit.
#[derive(Debug, thiserror::Error)]
pub enum MigrateError {
    /// The database cannot be opened.
    #[error(transparent)]
    Open(#[from] OpenError),
    /// The database has a migration that this program does not know.
    #[error(
        "the database was migrated by a newer version of this program, to {0}; run that version, or restore a backup"
    )]
    Newer(String),
    /// The database lacks migrations.
    #[error("the database lacks the migrations {}; run `jeton migrate`", .0.join(", "))]
    Pending(Vec<String>),
    /// A migration failed. It was undone, and those before it stand.
    #[error("the migration {name} failed: {reason}")]
    Failed {
        /// The migration.
        name: String,
        /// What the database said.
        reason: String,
    },
    /// The record of migrations cannot be read, or another process has been migrating for too long.
    #[error("the migrations could not be started: {0}")]
    NotStarted(String),
}

impl From<diesel::result::Error> for MigrateError {
    fn from(error: diesel::result::Error) -> Self {
        Self::NotStarted(error.to_string())
    }
}

/// Runs every migration that the database lacks, and answers their names. Creates the file of an SQLite database.
///
/// # Errors
/// When the database cannot be opened, was written by a newer version, or a migration fails.
pub async fn up(url: &DatabaseUrl) -> Result<Vec<String>, MigrateError> {
    match url.target() {
        Target::Sqlite(path) => {
            sqlite::migrate::create(path)?;
            sqlite::migrate::locked(path, |session| up_on(session, SQLITE)).await
        }
        Target::Postgres(address) => postgres::migrate::locked(address, |session| up_on(session, POSTGRES)).await,
    }
}

/// Undoes the last `steps` migrations that the database has, or as many as there are, and answers their names.
///
/// # Errors
/// As [`up`].
pub async fn down(url: &DatabaseUrl, steps: usize) -> Result<Vec<String>, MigrateError> {
    match url.target() {
        Target::Sqlite(path) => sqlite::migrate::locked(path, move |session| down_on(session, SQLITE, steps)).await,
        Target::Postgres(address) => {
            postgres::migrate::locked(address, move |session| down_on(session, POSTGRES, steps)).await
        }
    }
}

/// Every migration, oldest first. Writes nothing.
///
/// # Errors
/// When the database cannot be opened.
pub async fn status(url: &DatabaseUrl) -> Result<Vec<Status>, MigrateError> {
    let (known, applied) = match url.target() {
        Target::Sqlite(path) if !path.exists() => (SQLITE, Vec::new()),
        Target::Sqlite(path) => (SQLITE, sqlite::migrate::unlocked(path, applied).await?),
        Target::Postgres(address) => (POSTGRES, postgres::migrate::unlocked(address, applied).await?),
    };
    let mut list: Vec<_> = known
        .iter()
        .map(|migration| Status { name: migration.to_string(), applied: applied.contains(&migration.number()) })
        .collect();
    list.extend(unknown(known, &applied).map(|version| Status { name: version.clone(), applied: true }));
    Ok(list)
}

/// Checks that the database has every migration and none that this program does not know. Writes nothing.
///
/// # Errors
/// [`MigrateError::Pending`], [`MigrateError::Newer`], or why the database cannot be opened.
pub async fn check(url: &DatabaseUrl) -> Result<(), MigrateError> {
    let list = status(url).await?;
    if let Some(newer) = list.iter().find(|status| !SQLITE.iter().any(|known| known.name == status.name)) {
        return Err(MigrateError::Newer(newer.name.clone()));
    }
    let pending: Vec<_> = list.into_iter().filter(|status| !status.applied).map(|status| status.name).collect();
    if pending.is_empty() { Ok(()) } else { Err(MigrateError::Pending(pending)) }
}

/// How many migrations a database lacks that has these.
pub(crate) fn missing(applied: impl Iterator<Item = String>) -> usize {
    let applied: Vec<_> = applied.collect();
    SQLITE.iter().filter(|known| !applied.contains(&known.number())).count()
}

/// The whole text of all migrations: it changes when any of them does, so that tests know when to make a template anew.
#[must_use]
pub const fn text() -> &'static str {
    TEXT
}

/// Names every migration once, for both engines: a folder that one of them lacks does not compile.
macro_rules! migrations {
    (@sql $engine:literal, $name:literal, $way:literal) => {
        include_str!(concat!("../migrations/", $engine, "/", $name, "/", $way, ".sql"))
    };
    (@list $engine:literal, $($name:literal),+) => {
        &[$(Migration {
            name: $name,
            up: migrations!(@sql $engine, $name, "up"),
            down: migrations!(@sql $engine, $name, "down"),
        }),+]
    };
    ($($name:literal),+ $(,)?) => {
        const SQLITE: &[Migration] = migrations!(@list "sqlite", $($name),+);
        const POSTGRES: &[Migration] = migrations!(@list "postgres", $($name),+);
        const TEXT: &str = concat!($(
            $name,
            include_str!(concat!("../migrations/sqlite/", $name, "/up.sql")),
            include_str!(concat!("../migrations/sqlite/", $name, "/down.sql")),
            include_str!(concat!("../migrations/postgres/", $name, "/up.sql")),
            include_str!(concat!("../migrations/postgres/", $name, "/down.sql")),
        )+);
    };
}

migrations!(
    "2026-01-01-000000_accounts_and_sessions",
    "2026-01-01-000001_revocations_and_events",
    "2026-01-01-000002_signing_keys",
    "2026-01-01-000003_devices_and_ends",
    "2026-01-01-000004_feed_and_actors",
    "2026-01-01-000005_api_keys",
    "2026-01-01-000006_webhook_deliveries",
    "2026-01-01-000007_key_states",
    "2026-01-01-000008_accounts",
);

/// One migration of one engine.
struct Migration {
    name: &'static str,
    up: &'static str,
    down: &'static str,
}

impl Migration {
    /// The part of the name that is recorded: the date and number without hyphens.
    fn number(&self) -> String {
        self.name.split('_').next().unwrap_or_default().replace('-', "")
    }
}

impl fmt::Display for Migration {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str(self.name)
    }
}

impl MigrationName for Migration {
    fn version(&self) -> MigrationVersion<'_> {
        MigrationVersion::from(self.number())
    }
}

impl MigrationMetadata for Migration {}

impl<DB: Backend> migration::Migration<DB> for Migration {
    fn run(&self, connection: &mut dyn BoxableConnection<DB>) -> migration::Result<()> {
        Ok(connection.batch_execute(self.up)?)
    }

    fn revert(&self, connection: &mut dyn BoxableConnection<DB>) -> migration::Result<()> {
        Ok(connection.batch_execute(self.down)?)
    }

    fn metadata(&self) -> &dyn MigrationMetadata {
        self
    }

    fn name(&self) -> &dyn MigrationName {
        self
    }
}

/// A connection that migrations run on.
pub(crate) trait Session<DB: Backend>: MigrationHarness<DB> {
    /// Whether the record of migrations is there, without creating it.
    fn has_record(&mut self) -> diesel::QueryResult<bool>;
}

/// The versions that the database has, newest first.
fn applied<DB: Backend>(session: &mut impl Session<DB>) -> Result<Vec<String>, MigrateError> {
    if !session.has_record()? {
        return Ok(Vec::new());
    }
    let versions = session.applied_migrations().map_err(|error| MigrateError::NotStarted(error.to_string()))?;
    Ok(versions.iter().map(ToString::to_string).collect())
}

fn unknown<'a>(known: &'a [Migration], applied: &'a [String]) -> impl Iterator<Item = &'a String> {
    applied.iter().filter(|version| !known.iter().any(|migration| migration.number() == **version))
}

fn up_on<DB: Backend>(session: &mut impl Session<DB>, known: &[Migration]) -> Result<Vec<String>, MigrateError> {
    let applied = applied(session)?;
    if let Some(newer) = unknown(known, &applied).next() {
        return Err(MigrateError::Newer(newer.clone()));
    }
    // Creates the record where there is none.
    session.applied_migrations().map_err(|error| MigrateError::NotStarted(error.to_string()))?;
    let mut done = Vec::new();
    for migration in known.iter().filter(|migration| !applied.contains(&migration.number())) {
        session.run_migration(migration).map_err(|error| failed(migration, &*error))?;
        done.push(migration.to_string());
    }
    Ok(done)
}

fn down_on<DB: Backend>(
    session: &mut impl Session<DB>,
    known: &[Migration],
    steps: usize,
) -> Result<Vec<String>, MigrateError> {
    let mut done = Vec::new();
    for version in applied(session)?.into_iter().take(steps) {
        let migration =
            known.iter().find(|migration| migration.number() == version).ok_or(MigrateError::Newer(version))?;
        session.revert_migration(migration).map_err(|error| failed(migration, &*error))?;
        done.push(migration.to_string());
    }
    Ok(done)
}

fn failed(migration: &Migration, error: &(dyn std::error::Error + Send + Sync)) -> MigrateError {
    MigrateError::Failed { name: migration.to_string(), reason: error.to_string() }
}
