//! The project's own commands, one file a command: `cargo xtask help` lists them.

mod api;
mod bench;
mod browser;
mod chaos;
mod ci;
mod demo;
mod deny;
mod dev;
mod features;
mod fuzz;
mod http;
mod interop;
mod layers;
mod migrate;
mod run;
mod scratch;
mod secrets;
mod seed;
mod server;
mod simulate;
mod test;
#[cfg(test)]
mod tidy;

use std::process::ExitCode;

use clap::{Parser, Subcommand};

#[derive(Parser)]
#[command(
    bin_name = "cargo xtask",
    about = "Jeton's own commands: run it, test it, check it.",
    after_help = "New here? `cargo xtask dev --demo` shows what Jeton does; `cargo xtask test` proves it on both databases."
)]
struct Cli {
    #[command(subcommand)]
    command: Task,
}

#[derive(Subcommand)]
enum Task {
    Dev(dev::Dev),
    Test(test::Test),
    Ci(ci::Ci),
    Api(api::Api),
    Bench(bench::Bench),
    Seed(seed::Seed),
    Migrate(migrate::Migrate),
    Interop(interop::Interop),
    Browser(browser::Browser),
    Fuzz(fuzz::Fuzz),
    Chaos(chaos::Chaos),
    Simulate(simulate::Simulate),
}

fn main() -> ExitCode {
    let outcome = match Cli::parse().command {
        Task::Dev(task) => task.run(),
        Task::Test(task) => task.run(),
        Task::Ci(task) => task.run(),
        Task::Api(task) => task.run(),
        Task::Bench(task) => task.run(),
        Task::Seed(task) => task.run(),
        Task::Migrate(task) => task.run(),
        Task::Interop(task) => task.run(),
        Task::Browser(task) => task.run(),
        Task::Fuzz(task) => task.run(),
        Task::Chaos(task) => task.run(),
        Task::Simulate(task) => task.run(),
    };
    match outcome {
        Ok(()) => ExitCode::SUCCESS,
        Err(failure) => {
            eprintln!("\nfailed: {failure}");
            ExitCode::FAILURE
        }
    }
}
