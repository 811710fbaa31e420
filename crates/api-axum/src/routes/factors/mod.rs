//! `/v1/me/factors` and what is below `/v1/me` beside it: an owner's second factors.

mod openapi;
mod passkeys;
mod totp;

use axum::Router;
use axum::extract::State;
use axum::routing::{get, patch, post};

pub(super) use openapi::describe;

use crate::extract::ByOwner;
use crate::problem::Problem;
use crate::state::ApiState;
use crate::wire::{FactorsBody, RecoveryCodesBody};

/// The routes.
pub(super) fn router() -> Router<ApiState> {
    Router::new()
        .route("/v1/me/factors", get(list))
        .route("/v1/me/totp", post(totp::begin).delete(totp::remove))
        .route("/v1/me/totp/confirm", post(totp::confirm))
        .route("/v1/me/recovery-codes", post(new_recovery_codes))
        .route("/v1/me/passkeys/begin", post(passkeys::begin))
        .route("/v1/me/passkeys", post(passkeys::add))
        .route("/v1/me/passkeys/{id}", patch(passkeys::rename).delete(passkeys::remove))
}

/// `GET /v1/me/factors`: 200 and what the account has.
async fn list(State(state): State<ApiState>, ByOwner(owner): ByOwner) -> Result<axum::Json<FactorsBody>, Problem> {
    Ok(axum::Json(state.auth().factors.list(&owner).await?.into()))
}

/// `POST /v1/me/recovery-codes`: 200 and new codes in the place of all before them.
async fn new_recovery_codes(
    State(state): State<ApiState>,
    ByOwner(owner): ByOwner,
) -> Result<axum::Json<RecoveryCodesBody>, Problem> {
    let codes = state.auth().factors.new_recovery_codes(&owner).await?;
    Ok(axum::Json(Some(codes).into()))
}
