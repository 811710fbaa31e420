//! A request to the router, and its answer.

use std::net::SocketAddr;

use axum::Router;
use axum::body::{Body, to_bytes};
use axum::extract::ConnectInfo;
use axum::http::header::{AUTHORIZATION, CONTENT_TYPE, COOKIE, HeaderName, SET_COOKIE};
use axum::http::{HeaderMap, HeaderValue, Method, Request, Response};
use base64::Engine as _;
use base64::engine::general_purpose::STANDARD;
use serde::Serialize;
use serde_json::Value;
use tower::ServiceExt;

use super::documented;

/// A request on its way.
pub(crate) struct Sending {
    router: Router,
    request: Request<Body>,
}

impl Sending {
    pub(crate) fn new(router: Router, method: Method, path: &str) -> Self {
        Self { router, request: Request::builder().method(method).uri(path).body(Body::empty()).unwrap() }
    }

    pub(crate) fn header(mut self, name: &'static str, value: &str) -> Self {
        self.request.headers_mut().append(HeaderName::from_static(name), HeaderValue::try_from(value).unwrap());
        self
    }

    pub(crate) fn bearer(self, token: &str) -> Self {
        self.header(AUTHORIZATION.as_str(), &format!("Bearer {token}"))
    }

    pub(crate) fn basic(self, user: &str, password: &str) -> Self {
        self.header(AUTHORIZATION.as_str(), &format!("Basic {}", STANDARD.encode(format!("{user}:{password}"))))
    }

    pub(crate) fn form(self, parameters: &[(&str, &str)]) -> Self {
        let body = form_urlencoded::Serializer::new(String::new()).extend_pairs(parameters).finish();
        self.body("application/x-www-form-urlencoded", body)
    }

    pub(crate) fn refresh_cookie(self, token: &str) -> Self {
        self.header(COOKIE.as_str(), &format!("theme=dark; __Host-jeton_refresh={token}"))
    }

    #[expect(clippy::needless_pass_by_value, reason = "so that a call reads `json(json!(…))`")]
    pub(crate) fn json(self, body: Value) -> Self {
        self.body("application/json", body.to_string())
    }

    pub(crate) fn body(self, media_type: &'static str, body: impl Into<Body>) -> Self {
        let mut sending = self.header(CONTENT_TYPE.as_str(), media_type);
        *sending.request.body_mut() = body.into();
        sending
    }

    /// Over a connection from this address.
    pub(crate) fn from(mut self, address: SocketAddr) -> Self {
        self.request.extensions_mut().insert(ConnectInfo(address));
        self
    }

    /// Sends it, and leaves the answer's body where it is.
    pub(crate) async fn open(self) -> Response<Body> {
        self.router.oneshot(self.request).await.unwrap()
    }

    /// Sends it, and reads the answer, which must be in the OpenAPI document.
    pub(crate) async fn send(self) -> Answer {
        let (method, path) = (self.request.method().to_string(), self.request.uri().path().to_owned());
        let answer = Answer::read(self.open().await).await;
        documented::assert(&method, &path, answer.status, &answer.headers, &answer.body);
        answer
    }
}

/// What came back.
#[derive(Clone, Debug)]
pub(crate) struct Answer {
    pub(crate) status: u16,
    pub(crate) headers: HeaderMap,
    pub(crate) body: Vec<u8>,
}

/// Status and body, for snapshots.
#[derive(Serialize)]
pub(crate) struct Shown {
    status: u16,
    body: Value,
}

impl Answer {
    /// The whole of it.
    pub(crate) async fn read(response: Response<Body>) -> Self {
        let (parts, body) = response.into_parts();
        let body = to_bytes(body, usize::MAX).await.unwrap().to_vec();
        Self { status: parts.status.as_u16(), headers: parts.headers, body }
    }

    pub(crate) fn text(&self) -> String {
        String::from_utf8_lossy(&self.body).into_owned()
    }

    pub(crate) fn json(&self) -> Value {
        serde_json::from_slice(&self.body).unwrap()
    }

    pub(crate) fn shown(&self) -> Shown {
        Shown { status: self.status, body: if self.body.is_empty() { Value::Null } else { self.json() } }
    }

    /// A header's one value.
    pub(crate) fn header(&self, name: &str) -> Option<&str> {
        let mut values = self.headers.get_all(name).iter();
        let value = values.next();
        assert!(values.next().is_none(), "{name} occurs twice");
        value.map(|value| value.to_str().unwrap())
    }

    /// Asserts that this is a problem with its whole form, and gives status and code.
    pub(crate) fn problem(&self) -> (u16, String) {
        assert_eq!(self.header("content-type"), Some("application/problem+json"), "{}", self.text());
        let body = self.json();
        let code = body["code"].as_str().unwrap().to_owned();
        assert_eq!(body["type"], format!("urn:jeton:problem:{code}"));
        assert_eq!(body["status"], self.status);
        assert!(!body["title"].as_str().unwrap().is_empty() && !body["detail"].as_str().unwrap().is_empty());
        let extensions: &[&str] = match code.as_str() {
            "session_limit_reached" => &["sessions"],
            "mfa_required" => &["mfa_token", "methods"],
            "second_factor_required" => &["methods"],
            "step_up_required" => &["max_age"],
            "password_guessable" => &["reason"],
            _ => &[],
        };
        assert!(extensions.iter().all(|name| body.get(name).is_some()), "{body}");
        // A second factor may be asked for with a step up, and `/readyz` says which check failed.
        let more = ["second_factor", "checks"].iter().filter(|name| body.get(**name).is_some()).count();
        assert_eq!(body.as_object().unwrap().len(), 5 + extensions.len() + more, "{body}");
        (self.status, code)
    }

    /// Asserts that this is an error in the whole form of RFC 6749 §5.2, and gives status and error.
    pub(crate) fn oauth_error(&self) -> (u16, String) {
        assert_eq!(self.header("content-type"), Some("application/json"), "{}", self.text());
        assert_eq!(self.header("cache-control"), Some("no-store"));
        let body = self.json();
        let description = body["error_description"].as_str().unwrap();
        assert!(
            !description.is_empty() && description.chars().all(|c| matches!(c, ' '..='~') && c != '"' && c != '\\')
        );
        assert_eq!(body.as_object().unwrap().len(), 2, "{body}");
        (self.status, body["error"].as_str().unwrap().to_owned())
    }

    /// Status, headers and body without what differs between any two requests.
    pub(crate) fn comparable(&self) -> (u16, Vec<(String, String)>, String) {
        let named = self.headers.iter().filter(|(name, _)| *name != "x-request-id");
        let headers = named.map(|(name, value)| (name.to_string(), value.to_str().unwrap().to_owned()));
        (self.status, headers.collect(), self.text())
    }

    /// The one `Set-Cookie` of this cookie.
    pub(crate) fn cookie(&self, name: &str) -> Option<String> {
        let lines = self.headers.get_all(SET_COOKIE).iter().map(|value| value.to_str().unwrap());
        let mut found = lines.filter(|line| line.split_once('=').is_some_and(|(set, _)| set == name));
        let cookie = found.next();
        assert!(found.next().is_none(), "{name} is set twice");
        cookie.map(str::to_owned)
    }

    /// The value of the refresh cookie, where the answer sets it.
    pub(crate) fn refresh_cookie(&self) -> Option<String> {
        self.cookie_value("__Host-jeton_refresh")
    }

    /// The value of the device cookie, where the answer sets it.
    pub(crate) fn device_cookie(&self) -> Option<String> {
        self.cookie_value("__Host-jeton_device")
    }

    fn cookie_value(&self, name: &str) -> Option<String> {
        let cookie = self.cookie(name)?;
        Some(cookie.split(';').next()?.split_once('=')?.1.to_owned())
    }
}
