//! The rank test of Mann and Whitney: do two series of times differ?

use std::time::Duration;

/// Beyond this a difference as large comes by chance in one of a thousand comparisons (two-sided).
pub(super) const P_0_001: f64 = 3.290_5;

/// The normal approximation with the correction for ties: positive when `a` tends to be the larger. `0` where all are equal.
pub(super) fn z(a: &[Duration], b: &[Duration]) -> f64 {
    let mut all: Vec<_> = a.iter().map(|time| (*time, true)).chain(b.iter().map(|time| (*time, false))).collect();
    all.sort_unstable();
    let (mut ranks_of_a, mut ties, mut before) = (0.0, 0.0, 0.0);
    for equal in all.chunk_by(|one, other| one.0 == other.0) {
        let count = float(equal.len());
        // They share the mean of their ranks, which are counted from 1.
        ranks_of_a += float(equal.iter().filter(|(_, of_a)| *of_a).count()) * (before + count.midpoint(1.0));
        ties += count.powi(3) - count;
        before += count;
    }
    let (of_a, of_b) = (float(a.len()), float(b.len()));
    let statistic = ranks_of_a - of_a * of_a.midpoint(1.0);
    let variance = of_a * of_b / 12.0 * (before + 1.0 - ties / (before * (before - 1.0)));
    if variance > 0.0 { (statistic - of_a * of_b / 2.0) / variance.sqrt() } else { 0.0 }
}

/// The middle one.
pub(super) fn median(times: &[Duration]) -> Duration {
    let mut sorted = times.to_vec();
    sorted.sort_unstable();
    sorted[sorted.len() / 2]
}

fn float(count: usize) -> f64 {
    f64::from(u32::try_from(count).unwrap())
}

#[cfg(test)]
mod tests {
    use super::*;

    fn series(micros: &[u64]) -> Vec<Duration> {
        micros.iter().copied().map(Duration::from_micros).collect()
    }

    fn check(a: &[u64], b: &[u64], expected: f64) {
        let found = z(&series(a), &series(b));
        assert!((found - expected).abs() < 1e-4, "{found}, not {expected}");
        assert!((z(&series(b), &series(a)) + expected).abs() < 1e-4, "the other way round it is the negative");
    }

    /// The example of scipy.stats.mannwhitneyu: U is 17 of 20.
    #[test]
    fn a_known_example_gives_its_known_value() {
        check(&[19, 22, 16, 29, 24], &[20, 11, 17, 12], 1.714_643);
    }

    /// U counted pair by pair, as its definition says.
    #[test]
    fn ties_are_corrected_for() {
        check(&[1, 2, 2, 3, 3, 3, 4, 9], &[2, 3, 5, 5, 6, 7, 8], -1.583_675);
    }

    #[test]
    fn what_is_equal_does_not_differ() {
        check(&[5, 5, 5], &[5, 5, 5], 0.0);
        check(&[1, 2, 3], &[1, 2, 3], 0.0);
    }
}
