//! The revocation feed.

use async_trait::async_trait;

use super::StoreError;
use crate::model::{Revocation, Timestamp};

/// Reads the revocation feed. Entries are written by the steps that end sessions.
#[async_trait]
pub trait RevocationStore: Send + Sync + 'static {
    /// Every entry that is still needed at `now` (`expires_at > now`), in the order of `seq`.
    async fn live(&self, now: Timestamp) -> Result<Vec<Revocation>, StoreError>;

    /// Every entry with a higher `seq` than `reached`, or with one in the inclusive ranges of `missing`, in the order of `seq`.
    async fn after(&self, reached: i64, missing: &[(i64, i64)]) -> Result<Vec<Revocation>, StoreError>;

    /// Resolves when there may be new entries, or never: a store that cannot tell is polled.
    async fn changed(&self) {
        std::future::pending::<()>().await;
    }
}
