//! What goes wrong: every failure ends the run and is told in words.

use std::error::Error;

/// Whatever the failure was; it is only ever printed.
pub(crate) type Trouble = Box<dyn Error + Send + Sync>;

pub(crate) type Outcome<T> = Result<T, Trouble>;

/// Tells what was being done when it failed.
pub(crate) trait While<T> {
    fn doing(self, what: &str) -> Outcome<T>;
}

impl<T, E: Into<Trouble>> While<T> for Result<T, E> {
    fn doing(self, what: &str) -> Outcome<T> {
        self.map_err(|error| format!("{what}: {}", error.into()).into())
    }
}
