//! What follows a commit: this node's revocation set, and mail. Nothing here can undo what was committed.

use std::sync::Arc;

use token_core::RevocationSet;

use crate::model::{EndSessions, EndTarget, Revocation, RevocationKind, Timestamp};
use crate::ports::{AccountStore, Mail, Mailer};

/// Tells this node, and then the owner, what has been committed.
pub struct AfterCommit {
    pub(crate) revocations: Arc<RevocationSet>,
    pub(crate) accounts: Arc<dyn AccountStore>,
    pub(crate) mailer: Arc<dyn Mailer>,
}

impl AfterCommit {
    /// From here on this node refuses what the entries kill.
    pub fn revoked(&self, entries: &[Revocation]) {
        for entry in entries {
            match entry.kind {
                RevocationKind::Session(id) => self.revocations.revoke_session(id.as_uuid(), entry.expires_at.unix()),
                RevocationKind::Account(id) => {
                    self.revocations.revoke_subject(id.as_uuid(), entry.not_before.unix(), entry.expires_at.unix());
                }
                RevocationKind::Key(_) => {
                    self.revocations.revoke_key(&entry.kind.subject(), entry.expires_at.unix());
                }
            }
        }
    }

    /// Forgets what is needed no more.
    pub(crate) fn purge(&self, now: Timestamp) {
        self.revocations.purge(now.unix());
    }

    /// A replay ended a session: its access tokens are refused, and its owner gets a mail.
    pub async fn replayed(&self, end: &EndSessions) {
        if let EndTarget::Session(session) = end.target {
            self.revocations.revoke_session(session.as_uuid(), end.tokens_until.unix());
        }
        let Some(event) = &end.event else { return };
        let to = match self.accounts.by_id(event.account).await {
            Ok(Some(credentials)) => credentials.account.email,
            Ok(None) => return,
            Err(error) => {
                tracing::warn!(account = %event.account, %error, "no mail about a replay: its account cannot be read");
                return;
            }
        };
        if let Err(error) = self.mailer.send(Mail::RefreshReplayed { to, event: event.clone() }).await {
            tracing::warn!(account = %event.account, %error, "no mail about a replay: it could not be handed over");
        }
    }
}
