//! What one node knows of the feed, and what it owes to each reader. Pure: the node's poll feeds it.

use std::collections::BTreeMap;
use std::time::Duration;

use super::Cursor;
use crate::model::{Revocation, Timestamp};

/// For how long a number that was taken may still be committed: longer than any transaction of a store can last.
const PATIENCE: Duration = Duration::from_secs(120);

/// How far below the first of the recent entries numbers may be missing, when nothing older is there to tell.
const BELOW_THE_FIRST: i64 = 4_096;

/// The entries that this node has seen and that are still needed.
#[derive(Debug, Default)]
pub struct FeedLog {
    entries: BTreeMap<i64, Revocation>,
    /// `None` until the first answer.
    reached: Option<i64>,
    /// Ranges below `reached` that may still be committed, by their start: their end, and since when they are missed.
    missing: BTreeMap<i64, (i64, Timestamp)>,
}

/// What to ask the store for.
#[derive(Clone, Debug, PartialEq, Eq)]
pub enum Question {
    /// Every entry that is still needed.
    Everything,
    /// The entries beyond `reached`, and those in these ranges.
    After {
        /// The highest number that was seen.
        reached: i64,
        /// Inclusive ranges below it that were not.
        missing: Vec<(i64, i64)>,
    },
}

impl FeedLog {
    /// What to ask the store for next.
    #[must_use]
    pub fn question(&self) -> Question {
        match self.reached {
            None => Question::Everything,
            Some(reached) => Question::After { reached, missing: self.ranges().collect() },
        }
    }

    fn ranges(&self) -> impl Iterator<Item = (i64, i64)> {
        self.missing.iter().map(|(start, (end, _))| (*start, *end))
    }

    /// Takes the store's answer, in the order of `seq`, and gives what is new in it.
    pub fn absorb(&mut self, answer: &[Revocation], now: Timestamp) -> Vec<Revocation> {
        let recent = now.minus(PATIENCE);
        let first_answer = self.reached.is_none();
        let mut before = self.reached;
        let mut new = Vec::new();
        for entry in answer {
            if self.entries.insert(entry.seq, *entry).is_none() {
                new.push(*entry);
            }
            if before.is_some_and(|before| entry.seq <= before) {
                self.found(entry.seq);
                continue;
            }
            // In a first answer most missing numbers are of entries that are needed no more. Only below a recent entry can
            // one be in a transaction that has not been committed yet.
            if !first_answer || entry.not_before >= recent {
                let from = before.unwrap_or_else(|| entry.seq.saturating_sub(BELOW_THE_FIRST)).max(0);
                if from + 1 < entry.seq {
                    self.missing.insert(from + 1, (entry.seq - 1, now));
                }
            }
            before = Some(entry.seq);
        }
        self.reached = before.or(Some(0));
        self.missing.retain(|_, (_, since)| *since > recent);
        new
    }

    /// A number that was missing is there.
    fn found(&mut self, number: i64) {
        let Some((&start, &(end, since))) =
            self.missing.range(..=number).next_back().filter(|(_, (end, _))| number <= *end)
        else {
            return;
        };
        self.missing.remove(&start);
        if start < number {
            self.missing.insert(start, (number - 1, since));
        }
        if number < end {
            self.missing.insert(number + 1, (end, since));
        }
    }

    /// What a reader who has come this far has not seen, and how far he comes with it. Without a cursor, everything.
    #[must_use]
    pub fn since(&self, cursor: Option<&Cursor>) -> (Vec<Revocation>, Cursor) {
        let reached = self.reached.unwrap_or(0);
        let Some(cursor) = cursor else {
            return (self.entries.values().copied().collect(), Cursor::new(reached, self.ranges().collect()));
        };
        let entries = self.entries.values().filter(|entry| !cursor.has_seen(entry.seq)).copied().collect();
        // A number is still missing for him if he misses it, and this node has not come that far or misses it too; or if it
        // is beyond what he had reached, and this node misses it.
        let beyond = (reached.saturating_add(1), i64::MAX);
        let here: Vec<_> = self.ranges().chain([beyond]).collect();
        let his =
            cursor.missing.iter().copied().chain([(cursor.reached.saturating_add(1), reached.max(cursor.reached))]);
        let both = his.flat_map(|his| here.iter().filter_map(move |here| overlap(his, *here))).collect();
        (entries, Cursor::new(reached.max(cursor.reached), both))
    }

    /// Drops the entries that are needed no more.
    pub fn purge(&mut self, now: Timestamp) {
        self.entries.retain(|_, entry| entry.expires_at > now);
    }

    /// How many entries are needed.
    #[must_use]
    pub fn len(&self) -> usize {
        self.entries.len()
    }

    /// Whether no entry is needed.
    #[must_use]
    pub fn is_empty(&self) -> bool {
        self.entries.is_empty()
    }
}

fn overlap(one: (i64, i64), other: (i64, i64)) -> Option<(i64, i64)> {
    let both = (one.0.max(other.0), one.1.min(other.1));
    (both.0 <= both.1).then_some(both)
}
