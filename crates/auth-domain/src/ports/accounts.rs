//! Accounts.

use async_trait::async_trait;

use super::StoreError;
use crate::model::{
    Account, AccountId, AccountQuery, Actor, Credentials, DisplayName, EmailAddress, Ending, NewAccount, Role,
    SecurityEvent, Timestamp,
};

/// Keeps accounts.
#[async_trait]
pub trait AccountStore: Send + Sync + 'static {
    /// Adds an account, unless one has the same canonical address. Of two at once exactly one is added.
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

/// What became of a new account.
#[must_use]
#[derive(Clone, Debug, PartialEq, Eq)]
pub enum Created {
    /// It is there.
    Created(Account),
    /// Another account has this address. Nothing was written.
    EmailTaken,
}
