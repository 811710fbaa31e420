//! What the operator decides: how long sessions live, how rotation forgives, how many devices an account may have.

use std::num::NonZeroU32;
use std::time::Duration;

use super::Timestamp;

/// A retry without an `Idempotency-Key` that comes later than this after its rotation is *late*.
pub const LATE_AFTER: Duration = Duration::from_secs(5);

/// The generation in a row with a late retry that is taken for a thief who shadows his victim.
pub const LATE_GENERATIONS: u32 = 3;

/// How long a session lives and how forgiving its rotation is.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct RefreshPolicy {
    /// A session that is not refreshed for this long ends.
    pub idle: Duration,
    /// A session ends this long after the login, whatever happens.
    pub absolute: Duration,
    /// For how long after a rotation the same request, repeated without an `Idempotency-Key`, gets the same answer.
    /// Zero makes rotation strict.
    pub retry_window: Duration,
}

/// 14 days idle, 90 days absolute, 30 seconds to retry.
impl Default for RefreshPolicy {
    fn default() -> Self {
        Self {
            idle: Duration::from_secs(14 * 86_400),
            absolute: Duration::from_secs(90 * 86_400),
            retry_window: Duration::from_secs(30),
        }
    }
}

impl RefreshPolicy {
    /// When a session that is used at `now` ends for idleness.
    #[must_use]
    pub fn idle_expires_at(&self, now: Timestamp) -> Timestamp {
        now.plus(self.idle)
    }

    /// When a session that is opened at `now` ends at the latest.
    #[must_use]
    pub fn expires_at(&self, now: Timestamp) -> Timestamp {
        now.plus(self.absolute)
    }
}

/// How many live sessions an account may have, and what a login beyond that does.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq)]
pub struct SessionLimit {
    /// The most live sessions of one account; `None` for no limit.
    pub max_per_account: Option<NonZeroU32>,
    /// What happens to the login that would be one too many.
    pub on_limit: OnLimit,
}

/// What a login beyond the limit does.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq)]
pub enum OnLimit {
    /// It ends the session that was opened first.
    #[default]
    EvictOldest,
    /// It is refused.
    Deny,
}
