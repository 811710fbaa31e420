//! Second factors.

use async_trait::async_trait;

use super::StoreError;
use crate::model::{AccountId, Factors, Passkey, PasskeyId, SealedBytes, SecurityEvent, Timestamp, TokenHash};

/// Keeps second factors. Every step with an event is about the event's account.
#[async_trait]
pub trait FactorStore: Send + Sync + 'static {
    /// What the account has.
    async fn of(&self, account: AccountId) -> Result<Factors, StoreError>;

    /// Puts an app's secret in the place of one that is not confirmed. `false` when one is confirmed, or there is no such
    /// account.
    async fn begin_totp(&self, account: AccountId, secret: SealedBytes) -> Result<bool, StoreError>;

    /// Confirms the app, whose password of this step was shown, if its secret is still this one. `codes` take the place of the
    /// account's recovery codes, when given. Of many at once exactly one answers `true`.
    async fn confirm_totp(
        &self,
        secret: SealedBytes,
        step: u64,
        codes: Option<Vec<TokenHash>>,
        event: SecurityEvent,
    ) -> Result<bool, StoreError>;

    /// Accepts the password of a step, once: `false` when that one or a later one was accepted before, or there is no
    /// confirmed app. Of many at once exactly one answers `true`.
    async fn accept_totp(&self, account: AccountId, step: u64) -> Result<bool, StoreError>;

    /// Removes the app, confirmed or not; `false` when there is none. With the last factor the recovery codes go.
    async fn remove_totp(&self, event: SecurityEvent) -> Result<bool, StoreError>;

    /// Puts these in the place of all recovery codes. `false` when there is no such account.
    async fn replace_recovery_codes(&self, codes: Vec<TokenHash>, event: SecurityEvent) -> Result<bool, StoreError>;

    /// Uses a recovery code up. `false` when the account has none such. Of many at once exactly one answers `true`.
    async fn use_recovery_code(&self, code: TokenHash, event: SecurityEvent) -> Result<bool, StoreError>;

    /// Adds a passkey; `codes` take the place of the account's recovery codes, when given. `false` when its credential id is
    /// known already, or there is no such account.
    async fn add_passkey(
        &self,
        passkey: Passkey,
        codes: Option<Vec<TokenHash>>,
        event: SecurityEvent,
    ) -> Result<bool, StoreError>;

    /// The passkey of this credential id.
    async fn passkey(&self, credential_id: &[u8]) -> Result<Option<Passkey>, StoreError>;

    /// Notes that a passkey was used, and what its adapter now keeps of it; `false` when it is gone.
    async fn passkey_used(&self, passkey: PasskeyId, data: String, now: Timestamp) -> Result<bool, StoreError>;

    /// Renames a passkey of the account; `false` when it has none such.
    async fn rename_passkey(&self, account: AccountId, passkey: PasskeyId, name: String) -> Result<bool, StoreError>;

    /// Removes a passkey of the account; `false` when it has none such. With the last factor the recovery codes go.
    async fn remove_passkey(&self, passkey: PasskeyId, event: SecurityEvent) -> Result<bool, StoreError>;

    /// App secrets that are not sealed under this master key, at most `limit`.
    async fn sealed_otherwise(&self, key_id: u8, limit: u32) -> Result<Vec<(AccountId, SealedBytes)>, StoreError>;

    /// Puts the same secret, sealed anew, in the place of the old one; `false` when the old one is not there any more.
    async fn reseal(&self, account: AccountId, old: SealedBytes, new: SealedBytes) -> Result<bool, StoreError>;
}
