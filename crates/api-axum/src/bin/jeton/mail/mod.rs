//! Mail: written from templates, and handed to an SMTP server, or, where none is set, put into the outbox.

mod letter;
mod links;
mod outbox;
mod smtp;
mod templates;
mod trial;

use std::path::Path;
use std::sync::Arc;
use std::time::Duration;

use auth_domain::ports::Mailer;
use lettre::message::Mailbox;
use secrecy::SecretString;

use self::letter::Letterhead;
pub(crate) use self::links::{Link, Links};
pub(crate) use self::outbox::Outbox;
use self::smtp::{Smtp, SmtpUnusable};
pub(crate) use self::templates::Templates;
pub(crate) use self::trial::Trial;

/// How mail is written and sent.
#[derive(Clone, Debug)]
pub(crate) struct MailSettings {
    /// Whom mails are from; where nobody says it, `no-reply` at the issuer's host.
    pub(crate) from: Option<Mailbox>,
    /// The server that takes them; without one they go to the outbox.
    pub(crate) smtp: Option<SmtpSettings>,
    /// Where their links lead.
    pub(crate) links: Links,
    /// Their words.
    pub(crate) templates: Templates,
}

/// An SMTP server.
#[derive(Clone, Debug)]
pub(crate) struct SmtpSettings {
    /// Its name.
    pub(crate) host: String,
    /// Its port.
    pub(crate) port: u16,
    /// How the connection is encrypted.
    pub(crate) encryption: Encryption,
    /// Who signs in to it.
    pub(crate) login: Option<(String, SecretString)>,
    /// The longest that one mail may take.
    pub(crate) timeout: Duration,
}

/// How a connection to an SMTP server is encrypted.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(crate) enum Encryption {
    /// It begins in the clear and must be encrypted before anything is said (RFC 3207).
    StartTls,
    /// From its first byte on (RFC 8314).
    Implicit,
    /// Not at all. For this machine alone.
    None,
}

impl Encryption {
    /// The names in the settings.
    pub(crate) const CHOICES: [(&'static str, Self); 3] =
        [("starttls", Self::StartTls), ("implicit", Self::Implicit), ("none", Self::None)];

    /// The port that servers listen on for it.
    pub(crate) const fn port(self) -> u16 {
        match self {
            Self::StartTls => 587,
            Self::Implicit => 465,
            Self::None => 25,
        }
    }
}

/// What sends mail for the server that tokens name as `issuer`.
///
/// # Errors
/// When the connection to the SMTP server can never be encrypted as the settings say.
pub(crate) fn mailer(
    settings: &MailSettings,
    issuer: &str,
    product: &str,
    data_dir: &Path,
) -> Result<Arc<dyn Mailer>, SmtpUnusable> {
    let letterhead = Letterhead::new(settings, issuer, product);
    Ok(match &settings.smtp {
        Some(smtp) => Arc::new(Smtp::new(smtp, letterhead)?),
        None => Arc::new(Outbox::new(data_dir, letterhead)),
    })
}
