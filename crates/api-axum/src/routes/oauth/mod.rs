//! The OAuth face: what standard clients expect, in the form in which they expect it.

mod client;
mod error;
mod introspect;
mod metadata;
mod openapi;
mod revoke;
mod token;

use std::sync::Arc;

use axum::Router;
use axum::routing::{get, post};
use token_core::Claims;

pub(crate) use error::OAuthError;
pub(super) use openapi::describe;

use crate::guard::GuardError;
use crate::problem::Problem;
use crate::state::ApiState;

/// The OAuth endpoints and their metadata.
pub(super) fn router() -> Router<ApiState> {
    Router::new()
        .route(metadata::TOKEN, post(token::token))
        .route(metadata::REVOCATION, post(revoke::revoke))
        .route(metadata::INTROSPECTION, post(introspect::introspect))
        .route("/.well-known/oauth-authorization-server", get(metadata::show))
        .route("/.well-known/oauth-authorization-server/{*path}", get(metadata::show_below))
}

/// What a good access token says; `None` for whatever is no good access token.
async fn access_token(state: &ApiState, token: &str) -> Result<Option<Arc<Claims>>, Problem> {
    match state.guard().authenticate(token).await {
        Ok(claims) => Ok(Some(claims)),
        Err(GuardError::Refused(_) | GuardError::Revoked) => Ok(None),
        Err(error) => Err(error.into()),
    }
}
