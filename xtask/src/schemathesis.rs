//! `cargo xtask schemathesis`: requests that follow and that break the OpenAPI document, and whether each answer is one of it.

use std::collections::BTreeMap;
use std::fs;
use std::io::Write;
use std::path::{Path, PathBuf};
use std::process::{Command, Stdio};

use clap::{Args, ValueEnum};

use crate::interop::installed::python_with;
use crate::run::{Failure, build, cargo, jeton, not_started, root, run, say};
use crate::scratch::{Folder, free_address};
use crate::server::Server;
use crate::test::Postgres;

const OPERATOR: &str = "root@example.com";
const PASSWORD: &str = "correct horse battery staple";
/// The same requests at each run of CI.
const SEED: &str = "20261128";

/// Operations that schemathesis cannot make succeed: they need what an authenticator signs. `cargo xtask browser` does that.
const BY_BROWSER: [&str; 4] =
    ["POST /v1/login/passkey", "POST /v1/me/passkeys", "PATCH /v1/me/passkeys/{id}", "DELETE /v1/me/passkeys/{id}"];

/// Drive a running server by its OpenAPI document.
///
/// schemathesis sends requests that follow the document and requests that break it, to every operation, signed in where that is asked
/// for, on `SQLite` and on `PostgreSQL`. It fails at a 5xx, at an answer that is not in the document, at valid requests that are refused
/// and bad ones that are not, and where an operation is never seen to do what it is for. Attempts are not throttled. Needs python3 with
/// venv, and, at the first time, `PyPI`; what was installed is kept under the target folder.
#[derive(Args, Default)]
#[command(after_help = "Examples:\n  \
    cargo xtask schemathesis                     about a minute an engine\n  \
    cargo xtask schemathesis sqlite              only one engine\n  \
    cargo xtask schemathesis --long --seed 7     far more requests, others than those of CI")]
pub(crate) struct Schemathesis {
    /// The engine; both when none is named.
    #[arg(value_enum)]
    only: Option<Engine>,
    /// Send far more requests. Takes about half an hour.
    #[arg(long)]
    long: bool,
    /// Which requests: the same number gives the same.
    #[arg(long)]
    seed: Option<u32>,
}

#[derive(Clone, Copy, PartialEq, Eq, ValueEnum)]
enum Engine {
    Sqlite,
    Postgres,
}

impl Schemathesis {
    pub(crate) fn run(self) -> Result<(), Failure> {
        let python = python_with("schemathesis", &source("requirements.txt"), "schemathesis")?;
        let program = build(&mut cargo(["build", "--package", "api-axum", "--bin", "jeton"]), "bin", "jeton")?;
        for engine in [Engine::Sqlite, Engine::Postgres] {
            if self.only.is_some_and(|only| only != engine) {
                continue;
            }
            let folder = Folder::new()?;
            if engine == Engine::Sqlite {
                println!("\nSQLite");
                self.drive(&python, &program, &folder, &format!("sqlite:{}", folder.0.join("jeton.db").display()))?;
            } else {
                let keeper = build(&mut cargo(["test", "--workspace", "--no-run"]), "example", "test_postgres")?;
                let postgres = Postgres::with_fresh_database(&keeper)?;
                println!("\n{}", postgres.origin);
                self.drive(&python, &program, &folder, &postgres.url)?;
            }
        }
        Ok(())
    }

    fn drive(&self, python: &Path, program: &Path, folder: &Folder, database: &str) -> Result<(), Failure> {
        let served = Served::start(program, &folder.0, database)?;
        let answered = folder.0.join("answered.json");
        let mut command = Command::new(python);
        command.args(["-m", "schemathesis.cli", "--config-file", "schemathesis.toml", "run"]);
        command.arg(format!("{}/openapi.json", served.base)).args(["--url", &served.base]);
        command.args(["--seed", &self.seed.map_or_else(|| SEED.to_owned(), |seed| seed.to_string())]);
        command.args(["--max-examples", if self.long { "200" } else { "5" }, "--report", "junit"]);
        let report = root().join("target").join("schemathesis").join("report.xml");
        command.arg("--report-junit-path").arg(report);
        command.current_dir(source("")).stdin(Stdio::null()).env("PYTHONDONTWRITEBYTECODE", "1");
        command
            .env("SCHEMATHESIS_URL", &served.base)
            .env("SCHEMATHESIS_API_KEY", &served.api_key)
            .env("SCHEMATHESIS_OPERATOR", OPERATOR)
            .env("SCHEMATHESIS_PASSWORD", PASSWORD)
            .env("SCHEMATHESIS_OUTBOX", folder.0.join("outbox"))
            .env("SCHEMATHESIS_ANSWERED", &answered);
        run(&mut command)?;
        check(&answered)
    }
}

fn source(file: &str) -> PathBuf {
    root().join("xtask").join("schemathesis").join(file)
}

/// Fails where an operation was never seen to do what it is for.
fn check(answered: &Path) -> Result<(), Failure> {
    let unreadable = |error: &dyn std::fmt::Display| Failure::new(format!("{}: {error}", answered.display()));
    let text = fs::read_to_string(answered).map_err(|error| unreadable(&error))?;
    let counts: BTreeMap<String, BTreeMap<String, u64>> =
        serde_json::from_str(&text).map_err(|error| unreadable(&error))?;
    let documented = documented()?;
    let never: Vec<_> =
        documented.iter().map(String::as_str).filter(|operation| is_never_done(operation, &counts)).collect();
    let requests: u64 = counts.values().flat_map(BTreeMap::values).sum();
    println!("{requests} requests to {} operations", counts.len());
    if never.is_empty() {
        return Ok(());
    }
    Err(Failure::new(format!(
        "never seen to succeed, so nothing is known of their answers: {}. Give them live values in xtask/schemathesis/hooks.py",
        never.join(", ")
    )))
}

fn is_never_done(operation: &str, counts: &BTreeMap<String, BTreeMap<String, u64>>) -> bool {
    let succeeded = |answers: &BTreeMap<String, u64>| answers.keys().any(|status| status.starts_with('2'));
    // schemathesis does not ask for the document that it has read.
    let known = operation == "GET /openapi.json" || BY_BROWSER.contains(&operation);
    !known && !counts.get(operation).is_some_and(succeeded)
}

/// Every operation of the document, such as `GET /livez`.
fn documented() -> Result<Vec<String>, Failure> {
    let text = fs::read_to_string(root().join("docs/openapi.json"));
    let document = text.map_err(|error| Failure::new(format!("docs/openapi.json: {error}")))?;
    let document: serde_json::Value =
        serde_json::from_str(&document).map_err(|error| Failure::new(format!("docs/openapi.json: {error}")))?;
    let paths = document.get("paths").and_then(serde_json::Value::as_object).into_iter().flatten();
    let operations = paths.flat_map(|(path, item)| {
        let methods = item.as_object().into_iter().flat_map(|item| item.keys());
        methods.map(move |method| format!("{} {path}", method.to_uppercase()))
    });
    Ok(operations.collect())
}

/// A running server with an operator, and a key for what resource servers ask.
struct Served {
    base: String,
    api_key: String,
    /// Ends with this value.
    _server: Server,
}

impl Served {
    fn start(program: &Path, folder: &Path, database: &str) -> Result<Self, Failure> {
        let listen = free_address()?;
        // A name, since passkeys are for no bare address; a path, so that there is metadata below one.
        let issuer = format!("http://localhost:{}/auth", listen.rsplit(':').next().unwrap_or_default());
        let (config, settings) =
            (folder.join("jeton.toml"), "[throttle]\nenabled = false\n\n[metrics]\nlisten = \"off\"\n");
        let unwritable = |error| Failure::new(format!("{} cannot be written: {error}", config.display()));
        fs::write(&config, settings).map_err(unwritable)?;
        let config = config.display().to_string();
        let flags = ["--config", &config, "--database-url", database, "--issuer", &issuer].map(str::to_owned);
        let log = Some(folder.join("server.log"));
        let mut server = Server::start(program, &listen, folder, log, &flags)?;
        server.wait_until_ready()?;
        let command = |arguments: &[&str]| {
            let mut command = jeton(program);
            command.args(arguments).args(&flags).current_dir(folder).env("JETON_DATA_DIR", folder);
            command
        };
        let mut create = command(&["users", "create", "--email", OPERATOR, "--admin", "--password-stdin"]);
        say(&create);
        let child = create.stdin(Stdio::piped()).stdout(Stdio::null()).spawn();
        let mut child = child.map_err(|error| not_started(&create, &error))?;
        let written = child.stdin.take().map(|mut stdin| writeln!(stdin, "{PASSWORD}"));
        let status = child.wait().map_err(|error| not_started(&create, &error))?;
        if !status.success() || written.is_none_or(|written| written.is_err()) {
            return Err(Failure::new(format!("`jeton users create`: {status}")));
        }
        let scopes = ["--scope", "introspect", "--scope", "revocations"];
        let mut create = command(&[&["apikeys", "create", "--name", "schemathesis"], &scopes[..]].concat());
        let output = create.stderr(Stdio::inherit()).output().map_err(|error| not_started(&create, &error))?;
        if !output.status.success() {
            return Err(Failure::new(format!("`jeton apikeys create`: {}", output.status)));
        }
        let api_key = String::from_utf8_lossy(&output.stdout).trim().to_owned();
        Ok(Self { base: server.base().to_owned(), api_key, _server: server })
    }
}

#[cfg(test)]
mod tests {
    use std::collections::BTreeMap;
    use std::fs;

    use super::{BY_BROWSER, documented, is_never_done, source};

    #[test]
    fn an_operation_that_was_never_asked_or_never_seen_to_succeed_is_noticed() {
        let counts = |status: &str| BTreeMap::from([(status.to_owned(), 3)]);
        let all = BTreeMap::from([("GET /a".to_owned(), counts("404")), ("GET /b".to_owned(), counts("204"))]);
        assert!(is_never_done("GET /a", &all) && is_never_done("GET /nowhere", &all));
        assert!(!is_never_done("GET /b", &all) && !is_never_done(BY_BROWSER[0], &all));
    }

    #[test]
    fn what_the_browser_does_is_in_the_document() {
        let documented = documented().unwrap_or_default();
        assert!(BY_BROWSER.iter().all(|operation| documented.iter().any(|known| known == operation)));
    }

    #[test]
    fn every_library_has_one_exact_version() {
        let requirements = fs::read_to_string(source("requirements.txt")).unwrap();
        let mut lines = requirements.lines().filter(|line| !line.starts_with('#'));
        assert!(lines.clone().any(|line| line.starts_with("schemathesis==")) && lines.all(|line| line.contains("==")));
    }
}
