//! Sessions: every signed-in device, seen and ended.

mod after_commit;
mod tokens;

use std::sync::Arc;

pub use after_commit::AfterCommit;
pub use tokens::{IssuedTokens, SessionTokens, TokensNotIssued};

use crate::model::{AccountId, EndReason, EndSessions, EndTarget, RevocationKind, SessionId, SessionRecord};
use crate::ports::{Clock, RevocationStore, SessionStore, StoreError};
use crate::refresh::{PresentedToken, RotationKeys};

/// Lists and ends sessions.
pub struct Sessions {
    pub(crate) sessions: Arc<dyn SessionStore>,
    pub(crate) revocations: Arc<dyn RevocationStore>,
    pub(crate) clock: Arc<dyn Clock>,
    pub(crate) keys: Arc<RotationKeys>,
    pub(crate) tokens: Arc<SessionTokens>,
    pub(crate) after_commit: Arc<AfterCommit>,
}

/// Why a session was not ended.
#[derive(Debug, thiserror::Error)]
pub enum EndError {
    /// The account has no such session, or it was over already.
    #[error("there is no such session, or it has ended already")]
    NotFound,
    /// The store could not do its work; nothing was ended, or all was.
    #[error(transparent)]
    Store(#[from] StoreError),
}

impl Sessions {
    /// The account's live sessions, newest first.
    pub async fn list(&self, account: AccountId) -> Result<Vec<SessionRecord>, StoreError> {
        self.sessions.list(account, self.clock.now()).await
    }

    /// Ends one session of an account. From the answer on its refresh token and its access tokens are refused.
    ///
    /// # Errors
    /// [`EndError::NotFound`] when the account has no such session that could be ended.
    pub async fn end(&self, account: AccountId, session: SessionId) -> Result<(), EndError> {
        match self.end_all_of(EndTarget::Owned { account, session }, EndReason::EndedByOwner).await? {
            0 => Err(EndError::NotFound),
            _ => Ok(()),
        }
    }

    /// Ends every session of an account but one, and answers how many.
    pub async fn end_others(&self, account: AccountId, keep: SessionId) -> Result<usize, StoreError> {
        self.end_all_of(EndTarget::Others { account, keep }, EndReason::LogoutAll).await
    }

    /// Ends every session of an account, and answers how many.
    pub async fn end_all(&self, account: AccountId) -> Result<usize, StoreError> {
        self.end_all_of(EndTarget::All(account), EndReason::LogoutAll).await
    }

    /// Signs a device out by the session of its access token. Doing it again changes nothing.
    pub async fn logout(&self, session: SessionId) -> Result<(), StoreError> {
        self.end_all_of(EndTarget::Session(session), EndReason::Logout).await.map(|_| ())
    }

    /// Signs a device out by any of its refresh tokens. A token that was not issued here, or whose session is over, changes
    /// nothing and is no error (RFC 7009 §2.2).
    pub async fn logout_by_token(&self, token: &str) -> Result<(), StoreError> {
        match PresentedToken::parse(&self.keys, token) {
            Ok(presented) => self.logout(presented.session).await,
            Err(_) => Ok(()),
        }
    }

    /// Brings the revocation set up to what the store holds: at start, and whenever others may have ended sessions.
    ///
    /// It reads every live entry, so it skips none, in whatever order they were committed.
    pub async fn follow_revocations(&self) -> Result<(), StoreError> {
        let live = self.revocations.live(self.clock.now()).await?;
        self.after_commit.revoked(&live);
        Ok(())
    }

    async fn end_all_of(&self, target: EndTarget, reason: EndReason) -> Result<usize, StoreError> {
        let now = self.clock.now();
        let tokens_until = self.tokens.live_until(now);
        let ending = self.sessions.end(EndSessions { target, reason, now, tokens_until, event: None }).await?;
        self.after_commit.revoked(&ending.revocations);
        let ended = ending.revocations.iter().filter(|entry| matches!(entry.kind, RevocationKind::Session(_)));
        Ok(ended.count())
    }
}
