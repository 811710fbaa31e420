//! `/v1/accounts`: registration.

use auth_domain::account::RegisterRequest;
use axum::extract::State;
use axum::http::StatusCode;
use secrecy::SecretString;
use serde::Deserialize;

use crate::extract::{Json, WireBody, display_name};
use crate::problem::Problem;
use crate::state::ApiState;
use crate::wire::AccountBody;

#[derive(Deserialize)]
#[serde(deny_unknown_fields)]
pub(super) struct RegisterBody {
    email: String,
    password: SecretString,
    #[serde(default)]
    display_name: Option<String>,
}

impl WireBody for RegisterBody {
    const LIMIT: usize = 8 * 1024;
}

/// `POST /v1/accounts`: 201 and the account.
pub(super) async fn register(
    State(state): State<ApiState>,
    Json(body): Json<RegisterBody>,
) -> Result<(StatusCode, axum::Json<AccountBody>), Problem> {
    let request = RegisterRequest {
        email: &body.email,
        password: &body.password,
        display_name: display_name("display_name", body.display_name.as_deref())?,
        roles: Vec::new(),
    };
    let account = state.auth().accounts.register(request).await?;
    Ok((StatusCode::CREATED, axum::Json(account.into())))
}
