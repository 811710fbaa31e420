//! Passwords: changed by who knows the old one, forgotten and reset by mail, and judged before they are set.

use axum::Router;
use axum::extract::State;
use axum::http::{HeaderMap, StatusCode};
use axum::routing::post;
use secrecy::{ExposeSecret, SecretString};
use serde::Deserialize;

use crate::advice::StrengthBody;
use crate::extract::{ByOwner, Json, PresentedBy, WireBody, locale};
use crate::load::RoomToHash;
use crate::problem::Problem;
use crate::rhythm::Rhythm;
use crate::state::ApiState;
use crate::wire::MailSent;

/// The routes.
pub(super) fn router() -> Router<ApiState> {
    Router::new()
        .route("/v1/me/password", post(change))
        .route("/v1/password/forgot", post(forgot))
        .route("/v1/password/reset", post(reset))
        .route("/v1/password/strength", post(strength))
}

#[derive(Deserialize)]
#[serde(deny_unknown_fields)]
struct ChangeBody {
    current_password: SecretString,
    new_password: SecretString,
}

impl WireBody for ChangeBody {
    const LIMIT: usize = 8 * 1024;
}

#[derive(Deserialize)]
#[serde(deny_unknown_fields)]
struct ForgotBody {
    email: String,
    #[serde(default)]
    locale: Option<String>,
}

impl WireBody for ForgotBody {}

#[derive(Deserialize)]
#[serde(deny_unknown_fields)]
struct ResetBody {
    token: SecretString,
    new_password: SecretString,
}

impl WireBody for ResetBody {
    const LIMIT: usize = 8 * 1024;
}

#[derive(Deserialize)]
#[serde(deny_unknown_fields)]
struct StrengthRequest {
    password: SecretString,
}

impl WireBody for StrengthRequest {
    const LIMIT: usize = 8 * 1024;
}

/// `POST /v1/me/password`: 204, and every other session of the account has ended.
async fn change(
    State(state): State<ApiState>,
    _: RoomToHash,
    ByOwner(owner): ByOwner,
    Json(body): Json<ChangeBody>,
) -> Result<StatusCode, Problem> {
    state.auth().accounts.change_password(&owner, &body.current_password, &body.new_password).await?;
    Ok(StatusCode::NO_CONTENT)
}

/// `POST /v1/password/forgot`: 202, whether there is such an account or not.
async fn forgot(
    State(state): State<ApiState>,
    PresentedBy(presenter): PresentedBy,
    headers: HeaderMap,
    Json(body): Json<ForgotBody>,
) -> Result<MailSent, Problem> {
    let rhythm = Rhythm::begin();
    let locale = locale(body.locale.as_deref(), &headers);
    state.auth().accounts.forgot_password(&body.email, locale, &presenter).await?;
    rhythm.rest().await;
    Ok(MailSent)
}

/// `POST /v1/password/reset`: 204, and every session of the account has ended.
async fn reset(
    State(state): State<ApiState>,
    _: RoomToHash,
    PresentedBy(presenter): PresentedBy,
    Json(body): Json<ResetBody>,
) -> Result<StatusCode, Problem> {
    state.auth().accounts.reset_password(body.token.expose_secret(), &body.new_password, presenter).await?;
    Ok(StatusCode::NO_CONTENT)
}

/// `POST /v1/password/strength`: 200 and an estimate of how hard the password is to guess. Nothing is refused for it.
async fn strength(
    State(state): State<ApiState>,
    Json(body): Json<StrengthRequest>,
) -> Result<axum::Json<StrengthBody>, Problem> {
    Ok(axum::Json(state.advice().of(&body.password).await?))
}
