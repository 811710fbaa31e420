//! The ruling on a refresh token that did not move its session: data, so that no rollback can undo a revocation.

use std::fmt;
use std::sync::Arc;

use super::{EndReason, EndSessions, SecurityEvent, SessionFacts, SessionRecord, TokenSecret};

/// Decides, under the row's lock, why a step did not move the session. Pure; a store may ask it more than once.
pub type Judge = Arc<dyn Fn(Option<&SessionRecord>) -> Ruling + Send + Sync>;

/// Why a step did not move the session, and what follows. The store applies the effect in the same transaction.
#[must_use]
#[derive(Clone, PartialEq, Eq)]
pub enum Ruling {
    /// No such session, or it is over: nothing is written.
    Ended(Option<Over>),
    /// The row still fits the token: it changed between the two steps. Nothing is written; the step is tried again.
    Raced,
    /// The client repeats its request: it gets the same successor.
    Retry {
        /// Of this instant.
        facts: SessionFacts,
        /// The successor that the first request made.
        successor: TokenSecret,
        /// The master key that tags it.
        key_id: u8,
        /// Counted in the row when the retry was late.
        late: Option<LateRetry>,
    },
    /// The token was issued here, but the database does not explain it: the event is recorded, nothing is ended.
    Diverged(SecurityEvent),
    /// A used token came back: the session ends.
    Replay(EndSessions),
}

/// Why a session is over, told only to who holds its last token.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Hash)]
pub enum Over {
    /// It was ended.
    Ended(EndReason),
    /// It was not used for too long, or is too old.
    Expired,
    /// Its account is disabled.
    AccountDisabled,
}

/// A late retry to count in the row.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct LateRetry {
    /// How many generations in a row have had one, this one included.
    pub retries: u32,
    /// The generation whose making was retried.
    pub generation: u32,
}

impl fmt::Debug for Ruling {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str(match self {
            Self::Ended(_) => "Ended",
            Self::Raced => "Raced",
            Self::Retry { late: None, .. } => "Retry",
            Self::Retry { late: Some(_), .. } => "Retry(late)",
            Self::Diverged(_) => "Diverged",
            Self::Replay(_) => "Replay",
        })
    }
}
