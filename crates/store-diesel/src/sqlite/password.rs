//! Setting passwords on SQLite. Nothing changes between the statements of a step.

use auth_domain::model::{AccountId, EndReason, EndSessions, Ending, PasswordHash, Purpose, Timestamp};
use auth_domain::ports::{PasswordAuthority, SetPassword};
use diesel::prelude::*;

use super::pool::Step;
use super::schema::{one_time_tokens, users};
use super::{accounts, bytes, end, events, factors, one_time};
use crate::error::Failure;

/// Sets a password, if its authority allows it, and ends what the old one opened.
pub(super) struct Set(pub(super) SetPassword);

impl Step for Set {
    type Answer = Option<Ending>;

    fn run(&self, connection: &mut SqliteConnection) -> Result<Self::Answer, Failure> {
        let set = &self.0;
        let (account, now) = (set.event.account, set.now.as_micros());
        let Some(found) = accounts::find(connection, account.as_uuid())? else { return Ok(None) };
        if found.disabled_at.is_some() {
            return Ok(None);
        }
        let mut email_verified_at = found.email_verified_at;
        match &set.authority {
            PasswordAuthority::Shown { changed_at } => {
                if changed_at.map(Timestamp::as_micros) != found.password_changed_at {
                    return Ok(None);
                }
            }
            PasswordAuthority::Mailed(redeem) => {
                let token = one_time::find(connection, redeem)?.filter(|token| token.account == Some(account));
                let Some(token) = token else { return Ok(None) };
                one_time::remove(connection, token.id)?;
                if email_verified_at.is_none() {
                    email_verified_at = Some(now);
                    factors::remove_all(connection, account)?;
                }
            }
            PasswordAuthority::Operator => {}
        }
        diesel::update(users::table.find(bytes(account.as_uuid())))
            .set((
                users::password_hash.eq(set.hash.expose()),
                users::password_changed_at.eq(now),
                users::email_verified_at.eq(email_verified_at),
            ))
            .execute(connection)?;
        let resets = one_time_tokens::table
            .filter(one_time_tokens::user_id.eq(bytes(account.as_uuid())))
            .filter(one_time_tokens::purpose.eq(Purpose::ResetPassword.as_str()));
        diesel::delete(resets).execute(connection)?;
        let SetPassword { end: target, by, now, tokens_until, .. } = *set;
        let reason = EndReason::PasswordChanged;
        let end = EndSessions { target, by, reason, now, tokens_until, event: None };
        let revocations = end::end(connection, &end)?;
        events::record(connection, &set.event)?;
        Ok(Some(Ending { revocations }))
    }

    fn is_news(ending: &Self::Answer) -> bool {
        ending.as_ref().is_some_and(|ending| !ending.revocations.is_empty())
    }
}

/// Puts a new hash in the place of this one.
pub(super) struct Rehash {
    pub(super) account: AccountId,
    pub(super) old: PasswordHash,
    pub(super) new: PasswordHash,
}

impl Step for Rehash {
    type Answer = bool;

    fn run(&self, connection: &mut SqliteConnection) -> Result<bool, Failure> {
        let old = users::table
            .filter(users::id.eq(bytes(self.account.as_uuid())))
            .filter(users::password_hash.eq(self.old.expose()));
        let replaced = diesel::update(old).set(users::password_hash.eq(self.new.expose())).execute(connection)?;
        Ok(replaced > 0)
    }
}
