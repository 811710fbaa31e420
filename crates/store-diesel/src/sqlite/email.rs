//! Verifying and changing mail addresses on SQLite.

use auth_domain::model::{EmailAddress, Redeem, SecurityEvent};
use auth_domain::ports::EmailChange;
use diesel::prelude::*;
use diesel::result::{DatabaseErrorKind, Error};

use super::pool::Step;
use super::schema::users;
use super::{accounts, bytes, events, one_time};
use crate::error::Failure;

/// Notes that the owner reads the mail that the token went to, if that is still the account's address.
pub(super) struct VerifyEmail {
    pub(super) redeem: Redeem,
    pub(super) event: SecurityEvent,
}

impl Step for VerifyEmail {
    type Answer = bool;

    fn run(&self, connection: &mut SqliteConnection) -> Result<bool, Failure> {
        let account = self.event.account;
        let Some(found) = accounts::find(connection, account.as_uuid())? else { return Ok(false) };
        let token = one_time::find(connection, &self.redeem)?.filter(|token| token.account == Some(account));
        let Some(token) = token else { return Ok(false) };
        if token.email.is_some_and(|email| email.canonical() != found.email_canonical) {
            return Ok(false);
        }
        one_time::remove(connection, token.id)?;
        diesel::update(users::table.find(bytes(account.as_uuid())))
            .set(users::email_verified_at.eq(self.event.at.as_micros()))
            .execute(connection)?;
        events::record(connection, &self.event)?;
        Ok(true)
    }
}

/// Gives the account the address that the token went to.
pub(super) struct ChangeEmail {
    pub(super) redeem: Redeem,
    pub(super) event: SecurityEvent,
}

impl Step for ChangeEmail {
    type Answer = EmailChange;

    fn run(&self, connection: &mut SqliteConnection) -> Result<EmailChange, Failure> {
        let account = self.event.account;
        if accounts::find(connection, account.as_uuid())?.is_none() {
            return Ok(EmailChange::NotRedeemed);
        }
        let token = one_time::find(connection, &self.redeem)?.filter(|token| token.account == Some(account));
        let Some((id, email)) = token.and_then(|token| Some((token.id, token.email?))) else {
            return Ok(EmailChange::NotRedeemed);
        };
        if !self.change(connection, &email)? {
            return Ok(EmailChange::EmailTaken);
        }
        one_time::remove(connection, id)?;
        events::record(connection, &self.event)?;
        Ok(EmailChange::Changed)
    }
}

impl ChangeEmail {
    /// `false`, and nothing changed, when another account has the address.
    fn change(&self, connection: &mut SqliteConnection, email: &EmailAddress) -> Result<bool, Failure> {
        let changed = diesel::update(users::table.find(bytes(self.event.account.as_uuid())))
            .set((
                users::email.eq(email.address()),
                users::email_canonical.eq(email.canonical()),
                users::email_verified_at.eq(self.event.at.as_micros()),
            ))
            .execute(connection);
        match changed {
            Ok(_) => Ok(true),
            Err(Error::DatabaseError(DatabaseErrorKind::UniqueViolation, _)) => Ok(false),
            Err(error) => Err(error.into()),
        }
    }
}
