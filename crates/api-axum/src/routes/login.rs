//! `/v1/login`: a mail address and a password for a session.

use auth_domain::login::LoginRequest;
use axum::extract::State;
use axum::http::HeaderMap;
use axum::response::Response;
use secrecy::SecretString;
use serde::Deserialize;

use super::accounts::name;
use crate::extract::{Json, PresentedBy, WireBody};
use crate::problem::Problem;
use crate::state::ApiState;
use crate::transport::{Transport, check_same_origin, token_response};

#[derive(Deserialize)]
#[serde(deny_unknown_fields)]
pub(super) struct LoginBody {
    email: String,
    password: SecretString,
    #[serde(default)]
    device_name: Option<String>,
    #[serde(default)]
    transport: Transport,
}

impl WireBody for LoginBody {
    const LIMIT: usize = 8 * 1024;
}

/// `POST /v1/login`: 200 and the session's first tokens.
pub(super) async fn login(
    State(state): State<ApiState>,
    PresentedBy(presenter): PresentedBy,
    headers: HeaderMap,
    Json(body): Json<LoginBody>,
) -> Result<Response, Problem> {
    if body.transport == Transport::Cookie {
        check_same_origin(&headers, &state.settings().origin)?;
    }
    let request = LoginRequest {
        email: &body.email,
        password: &body.password,
        device_name: name("device_name", body.device_name.as_deref())?,
        presenter,
    };
    let tokens = state.auth().login.login(request).await?;
    token_response(&tokens, body.transport)
}
