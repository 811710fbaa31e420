//! The ground floor: values and their states, nothing else. No use case, no port, no I/O.

mod account;
mod api_key;
mod claims;
mod delivery;
mod device;
mod email;
mod event;
mod factor;
mod id;
mod locale;
mod one_time;
mod password;
mod policy;
mod registration;
mod revocation;
mod ruling;
mod secret;
mod session;
mod signing_key;
mod throttle;
mod time;

pub use account::{Account, AccountQuery, Credentials, DisplayName, InvalidDisplayName, NewAccount, Role, UnknownRole};
pub use api_key::{ApiKey, ApiScope, UnknownApiScope};
pub use claims::{AddedClaims, InvalidClaims};
pub use delivery::{Attempt as DeliveryAttempt, Delivery, Endpoint};
pub use device::{DeviceClass, UnknownDeviceClass, UserAgent};
pub use email::{EmailAddress, InvalidEmailAddress};
pub use event::{Actor, EventKind, EventQuery, Presenter, RotationEvidence, SecurityEvent, UnknownEventKind};
pub use factor::{Factors, Passkey, Totp};
pub use id::{AccountId, ApiKeyId, DeliveryId, DeviceId, EventId, OneTimeId, PasskeyId, SessionId, TokenId};
pub use locale::Locale;
pub use one_time::{OneTimeToken, Purpose, Redeem, SealedBytes, TokenMail, TokenMailKind, UnknownPurpose};
pub use password::{
    BlockList, ContextWord, NotARange, Password, PasswordContext, PasswordDigest, PasswordHash, PasswordPolicy,
    PasswordRefused, PasswordTooLong,
};
pub use policy::{ClassLimits, LATE_AFTER, LATE_GENERATIONS, Occupied, OnLimit, RefreshPolicy, SessionLimit};
pub use registration::{RegistrationMode, RegistrationPolicy};
pub use revocation::{Revocation, RevocationKind};
pub use ruling::{Judge, LateRetry, Over, Ruling};
pub use secret::{AttemptHash, IdempotencyKey, InvalidIdempotencyKey, Nonce, TokenHash, TokenSecret};
pub use session::{
    Advance, EndReason, EndSessions, EndTarget, Ended, Ending, NewSession, Opened, RestsOn, SessionFacts,
    SessionRecord, UnknownEndReason,
};
pub use signing_key::{
    KeyChange, KeyChanged, KeyPolicy, KeyRefused, KeyRevocation, KeyState, RetiredMasterKey, StoredKey,
};
pub use throttle::{Tally, ThrottleKey, ThrottlePolicy};
pub use time::Timestamp;
