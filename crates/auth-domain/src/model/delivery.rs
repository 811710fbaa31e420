//! Deliveries: an event on its way to a webhook endpoint.

use super::{DeliveryId, SecurityEvent, Timestamp};

/// Where an operator wants to be told of events. Its name stays when its address or secret changes.
#[derive(Clone, Debug, PartialEq, Eq, Hash)]
pub struct Endpoint(pub String);

/// An event on its way to an endpoint, taken for one attempt.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Delivery {
    /// The same in every attempt: receivers tell repetitions by it.
    pub id: DeliveryId,
    /// Where to.
    pub endpoint: Endpoint,
    /// What of.
    pub event: SecurityEvent,
    /// How many attempts were made before this one.
    pub attempts: u32,
}

/// What became of an attempt.
#[derive(Clone, Debug, PartialEq, Eq)]
pub enum Attempt {
    /// The endpoint took it: it is done.
    Delivered,
    /// It failed, and is tried again then.
    Failed {
        /// When to try again.
        next: Timestamp,
        /// What went wrong, for the operator.
        error: String,
    },
    /// It failed for the last time.
    GivenUp {
        /// What went wrong, for the operator.
        error: String,
    },
}
