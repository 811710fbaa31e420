//! Accounts.

use async_trait::async_trait;

use super::StoreError;
use crate::model::{
    Account, AccountId, AccountQuery, Actor, Credentials, DisplayName, EmailAddress, EndTarget, Ending, NewAccount,
    PasswordHash, Redeem, Role, SecurityEvent, Timestamp,
};

/// Keeps accounts.
#[async_trait]
pub trait AccountStore: Send + Sync + 'static {
    /// Adds an account, unless one has the same canonical address: of two at once exactly one is added. `new.invite` is used
    /// up in the same step, and nothing is written when it does not fit; so are `new.verification` and `new.event` added.
    async fn create(&self, new: NewAccount) -> Result<Created, StoreError>;

    /// The account with this canonical address, and what proves it.
    async fn credentials(&self, email: &EmailAddress) -> Result<Option<Credentials>, StoreError>;

    /// The account, and what proves it.
    async fn by_id(&self, account: AccountId) -> Result<Option<Credentials>, StoreError>;

    /// Accounts in the order of their canonical addresses.
    async fn search(&self, query: AccountQuery) -> Result<Vec<Account>, StoreError>;

    /// Sets or clears the display name, and answers the account as it is now; `None` when there is no such account.
    async fn rename(&self, account: AccountId, name: Option<DisplayName>) -> Result<Option<Account>, StoreError>;

    /// Sets the roles, records the event, and answers the account as it is now; `None` when there is no such account.
    async fn set_roles(&self, roles: Vec<Role>, event: SecurityEvent) -> Result<Option<Account>, StoreError>;

    /// Uses the token up, notes that the account's address is verified, and records the event; `false`, and nothing written,
    /// when the token does not fit or there is no such account. Of many at once exactly one answers `true`.
    async fn verify_email(&self, redeem: Redeem, event: SecurityEvent) -> Result<bool, StoreError>;

    /// Uses the token up, gives the account the address that the token is about, verified, and records the event.
    async fn change_email(&self, redeem: Redeem, event: SecurityEvent) -> Result<EmailChange, StoreError>;

    /// Sets a password, if `set.authority` allows it: ends sessions (reason `password_changed`), each with its entry in the
    /// feed, removes the account's tokens of the purpose `reset_password`, and records the event. By a token that was mailed
    /// the address becomes verified; if it was not, what proves the owner may be somebody else's who registered with it, and
    /// every app, passkey and recovery code of the account goes. `None`, and nothing
    /// written, when it does not allow it, or the account is gone or disabled. Of many at once with one authority exactly one
    /// is answered.
    async fn set_password(&self, set: SetPassword) -> Result<Option<Ending>, StoreError>;

    /// Puts a new hash of the same password in the place of the old one; `false` when the old one is not there any more.
    /// Neither `password_changed_at` nor a session changes.
    async fn rehash(&self, account: AccountId, old: PasswordHash, new: PasswordHash) -> Result<bool, StoreError>;

    /// Disables an account: ends all its sessions (reason `account_disabled`), each with its entry in the feed, adds one entry
    /// for the account itself, and records the event. While it is disabled no step opens or moves a session of it. `None`
    /// when there is no such account; when it is disabled already, nothing is written and nothing was ended.
    async fn disable(&self, close: CloseAccount) -> Result<Option<Ending>, StoreError>;

    /// Enables an account again and records the event. `false` when there is no such account; when it is not disabled,
    /// nothing is written.
    async fn enable(&self, event: SecurityEvent) -> Result<bool, StoreError>;

    /// Deletes an account and its sessions, writes an entry in the feed for each session that was not ended yet, and records
    /// the event. `None` when there is no such account. Security events stay.
    async fn delete(&self, close: CloseAccount) -> Result<Option<Ending>, StoreError>;
}

/// An account to disable or delete: the one that the event is about.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct CloseAccount {
    /// By whom.
    pub by: Actor,
    /// Now.
    pub now: Timestamp,
    /// No access token of the account lives beyond this.
    pub tokens_until: Timestamp,
    /// Recorded in the same transaction.
    pub event: SecurityEvent,
}

/// A password to set.
#[derive(Clone, Debug)]
pub struct SetPassword {
    /// What allows it.
    pub authority: PasswordAuthority,
    /// The hash of the new password.
    pub hash: PasswordHash,
    /// The sessions that end with the old one; of the account that the event is about.
    pub end: EndTarget,
    /// By whom.
    pub by: Actor,
    /// Now.
    pub now: Timestamp,
    /// No access token of these sessions lives beyond this.
    pub tokens_until: Timestamp,
    /// Recorded in the same transaction.
    pub event: SecurityEvent,
}

/// What allows a password to be set.
#[derive(Clone, Debug)]
pub enum PasswordAuthority {
    /// The old password was shown, and is still this (`password_changed_at`).
    Shown {
        /// When the password that was shown had been set.
        changed_at: Option<Timestamp>,
    },
    /// A token that was mailed, to be used up. It also proves that the owner reads his mail.
    Mailed(Redeem),
    /// An operator.
    Operator,
}

/// What became of an address to change.
#[must_use]
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum EmailChange {
    /// It is changed.
    Changed,
    /// Another account has this address. Nothing was written.
    EmailTaken,
    /// The token does not fit, or there is no such account. Nothing was written.
    NotRedeemed,
}

/// What became of a new account.
#[must_use]
#[derive(Clone, Debug, PartialEq, Eq)]
pub enum Created {
    /// It is there.
    Created(Account),
    /// Another account has this address. Nothing was written.
    EmailTaken,
    /// The invitation does not fit. Nothing was written.
    NotInvited,
}
