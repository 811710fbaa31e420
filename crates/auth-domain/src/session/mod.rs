//! Sessions: every signed-in device, seen, named and ended.

mod after_commit;
mod tokens;

use std::sync::Arc;

pub use after_commit::AfterCommit;
pub use tokens::{IssuedTokens, SessionTokens, TokensNotIssued};

use crate::model::{
    AccountId, Actor, DisplayName, EndReason, EndSessions, EndTarget, EventId, EventKind, EventQuery, Presenter,
    RevocationKind, SecurityEvent, SessionId, SessionRecord, Timestamp,
};
use crate::ports::{Clock, Entropy, EntropyUnavailable, EventStore, SessionStore, StoreError, random};
use crate::refresh::{PresentedToken, RotationKeys};

/// Lists, names and ends sessions.
pub struct Sessions {
    pub(crate) sessions: Arc<dyn SessionStore>,
    pub(crate) events: Arc<dyn EventStore>,
    pub(crate) clock: Arc<dyn Clock>,
    pub(crate) entropy: Arc<dyn Entropy>,
    pub(crate) keys: Arc<RotationKeys>,
    pub(crate) tokens: Arc<SessionTokens>,
    pub(crate) after_commit: Arc<AfterCommit>,
}

/// On whose behalf sessions are ended or named: the owner of an account, by one of its sessions.
#[derive(Clone, Debug)]
pub struct Owner {
    /// The account.
    pub account: AccountId,
    /// The session of the access token that the request carried.
    pub session: SessionId,
    /// When he last proved who he is (`auth_time`).
    pub auth_time: Timestamp,
    /// How (`amr`).
    pub amr: Vec<String>,
    /// Who sent the request.
    pub presenter: Presenter,
}

impl Owner {
    /// Something that he did, by his session.
    pub(crate) fn event(
        &self,
        entropy: &dyn Entropy,
        kind: EventKind,
        now: Timestamp,
    ) -> Result<SecurityEvent, EntropyUnavailable> {
        let (by, presenter) = (Actor::Owner(Some(self.session)), self.presenter.clone());
        let id = EventId::new(now, random(entropy)?);
        Ok(SecurityEvent::new(id, now, kind, self.account, by, presenter).in_session(Some(self.session)))
    }
}

/// Why a session was not ended or named.
#[derive(Debug, thiserror::Error)]
pub enum SessionError {
    /// The account has no such session, or it was over already.
    #[error("there is no such session, or it has ended already")]
    NotFound,
    /// The store could not do its work; nothing was done, or all was.
    #[error(transparent)]
    Store(#[from] StoreError),
    /// The system gave no randomness. The same request can be repeated.
    #[error(transparent)]
    Entropy(#[from] EntropyUnavailable),
}

impl Sessions {
    /// The account's live sessions, newest first.
    pub async fn list(&self, account: AccountId) -> Result<Vec<SessionRecord>, StoreError> {
        self.sessions.list(account, self.clock.now()).await
    }

    /// The account's security events before the one with the id `before`, newest first, at most `limit`.
    pub async fn events(
        &self,
        account: AccountId,
        before: Option<EventId>,
        limit: u32,
    ) -> Result<Vec<SecurityEvent>, StoreError> {
        self.events.page(EventQuery { account: Some(account), before, limit }).await
    }

    /// Sets or clears what the owner calls one of his devices.
    ///
    /// # Errors
    /// [`SessionError::NotFound`] when the account has no such session that is not ended.
    pub async fn rename(
        &self,
        owner: &Owner,
        session: SessionId,
        name: Option<DisplayName>,
    ) -> Result<(), SessionError> {
        let found = self.sessions.rename(owner.account, session, name).await?;
        if found { Ok(()) } else { Err(SessionError::NotFound) }
    }

    /// Ends one session of an account. From the answer on its refresh token and its access tokens are refused.
    ///
    /// # Errors
    /// [`SessionError::NotFound`] when the account has no such session that could be ended.
    pub async fn end(&self, owner: &Owner, session: SessionId) -> Result<(), SessionError> {
        let target = EndTarget::Owned { account: owner.account, session };
        match self.end_as(owner, target, EndReason::Logout, Some(session)).await? {
            0 => Err(SessionError::NotFound),
            _ => Ok(()),
        }
    }

    /// Ends every session of the account but the owner's own, and answers how many.
    pub async fn end_others(&self, owner: &Owner) -> Result<usize, SessionError> {
        let target = EndTarget::Others { account: owner.account, keep: owner.session };
        self.end_as(owner, target, EndReason::LogoutAll, None).await
    }

    /// Ends every session of the account, and answers how many.
    pub async fn end_all(&self, owner: &Owner) -> Result<usize, SessionError> {
        self.end_as(owner, EndTarget::All(owner.account), EndReason::LogoutAll, None).await
    }

    /// Signs a device out by the session of its access token. Doing it again changes nothing.
    pub async fn logout(&self, session: SessionId) -> Result<(), StoreError> {
        let now = self.clock.now();
        let end = EndSessions {
            target: EndTarget::Session(session),
            by: Actor::Owner(Some(session)),
            reason: EndReason::Logout,
            now,
            tokens_until: self.tokens.live_until(now),
            // A device that signs itself out is no news to its owner.
            event: None,
        };
        let ending = self.sessions.end(end).await?;
        self.after_commit.revoked(&ending.revocations);
        Ok(())
    }

    /// Signs a device out by any of its refresh tokens. A token that was not issued here, or whose session is over, changes
    /// nothing and is no error (RFC 7009 §2.2).
    pub async fn logout_by_token(&self, token: &str) -> Result<(), StoreError> {
        match PresentedToken::parse(&self.keys, token) {
            Ok(presented) => self.logout(presented.session).await,
            Err(_) => Ok(()),
        }
    }

    async fn end_as(
        &self,
        owner: &Owner,
        target: EndTarget,
        reason: EndReason,
        session: Option<SessionId>,
    ) -> Result<usize, SessionError> {
        let now = self.clock.now();
        let event = owner.event(&*self.entropy, EventKind::SessionEnded, now)?.in_session(session);
        let (by, tokens_until) = (event.actor, self.tokens.live_until(now));
        let end = EndSessions { target, by, reason, now, tokens_until, event: Some(event) };
        let ending = self.sessions.end(end).await?;
        self.after_commit.revoked(&ending.revocations);
        let ended = ending.revocations.iter().filter(|entry| matches!(entry.kind, RevocationKind::Session(_)));
        Ok(ended.count())
    }
}
