//! The tokens of a session, and how long the last access token of it lives.

use std::fmt;
use std::sync::Arc;
use std::time::Duration;

use token_core::{AccessToken, Grant, IssueError};

use crate::model::{AccountId, AddedClaims, Role, SessionFacts, SessionId, Timestamp, TokenSecret};
use crate::ports::{ClaimSource, ClaimsUnavailable, Entropy, EntropyUnavailable, random};
use crate::refresh::{RefreshToken, RotationKeys};
use crate::signing::{KeyRing, StaleKeys};

/// How much longer than an access token lives its revocation is kept, for nodes whose clocks differ.
const CLOCK_DIFFERENCE: Duration = Duration::from_secs(60);

/// Writes the tokens of sessions.
pub struct SessionTokens {
    ring: KeyRing,
    keys: Arc<RotationKeys>,
    entropy: Arc<dyn Entropy>,
    claims: Option<Arc<dyn ClaimSource>>,
}

/// Both tokens of a signed-in device, for it alone.
pub struct IssuedTokens {
    /// The access token.
    pub access_token: AccessToken,
    /// The refresh token.
    pub refresh_token: RefreshToken,
    /// The session at this instant.
    pub facts: SessionFacts,
    /// The moment that was now.
    pub now: Timestamp,
}

impl fmt::Debug for IssuedTokens {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.debug_struct("IssuedTokens").field("session", &self.facts.session).finish_non_exhaustive()
    }
}

/// Tokens could not be written. The session is as it is; the request can be repeated.
#[derive(Debug, thiserror::Error)]
pub enum TokensNotIssued {
    /// The access token could not be signed.
    #[error(transparent)]
    Signing(#[from] IssueError),
    /// The system gave no randomness.
    #[error(transparent)]
    Entropy(#[from] EntropyUnavailable),
    /// The signing keys could not be read for too long.
    #[error(transparent)]
    StaleKeys(#[from] StaleKeys),
    /// The embedder could not say what the token is to say.
    #[error(transparent)]
    Claims(#[from] ClaimsUnavailable),
    /// The session's row names a master key that this server does not have.
    #[error("master key {0} is not configured, but sessions depend on it; configure it again")]
    UnknownMasterKey(u8),
}

impl SessionTokens {
    /// Signs access tokens with the key of `ring` and tags refresh tokens with `keys`; `claims` adds to what they say.
    #[must_use]
    pub fn new(
        ring: KeyRing,
        keys: Arc<RotationKeys>,
        entropy: Arc<dyn Entropy>,
        claims: Option<Arc<dyn ClaimSource>>,
    ) -> Self {
        Self { ring, keys, entropy, claims }
    }

    /// Whether the embedder adds to what access tokens say.
    pub(crate) fn adds_claims(&self) -> bool {
        self.claims.is_some()
    }

    /// What the embedder adds to the next access token of a session. To be asked before the session moves.
    ///
    /// # Errors
    /// When he cannot say it now.
    pub async fn added(&self, account: AccountId, session: SessionId) -> Result<AddedClaims, ClaimsUnavailable> {
        match &self.claims {
            Some(source) => source.claims(account, session).await,
            None => Ok(AddedClaims::default()),
        }
    }

    /// When the last access token that was issued up to `now`, on any node, has expired.
    #[must_use]
    pub fn live_until(&self, now: Timestamp) -> Timestamp {
        now.plus(self.ring.ttl()).plus(CLOCK_DIFFERENCE)
    }

    /// Writes the refresh token of the session's current generation, whose secret this is and which the master key
    /// `key_id` tags, and a fresh access token with what the embedder adds.
    ///
    /// # Errors
    /// When the master key is not known, there is no randomness, the signing keys could not be read for too long, or signing
    /// fails.
    pub fn issue(
        &self,
        facts: SessionFacts,
        added: &AddedClaims,
        secret: &TokenSecret,
        key_id: u8,
        now: Timestamp,
    ) -> Result<IssuedTokens, TokensNotIssued> {
        let refresh_token = RefreshToken::seal(&self.keys, key_id, facts.session, facts.generation, secret)
            .map_err(|_| TokensNotIssued::UnknownMasterKey(key_id))?;
        let access_token = self.access(&facts, added, now)?;
        Ok(IssuedTokens { access_token, refresh_token, facts, now })
    }

    /// Writes a fresh access token of a session, with what the embedder adds.
    ///
    /// # Errors
    /// When there is no randomness, the signing keys could not be read for too long, or signing fails.
    pub fn access(
        &self,
        facts: &SessionFacts,
        added: &AddedClaims,
        now: Timestamp,
    ) -> Result<AccessToken, TokensNotIssued> {
        let grant = Grant {
            subject: facts.account.as_uuid(),
            session: facts.session.as_uuid(),
            token_id: uuid::Builder::from_random_bytes(random(&*self.entropy)?).into_uuid(),
            client_id: facts.client_id.clone(),
            scope: facts.scope.clone(),
            auth_time: facts.auth_time.unix(),
            amr: facts.amr.clone(),
            roles: facts.roles.iter().map(Role::to_string).collect(),
            extra: &added.own,
        };
        let issuer = self.ring.issuer(now)?;
        let audience = added.audience.as_ref().unwrap_or(issuer.audience());
        Ok(tracing::debug_span!(target: "step", "sign").in_scope(|| issuer.issue_to(audience, grant, now.unix()))?)
    }
}
