//! Throttling.

use std::time::Duration;

use async_trait::async_trait;

use super::StoreError;
use crate::model::{ThrottleKey, Timestamp};

/// Counts attempts that may fail.
#[async_trait]
pub trait Throttle: Send + Sync + 'static {
    /// Counts an attempt against every key, unless one of them has to wait ([`Tally::wait`](crate::model::Tally::wait)): then
    /// nothing is written, nothing counted, and the answer is the longest wait. Of many at once never more are let through
    /// than are free, each further one only after the wait.
    async fn charge(&self, keys: &[ThrottleKey], now: Timestamp) -> Result<Option<Duration>, StoreError>;

    /// An attempt that was charged did not fail: forgets all failures of `forget`, and takes one back of each of `refund`.
    async fn forgive(&self, forget: &[ThrottleKey], refund: &[ThrottleKey]) -> Result<(), StoreError>;
}
