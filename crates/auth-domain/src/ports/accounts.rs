//! Accounts.

use async_trait::async_trait;

use super::StoreError;
use crate::model::{Account, AccountId, Credentials, DisplayName, EmailAddress, Ending, NewAccount, Timestamp};

/// Keeps accounts.
#[async_trait]
pub trait AccountStore: Send + Sync + 'static {
    /// Adds an account, unless one has the same canonical address. Of two at once exactly one is added.
    async fn create(&self, new: NewAccount) -> Result<Created, StoreError>;

    /// The account with this canonical address, and what proves it.
    async fn credentials(&self, email: &EmailAddress) -> Result<Option<Credentials>, StoreError>;

    /// The account, and what proves it.
    async fn by_id(&self, account: AccountId) -> Result<Option<Credentials>, StoreError>;

    /// Sets or clears the display name, and answers the account as it is now; `None` when there is no such account.
    async fn rename(&self, account: AccountId, name: Option<DisplayName>) -> Result<Option<Account>, StoreError>;

    /// Disables the account (`Some(since)`) or enables it again. While it is disabled no step opens or moves a session of
    /// it. Answers whether there is such an account.
    async fn set_disabled(&self, account: AccountId, since: Option<Timestamp>) -> Result<bool, StoreError>;

    /// Deletes the account and its sessions, and writes a revocation for each session that was live at `now`, which no
    /// access token outlives after `tokens_until`. `None` when there is no such account. Security events stay.
    async fn delete(
        &self,
        account: AccountId,
        now: Timestamp,
        tokens_until: Timestamp,
    ) -> Result<Option<Ending>, StoreError>;
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
