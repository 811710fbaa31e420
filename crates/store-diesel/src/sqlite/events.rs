//! Security events on SQLite.

use async_trait::async_trait;
use auth_domain::model::{EventQuery, SecurityEvent};
use auth_domain::ports::{EventStore, StoreError};
use diesel::prelude::*;

use super::pool::Step;
use super::schema::{EVENT, security_events};
use super::{Sqlite, bytes};
use crate::column;
use crate::error::Failure;
use crate::row::EventRow;

#[async_trait]
impl EventStore for Sqlite {
    async fn page(&self, query: EventQuery) -> Result<Vec<SecurityEvent>, StoreError> {
        self.pool.read(Page(query)).await
    }
}

struct Page(EventQuery);

impl Step for Page {
    type Answer = Vec<SecurityEvent>;

    fn run(&self, connection: &mut SqliteConnection) -> Result<Self::Answer, Failure> {
        let EventQuery { account, before, limit } = self.0;
        let mut found =
            security_events::table.order(security_events::id.desc()).limit(i64::from(limit)).select(EVENT).into_boxed();
        if let Some(account) = account {
            found = found.filter(security_events::user_id.eq(bytes(account.as_uuid())));
        }
        if let Some(before) = before {
            found = found.filter(security_events::id.lt(bytes(before.as_uuid())));
        }
        let rows: Vec<EventRow<Vec<u8>>> = found.load(connection)?;
        Ok(rows.into_iter().map(EventRow::event).collect::<Result<_, _>>()?)
    }
}

/// Writes the event, in the transaction of the step that it speaks of. A step that is repeated writes it once.
pub(super) fn record(connection: &mut SqliteConnection, event: &SecurityEvent) -> Result<(), Failure> {
    diesel::insert_into(security_events::table)
        .values((
            security_events::id.eq(bytes(event.id.as_uuid())),
            security_events::at.eq(event.at.as_micros()),
            security_events::kind.eq(event.kind.as_str()),
            security_events::user_id.eq(bytes(event.account.as_uuid())),
            security_events::session_id.eq(event.session.map(|session| bytes(session.as_uuid()))),
            security_events::ip.eq(column::ip(&event.presenter)),
            security_events::user_agent.eq(&event.presenter.user_agent),
            security_events::evidence.eq(column::evidence_text(event.evidence.as_ref())?),
            security_events::actor.eq(event.actor.as_str()),
            security_events::actor_id.eq(event.actor.id().map(bytes)),
            security_events::detail.eq(&event.detail),
        ))
        .on_conflict(security_events::id)
        .do_nothing()
        .execute(connection)?;
    Ok(())
}
