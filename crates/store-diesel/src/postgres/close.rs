//! Closing accounts on PostgreSQL: disabling, enabling, deleting. The account is locked first, then its sessions, so no login
//! adds one meanwhile.

use auth_domain::model::{AccountId, Ending, RevocationKind, SecurityEvent};
use auth_domain::ports::CloseAccount;
use diesel::prelude::*;
use diesel_async::{AsyncPgConnection, RunQueryDsl};

use super::pool::Step;
use super::schema::users;
use super::{end, events, revocations};
use crate::error::Failure;

/// Ends every session and kills every access token.
pub(super) struct Disable(pub(super) CloseAccount);

impl Step for Disable {
    type Answer = Option<Ending>;

    async fn run(&self, connection: &mut AsyncPgConnection) -> Result<Self::Answer, Failure> {
        let close = &self.0;
        let account = close.event.account;
        match lock(connection, account).await? {
            None => return Ok(None),
            Some(true) => return Ok(Some(Ending::default())),
            Some(false) => {}
        }
        diesel::update(users::table.find(account.as_uuid()))
            .set(users::disabled_at.eq(close.now.as_micros()))
            .execute(connection)
            .await?;
        let open = end::open_of(connection, account).await?;
        let mut revocations = end::revoke(connection, &open, close.into()).await?;
        let all = [RevocationKind::Account(account)];
        revocations.extend(revocations::write(connection, &all, close.now, close.tokens_until).await?);
        events::record(connection, &close.event).await?;
        Ok(Some(Ending { revocations }))
    }
}

/// Lets the owner sign in again.
pub(super) struct Enable(pub(super) SecurityEvent);

impl Step for Enable {
    type Answer = bool;

    async fn run(&self, connection: &mut AsyncPgConnection) -> Result<bool, Failure> {
        let Some(is_disabled) = lock(connection, self.0.account).await? else { return Ok(false) };
        if is_disabled {
            diesel::update(users::table.find(self.0.account.as_uuid()))
                .set(users::disabled_at.eq(None::<i64>))
                .execute(connection)
                .await?;
            events::record(connection, &self.0).await?;
        }
        Ok(true)
    }
}

/// Deletes the account with its sessions.
pub(super) struct Delete(pub(super) CloseAccount);

impl Step for Delete {
    type Answer = Option<Ending>;

    async fn run(&self, connection: &mut AsyncPgConnection) -> Result<Self::Answer, Failure> {
        let close = &self.0;
        let account = close.event.account;
        if lock(connection, account).await?.is_none() {
            return Ok(None);
        }
        // Ended first, though the rows go: who ends one at the same time waits, and one of the two writes its entry.
        let open = end::open_of(connection, account).await?;
        let revocations = end::revoke(connection, &open, close.into()).await?;
        diesel::delete(users::table.find(account.as_uuid())).execute(connection).await?;
        events::record(connection, &close.event).await?;
        Ok(Some(Ending { revocations }))
    }
}

/// Locks the account, and answers whether it is disabled; `None` when it is gone.
async fn lock(connection: &mut AsyncPgConnection, account: AccountId) -> Result<Option<bool>, Failure> {
    let found = users::table.find(account.as_uuid()).select(users::disabled_at.is_not_null()).for_update();
    Ok(found.first(connection).await.optional()?)
}
