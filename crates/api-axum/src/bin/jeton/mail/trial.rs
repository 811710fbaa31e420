//! A trial of the ways that mail goes, for an operator who wants to know whether it would arrive.

use std::path::Path;

use auth_domain::model::EmailAddress;
use auth_domain::ports::random;

use super::letter::{Encoding, Letterhead};
use super::outbox::Outbox;
use super::smtp::Smtp;
use super::{MailSettings, SmtpSettings};
use crate::entropy::OsEntropy;

/// The ways that mail goes.
pub(crate) struct Trial<'a> {
    settings: &'a MailSettings,
    issuer: &'a str,
    product: &'a str,
    data_dir: &'a Path,
}

impl<'a> Trial<'a> {
    /// Of the server that tokens name as `issuer`.
    pub(crate) const fn new(settings: &'a MailSettings, issuer: &'a str, product: &'a str, data_dir: &'a Path) -> Self {
        Self { settings, issuer, product, data_dir }
    }

    /// Connects to the mail server, encrypts and signs in as the settings say, and sends nothing. Without a server there is
    /// nothing to try.
    ///
    /// # Errors
    /// The reason, in words.
    pub(crate) async fn handshake(&self) -> Result<(), String> {
        match &self.settings.smtp {
            Some(smtp) => self.smtp(smtp)?.handshake().await,
            None => Ok(()),
        }
    }

    /// Sends a mail that says what it is, or puts it into the outbox.
    ///
    /// # Errors
    /// The reason, in words.
    pub(crate) async fn send(&self, to: &EmailAddress) -> Result<(), String> {
        let unique = u64::from_be_bytes(random(&OsEntropy).map_err(|error| error.to_string())?);
        let encoding = if self.settings.smtp.is_some() { Encoding::ForTransport } else { Encoding::Readable };
        let letter = self.letterhead().trial(to, unique, encoding).map_err(|error| error.to_string())?;
        if let Some(smtp) = &self.settings.smtp {
            return self.smtp(smtp)?.hand_over(letter.message).await;
        }
        let outbox = Outbox::new(self.data_dir, self.letterhead());
        outbox.keep(&letter).await.map(drop).map_err(|error| error.to_string())
    }

    fn smtp(&self, smtp: &SmtpSettings) -> Result<Smtp, String> {
        Smtp::new(smtp, self.letterhead()).map_err(|error| error.to_string())
    }

    fn letterhead(&self) -> Letterhead {
        Letterhead::new(self.settings, self.issuer, self.product)
    }
}
