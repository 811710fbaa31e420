//! `/v1/login`: a mail address and a password for a session, with a second factor where the account has one; or a passkey alone.

mod mfa;
mod openapi;
mod passkey;

use auth_domain::login::{Device, LoginError, LoginRequest};
use auth_domain::model::{DeviceClass, SessionId};
use axum::Router;
use axum::extract::State;
use axum::http::HeaderMap;
use axum::response::Response;
use axum::routing::post;
use secrecy::{ExposeSecret, SecretString};
use serde::Deserialize;
use utoipa::ToSchema;

pub(super) use openapi::describe;

use crate::extract::{Json, PresentedBy, Text, WireBody, display_name};
use crate::load::RoomToHash;
use crate::measure::Shown;
use crate::openapi::device_class;
use crate::problem::Problem;
use crate::rhythm::Rhythm;
use crate::state::ApiState;
use crate::transport::{Transport, device_token, signed_in};

/// The routes.
pub(super) fn router() -> Router<ApiState> {
    Router::new()
        .route("/v1/login", post(login))
        .route("/v1/login/mfa", post(mfa::login))
        .route("/v1/login/passkey/begin", post(passkey::begin))
        .route("/v1/login/passkey", post(passkey::login))
}

/// Who signs in, and on what.
#[derive(Deserialize, ToSchema)]
#[serde(deny_unknown_fields)]
#[schema(as = LoginRequest)]
struct LoginBody {
    #[schema(examples("alice@example.com"))]
    email: String,
    #[schema(value_type = String, format = Password, examples("correct horse battery staple"))]
    password: SecretString,
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

impl WireBody for LoginBody {
    const LIMIT: usize = 8 * 1024;
}

/// `POST /v1/login`: 200 and the session's first tokens. Where a second factor must follow it is 401 with what goes on with it.
/// At the limit it is 409 with the sessions, of which the client names one in `end_session` and tries again.
async fn login(
    State(state): State<ApiState>,
    _: RoomToHash,
    PresentedBy(presenter): PresentedBy,
    headers: HeaderMap,
    Json(body): Json<LoginBody>,
) -> Result<Response, Problem> {
    let rhythm = Rhythm::begin();
    let token = device_token(body.device_token, &headers, &state, body.transport)?;
    let device = Device {
        name: display_name("device_name", body.device_name.as_deref())?,
        class: body.device_class.map(|Text(class)| class),
        end_session: body.end_session.map(|Text(session)| session),
        token: token.as_ref().map(ExposeSecret::expose_secret),
        presenter,
    };
    let request = LoginRequest { email: &body.email, password: &body.password, device };
    let outcome = state.auth().login.login(request).await;
    Shown::Password.gave(&outcome);
    if let Err(LoginError::InvalidCredentials | LoginError::Throttled(_)) = outcome {
        // How long the look for the account took does not show, nor how its password is hashed.
        rhythm.rest().await;
    }
    signed_in(&outcome?, body.transport)
}
