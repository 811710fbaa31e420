//! Accounts: registration, and what an owner does with his own.

use std::sync::Arc;

use secrecy::{ExposeSecret, SecretString};

use crate::model::{
    Account, AccountId, Actor, DisplayName, EmailAddress, EventId, EventKind, InvalidEmailAddress, NewAccount,
    Password, PasswordPolicy, PasswordRefused, Role, SecurityEvent,
};
use crate::ports::{
    AccountStore, Clock, CloseAccount, Created, Entropy, EntropyUnavailable, HashError, PasswordHasher, StoreError,
    Verdict, random,
};
use crate::session::{AfterCommit, Owner, SessionTokens};

/// Registers accounts, and changes and deletes them for their owners.
pub struct Accounts {
    pub(crate) accounts: Arc<dyn AccountStore>,
    pub(crate) hasher: Arc<dyn PasswordHasher>,
    pub(crate) clock: Arc<dyn Clock>,
    pub(crate) entropy: Arc<dyn Entropy>,
    pub(crate) policy: PasswordPolicy,
    pub(crate) tokens: Arc<SessionTokens>,
    pub(crate) after_commit: Arc<AfterCommit>,
}

/// A request to register.
#[derive(Debug)]
pub struct RegisterRequest<'a> {
    /// The mail address as it was typed.
    pub email: &'a str,
    /// The password as it was typed.
    pub password: &'a SecretString,
    /// What the owner wants to be called.
    pub display_name: Option<DisplayName>,
    /// What the account may do beyond its own affairs. Empty for everybody who registers himself.
    pub roles: Vec<Role>,
}

/// Why no account was registered.
#[derive(Debug, thiserror::Error)]
pub enum RegisterError {
    /// The address is not one.
    #[error(transparent)]
    Email(#[from] InvalidEmailAddress),
    /// The password does not satisfy the policy.
    #[error(transparent)]
    Password(#[from] PasswordRefused),
    /// Another account has this address.
    #[error("an account with this mail address exists already; sign in instead")]
    EmailTaken,
    /// The password could not be hashed. The same request can be repeated.
    #[error(transparent)]
    Hash(#[from] HashError),
    /// The store could not do its work. The same request can be repeated.
    #[error(transparent)]
    Store(#[from] StoreError),
    /// The system gave no randomness. The same request can be repeated.
    #[error(transparent)]
    Entropy(#[from] EntropyUnavailable),
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
    /// Registers an account. The password is hashed before the address is looked up, so that time does not tell whether
    /// it is taken.
    ///
    /// # Errors
    /// When the address or the password is refused, or the address is taken.
    pub async fn register(&self, request: RegisterRequest<'_>) -> Result<Account, RegisterError> {
        let email = EmailAddress::parse(request.email)?;
        let password = self.policy.check(request.password.expose_secret())?;
        let password_hash = self.hasher.hash(password).await?;
        let now = self.clock.now();
        let new = NewAccount {
            id: AccountId::new(now, random(&*self.entropy)?),
            email,
            display_name: request.display_name,
            roles: request.roles,
            password_hash,
            created_at: now,
        };
        match self.accounts.create(new).await? {
            Created::Created(account) => Ok(account),
            Created::EmailTaken => Err(RegisterError::EmailTaken),
        }
    }

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
        let password = Password::new(password.expose_secret()).map_err(|_| AccountError::WrongPassword)?;
        if self.hasher.verify(password, found.password_hash).await? != Verdict::Matches {
            return Err(AccountError::WrongPassword);
        }
        let now = self.clock.now();
        let by = Actor::Owner(Some(owner.session));
        let event = SecurityEvent {
            id: EventId::new(now, random(&*self.entropy)?),
            at: now,
            kind: EventKind::AccountDeleted,
            account: owner.account,
            session: Some(owner.session),
            actor: by,
            presenter: owner.presenter.clone(),
            evidence: None,
        };
        let close = CloseAccount { by, now, tokens_until: self.tokens.live_until(now), event };
        let ending = self.accounts.delete(close).await?.ok_or(AccountError::Gone)?;
        self.after_commit.revoked(&ending.revocations);
        Ok(())
    }
}
