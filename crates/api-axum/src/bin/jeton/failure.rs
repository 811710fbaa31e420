//! What the operator reads when a command fails: what was tried, why it failed, and what to do.

use std::error::Error;
use std::fmt::{self, Write as _};
use std::process::ExitCode;

/// A failed command.
#[derive(Debug)]
pub(crate) struct Failure {
    message: String,
    source: Option<Box<dyn Error + Send + Sync>>,
    exit: u8,
}

impl Failure {
    /// A failure that says everything by itself. Exit code 1.
    pub(crate) fn new(message: impl Into<String>) -> Self {
        Self { message: message.into(), source: None, exit: 1 }
    }

    /// A failure of usage or configuration. Exit code 2.
    pub(crate) fn usage(message: impl Into<String>) -> Self {
        Self { exit: 2, ..Self::new(message) }
    }

    /// The same failure with an exit code of its own.
    pub(crate) fn with_exit(self, exit: u8) -> Self {
        Self { exit, ..self }
    }

    /// Writes the failure to standard error and gives the exit code. One without words only sets the code.
    pub(crate) fn report(&self) -> ExitCode {
        let text = self.to_string();
        if !text.is_empty() {
            // Nobody is left to tell if even this fails.
            let _ = std::io::Write::write_fmt(&mut std::io::stderr().lock(), format_args!("jeton: {text}\n"));
        }
        ExitCode::from(self.exit)
    }
}

impl fmt::Display for Failure {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        let mut text = self.message.clone();
        let mut next = self.source.as_deref().map(|source| source as &dyn Error);
        while let Some(source) = next {
            let cause = source.to_string();
            // Many errors repeat their cause in their own text.
            if !text.ends_with(&cause) {
                write!(text, ": {cause}")?;
            }
            next = source.source();
        }
        f.write_str(&text)
    }
}

impl Error for Failure {}

/// Says what was being done when an error came.
pub(crate) trait Doing<T> {
    /// Wraps the error: `what` completes "cannot …".
    fn doing(self, what: &str) -> Result<T, Failure>;
}

impl<T, E: Into<Box<dyn Error + Send + Sync>>> Doing<T> for Result<T, E> {
    fn doing(self, what: &str) -> Result<T, Failure> {
        self.map_err(|error| Failure { message: format!("cannot {what}"), source: Some(error.into()), exit: 1 })
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[derive(Debug, thiserror::Error)]
    #[error("the outer thing: {0}")]
    struct Outer(#[source] std::io::Error);

    #[test]
    fn the_chain_of_causes_is_told_once() {
        let error = Outer(std::io::Error::other("the disk is full"));
        let failure = Err::<(), _>(error).doing("write").unwrap_err();
        assert_eq!(failure.to_string(), "cannot write: the outer thing: the disk is full");
    }
}
