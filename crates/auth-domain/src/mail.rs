//! Mail: what carries one-time tokens, and what tells an owner of what happened to his account. It is sent after the commit,
//! from rows that the commit wrote, and again until it is taken: a mail server that is down delays mail and loses none.

use std::sync::Arc;
use std::time::Duration;

use async_trait::async_trait;
use futures_util::future::join_all;

use crate::model::{Delivery, DeliveryAttempt, Endpoint, EventKind, OneTimeToken, Timestamp};
use crate::one_time::OneTime;
use crate::ports::{
    AccountStore, Clock, Mail, MailContent, MailError, Mailer, NotTaken, StoreError, Subscription, WebhookSender,
};
use crate::webhook::Webhooks;

/// For how long a claimed mail is hidden from other nodes: longer than a mailer ever waits.
const LEASE: Duration = Duration::from_secs(120);

/// How many mails with tokens are sent at once: somebody waits for each.
const AT_ONCE: u32 = 4;

/// How long to wait after each failed attempt to mail a token; it expires by itself.
const BACK_OFF: [Duration; 6] = [
    Duration::from_secs(2),
    Duration::from_secs(10),
    Duration::from_secs(30),
    Duration::from_secs(120),
    Duration::from_secs(600),
    Duration::from_secs(3_600),
];

/// The events that their account's owner gets a mail about.
pub const NOTICES: [EventKind; 11] = [
    EventKind::SessionOpened,
    EventKind::RefreshReplayed,
    EventKind::PasswordChanged,
    EventKind::PasswordReset,
    EventKind::EmailChanged,
    EventKind::TotpAdded,
    EventKind::TotpRemoved,
    EventKind::PasskeyAdded,
    EventKind::PasskeyRemoved,
    EventKind::RecoveryCodesMade,
    EventKind::RecoveryCodeUsed,
];

/// The detail of [`EventKind::SessionOpened`] when the device has not signed in before.
pub const NEW_DEVICE: &str = "new_device";
/// The same when it has.
pub const KNOWN_DEVICE: &str = "known_device";

/// The name of the endpoint that stands for mail among those that events are delivered to.
const ENDPOINT: &str = "jeton:mail";

/// Sends mail.
pub struct Mails {
    pub(crate) one_time: Arc<OneTime>,
    pub(crate) accounts: Arc<dyn AccountStore>,
    pub(crate) mailer: Arc<dyn Mailer>,
    pub(crate) deliveries: Arc<Webhooks>,
    pub(crate) clock: Arc<dyn Clock>,
}

impl Mails {
    /// Sends the mails with tokens that are due, and answers how many attempts that were. Called in intervals, by every node;
    /// of several nodes one makes each attempt.
    pub async fn send_tokens(&self) -> Result<usize, StoreError> {
        let mut attempts = 0;
        loop {
            let now = self.clock.now();
            let due = self.one_time.store.claim_mail(now, now.plus(LEASE), AT_ONCE).await?;
            if due.is_empty() {
                return Ok(attempts);
            }
            for attempt in join_all(due.iter().map(|token| self.attempt(token))).await {
                attempt?;
                attempts += 1;
            }
        }
    }

    async fn attempt(&self, token: &OneTimeToken) -> Result<(), StoreError> {
        let attempt = self.send_token(token).await;
        if let DeliveryAttempt::GivenUp { error } = &attempt {
            tracing::warn!(token = %token.id, purpose = %token.purpose, error, "a mail was given up");
        }
        self.one_time.store.note_mail(token.id, attempt, self.clock.now()).await
    }

    async fn send_token(&self, token: &OneTimeToken) -> DeliveryAttempt {
        let (Some(email), Some(mail)) = (&token.email, token.mail) else { return DeliveryAttempt::Delivered };
        // A row that stands in for a real one is for nobody; an invitation is for somebody without an account.
        if token.account.is_none() && token.purpose != crate::model::Purpose::Invite {
            return DeliveryAttempt::Delivered;
        }
        let text = match self.one_time.open(token) {
            Ok(text) => text,
            Err(error) => return DeliveryAttempt::GivenUp { error: error.to_string() },
        };
        let Ok(text) = std::str::from_utf8(&text) else {
            return DeliveryAttempt::GivenUp { error: "what was sealed is no token".to_owned() };
        };
        let content = MailContent::Token { kind: mail.kind, token: text };
        match self.mailer.send(Mail { to: email, locale: mail.locale, content }).await {
            Ok(()) => DeliveryAttempt::Delivered,
            Err(MailError::Never(error)) => DeliveryAttempt::GivenUp { error },
            Err(MailError::Later(error)) => later(mail.attempts, error, self.clock.now()),
        }
    }

    /// Sends the notices that are due, of events that [were spread](Webhooks::spread), and answers how many attempts that were.
    /// Called in intervals, by every node; of several nodes one makes each attempt.
    pub async fn send_notices(&self) -> Result<usize, StoreError> {
        self.deliveries.deliver(&Endpoint(ENDPOINT.to_owned()), self).await
    }
}

/// What is delivered by mail.
pub(crate) fn subscription() -> Subscription {
    Subscription { endpoint: Endpoint(ENDPOINT.to_owned()), kinds: NOTICES.to_vec() }
}

/// Sends a notice.
#[async_trait]
impl WebhookSender for Mails {
    async fn send(&self, delivery: &Delivery, _now: Timestamp) -> Result<(), NotTaken> {
        let event = &delivery.event;
        if event.kind == EventKind::SessionOpened && event.detail.as_deref() != Some(NEW_DEVICE) {
            return Ok(());
        }
        let found = self.accounts.by_id(event.account).await.map_err(|error| NotTaken(error.to_string()))?;
        // A deleted account has no address any more.
        let Some(account) = found.map(|found| found.account) else { return Ok(()) };
        let before = event.detail.as_deref().filter(|_| event.kind == EventKind::EmailChanged);
        let before = before.and_then(|email| crate::model::EmailAddress::parse(email).ok());
        let to = before.as_ref().unwrap_or(&account.email);
        let mail = Mail { to, locale: account.locale, content: MailContent::Notice(event) };
        match self.mailer.send(mail).await {
            Ok(()) => Ok(()),
            Err(MailError::Never(error)) => {
                tracing::warn!(event = %event.id, error, "a notice was refused and is given up");
                Ok(())
            }
            Err(MailError::Later(error)) => Err(NotTaken(error)),
        }
    }
}

fn later(attempts_before: u32, error: String, now: Timestamp) -> DeliveryAttempt {
    let wait = usize::try_from(attempts_before).ok().and_then(|n| BACK_OFF.get(n));
    let wait = wait.or(BACK_OFF.last()).copied().unwrap_or_default();
    DeliveryAttempt::Failed { next: now.plus(wait), error }
}
