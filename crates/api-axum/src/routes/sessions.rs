//! `/v1/sessions`: every signed-in device of the account.

use auth_domain::model::SessionId;
use auth_domain::session::SessionError;
use axum::extract::rejection::PathRejection;
use axum::extract::{Path, State};
use axum::http::StatusCode;
use serde::Deserialize;

use crate::extract::{ByOwner, Json, Queried, WireBody, WireQuery, display_name, present};
use crate::problem::Problem;
use crate::state::ApiState;
use crate::wire::SessionsBody;

#[derive(Deserialize)]
#[serde(deny_unknown_fields)]
pub(super) struct EndQuery {
    #[serde(default)]
    keep: Keep,
}

impl WireQuery for EndQuery {
    const KNOWS: &'static str = "`keep=current` or `keep=none`, and nothing else";
}

/// Which session stays.
#[derive(Clone, Copy, Default, Deserialize)]
#[serde(rename_all = "lowercase")]
enum Keep {
    /// The one that asks.
    #[default]
    Current,
    /// None.
    None,
}

#[derive(Deserialize)]
#[serde(deny_unknown_fields)]
pub(super) struct RenameBody {
    #[serde(deserialize_with = "present")]
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
