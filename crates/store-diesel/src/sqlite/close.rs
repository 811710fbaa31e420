//! Closing accounts on SQLite: disabling, enabling, deleting.

use auth_domain::model::{AccountId, Ending, RevocationKind, SecurityEvent};
use auth_domain::ports::CloseAccount;
use diesel::prelude::*;

use super::pool::Step;
use super::schema::users;
use super::{bytes, end, events, revocations};
use crate::error::Failure;

/// Ends every session and kills every access token.
pub(super) struct Disable(pub(super) CloseAccount);

impl Step for Disable {
    type Answer = Option<Ending>;

    fn run(&self, connection: &mut SqliteConnection) -> Result<Self::Answer, Failure> {
        let close = &self.0;
        let account = close.event.account;
        match is_disabled(connection, account)? {
            None => return Ok(None),
            Some(true) => return Ok(Some(Ending::default())),
            Some(false) => {}
        }
        diesel::update(users::table.find(bytes(account.as_uuid())))
            .set(users::disabled_at.eq(close.now.as_micros()))
            .execute(connection)?;
        let open = end::open_of(connection, account)?;
        let mut revocations = end::revoke(connection, &open, close.into())?;
        let all = [RevocationKind::Account(account)];
        revocations.extend(revocations::write(connection, &all, close.now, close.tokens_until)?);
        events::record(connection, &close.event)?;
        Ok(Some(Ending { revocations }))
    }

    fn is_news(ending: &Self::Answer) -> bool {
        is_news(ending.as_ref())
    }
}

/// Lets the owner sign in again.
pub(super) struct Enable(pub(super) SecurityEvent);

impl Step for Enable {
    type Answer = bool;

    fn run(&self, connection: &mut SqliteConnection) -> Result<bool, Failure> {
        let Some(is_disabled) = is_disabled(connection, self.0.account)? else { return Ok(false) };
        if is_disabled {
            diesel::update(users::table.find(bytes(self.0.account.as_uuid())))
                .set(users::disabled_at.eq(None::<i64>))
                .execute(connection)?;
            events::record(connection, &self.0)?;
        }
        Ok(true)
    }
}

/// Deletes the account with its sessions.
pub(super) struct Delete(pub(super) CloseAccount);

impl Step for Delete {
    type Answer = Option<Ending>;

    fn run(&self, connection: &mut SqliteConnection) -> Result<Self::Answer, Failure> {
        let close = &self.0;
        let account = close.event.account;
        let open = end::open_of(connection, account)?;
        // Its sessions go with it.
        if diesel::delete(users::table.find(bytes(account.as_uuid()))).execute(connection)? == 0 {
            return Ok(None);
        }
        let open: Vec<_> = open.into_iter().map(RevocationKind::Session).collect();
        let revocations = revocations::write(connection, &open, close.now, close.tokens_until)?;
        events::record(connection, &close.event)?;
        Ok(Some(Ending { revocations }))
    }

    fn is_news(ending: &Self::Answer) -> bool {
        is_news(ending.as_ref())
    }
}

fn is_news(ending: Option<&Ending>) -> bool {
    ending.is_some_and(|ending| !ending.revocations.is_empty())
}

/// Whether the account is disabled; `None` when it is gone.
fn is_disabled(connection: &mut SqliteConnection, account: AccountId) -> Result<Option<bool>, Failure> {
    let found = users::table.find(bytes(account.as_uuid())).select(users::disabled_at.is_not_null());
    Ok(found.get_result(connection).optional()?)
}
