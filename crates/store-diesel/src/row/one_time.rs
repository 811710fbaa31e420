//! What a row of `one_time_tokens` means to the model.

use auth_domain::model::{
    AccountId, EmailAddress, OneTimeId, OneTimeToken, Purpose, Redeem, Timestamp, TokenHash, TokenMail, TokenMailKind,
};
use auth_domain::ports::StoreError;
use diesel::prelude::Queryable;

use crate::column::{self, At, StoredId};

/// A row of `one_time_tokens`.
#[derive(Queryable)]
pub(crate) struct TokenRow<I> {
    id: I,
    purpose: String,
    user_id: Option<I>,
    secret_hash: Vec<u8>,
    bound_to: Option<i64>,
    email: Option<String>,
    key_id: Option<i16>,
    sealed: Option<Vec<u8>>,
    mail_kind: Option<String>,
    mail_locale: Option<String>,
    mail_attempts: Option<i64>,
    created_at: i64,
    expires_at: i64,
}

impl<I: StoredId> TokenRow<I> {
    pub(crate) fn token(self) -> Result<OneTimeToken, StoreError> {
        let at = |column| At("one_time_tokens", column);
        let account = self.user_id.map(|id| id.read(at("user_id"))).transpose()?;
        let email = self.email.as_deref().map(EmailAddress::parse).transpose();
        let sealed = match (self.key_id, self.sealed) {
            (None, None) => None,
            (Some(key_id), Some(bytes)) => Some(column::sealed(key_id, bytes, at("key_id"))?),
            _ => return Err(at("key_id").corrupt()),
        };
        let mail = match (self.mail_kind, self.mail_locale, self.mail_attempts) {
            (None, None, None) => None,
            (Some(kind), Some(locale), Some(attempts)) => Some(TokenMail {
                kind: TokenMailKind::from_name(&kind).ok_or_else(|| at("mail_kind").corrupt())?,
                locale: column::locale(&locale, at("mail_locale"))?,
                attempts: column::unsigned(attempts, at("mail_attempts"))?,
            }),
            _ => return Err(at("mail_kind").corrupt()),
        };
        Ok(OneTimeToken {
            id: OneTimeId::from_uuid(self.id.read(at("id"))?),
            purpose: self.purpose.parse::<Purpose>().map_err(|_| at("purpose").corrupt())?,
            account: account.map(AccountId::from_uuid),
            secret_hash: TokenHash::from_bytes(column::bytes32(&self.secret_hash, at("secret_hash"))?),
            bound_to: column::time(self.bound_to),
            email: email.map_err(|_| at("email").corrupt())?,
            sealed,
            mail,
            created_at: Timestamp::from_micros(self.created_at),
            expires_at: Timestamp::from_micros(self.expires_at),
        })
    }
}

/// A row of `one_time_tokens`, and last of its account, if it has one, when its password was set and whether it is disabled.
#[derive(Queryable)]
pub(crate) struct TokenWithAccountRow<I> {
    token: TokenRow<I>,
    password_changed_at: Option<i64>,
    disabled_at: Option<i64>,
}

impl<I: StoredId> TokenWithAccountRow<I> {
    /// The token, if it fits.
    pub(crate) fn fitting(self, redeem: &Redeem) -> Result<Option<OneTimeToken>, StoreError> {
        let token = self.token.token()?;
        let fits = self.disabled_at.is_none() && redeem.fits(&token, column::time(self.password_changed_at));
        Ok(fits.then_some(token))
    }
}
