//! `/v1/me`: the account of the access token.

use auth_domain::model::AccountId;
use axum::extract::State;
use axum::http::StatusCode;
use secrecy::SecretString;
use serde::{Deserialize, Deserializer};

use crate::extract::{ByOwner, Json, WireBody, display_name};
use crate::guard::Authenticated;
use crate::load::RoomToHash;
use crate::problem::Problem;
use crate::state::ApiState;
use crate::wire::AccountBody;

#[derive(Deserialize)]
#[serde(deny_unknown_fields)]
pub(super) struct ChangeBody {
    #[serde(default)]
    display_name: Change,
}

/// A field that is left out stays as it is; `null` clears it.
#[derive(Default)]
enum Change {
    #[default]
    Keep,
    Set(Option<String>),
}

impl<'de> Deserialize<'de> for Change {
    fn deserialize<D: Deserializer<'de>>(deserializer: D) -> Result<Self, D::Error> {
        Option::deserialize(deserializer).map(Self::Set)
    }
}

impl WireBody for ChangeBody {}

#[derive(Deserialize)]
#[serde(deny_unknown_fields)]
pub(super) struct DeleteBody {
    current_password: SecretString,
}

impl WireBody for DeleteBody {}

/// `GET /v1/me`: 200 and the account.
pub(super) async fn show(
    State(state): State<ApiState>,
    Authenticated(claims): Authenticated,
) -> Result<axum::Json<AccountBody>, Problem> {
    let account = state.auth().accounts.get(AccountId::from_uuid(claims.sub)).await?;
    Ok(axum::Json(account.into()))
}

/// `PATCH /v1/me`: 200 and the account as it is now.
pub(super) async fn change(
    State(state): State<ApiState>,
    Authenticated(claims): Authenticated,
    Json(body): Json<ChangeBody>,
) -> Result<axum::Json<AccountBody>, Problem> {
    let (accounts, id) = (&state.auth().accounts, AccountId::from_uuid(claims.sub));
    let account = match body.display_name {
        Change::Set(typed) => accounts.rename(id, display_name("display_name", typed.as_deref())?).await?,
        Change::Keep => accounts.get(id).await?,
    };
    Ok(axum::Json(account.into()))
}

/// `DELETE /v1/me`: 204, and every session has ended.
pub(super) async fn delete(
    State(state): State<ApiState>,
    _: RoomToHash,
    ByOwner(owner): ByOwner,
    Json(body): Json<DeleteBody>,
) -> Result<StatusCode, Problem> {
    state.auth().accounts.delete(&owner, &body.current_password).await?;
    Ok(StatusCode::NO_CONTENT)
}
