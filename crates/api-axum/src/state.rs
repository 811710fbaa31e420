//! What the router needs: the use cases, the guard, and a few settings.

use std::sync::Arc;
use std::time::Duration;

use auth_domain::Auth;
use auth_domain::ports::StoreHealth;
use axum::extract::FromRef;
use tokio::sync::watch;

use crate::guard::Guard;
use crate::routes::Jwks;

/// The state of the [`router`](crate::router). Cheap to clone.
#[derive(Clone)]
pub struct ApiState(Arc<Inner>);

struct Inner {
    parts: ApiParts,
    jwks: Jwks,
}

/// What an [`ApiState`] is made of.
pub struct ApiParts {
    /// The use cases.
    pub auth: Arc<Auth>,
    /// Verifies what `auth` issues, with the revocation set that `auth` writes to.
    pub guard: Guard,
    /// The `iss` of the access tokens, exactly: the metadata (RFC 8414) names it.
    pub issuer: String,
    /// The one client that sessions are opened for: `Policies::client`.
    pub client_id: String,
    /// The JWK set with the keys of the access tokens, as JSON.
    pub jwks: String,
    /// Whether the store can do its work.
    pub health: Arc<dyn StoreHealth>,
    /// Changes whenever this node's `auth.feed` has followed something new; readers of the feed wait for it. When its sender
    /// is gone the server is stopping, and whoever waits is answered at once.
    pub feed_news: watch::Receiver<u64>,
    /// What the operator decides about HTTP.
    pub settings: HttpSettings,
}

/// What the operator decides about HTTP.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct HttpSettings {
    /// A request that takes longer is answered with 503. Whoever waits for news of the feed may take that much longer.
    pub request_timeout: Duration,
    /// The origin that pages of this server have, such as `https://login.example`: scheme, host, and the port unless it is
    /// the scheme's own, without a slash at the end. Requests that rest on the refresh cookie must come from it.
    pub origin: String,
    /// Whether to send `Strict-Transport-Security`: yes, where clients reach the server by TLS alone.
    pub hsts: bool,
}

/// 30 seconds, `http://127.0.0.1:8080`, no HSTS.
impl Default for HttpSettings {
    fn default() -> Self {
        Self { request_timeout: Duration::from_secs(30), origin: "http://127.0.0.1:8080".to_owned(), hsts: false }
    }
}

impl ApiState {
    /// Puts it together.
    #[must_use]
    pub fn new(parts: ApiParts) -> Self {
        let jwks = Jwks::new(&parts.jwks);
        Self(Arc::new(Inner { parts, jwks }))
    }

    pub(crate) fn auth(&self) -> &Auth {
        &self.0.parts.auth
    }

    pub(crate) fn guard(&self) -> &Guard {
        &self.0.parts.guard
    }

    pub(crate) fn issuer(&self) -> &str {
        &self.0.parts.issuer
    }

    pub(crate) fn client_id(&self) -> &str {
        &self.0.parts.client_id
    }

    pub(crate) fn jwks(&self) -> &Jwks {
        &self.0.jwks
    }

    pub(crate) fn health(&self) -> &dyn StoreHealth {
        &*self.0.parts.health
    }

    pub(crate) fn feed_news(&self) -> watch::Receiver<u64> {
        self.0.parts.feed_news.clone()
    }

    pub(crate) fn settings(&self) -> &HttpSettings {
        &self.0.parts.settings
    }
}

impl FromRef<ApiState> for Guard {
    fn from_ref(state: &ApiState) -> Self {
        state.guard().clone()
    }
}
