//! The guard's client of an issuer: it fetches the issuer's keys and follows what the issuer revokes.

mod builder;
mod feed;
mod follow;
mod http;
mod keys;
mod staleness;
mod start_error;

use std::convert::Infallible;
use std::sync::Arc;
use std::time::Duration;

use tokio::task::JoinSet;

pub use builder::GuardBuilder;
pub use staleness::OnStale;
pub use start_error::GuardStartError;

/// What a guard knows of its issuer, and the tasks that keep it so. They end when this is dropped.
pub(super) struct Remote {
    pub(super) keys: Arc<keys::KeyKeeper>,
    pub(super) feed: Arc<staleness::FeedState>,
    _tasks: JoinSet<Infallible>,
}

/// A time between half of `full` and all of it, so that many guards that lost one issuer do not return at once.
fn jittered(full: Duration) -> Duration {
    // Without randomness they return together, which is no reason not to return.
    let random = getrandom::u32().unwrap_or(u32::MAX);
    full.mul_f64(0.5 + 0.5 * f64::from(random) / f64::from(u32::MAX))
}

/// How long to wait before the next attempt, after so many failures in a row. The first one is repeated at once.
fn back_off(failures: u32, longest: Duration) -> Duration {
    match failures.checked_sub(2) {
        None => Duration::ZERO,
        Some(more) => jittered(Duration::from_millis(100).saturating_mul(2_u32.saturating_pow(more)).min(longest)),
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn the_first_failure_is_repeated_at_once_and_the_others_ever_later_up_to_a_limit() {
        let longest = Duration::from_secs(3);
        assert_eq!(back_off(0, longest), Duration::ZERO);
        assert_eq!(back_off(1, longest), Duration::ZERO);
        for (failures, full) in [(2, 100), (3, 200), (6, 1_600), (7, 3_000), (40, 3_000), (u32::MAX, 3_000)] {
            let full = Duration::from_millis(full);
            let waits = back_off(failures, longest);
            assert!(waits >= full / 2 && waits <= full, "after {failures} failures it waits {waits:?}");
        }
    }
}
