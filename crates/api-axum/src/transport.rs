//! How a refresh token travels, and a device token with it: in the body, or in a cookie that no script can read.
//!
//! A browser sends a cookie by itself, so a request that rests on one must prove that a page of the server's own origin
//! sent it: by `Sec-Fetch-Site` or `Origin`, and by a form that no other page can send without asking first.

use std::time::Duration;

use auth_domain::login::SignedIn;
use auth_domain::session::IssuedTokens;
use auth_domain::throttle::DeviceToken;
use axum::http::header::{CACHE_CONTROL, COOKIE, ORIGIN, PRAGMA, SET_COOKIE};
use axum::http::{HeaderMap, HeaderValue};
use axum::response::{IntoResponse, Response};
use secrecy::SecretString;
use serde::{Deserialize, Serialize};
use utoipa::ToSchema;

use crate::extract::declares_json;
use crate::problem::{Problem, ProblemCode};
use crate::state::ApiState;

/// The cookie's name. Its prefix makes browsers insist on `Secure`, on `Path=/` and on no `Domain` (RFC 6265bis §4.1.3.2).
const REFRESH_COOKIE: &str = "__Host-jeton_refresh";
/// The cookie by which a device is known at its next login. It opens nothing, so it outlives the session.
const DEVICE_COOKIE: &str = "__Host-jeton_device";
const DEVICE_COOKIE_LIFE: Duration = Duration::from_secs(365 * 24 * 3_600);

/// How the client wants its refresh token.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq, Deserialize, ToSchema)]
#[serde(try_from = "String")]
#[schema(rename_all = "lowercase")]
pub(crate) enum Transport {
    /// In the body: for clients that keep secrets.
    #[default]
    Body,
    /// In the cookie: for pages.
    Cookie,
}

/// By way of text: in the place of a variant, the JSON parser takes another type for broken JSON, not for a wrong type.
impl TryFrom<String> for Transport {
    type Error = &'static str;

    fn try_from(name: String) -> Result<Self, Self::Error> {
        match name.as_str() {
            "body" => Ok(Self::Body),
            "cookie" => Ok(Self::Cookie),
            _ => Err("a transport is `body` or `cookie`"),
        }
    }
}

/// A refresh token that a request brought, and how.
pub(crate) struct Carried {
    pub(crate) token: SecretString,
    pub(crate) transport: Transport,
}

impl Carried {
    /// Finds the refresh token in the body or in the cookie; in both at once it is refused.
    pub(crate) fn find(body: Option<SecretString>, headers: &HeaderMap, origin: &str) -> Result<Option<Self>, Problem> {
        match (body, cookie(headers, REFRESH_COOKIE)?) {
            (Some(_), Some(_)) => Err(ambiguous("Send the refresh token in the body or in the cookie, not in both.")),
            (Some(token), None) => Ok(Some(Self { token, transport: Transport::Body })),
            (None, Some(token)) => {
                check_same_origin(headers, origin)?;
                Ok(Some(Self { token, transport: Transport::Cookie }))
            }
            (None, None) => Ok(None),
        }
    }
}

/// What a device that signs in kept of its last login: from the body, or, where it keeps its tokens in cookies, from the cookie.
/// Cookies are for pages of the server's own origin.
pub(crate) fn device_token(
    body: Option<SecretString>,
    headers: &HeaderMap,
    state: &ApiState,
    transport: Transport,
) -> Result<Option<SecretString>, Problem> {
    if transport == Transport::Body {
        return Ok(body);
    }
    check_same_origin(headers, &state.settings().origin)?;
    match (body, cookie(headers, DEVICE_COOKIE)?) {
        (Some(_), Some(_)) => Err(ambiguous("Send the device token in the body or in the cookie, not in both.")),
        (body, cookie) => Ok(body.or(cookie)),
    }
}

fn ambiguous(detail: &'static str) -> Problem {
    Problem::new(ProblemCode::AmbiguousCredentials, detail)
}

fn cookie(headers: &HeaderMap, wanted: &str) -> Result<Option<SecretString>, Problem> {
    let pairs = headers.get_all(COOKIE).iter().filter_map(|value| value.to_str().ok()).flat_map(|line| line.split(';'));
    let mut found = pairs.filter_map(|pair| pair.trim().split_once('=')).filter(|(name, _)| *name == wanted);
    match (found.next(), found.next()) {
        (_, Some(_)) => Err(ambiguous("Send each cookie once.")),
        (first, None) => Ok(first.map(|(_, value)| SecretString::from(value))),
    }
}

/// Refuses a cookie request that another site could have caused.
fn check_same_origin(headers: &HeaderMap, origin: &str) -> Result<(), Problem> {
    let refused = |detail| Err(Problem::new(ProblemCode::CrossSiteRequest, detail));
    if !declares_json(headers) && !headers.contains_key("x-requested-with") {
        return refused("Send a cookie request as JSON, or with the header `X-Requested-With`.");
    }
    let all_are = |name: &str, expected: &str| headers.get_all(name).iter().all(|value| value == expected);
    if !all_are("sec-fetch-site", "same-origin") || !all_are(ORIGIN.as_str(), origin) {
        return refused("A cookie request must come from a page of this server's own origin.");
    }
    if !headers.contains_key("sec-fetch-site") && !headers.contains_key(ORIGIN) {
        return refused("A cookie request must carry `Sec-Fetch-Site` or `Origin`, as browsers send them.");
    }
    Ok(())
}

/// RFC 6749 §5.1, and three fields of our own.
#[derive(Serialize, ToSchema)]
#[schema(as = TokenResponse)]
pub(crate) struct TokenResponse<'a> {
    #[schema(examples("eyJhbGciOiJFZERTQSJ9.eyJzdWIiOiJhbGljZSJ9.c2ln"))]
    access_token: &'a str,
    #[schema(value_type = String, examples("Bearer"))]
    token_type: &'static str,
    /// For how many seconds the access token is good.
    #[schema(examples(900))]
    expires_in: u64,
    /// Left out where it travels in the cookie.
    #[serde(skip_serializing_if = "Option::is_none")]
    #[schema(examples("jrt_bW9yZSB0aGFuIHRoaXJ0eSByYW5kb20gYnl0ZXM"))]
    refresh_token: Option<&'a str>,
    #[schema(examples("openid"))]
    scope: &'a str,
    /// For how many seconds the refresh token is good if it is not used.
    #[schema(examples(2_592_000))]
    refresh_expires_in: u64,
    #[schema(format = "uuid", examples("0198f3a2-7d2e-7c4f-8a11-4b6e3d8f9c52"))]
    session_id: String,
    /// To show at the next login. After a login alone, and left out where it travels in a cookie.
    #[serde(skip_serializing_if = "Option::is_none")]
    #[schema(examples("jdt_dGhpcyBkZXZpY2Ugc2lnbmVkIGluIGJlZm9yZQ"))]
    device_token: Option<&'a str>,
}

/// The answer with a session's tokens, the refresh token where its client wants it.
pub(crate) fn token_response(tokens: &IssuedTokens, transport: Transport) -> Result<Response, Problem> {
    respond(tokens, None, transport)
}

/// The same at the end of a login, with what makes the device known at its next one.
pub(crate) fn signed_in(signed_in: &SignedIn, transport: Transport) -> Result<Response, Problem> {
    respond(&signed_in.tokens, Some(&signed_in.device_token), transport)
}

fn respond(tokens: &IssuedTokens, device: Option<&DeviceToken>, transport: Transport) -> Result<Response, Problem> {
    let refresh_life = tokens.facts.refresh_expires_at().since(tokens.now);
    let body = TokenResponse {
        access_token: tokens.access_token.expose(),
        token_type: "Bearer",
        expires_in: tokens.access_token.expires_in(),
        refresh_token: (transport == Transport::Body).then(|| tokens.refresh_token.expose()),
        scope: &tokens.facts.scope,
        refresh_expires_in: refresh_life.as_secs(),
        session_id: tokens.facts.session.to_string(),
        device_token: device.filter(|_| transport == Transport::Body).map(DeviceToken::expose),
    };
    let mut response = axum::Json(body).into_response();
    let headers = response.headers_mut();
    headers.insert(CACHE_CONTROL, HeaderValue::from_static("no-store"));
    headers.insert(PRAGMA, HeaderValue::from_static("no-cache"));
    if transport == Transport::Cookie {
        headers.append(SET_COOKIE, set_cookie(REFRESH_COOKIE, tokens.refresh_token.expose(), refresh_life)?);
        if let Some(device) = device {
            headers.append(SET_COOKIE, set_cookie(DEVICE_COOKIE, device.expose(), DEVICE_COOKIE_LIFE)?);
        }
    }
    Ok(response)
}

fn set_cookie(name: &str, token: &str, life: Duration) -> Result<HeaderValue, Problem> {
    let max_age = life.as_secs();
    let cookie = format!("{name}={token}; Max-Age={max_age}; Path=/; Secure; HttpOnly; SameSite=Strict");
    let mut value = HeaderValue::try_from(cookie).map_err(|error| {
        tracing::error!(%error, "a token does not fit into a cookie");
        Problem::new(ProblemCode::Internal, "A token does not fit into a cookie.")
    })?;
    value.set_sensitive(true);
    Ok(value)
}

/// Adds what makes a browser forget the cookie.
pub(crate) fn clear_cookie(mut response: Response) -> Response {
    const CLEARED: &str = "__Host-jeton_refresh=; Max-Age=0; Path=/; Secure; HttpOnly; SameSite=Strict";
    response.headers_mut().insert(SET_COOKIE, HeaderValue::from_static(CLEARED));
    response
}

/// The refresh token that a request without a body brings in its cookie, for the fuzzer; `Err` is the refusal's code.
///
/// # Errors
/// When the cookie comes twice, or another site could have caused the request.
#[cfg(fuzzing)]
pub fn refresh_cookie(headers: &HeaderMap, origin: &str) -> Result<Option<String>, String> {
    use secrecy::ExposeSecret as _;
    match Carried::find(None, headers, origin) {
        Ok(carried) => Ok(carried.map(|carried| carried.token.expose_secret().to_owned())),
        Err(problem) => Err(format!("{problem:?}")),
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    const ORIGIN: &str = "https://login.example";

    fn headers(pairs: &[(&'static str, &'static str)]) -> HeaderMap {
        pairs.iter().map(|(name, value)| (name.parse().unwrap(), HeaderValue::from_static(value))).collect()
    }

    fn same_origin(pairs: &[(&'static str, &'static str)]) -> bool {
        check_same_origin(&headers(pairs), ORIGIN).is_ok()
    }

    #[test]
    fn s6_a_cookie_request_must_prove_that_it_comes_from_the_same_origin() {
        let json = ("content-type", "application/json");
        assert!(same_origin(&[json, ("sec-fetch-site", "same-origin")]));
        assert!(same_origin(&[json, ("origin", ORIGIN)]));
        assert!(same_origin(&[json, ("origin", ORIGIN), ("sec-fetch-site", "same-origin")]));
        assert!(!same_origin(&[json]));
        for site in ["same-site", "cross-site", "none", ""] {
            assert!(!same_origin(&[json, ("origin", ORIGIN), ("sec-fetch-site", site)]), "{site}");
        }
        for origin in ["null", "http://login.example", "https://login.example:444", "https://evil.example", ""] {
            assert!(!same_origin(&[json, ("sec-fetch-site", "same-origin"), ("origin", origin)]), "{origin}");
        }
    }

    #[test]
    fn s6_a_cookie_request_must_have_a_form_that_other_pages_cannot_send_unasked() {
        let fetched = ("sec-fetch-site", "same-origin");
        assert!(same_origin(&[fetched, ("x-requested-with", "fetch")]));
        assert!(!same_origin(&[fetched]));
        assert!(!same_origin(&[fetched, ("content-type", "text/plain")]));
        assert!(!same_origin(&[fetched, ("content-type", "application/x-www-form-urlencoded")]));
    }

    #[test]
    fn the_cookie_is_found_among_others_and_must_be_the_only_one_of_its_name() {
        let found = |pairs| cookie(&headers(pairs), REFRESH_COOKIE).map(|found| found.is_some());
        assert_eq!(found(&[("cookie", "a=b; __Host-jeton_refresh=jrt_x; c=d")]), Ok(true));
        assert_eq!(found(&[("cookie", "a=b"), ("cookie", "__Host-jeton_refresh=jrt_x")]), Ok(true));
        assert_eq!(found(&[("cookie", "jeton_refresh=jrt_x; x__Host-jeton_refresh=y")]), Ok(false));
        assert!(found(&[("cookie", "__Host-jeton_refresh=jrt_x; __Host-jeton_refresh=jrt_y")]).is_err());
    }
}
