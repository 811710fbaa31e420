//! `/oauth/token`: a refresh token for its successor (RFC 6749 §6). No password is taken here (RFC 9700 §2.4).

use auth_domain::refresh::RefreshRequest;
use axum::extract::State;
use axum::http::{HeaderMap, StatusCode};
use axum::response::Response;
use secrecy::ExposeSecret;

use super::{OAuthError, client};
use crate::extract::{Form, PresentedBy, idempotency_key};
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
    // RFC 6749 §6 lets a client ask for less. Tokens here have all of the client's scope or are not given.
    let scope = form.take("scope");
    let request =
        RefreshRequest { token: token.expose_secret(), idempotency_key: idempotency_key(&headers)?, presenter };
    if scope.is_some() {
        let description = "Leave the scope out: it is that of the session.";
        return Err(OAuthError::new(StatusCode::BAD_REQUEST, "invalid_scope", description));
    }
    let tokens = state.auth().refresh.refresh(request).await.map_err(Problem::from)?;
    Ok(token_response(&tokens, Transport::Body)?)
}
