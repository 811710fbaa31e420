//! A real SMTP server: aiosmtpd, in an environment of its own that is made at the first run and kept.

use std::fs::{self, File};
use std::io::{BufRead as _, BufReader};
use std::path::PathBuf;
use std::process::{Child, Command, Stdio};
use std::time::Duration;

use serde_json::Value;
use tempfile::TempDir;
use tokio::time::Instant;

use super::super::python::python;

const SCRIPT: &str = include_str!("smtp_server.py");
const REQUIREMENTS: &str = include_str!("requirements.txt");
/// Longer than any mail takes, even on a machine that is busy with other tests.
const DEADLINE: Duration = Duration::from_secs(60);

/// How the server wants to be spoken to.
#[derive(Clone, Copy)]
pub(in crate::end_to_end) enum Kind {
    Plain,
    /// With TLS, and a user with a password.
    StartTls,
}

/// Where mails of one test arrive, whether or not a server runs.
pub(in crate::end_to_end) struct Mailroom(TempDir);

/// A running server. Dropping it ends it.
pub(in crate::end_to_end) struct SmtpServer {
    child: Child,
    pub(in crate::end_to_end) port: u16,
}

impl Mailroom {
    pub(in crate::end_to_end) fn new() -> Self {
        Self(tempfile::tempdir().unwrap())
    }

    /// Starts a server on this port, or on any.
    pub(in crate::end_to_end) fn start(&self, kind: Kind, port: u16) -> SmtpServer {
        let script = self.0.path().join("smtp_server.py");
        fs::write(&script, SCRIPT).unwrap();
        let kind = match kind {
            Kind::Plain => "plain",
            Kind::StartTls => "starttls",
        };
        let mut command = Command::new(python("smtp", REQUIREMENTS));
        command.arg(&script).arg(self.0.path()).args([&port.to_string(), kind]);
        let mut child = command.stdin(Stdio::piped()).stdout(Stdio::piped()).spawn().unwrap();
        let mut line = String::new();
        BufReader::new(child.stdout.take().unwrap()).read_line(&mut line).unwrap();
        SmtpServer { child, port: line.trim().parse().unwrap() }
    }

    /// The certificate of the authority that the server's is from.
    pub(in crate::end_to_end) fn authority(&self) -> PathBuf {
        self.0.path().join("ca.pem")
    }

    /// Lets the server take five seconds for each mail, or no time.
    pub(in crate::end_to_end) fn be_slow(&self, slow: bool) {
        let path = self.0.path().join("slow");
        if slow { drop(File::create(path).unwrap()) } else { fs::remove_file(path).unwrap() }
    }

    /// Every mail that has arrived.
    pub(in crate::end_to_end) fn mails(&self) -> Vec<Value> {
        let text = fs::read_to_string(self.0.path().join("mails.jsonl")).unwrap_or_default();
        text.lines().map(|line| serde_json::from_str(line).unwrap()).collect()
    }

    /// Waits for a mail to this address whose subject has these words.
    pub(in crate::end_to_end) async fn expect(&self, to: &str, words: &str) -> Value {
        let started = Instant::now();
        loop {
            let is_it = |mail: &Value| mail["to"][0] == to && subject(mail).contains(words);
            if let Some(mail) = self.mails().into_iter().find(is_it) {
                return mail;
            }
            let subjects: Vec<_> = self.mails().iter().map(|mail| subject(mail).to_owned()).collect();
            assert!(started.elapsed() < DEADLINE, "no mail to {to} about {words:?}, but {subjects:?}");
            tokio::time::sleep(Duration::from_millis(50)).await;
        }
    }
}

impl Drop for SmtpServer {
    fn drop(&mut self) {
        // It may have ended by itself.
        let _ = self.child.kill();
        let _ = self.child.wait();
    }
}

pub(in crate::end_to_end) fn subject(mail: &Value) -> &str {
    mail["headers"]["subject"].as_str().unwrap()
}

/// The token of the link in a mail, which both halves must have.
pub(in crate::end_to_end) fn token(mail: &Value) -> String {
    let in_text = |half: &str| {
        let text = mail[half].as_str().unwrap();
        let at = text.find("jot_").unwrap_or_else(|| panic!("no token in {text}"));
        text[at..].chars().take_while(|c| c.is_ascii_alphanumeric() || matches!(c, '_' | '-')).collect::<String>()
    };
    let (text, html) = (in_text("plain"), in_text("html"));
    assert_eq!(text, html);
    text
}
