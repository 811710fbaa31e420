//! API keys on PostgreSQL.

use async_trait::async_trait;
use auth_domain::model::{ApiKey, ApiKeyId, ApiScope, Timestamp};
use auth_domain::ports::{ApiKeyStore, StoreError};
use diesel::prelude::*;
use diesel_async::{AsyncPgConnection, RunQueryDsl};
use uuid::Uuid;

use super::Postgres;
use super::pool::Step;
use super::schema::api_keys;
use crate::column::words;
use crate::error::Failure;
use crate::row::ApiKeyRow;

#[async_trait]
impl ApiKeyStore for Postgres {
    async fn add(&self, key: ApiKey) -> Result<(), StoreError> {
        self.pool.statement(Add(key)).await
    }

    async fn get(&self, id: ApiKeyId) -> Result<Option<ApiKey>, StoreError> {
        self.pool.statement(Get(id)).await
    }

    async fn list(&self) -> Result<Vec<ApiKey>, StoreError> {
        self.pool.statement(List).await
    }

    async fn revoke(&self, id: ApiKeyId, now: Timestamp) -> Result<bool, StoreError> {
        self.pool.statement(Revoke { id, now }).await
    }
}

struct Add(ApiKey);

impl Step for Add {
    type Answer = ();

    async fn run(&self, connection: &mut AsyncPgConnection) -> Result<(), Failure> {
        let key = &self.0;
        diesel::insert_into(api_keys::table)
            .values((
                api_keys::id.eq(key.id.as_uuid()),
                api_keys::name.eq(&key.name),
                api_keys::secret_hash.eq(key.secret_hash.as_bytes().as_slice()),
                api_keys::scopes.eq(words(key.scopes.iter().map(|scope| ApiScope::as_str(*scope)))),
                api_keys::created_at.eq(key.created_at.as_micros()),
                api_keys::revoked_at.eq(key.revoked_at.map(Timestamp::as_micros)),
            ))
            .execute(connection)
            .await?;
        Ok(())
    }
}

struct Get(ApiKeyId);

impl Step for Get {
    type Answer = Option<ApiKey>;

    async fn run(&self, connection: &mut AsyncPgConnection) -> Result<Self::Answer, Failure> {
        let row: Option<ApiKeyRow<Uuid>> = api_keys::table.find(self.0.as_uuid()).first(connection).await.optional()?;
        Ok(row.map(ApiKeyRow::key).transpose()?)
    }
}

struct List;

impl Step for List {
    type Answer = Vec<ApiKey>;

    async fn run(&self, connection: &mut AsyncPgConnection) -> Result<Self::Answer, Failure> {
        let rows: Vec<ApiKeyRow<Uuid>> =
            api_keys::table.order((api_keys::created_at.desc(), api_keys::id.desc())).load(connection).await?;
        Ok(rows.into_iter().map(ApiKeyRow::key).collect::<Result<_, _>>()?)
    }
}

struct Revoke {
    id: ApiKeyId,
    now: Timestamp,
}

impl Step for Revoke {
    type Answer = bool;

    async fn run(&self, connection: &mut AsyncPgConnection) -> Result<bool, Failure> {
        let key = api_keys::table.filter(api_keys::id.eq(self.id.as_uuid())).filter(api_keys::revoked_at.is_null());
        let revoked =
            diesel::update(key).set(api_keys::revoked_at.eq(self.now.as_micros())).execute(connection).await?;
        Ok(revoked > 0)
    }
}
