//! Security events: what happened to an account that its owner or an operator should know.

use std::net::IpAddr;
use std::str::FromStr;

use serde::{Deserialize, Serialize};

use super::{AccountId, EventId, SessionId, Timestamp};

/// Who sent a request, as far as the server can tell. Shown to the owner, never trusted for a decision.
#[derive(Clone, Debug, Default, PartialEq, Eq, Serialize, Deserialize)]
pub struct Presenter {
    /// The address of the connection, or of the right-most untrusted hop behind configured proxies.
    pub ip: Option<IpAddr>,
    /// The `User-Agent` header, cut to [`Presenter::MAX_USER_AGENT`] characters.
    pub user_agent: Option<String>,
}

impl Presenter {
    /// The most characters of a user agent that are kept.
    pub const MAX_USER_AGENT: usize = 256;

    /// A presenter with its user agent cut to size and freed of control characters.
    #[must_use]
    pub fn new(ip: Option<IpAddr>, user_agent: Option<&str>) -> Self {
        let clean = |text: &str| text.chars().filter(|c| !c.is_control()).take(Self::MAX_USER_AGENT).collect();
        Self { ip, user_agent: user_agent.map(clean) }
    }
}

/// One security event.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct SecurityEvent {
    /// Its identifier; ordered by time.
    pub id: EventId,
    /// When it happened.
    pub at: Timestamp,
    /// What happened.
    pub kind: EventKind,
    /// The account it happened to.
    pub account: AccountId,
    /// The session it happened in.
    pub session: Option<SessionId>,
    /// Who sent the request that made it happen.
    pub presenter: Presenter,
    /// What rotation knew, when rotation found it.
    pub evidence: Option<RotationEvidence>,
}

/// What happened.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum EventKind {
    /// A refresh token came back that had been used: the session was ended.
    RefreshReplayed,
    /// A refresh token came that the database does not explain: it was restored from a backup, or lost a commit.
    RefreshDiverged,
}

/// An event's kind that this version does not know.
#[derive(Clone, Debug, PartialEq, Eq, thiserror::Error)]
#[error("unknown kind of security event: {0}")]
pub struct UnknownEventKind(pub String);

impl EventKind {
    /// The stable name, as stores and the API write it.
    #[must_use]
    pub const fn as_str(self) -> &'static str {
        match self {
            Self::RefreshReplayed => "refresh_replayed",
            Self::RefreshDiverged => "refresh_diverged",
        }
    }
}

impl FromStr for EventKind {
    type Err = UnknownEventKind;

    fn from_str(name: &str) -> Result<Self, Self::Err> {
        [Self::RefreshReplayed, Self::RefreshDiverged]
            .into_iter()
            .find(|kind| kind.as_str() == name)
            .ok_or_else(|| UnknownEventKind(name.to_owned()))
    }
}

/// Both parties of a rotation that went wrong: the one of the event is the second, this is the first.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
pub struct RotationEvidence {
    /// The generation of the token that was presented.
    pub presented_generation: u32,
    /// The generation that the session had.
    pub current_generation: u32,
    /// Who rotated last.
    pub rotated_by: Presenter,
    /// When that was, in microseconds since the epoch.
    pub rotated_at_micros: i64,
}
