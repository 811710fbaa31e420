//! The routes: each extracts, calls one use case, and answers. No rule of the domain is here.

mod accounts;
mod admin;
mod email;
mod events;
mod factors;
mod health;
mod jwks;
mod login;
mod logout;
mod me;
mod oauth;
mod password;
mod reauthenticate;
mod refresh;
mod revocations;
mod sessions;

use axum::Router;
use axum::middleware::from_fn_with_state;
use axum::routing::{get, patch, post};

pub(crate) use jwks::Jwks;
#[cfg(feature = "console")]
pub(crate) use jwks::is_known;
pub(crate) use oauth::OAuthError;
pub(crate) use revocations::MAX_WAIT;

use crate::layers;
use crate::problem::{Problem, ProblemCode};
use crate::state::ApiState;

/// Every route with its layers, ready to serve or to be mounted in a larger application.
///
/// - `app.nest("/auth", router(state))` mounts it under a prefix. Unknown paths below the prefix get its 404. The page for people,
///   where there is one, is at `/auth`; `app.nest_service("/auth", router(state))` has it at `/auth/` too.
/// - `app.merge(router(state).reset_fallback())` mounts it beside your routes and leaves unknown paths to you.
///
/// Serve it with [`Router::into_make_service_with_connect_info`] for [`SocketAddr`](std::net::SocketAddr), so that sessions
/// show the address they were opened from; without it the address stays unknown.
pub fn router(state: ApiState) -> Router {
    let pages = pages(&state);
    Router::new()
        .route("/v1/accounts", post(accounts::register))
        .merge(login::router())
        .route("/v1/refresh", post(refresh::refresh))
        .route("/v1/logout", post(logout::logout))
        .route("/v1/me", get(me::show).patch(me::change).delete(me::delete))
        .route("/v1/me/reauthenticate", post(reauthenticate::prove))
        .merge(password::router())
        .merge(email::router())
        .merge(factors::router())
        .route("/v1/sessions", get(sessions::list).delete(sessions::end_many))
        .route("/v1/sessions/{id}", patch(sessions::rename).delete(sessions::end_one))
        .route("/v1/events", get(events::list))
        .route("/v1/revocations", get(revocations::poll))
        .route("/v1/revocations/stream", get(revocations::stream))
        .merge(admin::router())
        .merge(oauth::router())
        .route("/.well-known/jwks.json", get(jwks::keys))
        .merge(health::router())
        .merge(pages)
        .method_not_allowed_fallback(async || {
            Problem::new(
                ProblemCode::MethodNotAllowed,
                "This path does not know the method; `Allow` lists those it does.",
            )
        })
        .fallback(async || Problem::nothing_here())
        .layer(from_fn_with_state(state.clone(), layers::around))
        .with_state(state)
}

/// `/livez` and `/readyz` alone and without layers, for a listener that only the operator reaches.
pub fn health_router(state: ApiState) -> Router {
    health::router().with_state(state)
}

/// The pages for people, where there are any.
fn pages(state: &ApiState) -> Router<ApiState> {
    #[cfg(feature = "console")]
    if state.settings().console.is_some() {
        return crate::web::router();
    }
    let _ = state;
    Router::new()
}

impl Problem {
    /// The one answer to every path that leads nowhere.
    pub(crate) fn nothing_here() -> Self {
        Self::new(ProblemCode::NotFound, "There is nothing at this path.")
    }
}
