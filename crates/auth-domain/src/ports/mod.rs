//! The first floor: everything outside the domain, one trait a file. To put an adapter behind one, implement the trait
//! and run its contract suite (`testing::contract`).
//!
//! A storage method is one atomic step. Either all that its comment promises has happened and is durable, or nothing has
//! and it answers so. No transaction crosses a port, so no caller can forget to commit one. A refusal is data in the
//! answer; [`StoreError`] means only that the store could not do its work.

mod accounts;
mod api_keys;
mod breach_check;
mod claims;
mod clock;
mod entropy;
mod events;
mod factors;
mod health;
mod housekeeping;
mod keys;
mod mailer;
mod one_time;
mod password_hasher;
mod revocations;
mod sessions;
mod throttle;
mod webauthn;
mod webhooks;

use std::sync::Arc;

pub use accounts::{AccountStore, CloseAccount, Created, EmailChange, PasswordAuthority, SetPassword};
pub use api_keys::ApiKeyStore;
pub use breach_check::{Breach, BreachCheck};
pub use claims::{ClaimSource, ClaimsUnavailable};
pub use clock::Clock;
pub use entropy::{Entropy, EntropyUnavailable, random};
pub use events::EventStore;
pub use factors::FactorStore;
pub use health::StoreHealth;
pub use housekeeping::{Housekeeping, Retention};
pub use keys::{KeyJudge, KeyStore};
pub use mailer::{Mail, MailContent, MailError, Mailer};
pub use one_time::OneTimeTokens;
pub use password_hasher::{HashError, HashingLoad, PasswordHasher, Verdict};
pub use revocations::RevocationStore;
pub use sessions::{Reauthenticate, SessionStore};
pub use throttle::Throttle;
pub use webauthn::{Ceremony, NewPasskey, PasskeyUser, UsedPasskey, WebAuthn, WebAuthnError};
pub use webhooks::{NotTaken, Subscription, WebhookSender, WebhookStore};

/// Why a store could not do its work. Nothing is half done: the step did not happen, or, after
/// [`Unavailable`](Self::Unavailable), may have happened whole. Every step can be repeated.
#[derive(Debug, thiserror::Error)]
pub enum StoreError {
    /// Others wanted the same rows, again and again.
    #[error("the store gave up after repeated conflicts; try again")]
    Conflict,
    /// The store has more work than it can take, or is locked by another process.
    #[error("the store is busy; try again")]
    Busy,
    /// The store cannot be reached or cannot write.
    #[error("the store is unavailable: {0}")]
    Unavailable(String),
    /// A row holds what no version of this program writes.
    #[error("the store holds a value that cannot be read in {table}.{column}")]
    Corrupt {
        /// The table.
        table: &'static str,
        /// The column.
        column: &'static str,
    },
}

/// The storage ports together, as one database offers them.
#[derive(Clone)]
pub struct Stores {
    /// Accounts.
    pub accounts: Arc<dyn AccountStore>,
    /// Sessions.
    pub sessions: Arc<dyn SessionStore>,
    /// The revocation feed.
    pub revocations: Arc<dyn RevocationStore>,
    /// One-time tokens, and the mails that carry them.
    pub one_time: Arc<dyn OneTimeTokens>,
    /// Second factors.
    pub factors: Arc<dyn FactorStore>,
    /// Failures that several nodes count together.
    pub throttle: Arc<dyn Throttle>,
    /// Security events.
    pub events: Arc<dyn EventStore>,
    /// Signing keys.
    pub keys: Arc<dyn KeyStore>,
    /// API keys.
    pub api_keys: Arc<dyn ApiKeyStore>,
    /// Webhook deliveries.
    pub webhooks: Arc<dyn WebhookStore>,
    /// What is needed no more.
    pub housekeeping: Arc<dyn Housekeeping>,
    /// Whether the store can do its work.
    pub health: Arc<dyn StoreHealth>,
}
