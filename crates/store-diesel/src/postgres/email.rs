//! Verifying and changing mail addresses on PostgreSQL. The account is locked first, then its token.

use auth_domain::model::{EmailAddress, Redeem, SecurityEvent};
use auth_domain::ports::EmailChange;
use diesel::prelude::*;
use diesel::result::{DatabaseErrorKind, Error};
use diesel_async::{AsyncPgConnection, RunQueryDsl};

use super::pool::Step;
use super::schema::users;
use super::{accounts, events, one_time};
use crate::error::Failure;

/// Notes that the owner reads the mail that the token went to, if that is still the account's address.
pub(super) struct VerifyEmail {
    pub(super) redeem: Redeem,
    pub(super) event: SecurityEvent,
}

impl Step for VerifyEmail {
    type Answer = bool;

    async fn run(&self, connection: &mut AsyncPgConnection) -> Result<bool, Failure> {
        let account = self.event.account;
        let Some(locked) = accounts::lock(connection, account.as_uuid()).await? else { return Ok(false) };
        let token = one_time::find(connection, &self.redeem).await?.filter(|token| token.account == Some(account));
        let Some(token) = token else { return Ok(false) };
        if token.email.is_some_and(|email| email.canonical() != locked.email_canonical) {
            return Ok(false);
        }
        if !one_time::remove(connection, token.id).await? {
            return Ok(false);
        }
        diesel::update(users::table.find(account.as_uuid()))
            .set(users::email_verified_at.eq(self.event.at.as_micros()))
            .execute(connection)
            .await?;
        events::record(connection, &self.event).await?;
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

    async fn run(&self, connection: &mut AsyncPgConnection) -> Result<EmailChange, Failure> {
        let account = self.event.account;
        if accounts::lock(connection, account.as_uuid()).await?.is_none() {
            return Ok(EmailChange::NotRedeemed);
        }
        let token = one_time::find(connection, &self.redeem).await?.filter(|token| token.account == Some(account));
        let Some((id, email)) = token.and_then(|token| Some((token.id, token.email?))) else {
            return Ok(EmailChange::NotRedeemed);
        };
        if !one_time::remove(connection, id).await? {
            return Ok(EmailChange::NotRedeemed);
        }
        if !self.change(connection, &email).await? {
            return Ok(EmailChange::EmailTaken);
        }
        events::record(connection, &self.event).await?;
        Ok(EmailChange::Changed)
    }

    fn is_undone(outcome: &EmailChange) -> bool {
        matches!(outcome, EmailChange::EmailTaken)
    }
}

impl ChangeEmail {
    /// `false` when another account has the address: after that nothing more can be done in this transaction.
    async fn change(&self, connection: &mut AsyncPgConnection, email: &EmailAddress) -> Result<bool, Failure> {
        let changed = diesel::update(users::table.find(self.event.account.as_uuid()))
            .set((
                users::email.eq(email.address()),
                users::email_canonical.eq(email.canonical()),
                users::email_verified_at.eq(self.event.at.as_micros()),
            ))
            .execute(connection)
            .await;
        match changed {
            Ok(_) => Ok(true),
            Err(Error::DatabaseError(DatabaseErrorKind::UniqueViolation, _)) => Ok(false),
            Err(error) => Err(error.into()),
        }
    }
}
