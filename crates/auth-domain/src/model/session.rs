//! Sessions: one row a signed-in device, for its whole life.

use std::fmt;
use std::str::FromStr;

use super::{
    AccountId, Actor, AttemptHash, DeviceClass, Nonce, Presenter, Revocation, Role, SecurityEvent, SessionId,
    Timestamp, TokenHash,
};

/// A session as its row tells it, joined with what rotation must know of its account.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct SessionRecord {
    /// What the access token needs to know.
    pub facts: SessionFacts,
    /// SHA-256 of the current generation's secret.
    pub token_hash: TokenHash,
    /// The nonce that the current generation was derived with; `None` at generation 0, which was random.
    pub nonce: Option<Nonce>,
    /// The master key that derived and tagged the current generation.
    pub key_id: u8,
    /// The `Idempotency-Key` of the rotation that made the current generation.
    pub attempt_hash: Option<AttemptHash>,
    /// When the current generation was made.
    pub rotated_at: Timestamp,
    /// How many generations in a row, up to `late_generation`, had a late retry.
    pub late_retries: u32,
    /// The last generation that had a late retry.
    pub late_generation: Option<u32>,
    /// What the owner calls the device.
    pub device_name: Option<String>,
    /// The class of the device.
    pub device_class: DeviceClass,
    /// Who logged in or rotated last.
    pub presenter: Presenter,
    /// When the session was opened.
    pub created_at: Timestamp,
    /// When it was last refreshed.
    pub last_used_at: Timestamp,
    /// When it was ended, by whom, and why.
    pub ended: Option<Ended>,
    /// Whether the account is disabled.
    pub account_disabled: bool,
}

impl SessionRecord {
    /// Whether the session can still be used at `now`.
    #[must_use]
    pub fn is_live(&self, now: Timestamp) -> bool {
        self.ended.is_none()
            && !self.account_disabled
            && self.facts.idle_expires_at > now
            && self.facts.expires_at > now
    }
}

/// How a session ended.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct Ended {
    /// When.
    pub at: Timestamp,
    /// By whom.
    pub by: Actor,
    /// Why.
    pub reason: EndReason,
}

/// What an access token and the answer to a client say of a session.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct SessionFacts {
    /// The session.
    pub session: SessionId,
    /// Its account.
    pub account: AccountId,
    /// The current generation of its refresh token.
    pub generation: u32,
    /// The client that it was opened for (RFC 9068 §2.2).
    pub client_id: String,
    /// Its scope: names separated by one space.
    pub scope: String,
    /// When its owner proved who he is.
    pub auth_time: Timestamp,
    /// How he proved it (RFC 8176).
    pub amr: Vec<String>,
    /// The account's roles at this instant.
    pub roles: Vec<Role>,
    /// When it ends if it is not refreshed.
    pub idle_expires_at: Timestamp,
    /// When it ends at the latest.
    pub expires_at: Timestamp,
}

impl SessionFacts {
    /// When the refresh token stops to work: the earlier of the two expiries.
    #[must_use]
    pub fn refresh_expires_at(&self) -> Timestamp {
        self.idle_expires_at.min(self.expires_at)
    }
}

/// A session to open, at generation 0.
#[derive(Clone, Debug)]
pub struct NewSession {
    /// The session.
    pub id: SessionId,
    /// Its account.
    pub account: AccountId,
    /// The client that it is opened for.
    pub client_id: String,
    /// Its scope: names separated by one space.
    pub scope: String,
    /// SHA-256 of the random secret of generation 0.
    pub token_hash: TokenHash,
    /// The master key that tags it.
    pub key_id: u8,
    /// What the owner calls the device.
    pub device_name: Option<String>,
    /// The class of the device.
    pub device_class: DeviceClass,
    /// Who logs in.
    pub presenter: Presenter,
    /// How he proved who he is (RFC 8176).
    pub amr: Vec<String>,
    /// What that proof rests on: the session is not opened when it is no more so.
    pub rests_on: RestsOn,
    /// Now: the moment of creation, of authentication and of first use.
    pub now: Timestamp,
    /// When it ends if it is not refreshed.
    pub idle_expires_at: Timestamp,
    /// When it ends at the latest.
    pub expires_at: Timestamp,
    /// No access token of a session that this login evicts lives beyond this.
    pub tokens_until: Timestamp,
    /// A live session of the same account to end first (reason `limit`), which its owner chose to make room. Another one is
    /// passed over.
    pub end_first: Option<SessionId>,
    /// Recorded in the same transaction when the session was opened.
    pub event: SecurityEvent,
}

/// What the proof of a login rests on.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum RestsOn {
    /// The password as it was set then (`password_changed_at`): a reset that commits first wins.
    Password {
        /// When it had been set.
        changed_at: Option<Timestamp>,
    },
    /// A passkey.
    Passkey,
}

impl RestsOn {
    /// Whether it is still so for an account whose password was last changed then.
    #[must_use]
    pub fn holds(self, password_changed_at: Option<Timestamp>) -> bool {
        match self {
            Self::Password { changed_at } => changed_at == password_changed_at,
            Self::Passkey => true,
        }
    }
}

/// What became of a session to open.
#[must_use]
#[derive(Clone, Debug, PartialEq, Eq)]
pub enum Opened {
    /// It is open, and these were ended to make room.
    Opened {
        /// Of this instant.
        facts: SessionFacts,
        /// One entry for each session that was evicted.
        evicted: Vec<Revocation>,
    },
    /// The account has as many live sessions as it may, and the policy is to refuse. Nothing was written.
    LimitReached {
        /// Its live sessions, newest first, for its owner to choose one to end.
        live: Vec<SessionRecord>,
    },
    /// The account is gone or disabled, or its password was changed, since that was checked. Nothing was written.
    AccountUnavailable,
}

/// One step of a session's refresh token, from generation g to g+1.
#[derive(Clone, Debug)]
pub struct Advance {
    /// The session.
    pub session: SessionId,
    /// The generation that was presented.
    pub from_generation: u32,
    /// SHA-256 of the secret that was presented.
    pub from_hash: TokenHash,
    /// The next generation: `from_generation` + 1.
    pub to_generation: u32,
    /// SHA-256 of the successor's secret.
    pub to_hash: TokenHash,
    /// The nonce that the successor was derived with.
    pub nonce: Nonce,
    /// The master key that derived it.
    pub key_id: u8,
    /// The request's `Idempotency-Key`.
    pub attempt_hash: Option<AttemptHash>,
    /// Who presents the token.
    pub presenter: Presenter,
    /// Now.
    pub now: Timestamp,
    /// When the session ends if it is not refreshed again.
    pub idle_expires_at: Timestamp,
}

/// Sessions to end.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct EndSessions {
    /// Which.
    pub target: EndTarget,
    /// By whom.
    pub by: Actor,
    /// Why.
    pub reason: EndReason,
    /// Now.
    pub now: Timestamp,
    /// No access token of these sessions lives beyond this.
    pub tokens_until: Timestamp,
    /// Recorded in the same transaction when a session was ended.
    pub event: Option<SecurityEvent>,
}

/// Which sessions to end.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum EndTarget {
    /// This one, whoever owns it.
    Session(SessionId),
    /// This one, if the account owns it.
    Owned {
        /// The account.
        account: AccountId,
        /// Its session.
        session: SessionId,
    },
    /// All of the account but one.
    Others {
        /// The account.
        account: AccountId,
        /// The session that stays.
        keep: SessionId,
    },
    /// All of the account.
    All(AccountId),
}

/// What became of sessions to end.
#[must_use]
#[derive(Clone, Debug, Default, PartialEq, Eq)]
pub struct Ending {
    /// One entry for each session that was live and is now ended.
    pub revocations: Vec<Revocation>,
}

/// Why a session was ended.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Hash)]
pub enum EndReason {
    /// Its owner signed the device out, on it or from another one.
    Logout,
    /// Its owner signed out several devices at once.
    LogoutAll,
    /// A newer login took its place.
    Evicted,
    /// Its owner chose it to make room for a newer login.
    Limit,
    /// A used refresh token came back.
    Replay,
    /// The password was changed.
    PasswordChanged,
    /// The account was disabled.
    AccountDisabled,
    /// An operator ended it.
    Admin,
}

/// A reason that this version does not know.
#[derive(Clone, Debug, PartialEq, Eq, thiserror::Error)]
#[error("unknown reason to end a session: {0}")]
pub struct UnknownEndReason(pub String);

impl EndReason {
    /// All of them.
    pub const ALL: [Self; 8] = [
        Self::Logout,
        Self::LogoutAll,
        Self::Evicted,
        Self::Limit,
        Self::Replay,
        Self::PasswordChanged,
        Self::AccountDisabled,
        Self::Admin,
    ];

    /// The stable name, as stores write it.
    #[must_use]
    pub const fn as_str(self) -> &'static str {
        match self {
            Self::Logout => "logout",
            Self::LogoutAll => "logout_all",
            Self::Evicted => "evicted",
            Self::Limit => "limit",
            Self::Replay => "replay",
            Self::PasswordChanged => "password_changed",
            Self::AccountDisabled => "account_disabled",
            Self::Admin => "admin",
        }
    }
}

impl fmt::Display for EndReason {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str(self.as_str())
    }
}

impl FromStr for EndReason {
    type Err = UnknownEndReason;

    fn from_str(name: &str) -> Result<Self, Self::Err> {
        Self::ALL.into_iter().find(|reason| reason.as_str() == name).ok_or_else(|| UnknownEndReason(name.to_owned()))
    }
}
