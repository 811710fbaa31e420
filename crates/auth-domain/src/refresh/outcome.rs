//! What became of a refresh, for the operator's counts: the answer to the client tells less.

use super::RefreshError;
use crate::session::IssuedTokens;

/// What became of a refresh, in a word, for the operator's counts. The client is told less.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Hash)]
pub enum Outcome {
    /// The session moved on.
    Rotated,
    /// A repeated request got the same successor again.
    Retry,
    /// The same, so late that it counts against the budget.
    LateRetry,
    /// A used token came back, and the session was ended.
    Replay,
    /// The database does not explain the token: a backup was restored, or a failover lost a commit.
    Diverged,
    /// No such session, or it is over.
    Ended,
    /// Others moved the session at the same time, again and again.
    Contended,
    /// The token was not made here; the store was not asked.
    NotIssuedHere,
    /// The server could not do its work.
    Failed,
}

impl Outcome {
    /// All of them.
    pub const ALL: [Self; 9] = [
        Self::Rotated,
        Self::Retry,
        Self::LateRetry,
        Self::Replay,
        Self::Diverged,
        Self::Ended,
        Self::Contended,
        Self::NotIssuedHere,
        Self::Failed,
    ];

    /// Its name.
    #[must_use]
    pub const fn as_str(self) -> &'static str {
        match self {
            Self::Rotated => "rotated",
            Self::Retry => "retry",
            Self::LateRetry => "late_retry",
            Self::Replay => "replay",
            Self::Diverged => "diverged",
            Self::Ended => "ended",
            Self::Contended => "contended",
            Self::NotIssuedHere => "not_issued_here",
            Self::Failed => "failed",
        }
    }
}

/// A refresh that was ruled on.
#[derive(Debug)]
#[must_use]
pub struct Ruled {
    /// The answer.
    pub answer: Result<IssuedTokens, RefreshError>,
    /// What became of it.
    pub outcome: Outcome,
    /// How often the step met another one and was tried again.
    pub raced: u32,
}

impl From<&RefreshError> for Outcome {
    fn from(error: &RefreshError) -> Self {
        match error {
            RefreshError::InvalidGrant | RefreshError::SessionOver(_) => Self::Ended,
            RefreshError::Contended => Self::Contended,
            RefreshError::Store(_) | RefreshError::Entropy(_) | RefreshError::Tokens(_) => Self::Failed,
        }
    }
}
