//! `cargo xtask seed`: fills an empty database with sessions.

use clap::Args;

use crate::run::{Failure, build, cargo};

/// Fill an empty database with sessions, fast, for a look at how Jeton does with many.
///
/// The sessions are real: their refresh tokens are made under the master key of the server whose data folder is named, which
/// must have been started once (or under `JETON_MASTER_KEY`), and `--tokens` prints them. Ten million take a few minutes and
/// about 6 GiB on PostgreSQL, by COPY; on SQLite a million take some ten seconds. All of it is one transaction.
///
/// The accounts have no password. Stop the server of a SQLite database meanwhile: it would wait for the transaction.
#[derive(Args)]
#[command(after_help = "Examples:\n  \
    cargo xtask seed --database-url sqlite:jeton-data/jeton.db --sessions 100000\n  \
    cargo xtask seed --database-url postgres://jeton@127.0.0.1/jeton --sessions 10000000 --users 1000000\n  \
    cargo xtask seed --database-url sqlite:jeton-data/jeton.db --sessions 1000 --tokens 3")]
pub(crate) struct Seed {
    /// The database: `sqlite:PATH` or `postgres://…`. Its tables are brought up to date; it must have no sessions yet.
    #[arg(long)]
    database_url: String,
    /// How many sessions.
    #[arg(long)]
    sessions: u64,
    /// Of how many accounts [default: a fifth of the sessions].
    #[arg(long)]
    users: Option<u64>,
    /// The data folder of the server, for its master key.
    #[arg(long, default_value = "jeton-data")]
    data_dir: String,
    /// Print the refresh tokens of the first so many sessions, one a line.
    #[arg(long, default_value_t = 0)]
    tokens: u64,
}

impl Seed {
    pub(crate) fn run(self) -> Result<(), Failure> {
        let program = build(&mut cargo(["build", "--release", "--package", "load"]), "bin", "load")?;
        let mut command = std::process::Command::new(program);
        command.args(["seed", "--database-url", &self.database_url, "--data-dir", &self.data_dir]);
        command.args(["--sessions", &self.sessions.to_string(), "--tokens", &self.tokens.to_string()]);
        if let Some(users) = self.users {
            command.args(["--users", &users.to_string()]);
        }
        // Without the command line: the address may hold a password.
        let status = command.status().map_err(|error| Failure::new(format!("`load` does not start: {error}")))?;
        if status.success() { Ok(()) } else { Err(Failure::new(format!("`load seed`: {status}"))) }
    }
}
