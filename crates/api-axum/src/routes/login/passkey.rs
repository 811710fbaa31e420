//! `/v1/login/passkey`: a passkey for a session, or what a passkey is asked with.

use auth_domain::login::{Device, PasskeyLogin};
use auth_domain::model::{DeviceClass, SessionId};
use axum::extract::State;
use axum::http::HeaderMap;
use axum::response::Response;
use secrecy::{ExposeSecret, SecretString};
use serde::Deserialize;

use crate::extract::{Credential, Json, OptionalJson, PresentedBy, Text, WireBody, display_name};
use crate::measure::Shown;
use crate::problem::Problem;
use crate::state::ApiState;
use crate::transport::{Transport, device_token, signed_in};
use crate::wire::CeremonyBody;

#[derive(Deserialize)]
#[serde(deny_unknown_fields)]
pub(super) struct BeginBody {
    #[serde(default)]
    mfa_token: Option<SecretString>,
}

impl WireBody for BeginBody {}

#[derive(Deserialize)]
#[serde(deny_unknown_fields)]
pub(super) struct PasskeyBody {
    ceremony: SecretString,
    credential: Credential,
    #[serde(default)]
    device_name: Option<String>,
    #[serde(default)]
    device_class: Option<Text<DeviceClass>>,
    #[serde(default)]
    end_session: Option<Text<SessionId>>,
    #[serde(default)]
    device_token: Option<SecretString>,
    #[serde(default)]
    transport: Transport,
}

impl WireBody for PasskeyBody {
    const LIMIT: usize = 16 * 1024;
}

/// `POST /v1/login/passkey/begin`: 200 and what the browser is asked with: for a passkey of the account whose login was begun, or
/// for whichever it holds.
pub(super) async fn begin(
    State(state): State<ApiState>,
    PresentedBy(presenter): PresentedBy,
    OptionalJson(body): OptionalJson<BeginBody>,
) -> Result<axum::Json<CeremonyBody>, Problem> {
    let token = body.and_then(|body| body.mfa_token);
    let token = token.as_ref().map(ExposeSecret::expose_secret);
    let begun = state.auth().login.begin_passkey(token, &presenter).await?;
    Ok(axum::Json(CeremonyBody::new(&begun)?))
}

/// `POST /v1/login/passkey`: 200 and the session's first tokens.
pub(super) async fn login(
    State(state): State<ApiState>,
    PresentedBy(presenter): PresentedBy,
    headers: HeaderMap,
    Json(body): Json<PasskeyBody>,
) -> Result<Response, Problem> {
    let token = device_token(body.device_token, &headers, &state, body.transport)?;
    let device = Device {
        name: display_name("device_name", body.device_name.as_deref())?,
        class: body.device_class.map(|Text(class)| class),
        end_session: body.end_session.map(|Text(session)| session),
        token: token.as_ref().map(ExposeSecret::expose_secret),
        presenter,
    };
    let request = PasskeyLogin { ceremony: body.ceremony.expose_secret(), answer: body.credential.json(), device };
    let outcome = state.auth().login.passkey(request).await;
    Shown::Passkey.gave(&outcome);
    signed_in(&outcome?, body.transport)
}
