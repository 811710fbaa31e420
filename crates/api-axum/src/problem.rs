//! What an answer says when a request fails: RFC 9457 `application/problem+json` with a stable code.
//!
//! One code has one status and one meaning; `docs/errors.md` lists them all. The text is for people and says nothing about
//! the inside of the server.

#[cfg(feature = "router")]
mod domain;

use std::borrow::Cow;

use axum::http::header::{CONTENT_TYPE, RETRY_AFTER, WWW_AUTHENTICATE};
use axum::http::{HeaderValue, StatusCode};
use axum::response::{IntoResponse, Response};

/// Every code that an answer can carry.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Hash)]
#[non_exhaustive]
pub enum ProblemCode {
    /// The body is not JSON.
    InvalidJson,
    /// The body broke off.
    IncompleteBody,
    /// The query has unknown names or values.
    InvalidQuery,
    /// The `Idempotency-Key` could be guessed, is too long, or there are two.
    InvalidIdempotencyKey,
    /// Credentials came in two ways at once.
    AmbiguousCredentials,
    /// No credentials came.
    AuthenticationRequired,
    /// The access token is not good.
    InvalidToken,
    /// The mail address or the password is wrong.
    InvalidCredentials,
    /// The refresh token gives nothing.
    InvalidGrant,
    /// A cookie request did not come from the server's own origin.
    CrossSiteRequest,
    /// The password that was to confirm the request is wrong.
    WrongPassword,
    /// There is nothing at this path.
    NotFound,
    /// The account has no such session.
    SessionNotFound,
    /// The path does not know this method.
    MethodNotAllowed,
    /// Another account has the mail address.
    EmailTaken,
    /// The account is signed in on as many devices as it may be.
    SessionLimitReached,
    /// The body is larger than the route reads.
    BodyTooLarge,
    /// The body is not declared as JSON.
    UnsupportedMediaType,
    /// A field is missing, unknown, or has a wrong type or value.
    InvalidRequest,
    /// The mail address is not one.
    InvalidEmail,
    /// The new password is too short.
    PasswordTooShort,
    /// The new password is too long.
    PasswordTooLong,
    /// The server failed.
    Internal,
    /// The server has more to do than it can take.
    Busy,
    /// Something that the server depends on does not answer.
    Unavailable,
    /// The answer took too long.
    Timeout,
}

impl ProblemCode {
    /// All of them.
    pub const ALL: [Self; 26] = [
        Self::InvalidJson,
        Self::IncompleteBody,
        Self::InvalidQuery,
        Self::InvalidIdempotencyKey,
        Self::AmbiguousCredentials,
        Self::AuthenticationRequired,
        Self::InvalidToken,
        Self::InvalidCredentials,
        Self::InvalidGrant,
        Self::CrossSiteRequest,
        Self::WrongPassword,
        Self::NotFound,
        Self::SessionNotFound,
        Self::MethodNotAllowed,
        Self::EmailTaken,
        Self::SessionLimitReached,
        Self::BodyTooLarge,
        Self::UnsupportedMediaType,
        Self::InvalidRequest,
        Self::InvalidEmail,
        Self::PasswordTooShort,
        Self::PasswordTooLong,
        Self::Internal,
        Self::Busy,
        Self::Unavailable,
        Self::Timeout,
    ];

    /// The stable name, in the problem's `code`.
    #[must_use]
    pub const fn code(self) -> &'static str {
        match self {
            Self::InvalidJson => "invalid_json",
            Self::IncompleteBody => "incomplete_body",
            Self::InvalidQuery => "invalid_query",
            Self::InvalidIdempotencyKey => "invalid_idempotency_key",
            Self::AmbiguousCredentials => "ambiguous_credentials",
            Self::AuthenticationRequired => "authentication_required",
            Self::InvalidToken => "invalid_token",
            Self::InvalidCredentials => "invalid_credentials",
            Self::InvalidGrant => "invalid_grant",
            Self::CrossSiteRequest => "cross_site_request",
            Self::WrongPassword => "wrong_password",
            Self::NotFound => "not_found",
            Self::SessionNotFound => "session_not_found",
            Self::MethodNotAllowed => "method_not_allowed",
            Self::EmailTaken => "email_taken",
            Self::SessionLimitReached => "session_limit_reached",
            Self::BodyTooLarge => "body_too_large",
            Self::UnsupportedMediaType => "unsupported_media_type",
            Self::InvalidRequest => "invalid_request",
            Self::InvalidEmail => "invalid_email",
            Self::PasswordTooShort => "password_too_short",
            Self::PasswordTooLong => "password_too_long",
            Self::Internal => "internal",
            Self::Busy => "busy",
            Self::Unavailable => "unavailable",
            Self::Timeout => "timeout",
        }
    }

    /// The one HTTP status that goes with it.
    #[must_use]
    pub const fn status(self) -> StatusCode {
        match self {
            Self::InvalidJson
            | Self::IncompleteBody
            | Self::InvalidQuery
            | Self::InvalidIdempotencyKey
            | Self::AmbiguousCredentials => StatusCode::BAD_REQUEST,
            Self::AuthenticationRequired | Self::InvalidToken | Self::InvalidCredentials | Self::InvalidGrant => {
                StatusCode::UNAUTHORIZED
            }
            Self::CrossSiteRequest | Self::WrongPassword => StatusCode::FORBIDDEN,
            Self::NotFound | Self::SessionNotFound => StatusCode::NOT_FOUND,
            Self::MethodNotAllowed => StatusCode::METHOD_NOT_ALLOWED,
            Self::EmailTaken | Self::SessionLimitReached => StatusCode::CONFLICT,
            Self::BodyTooLarge => StatusCode::PAYLOAD_TOO_LARGE,
            Self::UnsupportedMediaType => StatusCode::UNSUPPORTED_MEDIA_TYPE,
            Self::InvalidRequest | Self::InvalidEmail | Self::PasswordTooShort | Self::PasswordTooLong => {
                StatusCode::UNPROCESSABLE_ENTITY
            }
            Self::Internal => StatusCode::INTERNAL_SERVER_ERROR,
            Self::Busy | Self::Unavailable | Self::Timeout => StatusCode::SERVICE_UNAVAILABLE,
        }
    }

    /// Its name for people, the same for every occurrence.
    const fn title(self) -> &'static str {
        match self {
            Self::InvalidJson => "Not JSON",
            Self::IncompleteBody => "Incomplete body",
            Self::InvalidQuery => "Invalid query",
            Self::InvalidIdempotencyKey => "Invalid Idempotency-Key",
            Self::AmbiguousCredentials => "Ambiguous credentials",
            Self::AuthenticationRequired => "Authentication required",
            Self::InvalidToken => "Invalid access token",
            Self::InvalidCredentials => "Invalid credentials",
            Self::InvalidGrant => "Invalid refresh token",
            Self::CrossSiteRequest => "Cross-site request",
            Self::WrongPassword => "Wrong password",
            Self::NotFound => "Not found",
            Self::SessionNotFound => "No such session",
            Self::MethodNotAllowed => "Method not allowed",
            Self::EmailTaken => "Mail address taken",
            Self::SessionLimitReached => "Session limit reached",
            Self::BodyTooLarge => "Body too large",
            Self::UnsupportedMediaType => "Unsupported media type",
            Self::InvalidRequest => "Invalid request",
            Self::InvalidEmail => "Invalid mail address",
            Self::PasswordTooShort => "Password too short",
            Self::PasswordTooLong => "Password too long",
            Self::Internal => "Internal error",
            Self::Busy => "Busy",
            Self::Unavailable => "Unavailable",
            Self::Timeout => "Timeout",
        }
    }

    /// The challenge of a 401, which RFC 9110 §15.5.2 asks for in each of them.
    const fn challenge(self) -> Option<&'static str> {
        match self.status() {
            StatusCode::UNAUTHORIZED => Some(match self {
                Self::InvalidToken => r#"Bearer error="invalid_token""#,
                _ => "Bearer",
            }),
            _ => None,
        }
    }

    /// After how many seconds the same request is worth another try.
    const fn retry_after(self) -> Option<u16> {
        match self {
            Self::Busy | Self::Timeout => Some(1),
            Self::Unavailable => Some(5),
            _ => None,
        }
    }
}

/// A failed request's answer.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Problem {
    code: ProblemCode,
    detail: Cow<'static, str>,
}

impl Problem {
    /// A problem, and what the caller should know or do about it.
    pub(crate) fn new(code: ProblemCode, detail: impl Into<Cow<'static, str>>) -> Self {
        Self { code, detail: detail.into() }
    }

    /// Its code.
    #[must_use]
    pub const fn code(&self) -> ProblemCode {
        self.code
    }

    /// What it says to the caller.
    #[must_use]
    pub fn detail(&self) -> &str {
        &self.detail
    }
}

impl IntoResponse for Problem {
    fn into_response(self) -> Response {
        let Self { code, detail } = self;
        let status = code.status();
        let body = serde_json::json!({
            "type": format!("urn:jeton:problem:{}", code.code()),
            "title": code.title(),
            "status": status.as_u16(),
            "detail": detail,
            "code": code.code(),
        });
        let media_type = HeaderValue::from_static("application/problem+json");
        let mut response = (status, [(CONTENT_TYPE, media_type)], body.to_string()).into_response();
        if let Some(challenge) = code.challenge() {
            response.headers_mut().insert(WWW_AUTHENTICATE, HeaderValue::from_static(challenge));
        }
        if let Some(seconds) = code.retry_after() {
            response.headers_mut().insert(RETRY_AFTER, HeaderValue::from(seconds));
        }
        response
    }
}
