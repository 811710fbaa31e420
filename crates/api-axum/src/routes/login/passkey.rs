//! `/v1/login/passkey`: a passkey for a session, or what a passkey is asked with.

use auth_domain::login::{Device, PasskeyLogin};
use auth_domain::model::{DeviceClass, SessionId};
use axum::extract::State;
use axum::http::HeaderMap;
use axum::response::Response;
use secrecy::{ExposeSecret, SecretString};
use serde::Deserialize;
use utoipa::ToSchema;

use crate::extract::{Credential, Json, OptionalJson, PresentedBy, Text, WireBody, display_name};
use crate::measure::Shown;
use crate::openapi::{credential, device_class};
use crate::problem::Problem;
use crate::state::ApiState;
use crate::transport::{Transport, device_token, signed_in};
use crate::wire::CeremonyBody;

/// Which login it goes on with, if any.
#[derive(Deserialize, ToSchema)]
#[serde(deny_unknown_fields)]
#[schema(as = BeginPasskeyLoginRequest)]
pub(super) struct BeginBody {
    /// That of a login that was begun with the password.
    #[serde(default)]
    #[schema(value_type = Option<String>)]
    mfa_token: Option<SecretString>,
}

impl WireBody for BeginBody {}

/// The answer of a browser to what it was asked.
#[derive(Deserialize, ToSchema)]
#[serde(deny_unknown_fields)]
#[schema(as = PasskeyLoginRequest)]
pub(super) struct PasskeyBody {
    /// That of the beginning.
    #[schema(value_type = String, examples("jct_Zm9yIG9uZSBjZXJlbW9ueSBvZiBhIGJyb3dzZXI"))]
    ceremony: SecretString,
    #[schema(schema_with = credential)]
    credential: Credential,
    /// What the owner will know the device by; 1 to 100 characters.
    #[serde(default)]
    #[schema(examples("laptop"))]
    device_name: Option<String>,
    /// Its class, where limits depend on it; without it the user agent tells.
    #[serde(default)]
    #[schema(schema_with = device_class)]
    device_class: Option<Text<DeviceClass>>,
    /// The session to end where the account is at its limit.
    #[serde(default)]
    #[schema(value_type = Option<String>, format = "uuid")]
    end_session: Option<Text<SessionId>>,
    /// That of the last login on this device.
    #[serde(default)]
    #[schema(value_type = Option<String>)]
    device_token: Option<SecretString>,
    /// How the tokens travel: in the body, unless it says otherwise, or in cookies that no script can read.
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
