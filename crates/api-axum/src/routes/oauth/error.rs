//! Errors of the OAuth endpoints: JSON with `error` and `error_description` (RFC 6749 §5.2).

use axum::http::header::{HeaderName, PRAGMA, RETRY_AFTER, WWW_AUTHENTICATE};
use axum::http::{HeaderValue, StatusCode};
use axum::response::{IntoResponse, Response};
use serde::Serialize;
use utoipa::ToSchema;

use crate::problem::{Problem, ProblemCode};

/// A failed request's answer.
#[derive(Debug)]
pub(crate) struct OAuthError {
    status: StatusCode,
    error: &'static str,
    description: String,
    headers: Vec<(HeaderName, HeaderValue)>,
    /// The problem that it was, for the layer that counts.
    code: Option<ProblemCode>,
}

/// A failed request at an OAuth endpoint (RFC 6749 §5.2).
#[derive(Serialize, ToSchema)]
#[schema(as = OAuthError)]
struct ErrorBody {
    error: &'static str,
    error_description: String,
}

impl OAuthError {
    pub(super) fn new(status: StatusCode, error: &'static str, description: &str) -> Self {
        // RFC 6749 §5.2 allows printable ASCII without the quotation mark and the backslash.
        let allowed = |c: char| match c {
            '"' | '`' => '\'',
            ' '..='~' if c != '\\' => c,
            _ => '?',
        };
        Self { status, error, description: description.chars().map(allowed).collect(), headers: Vec::new(), code: None }
    }

    /// The request is malformed.
    pub(super) fn invalid_request(description: &str) -> Self {
        Self::new(StatusCode::BAD_REQUEST, "invalid_request", description)
    }

    /// The client is not who it says.
    pub(super) fn invalid_client(description: &str) -> Self {
        Self::new(StatusCode::UNAUTHORIZED, "invalid_client", description).challenge(r#"Basic realm="jeton""#)
    }

    /// The same with one more challenge.
    pub(super) fn challenge(mut self, challenge: &'static str) -> Self {
        self.headers.push((WWW_AUTHENTICATE, HeaderValue::from_static(challenge)));
        self
    }
}

/// What the use cases and the layers say, in the words of RFC 6749.
impl From<Problem> for OAuthError {
    fn from(problem: Problem) -> Self {
        let code = problem.code();
        let (status, error) = match code.status() {
            _ if code.is_final_for_a_refresh_token() => (StatusCode::BAD_REQUEST, "invalid_grant"),
            StatusCode::INTERNAL_SERVER_ERROR => (StatusCode::INTERNAL_SERVER_ERROR, "server_error"),
            StatusCode::SERVICE_UNAVAILABLE => (StatusCode::SERVICE_UNAVAILABLE, "temporarily_unavailable"),
            _ if code == ProblemCode::BodyTooLarge => (StatusCode::PAYLOAD_TOO_LARGE, "invalid_request"),
            _ => (StatusCode::BAD_REQUEST, "invalid_request"),
        };
        let retry_after = problem.retry_after();
        let mut answer = Self::new(status, error, problem.detail());
        answer.code = Some(code);
        answer.headers.extend(retry_after.map(|seconds| (RETRY_AFTER, HeaderValue::from(seconds))));
        answer
    }
}

impl IntoResponse for OAuthError {
    fn into_response(self) -> Response {
        let body = ErrorBody { error: self.error, error_description: self.description };
        let mut response = (self.status, axum::Json(body)).into_response();
        response.headers_mut().insert(PRAGMA, HeaderValue::from_static("no-cache"));
        if let Some(code) = self.code {
            response.extensions_mut().insert(code);
        }
        for (name, value) in self.headers {
            response.headers_mut().append(name, value);
        }
        response
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn o2_a_description_has_only_the_characters_that_rfc_6749_allows() {
        let error = OAuthError::invalid_request("the `field` \"a\\b\" is … wrong\n");
        assert_eq!(error.description, "the 'field' 'a?b' is ? wrong?");
    }
}
