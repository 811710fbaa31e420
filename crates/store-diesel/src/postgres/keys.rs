//! Sealed signing keys on PostgreSQL.

use async_trait::async_trait;
use auth_domain::model::SealedKey;
use auth_domain::ports::{KeyStore, StoreError};
use diesel::prelude::*;
use diesel_async::{AsyncPgConnection, RunQueryDsl, SimpleAsyncConnection};

use super::Postgres;
use super::pool::Step;
use super::schema::signing_keys;
use crate::error::Failure;
use crate::row::KeyRow;

#[async_trait]
impl KeyStore for Postgres {
    async fn list(&self) -> Result<Vec<SealedKey>, StoreError> {
        self.pool.statement(List).await
    }

    async fn adopt(&self, first: SealedKey) -> Result<Vec<SealedKey>, StoreError> {
        self.pool.transact(Adopt(first)).await
    }
}

struct List;

impl Step for List {
    type Answer = Vec<SealedKey>;

    async fn run(&self, connection: &mut AsyncPgConnection) -> Result<Self::Answer, Failure> {
        let rows: Vec<KeyRow> =
            signing_keys::table.order((signing_keys::created_at, signing_keys::kid)).load(connection).await?;
        Ok(rows.into_iter().map(KeyRow::key).collect::<Result<_, _>>()?)
    }
}

/// Holds a lock that lets others read but not add, so that of several servers one adds its key and all see it.
struct Adopt(SealedKey);

impl Step for Adopt {
    type Answer = Vec<SealedKey>;

    async fn run(&self, connection: &mut AsyncPgConnection) -> Result<Self::Answer, Failure> {
        connection.batch_execute("LOCK TABLE signing_keys IN SHARE ROW EXCLUSIVE MODE").await?;
        let keys = List.run(connection).await?;
        if keys.iter().any(|key| key.algorithm == self.0.algorithm) {
            return Ok(keys);
        }
        diesel::insert_into(signing_keys::table)
            .values((
                signing_keys::kid.eq(&self.0.kid),
                signing_keys::algorithm.eq(&self.0.algorithm),
                signing_keys::key_id.eq(i16::from(self.0.key_id)),
                signing_keys::sealed.eq(&self.0.sealed),
                signing_keys::created_at.eq(self.0.created_at.as_micros()),
            ))
            .execute(connection)
            .await?;
        List.run(connection).await
    }
}
