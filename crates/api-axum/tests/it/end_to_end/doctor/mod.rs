//! `jeton doctor`: each thing that it looks at, brought about on real files, databases and servers.

mod clock;
mod configuration;
mod database;
mod keys;
mod mail;
mod servers;

use std::process::Command;

use serde_json::Value;

use super::home::{Home, Ran};

/// What the doctor said.
pub(super) struct Seen {
    code: Option<i32>,
    findings: Vec<Value>,
    err: String,
}

impl Seen {
    fn of(mut command: Command) -> Self {
        command.args(["doctor", "--json"]);
        let Ran { code, out, err } = Ran::of(command);
        let said: Value = serde_json::from_str(&out).unwrap_or_else(|_| panic!("{out}{err}"));
        let findings = said["findings"].as_array().unwrap().clone();
        let problems = findings.iter().filter(|finding| finding["level"] == "problem").count();
        assert_eq!(said["problems"], problems);
        assert_eq!(code, Some(i32::from(problems > 0)), "{said:#}");
        for finding in &findings {
            assert_eq!(
                finding["level"] == "ok",
                finding["todo"].is_null(),
                "what is not well says what to do: {finding}"
            );
        }
        Self { code, findings, err }
    }

    /// The finding of a check; there must be one.
    fn finding(&self, check: &str) -> &Value {
        let found = self.findings.iter().find(|finding| finding["check"] == check);
        found.unwrap_or_else(|| panic!("nothing about {check}: {:#?}", self.findings))
    }

    fn has(&self, check: &str) -> bool {
        self.findings.iter().any(|finding| finding["check"] == check)
    }

    /// The finding must be of this level and have these words.
    #[track_caller]
    pub(super) fn expect(&self, check: &str, level: &str, words: &str) {
        let finding = self.finding(check);
        assert_eq!(finding["level"], level, "{finding:#}");
        assert!(finding["what"].as_str().unwrap().contains(words), "{words:?} in {finding:#}");
    }
}

fn doctor(home: &Home, arguments: &[&str]) -> Seen {
    Seen::of(home.jeton(arguments))
}

/// The same with more environment variables.
pub(super) fn doctor_with(home: &Home, more: &[(&str, &str)]) -> Seen {
    let mut command = home.jeton(&[]);
    command.envs(more.iter().copied());
    Seen::of(command)
}

/// `HOST:PORT` of a URL.
fn address(url: &str) -> &str {
    url.strip_prefix("http://").unwrap()
}

#[test]
fn findings_are_told_in_a_line_each_and_what_to_do_in_the_next() {
    let home = Home::on_sqlite().with("JETON_THROTTLE__ENABLED", "false");
    let ran = home.run(&["doctor"]);
    assert_eq!(ran.code, Some(0), "advice is no problem: {}", ran.err);
    let lines: Vec<_> = ran.out.lines().collect();
    for area in ["Configuration", "Database", "Clock", "Keys", "Mail", "Proxies", "Servers"] {
        assert!(lines.contains(&area), "{}", ran.out);
    }
    let at = lines.iter().position(|line| line.starts_with("  advice   throttling is off")).unwrap();
    assert_eq!(lines[at + 1], "           set throttle.enabled = true");
    assert!(lines.last().unwrap().ends_with(" 0 problems"), "{}", ran.out);
    assert_eq!(ran.err, "");
}

#[test]
fn a_sound_server_of_one_machine_has_no_problem_and_nothing_is_changed_or_made() {
    let home = Home::on_sqlite();
    assert_eq!(doctor(&home, &[]).code, Some(0));
    assert!(!home.data().exists(), "it made the data folder");
    let server = home.serve();
    let seen = doctor(&home, &["--listen", address(&server.url), "--issuer", "http://localhost:8080"]);
    let lesser: Vec<_> = seen.findings.iter().filter(|finding| finding["level"] != "ok").collect();
    assert_eq!(lesser.len(), 1, "metrics are off here: {lesser:#?}");
}

#[test]
fn no_secret_is_ever_shown() {
    let home = Home::on_sqlite()
        .with("JETON_DATABASE_URL", "postgres://jeton:hunter2-database@127.0.0.1:1/jeton")
        .with("JETON_MASTER_KEY", "aHVudGVyMi1tYXN0ZXItaHVudGVyMi1tYXN0ZXItaHU=")
        .with("JETON_MAIL__HOST", "localhost")
        .with("JETON_MAIL__PORT", "1")
        .with("JETON_MAIL__FROM", "no-reply@example.com")
        .with("JETON_MAIL__USER", "jeton")
        .with("JETON_MAIL__PASSWORD", "hunter2-mail")
        .with("JETON_TRACES__OTLP_ENDPOINT", "http://127.0.0.1:1/hunter2-traces");
    let Ran { code, out, err } = home.run(&["doctor", "--send-test-mail", "alice@example.com"]);
    assert_eq!(code, Some(1));
    for secret in ["hunter2", "aHVudGVy"] {
        assert!(!out.contains(secret) && !err.contains(secret), "{out}{err}");
    }
}
