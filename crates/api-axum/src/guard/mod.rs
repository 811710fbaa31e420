//! The guard: lets those in whose access token is good and not revoked, without a look-up.

mod bearer;

use std::sync::Arc;

use auth_domain::ports::Clock;
use axum::extract::FromRef;
use axum::extract::FromRequestParts;
use axum::http::HeaderValue;
use axum::http::header::WWW_AUTHENTICATE;
use axum::http::request::Parts;
use axum::response::{IntoResponse, Response};
use serde::de::DeserializeOwned;
use token_core::{Claims, NoClaims, RevocationSet, Verifier, VerifyError};

use crate::problem::{Problem, ProblemCode};

pub(crate) use bearer::token as bearer_token;

/// Decides about access tokens: the verifier's rules, the time, and what has been revoked. Cheap to clone.
///
/// Put it into your application's state, and let [`axum::extract::FromRef`] find it there; then [`Authenticated`] works in
/// every handler.
#[derive(Clone)]
pub struct Guard {
    verifier: Arc<Verifier>,
    revocations: Arc<RevocationSet>,
    clock: Arc<dyn Clock>,
}

/// Why a request was not let in.
#[derive(Clone, Debug, PartialEq, Eq, thiserror::Error)]
pub enum GuardError {
    /// It carries no Bearer token in its header. An access token in the query or the body does not count.
    #[error("send an access token in the header `Authorization: Bearer …`")]
    NoCredentials,
    /// It has two `Authorization` headers, or a Bearer token and another one in the query (RFC 6750 §2).
    #[error("send one access token, in one `Authorization` header and nowhere else")]
    Ambiguous,
    /// The token does not verify. The reason is for logs; the client does not learn it.
    #[error("the access token is refused: {0}")]
    Refused(#[from] VerifyError),
    /// The token verifies, but its session has ended or its account has been revoked.
    #[error("the access token is refused: it has been revoked")]
    Revoked,
}

impl Guard {
    /// A guard that lets in what `verifier` accepts at the time of `clock` and `revocations` does not hold.
    #[must_use]
    pub fn new(verifier: Arc<Verifier>, revocations: Arc<RevocationSet>, clock: Arc<dyn Clock>) -> Self {
        Self { verifier, revocations, clock }
    }

    /// Decides about one token, now.
    ///
    /// # Errors
    /// [`GuardError::Refused`] with the verifier's reason, or [`GuardError::Revoked`].
    pub fn verify<X: DeserializeOwned>(&self, token: &str) -> Result<Claims<X>, GuardError> {
        let claims: Claims<X> = self.verifier.verify(token, self.clock.now().unix())?;
        if self.revocations.is_revoked(claims.sid, claims.sub, claims.iat) {
            return Err(GuardError::Revoked);
        }
        Ok(claims)
    }
}

/// The claims of a request's access token. A handler that takes this runs only for good tokens.
///
/// The token comes in the header `Authorization: Bearer …` and never in the query (RFC 6750 §2.1). Without one the answer
/// is 401 with a bare challenge; for a token that is bad in any way, 401 with `error="invalid_token"` and the same text.
#[derive(Clone, Debug)]
pub struct Authenticated<X = NoClaims>(
    /// What the token says.
    pub Claims<X>,
);

impl<S, X> FromRequestParts<S> for Authenticated<X>
where
    S: Send + Sync,
    Guard: FromRef<S>,
    X: DeserializeOwned + Send,
{
    type Rejection = GuardError;

    async fn from_request_parts(parts: &mut Parts, state: &S) -> Result<Self, GuardError> {
        Guard::from_ref(state).verify(bearer_token(parts)?).map(Self)
    }
}

impl Problem {
    /// The one answer to every bad access token.
    pub(crate) fn invalid_token() -> Self {
        Self::new(
            ProblemCode::InvalidToken,
            "The access token is not valid, or not any more. Refresh it, or sign in again.",
        )
    }
}

impl From<GuardError> for Problem {
    fn from(error: GuardError) -> Self {
        match error {
            GuardError::NoCredentials => Self::new(ProblemCode::AuthenticationRequired, error.to_string()),
            GuardError::Ambiguous => Self::new(ProblemCode::AmbiguousCredentials, error.to_string()),
            GuardError::Refused(reason) => {
                tracing::debug!(reason = reason.code(), "an access token was refused");
                Self::invalid_token()
            }
            GuardError::Revoked => {
                tracing::debug!(reason = "revoked", "an access token was refused");
                Self::invalid_token()
            }
        }
    }
}

impl IntoResponse for GuardError {
    fn into_response(self) -> Response {
        let ambiguous = self == Self::Ambiguous;
        let mut response = Problem::from(self).into_response();
        if ambiguous {
            let challenge = HeaderValue::from_static(r#"Bearer error="invalid_request""#);
            response.headers_mut().insert(WWW_AUTHENTICATE, challenge);
        }
        response
    }
}
