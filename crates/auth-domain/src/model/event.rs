//! Security events: what happened to an account that its owner or an operator should know.

use std::net::IpAddr;
use std::str::FromStr;

use serde::{Deserialize, Serialize};
use uuid::Uuid;

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

/// Who did something.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Actor {
    /// The account's owner, by a session of his where it is known.
    Owner(Option<SessionId>),
    /// An operator, by an account with the role `admin`.
    Admin(AccountId),
    /// An operator, on the command line.
    Operator,
    /// The server itself, by its rules.
    Server,
}

impl Actor {
    /// The stable name of its kind, as stores and the API write it.
    #[must_use]
    pub const fn as_str(self) -> &'static str {
        match self {
            Self::Owner(_) => "owner",
            Self::Admin(_) => "admin",
            Self::Operator => "operator",
            Self::Server => "server",
        }
    }

    /// The session of an owner, or the account of an admin.
    #[must_use]
    pub fn id(self) -> Option<Uuid> {
        match self {
            Self::Owner(session) => session.map(|id| id.as_uuid()),
            Self::Admin(account) => Some(account.as_uuid()),
            Self::Operator | Self::Server => None,
        }
    }

    /// The actor of this kind with this id, if there can be one.
    #[must_use]
    pub fn from_parts(kind: &str, id: Option<Uuid>) -> Option<Self> {
        match (kind, id) {
            ("owner", id) => Some(Self::Owner(id.map(SessionId::from_uuid))),
            ("admin", Some(id)) => Some(Self::Admin(AccountId::from_uuid(id))),
            ("operator", None) => Some(Self::Operator),
            ("server", None) => Some(Self::Server),
            _ => None,
        }
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
    /// Who made it happen.
    pub actor: Actor,
    /// Who sent the request that made it happen.
    pub presenter: Presenter,
    /// What rotation knew, when rotation found it.
    pub evidence: Option<RotationEvidence>,
    /// What else is to be known, by kind: see the catalogue. At most [`Self::MAX_DETAIL`] characters.
    pub detail: Option<String>,
}

impl SecurityEvent {
    /// The most characters of a detail.
    pub const MAX_DETAIL: usize = 300;

    /// An event of an account, in no session.
    #[must_use]
    pub const fn new(
        id: EventId,
        at: Timestamp,
        kind: EventKind,
        account: AccountId,
        actor: Actor,
        presenter: Presenter,
    ) -> Self {
        Self { id, at, kind, account, session: None, actor, presenter, evidence: None, detail: None }
    }

    /// The same event in a session.
    #[must_use]
    pub const fn in_session(mut self, session: Option<SessionId>) -> Self {
        self.session = session;
        self
    }

    /// The same event with a detail, cut to size and freed of control characters.
    #[must_use]
    pub fn with_detail(mut self, detail: &str) -> Self {
        self.detail = Some(detail.chars().filter(|c| !c.is_control()).take(Self::MAX_DETAIL).collect());
        self
    }
}

/// What happened.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Hash)]
pub enum EventKind {
    /// Somebody signed in. Detail: `new_device`, or `known_device` when it has signed in before.
    SessionOpened,
    /// A session, or several, were ended by their owner or an operator.
    SessionEnded,
    /// A refresh token came back that had been used: the session was ended.
    RefreshReplayed,
    /// A refresh token came that the database does not explain: it was restored from a backup, or lost a commit.
    RefreshDiverged,
    /// The account was disabled, and its sessions ended.
    AccountDisabled,
    /// The account was enabled again.
    AccountEnabled,
    /// The account was deleted.
    AccountDeleted,
    /// The account's roles were changed.
    RolesChanged,
    /// The account was registered.
    AccountRegistered,
    /// The account's mail address was verified.
    EmailVerified,
    /// The account's mail address was changed. Detail: the address before.
    EmailChanged,
    /// The password was changed by who knew it.
    PasswordChanged,
    /// The password was set anew by mail, or by an operator.
    PasswordReset,
    /// An app for one-time passwords was added.
    TotpAdded,
    /// The app for one-time passwords was removed.
    TotpRemoved,
    /// A passkey was added. Detail: its name.
    PasskeyAdded,
    /// A passkey was removed. Detail: its name.
    PasskeyRemoved,
    /// New recovery codes took the place of all before them.
    RecoveryCodesMade,
    /// A recovery code was used.
    RecoveryCodeUsed,
    /// The owner proved again who he is. Detail: how.
    Reauthenticated,
}

/// An event's kind that this version does not know.
#[derive(Clone, Debug, PartialEq, Eq, thiserror::Error)]
#[error("unknown kind of security event: {0}")]
pub struct UnknownEventKind(pub String);

impl EventKind {
    /// All of them.
    pub const ALL: [Self; 20] = [
        Self::SessionOpened,
        Self::SessionEnded,
        Self::RefreshReplayed,
        Self::RefreshDiverged,
        Self::AccountDisabled,
        Self::AccountEnabled,
        Self::AccountDeleted,
        Self::RolesChanged,
        Self::AccountRegistered,
        Self::EmailVerified,
        Self::EmailChanged,
        Self::PasswordChanged,
        Self::PasswordReset,
        Self::TotpAdded,
        Self::TotpRemoved,
        Self::PasskeyAdded,
        Self::PasskeyRemoved,
        Self::RecoveryCodesMade,
        Self::RecoveryCodeUsed,
        Self::Reauthenticated,
    ];

    /// The stable name, as stores and the API write it.
    #[must_use]
    pub const fn as_str(self) -> &'static str {
        match self {
            Self::SessionOpened => "session_opened",
            Self::SessionEnded => "session_ended",
            Self::RefreshReplayed => "refresh_replayed",
            Self::RefreshDiverged => "refresh_diverged",
            Self::AccountDisabled => "account_disabled",
            Self::AccountEnabled => "account_enabled",
            Self::AccountDeleted => "account_deleted",
            Self::RolesChanged => "roles_changed",
            Self::AccountRegistered => "account_registered",
            Self::EmailVerified => "email_verified",
            Self::EmailChanged => "email_changed",
            Self::PasswordChanged => "password_changed",
            Self::PasswordReset => "password_reset",
            Self::TotpAdded => "totp_added",
            Self::TotpRemoved => "totp_removed",
            Self::PasskeyAdded => "passkey_added",
            Self::PasskeyRemoved => "passkey_removed",
            Self::RecoveryCodesMade => "recovery_codes_made",
            Self::RecoveryCodeUsed => "recovery_code_used",
            Self::Reauthenticated => "reauthenticated",
        }
    }
}

impl FromStr for EventKind {
    type Err = UnknownEventKind;

    fn from_str(name: &str) -> Result<Self, Self::Err> {
        Self::ALL.into_iter().find(|kind| kind.as_str() == name).ok_or_else(|| UnknownEventKind(name.to_owned()))
    }
}

/// Which events to read, newest first.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct EventQuery {
    /// Those of one account, or of all.
    pub account: Option<AccountId>,
    /// Only those before this one.
    pub before: Option<EventId>,
    /// The most that are read.
    pub limit: u32,
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
