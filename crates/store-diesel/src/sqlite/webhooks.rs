//! Webhook deliveries on SQLite. Every step runs on the writer, so each event and delivery is taken by one.

use async_trait::async_trait;
use auth_domain::model::{Delivery, DeliveryAttempt, DeliveryId, Endpoint, Timestamp};
use auth_domain::ports::{StoreError, Subscription, WebhookStore};
use diesel::dsl::sql;
use diesel::prelude::*;
use diesel::sql_types;

use super::pool::Step;
use super::schema::{DELIVERY, security_events, webhook_deliveries};
use super::{Sqlite, bytes};
use crate::column::At;
use crate::error::Failure;
use crate::row::DeliveryRow;

#[async_trait]
impl WebhookStore for Sqlite {
    async fn spread(&self, wanted: &[Subscription], now: Timestamp, limit: u32) -> Result<u32, StoreError> {
        self.pool.write(Spread { wanted: wanted.to_vec(), now, limit }).await
    }

    async fn claim(
        &self,
        endpoints: &[Endpoint],
        now: Timestamp,
        hidden_until: Timestamp,
        limit: u32,
    ) -> Result<Vec<Delivery>, StoreError> {
        let endpoints = endpoints.iter().map(|endpoint| endpoint.0.clone()).collect();
        self.pool.write(Claim { endpoints, now, hidden_until, limit }).await
    }

    async fn note(&self, delivery: DeliveryId, attempt: DeliveryAttempt, now: Timestamp) -> Result<(), StoreError> {
        self.pool.write(Note { delivery, attempt, now }).await
    }
}

struct Spread {
    wanted: Vec<Subscription>,
    now: Timestamp,
    limit: u32,
}

impl Step for Spread {
    type Answer = u32;

    fn run(&self, connection: &mut SqliteConnection) -> Result<u32, Failure> {
        let now = self.now.as_micros();
        let events: Vec<(Vec<u8>, String)> = security_events::table
            .filter(security_events::spread_at.is_null())
            .order(security_events::id)
            .limit(i64::from(self.limit))
            .select((security_events::id, security_events::kind))
            .load(connection)?;
        let deliveries = self.wanted.iter().flat_map(|Subscription { endpoint, kinds }| {
            let wanted = events.iter().filter(|(_, kind)| kinds.iter().any(|wanted| wanted.as_str() == kind));
            wanted.map(|(event, _)| (event, endpoint.0.as_str()))
        });
        let deliveries: Vec<_> = deliveries.collect();
        for (event, endpoint) in deliveries {
            diesel::insert_into(webhook_deliveries::table)
                .values((
                    webhook_deliveries::id.eq(random_id(connection)?),
                    webhook_deliveries::event_id.eq(event),
                    webhook_deliveries::endpoint.eq(endpoint),
                    webhook_deliveries::attempts.eq(0),
                    webhook_deliveries::next_at.eq(now),
                ))
                .on_conflict_do_nothing()
                .execute(connection)?;
        }
        let spread = events.iter().map(|(event, _)| event.as_slice());
        diesel::update(security_events::table.filter(security_events::id.eq_any(spread)))
            .set(security_events::spread_at.eq(now))
            .execute(connection)?;
        Ok(u32::try_from(events.len()).unwrap_or(self.limit))
    }
}

/// A version 4 UUID (RFC 9562 §5.4) of SQLite's own randomness.
fn random_id(connection: &mut SqliteConnection) -> Result<Vec<u8>, Failure> {
    let random: Vec<u8> = diesel::select(sql::<sql_types::Binary>("randomblob(16)")).get_result(connection)?;
    let random = random.try_into().map_err(|_| At("webhook_deliveries", "id").corrupt())?;
    Ok(bytes(uuid::Builder::from_random_bytes(random).into_uuid()))
}

struct Claim {
    endpoints: Vec<String>,
    now: Timestamp,
    hidden_until: Timestamp,
    limit: u32,
}

impl Step for Claim {
    type Answer = Vec<Delivery>;

    fn run(&self, connection: &mut SqliteConnection) -> Result<Self::Answer, Failure> {
        let due: Vec<Vec<u8>> = webhook_deliveries::table
            .filter(webhook_deliveries::done_at.is_null())
            .filter(webhook_deliveries::next_at.le(self.now.as_micros()))
            .filter(webhook_deliveries::endpoint.eq_any(&self.endpoints))
            .order((webhook_deliveries::next_at, webhook_deliveries::event_id))
            .limit(i64::from(self.limit))
            .select(webhook_deliveries::id)
            .load(connection)?;
        if due.is_empty() {
            return Ok(Vec::new());
        }
        let rows: Vec<DeliveryRow<Vec<u8>>> = webhook_deliveries::table
            .inner_join(security_events::table)
            .filter(webhook_deliveries::id.eq_any(&due))
            .order((webhook_deliveries::next_at, webhook_deliveries::event_id))
            .select(DELIVERY)
            .load(connection)?;
        diesel::update(webhook_deliveries::table.filter(webhook_deliveries::id.eq_any(&due)))
            .set(webhook_deliveries::next_at.eq(self.hidden_until.as_micros()))
            .execute(connection)?;
        Ok(rows.into_iter().map(DeliveryRow::delivery).collect::<Result<_, _>>()?)
    }
}

struct Note {
    delivery: DeliveryId,
    attempt: DeliveryAttempt,
    now: Timestamp,
}

impl Step for Note {
    type Answer = ();

    fn run(&self, connection: &mut SqliteConnection) -> Result<(), Failure> {
        let now = self.now.as_micros();
        let (next, outcome, error) = match &self.attempt {
            DeliveryAttempt::Delivered => (None, Some("delivered"), None),
            DeliveryAttempt::Failed { next, error } => (Some(next.as_micros()), None, Some(error)),
            DeliveryAttempt::GivenUp { error } => (None, Some("given_up"), Some(error)),
        };
        // What is done stays done, though an attempt that was given up for lost should come back.
        let open = webhook_deliveries::table
            .filter(webhook_deliveries::id.eq(bytes(self.delivery.as_uuid())))
            .filter(webhook_deliveries::done_at.is_null());
        diesel::update(open)
            .set((
                webhook_deliveries::attempts.eq(webhook_deliveries::attempts + 1),
                next.map(|next| webhook_deliveries::next_at.eq(next)),
                webhook_deliveries::done_at.eq(outcome.map(|_| now)),
                webhook_deliveries::outcome.eq(outcome),
                webhook_deliveries::last_error.eq(error),
            ))
            .execute(connection)?;
        Ok(())
    }
}
