//! What follows a commit: this node's revocation set. Nothing here can undo what was committed. Mail follows too, from the
//! events that the commit wrote.

use std::sync::Arc;

use token_core::RevocationSet;

use crate::model::{EndSessions, EndTarget, Revocation, RevocationKind, Timestamp};

/// Tells this node what has been committed.
pub struct AfterCommit {
    pub(crate) revocations: Arc<RevocationSet>,
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

    /// A replay ended a session: its access tokens are refused.
    pub fn replayed(&self, end: &EndSessions) {
        if let EndTarget::Session(session) = end.target {
            self.revocations.revoke_session(session.as_uuid(), end.tokens_until.unix());
        }
    }
}
