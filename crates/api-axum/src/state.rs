//! What the router needs: the use cases, the guard, and a few settings.

use std::sync::Arc;
use std::time::Duration;

use arc_swap::ArcSwap;
use auth_domain::Auth;
use auth_domain::model::{PasswordPolicy, RegistrationMode};
use auth_domain::ports::StoreHealth;
use auth_domain::signing::Keys;
use axum::extract::FromRef;
use tokio::sync::watch;

use crate::advice::Advice;
use crate::guard::Guard;
use crate::load::Load;
use crate::operations::{HttpLoad, Operations};
use crate::proxies::TrustedProxies;
use crate::routes::Jwks;

/// The state of the [`router`](crate::router). Cheap to clone.
#[derive(Clone)]
pub struct ApiState(Arc<Inner>);

struct Inner {
    parts: ApiParts,
    /// Made anew when `auth.key_ring` has other keys.
    jwks: ArcSwap<Jwks>,
    advice: Advice,
    load: Load,
}

/// What an [`ApiState`] is made of.
pub struct ApiParts {
    /// The use cases.
    pub auth: Arc<Auth>,
    /// Verifies what `auth` issues, with the revocation set that `auth` writes to: [`Guard::of_issuer`] with `auth.key_ring`.
    pub guard: Guard,
    /// The signing keys, for operators to see and change by HTTP; those of `auth.key_ring`. Without them, as where one fixed key
    /// signs, there is nothing at `/v1/admin/keys`.
    pub keys: Option<Arc<Keys>>,
    /// The `iss` of the access tokens, exactly: the metadata (RFC 8414) names it.
    pub issuer: String,
    /// The one client that sessions are opened for: `Policies::client`.
    pub client_id: String,
    /// What a new password must satisfy: `Policies::password`. Its product is among the words that make a password easy to guess.
    pub password_policy: PasswordPolicy,
    /// Whether the store can do its work.
    pub health: Arc<dyn StoreHealth>,
    /// Changes whenever this node's `auth.feed` has followed something new; readers of the feed wait for it. When its sender
    /// is gone the server is stopping, and whoever waits is answered at once.
    pub feed_news: watch::Receiver<u64>,
    /// What the operator decides about HTTP.
    pub settings: HttpSettings,
    /// What the operator hangs onto it: `Operations::default()` is nothing.
    pub operations: Operations,
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
    /// For how long anybody may keep the JWK set (`Cache-Control: max-age`), in whole seconds. A key that is published for less
    /// than this is one that verifiers may not have seen, so it must be the `max_age` of the
    /// [`KeyPolicy`](auth_domain::model::KeyPolicy).
    pub jwks_max_age: Duration,
    /// The proxies whose `X-Forwarded-For` counts.
    pub trusted_proxies: TrustedProxies,
    /// How many readers of the revocation feed may wait at once; one more is answered with 503.
    pub max_feed_readers: usize,
    /// Whether answers say in `Server-Timing` how long they took. For development alone: whoever measures an answer from outside
    /// measures the network too, and this tells him what is left.
    pub server_timing: bool,
    /// The page for people at `/`; `None` serves none. It is there with the feature `console` alone.
    pub console: Option<ConsoleSettings>,
}

/// What the page for people says and offers.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct ConsoleSettings {
    /// What the service is called.
    pub product: String,
    /// Who may register: `Policies::registration`. The page offers no more than that.
    pub registration: RegistrationMode,
    /// Whether there are passkeys: `Ports::webauthn`.
    pub passkeys: bool,
    /// Whether mails go to files on the server's machine, as in development: the page says where to look for them.
    pub outbox: bool,
}

/// 30 seconds, `http://127.0.0.1:8080`, no HSTS, 5 minutes, no proxies, 1,024 readers, no `Server-Timing`, no page.
impl Default for HttpSettings {
    fn default() -> Self {
        Self {
            request_timeout: Duration::from_secs(30),
            origin: "http://127.0.0.1:8080".to_owned(),
            hsts: false,
            jwks_max_age: Duration::from_secs(300),
            trusted_proxies: TrustedProxies::default(),
            max_feed_readers: 1_024,
            server_timing: false,
            console: None,
        }
    }
}

impl ApiState {
    /// Puts it together.
    #[must_use]
    pub fn new(parts: ApiParts) -> Self {
        let jwks = ArcSwap::from_pointee(Jwks::of(parts.auth.key_ring.trusted()));
        let advice = Advice::new(parts.password_policy.clone());
        let load = Load::new(parts.settings.max_feed_readers);
        Self(Arc::new(Inner { parts, jwks, advice, load }))
    }

    /// What works on requests at this moment.
    #[must_use]
    pub fn http_load(&self) -> HttpLoad {
        self.0.load.now()
    }

    pub(crate) fn load(&self) -> &Load {
        &self.0.load
    }

    pub(crate) fn operations(&self) -> &Operations {
        &self.0.parts.operations
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

    pub(crate) fn keys(&self) -> Option<&Arc<Keys>> {
        self.0.parts.keys.as_ref()
    }

    /// The JWK set of this moment.
    pub(crate) fn jwks(&self) -> Arc<Jwks> {
        let trusted = self.auth().key_ring.trusted();
        let served = self.0.jwks.load();
        if served.is_of(&trusted) {
            return Arc::clone(&served);
        }
        let jwks = Arc::new(Jwks::of(trusted));
        self.0.jwks.store(Arc::clone(&jwks));
        jwks
    }

    pub(crate) fn advice(&self) -> &Advice {
        &self.0.advice
    }

    #[cfg(feature = "console")]
    pub(crate) fn password_min_length(&self) -> usize {
        self.0.parts.password_policy.min_length()
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
