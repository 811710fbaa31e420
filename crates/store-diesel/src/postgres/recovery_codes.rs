//! Recovery codes on PostgreSQL. Who replaces or removes those of an account has locked it.

use auth_domain::model::{AccountId, SecurityEvent, TokenHash};
use diesel::dsl::{exists, not};
use diesel::prelude::*;
use diesel_async::{AsyncPgConnection, RunQueryDsl};

use super::pool::Step;
use super::schema::{passkeys, recovery_codes, totp};
use super::{accounts, events};
use crate::error::Failure;

/// Puts these in the place of all.
pub(super) struct Replace {
    pub(super) codes: Vec<TokenHash>,
    pub(super) event: SecurityEvent,
}

impl Step for Replace {
    type Answer = bool;

    async fn run(&self, connection: &mut AsyncPgConnection) -> Result<bool, Failure> {
        let account = self.event.account;
        if accounts::lock(connection, account.as_uuid()).await?.is_none() {
            return Ok(false);
        }
        replace(connection, account, &self.codes).await?;
        events::record(connection, &self.event).await?;
        Ok(true)
    }
}

/// Uses one up.
pub(super) struct Use {
    pub(super) code: TokenHash,
    pub(super) event: SecurityEvent,
}

impl Step for Use {
    type Answer = bool;

    async fn run(&self, connection: &mut AsyncPgConnection) -> Result<bool, Failure> {
        let code = recovery_codes::table
            .filter(recovery_codes::user_id.eq(self.event.account.as_uuid()))
            .filter(recovery_codes::hash.eq(self.code.as_bytes().as_slice()));
        if diesel::delete(code).execute(connection).await? == 0 {
            return Ok(false);
        }
        events::record(connection, &self.event).await?;
        Ok(true)
    }
}

/// Puts these in the place of all that the account has.
pub(super) async fn replace(
    connection: &mut AsyncPgConnection,
    account: AccountId,
    codes: &[TokenHash],
) -> Result<(), Failure> {
    let before = recovery_codes::table.filter(recovery_codes::user_id.eq(account.as_uuid()));
    diesel::delete(before).execute(connection).await?;
    for code in codes {
        diesel::insert_into(recovery_codes::table)
            .values((
                recovery_codes::user_id.eq(account.as_uuid()),
                recovery_codes::hash.eq(code.as_bytes().as_slice()),
            ))
            .on_conflict_do_nothing()
            .execute(connection)
            .await?;
    }
    Ok(())
}

/// Removes them, if no factor is left that they could stand in for.
pub(super) async fn remove_with_last_factor(
    connection: &mut AsyncPgConnection,
    account: AccountId,
) -> Result<(), Failure> {
    let id = account.as_uuid();
    let app = totp::table.filter(totp::user_id.eq(id)).filter(totp::confirmed_at.is_not_null());
    let passkey = passkeys::table.filter(passkeys::user_id.eq(id));
    let useless = recovery_codes::table
        .filter(recovery_codes::user_id.eq(id))
        .filter(not(exists(app)))
        .filter(not(exists(passkey)));
    diesel::delete(useless).execute(connection).await?;
    Ok(())
}
