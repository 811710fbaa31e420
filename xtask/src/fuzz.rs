//! `cargo xtask fuzz`: what strangers can send, invented by libFuzzer, against assertions.

use std::io::{BufRead as _, BufReader};
use std::num::NonZero;
use std::path::PathBuf;
use std::process::{Command, Stdio};
use std::thread;
use std::time::{Duration, Instant};

use clap::{Args, ValueEnum};

use crate::run::{Failure, cargo, not_started, root, run, succeeds, target};

/// How long a target runs in `cargo xtask ci`.
const SECONDS_IN_CI: u64 = 30;
/// How often the progress of a target is told.
const NEWS: Duration = Duration::from_secs(10);

/// Let libFuzzer invent tokens, refresh tokens, keys and cookies, and look for one that breaks a promise.
///
/// Starts from the seeds in `crates/fuzz/seeds`; what it finds on top is kept under the target folder, and an input that breaks
/// something in `crates/fuzz/artifacts`. Runs with the address sanitizer. Needs `cargo install --locked cargo-fuzz` and a C++ compiler.
#[derive(Args)]
#[command(after_help = "Examples:\n  \
    cargo xtask fuzz                          every target, ten minutes each\n  \
    cargo xtask fuzz --jobs 2                 two at a time, each on a core of its own\n  \
    cargo xtask fuzz verifier --seconds 60\n  \
    RUSTC_BOOTSTRAP=1 cargo fuzz run --fuzz-dir crates/fuzz verifier crates/fuzz/artifacts/verifier/crash-…")]
pub(crate) struct Fuzz {
    /// The targets; all of them when none is named.
    #[arg(value_enum)]
    targets: Vec<Target>,
    /// How long each runs.
    #[arg(long, default_value_t = 600, value_parser = clap::value_parser!(u64).range(1..))]
    seconds: u64,
    /// How many run at the same time; each keeps one core busy.
    #[arg(long, default_value_t = NonZero::<usize>::MIN)]
    jobs: NonZero<usize>,
}

#[derive(Clone, Copy, ValueEnum)]
#[value(rename_all = "snake_case")]
enum Target {
    /// Access tokens, whole or in parts that are signed here.
    Verifier,
    /// Refresh tokens.
    RefreshToken,
    /// JWK sets, JWKs and PEM.
    Keys,
    /// The headers of a request with the refresh cookie.
    Cookies,
}

impl Fuzz {
    /// Every target, for a short time. `Ok(Some(…))` says what could not be done here.
    pub(crate) fn in_ci() -> Result<Option<String>, Failure> {
        if !is_installed() && !crate::test::in_ci() {
            return Ok(Some(MISSING.to_owned()));
        }
        let jobs = thread::available_parallelism().unwrap_or(NonZero::<usize>::MIN);
        Self { targets: Vec::new(), seconds: SECONDS_IN_CI, jobs }.run().map(|()| None)
    }

    pub(crate) fn run(self) -> Result<(), Failure> {
        if !is_installed() {
            return Err(Failure::new(MISSING));
        }
        let targets = if self.targets.is_empty() { Target::value_variants() } else { &self.targets };
        run(&mut fuzz("build"))?;
        let mut rows = Vec::new();
        for together in targets.chunks(self.jobs.get()) {
            thread::scope(|scope| {
                let running: Vec<_> = together.iter().map(|target| scope.spawn(|| target.run(self.seconds))).collect();
                for (target, running) in together.iter().zip(running) {
                    let outcome = running.join().unwrap_or_else(|_| Err(Failure::new("its thread panicked")));
                    rows.push((target.name(), outcome));
                }
            });
        }
        println!();
        let mut failed = Vec::new();
        for (name, outcome) in rows {
            match outcome {
                Ok(executions) => println!("{name:<14} {executions} inputs in {} s, no crash", self.seconds),
                Err(failure) => {
                    println!("{name:<14} FAILED: {failure}");
                    failed.push(name);
                }
            }
        }
        if failed.is_empty() { Ok(()) } else { Err(Failure::new(failed.join(", "))) }
    }
}

const MISSING: &str = "cargo-fuzz is not installed: `cargo install --locked cargo-fuzz`; it also needs a C++ compiler (`apt-get install g++`)";

fn is_installed() -> bool {
    succeeds(&mut cargo(["fuzz", "--version"]))
}

/// The sanitizer and the coverage need flags that the stable compiler knows but does not offer.
fn fuzz(action: &str) -> Command {
    let mut command = cargo(["fuzz", action, "--fuzz-dir", "crates/fuzz", "--target-dir"]);
    command.arg(folder()).env("RUSTC_BOOTSTRAP", "1");
    command
}

fn folder() -> PathBuf {
    target().join("fuzz")
}

impl Target {
    fn name(self) -> String {
        self.to_possible_value().map(|value| value.get_name().to_owned()).unwrap_or_default()
    }

    /// Gives the number of inputs that were tried.
    fn run(self, seconds: u64) -> Result<u64, Failure> {
        let name = self.name();
        // What is found goes into the first folder, the seeds are only read.
        let found = folder().join("corpus").join(&name);
        std::fs::create_dir_all(&found).map_err(|error| Failure::new(format!("{}: {error}", found.display())))?;
        let ours = root().join("crates").join("fuzz");
        let mut command = fuzz("run");
        command.arg(&name).arg(&found).arg(ours.join("seeds").join(&name)).arg("--");
        command.arg(format!("-dict={}", ours.join("dictionaries").join(format!("{name}.dict")).display()));
        command.arg(format!("-max_total_time={seconds}")).args([
            "-print_final_stats=1",
            "-timeout=10",
            "-max_len=9000",
        ]);
        println!("\n{name}: {seconds} s");
        let mut child = command
            .stdin(Stdio::null())
            .stderr(Stdio::piped())
            .spawn()
            .map_err(|error| not_started(&command, &error))?;
        let said = child.stderr.take().into_iter().flat_map(|said| BufReader::new(said).lines().map_while(Result::ok));
        let (mut executions, mut last) = (0, None::<Instant>);
        for line in said {
            if let Some(count) = line.strip_prefix("stat::number_of_executed_units:") {
                executions = count.trim().parse().unwrap_or_default();
            }
            let progress = line.starts_with('#') && !line.starts_with("##");
            // What libFuzzer would like to have in its dictionary, and how it was built.
            let aside = ["\"", "##", "INFO: ", "Dictionary: "].iter().any(|start| line.starts_with(start));
            if aside {
                continue;
            }
            if !progress || last.is_none_or(|last| last.elapsed() > NEWS) {
                println!("{name:<14} {line}");
                if progress {
                    last = Some(Instant::now());
                }
            }
        }
        let status = child.wait().map_err(|error| not_started(&command, &error))?;
        if !status.success() {
            return Err(Failure::new(format!("{status}; the input and how to run it again stand above")));
        }
        // A fuzzer that tried nothing has proved nothing.
        if executions == 0 { Err(Failure::new("it tried no input")) } else { Ok(executions) }
    }
}

#[cfg(test)]
mod tests {
    use std::fs;

    use super::*;

    #[test]
    fn every_target_has_a_program_seeds_and_a_dictionary() {
        let ours = root().join("crates").join("fuzz");
        let programs = fs::read_dir(ours.join("fuzz_targets")).unwrap().count();
        assert_eq!(programs, Target::value_variants().len());
        for target in Target::value_variants() {
            let name = target.name();
            assert!(ours.join("fuzz_targets").join(format!("{name}.rs")).is_file(), "{name}");
            assert!(fs::read_dir(ours.join("seeds").join(&name)).unwrap().count() > 2, "{name}");
            assert!(ours.join("dictionaries").join(format!("{name}.dict")).is_file(), "{name}");
        }
    }
}
