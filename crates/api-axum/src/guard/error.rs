//! Why the guard lets a request not in, and how it says so (RFC 6750 §3).

use std::time::Duration;

use axum::http::HeaderValue;
use axum::http::header::WWW_AUTHENTICATE;
use axum::response::{IntoResponse, Response};
use token_core::VerifyError;

use crate::problem::{Problem, ProblemCode};

/// Why a request was not let in.
#[derive(Clone, Debug, PartialEq, Eq, thiserror::Error)]
#[non_exhaustive]
pub enum GuardError {
    /// It carries no Bearer token in its header. An access token in the query or the body does not count.
    #[error("send an access token in the header `Authorization: Bearer …`")]
    NoCredentials,
    /// It has two `Authorization` headers, or a Bearer token and another one in the query (RFC 6750 §2).
    #[error("send one access token, in one `Authorization` header and nowhere else")]
    Ambiguous,
    /// The token does not verify. The reason is for logs; the client does not learn it.
    #[error("the access token is refused: {0}")]
    Refused(VerifyError),
    /// The token verifies, but its session has ended, or its account or its key has been revoked.
    #[error("the access token is refused: it has been revoked")]
    Revoked,
    /// The token verifies, but for longer than `max_staleness` nothing was heard of what has been revoked, and the guard's
    /// owner chose to deny meanwhile.
    #[error("nobody is let in, because it is not known what has been revoked; try again in a moment")]
    Stale,
    /// The token is good, and lacks this scope (RFC 6750 §3.1).
    #[error("the access token lacks the scope `{0}`")]
    MissingScope(&'static str),
    /// The token is good, and its account lacks this role.
    #[error("the account lacks the role `{0}`")]
    MissingRole(&'static str),
    /// The token is good, and its owner has to prove again who he is (RFC 9470).
    #[error("prove again who you are: this needs {} of the last {} seconds", if *second_factor { "a second factor" } else { "a login" }, max_age.as_secs())]
    StepUpRequired {
        /// How long ago that may be.
        max_age: Duration,
        /// Whether a second factor must be part of it.
        second_factor: bool,
    },
}

impl GuardError {
    /// How much one issuer's refusal says about a token that several were asked about: the more, the more it is that issuer's.
    ///
    /// Others may publish a key under the same name, even the very same key, so knowing the key is not enough.
    pub(super) const fn tells(&self) -> u8 {
        match self {
            Self::Refused(VerifyError::UnknownKey) => 0,
            Self::Refused(VerifyError::Signature | VerifyError::AlgorithmMismatch) => 1,
            Self::Refused(VerifyError::Issuer) => 2,
            Self::Refused(_) => 3,
            Self::Revoked => 4,
            _ => 5,
        }
    }

    /// Whether the token may still be one of an issuer that did not know its key.
    #[cfg(feature = "guard")]
    pub(super) const fn leaves_the_issuer_open(&self) -> bool {
        self.tells() < 3
    }
}

impl From<VerifyError> for GuardError {
    fn from(error: VerifyError) -> Self {
        match error {
            VerifyError::Revoked => Self::Revoked,
            error => Self::Refused(error),
        }
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
        let code = match &error {
            GuardError::NoCredentials => ProblemCode::AuthenticationRequired,
            GuardError::Ambiguous => ProblemCode::AmbiguousCredentials,
            GuardError::Stale => ProblemCode::RevocationsStale,
            GuardError::MissingScope(_) => ProblemCode::InsufficientScope,
            GuardError::MissingRole(_) => ProblemCode::InsufficientRole,
            GuardError::StepUpRequired { max_age, second_factor } => {
                return Self::step_up(*max_age, error.to_string()).with("second_factor", (*second_factor).into());
            }
            GuardError::Refused(reason) => {
                tracing::debug!(reason = reason.code(), "an access token was refused");
                return Self::invalid_token();
            }
            GuardError::Revoked => {
                tracing::debug!(reason = "revoked", "an access token was refused");
                return Self::invalid_token();
            }
        };
        Self::new(code, error.to_string())
    }
}

impl IntoResponse for GuardError {
    fn into_response(self) -> Response {
        let challenge = match &self {
            Self::Ambiguous => Some(HeaderValue::from_static(r#"Bearer error="invalid_request""#)),
            Self::MissingScope(scope) => Some(insufficient_scope(scope)),
            _ => None,
        };
        let mut response = Problem::from(self).into_response();
        if let Some(challenge) = challenge {
            response.headers_mut().insert(WWW_AUTHENTICATE, challenge);
        }
        response
    }
}

/// The challenge that names the scope. A scope has no character that would end the quoted string (RFC 6749 §3.3); where a
/// program names something else, the challenge goes without it.
fn insufficient_scope(scope: &str) -> HeaderValue {
    let printable = scope.bytes().all(|byte| matches!(byte, 0x20..=0x7e) && byte != b'"' && byte != b'\\');
    let named = printable.then(|| format!(r#"Bearer error="insufficient_scope", scope="{scope}""#));
    named
        .and_then(|named| HeaderValue::try_from(named).ok())
        .unwrap_or(HeaderValue::from_static(r#"Bearer error="insufficient_scope""#))
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn o4_the_challenge_names_the_missing_scope() {
        assert_eq!(insufficient_scope("notes:write"), r#"Bearer error="insufficient_scope", scope="notes:write""#);
    }

    #[test]
    fn a_scope_cannot_break_out_of_the_challenge() {
        for scope in ["a\"b", "a\\b", "a\r\nb", "ä"] {
            assert_eq!(insufficient_scope(scope), r#"Bearer error="insufficient_scope""#);
        }
    }

    #[test]
    fn the_verifiers_word_that_a_token_was_revoked_is_not_a_bad_token() {
        assert_eq!(GuardError::from(VerifyError::Revoked), GuardError::Revoked);
        assert_eq!(GuardError::from(VerifyError::Signature), GuardError::Refused(VerifyError::Signature));
    }
}
