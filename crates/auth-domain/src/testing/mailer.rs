//! A mailer that keeps what it was given.

use std::sync::{Mutex, PoisonError};

use async_trait::async_trait;

use crate::model::{EmailAddress, Locale, SecurityEvent, TokenMailKind};
use crate::ports::{Mail, MailContent, MailError, Mailer};

/// Keeps every mail.
#[derive(Debug, Default)]
pub struct RecordingMailer(Mutex<Vec<SentMail>>);

/// A mail that was sent.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct SentMail {
    /// Where to.
    pub to: EmailAddress,
    /// In which language.
    pub locale: Locale,
    /// The token that it carried, and in which mail.
    pub token: Option<(TokenMailKind, String)>,
    /// The event that it told of.
    pub event: Option<SecurityEvent>,
}

impl RecordingMailer {
    /// Every mail so far, oldest first.
    #[must_use]
    pub fn sent(&self) -> Vec<SentMail> {
        self.0.lock().unwrap_or_else(PoisonError::into_inner).clone()
    }

    /// The token of the last mail of this kind.
    #[must_use]
    pub fn token(&self, kind: TokenMailKind) -> Option<String> {
        self.sent().into_iter().rev().filter_map(|mail| mail.token).find(|(of, _)| *of == kind).map(|(_, token)| token)
    }
}

#[async_trait]
impl Mailer for RecordingMailer {
    async fn send(&self, mail: Mail<'_>) -> Result<(), MailError> {
        let (token, event) = match mail.content {
            MailContent::Token { kind, token } => (Some((kind, token.to_owned())), None),
            MailContent::Notice(event) => (None, Some(event.clone())),
        };
        let sent = SentMail { to: mail.to.clone(), locale: mail.locale, token, event };
        self.0.lock().unwrap_or_else(PoisonError::into_inner).push(sent);
        Ok(())
    }
}
