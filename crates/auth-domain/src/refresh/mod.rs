//! Refresh: one step of a session's refresh token, with the same answer to the same request.
//!
//! The straight way is one compare-and-set ([`SessionStore::advance`]). Where it moves nothing, [`classify`] says why under
//! the row's lock ([`SessionStore::settle`]).

pub mod chain;
mod classify;
mod outcome;
mod token;

use std::sync::Arc;

pub use chain::{InvalidMasterKeys, MasterKey, RotationKeys, RotationSecrets};
pub use classify::{Attempt, classify};
pub use outcome::{Outcome, Ruled};
pub use token::{NotIssuedHere, PresentedToken, RefreshToken};

use crate::model::{
    AddedClaims, Advance, EventId, IdempotencyKey, Judge, Nonce, Over, Presenter, RefreshPolicy, Ruling, SessionId,
    TokenSecret,
};
use crate::ports::{ClaimsUnavailable, Clock, Entropy, EntropyUnavailable, SessionStore, StoreError, random};
use crate::session::{AfterCommit, IssuedTokens, SessionTokens, TokensNotIssued};

/// How often a step that raced with another is tried again before the caller is asked to.
const ATTEMPTS: usize = 8;

/// Moves sessions along their chain of refresh tokens.
pub struct Refresh {
    pub(crate) sessions: Arc<dyn SessionStore>,
    pub(crate) clock: Arc<dyn Clock>,
    pub(crate) entropy: Arc<dyn Entropy>,
    pub(crate) keys: Arc<RotationKeys>,
    pub(crate) policy: RefreshPolicy,
    pub(crate) tokens: Arc<SessionTokens>,
    pub(crate) after_commit: Arc<AfterCommit>,
}

/// A request to refresh.
#[derive(Clone, Debug)]
pub struct RefreshRequest<'a> {
    /// The refresh token as it was presented.
    pub token: &'a str,
    /// The request's `Idempotency-Key`.
    pub idempotency_key: Option<IdempotencyKey>,
    /// Who sent it.
    pub presenter: Presenter,
}

/// Why a refresh gave no tokens.
#[derive(Debug, thiserror::Error)]
pub enum RefreshError {
    /// The token gives nothing. A thief learns no more than that.
    #[error("the refresh token is not valid; sign in again")]
    InvalidGrant,
    /// The token is the last of a session that is over. Told only to who holds it.
    #[error("the session is over; sign in again")]
    SessionOver(Over),
    /// Others moved the session at the same time, again and again. The same request can be repeated.
    #[error("the session is being refreshed by too many requests at once; try again")]
    Contended,
    /// The store could not do its work. The same request can be repeated.
    #[error(transparent)]
    Store(#[from] StoreError),
    /// The system gave no randomness. The same request can be repeated.
    #[error(transparent)]
    Entropy(#[from] EntropyUnavailable),
    /// The session moved, but its tokens could not be written. The same request can be repeated.
    #[error(transparent)]
    Tokens(#[from] TokensNotIssued),
}

impl Refresh {
    /// Takes one refresh token and gives its successor, with a fresh access token.
    ///
    /// A request that is repeated, because its answer was lost or another tab sent it too, gets the same successor. Once
    /// this has answered with tokens, the step is durable.
    ///
    /// # Errors
    /// [`RefreshError::InvalidGrant`] for every token that gives nothing; the others are the server's own trouble, and
    /// leave the token as good as it was.
    pub async fn refresh(&self, request: RefreshRequest<'_>) -> Result<IssuedTokens, RefreshError> {
        self.rule(request).await.answer
    }

    /// The same, and what became of it, for who counts.
    #[tracing::instrument(target = "step", level = "debug", name = "refresh", skip_all)]
    pub async fn rule(&self, request: RefreshRequest<'_>) -> Ruled {
        let Ok(presented) = PresentedToken::parse(&self.keys, request.token) else {
            return Ruled { answer: Err(RefreshError::InvalidGrant), outcome: Outcome::NotIssuedHere, raced: 0 };
        };
        let mut raced = 0;
        match self.walk(&presented, request, &mut raced).await {
            Ok((outcome, answer)) => Ruled { answer, outcome, raced },
            Err(error) => Ruled { outcome: Outcome::from(&error), answer: Err(error), raced },
        }
    }

    /// The outcome with its answer; or what kept the refresh from one.
    async fn walk(
        &self,
        presented: &PresentedToken,
        request: RefreshRequest<'_>,
        raced: &mut u32,
    ) -> Result<(Outcome, Result<IssuedTokens, RefreshError>), RefreshError> {
        let now = self.clock.now();
        let attempt = Attempt {
            key: request.idempotency_key.as_ref().map(IdempotencyKey::hash),
            presenter: request.presenter,
            now,
            tokens_until: self.tokens.live_until(now),
            event: EventId::new(now, random(&*self.entropy)?),
        };
        let added = self.added(presented.session).await?;
        let added = || added.as_ref().map_err(|unavailable| TokensNotIssued::from(unavailable.clone()));
        for _ in 0..ATTEMPTS {
            let (step, successor) = self.step(presented, &attempt)?;
            let key_id = step.key_id;
            // Without what the embedder adds no token could be written: the session stays where it is, and is judged all the
            // same, so that a thief is found.
            if let Ok(added) = added()
                && let Some(facts) = self.sessions.advance(step).await?
            {
                let tokens = self.tokens.issue(facts, added, &successor, key_id, now)?;
                return Ok((Outcome::Rotated, Ok(tokens)));
            }
            let (outcome, error) =
                match self.sessions.settle(presented.session, self.judge(presented, &attempt)).await? {
                    Ruling::Raced => {
                        added()?;
                        *raced += 1;
                        continue;
                    }
                    Ruling::Retry { facts, successor, key_id, late } => {
                        let tokens = self.tokens.issue(facts, added()?, &successor, key_id, now)?;
                        return Ok((if late.is_some() { Outcome::LateRetry } else { Outcome::Retry }, Ok(tokens)));
                    }
                    Ruling::Ended(Some(over)) => (Outcome::Ended, RefreshError::SessionOver(over)),
                    Ruling::Ended(None) => (Outcome::Ended, RefreshError::InvalidGrant),
                    Ruling::Diverged(_) => (Outcome::Diverged, RefreshError::InvalidGrant),
                    Ruling::Replay(end) => {
                        self.after_commit.replayed(&end);
                        (Outcome::Replay, RefreshError::InvalidGrant)
                    }
                };
            return Ok((outcome, Err(error)));
        }
        Err(RefreshError::Contended)
    }

    /// What the embedder adds to the session's next access token; asked before the session moves.
    async fn added(&self, session: SessionId) -> Result<Result<AddedClaims, ClaimsUnavailable>, StoreError> {
        if !self.tokens.adds_claims() {
            return Ok(Ok(AddedClaims::default()));
        }
        match self.sessions.get(session).await? {
            Some(row) => Ok(self.tokens.added(row.facts.account, session).await),
            // Nothing can move where there is no row.
            None => Ok(Ok(AddedClaims::default())),
        }
    }

    /// The step that the token asks for, and the secret that it leads to.
    fn step(&self, presented: &PresentedToken, attempt: &Attempt) -> Result<(Advance, TokenSecret), RefreshError> {
        let to_generation = presented.generation.checked_add(1).ok_or(RefreshError::InvalidGrant)?;
        let nonce = Nonce::from_bytes(random(&*self.entropy)?);
        let key_id = self.keys.active();
        let successor = self
            .keys
            .successor(key_id, presented.session, to_generation, &nonce, &presented.secret)
            .ok_or(RefreshError::InvalidGrant)?;
        let step = Advance {
            session: presented.session,
            from_generation: presented.generation,
            from_hash: presented.secret.hash(),
            to_generation,
            to_hash: successor.hash(),
            nonce,
            key_id,
            attempt_hash: attempt.key.clone(),
            presenter: attempt.presenter.clone(),
            now: attempt.now,
            idle_expires_at: self.policy.idle_expires_at(attempt.now),
        };
        Ok((step, successor))
    }

    fn judge(&self, presented: &PresentedToken, attempt: &Attempt) -> Judge {
        let (presented, attempt) = (presented.clone(), attempt.clone());
        let (keys, policy) = (Arc::clone(&self.keys), self.policy);
        Arc::new(move |row| classify(row, &presented, &attempt, &keys, &policy))
    }
}
