//! `/v1/events`: what happened to the account.

use auth_domain::model::EventId;
use axum::extract::State;
use serde::Deserialize;

use crate::extract::{ByOwner, PageLimit, Queried, Text, WireQuery};
use crate::problem::Problem;
use crate::state::ApiState;
use crate::wire::EventsBody;

/// Which page of events.
#[derive(Deserialize)]
#[serde(deny_unknown_fields)]
pub(super) struct EventsQuery {
    before: Option<Text<EventId>>,
    #[serde(default)]
    pub(super) limit: PageLimit,
}

impl WireQuery for EventsQuery {
    const KNOWS: &'static str = "`before`, the `next` of another answer, and `limit`, from 1 to 100, and nothing else";
}

impl EventsQuery {
    pub(super) fn before(&self) -> Option<EventId> {
        self.before.map(|Text(id)| id)
    }
}

/// `GET /v1/events`: 200 and a page of the account's security events, newest first.
pub(super) async fn list(
    State(state): State<ApiState>,
    ByOwner(owner): ByOwner,
    Queried(query): Queried<EventsQuery>,
) -> Result<axum::Json<EventsBody>, Problem> {
    let events = state.auth().sessions.events(owner.account, query.before(), query.limit.and_one()).await?;
    Ok(axum::Json(EventsBody::for_owner(events, query.limit)))
}
