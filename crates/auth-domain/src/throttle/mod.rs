//! Throttling: guessing is slowed down by account and by network, without letting a stranger lock the owner out.
//!
//! A device that has signed in before shows it by a [`DeviceToken`], and has a budget of its own: an attack from elsewhere
//! does not touch it.

mod device;
mod memory;

use std::sync::Arc;
use std::time::Duration;

pub use device::DeviceToken;
pub use memory::MemoryThrottle;

use crate::model::{ThrottleKey, ThrottlePolicy, Timestamp};
use crate::ports::{StoreError, Throttle};

/// There were too many attempts. What was presented has not been looked at.
#[derive(Clone, Copy, Debug, PartialEq, Eq, thiserror::Error)]
#[error("too many attempts; try again in {} seconds", retry_after.as_secs().max(1))]
pub struct Throttled {
    /// When the next one is looked at.
    pub retry_after: Duration,
}

/// Lets attempts through, or not.
#[derive(Clone)]
pub(crate) struct Gate {
    pub(crate) throttle: Arc<dyn Throttle>,
    pub(crate) policy: ThrottlePolicy,
}

impl Gate {
    /// Counts an attempt against each of these, before anything is looked at: so many at once are no way round.
    pub(crate) async fn charge<E>(&self, keys: &[ThrottleKey], now: Timestamp) -> Result<(), E>
    where
        E: From<Throttled> + From<StoreError>,
    {
        if !self.policy.enabled || keys.is_empty() {
            return Ok(());
        }
        match self.throttle.charge(keys, now).await? {
            None => Ok(()),
            Some(retry_after) => Err(Throttled { retry_after }.into()),
        }
    }

    /// The attempt did not fail.
    pub(crate) async fn forgive(&self, forget: &[ThrottleKey], refund: &[ThrottleKey]) {
        if !self.policy.enabled {
            return;
        }
        // What was charged too much lapses by itself; whoever has proved who he is does not wait for it.
        if let Err(error) = self.throttle.forgive(forget, refund).await {
            tracing::warn!(%error, "an attempt that succeeded stays counted");
        }
    }
}
