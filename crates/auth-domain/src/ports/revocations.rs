//! The revocation feed.

use async_trait::async_trait;

use super::StoreError;
use crate::model::{Revocation, Timestamp};

/// Reads the revocation feed. Entries are written by the steps that end sessions.
#[async_trait]
pub trait RevocationStore: Send + Sync + 'static {
    /// Every entry that is still needed at `now` (`expires_at > now`), in the order of `seq`.
    async fn live(&self, now: Timestamp) -> Result<Vec<Revocation>, StoreError>;
}
