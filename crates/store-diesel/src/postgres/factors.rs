//! Second factors on PostgreSQL: what an account has, and its app. Steps that change more than one row lock the account first.

use async_trait::async_trait;
use auth_domain::model::{AccountId, Factors, Passkey, PasskeyId, SealedBytes, SecurityEvent, Timestamp, TokenHash};
use auth_domain::ports::{FactorStore, StoreError};
use diesel::prelude::*;
use diesel_async::{AsyncPgConnection, RunQueryDsl};
use uuid::Uuid;

use super::pool::Step;
use super::schema::{TOTP, passkeys as passkey, recovery_codes as codes, totp, users};
use super::{Postgres, accounts, events, passkeys, recovery_codes};
use crate::error::Failure;
use crate::row::{FactorsRow, SealedTotpRow, factors};

#[async_trait]
impl FactorStore for Postgres {
    async fn of(&self, account: AccountId) -> Result<Factors, StoreError> {
        self.pool.statement(Of(account)).await
    }

    async fn begin_totp(&self, account: AccountId, secret: SealedBytes) -> Result<bool, StoreError> {
        self.pool.transact(Begin { account, secret }).await
    }

    async fn confirm_totp(
        &self,
        secret: SealedBytes,
        step: u64,
        codes: Option<Vec<TokenHash>>,
        event: SecurityEvent,
    ) -> Result<bool, StoreError> {
        self.pool.transact(Confirm { secret, step, codes, event }).await
    }

    async fn accept_totp(&self, account: AccountId, step: u64) -> Result<bool, StoreError> {
        self.pool.statement(Accept { account, step }).await
    }

    async fn remove_totp(&self, event: SecurityEvent) -> Result<bool, StoreError> {
        self.pool.transact(Remove(event)).await
    }

    async fn replace_recovery_codes(&self, codes: Vec<TokenHash>, event: SecurityEvent) -> Result<bool, StoreError> {
        self.pool.transact(recovery_codes::Replace { codes, event }).await
    }

    async fn use_recovery_code(&self, code: TokenHash, event: SecurityEvent) -> Result<bool, StoreError> {
        self.pool.transact(recovery_codes::Use { code, event }).await
    }

    async fn add_passkey(
        &self,
        passkey: Passkey,
        codes: Option<Vec<TokenHash>>,
        event: SecurityEvent,
    ) -> Result<bool, StoreError> {
        self.pool.transact(passkeys::Add { passkey, codes, event }).await
    }

    async fn passkey(&self, credential_id: &[u8]) -> Result<Option<Passkey>, StoreError> {
        self.pool.statement(passkeys::Find(credential_id.to_vec())).await
    }

    async fn passkey_used(&self, passkey: PasskeyId, data: String, now: Timestamp) -> Result<bool, StoreError> {
        self.pool.statement(passkeys::Used { passkey, data, now }).await
    }

    async fn rename_passkey(&self, account: AccountId, passkey: PasskeyId, name: String) -> Result<bool, StoreError> {
        self.pool.statement(passkeys::Rename { account, passkey, name }).await
    }

    async fn remove_passkey(&self, passkey: PasskeyId, event: SecurityEvent) -> Result<bool, StoreError> {
        self.pool.transact(passkeys::Remove { passkey, event }).await
    }

    async fn sealed_otherwise(&self, key_id: u8, limit: u32) -> Result<Vec<(AccountId, SealedBytes)>, StoreError> {
        self.pool.statement(SealedOtherwise { key_id, limit }).await
    }

    async fn reseal(&self, account: AccountId, old: SealedBytes, new: SealedBytes) -> Result<bool, StoreError> {
        self.pool.statement(Reseal { account, old, new }).await
    }
}

/// One statement, which sees one state of all three tables.
struct Of(AccountId);

impl Step for Of {
    type Answer = Factors;

    async fn run(&self, connection: &mut AsyncPgConnection) -> Result<Factors, Failure> {
        let unused = codes::table.filter(codes::user_id.eq(users::id)).count().single_value();
        let rows: Vec<FactorsRow<Uuid>> = users::table
            .left_join(totp::table)
            .left_join(passkey::table)
            .filter(users::id.eq(self.0.as_uuid()))
            .order((passkey::created_at, passkey::id))
            .select((TOTP.nullable(), unused, passkey::all_columns.nullable()))
            .load(connection)
            .await?;
        Ok(factors(rows)?)
    }
}

struct Begin {
    account: AccountId,
    secret: SealedBytes,
}

impl Step for Begin {
    type Answer = bool;

    async fn run(&self, connection: &mut AsyncPgConnection) -> Result<bool, Failure> {
        let id = self.account.as_uuid();
        if accounts::lock(connection, id).await?.is_none() {
            return Ok(false);
        }
        let begun = totp::table.filter(totp::user_id.eq(id)).filter(totp::confirmed_at.is_null());
        diesel::delete(begun).execute(connection).await?;
        let added = diesel::insert_into(totp::table)
            .values((
                totp::user_id.eq(id),
                totp::key_id.eq(i16::from(self.secret.key_id)),
                totp::sealed.eq(&self.secret.bytes),
                totp::last_step.eq(0),
            ))
            .on_conflict_do_nothing()
            .execute(connection)
            .await?;
        Ok(added > 0)
    }
}

struct Confirm {
    secret: SealedBytes,
    step: u64,
    codes: Option<Vec<TokenHash>>,
    event: SecurityEvent,
}

impl Step for Confirm {
    type Answer = bool;

    async fn run(&self, connection: &mut AsyncPgConnection) -> Result<bool, Failure> {
        let account = self.event.account;
        if accounts::lock(connection, account.as_uuid()).await?.is_none() {
            return Ok(false);
        }
        let begun = totp::table
            .filter(totp::user_id.eq(account.as_uuid()))
            .filter(totp::confirmed_at.is_null())
            .filter(totp::key_id.eq(i16::from(self.secret.key_id)))
            .filter(totp::sealed.eq(&self.secret.bytes));
        let confirmed = diesel::update(begun)
            .set((totp::confirmed_at.eq(self.event.at.as_micros()), totp::last_step.eq(number(self.step))))
            .execute(connection)
            .await?;
        if confirmed == 0 {
            return Ok(false);
        }
        if let Some(codes) = &self.codes {
            recovery_codes::replace(connection, account, codes).await?;
        }
        events::record(connection, &self.event).await?;
        Ok(true)
    }
}

struct Accept {
    account: AccountId,
    step: u64,
}

impl Step for Accept {
    type Answer = bool;

    async fn run(&self, connection: &mut AsyncPgConnection) -> Result<bool, Failure> {
        let step = number(self.step);
        let fresh = totp::table
            .filter(totp::user_id.eq(self.account.as_uuid()))
            .filter(totp::confirmed_at.is_not_null())
            .filter(totp::last_step.lt(step));
        Ok(diesel::update(fresh).set(totp::last_step.eq(step)).execute(connection).await? > 0)
    }
}

struct Remove(SecurityEvent);

impl Step for Remove {
    type Answer = bool;

    async fn run(&self, connection: &mut AsyncPgConnection) -> Result<bool, Failure> {
        let account = self.0.account;
        if accounts::lock(connection, account.as_uuid()).await?.is_none() {
            return Ok(false);
        }
        if diesel::delete(totp::table.find(account.as_uuid())).execute(connection).await? == 0 {
            return Ok(false);
        }
        recovery_codes::remove_with_last_factor(connection, account).await?;
        events::record(connection, &self.0).await?;
        Ok(true)
    }
}

struct SealedOtherwise {
    key_id: u8,
    limit: u32,
}

impl Step for SealedOtherwise {
    type Answer = Vec<(AccountId, SealedBytes)>;

    async fn run(&self, connection: &mut AsyncPgConnection) -> Result<Self::Answer, Failure> {
        let rows: Vec<SealedTotpRow<Uuid>> = totp::table
            .filter(totp::key_id.ne(i16::from(self.key_id)))
            .order(totp::user_id)
            .limit(i64::from(self.limit))
            .select((totp::user_id, totp::key_id, totp::sealed))
            .load(connection)
            .await?;
        Ok(rows.into_iter().map(SealedTotpRow::secret).collect::<Result<_, _>>()?)
    }
}

struct Reseal {
    account: AccountId,
    old: SealedBytes,
    new: SealedBytes,
}

impl Step for Reseal {
    type Answer = bool;

    async fn run(&self, connection: &mut AsyncPgConnection) -> Result<bool, Failure> {
        let old = totp::table
            .filter(totp::user_id.eq(self.account.as_uuid()))
            .filter(totp::key_id.eq(i16::from(self.old.key_id)))
            .filter(totp::sealed.eq(&self.old.bytes));
        let resealed = diesel::update(old)
            .set((totp::key_id.eq(i16::from(self.new.key_id)), totp::sealed.eq(&self.new.bytes)))
            .execute(connection)
            .await?;
        Ok(resealed > 0)
    }
}

/// Removes the account's app, passkeys and recovery codes. Who does has locked the account.
pub(super) async fn remove_all(connection: &mut AsyncPgConnection, account: AccountId) -> Result<(), Failure> {
    let id = account.as_uuid();
    diesel::delete(totp::table.find(id)).execute(connection).await?;
    diesel::delete(passkey::table.filter(passkey::user_id.eq(id))).execute(connection).await?;
    diesel::delete(codes::table.filter(codes::user_id.eq(id))).execute(connection).await?;
    Ok(())
}

/// A step as a column keeps it. No clock counts so many that one would not fit.
fn number(step: u64) -> i64 {
    i64::try_from(step).unwrap_or(i64::MAX)
}
