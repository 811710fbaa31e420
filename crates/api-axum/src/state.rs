//! What the router needs: the use cases, the guard, and a few settings.

use std::sync::Arc;
use std::time::Duration;

use auth_domain::Auth;
use auth_domain::ports::StoreHealth;
use axum::extract::FromRef;

use crate::guard::Guard;

/// The state of the [`router`](crate::router). Cheap to clone.
#[derive(Clone)]
pub struct ApiState(Arc<Inner>);

struct Inner {
    auth: Arc<Auth>,
    guard: Guard,
    jwks: String,
    health: Arc<dyn StoreHealth>,
    settings: HttpSettings,
}

/// What the operator decides about HTTP.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct HttpSettings {
    /// A request that takes longer is answered with 503.
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
    /// Puts it together. `guard` must verify what `auth` issues, with the revocation set that `auth` writes to; `jwks` is
    /// the JWK set with the keys of those tokens, as JSON.
    #[must_use]
    pub fn new(
        auth: Arc<Auth>,
        guard: Guard,
        jwks: String,
        health: Arc<dyn StoreHealth>,
        settings: HttpSettings,
    ) -> Self {
        Self(Arc::new(Inner { auth, guard, jwks, health, settings }))
    }

    pub(crate) fn auth(&self) -> &Auth {
        &self.0.auth
    }

    pub(crate) fn guard(&self) -> &Guard {
        &self.0.guard
    }

    pub(crate) fn jwks(&self) -> &str {
        &self.0.jwks
    }

    pub(crate) fn health(&self) -> &dyn StoreHealth {
        &*self.0.health
    }

    pub(crate) fn settings(&self) -> &HttpSettings {
        &self.0.settings
    }
}

impl FromRef<ApiState> for Guard {
    fn from_ref(state: &ApiState) -> Self {
        state.guard().clone()
    }
}
