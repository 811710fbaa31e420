//! Who sent a request, as far as the connection and trusted proxies tell.

use std::convert::Infallible;
use std::net::SocketAddr;

use auth_domain::model::Presenter;
use axum::extract::{ConnectInfo, FromRequestParts};
use axum::http::header::USER_AGENT;
use axum::http::request::Parts;

use crate::state::ApiState;

/// The client's address and the user agent.
pub(crate) struct PresentedBy(pub(crate) Presenter);

impl FromRequestParts<ApiState> for PresentedBy {
    type Rejection = Infallible;

    async fn from_request_parts(parts: &mut Parts, state: &ApiState) -> Result<Self, Infallible> {
        Ok(Self(presented_by(parts, state)))
    }
}

/// The same for an extractor that knows more.
pub(crate) fn presented_by(parts: &Parts, state: &ApiState) -> Presenter {
    let peer = parts.extensions.get::<ConnectInfo<SocketAddr>>().map(|info| info.0.ip());
    let ip = peer.map(|peer| state.settings().trusted_proxies.client(peer, &parts.headers));
    let user_agent = parts.headers.get(USER_AGENT).map(|value| String::from_utf8_lossy(value.as_bytes()));
    Presenter::new(ip, user_agent.as_deref())
}
