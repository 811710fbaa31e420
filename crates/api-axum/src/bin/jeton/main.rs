//! `jeton`: the server and its tools. Every command is a file in `commands`; `config` says what the operator decided, and
//! `wiring` puts the adapters behind the ports.

mod background;
mod breach;
mod cli;
mod commands;
mod config;
mod entropy;
mod failure;
mod hashing;
mod json;
mod key_keeper;
mod listener;
mod logging;
mod mail;
mod master_key;
mod operations;
mod passkeys;
mod webhook;
mod wiring;

use std::process::ExitCode;

use clap::Parser as _;

fn main() -> ExitCode {
    let cli = cli::Cli::parse();
    // Tests stop the process at named places by the variable `FAILPOINTS`.
    #[cfg(feature = "failpoints")]
    let _failpoints = fail::FailScenario::setup();
    match commands::run(cli) {
        Ok(()) => ExitCode::SUCCESS,
        Err(failure) => failure.report(),
    }
}
