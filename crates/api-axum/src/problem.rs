//! What an answer says when a request fails: RFC 9457 `application/problem+json` with a stable code.
//!
//! One code has one status and one meaning; `docs/errors.md` lists them all. The text is for people and says nothing about
//! the inside of the server.

mod code;
#[cfg(feature = "router")]
mod domain;

use std::borrow::Cow;

use axum::http::HeaderValue;
use axum::http::header::{CONTENT_TYPE, RETRY_AFTER, WWW_AUTHENTICATE};
use axum::response::{IntoResponse, Response};
use serde_json::{Map, Value, json};

pub use code::ProblemCode;

/// A failed request's answer.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Problem {
    code: ProblemCode,
    detail: Cow<'static, str>,
    /// Extension members (RFC 9457 §3.2).
    members: Map<String, Value>,
}

impl Problem {
    /// A problem, and what the caller should know or do about it.
    pub(crate) fn new(code: ProblemCode, detail: impl Into<Cow<'static, str>>) -> Self {
        Self { code, detail: detail.into(), members: Map::new() }
    }

    /// The same with an extension member.
    #[cfg(feature = "router")]
    pub(crate) fn with(mut self, name: &str, value: Value) -> Self {
        self.members.insert(name.to_owned(), value);
        self
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
        let Self { code, detail, members } = self;
        let status = code.status();
        let mut body = json!({
            "type": format!("urn:jeton:problem:{}", code.code()),
            "title": code.title(),
            "status": status.as_u16(),
            "detail": detail,
            "code": code.code(),
        });
        if let Value::Object(body) = &mut body {
            body.extend(members);
        }
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
