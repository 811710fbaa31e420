//! `cargo xtask openapi`: the OpenAPI document, written to `docs/openapi.json` or compared with it.

use std::fs;
use std::process::Stdio;

use clap::Args;

use crate::run::{Failure, cargo, not_started, root, say};

const PLACE: &str = "docs/openapi.json";

/// Write the OpenAPI document of the HTTP interface to `docs/openapi.json`.
///
/// It is made of the code: of the wire types, and of what each route says about itself. `GET /openapi.json` answers the same.
#[derive(Args, Default)]
#[command(after_help = "Examples:\n  \
    cargo xtask openapi                  after a change of the interface\n  \
    cargo xtask openapi --check          fails when the file is not current, and changes nothing")]
pub(crate) struct Openapi {
    /// Change nothing, and fail when the file is not current.
    #[arg(long)]
    check: bool,
}

impl Openapi {
    /// What a change has to pass.
    pub(crate) fn in_ci() -> Result<(), Failure> {
        Self { check: true }.run()
    }

    pub(crate) fn run(self) -> Result<(), Failure> {
        let (path, made) = (root().join(PLACE), document()?);
        if !self.check {
            fs::write(&path, made).map_err(|error| Failure::new(format!("{PLACE} cannot be written: {error}")))?;
            println!("{PLACE} is written");
            return Ok(());
        }
        let kept =
            fs::read_to_string(&path).map_err(|error| Failure::new(format!("{PLACE} cannot be read: {error}")))?;
        match first_difference(&kept, &made) {
            None => {
                println!("{PLACE} is current");
                Ok(())
            }
            Some(line) => Err(Failure::new(format!(
                "{PLACE} is not what the code says, from line {line} on: run `cargo xtask openapi` and commit the file"
            ))),
        }
    }
}

fn document() -> Result<String, Failure> {
    let mut command = cargo(["run", "--quiet", "--package", "api-axum", "--example", "openapi"]);
    say(&command);
    let output = command.stdin(Stdio::null()).stderr(Stdio::inherit()).output();
    let output = output.map_err(|error| not_started(&command, &error))?;
    if !output.status.success() {
        return Err(Failure::new(format!("the document cannot be made: {}", output.status)));
    }
    String::from_utf8(output.stdout).map_err(|error| Failure::new(format!("the document is no text: {error}")))
}

/// The number of the first line in which they differ.
fn first_difference(kept: &str, made: &str) -> Option<usize> {
    if kept == made {
        return None;
    }
    let same = kept.lines().zip(made.lines()).take_while(|(kept, made)| kept == made).count();
    Some(same + 1)
}

#[cfg(test)]
mod tests {
    use super::first_difference;

    #[test]
    fn the_first_line_that_differs_is_named() {
        assert_eq!(first_difference("a\nb\n", "a\nb\n"), None);
        assert_eq!(first_difference("a\nb\n", "a\nc\n"), Some(2));
        assert_eq!(first_difference("a\n", "a\nb\n"), Some(2));
    }
}
