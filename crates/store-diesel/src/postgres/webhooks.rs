//! Webhook deliveries on PostgreSQL. Events and deliveries that another node works on are passed over: they are its own.

use async_trait::async_trait;
use auth_domain::model::{Delivery, DeliveryAttempt, DeliveryId, Endpoint, Timestamp};
use auth_domain::ports::{StoreError, Subscription, WebhookStore};
use diesel::dsl::sql;
use diesel::prelude::*;
use diesel::sql_types;
use diesel_async::{AsyncPgConnection, RunQueryDsl};
use uuid::Uuid;

use super::Postgres;
use super::pool::Step;
use super::schema::{DELIVERY, security_events, webhook_deliveries};
use crate::error::Failure;
use crate::row::DeliveryRow;

#[async_trait]
impl WebhookStore for Postgres {
    async fn spread(&self, wanted: &[Subscription], now: Timestamp, limit: u32) -> Result<u32, StoreError> {
        self.pool.transact(Spread { wanted: wanted.to_vec(), now, limit }).await
    }

    async fn claim(
        &self,
        endpoints: &[Endpoint],
        now: Timestamp,
        hidden_until: Timestamp,
        limit: u32,
    ) -> Result<Vec<Delivery>, StoreError> {
        let endpoints = endpoints.iter().map(|endpoint| endpoint.0.clone()).collect();
        self.pool.transact(Claim { endpoints, now, hidden_until, limit }).await
    }

    async fn note(&self, delivery: DeliveryId, attempt: DeliveryAttempt, now: Timestamp) -> Result<(), StoreError> {
        self.pool.statement(Note { delivery, attempt, now }).await
    }
}

struct Spread {
    wanted: Vec<Subscription>,
    now: Timestamp,
    limit: u32,
}

impl Step for Spread {
    type Answer = u32;

    async fn run(&self, connection: &mut AsyncPgConnection) -> Result<u32, Failure> {
        let now = self.now.as_micros();
        let events: Vec<(Uuid, String)> = security_events::table
            .filter(security_events::spread_at.is_null())
            .order(security_events::id)
            .limit(i64::from(self.limit))
            .select((security_events::id, security_events::kind))
            .for_update()
            .skip_locked()
            .load(connection)
            .await?;
        let deliveries = self.wanted.iter().flat_map(|Subscription { endpoint, kinds }| {
            let wanted = events.iter().filter(|(_, kind)| kinds.iter().any(|wanted| wanted.as_str() == kind));
            wanted.map(|(event, _)| (event, endpoint.0.as_str()))
        });
        let deliveries: Vec<_> = deliveries.collect();
        // In parts, since a statement takes 65,535 values.
        for part in deliveries.chunks(1_000) {
            let rows: Vec<_> = part
                .iter()
                .map(|(event, endpoint)| {
                    (
                        webhook_deliveries::id.eq(sql::<sql_types::Uuid>("gen_random_uuid()")),
                        webhook_deliveries::event_id.eq(*event),
                        webhook_deliveries::endpoint.eq(*endpoint),
                        webhook_deliveries::attempts.eq(0),
                        webhook_deliveries::next_at.eq(now),
                    )
                })
                .collect();
            diesel::insert_into(webhook_deliveries::table)
                .values(rows)
                .on_conflict_do_nothing()
                .execute(connection)
                .await?;
        }
        let spread = events.iter().map(|(event, _)| event);
        diesel::update(security_events::table.filter(security_events::id.eq_any(spread)))
            .set(security_events::spread_at.eq(now))
            .execute(connection)
            .await?;
        Ok(u32::try_from(events.len()).unwrap_or(self.limit))
    }
}

struct Claim {
    endpoints: Vec<String>,
    now: Timestamp,
    hidden_until: Timestamp,
    limit: u32,
}

impl Step for Claim {
    type Answer = Vec<Delivery>;

    async fn run(&self, connection: &mut AsyncPgConnection) -> Result<Self::Answer, Failure> {
        let due: Vec<Uuid> = webhook_deliveries::table
            .filter(webhook_deliveries::done_at.is_null())
            .filter(webhook_deliveries::next_at.le(self.now.as_micros()))
            .filter(webhook_deliveries::endpoint.eq_any(&self.endpoints))
            .order((webhook_deliveries::next_at, webhook_deliveries::event_id))
            .limit(i64::from(self.limit))
            .select(webhook_deliveries::id)
            .for_update()
            .skip_locked()
            .load(connection)
            .await?;
        if due.is_empty() {
            return Ok(Vec::new());
        }
        let rows: Vec<DeliveryRow<Uuid>> = webhook_deliveries::table
            .inner_join(security_events::table)
            .filter(webhook_deliveries::id.eq_any(&due))
            .order((webhook_deliveries::next_at, webhook_deliveries::event_id))
            .select(DELIVERY)
            .load(connection)
            .await?;
        diesel::update(webhook_deliveries::table.filter(webhook_deliveries::id.eq_any(&due)))
            .set(webhook_deliveries::next_at.eq(self.hidden_until.as_micros()))
            .execute(connection)
            .await?;
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

    async fn run(&self, connection: &mut AsyncPgConnection) -> Result<(), Failure> {
        let now = self.now.as_micros();
        let (next, outcome, error) = match &self.attempt {
            DeliveryAttempt::Delivered => (None, Some("delivered"), None),
            DeliveryAttempt::Failed { next, error } => (Some(next.as_micros()), None, Some(error)),
            DeliveryAttempt::GivenUp { error } => (None, Some("given_up"), Some(error)),
        };
        // What is done stays done, though an attempt that was given up for lost should come back.
        let open = webhook_deliveries::table
            .filter(webhook_deliveries::id.eq(self.delivery.as_uuid()))
            .filter(webhook_deliveries::done_at.is_null());
        diesel::update(open)
            .set((
                webhook_deliveries::attempts.eq(webhook_deliveries::attempts + 1),
                next.map(|next| webhook_deliveries::next_at.eq(next)),
                webhook_deliveries::done_at.eq(outcome.map(|_| now)),
                webhook_deliveries::outcome.eq(outcome),
                webhook_deliveries::last_error.eq(error),
            ))
            .execute(connection)
            .await?;
        Ok(())
    }
}
