//! Security events on PostgreSQL.

use async_trait::async_trait;
use auth_domain::model::{AccountId, SecurityEvent};
use auth_domain::ports::{EventStore, StoreError};
use diesel::prelude::*;
use diesel_async::{AsyncPgConnection, RunQueryDsl};
use uuid::Uuid;

use super::Postgres;
use super::pool::Step;
use super::schema::security_events;
use crate::column;
use crate::error::Failure;
use crate::row::EventRow;

#[async_trait]
impl EventStore for Postgres {
    async fn of_account(&self, account: AccountId, limit: u32) -> Result<Vec<SecurityEvent>, StoreError> {
        self.pool.statement(OfAccount { account, limit }).await
    }
}

struct OfAccount {
    account: AccountId,
    limit: u32,
}

impl Step for OfAccount {
    type Answer = Vec<SecurityEvent>;

    async fn run(&self, connection: &mut AsyncPgConnection) -> Result<Self::Answer, Failure> {
        let rows: Vec<EventRow<Uuid>> = security_events::table
            .filter(security_events::user_id.eq(self.account.as_uuid()))
            .order((security_events::at.desc(), security_events::id.desc()))
            .limit(i64::from(self.limit))
            .load(connection)
            .await?;
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
        ))
        .on_conflict(security_events::id)
        .do_nothing()
        .execute(connection)
        .await?;
    Ok(())
}
