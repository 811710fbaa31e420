//! The feed, entry by entry: when each is committed, seen by the nodes of its region, and in effect at the readers.

use fastrand::Rng;

use super::Simulate;
use super::world::{LONGEST_WAIT, Sight, Way, one_way};

/// What was seen.
pub(super) struct Seen {
    /// From commit to effect, each entry at each region's readers, in seconds, the shortest first.
    pub(super) delays: Vec<f64>,
    /// Answers that one reader got, from all feeds, a second.
    pub(super) answers: f64,
    /// Entries that one reader of the first region held, at each second.
    pub(super) live: Vec<usize>,
}

impl Seen {
    pub(super) fn mean(&self) -> f64 {
        mean(self.delays.iter().copied())
    }

    pub(super) fn percentile(&self, percent: usize) -> f64 {
        let place = self.delays.len().saturating_sub(1) * percent / 100;
        self.delays.get(place).copied().unwrap_or_default()
    }

    pub(super) fn mean_live(&self) -> f64 {
        mean(self.live.iter().copied().map(number))
    }

    pub(super) fn most_live(&self) -> f64 {
        number(self.live.iter().copied().max().unwrap_or_default())
    }
}

fn mean(values: impl ExactSizeIterator<Item = f64>) -> f64 {
    let count = number(values.len());
    values.sum::<f64>() / count
}

fn number(count: usize) -> f64 {
    u32::try_from(count).map_or(f64::INFINITY, f64::from)
}

/// An entry of one feed.
struct Entry {
    committed: f64,
    seen: f64,
}

/// Simulates the feeds of all regions and their readers in all regions: until the set is full, and then for the time that is
/// measured.
pub(super) fn simulate(flags: &Simulate, way: Way, ends_a_second: f64) -> Seen {
    let mut rng = Rng::with_seed(flags.seed);
    let warm = f64::from(flags.access_ttl);
    let end = warm + f64::from(flags.seconds);
    let rate = ends_a_second / f64::from(flags.regions);
    let mut seen = Seen { delays: Vec::new(), answers: 0.0, live: Vec::new() };
    let mut held = Vec::new();
    for home in 0..flags.regions {
        let entries = feed(&mut rng, rate, end, way.sight);
        for reader in 0..flags.regions {
            let distance = one_way(home, reader, flags.regions);
            let (effects, answers) = follow(&mut rng, &entries, way, distance, end);
            seen.answers += answers / end / f64::from(flags.regions);
            let measured = entries.iter().zip(&effects).filter(|(entry, _)| entry.committed >= warm);
            seen.delays.extend(measured.map(|(entry, effect)| effect - entry.committed));
            if reader == 0 {
                held.extend(entries.iter().zip(&effects).map(|(entry, effect)| (*effect, entry.committed + warm)));
            }
        }
    }
    seen.delays.sort_unstable_by(f64::total_cmp);
    seen.live = live(&held, flags.access_ttl, flags.seconds);
    seen
}

/// The entries of one region, as they come at random.
fn feed(rng: &mut Rng, rate: f64, end: f64, sight: Sight) -> Vec<Entry> {
    let mut entries = Vec::new();
    let mut committed = 0.0;
    loop {
        committed += -(1.0 - rng.f64()).ln() / rate;
        if committed >= end {
            return entries;
        }
        let seen = match sight {
            Sight::After(delay) => committed + delay,
            Sight::AtEach(tick) => (committed / tick).ceil() * tick,
        };
        entries.push(Entry { committed, seen });
    }
}

/// One reader of one feed: when each entry is in effect at it, as far as it came, and how many answers it got.
fn follow(rng: &mut Rng, entries: &[Entry], way: Way, distance: f64, end: f64) -> (Vec<f64>, f64) {
    let mut effects = Vec::new();
    let mut answers = 0.0;
    // Readers do not march in step.
    let mut asked = rng.f64() * (way.rest + 2.0 * distance);
    while asked < end {
        let next = entries.get(effects.len()).map_or(f64::INFINITY, |entry| entry.seen);
        let answered = if way.waits { asked.max(next.min(asked + LONGEST_WAIT)) } else { asked };
        let arrives = answered + jittered(rng, distance);
        let new = entries.iter().skip(effects.len()).take_while(|entry| entry.seen <= answered).count();
        effects.extend(std::iter::repeat_n(arrives, new));
        answers += 1.0;
        asked = arrives + way.rest + jittered(rng, distance);
    }
    (effects, answers)
}

/// Networks vary by a fifth.
fn jittered(rng: &mut Rng, distance: f64) -> f64 {
    distance * (0.8 + 0.4 * rng.f64())
}

/// How many entries are held at each second after the first ones have gone, by when each came and goes.
fn live(held: &[(f64, f64)], from: u32, seconds: u32) -> Vec<usize> {
    let mut came: Vec<_> = held.iter().map(|(came, _)| *came).collect();
    let mut goes: Vec<_> = held.iter().map(|(_, goes)| *goes).collect();
    came.sort_unstable_by(f64::total_cmp);
    goes.sort_unstable_by(f64::total_cmp);
    let until = |times: &[f64], moment: f64| times.partition_point(|time| *time <= moment);
    let moments = (0..seconds).map(|second| f64::from(from + second));
    moments.map(|moment| until(&came, moment) - until(&goes, moment)).collect()
}
