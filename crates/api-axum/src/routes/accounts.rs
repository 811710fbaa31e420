//! `/v1/accounts`: registration; and how an account looks on the wire.

use auth_domain::account::RegisterRequest;
use auth_domain::model::{Account, DisplayName};
use axum::extract::State;
use axum::http::StatusCode;
use secrecy::SecretString;
use serde::{Deserialize, Serialize};

use crate::extract::{Json, WireBody};
use crate::problem::{Problem, ProblemCode};
use crate::state::ApiState;

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

/// An account as its owner sees it.
#[derive(Serialize)]
pub(super) struct AccountBody {
    id: String,
    email: String,
    display_name: Option<String>,
    roles: Vec<String>,
    created_at: String,
}

impl From<Account> for AccountBody {
    fn from(account: Account) -> Self {
        Self {
            id: account.id.to_string(),
            email: account.email.address().to_owned(),
            display_name: account.display_name.map(|name| name.as_str().to_owned()),
            roles: account.roles.iter().map(ToString::to_string).collect(),
            created_at: account.created_at.to_string(),
        }
    }
}

/// `POST /v1/accounts`: 201 and the account.
pub(super) async fn register(
    State(state): State<ApiState>,
    Json(body): Json<RegisterBody>,
) -> Result<(StatusCode, axum::Json<AccountBody>), Problem> {
    let request = RegisterRequest {
        email: &body.email,
        password: &body.password,
        display_name: name("display_name", body.display_name.as_deref())?,
        roles: Vec::new(),
    };
    let account = state.auth().accounts.register(request).await?;
    Ok((StatusCode::CREATED, axum::Json(account.into())))
}

/// A name to call somebody or something by.
pub(super) fn name(field: &str, typed: Option<&str>) -> Result<Option<DisplayName>, Problem> {
    typed.map(DisplayName::new).transpose().map_err(|error| {
        Problem::new(ProblemCode::InvalidRequest, format!("The field `{field}` has a wrong value: {error}."))
    })
}
