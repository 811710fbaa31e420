//! Mail by SMTP (RFC 5321): over one pool of connections, within a bounded time.

use std::time::Duration;

use async_trait::async_trait;
use auth_domain::ports::{Mail, MailError, Mailer};
use lettre::transport::smtp::PoolConfig;
use lettre::transport::smtp::authentication::Credentials;
use lettre::transport::smtp::client::{Tls, TlsParameters};
use lettre::transport::smtp::extension::ClientId;
use lettre::{AsyncSmtpTransport, AsyncTransport as _, Message, Tokio1Executor};
use secrecy::ExposeSecret as _;
use tokio::time::timeout;

use super::letter::{Encoding, Letterhead};
use super::{Encryption, SmtpSettings};

/// Connections at once.
const CONNECTIONS: u32 = 4;
/// Servers close idle connections; most wait for longer than this.
const IDLE: Duration = Duration::from_secs(30);

/// The connection can never be encrypted.
#[derive(Debug, thiserror::Error)]
#[error("mail.host = {host:?} cannot be reached by TLS: {source}")]
pub(crate) struct SmtpUnusable {
    host: String,
    source: lettre::transport::smtp::Error,
}

/// Sends by SMTP.
pub(super) struct Smtp {
    transport: AsyncSmtpTransport<Tokio1Executor>,
    letterhead: Letterhead,
    patience: Duration,
}

impl Smtp {
    pub(super) fn new(settings: &SmtpSettings, letterhead: Letterhead) -> Result<Self, SmtpUnusable> {
        let SmtpSettings { host, port, encryption, login, timeout } = settings;
        let parameters = || {
            let built = TlsParameters::builder(host.clone()).build_rustls();
            built.map_err(|source| SmtpUnusable { host: host.clone(), source })
        };
        let tls = match encryption {
            Encryption::StartTls => Tls::Required(parameters()?),
            Encryption::Implicit => Tls::Wrapper(parameters()?),
            Encryption::None => Tls::None,
        };
        let pool = PoolConfig::new().max_size(CONNECTIONS).min_idle(0).idle_timeout(IDLE);
        let mut builder = AsyncSmtpTransport::<Tokio1Executor>::builder_dangerous(host)
            .port(*port)
            .tls(tls)
            .timeout(Some(*timeout))
            .hello_name(ClientId::Domain(letterhead.domain().to_owned()))
            .pool_config(pool);
        if let Some((user, password)) = login {
            builder = builder.credentials(Credentials::new(user.clone(), password.expose_secret().to_owned()));
        }
        Ok(Self { transport: builder.build(), letterhead, patience: *timeout })
    }

    /// Connects, encrypts and signs in, and sends nothing.
    pub(super) async fn handshake(&self) -> Result<(), String> {
        match self.transport.test_connection().await {
            Ok(true) => Ok(()),
            Ok(false) => Err("it closed the connection".to_owned()),
            Err(error) => Err(in_words(&error)),
        }
    }

    /// Hands one message over.
    pub(super) async fn hand_over(&self, message: Message) -> Result<(), String> {
        self.transport.send(message).await.map(drop).map_err(|error| in_words(&error))
    }

    /// What an error means for the mail. The server's "never" is about this mail only where it takes others: a wrong password, or
    /// a server that turns everybody away, is for the operator to mend.
    async fn judge(&self, error: lettre::transport::smtp::Error) -> MailError {
        let words = in_words(&error);
        if !error.is_permanent() {
            return MailError::Later(words);
        }
        match timeout(self.patience, self.transport.test_connection()).await {
            Ok(Ok(true)) => MailError::Never(words),
            _ => MailError::Later(words),
        }
    }
}

#[async_trait]
impl Mailer for Smtp {
    async fn send(&self, mail: Mail<'_>) -> Result<(), MailError> {
        let letter = self.letterhead.write(&mail, Encoding::ForTransport)?;
        let sent = timeout(self.patience, self.transport.send(letter.message)).await;
        match sent {
            Ok(Ok(_)) => {
                tracing::debug!(mail = letter.name, id = letter.id, "a mail was handed over");
                Ok(())
            }
            Ok(Err(error)) => Err(self.judge(error).await),
            Err(_) => {
                Err(MailError::Later(format!("the mail server did not answer within {} s", self.patience.as_secs())))
            }
        }
    }
}

/// The error with its causes.
fn in_words(error: &lettre::transport::smtp::Error) -> String {
    let mut words = error.to_string();
    let mut next = std::error::Error::source(error);
    while let Some(cause) = next {
        let cause_words = cause.to_string();
        if !words.ends_with(&cause_words) {
            words = format!("{words}: {cause_words}");
        }
        next = cause.source();
    }
    words
}
