//! `/v1/login/mfa`: the second half of a login.

use auth_domain::login::{Device, SecondFactorLogin};
use axum::extract::State;
use axum::http::HeaderMap;
use axum::response::Response;
use secrecy::{ExposeSecret, SecretString};
use serde::Deserialize;

use crate::extract::{Json, PasskeyAnswer, PresentedBy, WireBody, one_of, second_factor};
use crate::measure::Shown;
use crate::problem::Problem;
use crate::state::ApiState;
use crate::transport::{Transport, device_token, signed_in};

#[derive(Deserialize)]
#[serde(deny_unknown_fields)]
pub(super) struct MfaBody {
    mfa_token: SecretString,
    #[serde(default)]
    code: Option<SecretString>,
    #[serde(default)]
    passkey: Option<PasskeyAnswer>,
    #[serde(default)]
    device_token: Option<SecretString>,
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
