//! `/.well-known/jwks.json`: the public keys that verify the access tokens (RFC 7517).

use axum::extract::State;
use axum::http::HeaderName;
use axum::http::header::{CACHE_CONTROL, CONTENT_TYPE};

use crate::state::ApiState;

/// `GET /.well-known/jwks.json`: 200 and the JWK set. The one answer that anybody may keep, for five minutes.
pub(super) async fn keys(State(state): State<ApiState>) -> ([(HeaderName, &'static str); 2], String) {
    let headers = [(CONTENT_TYPE, "application/jwk-set+json"), (CACHE_CONTROL, "public, max-age=300")];
    (headers, state.jwks().to_owned())
}
