//! Security events.

use async_trait::async_trait;

use super::StoreError;
use crate::model::{AccountId, SecurityEvent};

/// Reads security events. They are written by the steps that they speak of, in the same transaction.
#[async_trait]
pub trait EventStore: Send + Sync + 'static {
    /// The account's events, newest first (by `at`, then id), at most `limit`.
    async fn of_account(&self, account: AccountId, limit: u32) -> Result<Vec<SecurityEvent>, StoreError>;
}
