//! Why a guard could not start, and what to do about it.

use std::time::Duration;

use axum::http::StatusCode;

use super::http::FetchError;

/// Why a guard could not start. Each message says what to do.
#[derive(Clone, Debug, PartialEq, Eq, thiserror::Error)]
#[non_exhaustive]
pub enum GuardStartError {
    /// No audience was set.
    #[error(
        "set the audience that this server's tokens are meant for: `Guard::builder(…).audience(…)`; in Jeton it is the setting `audience`"
    )]
    MissingAudience,
    /// No API key was set.
    #[error(
        "set the API key for the revocation feed: `Guard::builder(…).api_key(…)`; `jeton apikeys create` makes one with the scope `revocations`"
    )]
    MissingApiKey,
    /// The API key has characters that no key has.
    #[error("the API key is not one: it begins with `jak_` and has no white space; was a line break read with it?")]
    MalformedApiKey,
    /// An address is not a URL of `http` or `https`.
    #[error("{url:?} is not an address that can be fetched: {reason}")]
    InvalidUrl {
        /// The address as it was given.
        url: String,
        /// What is wrong with it.
        reason: String,
    },
    /// An address of another machine begins with `http`.
    #[error(
        "{url} is plain HTTP to another machine: whoever is on the way could hand in keys of his own. Use https, or `allow_plain_http()` where the network is yours alone"
    )]
    PlainHttp {
        /// The address.
        url: String,
    },
    /// `max_staleness` is shorter than the feed can be asked.
    #[error("max_staleness is {0:?}; it must be at least one second")]
    MaxStalenessTooShort(Duration),
    /// The HTTP client could not be made.
    #[error("no HTTP client could be made: {0}; are the system's root certificates installed (`ca-certificates`)?")]
    Client(String),
    /// The issuer did not answer.
    #[error("the issuer does not answer at {url}: {reason}. Is it running, and is this its address as seen from here?")]
    Unreachable {
        /// The address.
        url: String,
        /// What went wrong.
        reason: String,
    },
    /// The keys could not be had.
    #[error(
        "no keys came from {url}: {reason}. The address must serve the issuer's JWK set; `jwks_url` sets another one"
    )]
    Keys {
        /// The address.
        url: String,
        /// What came instead.
        reason: String,
    },
    /// The issuer refused the API key.
    #[error(
        "the issuer does not accept the API key at {url}: it is wrong or was revoked. `jeton apikeys create` makes a new one with the scope `revocations`"
    )]
    ApiKeyRefused {
        /// The address.
        url: String,
    },
    /// The API key is good, but not for the feed.
    #[error(
        "the API key may not follow the revocation feed at {url}: make one with the scope `revocations` (`jeton apikeys create`)"
    )]
    MissingScope {
        /// The address.
        url: String,
    },
    /// The feed could not be read.
    #[error(
        "no revocation feed came from {url}: {reason}. The address must serve Jeton's `/v1/revocations`; `feed_url` sets another one"
    )]
    Feed {
        /// The address.
        url: String,
        /// What came instead.
        reason: String,
    },
}

impl GuardStartError {
    pub(super) fn keys(url: String, error: &FetchError) -> Self {
        match error {
            FetchError::Unreachable(reason) => Self::Unreachable { url, reason: reason.clone() },
            error => Self::Keys { url, reason: error.to_string() },
        }
    }

    pub(super) fn feed(url: String, error: &FetchError) -> Self {
        match error {
            FetchError::Unreachable(reason) => Self::Unreachable { url, reason: reason.clone() },
            FetchError::Status(StatusCode::UNAUTHORIZED) => Self::ApiKeyRefused { url },
            FetchError::Status(StatusCode::FORBIDDEN) => Self::MissingScope { url },
            error => Self::Feed { url, reason: error.to_string() },
        }
    }
}
