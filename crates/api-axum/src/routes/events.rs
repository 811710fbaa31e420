//! `/v1/events`: what happened to the account.

use auth_domain::model::EventId;
use axum::extract::State;
use axum::http::StatusCode;
use serde::Deserialize;
use utoipa::IntoParams;

use crate::extract::{ByOwner, PageLimit, Queried, Text, WireQuery};
use crate::openapi::{Answer, Api, Operation};
use crate::problem::Problem;
use crate::state::ApiState;
use crate::wire::EventsBody;

/// Which page of events.
#[derive(Deserialize, IntoParams)]
#[serde(deny_unknown_fields)]
#[into_params(parameter_in = Query)]
pub(super) struct EventsQuery {
    /// The `next` of another answer.
    #[param(value_type = Option<String>, format = "uuid", nullable = false)]
    before: Option<Text<EventId>>,
    /// How many at most.
    #[serde(default)]
    #[param(value_type = u32, minimum = 1, maximum = 100, default = 50, required = false, example = 20)]
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

/// What the operations of this file are, for the OpenAPI document.
pub(super) fn describe(api: &mut Api) {
    let mut tag = api.tag("Sessions", "Every signed-in device, and what happened to the account.");
    tag.add(
        Operation::get("/v1/events", "listEvents")
            .does("What happened to my account", "Security events, newest first.")
            .by_owner()
            .query::<EventsQuery>()
            .answers(Answer::json::<EventsBody>(StatusCode::OK, "A page of events.")),
    );
}
