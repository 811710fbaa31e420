//! `/v1/admin/users/{id}/sessions`: an account's devices, seen and ended by operators.

use auth_domain::admin::AdminError;
use auth_domain::model::SessionId;
use axum::extract::rejection::PathRejection;
use axum::extract::{Path, State};
use axum::http::StatusCode;

use super::{ByOperator, named};
use crate::problem::Problem;
use crate::state::ApiState;
use crate::wire::SessionsBody;

/// `GET …/sessions`: 200 and the live sessions, newest first.
pub(super) async fn list(
    State(state): State<ApiState>,
    _: ByOperator,
    id: Result<Path<String>, PathRejection>,
) -> Result<axum::Json<SessionsBody>, Problem> {
    let records = state.auth().admin.sessions(named(id)?).await?;
    Ok(axum::Json(SessionsBody::new(records, None)))
}

/// `DELETE …/sessions`: 204, also when there was none.
pub(super) async fn end_all(
    State(state): State<ApiState>,
    ByOperator(operator): ByOperator,
    id: Result<Path<String>, PathRejection>,
) -> Result<StatusCode, Problem> {
    state.auth().admin.end_sessions(&operator, named(id)?, None).await?;
    Ok(StatusCode::NO_CONTENT)
}

/// `DELETE …/sessions/{session}`: 204.
pub(super) async fn end_one(
    State(state): State<ApiState>,
    ByOperator(operator): ByOperator,
    ids: Result<Path<(String, String)>, PathRejection>,
) -> Result<StatusCode, Problem> {
    let Path((account, session)) = ids.map_err(|_| AdminError::NoSuchAccount)?;
    let account = named(Ok(Path(account)))?;
    let session: SessionId = session.parse().map_err(|_| AdminError::NoSuchSession)?;
    state.auth().admin.end_sessions(&operator, account, Some(session)).await?;
    Ok(StatusCode::NO_CONTENT)
}
