//! The task that follows the revocation feed for as long as the guard lives.

use std::convert::Infallible;
use std::sync::Arc;
use std::time::Duration;

use axum::http::StatusCode;
use tokio::time::{Instant, sleep};

use super::back_off;
use super::feed::FeedSource;
use super::http::FetchError;
use super::keys::KeyKeeper;
use super::staleness::FeedState;
use crate::guard::trusted::Core;

/// How often the revocation set drops what has expired.
const PURGE_EVERY: Duration = Duration::from_secs(30);
/// How long to pause after an issuer that should have waited did not.
const PAUSE: Duration = Duration::from_millis(200);

/// Follows the feed.
pub(super) struct Follower {
    pub(super) core: Arc<Core>,
    pub(super) source: FeedSource,
    pub(super) state: Arc<FeedState>,
    pub(super) keys: Arc<KeyKeeper>,
    /// Seconds for which an expired token is still accepted.
    pub(super) leeway: u64,
    /// How far this follower has come. `None`: the next answer is a snapshot.
    pub(super) cursor: Option<String>,
    /// The longest pause between two attempts.
    pub(super) longest_pause: Duration,
}

impl Follower {
    /// Asks once; gives out how long to wait before the next question.
    pub(super) async fn step(&mut self) -> Result<Duration, FetchError> {
        let asked = Instant::now();
        let first = self.cursor.is_none();
        let heard = self.source.ask(self.cursor.as_deref(), &self.core.revocations, self.leeway).await?;
        if heard.not_understood > 0 {
            tracing::warn!(
                entries = heard.not_understood,
                "the issuer revokes in ways that this version of the guard does not know; update it"
            );
        }
        if heard.keys > 0 {
            self.keys.drop_revoked();
        }
        self.state.heard(asked, heard.age, heard.entries, heard.not_understood);
        self.cursor = Some(heard.cursor);
        if first || heard.entries > 0 {
            return Ok(Duration::ZERO);
        }
        // Where the longest wait is shorter than the second that the issuer counts in, this side waits instead.
        let wait = if self.source.wait.is_zero() { self.source.patience } else { self.source.wait };
        let early = wait.saturating_sub(asked.elapsed());
        Ok(match (self.source.wait.is_zero(), early > wait / 4) {
            (true, _) => early,
            (false, true) => PAUSE,
            (false, false) => Duration::ZERO,
        })
    }

    /// Follows the feed, whatever happens to the issuer.
    pub(super) async fn follow(mut self) -> Infallible {
        let mut failures = 0_u32;
        let mut purged = Instant::now();
        loop {
            let pause = match self.step().await {
                Ok(pause) => {
                    if failures > 1 {
                        tracing::info!(url = %self.source.url, "the revocation feed is back");
                    }
                    failures = 0;
                    pause
                }
                Err(error) => {
                    failures = failures.saturating_add(1);
                    self.failed(&error, failures);
                    back_off(failures, self.longest_pause)
                }
            };
            if purged.elapsed() >= PURGE_EVERY {
                self.core.revocations.purge(self.core.clock.now().unix());
                purged = Instant::now();
            }
            sleep(pause).await;
        }
    }

    fn failed(&mut self, error: &FetchError, failures: u32) {
        if *error == FetchError::Status(StatusCode::BAD_REQUEST) {
            // The issuer does not know this cursor any more: begin again with everything.
            self.cursor = None;
        }
        // Told once, and not for one lost connection.
        if failures == 2 {
            tracing::warn!(url = %self.source.url, %error, "the revocation feed cannot be followed");
        }
        self.state.set_error(Some(match error {
            FetchError::Status(StatusCode::UNAUTHORIZED) => {
                "the issuer does not accept the API key any more".to_owned()
            }
            FetchError::Status(StatusCode::FORBIDDEN) => "the API key lacks the scope `revocations`".to_owned(),
            error => error.to_string(),
        }));
    }
}
