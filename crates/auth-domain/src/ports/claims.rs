//! What the embedder adds to access tokens.

use async_trait::async_trait;

use crate::model::{AccountId, AddedClaims, SessionId};

/// Knows what an access token says beside what the domain knows: the embedder's own claims, and for whom it is meant.
#[async_trait]
pub trait ClaimSource: Send + Sync + 'static {
    /// What the next access token of this session of this account is to say more. Asked before each login, refresh and
    /// renewed proof, so a token is never older than its life; a session that is about to be opened has its id already.
    ///
    /// When it fails nothing moves: the login or the refresh can be repeated, however much later, and no session is lost.
    async fn claims(&self, account: AccountId, session: SessionId) -> Result<AddedClaims, ClaimsUnavailable>;
}

/// The embedder could not say what a token is to say. The request can be repeated.
#[derive(Clone, Debug, PartialEq, Eq, thiserror::Error)]
#[error("the application's own claims are not available: {0}")]
pub struct ClaimsUnavailable(pub String);
