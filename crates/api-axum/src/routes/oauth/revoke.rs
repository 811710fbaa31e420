//! `/oauth/revoke`: ends the session of a token (RFC 7009).

use auth_domain::model::SessionId;
use axum::extract::State;
use axum::http::{HeaderMap, StatusCode};
use secrecy::ExposeSecret;

use super::{OAuthError, access_token, client};
use crate::extract::Form;
use crate::problem::Problem;
use crate::state::ApiState;

/// `POST /oauth/revoke`: 200, also for a token that nobody knows. An end that could not be stored is 503, and never 200.
///
/// `token_type_hint` is not read: the two kinds of token cannot be taken for each other. Both end the whole session.
pub(super) async fn revoke(
    State(state): State<ApiState>,
    headers: HeaderMap,
    form: Result<Form, Problem>,
) -> Result<StatusCode, OAuthError> {
    let mut form = form?;
    client::check(&headers, &mut form, state.client_id())?;
    let token = form.require("token")?;
    let (token, sessions) = (token.expose_secret(), &state.auth().sessions);
    let ended = match access_token(&state, token).await? {
        Some(claims) => sessions.logout(SessionId::from_uuid(claims.sid)).await,
        None => sessions.logout_by_token(token).await,
    };
    ended.map_err(Problem::from)?;
    Ok(StatusCode::OK)
}
