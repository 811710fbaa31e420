//! The extractor that makes a handler run only for good access tokens.

use std::sync::Arc;

use axum::extract::{FromRef, FromRequestParts};
use axum::http::request::Parts;
use token_core::{Claims, NoClaims};

use super::{Guard, GuardError, OwnClaims};

/// The claims of a request's access token. A handler that takes this runs only for good tokens.
///
/// The token comes in the header `Authorization: Bearer …` and never in the query (RFC 6750 §2.1). Without one the answer
/// is 401 with a bare challenge; for a token that is bad in any way, 401 with `error="invalid_token"` and the same text.
#[derive(Clone, Debug)]
pub struct Authenticated<X = NoClaims>(
    /// What the token says.
    pub Arc<Claims<X>>,
);

impl<S, X> FromRequestParts<S> for Authenticated<X>
where
    S: Send + Sync,
    Guard: FromRef<S>,
    X: OwnClaims,
{
    type Rejection = GuardError;

    async fn from_request_parts(parts: &mut Parts, state: &S) -> Result<Self, GuardError> {
        Guard::from_ref(state).admit(parts, &[]).await.map(Self)
    }
}
