//! `/v1/sessions`: every signed-in device of the account.

use auth_domain::model::{AccountId, SessionId, SessionRecord};
use auth_domain::session::EndError;
use axum::extract::rejection::{PathRejection, QueryRejection};
use axum::extract::{Path, Query, State};
use axum::http::StatusCode;
use serde::{Deserialize, Serialize};
use uuid::Uuid;

use crate::guard::Authenticated;
use crate::problem::{Problem, ProblemCode};
use crate::state::ApiState;

#[derive(Serialize)]
pub(super) struct SessionsBody {
    sessions: Vec<SessionBody>,
}

#[derive(Serialize)]
struct SessionBody {
    id: String,
    device_name: Option<String>,
    user_agent: Option<String>,
    ip: Option<String>,
    created_at: String,
    last_used_at: String,
    expires_at: String,
    current: bool,
}

impl SessionBody {
    fn new(record: SessionRecord, current: Uuid) -> Self {
        Self {
            id: record.facts.session.to_string(),
            device_name: record.device_name,
            user_agent: record.presenter.user_agent,
            ip: record.presenter.ip.map(|ip| ip.to_string()),
            created_at: record.created_at.to_string(),
            last_used_at: record.last_used_at.to_string(),
            expires_at: record.facts.refresh_expires_at().to_string(),
            current: record.facts.session.as_uuid() == current,
        }
    }
}

#[derive(Deserialize)]
#[serde(deny_unknown_fields)]
pub(super) struct EndQuery {
    #[serde(default)]
    keep: Keep,
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

/// `GET /v1/sessions`: 200 and the live sessions, newest first.
pub(super) async fn list(
    State(state): State<ApiState>,
    Authenticated(claims): Authenticated,
) -> Result<axum::Json<SessionsBody>, Problem> {
    let records = state.auth().sessions.list(AccountId::from_uuid(claims.sub)).await?;
    let sessions = records.into_iter().map(|record| SessionBody::new(record, claims.sid)).collect();
    Ok(axum::Json(SessionsBody { sessions }))
}

/// `DELETE /v1/sessions/{id}`: 204.
pub(super) async fn end_one(
    State(state): State<ApiState>,
    Authenticated(claims): Authenticated,
    id: Result<Path<String>, PathRejection>,
) -> Result<StatusCode, Problem> {
    // What is no UUID names no session, like one that belongs to somebody else.
    let id: Option<SessionId> = id.ok().and_then(|Path(id)| id.parse().ok());
    let id = id.ok_or(EndError::NotFound)?;
    state.auth().sessions.end(AccountId::from_uuid(claims.sub), id).await?;
    Ok(StatusCode::NO_CONTENT)
}

/// `DELETE /v1/sessions`: 204.
pub(super) async fn end_many(
    State(state): State<ApiState>,
    Authenticated(claims): Authenticated,
    query: Result<Query<EndQuery>, QueryRejection>,
) -> Result<StatusCode, Problem> {
    let Query(EndQuery { keep }) = query.map_err(|_| {
        Problem::new(ProblemCode::InvalidQuery, "The query may have `keep=current` or `keep=none`, and nothing else.")
    })?;
    let (sessions, account) = (&state.auth().sessions, AccountId::from_uuid(claims.sub));
    match keep {
        Keep::Current => sessions.end_others(account, SessionId::from_uuid(claims.sid)).await?,
        Keep::None => sessions.end_all(account).await?,
    };
    Ok(StatusCode::NO_CONTENT)
}
