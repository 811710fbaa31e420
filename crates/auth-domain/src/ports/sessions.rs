//! Sessions: the steps that rotation and control are made of.

use async_trait::async_trait;

use super::StoreError;
use crate::model::{
    AccountId, Advance, DisplayName, EndSessions, Ending, Judge, NewSession, Opened, Ruling, SecurityEvent,
    SessionFacts, SessionId, SessionLimit, SessionRecord, Timestamp,
};

/// Keeps sessions, one row each for its whole life.
///
/// A session is *live* at `now` when it was not ended, its account is not disabled, and both its expiries lie ahead.
#[async_trait]
pub trait SessionStore: Send + Sync + 'static {
    /// Opens a session at generation 0, within the limit.
    ///
    /// The account's live sessions are counted and the new one is added as one step: of many logins at once the account
    /// never keeps more than the limit. `new.end_first` is ended before they are counted (reason `limit`, by the owner).
    /// Then [`SessionLimit::make_room`] says which are ended (reason `evicted`, by the server), each with its entry in the
    /// feed, or that nothing is written, `end_first` included. Nothing is written either when the account is gone or disabled, or
    /// what the login rests on does not hold any more.
    /// `new.event` is recorded when the session was opened.
    async fn open(&self, new: NewSession, limit: SessionLimit) -> Result<Opened, StoreError>;

    /// Moves a session from (g, h) to (g+1, h'), if it is live and its row is at (g, h).
    ///
    /// Either the row moved, and the facts are of that instant, or nothing changed and `None` comes back. One compare
    /// and set: of many at once for the same (g, h) exactly one gets facts. When it has answered, the step is durable.
    async fn advance(&self, step: Advance) -> Result<Option<SessionFacts>, StoreError>;

    /// Asks `judge` about the session under its row's lock (`None` when there is no such row), applies the ruling's effect
    /// in the same transaction, and answers the ruling. A store may ask without the lock first, and take the lock only for a
    /// ruling that writes: so the judge may be asked more than once, and what counts is its last ruling.
    ///
    /// `Retry` with a late retry sets `late_retries` and `late_generation`; `Diverged` records the event; `Replay` ends the
    /// session as [`end`](Self::end) does. The others write nothing.
    async fn settle(&self, session: SessionId, judge: Judge) -> Result<Ruling, StoreError>;

    /// Ends every targeted session that was not ended yet, expired or not, writes one entry in the feed for each, and the
    /// event if there was any to end. A step that commits later finds the session ended.
    async fn end(&self, end: EndSessions) -> Result<Ending, StoreError>;

    /// The account's live sessions, newest first (by `created_at`, then id).
    async fn list(&self, account: AccountId, now: Timestamp) -> Result<Vec<SessionRecord>, StoreError>;

    /// The session, live or over; `None` when there is no such row.
    async fn get(&self, session: SessionId) -> Result<Option<SessionRecord>, StoreError>;

    /// Notes that the owner of a live session has proved again who he is, and records the event; the facts are of that
    /// instant. `None`, and nothing written, when the session is not live.
    async fn reauthenticate(&self, again: Reauthenticate) -> Result<Option<SessionFacts>, StoreError>;

    /// Sets or clears what the owner calls a device. `false` when the account has no such session that is not ended.
    async fn rename(
        &self,
        account: AccountId,
        session: SessionId,
        name: Option<DisplayName>,
    ) -> Result<bool, StoreError>;
}

/// The owner of a session has proved again who he is.
#[derive(Clone, Debug)]
pub struct Reauthenticate {
    /// The session.
    pub session: SessionId,
    /// How he proved it (RFC 8176): takes the place of what was there.
    pub amr: Vec<String>,
    /// Now: the new `auth_time`.
    pub now: Timestamp,
    /// Recorded in the same transaction.
    pub event: SecurityEvent,
}
