//! How attempts are judged, on either engine: by the tallies of their keys, in the order of these.

use std::collections::BTreeMap;
use std::time::Duration;

use auth_domain::model::{Tally, ThrottleKey, Timestamp};
use auth_domain::ports::StoreError;

use crate::column::{self, At};

/// The columns of a row of `login_throttle`.
pub(crate) type TallyRow = (Vec<u8>, i64, i64);

/// An attempt, and what it is counted against: each key once, in the order in which every node locks them.
#[derive(Clone)]
pub(crate) struct Attempt {
    keys: Vec<ThrottleKey>,
    now: Timestamp,
}

/// The failures that are kept.
pub(crate) struct Tallies(BTreeMap<Vec<u8>, Tally>);

impl Attempt {
    pub(crate) fn new(keys: &[ThrottleKey], now: Timestamp) -> Self {
        let mut keys = keys.to_vec();
        keys.sort_unstable();
        keys.dedup_by_key(|key| key.hash);
        Self { keys, now }
    }

    pub(crate) fn hashes(&self) -> Vec<Vec<u8>> {
        hashes(&self.keys)
    }

    pub(crate) fn now(&self) -> i64 {
        self.now.as_micros()
    }

    pub(crate) fn is_empty(&self) -> bool {
        self.keys.is_empty()
    }

    /// How long it has to wait; `None` when it has not.
    pub(crate) fn wait(&self, kept: &Tallies) -> Option<Duration> {
        self.keys.iter().filter_map(|key| kept.0.get(key.hash.as_slice())?.wait(key.free, self.now)).max()
    }

    /// The failures of each key after it, in the order of the keys.
    pub(crate) fn counted(&self, kept: &Tallies) -> Vec<(Vec<u8>, i64)> {
        let none = Tally { failures: 0, last_at: self.now };
        let counted = self.keys.iter().map(|key| {
            let tally = kept.0.get(key.hash.as_slice()).copied().unwrap_or(none).and_one(self.now);
            (key.hash.to_vec(), i64::from(tally.failures))
        });
        counted.collect()
    }
}

/// The keys as a column keeps them.
pub(crate) fn hashes(keys: &[ThrottleKey]) -> Vec<Vec<u8>> {
    keys.iter().map(|key| key.hash.to_vec()).collect()
}

impl Tallies {
    pub(crate) fn read(rows: Vec<TallyRow>) -> Result<Self, StoreError> {
        let tallies = rows.into_iter().map(|(key, failures, last_at)| {
            let failures = column::unsigned(failures, At("login_throttle", "failures"))?;
            Ok((key, Tally { failures, last_at: Timestamp::from_micros(last_at) }))
        });
        Ok(Self(tallies.collect::<Result<_, StoreError>>()?))
    }

    /// Whether there is one for every key.
    pub(crate) fn cover(&self, attempt: &Attempt) -> bool {
        attempt.keys.iter().all(|key| self.0.contains_key(key.hash.as_slice()))
    }
}
