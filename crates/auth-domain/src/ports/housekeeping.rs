//! What is needed no more.

use async_trait::async_trait;

use super::StoreError;
use crate::model::Timestamp;

/// Removes rows that are needed no more.
#[async_trait]
pub trait Housekeeping: Send + Sync + 'static {
    /// Removes at most `batch` rows of each kind, each kind in a transaction of its own, and answers how many rows that were.
    /// Zero means that nothing is left to remove.
    async fn sweep(&self, retention: Retention, batch: u32) -> Result<u64, StoreError>;
}

/// Up to when rows are needed. Rows that are older go.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct Retention {
    /// Entries of the feed whose `expires_at` is at or before this.
    pub revocations: Timestamp,
    /// Sessions that ended, or expired, at or before this.
    pub sessions: Timestamp,
    /// Events that happened at or before this, and whose deliveries are done.
    pub events: Timestamp,
    /// One-time tokens that have expired at or before this.
    pub one_time: Timestamp,
    /// Deliveries that were done, or given up, at or before this.
    pub deliveries: Timestamp,
}
