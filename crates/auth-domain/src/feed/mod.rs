//! The revocation feed: what every node and every resource server must know within a second, with nothing skipped.
//!
//! Entries are numbered when they are written and seen when they are committed, which is another order. A reader who asked
//! only for what lies beyond the highest number that he saw would skip the entry of a slow transaction, and a stolen token
//! would live. So a reader remembers which numbers below it he has not seen, and asks for these too, for as long as a
//! transaction can last.

mod cursor;
mod log;

use std::sync::atomic::{AtomicI64, Ordering};
use std::sync::{Arc, Mutex, MutexGuard, PoisonError};
use std::time::Duration;

pub use cursor::{Cursor, InvalidCursor};
pub use log::{FeedLog, Question};
use token_core::RevocationSet;

use crate::model::{Revocation, Timestamp};
use crate::ports::{Clock, RevocationStore, StoreError};
use crate::session::AfterCommit;

/// This node's view of the feed: it follows the store, and answers the readers.
pub struct Feed {
    store: Arc<dyn RevocationStore>,
    clock: Arc<dyn Clock>,
    after_commit: Arc<AfterCommit>,
    log: Mutex<FeedLog>,
    /// The moment of the last answer of the store, in microseconds; 0 before the first.
    followed_at: AtomicI64,
}

impl Feed {
    pub(crate) fn new(store: Arc<dyn RevocationStore>, clock: Arc<dyn Clock>, after_commit: Arc<AfterCommit>) -> Self {
        Self { store, clock, after_commit, log: Mutex::default(), followed_at: AtomicI64::new(0) }
    }

    /// Asks the store for what is new, refuses it from now on, and answers how many entries it was.
    ///
    /// Called at start, and then whenever [`changed`](Self::changed) resolves and in short intervals besides.
    pub async fn follow(&self) -> Result<usize, StoreError> {
        let now = self.clock.now();
        let question = self.log().question();
        let answer = match question {
            Question::Everything => self.store.live(now).await?,
            Question::After { reached, missing } => self.store.after(reached, &missing).await?,
        };
        let new = self.log().absorb(&answer, now);
        self.after_commit.revoked(&new);
        self.followed_at.store(now.as_micros(), Ordering::Release);
        Ok(new.len())
    }

    /// How old this node's view of the feed is: the time since the store last answered. `None` before the first answer.
    #[must_use]
    pub fn age(&self) -> Option<Duration> {
        let at = self.followed_at.load(Ordering::Acquire);
        (at != 0).then(|| self.clock.now().since(Timestamp::from_micros(at)))
    }

    /// Resolves when the store may have something new, or never where it cannot tell.
    pub async fn changed(&self) {
        self.store.changed().await;
    }

    /// What a reader who has come this far has not seen, and how far he comes with it. Without a cursor, every entry that is
    /// still needed.
    #[must_use]
    pub fn since(&self, cursor: Option<&Cursor>) -> (Vec<Revocation>, Cursor) {
        self.log().since(cursor)
    }

    /// Drops what is needed no more, here and in this node's revocation set.
    pub fn purge(&self) {
        let now = self.clock.now();
        self.log().purge(now);
        self.after_commit.purge(now);
    }

    /// This node's revocation set.
    #[must_use]
    pub fn revocations(&self) -> &Arc<RevocationSet> {
        &self.after_commit.revocations
    }

    fn log(&self) -> MutexGuard<'_, FeedLog> {
        self.log.lock().unwrap_or_else(PoisonError::into_inner)
    }
}
