//! `/v1/login`: a mail address and a password for a session.

use auth_domain::login::LoginRequest;
use auth_domain::model::{DeviceClass, SessionId};
use axum::extract::State;
use axum::http::HeaderMap;
use axum::response::Response;
use secrecy::SecretString;
use serde::Deserialize;

use crate::extract::{Json, PresentedBy, Text, WireBody, display_name};
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
    device_class: Option<Text<DeviceClass>>,
    #[serde(default)]
    end_session: Option<Text<SessionId>>,
    #[serde(default)]
    transport: Transport,
}

impl WireBody for LoginBody {
    const LIMIT: usize = 8 * 1024;
}

/// `POST /v1/login`: 200 and the session's first tokens. At the limit it is 409 with the sessions, of which the client names one
/// in `end_session` and tries again.
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
        device_name: display_name("device_name", body.device_name.as_deref())?,
        device_class: body.device_class.map(|Text(class)| class),
        end_session: body.end_session.map(|Text(session)| session),
        presenter,
    };
    let tokens = state.auth().login.login(request).await?;
    token_response(&tokens, body.transport)
}
