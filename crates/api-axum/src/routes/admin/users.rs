//! `/v1/admin/users`: accounts, found and changed by operators.

use auth_domain::model::{Account, AccountQuery, EmailAddress, Role};
use axum::extract::rejection::PathRejection;
use axum::extract::{Path, State};
use axum::http::StatusCode;
use serde::{Deserialize, Serialize};
use utoipa::{IntoParams, ToSchema};

use super::{ByOperator, named};
use crate::extract::{Json, PageLimit, Queried, WireBody, WireQuery};
use crate::problem::{Problem, ProblemCode};
use crate::state::ApiState;
use crate::wire::UserBody;

#[derive(Deserialize, IntoParams)]
#[serde(deny_unknown_fields)]
#[into_params(parameter_in = Query)]
pub(super) struct SearchQuery {
    /// With what the addresses begin.
    #[serde(default)]
    #[param(required = false, example = "alice")]
    email: String,
    /// The `next` of another answer.
    #[param(nullable = false)]
    after: Option<String>,
    /// How many at most.
    #[serde(default)]
    #[param(value_type = u32, minimum = 1, maximum = 100, default = 50, required = false, example = 20)]
    limit: PageLimit,
}

impl WireQuery for SearchQuery {
    const KNOWS: &'static str = "`email`, with which addresses begin, `after`, the `next` of another answer, and `limit`, from 1 \
                                 to 100, and nothing else";
}

/// A page of accounts, in the order of their addresses.
#[derive(Serialize, ToSchema)]
#[schema(as = Users)]
pub(super) struct UsersBody {
    users: Vec<UserBody>,
    /// What to send as `after` for the next page; `null` at the end.
    #[schema(required, examples("bob@example.com"))]
    next: Option<String>,
}

/// The roles that an account is to have, and no others.
#[derive(Deserialize, ToSchema)]
#[serde(deny_unknown_fields)]
#[schema(as = SetRolesRequest)]
pub(super) struct RolesBody {
    /// Each has 1 to 64 of `a-z 0-9 _ - :`.
    #[schema(examples("admin"))]
    roles: Vec<String>,
}

impl WireBody for RolesBody {}

const NO_ROLE: &str = "The field `roles` has a wrong value: a role has 1 to 64 of a-z, 0-9, `_`, `-`, `:`.";

/// The form in which addresses are compared, as far as it can be told of the beginning of one.
fn canonical(prefix: &str) -> String {
    match EmailAddress::parse(prefix) {
        Ok(whole) => whole.canonical().to_owned(),
        Err(_) => prefix.trim().to_lowercase(),
    }
}

/// `GET /v1/admin/users`: 200 and a page of accounts.
pub(super) async fn search(
    State(state): State<ApiState>,
    _: ByOperator,
    Queried(query): Queried<SearchQuery>,
) -> Result<axum::Json<UsersBody>, Problem> {
    let prefix = canonical(&query.email);
    let asked = AccountQuery { prefix, after: query.after, limit: query.limit.and_one() };
    let mut accounts = state.auth().admin.search(asked).await?;
    let next = query.limit.cut(&mut accounts).map(|last: &Account| last.email.canonical().to_owned());
    Ok(axum::Json(UsersBody { next, users: accounts.into_iter().map(Into::into).collect() }))
}

/// `GET /v1/admin/users/{id}`: 200 and the account.
pub(super) async fn show(
    State(state): State<ApiState>,
    _: ByOperator,
    id: Result<Path<String>, PathRejection>,
) -> Result<axum::Json<UserBody>, Problem> {
    let account = state.auth().admin.account(named(id)?).await?;
    Ok(axum::Json(account.into()))
}

/// `POST /v1/admin/users/{id}/disable`: 204, and every session has ended.
pub(super) async fn disable(
    State(state): State<ApiState>,
    ByOperator(operator): ByOperator,
    id: Result<Path<String>, PathRejection>,
) -> Result<StatusCode, Problem> {
    state.auth().admin.disable(&operator, named(id)?).await?;
    Ok(StatusCode::NO_CONTENT)
}

/// `POST /v1/admin/users/{id}/enable`: 204.
pub(super) async fn enable(
    State(state): State<ApiState>,
    ByOperator(operator): ByOperator,
    id: Result<Path<String>, PathRejection>,
) -> Result<StatusCode, Problem> {
    state.auth().admin.enable(&operator, named(id)?).await?;
    Ok(StatusCode::NO_CONTENT)
}

/// `PUT /v1/admin/users/{id}/roles`: 200 and the account as it is now.
pub(super) async fn set_roles(
    State(state): State<ApiState>,
    ByOperator(operator): ByOperator,
    id: Result<Path<String>, PathRejection>,
    Json(body): Json<RolesBody>,
) -> Result<axum::Json<UserBody>, Problem> {
    let roles = body.roles.iter().map(|name| Role::new(name)).collect::<Result<_, _>>();
    let roles = roles.map_err(|_| Problem::new(ProblemCode::InvalidRequest, NO_ROLE))?;
    let account = state.auth().admin.set_roles(&operator, named(id)?, roles).await?;
    Ok(axum::Json(account.into()))
}

/// `DELETE /v1/admin/users/{id}`: 204, and every session has ended.
///
/// The account, its password and its sessions are gone, and its address is free for another account. Its security events stay,
/// with the addresses and user agents in them, until their retention ends.
pub(super) async fn delete(
    State(state): State<ApiState>,
    ByOperator(operator): ByOperator,
    id: Result<Path<String>, PathRejection>,
) -> Result<StatusCode, Problem> {
    state.auth().admin.delete(&operator, named(id)?).await?;
    Ok(StatusCode::NO_CONTENT)
}

/// How many second factors were removed.
#[derive(Serialize, ToSchema)]
#[schema(as = RemovedFactors)]
pub(super) struct RemovedBody {
    #[schema(examples(2))]
    removed: usize,
}

/// `DELETE /v1/admin/users/{id}/factors`: 200 and how many second factors were removed, for an owner who has lost them all.
pub(super) async fn remove_factors(
    State(state): State<ApiState>,
    ByOperator(operator): ByOperator,
    id: Result<Path<String>, PathRejection>,
) -> Result<axum::Json<RemovedBody>, Problem> {
    let removed = state.auth().admin.remove_factors(&operator, named(id)?).await?;
    Ok(axum::Json(RemovedBody { removed }))
}
