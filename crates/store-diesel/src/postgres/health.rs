//! Whether the server answers, and has the tables that this program was written for.

use async_trait::async_trait;
use auth_domain::ports::{StoreError, StoreHealth};
use diesel::prelude::*;
use diesel::sql_types::Text;
use diesel_async::{AsyncPgConnection, RunQueryDsl};

use super::Postgres;
use super::pool::Step;
use super::schema::users::dsl::{created_at, users};
use crate::error::Failure;
use crate::migrate::missing;

#[async_trait]
impl StoreHealth for Postgres {
    async fn check(&self) -> Result<(), StoreError> {
        self.pool.statement(Check).await
    }

    async fn missing_migrations(&self) -> Result<usize, StoreError> {
        self.pool.statement(Migrations).await
    }
}

struct Check;

impl Step for Check {
    type Answer = ();

    async fn run(&self, connection: &mut AsyncPgConnection) -> Result<(), Failure> {
        // As on SQLite: the tables are there, and can be read.
        users.select(created_at).limit(1).load::<i64>(connection).await?;
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

    async fn run(&self, connection: &mut AsyncPgConnection) -> Result<usize, Failure> {
        let query = diesel::sql_query("SELECT version FROM __diesel_schema_migrations");
        let applied = query.load::<Version>(connection).await?;
        Ok(missing(applied.into_iter().map(|row| row.version)))
    }
}
