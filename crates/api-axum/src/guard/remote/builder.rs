//! What a resource server's owner decides about its guard, and the guard's start.

use std::sync::Arc;
use std::time::Duration;

use auth_domain::ports::Clock;
use reqwest::Url;
use secrecy::SecretString;
use token_core::{Leeway, RevocationSet, Rules, VerifiedCache, Verifier};
use tokio::task::JoinSet;

use super::feed::{FeedSource, authorization};
use super::follow::Follower;
use super::http;
use super::keys::{KeyKeeper, KeySource};
use super::staleness::FeedState;
use super::{GuardStartError, OnStale, Remote};
use crate::SystemClock;
use crate::guard::Guard;
use crate::guard::trusted::{Core, TrustedIssuer};

/// Ten megabytes at most, for claims of an ordinary size.
const REMEMBERED: usize = 10_000;

/// The longest wait that is asked of the issuer.
const LONGEST_WAIT: Duration = Duration::from_secs(10);

/// Settings of a guard that follows an issuer; [`Guard::builder`] begins one.
#[derive(Clone)]
#[must_use = "a guard begins to work with `start`"]
pub struct GuardBuilder {
    issuer: String,
    audiences: Vec<String>,
    api_key: Option<SecretString>,
    jwks_url: Option<String>,
    feed_url: Option<String>,
    max_staleness: Duration,
    on_stale: OnStale,
    leeway: Leeway,
    key_fetch_floor: Duration,
    plain_http: bool,
    verified_cache: usize,
    clock: Arc<dyn Clock>,
}

impl Guard {
    /// Begins a guard that trusts the tokens of `issuer`: it fetches the issuer's keys, follows what the issuer revokes, and
    /// needs no look-up for a request.
    ///
    /// `issuer` is compared with `iss` byte by byte, so give it exactly as the issuer has it.
    ///
    /// ```no_run
    /// use api_axum::{Guard, OnStale};
    /// # async fn start(api_key: secrecy::SecretString) -> Result<(), api_axum::GuardStartError> {
    /// let guard = Guard::builder("https://login.example")
    ///     .audience("notes")
    ///     .api_key(api_key)
    ///     .on_stale(OnStale::Deny)
    ///     .start()
    ///     .await?;
    /// # let _ = guard;
    /// # Ok(())
    /// # }
    /// ```
    pub fn builder(issuer: impl Into<String>) -> GuardBuilder {
        GuardBuilder {
            issuer: issuer.into(),
            audiences: Vec::new(),
            api_key: None,
            jwks_url: None,
            feed_url: None,
            max_staleness: Duration::from_secs(30),
            on_stale: OnStale::default(),
            leeway: Leeway::default(),
            key_fetch_floor: Duration::from_secs(10),
            plain_http: false,
            verified_cache: REMEMBERED,
            clock: Arc::new(SystemClock),
        }
    }
}

impl GuardBuilder {
    /// The name under which this server's tokens are meant for it (`aud`). Required; of several, one must be in the token.
    pub fn audience(mut self, audience: impl Into<String>) -> Self {
        self.audiences.push(audience.into());
        self
    }

    /// The API key with the scope `revocations`. Required.
    pub fn api_key(mut self, api_key: SecretString) -> Self {
        self.api_key = Some(api_key);
        self
    }

    /// Where the keys are. `{issuer}/.well-known/jwks.json` by default.
    pub fn jwks_url(mut self, url: impl Into<String>) -> Self {
        self.jwks_url = Some(url.into());
        self
    }

    /// Where the revocation feed is. `{issuer}/v1/revocations` by default.
    pub fn feed_url(mut self, url: impl Into<String>) -> Self {
        self.feed_url = Some(url.into());
        self
    }

    /// For how long the guard may not have heard what was revoked. 30 seconds by default, one at least.
    ///
    /// The feed is asked three times within it. In between, what is revoked arrives at once.
    pub const fn max_staleness(mut self, max_staleness: Duration) -> Self {
        self.max_staleness = max_staleness;
        self
    }

    /// What to do with good tokens after that. They are let in until they expire, by default.
    pub const fn on_stale(mut self, on_stale: OnStale) -> Self {
        self.on_stale = on_stale;
        self
    }

    /// How far the issuer's clock and this one may differ. By default none for `exp`, and 30 seconds for `nbf` and `iat`.
    pub const fn leeway(mut self, leeway: Leeway) -> Self {
        self.leeway = leeway;
        self
    }

    /// The shortest time between two fetches of the keys, however many tokens name keys that are not known and however short
    /// the issuer's `max-age` is. 10 seconds by default; Jeton waits for its `tokens.key_margin` longer than `max-age` before a
    /// new key signs, so keep it below that.
    pub const fn key_fetch_floor(mut self, floor: Duration) -> Self {
        self.key_fetch_floor = floor;
        self
    }

    /// Lets the issuer be another machine without TLS. Only for networks where nobody else can answer in its place.
    pub const fn allow_plain_http(mut self) -> Self {
        self.plain_http = true;
        self
    }

    /// How many tokens that have verified the guard remembers, so that those that come again cost no cryptography; 0 for none.
    /// 10,000 by default, of about a kilobyte each.
    ///
    /// It changes no decision: key, times and what was revoked are checked at every request.
    pub const fn verified_cache(mut self, tokens: usize) -> Self {
        self.verified_cache = tokens;
        self
    }

    /// Another clock than the operating system's.
    pub fn clock(mut self, clock: Arc<dyn Clock>) -> Self {
        self.clock = clock;
        self
    }

    /// Fetches the keys and everything that is revoked now, and begins to follow. Needs a tokio runtime.
    ///
    /// What it does in the background ends when the last clone of the guard is dropped.
    ///
    /// # Errors
    /// [`GuardStartError`], which says what to do.
    pub async fn start(self) -> Result<Guard, GuardStartError> {
        let rules = self.rules()?;
        let api_key = self.api_key.clone().ok_or(GuardStartError::MissingApiKey)?;
        authorization(&api_key).ok_or(GuardStartError::MalformedApiKey)?;
        if self.max_staleness < Duration::from_secs(1) {
            return Err(GuardStartError::MaxStalenessTooShort(self.max_staleness));
        }
        let jwks_url = self.address(self.jwks_url.as_deref(), "/.well-known/jwks.json")?;
        let feed_url = self.address(self.feed_url.as_deref(), "/v1/revocations")?;
        let client = http::client().map_err(|error| GuardStartError::Client(error.to_string()))?;

        let source = KeySource { client: client.clone(), url: jwks_url };
        let failed = |error| GuardStartError::keys(source.url.to_string(), &error);
        let mut first = source.fetch(None).await.map_err(failed)?;
        let keys = first.keys.take().unwrap_or_default();

        let verifier = Arc::new(Verifier::new(Arc::new(keys), rules.clone()));
        let core = Arc::new(Core::new(verifier, Arc::new(RevocationSet::new()), self.clock));
        let keys = Arc::new(KeyKeeper::new(Arc::clone(&core), source, rules, self.key_fetch_floor, first));

        let third = self.max_staleness / 3;
        let mut follower = Follower {
            core: Arc::clone(&core),
            source: FeedSource {
                client,
                url: feed_url,
                api_key,
                wait: Duration::from_secs(third.min(LONGEST_WAIT).as_secs()),
                patience: third.min(Duration::from_secs(5)),
            },
            state: Arc::new(FeedState::new(self.max_staleness, self.on_stale)),
            keys: Arc::clone(&keys),
            leeway: self.leeway.expiry,
            cursor: None,
            longest_pause: (self.max_staleness / 10).clamp(Duration::from_millis(200), Duration::from_secs(3)),
        };
        let feed = Arc::clone(&follower.state);
        follower.step().await.map_err(|error| GuardStartError::feed(follower.source.url.to_string(), &error))?;

        let mut tasks = JoinSet::new();
        tasks.spawn(Arc::clone(&keys).keep());
        tasks.spawn(follower.follow());
        let remote = Remote { keys, feed, _tasks: tasks };
        Ok(Guard::of(vec![TrustedIssuer::followed(core, remote, remembering(self.verified_cache))]))
    }

    /// What is demanded of a token.
    fn rules(&self) -> Result<Rules, GuardStartError> {
        let mut audiences = self.audiences.iter();
        let first = audiences.next().ok_or(GuardStartError::MissingAudience)?;
        if self.audiences.iter().any(String::is_empty) {
            return Err(GuardStartError::MissingAudience);
        }
        let rules = Rules::access_token(&self.issuer, first).with_leeway(self.leeway);
        Ok(audiences.fold(rules, Rules::accepting))
    }

    /// The address that was set, or the issuer's with this path.
    fn address(&self, set: Option<&str>, path: &str) -> Result<Url, GuardStartError> {
        let text = set.map_or_else(|| format!("{}{path}", self.issuer.trim_end_matches('/')), str::to_owned);
        let invalid = |reason: String| GuardStartError::InvalidUrl { url: text.clone(), reason };
        let url = Url::parse(&text).map_err(|error| invalid(error.to_string()))?;
        match url.scheme() {
            "https" => Ok(url),
            "http" if self.plain_http || is_this_machine(&url) => Ok(url),
            "http" => Err(GuardStartError::PlainHttp { url: text }),
            _ => Err(invalid("it begins neither with https:// nor with http://".to_owned())),
        }
    }
}

/// A cache of so many tokens, under a key of its own.
fn remembering(tokens: usize) -> VerifiedCache {
    let mut key = [0; 32];
    match getrandom::fill(&mut key) {
        Ok(()) => VerifiedCache::new(tokens, key),
        Err(error) => {
            tracing::warn!(%error, "the system gives no randomness: every token is verified anew");
            VerifiedCache::off()
        }
    }
}

fn is_this_machine(url: &Url) -> bool {
    let host = url.host_str().unwrap_or_default();
    let address = host.trim_start_matches('[').trim_end_matches(']').parse::<std::net::IpAddr>();
    host == "localhost" || address.is_ok_and(|address| address.is_loopback())
}

#[cfg(test)]
mod tests {
    use super::*;

    fn address(issuer: &str, set: Option<&str>) -> Result<String, GuardStartError> {
        Guard::builder(issuer).address(set, "/keys").map(|url| url.to_string())
    }

    #[test]
    fn addresses_follow_from_the_issuer_unless_they_are_set() {
        for issuer in ["https://login.example/auth", "https://login.example/auth/"] {
            assert_eq!(address(issuer, None).as_deref(), Ok("https://login.example/auth/keys"));
        }
        assert_eq!(address("https://login.example", Some("https://cdn/k")).as_deref(), Ok("https://cdn/k"));
    }

    #[test]
    fn plain_http_is_for_this_machine() {
        for issuer in ["http://localhost:8080", "http://127.0.0.1:8080", "http://[::1]:8080"] {
            assert!(address(issuer, None).is_ok(), "{issuer}");
        }
        for issuer in ["http://login.example", "http://localhost.example", "http://10.0.0.1"] {
            assert!(matches!(address(issuer, None), Err(GuardStartError::PlainHttp { .. })), "{issuer}");
            assert!(Guard::builder(issuer).allow_plain_http().address(None, "/keys").is_ok(), "{issuer}");
        }
    }

    #[test]
    fn what_cannot_be_fetched_is_no_address() {
        for issuer in ["login.example", "", "ftp://login.example", "file:///etc/passwd"] {
            assert!(matches!(address(issuer, None), Err(GuardStartError::InvalidUrl { .. })), "{issuer}");
        }
    }

    #[test]
    fn every_audience_that_is_given_is_accepted() {
        let rules = Guard::builder("https://login.example").audience("notes").audience("files").rules().unwrap();
        assert_eq!(rules.audiences, ["notes", "files"]);
        let empty = Guard::builder("https://login.example").audience("notes").audience("").rules();
        assert_eq!(
            empty.err(),
            Some(GuardStartError::MissingAudience),
            "an empty name is a setting that was forgotten"
        );
    }

    #[tokio::test]
    async fn a_guard_that_lacks_a_setting_does_not_start() {
        let start = async |builder: GuardBuilder| builder.start().await.err();
        let complete = Guard::builder("http://127.0.0.1:1").audience("notes").api_key("jak_x".into());
        let no_audience = Guard::builder("http://127.0.0.1:1").api_key("jak_x".into());
        assert_eq!(start(no_audience).await, Some(GuardStartError::MissingAudience));
        let no_key = Guard::builder("http://127.0.0.1:1").audience("notes");
        assert_eq!(start(no_key).await, Some(GuardStartError::MissingApiKey));
        let bad_key = complete.clone().api_key("jak_x\n".into());
        assert_eq!(start(bad_key).await, Some(GuardStartError::MalformedApiKey));
        let short = Duration::from_millis(999);
        let hasty = complete.clone().max_staleness(short);
        assert_eq!(start(hasty).await, Some(GuardStartError::MaxStalenessTooShort(short)));
        assert!(matches!(start(complete).await, Some(GuardStartError::Unreachable { .. })));
    }
}
