//! `cargo xtask bench`: how fast Jeton is, always beside what the machine allows.

mod machine;
mod plots;
mod report;

use std::fs;
use std::path::{Path, PathBuf};
use std::process::Command;
use std::time::Instant;

use clap::{Args, ValueEnum};
use serde_json::json;

use crate::run::{Failure, build, cargo, root, run, target};

/// Measure Jeton beside the limits of this machine, and write docs/explanation/benchmarks.md.
///
/// criterion: the operations of the libraries beside the bare primitives (`cargo bench`).
/// load: login, refresh, me and a mix of them over HTTP against a real `jeton serve`, release build, on SQLite and on a
/// throw-away PostgreSQL with its default durability; beside bare commits, a bare axum route and the bare hash, in turn in the
/// same run; closed loop and open loop; memory at rest and under many sessions; time to start.
/// growth: refreshes and lists of sessions in tables of up to ten million sessions.
///
/// Everything runs on loopback. The whole run takes about 25 minutes once it is built, on two cores; the first build takes ten
/// more. A machine that does something else meanwhile gives figures that say nothing.
///
/// PostgreSQL is had as by `cargo xtask test`: `TEST_DATABASE_URL`, Docker, or the server programs of this machine.
#[derive(Args)]
#[command(after_help = "Examples:\n  \
    cargo xtask bench                          everything\n  \
    cargo xtask bench --short                  everything, in a few minutes: for a look, not for the record\n  \
    cargo xtask bench --only load              one part; the report keeps what the others found before\n  \
    cargo xtask bench --only growth --growth 1000,1000000\n  \
    cargo xtask bench --only report            only write the report again from the figures in target/bench")]
pub(crate) struct Bench {
    /// Run only this part; may be given again.
    #[arg(long, value_enum)]
    only: Vec<Part>,
    /// Fewer and shorter runs, and no table above 100,000 sessions.
    #[arg(long)]
    short: bool,
    /// How often each run of load and growth is repeated [default: 4, growth 3].
    #[arg(long, value_name = "N")]
    rounds: Option<u32>,
    /// Sizes of the table of sessions on PostgreSQL. Ten million take about 9 GiB of disk for a while.
    #[arg(long, value_delimiter = ',', value_name = "SESSIONS")]
    growth: Vec<u64>,
    /// Sizes of the table of sessions on SQLite.
    #[arg(long, value_delimiter = ',', value_name = "SESSIONS")]
    growth_sqlite: Vec<u64>,
    /// Where databases are made, on the disk that is to be measured [default: TMPDIR, else /var/tmp].
    #[arg(long)]
    data: Option<PathBuf>,
}

#[derive(Clone, Copy, PartialEq, Eq, ValueEnum)]
enum Part {
    /// Operations of the libraries.
    Criterion,
    /// Requests to a real server.
    Load,
    /// Tables of many sessions.
    Growth,
    /// Nothing is measured; the report is written from what is there.
    Report,
}

impl Part {
    fn name(self) -> String {
        self.to_possible_value().map(|value| value.get_name().to_owned()).unwrap_or_default()
    }
}

/// Where figures are kept between runs.
fn figures() -> PathBuf {
    target().join("bench")
}

impl Bench {
    pub(crate) fn run(self) -> Result<(), Failure> {
        // A Ctrl-C ends what runs now; this process stays to clean up.
        ctrlc::set_handler(|| {}).map_err(|error| Failure::new(format!("Ctrl-C cannot be caught: {error}")))?;
        let folder = figures();
        fs::create_dir_all(&folder).map_err(|error| unwritable(&folder, &error))?;
        let parts = Part::value_variants().iter().copied();
        for part in parts.filter(|part| self.only.is_empty() || self.only.contains(part)) {
            let began = Instant::now();
            match part {
                Part::Criterion => self.criterion(&folder)?,
                Part::Load => self.load("run", &folder.join("load.json"))?,
                Part::Growth => self.load("growth", &folder.join("growth.json"))?,
                Part::Report => continue,
            }
            let minutes = began.elapsed().as_secs_f64() / 60.0;
            let about = json!({
                "date": said(Command::new("date").args(["-u", "+%Y-%m-%d %H:%M UTC"])),
                "commit": commit(), "minutes": minutes, "short": self.short,
            });
            let path = folder.join(format!("{}.about.json", part.name()));
            fs::write(&path, about.to_string()).map_err(|error| unwritable(&path, &error))?;
            println!("{}: {minutes:.1} minutes", part.name());
        }
        report::write(&folder, &root().join("docs/explanation"))
    }

    fn criterion(&self, out: &Path) -> Result<(), Failure> {
        println!("\noperations, beside the bare primitives");
        let mut command = cargo(["bench", "--package", "token-core", "--package", "auth-domain", "--bench", "*"]);
        if self.short {
            command.args(["--", "--quick"]);
        }
        run(command.env("JETON_BENCH_OUT", out))
    }

    fn load(&self, what: &str, out: &Path) -> Result<(), Failure> {
        let load = build(&mut cargo(["build", "--release", "--package", "load"]), "bin", "load")?;
        // By itself, so that no test's feature (failpoints) gets into it.
        let jeton =
            build(&mut cargo(["build", "--release", "--package", "api-axum", "--bin", "jeton"]), "bin", "jeton")?;
        let data = Data::make(self.data.as_deref())?;
        let mut command = Command::new(load);
        command.arg(what).arg("--out").arg(out).arg("--data").arg(&data.0);
        command.env("JETON_BENCH_BINARY", &jeton).env("TMPDIR", data.0.parent().unwrap_or(&data.0));
        if self.short {
            command.args(["--seconds", "2"]);
        }
        let usual = match (self.short, what) {
            (true, _) => 1,
            (_, "growth") => 3,
            _ => 4,
        };
        command.arg("--rounds").arg(self.rounds.unwrap_or(usual).max(1).to_string());
        if what == "growth" {
            let small =
                |sizes: &[u64]| if sizes.is_empty() && self.short { vec![1_000, 100_000] } else { sizes.to_vec() };
            for (flag, sizes) in [("--postgres", small(&self.growth)), ("--sqlite", small(&self.growth_sqlite))] {
                if !sizes.is_empty() {
                    let sizes: Vec<String> = sizes.iter().map(u64::to_string).collect();
                    command.arg(flag).arg(sizes.join(","));
                }
            }
        }
        run(&mut command)
    }
}

/// A folder for databases; it goes when it is dropped.
struct Data(PathBuf);

impl Data {
    fn make(place: Option<&Path>) -> Result<Self, Failure> {
        // Unlike /tmp, /var/tmp is on a disk everywhere.
        let usual = || std::env::var_os("TMPDIR").map_or_else(|| PathBuf::from("/var/tmp"), PathBuf::from);
        let folder = place.map_or_else(usual, Path::to_owned).join(format!("jeton-bench.{}", std::process::id()));
        fs::create_dir_all(&folder).map_err(|error| unwritable(&folder, &error))?;
        Ok(Self(folder))
    }
}

impl Drop for Data {
    fn drop(&mut self) {
        if let Err(error) = fs::remove_dir_all(&self.0) {
            eprintln!("{} is left behind: {error}", self.0.display());
        }
    }
}

fn commit() -> String {
    let head = said(Command::new("git").args(["rev-parse", "--short=12", "HEAD"]).current_dir(root()));
    let changed = said(
        Command::new("git")
            .args(["status", "--porcelain", "--untracked-files=no", "--", "crates", "Cargo.lock"])
            .current_dir(root()),
    );
    if changed.is_empty() { head } else { format!("{head} with changes") }
}

/// What a program says, or nothing.
fn said(command: &mut Command) -> String {
    let output = command.output().map(|output| output.stdout).unwrap_or_default();
    String::from_utf8_lossy(&output).trim().to_owned()
}

fn unwritable(path: &Path, error: &std::io::Error) -> Failure {
    Failure::new(format!("{} cannot be written: {error}", path.display()))
}
