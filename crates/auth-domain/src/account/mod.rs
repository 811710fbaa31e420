//! Accounts: registration, and what an owner does with his own.

mod email;
mod password;
mod registration;

use std::sync::Arc;
use std::time::Duration;

pub use email::{ChangeEmailError, EmailError};
pub use password::PasswordError;
pub use registration::{RegisterError, RegisterRequest, Registered, RegisteredBy};
use secrecy::SecretString;

use crate::credential::verify;
use crate::model::{
    Account, AccountId, Credentials, DisplayName, EmailAddress, EventKind, Locale, PasswordHash, PasswordPolicy,
    Presenter, Purpose, RegistrationPolicy, ThrottleKey, Timestamp, TokenMailKind,
};
use crate::one_time::{Carries, OneTime, TokenNotMade, Wanted};
use crate::ports::{
    AccountStore, BreachCheck, Clock, CloseAccount, Entropy, EntropyUnavailable, HashError, PasswordHasher, StoreError,
    Verdict,
};
use crate::session::{AfterCommit, Owner, SessionTokens};
use crate::throttle::{Gate, Throttled};

/// Registers accounts, and changes and deletes them for their owners.
pub struct Accounts {
    pub(crate) accounts: Arc<dyn AccountStore>,
    pub(crate) one_time: Arc<OneTime>,
    pub(crate) hasher: Arc<dyn PasswordHasher>,
    pub(crate) breaches: Option<Arc<dyn BreachCheck>>,
    pub(crate) clock: Arc<dyn Clock>,
    pub(crate) entropy: Arc<dyn Entropy>,
    pub(crate) gate: Gate,
    pub(crate) policy: PasswordPolicy,
    pub(crate) registration: RegistrationPolicy,
    pub(crate) recent_login: Duration,
    pub(crate) tokens: Arc<SessionTokens>,
    pub(crate) after_commit: Arc<AfterCommit>,
}

/// The owner has to prove again who he is before this is done (RFC 9470).
#[derive(Clone, Copy, Debug, PartialEq, Eq, thiserror::Error)]
#[error("prove again who you are: this needs a login of the last {} minutes", max_age.as_secs() / 60)]
pub struct StepUpRequired {
    /// How long ago that may be.
    pub max_age: Duration,
}

/// Refuses an owner whose last proof is older than this, or lacks the second factor that his account has.
pub(crate) fn recent(
    owner: &Owner,
    second_factor: bool,
    max_age: Duration,
    now: Timestamp,
) -> Result<(), StepUpRequired> {
    let fresh = now.since(owner.auth_time) <= max_age;
    let complete = !second_factor || owner.amr.iter().any(|method| method == "mfa");
    if fresh && complete { Ok(()) } else { Err(StepUpRequired { max_age }) }
}

/// Why an account was not changed or deleted.
#[derive(Debug, thiserror::Error)]
pub enum AccountError {
    /// The account is gone or disabled.
    #[error("the account does not exist any more, or is disabled")]
    Gone,
    /// The password that was to confirm it is wrong.
    #[error("the password is wrong")]
    WrongPassword,
    /// There were too many attempts.
    #[error(transparent)]
    Throttled(#[from] Throttled),
    /// The password could not be verified. The same request can be repeated.
    #[error(transparent)]
    Hash(#[from] HashError),
    /// The store could not do its work. The same request can be repeated.
    #[error(transparent)]
    Store(#[from] StoreError),
    /// The system gave no randomness. The same request can be repeated.
    #[error(transparent)]
    Entropy(#[from] EntropyUnavailable),
}

impl Accounts {
    /// The account, if it can still sign in.
    ///
    /// # Errors
    /// [`AccountError::Gone`] when it was deleted or disabled since its token was issued.
    pub async fn get(&self, account: AccountId) -> Result<Account, AccountError> {
        let found = self.accounts.by_id(account).await?.map(|found| found.account);
        found.filter(|account| account.disabled_at.is_none()).ok_or(AccountError::Gone)
    }

    /// Sets or clears the display name.
    ///
    /// # Errors
    /// [`AccountError::Gone`] when the account was deleted.
    pub async fn rename(&self, account: AccountId, name: Option<DisplayName>) -> Result<Account, AccountError> {
        self.accounts.rename(account, name).await?.ok_or(AccountError::Gone)
    }

    /// Deletes the account, confirmed by its password, and ends all its sessions. Security events are kept.
    ///
    /// # Errors
    /// [`AccountError::WrongPassword`], also when the account has none; [`AccountError::Gone`] when it was deleted already.
    pub async fn delete(&self, owner: &Owner, password: &SecretString) -> Result<(), AccountError> {
        let found = self.accounts.by_id(owner.account).await?.ok_or(AccountError::Gone)?;
        let now = self.clock.now();
        let guesses = [self.gate.policy.factor(owner.account)];
        self.gate.charge::<AccountError>(&guesses, now).await?;
        if !self.matches(password, found.password_hash).await? {
            return Err(AccountError::WrongPassword);
        }
        let event = owner.event(&*self.entropy, EventKind::AccountDeleted, now)?;
        let close = CloseAccount { by: event.actor, now, tokens_until: self.tokens.live_until(now), event };
        let ending = self.accounts.delete(close).await?.ok_or(AccountError::Gone)?;
        self.after_commit.revoked(&ending.revocations);
        Ok(())
    }

    /// Whether the password is the account's.
    async fn matches(&self, typed: &SecretString, hash: Option<PasswordHash>) -> Result<bool, HashError> {
        Ok(verify(&*self.hasher, typed, hash).await? != Verdict::Differs)
    }

    /// What a mail to an address that somebody names is charged to, whether it has an account or not.
    fn mail_keys(&self, email: &EmailAddress, presenter: &Presenter) -> Vec<ThrottleKey> {
        let policy = &self.gate.policy;
        presenter.ip.iter().map(|ip| policy.mail_network(*ip)).chain([policy.mail(email)]).collect()
    }

    /// Mails a token to the account that was found, or keeps one that is good for nothing in its place: the same work is done.
    async fn mail_token<E>(
        &self,
        purpose: Purpose,
        found: Option<&Credentials>,
        email: &EmailAddress,
        (kind, locale): (TokenMailKind, Locale),
        now: Timestamp,
    ) -> Result<(), E>
    where
        E: From<TokenNotMade> + From<StoreError>,
    {
        let account = found.map(|found| &found.account);
        let wanted = Wanted {
            purpose,
            account: account.map(|account| account.id),
            bound_to: found.and_then(|found| found.password_changed_at),
            email: Some(account.map_or(email, |account| &account.email)),
            carries: Carries::Mail(kind, account.map_or(locale, |account| account.locale)),
        };
        self.one_time.add(wanted, now).await.map(|_| ())
    }
}
