//! One bounded GET: no redirects, a deadline, a limit on the body.

use std::error::Error;
use std::time::Duration;

use axum::http::{HeaderMap, StatusCode};
use reqwest::redirect::Policy;
use reqwest::{Client, RequestBuilder};

const CONNECT_TIMEOUT: Duration = Duration::from_secs(5);

/// Why nothing useful came. Messages hold neither a key nor a body.
#[derive(Clone, Debug, PartialEq, Eq, thiserror::Error)]
pub(super) enum FetchError {
    #[error("no answer: {0}")]
    Unreachable(String),
    #[error("the answer has the status {0}")]
    Status(StatusCode),
    #[error("the answer has more than {0} bytes")]
    TooLarge(usize),
    #[error("the answer cannot be understood: {0}")]
    Malformed(String),
}

/// An answer that came whole.
pub(super) struct Answer {
    pub(super) status: StatusCode,
    pub(super) headers: HeaderMap,
    pub(super) body: Vec<u8>,
}

/// A client that follows no redirect: an API key goes where its owner sends it and nowhere else.
pub(super) fn client() -> Result<Client, reqwest::Error> {
    Client::builder()
        .connect_timeout(CONNECT_TIMEOUT)
        .redirect(Policy::none())
        .user_agent(concat!("jeton-guard/", env!("CARGO_PKG_VERSION")))
        .build()
}

/// Sends a request and reads at most `limit` bytes. A status of failure is an error.
pub(super) async fn send(request: RequestBuilder, limit: usize) -> Result<Answer, FetchError> {
    let mut response = request.send().await.map_err(unreachable)?;
    let (status, headers) = (response.status(), std::mem::take(response.headers_mut()));
    if !status.is_success() && status != StatusCode::NOT_MODIFIED {
        return Err(FetchError::Status(status));
    }
    let mut body = Vec::new();
    while let Some(chunk) = response.chunk().await.map_err(unreachable)? {
        if body.len() + chunk.len() > limit {
            return Err(FetchError::TooLarge(limit));
        }
        body.extend_from_slice(&chunk);
    }
    Ok(Answer { status, headers, body })
}

/// The whole chain of causes: the first one alone says "error sending request". The address is told elsewhere.
fn unreachable(error: reqwest::Error) -> FetchError {
    let error = error.without_url();
    let mut text = error.to_string();
    let mut cause = error.source();
    while let Some(next) = cause {
        text = format!("{text}: {next}");
        cause = next.source();
    }
    FetchError::Unreachable(text)
}
