//! Revocations: what makes an access token worthless before it expires.

use uuid::Uuid;

use super::{AccountId, SessionId, Timestamp};

/// One entry of the revocation feed. It is kept only as long as an access token that it kills can live.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct Revocation {
    /// Its place in the feed; a store gives later entries higher numbers.
    pub seq: i64,
    /// What it kills.
    pub kind: RevocationKind,
    /// Tokens issued at or before this moment are refused.
    pub not_before: Timestamp,
    /// From here on no token that it kills can be alive.
    pub expires_at: Timestamp,
}

/// What a revocation kills.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum RevocationKind {
    /// Every access token of one session, whenever issued.
    Session(SessionId),
    /// Every access token of an account that was issued up to `not_before`.
    Account(AccountId),
}

impl RevocationKind {
    /// The stable name of the kind: `session` or `user`.
    #[must_use]
    pub const fn as_str(self) -> &'static str {
        match self {
            Self::Session(_) => "session",
            Self::Account(_) => "user",
        }
    }

    /// The session or account that it is about.
    #[must_use]
    pub const fn subject(self) -> Uuid {
        match self {
            Self::Session(id) => id.as_uuid(),
            Self::Account(id) => id.as_uuid(),
        }
    }
}
