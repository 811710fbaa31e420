//! Security events.

use async_trait::async_trait;

use super::StoreError;
use crate::model::{EventQuery, SecurityEvent};

/// Reads security events. They are written by the steps that they speak of, in the same transaction.
#[async_trait]
pub trait EventStore: Send + Sync + 'static {
    /// Events, newest first (by id, which is ordered by time).
    async fn page(&self, query: EventQuery) -> Result<Vec<SecurityEvent>, StoreError>;
}
