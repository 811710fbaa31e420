//! Who sent a request, as far as the connection tells.

use std::convert::Infallible;
use std::net::SocketAddr;

use auth_domain::model::Presenter;
use axum::extract::{ConnectInfo, FromRequestParts};
use axum::http::header::USER_AGENT;
use axum::http::request::Parts;

/// The address of the connection and the user agent. Forwarded headers are not read: anybody can send them.
pub(crate) struct PresentedBy(pub(crate) Presenter);

impl<S: Send + Sync> FromRequestParts<S> for PresentedBy {
    type Rejection = Infallible;

    async fn from_request_parts(parts: &mut Parts, _state: &S) -> Result<Self, Infallible> {
        Ok(Self(presented_by(parts)))
    }
}

/// The same for an extractor that knows more.
pub(crate) fn presented_by(parts: &Parts) -> Presenter {
    let ip = parts.extensions.get::<ConnectInfo<SocketAddr>>().map(|info| info.0.ip().to_canonical());
    let user_agent = parts.headers.get(USER_AGENT).map(|value| String::from_utf8_lossy(value.as_bytes()));
    Presenter::new(ip, user_agent.as_deref())
}
