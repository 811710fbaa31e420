//! `jeton completions`: what a shell needs to complete our commands.

use clap::CommandFactory as _;

use super::print;
use crate::cli::{Cli, CompletionsArgs};
use crate::failure::Failure;

pub(super) fn run(arguments: &CompletionsArgs) -> Result<(), Failure> {
    let mut script = Vec::new();
    clap_complete::generate(arguments.shell, &mut Cli::command(), "jeton", &mut script);
    print(&String::from_utf8_lossy(&script))
}
