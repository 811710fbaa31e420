//! What works on requests at this moment, and where more would be too much.

use std::sync::Arc;
use std::sync::atomic::{AtomicU64, AtomicUsize, Ordering};

use axum::extract::FromRequestParts;
use axum::http::request::Parts;
use tokio::time::Instant;

use crate::measure::{self, Queue};
use crate::operations::HttpLoad;
use crate::problem::{Problem, ProblemCode};
use crate::state::ApiState;

/// How often the log says that requests are refused, in milliseconds: a flood of them is not to become a flood of lines.
const TELL_EVERY: u64 = 10_000;

/// The counts behind [`HttpLoad`].
pub(crate) struct Load {
    in_flight: Arc<AtomicUsize>,
    polls: Arc<AtomicUsize>,
    streams: Arc<AtomicUsize>,
    readers: usize,
    started: Instant,
    /// When the log said last that requests are refused, in milliseconds since the start.
    told: AtomicU64,
}

/// One of a count, until it is dropped.
pub(crate) struct Counted(Arc<AtomicUsize>);

impl Counted {
    fn one(count: &Arc<AtomicUsize>) -> Self {
        count.fetch_add(1, Ordering::Relaxed);
        Self(Arc::clone(count))
    }
}

impl Drop for Counted {
    fn drop(&mut self) {
        self.0.fetch_sub(1, Ordering::Relaxed);
    }
}

/// How a reader of the feed waits.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(crate) enum Reading {
    /// By a long poll.
    Poll,
    /// At a stream.
    Stream,
}

impl Load {
    pub(crate) fn new(readers: usize) -> Self {
        let zero = Arc::<AtomicUsize>::default;
        Self {
            in_flight: zero(),
            polls: zero(),
            streams: zero(),
            readers,
            started: Instant::now(),
            told: AtomicU64::new(0),
        }
    }

    /// A request is being answered until this is dropped.
    pub(crate) fn request(&self) -> Counted {
        Counted::one(&self.in_flight)
    }

    /// Room for one more reader of the feed, who waits until this is dropped.
    pub(crate) fn reader(&self, reading: Reading) -> Result<Counted, Problem> {
        let counted = Counted::one(if reading == Reading::Poll { &self.polls } else { &self.streams });
        let now = self.now();
        if now.polls + now.streams <= self.readers { Ok(counted) } else { Err(self.shed(Queue::FeedReaders)) }
    }

    pub(crate) fn now(&self) -> HttpLoad {
        HttpLoad {
            in_flight: self.in_flight.load(Ordering::Relaxed),
            polls: self.polls.load(Ordering::Relaxed),
            streams: self.streams.load(Ordering::Relaxed),
            readers: self.readers,
        }
    }

    /// The answer to who comes when a queue is full. It is counted, and told now and then.
    fn shed(&self, queue: Queue) -> Problem {
        measure::shed(queue);
        let now = u64::try_from(self.started.elapsed().as_millis()).unwrap_or(u64::MAX).max(1);
        let told = self.told.load(Ordering::Relaxed);
        let due = told == 0 || now.saturating_sub(told) >= TELL_EVERY;
        if due && self.told.compare_exchange(told, now, Ordering::Relaxed, Ordering::Relaxed).is_ok() {
            tracing::warn!(?queue, "more is waiting than there is room for: requests are refused until there is");
        }
        Problem::new(ProblemCode::Busy, "The server is busy. Send the same request again in a moment.")
    }
}

/// There is room for one more password to hash. It is asked for before anything of the request is read, so that a flood costs no
/// more than saying no, and the answer is the same whoever the request is about.
pub(crate) struct RoomToHash;

impl FromRequestParts<ApiState> for RoomToHash {
    type Rejection = Problem;

    async fn from_request_parts(_: &mut Parts, state: &ApiState) -> Result<Self, Problem> {
        if state.auth().login.hashing().is_full() { Err(state.load().shed(Queue::Hashing)) } else { Ok(Self) }
    }
}
