//! `cargo xtask migrate`: moves a development database between versions of the schema.

use clap::{Args, ValueEnum};

use crate::run::{Failure, cargo, run};

/// Move a database between versions of the schema.
///
/// Runs `jeton migrate`. A server runs what is missing at its start, so this is for writing migrations, and for a look.
#[derive(Args)]
#[command(after_help = "Examples:\n  \
    cargo xtask migrate status           the SQLite database in ./jeton-data\n  \
    cargo xtask migrate redo --yes       the newest migration back and forth: does its `down.sql` fit?\n  \
    cargo xtask migrate up --database-url postgres://jeton@127.0.0.1/jeton")]
pub(crate) struct Migrate {
    #[arg(value_enum)]
    step: Step,
    /// The database [default: as for `jeton serve`].
    #[arg(long)]
    database_url: Option<String>,
    /// Take a migration back though the data of its tables may be lost.
    #[arg(long)]
    yes: bool,
}

#[derive(Clone, Copy, ValueEnum)]
enum Step {
    /// Run every migration that is missing.
    Up,
    /// Take the newest migration back.
    Down,
    /// Take the newest migration back, and run it again.
    Redo,
    /// List the migrations, and which of them have run.
    Status,
}

impl Migrate {
    pub(crate) fn run(self) -> Result<(), Failure> {
        let steps: &[&str] = match self.step {
            Step::Up => &["up"],
            Step::Down => &["down"],
            Step::Redo => &["down", "up"],
            Step::Status => &["status"],
        };
        steps.iter().try_for_each(|step| {
            let mut command =
                cargo(["run", "--quiet", "--package", "api-axum", "--bin", "jeton", "--", "migrate", step]);
            if self.yes && *step == "down" {
                command.arg("--yes");
            }
            if let Some(url) = &self.database_url {
                command.env("JETON_DATABASE_URL", url);
            }
            run(&mut command)
        })
    }
}
