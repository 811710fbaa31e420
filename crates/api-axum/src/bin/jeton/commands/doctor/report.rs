//! How findings are told: area by area while the work goes on, or as JSON at the end.

use std::fmt::Write as _;
use std::io::Write as _;
use std::time::Duration;

use anstream::ColorChoice;
use anstyle::{AnsiColor, Style};
use serde_json::json;
use tokio::time::{sleep, timeout};

use super::finding::{Finding, Level};
use crate::commands::{paint, print};
use crate::failure::Failure;

const ADVICE: Style = AnsiColor::Yellow.on_default().bold();
/// How long a check may be silent before somebody is told what is waited for.
const SILENCE: Duration = Duration::from_secs(1);

/// Tells findings, and remembers them.
pub(super) struct Report {
    json: bool,
    findings: Vec<Finding>,
}

impl Report {
    pub(super) const fn new(json: bool) -> Self {
        Self { json, findings: Vec::new() }
    }

    /// Begins with an area.
    pub(super) fn area(&self, name: &str) -> Result<(), Failure> {
        if self.json { Ok(()) } else { paint::print(&format!("{name}\n"), ColorChoice::Auto) }
    }

    /// Tells what was found.
    pub(super) fn tell(&mut self, found: Vec<Finding>) -> Result<(), Failure> {
        if !self.json {
            paint::print(&found.iter().map(lines).collect::<String>(), ColorChoice::Auto)?;
        }
        self.findings.extend(found);
        Ok(())
    }

    /// Tells how it ends. The exit code is 1 where there is a problem.
    pub(super) fn end(self) -> Result<(), Failure> {
        let count = |level| self.findings.iter().filter(|finding| finding.level == level).count();
        let (problems, advice) = (count(Level::Problem), count(Level::Advice));
        if self.json {
            let findings: Vec<_> = self.findings.iter().map(Finding::json).collect();
            print(&format!("{:#}\n", json!({ "problems": problems, "advice": advice, "findings": findings })))?;
        } else {
            print(&format!("\n{} ok, {advice} advice, {problems} problems\n", count(Level::Ok)))?;
        }
        if problems == 0 { Ok(()) } else { Err(Failure::new("")) }
    }
}

/// A finding in one line, and what to do in the next.
fn lines(finding: &Finding) -> String {
    let style = match finding.level {
        Level::Ok => paint::GOOD,
        Level::Advice => ADVICE,
        Level::Problem => paint::BAD,
    };
    let level = finding.level.as_str();
    let mut text = format!("  {style}{level:<8}{style:#} {}\n", paint::harmless(&finding.what));
    if let Some(todo) = &finding.todo {
        // Writing to a String cannot fail.
        let _ = writeln!(text, "           {}", paint::harmless(todo));
    }
    text
}

/// Waits for work, for at most `longest`, and says what it waits for when that takes a while. `None` when the time was over.
pub(super) async fn wait_for<T>(what: &str, longest: Duration, work: impl Future<Output = T>) -> Option<T> {
    let telling = async {
        sleep(SILENCE).await;
        // Nobody needs to read it.
        let _ = writeln!(std::io::stderr(), "waiting for {what} (up to {} s)", longest.as_secs());
        std::future::pending::<()>().await;
    };
    tokio::select! {
        done = timeout(longest, work) => done.ok(),
        () = telling => None,
    }
}
