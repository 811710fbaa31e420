//! `/v1/sessions`: every signed-in device of the account.

use auth_domain::model::SessionId;
use auth_domain::session::SessionError;
use axum::extract::rejection::PathRejection;
use axum::extract::{Path, State};
use axum::http::StatusCode;
use serde::Deserialize;
use utoipa::{IntoParams, ToSchema};

use crate::extract::{ByOwner, Json, Queried, WireBody, WireQuery, display_name, present};
use crate::openapi::{Answer, Api, Operation};
use crate::problem::{Problem, ProblemCode};
use crate::state::ApiState;
use crate::wire::SessionsBody;

#[derive(Deserialize, IntoParams)]
#[serde(deny_unknown_fields)]
#[into_params(parameter_in = Query)]
pub(super) struct EndQuery {
    /// Which session stays.
    #[serde(default)]
    #[param(inline, required = false, example = "current")]
    keep: Keep,
}

impl WireQuery for EndQuery {
    const KNOWS: &'static str = "`keep=current` or `keep=none`, and nothing else";
}

/// Which session stays.
#[derive(Clone, Copy, Default, Deserialize, ToSchema)]
#[serde(rename_all = "lowercase")]
enum Keep {
    /// The one that asks.
    #[default]
    Current,
    /// None.
    None,
}

/// What the device is to be called.
#[derive(Deserialize, ToSchema)]
#[serde(deny_unknown_fields)]
#[schema(as = RenameSessionRequest)]
pub(super) struct RenameBody {
    /// 1 to 100 characters; `null` clears it.
    #[serde(deserialize_with = "present")]
    #[schema(required, examples("old laptop"))]
    device_name: Option<String>,
}

impl WireBody for RenameBody {}

/// What is no UUID names no session, like one that belongs to somebody else.
fn named(id: Result<Path<String>, PathRejection>) -> Result<SessionId, SessionError> {
    id.ok().and_then(|Path(id)| id.parse().ok()).ok_or(SessionError::NotFound)
}

/// `GET /v1/sessions`: 200 and the live sessions, newest first.
pub(super) async fn list(
    State(state): State<ApiState>,
    ByOwner(owner): ByOwner,
) -> Result<axum::Json<SessionsBody>, Problem> {
    let records = state.auth().sessions.list(owner.account).await?;
    Ok(axum::Json(SessionsBody::new(records, Some(owner.session))))
}

/// `PATCH /v1/sessions/{id}`: 204.
pub(super) async fn rename(
    State(state): State<ApiState>,
    ByOwner(owner): ByOwner,
    id: Result<Path<String>, PathRejection>,
    Json(body): Json<RenameBody>,
) -> Result<StatusCode, Problem> {
    let name = display_name("device_name", body.device_name.as_deref())?;
    state.auth().sessions.rename(&owner, named(id)?, name).await?;
    Ok(StatusCode::NO_CONTENT)
}

/// `DELETE /v1/sessions/{id}`: 204.
pub(super) async fn end_one(
    State(state): State<ApiState>,
    ByOwner(owner): ByOwner,
    id: Result<Path<String>, PathRejection>,
) -> Result<StatusCode, Problem> {
    state.auth().sessions.end(&owner, named(id)?).await?;
    Ok(StatusCode::NO_CONTENT)
}

/// `DELETE /v1/sessions`: 204.
pub(super) async fn end_many(
    State(state): State<ApiState>,
    ByOwner(owner): ByOwner,
    Queried(EndQuery { keep }): Queried<EndQuery>,
) -> Result<StatusCode, Problem> {
    match keep {
        Keep::Current => state.auth().sessions.end_others(&owner).await?,
        Keep::None => state.auth().sessions.end_all(&owner).await?,
    };
    Ok(StatusCode::NO_CONTENT)
}

/// What the operations of this file are, for the OpenAPI document.
pub(super) fn describe(api: &mut Api) {
    let mut tag = api.tag("Sessions", "Every signed-in device, and what happened to the account.");
    tag.add(
        Operation::get("/v1/sessions", "listSessions")
            .does("My devices", "The live sessions, newest first.")
            .by_owner()
            .answers(
                Answer::json::<SessionsBody>(StatusCode::OK, "The sessions.")
                    .leads_to("renameSession", "id", "/sessions/0/id")
                    .leads_to("endSession", "id", "/sessions/0/id"),
            ),
    );
    tag.add(
        Operation::delete("/v1/sessions", "endSessions")
            .does("Sign out elsewhere, or everywhere", "With `keep=current`, the default, the session that asks stays.")
            .by_owner()
            .query::<EndQuery>()
            .answers(Answer::done("They have ended.")),
    );
    tag.add(
        Operation::patch("/v1/sessions/{id}", "renameSession")
            .does("Rename a device", "For its owner to recognise it.")
            .by_owner()
            .names("id", "The session.")
            .reads::<RenameBody>()
            .answers(Answer::done("It is renamed."))
            .fails([ProblemCode::SessionNotFound]),
    );
    tag.add(
        Operation::delete("/v1/sessions/{id}", "endSession")
            .does("Sign a device out", "Its refresh token gives nothing any more, and its access tokens are refused everywhere within a second.")
            .by_owner()
            .names("id", "The session.")
            .answers(Answer::done("It has ended."))
            .fails([ProblemCode::SessionNotFound]),
    );
}
