//! The lossy network: the program of `examples/lossy_proxy.rs`, and what it says that it did.

use std::io::{BufRead, BufReader};
use std::path::Path;
use std::process::{Child, ChildStdout, Command, Stdio};

use serde_json::Value;

use super::Told;
use crate::run::{Failure, not_started};

/// A running lossy network before a server.
pub(super) struct Proxy {
    child: Child,
    lines: BufReader<ChildStdout>,
    url: String,
}

impl Proxy {
    /// The same losses at every run with one `seed`.
    pub(super) fn start(program: &Path, upstream: &str, seed: u64) -> Result<Self, Failure> {
        let mut command = Command::new(program);
        command.args(["--upstream", upstream, "--seed", &seed.to_string()]);
        command.stdin(Stdio::piped()).stdout(Stdio::piped());
        let mut child = command.spawn().map_err(|error| not_started(&command, &error))?;
        let stdout = child.stdout.take().ok_or_else(|| Failure::new("the lossy proxy has no output"))?;
        let mut proxy = Self { child, lines: BufReader::new(stdout), url: String::new() };
        proxy.url = proxy.line()?;
        Ok(proxy)
    }

    pub(super) fn url(&self) -> &str {
        &self.url
    }

    /// Ends it, and asks what it did.
    pub(super) fn end(mut self) -> Result<Counts, Failure> {
        drop(self.child.stdin.take());
        let line = self.line()?;
        let counts = serde_json::from_str(&line);
        counts.map(Counts).map_err(|error| Failure::new(format!("the lossy proxy says `{line}`: {error}")))
    }

    fn line(&mut self) -> Result<String, Failure> {
        let mut line = String::new();
        match self.lines.read_line(&mut line) {
            Ok(read) if read > 0 => Ok(line.trim().to_owned()),
            _ => Err(Failure::new("the lossy proxy ended; why stands above")),
        }
    }
}

impl Drop for Proxy {
    fn drop(&mut self) {
        let _ = self.child.kill();
        let _ = self.child.wait();
    }
}

/// What a network did to its clients, by the names of the proxy.
pub(super) struct Counts(Value);

const ROWS: [(&str, &str); 10] = [
    ("requests", "refreshes sent"),
    ("requests_lost", "lost before the server"),
    ("repeated", "delivered twice"),
    ("refreshed", "answered 200 by the server"),
    ("answers_cut", "answers lost: connection cut"),
    ("answers_truncated", "answers lost: cut in the middle"),
    ("answers_replaced", "answers lost: 502 of a proxy"),
    ("answers_withheld", "answers lost: none before the timeout"),
    ("refused", "refused by the server"),
    ("failed", "5xx of the server"),
];

/// So many answers that their share of losses is hardly off by 5 %.
const MANY: u64 = 400;

impl Counts {
    pub(super) fn get(&self, name: &str) -> u64 {
        self.0.get(name).and_then(Value::as_u64).unwrap_or_default()
    }

    /// The answers that the server gave and nobody heard.
    fn lost(&self) -> u64 {
        let ways = ["answers_cut", "answers_truncated", "answers_replaced", "answers_withheld"];
        ways.iter().map(|way| self.get(way)).sum()
    }

    /// Fails unless the network was as bad as it should be, and the server refused nothing.
    pub(super) fn check(&self, who: &str, refreshes: u64) -> Result<(), Failure> {
        let (answered, lost) = (self.get("requests") - self.get("requests_lost"), self.lost());
        if self.get("refused") > 0 {
            return Err(Failure::new(format!("{who}: the server refused {} refreshes", self.get("refused"))));
        }
        if answered - lost.min(answered) < refreshes {
            return Err(Failure::new(format!("{who}: {answered} answers less {lost} are not {refreshes} refreshes")));
        }
        // Of many answers 30 % are lost, or the dice are broken; of few, which some parts have, it is chance how many.
        let too_few = if answered >= MANY { lost * 100 < answered * 25 } else { lost == 0 };
        if too_few || self.get("repeated") == 0 {
            return Err(Failure::new(format!("{who}: the network lost only {lost} of {answered} answers")));
        }
        Ok(())
    }

    /// A column for each client.
    pub(super) fn print(told: &[Told]) {
        let row = |what: &str, cells: Vec<String>| {
            let cells = cells.iter().fold(String::new(), |line, cell| format!("{line} {cell:>18}"));
            println!("{what:<40}{cells}");
        };
        println!();
        row("", told.iter().map(|told| told.who.to_owned()).collect());
        for (name, words) in ROWS {
            row(words, told.iter().map(|told| told.counts.get(name).to_string()).collect());
        }
        let share = |counts: &Counts| {
            let answered = (counts.get("requests") - counts.get("requests_lost")).max(1);
            format!("{} %", counts.lost() * 100 / answered)
        };
        row("answers lost", told.iter().map(|told| share(&told.counts)).collect());
    }
}

#[cfg(test)]
mod tests {
    use serde_json::json;

    use super::Counts;

    fn counts(refused: u64, cut: u64) -> Counts {
        Counts(json!({
            "requests": 1_500, "requests_lost": 70, "repeated": 150, "answers_cut": cut, "refused": refused,
        }))
    }

    #[test]
    fn a_bad_network_without_a_refusal_holds() {
        assert!(counts(0, 430).check("some", 1_000).is_ok());
    }

    #[test]
    fn a_refusal_a_good_network_and_too_few_refreshes_fail() {
        assert!(counts(1, 430).check("some", 1_000).is_err());
        assert!(counts(0, 200).check("some", 1_000).is_err());
        assert!(counts(0, 430).check("some", 1_001).is_err());
    }
}
