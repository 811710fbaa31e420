//! The project's own commands, one file a command: `cargo xtask help` lists them.

mod api;
mod bench;
mod book;
mod browser;
mod chaos;
mod ci;
mod clients;
mod demo;
mod deny;
mod dev;
mod features;
mod fuzz;
mod http;
mod interop;
mod layers;
mod migrate;
mod npm;
mod openapi;
mod reference;
mod run;
mod schemathesis;
mod scratch;
mod secrets;
mod seed;
mod server;
mod simulate;
mod test;
#[cfg(test)]
mod tidy;
mod web;

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
    Book(book::Book),
    Reference(reference::Reference),
    Schemathesis(schemathesis::Schemathesis),
    Seed(seed::Seed),
    Migrate(migrate::Migrate),
    Openapi(openapi::Openapi),
    Interop(interop::Interop),
    Browser(browser::Browser),
    Clients(clients::Clients),
    Fuzz(fuzz::Fuzz),
    Chaos(chaos::Chaos),
    Simulate(simulate::Simulate),
    Web(web::Web),
}

fn main() -> ExitCode {
    let outcome = match Cli::parse().command {
        Task::Dev(task) => task.run(),
        Task::Test(task) => task.run(),
        Task::Ci(task) => task.run(),
        Task::Api(task) => task.run(),
        Task::Bench(task) => task.run(),
        Task::Book(task) => task.run(),
        Task::Reference(task) => task.run(),
        Task::Schemathesis(task) => task.run(),
        Task::Seed(task) => task.run(),
        Task::Migrate(task) => task.run(),
        Task::Openapi(task) => task.run(),
        Task::Interop(task) => task.run(),
        Task::Browser(task) => task.run(),
        Task::Clients(task) => task.run(),
        Task::Fuzz(task) => task.run(),
        Task::Chaos(task) => task.run(),
        Task::Simulate(task) => task.run(),
        Task::Web(task) => task.run(),
    };
    match outcome {
        Ok(()) => ExitCode::SUCCESS,
        Err(failure) => {
            eprintln!("\nfailed: {failure}");
            ExitCode::FAILURE
        }
    }
}
