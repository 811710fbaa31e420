//! What a token is worth right now (RFC 7662), for a resource server that asks instead of verifying.

use std::sync::Arc;

use crate::model::{SessionRecord, Timestamp};
use crate::ports::{Clock, SessionStore, StoreError};
use crate::refresh::{PresentedToken, RotationKeys};

/// Answers about refresh tokens. Access tokens are answered for by the verifier and the revocation set, without a store.
pub struct Introspection {
    pub(crate) sessions: Arc<dyn SessionStore>,
    pub(crate) clock: Arc<dyn Clock>,
    pub(crate) keys: Arc<RotationKeys>,
}

/// A refresh token that works: the current one of a live session.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct ActiveRefreshToken {
    /// Its session.
    pub session: SessionRecord,
    /// When it was given out.
    pub issued_at: Timestamp,
    /// When it stops to work.
    pub expires_at: Timestamp,
}

impl Introspection {
    /// What is to be known of a refresh token; `None` when it gives nothing. Asking changes nothing.
    pub async fn refresh_token(&self, token: &str) -> Result<Option<ActiveRefreshToken>, StoreError> {
        let Ok(presented) = PresentedToken::parse(&self.keys, token) else { return Ok(None) };
        let now = self.clock.now();
        let current = |row: &SessionRecord| {
            row.is_live(now)
                && row.facts.generation == presented.generation
                && row.token_hash == presented.secret.hash()
        };
        let found = self.sessions.get(presented.session).await?.filter(current);
        Ok(found.map(|session| ActiveRefreshToken {
            issued_at: session.rotated_at,
            expires_at: session.facts.refresh_expires_at(),
            session,
        }))
    }
}
