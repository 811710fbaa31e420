//! Passwords: changed by who knows the old one, reset by who reads the account's mail.

use secrecy::SecretString;

use super::Accounts;
use crate::model::{
    Actor, EmailAddress, EndTarget, EventId, EventKind, Locale, PasswordRefused, Presenter, Purpose, SecurityEvent,
    TokenMailKind,
};
use crate::one_time::{TokenNotMade, presented};
use crate::ports::{EntropyUnavailable, HashError, PasswordAuthority, SetPassword, StoreError, random};
use crate::session::Owner;
use crate::throttle::Throttled;

/// Why a password was not set, or no mail about it written.
#[derive(Debug, thiserror::Error)]
pub enum PasswordError {
    /// The account is gone or disabled.
    #[error("the account does not exist any more, or is disabled")]
    Gone,
    /// The current password is wrong.
    #[error("the current password is wrong")]
    WrongPassword,
    /// The token was used, has expired, was replaced by a later one, or the password was changed since.
    #[error("this link was used, has expired, or is not the last one; ask for a new one")]
    InvalidToken,
    /// The new password does not satisfy the policy.
    #[error(transparent)]
    Password(#[from] PasswordRefused),
    /// There were too many requests.
    #[error(transparent)]
    Throttled(#[from] Throttled),
    /// A password could not be hashed. The same request can be repeated.
    #[error(transparent)]
    Hash(#[from] HashError),
    /// The store could not do its work. The same request can be repeated.
    #[error(transparent)]
    Store(#[from] StoreError),
    /// A token for the mail could not be made. The same request can be repeated.
    #[error(transparent)]
    Token(#[from] TokenNotMade),
}

impl From<EntropyUnavailable> for PasswordError {
    fn from(error: EntropyUnavailable) -> Self {
        Self::Token(error.into())
    }
}

impl Accounts {
    /// Changes the password. Every other session of the account ends.
    ///
    /// # Errors
    /// [`PasswordError::WrongPassword`], also when the account has none; when the new one is refused.
    pub async fn change_password(
        &self,
        owner: &Owner,
        current: &SecretString,
        new: &SecretString,
    ) -> Result<(), PasswordError> {
        let now = self.clock.now();
        let found = self.accounts.by_id(owner.account).await?.ok_or(PasswordError::Gone)?;
        let guesses = [self.gate.policy.factor(owner.account)];
        self.gate.charge::<PasswordError>(&guesses, now).await?;
        if !self.matches(current, found.password_hash).await? {
            return Err(PasswordError::WrongPassword);
        }
        self.gate.forgive(&guesses, &[]).await;
        let account = found.account;
        let hash = self.new_hash::<PasswordError>(new, &account.email, account.display_name.as_ref()).await?;
        let event = owner.event(&*self.entropy, EventKind::PasswordChanged, now)?;
        let set = SetPassword {
            authority: PasswordAuthority::Shown { changed_at: found.password_changed_at },
            hash,
            end: EndTarget::Others { account: owner.account, keep: owner.session },
            by: event.actor,
            now,
            tokens_until: self.tokens.live_until(now),
            event,
        };
        let ending = self.accounts.set_password(set).await?.ok_or(PasswordError::WrongPassword)?;
        self.after_commit.revoked(&ending.revocations);
        Ok(())
    }

    /// Mails a token to set a new password to the account of this address, if there is one; the same work is done if there
    /// is none.
    ///
    /// # Errors
    /// When there were too many requests, or the server could not do its work; never to tell whether there is an account.
    pub async fn forgot_password(
        &self,
        email: &str,
        locale: Locale,
        presenter: &Presenter,
    ) -> Result<(), PasswordError> {
        let now = self.clock.now();
        let Ok(email) = EmailAddress::parse(email) else { return Ok(()) };
        self.gate.charge::<PasswordError>(&self.mail_keys(&email, presenter), now).await?;
        let found = self.accounts.credentials(&email).await?.filter(|found| found.account.disabled_at.is_none());
        let mail = (TokenMailKind::ResetPassword, locale);
        self.mail_token(Purpose::ResetPassword, found.as_ref(), &email, mail, now).await
    }

    /// Sets a new password by a token that was mailed. Every session of the account ends, and the address is verified.
    ///
    /// # Errors
    /// [`PasswordError::InvalidToken`]; when the new password is refused, the token stays good.
    pub async fn reset_password(
        &self,
        token: &str,
        new: &SecretString,
        presenter: Presenter,
    ) -> Result<(), PasswordError> {
        let now = self.clock.now();
        let redeem = presented(token, Purpose::ResetPassword, now).ok_or(PasswordError::InvalidToken)?;
        let found = self.one_time.store.peek(&redeem).await?.ok_or(PasswordError::InvalidToken)?;
        let account = found.account.ok_or(PasswordError::InvalidToken)?;
        let credentials = self.accounts.by_id(account).await?.ok_or(PasswordError::InvalidToken)?;
        let of = &credentials.account;
        let hash = self.new_hash::<PasswordError>(new, &of.email, of.display_name.as_ref()).await?;
        let id = EventId::new(now, random(&*self.entropy)?);
        let by = Actor::Owner(None);
        let set = SetPassword {
            authority: PasswordAuthority::Mailed(redeem),
            hash,
            end: EndTarget::All(account),
            by,
            now,
            tokens_until: self.tokens.live_until(now),
            event: SecurityEvent::new(id, now, EventKind::PasswordReset, account, by, presenter),
        };
        let ending = self.accounts.set_password(set).await?.ok_or(PasswordError::InvalidToken)?;
        self.after_commit.revoked(&ending.revocations);
        // Who reads the mail is the owner: he does not wait for what strangers tried.
        self.gate.forgive(&[self.gate.policy.account(&of.email)], &[]).await;
        Ok(())
    }
}
