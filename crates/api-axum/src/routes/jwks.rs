//! `/.well-known/jwks.json`: the public keys that verify the access tokens (RFC 7517).

use aws_lc_rs::digest::{SHA256, digest};
use axum::extract::State;
use axum::http::header::{CACHE_CONTROL, CONTENT_TYPE, ETAG, IF_NONE_MATCH};
use axum::http::{HeaderMap, StatusCode};
use axum::response::{IntoResponse, Response};
use base64::Engine;
use base64::engine::general_purpose::URL_SAFE_NO_PAD;

use crate::state::ApiState;

/// The one answer that anybody may keep, for five minutes.
const KEPT: &str = "public, max-age=300";

/// The JWK set as it is served, and its entity tag.
pub(crate) struct Jwks {
    json: String,
    etag: String,
}

impl Jwks {
    pub(crate) fn new(json: &str) -> Self {
        let etag = format!("\"{}\"", URL_SAFE_NO_PAD.encode(digest(&SHA256, json.as_bytes())));
        Self { json: json.to_owned(), etag }
    }

    /// Whether the client has it already (RFC 9110 §13.1.2, which compares weakly).
    fn is_known(&self, headers: &HeaderMap) -> bool {
        let lines = headers.get_all(IF_NONE_MATCH).iter().filter_map(|value| value.to_str().ok());
        let mut tags = lines.flat_map(|line| line.split(',')).map(str::trim);
        tags.any(|tag| tag == "*" || tag.strip_prefix("W/").unwrap_or(tag) == self.etag)
    }
}

/// `GET /.well-known/jwks.json`: 200 and the JWK set, or 304 for who has it.
pub(super) async fn keys(State(state): State<ApiState>, headers: HeaderMap) -> Response {
    let jwks = state.jwks();
    let kept = [(CACHE_CONTROL, KEPT), (ETAG, jwks.etag.as_str())];
    if jwks.is_known(&headers) {
        return (StatusCode::NOT_MODIFIED, kept).into_response();
    }
    (kept, [(CONTENT_TYPE, "application/jwk-set+json")], jwks.json.clone()).into_response()
}
