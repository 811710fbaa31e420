//! One issuer that a guard trusts: its name, its keys, and what it has revoked. None of it counts for another issuer.

use std::sync::Arc;

use arc_swap::ArcSwap;
use auth_domain::ports::Clock;
use auth_domain::signing::KeyRing;
use token_core::{Claims, Jws, RevocationSet, Rules, VerifiedCache, Verifier, VerifyError};

use super::{GuardError, OwnClaims};

/// An issuer as a guard knows it. Cheap to clone.
#[derive(Clone)]
pub(super) struct TrustedIssuer {
    pub(super) core: Arc<Core>,
    /// Which of its tokens have verified.
    cache: Arc<VerifiedCache>,
    /// What a guard that follows an issuer does meanwhile. It ends with the last clone.
    #[cfg(feature = "guard")]
    pub(super) remote: Option<Arc<super::remote::Remote>>,
}

/// What decides.
pub(super) struct Core {
    /// Replaced whole when the keys change.
    verifier: ArcSwap<Verifier>,
    /// Where the keys are, when the issuer is in this process.
    ring: Option<KeyRing>,
    pub(super) revocations: Arc<RevocationSet>,
    pub(super) clock: Arc<dyn Clock>,
}

impl Core {
    pub(super) fn new(verifier: Arc<Verifier>, revocations: Arc<RevocationSet>, clock: Arc<dyn Clock>) -> Self {
        Self { verifier: ArcSwap::new(verifier), ring: None, revocations, clock }
    }

    pub(super) fn of_ring(ring: KeyRing, rules: Rules, revocations: Arc<RevocationSet>, clock: Arc<dyn Clock>) -> Self {
        let verifier = Arc::new(Verifier::new(ring.trusted(), rules));
        Self { ring: Some(ring), ..Self::new(verifier, revocations, clock) }
    }

    /// The verifier with the keys of this moment.
    pub(super) fn verifier(&self) -> arc_swap::Guard<Arc<Verifier>> {
        let verifier = self.verifier.load();
        let Some(trusted) = self.ring.as_ref().map(KeyRing::trusted) else { return verifier };
        if Arc::ptr_eq(&trusted, verifier.keys()) {
            return verifier;
        }
        self.verifier.store(Arc::new(Verifier::new(trusted, verifier.rules().clone())));
        self.verifier.load()
    }

    pub(super) fn replace(&self, verifier: Arc<Verifier>) {
        self.verifier.store(verifier);
    }
}

impl TrustedIssuer {
    pub(super) fn new(core: Core) -> Self {
        Self {
            core: Arc::new(core),
            cache: Arc::new(VerifiedCache::off()),
            #[cfg(feature = "guard")]
            remote: None,
        }
    }

    /// The same, which remembers here what has verified.
    pub(super) fn remembering(self, cache: Arc<VerifiedCache>) -> Self {
        Self { cache, ..self }
    }

    /// One that is followed from afar.
    #[cfg(feature = "guard")]
    pub(super) fn followed(core: Arc<Core>, remote: super::remote::Remote, cache: VerifiedCache) -> Self {
        Self { core, cache: Arc::new(cache), remote: Some(Arc::new(remote)) }
    }

    /// Decides about one token, with the keys that are at hand.
    pub(super) fn verify<X: OwnClaims>(&self, token: &str) -> Result<Arc<Claims<X>>, GuardError> {
        let Core { revocations, clock, .. } = &*self.core;
        let verdict = self.core.verifier().verify_cached(token, clock.now().unix(), revocations, &self.cache);
        let claims = verdict.map_err(|error| match error {
            // A key that was revoked is soon not among the keys any more.
            VerifyError::UnknownKey if names(token, |kid| revocations.is_key_revoked(kid)) => GuardError::Revoked,
            error => error.into(),
        })?;
        #[cfg(feature = "guard")]
        if self.remote.as_ref().is_some_and(|remote| remote.feed.denies()) {
            return Err(GuardError::Stale);
        }
        Ok(claims)
    }

    /// A fetch of the issuer's keys, where it has another place for them and has none that the token names.
    #[cfg(feature = "guard")]
    pub(super) fn fetch_key_of(&self, token: &str) -> Option<impl Future<Output = ()> + Send + use<>> {
        let remote = self.remote.as_ref()?;
        let keys = Arc::clone(self.core.verifier().keys());
        let is_new = names(token, |kid| keys.get(kid).is_none() && !self.core.revocations.is_key_revoked(kid));
        let keeper = Arc::clone(&remote.keys);
        is_new.then_some(async move { keeper.refetch().await })
    }
}

/// Whether the token is a JWS that names such a key. Nothing of it is verified.
fn names(token: &str, such: impl FnOnce(&str) -> bool) -> bool {
    Jws::read(token).is_ok_and(|jws| jws.header().kid().is_some_and(such))
}
