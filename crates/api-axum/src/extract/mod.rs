//! How a request is read: its body, its query, and who sent it.

mod json;
mod presenter;

pub(crate) use json::{Json, OptionalJson, WireBody, declares_json};
pub(crate) use presenter::PresentedBy;

use auth_domain::model::IdempotencyKey;
use axum::http::HeaderMap;

use crate::problem::{Problem, ProblemCode};

/// The request's `Idempotency-Key`.
///
/// The draft of that header writes the key as a quoted string (RFC 9651 §3.3.3); most clients send it bare. Both are taken
/// as they stand, so that a client gets the same answer as long as it sends the same bytes.
pub(crate) fn idempotency_key(headers: &HeaderMap) -> Result<Option<IdempotencyKey>, Problem> {
    let refused = |detail: String| Problem::new(ProblemCode::InvalidIdempotencyKey, detail);
    let mut values = headers.get_all("idempotency-key").iter();
    let Some(value) = values.next() else { return Ok(None) };
    if values.next().is_some() {
        return Err(refused("send one Idempotency-Key header, not several".to_owned()));
    }
    let key = IdempotencyKey::new(value.to_str().unwrap_or_default()).map_err(|error| refused(error.to_string()))?;
    Ok(Some(key))
}
