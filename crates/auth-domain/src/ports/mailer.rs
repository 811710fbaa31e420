//! Mail.

use async_trait::async_trait;

use crate::model::{EmailAddress, Locale, SecurityEvent, TokenMailKind};

/// A mail to send. The adapter finds the words.
#[derive(Clone, Debug)]
pub struct Mail<'a> {
    /// Where to: the address as it is stored.
    pub to: &'a EmailAddress,
    /// In which language.
    pub locale: Locale,
    /// What it says.
    pub content: MailContent<'a>,
}

/// What a mail says.
#[derive(Clone, Copy)]
pub enum MailContent<'a> {
    /// It carries a token. Never logged.
    Token {
        /// Which mail.
        kind: TokenMailKind,
        /// The token's text.
        token: &'a str,
    },
    /// It tells what has happened.
    Notice(&'a SecurityEvent),
}

impl std::fmt::Debug for MailContent<'_> {
    fn fmt(&self, f: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        match self {
            Self::Token { kind, .. } => f.debug_struct("Token").field("kind", kind).finish_non_exhaustive(),
            Self::Notice(event) => f.debug_tuple("Notice").field(event).finish(),
        }
    }
}

/// The mail was not taken.
#[derive(Clone, Debug, PartialEq, Eq, thiserror::Error)]
pub enum MailError {
    /// It may be taken later.
    #[error("{0}")]
    Later(String),
    /// It will never be taken: there is no such mailbox, or it refuses this mail.
    #[error("{0}")]
    Never(String),
}

/// Sends mail.
#[async_trait]
pub trait Mailer: Send + Sync + 'static {
    /// Hands one mail over and waits for the server's answer, for a bounded time. Never called in the path of a request.
    ///
    /// # Errors
    /// When the server did not take it.
    async fn send(&self, mail: Mail<'_>) -> Result<(), MailError>;
}
