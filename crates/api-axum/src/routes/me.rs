//! `/v1/me`: the account of the access token.

use auth_domain::model::AccountId;
use axum::extract::State;
use axum::http::StatusCode;
use secrecy::SecretString;
use serde::{Deserialize, Deserializer};
use utoipa::ToSchema;

use crate::extract::{ByOwner, Json, WireBody, display_name};
use crate::guard::Authenticated;
use crate::load::RoomToHash;
use crate::openapi::{Answer, Api, Operation};
use crate::problem::{Problem, ProblemCode};
use crate::state::ApiState;
use crate::wire::AccountBody;

/// What is to be changed; what is left out stays as it is.
#[derive(Deserialize, ToSchema)]
#[serde(deny_unknown_fields)]
#[schema(as = ChangeAccountRequest)]
pub(super) struct ChangeBody {
    /// 1 to 100 characters; `null` clears it.
    #[serde(default)]
    #[schema(value_type = Option<String>, examples("Alice"))]
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

/// Confirms it.
#[derive(Deserialize, ToSchema)]
#[serde(deny_unknown_fields)]
#[schema(as = DeleteAccountRequest)]
pub(super) struct DeleteBody {
    #[schema(value_type = String, format = Password, examples("correct horse battery staple"))]
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

/// What the operations of this file are, for the OpenAPI document.
pub(super) fn describe(api: &mut Api) {
    let mut tag = api.tag("Account", "Registration, and what owners do with their accounts.");
    tag.add(
        Operation::get("/v1/me", "getAccount")
            .does("Who am I", "The account of the access token, as it is now.")
            .by_owner()
            .answers(Answer::json::<AccountBody>(StatusCode::OK, "The account.")),
    );
    tag.add(
        Operation::patch("/v1/me", "changeAccount")
            .does("Change my name", "A field that is left out stays as it is.")
            .by_owner()
            .reads::<ChangeBody>()
            .answers(Answer::json::<AccountBody>(StatusCode::OK, "The account as it is now.")),
    );
    tag.add(
        Operation::delete("/v1/me", "deleteAccount")
            .does("Delete my account", "Every session ends. The address is free for another account; the security events stay until their retention ends.")
            .by_owner()
            .reads::<DeleteBody>()
            .answers(Answer::done("The account is gone."))
            .fails([ProblemCode::WrongPassword, ProblemCode::TooManyAttempts]),
    );
}
