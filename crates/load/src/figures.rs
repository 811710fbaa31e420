//! What a run measured, and what several runs say together.

use std::time::Duration;

use hdrhistogram::Histogram;
use serde_json::{Value, json};

use crate::outcome::Outcome;

/// The longest latency that is told apart, in nanoseconds.
const LONGEST: u64 = 60_000_000_000;
/// Where the curve of latencies is drawn.
const QUANTILES: [f64; 14] = [0.0, 0.1, 0.25, 0.5, 0.75, 0.9, 0.95, 0.98, 0.99, 0.995, 0.998, 0.999, 0.9995, 0.9999];

/// One run: how many were answered, and how long each took.
#[derive(Clone)]
pub(crate) struct Run {
    length: Duration,
    pub(crate) failed: u64,
    pub(crate) first_failure: Option<String>,
    /// Calls, those of the warm-up too.
    pub(crate) calls: u64,
    /// What the server's process used of its cores for all calls; PostgreSQL's own use is not in it.
    pub(crate) cpu: Option<Duration>,
    /// In nanoseconds.
    latencies: Histogram<u64>,
}

impl Default for Run {
    fn default() -> Self {
        Self::of(Duration::ZERO)
    }
}

impl Run {
    pub(crate) fn of(length: Duration) -> Self {
        // Three digits of a range that is no choice of the caller's: the only errors are wrong bounds.
        let latencies = Histogram::new(3).unwrap_or_else(|_| unreachable!("three digits are allowed"));
        Self { length, failed: 0, first_failure: None, calls: 0, cpu: None, latencies }
    }

    pub(crate) fn note(&mut self, took: Duration, outcome: &Outcome<()>) {
        match outcome {
            Ok(()) => self.took(took),
            Err(failure) => {
                self.failed += 1;
                self.first_failure.get_or_insert_with(|| failure.to_string());
            }
        }
    }

    pub(crate) fn took(&mut self, took: Duration) {
        let nanoseconds = u64::try_from(took.as_nanos()).unwrap_or(LONGEST).min(LONGEST);
        self.latencies += nanoseconds;
    }

    /// Takes what another client of the same run, or another run of the same kind, measured.
    pub(crate) fn add(&mut self, other: &Self) {
        self.failed += other.failed;
        if self.first_failure.is_none() {
            self.first_failure.clone_from(&other.first_failure);
        }
        // Both grow as they need to.
        let _ = self.latencies.add(&other.latencies);
    }

    /// Microseconds of the server's process a call.
    fn cpu_a_call(&self) -> f64 {
        self.cpu.map_or(f64::NAN, |cpu| cpu.as_secs_f64() * 1e6 / count(self.calls))
    }

    pub(crate) fn answered(&self) -> u64 {
        self.latencies.len()
    }

    /// Answers a second.
    pub(crate) fn rate(&self) -> f64 {
        count(self.latencies.len()) / self.length.as_secs_f64()
    }

    /// The latency that this part of the requests did not exceed, in microseconds.
    pub(crate) fn quantile(&self, part: f64) -> f64 {
        count(self.latencies.value_at_quantile(part)) / 1_000.0
    }

    /// The latency curve: pairs of a part and microseconds.
    fn curve(&self) -> Vec<(f64, f64)> {
        QUANTILES.into_iter().map(|part| (part, self.quantile(part))).collect()
    }
}

/// Several runs of one kind.
#[derive(Default)]
pub(crate) struct Series(Vec<Run>);

impl Series {
    pub(crate) fn push(&mut self, run: Run) {
        self.0.push(run);
    }

    pub(crate) fn rate(&self) -> f64 {
        median(self.0.iter().map(Run::rate))
    }

    pub(crate) fn quantile(&self, part: f64) -> f64 {
        median(self.0.iter().map(|run| run.quantile(part)))
    }

    /// The median, over the rounds, of this one's figure to that one's of the same round.
    pub(crate) fn ratio_to(&self, other: &Self, figure: impl Fn(&Run) -> f64) -> f64 {
        median(self.0.iter().zip(&other.0).map(|(own, other)| figure(own) / figure(other)))
    }

    pub(crate) fn failed(&self) -> u64 {
        self.0.iter().map(|run| run.failed).sum()
    }

    pub(crate) fn first_failure(&self) -> Option<&str> {
        self.0.iter().find_map(|run| run.first_failure.as_deref())
    }

    /// All of them as one.
    pub(crate) fn together(&self) -> Run {
        self.0.iter().fold(Run::default(), |mut all, run| {
            all.length += run.length;
            all.add(run);
            all
        })
    }

    /// The row of the table of latencies.
    pub(crate) fn row(&self, engine: &str, load: &str, way: &str) -> Value {
        let spread = self.0.iter().map(Run::rate);
        json!({
            "engine": engine, "load": load, "way": way, "rounds": self.0.len(),
            "rate": self.rate(),
            "rate_least": spread.clone().fold(f64::INFINITY, f64::min), "rate_most": spread.fold(0.0, f64::max),
            "p50_us": self.quantile(0.5), "p99_us": self.quantile(0.99), "p999_us": self.quantile(0.999),
            "cpu_us": median(self.0.iter().map(Run::cpu_a_call)),
            "failed": self.failed(), "first_failure": self.first_failure(),
            "curve": self.together().curve(),
        })
    }
}

/// The middle one; of an even number the mean of the two in the middle.
pub(crate) fn median(values: impl IntoIterator<Item = f64>) -> f64 {
    let mut values: Vec<f64> = values.into_iter().collect();
    values.sort_by(f64::total_cmp);
    let middle = values.len() / 2;
    match (values.get(middle), values.get(middle.wrapping_sub(1))) {
        (Some(upper), Some(lower)) if values.len().is_multiple_of(2) => f64::midpoint(*upper, *lower),
        (Some(upper), _) => *upper,
        (None, _) => f64::NAN,
    }
}

/// Whether a target is a floor or a ceiling.
#[derive(Clone, Copy)]
pub(crate) enum Sense {
    AtLeast,
    AtMost,
}

/// A figure beside its limit, with the target that it is held to.
pub(crate) struct Verdict<'a> {
    pub(crate) what: &'a str,
    pub(crate) engine: &'a str,
    pub(crate) unit: &'a str,
    pub(crate) ours: f64,
    pub(crate) limit: f64,
    pub(crate) limit_is: &'a str,
    /// `None` where the figure itself is held to the target.
    pub(crate) ratio: Option<f64>,
    pub(crate) sense: Sense,
    pub(crate) target: f64,
}

impl Verdict<'_> {
    pub(crate) fn row(&self) -> Value {
        let held = self.ratio.unwrap_or(self.ours);
        let (words, met) = match self.sense {
            Sense::AtLeast => ("at least", held >= self.target),
            Sense::AtMost => ("at most", held <= self.target),
        };
        json!({
            "what": self.what, "engine": self.engine, "unit": self.unit, "ours": self.ours, "limit": self.limit,
            "limit_is": self.limit_is, "ratio": self.ratio, "sense": words, "target": self.target, "met": met,
        })
    }
}

#[expect(clippy::cast_precision_loss, reason = "counts and nanoseconds of minutes are far below 2^52")]
pub(crate) fn count(count: u64) -> f64 {
    count as f64
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn the_median_is_the_middle_or_the_mean_of_both_middles() {
        assert!((median([3.0, 1.0, 2.0]) - 2.0).abs() < f64::EPSILON);
        assert!((median([4.0, 1.0, 3.0, 2.0]) - 2.5).abs() < f64::EPSILON);
        assert!(median([]).is_nan());
    }

    #[test]
    fn failures_are_counted_apart_and_do_not_raise_the_rate() {
        let mut run = Run::of(Duration::from_secs(2));
        for _ in 0..10 {
            run.note(Duration::from_micros(100), &Ok(()));
        }
        run.note(Duration::from_micros(1), &Err("refused".into()));
        assert!((run.rate() - 5.0).abs() < f64::EPSILON);
        assert_eq!((run.failed, run.first_failure.as_deref()), (1, Some("refused")));
        assert!((run.quantile(0.5) - 100.0).abs() < 1.0);
    }
}
