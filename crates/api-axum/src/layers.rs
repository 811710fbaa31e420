//! What happens to every request on its way in and out: an identifier, a log line, a deadline, a last resort, and the
//! headers that browsers should see.

use std::net::SocketAddr;
use std::time::Duration;

use axum::extract::{ConnectInfo, MatchedPath, Request, State};
use axum::http::header::{
    CACHE_CONTROL, CONTENT_SECURITY_POLICY, HeaderName, REFERRER_POLICY, STRICT_TRANSPORT_SECURITY,
    X_CONTENT_TYPE_OPTIONS,
};
use axum::http::{HeaderMap, HeaderValue};
use axum::middleware::Next;
use axum::response::{IntoResponse, Response};
use tokio::time::{Instant, timeout};
use tracing::Instrument;
use uuid::Uuid;

use crate::measure;
use crate::operations::BegunRequest;
use crate::problem::{Problem, ProblemCode};
use crate::routes::{MAX_WAIT, OAuthError};
use crate::state::{ApiState, HttpSettings};

const REQUEST_ID: HeaderName = HeaderName::from_static("x-request-id");
const SERVER_TIMING: HeaderName = HeaderName::from_static("server-timing");

/// The one layer around every route.
///
/// The span has the method and the route's pattern, never the path, the query, a header or the body: those carry
/// identifiers and secrets.
pub(crate) async fn around(State(state): State<ApiState>, request: Request, next: Next) -> Response {
    let id = request_id();
    let method = request.method().clone();
    let matched = request.extensions().get::<MatchedPath>().cloned();
    let route = matched.as_ref().map(MatchedPath::as_str);
    // By the end of the pattern, since the router may be mounted under a prefix.
    let is_oauth = route.is_some_and(|route| route.contains("/oauth/"));
    let waits = route.is_some_and(|route| route.ends_with("/v1/revocations"));
    let limit = state.settings().request_timeout + if waits { MAX_WAIT } else { Duration::ZERO };
    let route_or_none = route.unwrap_or("-");
    // The fields without a value are for who watches, and stand in no log that nobody else watches.
    let (name, kind) = (tracing::field::Empty, tracing::field::Empty);
    let span = tracing::info_span!(
        "request", request_id = %id, %method, route = route_or_none, otel.name = name, otel.kind = kind
    );
    let watch = state.operations().watch.as_deref();
    if let Some(watch) = watch {
        watch.begun(&span, BegunRequest { method: &method, route, traceparent: traceparent(&request, &state) });
    }
    let begun = async {
        let _counted = state.load().request();
        let started = Instant::now();
        let answer = next.run(request).in_current_span();
        let mut response = match contained(answer, limit).await {
            Ok(response) => response,
            Err(problem) if is_oauth => OAuthError::from(problem).into_response(),
            Err(problem) => problem.into_response(),
        };
        let took = started.elapsed();
        let latency_ms = u64::try_from(took.as_millis()).unwrap_or(u64::MAX);
        tracing::info!(status = response.status().as_u16(), latency_ms, "a request was answered");
        measure::answered(&method, route, &response, took);
        protect(response.headers_mut(), state.settings());
        if let Ok(id) = HeaderValue::try_from(id.to_string()) {
            response.headers_mut().insert(REQUEST_ID, id);
        }
        (response, took)
    };
    let (mut response, took) = begun.instrument(span.clone()).await;
    if let Some(watch) = watch {
        watch.answered(&span, response.status());
    }
    if state.settings().server_timing {
        let parts = watch.map(|watch| watch.parts(&span)).unwrap_or_default();
        response.headers_mut().insert(SERVER_TIMING, server_timing(&parts, took));
    }
    response
}

/// The trace that the request is a part of, where a trusted proxy says so: a stranger is not to write into the operator's traces.
fn traceparent<'a>(request: &'a Request, state: &ApiState) -> Option<&'a str> {
    let peer = request.extensions().get::<ConnectInfo<SocketAddr>>()?.0.ip();
    if state.settings().trusted_proxies.sent(peer) { request.headers().get("traceparent")?.to_str().ok() } else { None }
}

/// `Server-Timing` (W3C): each part and the whole, in milliseconds.
fn server_timing(parts: &[(&'static str, Duration)], total: Duration) -> HeaderValue {
    let all = parts.iter().copied().chain([("total", total)]);
    let text: Vec<_> = all.map(|(name, took)| format!("{name};dur={:.3}", took.as_secs_f64() * 1e3)).collect();
    HeaderValue::try_from(text.join(", ")).unwrap_or_else(|_| HeaderValue::from_static("total"))
}

/// The answer, or the problem when its handler panics or takes too long.
///
/// The handler is a task of its own: a client that hangs up, or an answer that comes too late, cancels nothing. What was
/// committed is still followed by what must follow it, such as the entry in this node's revocation set.
async fn contained(
    answer: impl Future<Output = Response> + Send + 'static,
    limit: Duration,
) -> Result<Response, Problem> {
    Err(match timeout(limit, tokio::spawn(answer)).await {
        Ok(Ok(response)) => return Ok(response),
        Ok(Err(error)) if error.is_panic() => {
            // What the panic says went to the panic hook; it may hold anything, so it is not repeated here.
            tracing::error!("a request made its handler panic");
            let detail = "Something went wrong in the server. The operator finds the reason in its log.";
            Problem::new(ProblemCode::Internal, detail)
        }
        Ok(Err(_)) => {
            tracing::warn!("a request was given up because the server is stopping");
            Problem::new(ProblemCode::Unavailable, "The server is stopping. Send the same request again in a moment.")
        }
        Err(_) => {
            tracing::error!(limit_ms = limit.as_millis(), "a request took too long");
            Problem::new(ProblemCode::Timeout, "The answer took too long. Send the same request again in a moment.")
        }
    })
}

/// Nothing is stored, sniffed, framed or referred from, unless the route says otherwise.
fn protect(headers: &mut HeaderMap, settings: &HttpSettings) {
    let mut default = |name: HeaderName, value: &'static str| {
        headers.entry(name).or_insert(HeaderValue::from_static(value));
    };
    default(CACHE_CONTROL, "no-store");
    default(X_CONTENT_TYPE_OPTIONS, "nosniff");
    default(REFERRER_POLICY, "no-referrer");
    default(CONTENT_SECURITY_POLICY, "default-src 'none'; frame-ancestors 'none'");
    if settings.hsts {
        default(STRICT_TRANSPORT_SECURITY, "max-age=31536000");
    }
}

/// A random identifier. It is no secret: were there no randomness, the requests would merely share one.
fn request_id() -> Uuid {
    let mut bytes = [0; 16];
    if aws_lc_rs::rand::fill(&mut bytes).is_err() {
        tracing::warn!("the system gave no randomness for a request's identifier");
    }
    uuid::Builder::from_random_bytes(bytes).into_uuid()
}

#[cfg(test)]
mod tests {
    use super::*;

    #[tokio::test]
    async fn s10_a_panic_becomes_an_answer_without_detail() {
        let answer = contained(async { panic!("the password is hunter2") }, Duration::from_secs(1)).await;
        let problem = answer.err().unwrap();
        assert_eq!(problem.code(), ProblemCode::Internal);
        assert!(!problem.detail().contains("hunter2"));
    }

    #[tokio::test]
    async fn an_answer_that_takes_too_long_becomes_a_problem() {
        let answer = contained(std::future::pending(), Duration::from_millis(1)).await;
        assert_eq!(answer.err().map(|problem| problem.code()), Some(ProblemCode::Timeout));
    }
}
