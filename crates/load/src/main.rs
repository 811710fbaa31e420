//! `load`: drives a real `jeton serve` on loopback and measures it beside the limits of the machine, in one run. Called by
//! `cargo xtask bench` and `cargo xtask seed`; what it finds goes to a file as JSON.

mod bench;
mod drive;
mod figures;
mod growth;
mod http;
mod limit;
mod loads;
mod outcome;
mod rest;
mod seed;
mod server;
mod visitor;

use std::path::PathBuf;
use std::process::ExitCode;

use clap::{Args, Parser, Subcommand};
use serde_json::{Value, json};

use crate::bench::{Bench, Machine, Settings};
use crate::outcome::{Outcome, While as _};

#[derive(Parser)]
#[command(about = "Load on a running jeton, beside what the machine allows. Started by `cargo xtask bench`.")]
struct Cli {
    #[command(subcommand)]
    command: Command,
}

#[derive(Subcommand)]
enum Command {
    /// Throughput and latency of each load on both engines; memory at rest and under many sessions; time to start.
    Run(Run),
    /// Refreshes and lists of sessions in tables of several sizes.
    Growth(Growth),
    /// Fill an empty database with sessions.
    Seed(Seed),
    /// Serve one answer. Used by `run`.
    #[command(hide = true)]
    BareRoute { answer: PathBuf },
}

#[derive(Args)]
struct Common {
    /// The server's program.
    #[arg(long, env = "JETON_BENCH_BINARY")]
    binary: PathBuf,
    /// Where the figures go.
    #[arg(long)]
    out: PathBuf,
    /// Where data folders are made: on the disk that is to be measured.
    #[arg(long, default_value_os_t = std::env::temp_dir())]
    data: PathBuf,
    /// Clients at once.
    #[arg(long, default_value_t = 32)]
    clients: u64,
    /// Seconds of one run.
    #[arg(long, default_value_t = 5.0)]
    seconds: f64,
    /// How often each run is repeated, in turn with the others.
    #[arg(long, default_value_t = 4)]
    rounds: u32,
    /// The engines.
    #[arg(long, value_delimiter = ',', default_values = ["SQLite", "PostgreSQL"])]
    engines: Vec<String>,
}

#[derive(Args)]
struct Run {
    #[command(flatten)]
    common: Common,
    /// Sessions in the table.
    #[arg(long, default_value_t = 10_000)]
    sessions: u64,
    /// Live sessions under which memory must not grow.
    #[arg(long, default_value_t = 100_000)]
    memory_sessions: u64,
}

#[derive(Args)]
struct Growth {
    #[command(flatten)]
    common: Common,
    /// Sizes of the table on PostgreSQL.
    #[arg(long, value_delimiter = ',', default_values_t = [1_000, 100_000, 10_000_000])]
    postgres: Vec<u64>,
    /// Sizes of the table on SQLite.
    #[arg(long, value_delimiter = ',', default_values_t = [1_000, 10_000, 100_000, 1_000_000])]
    sqlite: Vec<u64>,
}

#[derive(Args)]
struct Seed {
    /// The database: `sqlite:PATH` or `postgres://…`.
    #[arg(long)]
    database_url: String,
    /// How many sessions.
    #[arg(long)]
    sessions: u64,
    /// Of how many accounts [default: a fifth of the sessions].
    #[arg(long)]
    users: Option<u64>,
    /// The data folder of the server whose master key the tokens are for, unless `JETON_MASTER_KEY` holds it.
    #[arg(long, default_value = "jeton-data")]
    data_dir: PathBuf,
    /// Write the refresh tokens of the first so many sessions to standard output, one a line.
    #[arg(long, default_value_t = 0)]
    tokens: u64,
}

fn main() -> ExitCode {
    let outcome = match Cli::parse().command {
        Command::Run(run) => run.run(),
        Command::Growth(growth) => growth.run(),
        Command::Seed(seed) => seed.run(),
        Command::BareRoute { answer } => tokio::runtime::Runtime::new()
            .map_err(Into::into)
            .and_then(|work| work.block_on(limit::route::serve(&answer))),
    };
    match outcome {
        Ok(()) => ExitCode::SUCCESS,
        Err(trouble) => {
            eprintln!("failed: {trouble}");
            ExitCode::FAILURE
        }
    }
}

impl Run {
    fn run(self) -> Outcome<()> {
        let mut bench = self.common.bench()?;
        let machine = Machine::of(&self.common.data)?;
        let mut rows = Vec::new();
        let mut latencies = Vec::new();
        for engine in &self.common.engines {
            let found = loads::measure(&mut bench, engine, self.sessions)?;
            rows.extend(found.rows);
            latencies.extend(found.latencies);
        }
        rows.extend(rest::measure(&bench, self.memory_sessions)?);
        let notes = bench.notes();
        self.common.write(&json!({
            "bench": "load", "machine": machine.json(), "rows": rows, "latencies": latencies, "notes": notes,
            "clients": self.common.clients, "seconds": self.common.seconds, "rounds": self.common.rounds,
        }))
    }
}

impl Growth {
    fn run(self) -> Outcome<()> {
        let mut bench = self.common.bench()?;
        let machine = Machine::of(&self.common.data)?;
        let mut rows = Vec::new();
        let mut curves = Vec::new();
        for engine in &self.common.engines {
            let sizes = if engine == "PostgreSQL" { &self.postgres } else { &self.sqlite };
            let found = growth::measure(&mut bench, engine, sizes)?;
            rows.extend(found.rows);
            curves.extend(found.curves);
        }
        let notes = bench.notes();
        self.common.write(&json!({
            "bench": "growth", "machine": machine.json(), "rows": rows, "curves": curves, "notes": notes,
            "clients": self.common.clients, "seconds": self.common.seconds, "rounds": self.common.rounds,
        }))
    }
}

impl Seed {
    fn run(self) -> Outcome<()> {
        let key = match std::env::var("JETON_MASTER_KEY") {
            Ok(key) => key,
            Err(_) => std::fs::read_to_string(self.data_dir.join("master.key")).doing(&format!(
                "read the master key in {} (`jeton serve` makes it at its first start; --data-dir names another folder)",
                self.data_dir.display()
            ))?,
        };
        let master = seed::master_key(&key)?;
        let size = seed::Size {
            users: self.users.unwrap_or(seed::Size::of(self.sessions).users).max(1),
            sessions: self.sessions,
        };
        let work = tokio::runtime::Runtime::new()?;
        work.block_on(seed::fill(&self.database_url, size, &master, false))?;
        let tokens = seed::Tokens::under(&master)?;
        for n in 0..self.tokens.min(self.sessions) {
            println!("{}", tokens.first(n)?.expose());
        }
        Ok(())
    }
}

impl Common {
    fn bench(&self) -> Outcome<Bench> {
        Bench::new(Settings {
            binary: self.binary.canonicalize().doing(&format!("find {}", self.binary.display()))?,
            data: self.data.canonicalize().doing(&format!("find {}", self.data.display()))?,
            clients: self.clients,
            seconds: self.seconds,
            rounds: self.rounds,
        })
    }

    fn write(&self, found: &Value) -> Outcome<()> {
        if let Some(folder) = self.out.parent() {
            std::fs::create_dir_all(folder)?;
        }
        std::fs::write(&self.out, format!("{found:#}\n")).doing(&format!("write {}", self.out.display()))
    }
}
