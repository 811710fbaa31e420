//! Mail addresses: verified by a token that was mailed, and changed the same way.

use secrecy::SecretString;

use super::{Accounts, StepUpRequired, recent};
use crate::model::{
    Actor, Credentials, EmailAddress, EventId, EventKind, InvalidEmailAddress, Locale, Presenter, Purpose,
    SecurityEvent, TokenMailKind,
};
use crate::one_time::{Carries, TokenNotMade, Wanted, presented};
use crate::ports::{EmailChange, EntropyUnavailable, HashError, StoreError, random};
use crate::session::Owner;
use crate::throttle::Throttled;

/// Why an address was not verified, or no mail about it written.
#[derive(Debug, thiserror::Error)]
pub enum EmailError {
    /// The token was used, has expired, or was replaced by a later one.
    #[error("this link was used, has expired, or is not the last one; ask for a new one")]
    InvalidToken,
    /// Another account has taken the address since.
    #[error("another account has this mail address")]
    EmailTaken,
    /// There were too many requests.
    #[error(transparent)]
    Throttled(#[from] Throttled),
    /// The store could not do its work. The same request can be repeated.
    #[error(transparent)]
    Store(#[from] StoreError),
    /// A token for the mail could not be made. The same request can be repeated.
    #[error(transparent)]
    Token(#[from] TokenNotMade),
}

impl From<EntropyUnavailable> for EmailError {
    fn from(error: EntropyUnavailable) -> Self {
        Self::Token(error.into())
    }
}

/// Why the change of an address was not begun.
#[derive(Debug, thiserror::Error)]
pub enum ChangeEmailError {
    /// The account is gone or disabled.
    #[error("the account does not exist any more, or is disabled")]
    Gone,
    /// The password is wrong.
    #[error("the password is wrong")]
    WrongPassword,
    /// The new address is not one.
    #[error(transparent)]
    Email(#[from] InvalidEmailAddress),
    /// The owner has to prove again who he is.
    #[error(transparent)]
    StepUp(#[from] StepUpRequired),
    /// The password could not be verified. The same request can be repeated.
    #[error(transparent)]
    Hash(#[from] HashError),
    /// What any mail about an address can fail of.
    #[error(transparent)]
    Mail(#[from] EmailError),
}

impl From<StoreError> for ChangeEmailError {
    fn from(error: StoreError) -> Self {
        Self::Mail(error.into())
    }
}

impl Accounts {
    /// Verifies the address that the token was mailed to.
    ///
    /// # Errors
    /// [`EmailError::InvalidToken`].
    pub async fn verify_email(&self, token: &str, presenter: Presenter) -> Result<(), EmailError> {
        let now = self.clock.now();
        let redeem = presented(token, Purpose::VerifyEmail, now).ok_or(EmailError::InvalidToken)?;
        let found = self.one_time.store.peek(&redeem).await?.ok_or(EmailError::InvalidToken)?;
        let account = found.account.ok_or(EmailError::InvalidToken)?;
        let id = EventId::new(now, random(&*self.entropy)?);
        let event = SecurityEvent::new(id, now, EventKind::EmailVerified, account, Actor::Owner(None), presenter);
        let done = self.accounts.verify_email(redeem, event).await?;
        if done { Ok(()) } else { Err(EmailError::InvalidToken) }
    }

    /// Mails a new token to verify the address, if there is an account that lacks it; the same work is done if there is none.
    ///
    /// # Errors
    /// When there were too many requests, or the server could not do its work; never to tell whether there is an account.
    pub async fn resend_verification(
        &self,
        email: &str,
        locale: Locale,
        presenter: &Presenter,
    ) -> Result<(), EmailError> {
        let now = self.clock.now();
        let Ok(email) = EmailAddress::parse(email) else { return Ok(()) };
        self.gate.charge::<EmailError>(&self.mail_keys(&email, presenter), now).await?;
        let lacks =
            |found: &Credentials| found.account.disabled_at.is_none() && found.account.email_verified_at.is_none();
        let found = self.accounts.credentials(&email).await?.filter(lacks);
        let mail = (TokenMailKind::VerifyEmail, locale);
        self.mail_token(Purpose::VerifyEmail, found.as_ref(), &email, mail, now).await
    }

    /// Begins to change the address: mails a token to the new one. Whether another account has that is not told here.
    ///
    /// # Errors
    /// When the password is wrong, the last login is too old, or the address is not one.
    pub async fn begin_change_email(
        &self,
        owner: &Owner,
        password: &SecretString,
        new: &str,
    ) -> Result<(), ChangeEmailError> {
        let now = self.clock.now();
        let new = EmailAddress::parse(new)?;
        let found = self.accounts.by_id(owner.account).await?.ok_or(ChangeEmailError::Gone)?;
        recent(owner, found.second_factor, self.recent_login, now)?;
        let guesses = [self.gate.policy.factor(owner.account)];
        self.gate.charge::<EmailError>(&guesses, now).await?;
        if !self.matches(password, found.password_hash.clone()).await? {
            return Err(ChangeEmailError::WrongPassword);
        }
        self.gate.forgive(&guesses, &[]).await;
        self.gate.charge::<EmailError>(&[self.gate.policy.mail(&new)], now).await?;
        let is_taken = self.accounts.credentials(&new).await?.is_some_and(|other| other.account.id != owner.account);
        let account = (!is_taken).then_some(owner.account);
        let carries = Carries::Mail(TokenMailKind::ChangeEmail, found.account.locale);
        let bound_to = found.password_changed_at;
        let wanted = Wanted { purpose: Purpose::ChangeEmail, account, bound_to, email: Some(&new), carries };
        self.one_time.add::<EmailError>(wanted, now).await?;
        Ok(())
    }

    /// Gives the account the address that the token was mailed to. The old address is told.
    ///
    /// # Errors
    /// [`EmailError::InvalidToken`], [`EmailError::EmailTaken`].
    pub async fn change_email(&self, token: &str, presenter: Presenter) -> Result<(), EmailError> {
        let now = self.clock.now();
        let redeem = presented(token, Purpose::ChangeEmail, now).ok_or(EmailError::InvalidToken)?;
        let found = self.one_time.store.peek(&redeem).await?.ok_or(EmailError::InvalidToken)?;
        let account = found.account.ok_or(EmailError::InvalidToken)?;
        let before = self.accounts.by_id(account).await?.ok_or(EmailError::InvalidToken)?.account.email;
        let id = EventId::new(now, random(&*self.entropy)?);
        let event = SecurityEvent::new(id, now, EventKind::EmailChanged, account, Actor::Owner(None), presenter)
            .with_detail(before.address());
        match self.accounts.change_email(redeem, event).await? {
            EmailChange::Changed => Ok(()),
            EmailChange::EmailTaken => Err(EmailError::EmailTaken),
            EmailChange::NotRedeemed => Err(EmailError::InvalidToken),
        }
    }
}
