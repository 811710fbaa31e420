//! Security events on PostgreSQL.

use async_trait::async_trait;
use auth_domain::model::{EventQuery, SecurityEvent};
use auth_domain::ports::{EventStore, StoreError};
use diesel::prelude::*;
use diesel_async::{AsyncPgConnection, RunQueryDsl};
use uuid::Uuid;

use super::Postgres;
use super::pool::Step;
use super::schema::{EVENT, security_events};
use crate::column;
use crate::error::Failure;
use crate::row::EventRow;

#[async_trait]
impl EventStore for Postgres {
    async fn page(&self, query: EventQuery) -> Result<Vec<SecurityEvent>, StoreError> {
        self.pool.statement(Page(query)).await
    }
}

struct Page(EventQuery);

impl Step for Page {
    type Answer = Vec<SecurityEvent>;

    async fn run(&self, connection: &mut AsyncPgConnection) -> Result<Self::Answer, Failure> {
        let EventQuery { account, before, limit } = self.0;
        let mut found =
            security_events::table.order(security_events::id.desc()).limit(i64::from(limit)).select(EVENT).into_boxed();
        if let Some(account) = account {
            found = found.filter(security_events::user_id.eq(account.as_uuid()));
        }
        if let Some(before) = before {
            found = found.filter(security_events::id.lt(before.as_uuid()));
        }
        let rows: Vec<EventRow<Uuid>> = found.load(connection).await?;
        Ok(rows.into_iter().map(EventRow::event).collect::<Result<_, _>>()?)
    }
}

/// Writes the event, in the transaction of the step that it speaks of. A step that is repeated writes it once.
pub(super) async fn record(connection: &mut AsyncPgConnection, event: &SecurityEvent) -> Result<(), Failure> {
    diesel::insert_into(security_events::table)
        .values((
            security_events::id.eq(event.id.as_uuid()),
            security_events::at.eq(event.at.as_micros()),
            security_events::kind.eq(event.kind.as_str()),
            security_events::user_id.eq(event.account.as_uuid()),
            security_events::session_id.eq(event.session.map(|session| session.as_uuid())),
            security_events::ip.eq(column::ip(&event.presenter)),
            security_events::user_agent.eq(&event.presenter.user_agent),
            security_events::evidence.eq(column::evidence_text(event.evidence.as_ref())?),
            security_events::actor.eq(event.actor.as_str()),
            security_events::actor_id.eq(event.actor.id()),
            security_events::detail.eq(&event.detail),
        ))
        .on_conflict(security_events::id)
        .do_nothing()
        .execute(connection)
        .await?;
    Ok(())
}
