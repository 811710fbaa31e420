//! Signing keys as a store keeps them, and the states of their life: next, active, retired, gone.

use std::fmt;
use std::time::Duration;

use token_core::Algorithm;

use super::{Revocation, Timestamp};

/// A signing key, sealed under a master key, as a store keeps it.
#[derive(Clone, PartialEq, Eq)]
pub struct StoredKey {
    /// The key's identifier: its RFC 7638 thumbprint.
    pub kid: String,
    /// The JWA name of its algorithm.
    pub algorithm: String,
    /// The id of the master key that seals it.
    pub key_id: u8,
    /// Nonce and ciphertext; `kid`, `algorithm` and `key_id` are authenticated with them. Empty once the key is revoked.
    pub sealed: Vec<u8>,
    /// Since when it has been published.
    pub created_at: Timestamp,
    /// Where it is in its life.
    pub state: KeyState,
}

impl fmt::Debug for StoredKey {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.debug_struct("StoredKey")
            .field("kid", &self.kid)
            .field("algorithm", &self.algorithm)
            .field("state", &self.state)
            .finish_non_exhaustive()
    }
}

/// Where a key is in its life.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum KeyState {
    /// Published, so that verifiers get to know it, and signs nothing yet.
    Next,
    /// Signs.
    Active {
        /// Since when.
        since: Timestamp,
    },
    /// Signs no more. What it signed is good until it expires.
    Retired {
        /// Since when.
        since: Timestamp,
        /// From here on nothing that it signed is alive.
        until: Timestamp,
    },
    /// Its tokens are refused everywhere. Its private half is gone; the row stays so that nobody imports it again.
    Revoked {
        /// Since when.
        since: Timestamp,
        /// Up to when the feed says so.
        until: Timestamp,
    },
}

impl KeyState {
    /// The stable name, as stores and the API write it.
    #[must_use]
    pub const fn as_str(self) -> &'static str {
        match self {
            Self::Next => "next",
            Self::Active { .. } => "active",
            Self::Retired { .. } => "retired",
            Self::Revoked { .. } => "revoked",
        }
    }

    /// Since when the key has been in this state; `None` for a key that is still what it was when it was made.
    #[must_use]
    pub const fn since(self) -> Option<Timestamp> {
        match self {
            Self::Next => None,
            Self::Active { since } | Self::Retired { since, .. } | Self::Revoked { since, .. } => Some(since),
        }
    }

    /// When this state ends by itself.
    #[must_use]
    pub const fn until(self) -> Option<Timestamp> {
        match self {
            Self::Next | Self::Active { .. } => None,
            Self::Retired { until, .. } | Self::Revoked { until, .. } => Some(until),
        }
    }

    /// The state of this name with these times, if there can be one.
    #[must_use]
    pub fn from_parts(name: &str, since: Option<Timestamp>, until: Option<Timestamp>) -> Option<Self> {
        match (name, since, until) {
            ("next", None, None) => Some(Self::Next),
            ("active", Some(since), None) => Some(Self::Active { since }),
            ("retired", Some(since), Some(until)) => Some(Self::Retired { since, until }),
            ("revoked", Some(since), Some(until)) => Some(Self::Revoked { since, until }),
            _ => None,
        }
    }

    /// Whether verifiers trust the key.
    #[must_use]
    pub const fn is_trusted(self) -> bool {
        !matches!(self, Self::Revoked { .. })
    }
}

/// What the operator decides about the life of keys.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct KeyPolicy {
    /// What new tokens are to be signed with.
    pub algorithm: Algorithm,
    /// How long a key signs before the next one takes over.
    pub rotate_every: Duration,
    /// For how long verifiers may keep the JWK set (`Cache-Control: max-age`).
    pub max_age: Duration,
    /// How much longer it may take until every node and every verifier has read the keys anew, and how far their clocks may
    /// differ.
    pub margin: Duration,
    /// How long an access token lives.
    pub access_ttl: Duration,
}

/// EdDSA, every 30 days; 5 minutes in caches and a minute more; 15 minutes.
impl Default for KeyPolicy {
    fn default() -> Self {
        Self {
            algorithm: Algorithm::EdDsa,
            rotate_every: Duration::from_secs(30 * 86_400),
            max_age: Duration::from_secs(300),
            margin: Duration::from_secs(60),
            access_ttl: Duration::from_secs(900),
        }
    }
}

impl KeyPolicy {
    /// How long a key must have been published before it may sign: until no verifier can hold a set without it.
    #[must_use]
    pub const fn lead(&self) -> Duration {
        self.max_age.saturating_add(self.margin)
    }

    /// When every verifier has seen the key, so that it may sign.
    #[must_use]
    pub fn ready_at(&self, key: &StoredKey) -> Timestamp {
        key.created_at.plus(self.lead())
    }

    /// When nothing is alive any more that a key signed which is retired at `now`.
    #[must_use]
    pub fn verifies_until(&self, now: Timestamp) -> Timestamp {
        now.plus(self.access_ttl).plus(self.margin)
    }
}

/// A change of the keys, to be made in one step.
#[derive(Clone, Debug, Default, PartialEq, Eq)]
pub struct KeyChange {
    /// Rows to add, or to put in the place of those with the same `kid`.
    pub put: Vec<StoredKey>,
    /// Rows to remove, by `kid`.
    pub remove: Vec<String>,
    /// A key that the feed is to kill.
    pub revoke: Option<KeyRevocation>,
    /// Retired master keys to add, or to put in the place of those with the same id.
    pub keep: Vec<RetiredMasterKey>,
    /// Retired master keys to remove, by id.
    pub forget: Vec<u8>,
    /// What forbade the change, and was overruled.
    pub overruled: Option<KeyRefused>,
}

impl KeyChange {
    /// Whether there is nothing to write.
    #[must_use]
    pub fn is_empty(&self) -> bool {
        self.put.is_empty()
            && self.remove.is_empty()
            && self.revoke.is_none()
            && self.keep.is_empty()
            && self.forget.is_empty()
    }
}

/// A key that the feed is to kill.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct KeyRevocation {
    /// The key's RFC 7638 thumbprint.
    pub thumbprint: [u8; 32],
    /// Since when.
    pub now: Timestamp,
    /// Up to when the feed says so.
    pub until: Timestamp,
}

/// What became of a change.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct KeyChanged {
    /// Every key afterwards, oldest first (by `created_at`, then `kid`).
    pub keys: Vec<StoredKey>,
    /// What the change was.
    pub change: KeyChange,
    /// What was written to the feed.
    pub revocations: Vec<Revocation>,
}

/// What rotation needs of a master key that is not configured any more, sealed under another. With it the sessions that were
/// made under the old one live on.
#[derive(Clone, PartialEq, Eq)]
pub struct RetiredMasterKey {
    /// The id of the master key that was retired.
    pub id: u8,
    /// The id of the one that seals it.
    pub key_id: u8,
    /// Nonce and ciphertext; both ids are authenticated with them.
    pub sealed: Vec<u8>,
    /// Since when.
    pub retired_at: Timestamp,
}

impl fmt::Debug for RetiredMasterKey {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.debug_struct("RetiredMasterKey").field("id", &self.id).field("key_id", &self.key_id).finish_non_exhaustive()
    }
}

/// Why a change of the keys is not made: it would break something.
#[derive(Clone, Debug, PartialEq, Eq, thiserror::Error)]
pub enum KeyRefused {
    /// There is no key of that name.
    #[error("there is no key with the kid {0}")]
    NoSuchKey(String),
    /// No key waits to take over.
    #[error("no {0} key waits to take over; a running server publishes one within a minute")]
    NoNext(Algorithm),
    /// Verifiers may not have seen the key.
    #[error(
        "the key {kid} has not been published for long enough: verifiers may refuse what it signs until {ready_at}; wait \
         until then, or overrule this if every verifier asks for keys that it does not know"
    )]
    NotYetSeen {
        /// The key.
        kid: String,
        /// When every verifier has seen it.
        ready_at: Timestamp,
    },
    /// The key signs.
    #[error("the key {0} signs now: rotate first, or revoke it if it was stolen")]
    Signs(String),
    /// Tokens that it signed are alive.
    #[error("tokens that the key {kid} signed are alive until {until}, and would be refused; wait until then")]
    Needed {
        /// The key.
        kid: String,
        /// When nothing is alive any more that it signed.
        until: Timestamp,
    },
    /// The key has been revoked.
    #[error("the key {0} has been revoked, and is never used again")]
    Revoked(String),
    /// The key is there already.
    #[error("the key {0} is there already")]
    Exists(String),
    /// The key signs already.
    #[error("the key {0} signs already")]
    AlreadyActive(String),
}
