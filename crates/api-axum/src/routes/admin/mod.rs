//! `/v1/admin`: what operators do, with an access token of an account that has the role `admin`.

mod events;
mod invites;
mod keys;
mod openapi;
mod sessions;
mod users;

use auth_domain::admin::{AdminError, Operator};
use auth_domain::model::{AccountId, Actor, Role};
use axum::Router;
use axum::extract::rejection::PathRejection;
use axum::extract::{FromRequestParts, Path};
use axum::http::request::Parts;
use axum::response::{IntoResponse, Response};
use axum::routing::{delete, get, post, put};

pub(super) use openapi::describe;

use crate::extract::presented_by;
use crate::guard::Authenticated;
use crate::problem::{Problem, ProblemCode};
use crate::state::ApiState;

/// The operators' routes.
pub(super) fn router() -> Router<ApiState> {
    Router::new()
        .route("/v1/admin/users", get(users::search))
        .route("/v1/admin/users/{id}", get(users::show).delete(users::delete))
        .route("/v1/admin/users/{id}/disable", post(users::disable))
        .route("/v1/admin/users/{id}/enable", post(users::enable))
        .route("/v1/admin/users/{id}/roles", put(users::set_roles))
        .route("/v1/admin/users/{id}/sessions", get(sessions::list).delete(sessions::end_all))
        .route("/v1/admin/users/{id}/sessions/{session}", delete(sessions::end_one))
        .route("/v1/admin/users/{id}/events", get(events::of_one))
        .route("/v1/admin/users/{id}/factors", delete(users::remove_factors))
        .route("/v1/admin/invites", post(invites::invite))
        .route("/v1/admin/events", get(events::of_all))
        .route("/v1/admin/keys", get(keys::list))
        .route("/v1/admin/keys/rotate", post(keys::rotate))
        .route("/v1/admin/keys/{kid}", delete(keys::delete))
        .route("/v1/admin/keys/{kid}/revoke", post(keys::revoke))
}

/// Lets in whoever has the role `admin`.
///
/// The access token says so, and the account is asked too: whoever lost the role is no operator from that moment on, not only
/// from his next refresh on.
struct ByOperator(Operator);

impl FromRequestParts<ApiState> for ByOperator {
    type Rejection = Response;

    async fn from_request_parts(parts: &mut Parts, state: &ApiState) -> Result<Self, Response> {
        let Authenticated(claims): Authenticated =
            Authenticated::from_request_parts(parts, state).await.map_err(IntoResponse::into_response)?;
        let id = AccountId::from_uuid(claims.sub);
        if claims.has_role(Role::ADMIN) {
            let account = state.auth().accounts.get(id).await.map_err(|error| Problem::from(error).into_response())?;
            if account.roles.iter().any(Role::is_admin) {
                return Ok(Self(Operator { actor: Actor::Admin(id), presenter: presented_by(parts, state) }));
            }
        }
        let detail =
            "This is for accounts with the role `admin`. A role that was just given counts from the next refresh on.";
        Err(Problem::new(ProblemCode::InsufficientRole, detail).into_response())
    }
}

/// What is no UUID names no account.
fn named(id: Result<Path<String>, PathRejection>) -> Result<AccountId, AdminError> {
    id.ok().and_then(|Path(id)| id.parse().ok()).ok_or(AdminError::NoSuchAccount)
}
