//! Why a token is refused: for scripts, and for people.

use token_core::VerifyError;

use super::paint;

/// One reason to refuse a token.
pub(super) struct Refusal {
    /// Its stable name, [`VerifyError::code`].
    pub(super) code: &'static str,
    /// What it means, with times as seconds.
    message: String,
    /// What it means, with times in words, harmless to a terminal.
    pub(super) words: String,
}

impl Refusal {
    /// A reason in other words than the error's own.
    pub(super) fn new(error: &VerifyError, message: String) -> Self {
        Self { code: error.code(), words: paint::harmless(&message), message }
    }

    /// The stable name and the message, as scripts read them.
    pub(super) fn reason(&self) -> String {
        format!("{}: {}", self.code, self.message)
    }
}

impl From<VerifyError> for Refusal {
    fn from(error: VerifyError) -> Self {
        Self { code: error.code(), message: error.to_string(), words: paint::reason(&error) }
    }
}
