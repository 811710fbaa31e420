//! `/v1/login/mfa`: the second half of a login.

use auth_domain::login::{Device, SecondFactorLogin};
use axum::extract::State;
use axum::http::HeaderMap;
use axum::response::Response;
use secrecy::{ExposeSecret, SecretString};
use serde::Deserialize;
use utoipa::ToSchema;

use crate::extract::{Json, PasskeyAnswer, PresentedBy, WireBody, one_of, second_factor};
use crate::measure::Shown;
use crate::problem::Problem;
use crate::state::ApiState;
use crate::transport::{Transport, device_token, signed_in};

/// Goes on with a login: `mfa_token` and one of `code` and `passkey`.
#[derive(Deserialize, ToSchema)]
#[serde(deny_unknown_fields)]
#[schema(as = SecondFactorRequest)]
pub(super) struct MfaBody {
    /// That of the first answer.
    #[schema(value_type = String, examples("jmt_dGhlIHBhc3N3b3JkIHdhcyByaWdodA"))]
    mfa_token: SecretString,
    /// Of the app, or a recovery code.
    #[serde(default)]
    #[schema(value_type = Option<String>, examples("492039"))]
    code: Option<SecretString>,
    #[serde(default)]
    passkey: Option<PasskeyAnswer>,
    /// That of the last login on this device.
    #[serde(default)]
    #[schema(value_type = Option<String>)]
    device_token: Option<SecretString>,
    /// How the tokens travel: in the body, unless it says otherwise, or in cookies that no script can read.
    #[serde(default)]
    transport: Transport,
}

impl WireBody for MfaBody {
    const LIMIT: usize = 16 * 1024;
}

/// `POST /v1/login/mfa`: 200 and the session's first tokens. The device's name, its class and the session that it ends are those of
/// the first half.
pub(super) async fn login(
    State(state): State<ApiState>,
    PresentedBy(presenter): PresentedBy,
    headers: HeaderMap,
    Json(body): Json<MfaBody>,
) -> Result<Response, Problem> {
    let token = device_token(body.device_token, &headers, &state, body.transport)?;
    let proof =
        second_factor(body.code.as_ref(), body.passkey.as_ref()).ok_or_else(|| one_of("`code` and `passkey`"))?;
    let token = token.as_ref().map(ExposeSecret::expose_secret);
    let device = Device { token, presenter, ..Device::default() };
    let request = SecondFactorLogin { mfa_token: body.mfa_token.expose_secret(), proof, device };
    let outcome = state.auth().login.second_factor(request).await;
    Shown::SecondFactor.gave(&outcome);
    signed_in(&outcome?, body.transport)
}
