//! Whether the file can be read, and has the tables that this program was written for.

use async_trait::async_trait;
use auth_domain::ports::{StoreError, StoreHealth};
use diesel::prelude::*;
use diesel::sql_types::Text;

use super::Sqlite;
use super::pool::Step;
use super::schema::users::dsl::{created_at, users};
use crate::error::Failure;
use crate::migrate::missing;

#[async_trait]
impl StoreHealth for Sqlite {
    async fn check(&self) -> Result<(), StoreError> {
        self.pool.read(Check).await
    }

    async fn missing_migrations(&self) -> Result<usize, StoreError> {
        self.pool.read(Migrations).await
    }
}

struct Check;

impl Step for Check {
    type Answer = ();

    fn run(&self, connection: &mut SqliteConnection) -> Result<(), Failure> {
        // Reads the file itself; `SELECT 1` would be answered without it.
        users.select(created_at).limit(1).load::<i64>(connection)?;
        Ok(())
    }
}

struct Migrations;

#[derive(QueryableByName)]
struct Version {
    #[diesel(sql_type = Text)]
    version: String,
}

impl Step for Migrations {
    type Answer = usize;

    fn run(&self, connection: &mut SqliteConnection) -> Result<usize, Failure> {
        let query = diesel::sql_query("SELECT version FROM __diesel_schema_migrations");
        let applied = query.load::<Version>(connection)?;
        Ok(missing(applied.into_iter().map(|row| row.version)))
    }
}
