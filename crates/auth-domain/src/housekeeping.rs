//! Rows that are needed no more go, in small batches, so that no refresh waits for them.

use std::sync::Arc;
use std::time::Duration;

use crate::ports::{Clock, Housekeeping, Retention, StoreError};

/// How long rows are kept after they have served.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct RetentionPolicy {
    /// Sessions, after they have ended or expired.
    pub sessions: Duration,
    /// Security events, after they happened.
    pub events: Duration,
}

/// Sessions for 30 days, events for a year.
impl Default for RetentionPolicy {
    fn default() -> Self {
        Self { sessions: Duration::from_secs(30 * 86_400), events: Duration::from_secs(365 * 86_400) }
    }
}

/// For how long a delivery is kept after it was done, to look at.
const DELIVERIES: Duration = Duration::from_secs(7 * 86_400);

/// Rows of each kind that go at once: few enough that the write lock is held for a few milliseconds.
const BATCH: u32 = 200;

/// Removes rows that are needed no more.
pub struct Sweeper {
    pub(crate) store: Arc<dyn Housekeeping>,
    pub(crate) clock: Arc<dyn Clock>,
    pub(crate) policy: RetentionPolicy,
}

impl Sweeper {
    /// Removes one batch of each kind, and answers how many rows that were; zero when nothing is left. Its caller pauses
    /// between batches.
    pub async fn sweep(&self) -> Result<u64, StoreError> {
        let now = self.clock.now();
        let retention = Retention {
            revocations: now,
            sessions: now.minus(self.policy.sessions),
            events: now.minus(self.policy.events),
            one_time: now,
            deliveries: now.minus(DELIVERIES),
        };
        self.store.sweep(retention, BATCH).await
    }
}
