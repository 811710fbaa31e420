//! `cargo xtask chaos`: every fault that Jeton is to survive, made on purpose, and the figures of it in the documentation.

mod page;

use std::path::PathBuf;
use std::time::Instant;
use std::{fs, io};

use clap::Args;

use crate::run::{Failure, build, cargo, run, target};
use crate::test::Postgres;

/// Make every fault that Jeton is to survive, and write what came of it into docs/explanation/reliability.md
/// (what a refresh costs: into docs/explanation/scaling.md).
///
/// Each scenario starts real servers, on SQLite and on a PostgreSQL of its own, breaks something, and checks what its clients
/// saw. All of it takes about half an hour. A scenario that does not hold fails the run, and leaves its figures as they were.
#[derive(Args)]
#[command(after_help = "Examples:\n  \
    cargo xtask chaos                    everything, at full length\n  \
    cargo xtask chaos kill power_loss    two scenarios (the files of crates/api-axum/tests/chaos)\n  \
    cargo xtask chaos --short            everything in a few minutes; changes no documentation")]
pub(crate) struct Chaos {
    /// Run the short forms, as the tests do, and leave the documentation alone.
    #[arg(long)]
    short: bool,
    /// Run only the scenarios with one of these names.
    scenarios: Vec<String>,
}

impl Chaos {
    pub(crate) fn run(self) -> Result<(), Failure> {
        let began = Instant::now();
        println!("[1/3] building");
        let program = build(&mut cargo(["test", "--workspace", "--no-run"]), "example", "test_postgres")?;
        println!("[2/3] running the scenarios");
        let postgres = Postgres::start(&program)?;
        println!("{}", postgres.origin);
        let figures = folder()?;
        let mut command = cargo(["nextest", "run", "--workspace", "--no-capture", "--no-fail-fast"]);
        command.args(["--filterset", &filter(&self.scenarios)]);
        if !self.short {
            command.args(["--profile", "soak"]).env("JETON_SOAK", "1");
        }
        command
            .env("TEST_DATABASE_URL", &postgres.url)
            .env_remove("JETON_TEST_POSTGRES")
            .env("JETON_CHAOS_OUT", &figures);
        let outcome = run(&mut command);
        drop(postgres);
        println!("[3/3] the figures, after {} s", began.elapsed().as_secs());
        if self.short {
            println!("the documentation is left as it is: these were the short forms");
        } else {
            page::fill(&figures)?;
        }
        outcome
    }
}

/// An empty folder for the scenarios' reports.
fn folder() -> Result<PathBuf, Failure> {
    let folder = target().join("chaos");
    let unusable = |error: io::Error| Failure::new(format!("{} cannot be used: {error}", folder.display()));
    match fs::remove_dir_all(&folder) {
        Err(error) if error.kind() != io::ErrorKind::NotFound => return Err(unusable(error)),
        _ => fs::create_dir_all(&folder).map_err(unusable)?,
    }
    Ok(folder)
}

/// The tests of these scenarios; of all, where none is named.
fn filter(scenarios: &[String]) -> String {
    let all = "binary(chaos) & package(api-axum)".to_owned();
    if scenarios.is_empty() {
        return all;
    }
    let named: Vec<_> = scenarios.iter().map(|name| format!("test(/^{name}::/)")).collect();
    format!("{all} & ({})", named.join(" | "))
}
