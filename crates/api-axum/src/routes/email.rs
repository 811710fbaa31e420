//! Mail addresses: verified by a token that was mailed, and changed the same way.

use axum::Router;
use axum::extract::State;
use axum::http::{HeaderMap, StatusCode};
use axum::routing::post;
use secrecy::{ExposeSecret, SecretString};
use serde::Deserialize;

use crate::extract::{ByOwner, Json, PresentedBy, WireBody, locale};
use crate::problem::Problem;
use crate::rhythm::Rhythm;
use crate::state::ApiState;
use crate::wire::MailSent;

/// The routes.
pub(super) fn router() -> Router<ApiState> {
    Router::new()
        .route("/v1/email/verify", post(verify))
        .route("/v1/email/verify/resend", post(resend))
        .route("/v1/me/email", post(begin_change))
        .route("/v1/email/change", post(change))
}

#[derive(Deserialize)]
#[serde(deny_unknown_fields)]
struct TokenBody {
    token: SecretString,
}

impl WireBody for TokenBody {}

#[derive(Deserialize)]
#[serde(deny_unknown_fields)]
struct ResendBody {
    email: String,
    #[serde(default)]
    locale: Option<String>,
}

impl WireBody for ResendBody {}

#[derive(Deserialize)]
#[serde(deny_unknown_fields)]
struct ChangeBody {
    password: SecretString,
    email: String,
}

impl WireBody for ChangeBody {
    const LIMIT: usize = 8 * 1024;
}

/// `POST /v1/email/verify`: 204.
async fn verify(
    State(state): State<ApiState>,
    PresentedBy(presenter): PresentedBy,
    Json(body): Json<TokenBody>,
) -> Result<StatusCode, Problem> {
    state.auth().accounts.verify_email(body.token.expose_secret(), presenter).await?;
    Ok(StatusCode::NO_CONTENT)
}

/// `POST /v1/email/verify/resend`: 202, whether there is such an account or not.
async fn resend(
    State(state): State<ApiState>,
    PresentedBy(presenter): PresentedBy,
    headers: HeaderMap,
    Json(body): Json<ResendBody>,
) -> Result<MailSent, Problem> {
    let rhythm = Rhythm::begin();
    let locale = locale(body.locale.as_deref(), &headers);
    state.auth().accounts.resend_verification(&body.email, locale, &presenter).await?;
    rhythm.rest().await;
    Ok(MailSent)
}

/// `POST /v1/me/email`: 202; the address changes once who reads its mail says so.
async fn begin_change(
    State(state): State<ApiState>,
    ByOwner(owner): ByOwner,
    Json(body): Json<ChangeBody>,
) -> Result<MailSent, Problem> {
    let rhythm = Rhythm::begin();
    state.auth().accounts.begin_change_email(&owner, &body.password, &body.email).await?;
    rhythm.rest().await;
    Ok(MailSent)
}

/// `POST /v1/email/change`: 204.
async fn change(
    State(state): State<ApiState>,
    PresentedBy(presenter): PresentedBy,
    Json(body): Json<TokenBody>,
) -> Result<StatusCode, Problem> {
    state.auth().accounts.change_email(body.token.expose_secret(), presenter).await?;
    Ok(StatusCode::NO_CONTENT)
}
