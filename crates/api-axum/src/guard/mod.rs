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
mod trusted;

use std::sync::Arc;

use auth_domain::ports::Clock;
use auth_domain::signing::KeyRing;
use axum::http::request::Parts;
use serde::de::DeserializeOwned;
use token_core::{Claims, RevocationSet, Rules, UnixTime, VerifiedCache, Verifier, VerifyError};

use counters::Counters;
use require::Requirement;
use trusted::{Core, TrustedIssuer};

pub(crate) use bearer::token as bearer_token;
pub use error::GuardError;
pub use extract::Authenticated;
#[cfg(feature = "guard")]
pub use health::{FeedHealth, GuardHealth, IssuerHealth, KeysHealth, Refusals};
#[cfg(feature = "guard")]
pub use layer::{GuardLayer, GuardService};
#[cfg(feature = "guard")]
pub use remote::{GuardBuilder, GuardStartError, OnStale};
pub use require::{HasRole, HasScope, RecentlyAuthenticated, RequiredProof, RequiredRole, RequiredScope};

/// Decides about access tokens: the verifier's rules, the time, and what has been revoked. Cheap to clone.
///
/// Put it into your application's state, and let [`axum::extract::FromRef`] find it there; then [`Authenticated`],
/// [`HasScope`], [`HasRole`] and [`RecentlyAuthenticated`] work in every handler.
///
/// A resource server makes one with `Guard::builder` (feature `guard`): it fetches the issuer's keys and follows what the
/// issuer revokes. Whoever has both in the same process makes one with [`Guard::of_issuer`], or of a verifier and a set of its
/// own with [`Guard::new`]. Where several issuers are trusted, [`Guard::any_of`] joins their guards.
#[derive(Clone)]
pub struct Guard(Arc<Shared>);

/// Claims of yours, beside the registered ones: any type that can be read and shared between threads.
pub trait OwnClaims: DeserializeOwned + Send + Sync + 'static {}

impl<X: DeserializeOwned + Send + Sync + 'static> OwnClaims for X {}

struct Shared {
    issuers: Vec<TrustedIssuer>,
    counters: Counters,
}

impl Guard {
    /// A guard that lets in what `verifier` accepts at the time of `clock` and `revocations` does not hold.
    #[must_use]
    pub fn new(verifier: Arc<Verifier>, revocations: Arc<RevocationSet>, clock: Arc<dyn Clock>) -> Self {
        Self::of(vec![TrustedIssuer::new(Core::new(verifier, revocations, clock))])
    }

    /// A guard in the issuer's own process: it lets in what the keys of `ring` verify by these rules at the time of `clock`, and
    /// `revocations` does not hold. When the keys change it goes by the new ones from the next request on.
    #[must_use]
    pub fn of_issuer(ring: KeyRing, rules: Rules, revocations: Arc<RevocationSet>, clock: Arc<dyn Clock>) -> Self {
        Self::of(vec![TrustedIssuer::new(Core::of_ring(ring, rules, revocations, clock))])
    }

    /// A guard that lets in what any of these lets in. Each goes on with its own issuer's keys, name and revocations: none of
    /// them counts for a token of another issuer. It counts requests of its own.
    ///
    /// Several audiences of one issuer need one guard: the builder takes them all.
    ///
    /// ```no_run
    /// use api_axum::Guard;
    /// # async fn start(ours: secrecy::SecretString, theirs: secrecy::SecretString) -> Result<(), Box<dyn std::error::Error>> {
    /// let ours = Guard::builder("https://login.example").audience("notes").api_key(ours).start().await?;
    /// let theirs = Guard::builder("https://login.partner.example").audience("notes").api_key(theirs).start().await?;
    /// let guard = Guard::any_of([ours, theirs]);
    /// # let _ = guard;
    /// # Ok(())
    /// # }
    /// ```
    #[must_use]
    pub fn any_of(guards: impl IntoIterator<Item = Self>) -> Self {
        Self::of(guards.into_iter().flat_map(|guard| guard.0.issuers.clone()).collect())
    }

    fn of(issuers: Vec<TrustedIssuer>) -> Self {
        Self(Arc::new(Shared { issuers, counters: Counters::default() }))
    }

    /// The same guard, which remembers in `cache` the tokens that it has verified: a token that comes again costs no
    /// cryptography, while its key, its times and what was revoked are checked as ever. A guard remembers nothing unless it
    /// is told to; `GuardBuilder` tells it by itself.
    ///
    /// It counts requests of its own, so do this before it is used. Guards that are joined later keep their caches.
    #[must_use]
    pub fn with_verified_cache(self, cache: VerifiedCache) -> Self {
        let cache = Arc::new(cache);
        let issuers = self.0.issuers.iter().cloned();
        Self::of(issuers.map(|issuer| issuer.remembering(Arc::clone(&cache))).collect())
    }

    /// Puts another verifier in place, such as one with newer keys. Requests that are being decided end with the one before.
    ///
    /// A guard that was made with [`of_issuer`](Self::of_issuer) takes the rules of it, and keeps to the keys of its ring. One of
    /// several issuers takes it for the issuer that its rules name, if it is one of them.
    pub fn replace_verifier(&self, verifier: Arc<Verifier>) {
        let named = |issuer: &&TrustedIssuer| issuer.core.verifier().rules().issuer == verifier.rules().issuer;
        let place = match &*self.0.issuers {
            [only] => Some(only),
            issuers => issuers.iter().find(named),
        };
        if let Some(place) = place {
            place.core.replace(verifier);
        }
    }

    /// Decides about one token, now, with the keys that are at hand.
    ///
    /// # Errors
    /// [`GuardError::Refused`] with the verifier's reason, [`GuardError::Revoked`], or [`GuardError::Stale`] where the
    /// guard's owner chose that. Of several issuers' reasons it is the one that says most about the token.
    pub fn verify<X: OwnClaims>(&self, token: &str) -> Result<Arc<Claims<X>>, GuardError> {
        let mut refusal = GuardError::Refused(VerifyError::UnknownKey);
        for issuer in &self.0.issuers {
            match issuer.verify(token) {
                Ok(claims) => return Ok(claims),
                Err(error) if error.tells() > refusal.tells() => refusal = error,
                Err(_) => {}
            }
        }
        Err(refusal)
    }

    /// Decides about one token as [`verify`](Self::verify) does. A guard that follows an issuer fetches the issuer's keys
    /// first if the token names a key that it does not know; it does so at most once in ten seconds, unless the builder was told
    /// otherwise.
    ///
    /// # Errors
    /// As [`verify`](Self::verify).
    #[cfg_attr(not(feature = "guard"), expect(clippy::unused_async, reason = "only the client of the issuer waits"))]
    pub async fn authenticate<X: OwnClaims>(&self, token: &str) -> Result<Arc<Claims<X>>, GuardError> {
        let verdict = self.verify(token);
        #[cfg(feature = "guard")]
        if verdict.as_ref().is_err_and(GuardError::leaves_the_issuer_open) {
            let fetches = self.0.issuers.iter().filter_map(|issuer| issuer.fetch_key_of(token));
            let mut fetches: tokio::task::JoinSet<()> = fetches.collect();
            let mut verdict = verdict;
            // An issuer that does not answer keeps nobody waiting whose own issuer does.
            while verdict.is_err() && fetches.join_next().await.is_some() {
                verdict = self.verify(token);
            }
            return verdict;
        }
        verdict
    }

    /// What time it is by the clock of the issuer that let these claims in.
    fn now<X>(&self, claims: &Claims<X>) -> UnixTime {
        let issuers = &self.0.issuers;
        let own = issuers.iter().find(|issuer| issuer.core.verifier().rules().issuer == claims.iss);
        own.or(issuers.first()).map_or(UnixTime::MAX, |issuer| issuer.core.clock.now().unix())
    }

    /// Decides about a request, and counts what comes of it.
    pub(crate) async fn admit<X: OwnClaims>(
        &self,
        parts: &Parts,
        required: &[Requirement],
    ) -> Result<Arc<Claims<X>>, GuardError> {
        let verdict = match bearer_token(parts) {
            Ok(token) => self.authenticate(token).await,
            Err(error) => Err(error),
        };
        let verdict = match verdict {
            Ok(claims) if !required.is_empty() => require::all(required, &claims, self.now(&claims)).map(|()| claims),
            verdict => verdict,
        };
        self.0.counters.count(verdict.as_ref().err());
        verdict
    }
}
