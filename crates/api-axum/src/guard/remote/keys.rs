//! The issuer's keys: fetched ahead of time, fetched once more for an unknown `kid`, kept while the issuer is down.

use std::convert::Infallible;
use std::sync::{Arc, Mutex, MutexGuard, PoisonError};
use std::time::Duration;

use axum::http::header::{AGE, CACHE_CONTROL, ETAG, IF_NONE_MATCH};
use axum::http::{HeaderMap, HeaderValue, StatusCode};
use reqwest::{Client, Url};
use token_core::{KeySet, Rules, VerificationKey, Verifier};
use tokio::sync::{Notify, Semaphore, watch};
use tokio::time::{Instant, sleep_until, timeout};

use super::http::{FetchError, send};
use super::{back_off, jittered};
use crate::guard::trusted::Core;

/// A JWK set of a hundred RSA keys has less.
const LARGEST: usize = 256 * 1024;
const FETCH_TIMEOUT: Duration = Duration::from_secs(5);
/// For how long keys are good when the issuer does not say.
const DEFAULT_MAX_AGE: Duration = Duration::from_secs(300);
/// Whatever the issuer says, they are confirmed no more seldom than this.
const LONGEST_MAX_AGE: Duration = Duration::from_secs(3_600);
const LONGEST_BACK_OFF: Duration = Duration::from_secs(60);
/// How many requests may wait for one fetch. The others are refused at once, so that made-up keys cannot pile up requests.
const MOST_WAITING: usize = 256;

/// Where the keys come from.
pub(super) struct KeySource {
    pub(super) client: Client,
    pub(super) url: Url,
}

/// What an issuer answered.
pub(super) struct Fetched {
    /// `None` when they are the same as before.
    pub(super) keys: Option<KeySet>,
    etag: Option<HeaderValue>,
    /// For how much longer they are good.
    max_age: Duration,
}

impl KeySource {
    /// Fetches the keys, unless they are still those of `etag`.
    pub(super) async fn fetch(&self, etag: Option<&HeaderValue>) -> Result<Fetched, FetchError> {
        let mut request = self.client.get(self.url.clone()).timeout(FETCH_TIMEOUT);
        if let Some(etag) = etag {
            request = request.header(IF_NONE_MATCH, etag);
        }
        let answer = send(request, LARGEST).await?;
        let max_age = max_age(&answer.headers).unwrap_or(DEFAULT_MAX_AGE);
        if answer.status == StatusCode::NOT_MODIFIED {
            return Ok(Fetched { keys: None, etag: etag.cloned(), max_age });
        }
        let malformed = |reason: String| FetchError::Malformed(reason);
        let text = str::from_utf8(&answer.body).map_err(|error| malformed(error.to_string()))?;
        let published = KeySet::from_jwks(text).map_err(|error| malformed(error.to_string()))?;
        // A secret that anybody can fetch is none: only public keys come this way.
        let keys: KeySet = published.iter().filter(|key| key.to_jwk().is_some()).cloned().collect();
        if keys.is_empty() {
            return Err(malformed("the JWK set has no public key that verifies signatures".to_owned()));
        }
        Ok(Fetched { keys: Some(keys), etag: answer.headers.get(ETAG).cloned(), max_age })
    }
}

/// `max-age` of `Cache-Control` (RFC 9111 §5.2.2.1), less what a cache on the way has used up of it (`Age`, §5.1).
fn max_age(headers: &HeaderMap) -> Option<Duration> {
    let values = headers.get_all(CACHE_CONTROL).iter().filter_map(|value| value.to_str().ok());
    let mut directives = values.flat_map(|value| value.split(','));
    let seconds = directives.find_map(|directive| {
        let (name, value) = directive.trim().split_once('=')?;
        name.eq_ignore_ascii_case("max-age").then(|| value.trim_matches('"').parse().ok())?
    });
    let age = headers.get(AGE).and_then(|value| value.to_str().ok()?.parse().ok()).unwrap_or(0);
    seconds.map(|seconds: u64| Duration::from_secs(seconds.saturating_sub(age)))
}

/// Keeps a guard's keys as the issuer has them.
pub(crate) struct KeyKeeper {
    core: Arc<Core>,
    source: KeySource,
    rules: Rules,
    /// The shortest time between two fetches.
    floor: Duration,
    state: Mutex<State>,
    /// Wakes the keeper before its time.
    wanted: Notify,
    /// Counts the fetches that ended.
    ended: watch::Sender<u64>,
    waiting: Semaphore,
}

struct State {
    /// Whether a fetch is under way, or has been asked for.
    fetching: bool,
    /// When the last one began.
    began: Instant,
    /// When the issuer last confirmed the keys.
    confirmed: Instant,
    due: Instant,
    etag: Option<HeaderValue>,
    failures: u32,
    last_error: Option<String>,
}

impl KeyKeeper {
    /// A keeper of the keys that were fetched just now.
    pub(super) fn new(core: Arc<Core>, source: KeySource, rules: Rules, floor: Duration, first: Fetched) -> Self {
        let now = Instant::now();
        let state = State {
            fetching: false,
            began: now,
            confirmed: now,
            due: now + until_refresh(first.max_age, floor),
            etag: first.etag,
            failures: 0,
            last_error: None,
        };
        Self {
            core,
            source,
            rules,
            floor,
            state: Mutex::new(state),
            wanted: Notify::new(),
            ended: watch::Sender::new(0),
            waiting: Semaphore::new(MOST_WAITING),
        }
    }

    /// Fetches the keys whenever it is time, or somebody waits for them.
    pub(super) async fn keep(self: Arc<Self>) -> Infallible {
        loop {
            let due = self.state().due;
            tokio::select! {
                () = sleep_until(due) => {}
                // A wish that the fetch before this one has already met.
                () = self.wanted.notified() => if !self.state().fetching { continue },
            }
            let etag = {
                let mut state = self.state();
                state.fetching = true;
                state.began = Instant::now();
                state.etag.clone()
            };
            let outcome = self.source.fetch(etag.as_ref()).await;
            self.settle(outcome);
            self.ended.send_modify(|ended| *ended = ended.wrapping_add(1));
        }
    }

    fn settle(&self, outcome: Result<Fetched, FetchError>) {
        let mut state = self.state();
        let now = Instant::now();
        state.fetching = false;
        match outcome {
            Ok(Fetched { keys, etag, max_age }) => {
                if let Some(keys) = keys {
                    self.replace(&keys);
                }
                if state.failures > 0 {
                    tracing::info!(url = %self.source.url, "the issuer's keys can be fetched again");
                }
                state.confirmed = now;
                state.etag = etag;
                state.due = now + until_refresh(max_age, self.floor);
                (state.failures, state.last_error) = (0, None);
            }
            Err(error) => {
                if state.failures == 0 {
                    tracing::warn!(url = %self.source.url, %error, "the issuer's keys cannot be fetched; the old ones stay");
                }
                state.failures = state.failures.saturating_add(1);
                state.due = now + back_off(state.failures, LONGEST_BACK_OFF).max(self.floor);
                state.last_error = Some(error.to_string());
            }
        }
    }

    /// Trusts these keys from now on, save those that the issuer has revoked: a cache on the way may still hand them out.
    fn replace(&self, keys: &KeySet) {
        let kids = |keys: &KeySet| keys.iter().map(|key| key.kid().to_owned()).collect::<Vec<_>>();
        let keys: KeySet = keys.iter().filter(|key| !self.is_revoked(key)).cloned().collect();
        let (before, after) = (kids(self.core.verifier().keys()), kids(&keys));
        if before != after {
            tracing::info!(?before, ?after, "the issuer has other keys");
        }
        self.core.replace(Arc::new(Verifier::new(Arc::new(keys), self.rules.clone())));
    }

    fn is_revoked(&self, key: &VerificationKey) -> bool {
        self.core.revocations.is_key_revoked(key.kid())
    }

    /// Trusts a key no more that the feed says was revoked, and fetches the others anew, whenever the last fetch was.
    ///
    /// What the feed says is forgotten after a while, and a stolen key signs tokens that live for ever.
    pub(super) fn drop_revoked(&self) {
        let mut state = self.state();
        let held = Arc::clone(self.core.verifier().keys());
        let mut revoked = held.iter().filter(|key| self.is_revoked(key)).peekable();
        if revoked.peek().is_none() {
            return;
        }
        for key in revoked {
            tracing::warn!(kid = key.kid(), url = %self.source.url, "the issuer has revoked a key: nothing that it signed is let in");
        }
        self.replace(&held);
        if !state.fetching {
            state.fetching = true;
            self.wanted.notify_one();
        }
    }

    /// Comes back after a fetch that ended after this began, or at once where the last one is too recent or too many wait.
    pub(crate) async fn refetch(&self) {
        let Ok(_place) = self.waiting.try_acquire() else { return };
        let mut ended = self.ended.subscribe();
        {
            let mut state = self.state();
            if !state.fetching {
                if state.began.elapsed() < self.floor {
                    return;
                }
                state.fetching = true;
                self.wanted.notify_one();
            }
        }
        // A fetch has a deadline of its own, and always comes to an end; this is for the day when that is not true.
        let _ = timeout(2 * FETCH_TIMEOUT, ended.changed()).await;
    }

    pub(crate) fn age_ms(&self) -> Option<u64> {
        u64::try_from(self.state().confirmed.elapsed().as_millis()).ok()
    }

    pub(crate) fn last_error(&self) -> Option<String> {
        self.state().last_error.clone()
    }

    fn state(&self) -> MutexGuard<'_, State> {
        self.state.lock().unwrap_or_else(PoisonError::into_inner)
    }
}

/// When to confirm keys that are good for `max_age`: after five to six eighths of it, so that nobody waits for it, and not before
/// `floor`.
fn until_refresh(max_age: Duration, floor: Duration) -> Duration {
    let bounded = max_age.min(LONGEST_MAX_AGE);
    (bounded / 2 + jittered(bounded / 2) / 2).max(floor)
}

#[cfg(test)]
mod tests {
    use super::*;

    fn check(value: &str, expected: Option<u64>) {
        let headers = HeaderMap::from_iter([(CACHE_CONTROL, HeaderValue::from_str(value).unwrap())]);
        assert_eq!(max_age(&headers), expected.map(Duration::from_secs), "{value}");
    }

    #[test]
    fn max_age_is_read_from_cache_control() {
        check("public, max-age=300", Some(300));
        check("MAX-AGE=\"60\", must-revalidate", Some(60));
        check("no-store", None);
        check("max-age=soon", None);
        check("s-maxage=9", None);
    }

    #[test]
    fn a_cache_on_the_way_has_used_up_some_of_max_age() {
        for (age, left) in [("299", 1), ("300", 0), ("400", 0), ("soon", 300)] {
            let headers = [(CACHE_CONTROL, "max-age=300"), (AGE, age)];
            let headers = headers.map(|(name, value)| (name, HeaderValue::from_static(value)));
            assert_eq!(max_age(&HeaderMap::from_iter(headers)), Some(Duration::from_secs(left)), "{age}");
        }
    }

    #[test]
    fn keys_are_confirmed_before_they_are_too_old_and_not_all_the_time() {
        let floor = Duration::from_secs(10);
        for (max_age, earliest, latest) in [(300, 187, 225), (20, 12, 15), (0, 10, 10), (86_400, 2_250, 2_700)] {
            let due = until_refresh(Duration::from_secs(max_age), floor);
            assert!(due >= Duration::from_secs(earliest) && due <= Duration::from_secs(latest), "{max_age}: {due:?}");
        }
    }
}
