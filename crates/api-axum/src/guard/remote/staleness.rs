//! How long ago the guard last knew everything that was revoked, and what it does when that is too long.

use std::sync::atomic::{AtomicI64, AtomicU64, Ordering};
use std::sync::{Mutex, PoisonError};
use std::time::Duration;

use serde::Serialize;
use tokio::time::Instant;

use crate::guard::FeedHealth;

/// What a guard does with good tokens when for longer than `max_staleness` it has not heard what was revoked.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq, Hash, Serialize)]
#[serde(rename_all = "lowercase")]
pub enum OnStale {
    /// It lets them in until they expire: the issuer's outage is nobody else's. What is revoked meanwhile is refused from
    /// the moment on when the feed is back.
    #[default]
    Allow,
    /// It lets nobody in: 503 `revocations_stale`, until the feed is back.
    Deny,
}

/// How the guard follows the feed, seen by those who ask.
#[derive(Debug)]
pub(crate) struct FeedState {
    base: Instant,
    /// The latest moment, in microseconds after `base`, of which everything that was revoked by then is known.
    known_until: AtomicI64,
    max_staleness: Duration,
    on_stale: OnStale,
    received: AtomicU64,
    not_understood: AtomicU64,
    last_error: Mutex<Option<String>>,
}

impl FeedState {
    pub(super) fn new(max_staleness: Duration, on_stale: OnStale) -> Self {
        Self {
            base: Instant::now(),
            known_until: AtomicI64::new(i64::MIN),
            max_staleness,
            on_stale,
            received: AtomicU64::new(0),
            not_understood: AtomicU64::new(0),
            last_error: Mutex::default(),
        }
    }

    /// For how long something may have been revoked that is not known here.
    pub(super) fn staleness(&self) -> Duration {
        let known_until = self.known_until.load(Ordering::Acquire);
        let staleness = self.since_base(Instant::now()).saturating_sub(known_until);
        Duration::from_micros(u64::try_from(staleness).unwrap_or(0))
    }

    fn is_stale(&self) -> bool {
        self.staleness() > self.max_staleness
    }

    /// Whether nobody is to be let in now.
    pub(crate) fn denies(&self) -> bool {
        self.on_stale == OnStale::Deny && self.is_stale()
    }

    /// Takes note of an answer to a question that was asked at `asked`, by a node whose own view was `age` old then.
    ///
    /// What one node knew stays known when the next answer comes from a node that lags behind.
    pub(super) fn heard(&self, asked: Instant, age: Duration, received: usize, not_understood: usize) {
        let age = i64::try_from(age.as_micros()).unwrap_or(i64::MAX);
        self.known_until.fetch_max(self.since_base(asked).saturating_sub(age), Ordering::AcqRel);
        self.received.fetch_add(received as u64, Ordering::Relaxed);
        self.not_understood.fetch_add(not_understood as u64, Ordering::Relaxed);
        self.set_error(None);
    }

    pub(super) fn set_error(&self, error: Option<String>) {
        *self.last_error.lock().unwrap_or_else(PoisonError::into_inner) = error;
    }

    pub(crate) fn health(&self) -> FeedHealth {
        let milliseconds = |duration: Duration| u64::try_from(duration.as_millis()).unwrap_or(u64::MAX);
        let staleness = self.staleness();
        FeedHealth {
            staleness_ms: milliseconds(staleness),
            max_staleness_ms: milliseconds(self.max_staleness),
            stale: staleness > self.max_staleness,
            on_stale: self.on_stale,
            received: self.received.load(Ordering::Relaxed),
            not_understood: self.not_understood.load(Ordering::Relaxed),
            last_error: self.last_error.lock().unwrap_or_else(PoisonError::into_inner).clone(),
        }
    }

    fn since_base(&self, moment: Instant) -> i64 {
        i64::try_from(moment.saturating_duration_since(self.base).as_micros()).unwrap_or(i64::MAX)
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    const LIMIT: Duration = Duration::from_secs(30);

    fn state() -> FeedState {
        FeedState::new(LIMIT, OnStale::Deny)
    }

    async fn pass(seconds: u64) {
        tokio::time::advance(Duration::from_secs(seconds)).await;
    }

    #[tokio::test(start_paused = true)]
    async fn before_the_first_answer_nothing_is_known() {
        assert!(state().denies());
    }

    #[tokio::test(start_paused = true)]
    async fn staleness_counts_from_the_question_and_adds_the_nodes_own() {
        let state = state();
        let asked = Instant::now();
        pass(10).await;
        state.heard(asked, Duration::from_secs(5), 0, 0);
        assert_eq!(state.staleness(), Duration::from_secs(15));
        pass(15).await;
        assert!(!state.denies(), "30 s are allowed");
        pass(1).await;
        assert!(state.denies());
        assert!(state.health().stale);
    }

    #[tokio::test(start_paused = true)]
    async fn a_node_that_lags_behind_takes_nothing_away() {
        let state = state();
        pass(100).await;
        state.heard(Instant::now(), Duration::ZERO, 0, 0);
        state.heard(Instant::now(), Duration::from_secs(90), 0, 0);
        assert_eq!(state.staleness(), Duration::ZERO);
    }

    #[tokio::test(start_paused = true)]
    async fn a_node_that_has_not_heard_for_an_hour_makes_no_answer_fresh() {
        let state = state();
        state.heard(Instant::now(), Duration::from_secs(3_600), 0, 0);
        assert_eq!(state.staleness(), Duration::from_secs(3_600));
        assert!(state.denies());
    }

    #[tokio::test(start_paused = true)]
    async fn who_allows_never_denies() {
        let state = FeedState::new(LIMIT, OnStale::Allow);
        pass(3_600).await;
        assert!(!state.denies());
        assert!(state.health().stale);
    }
}
