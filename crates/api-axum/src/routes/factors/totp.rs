//! `/v1/me/totp`: an app for one-time passwords.

use axum::extract::State;
use axum::http::StatusCode;
use secrecy::{ExposeSecret, SecretString};
use serde::Deserialize;
use utoipa::ToSchema;

use crate::extract::{ByOwner, Json, WireBody};
use crate::problem::Problem;
use crate::state::ApiState;
use crate::wire::{RecoveryCodesBody, TotpSetupBody};

/// What the app shows now.
#[derive(Deserialize, ToSchema)]
#[serde(deny_unknown_fields)]
#[schema(as = ConfirmTotpRequest)]
pub(super) struct ConfirmBody {
    #[schema(value_type = String, examples("492039"))]
    code: SecretString,
}

impl WireBody for ConfirmBody {}

/// `POST /v1/me/totp`: 200 and the app's secret, as text and as a QR code. It counts once it is confirmed.
pub(super) async fn begin(
    State(state): State<ApiState>,
    ByOwner(owner): ByOwner,
) -> Result<axum::Json<TotpSetupBody>, Problem> {
    let setup = state.auth().factors.begin_totp(&owner).await?;
    Ok(axum::Json(TotpSetupBody::new(&setup)?))
}

/// `POST /v1/me/totp/confirm`: 200, with recovery codes when it is the account's first factor.
pub(super) async fn confirm(
    State(state): State<ApiState>,
    ByOwner(owner): ByOwner,
    Json(body): Json<ConfirmBody>,
) -> Result<axum::Json<RecoveryCodesBody>, Problem> {
    let codes = state.auth().factors.confirm_totp(&owner, body.code.expose_secret()).await?;
    Ok(axum::Json(codes.into()))
}

/// `DELETE /v1/me/totp`: 204.
pub(super) async fn remove(State(state): State<ApiState>, ByOwner(owner): ByOwner) -> Result<StatusCode, Problem> {
    state.auth().factors.remove_totp(&owner).await?;
    Ok(StatusCode::NO_CONTENT)
}
