//! Webhook deliveries in memory.

use async_trait::async_trait;

use super::MemoryStores;
use crate::model::{Delivery, DeliveryAttempt, DeliveryId, Endpoint, EventId, Timestamp};
use crate::ports::{StoreError, Subscription, WebhookStore};

/// A delivery and where it stands.
pub(super) struct Queued {
    delivery: Delivery,
    next: Timestamp,
    done: Option<Timestamp>,
}

impl Queued {
    pub(super) fn done_by(&self, moment: Timestamp) -> bool {
        self.done.is_some_and(|done| done <= moment)
    }

    pub(super) fn is_of(&self, event: EventId) -> bool {
        self.delivery.event.id == event
    }
}

#[async_trait]
impl WebhookStore for MemoryStores {
    async fn spread(&self, wanted: &[Subscription], now: Timestamp, limit: u32) -> Result<u32, StoreError> {
        let mut state = self.state();
        let mut events = state.events.clone();
        events.retain(|event| !state.spread.contains(&event.id));
        events.sort_by_key(|event| event.id);
        events.truncate(limit as usize);
        for event in &events {
            state.spread.insert(event.id);
            for (n, Subscription { endpoint, .. }) in
                wanted.iter().enumerate().filter(|(_, wanted)| wanted.kinds.contains(&event.kind))
            {
                let id = DeliveryId::from_uuid(uuid::Uuid::from_u128(
                    event.id.as_uuid().as_u128().wrapping_mul(1_000).wrapping_add(n as u128),
                ));
                let delivery = Delivery { id, endpoint: endpoint.clone(), event: event.clone(), attempts: 0 };
                state.deliveries.push(Queued { delivery, next: now, done: None });
            }
        }
        Ok(u32::try_from(events.len()).unwrap_or(limit))
    }

    async fn claim(
        &self,
        endpoints: &[Endpoint],
        now: Timestamp,
        hidden_until: Timestamp,
        limit: u32,
    ) -> Result<Vec<Delivery>, StoreError> {
        let mut state = self.state();
        let due = |queued: &&mut Queued| {
            queued.done.is_none() && queued.next <= now && endpoints.contains(&queued.delivery.endpoint)
        };
        let claimed = state.deliveries.iter_mut().filter(due).take(limit as usize).map(|queued| {
            queued.next = hidden_until;
            queued.delivery.clone()
        });
        Ok(claimed.collect())
    }

    async fn note(&self, delivery: DeliveryId, attempt: DeliveryAttempt, now: Timestamp) -> Result<(), StoreError> {
        let mut state = self.state();
        if let Some(queued) = state.deliveries.iter_mut().find(|queued| queued.delivery.id == delivery) {
            queued.delivery.attempts += 1;
            match attempt {
                DeliveryAttempt::Delivered | DeliveryAttempt::GivenUp { .. } => queued.done = Some(now),
                DeliveryAttempt::Failed { next, .. } => queued.next = next,
            }
        }
        Ok(())
    }
}
