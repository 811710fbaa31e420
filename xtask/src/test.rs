//! `cargo xtask test`: every test, on both databases, with one PostgreSQL for the run.

use std::io::{BufRead, BufReader};
use std::path::Path;
use std::process::{Child, Command, Stdio};

use clap::Args;

use crate::run::{Failure, build, cargo, not_started, root, run, succeeds};

/// Run every test, on SQLite and on PostgreSQL.
///
/// One PostgreSQL serves the whole run, and each test has a database of its own on it. It is the first to be had of:
/// the server that `TEST_DATABASE_URL` names; Docker, through testcontainers; a throw-away cluster from the server programs
/// of this machine. Where none is, the run fails and says what to install. `JETON_TEST_POSTGRES=url|docker|cluster` forces one;
/// `JETON_TEST_POSTGRES_IMAGE` names another image than postgres:17-alpine.
///
/// Uses cargo-nextest where it is installed, `cargo test` elsewhere. No test is tried twice.
#[derive(Args, Default)]
#[command(after_help = "Examples:\n  \
    cargo xtask test                     everything\n  \
    cargo xtask test refresh             only tests with `refresh` in their name; no documentation tests\n  \
    cargo xtask test -p store-diesel     only one crate's\n  \
    cargo xtask test --soak end_to_end   crash and race tests with their full number of rounds")]
pub(crate) struct Test {
    /// Run crash and race tests with their full number of rounds (sets `JETON_SOAK=1`). Takes long.
    #[arg(long)]
    soak: bool,
    /// Run only the tests of this package.
    #[arg(long, short)]
    package: Option<String>,
    /// Run only the tests whose name has one of these in it.
    filters: Vec<String>,
}

impl Test {
    pub(crate) fn run(self) -> Result<(), Failure> {
        println!("[1/4] building the tests");
        let program = build(&mut cargo(["test", "--workspace", "--no-run"]), "example", "test_postgres")?;
        println!("[2/4] starting PostgreSQL");
        let postgres = Postgres::start(&program)?;
        println!("{}", postgres.origin);
        println!("[3/4] running the tests");
        let outcome = run(self.settings(&mut self.runner(), &postgres)).and_then(|()| {
            if self.package.is_some() || !self.filters.is_empty() {
                println!("[4/4] no documentation tests: only some tests were asked for");
                return Ok(());
            }
            println!("[4/4] running the documentation tests");
            run(self.settings(&mut cargo(["test", "--workspace", "--doc", "--quiet"]), &postgres))
        });
        println!("\nSQLite: built in. {}", postgres.origin);
        outcome
    }

    fn runner(&self) -> Command {
        if succeeds(&mut cargo(["nextest", "--version"])) {
            let mut command = cargo(["nextest", "run", "--workspace"]);
            match (self.soak, in_ci()) {
                (true, _) => command.args(["--profile", "soak"]),
                (_, true) => command.args(["--profile", "ci"]),
                _ => &mut command,
            };
            if let Some(package) = &self.package {
                // A filter, not a choice of what to build: that would build the dependencies anew with fewer features.
                command.args(["--filterset", &format!("package(={package})")]);
            }
            command.args(&self.filters);
            command
        } else {
            let mut command = cargo(["test", "--lib", "--bins", "--tests", "--no-fail-fast"]);
            match &self.package {
                Some(package) => command.args(["--package", package]),
                None => command.arg("--workspace"),
            };
            command.arg("--").args(&self.filters);
            command
        }
    }

    fn settings<'a>(&self, command: &'a mut Command, postgres: &Postgres) -> &'a mut Command {
        if self.soak {
            command.env("JETON_SOAK", "1");
        }
        // The server is there now; a forced way has had its say.
        command.env("TEST_DATABASE_URL", &postgres.url).env_remove("JETON_TEST_POSTGRES")
    }
}

pub(crate) fn in_ci() -> bool {
    std::env::var_os("CI").is_some()
}

/// The run's server, kept by a child until its standard input closes: when this value is dropped, or this process dies.
pub(crate) struct Postgres {
    child: Child,
    pub(crate) url: String,
    pub(crate) origin: String,
}

impl Postgres {
    pub(crate) fn start(program: &Path) -> Result<Self, Failure> {
        Self::keep(Command::new(program))
    }

    /// An empty database on it; the address is the database's.
    pub(crate) fn with_fresh_database(program: &Path) -> Result<Self, Failure> {
        let mut command = Command::new(program);
        command.arg("--fresh-database");
        Self::keep(command)
    }

    fn keep(mut command: Command) -> Result<Self, Failure> {
        command.current_dir(root()).stdin(Stdio::piped()).stdout(Stdio::piped());
        let mut child = command.spawn().map_err(|error| not_started(&command, &error))?;
        let mut lines =
            child.stdout.take().into_iter().flat_map(|stdout| BufReader::new(stdout).lines().map_while(Result::ok));
        let url = lines.next().and_then(|line| line.strip_prefix("TEST_DATABASE_URL=").map(str::to_owned));
        let origin = lines.next();
        drop(lines);
        let started = url.zip(origin);
        let (url, origin) =
            started.ok_or_else(|| Failure::new("no PostgreSQL for the tests; what to do stands above"))?;
        Ok(Self { child, url, origin })
    }
}

impl Drop for Postgres {
    fn drop(&mut self) {
        drop(self.child.stdin.take());
        let _ = self.child.wait();
    }
}
