//! Webhooks: security events told to an operator's endpoints, at least once, never in the path of a request. Notices are
//! deliveries too: mail is an endpoint.

use std::sync::Arc;
use std::time::Duration;

use crate::mail;
use crate::model::{DeliveryAttempt, Endpoint, Timestamp};
use crate::ports::{Clock, StoreError, Subscription, WebhookSender, WebhookStore};

/// For how long a claimed delivery is hidden from other nodes: longer than a sender ever waits.
const LEASE: Duration = Duration::from_secs(60);

/// How long to wait after each failed attempt, as Standard Webhooks recommends; after the last the delivery is given up.
const BACK_OFF: [Duration; 8] = [
    Duration::from_secs(5),
    Duration::from_secs(5 * 60),
    Duration::from_secs(30 * 60),
    Duration::from_secs(2 * 3_600),
    Duration::from_secs(5 * 3_600),
    Duration::from_secs(10 * 3_600),
    Duration::from_secs(14 * 3_600),
    Duration::from_secs(20 * 3_600),
];

/// How many events are spread at once.
const BATCH: u32 = 32;

/// Delivers events: each endpoint for itself, so that one that is slow or down keeps no other waiting.
pub struct Webhooks {
    pub(crate) store: Arc<dyn WebhookStore>,
    pub(crate) clock: Arc<dyn Clock>,
}

impl Webhooks {
    /// Spreads new events, to the endpoints of these subscriptions and to the mails of their accounts' owners, and answers how
    /// many events were new. Called in intervals, by every node.
    pub async fn spread(&self, subscriptions: &[Subscription]) -> Result<usize, StoreError> {
        let wanted: Vec<_> = subscriptions.iter().cloned().chain([mail::subscription()]).collect();
        let mut events = 0;
        loop {
            let spread = self.store.spread(&wanted, self.clock.now(), BATCH).await?;
            events += spread as usize;
            if spread < BATCH {
                return Ok(events);
            }
        }
    }

    /// Makes the attempts to this endpoint that are due, one after the other, and answers how many they were. Called in
    /// intervals for each endpoint, by every node; of several nodes one makes each attempt.
    pub async fn deliver(&self, endpoint: &Endpoint, sender: &dyn WebhookSender) -> Result<usize, StoreError> {
        let mut attempts = 0;
        loop {
            let now = self.clock.now();
            let due = self.store.claim(std::slice::from_ref(endpoint), now, now.plus(LEASE), 1).await?;
            let Some(delivery) = due.first() else { return Ok(attempts) };
            let sent = sender.send(delivery, now).await;
            let now = self.clock.now();
            let attempt = match sent {
                Ok(()) => DeliveryAttempt::Delivered,
                Err(error) => failed(delivery.attempts, error.to_string(), now),
            };
            if let DeliveryAttempt::GivenUp { error } = &attempt {
                let endpoint = &delivery.endpoint.0;
                tracing::error!(delivery = %delivery.id, endpoint, error, "a webhook delivery was given up");
            }
            self.store.note(delivery.id, attempt, now).await?;
            attempts += 1;
        }
    }
}

fn failed(attempts_before: u32, error: String, now: Timestamp) -> DeliveryAttempt {
    let wait = usize::try_from(attempts_before).ok().and_then(|n| BACK_OFF.get(n));
    match wait {
        Some(wait) => DeliveryAttempt::Failed { next: now.plus(*wait), error },
        None => DeliveryAttempt::GivenUp { error },
    }
}
