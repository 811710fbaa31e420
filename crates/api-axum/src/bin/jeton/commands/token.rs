//! Where a command that reads a token has it from.

use std::io::{self, IsTerminal as _, Read as _};

use token_core::MAX_TOKEN_LEN;

use crate::failure::{Doing as _, Failure};

/// The exit code where what a verdict rests on, token or keys, cannot be had.
pub(super) const UNREADABLE: u8 = 3;

/// The token of the argument; for `-`, or for none where standard input is no terminal, that of standard input.
pub(super) fn read(argument: Option<&str>) -> Result<String, Failure> {
    match argument {
        Some("-") => from_stdin(),
        Some(token) => Ok(token.trim().to_owned()),
        None if io::stdin().is_terminal() => {
            Err(Failure::usage("no token: give one as the argument, or `-` and type it, or pipe one in"))
        }
        None => from_stdin(),
    }
}

fn from_stdin() -> Result<String, Failure> {
    let mut bytes = Vec::new();
    // One more than any verifier reads, and room for white space around it.
    let most = MAX_TOKEN_LEN as u64 + 1_024;
    let read = io::stdin().lock().take(most).read_to_end(&mut bytes);
    read.doing("read the token from standard input").map_err(|failure| failure.with_exit(UNREADABLE))?;
    // What is not UTF-8 gets a character that no token may have.
    Ok(String::from_utf8_lossy(&bytes).trim().to_owned())
}
