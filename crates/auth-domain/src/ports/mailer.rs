//! Mail.

use async_trait::async_trait;

use crate::model::{EmailAddress, SecurityEvent};

/// A mail to send. The adapter finds the words.
#[derive(Clone, Debug, PartialEq, Eq)]
pub enum Mail {
    /// A used refresh token came back, and the session was ended.
    RefreshReplayed {
        /// The address of the account, as it is stored.
        to: EmailAddress,
        /// What happened.
        event: SecurityEvent,
    },
}

/// The mail could not be handed over.
#[derive(Debug, thiserror::Error)]
#[error("the mail could not be handed over: {0}")]
pub struct MailError(pub String);

/// Sends mail. It is called after the commit that the mail speaks of, and its failure changes nothing.
#[async_trait]
pub trait Mailer: Send + Sync + 'static {
    /// Hands the mail over to whatever delivers it, quickly: delivery itself is not awaited.
    async fn send(&self, mail: Mail) -> Result<(), MailError>;
}
