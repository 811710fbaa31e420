//! Sealed signing keys on SQLite.

use async_trait::async_trait;
use auth_domain::model::SealedKey;
use auth_domain::ports::{KeyStore, StoreError};
use diesel::prelude::*;

use super::Sqlite;
use super::pool::Step;
use super::schema::signing_keys;
use crate::error::Failure;
use crate::row::KeyRow;

#[async_trait]
impl KeyStore for Sqlite {
    async fn list(&self) -> Result<Vec<SealedKey>, StoreError> {
        self.pool.read(List).await
    }

    async fn adopt(&self, first: SealedKey) -> Result<Vec<SealedKey>, StoreError> {
        self.pool.write(Adopt(first)).await
    }
}

struct List;

impl Step for List {
    type Answer = Vec<SealedKey>;

    fn run(&self, connection: &mut SqliteConnection) -> Result<Self::Answer, Failure> {
        let rows: Vec<KeyRow> =
            signing_keys::table.order((signing_keys::created_at, signing_keys::kid)).load(connection)?;
        Ok(rows.into_iter().map(KeyRow::key).collect::<Result<_, _>>()?)
    }
}

/// The writer's transaction holds the file's write lock, so no other process adds a key in between.
struct Adopt(SealedKey);

impl Step for Adopt {
    type Answer = Vec<SealedKey>;

    fn run(&self, connection: &mut SqliteConnection) -> Result<Self::Answer, Failure> {
        let keys = List.run(connection)?;
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
            .execute(connection)?;
        List.run(connection)
    }
}
