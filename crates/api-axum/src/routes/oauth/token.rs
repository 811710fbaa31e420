//! `/oauth/token`: a refresh token for its successor (RFC 6749 §6). No password is taken here (RFC 9700 §2.4).

use auth_domain::refresh::RefreshRequest;
use axum::extract::State;
use axum::http::{HeaderMap, StatusCode};
use axum::response::Response;
use secrecy::ExposeSecret;

use super::{OAuthError, client};
use crate::extract::{Form, PresentedBy, idempotency_key};
use crate::measure;
use crate::problem::Problem;
use crate::state::ApiState;
use crate::transport::{Transport, token_response};

/// `POST /oauth/token`: 200 and the successor, with a fresh access token.
pub(super) async fn token(
    State(state): State<ApiState>,
    PresentedBy(presenter): PresentedBy,
    headers: HeaderMap,
    form: Result<Form, Problem>,
) -> Result<Response, OAuthError> {
    let mut form = form?;
    client::check(&headers, &mut form, state.client_id())?;
    if form.require("grant_type")?.expose_secret() != "refresh_token" {
        let description = "The one grant type here is refresh_token.";
        return Err(OAuthError::new(StatusCode::BAD_REQUEST, "unsupported_grant_type", description));
    }
    let token = form.require("refresh_token")?;
    // A `scope` is not read, as RFC 6749 §3.3 allows: tokens have the session's scope, and the answer says which that is.
    let request =
        RefreshRequest { token: token.expose_secret(), idempotency_key: idempotency_key(&headers)?, presenter };
    let ruled = state.auth().refresh.rule(request).await;
    measure::refreshed(&ruled);
    Ok(token_response(&ruled.answer.map_err(Problem::from)?, Transport::Body)?)
}
