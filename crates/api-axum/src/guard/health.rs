//! What a guard knows and how fresh it is, for a health route and for metrics.

use std::sync::atomic::{AtomicU64, Ordering};

use serde::Serialize;
use token_core::RevocationSet;

use super::counters::Counters;
use super::trusted::TrustedIssuer;
use super::{Guard, OnStale};

/// The guard's own view of itself, at one moment. It serialises to JSON without any secret.
#[derive(Clone, Debug, PartialEq, Eq, Serialize)]
pub struct GuardHealth {
    /// Whether it decides as its owner wants: it has keys, and knows what was revoked or was told to let in without.
    pub healthy: bool,
    /// The keys that it trusts. Of several issuers: all of them, the age of those that were confirmed longest ago, and one of the
    /// errors.
    pub keys: KeysHealth,
    /// How it follows what is revoked. `None` for a guard that shares the issuer's own revocation set. Of several issuers: the
    /// one whose feed is furthest beyond its limit.
    pub feed: Option<FeedHealth>,
    /// Sessions, accounts and keys that are revoked while their tokens still live.
    pub revocations: usize,
    /// The memory that revoked sessions take, in bytes.
    pub memory_bytes: usize,
    /// Requests that were let in since the start.
    pub accepted: u64,
    /// Requests that were not let in since the start, by reason.
    pub refused: Refusals,
    /// Each of several issuers; left out where there is one.
    #[serde(skip_serializing_if = "Vec::is_empty")]
    pub issuers: Vec<IssuerHealth>,
}

/// What a guard knows of one of several issuers, and how fresh it is.
#[derive(Clone, Debug, PartialEq, Eq, Serialize)]
pub struct IssuerHealth {
    /// Its name, the `iss` of its tokens.
    pub issuer: String,
    /// Whether its tokens are decided about as the guard's owner wants.
    pub healthy: bool,
    /// Its keys.
    pub keys: KeysHealth,
    /// How the guard follows what it revokes.
    pub feed: Option<FeedHealth>,
}

/// The keys that a guard trusts.
#[derive(Clone, Debug, PartialEq, Eq, Serialize)]
pub struct KeysHealth {
    /// How many there are.
    pub count: usize,
    /// Milliseconds since the issuer last confirmed them. `None` for a guard that does not fetch them.
    pub age_ms: Option<u64>,
    /// Why the last attempt to fetch them failed. `None` when it did not.
    pub last_error: Option<String>,
}

/// How a guard follows what its issuer revokes.
#[derive(Clone, Debug, PartialEq, Eq, Serialize)]
pub struct FeedHealth {
    /// For how many milliseconds something may have been revoked that this guard does not know.
    pub staleness_ms: u64,
    /// The limit that its owner set.
    pub max_staleness_ms: u64,
    /// Whether the limit is passed.
    pub stale: bool,
    /// What happens then.
    pub on_stale: OnStale,
    /// Entries that were received since the start.
    pub received: u64,
    /// Entries of a kind that this version does not know, which therefore revoked nothing: update this program.
    pub not_understood: u64,
    /// Why the last attempt to follow failed. `None` when it did not.
    pub last_error: Option<String>,
}

/// Requests that were not let in, by reason.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq, Serialize)]
pub struct Refusals {
    /// Without an access token.
    pub no_credentials: u64,
    /// With two.
    pub ambiguous: u64,
    /// With one that does not verify.
    pub invalid: u64,
    /// With one that has expired.
    pub expired: u64,
    /// With one that names a key that the issuer does not publish.
    pub unknown_key: u64,
    /// With one that has been revoked.
    pub revoked: u64,
    /// With a good one, while it was not known what has been revoked.
    pub stale: u64,
    /// With a good one that lacks a scope.
    pub missing_scope: u64,
    /// With a good one whose account lacks a role.
    pub missing_role: u64,
    /// With a good one of somebody who has to prove again who he is.
    pub step_up: u64,
}

impl Guard {
    /// How the guard is, now.
    #[must_use]
    pub fn health(&self) -> GuardHealth {
        let issuers: Vec<_> = self.0.issuers.iter().map(IssuerHealth::of).collect();
        let sum = |part: fn(&RevocationSet) -> usize| {
            self.0.issuers.iter().map(|issuer| part(&issuer.core.revocations)).sum()
        };
        let counters = &self.0.counters;
        GuardHealth {
            healthy: !issuers.is_empty() && issuers.iter().all(|issuer| issuer.healthy),
            keys: KeysHealth {
                count: issuers.iter().map(|issuer| issuer.keys.count).sum(),
                age_ms: issuers.iter().filter_map(|issuer| issuer.keys.age_ms).max(),
                last_error: issuers.iter().find_map(|issuer| issuer.keys.last_error.clone()),
            },
            feed: issuers.iter().filter_map(|issuer| issuer.feed.clone()).max_by_key(FeedHealth::beyond_its_limit),
            revocations: sum(RevocationSet::len),
            memory_bytes: sum(RevocationSet::memory_bytes),
            accepted: read(&counters.accepted),
            refused: Refusals::of(counters),
            issuers: if issuers.len() > 1 { issuers } else { Vec::new() },
        }
    }
}

impl IssuerHealth {
    fn of(issuer: &TrustedIssuer) -> Self {
        let verifier = issuer.core.verifier();
        let count = verifier.keys().len();
        let keeper = issuer.remote.as_ref().map(|remote| &remote.keys);
        let keys = KeysHealth {
            count,
            age_ms: keeper.and_then(|keeper| keeper.age_ms()),
            last_error: keeper.and_then(|keeper| keeper.last_error()),
        };
        let feed = issuer.remote.as_ref().map(|remote| remote.feed.health());
        let denies = feed.as_ref().is_some_and(|feed| feed.stale && feed.on_stale == OnStale::Deny);
        Self { issuer: verifier.rules().issuer.clone(), healthy: count > 0 && !denies, keys, feed }
    }
}

impl FeedHealth {
    fn beyond_its_limit(&self) -> i128 {
        i128::from(self.staleness_ms) - i128::from(self.max_staleness_ms)
    }
}

impl Refusals {
    fn of(counters: &Counters) -> Self {
        Self {
            no_credentials: read(&counters.no_credentials),
            ambiguous: read(&counters.ambiguous),
            invalid: read(&counters.invalid),
            expired: read(&counters.expired),
            unknown_key: read(&counters.unknown_key),
            revoked: read(&counters.revoked),
            stale: read(&counters.stale),
            missing_scope: read(&counters.scope),
            missing_role: read(&counters.role),
            step_up: read(&counters.proof),
        }
    }
}

fn read(counter: &AtomicU64) -> u64 {
    counter.load(Ordering::Relaxed)
}
