//! `/.well-known/jwks.json`: the public keys that verify the access tokens (RFC 7517).

use std::sync::Arc;

use aws_lc_rs::digest::{SHA256, digest};
use axum::body::Bytes;
use axum::extract::State;
use axum::http::header::{CACHE_CONTROL, CONTENT_TYPE, ETAG, IF_NONE_MATCH};
use axum::http::{HeaderMap, StatusCode};
use axum::response::{IntoResponse, Response};
use base64::Engine;
use base64::engine::general_purpose::URL_SAFE_NO_PAD;
use token_core::KeySet;

use crate::problem::{Problem, ProblemCode};
use crate::state::ApiState;

/// The JWK set as it is served.
pub(crate) struct Jwks {
    /// What it was made of.
    keys: Arc<KeySet>,
    /// Text and entity tag; `None` where no key has a public half.
    public: Option<(Bytes, String)>,
}

impl Jwks {
    pub(crate) fn of(keys: Arc<KeySet>) -> Self {
        let is_public = keys.iter().any(|key| key.to_jwk().is_some());
        let public = is_public.then(|| {
            let json = keys.to_jwks();
            let etag = format!("\"{}\"", URL_SAFE_NO_PAD.encode(digest(&SHA256, json.as_bytes())));
            (Bytes::from(json), etag)
        });
        Self { keys, public }
    }

    /// Whether it was made of these very keys.
    pub(crate) fn is_of(&self, keys: &Arc<KeySet>) -> bool {
        Arc::ptr_eq(&self.keys, keys)
    }

    /// Whether anybody can verify with it.
    pub(crate) const fn is_published(&self) -> bool {
        self.public.is_some()
    }
}

/// Whether the client has it already (RFC 9110 §13.1.2, which compares weakly).
pub(crate) fn is_known(etag: &str, headers: &HeaderMap) -> bool {
    let lines = headers.get_all(IF_NONE_MATCH).iter().filter_map(|value| value.to_str().ok());
    let mut tags = lines.flat_map(|line| line.split(',')).map(str::trim);
    tags.any(|tag| tag == "*" || tag.strip_prefix("W/").unwrap_or(tag) == etag)
}

/// `GET /.well-known/jwks.json`: 200 and the JWK set, which anybody may keep for a while, or 304 for who has it.
pub(super) async fn keys(State(state): State<ApiState>, headers: HeaderMap) -> Result<Response, Problem> {
    let jwks = state.jwks();
    let Some((json, etag)) = &jwks.public else {
        return Err(Problem::new(
            ProblemCode::KeysNotPublished,
            "Access tokens are signed with a shared secret here, so there is no public key that verifies them. Ask \
             `/oauth/introspect` about a token.",
        ));
    };
    let kept = format!("public, max-age={}", state.settings().jwks_max_age.as_secs());
    let kept = [(CACHE_CONTROL, kept.as_str()), (ETAG, etag)];
    if is_known(etag, &headers) {
        return Ok((StatusCode::NOT_MODIFIED, kept).into_response());
    }
    Ok((kept, [(CONTENT_TYPE, "application/jwk-set+json")], json.clone()).into_response())
}
