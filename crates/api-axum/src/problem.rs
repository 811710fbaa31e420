//! What an answer says when a request fails: RFC 9457 `application/problem+json` with a stable code.
//!
//! One code has one status and one meaning; `docs/reference/errors.md` lists them all. The text is for people and says nothing about
//! the inside of the server.

#[cfg(feature = "router")]
mod account;
mod code;
#[cfg(feature = "router")]
mod domain;
mod header;

use std::borrow::Cow;
use std::fmt;
use std::time::Duration;

use axum::http::HeaderValue;
use axum::http::header::{CONTENT_TYPE, RETRY_AFTER, WWW_AUTHENTICATE};
use axum::response::{IntoResponse, Response};
use serde_json::{Map, Value, json};

pub use code::ProblemCode;

/// A failed request's answer.
#[derive(Clone, PartialEq, Eq)]
pub struct Problem {
    code: ProblemCode,
    detail: Cow<'static, str>,
    /// Extension members (RFC 9457 §3.2).
    members: Map<String, Value>,
    /// In the place of what goes with the code.
    challenge: Option<HeaderValue>,
    /// In seconds, in the place of what goes with the code.
    retry_after: Option<u64>,
}

/// A member may be a secret, such as the token of a login that was begun: only their names are shown.
impl fmt::Debug for Problem {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        let members: Vec<_> = self.members.keys().collect();
        f.debug_struct("Problem")
            .field("code", &self.code)
            .field("detail", &self.detail)
            .field("members", &members)
            .finish_non_exhaustive()
    }
}

impl Problem {
    /// A problem, and what the caller should know or do about it.
    pub(crate) fn new(code: ProblemCode, detail: impl Into<Cow<'static, str>>) -> Self {
        Self { code, detail: detail.into(), members: Map::new(), challenge: None, retry_after: None }
    }

    /// Somebody has to prove again who he is (RFC 9470 §3): not longer ago than this, and where it is asked for with a second
    /// factor.
    pub(crate) fn step_up(max_age: Duration, detail: String) -> Self {
        let seconds = max_age.as_secs();
        let challenge = format!(r#"Bearer error="insufficient_user_authentication", max_age="{seconds}""#);
        let problem = Self::new(ProblemCode::StepUpRequired, detail).with("max_age", seconds.into());
        Self { challenge: HeaderValue::try_from(challenge).ok(), ..problem }
    }

    /// The same, worth another try after this long.
    #[cfg(feature = "router")]
    pub(crate) fn retry_in(self, wait: Duration) -> Self {
        let seconds = wait.as_secs() + u64::from(wait.subsec_nanos() > 0);
        Self { retry_after: Some(seconds.max(1)), ..self }
    }

    /// The same with an extension member.
    pub(crate) fn with(mut self, name: &str, value: Value) -> Self {
        self.members.insert(name.to_owned(), value);
        self
    }

    /// Its code.
    #[must_use]
    pub const fn code(&self) -> ProblemCode {
        self.code
    }

    /// After how many seconds the same request is worth another try.
    pub(crate) fn retry_after(&self) -> Option<u64> {
        self.retry_after.or(self.code.retry_after())
    }

    /// What it says to the caller.
    #[must_use]
    pub fn detail(&self) -> &str {
        &self.detail
    }
}

impl IntoResponse for Problem {
    fn into_response(self) -> Response {
        let retry_after = self.retry_after();
        let Self { code, detail, members, challenge, .. } = self;
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
        // For the layer that counts.
        response.extensions_mut().insert(code);
        if let Some(challenge) = challenge.or_else(|| code.challenge().map(HeaderValue::from_static)) {
            response.headers_mut().insert(WWW_AUTHENTICATE, challenge);
        }
        if let Some(seconds) = retry_after {
            response.headers_mut().insert(RETRY_AFTER, HeaderValue::from(seconds));
        }
        response
    }
}
