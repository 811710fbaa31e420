//! API keys on SQLite.

use async_trait::async_trait;
use auth_domain::model::{ApiKey, ApiKeyId, ApiScope, Timestamp};
use auth_domain::ports::{ApiKeyStore, StoreError};
use diesel::prelude::*;

use super::pool::Step;
use super::schema::api_keys;
use super::{Sqlite, bytes};
use crate::column::words;
use crate::error::Failure;
use crate::row::ApiKeyRow;

#[async_trait]
impl ApiKeyStore for Sqlite {
    async fn add(&self, key: ApiKey) -> Result<(), StoreError> {
        self.pool.write(Add(key)).await
    }

    async fn get(&self, id: ApiKeyId) -> Result<Option<ApiKey>, StoreError> {
        self.pool.read(Get(id)).await
    }

    async fn list(&self) -> Result<Vec<ApiKey>, StoreError> {
        self.pool.read(List).await
    }

    async fn revoke(&self, id: ApiKeyId, now: Timestamp) -> Result<bool, StoreError> {
        self.pool.write(Revoke { id, now }).await
    }
}

struct Add(ApiKey);

impl Step for Add {
    type Answer = ();

    fn run(&self, connection: &mut SqliteConnection) -> Result<(), Failure> {
        let key = &self.0;
        diesel::insert_into(api_keys::table)
            .values((
                api_keys::id.eq(bytes(key.id.as_uuid())),
                api_keys::name.eq(&key.name),
                api_keys::secret_hash.eq(key.secret_hash.as_bytes().as_slice()),
                api_keys::scopes.eq(words(key.scopes.iter().map(|scope| ApiScope::as_str(*scope)))),
                api_keys::created_at.eq(key.created_at.as_micros()),
                api_keys::revoked_at.eq(key.revoked_at.map(Timestamp::as_micros)),
            ))
            .execute(connection)?;
        Ok(())
    }
}

struct Get(ApiKeyId);

impl Step for Get {
    type Answer = Option<ApiKey>;

    fn run(&self, connection: &mut SqliteConnection) -> Result<Self::Answer, Failure> {
        let row: Option<ApiKeyRow<Vec<u8>>> =
            api_keys::table.find(bytes(self.0.as_uuid())).get_result(connection).optional()?;
        Ok(row.map(ApiKeyRow::key).transpose()?)
    }
}

struct List;

impl Step for List {
    type Answer = Vec<ApiKey>;

    fn run(&self, connection: &mut SqliteConnection) -> Result<Self::Answer, Failure> {
        let rows: Vec<ApiKeyRow<Vec<u8>>> =
            api_keys::table.order((api_keys::created_at.desc(), api_keys::id.desc())).load(connection)?;
        Ok(rows.into_iter().map(ApiKeyRow::key).collect::<Result<_, _>>()?)
    }
}

struct Revoke {
    id: ApiKeyId,
    now: Timestamp,
}

impl Step for Revoke {
    type Answer = bool;

    fn run(&self, connection: &mut SqliteConnection) -> Result<bool, Failure> {
        let key =
            api_keys::table.filter(api_keys::id.eq(bytes(self.id.as_uuid()))).filter(api_keys::revoked_at.is_null());
        let revoked = diesel::update(key).set(api_keys::revoked_at.eq(self.now.as_micros())).execute(connection)?;
        Ok(revoked > 0)
    }
}
