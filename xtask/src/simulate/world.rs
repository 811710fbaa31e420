//! The world that is simulated, and what follows from it by arithmetic alone.

use super::Simulate;
use super::sizes::{FEED_ENTRY_BYTES, SET_ENTRY_BYTES};

/// How readers learn of what was revoked. Times are in seconds.
#[derive(Clone, Copy, PartialEq)]
pub(super) struct Way {
    pub(super) words: &'static str,
    /// How late a node sees what another has committed: always so late, or up to so late.
    pub(super) sight: Sight,
    /// How long a reader rests between an answer and its next request.
    pub(super) rest: f64,
    /// Whether the server holds a request until there is news.
    pub(super) waits: bool,
}

impl Way {
    /// Whether an answer takes along what came within a while: then the arithmetic is a bound.
    pub(super) fn is_bunched(self) -> bool {
        self.waits && matches!(self.sight, Sight::AtEach(_))
    }
}

#[derive(Clone, Copy, PartialEq)]
pub(super) enum Sight {
    After(f64),
    AtEach(f64),
}

impl Sight {
    fn mean(self) -> f64 {
        match self {
            Self::After(delay) => delay,
            Self::AtEach(tick) => tick / 2.0,
        }
    }
}

pub(super) const WAYS: [Way; 3] = [
    Way { words: "long poll, nodes woken by NOTIFY", sight: Sight::After(0.005), rest: 0.0, waits: true },
    Way { words: "long poll, nodes ask every 200 ms", sight: Sight::AtEach(0.2), rest: 0.0, waits: true },
    Way { words: "readers that ask every 5 s", sight: Sight::AtEach(0.2), rest: 5.0, waits: false },
];

/// The longest that a server holds a request.
pub(super) const LONGEST_WAIT: f64 = 30.0;

/// One way between two regions on a ring: a millisecond at home, 45 to 145 ms to the others where there are ten.
pub(super) fn one_way(from: u32, to: u32, regions: u32) -> f64 {
    let apart = from.abs_diff(to);
    match apart.min(regions - apart) {
        0 => 0.001,
        distance => 0.020 + 0.125 * f64::from(distance) / f64::from((regions / 2).max(1)),
    }
}

const DAY: f64 = 86_400.0;

/// What follows from the flags. Rates are per second, of all regions together.
pub(super) struct Arithmetic {
    pub(super) refreshes: f64,
    pub(super) logins: f64,
    pub(super) ends: f64,
    pub(super) databases_per_region: f64,
    pub(super) users_per_database: f64,
    pub(super) log_bytes_per_database: f64,
    pub(super) live_entries: f64,
    pub(super) set_bytes: f64,
    pub(super) snapshot_bytes: f64,
    pub(super) feed_bytes: f64,
}

impl Arithmetic {
    pub(super) fn of(flags: &Simulate) -> Self {
        let users = f64::from(flags.users);
        let refreshes = users * flags.online / f64::from(flags.refresh_every);
        let ends = users * flags.ends_per_day / DAY;
        let per_region = refreshes / f64::from(flags.regions);
        let databases_per_region = (per_region / f64::from(flags.refreshes_per_database)).ceil();
        let live_entries = ends * f64::from(flags.access_ttl);
        Self {
            refreshes,
            logins: users * flags.logins_per_day / DAY,
            ends,
            databases_per_region,
            users_per_database: users / f64::from(flags.regions) / databases_per_region,
            log_bytes_per_database: per_region / databases_per_region * f64::from(flags.log_bytes),
            live_entries,
            set_bytes: live_entries * f64::from(SET_ENTRY_BYTES),
            snapshot_bytes: live_entries * f64::from(FEED_ENTRY_BYTES),
            feed_bytes: ends * f64::from(FEED_ENTRY_BYTES),
        }
    }

    /// The most entries that are live at once: four standard deviations above the mean of a Poisson process.
    pub(super) fn most_entries(&self) -> f64 {
        self.live_entries + 4.0 * self.live_entries.sqrt()
    }
}

/// What a reader in one region sees of the feed of another: the mean from commit to effect, and how long one turn of
/// request and answer takes.
///
/// With a round trip R and entries at a rate r, a reader that waits is deaf for R after each answer. Of the entries of one
/// turn, rR on average fall into that time and wait R/2; the one that ends the turn waits not at all, and is there unless the
/// deaf time had one (e^-rR). A reader that rests for S is deaf for R + S, always.
pub(super) fn link(way: Way, rate: f64, one_way: f64) -> (f64, f64) {
    let deaf = 2.0 * one_way + way.rest;
    let none_meanwhile = (-rate * deaf).exp();
    let (waited, turn) = if way.waits {
        (rate * deaf * deaf / 2.0 / (rate * deaf + none_meanwhile), deaf + none_meanwhile / rate)
    } else {
        (deaf / 2.0, deaf)
    };
    (way.sight.mean() + waited + one_way, turn)
}
