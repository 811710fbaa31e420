//! The guard: lets those in whose access token is good and not revoked, without a look-up.

mod bearer;
mod counters;
mod error;
mod extract;
#[cfg(feature = "guard")]
mod health;
#[cfg(feature = "guard")]
mod layer;
#[cfg(feature = "guard")]
mod remote;
mod require;

use std::sync::Arc;

use arc_swap::ArcSwap;
use auth_domain::ports::Clock;
use axum::http::request::Parts;
use serde::de::DeserializeOwned;
use token_core::{Claims, RevocationSet, Verifier};

use counters::Counters;
use require::Requirement;

pub(crate) use bearer::token as bearer_token;
pub use error::GuardError;
pub use extract::Authenticated;
#[cfg(feature = "guard")]
pub use health::{FeedHealth, GuardHealth, KeysHealth, Refusals};
#[cfg(feature = "guard")]
pub use layer::{GuardLayer, GuardService};
#[cfg(feature = "guard")]
pub use remote::{GuardBuilder, GuardStartError, OnStale};
pub use require::{HasRole, HasScope, RequiredRole, RequiredScope};

/// Decides about access tokens: the verifier's rules, the time, and what has been revoked. Cheap to clone.
///
/// Put it into your application's state, and let [`axum::extract::FromRef`] find it there; then [`Authenticated`],
/// [`HasScope`] and [`HasRole`] work in every handler.
///
/// A resource server makes one with `Guard::builder` (feature `guard`): it fetches the issuer's keys and follows what the
/// issuer revokes. Whoever has both in the same process makes one with [`Guard::new`].
#[derive(Clone)]
pub struct Guard {
    core: Arc<Core>,
    /// What a guard that follows an issuer does meanwhile. It ends with the guard's last clone.
    #[cfg(feature = "guard")]
    remote: Option<Arc<remote::Remote>>,
}

/// What decides.
struct Core {
    /// Replaced whole when the keys change.
    verifier: ArcSwap<Verifier>,
    revocations: Arc<RevocationSet>,
    clock: Arc<dyn Clock>,
    counters: Counters,
}

impl Core {
    fn new(verifier: Arc<Verifier>, revocations: Arc<RevocationSet>, clock: Arc<dyn Clock>) -> Self {
        Self { verifier: ArcSwap::new(verifier), revocations, clock, counters: Counters::default() }
    }
}

impl Guard {
    /// A guard that lets in what `verifier` accepts at the time of `clock` and `revocations` does not hold.
    #[must_use]
    pub fn new(verifier: Arc<Verifier>, revocations: Arc<RevocationSet>, clock: Arc<dyn Clock>) -> Self {
        Self {
            core: Arc::new(Core::new(verifier, revocations, clock)),
            #[cfg(feature = "guard")]
            remote: None,
        }
    }

    /// Puts another verifier in place, such as one with newer keys. Requests that are being decided end with the one before.
    pub fn replace_verifier(&self, verifier: Arc<Verifier>) {
        self.core.verifier.store(verifier);
    }

    /// Decides about one token, now, with the keys that are at hand.
    ///
    /// # Errors
    /// [`GuardError::Refused`] with the verifier's reason, [`GuardError::Revoked`], or [`GuardError::Stale`] where the
    /// guard's owner chose that.
    pub fn verify<X: DeserializeOwned>(&self, token: &str) -> Result<Claims<X>, GuardError> {
        let Core { verifier, revocations, clock, .. } = &*self.core;
        let claims = verifier.load().verify_unrevoked(token, clock.now().unix(), revocations)?;
        #[cfg(feature = "guard")]
        if self.remote.as_ref().is_some_and(|remote| remote.feed.denies()) {
            return Err(GuardError::Stale);
        }
        Ok(claims)
    }

    /// Decides about one token as [`verify`](Self::verify) does. A guard that follows an issuer fetches the issuer's keys
    /// first if the token names a key that it does not know; it does so at most once in ten seconds.
    ///
    /// # Errors
    /// As [`verify`](Self::verify).
    #[cfg_attr(not(feature = "guard"), expect(clippy::unused_async, reason = "only the client of the issuer waits"))]
    pub async fn authenticate<X: DeserializeOwned>(&self, token: &str) -> Result<Claims<X>, GuardError> {
        let verdict = self.verify(token);
        #[cfg(feature = "guard")]
        if matches!(&verdict, Err(GuardError::Refused(token_core::VerifyError::UnknownKey)))
            && let Some(remote) = &self.remote
        {
            remote.keys.refetch().await;
            return self.verify(token);
        }
        verdict
    }

    /// Decides about a request, and counts what comes of it.
    pub(crate) async fn admit<X: DeserializeOwned>(
        &self,
        parts: &Parts,
        required: &[Requirement],
    ) -> Result<Claims<X>, GuardError> {
        let verdict = match bearer_token(parts) {
            Ok(token) => self.authenticate(token).await,
            Err(error) => Err(error),
        };
        let verdict = verdict.and_then(|claims| require::all(required, &claims).map(|()| claims));
        self.core.counters.count(verdict.as_ref().err());
        verdict
    }
}
