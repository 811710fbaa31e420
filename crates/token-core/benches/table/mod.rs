//! The table at the end of a bench: each operation beside its limit, both timed in turn, for people and for `cargo xtask bench`.

use std::{
    env, fs, io,
    path::Path,
    time::{Duration, Instant},
};

use serde::Serialize;

/// How many batches of each way are timed, and how long a batch takes.
const BATCHES: u32 = 150;
const BATCH: Duration = Duration::from_micros(1_500);

/// Times several ways in turn, in nanoseconds each: of each the fastest batch counts, so that what else the machine does falls
/// out.
pub(crate) fn in_turn<const N: usize>(ways: [&dyn Fn(); N]) -> [f64; N] {
    let times = ways.map(|way| {
        let once = batch(way, 1).min(batch(way, 1)).max(Duration::from_nanos(50));
        u32::try_from(BATCH.as_nanos() / once.as_nanos()).unwrap_or(u32::MAX).max(1)
    });
    let mut fastest = [f64::INFINITY; N];
    for _ in 0..BATCHES {
        for ((way, times), fastest) in ways.iter().zip(times).zip(&mut fastest) {
            *fastest = fastest.min(batch(way, times).as_secs_f64() * 1e9 / f64::from(times));
        }
    }
    fastest
}

fn batch(work: &dyn Fn(), times: u32) -> Duration {
    let started = Instant::now();
    for _ in 0..times {
        work();
    }
    started.elapsed()
}

/// One line: an operation, what it took, and what it is held against.
#[derive(Default, Serialize)]
pub(crate) struct Row {
    pub(crate) operation: String,
    pub(crate) ours_ns: f64,
    /// What `limit` took in the same run.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub(crate) limit_ns: Option<f64>,
    #[serde(skip_serializing_if = "Option::is_none")]
    pub(crate) limit: Option<&'static str>,
    /// `ours_ns / limit_ns`.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub(crate) ratio: Option<f64>,
    /// The most that the ratio may be.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub(crate) target: Option<f64>,
    /// The most that it may take.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub(crate) target_ns: Option<f64>,
    #[serde(skip_serializing_if = "Option::is_none")]
    pub(crate) allocations: Option<u64>,
    /// Another way to do the same, and what it took beside the limit.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub(crate) other: Option<&'static str>,
    #[serde(skip_serializing_if = "Option::is_none")]
    pub(crate) other_ns: Option<f64>,
    #[serde(skip_serializing_if = "Option::is_none")]
    pub(crate) other_ratio: Option<f64>,
}

impl Row {
    /// An operation beside its limit.
    pub(crate) fn beside(operation: impl Into<String>, ours_ns: f64, limit: &'static str, limit_ns: f64) -> Self {
        Self {
            operation: operation.into(),
            ours_ns,
            limit_ns: Some(limit_ns),
            limit: Some(limit),
            ratio: Some(ours_ns / limit_ns),
            ..Self::default()
        }
    }
}

/// The lines of one bench.
#[derive(Serialize)]
pub(crate) struct Table {
    bench: &'static str,
    pub(crate) rows: Vec<Row>,
}

impl Table {
    pub(crate) fn new(bench: &'static str) -> Self {
        Self { bench, rows: Vec::new() }
    }

    /// Prints the table, and writes it to `<bench>.json` in the folder that `JETON_BENCH_OUT` names, if it names one.
    #[expect(clippy::expect_used, reason = "whoever asked for the file must hear that there is none")]
    pub(crate) fn finish(&self) {
        self.print();
        if let Some(folder) = env::var_os("JETON_BENCH_OUT").filter(|folder| !folder.is_empty()) {
            self.write(Path::new(&folder)).expect("the table cannot be written to JETON_BENCH_OUT");
        }
    }

    fn print(&self) {
        let column = |value: Option<f64>, digits| value.map_or(String::new(), |value| format!("{value:.digits$}"));
        println!(
            "\n{:<32} {:>12} {:>12} {:>8} {:>8} {:>10}  limit",
            self.bench, "ours, ns", "limit, ns", "ratio", "target", "target, ns"
        );
        for row in &self.rows {
            let other = row.other.map_or(String::new(), |other| format!("; {other} {}x", column(row.other_ratio, 3)));
            let allocations = row.allocations.map_or(String::new(), |count| format!("{count} allocations"));
            println!(
                "{:<32} {:>12.0} {:>12} {:>8} {:>8} {:>10}  {}{allocations}{other}",
                row.operation,
                row.ours_ns,
                column(row.limit_ns, 0),
                column(row.ratio, 3),
                column(row.target, 2),
                column(row.target_ns, 0),
                row.limit.unwrap_or_default(),
            );
        }
    }

    fn write(&self, folder: &Path) -> io::Result<()> {
        fs::create_dir_all(folder)?;
        fs::write(folder.join(format!("{}.json", self.bench)), serde_json::to_vec_pretty(self)?)
    }
}
