//! Security events, read by operators.

use auth_domain::model::{AccountId, EventQuery};
use axum::extract::rejection::PathRejection;
use axum::extract::{Path, State};

use super::super::events::EventsQuery;
use super::{ByOperator, named};
use crate::extract::Queried;
use crate::problem::Problem;
use crate::state::ApiState;
use crate::wire::EventsBody;

/// `GET /v1/admin/users/{id}/events`: 200 and a page, newest first; also of an account that was deleted.
pub(super) async fn of_one(
    State(state): State<ApiState>,
    _: ByOperator,
    id: Result<Path<String>, PathRejection>,
    Queried(query): Queried<EventsQuery>,
) -> Result<axum::Json<EventsBody>, Problem> {
    page(&state, Some(named(id)?), &query).await
}

/// `GET /v1/admin/events`: 200 and a page of the events of all accounts, newest first.
pub(super) async fn of_all(
    State(state): State<ApiState>,
    _: ByOperator,
    Queried(query): Queried<EventsQuery>,
) -> Result<axum::Json<EventsBody>, Problem> {
    page(&state, None, &query).await
}

async fn page(
    state: &ApiState,
    account: Option<AccountId>,
    query: &EventsQuery,
) -> Result<axum::Json<EventsBody>, Problem> {
    let asked = EventQuery { account, before: query.before(), limit: query.limit.and_one() };
    Ok(axum::Json(EventsBody::for_operators(state.auth().admin.events(asked).await?, query.limit)))
}
