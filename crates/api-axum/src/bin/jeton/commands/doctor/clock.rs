//! The clock: whether it runs evenly, agrees with the database's, and is not behind what others have written.

use std::time::{Duration, Instant};

use api_axum::SystemClock;
use auth_domain::model::{EventQuery, Timestamp};
use auth_domain::ports::{Clock as _, Stores};
use store_diesel::examine::{Examination, PostgresExamination};

use super::PATIENCE;
use super::database::Examined;
use super::finding::Finding;
use super::report::wait_for;

/// For how long the clock is watched at least.
const WATCHED: Duration = Duration::from_millis(500);
/// How far the clock may move away from the time that has passed; NTP moves it by less.
const STEP: i64 = 100_000;
/// From here on it is worth a word, and a problem, in microseconds.
const NOTABLE: i64 = 500_000;
const TOO_FAR: i64 = 2_000_000;
const NTP: &str = "keep the clocks of all machines together with NTP (systemd-timesyncd, chrony)";

/// The clock, watched while other things are looked at.
pub(super) struct Watch {
    began: Instant,
    at: Timestamp,
}

impl Watch {
    pub(super) fn start() -> Self {
        Self { began: Instant::now(), at: SystemClock.now() }
    }

    pub(super) async fn check(&self, examined: Option<&Examined>, stores: Option<&Stores>) -> Vec<Finding> {
        tokio::time::sleep(WATCHED.saturating_sub(self.began.elapsed())).await;
        let mut found = vec![self.steadiness()];
        match examined.map(|examined| &examined.examination) {
            Some(Examination::Postgres(postgres)) => found.push(beside_the_database(postgres)),
            Some(Examination::Sqlite(_)) => {
                found.push(Finding::ok("clock.database", "SQLite has this machine's clock"));
            }
            None => {}
        }
        if let Some(stores) = stores {
            found.extend(history(stores).await);
        }
        found
    }

    /// Whether the clock went as the time did.
    fn steadiness(&self) -> Finding {
        const CHECK: &str = "clock.steady";
        let (elapsed, now) = (self.began.elapsed(), SystemClock.now());
        let passed = i64::try_from(elapsed.as_micros()).unwrap_or(i64::MAX);
        let step = now.as_micros().saturating_sub(self.at.as_micros()).saturating_sub(passed);
        if step.saturating_abs() > STEP {
            let what = format!("the clock stepped by {} s while it was watched", seconds(step));
            Finding::problem(CHECK, what, "let NTP move it slowly; something sets it by force")
        } else {
            Finding::ok(CHECK, format!("the clock ran evenly for {:.1} s; it is {now}", elapsed.as_secs_f64()))
        }
    }
}

fn beside_the_database(postgres: &PostgresExamination) -> Finding {
    const CHECK: &str = "clock.database";
    let since = i64::try_from(postgres.clock_read_at.elapsed().as_micros()).unwrap_or(i64::MAX);
    let ours = SystemClock.now().as_micros().saturating_sub(since);
    let drift = ours.saturating_sub(postgres.clock_micros);
    let about = i64::try_from(postgres.round_trip.as_micros() / 2).unwrap_or(i64::MAX);
    let word = if drift < 0 { "behind" } else { "ahead of" };
    let what =
        format!("this clock is {} s {word} the database's (± {} s)", seconds(drift.saturating_abs()), seconds(about));
    match drift.saturating_abs().saturating_sub(about) {
        far if far > TOO_FAR => Finding::problem(CHECK, what, NTP),
        far if far > NOTABLE => Finding::advice(CHECK, what, NTP),
        _ => Finding::ok(CHECK, what),
    }
}

/// Whether something was written later than now.
async fn history(stores: &Stores) -> Option<Finding> {
    const CHECK: &str = "clock.history";
    let reading = async {
        let newest = EventQuery { account: None, before: None, limit: 1 };
        let event = stores.events.page(newest).await.ok().and_then(|page| page.first().map(|event| event.at));
        let keys = stores.keys.list().await.unwrap_or_default();
        keys.iter().map(|key| key.created_at).chain(event).max()
    };
    let newest = wait_for("the newest event", PATIENCE, reading).await??;
    let ahead = newest.as_micros().saturating_sub(SystemClock.now().as_micros());
    Some(if ahead > TOO_FAR {
        let what = format!("the newest thing in the database is from {newest}, {} s in the future", seconds(ahead));
        Finding::problem(CHECK, what, format!("this clock is behind, or that of the server that wrote it ahead; {NTP}"))
    } else {
        Finding::ok(CHECK, format!("nothing in the database is from the future; the newest thing is from {newest}"))
    })
}

/// Microseconds as seconds, in words.
#[expect(clippy::cast_precision_loss, reason = "three digits are shown")]
fn seconds(micros: i64) -> String {
    format!("{:.3}", micros as f64 / 1e6)
}
