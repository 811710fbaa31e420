//! The keys of this node as its requests use them: replaced whole when they change, read without a lock.

use std::sync::Arc;
use std::time::Duration;

use arc_swap::ArcSwap;
use token_core::{Issuer, KeySet};

use crate::model::Timestamp;

/// What signs new tokens on this node, and what verifies them. Cheap to clone; all clones see the same keys.
#[derive(Clone, Debug)]
pub struct KeyRing(Arc<ArcSwap<State>>);

#[derive(Clone, Debug)]
struct State {
    issuer: Arc<Issuer>,
    trusted: Arc<KeySet>,
    /// Until when the node may rest on them; for ever where one fixed key is used.
    good_until: Option<Timestamp>,
}

/// This node has not been able to read the signing keys for so long that its own may have been retired. The request can be
/// repeated.
#[derive(Clone, Copy, Debug, PartialEq, Eq, thiserror::Error)]
#[error("the signing keys could not be read for too long; try again")]
pub struct StaleKeys;

impl KeyRing {
    pub(super) fn new(issuer: Issuer, trusted: KeySet, good_until: Timestamp) -> Self {
        Self::of(State { issuer: Arc::new(issuer), trusted: Arc::new(trusted), good_until: Some(good_until) })
    }

    fn of(state: State) -> Self {
        Self(Arc::new(ArcSwap::from_pointee(state)))
    }

    pub(super) fn replace(&self, issuer: Issuer, trusted: KeySet, good_until: Timestamp) {
        let state = State { issuer: Arc::new(issuer), trusted: Arc::new(trusted), good_until: Some(good_until) };
        self.0.store(Arc::new(state));
    }

    pub(super) fn confirm(&self, good_until: Timestamp) {
        let state = State { good_until: Some(good_until), ..State::clone(&self.0.load()) };
        self.0.store(Arc::new(state));
    }

    /// What signs at `now`.
    ///
    /// # Errors
    /// [`StaleKeys`] when the keys have not been read for too long.
    pub fn issuer(&self, now: Timestamp) -> Result<Arc<Issuer>, StaleKeys> {
        let state = self.0.load();
        if state.good_until.is_some_and(|until| now > until) { Err(StaleKeys) } else { Ok(Arc::clone(&state.issuer)) }
    }

    /// The `kid` of the key that signs.
    #[must_use]
    pub fn kid(&self) -> String {
        self.0.load().issuer.kid().to_owned()
    }

    /// How long an access token lives.
    #[must_use]
    pub fn ttl(&self) -> Duration {
        Duration::from_secs(self.0.load().issuer.ttl())
    }

    /// The keys that verify: those that wait, the one that signs, and those whose tokens are still alive.
    #[must_use]
    pub fn trusted(&self) -> Arc<KeySet> {
        Arc::clone(&self.0.load().trusted)
    }
}

/// One fixed key, for those who keep it themselves.
impl From<Issuer> for KeyRing {
    fn from(issuer: Issuer) -> Self {
        let trusted = Arc::new(KeySet::new([issuer.verification_key()]));
        Self::of(State { issuer: Arc::new(issuer), trusted, good_until: None })
    }
}
