//! `/livez` and `/readyz`: for whoever runs the server.

use axum::Json;
use axum::extract::State;
use serde::Serialize;

use crate::problem::Problem;
use crate::state::ApiState;

#[derive(Serialize)]
pub(super) struct HealthBody {
    status: &'static str,
}

/// `GET /livez`: 200 while the process answers at all.
pub(super) async fn live() -> Json<HealthBody> {
    Json(HealthBody { status: "live" })
}

/// `GET /readyz`: 200 while the database answers too.
pub(super) async fn ready(State(state): State<ApiState>) -> Result<Json<HealthBody>, Problem> {
    state.health().check().await?;
    Ok(Json(HealthBody { status: "ready" }))
}
