//! One-time tokens on SQLite. What writes runs on the writer, so each token and mail is taken by one.

use async_trait::async_trait;
use auth_domain::model::{AccountId, DeliveryAttempt, EmailAddress, OneTimeId, OneTimeToken, Redeem, Timestamp};
use auth_domain::ports::{OneTimeTokens, StoreError};
use diesel::prelude::*;

use super::pool::Step;
use super::schema::{TOKEN, one_time_tokens, users};
use super::{Sqlite, accounts, bytes};
use crate::error::Failure;
use crate::row::{TokenRow, TokenWithAccountRow};

#[async_trait]
impl OneTimeTokens for Sqlite {
    async fn add(&self, token: OneTimeToken) -> Result<(), StoreError> {
        self.pool.write(Add(token)).await
    }

    async fn peek(&self, redeem: &Redeem) -> Result<Option<OneTimeToken>, StoreError> {
        self.pool.read(Peek(redeem.clone())).await
    }

    async fn take(&self, redeem: Redeem) -> Result<Option<OneTimeToken>, StoreError> {
        self.pool.write(Take(redeem)).await
    }

    async fn claim_mail(
        &self,
        now: Timestamp,
        hidden_until: Timestamp,
        limit: u32,
    ) -> Result<Vec<OneTimeToken>, StoreError> {
        self.pool.write(Claim { now, hidden_until, limit }).await
    }

    async fn note_mail(&self, token: OneTimeId, attempt: DeliveryAttempt, _now: Timestamp) -> Result<(), StoreError> {
        self.pool.write(Note { token, attempt }).await
    }
}

struct Add(OneTimeToken);

impl Step for Add {
    type Answer = ();

    fn run(&self, connection: &mut SqliteConnection) -> Result<(), Failure> {
        let token = &self.0;
        // Without an account the same statements are run for one that there is not, so that time does not tell.
        let owner = token.account.as_ref().map_or_else(|| token.id.as_uuid(), AccountId::as_uuid);
        let found = accounts::find(connection, owner)?;
        let same = one_time_tokens::table
            .filter(one_time_tokens::user_id.eq(bytes(owner)))
            .filter(one_time_tokens::purpose.eq(token.purpose.as_str()));
        diesel::delete(same).execute(connection)?;
        if token.account.is_some() && found.is_none() {
            // Nobody could use it.
            return Ok(());
        }
        insert(connection, token)
    }
}

struct Peek(Redeem);

impl Step for Peek {
    type Answer = Option<OneTimeToken>;

    fn run(&self, connection: &mut SqliteConnection) -> Result<Self::Answer, Failure> {
        find(connection, &self.0)
    }
}

struct Take(Redeem);

impl Step for Take {
    type Answer = Option<OneTimeToken>;

    fn run(&self, connection: &mut SqliteConnection) -> Result<Self::Answer, Failure> {
        take(connection, &self.0)
    }
}

/// Adds a token; those of the same account and purpose stay.
pub(super) fn insert(connection: &mut SqliteConnection, token: &OneTimeToken) -> Result<(), Failure> {
    diesel::insert_into(one_time_tokens::table)
        .values((
            one_time_tokens::id.eq(bytes(token.id.as_uuid())),
            one_time_tokens::purpose.eq(token.purpose.as_str()),
            one_time_tokens::user_id.eq(token.account.map(|account| bytes(account.as_uuid()))),
            one_time_tokens::secret_hash.eq(token.secret_hash.as_bytes().as_slice()),
            one_time_tokens::bound_to.eq(token.bound_to.map(Timestamp::as_micros)),
            one_time_tokens::email.eq(token.email.as_ref().map(EmailAddress::address)),
            one_time_tokens::key_id.eq(token.sealed.as_ref().map(|sealed| i16::from(sealed.key_id))),
            one_time_tokens::sealed.eq(token.sealed.as_ref().map(|sealed| sealed.bytes.as_slice())),
            one_time_tokens::mail_kind.eq(token.mail.map(|mail| mail.kind.as_str())),
            one_time_tokens::mail_locale.eq(token.mail.map(|mail| mail.locale.as_str())),
            one_time_tokens::mail_attempts.eq(token.mail.map(|mail| i64::from(mail.attempts))),
            one_time_tokens::mail_due_at.eq(token.mail.map(|_| token.created_at.as_micros())),
            one_time_tokens::created_at.eq(token.created_at.as_micros()),
            one_time_tokens::expires_at.eq(token.expires_at.as_micros()),
        ))
        .execute(connection)?;
    Ok(())
}

/// The token, if it fits.
pub(super) fn find(connection: &mut SqliteConnection, redeem: &Redeem) -> Result<Option<OneTimeToken>, Failure> {
    let row: Option<TokenWithAccountRow<Vec<u8>>> = one_time_tokens::table
        .left_join(users::table)
        .filter(one_time_tokens::id.eq(bytes(redeem.id.as_uuid())))
        .select((TOKEN, users::password_changed_at.nullable(), users::disabled_at.nullable()))
        .get_result(connection)
        .optional()?;
    Ok(row.map(|row| row.fitting(redeem)).transpose()?.flatten())
}

/// Removes a token. Of many at once exactly one finds it.
pub(super) fn remove(connection: &mut SqliteConnection, token: OneTimeId) -> Result<bool, Failure> {
    Ok(diesel::delete(one_time_tokens::table.find(bytes(token.as_uuid()))).execute(connection)? > 0)
}

/// The token, if it fits, removed.
pub(super) fn take(connection: &mut SqliteConnection, redeem: &Redeem) -> Result<Option<OneTimeToken>, Failure> {
    let Some(token) = find(connection, redeem)? else { return Ok(None) };
    Ok(remove(connection, token.id)?.then_some(token))
}

struct Claim {
    now: Timestamp,
    hidden_until: Timestamp,
    limit: u32,
}

impl Step for Claim {
    type Answer = Vec<OneTimeToken>;

    fn run(&self, connection: &mut SqliteConnection) -> Result<Self::Answer, Failure> {
        let now = self.now.as_micros();
        let rows: Vec<TokenRow<Vec<u8>>> = one_time_tokens::table
            .filter(one_time_tokens::mail_due_at.le(now))
            .filter(one_time_tokens::expires_at.gt(now))
            .order((one_time_tokens::mail_due_at, one_time_tokens::id))
            .limit(i64::from(self.limit))
            .select(TOKEN)
            .load(connection)?;
        let tokens: Vec<_> = rows.into_iter().map(TokenRow::token).collect::<Result<_, _>>()?;
        if tokens.is_empty() {
            return Ok(tokens);
        }
        let due: Vec<Vec<u8>> = tokens.iter().map(|token| bytes(token.id.as_uuid())).collect();
        diesel::update(one_time_tokens::table.filter(one_time_tokens::id.eq_any(due)))
            .set(one_time_tokens::mail_due_at.eq(self.hidden_until.as_micros()))
            .execute(connection)?;
        Ok(tokens)
    }
}

struct Note {
    token: OneTimeId,
    attempt: DeliveryAttempt,
}

impl Step for Note {
    type Answer = ();

    fn run(&self, connection: &mut SqliteConnection) -> Result<(), Failure> {
        // What is out stays out, though an attempt that was given up for lost should come back.
        let open = one_time_tokens::table
            .filter(one_time_tokens::id.eq(bytes(self.token.as_uuid())))
            .filter(one_time_tokens::mail_due_at.is_not_null());
        let attempts = one_time_tokens::mail_attempts.eq(one_time_tokens::mail_attempts + 1);
        match &self.attempt {
            DeliveryAttempt::Failed { next, .. } => {
                diesel::update(open)
                    .set((attempts, one_time_tokens::mail_due_at.eq(next.as_micros())))
                    .execute(connection)?;
            }
            DeliveryAttempt::Delivered | DeliveryAttempt::GivenUp { .. } => {
                diesel::update(open)
                    .set((
                        attempts,
                        one_time_tokens::mail_due_at.eq(None::<i64>),
                        one_time_tokens::key_id.eq(None::<i16>),
                        one_time_tokens::sealed.eq(None::<Vec<u8>>),
                    ))
                    .execute(connection)?;
            }
        }
        Ok(())
    }
}
