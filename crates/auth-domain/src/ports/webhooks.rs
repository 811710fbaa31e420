//! Webhooks: which deliveries are due, and how they are sent.

use async_trait::async_trait;

use super::StoreError;
use crate::model::{Delivery, DeliveryAttempt, DeliveryId, Endpoint, EventKind, Timestamp};

/// Keeps deliveries. Every delivery is made at least once, whatever happens to the servers.
#[async_trait]
pub trait WebhookStore: Send + Sync + 'static {
    /// Makes a delivery of each event that has not been spread yet for each endpoint that wants its kind, and marks the event
    /// as spread, in one transaction; at most `limit` events, oldest first. Answers how many events those were. Without an
    /// endpoint events are only marked, so that one that is added later is not told the past.
    async fn spread(&self, wanted: &[Subscription], now: Timestamp, limit: u32) -> Result<u32, StoreError>;

    /// Takes deliveries to these endpoints that are due at `now`, oldest first, and hides them until `hidden_until` from
    /// everybody who asks: of many servers one makes each attempt, and one that dies leaves it to another.
    async fn claim(
        &self,
        endpoints: &[Endpoint],
        now: Timestamp,
        hidden_until: Timestamp,
        limit: u32,
    ) -> Result<Vec<Delivery>, StoreError>;

    /// Notes what became of an attempt.
    async fn note(&self, delivery: DeliveryId, attempt: DeliveryAttempt, now: Timestamp) -> Result<(), StoreError>;
}

/// What an endpoint wants to be told.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Subscription {
    /// The endpoint.
    pub endpoint: Endpoint,
    /// The kinds of events.
    pub kinds: Vec<EventKind>,
}

/// Sends deliveries.
#[async_trait]
pub trait WebhookSender: Send + Sync + 'static {
    /// Sends one and waits for the endpoint's answer, for a bounded time.
    ///
    /// # Errors
    /// When the endpoint did not take it.
    async fn send(&self, delivery: &Delivery, now: Timestamp) -> Result<(), NotTaken>;
}

/// The endpoint did not take the delivery.
#[derive(Clone, Debug, PartialEq, Eq, thiserror::Error)]
#[error("{0}")]
pub struct NotTaken(pub String);
