//! Sealed signing keys and retired master keys on PostgreSQL.

use async_trait::async_trait;
use auth_domain::model::{
    KeyChange, KeyChanged, KeyRefused, RetiredMasterKey, Revocation, RevocationKind, StoredKey, Timestamp,
};
use auth_domain::ports::{KeyJudge, KeyStore, StoreError};
use diesel::prelude::*;
use diesel::upsert::excluded;
use diesel_async::{AsyncPgConnection, RunQueryDsl, SimpleAsyncConnection};

use super::pool::Step;
use super::schema::{retired_master_keys, signing_keys};
use super::{Postgres, revocations};
use crate::error::Failure;
use crate::row::{KeyRow, RetiredMasterRow};

#[async_trait]
impl KeyStore for Postgres {
    async fn list(&self) -> Result<Vec<StoredKey>, StoreError> {
        self.pool.statement(List).await
    }

    async fn change(&self, judge: KeyJudge) -> Result<Result<KeyChanged, KeyRefused>, StoreError> {
        self.pool.transact(Change(judge)).await
    }

    async fn retired_masters(&self) -> Result<Vec<RetiredMasterKey>, StoreError> {
        self.pool.statement(RetiredMasters).await
    }
}

struct List;

impl Step for List {
    type Answer = Vec<StoredKey>;

    async fn run(&self, connection: &mut AsyncPgConnection) -> Result<Self::Answer, Failure> {
        let rows: Vec<KeyRow> =
            signing_keys::table.order((signing_keys::created_at, signing_keys::kid)).load(connection).await?;
        Ok(rows.into_iter().map(KeyRow::key).collect::<Result<_, _>>()?)
    }
}

struct RetiredMasters;

impl Step for RetiredMasters {
    type Answer = Vec<RetiredMasterKey>;

    async fn run(&self, connection: &mut AsyncPgConnection) -> Result<Self::Answer, Failure> {
        let rows: Vec<RetiredMasterRow> =
            retired_master_keys::table.order(retired_master_keys::id).load(connection).await?;
        Ok(rows.into_iter().map(RetiredMasterRow::master).collect::<Result<_, _>>()?)
    }
}

/// Holds a lock that lets others read but not change, so that of several servers each sees what the one before did.
struct Change(KeyJudge);

impl Step for Change {
    type Answer = Result<KeyChanged, KeyRefused>;

    async fn run(&self, connection: &mut AsyncPgConnection) -> Result<Self::Answer, Failure> {
        connection.batch_execute("LOCK TABLE signing_keys IN SHARE ROW EXCLUSIVE MODE").await?;
        let keys = List.run(connection).await?;
        let change = match (self.0)(&keys) {
            Ok(change) if change.is_empty() => return Ok(Ok(KeyChanged { keys, change, revocations: Vec::new() })),
            Ok(change) => change,
            Err(refused) => return Ok(Err(refused)),
        };
        let revocations = apply(connection, &change).await?;
        Ok(Ok(KeyChanged { keys: List.run(connection).await?, change, revocations }))
    }
}

async fn apply(connection: &mut AsyncPgConnection, change: &KeyChange) -> Result<Vec<Revocation>, Failure> {
    if !change.remove.is_empty() {
        diesel::delete(signing_keys::table.filter(signing_keys::kid.eq_any(&change.remove)))
            .execute(connection)
            .await?;
    }
    for key in &change.put {
        put(connection, key).await?;
    }
    if !change.forget.is_empty() {
        let ids: Vec<i16> = change.forget.iter().copied().map(i16::from).collect();
        diesel::delete(retired_master_keys::table.filter(retired_master_keys::id.eq_any(ids)))
            .execute(connection)
            .await?;
    }
    for master in &change.keep {
        keep(connection, master).await?;
    }
    match change.revoke {
        Some(key) => revocations::write(connection, &[RevocationKind::Key(key.thumbprint)], key.now, key.until).await,
        None => Ok(Vec::new()),
    }
}

async fn put(connection: &mut AsyncPgConnection, key: &StoredKey) -> Result<(), Failure> {
    diesel::insert_into(signing_keys::table)
        .values((
            signing_keys::kid.eq(&key.kid),
            signing_keys::algorithm.eq(&key.algorithm),
            signing_keys::key_id.eq(i16::from(key.key_id)),
            signing_keys::sealed.eq(&key.sealed),
            signing_keys::created_at.eq(key.created_at.as_micros()),
            signing_keys::state.eq(key.state.as_str()),
            signing_keys::state_since.eq(key.state.since().map(Timestamp::as_micros)),
            signing_keys::state_until.eq(key.state.until().map(Timestamp::as_micros)),
        ))
        .on_conflict(signing_keys::kid)
        .do_update()
        .set((
            signing_keys::algorithm.eq(excluded(signing_keys::algorithm)),
            signing_keys::key_id.eq(excluded(signing_keys::key_id)),
            signing_keys::sealed.eq(excluded(signing_keys::sealed)),
            signing_keys::created_at.eq(excluded(signing_keys::created_at)),
            signing_keys::state.eq(excluded(signing_keys::state)),
            signing_keys::state_since.eq(excluded(signing_keys::state_since)),
            signing_keys::state_until.eq(excluded(signing_keys::state_until)),
        ))
        .execute(connection)
        .await?;
    Ok(())
}

async fn keep(connection: &mut AsyncPgConnection, master: &RetiredMasterKey) -> Result<(), Failure> {
    diesel::insert_into(retired_master_keys::table)
        .values((
            retired_master_keys::id.eq(i16::from(master.id)),
            retired_master_keys::key_id.eq(i16::from(master.key_id)),
            retired_master_keys::sealed.eq(&master.sealed),
            retired_master_keys::retired_at.eq(master.retired_at.as_micros()),
        ))
        .on_conflict(retired_master_keys::id)
        .do_update()
        .set((
            retired_master_keys::key_id.eq(excluded(retired_master_keys::key_id)),
            retired_master_keys::sealed.eq(excluded(retired_master_keys::sealed)),
            retired_master_keys::retired_at.eq(excluded(retired_master_keys::retired_at)),
        ))
        .execute(connection)
        .await?;
    Ok(())
}
