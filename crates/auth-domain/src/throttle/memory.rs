//! Failures counted in this process.

use std::collections::HashMap;
use std::sync::{Mutex, MutexGuard, PoisonError};
use std::time::Duration;

use async_trait::async_trait;

use crate::model::{Tally, ThrottleKey, Timestamp};
use crate::ports::{StoreError, Throttle};

/// The most keys that are kept, some 10 MiB: beyond it those go whose last failure is the oldest.
const MOST: usize = 100_000;

/// Counts failures in memory. They are forgotten when the process ends.
#[derive(Debug, Default)]
pub struct MemoryThrottle(Mutex<HashMap<[u8; 16], Tally>>);

impl MemoryThrottle {
    fn tallies(&self) -> MutexGuard<'_, HashMap<[u8; 16], Tally>> {
        self.0.lock().unwrap_or_else(PoisonError::into_inner)
    }
}

#[async_trait]
impl Throttle for MemoryThrottle {
    async fn charge(&self, keys: &[ThrottleKey], now: Timestamp) -> Result<Option<Duration>, StoreError> {
        let mut tallies = self.tallies();
        let waits = keys.iter().filter_map(|key| tallies.get(&key.hash)?.wait(key.free, now));
        if let Some(longest) = waits.max() {
            return Ok(Some(longest));
        }
        if tallies.len() + keys.len() > MOST {
            make_room(&mut tallies);
        }
        for key in keys {
            let none = Tally { failures: 0, last_at: now };
            let tally = tallies.entry(key.hash).or_insert(none);
            *tally = tally.and_one(now);
        }
        Ok(None)
    }

    async fn forgive(&self, forget: &[ThrottleKey], refund: &[ThrottleKey]) -> Result<(), StoreError> {
        let mut tallies = self.tallies();
        for key in forget {
            tallies.remove(&key.hash);
        }
        for key in refund {
            if let Some(tally) = tallies.get_mut(&key.hash) {
                tally.failures = tally.failures.saturating_sub(1);
            }
        }
        Ok(())
    }
}

/// A quarter goes at once, so that this is seldom.
fn make_room(tallies: &mut HashMap<[u8; 16], Tally>) {
    let mut times: Vec<_> = tallies.values().map(|tally| tally.last_at).collect();
    let quarter = times.len() / 4;
    let (_, oldest, _) = times.select_nth_unstable(quarter);
    let oldest = *oldest;
    tallies.retain(|_, tally| tally.last_at > oldest);
}

#[cfg(test)]
mod tests {
    use super::*;

    #[tokio::test]
    async fn memory_is_bounded_and_the_oldest_go_first() {
        let throttle = MemoryThrottle::default();
        let key = |n: u32| ThrottleKey { hash: u128::from(n).to_be_bytes(), free: 1 };
        for n in 0..150_000 {
            assert_eq!(throttle.charge(&[key(n)], Timestamp::from_secs(i64::from(n))).await.unwrap(), None);
        }
        assert!(throttle.tallies().len() <= MOST);
        assert!(throttle.tallies().contains_key(&key(149_999).hash));
        assert!(!throttle.tallies().contains_key(&key(0).hash));
    }
}
