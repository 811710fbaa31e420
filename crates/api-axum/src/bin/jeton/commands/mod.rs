//! The commands, one file each.

mod after_restore;
mod apikeys;
mod completions;
mod config;
mod control;
mod doctor;
mod events;
mod healthcheck;
mod inspect;
mod keys;
mod man;
mod migrate;
mod paint;
mod reference;
mod refusal;
mod serve;
mod sessions;
mod table;
mod token;
mod users;
mod verify;

use std::io::{self, Write as _};

use crate::cli::{Cli, Command};
use crate::config::Config;
use crate::failure::{Doing as _, Failure};

/// Runs the command that was asked for.
pub(crate) fn run(cli: Cli) -> Result<(), Failure> {
    let Cli { command, settings } = cli;
    match command {
        Command::Serve => block_on(serve::run(Config::load(&settings)?)),
        Command::Migrate { action } => block_on(migrate::run(Config::load(&settings)?, action)),
        Command::AfterRestore { keep_keys, yes } => {
            block_on(after_restore::run(Config::load(&settings)?, keep_keys, yes))
        }
        Command::Inspect(arguments) => inspect::run(&arguments),
        Command::Verify(arguments) => verify::run(arguments),
        Command::Config { action } => config::run(&settings, action),
        Command::Users { action } => block_on(users::run(Config::load(&settings)?, action)),
        Command::Sessions { action } => block_on(sessions::run(Config::load(&settings)?, action)),
        Command::Events { action } => block_on(events::run(Config::load(&settings)?, action)),
        Command::ApiKeys { action } => block_on(apikeys::run(Config::load(&settings)?, action)),
        Command::Keys { action } => block_on(keys::run(Config::load(&settings)?, action)),
        Command::Doctor(arguments) => doctor::run(&settings, &arguments),
        Command::Completions(arguments) => completions::run(&arguments),
        Command::Man(arguments) => man::run(&arguments),
        Command::Reference => reference::run(),
        Command::Healthcheck => block_on(healthcheck::run(Config::load(&settings)?)),
    }
}

fn block_on<T>(work: impl Future<Output = Result<T, Failure>>) -> Result<T, Failure> {
    tokio::runtime::Builder::new_multi_thread().enable_all().build().doing("start the runtime")?.block_on(work)
}

/// Writes to standard output. A reader that has seen enough, as `head` has, is no failure.
fn print(text: &str) -> Result<(), Failure> {
    let mut out = io::stdout().lock();
    match out.write_all(text.as_bytes()).and_then(|()| out.flush()) {
        Err(error) if error.kind() != io::ErrorKind::BrokenPipe => Err(error).doing("write to standard output"),
        _ => Ok(()),
    }
}
