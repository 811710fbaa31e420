//! The ground floor: values and their states, nothing else. No use case, no port, no I/O.

mod account;
mod email;
mod event;
mod id;
mod password;
mod policy;
mod revocation;
mod ruling;
mod secret;
mod session;
mod time;

pub use account::{Account, Credentials, DisplayName, InvalidDisplayName, NewAccount, Role, UnknownRole};
pub use email::{EmailAddress, InvalidEmailAddress};
pub use event::{EventKind, Presenter, RotationEvidence, SecurityEvent, UnknownEventKind};
pub use id::{AccountId, EventId, SessionId, TokenId};
pub use password::{Password, PasswordHash, PasswordPolicy, PasswordRefused, PasswordTooLong};
pub use policy::{LATE_AFTER, LATE_GENERATIONS, OnLimit, RefreshPolicy, SessionLimit};
pub use revocation::{Revocation, RevocationKind};
pub use ruling::{Judge, LateRetry, Ruling};
pub use secret::{AttemptHash, IdempotencyKey, InvalidIdempotencyKey, Nonce, SealedKey, TokenHash, TokenSecret};
pub use session::{
    Advance, EndReason, EndSessions, EndTarget, Ending, NewSession, Opened, SessionFacts, SessionRecord,
    UnknownEndReason,
};
pub use time::Timestamp;
